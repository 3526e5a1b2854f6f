"""Figures for those who do not see every case: fixed periods, and nothing said of a group of fewer than five.

Whoever chooses the days freely asks for two periods that differ by one day, subtracts, and knows one person's outcome.
So the periods are few, no difference between two of them is a small group, and within one nothing is told that only a
few account for.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from catch.domain.calendar import add_months
from catch.statistics.survival import Point

SMALLEST = 5
"""The smallest group of which anything is told."""

_DAY = timedelta(days=1)
_QUARTER, _YEAR = 3, 12
_APRIL = 4


class Period(Struct, frozen=True):
    """From the one London day to the other, both included."""

    first: date
    last: date

    @property
    def quarters(self) -> tuple["Period", ...]:
        """The calendar quarters that a fixed period is made of."""
        starts = [day for months in range(0, _YEAR, _QUARTER) if (day := add_months(self.first, months)) <= self.last]
        return tuple(_from(day, _QUARTER) for day in starts)


def _from(first: date, months: int) -> Period:
    return Period(first, add_months(first, months) - _DAY)


def fixed(first: date, last: date) -> Period | None:
    """The calendar quarter or the financial year (1 April to 31 March) with these days, if there is one."""
    asked = Period(first, last)
    if first.day != 1 or first.month % _QUARTER != 1:
        return None
    return (
        asked if asked == _from(first, _QUARTER) or (first.month == _APRIL and asked == _from(first, _YEAR)) else None
    )


def quarter_before(day: date) -> Period:
    """The last calendar quarter that was over on this day."""
    return _from(add_months(date(day.year, (day.month - 1) // _QUARTER * _QUARTER + 1, 1), -_QUARTER), _QUARTER)


def too_few(quarters: Sequence[int]) -> bool:
    """Whether nothing may be told of a period with so many in each of its quarters.

    A year is not told either where its other quarters, taken from it, would leave a group that is too small.
    """
    small = sum(count for count in quarters if count < SMALLEST)
    return sum(quarters) < SMALLEST or 0 < small < SMALLEST


def coarse(points: Sequence[Point]) -> tuple[Point, ...]:
    """The curve in steps of five endings at least, each as at the last day of its step.

    `at_risk` is how many there were when the step began. What follows the last step is told of none or of five: else
    it would be what is left when all steps are taken from the whole.
    """
    left = sum(map(_endings, points))
    told: list[Point] = []
    step: list[Point] = []
    for point in points:
        step.append(point)
        if (ended := sum(map(_endings, step))) >= SMALLEST:
            told.append(_together(step, left))
            left -= ended
            step = []
    while told and 0 < left < SMALLEST:
        left += _endings(told.pop())
    return tuple(told)


def _endings(point: Point) -> int:
    return point.events + point.competing + point.censored


def _together(step: Sequence[Point], at_risk: int) -> Point:
    return replace(
        step[-1],
        at_risk=at_risk,
        events=sum(point.events for point in step),
        competing=sum(point.competing for point in step),
        censored=sum(point.censored for point in step),
        # It is worked out day by day, and would say more of the days within the step than the step does.
        incidence_lower=None,
        incidence_upper=None,
    )
