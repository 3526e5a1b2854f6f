"""Scenarios of programmes whose time is counted in hours: Meir, Manchester, Somerset."""

from datetime import date, datetime, timedelta

from catch.domain.calendar import LONDON, end_of_day, london_day
from catch.domain.case.clocks import clocks_of
from catch.domain.case.state import Case
from catch.domain.programme.clocks import Clock
from catch.domain.programme.configuration import ClockRule, Unit
from catch.scenarios.life import Ways
from catch.scenarios.reading import kept, per_cent
from catch.scenarios.running import arrivals
from catch.scenarios.scenario import Line, Played, Scenario, Stage

# S08: the hub at Meir

MEIR = "stoke-meir"


async def meir(stage: Stage) -> Played:
    weeks = stage.weeks(26, 8)
    stage.run(stage.crew(MEIR, 2 / stage.rate, 9), Ways(stay=(7, 90, 30), goals=1), stage.poisson(10, weeks))
    return await stage.live(weeks)


def talked_over(played: Played) -> list[Case]:
    return [case for case in played.cases[MEIR] if case.discussions]


def same_day(played: Played) -> int:
    """By whom the person had spoken with that day."""
    moments = [case.milestones for case in talked_over(played)]
    return sum(
        at.discussed_at is not None and at.conversation_at is not None
        and london_day(at.discussed_at) == london_day(at.conversation_at)
        for at in moments
    )  # fmt: skip


def agencies_at(played: Played) -> int:
    return min((len(held.agencies) for case in talked_over(played) for held in case.discussions), default=0)


S08 = Scenario(
    "S08",
    "Meir: talked over there and then",
    (MEIR,),
    meir,
    (
        Line("talked over", "by whoever is under one roof [S4]", lambda p: len(talked_over(p))),
        Line(
            "on the day of the conversation",
            "then and there [S4]",
            lambda p: f"{same_day(p)} of {len(talked_over(p))}",
            lambda p: same_day(p) >= 0.9 * len(talked_over(p)) > 0,
        ),
        Line("agencies at each, the fewest", "two or more", agencies_at, lambda p: agencies_at(p) >= 2),
    ),
    lacks="the household as the unit: each person is a case of their own; how many come back",
)


# S19: Manchester's clocks across both changes of the clock

MANCHESTER = "manchester-lllb"
CHANGES = (date(2024, 3, 31), date(2024, 10, 27))


async def manchester(stage: Stage) -> Played:
    """People in a crisis at any hour of the three days around each change."""
    moments: list[datetime] = []
    for change in CHANGES:
        first = change - timedelta(days=1)
        moments += arrivals(stage.place.random, 600 * stage.rate, first, first + timedelta(days=2), always=True)
    stage.run(stage.crew(MANCHESTER, 4), Ways(kinds=(1, 2), late=0.15), moments)
    return await stage.live(50)


def clocks(played: Played, unit: Unit) -> list[tuple[ClockRule, Clock]]:
    rules = [rule for rule in played.programmes[MANCHESTER].programme.clocks if rule.target.unit is unit]
    return [
        (r, held) for case in played.cases[MANCHESTER] for r in rules for held in clocks_of(case, [r], played.until)
    ]


def exact(played: Played) -> bool:
    """Hours are hours that have passed, whatever the clock on the wall did meanwhile."""
    return all(
        held.due_at - held.started_at == timedelta(hours=rule.target.n) for rule, held in clocks(played, Unit.HOUR)
    )


def by_the_wall(played: Played) -> int:
    """Of how many a clock that reads the wall would have been an hour out."""
    out = 0
    for rule, held in clocks(played, Unit.HOUR):
        wall = held.started_at.astimezone(LONDON).replace(tzinfo=None) + timedelta(hours=rule.target.n)
        out += wall != held.due_at.astimezone(LONDON).replace(tzinfo=None)
    return out


def ends_with_its_day(played: Played) -> bool:
    """Six weeks end with the last instant of the London day that they lead to."""
    return all(
        held.due_at == end_of_day(london_day(held.started_at) + timedelta(weeks=rule.target.n))
        for rule, held in clocks(played, Unit.WEEK)
    )


def in_time(code: str) -> Line:
    papers = {"crisis-assessment": "100 % within an hour [S4]", "assessment": "100 % within 24 hours [S4]"}
    return Line(
        f"{code}, in time",
        papers.get(code, "up to six weeks [S4]"),
        lambda p: kept(p.cases[MANCHESTER], rule(p, code), p.until),
    )


def rule(played: Played, code: str) -> ClockRule:
    return next(each for each in played.programmes[MANCHESTER].programme.clocks if each.code == code)


S19 = Scenario(
    "S19",
    "Manchester: an hour, a day and six weeks across the changes of the clock",
    (MANCHESTER,),
    manchester,
    (
        Line("people", "not said", lambda p: len(p.cases[MANCHESTER])),
        in_time("crisis-assessment"),
        in_time("assessment"),
        in_time("max-support"),
        Line("hours are exact", "30 March and 26 October (10-hazards §6)", lambda p: len(clocks(p, Unit.HOUR)), exact),
        Line(
            "of which a wall clock would be an hour out",
            "some (control)",
            by_the_wall,
            lambda p: by_the_wall(p) > 0,
        ),
        Line("six weeks end with their day", "likewise", lambda p: len(clocks(p, Unit.WEEK)), ends_with_its_day),
    ),
)


# S17: Home First in Somerset

SOMERSET = "somerset-home-first"


async def somerset(stage: Stage) -> Played:
    weeks = stage.weeks(26, 8)
    stage.run(stage.crew(SOMERSET, 3), Ways(kinds=(1, 2)), stage.poisson(30, weeks))
    return await stage.live(weeks)


def at_home_first(played: Played) -> tuple[int, int]:
    """Of those assessed, who was at home with support before anybody assessed them."""
    first, all_ = 0, 0
    for case in played.cases[SOMERSET]:
        talked = case.milestones.conversation_at
        home = next((held.at for held in case.reached if held.milestone == "home"), None)
        if talked is not None:
            all_ += 1
            first += home is not None and home < talked
    return first, all_


S17 = Scenario(
    "S17",
    "Somerset: at home with support first, then one assessment",
    (SOMERSET,),
    somerset,
    (
        Line("people", "not said", lambda p: len(p.cases[SOMERSET])),
        Line(
            "at home before they were assessed",
            "support first [S4]",
            lambda p: per_cent(*at_home_first(p)),
            lambda p: at_home_first(p)[0] == at_home_first(p)[1] > 0,
        ),
        Line(
            "from ready to home within a day",
            "twice as likely as before [S4]",
            lambda p: kept(p.cases[SOMERSET], p.programmes[SOMERSET].programme.clocks[0], p.until),
        ),
    ),
    lacks="how it was before: nothing here is compared with another year",
)
