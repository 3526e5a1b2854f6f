"""Calling a meeting, moving it, calling it off.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.meeting.rules import UnknownSeries as UnknownSeries
from catch.domain.meeting.rules import before_start, lasting, needs_text, series_of, within_reach, zoned
from catch.domain.meeting.state import Cancellation, Meeting, MeetingState, Mode, Move
from catch.domain.plain import Key, MinutesLong, UserId
from catch.domain.refusals import Refused
from catch.domain.subject import Subject


class MeetingPlanned(Fact, frozen=True):
    meeting: UUID
    programme: Key
    series: Key
    starts_at: datetime
    duration_minutes: int
    mode: Mode
    chair: UserId


class MeetingRescheduled(Fact, frozen=True):
    starts_at: datetime
    duration_minutes: int
    previous_start: datetime
    reason: Sealed


class MeetingCancelled(Fact, frozen=True):
    cancelled_at: datetime
    reason: Sealed


PlanningEvent = MeetingPlanned | MeetingRescheduled | MeetingCancelled


FAR = timedelta(days=14)
"""A meeting that is moved further is another occasion: its agenda is published again before anybody sees it."""


def withdrawn(meeting: Meeting) -> Meeting:
    published = meeting.state is MeetingState.AGENDA_PUBLISHED
    state = MeetingState.AGENDA_DRAFTED if published else meeting.state
    return replace(meeting, state=state, published_at=None, moved_far=meeting.draft is not None or bool(meeting.items))


def planned(event: MeetingPlanned) -> Meeting:
    return Meeting(
        event.meeting,
        event.programme,
        event.series,
        event.starts_at,
        event.duration_minutes,
        event.mode,
        event.chair,
    )


def evolve(meeting: Meeting, event: PlanningEvent, at: datetime) -> Meeting:
    match event:
        case MeetingPlanned():
            return planned(event)
        case MeetingRescheduled(starts_at=starts_at, duration_minutes=minutes):
            stood = meeting.moved_from or event.previous_start
            move = Move(at, event.previous_start, starts_at, minutes, event.reason)
            moved = replace(
                meeting,
                starts_at=starts_at,
                duration_minutes=minutes,
                moved_from=stood,
                moves=(*meeting.moves, move),
            )
            # Counted from where it stood when it was published: many small moves are a far one.
            if abs(starts_at - stood) > FAR:
                moved = withdrawn(moved)
            # What a partner said of the old time says nothing of the new one, unless it still lies within the meeting.
            fitting = tuple(held for held in meeting.availability if moved.spans(held))
            return replace(moved, availability=fitting)
        case MeetingCancelled(cancelled_at=cancelled_at, reason=reason):
            called_off = Cancellation(cancelled_at, reason)
            return replace(meeting, state=MeetingState.CANCELLED, cancelled_at=cancelled_at, cancellation=called_off)
        case _:
            assert_never(event)


class PlanMeeting(Command, frozen=True):
    """Plan a meeting of a series. Without a duration it lasts as long as the series says."""

    meeting: UUID
    programme: Key
    series: Key
    starts_at: datetime
    chair: UserId
    duration_minutes: MinutesLong | None = None
    mode: Mode = Mode.HYBRID
    LEAVES = Leaves((MeetingPlanned,), "meeting", filled=("duration_minutes",))


class RescheduleMeeting(Command, frozen=True):
    """Move a meeting that has not begun to another time. Its agenda moves with it."""

    meeting: UUID
    starts_at: datetime
    reason: Sealed
    duration_minutes: MinutesLong | None = None
    LEAVES = Leaves((MeetingRescheduled,), about=("starts_at",), filled=("duration_minutes",))


class CancelMeeting(Command, frozen=True):
    """Call off a meeting that has not begun. Everything on its agenda is carried to the next one."""

    meeting: UUID
    reason: Sealed
    LEAVES = Leaves((MeetingCancelled,))


PlanningCommand = PlanMeeting | RescheduleMeeting | CancelMeeting


class NotAppointed(Refused):
    """Whoever is named as chair is not appointed to this series, or not on that day. Ask the appointing officer."""


def check_chair(command: PlanMeeting, appointed: Collection[str]) -> None:
    """`appointed`: the users who may chair the series on the day of the meeting, or stand in for its chair."""
    if command.chair not in appointed:
        raise NotAppointed(field="chair", series=command.series, day=london_day(command.starts_at))


def plan(meeting: Meeting | None, command: PlanMeeting, given: Given) -> list[PlanningEvent]:
    zoned(starts_at=command.starts_at)
    series = series_of(command.programme, command.series, given)
    minutes = lasting(series.duration_minutes if command.duration_minutes is None else command.duration_minutes)
    event = MeetingPlanned(
        command.meeting, command.programme, command.series, command.starts_at, minutes, command.mode, command.chair
    )
    # Only a new meeting: the same command sent a year later is a repetition, not a date too far ahead.
    if meeting is not None:
        return []
    within_reach(command.starts_at, given)
    return [event]


def decide(meeting: Meeting, command: PlanningCommand, given: Given) -> list[PlanningEvent]:
    match command:
        case PlanMeeting():
            return plan(meeting, command, given)
        case RescheduleMeeting():
            return reschedule(meeting, command, given)
        case CancelMeeting(reason=reason):
            if meeting.state is MeetingState.CANCELLED:
                return []
            before_start(meeting)
            needs_text(reason=reason)
            return [MeetingCancelled(given.at, reason)]
        case _:
            assert_never(command)


def reschedule(meeting: Meeting, command: RescheduleMeeting, given: Given) -> list[PlanningEvent]:
    zoned(starts_at=command.starts_at)
    before_start(meeting)
    needs_text(reason=command.reason)
    minutes = lasting(meeting.duration_minutes if command.duration_minutes is None else command.duration_minutes)
    if (command.starts_at, minutes) == (meeting.starts_at, meeting.duration_minutes):
        return []
    within_reach(command.starts_at, given)
    return [MeetingRescheduled(command.starts_at, minutes, meeting.starts_at, command.reason)]


SUBJECT = Subject(PlanningEvent, PlanningCommand, decide=decide, evolve=evolve)
