"""What is done for the person: each kind of help that began, with who gives it, and how it ended."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.actions import UnknownAction, check_intervention
from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Intervention
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.keys import check_key
from catch.domain.parts import in_order, otherwise
from catch.domain.plain import Code, Key
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class InterventionStarted(Fact, frozen=True, omit_defaults=True):
    support: UUID
    intervention: Code
    provider: Key
    action: UUID | None = None


class InterventionEnded(Fact, frozen=True, omit_defaults=True):
    support: UUID
    outcome: Code
    reason: Sealed | None = None


InterventionEvent = InterventionStarted | InterventionEnded


# What may be asked


class StartIntervention(Command, frozen=True):
    """Record that a kind of help began, and which agency gives it. `action`: the one by which it was agreed."""

    case: UUID
    support: UUID
    intervention: Code
    provider: Key
    action: UUID | None = None
    LEAVES = Leaves((InterventionStarted,), "support")


class EndIntervention(Command, frozen=True):
    """Record that it ended, and with what outcome."""

    case: UUID
    support: UUID
    outcome: Code
    reason: Sealed | None = None
    LEAVES = Leaves((InterventionEnded,), about=("support",))


InterventionCommand = StartIntervention | EndIntervention


# What can be refused


class UnknownSupport(Refused):
    """No such help was recorded as begun. Look at the case again."""


# What we answer


def start(case: Case, command: StartIntervention, given: Given) -> list[InterventionEvent]:
    if any(held.support == command.support for held in case.interventions):
        return []
    require_live(case, given)
    check_intervention(command.intervention, given)
    if command.action is not None and case.action(command.action) is None:
        raise UnknownAction(action=command.action)
    return [InterventionStarted(command.support, command.intervention, command.provider, command.action)]


def end(case: Case, command: EndIntervention, given: Given) -> list[InterventionEvent]:
    held = next((held for held in case.interventions if held.support == command.support), None)
    if held is None:
        raise UnknownSupport(support=command.support)
    if held.ended_at is not None:
        return []
    not_before(given, held.since)
    check_key("outcome", command.outcome)
    return [InterventionEnded(command.support, command.outcome, command.reason)]


def decide(case: Case, command: InterventionCommand, given: Given) -> list[InterventionEvent]:
    match command:
        case StartIntervention():
            return start(case, command, given)
        case EndIntervention():
            return end(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: InterventionEvent, at: datetime) -> Case:
    match event:
        case InterventionStarted():
            held = Intervention(event.support, event.intervention, event.provider, at, event.action)
            return replace(case, interventions=in_order(case.interventions, held, lambda each: each.since))
        case InterventionEnded():
            ended = otherwise(
                case.interventions,
                lambda held: held.support == event.support,
                ended_at=at,
                outcome=event.outcome,
                reason=event.reason,
            )
            return replace(case, interventions=ended)
        case _:
            assert_never(event)


SUBJECT = Subject(InterventionEvent, InterventionCommand, decide=decide, evolve=evolve)
