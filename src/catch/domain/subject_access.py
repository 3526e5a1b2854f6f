"""That somebody asked what is kept of the person: by when it has to be answered, and what became of it (articles 12 and
15 of the UK GDPR).

Whoever it is that asks, in whatever words and at whichever door, the month runs from the day on which it was received.
Reasons are codes, as they are of erasures: why somebody was refused has to be readable when all else of them is gone.

Read downwards: what happened, where that leaves us, what may be asked, what can be refused, what we answer.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from catch.domain.calendar import add_months, is_working_day, london_day
from catch.domain.facts import Command, Fact, Leaves, Part
from catch.domain.given import Given, not_before, within
from catch.domain.parts import otherwise
from catch.domain.plain import Key, UserId
from catch.domain.refusals import Refused

MONTHS, MONTHS_EXTENDED = 1, 3
OLDEST = timedelta(days=366)
"""A request that was received earlier than that is more likely a slip of the pen than one that nobody wrote down."""


class AskedBy(StrEnum):
    """Who asks what is kept of the person."""

    PERSON = "person"
    ATTORNEY = "attorney"
    REPRESENTATIVE = "representative"


class ExtensionReason(StrEnum):
    """Why it takes longer: the law knows these two alone."""

    COMPLEX = "complex"
    SEVERAL_REQUESTS = "several-requests"


class RefusalReason(StrEnum):
    """Why it is not given."""

    IDENTITY_NOT_SHOWN = "identity-not-shown"
    MANIFESTLY_UNFOUNDED = "manifestly-unfounded"
    EXCESSIVE = "excessive"
    ALL_EXEMPT = "all-exempt"
    NO_LONGER_WANTED = "no-longer-wanted"


# What happened


class SubjectAccessRequested(Fact, frozen=True):
    """Somebody asked what is kept of the person. `due`: the last day on which it can be given in time."""

    request: UUID
    asked_by: AskedBy
    received_on: date
    due: date
    user: UserId
    agency: Key


class SubjectAccessExtended(Fact, frozen=True):
    """It takes until `due`, and whoever asked was told so, and why, on `told_on`."""

    request: UUID
    reason: ExtensionReason
    told_on: date
    due: date


class SubjectAccessGiven(Fact, frozen=True):
    """What is kept of the person was given to whoever asked."""

    request: UUID
    given_on: date


class SubjectAccessRefused(Fact, frozen=True):
    """It was not given, and whoever asked was told why, and where to complain, on `told_on`."""

    request: UUID
    reason: RefusalReason
    told_on: date


SubjectAccessEvent = SubjectAccessRequested | SubjectAccessExtended | SubjectAccessGiven | SubjectAccessRefused


# Where that leaves us


class AccessState(StrEnum):
    """What became of a request."""

    WAITING = "waiting"
    GIVEN = "given"
    REFUSED = "refused"


class AccessRequest(Part, frozen=True, omit_defaults=True):
    """What was asked, and what became of it. `first_due` is a month from when it was received, `due` what holds;
    `ended_on` the day on which it was given, or refused.
    """

    request: UUID
    asked_by: AskedBy
    received_on: date
    first_due: date
    due: date
    user: str
    agency: str
    at: datetime
    state: AccessState = AccessState.WAITING
    extended: ExtensionReason | None = None
    told_on: date | None = None
    refused: RefusalReason | None = None
    ended_on: date | None = None

    @property
    def open(self) -> bool:
        return self.state is AccessState.WAITING

    def late(self, today: date) -> bool:
        """Not answered in time: by now, or when it was."""
        return (self.ended_on or today) > self.due


Requests = tuple[AccessRequest, ...]


def evolve(held: Requests, event: SubjectAccessEvent, at: datetime) -> Requests:
    match event:
        case SubjectAccessRequested(request, asked_by, received_on, due, user, agency):
            return (*held, AccessRequest(request, asked_by, received_on, due, due, user, agency, at))
        case SubjectAccessExtended(request, reason, told_on, due):
            return _with(held, request, extended=reason, told_on=told_on, due=due)
        case SubjectAccessGiven(request, given_on):
            return _with(held, request, state=AccessState.GIVEN, ended_on=given_on)
        case SubjectAccessRefused(request, reason, told_on):
            return _with(held, request, state=AccessState.REFUSED, refused=reason, ended_on=told_on)
        case _:
            assert_never(event)


def _with(held: Requests, request: UUID, **changes: object) -> Requests:
    return otherwise(held, lambda each: each.request == request, **changes)


def found_in(held: Iterable[AccessRequest], request: UUID) -> AccessRequest | None:
    return next((each for each in held if each.request == request), None)


def due_after(received_on: date, months: int) -> date:
    """The same day so many months later, or the month's last; the next working day where that is none (Information
    Commissioner's Office, "Right of access", on time limits).
    """
    day = add_months(received_on, months)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


# What may be asked


class RequestSubjectAccess(Command, frozen=True):
    """Record that somebody asked what is kept of the person, and on which day that was received. It is answered within
    a month of it.
    """

    person: UUID
    request: UUID
    asked_by: AskedBy
    received_on: date
    LEAVES = Leaves((SubjectAccessRequested,), "request")


class ExtendSubjectAccess(Command, frozen=True):
    """Record that it takes up to two months more, why, and when you told whoever asked so: within the first month."""

    person: UUID
    request: UUID
    reason: ExtensionReason
    told_on: date
    LEAVES = Leaves((SubjectAccessExtended,), about=("request",))


class GiveSubjectAccess(Command, frozen=True):
    """Record on which day what is kept of the person was given to whoever asked."""

    person: UUID
    request: UUID
    given_on: date
    LEAVES = Leaves((SubjectAccessGiven,), about=("request",))


class RefuseSubjectAccess(Command, frozen=True):
    """Record that it is not given, why, and when you told whoever asked, and where they can complain."""

    person: UUID
    request: UUID
    reason: RefusalReason
    told_on: date
    LEAVES = Leaves((SubjectAccessRefused,), about=("request",))


SubjectAccessCommand = RequestSubjectAccess | ExtendSubjectAccess | GiveSubjectAccess | RefuseSubjectAccess


# What can be refused


class UnknownAccessRequest(Refused):
    """Nobody has asked for this of the person. Check the id."""

    not_there = True


class AccessRequestOver(Refused):
    """This was answered already. Where somebody asks again, record that as a request of its own."""


# What we answer


def decide(held: Requests, command: SubjectAccessCommand, given: Given) -> list[SubjectAccessEvent]:
    today = london_day(given.at)
    if isinstance(command, RequestSubjectAccess):
        return [] if found_in(held, command.request) else [_received(command, today, given)]
    asked = found_in(held, command.request)
    if asked is None:
        raise UnknownAccessRequest(request=command.request)
    # What is said otherwise of what holds already is told what differs (`LEAVES`).
    match command:
        case ExtendSubjectAccess(_, request, reason, told_on):
            if asked.extended is not None:
                return []
            _open(asked, given)
            # Whoever hears of it after the month was not told in time, and the month has passed.
            within(told_on, asked.received_on, min(today, asked.first_due), field="told_on")
            due = due_after(asked.received_on, MONTHS_EXTENDED)
            return [SubjectAccessExtended(request, reason, told_on, due)]
        case GiveSubjectAccess(_, request, given_on):
            if asked.state is AccessState.GIVEN:
                return []
            _open(asked, given)
            within(given_on, asked.received_on, today, field="given_on")
            return [SubjectAccessGiven(request, given_on)]
        case RefuseSubjectAccess(_, request, reason, told_on):
            if asked.state is AccessState.REFUSED:
                return []
            _open(asked, given)
            within(told_on, asked.received_on, today, field="told_on")
            return [SubjectAccessRefused(request, reason, told_on)]
        case _:
            assert_never(command)


def _received(command: RequestSubjectAccess, today: date, given: Given) -> SubjectAccessRequested:
    within(command.received_on, today - OLDEST, today, field="received_on")
    due = due_after(command.received_on, MONTHS)
    return SubjectAccessRequested(
        command.request, command.asked_by, command.received_on, due, given.by.user, given.by.agency
    )


def _open(asked: AccessRequest, given: Given) -> None:
    if not asked.open:
        raise AccessRequestOver(request=asked.request)
    not_before(given, asked.at)
