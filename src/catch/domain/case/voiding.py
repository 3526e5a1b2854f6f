"""A case that should never have been: opened in error, a duplicate, about the wrong person. One asks, another answers.

From then on nobody works on it, it counts in no figure, and nothing more is recorded of it. What was recorded stays in
its history.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.actions import ActionCancelled
from catch.domain.case.course import stepped
from catch.domain.case.rules import author, by_another
from catch.domain.case.state import Case, CaseState, StepKind, Voiding, VoidReason, Worker
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.parts import otherwise
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class VoidingRequested(Fact, frozen=True):
    voiding: UUID
    reason: VoidReason
    explanation: Sealed
    by: Worker


class CaseVoided(Fact, frozen=True):
    """Why stands in the request: that somebody is known by another case is not for all who hear of this one's end."""

    voiding: UUID


class VoidingRefused(Fact, frozen=True):
    voiding: UUID
    reason: Sealed


VoidingEvent = VoidingRequested | CaseVoided | VoidingRefused
Answer = VoidingEvent | ActionCancelled


# What may be asked


class RequestVoiding(Command, frozen=True):
    """Ask that the case be voided, since it should never have been opened. Somebody else who coordinates it answers."""

    case: UUID
    voiding: UUID
    reason: VoidReason
    explanation: Sealed
    LEAVES = Leaves((VoidingRequested,), "voiding")


class ApproveVoiding(Command, frozen=True):
    """Void the case, as somebody else has asked. Its open actions are cancelled, agendas that it waits on lose it, and
    it is never opened again.
    """

    case: UUID
    voiding: UUID


class RefuseVoiding(Command, frozen=True):
    """Say why the case is not voided. It goes on as it was."""

    case: UUID
    voiding: UUID
    reason: Sealed
    LEAVES = Leaves((VoidingRefused,), about=("voiding",))


VoidingCommand = RequestVoiding | ApproveVoiding | RefuseVoiding


# What can be refused


class VoidingAlreadyRequested(Refused):
    """Somebody has asked for this already, and nobody has answered. Ask somebody else who coordinates the case to
    answer that: `approveVoiding` or `refuseVoiding`.
    """


class UnknownVoiding(Refused):
    """Nobody has asked this of the case. Look at the case again."""


class VoidingAnswered(Refused):
    """This has been answered already. Look at the case again; if it must be voided after all, ask anew."""


class CaseIsVoided(Refused):
    """The case was voided: it should never have been opened, and nothing more is recorded of it. Go on with the
    person's right case, or make a new referral. A safeguarding concern is still taken: `raiseSafeguardingConcern`.
    """


# What we answer


def not_voided(case: Case | None) -> None:
    if case is not None and case.state is CaseState.VOIDED:
        raise CaseIsVoided


def request(case: Case, command: RequestVoiding, given: Given) -> list[Answer]:
    if any(held.voiding == command.voiding for held in case.voidings):
        return []
    if (open_one := case.voiding_asked) is not None:
        raise VoidingAlreadyRequested(voiding=open_one.voiding, by=open_one.by.user)
    not_before(given, case.opened_at, *(held.answered_at for held in case.voidings))
    return [VoidingRequested(command.voiding, command.reason, command.explanation, author(given))]


def asked(case: Case, voiding: UUID, given: Given) -> Voiding:
    """What somebody else has asked for."""
    held = next((held for held in case.voidings if held.voiding == voiding), None)
    if held is None:
        raise UnknownVoiding(voiding=voiding)
    by_another(held.by, held.at, given, voiding=voiding)
    return held


def approve(case: Case, held: Voiding, given: Given) -> list[Answer]:
    if held.answered_at is not None:
        if held.voided:
            return []
        raise VoidingAnswered(voiding=held.voiding)
    # Nothing comes after it, so it comes after everything.
    not_before(given, case.latest_at)
    return [*(ActionCancelled(each.action) for each in case.actions if each.unsettled), CaseVoided(held.voiding)]


def refuse(held: Voiding, command: RefuseVoiding) -> list[Answer]:
    if held.answered_at is not None:
        if held.voided:
            raise VoidingAnswered(voiding=held.voiding)
        return []
    return [VoidingRefused(held.voiding, command.reason)]


def decide(case: Case, command: VoidingCommand, given: Given) -> list[Answer]:
    match command:
        case RequestVoiding():
            return request(case, command, given)
        case ApproveVoiding():
            return approve(case, asked(case, command.voiding, given), given)
        case RefuseVoiding():
            return refuse(asked(case, command.voiding, given), command)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: VoidingEvent, at: datetime) -> Case:
    match event:
        case VoidingRequested():
            held = Voiding(event.voiding, event.reason, event.explanation, event.by, at)
            return replace(case, voidings=(*case.voidings, held))
        case CaseVoided():
            return replace(
                stepped(case, StepKind.VOIDED, at),
                voidings=otherwise(case.voidings, lambda each: each.voiding == event.voiding, answered_at=at),
                proposals=(),
                settled_proposals=(*case.settled_proposals, *(held.proposal for held in case.proposals)),
                past_proposals=(*case.past_proposals, *case.proposals),
            )
        case VoidingRefused():
            answered = otherwise(
                case.voidings,
                lambda each: each.voiding == event.voiding,
                answered_at=at,
                refused_reason=event.reason,
            )
            return replace(case, voidings=answered)
        case _:
            assert_never(event)


SUBJECT = Subject(VoidingEvent, VoidingCommand, decide=decide, evolve=evolve)
