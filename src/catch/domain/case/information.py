"""What had to be asked before a referral could be decided, of whom, by when, and what came of it."""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.actions import check_due
from catch.domain.case.rules import CaseNotLive
from catch.domain.case.state import Case, InformationRequest
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.parts import in_order, otherwise
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class InformationRequested(Fact, frozen=True, omit_defaults=True):
    request: UUID
    whom: Sealed
    what: Sealed
    due: date
    of_referrer: bool = False


class InformationReceived(Fact, frozen=True, omit_defaults=True):
    request: UUID
    text: Sealed


InformationEvent = InformationRequested | InformationReceived


# What may be asked


class RequestInformation(Command, frozen=True):
    """Ask somebody for what is needed to decide on the referral, or to go on, and say by when.

    `ofReferrer`: it is asked of whoever referred. Clocks of which the programme says so stand still until the answer.
    """

    case: UUID
    request: UUID
    whom: Sealed
    what: Sealed
    due: date
    of_referrer: bool = False
    LEAVES = Leaves((InformationRequested,), "request")


class ReceiveInformation(Command, frozen=True):
    """Record what was answered."""

    case: UUID
    request: UUID
    text: Sealed
    LEAVES = Leaves((InformationReceived,), about=("request",))


InformationCommand = RequestInformation | ReceiveInformation


# What can be refused


class UnknownRequest(Refused):
    """Nothing was asked under this id. Look at the case again."""


# What we answer


def request(case: Case, command: RequestInformation, given: Given) -> list[InformationEvent]:
    if any(held.request == command.request for held in case.requests):
        return []
    # Also while it waits at the front door: that is what most is asked for.
    if not case.live:
        raise CaseNotLive(state=case.state)
    not_before(given, case.milestones.received_at)
    check_due(command.due, given)
    return [InformationRequested(command.request, command.whom, command.what, command.due, command.of_referrer)]


def receive(case: Case, command: ReceiveInformation, given: Given) -> list[InformationEvent]:
    held = next((held for held in case.requests if held.request == command.request), None)
    if held is None:
        raise UnknownRequest(request=command.request)
    if held.received_at is not None:
        return []
    not_before(given, held.asked_at)
    return [InformationReceived(command.request, command.text)]


def decide(case: Case, command: InformationCommand, given: Given) -> list[InformationEvent]:
    match command:
        case RequestInformation():
            return request(case, command, given)
        case ReceiveInformation():
            return receive(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: InformationEvent, at: datetime) -> Case:
    match event:
        case InformationRequested():
            held = InformationRequest(
                event.request, event.whom, event.what, at, event.due, of_referrer=event.of_referrer
            )
            return replace(case, requests=in_order(case.requests, held, lambda each: each.asked_at))
        case InformationReceived():
            answered = otherwise(
                case.requests, lambda held: held.request == event.request, received_at=at, text=event.text
            )
            return replace(case, requests=answered)
        case _:
            assert_never(event)


SUBJECT = Subject(InformationEvent, InformationCommand, decide=decide, evolve=evolve)
