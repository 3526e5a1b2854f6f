"""Who is in the room: coming and going, apologies, confidentiality, interests.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Role, Sealed
from catch.domain.given import Given, not_before
from catch.domain.meeting.rules import NotInvited, in_agreement, live, not_over, on_agenda, series_of
from catch.domain.meeting.state import Attendee, Interest, InterestAction, Meeting, Stay
from catch.domain.naming import check_member, check_person
from catch.domain.partner import Partner
from catch.domain.plain import Key, Label, UserId
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

RUNS_IT = (Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.COORDINATOR)
"""As these only whoever the meeting exists for acts at it: see `catch.access`."""


class AttendeeJoined(Fact, frozen=True):
    user: UserId
    agency: Key
    joined_at: datetime


class AttendeeLeft(Fact, frozen=True):
    user: UserId
    agency: Key
    left_at: datetime


class ApologyReceived(Fact, frozen=True):
    user: UserId
    agency: Key
    note: Sealed | None = None


class ConfidentialityAccepted(Fact, frozen=True):
    user: UserId
    agency: Key
    statement: Label


class InterestDeclared(Fact, frozen=True):
    item: UUID
    user: UserId
    agency: Key
    action: InterestAction
    note: Sealed | None = None


class InterestResolved(Fact, frozen=True):
    item: UUID
    user: UserId
    agency: Key
    reason: Sealed


AttendanceEvent = (
    AttendeeJoined | AttendeeLeft | ApologyReceived | ConfidentialityAccepted | InterestDeclared | InterestResolved
)


def evolve(meeting: Meeting, event: AttendanceEvent, at: datetime) -> Meeting:
    match event:
        case AttendeeJoined() | AttendeeLeft() | ApologyReceived() | ConfidentialityAccepted():
            return attended(meeting, event)
        case InterestDeclared(item=item, user=user, agency=agency, action=action, note=note):
            kept, _ = split_interests(meeting, item, user)
            # One interest a user and item: a later declaration replaces the earlier, which may have asked for less.
            return replace(meeting, interests=(*kept, Interest(item, user, agency, action, note)))
        case InterestResolved(item=item, user=user, reason=reason):
            kept, found = split_interests(meeting, item, user)
            settled = [replace(held, resolved_reason=reason) for held in found]
            return replace(meeting, interests=kept, resolved_interests=(*meeting.resolved_interests, *settled))
        case _:
            assert_never(event)


def attended(
    meeting: Meeting, event: AttendeeJoined | AttendeeLeft | ApologyReceived | ConfidentialityAccepted
) -> Meeting:
    held = meeting.attendee(event.user) or Attendee(event.user, event.agency)
    match event:
        case AttendeeJoined(agency=agency, joined_at=joined_at):
            # Whoever comes after all is no longer excused. All comings and goings are kept: the minutes say who came.
            now = replace(held, agency=agency, apology=False, stays=(*held.stays, Stay(joined_at)))
        case AttendeeLeft(left_at=left_at):
            now = left(held, left_at)
        case ApologyReceived(note=note):
            now = replace(held, apology=True, note=note)
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


def split_interests(meeting: Meeting, item: UUID, user: str) -> tuple[tuple[Interest, ...], tuple[Interest, ...]]:
    """Everybody else's interests, and this user's in this item."""
    kept = tuple(held for held in meeting.interests if (held.item, held.user) != (item, user))
    return kept, tuple(held for held in meeting.interests if (held.item, held.user) == (item, user))


class JoinMeeting(Command, frozen=True):
    """Record that somebody has come in."""

    meeting: UUID
    user: UserId
    agency: Key
    LEAVES = Leaves((AttendeeJoined,), about=("user",))


class LeaveMeeting(Command, frozen=True):
    """Record that somebody has left."""

    meeting: UUID
    user: UserId


class SendApology(Command, frozen=True):
    """Say that somebody cannot come."""

    meeting: UUID
    user: UserId
    agency: Key
    note: Sealed | None = None
    LEAVES = Leaves((ApologyReceived,), about=("user",))


class AcceptConfidentiality(Command, frozen=True):
    """Accept the meeting's confidentiality statement, once the agenda is published. Nobody reads an item before."""

    meeting: UUID
    user: UserId
    statement: Label | None = None


class DeclareInterest(Command, frozen=True):
    """Say that somebody has an interest in an item. They are kept out of it from this moment."""

    meeting: UUID
    item: UUID
    user: UserId
    agency: Key
    action: InterestAction = InterestAction.RECUSED
    note: Sealed | None = None
    LEAVES = Leaves((InterestDeclared,), about=("item", "user", "action"))


class ResolveInterest(Command, frozen=True):
    """Say why an interest no longer stands. The member may take part in the item again."""

    meeting: UUID
    item: UUID
    user: UserId
    reason: Sealed
    LEAVES = Leaves((InterestResolved,), about=("item", "user"))


