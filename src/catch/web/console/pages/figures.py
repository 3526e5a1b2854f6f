"""The figures there are so far: each with its question, its interval, and how many stand behind it."""

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


ADDRESSES = (Address("/figures", figures, text="Figures", reads="timeToOutcome"),)
