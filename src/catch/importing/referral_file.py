"""A team's list of referrals: its columns, and how what people write in them is read.

Everything wrong with a row is found at once. Nothing here repeats what a cell holds, not even one where a code belongs:
what people fill in may be in the wrong column. Errors name the column and say what is expected.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec import Struct

from catch.domain.calendar import CLOCKS_MAY_DIFFER, LONDON
from catch.domain.case.state import Agrees, Urgency
from catch.domain.matching import PLACEHOLDERS, not_known
from catch.domain.nhs_number import nhs_number, placeholder
from catch.domain.plain import LONGEST_TEXT
from catch.importing.days import DAY_FIRST, Order, clock_time, day, like_a_day, order_of, parted
from catch.importing.delimited import Delimited, LikeARow, Record
from catch.importing.encodings import UNREAD, decoded
from catch.importing.workbook import FORMER, SIGNATURE, WorkbookUnusable, sheets

T = TypeVar("T")

_LONGEST_LINE = 500


class Column(Struct, frozen=True):
    """One column. `required` ones must be in the header; a `filled` one also needs a value in every row.

    `lines`: whether what stands in it may run over several lines, and be long.
    """

    name: str
    means: str
    required: bool = False
    filled: bool = False
    lines: bool = False

    @property
    def longest(self) -> int:
        return LONGEST_TEXT if self.lines else _LONGEST_LINE


COLUMNS = (
    Column("reference", "the team's own number of the referral: it stands for what this row says", True, True),
    Column("received", "the day, and if known the time: 03/02/2026 09:30 or 2026-02-03", True, True),
    Column("received time", "the time, where it has a column of its own: 09:30"),
    Column("source", "where it came from, as the programme names it: self, vcse, adult-social-care ...", True, True),
    Column("channel", "phone, online or email", True, True),
    Column("referrer organisation", "the organisation's key or name; empty when people refer themselves", lines=True),
    Column("first name", "", True),
    Column("last name", "", True, True),
    Column("date of birth", "21/05/1951 or 1951-05-21"),
    Column("nhs number", "ten digits, spaces allowed"),
    Column("phone", ""),
    Column("address", "", lines=True),
    Column("needs", "what is needed, separated by ; or ,", lines=True),
    Column("reason for referral", "in a few sentences (the header may say just: reason)", True, True, lines=True),
    Column("urgency", "routine, soon or urgent; empty means routine"),
    Column("person knows", "yes or no: does the person know of the referral?"),
    Column("person agrees", "yes, no or unable"),
    Column("safe to contact", "yes or no"),
    Column("how to contact", "e.g. text first, mornings only", lines=True),
    Column("decision", "of a row that waited: the number of whom it is about, or `new`"),
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
DECISION = "decision"
"""The column in which somebody says whom a row that waited is about."""
REJECTION = "rejection reason"
"""The column in which a rejected row says why. It is no column of the referral's."""

_LARGEST = 50_000_000
_BEFORE = 20
"""Rows among which the one with the names is looked for: a title may stand above it."""
_NAMED = 3
"""Names of columns that make a row the one with the names. What stands in any other row is never repeated."""
_HEAD = 200_000
_DELIMITERS = ",;\t|"
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
    """A file taken apart: the cells of its `rows` are in the order of `header`; `place` finds a column's.

    `orders` say how the days of a column are read.
    """

    encoding: str
    delimiter: str
    header: list[str]
    rows: list[Record]
    place: Mapping[str, int]
    orders: Mapping[str, Order]


class Table(NamedTuple):
    """The rows below the one with the names."""

    header: list[str]
    rows: list[Record]


def read(path: Path, *, month_first: bool = False) -> ReferralFile:
    """`month_first`: how days like 02/03/2026 were written. Raises FileUnusable."""
    raw = _bytes(path)
    try:
        encoding, delimiter, table = _of_workbook(raw) if raw.startswith((SIGNATURE, FORMER)) else _of_text(raw)
        place = _places(table.header)
    except (FileUnusable, WorkbookUnusable) as problem:
        raise FileUnusable(f"{path}: {problem}") from None
    orders = {
        column: order_of(((row.line, row.cells[at]) for row in table.rows if at < len(row.cells)), month_first)
        for column, at in place.items()
        if column in ("received", "date of birth")
    }
    return ReferralFile(encoding, delimiter, table.header, table.rows, place, orders)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise FileUnusable(f"{path}: larger than {_LARGEST // 1_000_000} MB; split the file")
        return path.read_bytes()
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from None


