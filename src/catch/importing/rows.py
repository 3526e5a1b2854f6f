"""How what people write in a row is read.

Everything wrong with a row is found at once. Nothing here repeats what a cell holds, not even one where a code belongs:
what people fill in may be in the wrong column. Errors name the column and say what is expected.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TypeVar

from msgspec import Struct

from catch.domain.calendar import CLOCKS_MAY_DIFFER, LONDON
from catch.domain.case.state import Agrees, Urgency
from catch.domain.matching import PLACEHOLDERS, not_known
from catch.domain.nhs_number import nhs_number, placeholder
from catch.importing.columns import BY_NAME, DECISION, Column, is_rejection
from catch.importing.days import DAY_FIRST, Order, clock_time, day, parted
from catch.importing.delimited import Record
from catch.importing.encodings import UNREAD, foreign
from catch.importing.referral_file import ReferralFile

T = TypeVar("T")

_OLDEST = date(1900, 1, 1)
_FIRST = date(2000, 1, 1)


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
        phone=row.known("phone", phone) or "",
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
    columns = {at: BY_NAME[name] for name, at in file.place.items()}
    for at, cell in enumerate(record.cells):
        column, text = columns.get(at), cell.strip()
        if column is not None:
            yield from (Wrong(record.line, column.name, reason) for reason in _wrong_in(text, column))
        elif text and not (at < len(file.header) and is_rejection(file.header[at])):
            yield Wrong(record.line, "", f"cell {at + 1} is filled, and no column has a name there")


def _wrong_in(text: str, column: Column) -> Iterator[str]:
    if UNREAD in text:
        yield "has a letter that could not be read: the line is in another encoding than the file; write the cell anew"
    if foreign(text, name=not column.lines):
        yield (
            "has a sign in a word where a letter of another encoding was taken for it: write the cell anew, "
            "or save the list as CSV UTF-8"
        )
    if _NO_TEXT.search(text):
        yield "has a character that is no text; write the cell anew"
    if not column.lines and _LINES.search(text):
        yield "runs over several lines"
    if len(text) > column.longest:
        yield f"is longer than {column.longest:,} characters"
    if _ERROR.search(text):
        yield "shows an error of a spreadsheet, and no value: write the cell anew, or leave it empty"
    if column.name in _DIGITS and _CUT_SHORT.fullmatch(text):
        yield "was cut short by a spreadsheet, as 1.23E+10 is: write all its digits"


_NO_TEXT = re.compile("[\0-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_LINES = re.compile(r"[\r\n\v\f]")
_ERROR = re.compile(
    r"(?<!\w)#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|GETTING_DATA|#{2,}\Z)|\AErr:\d{3}\Z",
    re.IGNORECASE,
)
"""What a spreadsheet shows, and saves as text, where nothing could be worked out or the column was too narrow."""
_DIGITS = ("reference", "nhs number", "phone")
_CUT_SHORT = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE | re.ASCII)


def _needs(row: _Cells) -> tuple[str, ...]:
    said = [need for need in re.split(r"[;,]", row.text("needs")) if need.strip()]
    if not all(map(slug, said)):
        row.say("needs", "has one without a letter or digit")
    return tuple(filter(None, map(slug, said)))


def slug(text: str) -> str:
    """`Adult social care` as codes are written: `adult-social-care`; `Café work` is `cafe-work`."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return re.sub(r"[^a-z0-9]+", "-", plain.casefold()).strip("-")


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


_WITHOUT_0 = re.compile(r"1\d{9}|2[03489]\d{8}|3[0347]\d{8}|7[1-9]\d{8}|8[047]\d{8}", re.ASCII)
"""Numbers of this country (Ofcom, National Telephone Numbering Plan) without the 0 that is dialled before them."""


def phone(text: str) -> str:
    """With the 0 that a spreadsheet drops when it takes the digits for a number."""
    if not re.fullmatch("[1-9][0-9]{9}", text) or placeholder(text):
        return text
    if _WITHOUT_0.fullmatch(text):
        return f"0{text}"
    raise ValueError("has ten digits and no 0 before them: write the 0, or + and the number of its country")


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
