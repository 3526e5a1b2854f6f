"""Who is in the room: starting, coming and going, apologies, confidentiality, interests, and the end.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Role, Sealed
from catch.domain.given import Given
from catch.domain.meeting.planning import (
    NotInvited,
    in_agreement,
    not_over,
    series_of,
)
from catch.domain.meeting.preparing import live, on_agenda
from catch.domain.meeting.state import (
    Attendee,
    Interest,
    InterestAction,
    ItemState,
    Meeting,
    MeetingState,
    Stay,
)
from catch.domain.refusals import Refused


class MeetingStarted(Fact, frozen=True):
    started_at: datetime
    chair: str
    confidentiality_statement: str
    charter: str
    quorum: int


class AttendeeJoined(Fact, frozen=True):
    user: str
    agency: str
    joined_at: datetime


class AttendeeLeft(Fact, frozen=True):
    user: str
    agency: str
    left_at: datetime


class ApologyReceived(Fact, frozen=True):
    user: str
    agency: str
    note: Sealed | None = None


class ConfidentialityAccepted(Fact, frozen=True):
    user: str
    agency: str
    statement: str


class InterestDeclared(Fact, frozen=True):
    item: UUID
    user: str
    agency: str
    action: InterestAction
    note: Sealed | None = None


class InterestResolved(Fact, frozen=True):
    item: UUID
    user: str
    agency: str
    reason: Sealed


class MeetingAdjourned(Fact, frozen=True):
    adjourned_at: datetime
    reason: Sealed | None = None


class MeetingResumed(Fact, frozen=True):
    resumed_at: datetime


class MeetingEnded(Fact, frozen=True):
    ended_at: datetime


class MinutesConfirmed(Fact, frozen=True):
    confirmed_at: datetime
    confirmed_by: str
    at_meeting: UUID | None = None


RoomEvent = (
    MeetingStarted
    | AttendeeJoined
    | AttendeeLeft
    | ApologyReceived
    | ConfidentialityAccepted
    | InterestDeclared
    | InterestResolved
    | MeetingAdjourned
    | MeetingResumed
    | MeetingEnded
    | MinutesConfirmed
)


def evolve_room(meeting: Meeting, event: RoomEvent) -> Meeting:
    match event:
        case MeetingStarted():
            return started(meeting, event)
        case AttendeeJoined() | AttendeeLeft() | ApologyReceived() | ConfidentialityAccepted():
            return attended(meeting, event)
        case InterestDeclared(item=item, user=user, agency=agency, action=action):
            kept = uninterested(meeting, item, user)
            return replace(meeting, interests=(*kept, Interest(item, user, agency, action)))
        case InterestResolved(item=item, user=user):
            return replace(meeting, interests=uninterested(meeting, item, user))
        case MeetingAdjourned():
            return replace(meeting, state=MeetingState.ADJOURNED)
        case MeetingResumed():
            return replace(meeting, state=MeetingState.IN_PROGRESS)
        case MeetingEnded(ended_at=ended_at):
            return replace(everybody_left(meeting, ended_at), state=MeetingState.ENDED, ended_at=ended_at)
        case MinutesConfirmed(confirmed_at=at, confirmed_by=by):
            return replace(meeting, state=MeetingState.MINUTES_CONFIRMED, confirmed_at=at, confirmed_by=by)
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


def attended(
    meeting: Meeting, event: AttendeeJoined | AttendeeLeft | ApologyReceived | ConfidentialityAccepted
) -> Meeting:
    held = meeting.attendee(event.user) or Attendee(event.user, event.agency)
    match event:
        case AttendeeJoined(agency=agency, joined_at=joined_at):
            now = replace(held, agency=agency, apology=False, stays=(*held.stays, Stay(joined_at)))
        case AttendeeLeft(left_at=left_at):
            now = left(held, left_at)
        case ApologyReceived():
            now = replace(held, apology=True)
        case ConfidentialityAccepted(statement=statement):
            now = replace(held, accepted=statement)
        case _:
            assert_never(event)
    return replace(meeting, attendance=(*(a for a in meeting.attendance if a.user != event.user), now))


def left(attendee: Attendee, left_at: datetime) -> Attendee:
    if not attendee.present:
        return attendee
    *earlier, last = attendee.stays
    return replace(attendee, stays=(*earlier, replace(last, left_at=left_at)))


def everybody_left(meeting: Meeting, ended_at: datetime) -> Meeting:
    return replace(meeting, attendance=tuple(left(held, ended_at) for held in meeting.attendance))


def uninterested(meeting: Meeting, item: UUID, user: str) -> tuple[Interest, ...]:
    return tuple(held for held in meeting.interests if (held.item, held.user) != (item, user))


class StartMeeting(Command, frozen=True):
    """Begin a published meeting. The chair must be there; whoever starts it in the chair's role takes the chair."""

    meeting: UUID


