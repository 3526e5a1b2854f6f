"""Starting, interrupting and ending a meeting, and its minutes.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Role, Sealed
from catch.domain.given import Given, not_before
from catch.domain.meeting.attendance import AttendanceEvent, AttendeeJoined, ConfidentialityAccepted, left
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.rules import NotInProgress, in_progress, live, series_of
from catch.domain.meeting.state import Interruption, Meeting, MeetingState
from catch.domain.plain import Label, UserId
from catch.domain.refusals import Refused
from catch.domain.subject import Subject


class MeetingStarted(Fact, frozen=True):
    started_at: datetime
    chair: UserId
    confidentiality_statement: Label
    charter: Label
    quorum: int


class MeetingAdjourned(Fact, frozen=True):
    adjourned_at: datetime
    reason: Sealed | None = None


class MeetingResumed(Fact, frozen=True):
    resumed_at: datetime


class MeetingEnded(Fact, frozen=True):
    ended_at: datetime


class MinutesConfirmed(Fact, frozen=True):
    confirmed_at: datetime
    confirmed_by: UserId
    at_meeting: UUID | None = None


class ChairHandedOver(Fact, frozen=True):
    before: UserId
    to: UserId
    handed_over_at: datetime


SessionEvent = MeetingStarted | MeetingAdjourned | MeetingResumed | MeetingEnded | MinutesConfirmed | ChairHandedOver


def evolve(meeting: Meeting, event: SessionEvent, at: datetime) -> Meeting:
    match event:
        case MeetingStarted():
            return started(meeting, event)
        case MeetingAdjourned(adjourned_at=adjourned_at, reason=reason):
            pauses = (*meeting.interruptions, Interruption(adjourned_at, reason))
            return replace(meeting, state=MeetingState.ADJOURNED, interruptions=pauses)
        case MeetingResumed(resumed_at=resumed_at):
            pauses = (*meeting.interruptions[:-1], *(replace(i, until=resumed_at) for i in meeting.interruptions[-1:]))
            return replace(meeting, state=MeetingState.IN_PROGRESS, interruptions=pauses)
        case MeetingEnded(ended_at=ended_at):
            # Nobody has to record that the room emptied, and no attendance is left open in the minutes.
            return replace(everybody_left(meeting, ended_at), state=MeetingState.ENDED, ended_at=ended_at)
        case MinutesConfirmed():
            return replace(
                meeting,
                state=MeetingState.MINUTES_CONFIRMED,
                confirmed_at=event.confirmed_at,
                confirmed_by=event.confirmed_by,
                confirmed_at_meeting=event.at_meeting,
            )
        case ChairHandedOver(to=to):
            return replace(meeting, chair=to)
        case _:
            assert_never(event)


def started(meeting: Meeting, event: MeetingStarted) -> Meeting:
    return replace(
        meeting,
        state=MeetingState.IN_PROGRESS,
        started_at=event.started_at,
        chair=event.chair,
        confidentiality_statement=event.confidentiality_statement,
        charter=event.charter,
        quorum=event.quorum,
    )


def everybody_left(meeting: Meeting, ended_at: datetime) -> Meeting:
    return replace(meeting, attendance=tuple(left(held, ended_at) for held in meeting.attendance))


class StartMeeting(Command, frozen=True):
    """Begin a published meeting. The chair must be there; whoever starts it in the chair's role takes the chair."""

    meeting: UUID


class AdjournMeeting(Command, frozen=True):
    """Interrupt the meeting."""

    meeting: UUID
    reason: Sealed | None = None
    LEAVES = Leaves((MeetingAdjourned,))


class ResumeMeeting(Command, frozen=True):
    """Go on after an interruption."""

    meeting: UUID


class EndMeeting(Command, frozen=True):
    """End the meeting. Every item must have been discussed, noted, deferred or removed."""

    meeting: UUID


class ConfirmMinutes(Command, frozen=True):
    """Confirm the minutes, at the next meeting or by the chair. Later changes are corrections."""

    meeting: UUID
    at_meeting: UUID | None = None
    LEAVES = Leaves((MinutesConfirmed,))


class HandOverChair(Command, frozen=True):
    """Give the chair to somebody in the room: where you are kept out of a case, or have to leave."""

    meeting: UUID
    to_user: UserId


SessionCommand = StartMeeting | AdjournMeeting | ResumeMeeting | EndMeeting | ConfirmMinutes | HandOverChair


class ChairNotPresent(Refused):
    """The meeting cannot start without its chair, or somebody who takes the chair. Let the chair join it first, or
    somebody who is appointed to stand in start it.
    """


class CannotTakeTheChair(Refused):
    """The chair can only be given to somebody who is in the room and has accepted confidentiality. Choose somebody
    who has, or let them do so first.
    """


class ItemStillOpen(Refused):
    """An item is still open. Close it, or defer it."""


