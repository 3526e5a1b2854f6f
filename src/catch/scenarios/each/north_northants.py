"""Scenarios of Support North Northants: its year, more than it can take, and a partner who leaves in the middle."""

from statistics import mean

from catch.domain.case.state import Case
from catch.domain.meeting.state import MeetingState
from catch.domain.programme.configuration import Minutes, Programme
from catch.scenarios.leaving import TAKEN, leaver
from catch.scenarios.life import Ways
from catch.scenarios.reading import (
    asked_for,
    backlog,
    displaced,
    kinds_of_help,
    middle,
    plan_days,
    wait_to_discussion,
)
from catch.scenarios.scenario import Change, Line, Played, Scenario, Stage, beside

PROGRAMME = "snn-catch"
OTHER = f"{PROGRAMME}-2"
"""The same programme beside itself, otherwise run: the control."""
WAYS = Ways(to_meeting=0.85, stay=(40, 150, 85))
"""85 of a hundred go to the meeting; support lasts some three months."""
EIGHT, SIXTEEN = Minutes(), Minutes(new=16)


def ours(played: Played) -> list[Case]:
    return played.cases[PROGRAMME]


# S01


async def year(stage: Stage) -> Played:
    """Twice, side by side: with eight minutes for a new case, and with sixteen."""
    return await twice(stage, 500, longer)


def longer(programme: Programme) -> Programme:
    return beside(programme, OTHER, minutes=SIXTEEN)


async def twice(stage: Stage, referrals: float, otherwise: Change) -> Played:
    weeks = stage.weeks(52, 10)
    moments = stage.poisson(referrals / 52, weeks)

    def other(programme: Programme) -> Programme:
        return otherwise(stage.shortened(programme))

    for key, change in ((PROGRAMME, stage.shortened), (OTHER, other)):
        stage.meet(stage.run(stage.crew(PROGRAMME, 6, 90, change), WAYS, moments, key), weeks)
    return await stage.live(weeks)


def demand(played: Played, name: str, minutes: Minutes) -> float:
    return asked_for(played.meetings[name], minutes)


S01 = Scenario(
    "S01",
    "A year of Support North Northants",
    (PROGRAMME,),
    year,
    (
        Line("referrals", "500 projected in the year [S0]", lambda p: len(ours(p))),
        Line(
            "of a hundred, to the meeting",
            "85 (10-hazards §6)",
            lambda p: round(100 * mean(case.milestones.for_meeting for case in ours(p))),
        ),
        Line("kinds of help each", "3 to 4 [S0]", lambda p: f"{mean(kinds_of_help(ours(p))):.1f}"),
        Line("days in support, median", "3 months on average [S0]", lambda p: middle(plan_days(ours(p)))),
        Line("days to the first discussion, median", "weekly [S0]", lambda p: middle(wait_to_discussion(ours(p)))),
        Line(
            "asked of meetings' time, 8 minutes a new case",
            "not said",
            lambda p: f"{demand(p, PROGRAMME, EIGHT):.0%}, {backlog(p.meetings[PROGRAMME]):.1f} cases left waiting",
        ),
        Line(
            "the same with 16 minutes",
            "a backlog emerges (10-hazards §6)",
            lambda p: f"{demand(p, OTHER, SIXTEEN):.0%}, {backlog(p.meetings[OTHER]):.1f} cases left waiting",
            lambda p: demand(p, OTHER, SIXTEEN) > max(1, demand(p, PROGRAMME, EIGHT)),
        ),
    ),
)


# S02


async def overload(stage: Stage) -> Played:
    """Twice, side by side: as the rules are, and with nobody's turn ever coming by having waited."""
    return await twice(stage, 700, unfair)


def unfair(programme: Programme) -> Programme:
    return beside(programme, OTHER, max_displacements=99, max_wait_cycles=99)


S02 = Scenario(
    "S02",
    "Support North Northants with more than it can take",
    (PROGRAMME,),
    overload,
    (
        Line("referrals", "700 a year (10-hazards §6)", lambda p: len(ours(p))),
        Line(
            "asked of meetings' time",
            "more than there is",
            lambda p: f"{demand(p, PROGRAMME, EIGHT):.0%}",
            lambda p: demand(p, PROGRAMME, EIGHT) > 1,
        ),
        Line(
            "displaced most often",
            "at most twice (agenda rules 4)",
            lambda p: displaced(p.meetings[PROGRAMME]),
            lambda p: displaced(p.meetings[PROGRAMME]) <= 2,
        ),
        Line(
            "the same without that rule",
            "more often (control)",
            lambda p: displaced(p.meetings[OTHER]),
            lambda p: displaced(p.meetings[OTHER]) > 2,
        ),
    ),
)


# S23


async def leaving(stage: Stage) -> Played:
    """Some weeks of it, smaller; at the last meeting housing's agreement ends while it sits there."""
    weeks = 8
    running = stage.run(stage.crew(PROGRAMME, 6, 20), WAYS, stage.poisson(500 / 52, weeks), PROGRAMME)
    stage.meet(running, weeks, put_off=0.0)
    return await leaver(stage, running, "housing", weeks)


def noted(what: str, papers: str, name: str, *, taken: bool) -> Line:
    return Line(what, papers, lambda p: p.noted[name], lambda p: (p.noted[name] == TAKEN) is taken)


S23 = Scenario(
    "S23",
    "Housing's agreement ends in the middle of a meeting",
    (PROGRAMME,),
    leaving,
    (
        noted("before, a note of housing's", "taken", "before", taken=True),
        noted("after, the same", "refused (hazard 8)", "after", taken=False),
        noted("an action offered to housing", "refused", "offered", taken=False),
        noted("housing comes in again", "refused", "back", taken=False),
        noted("a note of another partner's", "taken (control)", "another", taken=True),
        Line(
            "the meeting",
            "goes on to its end",
            lambda p: p.noted["meeting"],
            lambda p: p.noted["meeting"] == MeetingState.MINUTES_CONFIRMED,
        ),
    ),
    lacks="an agreement that runs out by its date does so at midnight: here it is ended by hand, in the meeting",
)
