"""The Meeting stream: several agencies sit over an agenda of cases and agree who does what by when.

Read in the order of a meeting's life: `planning`, `invitations`, `drafting`, `adding`, `editing`, `session`,
`attendance`, `floor`, `speaking`, `deciding`, `instant`, `amending`; before them `listing` and `items` (what an agenda
is made of), `state`, `rules` and `places`.
Which cases an agenda holds is decided in `catch.domain.agenda.draft`.
"""

from datetime import datetime
from typing import get_args

from msgspec.structs import replace

from catch.domain.given import Given, not_before
from catch.domain.meeting import (
    adding,
    amending,
    attendance,
    deciding,
    drafting,
    editing,
    floor,
    instant,
    invitations,
    planning,
    session,
    speaking,
)
from catch.domain.meeting.adding import AddingCommand, AddingEvent
from catch.domain.meeting.amending import AmendMinutes, MinutesAmended
from catch.domain.meeting.attendance import AttendanceCommand, AttendanceEvent
from catch.domain.meeting.deciding import DecidingCommand, DecidingEvent
from catch.domain.meeting.drafting import DraftingCommand, DraftingEvent
from catch.domain.meeting.editing import EditingCommand, EditingEvent
from catch.domain.meeting.floor import FloorCommand, FloorEvent
from catch.domain.meeting.instant import InstantDiscussionHeld, RecordInstantDiscussion
from catch.domain.meeting.invitations import InvitationCommand, InvitationEvent
from catch.domain.meeting.planning import MeetingPlanned, PlanMeeting, PlanningCommand, PlanningEvent
from catch.domain.meeting.session import SessionCommand, SessionEvent
from catch.domain.meeting.speaking import SpeakingCommand, SpeakingEvent
from catch.domain.meeting.state import Meeting
from catch.domain.refusals import UnknownMeeting
from catch.domain.subject import Subjects

MeetingEvent = (
    PlanningEvent
    | InvitationEvent
    | DraftingEvent
    | AddingEvent
    | EditingEvent
    | SessionEvent
    | AttendanceEvent
    | FloorEvent
    | SpeakingEvent
    | DecidingEvent
    | InstantDiscussionHeld
    | MinutesAmended
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
    | SpeakingCommand
    | DecidingCommand
    | RecordInstantDiscussion
    | AmendMinutes
)


# Not a union: one of unions would be made anew, and gone through, with every fact that is folded.
OF_THE_ROOM = frozenset((*get_args(AttendanceEvent), *get_args(SpeakingEvent)))
OF_MEMBERS = AttendanceCommand | SpeakingCommand | invitations.SetAvailability | editing.PullFromNoting
"""Who came and went is often written down afterwards. And whoever comes to some items is not told when something was
last said of the others.
"""

SUBJECTS = Subjects(
    (
        planning.SUBJECT,
        invitations.SUBJECT,
        drafting.SUBJECT,
        adding.SUBJECT,
        editing.SUBJECT,
        session.SUBJECT,
        attendance.SUBJECT,
        floor.SUBJECT,
        speaking.SUBJECT,
        deciding.SUBJECT,
        instant.SUBJECT,
        amending.SUBJECT,
    ),
    MeetingEvent,
    MeetingCommand,
)


def decide(meeting: Meeting | None, command: MeetingCommand, given: Given) -> list[MeetingEvent]:
    """The facts that answer the command, none where they hold already; or a refusal."""
    # These two begin a meeting, so that they alone are decided where there is none yet.
    if isinstance(command, PlanMeeting):
        return [*planning.plan(meeting, command, given)]
    if isinstance(command, RecordInstantDiscussion):
        return [*instant.decide(meeting, command, given)]
    if meeting is None:
        raise UnknownMeeting(meeting=command.meeting)
    if not isinstance(command, OF_MEMBERS):
        not_before(given, meeting.last_at)
    return [*SUBJECTS.decide_of[type(command)](meeting, command, given)]


def evolve(meeting: Meeting | None, event: MeetingEvent, at: datetime) -> Meeting | None:
    """Where the fact leaves the meeting. One that does not begin with its planning stays None, as in a history cut by
    when things occurred.
    """
    if meeting is None and not isinstance(event, MeetingPlanned | InstantDiscussionHeld):
        return None
    after: Meeting = SUBJECTS.evolve_of[type(event)](meeting, event, at)
    if after.hands:
        after = speaking.only_at_the_table(after)
    if type(event) in OF_THE_ROOM:
        return after
    last = after.last_at
    return replace(after, last_at=at if last is None else max(last, at))


__all__ = ["SUBJECTS", "Meeting", "MeetingCommand", "MeetingEvent", "decide", "evolve"]
