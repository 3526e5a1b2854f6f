"""What is read off a scenario that was played: figures of its cases, its meetings and what was measured."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import mean, median

from catch.domain.calendar import london_day
from catch.domain.case.clocks import clocks_of
from catch.domain.case.state import Case, Measure
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.listing import Section
from catch.domain.meeting.state import Meeting
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule, ClosureClass, Minutes
from catch.scenarios.scenario import Played
from catch.statistics.change import Measured, PairedChange, Thresholds, paired_change


def cases(played: Played) -> list[Case]:
    return [case for held in played.cases.values() for case in held]


def meetings(played: Played) -> list[Meeting]:
    return [meeting for held in played.meetings.values() for meeting in held]


def items(held: Iterable[Meeting]) -> list[Item]:
    return [item for meeting in held for item in meeting.items if item.case is not None]


def discussed(held: Iterable[Meeting]) -> list[Item]:
    return [item for item in items(held) if item.state is ItemState.DISCUSSED]


def displaced(held: Iterable[Meeting]) -> int:
    """How often the case that was displaced most often was."""
    return max((count for meeting in held for count in counts(meeting)), default=0)


def counts(meeting: Meeting) -> list[int]:
    left = meeting.draft.overflow if meeting.draft else ()
    return [*(item.displacements for item in meeting.items), *(each.displacements for each in left)]


def left_over(meeting: Meeting) -> int:
    """Cases that this meeting had no room for."""
    return len(meeting.draft.overflow) if meeting.draft else 0


def backlog(held: Sequence[Meeting], part: float = 0.25) -> float:
    """How many cases a meeting left waiting, on average of its last part."""
    last = held[-max(1, int(len(held) * part)) :]
    return mean(map(left_over, last)) if last else 0.0


def asked_for(held: Sequence[Meeting], minutes: Minutes) -> float:
    """Of the time that the meetings had, how much their agendas asked for, with what they had no room for."""
    aside = minutes.opening + minutes.gaps
    had = sum(meeting.duration_minutes - aside for meeting in held)
    wanted = sum(
        each.minutes for meeting in held if meeting.draft for each in (*meeting.draft.items, *meeting.draft.overflow)
    )
    return wanted / had if had else 0.0


def wait_to_discussion(held: Iterable[Case]) -> list[int]:
    """Days from the conversation to the first discussion, of those that were discussed."""
    moments = [each.milestones for each in held]
    return [
        (london_day(at.discussed_at) - london_day(at.conversation_at)).days
        for at in moments
        if at.discussed_at and at.conversation_at
    ]


def never_heard(held: Iterable[Case], until: datetime, days: int) -> int:
    """Live cases that have waited longer than so many days for their first discussion."""
    since = until - timedelta(days=days)
    return sum(
        each.live and each.milestones.for_meeting and each.milestones.discussed_at is None
        and each.milestones.conversation_at is not None and each.milestones.conversation_at < since
        for each in held
    )  # fmt: skip


def plan_days(held: Iterable[Case]) -> list[int]:
    """Days from plan to closure, of those that are closed and had one."""
    return [
        (london_day(each.milestones.closed_at) - london_day(each.milestones.plan_agreed_at)).days
        for each in held
        if each.milestones.closed_at and each.milestones.plan_agreed_at
    ]


def kinds_of_help(held: Iterable[Case]) -> list[int]:
    return [len({each.intervention for each in case.actions if each.intervention}) for case in held if case.actions]


def endings(held: Iterable[Case]) -> dict[ClosureClass, int]:
    found = [ending.ending for case in held for ending in case.endings]
    return {each: found.count(each) for each in ClosureClass}


def clock_states(held: Iterable[Case], rule: ClockRule, at: datetime) -> dict[ClockState, int]:
    found = [clock.state for case in held for clock in clocks_of(case, [rule], at)]
    return {each: found.count(each) for each in ClockState}


def measure_of(case: Case, instrument: str, stage: str) -> Measure | None:
    return next((m for m in case.measures if (m.instrument, m.stage) == (instrument, stage) and m.complete), None)


def score(held: Measure | None) -> float | None:
    if held is None:
        return None
    return held.metric_total if held.metric_total is not None else held.raw_total


def changes(held: Iterable[Case], instrument: str, first: str, later: str, thresholds: Thresholds) -> PairedChange:
    """Of everybody with a first score, those without a later one counted as missing."""
    scores = [(score(measure_of(c, instrument, first)), score(measure_of(c, instrument, later))) for c in held]
    return paired_change([Measured(before, after) for before, after in scores if before is not None], thresholds)


def per_cent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def middle(values: Sequence[float]) -> str:
    return f"{median(values):.0f}" if values else "none"


def noted(held: Iterable[Meeting]) -> int:
    return sum(item.state is ItemState.NOTED for item in items(held))


def in_section(held: Iterable[Meeting], section: Section) -> int:
    return sum(item.section is section for item in items(held))


def kept(held: Iterable[Case], rule: ClockRule, at: datetime) -> str:
    """Of those of whom it is known, how many were in time."""
    states = clock_states(held, rule, at)
    met, late = states[ClockState.MET], states[ClockState.MISSED] + states[ClockState.BREACHED]
    return f"{met} of {met + late}"