class ItemsUnresolved(Refused):
    """Every item must have been discussed, noted, deferred or removed before the meeting ends. The details name
    those that are left.
    """


class NotEnded(Refused):
    """The meeting has not ended, so there are no minutes to confirm. End it first: `endMeeting`."""


def decide(meeting: Meeting, command: SessionCommand, given: Given) -> list[SessionEvent | AttendanceEvent]:
    match command:
        case StartMeeting():
            return [*start(meeting, given)]
        case AdjournMeeting(reason=reason):
            return [*adjourn(meeting, reason, given)]
        case ResumeMeeting():
            return [*resume(meeting, given)]
        case EndMeeting():
            return [*end(meeting, given)]
        case ConfirmMinutes(at_meeting=at_meeting):
            return [*confirm(meeting, at_meeting, given)]
        case HandOverChair(to_user=user):
            return [*hand_over(meeting, user, given)]
        case _:
            assert_never(command)


def start(meeting: Meeting, given: Given) -> list[SessionEvent | AttendanceEvent]:
    if meeting.state in (MeetingState.IN_PROGRESS, MeetingState.ADJOURNED):
        return []
    live(meeting)
    series = series_of(meeting.programme, meeting.series, given)
    facts: list[SessionEvent | AttendanceEvent] = []
    chair = meeting.attendee(meeting.chair)
    taker = meeting.chair
    # A deputy who starts while the planned chair is there leaves the chair to them.
    if chair is None or not chair.present or given.by.user == meeting.chair:
        taker = given.by.user
        if taker != meeting.chair and given.by.role not in (Role.CHAIR, Role.DEPUTY):
            raise ChairNotPresent(chair=meeting.chair)
        facts += seated(meeting, given, series.confidentiality_statement)
    begun = MeetingStarted(given.at, taker, series.confidentiality_statement, series.charter, series.quorum)
    return [*facts, begun]


def adjourn(meeting: Meeting, reason: Sealed | None, given: Given) -> list[SessionEvent]:
    if meeting.state is MeetingState.ADJOURNED:
        return []
    in_progress(meeting)
    return [MeetingAdjourned(given.at, reason)]


def resume(meeting: Meeting, given: Given) -> list[SessionEvent]:
    if meeting.state is MeetingState.IN_PROGRESS:
        return []
    if meeting.state is not MeetingState.ADJOURNED:
        raise NotInProgress(state=meeting.state)
    return [MeetingResumed(given.at)]


def confirm(meeting: Meeting, at_meeting: UUID | None, given: Given) -> list[SessionEvent]:
    if meeting.state is MeetingState.MINUTES_CONFIRMED:
        return []
    if meeting.state is not MeetingState.ENDED:
        raise NotEnded(state=meeting.state)
    return [MinutesConfirmed(given.at, given.by.user, at_meeting)]


def seated(meeting: Meeting, given: Given, statement: str) -> list[SessionEvent | AttendanceEvent]:
    """Whoever opens a meeting from the chair is in it, and is bound by the statement that they read out."""
    held = meeting.attendee(given.by.user)
    facts: list[SessionEvent | AttendanceEvent] = []
    if held is None or not held.present:
        facts.append(AttendeeJoined(given.by.user, given.by.agency, given.at))
    if held is None or held.accepted != statement:
        facts.append(ConfidentialityAccepted(given.by.user, given.by.agency, statement))
    return facts


def hand_over(meeting: Meeting, user: str, given: Given) -> list[SessionEvent]:
    if meeting.chair == user:
        return []
    live(meeting)
    held = meeting.attendee(user)
    # The meeting must be able to go on at once: an item is heard by nobody who has not accepted confidentiality.
    if held is None or not held.present or held.accepted is None:
        raise CannotTakeTheChair(user=user)
    return [ChairHandedOver(meeting.chair, user, given.at)]


def end(meeting: Meeting, given: Given) -> list[SessionEvent | AttendanceEvent]:
    if meeting.state in (MeetingState.ENDED, MeetingState.MINUTES_CONFIRMED):
        return []
    # A meeting that was interrupted need not be resumed to be ended.
    if meeting.state is not MeetingState.ADJOURNED:
        in_progress(meeting)
    if meeting.open_item is not None:
        raise ItemStillOpen(item=meeting.open_item.item)
    # No case is lost silently: an item that was not reached is put off by somebody, with a reason.
    left_over = [held.item for held in meeting.items if held.state is ItemState.PENDING]
    if left_over:
        raise ItemsUnresolved(items=", ".join(map(str, left_over)))
    not_before(given, *(held.stays[-1].joined_at for held in meeting.attendance if held.present))
    return [MeetingEnded(given.at)]


SUBJECT = Subject(SessionEvent, SessionCommand, decide=decide, evolve=evolve)
