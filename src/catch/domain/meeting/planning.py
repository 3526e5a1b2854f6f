"""Calling a meeting: when, how, who is asked to come and when they can be there.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.configuration import Series
from catch.domain.facts import Category, Command, Fact, Sealed
from catch.domain.given import Given
from catch.domain.meeting.state import BEFORE_START, NOT_OVER, Availability, Invitation, Meeting, MeetingState, Mode
from catch.domain.refusals import IdAlreadyUsed, MissingText, OutOfRange, Refused, UnknownPartner, UnknownProgramme


class MeetingPlanned(Fact, frozen=True):
    meeting: UUID
    programme: str
    series: str
    starts_at: datetime
    duration_minutes: int
    mode: Mode
    chair: str


class MeetingRescheduled(Fact, frozen=True):
    starts_at: datetime
    duration_minutes: int
    previous_start: datetime
    reason: Sealed


class MeetingCancelled(Fact, frozen=True):
    cancelled_at: datetime
    reason: Sealed


class MemberInvited(Fact, frozen=True):
    agency: str
    user: str | None = None
    items: tuple[UUID, ...] = ()


class InvitationWithdrawn(Fact, frozen=True):
    agency: str
    user: str | None = None
    reason: Sealed | None = None


class AvailabilityDeclared(Fact, frozen=True):
    agency: str
    available_from: datetime
    available_until: datetime


PlanningEvent = (
    MeetingPlanned | MeetingRescheduled | MeetingCancelled | MemberInvited | InvitationWithdrawn | AvailabilityDeclared
)


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


def evolve_planning(meeting: Meeting, event: PlanningEvent) -> Meeting:
    match event:
        case MeetingPlanned():
            return planned(event)
        case MeetingRescheduled(starts_at=starts_at, duration_minutes=minutes):
            moved = replace(meeting, starts_at=starts_at, duration_minutes=minutes)
            fitting = tuple(held for held in meeting.availability if within(moved, held))
            return replace(moved, availability=fitting)
        case MeetingCancelled():
            return replace(meeting, state=MeetingState.CANCELLED)
        case MemberInvited(agency=agency, user=user, items=items):
            return replace(meeting, invitations=(*others(meeting, agency, user), Invitation(agency, user, items)))
        case InvitationWithdrawn(agency=agency, user=user):
            return replace(meeting, invitations=others(meeting, agency, user))
        case AvailabilityDeclared(agency=agency, available_from=start, available_until=end):
            kept = tuple(held for held in meeting.availability if held.agency != agency)
            return replace(meeting, availability=(*kept, Availability(agency, start, end)))
        case _:
            assert_never(event)


def others(meeting: Meeting, agency: str, user: str | None) -> tuple[Invitation, ...]:
    return tuple(held for held in meeting.invitations if (held.agency, held.user) != (agency, user))


def within(meeting: Meeting, held: Availability) -> bool:
    return meeting.starts_at <= held.available_from < held.available_until <= meeting.ends_at


class PlanMeeting(Command, frozen=True):
    """Plan a meeting of a series. Without a duration it lasts as long as the series says."""

    meeting: UUID
    programme: str
    series: str
    starts_at: datetime
    chair: str
    duration_minutes: int | None = None
    mode: Mode = Mode.HYBRID


class RescheduleMeeting(Command, frozen=True):
    """Move a meeting that has not begun to another time. Its agenda moves with it."""

    meeting: UUID
    starts_at: datetime
    reason: Sealed
    duration_minutes: int | None = None


class CancelMeeting(Command, frozen=True):
    """Call off a meeting that has not begun. Everything on its agenda is carried to the next one."""

    meeting: UUID
    reason: Sealed


class InviteMember(Command, frozen=True):
    """Ask an agency, or one user of it, to come: to the whole meeting, or as a guest for the named items only."""

    meeting: UUID
    agency: str
    user: str | None = None
    items: tuple[UUID, ...] = ()


class WithdrawInvitation(Command, frozen=True):
    """Take an invitation back."""

    meeting: UUID
    agency: str
    user: str | None = None
    reason: Sealed | None = None


class SetAvailability(Command, frozen=True):
    """Say during which part of the meeting an agency can be there. A later answer replaces an earlier one."""

    meeting: UUID
    agency: str
    available_from: datetime
    available_until: datetime


PlanningCommand = PlanMeeting | RescheduleMeeting | CancelMeeting | InviteMember | WithdrawInvitation | SetAvailability


class UnknownSeries(Refused):
    """The programme has no meeting series under this key."""


class MeetingHasBegun(Refused):
    """The meeting has begun or is over, so it can no longer be moved or called off."""


class MeetingIsOver(Refused):
    """The meeting is over or was called off."""


class TimeWithoutZone(Refused):
    """This time must say its offset from UTC."""


class PartnerHasNoAgreement(Refused):
    """The partner has no information sharing agreement in force for this programme."""


class NotInvited(Refused):
    """This agency or user is not invited to the meeting."""


class OutsideTheMeeting(Refused):
    """This time does not lie within the meeting."""


class NotOnTheAgenda(Refused):
    """There is no such item on this agenda."""


def series_of(programme: str, key: str, given: Given) -> Series:
    """The series as the programme configures it."""
    if given.programme is None or given.programme.key != programme:
        raise UnknownProgramme(programme=programme)
    series = given.programme.series(key)
    if series is None:
        raise UnknownSeries(series=key)
    return series


def zoned(**times: datetime) -> None:
    for name, time in times.items():
        if time.tzinfo is None:
            raise TimeWithoutZone(field=name)


def needs_text(**texts: Sealed | None) -> None:
    for name, text in texts.items():
        if not text:
            raise MissingText(field=name)


def not_over(meeting: Meeting) -> None:
    if meeting.state not in NOT_OVER:
        raise MeetingIsOver(state=meeting.state)


def before_start(meeting: Meeting) -> None:
    if meeting.state not in BEFORE_START:
        raise MeetingHasBegun(state=meeting.state)


def in_agreement(programme: str, agency: str, given: Given) -> None:
    partner = given.partners.get(agency)
    if partner is None:
        raise UnknownPartner(agency=agency)
    if not any(partner.covers(programme, frozenset({category}), given.at) for category in Category):
        raise PartnerHasNoAgreement(agency=agency)


def lasting(minutes: int) -> int:
    if not 0 < minutes <= 24 * 60:
        raise OutOfRange(field="duration_minutes", least=1, most=24 * 60)
    return minutes


def plan(meeting: Meeting | None, command: PlanMeeting, given: Given) -> list[PlanningEvent]:
    zoned(starts_at=command.starts_at)
    series = series_of(command.programme, command.series, given)
    minutes = lasting(series.duration_minutes if command.duration_minutes is None else command.duration_minutes)
    event = MeetingPlanned(
        command.meeting, command.programme, command.series, command.starts_at, minutes, command.mode, command.chair
    )
    if meeting is None:
        return [event]
    if (meeting.programme, meeting.series, meeting.instant) != (command.programme, command.series, False):
        raise IdAlreadyUsed(meeting=command.meeting)
    return []


def decide_planning(meeting: Meeting, command: PlanningCommand, given: Given) -> list[PlanningEvent]:
    match command:
        case PlanMeeting():
            return plan(meeting, command, given)
        case RescheduleMeeting():
            return reschedule(meeting, command)
        case CancelMeeting(reason=reason):
            if meeting.state is MeetingState.CANCELLED:
                return []
            before_start(meeting)
            needs_text(reason=reason)
            return [MeetingCancelled(given.at, reason)]
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


def reschedule(meeting: Meeting, command: RescheduleMeeting) -> list[PlanningEvent]:
    zoned(starts_at=command.starts_at)
    before_start(meeting)
    needs_text(reason=command.reason)
    minutes = lasting(meeting.duration_minutes if command.duration_minutes is None else command.duration_minutes)
    if (command.starts_at, minutes) == (meeting.starts_at, meeting.duration_minutes):
        return []
    return [MeetingRescheduled(command.starts_at, minutes, meeting.starts_at, command.reason)]


def invite(meeting: Meeting, command: InviteMember, given: Given) -> list[PlanningEvent]:
    not_over(meeting)
    in_agreement(meeting.programme, command.agency, given)
    for item in command.items:
        if meeting.item(item) is None:
            raise NotOnTheAgenda(item=item)
    wanted = Invitation(command.agency, command.user, command.items)
    if wanted in meeting.invitations:
        return []
    return [MemberInvited(command.agency, command.user, command.items)]


def set_availability(meeting: Meeting, wanted: Availability) -> list[PlanningEvent]:
    zoned(available_from=wanted.available_from, available_until=wanted.available_until)
    not_over(meeting)
    if not within(meeting, wanted):
        raise OutsideTheMeeting(starts_at=meeting.starts_at.isoformat(), ends_at=meeting.ends_at.isoformat())
    if wanted in meeting.availability:
        return []
    return [AvailabilityDeclared(wanted.agency, wanted.available_from, wanted.available_until)]
