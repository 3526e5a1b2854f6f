"""Scenarios without meetings: Spring, the link workers of primary care networks, social prescribing in Leeds."""

from collections.abc import Iterable
from datetime import datetime
from math import sqrt

from catch.domain.case.state import Case
from catch.domain.programme.configuration import ClosureClass
from catch.scenarios.life import Ways
from catch.scenarios.reading import changes, kept, measure_of, middle, per_cent, plan_days
from catch.scenarios.scenario import Line, Played, Scenario, Stage
from catch.statistics.change import SWEMWBS, WEMWBS, PairedChange

# S04: Spring

SPRING = "spring"
LOST = 0.25
STAGES = {"six-months": 180, "twelve-months": 365}


async def spring(stage: Stage) -> Played:
    """All who start within a year, each followed for another: so that a year's measure can be had of all of them."""
    ways = Ways(lost=LOST, gain=(0.33, 0.12), stay=(150, 420, 360))
    starts = stage.just(stage.scaled(1150, 40), 52)
    stage.run(stage.crew(SPRING, 14, 12), ways, starts)
    return await stage.live(52 + 58)


def staying(played: Played, days: int) -> list[Case]:
    """Those who were still in support when the measure was due, and so had been spoken with."""
    talked = (case for case in played.cases[SPRING] if case.milestones.conversation_at)
    return [case for case in talked if (days_of(case, played.until) or 0) > days + 30]


def days_of(case: Case, until: datetime) -> int | None:
    at = case.milestones
    return ((at.closed_at or until) - at.accepted_at).days if at.accepted_at else None


def measured(held: Iterable[Case], stage: str) -> int:
    return sum(measure_of(case, "wemwbs", stage) is not None for case in held)


def gained(played: Played, stage: str) -> PairedChange:
    return changes(played.cases[SPRING], "wemwbs", "start", stage, WEMWBS)


def funnel(played: Played, stage: str) -> str:
    still = staying(played, STAGES[stage])
    return f"{len(played.cases[SPRING])} started, {len(still)} still there, {measured(still, stage)} measured"


def lost(played: Played) -> float:
    still = staying(played, 180)
    return 1 - measured(still, "six-months") / len(still)


def by_chance(played: Played) -> float:
    """How far the share may lie from the one that was drawn by: four standard deviations."""
    return 4 * sqrt(LOST * (1 - LOST) / len(staying(played, 180)))


def told(change: PairedChange) -> str:
    if change.mean is None:
        return "nobody measured twice"
    bounds = f"{change.if_all_worst:.1f} to {change.if_all_best:.1f} whatever the missing"
    return f"{per_cent(change.improvers, change.paired)} of {change.paired}, {change.mean:.1f} points ({bounds})"


S04 = Scenario(
    "S04",
    "Spring: a year's starts, measured at 0, 6 and 12 months",
    (SPRING,),
    spring,
    (
        Line("starts", "1,150 in 2023 [S1]", lambda p: len(p.cases[SPRING])),
        Line("at six months", "a quarter lost (10-hazards §6)", lambda p: funnel(p, "six-months")),
        Line(
            "lost at six months, of those there",
            "25 %",
            lambda p: f"{lost(p):.0%}",
            lambda p: abs(lost(p) - LOST) < by_chance(p),
        ),
        Line("at twelve months", "not said", lambda p: funnel(p, "twelve-months")),
        Line("WEMWBS at six months", "98 % improved, 19.2 points [S1]", lambda p: told(gained(p, "six-months"))),
        Line("WEMWBS at twelve months", "98 %, 22.9 points [S1]", lambda p: told(gained(p, "twelve-months"))),
        Line(
            "of how many their papers speak",
            "not said",
            lambda p: f"{gained(p, 'twelve-months').paired} of {gained(p, 'twelve-months').started} who started",
            lambda p: gained(p, "twelve-months").paired < gained(p, "twelve-months").started,
        ),
    ),
    lacks="the Wellbeing Star's items are licensed: its readings are played, its 5.1 and 8.4 points are not told apart",
)


# S05: link workers of a primary care network

LINK = "pcn-link-worker"


