"""Who coordinates the case, and the conversations with the person."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.course import stepped
from catch.domain.case.rules import require_live
from catch.domain.case.state import Allocation, Case, Conversation, ConversationFormat, StepKind, Worker
from catch.domain.facts import Command, Fact, Leaves, Role, Sealed
from catch.domain.given import Given
from catch.domain.keys import check_key
from catch.domain.parts import in_order
from catch.domain.plain import Code, Few, Key, UserId
from catch.domain.refusals import (
    Refused,
    UnknownPartner,
)
from catch.domain.subject import Subject

# What happened


class CoordinatorAllocated(Fact, frozen=True, omit_defaults=True):
    worker: Worker
    lead: bool = True
    reason: Sealed | None = None
    handover_note: Sealed | None = None


class CoordinatorChanged(Fact, frozen=True, omit_defaults=True):
    worker: Worker
    before: Worker
    lead: bool = True
    reason: Sealed | None = None
    handover_note: Sealed | None = None


class ConversationHeld(Fact, frozen=True, omit_defaults=True):
    conversation: UUID
    format: ConversationFormat
    what_matters: Sealed
    strengths: Sealed | None = None
    needs: tuple[Code, ...] = ()
    communication_needs: Sealed | None = None
    for_meeting: bool = True


class ConversationAttempted(Fact, frozen=True, omit_defaults=True):
    conversation: UUID
    format: ConversationFormat
    outcome: Code


CoordinationEvent = CoordinatorAllocated | CoordinatorChanged | ConversationHeld | ConversationAttempted


# What may be asked


class AllocateCoordinator(Command, frozen=True):
    """Name the worker who coordinates the case (`lead`) or looks after its clinical side."""

    case: UUID
    user: UserId
    agency: Key
    lead: bool = True
    reason: Sealed | None = None
    handover_note: Sealed | None = None
    LEAVES = Leaves(
        (CoordinatorAllocated, CoordinatorChanged),
        about=("lead", "user", "agency"),
        inside="worker",
    )


class RecordConversation(Command, frozen=True):
    """Record a person-centred conversation that was held; this stops the first-conversation clock."""

    case: UUID
    conversation: UUID
    format: ConversationFormat
    what_matters: Sealed
    strengths: Sealed | None = None
    needs: Few[Code] = ()
    communication_needs: Sealed | None = None
    for_meeting: bool = True  # False: information and support were enough
    LEAVES = Leaves((ConversationHeld,), "conversation")


class RecordConversationAttempt(Command, frozen=True):
    """Record an attempt that did not reach the person; the clock goes on."""

    case: UUID
    conversation: UUID
    format: ConversationFormat
    outcome: Code
    LEAVES = Leaves((ConversationAttempted,), "conversation")


CoordinationCommand = AllocateCoordinator | RecordConversation | RecordConversationAttempt


# What can be refused


class WorkerNotActive(Refused):
    """A coordinator is given that role at a partner that runs the programme and has an agreement in force for it.
    Choose another one, or have that seen to first.
    """


class CaseloadFull(Refused):
    """The coordinator has as many cases as the programme allows. Give a reason to add one more."""


# What we answer


def allocate(case: Case, command: AllocateCoordinator, given: Given) -> list[CoordinationEvent]:
    worker = Worker(command.user, command.agency)
    before = allocated_at(case, command.lead, given.at)
    if before == worker:
        return []
    require_live(case, given)
    check_worker(case, worker, given)
    limit = given.programme.caseload.hard_max if given.programme else None
    if command.lead and limit is not None and given.caseload >= limit and command.reason is None:
        raise CaseloadFull(user=command.user, open=given.caseload, limit=limit)
    if before is None:
        return [CoordinatorAllocated(worker, command.lead, command.reason, command.handover_note)]
    return [CoordinatorChanged(worker, before, command.lead, command.reason, command.handover_note)]


def allocated_at(case: Case, lead: bool, at: datetime) -> Worker | None:
    """Who coordinated the case, or its clinical side, at that time: what is typed in late follows whom it followed."""
    held = [each.worker for each in case.allocations if each.lead is lead and each.since <= at]
    return held[-1] if held else None


def check_worker(case: Case, worker: Worker, given: Given) -> None:
    partner = given.partners.get(worker.agency)
    if partner is None:
        raise UnknownPartner(partner=worker.agency)
    day = london_day(given.at)
    running = partner.in_force(case.programme, given.at) and partner.runs(case.programme, day)
    if not running or not partner.acts(worker.user, case.programme, day, Role.COORDINATOR):
        raise WorkerNotActive(user=worker.user, agency=worker.agency)


def converse(
    case: Case, command: RecordConversation | RecordConversationAttempt, given: Given
) -> list[CoordinationEvent]:
    if any(held.conversation == command.conversation for held in case.conversations):
        return []
    require_live(case, given)
    if isinstance(command, RecordConversationAttempt):
        check_key("outcome", command.outcome)
        return [ConversationAttempted(command.conversation, command.format, command.outcome)]
    for need in command.needs:
        check_key("needs", need)
    return [
        ConversationHeld(
            conversation=command.conversation,
            format=command.format,
            what_matters=command.what_matters,
            strengths=command.strengths,
            needs=command.needs,
            communication_needs=command.communication_needs,
            for_meeting=command.for_meeting,
        )
    ]


def decide(case: Case, command: CoordinationCommand, given: Given) -> list[CoordinationEvent]:
    match command:
        case AllocateCoordinator():
            return allocate(case, command, given)
        case RecordConversation() | RecordConversationAttempt():
            return converse(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def after_conversation(case: Case, event: ConversationHeld, at: datetime) -> Case:
    held = Conversation(
        conversation=event.conversation,
        at=at,
        format=event.format,
        held=True,
        what_matters=event.what_matters,
        strengths=event.strengths,
        needs=event.needs,
        communication_needs=event.communication_needs,
        for_meeting=event.for_meeting,
    )
    kind = StepKind.TALKED_FOR_MEETING if event.for_meeting else StepKind.TALKED
    return talked(stepped(case, kind, at), held)


def talked(case: Case, conversation: Conversation) -> Case:
    return replace(case, conversations=in_order(case.conversations, conversation, lambda held: held.at))


def allocated(case: Case, allocation: Allocation) -> Case:
    """Whoever was allocated last coordinates the case, whoever was typed in last."""
    allocations = in_order(case.allocations, allocation, lambda held: held.since)
    last = [held.worker for held in allocations if held.lead is allocation.lead][-1]
    case = replace(case, allocations=allocations)
    return replace(case, lead=last) if allocation.lead else replace(case, clinical=last)


def evolve(case: Case, event: CoordinationEvent, at: datetime) -> Case:
    match event:
        case CoordinatorAllocated() | CoordinatorChanged():
            before = event.before if isinstance(event, CoordinatorChanged) else None
            said = Allocation(event.worker, event.lead, at, before, event.reason, event.handover_note)
            return allocated(case, said)
        case ConversationHeld():
            return after_conversation(case, event, at)
        case ConversationAttempted():
            attempt = Conversation(event.conversation, at, event.format, held=False, outcome=event.outcome)
            return talked(case, attempt)
        case _:
            assert_never(event)


SUBJECT = Subject(CoordinationEvent, CoordinationCommand, decide=decide, evolve=evolve)
