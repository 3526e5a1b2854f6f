"""A team's list of referrals, as a CSV file: its columns, and how what people write in them is read.

Everything wrong with a row is found at once. Nothing here repeats what a cell with personal details holds: errors name
the column and say what is expected.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from catch.domain.calendar import CLOCKS_MAY_DIFFER, LONDON
from catch.domain.case.state import Agrees, Urgency
from catch.domain.matching import PLACEHOLDERS, not_known
from catch.domain.nhs_number import nhs_number, placeholder

T = TypeVar("T")


class Column(Struct, frozen=True):
    """One column. `required` ones must be in the header; a `filled` one also needs a value in every row."""

    name: str
    means: str
    required: bool = False
    filled: bool = False


COLUMNS = (
    Column("reference", "the team's own number of the referral: it stands for what this row says", True, True),
    Column("received", "the day, and if known the time: 03/02/2026 09:30 or 2026-02-03", True, True),
    Column("received time", "the time, where it has a column of its own: 09:30"),
    Column("source", "where it came from, as the programme names it: self, vcse, adult-social-care ...", True, True),
    Column("channel", "phone, online or email", True, True),
    Column("referrer organisation", "the organisation's key or name; empty when people refer themselves"),
    Column("first name", "", True),
    Column("last name", "", True, True),
    Column("date of birth", "21/05/1951 or 1951-05-21"),
    Column("nhs number", "ten digits, spaces allowed"),
    Column("phone", ""),
    Column("address", ""),
    Column("needs", "what is needed, separated by ; or ,"),
    Column("reason for referral", "in a few sentences (the header may say just: reason)", True, True),
    Column("urgency", "routine, soon or urgent; empty means routine"),
    Column("person knows", "yes or no: does the person know of the referral?"),
    Column("person agrees", "yes, no or unable"),
    Column("safe to contact", "yes or no"),
    Column("how to contact", "e.g. text first, mornings only"),
    Column("decision", "of a row that waits: `new`, or the number of whom it is about"),
)
_BY_NAME = {column.name: column for column in COLUMNS}
_ALIASES = {
    "ref": "reference",
    "received at": "received",
    "date received": "received",
    "organisation": "referrer organisation",
    "referrer": "referrer organisation",
    "surname": "last name",
    "forename": "first name",
    "dob": "date of birth",
    "nhs": "nhs number",
    "telephone": "phone",
    "agrees": "person agrees",
    "knows": "person knows",
    "how": "how to contact",
}
REJECTION = "rejection reason"
"""The column of a rejected row's reason where the file has a column `reason` of its own."""

_LARGEST = 50_000_000
_OLDEST = date(1900, 1, 1)
_FIRST = date(2000, 1, 1)


class FileUnusable(Exception):
    """The file as a whole cannot be read. The text says why."""


class Wrong(Struct, frozen=True):
    """What is wrong in one cell, or (no column) with the row."""

    line: int
    column: str
    reason: str


class ReferralRow(Struct, frozen=True):
    """One row, read. `received_at` is in UTC; `timed` where the row says at what time, not only on which day."""

    line: int
    reference: str
    received_at: datetime
    source: str
    channel: str
    organisation: str
    first_name: str
    last_name: str
    born: date | None
    nhs_number: str | None
    phone: str
    address: str
    needs: tuple[str, ...]
    reason: str
    urgency: Urgency
    knows: bool | None
    agrees: Agrees | None
    safe: bool | None
    how: str
    timed: bool = True
    decision: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class ReferralFile(Struct):
    """A file taken apart: `rows` are (line, cells), the cells in the order of `header`; `place` finds a column's."""

    encoding: str
    delimiter: str
    header: list[str]
    rows: list[tuple[int, list[str]]]
    place: Mapping[str, int]

    @property
    def reason_column(self) -> str:
        """What the column with the rejection is called, so that it is never taken for the referral's own reason."""
        return REJECTION if self.header[self.place["reason for referral"]].strip().lower() == "reason" else "reason"


