"""Every figure there is: each with its question, its number, what stands behind it, and the facts it leads to."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from catch.domain.calendar import add_months, london_day
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit

QUARTERS, YEARS = 8, 3
"""How far back the page offers a quarter, and a financial year."""
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 300, 56, 40


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
        drawn=curve(found["curve"]) if found and found["curve"] else None,
        catalogue=[listed(each) for each in await catalogue(visit, wanted, chosen)] if found else [],
    )


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


async def facts(visit: Visit) -> Reply:
    """One metric with all its numbers, and what stands behind it."""
    programmes = (await visit.ask("programmes"))["programmes"]
    wanted = visit.query.get("programme") or await own_programme(visit, [each["key"] for each in programmes])
    offered = [ALL, *periods(london_day(visit.console.now()))]
    chosen = next((each for each in offered if each.value == visit.query.get("period", "")), None)
    code = visit.query.get("code") or "M07"
    metric, period = None, offered[1]
    for tried in [chosen] if chosen else [ALL, offered[1]]:
        days = {"programme": wanted, "from": tried.first, "to": tried.last}
        metric, period = (await visit.maybe("metric_page", code=code, **days)).get("metric"), tried
        if metric:
            break
    behind: Json = {}
    if metric and not metric["notComputable"]:
        days = {"programme": wanted, "from": period.first, "to": period.last, "after": visit.query.get("after")}
        behind = await visit.maybe("metric_evidence", code=code, first=PAGE, **days)
    held = behind.get("metricEvidence", {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}})
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
        evidence=[each["node"] for each in held["edges"]],
        more=held["pageInfo"],
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


class Drawn(NamedTuple):
    """A curve in steps, as an SVG path has it, and the marks of its axes."""

    line: str
    band: str
    days: list[tuple[float, int]]
    shares: list[tuple[float, int]]


def curve(points: list[Json]) -> Drawn:
    """The share that has reached the outcome, day by day."""
    longest = max(float(points[-1]["days"]), 1.0)
    across = WIDTH - LEFT - 16
    up = HEIGHT - BOTTOM - 16

    def x(days: float) -> float:
        return round(LEFT + across * days / longest, 1)

    def y(share: float) -> float:
        return round(16 + up * (1 - share), 1)

    line = [f"M{x(0)} {y(0)}", *(f"H{x(each['days'])}V{y(each['incidence'])}" for each in points)]
    sure = [each for each in points if each["incidenceLower"] is not None]
    band = ""
    if sure:
        upper = "".join(f"H{x(each['days'])}V{y(each['incidenceUpper'])}" for each in sure)
        lower = "".join(f"V{y(each['incidenceLower'])}H{x(each['days'])}" for each in reversed(sure))
        band = f"M{x(sure[0]['days'])} {y(sure[0]['incidenceUpper'])}{upper}{lower}Z"
    step = next(each for each in (30, 60, 90, 180, 365, 730, 3650) if longest / each <= 8 or each == 3650)
    days = [(x(at), at) for at in range(0, int(longest) + 1, step)]
    return Drawn("".join(line), band, days, [(y(part / 4), part * 25) for part in range(5)])


ADDRESSES = (
    Address("/figures", figures, text="Figures", reads="timeToOutcome"),
    Address("/figures/facts", facts, reads="metric"),
)
