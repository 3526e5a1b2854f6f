"""The rows that were rejected, as they were, each with its reasons: correct them there and import that file.

It is begun before anything is recorded, so that a folder in which nobody may write is told while that is all that is
wrong; and under a name of its own, so that no correction is ever written over.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import BinaryIO

from catch.importing.delimited import quoted, written_out
from catch.importing.referral_file import DECISION, REJECTION, FileUnusable, ReferralFile, Wrong, is_rejection

_FORMER = re.compile(r"\.rejected(-\d+)?$")


class Rejected:
    """`path` is the file; it is there from `begun` to `ended`, and afterwards if a row was rejected."""

    def __init__(self, path: Path, file: ReferralFile, out: BinaryIO) -> None:
        self.path = path
        self._file = file
        self._out = out

    @classmethod
    def begun(cls, file: ReferralFile, listed: Path, folder: Path | None, wrong: Sequence[Wrong]) -> "Rejected":
        """With what is known to be wrong. Raises FileUnusable where it cannot be written."""
        for path in _names(listed, folder or listed.parent):
            try:
                # Nobody else may read it: it holds what the list holds.
                opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            except OSError as error:
                reason = f"{path}: {error.strerror}; rejected rows could not be written there, so nothing was imported"
                raise FileUnusable(reason) from None
            begun = cls(path, file, os.fdopen(opened, "wb"))
            begun._write(wrong)
            return begun
        raise AssertionError("there is always another name")

    def ended(self, wrong: Sequence[Wrong]) -> Path | None:
        """Where the rejected rows are. A file that says the same already, from an earlier run, serves for this one."""
        self._write(wrong)
        self._out.close()
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
        self._out.seek(0)
        self._out.truncate()
        self._out.write(text_of(self._file, wrong).encode("utf-8-sig"))
        self._out.flush()


def _names(listed: Path, folder: Path) -> Iterator[Path]:
    """`list.rejected.csv` for `list.csv`, and for `list.rejected.csv` itself; then `list.rejected-2.csv` and so on."""
    stem = _FORMER.sub("", listed.stem)
    yield folder / f"{stem}.rejected.csv"
    yield from (folder / f"{stem}.rejected-{number}.csv" for number in count(2))


def text_of(file: ReferralFile, wrong: Sequence[Wrong]) -> str:
    """Every cell in quotation marks, so that no program cuts it where another delimiter is usual. Where somebody has to
    decide about a row there is a column for it.
    """
    reasons: dict[int, list[str]] = defaultdict(list)
    for one in wrong:
        reasons[one.line].append(f"{one.column}: {one.reason}" if one.column else one.reason)
    rows = [(record.cells, " | ".join(reasons[record.line])) for record in file.rows if record.line in reasons]
    width = max(len(cells) for cells in (file.header, *(cells for cells, _ in rows)))
    asked = DECISION not in file.place and any(one.column == DECISION for one in wrong)
    ours = {at for at, name in enumerate(file.header) if is_rejection(name)}

    def line(cells: Sequence[str], last: str) -> str:
        padded = [*cells, *[""] * (width - len(cells))]
        decision = [DECISION if last == REJECTION else ""] if asked else []
        kept = [*(cell for at, cell in enumerate(padded) if at not in ours), *decision, last]
        return file.delimiter.join(quoted(written_out(cell)) for cell in kept) + "\r\n"

    return "".join([line(file.header, REJECTION), *(line(cells, reason) for cells, reason in rows)])
