"""Figures worked out: lines gathered case by case, alike ones together, then estimated once.

One pass over the cases serves any number of metrics. What is kept of a case afterwards is a number for each line, so
that ten years of a county fit in memory.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from catch.domain.calendar import add_months
from catch.domain.facts import Part
from catch.metrics.definition import Metric, MetricBasis, NotComputable
from catch.metrics.estimates import Estimate, Value
from catch.metrics.lines import Counted, Line
from catch.statistics.small_numbers import Period


class Month(Part, frozen=True):
    """The headline of one month, for a chart."""

    month: date
    value: float | None
    count: int | None
    of: int | None


class Figure(Part, frozen=True):
    """A metric worked out: for the whole, for each of some periods within it, and for each group."""

    whole: Estimate
    parts: tuple[Estimate, ...]
    groups: tuple[tuple[str, Estimate], ...]
    months: tuple[Month, ...]


Alike = tuple[object, ...]
"""A line by its month, and without the fact it rests on: of many lines few are then left."""


class Tally:
    """The lines of one metric that belong to the days asked for."""

    def __init__(self, metric: Metric, first: date, last: date) -> None:
        self.metric = metric
        anyhow = metric.basis is MetricBasis.NOW
        self.first, self.last = (date.min, date.max) if anyhow else (first, last)
        self._held: dict[Alike, list[int]] = {}
        self.pins: set[str] = set()

    def wants(self, line: Line) -> bool:
        return self.first <= line.day <= self.last

    def take(self, lines: Iterable[Line], person: int, pin: str | None = None) -> None:
        """`pin`: the version of the programme under which they came about."""
        # It runs for every line of every case: names are looked up once, and plain tuples are made fastest.
        held, first, last = self._held, self.first, self.last
        for line in lines:
            day = line[0]
            if first <= day <= last:
                if pin is not None:
                    self.pins.add(pin)
                alike = (day.year, day.month, *line[1:-1])
                people = held.get(alike)
                if people is None:
                    held[alike] = [person]
                else:
                    people.append(person)

    @property
    def taken(self) -> "Taken":
        return Taken({alike: array("l", people) for alike, people in self._held.items()}, self.pins)

    def add(self, taken: "Taken") -> None:
        """What another took, of other people."""
        self.pins |= taken.pins
        for alike, people in taken.held.items():
            self._held.setdefault(alike, []).extend(people)

    def counted(self) -> list[Counted]:
        # In one order, whatever order the cases came in: sums of floats would differ in their last place.
        found = [Counted(_line(alike), people) for alike, people in self._held.items()]
        return sorted(found, key=lambda each: _in_order(each.line))


class Taken(NamedTuple):
    """The numbers of people by what is alike of their lines, as they go from one process to another."""

    held: dict[Alike, "array[int]"]
    pins: set[str]


def _line(alike: Alike) -> Line:
    year, month, *rest = alike
    return Line(date(year, month, 1), *rest)  # pyright: ignore[reportArgumentType]  (as it was taken apart)


def _in_order(line: Line) -> tuple[object, ...]:
    return (*line[:7], -1 if line.closed_days is None else line.closed_days, line.before)


def figure(metric: Metric, lines: Sequence[Counted], parts: Sequence[Period], *, grouped: bool) -> Figure:
    """`parts` are of whole months. Raises TypeError for a metric that cannot be worked out."""
    if isinstance(metric.computed, NotComputable):
        raise TypeError(metric.code)
    estimate = metric.computed.estimate
    within = [[each for each in lines if part.first <= each.line.day <= part.last] for part in parts]
    return Figure(
        whole=estimate(lines),
        parts=tuple(map(estimate, within)) if metric.basis is not MetricBasis.NOW else (),
        groups=tuple((key, estimate(held)) for key, held in by_group(lines).items()) if grouped else (),
        months=months(metric, lines),
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


def each_month(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = add_months(first, 1)


def chartable(value: Value) -> bool:
    return value.count is not None and not value.alone and value.code != "reached"