AttendanceCommand = JoinMeeting | LeaveMeeting | SendApology | AcceptConfidentiality | DeclareInterest | ResolveInterest


class NotInTheRoom(Refused):
    """This user is not in the meeting. They join it first: `joinMeeting`."""


class WrongStatement(Refused):
    """This is not the confidentiality statement in force for this meeting. Show the one in the details, and accept
    that.
    """


class NoInterestDeclared(Refused):
    """This user has declared no interest in this item. Look at the item again."""


def decide(meeting: Meeting, command: AttendanceCommand, given: Given) -> list[AttendanceEvent]:
    match command:
        case JoinMeeting():
            return join(meeting, command, given)
        case LeaveMeeting() | SendApology() | AcceptConfidentiality():
            return attend(meeting, command, given)
        case DeclareInterest() | ResolveInterest():
            return interest(meeting, command, given)
        case _:
            assert_never(command)


def expected(meeting: Meeting, user: str, agency: Partner, programme: Programme | None) -> bool:
    """Invited, or of a core member's agency, and not asked to stay away."""
    if any(i.agency == agency.partner and i.user in (None, user) for i in meeting.invitations):
        return True
    series = programme.series(meeting.series) if programme else None
    core = {member.kind for member in series.core_members} if series else set[str]()
    return agency.kind in core and not meeting.uninvited(agency.partner, user)


def join(meeting: Meeting, command: JoinMeeting, given: Given) -> list[AttendanceEvent]:
    live(meeting)
    held = meeting.attendee(command.user)
    if held is not None and held.present:
        return []
    not_before(given, meeting.published_at, *(stay.left_at for stay in (held.stays if held else ())))
    check_person(command.agency, command.user, given)
    admit(meeting, command, given)
    return [AttendeeJoined(command.user, command.agency, given.at)]


def admit(meeting: Meeting, command: JoinMeeting, given: Given) -> None:
    """The chair, whoever runs or prepares the meeting, core members' agencies and invited ones come in."""
    if command.user == meeting.chair:
        return
    # For themselves only: somebody else whom they let in is looked at like anybody.
    if command.user == given.by.user and given.by.role in RUNS_IT:
        return
    in_agreement(meeting.programme, command.agency, given)
    if not expected(meeting, command.user, given.partners[command.agency], given.programme):
        raise NotInvited(user=command.user, agency=command.agency)


def attend(
    meeting: Meeting, command: LeaveMeeting | SendApology | AcceptConfidentiality, given: Given
) -> list[AttendanceEvent]:
    not_over(meeting)
    held = meeting.attendee(command.user)
    match command:
        case LeaveMeeting(user=user):
            if held is None or not held.stays:
                raise NotInTheRoom(user=user)
            if held.present:
                not_before(given, held.stays[-1].joined_at)
            return [AttendeeLeft(user, held.agency, given.at)] if held.present else []
        case SendApology(user=user, agency=agency, note=note):
            if held is not None and held.apology:
                return []
            check_person(agency, user, given)
            return [ApologyReceived(user, agency, note)]
        case AcceptConfidentiality(user=user, statement=statement):
            live(meeting)
            in_force = series_of(meeting.programme, meeting.series, given).confidentiality_statement
            if held is None and user != given.by.user:
                raise NotInTheRoom(user=user)
            if statement not in (None, in_force):
                raise WrongStatement(in_force=in_force)
            agency = held.agency if held else given.by.agency
            accepted = held is not None and held.accepted == in_force
            return [] if accepted else [ConfidentialityAccepted(user, agency, in_force)]
        case _:
            assert_never(command)


def interest(meeting: Meeting, command: DeclareInterest | ResolveInterest, given: Given) -> list[AttendanceEvent]:
    # First: who may not know of an item is answered as if there were none, whether or not the meeting is over.
    on_agenda(meeting, command.item)
    not_over(meeting)
    held = next((i for i in meeting.interests if (i.item, i.user) == (command.item, command.user)), None)
    match command:
        case DeclareInterest(item=item, user=user, agency=agency, action=action, note=note):
            if held is not None and held.action is action:
                return []
            guest = meeting.attendee(user)
            if guest is None or guest.agency != agency:  # whoever is in the room need not be enrolled
                check_member(agency, user, given)
            return [InterestDeclared(item, user, agency, action, note)]
        case ResolveInterest(item=item, user=user, reason=reason):
            if held is not None:
                return [InterestResolved(item, user, held.agency, reason)]
            if any((past.item, past.user) == (item, user) for past in meeting.resolved_interests):
                return []
            raise NoInterestDeclared(item=item, user=user)
        case _:
            assert_never(command)


SUBJECT = Subject(AttendanceEvent, AttendanceCommand, decide=decide, evolve=evolve)
