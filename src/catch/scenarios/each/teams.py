"""Scenarios of several teams, each with its own meeting: Bexley, Leeds, Croydon."""

from collections.abc import Iterable
from statistics import mean

from msgspec.structs import replace

from catch.domain.meeting.items import Item
from catch.domain.meeting.listing import DraftedItem, Section
from catch.domain.meeting.state import Meeting
from catch.domain.programme.configuration import Programme
from catch.scenarios.life import Ways
from catch.scenarios.reading import discussed, displaced, meetings
from catch.scenarios.scenario import Line, Played, Scenario, Stage, teams


def talked_over(meeting: Meeting) -> list[DraftedItem]:
    """What the rules drafted for discussion."""
    drafted = meeting.draft.items if meeting.draft else ()
    return [item for item in drafted if item.section is not Section.NOTING]


def full(held: Iterable[Meeting]) -> list[Meeting]:
    """Meetings with something on them."""
    return [meeting for meeting in held if talked_over(meeting)]


def sizes(played: Played) -> str:
    found = [len(talked_over(meeting)) for meeting in full(meetings(played))]
    return f"{min(found)} to {max(found)}, {mean(found):.1f} on average"


def within(played: Played, most: int) -> bool:
    """No more than so many, but for what must be heard."""
    return all(len(items) <= most or all(item.must for item in items) for items in map(talked_over, meetings(played)))


# S07: Bexley

BEXLEY = "bexley-icm"


async def bexley(stage: Stage) -> Played:
    weeks = stage.weeks(52, 26)

    def three(programme: Programme) -> Programme:
        return teams(programme, 3)

    running = stage.run(stage.crew(BEXLEY, 2 / stage.rate, 8, three), Ways(), stage.poisson(4, weeks))
    stage.meet(running, weeks)
    return await stage.live(weeks)


def mixed(played: Played) -> str:
    new = [mean(item.section is Section.NEW for item in talked_over(meeting)) for meeting in full(meetings(played))]
    return f"{mean(new):.0%} new, {1 - mean(new):.0%} existing"


S07 = Scenario(
    "S07",
    "Bexley: three teams, a meeting a month, eight to twelve cases",
    (BEXLEY,),
    bexley,
    (
        Line("teams", "3 [S4]", lambda p: len({meeting.series for meeting in meetings(p)})),
        Line("cases a meeting", "8 to 12 [S4]", sizes, lambda p: within(p, 12)),
        Line("of them", "a mix of existing and new [S4]", mixed),
        Line(
            "displaced most often",
            "at most twice",
            lambda p: displaced(meetings(p)),
            lambda p: displaced(meetings(p)) <= 2,
        ),
    ),
)


# S09: neighbourhood teams in Leeds

LEEDS = "leeds-neighbourhood-teams"
TEAMS = 12


async def leeds(stage: Stage) -> Played:
    """Half a year; a smaller one has fewer teams."""
    weeks, many = 26, max(2, round(TEAMS * stage.scale))

    def fewer(programme: Programme) -> Programme:
        return teams(programme, many)

    running = stage.run(stage.crew(LEEDS, 2 / stage.rate, 8, fewer), Ways(), stage.exactly(1.9 * many, weeks - 3))
    stage.meet(running, weeks)
    return await stage.live(weeks)


def talks(played: Played) -> str:
    each = len(discussed(meetings(played))) / max(1, len(full(meetings(played))))
    return f"{len(discussed(meetings(played)))}: {each:.1f} a team a month"


S09 = Scenario(
    "S09",
    "Leeds: half a year of discussions in twelve teams",
    (LEEDS,),
    leeds,
    (
        Line("teams", "12, then 13 [S4]", lambda p: len({meeting.series for meeting in meetings(p)})),
        Line("discussions", "861 from May to October: some 11 to 12 a team a month [S4]", talks),
        Line("cases a meeting", "11 to 12", sizes, lambda p: within(p, 14)),
    ),
    lacks="boundaries that are drawn anew, by lists of general practices, over cases of the past",
)


# S11: huddles in Croydon

CROYDON = "croydon-icn"
NETWORKS = 6


async def croydon(stage: Stage) -> Played:
    weeks, many = stage.weeks(52, 8), max(2, round(NETWORKS * stage.scale))

    def huddles(programme: Programme) -> Programme:
        short = tuple(replace(each, duration_minutes=30) for each in programme.meetings)
        return teams(replace(programme, meetings=short), many)

    running = stage.run(
        stage.crew(CROYDON, 1 / stage.rate, 8, huddles), Ways(kinds=(1, 2)), stage.exactly(1.5 * many, weeks)
    )
    stage.meet(running, weeks)
    return await stage.live(weeks)


def minutes(items: Iterable[Item | DraftedItem]) -> int:
    return sum(item.minutes for item in items)


def over(played: Played) -> int:
    """Agendas beyond their twenty minutes that hold anything but musts."""
    return sum(
        minutes(items) > 20 and not all(item.must for item in items) for items in map(talked_over, meetings(played))
    )


S11 = Scenario(
    "S11",
    "Croydon: a huddle of half an hour a week in each of six networks",
    (CROYDON,),
    croydon,
    (
        Line("networks", "6 [S4]", lambda p: len({meeting.series for meeting in meetings(p)})),
        Line(
            "minutes of an agenda",
            "30 to 45 a week [S4], 10 of them to begin and to end",
            lambda p: f"{mean(minutes(talked_over(m)) for m in full(meetings(p))):.0f} on average",
        ),
        Line("agendas over their time, but for musts", "none", over, lambda p: over(p) == 0),
        Line(
            "displaced most often",
            "at most twice",
            lambda p: displaced(meetings(p)),
            lambda p: displaced(meetings(p)) <= 2,
        ),
    ),
)
