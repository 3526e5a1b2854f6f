"""Figures worked out: lines gathered case by case, alike ones together, then estimated once.

One pass over the cases serves any number of metrics. What is kept of a case afterwards is a number for each line, so
that ten years of a county fit in memory.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from catch.domain.calendar import add_months, add_working_days
from catch.domain.facts import Part
from catch.metrics.definition import Cut, Metric, MetricBasis, NotComputable
from catch.metrics.estimates import Estimate, Value
from catch.metrics.lines import Counted, Line
from catch.statistics.small_numbers import Period


class Month(Part, frozen=True):
    """The headline of one month, for a chart. `partial`: it is not of the whole month, and means nothing beside others
    that are.
    """

    month: date
    value: float | None
    count: int | None
    of: int | None
    partial: bool = False


class Figure(Part, frozen=True):
    """A metric worked out: for the whole, for each of some periods within it, and for each group."""

    whole: Estimate
    parts: tuple[Estimate, ...]
    groups: tuple[tuple[str, Estimate], ...]
    months: tuple[Month, ...]


Alike = tuple[object, ...]
"""A line without its day and the fact it rests on: of many lines in a month few are then left."""
InMonth = dict[Alike, list[int]]


class Tally:
    """The lines of one metric that belong to the days asked for."""

    def __init__(self, metric: Metric, first: date, last: date) -> None:
        self.metric = metric
        anyhow = metric.basis is MetricBasis.NOW
        self.first, self.last = (date.min, date.max) if anyhow else (first, last)
        self._months: dict[tuple[int, int], InMonth] = {}
        self._days: dict[date, InMonth] = {}
        self.pins: set[str] = set()
        self.begun: date | None = None
        """The day of the first line of all, of whatever days are asked for."""

    def wants(self, line: Line) -> bool:
        return self.first <= line.day <= self.last

    def take(self, lines: Iterable[Line], person: int, pin: str | None = None) -> None:
        """`pin`: the version of the programme under which they came about."""
        # It runs for every line of every case: a day is looked at once, and plain tuples are made fastest.
        days, some = self._days, False
        for line in lines:
            held = days.get(line[0])
            if held is None:
                if self.begun is None or line[0] < self.begun:
                    self.begun = line[0]
                if not self.wants(line):
                    continue
                held = self._of_day(line[0])
            some = True
            alike = line[1:-1]
            people = held.get(alike)
            if people is None:
                held[alike] = [person]
            else:
                people.append(person)
        if some and pin is not None:
            self.pins.add(pin)

    def _of_day(self, day: date) -> InMonth:
        held = self._days[day] = self._months.setdefault((day.year, day.month), {})
        return held

    @property
    def taken(self) -> "Taken":
        held = {
            month: {alike: array("l", people) for alike, people in found.items()}
            for month, found in self._months.items()
        }
        return Taken(held, self.pins, self.begun)

    def whole(self, cut: Cut) -> Period | None:
        """From the first day to the last that are counted in full. A figure begins with the first thing that it counts:
        of the month before that day nothing is known. None where there is nothing.
        """
        if self.begun is None:
            return None
        first = self.begun.replace(day=1)
        # Before the first working day of a month nobody would have begun.
        begun = first if self.begun <= add_working_days(first - timedelta(days=1), 1) else self.begun
        return Period(max(self.first, begun), min(self.last, cut.day))

    def add(self, taken: "Taken") -> None:
        """What another took, of other people."""
        self.pins |= taken.pins
        self.begun = min((day for day in (self.begun, taken.begun) if day is not None), default=None)
        for month, found in taken.held.items():
            held = self._months.setdefault(month, {})
            for alike, people in found.items():
                held.setdefault(alike, []).extend(people)

    def counted(self) -> list[Counted]:
        # In one order, whatever order the cases came in: sums of floats would differ in their last place.
        found = [
            Counted(Line._make((date(*month, 1), *alike, None)), people)
            for month, held in self._months.items()
            for alike, people in held.items()
        ]
        return sorted(found, key=lambda each: _in_order(each.line))


class Taken(NamedTuple):
    """The numbers of people by what is alike of their lines, as they go from one process to another."""

    held: dict[tuple[int, int], dict[Alike, "array[int]"]]
    pins: set[str]
    begun: date | None


def _in_order(line: Line) -> tuple[object, ...]:
    return (*line[:7], -1 if line.closed_days is None else line.closed_days, line.before)


def figure(
    metric: Metric, lines: Sequence[Counted], parts: Sequence[Period], *, grouped: bool, whole: Period | None = None
) -> Figure:
    """`parts` are of whole months; `whole` are the days that are counted in full, None where all are. Raises TypeError
    for a metric that cannot be worked out.
    """
    if isinstance(metric.computed, NotComputable):
        raise TypeError(metric.code)
    estimate = metric.computed.estimate
    within = [[each for each in lines if part.first <= each.line.day <= part.last] for part in parts]
    return Figure(
        whole=estimate(lines),
        parts=tuple(map(estimate, within)) if metric.basis is not MetricBasis.NOW else (),
        groups=tuple((key, estimate(held)) for key, held in by_group(lines).items()) if grouped else (),
        months=tuple(in_part(each, whole) for each in months(metric, lines)),
    )


def by_group(lines: Sequence[Counted]) -> Mapping[str, list[Counted]]:
    found: dict[str, list[Counted]] = {}
    for each in lines:
        found.setdefault(each.line.group, []).append(each)
    return dict(sorted(found.items()))


def months(metric: Metric, lines: Sequence[Counted]) -> tuple[Month, ...]:
    """The first share, or else the count, of each month. Medians are not drawn so: too few stand behind each.

    A month between others in which nothing was counted has none of it, and no share.
    """
    if isinstance(metric.computed, NotComputable) or metric.basis is MetricBasis.NOW:
        return ()
    found: dict[date, list[Counted]] = {}
    for each in lines:
        found.setdefault(each.line.day, []).append(each)
    drawn: list[Month] = []
    for month, held in sorted(found.items()):
        charted = next(filter(chartable, metric.computed.estimate(held).values), None)
        if charted is not None:
            drawn.append(Month(month, charted.value, charted.count, charted.of))
    if drawn and all(each.of is None for each in drawn):
        known = {each.month: each for each in drawn}
        drawn = [known.get(month, Month(month, 0.0, 0, None)) for month in each_month(drawn[0].month, drawn[-1].month)]
    return tuple(drawn)


def in_part(month: Month, whole: Period | None) -> Month:
    """The same, marked where some of its days are not counted."""
    if whole is None:
        return month
    last = add_months(month.month, 1) - timedelta(days=1)
    return month if whole.first <= month.month and last <= whole.last else replace(month, partial=True)


def each_month(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = add_months(first, 1)


def chartable(value: Value) -> bool:
    return value.count is not None and not value.alone and value.code != "reached"
