"""The Meeting stream: several agencies sit over an agenda of cases and agree who does what by when.

Read in the order of a meeting's life: `listing` (what an agenda is made of), `state`, `planning`, `preparing`,
`room`, `floor`. Here their halves come together. Which cases an agenda holds is decided in `catch.domain.agenda`.
"""

from catch.domain.given import Given
from catch.domain.meeting.floor import (
    FloorCommand,
    FloorEvent,
    InstantDiscussionHeld,
    RecordInstantDiscussion,
    decide_floor,
    discuss_at_once,
    evolve_floor,
    held_at_once,
)
from catch.domain.meeting.planning import (
    MeetingPlanned,
    PlanMeeting,
    PlanningCommand,
    PlanningEvent,
    decide_planning,
    evolve_planning,
    plan,
    planned,
)
from catch.domain.meeting.preparing import PreparingCommand, PreparingEvent, decide_preparing, evolve_preparing
from catch.domain.meeting.room import RoomCommand, RoomEvent, decide_room, evolve_room
from catch.domain.meeting.state import Meeting
from catch.domain.refusals import UnknownMeeting

MeetingEvent = PlanningEvent | PreparingEvent | RoomEvent | FloorEvent
MeetingCommand = PlanningCommand | PreparingCommand | RoomCommand | FloorCommand


def evolve(meeting: Meeting | None, event: MeetingEvent) -> Meeting:
    if meeting is None:
        return begin(event)
    if isinstance(event, PlanningEvent):
        return evolve_planning(meeting, event)
    if isinstance(event, PreparingEvent):
        return evolve_preparing(meeting, event)
    if isinstance(event, RoomEvent):
        return evolve_room(meeting, event)
    return evolve_floor(meeting, event)


def begin(event: MeetingEvent) -> Meeting:
    if isinstance(event, MeetingPlanned):
        return planned(event)
    if isinstance(event, InstantDiscussionHeld):
        return held_at_once(event)
    raise ValueError(f"a meeting does not begin with {type(event).__name__}")


def decide(meeting: Meeting | None, command: MeetingCommand, given: Given) -> list[MeetingEvent]:
    """The facts that the command leads to; none when they hold already. Raises a `Refused`."""
    if isinstance(command, PlanMeeting):
        return [*plan(meeting, command, given)]
    if isinstance(command, RecordInstantDiscussion):
        return [*discuss_at_once(meeting, command, given)]
    if meeting is None:
        raise UnknownMeeting(meeting=command.meeting)
    if isinstance(command, PlanningCommand):
        return [*decide_planning(meeting, command, given)]
    if isinstance(command, PreparingCommand):
        return [*decide_preparing(meeting, command, given)]
    if isinstance(command, RoomCommand):
        return [*decide_room(meeting, command, given)]
    return [*decide_floor(meeting, command, given)]


__all__ = ["Meeting", "MeetingCommand", "MeetingEvent", "decide", "evolve"]
