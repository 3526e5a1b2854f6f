"""The quarterly impact report: what a programme did, for whom, how soon, and what came of it.

Made from figures of the catalogue alone, so that it says nothing that cannot be asked for by its code and led back to
its facts. To give a metric a place in it, name it in `CHAPTERS`; one that is named nowhere stands in the last chapter.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from catch.metrics.definition import Metric, MetricBasis, MetricMeasure
from catch.metrics.estimates import Estimate, Value
from catch.metrics.reckoning import Month
from catch.report.content import (
    Apart,
    Bars,
    Cell,
    Column,
    Curves,
    Drawn,
    Kind,
    Line,
    Process,
    Report,
    Section,
    Step,
    Table,
    Unjudged,
    Untold,
)
from catch.statistics.charts import xmr
from catch.statistics.funnels import Group, funnel
from catch.statistics.small_numbers import Period
from catch.statistics.survival import truncated


class ReportAudience(StrEnum):
    """`published`: everybody; no small group is told, and numbers are rounded. `internal`: who runs the programme."""

    PUBLISHED = "published"
    INTERNAL = "internal"


AT_RISK = {ReportAudience.PUBLISHED: 10, ReportAudience.INTERNAL: 5}
"""A curve ends where fewer than so many are still watched."""
CHAPTERS: tuple[tuple[str, str], ...] = (
    ("Who came, and how", "M01 M02 M03 M18 M19 M29"),
    ("How soon people were helped", "M04 M05 M06 M21 M30"),
    ("Time to outcome", "M07 M07b M07c M08 M09 M11 M31 M32"),
    ("What changed for people", "M13 M14 M15 M15b M15c M15d M15e M12"),
    ("What people were helped with, and what was missing", "M16 M16b M17 M33 M39b"),
    ("What was agreed, and done", "M10 M20 M22 M26 M27 M28"),
    ("The meetings", "M23 M24 M25 M34"),
    ("What people say", "M40 M41"),
)
"""In order. What cannot be worked out stands in a chapter of its own, with why."""
OTHERS = "More figures"
NOT_TOLD = "What is not told, and why"
HOW = (
    "A figure that cannot be worked out from what is recorded is not said to be 0.",
    "Who is still waiting counts in every time for as long as they have waited. Who ended otherwise had no outcome.",
    "Beside the time to outcome stands what a spreadsheet gives, the mean of closed episodes: it is too short.",
    "Times and changes are of people who came in the year that ended with the quarter, followed until its end.",
)
NOT_RECORDED = (
    ("Benefits gained", "What benefits somebody was granted, and how much, is not recorded."),
    ("Case studies", "Whether somebody agrees that their story is told is not recorded: there are no candidates."),
)
"""What reports of such programmes hold, and no figure is of."""
MORE_IS_BETTER = frozenset(["M02", "M03", "M10", "M11", "M20", "M23", "M25", "M26", "M28", "M29", "M30"])
"""Metrics of which more is better; of the others neither way is, as far as a chart can tell."""
SHOWN_AS_BARS = frozenset(["M01", "M19", "M33", "M41"])


class Told(NamedTuple):
    """A metric of the quarter. `estimate` is None where too few stand behind it, or it cannot be worked out: `lacking`
    says why. `months` are those of two years up to the quarter's end, `groups` are by agency or series.
    """

    metric: Metric
    estimate: Estimate | None
    lacking: str | None
    months: Sequence[Month]
    groups: Sequence[tuple[str, Estimate]]


class About(NamedTuple):
    """What it was made from: anybody who asks for the same gets the same."""

    programme: str
    name: str
    period: Period
    audience: ReportAudience
    cut_off: str
    position: int
    versions: Sequence[str]
    invented: bool = False


def impact(about: About, told: Iterable[Told]) -> Report:
    by_code = {each.metric.code: each for each in told}
    return Report(
        title=f"Impact report: {about.name}",
        subtitle=f"{quarter(about.period)}: {said_day(about.period.first)} to {said_day(about.period.last)}",
        about=tuple(_made_from(about)),
        sections=tuple(_sections(about, by_code)),
    )


def quarter(period: Period) -> str:
    return f"Quarter {(period.first.month - 1) // 3 + 1} of {period.first.year}"


def said_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _made_from(about: About) -> Iterator[tuple[str, str]]:
    if about.invented:
        yield "Invented", "Nobody in it is real: this place was made for a demonstration"
    yield "Programme", f"{about.name} ({about.programme})"
    yield "Versions of the programme", ", ".join(about.versions) or "none: there were no cases"
    yield "Made from", f"everything recorded up to {about.cut_off} (position {about.position:,} of the log)"
    if about.audience is ReportAudience.PUBLISHED:
        yield "For", "everybody: numbers are rounded to the nearest five, and small groups are not told (*)"
    else:
        yield "For", "those who run the programme: numbers are exact. Do not publish"


def _sections(about: About, told: Mapping[str, Told]) -> Iterator[Section]:
    placed = {code for _, codes in CHAPTERS for code in codes.split()}
    rest = " ".join(code for code in told if code not in placed)
    for title, codes in (*CHAPTERS, (OTHERS, rest)):
        here = [told[code] for code in codes.split() if code in told and told[code].lacking is None]
        if here:
            parts = [part for each in here for part in charts(each, AT_RISK[about.audience])]
            yield Section(title, tuple(_sentences(here)), (_summary(title, here), *parts))
    yield _not_told(about, told.values())


def _sentences(here: Sequence[Told]) -> Iterator[str]:
    """The headline of each metric of the chapter in words, with what it is of."""
    for each in here:
        if each.estimate is not None and each.estimate.values:
            yield f"{each.metric.question} {_headline(each.metric, each.estimate)}"


def _headline(metric: Metric, estimate: Estimate) -> str:
    first = estimate.values[0]
    if first.value is None:
        return "Not reached yet by half of them." if metric.measure is MetricMeasure.DAYS else "Not told."
    match metric.measure:
        case MetricMeasure.SHARE:
            counted = f" ({first.count:,} of {first.of:,})" if first.count is not None and first.of is not None else ""
            return f"{first.value * 100:.0f} %{counted}."
        case MetricMeasure.DAYS:
            return f"Half within {first.value:,.0f} days."
        case MetricMeasure.MINUTES:
            return f"{first.value:,.1f} minutes."
        case MetricMeasure.POINTS:
            return f"{first.value:+.1f} points on the mean."
        case MetricMeasure.COUNT:
            return f"{first.value:,.1f}.".replace(".0.", ".")


def _summary(title: str, here: Sequence[Told]) -> Table:
    """Every number of the chapter, each with what it is of and what open cases mean for it."""
    rows = [row for each in here for row in _rows(each)]
    columns = (
        Column("Figure", Kind.TEXT),
        Column("Value", Kind.TEXT),
        Column("Of", Kind.COUNT),
        Column("Still open", Kind.COUNT),
    )
    notes = " ".join(_note(each.metric) for each in here)
    return Table(f"{title}: the figures", columns, tuple(rows), notes)


def _note(metric: Metric) -> str:
    if metric.denominator.startswith("None"):
        return f"{metric.code}: {metric.open_cases}"
    return f"{metric.code}, of: {metric.denominator}. {metric.open_cases}"


def _rows(told: Told) -> Iterator[tuple[Cell, ...]]:
    metric, estimate = told.metric, told.estimate
    if estimate is None:
        yield f"{metric.code} {metric.name}", Untold.FEW, Untold.FEW, Untold.FEW
        return
    for number, value in enumerate(estimate.values):
        label = f"{metric.code} {metric.name}" if not number else f"· {value.label}"
        if not number and value.label.casefold() != metric.name.casefold():
            label = f"{label}: {value.label}"
        still_open = estimate.censored if not number and estimate.censored is not None else Untold.NONE
        yield label, _value(metric, value), Untold.NONE if value.of is None else value.of, still_open


def _value(metric: Metric, value: Value) -> Cell:
    if value.value is None:
        return Untold.NONE
    if value.share:
        return f"{value.value * 100:.0f} %"
    if value.count is not None:
        return f"{value.value:,.0f}"
    match metric.measure:
        case MetricMeasure.DAYS:
            return f"{value.value:,.0f} days"
        case MetricMeasure.MINUTES:
            return f"{value.value:,.1f} minutes"
        case MetricMeasure.POINTS:
            return f"{value.value:+.2f} points"
        case _:
            return f"{value.value:,.1f}"


def charts(told: Told, least: int) -> Iterator[Drawn]:
    """What of a metric can be drawn, of nothing but what is told. Curves end where fewer than `least` are watched."""
    metric, estimate = told.metric, told.estimate
    if estimate is None:
        return
    if points := truncated(estimate.curve, least):
        steps = tuple(Step(each.days, each.incidence, each.incidence_lower, each.incidence_upper) for each in points)
        last = points[-1].days
        waiting = tuple((each.days, each.at_risk) for each in estimate.at_risk if each.days <= last)
        yield Curves(
            f"{metric.code} {metric.name}",
            f"{metric.question} The share by each day, with its 95 % interval; who has not yet, is still watched. The"
            f" curve ends where fewer than {least} are.",
            "Days",
            "Share",
            (Line("All", steps, waiting),),
        )
    if metric.code in SHOWN_AS_BARS and (bars := _bars(estimate)):
        yield Bars(f"{metric.code} {metric.name}", metric.question, "Kind", "Number", bars)
    yield from _month_by_month(told)
    yield from _side_by_side(told)


def _bars(estimate: Estimate) -> tuple[tuple[str, Cell], ...]:
    named = [value for value in estimate.values if value.code not in ("all", "people") and value.count is not None]
    return tuple((value.label, value.value) for value in sorted(named, key=_largest_first) if value.value)


def _largest_first(value: Value) -> tuple[float, str]:
    return -(value.value or 0), value.label


NOT_JUDGED = "A month that is not counted from its first day to its last is shown, and not judged."
ENOUGH_MONTHS, ENOUGH_ON_THE_MEAN = 12, 5
"""With fewer months, or fewer a month, a chart would show chance."""


def _month_by_month(told: Told) -> Iterator[Process]:
    """Shares and counts; a median of each month has too few behind it."""
    metric, drawn = told.metric, drawable(told.months)
    months = [month for month in drawn if not month.partial]
    if metric.basis is MetricBasis.NOW or len(months) < ENOUGH_MONTHS:
        return
    behind = [(month.of if month.of is not None else month.count) or 0 for month in months]
    chart = xmr(
        [month.value or 0.0 for month in months], more_is_better=True if metric.code in MORE_IS_BETTER else None
    )
    if chart is None or sum(behind) / len(behind) < ENOUGH_ON_THE_MEAN:
        return
    shares = months[0].of is not None
    in_part = [month for month in drawn if month.partial]
    why = f" {NOT_JUDGED}" if in_part else ""
    yield Process(
        f"{metric.code} {metric.name}, month by month",
        f"{metric.question} Dashed: where nearly all months lie by chance alone.{why}",
        "Share" if shares else "Number",
        tuple(f"{month.month:%b %Y}" for month in months),
        chart,
        Kind.SHARE if shares else Kind.COUNT,
        before=tuple(_unjudged(each) for each in in_part if each.month < months[0].month),
        after=tuple(_unjudged(each) for each in in_part if each.month > months[-1].month),
    )


def drawable(months: Sequence[Month]) -> list[Month]:
    """Those that have a value, in order."""
    return [month for month in months if month.value is not None]


def _unjudged(month: Month) -> Unjudged:
    return Unjudged(f"{month.month:%b %Y}", month.value or 0.0)


def _side_by_side(told: Told) -> Iterator[Apart]:
    """Groups of a share, of which a ranking would say more than is known."""
    heads = [(key, each.values[0]) for key, each in told.groups if key and each.values and each.values[0].share]
    groups = [
        Group(key, head.count, head.of)
        for key, head in heads
        if head.count is not None and head.of and head.count <= head.of
    ]
    if len(groups) > 2:
        what = told.metric.grouped or "group"
        yield Apart(
            f"{told.metric.code} {told.metric.name}, by {what}",
            f"Each point is one {what}: by chance one in twenty lies beyond the dashed line, one in 500 beyond both.",
            told.metric.denominator,
            told.metric.name,
            funnel(groups),
        )


def _not_told(about: About, told: Iterable[Told]) -> Section:
    every = [*told]
    lacking = [(f"{each.metric.code} {each.metric.name}", each.lacking) for each in every if each.lacking is not None]
    few = [
        (f"{each.metric.code} {each.metric.name}", "Too few people stand behind it.")
        for each in every
        if each.lacking is None and each.estimate is None
    ]
    columns = (Column("Figure", Kind.TEXT), Column("Why", Kind.TEXT))
    return Section(NOT_TOLD, HOW, (Table("Not told", columns, (*lacking, *few, *NOT_RECORDED)),))