def _of_workbook(raw: bytes) -> tuple[str, str, Table]:
    if raw.startswith(FORMER):
        raise FileUnusable("a workbook of Excel before 2007, or one with a password; save it as .xlsx without")
    lists = [(sheet, header) for sheet in sheets(raw) if (header := _header(sheet.records))]
    if len(lists) > 1:
        raise FileUnusable(f"{len(lists)} sheets hold a list; save the one that you mean in a workbook of its own")
    if not lists:
        raise FileUnusable(f"no sheet that is shown has {_EXPECTED}")
    ((sheet, header),) = lists
    return "Excel", ",", Table(header.cells, [row for row in sheet.records if row.line > header.line])


def _of_text(raw: bytes) -> tuple[str, str, Table]:
    text, encoding = decoded(raw)
    said = _SEPARATOR.match(text)
    start = said.end() if said else 0
    heads = [
        (each, _header(Delimited(text[:_HEAD], each).records(start))) for each in (said[1] if said else _DELIMITERS)
    ]
    found = [(delimiter, header) for delimiter, header in heads if header]
    if not text.strip():
        raise FileUnusable("the file is empty")
    if not found:
        raise FileUnusable(f"no line has {_EXPECTED}")
    delimiter, header = max(found, key=lambda each: _known(each[1].cells))
    whole = Delimited(text, delimiter)
    rows = list(whole.records(header.end, _like_a_row(_places(header.cells), whole.lines(header.end))))
    return encoding, delimiter, Table(header.cells, rows)


_SEPARATOR = re.compile(r'"?sep=([^\r\n"])"?[^\r\n\w]*(?:\r\n|\n|\r)', re.IGNORECASE)
"""A first line that tells Excel what stands between the cells."""
_EXPECTED = f"the names of columns. They are: {', '.join(_BY_NAME)}"


def _header(records: Iterable[Record]) -> Record | None:
    return next((each for each in islice(records, _BEFORE) if not each.fault and _known(each.cells) >= _NAMED), None)


def _known(cells: Sequence[str]) -> int:
    return len({*_names(cells)} & {*_BY_NAME})


def _names(header: Sequence[str]) -> list[str]:
    names = [re.sub(r"[\s_-]+", " ", name).strip().casefold() for name in header]
    names = [_ALIASES.get(name, name) for name in names]
    if "reason" in names and "reason for referral" not in names:
        names[names.index("reason")] = "reason for referral"
    return names


def is_rejection(name: str) -> bool:
    return _names([name]) == [REJECTION]


def _places(header: Sequence[str]) -> dict[str, int]:
    names = _names(header)
    unknown = [
        header[at].strip() for at, name in enumerate(names) if name not in _BY_NAME and name not in ("", REJECTION)
    ]
    missing = [column.name for column in COLUMNS if column.required and column.name not in names]
    twice = sorted({name for name in names if name in _BY_NAME and names.count(name) > 1})
    problems = [
        f"{what}: {', '.join(found)}"
        for what, found in (("missing columns", missing), ("unknown columns", unknown), ("columns given twice", twice))
        if found
    ]
    if problems:
        raise FileUnusable(f"{'; '.join(problems)}. The columns are: {', '.join(_BY_NAME)}")
    return {name: at for at, name in enumerate(names) if name in _BY_NAME}


def _like_a_row(place: Mapping[str, int], lines: Iterable[Sequence[str]]) -> LikeARow:
    """By the day on which it was received, or by a source and a channel that stand together elsewhere in the file."""

    def door(cells: Sequence[str]) -> tuple[str, ...]:
        ends = (place["source"], place["channel"])
        return tuple(cells[at].strip(' "').casefold() for at in ends) if max(ends) < len(cells) else ("", "")

    doors = {door(cells) for cells in lines}
    received = place["received"]

    def like(cells: Sequence[str]) -> bool:
        came = received < len(cells) and like_a_day(cells[received].strip(' "'))
        return came or (all(door(cells)) and door(cells) in doors)

    return like


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
            self.say(column, f"is none of: {', '.join(known)}")
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


_YES_NO = {"yes": True, "no": False, "y": True, "n": False, "true": True, "false": False}
_AGREES = {**{one.value: one for one in Agrees}, "y": Agrees.YES, "n": Agrees.NO}
_URGENCY = {one.value: one for one in Urgency}


