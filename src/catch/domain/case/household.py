"""Who is around the person, and whether their case may be talked about with them.

They are named in words, never by a registration of their own: whether somebody is known here is nothing that another's
case tells. What is said of them is third-party information.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Relation, RelationRole
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.parts import in_order, otherwise
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class RelationLinked(Fact, frozen=True, omit_defaults=True):
    relation: UUID
    role: RelationRole
    whom: Sealed
    safe_to_discuss: bool


class RelationEnded(Fact, frozen=True, omit_defaults=True):
    relation: UUID
    reason: Sealed


HouseholdEvent = RelationLinked | RelationEnded


# What may be asked


class LinkRelation(Command, frozen=True):
    """Record who is around the person, and whether the case may be talked about with them. Where that has changed, end
    this and record it anew.
    """

    case: UUID
    relation: UUID
    role: RelationRole
    whom: Sealed
    safe_to_discuss: bool
    LEAVES = Leaves((RelationLinked,), "relation")


class EndRelation(Command, frozen=True):
    """Say that this holds no more, and why."""

    case: UUID
    relation: UUID
    reason: Sealed
    LEAVES = Leaves((RelationEnded,), about=("relation",))


HouseholdCommand = LinkRelation | EndRelation


# What can be refused


class UnknownRelation(Refused):
    """Nobody was recorded under this id. Look at the case again."""


# What we answer


def link(case: Case, command: LinkRelation, given: Given) -> list[HouseholdEvent]:
    if any(held.relation == command.relation for held in case.relations):
        return []
    require_live(case, given)
    return [RelationLinked(command.relation, command.role, command.whom, command.safe_to_discuss)]


def end(case: Case, command: EndRelation, given: Given) -> list[HouseholdEvent]:
    held = next((held for held in case.relations if held.relation == command.relation), None)
    if held is None:
        raise UnknownRelation(relation=command.relation)
    if held.ended_at is not None:
        return []
    not_before(given, held.since)
    return [RelationEnded(command.relation, command.reason)]


def decide(case: Case, command: HouseholdCommand, given: Given) -> list[HouseholdEvent]:
    match command:
        case LinkRelation():
            return link(case, command, given)
        case EndRelation():
            return end(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: HouseholdEvent, at: datetime) -> Case:
    match event:
        case RelationLinked():
            held = Relation(event.relation, event.role, event.whom, event.safe_to_discuss, at)
            return replace(case, relations=in_order(case.relations, held, lambda each: each.since))
        case RelationEnded():
            relations = otherwise(
                case.relations, lambda held: held.relation == event.relation, ended_at=at, reason=event.reason
            )
            return replace(case, relations=relations)
        case _:
            assert_never(event)


SUBJECT = Subject(HouseholdEvent, HouseholdCommand, decide=decide, evolve=evolve)
