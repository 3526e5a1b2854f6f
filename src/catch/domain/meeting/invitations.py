"""Who is asked to come, to what, and when they can be there.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.meeting.rules import NotOnTheAgenda, in_agreement, not_over, zoned
from catch.domain.meeting.state import Availability, Invitation, Meeting
from catch.domain.naming import check_acts_for
from catch.domain.plain import Few, Key, UserId
from catch.domain.refusals import Refused
from catch.domain.subject import Subject


class MemberInvited(Fact, frozen=True):
    agency: Key
    user: UserId | None = None
    items: tuple[UUID, ...] = ()


class InvitationWithdrawn(Fact, frozen=True):
    agency: Key
    user: UserId | None = None
    reason: Sealed | None = None


class AvailabilityDeclared(Fact, frozen=True):
    agency: Key
    available_from: datetime
    available_until: datetime


InvitationEvent = MemberInvited | InvitationWithdrawn | AvailabilityDeclared


def evolve(meeting: Meeting, event: InvitationEvent, at: datetime) -> Meeting:
    match event:
        case MemberInvited(agency=agency, user=user, items=items):
            # Whoever is asked again is no longer kept away by what was taken back.
            again = tuple(held for held in meeting.withdrawn if (held.agency, held.user) != (agency, user))
            invited = (*others(meeting, agency, user), Invitation(agency, user, items))
            return replace(meeting, invitations=invited, withdrawn=again)
        case InvitationWithdrawn(agency=agency, user=user, reason=reason):
            gone = (*meeting.withdrawn, Invitation(agency, user, reason=reason))
            return replace(meeting, invitations=others(meeting, agency, user), withdrawn=gone)
        case AvailabilityDeclared(agency=agency, available_from=start, available_until=end):
            kept = tuple(held for held in meeting.availability if held.agency != agency)
            return replace(meeting, availability=(*kept, Availability(agency, start, end)))
        case _:
            assert_never(event)


def others(meeting: Meeting, agency: str, user: str | None) -> tuple[Invitation, ...]:
    return tuple(held for held in meeting.invitations if (held.agency, held.user) != (agency, user))


class InviteMember(Command, frozen=True):
    """Ask an agency, or one user of it, to come: to the whole meeting, or as a guest for the named items only."""

    meeting: UUID
    agency: Key
    user: UserId | None = None
    items: Few[UUID] = ()


class WithdrawInvitation(Command, frozen=True):
    """Take an invitation back."""

    meeting: UUID
    agency: Key
    user: UserId | None = None
    reason: Sealed | None = None
    LEAVES = Leaves((InvitationWithdrawn,), about=("agency", "user"))


class SetAvailability(Command, frozen=True):
    """Say during which part of the meeting an agency can be there. A later answer replaces an earlier one."""

    meeting: UUID
    agency: Key
    available_from: datetime
    available_until: datetime


InvitationCommand = InviteMember | WithdrawInvitation | SetAvailability


class OutsideTheMeeting(Refused):
    """This time does not lie within the meeting. Choose one between those in the details."""


def decide(meeting: Meeting, command: InvitationCommand, given: Given) -> list[InvitationEvent]:
    match command:
        case InviteMember():
            return invite(meeting, command, given)
        case WithdrawInvitation(agency=agency, user=user, reason=reason):
            not_over(meeting)
            return (
                []
                if others(meeting, agency, user) == meeting.invitations
                else [InvitationWithdrawn(agency, user, reason)]
            )
        case SetAvailability(agency=agency, available_from=start, available_until=end):
            return set_availability(meeting, Availability(agency, start, end))
        case _:
            assert_never(command)


def invite(meeting: Meeting, command: InviteMember, given: Given) -> list[InvitationEvent]:
    not_over(meeting)
    in_agreement(meeting.programme, command.agency, given)
    for item in command.items:
        if meeting.item(item) is None:
            raise NotOnTheAgenda(item=item)
    wanted = Invitation(command.agency, command.user, command.items)
    # Before anybody is looked up: a repetition records nothing even where the user has been suspended meanwhile.
    if wanted in meeting.invitations:
        return []
    check_acts_for(command.agency, command.user, meeting.programme, given)
    return [MemberInvited(command.agency, command.user, command.items)]


def set_availability(meeting: Meeting, wanted: Availability) -> list[InvitationEvent]:
    zoned(available_from=wanted.available_from, available_until=wanted.available_until)
    not_over(meeting)
    if not meeting.spans(wanted):
        raise OutsideTheMeeting(starts_at=meeting.starts_at.isoformat(), ends_at=meeting.ends_at.isoformat())
    if wanted in meeting.availability:
        return []
    return [AvailabilityDeclared(wanted.agency, wanted.available_from, wanted.available_until)]


SUBJECT = Subject(InvitationEvent, InvitationCommand, decide=decide, evolve=evolve)
