"""What the person wants: their agreement to be supported and talked about, and what they object to."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.said import answer_at, heard
from catch.domain.case.state import (
    AgreedBy,
    Agrees,
    Answer,
    Case,
    Confirmed,
    Objected,
    Objection,
    SafeContact,
    safer,
)
from catch.domain.facts import Category, Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.parts import in_order
from catch.domain.plain import Code, FewOf, Key
from catch.domain.refusals import (
    MissingText,
    Refused,
)
from catch.domain.subject import Subject

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


class SafeContactConfirmed(Fact, frozen=True, omit_defaults=True):
    """Whoever spoke with the person knows how they can be reached: it holds, whatever any door said before."""

    safe_contact: SafeContact


AgreementEvent = SafeContactConfirmed | SupportAgreed | SupportDeclinedByPerson | AgreementWithdrawn | ObjectionRecorded


# What may be asked


class RecordAgreement(Command, frozen=True):
    """Record that the person agrees to be supported and talked about."""

    case: UUID
    by: AgreedBy = AgreedBy.PERSON
    scope: Code = "support-and-meeting"
    evidence: Sealed | None = None
    LEAVES = Leaves((SupportAgreed,))


class RecordRefusalOfSupport(Command, frozen=True):
    """Record that the person does not want to be supported. Every open disclosure then waits to be reviewed."""

    case: UUID
    by: AgreedBy = AgreedBy.PERSON
    reason: Sealed | None = None
    LEAVES = Leaves((SupportDeclinedByPerson, AgreementWithdrawn))


class WithdrawAgreement(Command, frozen=True):
    """Record that the person takes their agreement back. Every open disclosure then waits to be reviewed."""

    case: UUID
    by: AgreedBy = AgreedBy.PERSON
    reason: Sealed | None = None
    LEAVES = Leaves((SupportDeclinedByPerson, AgreementWithdrawn))


class RecordObjection(Command, frozen=True):
    """Record what the person does not want told, and to whom (nobody named: to anybody). In force at once."""

    case: UUID
    objection: UUID
    categories: FewOf[Category]
    partners: FewOf[Key] = frozenset()
    ground: Sealed | None = None
    LEAVES = Leaves((ObjectionRecorded,), "objection", inside="objection")


class ConfirmSafeContact(Command, frozen=True):
    """Record, after a conversation with the person, how they can be reached without putting them at risk."""

    case: UUID
    safe_contact: SafeContact


AgreementCommand = ConfirmSafeContact | RecordAgreement | RecordRefusalOfSupport | WithdrawAgreement | RecordObjection


# What can be refused


class NothingAgreedYet(Refused):
    """There is no agreement to withdraw. Record a refusal instead: `recordRefusalOfSupport`."""


class SpeakWithThePersonFirst(Refused):
    """Hold and record a conversation with the person first: until then the more careful answer stands."""


class RefusedSince(Refused):
    """The person has refused, or taken their agreement back, since. Only an agreement from after that counts: ask
    them again.
    """


# What we answer


def agree(case: Case, command: RecordAgreement, given: Given) -> list[AgreementEvent]:
    if case.agreement is Agrees.YES and not case.disclosures_to_review:
        return []
    if case.refused_at is not None and given.at < case.refused_at:
        raise RefusedSince(refused_at=case.refused_at.isoformat())
    if case.door_refused_at is not None and not case.spoken_since(case.door_refused_at):
        raise SpeakWithThePersonFirst
    return [SupportAgreed(command.by, command.scope, command.evidence)]


def confirm_contact(case: Case, command: ConfirmSafeContact) -> list[AgreementEvent]:
    if case.safe_contact == command.safe_contact and case.safe_contact_confirmed:
        return []
    received = max(held.received_at for held in case.referrals)
    # To be more careful needs no conversation; what a door said is not confirmed without one.
    careful = safer(case.safe_contact, command.safe_contact) == command.safe_contact != case.safe_contact
    if not careful and not case.spoken_since(received):
        raise SpeakWithThePersonFirst
    return [SafeContactConfirmed(command.safe_contact)]


def withdraw(case: Case, command: WithdrawAgreement, given: Given) -> list[AgreementEvent]:
    """Taken back when they had agreed: what is typed in late answers what was said before it, not since."""
    if not case.answers:
        raise NothingAgreedYet
    not_before(given, case.answers[0].at)
    return [] if refused_at(case, given) else [AgreementWithdrawn(command.by, command.reason)]


def refused_at(case: Case, given: Given) -> bool:
    """Whether the last that the person had said by then was no."""
    said = answer_at(case, given.at)
    return said is not None and said.agrees is Agrees.NO


def object_to(case: Case, command: RecordObjection) -> list[AgreementEvent]:
    if any(held.objection == command.objection for held in case.objections):
        return []
    if not command.categories:
        raise MissingText(field="categories")
    objection = Objection(command.objection, command.categories, command.partners)
    return [ObjectionRecorded(objection, command.ground)]


def decide(case: Case, command: AgreementCommand, given: Given) -> list[AgreementEvent]:
    match command:
        case ConfirmSafeContact():
            return confirm_contact(case, command)
        case RecordAgreement():
            return agree(case, command, given)
        case RecordRefusalOfSupport():
            return [] if refused_at(case, given) else [SupportDeclinedByPerson(command.by, command.reason)]
        case WithdrawAgreement():
            return withdraw(case, command, given)
        case RecordObjection():
            return object_to(case, command)
        case _:
            assert_never(command)


# Where that leaves us


def answered(case: Case, answer: Answer) -> Case:
    """What was said before the person last said otherwise counts no more, however late it is recorded."""
    return heard(replace(case, answers=in_order(case.answers, answer, lambda held: held.at)))


def confirmed(case: Case, confirmed: Confirmed) -> Case:
    known = case.contact_confirmed
    return case if known and confirmed.at < known.at else heard(replace(case, contact_confirmed=confirmed))


def evolve(case: Case, event: AgreementEvent, at: datetime) -> Case:
    match event:
        case SafeContactConfirmed():
            return confirmed(case, Confirmed(event.safe_contact, at))
        case SupportAgreed():
            return answered(case, Answer(at, Agrees.YES, by=event.by, scope=event.scope, text=event.evidence))
        case SupportDeclinedByPerson():
            return answered(case, Answer(at, Agrees.NO, by=event.by, text=event.reason))
        case AgreementWithdrawn():
            return answered(case, Answer(at, Agrees.NO, withdrawn=True, by=event.by, text=event.reason))
        case ObjectionRecorded(objection=held):
            objected = Objected(held.objection, held.categories, held.partners, at, event.ground)
            return replace(case, objections=(*case.objections, objected))
        case _:
            assert_never(event)


SUBJECT = Subject(AgreementEvent, AgreementCommand, decide=decide, evolve=evolve)