def row_of(file: ReferralFile, record: Record, now: datetime) -> ReferralRow | list[Wrong]:
    """The row, or everything that is wrong with it."""
    unfit = [Wrong(record.line, "", record.fault)] if record.fault else list(_unfit(file, record))
    if unfit:
        return unfit
    row = _Cells(record.line, record.cells, file.place)
    received = _received(row, file.orders["received"], now)
    born_in = file.orders.get("date of birth", DAY_FIRST)
    phone = row.text("phone")
    read = ReferralRow(
        line=record.line,
        reference=row.filled("reference"),
        received_at=received or now,
        source=slug(row.filled("source")),
        channel=slug(row.filled("channel")),
        organisation=row.text("referrer organisation"),
        first_name=row.text("first name"),
        last_name=row.filled("last name"),
        born=row.known("date of birth", lambda text: born_on(text, born_in, now)),
        nhs_number=row.known("nhs number", checked),
        phone="" if not_known(phone) else phone,
        address=row.text("address"),
        needs=_needs(row),
        reason=row.filled("reason for referral"),
        urgency=row.one_of("urgency", _URGENCY, Urgency.ROUTINE),
        knows=row.one_of("person knows", _YES_NO, None),
        agrees=row.one_of("person agrees", _AGREES, None),
        safe=row.one_of("safe to contact", _YES_NO, None),
        how=row.text("how to contact"),
        timed=row.timed,
        decision=row.text(DECISION),
    )
    row.both("person knows", "person agrees")
    row.both("person agrees", "person knows")
    row.both("how to contact", "safe to contact")
    # All that is wrong at once: people correct a row once, not cell by cell.
    return row.wrong or read


def _unfit(file: ReferralFile, record: Record) -> Iterator[Wrong]:
    """What no cell can be, whichever column it is in: then the row is not read at all."""
    columns = {at: _BY_NAME[name] for name, at in file.place.items()}
    for at, cell in enumerate(record.cells):
        column, text = columns.get(at), cell.strip()
        if column is not None:
            yield from (Wrong(record.line, column.name, reason) for reason in _wrong_in(text, column))
        elif text and not (at < len(file.header) and is_rejection(file.header[at])):
            yield Wrong(record.line, "", f"cell {at + 1} is filled, and no column has a name there")


def _wrong_in(text: str, column: Column) -> Iterator[str]:
    if UNREAD in text:
        yield "has a letter that could not be read: the line is in another encoding than the file; write the cell anew"
    if _NO_TEXT.search(text):
        yield "has a character that is no text; write the cell anew"
    if not column.lines and _LINES.search(text):
        yield "runs over several lines"
    if len(text) > column.longest:
        yield f"is longer than {column.longest:,} characters"
    if column.name in _DIGITS and _CUT_SHORT.fullmatch(text):
        yield "was cut short by a spreadsheet, as 1.23E+10 is: write all its digits"


_NO_TEXT = re.compile("[\0-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_LINES = re.compile(r"[\r\n\v\f]")
_DIGITS = ("reference", "nhs number", "phone")
_CUT_SHORT = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE | re.ASCII)


def _needs(row: _Cells) -> tuple[str, ...]:
    said = [need for need in re.split(r"[;,]", row.text("needs")) if need.strip()]
    if not all(map(slug, said)):
        row.say("needs", "has one without a letter or digit")
    return tuple(filter(None, map(slug, said)))


def slug(text: str) -> str:
    """`Adult social care` as codes are written: `adult-social-care`."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


_NO_DAY = re.compile(r"0?0[/.]0?1[/.]1900|[0/.-]+")
"""What a spreadsheet shows for a day that is nought."""


def born_on(text: str, order: Order, now: datetime) -> date | None:
    """None where it is what stands for a day that nobody knows."""
    if _NO_DAY.fullmatch(text):
        return None
    born = day(text, order)
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


def _received(row: _Cells, order: Order, now: datetime) -> datetime | None:
    """When it came in. Without a time it counts as nine in the morning, or now where it is earlier than that today."""
    written, rest = parted(row.filled("received"))
    on = row.parsed("received", lambda _: day(written, order))
    at = row.parsed("received", lambda _: clock_time(rest)) if rest else None
    own = row.parsed("received time", clock_time)
    if at is not None and own is not None and at != own:
        row.say("received time", "is another time than the one in the column received")
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
