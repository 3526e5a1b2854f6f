"""The rows that were rejected, as they were, each with its reasons: correct them there and import that file.

It is begun before anything is recorded, so that a folder in which nobody may write is told while that is all that is
wrong; and under a name of its own, so that no correction is ever written over.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from catch.importing.columns import DECISION, REJECTION, FileUnusable, is_rejection
from catch.importing.days import clear
from catch.importing.delimited import Record, quoted
from catch.importing.referral_file import DELIMITERS, ReferralFile
from catch.importing.rows import Wrong
from catch.spreadsheets import written_out

_FORMER = re.compile(r"\.rejected(-\d+)?$")


class Rejected:
    """`path` is the file; it is there from `begun` to `ended`, and afterwards if a row was rejected."""

    def __init__(self, path: Path, file: ReferralFile, title: str | None = None) -> None:
        self.path = path
        self._file = file
        self._title = title

    @classmethod
    def begun(
        cls, file: ReferralFile, listed: Path, folder: Path | None, wrong: Sequence[Wrong], title: str | None = None
    ) -> "Rejected":
        """With what is known to be wrong, under this `title`. Raises FileUnusable where it cannot be written."""
        folder = folder or listed.parent
        try:
            begun = cls(_made(_names(listed, folder)), file, title)
            begun._write(wrong)
        except OSError as error:
            where = error.filename or folder
            raise FileUnusable(f"{where}: {error.strerror}. Rejected rows go there, so nothing was imported") from None
        return begun

    def ended(self, wrong: Sequence[Wrong]) -> Path | None:
        """Where the rejected rows are; None without any, or where they could not be written in the end.

        A file of an earlier run that says the same serves for this one.
        """
        try:
            self._write(wrong)
        except OSError:
            return None
        same = next((path for path in self._earlier() if path.read_bytes() == self.path.read_bytes()), None)
        if wrong and same is None:
            return self.path
        self.path.unlink()
        return same if wrong else None

    def _earlier(self) -> Iterator[Path]:
        for path in _names(self.path, self.path.parent):
            if path == self.path:
                return
            if path.is_file():
                yield path

    def _write(self, wrong: Sequence[Wrong]) -> None:
        self.path.write_bytes(text_of(self._file, wrong, self._title).encode("utf-8-sig"))


def _made(paths: Iterator[Path]) -> Path:
    """The first that is not there yet. Nobody else may read it: it holds what the list holds."""
    for path in paths:
        try:
            path.touch(0o600, exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise AssertionError("there is always another name")


def _names(listed: Path, folder: Path) -> Iterator[Path]:
    """`list.rejected.csv` for `list.csv`, and for `list.rejected.csv` itself; then `list.rejected-2.csv` and so on."""
    stem = _FORMER.sub("", listed.stem)
    yield folder / f"{stem}.rejected.csv"
    yield from (folder / f"{stem}.rejected-{number}.csv" for number in count(2))


def _clear(file: ReferralFile, record: Record) -> list[str]:
    """How the days of this file were read is no longer known of the file of its rejected rows."""
    if record.fault:
        return record.cells
    orders = {file.place[column]: order for column, order in file.orders.items()}
    return [clear(cell, orders[at]) if at in orders else cell for at, cell in enumerate(record.cells)]


def text_of(file: ReferralFile, wrong: Sequence[Wrong], title: str | None = None) -> str:
    """Every cell in quotation marks, so that no program cuts it where another delimiter is usual. Where somebody has to
    decide about a row there is a column for it.
    """
    reasons: dict[int, list[str]] = defaultdict(list)
    for one in wrong:
        reasons[one.line].append(f"{one.column}: {one.reason}" if one.column else one.reason)
    rows = [(_clear(file, record), " | ".join(reasons[record.line])) for record in file.rows if record.line in reasons]
    width = max(len(cells) for cells in (file.header, *(cells for cells, _ in rows)))
    asked = DECISION not in file.place and any(one.column == DECISION for one in wrong)
    ours = {at for at, name in enumerate(file.header) if is_rejection(name)}
    delimiter = file.delimiter if file.delimiter in DELIMITERS else ","

    def line(cells: Sequence[str], last: str) -> str:
        padded = [*cells, *[""] * (width - len(cells))]
        decision = [DECISION if last == REJECTION else ""] if asked else []
        kept = [*(cell for at, cell in enumerate(padded) if at not in ours), *decision, last]
        return delimiter.join(quoted(written_out(cell)) for cell in kept) + "\r\n"

    above = [] if title is None else [quoted(title) + "\r\n"]
    return "".join([*above, line(file.header, REJECTION), *(line(cells, reason) for cells, reason in rows)])
