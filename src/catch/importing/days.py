"""How people write days and times, and in which order a column of a list has day and month: one, for all of it.

Where a column shows that it was written in both, nobody can say which 03/04 is meant: those days are doubted, and told.
"""

import re
from collections.abc import Iterable
from datetime import date, time, timedelta

from msgspec import Struct

_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?::(\d{2})(?:\.\d+)?)?", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(\.\d+)?", re.ASCII)
_FRACTION = re.compile(r"0?\.\d+", re.ASCII)
_NOUGHT = date(1899, 12, 30)
"""From which Excel counts days. Five digits begin in 1927: a year alone is never taken for one."""
_LIKE_A_DAY = re.compile(r"\s*\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}(?:[ T].*)?|\s*\d{5}(?:\.\d+)?\s*", re.ASCII)


class Order(Struct, frozen=True):
    """In which order a column is read. `against`: the first line that can only be read in the other."""

    month_first: bool = False
    against: int | None = None


DAY_FIRST = Order()
TWO_WAYS = "can be read in two ways"


def order_of(cells: Iterable[tuple[int, str]], month_first: bool, doubted: int | None = None) -> Order:
    """`cells` are those of the column, each with its line. `doubted`: a line of which it was said before that its day
    can be read in two ways; the days of a list do not become clear by standing in a list of their own.
    """
    for line, cell in cells:
        found = _SLASHED.match(cell.strip())
        if found and _in_other_order_only(int(found[1]), int(found[2]), month_first):
            return Order(month_first, line)
    return Order(month_first, doubted)


def _in_other_order_only(first: int, second: int, month_first: bool) -> bool:
    month, other = (first, second) if month_first else (second, first)
    return 12 < month <= 31 and other <= 12


def day(text: str, order: Order = DAY_FIRST) -> date:
    """A day as people write it. Raises ValueError with a sentence."""
    if found := _SLASHED.fullmatch(text):
        first, second, year = (int(part) for part in found.groups())
        if order.against is not None and first != second and max(first, second) <= 12:
            raise ValueError(
                f"{TWO_WAYS}, and line {order.against} has, or had, day and month in the other order: "
                "write every day as 2026-02-03"
            )
        if _in_other_order_only(first, second, order.month_first):
            other, how = ("day", "without") if order.month_first else ("month", "with")
            raise ValueError(
                f"is a day with the {other} first alone: where the whole list is written so, import it {how} "
                "--month-first, otherwise write every day as 2026-02-03"
            )
        return _there_is(year, *((first, second) if order.month_first else (second, first)))
    if found := _ISO.fullmatch(text):
        return _there_is(*(int(part) for part in found.groups()))
    if found := _SERIAL.fullmatch(text):
        return _NOUGHT + timedelta(days=int(found[1]))
    raise ValueError("is not a day: write it as 03/02/2026 or 2026-02-03")


def clear(text: str, order: Order) -> str:
    """What is written in a cell, its day as nobody can misread it; what cannot be read as a day stays as it is."""
    written, rest = parted(text.strip())
    if not _SLASHED.fullmatch(written):
        return text
    try:
        return f"{day(written, order)} {rest}".strip()
    except ValueError:
        return text


def _there_is(year: int, month: int, of_month: int) -> date:
    try:
        return date(year, month, of_month)
    except ValueError:
        raise ValueError("there is no such day in the calendar") from None


def clock_time(text: str) -> time:
    """A time as people write it, or as a spreadsheet counts it. Raises ValueError with a sentence."""
    if _FRACTION.fullmatch(text):
        minutes, second = divmod(round(float(text) * 86_400) % 86_400, 60)
        return time(*divmod(minutes, 60), second)
    found = _CLOCK.fullmatch(text)
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else time.fromisoformat("no")
    except ValueError:
        raise ValueError("is not a time: write it as 09:30") from None


def parted(text: str) -> tuple[str, str]:
    """The day and, if there is one, the time of what is written in one cell."""
    if found := _SERIAL.fullmatch(text):
        return found[1], found[2] or ""
    written, _, rest = text.replace("T", " ").partition(" ")
    return written, rest.strip()


def like_a_day(text: str) -> bool:
    return _LIKE_A_DAY.fullmatch(text) is not None
