"""Every figure there is: each with its question, its number, what stands behind it, and the facts it leads to."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from catch.domain.calendar import add_months, london_day
from catch.web.console.pages.charted import Lead, charted, curve_table
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit

QUARTERS, YEARS = 8, 3
"""How far back the page offers a quarter, and a financial year."""


class Period(NamedTuple):
    value: str
    text: str
    first: date | None
    last: date | None


def periods(today: date) -> list[Period]:
    """Quarters and financial years (1 April to 31 March) that are over, the latest first."""
    start = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    quarters = [_period(f"{at:%Y-%m}-3", at, 3) for at in (add_months(start, -3 * n) for n in range(1, QUARTERS + 1))]
    april = date(today.year if today.month > 3 else today.year - 1, 4, 1)
    years = [_period(f"{at:%Y-%m}-12", at, 12) for at in (add_months(april, -12 * n) for n in range(1, YEARS + 1))]
    return [*quarters, *years]


def _period(value: str, first: date, months: int) -> Period:
    last = add_months(first, months) - timedelta(days=1)
    kind = "Quarter" if months == 3 else "Financial year"
    return Period(value, f"{kind}: {first.day} {first:%B %Y} to {last.day} {last:%B %Y}", first, last)


ALL = Period("all", "Everything so far", None, None)


async def figures(visit: Visit) -> Reply:
    programmes = (await visit.ask("programmes"))["programmes"]
    offered = [ALL, *periods(london_day(visit.console.now()))]
    wanted = visit.query.get("programme") or await own_programme(visit, [each["key"] for each in programmes])
    chosen = next((each for each in offered if each.value == visit.query.get("period", "")), None)
    found, chosen = await first_told(visit, wanted, [chosen] if chosen else [ALL, offered[1]])
    return visit.page(
        "figures.html",
        programmes=programmes,
        wanted=wanted,
        periods=offered,
        chosen=chosen,
        figures=found,
        charts=charted(as_metric(found), leading(visit, "M07", wanted, chosen)) if found else [],
        steps=curve_table(found["curve"], [""] * len(found["curve"])) if found else None,
        catalogue=[listed(each) for each in await catalogue(visit, wanted, chosen)] if found else [],
    )


def as_metric(figures: Json) -> Json:
    """The time to outcome as the metric that it is, of which nothing but its curve is drawn here."""
    return figures | {"definition": {"code": "M07"}, "number": None, "values": [], "groups": [], "months": []}


def leading(visit: Visit, code: str, programme: str, period: Period) -> Lead:
    """From a point of a figure to its facts, for whoever may be led there."""

    def lead(part: Mapping[str, object]) -> str:
        if "metricEvidence" not in visit.reads:
            return ""
        asked = {"code": code, "programme": programme, "period": period.value, **part}
        return f"/figures/facts?{urlencode(asked)}{'' if 'period' in part else '#facts'}"

    return lead


async def catalogue(visit: Visit, programme: str, period: Period) -> list[Json]:
    answer = await visit.maybe("metrics_page", programme=programme, to=period.last, **{"from": period.first})
    return answer.get("metrics", [])


class Listed(NamedTuple):
    """A metric as a line of the list: its headline in words, and what is open."""

    metric: Json
    headline: str
    label: str
    beside: list[str]


def listed(metric: Json) -> Listed:
    values: list[Json] = metric["values"]
    first = values[0] if values else None
    told = "" if first is None else headline(first, metric["definition"]["measure"])
    return Listed(metric, told, first["label"] if first else "", [*beside(metric)])


MEASURED = {"DAYS": " days", "MINUTES": " minutes", "POINTS": " points"}


def headline(value: Json, measure: str) -> str:
    """The number as people say it; that there is none, where there is none."""
    told = value["value"]
    if told is None:
        # A day by which half have reached it is none where fewer than half have.
        return (
            "not reached, or too few to tell" if value["code"] == "median" and measure == "DAYS" else "nothing to tell"
        )
    if value["share"]:
        counted = "" if value["count"] is None else f" ({value['count']} of {value['of']})"
        return f"{told * 100:.0f} %{counted}"
    return f"{told:.1f}".removesuffix(".0") + ("" if value["count"] is not None else MEASURED.get(measure, ""))


def sure(value: Json) -> str:
    """The 95 % interval."""
    lower, upper = value["lower"], value["upper"]
    if lower is None or upper is None:
        return "–"
    return f"{lower * 100:.0f} % to {upper * 100:.0f} %" if value["share"] else f"{lower:.2f} to {upper:.2f}"


BESIDE = (
    ("censored", "still waiting"),
    ("competing", "ended otherwise"),
    ("administrative", "left out: opened in error or the like"),
    ("neverAtRisk", "left out: over when they came to us"),
)


def beside(metric: Json) -> Iterator[str]:
    for name, text in BESIDE:
        if metric[name] is not None:
            yield f"{metric[name]} {text}"


PAGE = 25
"""Cases or meetings on a page of facts."""


NARROW = ("answer", "group", "days")
"""What of a figure's facts an address may ask for alone."""
MONTH = re.compile(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])-1")


def period_asked(visit: Visit, offered: Iterable[Period]) -> Period | None:
    """One of those offered, or a month, to which a chart leads."""
    value = visit.query.get("period", "")
    if month := MONTH.fullmatch(value):
        first = date(int(month[1]), int(month[2]), 1)
        return Period(value, f"{first:%B %Y}", first, add_months(first, 1) - timedelta(days=1))
    return next((each for each in offered if each.value == value), None)