class JoinMeeting(Command, frozen=True):
    """Record that somebody has come in."""

    meeting: UUID
    user: str
    agency: str


class LeaveMeeting(Command, frozen=True):
    """Record that somebody has left."""

    meeting: UUID
    user: str


class SendApology(Command, frozen=True):
    """Say that somebody cannot come."""

    meeting: UUID
    user: str
    agency: str
    note: Sealed | None = None


class AcceptConfidentiality(Command, frozen=True):
    """Accept the meeting's confidentiality statement. Nobody hears an item before."""

    meeting: UUID
    user: str
    statement: str | None = None


class DeclareInterest(Command, frozen=True):
    """Say that somebody has an interest in an item. They are kept out of it from this moment."""

    meeting: UUID
    item: UUID
    user: str
    agency: str
    action: InterestAction = InterestAction.RECUSED
    note: Sealed | None = None


class ResolveInterest(Command, frozen=True):
    """Say why an interest no longer stands. The member may take part in the item again."""

    meeting: UUID
    item: UUID
    user: str
    reason: Sealed


class AdjournMeeting(Command, frozen=True):
    """Interrupt the meeting."""

    meeting: UUID
    reason: Sealed | None = None


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


RoomCommand = (
    StartMeeting
    | JoinMeeting
    | LeaveMeeting
    | SendApology
    | AcceptConfidentiality
    | DeclareInterest
    | ResolveInterest
    | AdjournMeeting
    | ResumeMeeting
    | EndMeeting
    | ConfirmMinutes
)


class ChairNotPresent(Refused):
    """The meeting cannot start without its chair, or somebody who takes the chair."""


class NotInTheRoom(Refused):
    """This user is not in the meeting."""


class WrongStatement(Refused):
    """This is not the confidentiality statement in force for this meeting."""


class NoInterestDeclared(Refused):
    """This user has declared no interest in this item."""


class NotInProgress(Refused):
    """The meeting is not in progress."""


class ItemStillOpen(Refused):
    """An item is still open. Close it, or defer it."""


class ItemsUnresolved(Refused):
    """Every item must have been discussed, noted, deferred or removed before the meeting ends."""


class NotEnded(Refused):
    """The meeting has not ended, so there are no minutes to confirm."""


def decide_room(meeting: Meeting, command: RoomCommand, given: Given) -> list[RoomEvent]:
    match command:
        case StartMeeting():
            return start(meeting, given)
        case JoinMeeting():
            return join(meeting, command, given)
        case LeaveMeeting() | SendApology() | AcceptConfidentiality():
            return attend(meeting, command, given)
        case DeclareInterest() | ResolveInterest():
            return interest(meeting, command)
        case _:
            return run(meeting, command, given)


def in_progress(meeting: Meeting) -> None:
    if meeting.state is not MeetingState.IN_PROGRESS:
        raise NotInProgress(state=meeting.state)


def start(meeting: Meeting, given: Given) -> list[RoomEvent]:
    if meeting.state in (MeetingState.IN_PROGRESS, MeetingState.ADJOURNED):
        return []
    live(meeting)
    series = series_of(meeting.programme, meeting.series, given)
    facts: list[RoomEvent] = []
    chair = meeting.attendee(meeting.chair)
    taker = meeting.chair
    if chair is None or not chair.present or given.by.user == meeting.chair:
        taker = given.by.user
        if taker != meeting.chair and given.by.role is not Role.CHAIR:
            raise ChairNotPresent(chair=meeting.chair)
        facts += seated(meeting, given, series.confidentiality_statement)
    begun = MeetingStarted(given.at, taker, series.confidentiality_statement, series.charter, series.quorum)
    return [*facts, begun]


def seated(meeting: Meeting, given: Given, statement: str) -> list[RoomEvent]:
    """Whoever opens a meeting from the chair is in it, and is bound by the statement that they read out."""
    held = meeting.attendee(given.by.user)
    facts: list[RoomEvent] = []
    if held is None or not held.present:
        facts.append(AttendeeJoined(given.by.user, given.by.agency, given.at))
    if held is None or held.accepted != statement:
        facts.append(ConfidentialityAccepted(given.by.user, given.by.agency, statement))
    return facts


