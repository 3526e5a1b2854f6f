"""Ageing Well: four hundred referrals a month in sixteen teams, everybody discussed, a quarter reviewed at length."""

from datetime import timedelta

from catch.domain.case.state import Case
from catch.domain.meeting.listing import Section
from catch.domain.programme.configuration import Programme
from catch.scenarios.life import Ways
from catch.scenarios.reading import displaced, in_section, meetings, noted, per_cent
from catch.scenarios.scenario import Line, Played, Scenario, Stage, teams

PROGRAMME = "ageing-well"
EXTENDED = "extended-gp-review"
TEAMS = 16
A_WEEK = 400 * 12 / 52 / TEAMS
WAYS = Ways(kinds=(1, 2), reaches={EXTENDED: 0.25}, stay=(14, 260, 60), goals=1)
"""Short help for most, three to six months one to one for some, longer for a few."""


async def year(stage: Stage) -> Played:
    """A smaller one has fewer teams, each with as many people as at full size."""
    weeks, many = stage.weeks(52, 7), max(2, round(TEAMS * stage.scale))

    def fewer(programme: Programme) -> Programme:
        return teams(programme, many)

    running = stage.run(stage.crew(PROGRAMME, 1 / stage.rate, 10, fewer), WAYS, stage.exactly(A_WEEK * many, weeks))
    stage.meet(running, weeks, pulled=0.02)
    return await stage.live(weeks)


def ready(played: Played) -> list[Case]:
    """Those whose conversation was long enough before the end for a meeting to have come, over Christmas too."""
    since = played.until - timedelta(days=28)
    talked = ((case, case.milestones.conversation_at) for case in played.cases[PROGRAMME])
    return [case for case, at in talked if at and at < since]


def months_of_teams(played: Played) -> float:
    return len(meetings(played)) * 7 / 30.4


def heard(played: Played) -> int:
    return sum(case.milestones.discussed_at is not None for case in ready(played))


def extended(played: Played) -> int:
    return sum(any(each.milestone == EXTENDED for each in case.reached) for case in ready(played))


S03 = Scenario(
    "S03",
    "Ageing Well: everybody is discussed",
    (PROGRAMME,),
    year,
    (
        Line(
            "referrals a team a month",
            "400 a month in 16 teams: 25 [S0]",
            lambda p: f"{len(p.cases[PROGRAMME]) / months_of_teams(p):.0f}",
        ),
        Line(
            "discussed, of those who could be",
            "all [S0]",
            lambda p: f"{heard(p)} of {len(ready(p))}",
            lambda p: 0 < heard(p) == len(ready(p)),
        ),
        Line("reviewed at length by a GP", "about 100 of 400 a month [S0]", lambda p: per_cent(extended(p), heard(p))),
        Line("meetings", "one a week each", lambda p: len(meetings(p))),
        Line("noted without discussion", "not said", lambda p: noted(meetings(p))),
        Line("pulled out of noting", "not said", lambda p: sum(i.pulled for m in meetings(p) for i in m.items)),
        Line(
            "displaced most often",
            "nobody: all are musts",
            lambda p: displaced(meetings(p)),
            lambda p: displaced(meetings(p)) <= 2,
        ),
        Line("reviews heard", "not said", lambda p: in_section(meetings(p), Section.REVIEW)),
    ),
)