async def link_worker(stage: Stage) -> Played:
    weeks = stage.weeks(52, 20)
    ways = Ways(kinds=(1, 2), stay=(10, 80, 45), goals=1)
    stage.run(stage.crew(LINK, 1), ways, stage.poisson(60 * 12 / 52, weeks))
    return await stage.live(weeks)


def longest(played: Played) -> int:
    return max(plan_days(played.cases[LINK]), default=0)


def a_month(played: Played) -> float:
    received = [case.milestones.received_at for case in played.cases[LINK]]
    return len(received) / max(1, (max(received) - min(received)).days) * 30.4


def supported(played: Played) -> str:
    programme = played.programmes[LINK].programme
    rule = next(each for each in programme.clocks if each.stop == "CaseClosed")
    return kept(played.cases[LINK], rule, played.until)


S05 = Scenario(
    "S05",
    "A link worker: sixty a month, twelve weeks each",
    (LINK,),
    link_worker,
    (
        Line("referrals a month", "about 60 [S0]", lambda p: f"{a_month(p):.0f}"),
        Line("days in support, median", "up to 84 [S0]", lambda p: middle(plan_days(p.cases[LINK]))),
        Line("the longest", "84 [S0]", longest, lambda p: longest(p) <= 84 + 7),
        Line("within twelve weeks", "all", supported),
    ),
    lacks="SNOMED codes written back to the practice's record",
)


# S10: social prescribing in Leeds

LEEDS = "leeds-social-prescribing"
PAIRS = 83
REFERRED = 300


async def leeds(stage: Stage) -> Played:
    endings = {
        ClosureClass.OUTCOME_ACHIEVED: 60,
        ClosureClass.PARTIAL_OUTCOME: 15,
        ClosureClass.COMPETING_NEUTRAL: 8,
        ClosureClass.COMPETING_ADVERSE: 17,
    }
    ways = Ways(engages=0.7, kinds=(1, 2), stay=(20, 100, 80), endings=endings, lost=0.45, gain=(0.14, 0.11))
    stage.run(stage.crew(LEEDS, 4), ways, stage.just(stage.scaled(REFERRED, 30), 20))
    return await stage.live(20 + 32)


def engaged(played: Played) -> int:
    return sum(case.milestones.conversation_at is not None for case in played.cases[LEEDS])


def planned(played: Played) -> PairedChange:
    """Of those who ended as planned, which is whom their figure is about."""
    ended = [
        case
        for case in played.cases[LEEDS]
        if case.endings and case.endings[-1].ending is ClosureClass.OUTCOME_ACHIEVED
    ]
    return changes(ended, "swemwbs", "start", "closure", SWEMWBS)


def everybody(played: Played) -> PairedChange:
    return changes(played.cases[LEEDS], "swemwbs", "start", "closure", SWEMWBS)


def eligible(played: Played) -> str:
    found = planned(played)
    return f"{found.paired} pairs of {found.started} planned endings, of {everybody(played).started} who began"


def improved(change: PairedChange) -> str:
    return f"{change.improvers} of {change.paired} ({per_cent(change.improvers, change.paired)})"


S10 = Scenario(
    "S10",
    "Social prescribing in Leeds: eighty-three pairs, of how many?",
    (LEEDS,),
    leeds,
    (
        Line("engaged", "70 % [S4]", lambda p: per_cent(engaged(p), len(p.cases[LEEDS]))),
        Line("measured twice", "83 with a planned closure [S4]", lambda p: planned(p).paired),
        Line("improved, of those", "73 of 83 (88 %) [S4]", lambda p: improved(planned(p))),
        Line(
            "of how many",
            "not said: our report must say (10-hazards §6)",
            eligible,
            lambda p: 0 < planned(p).paired < everybody(p).started,
        ),
        Line(
            "improved, of all who began",
            "not said",
            lambda p: per_cent(everybody(p).improvers, everybody(p).started),
            lambda p: share(everybody(p), all_of_them=True) < share(planned(p), all_of_them=False),
        ),
    ),
    lacks="what they are asked nine and twelve months after they left: no case waits for anything after its end",
)


def share(change: PairedChange, *, all_of_them: bool) -> float:
    return change.improvers / max(1, change.started if all_of_them else change.paired)
