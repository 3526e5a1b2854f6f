"""What might go wrong, in words: how likely it seems to those who work with the person, and what is done about it.

Nothing is added up, and nothing puts one person before another.
"""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Risk, RiskLevel
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_past
from catch.domain.keys import check_key
from catch.domain.parts import in_order
from catch.domain.plain import Code
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class RiskRecorded(Fact, frozen=True, omit_defaults=True):
    risk: UUID
    kind: Code
    level: RiskLevel
    mitigation: Sealed
    review_on: date


class RiskReviewed(Fact, frozen=True, omit_defaults=True):
    """`review_on` None: it is none any more."""

    risk: UUID
    level: RiskLevel
    mitigation: Sealed
    review_on: date | None = None


RiskEvent = RiskRecorded | RiskReviewed


# What may be asked


class RecordRisk(Command, frozen=True):
    """Record a risk, what is done about it, and when to look at it again."""

    case: UUID
    risk: UUID
    kind: Code
    level: RiskLevel
    mitigation: Sealed
    review_on: date
    LEAVES = Leaves((RiskRecorded,), "risk")


class ReviewRisk(Command, frozen=True):
    """Say how it stands now, and when to look again: `reviewOn`. Without a day it is no risk any more."""

    case: UUID
    risk: UUID
    level: RiskLevel
    mitigation: Sealed
    review_on: date | None = None


RiskCommand = RecordRisk | ReviewRisk


# What can be refused


class UnknownRisk(Refused):
    """No such risk was recorded. Look at the case again."""


# What we answer


def record(case: Case, command: RecordRisk, given: Given) -> list[RiskEvent]:
    if any(held.risk == command.risk for held in case.risks):
        return []
    require_live(case, given)
    check_key("kind", command.kind)
    not_past(command.review_on, given, field="reviewOn")
    return [RiskRecorded(command.risk, command.kind, command.level, command.mitigation, command.review_on)]


def review(case: Case, command: ReviewRisk, given: Given) -> list[RiskEvent]:
    held = next((held for held in case.risks if held.risk == command.risk), None)
    if held is None:
        raise UnknownRisk(risk=command.risk)
    require_live(case, given, held.looked_at)
    if command.review_on is not None:
        not_past(command.review_on, given, field="reviewOn")
    return [RiskReviewed(command.risk, command.level, command.mitigation, command.review_on)]


def decide(case: Case, command: RiskCommand, given: Given) -> list[RiskEvent]:
    match command:
        case RecordRisk():
            return record(case, command, given)
        case ReviewRisk():
            return review(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def reviewed(held: Risk, event: RiskReviewed, at: datetime) -> Risk:
    """As somebody found it last, whatever was typed in last."""
    if at < held.looked_at:
        return held
    return replace(held, level=event.level, mitigation=event.mitigation, review_on=event.review_on, looked_at=at)


def evolve(case: Case, event: RiskEvent, at: datetime) -> Case:
    match event:
        case RiskRecorded():
            held = Risk(event.risk, event.kind, event.level, event.mitigation, event.review_on, at, at)
            return replace(case, risks=in_order(case.risks, held, lambda each: each.since))
        case RiskReviewed():
            return replace(
                case, risks=tuple(reviewed(each, event, at) if each.risk == event.risk else each for each in case.risks)
            )
        case _:
            assert_never(event)


SUBJECT = Subject(RiskEvent, RiskCommand, decide=decide, evolve=evolve)
