"""The Meeting stream: several agencies sit over an agenda of cases and agree who does what by when.

Read in the order of a meeting's life: `planning`, `invitations`, `drafting`, `adding`, `editing`, `session`,
`attendance`, `floor`, `deciding`, `instant`; before them `listing` and `items` (what an agenda is made
of), `state`, `rules` and `places`.
Which cases an agenda holds is decided in `catch.domain.agenda`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from catch.domain.given import Given
from catch.domain.meeting import (
    adding,
    attendance,
    deciding,
    drafting,
    editing,
    floor,
    instant,
    invitations,
    planning,
    session,
)
from catch.domain.meeting.adding import AddingCommand, AddingEvent
from catch.domain.meeting.attendance import AttendanceCommand, AttendanceEvent
from catch.domain.meeting.deciding import DecidingCommand, DecidingEvent
from catch.domain.meeting.drafting import DraftingCommand, DraftingEvent
from catch.domain.meeting.editing import EditingCommand, EditingEvent
from catch.domain.meeting.floor import FloorCommand, FloorEvent
from catch.domain.meeting.instant import InstantDiscussionHeld, RecordInstantDiscussion
from catch.domain.meeting.invitations import InvitationCommand, InvitationEvent
from catch.domain.meeting.planning import MeetingPlanned, PlanMeeting, PlanningCommand, PlanningEvent
from catch.domain.meeting.session import SessionCommand, SessionEvent
from catch.domain.meeting.state import Meeting
from catch.domain.refusals import UnknownMeeting

MeetingEvent = (
    PlanningEvent
    | InvitationEvent
    | DraftingEvent
    | AddingEvent
    | EditingEvent
    | SessionEvent
    | AttendanceEvent
    | FloorEvent
    | DecidingEvent
    | InstantDiscussionHeld
)
MeetingCommand = (
    PlanningCommand
    | InvitationCommand
    | DraftingCommand
    | AddingCommand
    | EditingCommand
    | SessionCommand
    | AttendanceCommand
    | FloorCommand
    | DecidingCommand
    | RecordInstantDiscussion
)


def evolve(meeting: Meeting | None, event: MeetingEvent) -> Meeting:
    if meeting is None and not isinstance(event, MeetingPlanned | InstantDiscussionHeld):
        raise ValueError(f"a meeting does not begin with {type(event).__name__}")
    return _evolve_of(type(event))(meeting, event)


@cache  # as for cases: asked once for every kind of fact, not for every fact
def _evolve_of(kind: type[MeetingEvent]) -> Callable[[Any, Any], Meeting]:
    if issubclass(kind, PlanningEvent):
        return planning.evolve
    if issubclass(kind, InvitationEvent):
        return invitations.evolve
    if issubclass(kind, DraftingEvent):
        return drafting.evolve
    if issubclass(kind, AddingEvent):
        return adding.evolve
    if issubclass(kind, EditingEvent):
        return editing.evolve
    if issubclass(kind, SessionEvent):
        return session.evolve
    if issubclass(kind, AttendanceEvent):
        return attendance.evolve
    if issubclass(kind, FloorEvent):
        return floor.evolve
    if issubclass(kind, DecidingEvent):
        return deciding.evolve
    _: type[InstantDiscussionHeld] = kind
    return lambda _, event: instant.held_at_once(event)


def decide(meeting: Meeting | None, command: MeetingCommand, given: Given) -> list[MeetingEvent]:
    """The facts that answer the command, none where they hold already; or a refusal."""
    if isinstance(command, PlanMeeting):
        return [*planning.plan(meeting, command, given)]
    if isinstance(command, RecordInstantDiscussion):
        return [*instant.discuss_at_once(meeting, command, given)]
    if meeting is None:
        raise UnknownMeeting(meeting=command.meeting)
    if isinstance(command, FloorCommand):
        return [*floor.decide(meeting, command, given)]
    if isinstance(command, DecidingCommand):
        return [*deciding.decide(meeting, command, given)]
    if isinstance(command, AttendanceCommand):
        return [*attendance.decide(meeting, command, given)]
    if isinstance(command, AddingCommand):
        return [*adding.decide(meeting, command, given)]
    if isinstance(command, EditingCommand):
        return [*editing.decide(meeting, command, given)]
    if isinstance(command, DraftingCommand):
        return [*drafting.decide(meeting, command, given)]
    if isinstance(command, SessionCommand):
        return [*session.decide(meeting, command, given)]
    if isinstance(command, InvitationCommand):
        return [*invitations.decide(meeting, command, given)]
    return [*planning.decide(meeting, command, given)]
