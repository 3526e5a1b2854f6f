"""What the person wants: their agreement to be supported and talked about, and what they object to."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.state import (
    Agrees,
    Case,
    Objection,
)
from catch.domain.facts import Category, Command, Fact, Sealed
from catch.domain.given import Given
from catch.domain.plain import Code, FewOf, Key
from catch.domain.refusals import (
    MissingText,
    Refused,
)


class AgreedBy(StrEnum):
    """Who spoke for the person."""

    PERSON = "person"
    ATTORNEY = "attorney"
    BEST_INTERESTS = "best-interests"


# What happened


class SupportAgreed(Fact, frozen=True, omit_defaults=True):
    by: AgreedBy
    scope: Code
    evidence: Sealed | None = None


class SupportDeclinedByPerson(Fact, frozen=True, omit_defaults=True):
    by: AgreedBy
    reason: Sealed | None = None


class AgreementWithdrawn(Fact, frozen=True, omit_defaults=True):
    by: AgreedBy
    reason: Sealed | None = None


class ObjectionRecorded(Fact, frozen=True, omit_defaults=True):
    objection: Objection
    ground: Sealed | None = None


AgreementEvent = SupportAgreed | SupportDeclinedByPerson | AgreementWithdrawn | ObjectionRecorded


# What may be asked


class RecordAgreement(Command, frozen=True):
    """Record that the person agrees to be supported and talked about."""

    case: UUID
    by: AgreedBy = AgreedBy.PERSON
    scope: Code = "support-and-meeting"
    evidence: Sealed | None = None


class RecordRefusalOfSupport(Command, frozen=True):
    """Record that the person does not want to be supported."""

    case: UUID
    by: AgreedBy = AgreedBy.PERSON
    reason: Sealed | None = None


class WithdrawAgreement(Command, frozen=True):
    """Record that the person takes their agreement back. Every open disclosure then waits to be reviewed."""

    case: UUID
    by: AgreedBy = AgreedBy.PERSON
    reason: Sealed | None = None


class RecordObjection(Command, frozen=True):
    """Record what the person does not want told, and to whom (nobody named: to anybody). In force at once."""

    case: UUID
    objection: UUID
    categories: FewOf[Category]
    partners: FewOf[Key] = frozenset()
    ground: Sealed | None = None


AgreementCommand = RecordAgreement | RecordRefusalOfSupport | WithdrawAgreement | RecordObjection


# What can be refused


class NothingAgreedYet(Refused):
    """There is no agreement to withdraw."""


# What we answer


def withdraw(case: Case, command: WithdrawAgreement) -> list[AgreementEvent]:
    if case.agrees is None:
        raise NothingAgreedYet
    already = case.agrees is Agrees.NO
    return [] if already else [AgreementWithdrawn(command.by, command.reason)]


def object_to(case: Case, command: RecordObjection) -> list[AgreementEvent]:
    if any(held.objection == command.objection for held in case.objections):
        return []
    if not command.categories:
        raise MissingText(field="categories")
    objection = Objection(command.objection, command.categories, command.partners)
    return [ObjectionRecorded(objection, command.ground)]


def decide(case: Case, command: AgreementCommand, given: Given) -> list[AgreementEvent]:
    match command:
        case RecordAgreement():
            already = case.agrees is Agrees.YES and not case.disclosures_to_review
            return [] if already else [SupportAgreed(command.by, command.scope, command.evidence)]
        case RecordRefusalOfSupport():
            return [] if case.agrees is Agrees.NO else [SupportDeclinedByPerson(command.by, command.reason)]
        case WithdrawAgreement():
            return withdraw(case, command)
        case RecordObjection():
            return object_to(case, command)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: AgreementEvent, at: datetime) -> Case:
    match event:
        case SupportAgreed():
            return replace(case, agrees=Agrees.YES, disclosures_to_review=False)
        case SupportDeclinedByPerson():
            return replace(case, agrees=Agrees.NO)
        case AgreementWithdrawn():
            return replace(case, agrees=Agrees.NO, disclosures_to_review=any(d.open_at(at) for d in case.disclosures))
        case ObjectionRecorded():
            return replace(case, objections=(*case.objections, event.objection))
        case _:
            assert_never(event)