def join(meeting: Meeting, command: JoinMeeting, given: Given) -> list[RoomEvent]:
    live(meeting)
    held = meeting.attendee(command.user)
    if held is not None and held.present:
        return []
    admit(meeting, command, given)
    return [AttendeeJoined(command.user, command.agency, given.at)]


def admit(meeting: Meeting, command: JoinMeeting, given: Given) -> None:
    """The chair, the coordinator who runs the meeting, core members' agencies and invited ones come in."""
    if command.user == meeting.chair:
        return
    if command.user == given.by.user and given.by.role in (Role.CHAIR, Role.COORDINATOR):
        return
    in_agreement(meeting.programme, command.agency, given)
    invited = any(i.agency == command.agency and i.user in (None, command.user) for i in meeting.invitations)
    core = {member.kind for member in series_of(meeting.programme, meeting.series, given).core_members}
    if not invited and given.partners[command.agency].kind not in core:
        raise NotInvited(user=command.user, agency=command.agency)


def attend(
    meeting: Meeting, command: LeaveMeeting | SendApology | AcceptConfidentiality, given: Given
) -> list[RoomEvent]:
    not_over(meeting)
    held = meeting.attendee(command.user)
    match command:
        case LeaveMeeting(user=user):
            if held is None or not held.stays:
                raise NotInTheRoom(user=user)
            return [AttendeeLeft(user, held.agency, given.at)] if held.present else []
        case SendApology(user=user, agency=agency, note=note):
            return [] if held is not None and held.apology else [ApologyReceived(user, agency, note)]
        case AcceptConfidentiality(user=user, statement=statement):
            in_force = series_of(meeting.programme, meeting.series, given).confidentiality_statement
            if held is None or not held.present:
                raise NotInTheRoom(user=user)
            if statement not in (None, in_force):
                raise WrongStatement(in_force=in_force)
            return [] if held.accepted == in_force else [ConfidentialityAccepted(user, held.agency, in_force)]
        case _:
            assert_never(command)


def interest(meeting: Meeting, command: DeclareInterest | ResolveInterest) -> list[RoomEvent]:
    not_over(meeting)
    on_agenda(meeting, command.item)
    held = next((i for i in meeting.interests if (i.item, i.user) == (command.item, command.user)), None)
    match command:
        case DeclareInterest(item=item, user=user, agency=agency, action=action, note=note):
            if held is not None and held.action is action:
                return []
            return [InterestDeclared(item, user, agency, action, note)]
        case ResolveInterest(item=item, user=user, reason=reason):
            if held is None:
                raise NoInterestDeclared(item=item, user=user)
            return [InterestResolved(item, user, held.agency, reason)]
        case _:
            assert_never(command)


def run(
    meeting: Meeting, command: AdjournMeeting | ResumeMeeting | EndMeeting | ConfirmMinutes, given: Given
) -> list[RoomEvent]:
    match command:
        case AdjournMeeting(reason=reason):
            if meeting.state is MeetingState.ADJOURNED:
                return []
            in_progress(meeting)
            return [MeetingAdjourned(given.at, reason)]
        case ResumeMeeting():
            if meeting.state is MeetingState.IN_PROGRESS:
                return []
            if meeting.state is not MeetingState.ADJOURNED:
                raise NotInProgress(state=meeting.state)
            return [MeetingResumed(given.at)]
        case EndMeeting():
            return end(meeting, given)
        case ConfirmMinutes(at_meeting=at_meeting):
            if meeting.state is MeetingState.MINUTES_CONFIRMED:
                return []
            if meeting.state is not MeetingState.ENDED:
                raise NotEnded(state=meeting.state)
            return [MinutesConfirmed(given.at, given.by.user, at_meeting)]
        case _:
            assert_never(command)


def end(meeting: Meeting, given: Given) -> list[RoomEvent]:
    if meeting.state in (MeetingState.ENDED, MeetingState.MINUTES_CONFIRMED):
        return []
    if meeting.state is not MeetingState.ADJOURNED:
        in_progress(meeting)
    if meeting.open_item is not None:
        raise ItemStillOpen(item=meeting.open_item.item)
    left_over = [held.item for held in meeting.items if held.state is ItemState.PENDING]
    if left_over:
        raise ItemsUnresolved(items=", ".join(map(str, left_over)))
    return [MeetingEnded(given.at)]
