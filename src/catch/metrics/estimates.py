"""What is worked out from the lines of a figure. Every estimator is a value, so that a definition can hold it.

Read downwards: what comes out, and the estimators. None of them imputes anything; what an open case means is said by
which group its line falls into.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from statistics import fmean, quantiles
from typing import Protocol

from msgspec import Struct

from catch.domain.facts import Part
from catch.metrics.lines import ASIDE, Counted
from catch.statistics import AtRisk, Observation, Point, Status, TimeToOutcome, time_to_outcome
from catch.statistics.change import Change, Measured, Thresholds, paired_change


class Value(Part, frozen=True):
    """One number of a figure.

    Of a `share`, `count` of `of` is where it comes from. `people` and `people_of` are how many different people stand
    behind the two. `alone`: it may be one person's, and is told to nobody who may not know of a small group. `value` is
    None where there is nothing to work it out from: of none, the share is not 0.
    """

    code: str
    label: str
    value: float | None
    count: int | None = None
    of: int | None = None
    people: int = 0
    people_of: int = 0
    lower: float | None = None
    upper: float | None = None
    share: bool = False
    alone: bool = False


class Estimate(Part, frozen=True):
    """A figure worked out. `values` begin with the headline. `number` is how many stand behind it, of `people`
    different people; what is None is not a part of such a figure.
    """

    number: int
    people: int
    values: tuple[Value, ...]
    administrative: int | None = None
    censored: int | None = None
    competing: int | None = None
    never_at_risk: int | None = None
    at_risk: tuple[AtRisk, ...] = ()
    curve: tuple[Point, ...] = ()


class Estimator(Protocol):
    def __call__(self, lines: Sequence[Counted]) -> Estimate: ...


class Among(Struct, frozen=True):
    """The share of lines that fell into some groups (`counted`) among those of others (`of`)."""

    code: str
    label: str
    counted: frozenset[str]
    of: frozenset[str]


def among(code: str, label: str, counted: str, of: str) -> Among:
    """Groups by their names, between spaces. All of `counted` are in `of`."""
    some, every = frozenset(counted.split()), frozenset(of.split())
    if not some <= every:
        raise TypeError(f"{code}: {some - every} is counted and not among them")
    return Among(code, label, some, every)


def counted(lines: Iterable[Counted], groups: frozenset[str] | None = None) -> tuple[int, int]:
    """How many lines, and how many different people. None: of any group but those put aside."""
    number, seen = 0, set[int]()
    for line, people in lines:
        if line.answer in groups if groups is not None else line.answer != ASIDE:
            number += len(people)
            seen.update(people)
    return number, len(seen)


def aside(lines: Iterable[Counted]) -> int:
    return counted(lines, frozenset({ASIDE}))[0]


def share_of(lines: Sequence[Counted], asked: Among) -> Value:
    count, people = counted(lines, asked.counted)
    of, people_of = counted(lines, asked.of)
    value = count / of if of else None
    return Value(asked.code, asked.label, value, count, of, people, people_of, share=True)


def count_of(lines: Sequence[Counted], code: str, label: str, groups: frozenset[str] | None = None) -> Value:
    number, people = counted(lines, groups)
    return Value(code, label, number, number, None, people, people)


class Shares(Struct, frozen=True):
    """Shares among groups, and how many are in each group that is `apart`: not decided, not due yet."""

    shares: tuple[Among, ...]
    apart: tuple[tuple[str, str], ...] = ()

    def __call__(self, lines: Sequence[Counted]) -> Estimate:
        values = [share_of(lines, each) for each in self.shares]
        values += [count_of(lines, code, label, frozenset({code})) for code, label in self.apart]
        number, people = counted(lines)
        return Estimate(number, people, tuple(values), administrative=aside(lines))


class Counts(Struct, frozen=True):
    """How many, and how many of each group, whatever groups there are."""

    label: str
    by_answer: bool = True
    people: bool = True

    def __call__(self, lines: Sequence[Counted]) -> Estimate:
        number, people = counted(lines)
        values = [Value("all", self.label, number, number, None, people, people)]
        if self.people:
            values.append(Value("people", "Different people", people, people, None, people, people))
        answers = sorted({each.line.answer for each in lines} - {ASIDE}) if self.by_answer else ()
        values += [count_of(lines, answer, answer, frozenset({answer})) for answer in answers]
        return Estimate(number, people, tuple(values), administrative=aside(lines))


class PerPart(Struct, frozen=True):
    """How many, how many of each group, and the mean of those that are of one part: a coordinator, say."""

    label: str
    parts: str

    def __call__(self, lines: Sequence[Counted]) -> Estimate:
        number, people = counted(lines)
        parts = {each.line.part for each in lines if each.line.part}
        placed, held = counted([each for each in lines if each.line.part])
        mean = placed / len(parts) if parts else None
        values = [
            Value("all", self.label, number, number, None, people, people),
            # Of a few coordinators it would be one's.
            Value("parts", self.parts, len(parts), len(parts), None, held, held, alone=True),
            Value("mean", f"{self.label} for each, mean", mean, of=placed, people_of=held, alone=True),
        ]
        answers = sorted({each.line.answer for each in lines} - {ASIDE})
        values += [count_of(lines, answer, answer, frozenset({answer})) for answer in answers]
        return Estimate(number, people, tuple(values), administrative=aside(lines))


class Amounts(Struct, frozen=True):
    """Mean, median and quartiles of an amount over some groups, and shares beside them.

    `parts`: also the median of each part. `total`: all of them together.
    """

    label: str
    over: frozenset[str]
    shares: tuple[Among, ...] = ()
    parts: bool = False
    headline_is_median: bool = False
    total: bool = False

    def __call__(self, lines: Sequence[Counted]) -> Estimate:
        held = [each for each in lines if each.line.answer in self.over]
        number, people = counted(lines)
        values = [*spread(self.label, held, median_first=self.headline_is_median)]
        if self.total:
            all_, of, people_of = amounts(held), *counted(held)
            # To the penny: of two sums the difference may be one person's.
            whole = sum(all_) if all_ else None
            values.append(Value("total", f"{self.label}, in all", whole, of=of, people_of=people_of, alone=True))
        for part in sorted({each.line.part for each in held}) if self.parts else ():
            inside = [each for each in held if each.line.part == part]
            values.append(renamed(middle(self.label, inside), part))
        values += [share_of(lines, each) for each in self.shares]
        return Estimate(number, people, tuple(values), administrative=aside(lines))


def renamed(value: Value, part: str) -> Value:
    return Value(part, f"{value.label}, {part}", value.value, None, value.of, 0, value.people_of)


def amounts(lines: Iterable[Counted]) -> list[float]:
    return sorted(chain.from_iterable(repeat(line.amount, len(people)) for line, people in lines))


def spread(label: str, held: Sequence[Counted], *, median_first: bool) -> list[Value]:
    all_, of, people = amounts(held), *counted(held)
    mean = Value("mean", f"{label}, mean", fmean(all_) if all_ else None, of=of, people_of=people)
    median = middle(label, held)
    low, _, high = quantiles(all_, n=4, method="inclusive") if len(all_) > 1 else (None, None, None)
    lower = Value("lower-quartile", f"{label}, lower quartile", low, of=of, people_of=people, alone=True)
    upper = Value("upper-quartile", f"{label}, upper quartile", high, of=of, people_of=people, alone=True)
    return [median, mean, lower, upper] if median_first else [mean, median, lower, upper]


def middle(label: str, held: Sequence[Counted]) -> Value:
    all_, of, people = amounts(held), *counted(held)
    half = quantiles(all_, n=2, method="inclusive")[0] if len(all_) > 1 else all_[0] if all_ else None
    return Value("median", f"{label}, median", half, of=of, people_of=people)


STATUSES = frozenset(str(status) for status in Status)
WITHIN, LATE = "within", "late"


class TimeTo(Struct, frozen=True):
    """How long until something: the day by which half have reached it, other endings counted for what they are.

    `naive`: the mean of closed episodes stands beside it. `by`: a day whose share is told besides. `ages`: so is how
    old the open ones are.
    """

    label: str
    naive: bool = False
    by: int | None = None
    ages: bool = False

    def __call__(self, lines: Sequence[Counted]) -> Estimate:
        found = time_to_outcome(observations(lines), administrative=aside(lines))
        number, people = counted(lines)
        return Estimate(
            number=number,
            people=people,
            values=tuple(self.values(lines, found, people)),
            administrative=found.administrative,
            censored=found.censored,
            competing=found.competing,
            never_at_risk=found.never_at_risk,
            at_risk=found.at_risk,
            curve=found.curve,
        )

    def values(self, lines: Sequence[Counted], found: TimeToOutcome, people: int) -> Iterable[Value]:
        def value(code: str, label: str, said: float | None, *, of: int = found.episodes, alone: bool = False) -> Value:
            return Value(code, label, said, of=of, people_of=min(people, of), alone=alone)

        yield value("median", f"{self.label}: half have within", found.median_days)
        yield value("lower-quartile", "A quarter have within", found.lower_quartile_days, alone=True)
        yield value("upper-quartile", "Three quarters have within", found.upper_quartile_days, alone=True)
        yield from within([each for each in lines if each.line.within in (WITHIN, LATE)])
        for each in found.achieved_by:
            if self.by in (None, each.days):
                # A share by a day is an estimate: nothing was counted out of anything.
                yield Value(
                    f"by-{each.days}",
                    f"Share by day {each.days}",
                    each.share,
                    of=found.episodes,
                    people_of=people,
                    lower=each.lower,
                    upper=each.upper,
                    share=True,
                    alone=True,
                )
        yield value(
            "restricted-mean", "Of the first 180 days, without it on the mean", found.restricted_mean_days, alone=True
        )
        yield Value("reached", "Reached it", found.achieved, found.achieved, None, found.achieved, found.achieved)
        yield value("longest", "Longest time that anybody was followed", found.longest_follow_up_days, alone=True)
        if self.ages:
            waiting = [each for each in lines if each.line.answer == Status.CENSORED]
            held = middle("Age of the open episodes", waiting)
            yield Value("open-age", held.label, held.value, None, held.of, 0, held.people_of)
        if self.naive:
            yield value(
                "naive-closed-mean",
                "Mean of closed episodes only, as a spreadsheet says: it leaves the open ones out, so it is too short",
                found.naive_closed_mean_days,
                of=found.closed,
            )


def within(kept: Sequence[Counted]) -> Iterable[Value]:
    """Of those whose time has come: open ones whose time has not are left out, ended ones count as late."""
    if kept:
        held = [each for each in kept if each.line.within == WITHIN]
        (count, people), (of, people_of) = counted(held), counted(kept)
        yield Value("within-target", "Within its target", count / of, count, of, people, people_of, share=True)


def observations(lines: Iterable[Counted]) -> Iterable[Observation]:
    for line, people in lines:
        if line.answer in STATUSES:
            seen = Observation(int(line.amount), Status(line.answer), line.entry_days, line.closed_days)
            yield from repeat(seen, len(people))


class Changed(Struct, frozen=True):
    """How a score changed from the first to the last time it was taken, over those with both, and how many have both.

    `bands` are by what the change of one person is called, from the best: at least so many points up, then down.
    """

    label: str
    paired: frozenset[str]
    unpaired: tuple[tuple[str, str], ...]
    bands: tuple[tuple[str, str], ...]

    def __call__(self, lines: Sequence[Counted]) -> Estimate:
        held = [each for each in lines if each.line.answer in self.paired]
        number, people = counted(lines)
        values = [*spread(self.label, held, median_first=False)]
        values += [share_of(held, Among(code, label, frozenset({code}), self.paired)) for code, label in self.bands]
        every = self.paired | {code for code, _ in self.unpaired}
        values.append(share_of(lines, Among("both", "Taken both times", self.paired, frozenset(every))))
        values += [count_of(lines, code, label, frozenset({code})) for code, label in self.unpaired]
        return Estimate(number, people, tuple(values), administrative=aside(lines))


ONCE = "once"
"""Of whom there is a first score alone."""
BANDS = (
    (Change.RELIABLY_IMPROVED, "Better by {reliable} or more: reliably"),
    (Change.POSSIBLY_IMPROVED, "Better by {possible} or more: possibly"),
    (Change.UNCHANGED, "Within {possible} of where they were"),
    (Change.POSSIBLY_WORSE, "Worse by {possible} or more: possibly"),
    (Change.RELIABLY_WORSE, "Worse by {reliable} or more: reliably"),
)


class Paired(Struct, frozen=True):
    """How a score changed from the first to the last time, over all who have both; a missing one is never made up."""

    label: str
    thresholds: Thresholds

    def __call__(self, lines: Sequence[Counted]) -> Estimate:
        held = [each for each in lines if each.line.answer != ONCE]
        (number, people), (of, people_of) = counted(lines), counted(held)
        found = paired_change(scores(lines), self.thresholds)
        values = [
            Value(
                "mean",
                f"{self.label}, mean over all who were asked both times",
                found.mean,
                of=of,
                people_of=people_of,
                lower=found.lower,
                upper=found.upper,
            )
        ]
        paired = frozenset(str(each) for each in Change)
        for code, label in BANDS:
            text = label.format(reliable=self.thresholds.reliable, possible=self.thresholds.possible)
            values.append(share_of(held, Among(code, text, frozenset({code}), paired)))
        values.append(share_of(lines, Among("both", "Asked both times", paired, paired | {ONCE})))
        values.append(count_of(lines, ONCE, "Asked once", frozenset({ONCE})))
        for code, label, said in (
            ("improvers-mean", "Mean over those alone who improved: it says nothing of all", found.improvers_mean),
            ("deviation", "Standard deviation of the changes", found.deviation),
            ("effect-size", "Mean in standard deviations of the first scores", found.effect_size),
            ("worst", "Mean if everybody asked once were at the worst end", found.if_all_worst),
            ("best", "Mean if everybody asked once were at the best end", found.if_all_best),
        ):
            values.append(Value(code, label, said, of=of, people_of=people_of, alone=True))
        return Estimate(number, people, tuple(values), administrative=aside(lines))


def scores(lines: Iterable[Counted]) -> Iterable[Measured]:
    for line, people in lines:
        later = None if line.answer == ONCE else line.before + line.amount
        yield from repeat(Measured(line.before, later), len(people))