def narrowed(visit: Visit) -> Json:
    """What alone is asked for, as the API takes it."""
    asked: Json = {name: visit.query[name] for name in NARROW if visit.query.get(name)}
    if (days := asked.pop("days", "")).isdecimal() and len(days) < 6:
        asked["days"] = int(days)
    return asked


def narrowed_to(only: Json) -> str:
    """The same as people say it."""
    said = (
        f"took {only['days']} days" if "days" in only else "",
        f"are of {only['group']}" if "group" in only else "",
        f"count as {only['answer'].replace('-', ' ')}" if "answer" in only else "",
    )
    return " and ".join(filter(None, said))


async def facts(visit: Visit) -> Reply:
    """One metric with all its numbers and its charts, and what stands behind it."""
    programmes = (await visit.ask("programmes"))["programmes"]
    wanted = visit.query.get("programme") or await own_programme(visit, [each["key"] for each in programmes])
    offered = [ALL, *periods(london_day(visit.console.now()))]
    chosen = period_asked(visit, offered)
    code = visit.query.get("code") or "M07"
    metric, period = await the_metric(visit, code, wanted, [chosen] if chosen else [ALL, offered[1]])
    only = narrowed(visit)
    held: Json = {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    if metric and not metric["notComputable"]:
        days = {"programme": wanted, "from": period.first, "to": period.last, "after": visit.query.get("after")}
        behind = await visit.maybe("metric_evidence", code=code, first=PAGE, **days, **only)
        held = behind.get("metricEvidence", held)
    return visit.page(
        "figure.html",
        code=code,
        wanted=wanted,
        chosen=period,
        metric=metric,
        beside=[*beside(metric)] if metric else [],
        told=[(each, headline(each, metric["definition"]["measure"]), sure(each)) for each in metric["values"]]
        if metric
        else [],
        charts=charted(metric, leading(visit, code, wanted, period)) if metric and not only else [],
        only=only,
        only_text=narrowed_to(only),
        evidence=[each["node"] for each in held["edges"]],
        more=held["pageInfo"],
        here=f"/figures/facts?{urlencode({'code': code, 'programme': wanted, 'period': period.value})}",
        further=f"&{urlencode(only)}" if only else "",
    )


async def the_metric(visit: Visit, code: str, programme: str, tried: list[Period]) -> tuple[Json | None, Period]:
    """For the first of these periods for which whoever looks is told it; by group where they are told that."""
    for period in tried:
        days = {"programme": programme, "from": period.first, "to": period.last}
        for groups in (True, False):
            answer = await visit.maybe("metric_page", code=code, groups=groups, **days)
            if answer:
                return answer["metric"], period
    return None, tried[-1]


class Side(NamedTuple):
    """A metric of one agency, series or place, beside that of all."""

    metric: Json
    label: str
    own: str
    number: int | None
    whole: str
    lead: str


async def groups(visit: Visit) -> Reply:
    """All that is told of one agency, one series of meetings or one place."""
    programmes = (await visit.ask("programmes"))["programmes"]
    wanted = visit.query.get("programme") or await own_programme(visit, [each["key"] for each in programmes])
    years = [each for each in periods(london_day(visit.console.now())) if each.value.endswith("-12")]
    chosen = next((each for each in (ALL, *years) if each.value == visit.query.get("period", "")), None)
    answer, period = None, years[0]
    for tried in [chosen] if chosen else [ALL, years[0]]:
        days = {"programme": wanted, "from": tried.first, "to": tried.last}
        answer, period = (await visit.maybe("group_figures", **days)).get("metrics"), tried
        if answer is not None:
            break
    metrics: list[Json] = answer or []
    # Of whom nothing is told is not named either.
    keys = sorted(
        {(each["definition"]["groupedBy"], one["key"]) for each in metrics for one in each["groups"] if one["key"]}
    )
    key = visit.query.get("key", "")
    by = next((by for by, each in keys if each == key), None)
    return visit.page(
        "figures_of.html",
        programmes=programmes,
        wanted=wanted,
        periods=[ALL, *years],
        chosen=period,
        told=answer is not None,
        keys=keys,
        key=key if by else "",
        name=visit.console.called(key) if by == "series" else key,
        sides=[side(each, key, leading(visit, each["definition"]["code"], wanted, period)) for each in metrics
               if each["values"] and each["definition"]["groupedBy"] == by] if by else [],
    )  # fmt: skip


def side(metric: Json, key: str, lead: Lead) -> Side:
    measure = metric["definition"]["measure"]
    own = next((each for each in metric["groups"] if each["key"] == key), None)
    whole = metric["values"][0]
    return Side(
        metric,
        whole["label"],
        headline(own["values"][0], measure) if own else "none, or too few to tell",
        own["number"] if own else None,
        headline(whole, measure),
        lead({"group": key}) if own else "",
    )


async def own_programme(visit: Visit, programmes: list[str]) -> str:
    """The first in which whoever looks acts as anything."""
    held = {each["programme"] for each in (await visit.ask("viewer_standing"))["viewer"]["holds"]}
    return next((key for key in programmes if key in held), programmes[0] if programmes else "")


async def first_told(visit: Visit, programme: str, tried: list[Period]) -> tuple[Json | None, Period]:
    """For the first of these periods for which whoever looks is told any. Everything so far is for those only who see
    every case."""
    for period in tried:
        answer = await visit.maybe("figures_page", programme=programme, to=period.last, **{"from": period.first})
        if answer:
            return answer["timeToOutcome"], period
    return None, tried[-1]


ADDRESSES = (
    Address("/figures", figures, text="Figures", reads="timeToOutcome"),
    Address("/figures/facts", facts, reads="metric"),
    Address("/figures/groups", groups, reads="metrics"),
)
