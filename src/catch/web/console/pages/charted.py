"""A metric as the API answers it, made into charts. What a report draws of it is drawn, and nothing else is known here:
what the viewer is not told of is in no picture.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from catch.metrics import BY_CODE
from catch.metrics.estimates import Estimate, Value
from catch.metrics.reckoning import Month
from catch.report.content import Apart, Bars, Curves, Drawn, Process, written
from catch.report.impact import AT_RISK, ReportAudience, Told, charts, drawable
from catch.statistics import AtRisk, Point
from catch.web.console.charts import Picture, picture
from catch.web.console.visit import Json

Lead = Callable[[Mapping[str, object]], str]
"""The address of the facts behind a part of the figure; empty for whom there is none."""


class Numbers(NamedTuple):
    """A table: each row with the address of its facts, and its cells as they are written."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


class Charted(NamedTuple):
    """`number` tells charts of one page apart."""

    number: int
    picture: Picture
    table: Numbers


def charted(metric: Json, lead: Lead) -> list[Charted]:
    return [*_charted(told_of(metric), metric, lead)]


def _charted(told: Told, metric: Json, lead: Lead) -> Iterator[Charted]:
    for number, chart in enumerate(charts(told, AT_RISK[ReportAudience.INTERNAL])):
        leads = [lead(part) for part in parts_of(chart, told, metric)]
        yield Charted(number, picture(chart, leads), table_of(chart, metric, leads))


def told_of(metric: Json) -> Told:
    estimate = Estimate(
        number=metric["number"] or 0,
        people=0,
        values=values_of(metric),
        at_risk=tuple(AtRisk(each["days"], each["count"]) for each in metric["atRisk"]),
        curve=tuple(map(point_of, metric["curve"])),
    )
    groups = [(each["key"], Estimate(each["number"], 0, values_of(each))) for each in metric["groups"]]
    return Told(BY_CODE[metric["definition"]["code"]], estimate, None, [*months_of(metric)], groups)


def values_of(held: Json) -> tuple[Value, ...]:
    return tuple(
        Value(each["code"], each["label"], each["value"], each["count"], each["of"], share=each["share"])
        for each in held["values"]
    )


def months_of(metric: Json) -> Iterator[Month]:
    for each in metric["months"]:
        yield Month(date.fromisoformat(each["month"]), each["value"], each["count"], each["of"], each["partial"])


def point_of(each: Json) -> Point:
    return Point(
        days=int(each["days"]),
        at_risk=each["atRisk"],
        events=each["achieved"],
        competing=each["competing"],
        censored=each["censored"],
        survival=each["survival"],
        lower=each["lower"],
        upper=each["upper"],
        incidence=each["incidence"],
        incidence_lower=each["incidenceLower"],
        incidence_upper=each["incidenceUpper"],
    )


def parts_of(chart: Drawn, told: Told, metric: Json) -> list[dict[str, object]]:
    """Of each point of the chart, what of the figure it is."""
    match chart:
        case Curves():
            # Where days are told together, a step is of no one day.
            exact = bool(metric["atRisk"])
            return [{"days": each.day} if exact else {} for line in chart.lines for each in line.steps]
        case Process():
            return [{"period": f"{each.month:%Y-%m}-1"} for each in drawable(told.months)]
        case Apart():
            return [{"group": each.name} for each in chart.funnel.groups]
        case Bars():
            codes = {value.label: value.code for value in told.estimate.values} if told.estimate else {}
            return [{"answer": codes[name]} for name, _ in chart.bars]


def table_of(chart: Drawn, metric: Json, leads: Sequence[str]) -> Numbers:
    if isinstance(chart, Curves):
        return curve_table(metric["curve"][: len(leads)], leads)
    table = chart.table()
    kinds = [column.kind for column in table.columns]
    rows = [[written(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in table.rows]
    return Numbers([column.title for column in table.columns], [*zip(leads, rows, strict=True)])


CURVE = (
    "Day", "Share that reached it", "95 % interval", "Under observation", "Reached it", "Ended otherwise",
    "Not followed further", "Share not ended in any way", "95 % interval",
)  # fmt: skip


def curve_table(points: Sequence[Json], leads: Sequence[str]) -> Numbers:
    """Every step of a curve."""
    return Numbers(CURVE, [(lead, [*_step(each)]) for each, lead in zip(points, leads, strict=True)])


def _step(point: Json) -> Iterator[str]:
    yield f"{point['days']:g}"
    yield _share(point["incidence"])
    yield _between(point["incidenceLower"], point["incidenceUpper"])
    for name in ("atRisk", "achieved", "competing", "censored"):
        yield str(point[name])
    yield _share(point["survival"])
    yield _between(point["lower"], point["upper"])


def _share(value: Any) -> str:
    return f"{value * 100:.0f} %"


def _between(lower: Any, upper: Any) -> str:
    return "–" if lower is None or upper is None else f"{_share(lower)} to {_share(upper)}"