def read(path: Path) -> ReferralFile:
    """Raises FileUnusable."""
    text, encoding = _decoded(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max((",", ";", "\t"), key=first.count)
    lines = _lines(text, delimiter)
    header = next(lines, None)
    if header is None:
        raise FileUnusable(f"{path}: the file is empty")
    place = _places(path, header[1])
    return ReferralFile(encoding, delimiter, header[1], list(lines), place)


def _decoded(path: Path) -> tuple[str, str]:
    try:
        if path.stat().st_size > _LARGEST:
            raise FileUnusable(f"{path}: larger than {_LARGEST // 1_000_000} MB; split the file")
        raw = path.read_bytes()
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw:
        raise FileUnusable(f"{path}: this is not a CSV file in UTF-8 or Windows-1252; save it as CSV UTF-8")
    for encoding, name in (("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252")):
        try:
            return raw.decode(encoding), name
        except UnicodeDecodeError:
            continue
    raise FileUnusable(f"{path}: the text is neither UTF-8 nor Windows-1252; save it as CSV UTF-8")


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise FileUnusable(f"line {begins}: {error}") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield begins, [read_back(cell) for cell in cells]
        begins = reader.line_num + 1


def _places(path: Path, header: Sequence[str]) -> dict[str, int]:
    names = [re.sub(r"[\s_-]+", " ", name).strip().casefold() for name in header]
    names = [_ALIASES.get(name, name) for name in names]
    if "reason" in names and "reason for referral" not in names:
        names[names.index("reason")] = "reason for referral"
    ignored = ("", "reason", REJECTION)
    unknown = [header[at].strip() for at, name in enumerate(names) if name not in _BY_NAME and name not in ignored]
    missing = [column.name for column in COLUMNS if column.required and column.name not in names]
    twice = sorted({name for name in names if name in _BY_NAME and names.count(name) > 1})
    problems = [
        f"{what}: {', '.join(found)}"
        for what, found in (("missing columns", missing), ("unknown columns", unknown), ("columns given twice", twice))
        if found
    ]
    if problems:
        raise FileUnusable(f"{path}: {'; '.join(problems)}. The columns are: {', '.join(_BY_NAME)}")
    return {name: at for at, name in enumerate(names) if name in _BY_NAME}


_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def written_out(cell: str) -> str:
    """The cell so that a spreadsheet shows it and does not run it. `read_back` gives the cell again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def read_back(cell: str) -> str:
    """The cell without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


class _Cells:
    """One row's cells by column, collecting what is wrong."""

    def __init__(self, line: int, cells: Sequence[str], place: Mapping[str, int]) -> None:
        self.line = line
        self.wrong: list[Wrong] = []
        self.timed = False
        self._cells = cells
        self._place = place

    def text(self, column: str) -> str:
        at = self._place.get(column)
        return self._cells[at].strip() if at is not None and at < len(self._cells) else ""

    def say(self, column: str, reason: str) -> None:
        self.wrong.append(Wrong(self.line, column, reason))

    def filled(self, column: str) -> str:
        text = self.text(column)
        if not text:
            self.say(column, "is empty")
        return text

    def one_of(self, column: str, known: Mapping[str, T], default: T) -> T:
        text = self.text(column).casefold()
        if not text:
            return default
        if text not in known:
            self.say(column, f"{text[:40]!r} is none of: {', '.join(known)}")
        return known.get(text, default)

    def both(self, column: str, other: str) -> None:
        """What the first says would be lost without the second."""
        if self.text(column) and not self.text(other):
            self.say(other, f"is empty, and {column} is not: fill in both, or neither")

    def known(self, column: str, reader: Callable[[str], T | None]) -> T | None:
        """None, too, where it says that nobody knows."""
        return None if not_known(self.text(column)) else self.parsed(column, reader)

    def parsed(self, column: str, reader: Callable[[str], T]) -> T | None:
        text = self.text(column)
        if not text:
            return None
        try:
            return reader(text)
        except ValueError as problem:
            self.say(column, str(problem))
            return None


_YES_NO = {"yes": True, "no": False, "y": True, "n": False}
_AGREES = {**{one.value: one for one in Agrees}, "y": Agrees.YES, "n": Agrees.NO}
_URGENCY = {one.value: one for one in Urgency}


def row_of(file: ReferralFile, line: int, cells: Sequence[str], now: datetime) -> ReferralRow | list[Wrong]:
    """The row, or everything that is wrong with it."""
    if len(cells) > len(file.header):
        return [Wrong(line, "", f"has {len(cells)} cells where the header has {len(file.header)}")]
    row = _Cells(line, cells, file.place)
    received = _received(row, now)
    phone = row.text("phone")
    read = ReferralRow(
        line=line,
        reference=row.filled("reference"),
        received_at=received or now,
        source=slug(row.filled("source")),
        channel=slug(row.filled("channel")),
        organisation=row.text("referrer organisation"),
        first_name=row.text("first name"),
        last_name=row.filled("last name"),
        born=row.known("date of birth", lambda text: born_on(text, now)),
        nhs_number=row.known("nhs number", checked),
        phone="" if not_known(phone) else phone,
        address=row.text("address"),
        needs=tuple(slug(need) for need in re.split(r"[;,]", row.text("needs")) if slug(need)),
        reason=row.filled("reason for referral"),
        urgency=row.one_of("urgency", _URGENCY, Urgency.ROUTINE),
        knows=row.one_of("person knows", _YES_NO, None),
        agrees=row.one_of("person agrees", _AGREES, None),
        safe=row.one_of("safe to contact", _YES_NO, None),
        how=row.text("how to contact"),
        timed=row.timed,
        decision=row.text("decision"),
    )
    row.both("person knows", "person agrees")
    row.both("person agrees", "person knows")
    row.both("how to contact", "safe to contact")
    return row.wrong or read


def slug(text: str) -> str:
    """`Adult social care` as codes are written: `adult-social-care`."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


def day(text: str) -> date:
    """A day as people write it. Raises ValueError with a sentence."""
    for pattern, order in ((r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", (3, 2, 1)), (r"(\d{4})-(\d{2})-(\d{2})", (1, 2, 3))):
        if found := re.fullmatch(pattern, text, re.ASCII):
            try:
                return date(*(int(found[part]) for part in order))
            except ValueError:
                raise ValueError("there is no such day in the calendar") from None
    raise ValueError("is not a day: write it as 03/02/2026 or 2026-02-03")


def clock_time(text: str) -> time:
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})(?::(\d{2})(?:\.\d+)?)?", text, re.ASCII)
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else time.fromisoformat("no")
    except ValueError:
        raise ValueError("is not a time: write it as 09:30") from None


_NO_DAY = re.compile(r"0?0[/.]0?1[/.]1900|[0/.-]+")
"""What a spreadsheet shows for a day that is nought."""


def born_on(text: str, now: datetime) -> date | None:
    """None where it is what stands for a day that nobody knows."""
    if _NO_DAY.fullmatch(text):
        return None
    born = day(text)
    if born in PLACEHOLDERS:
        return None
    if born > now.astimezone(LONDON).date():
        raise ValueError("lies in the future")
    if born < _OLDEST:
        raise ValueError("lies before 1900")
    return born


def checked(text: str) -> str | None:
    """None where it is a number that stands for none."""
    if placeholder(text):
        return None
    number = nhs_number(text)
    if number is None:
        raise ValueError("is not a valid NHS number: check its ten digits, or leave it out")
    return number


def _received(row: _Cells, now: datetime) -> datetime | None:
    """When it came in. Without a time it counts as nine in the morning, or now where it is earlier than that today."""
    text = row.filled("received")
    written, _, rest = text.replace("T", " ").partition(" ")
    on = row.parsed("received", lambda _: day(written))
    at = row.parsed("received", lambda _: clock_time(rest.strip())) if rest.strip() else None
    own = row.parsed("received time", clock_time)
    if on is None or row.wrong:
        return None
    known = at or own
    row.timed = known is not None
    received = datetime.combine(on, known or time(9), LONDON).astimezone(UTC)
    if known is None and on == now.astimezone(LONDON).date():
        received = min(received, now)
    if received > now + CLOCKS_MAY_DIFFER:
        row.say("received", "lies in the future")
    if on < _FIRST:
        row.say("received", "lies before 2000")
    return received
