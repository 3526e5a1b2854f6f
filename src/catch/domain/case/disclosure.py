"""Who may know what: disclosures to partners, and the partners' part in the case."""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.rules import CaseNotLive
from catch.domain.case.said import with_disclosures
from catch.domain.case.state import (
    Basis,
    Case,
    Disclosure,
    Involvement,
)
from catch.domain.facts import Category, Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before, not_past
from catch.domain.keys import check_key
from catch.domain.parts import in_order, otherwise
from catch.domain.plain import Code, FewOf, Former, Key
from catch.domain.refusals import (
    MissingText,
    Refused,
    UnknownPartner,
)
from catch.domain.subject import Subject

# What happened


class DisclosureAuthorised(Fact, frozen=True, omit_defaults=True):
    disclosure: UUID
    agency: Key
    categories: frozenset[Category]
    basis: Basis
    necessity: Sealed
    until: date | None = None


class DisclosureEnded(Fact, frozen=True, omit_defaults=True):
    disclosure: UUID
    reason: Sealed | None = None


class PartnerInvolved(Fact, frozen=True, omit_defaults=True):
    agency: Key
    role: Code
    named_contact: Former | None = None
    contact: Sealed | None = None


class PartnerInvolvementEnded(Fact, frozen=True, omit_defaults=True):
    agency: Key
    reason: Sealed | None = None


DisclosureEvent = DisclosureAuthorised | DisclosureEnded | PartnerInvolved | PartnerInvolvementEnded


# What may be asked


class AuthoriseDisclosure(Command, frozen=True):
    """Allow a partner to be told these categories, on this basis, because it is necessary."""

    case: UUID
    disclosure: UUID
    agency: Key
    categories: FewOf[Category]
    basis: Basis
    necessity: Sealed
    until: date | None = None
    LEAVES = Leaves((DisclosureAuthorised,), "disclosure")


class EndDisclosure(Command, frozen=True):
    """Stop telling a partner; its access ends at once."""

    case: UUID
    disclosure: UUID
    reason: Sealed | None = None
    LEAVES = Leaves((DisclosureEnded,), about=("disclosure",))


class InvolvePartner(Command, frozen=True):
    """Give a partner a part in the case. It needs an open disclosure first."""

    case: UUID
    agency: Key
    role: Code
    named_contact: Sealed | None = None
    LEAVES = Leaves((PartnerInvolved,), about=("agency",), kept_as=(("named_contact", "contact"),))


class EndInvolvement(Command, frozen=True):
    """End a partner's part in the case, and with it its access."""

    case: UUID
    agency: Key
    reason: Sealed | None = None
    LEAVES = Leaves((PartnerInvolvementEnded,), about=("agency",))


DisclosureCommand = AuthoriseDisclosure | EndDisclosure | InvolvePartner | EndInvolvement


# What can be refused


class NoAgreementInForce(Refused):
    """The partner has no information sharing agreement in force that covers these categories for this programme.
    Share what one covers, or have one signed first: `signAgreement`.
    """


class PersonObjects(Refused):
    """The person objects to this being shared with this partner, and the basis given does not override that. Speak
    with the person, or share less.
    """


class NoOpenDisclosure(Refused):
    """Authorise a disclosure to this partner first."""


class UnknownDisclosure(Refused):
    """The case has no such disclosure. Look at the case again."""


class NotInvolved(Refused):
    """This partner has no part in the case. Involve it first: `involvePartner`."""


# What we answer


def check_agreement(case: Case, agency: str, categories: frozenset[Category], given: Given) -> None:
    """Its agreements in force for the programme cover these categories."""
    partner = given.partners.get(agency)
    if partner is None:
        raise UnknownPartner(partner=agency)
    if not partner.covers(case.programme, categories, given.at):
        raise NoAgreementInForce(partner=agency, categories=", ".join(sorted(categories)))


def authorise(case: Case, command: AuthoriseDisclosure, given: Given) -> list[DisclosureEvent]:
    if any(held.disclosure == command.disclosure for held in case.disclosures):
        return []
    if not case.live:
        raise CaseNotLive(state=case.state)
    if not command.categories:
        raise MissingText(field="categories")
    if command.until is not None:
        not_past(command.until, given, field="until")
    check_agreement(case, command.agency, command.categories, given)
    objected = any(held.covers(command.agency, command.categories) for held in case.objections)
    if objected and not command.basis.overrides_objection:
        raise PersonObjects(partner=command.agency)
    return [
        DisclosureAuthorised(
            disclosure=command.disclosure,
            agency=command.agency,
            categories=command.categories,
            basis=command.basis,
            necessity=command.necessity,
            until=command.until,
        )
    ]


def end_disclosure(case: Case, command: EndDisclosure, given: Given) -> list[DisclosureEvent]:
    held = next((held for held in case.disclosures if held.disclosure == command.disclosure), None)
    if held is None:
        raise UnknownDisclosure(disclosure=command.disclosure)
    if held.ended_at is None:
        not_before(given, held.authorised_at)
    return [] if held.ended_at else [DisclosureEnded(command.disclosure, command.reason)]


def involve(case: Case, command: InvolvePartner, given: Given) -> list[DisclosureEvent]:
    if case.involved(command.agency):
        return []
    if not case.live:
        raise CaseNotLive(state=case.state)
    if not command.role.strip():
        raise MissingText(field="role")
    check_key("role", command.role)
    partner = given.partners.get(command.agency)
    if partner is None:
        raise UnknownPartner(partner=command.agency)
    if not partner.in_force(case.programme, given.at):
        raise NoAgreementInForce(partner=command.agency)
    opened = [held for held in case.disclosures if held.agency == command.agency and held.open_at(given.at)]
    if not opened:
        raise NoOpenDisclosure(partner=command.agency)
    left = (held.ended_at for held in case.involvements if held.agency == command.agency)
    not_before(given, min(held.authorised_at for held in opened), *left)
    return [PartnerInvolved(command.agency, command.role, contact=command.named_contact)]


def end_involvement(case: Case, command: EndInvolvement, given: Given) -> list[DisclosureEvent]:
    if case.involved(command.agency):
        not_before(given, *(held.since for held in case.involvements if held.agency == command.agency))
        return [PartnerInvolvementEnded(command.agency, command.reason)]
    if any(held.agency == command.agency for held in case.involvements):
        return []
    raise NotInvolved(partner=command.agency)


def decide(case: Case, command: DisclosureCommand, given: Given) -> list[DisclosureEvent]:
    match command:
        case AuthoriseDisclosure():
            return authorise(case, command, given)
        case EndDisclosure():
            return end_disclosure(case, command, given)
        case InvolvePartner():
            return involve(case, command, given)
        case EndInvolvement():
            return end_involvement(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: DisclosureEvent, at: datetime) -> Case:
    match event:
        case DisclosureAuthorised():
            held = Disclosure(
                event.disclosure,
                event.agency,
                event.categories,
                event.basis,
                at,
                event.until,
                necessity=event.necessity,
            )
            return with_disclosures(case, in_order(case.disclosures, held, lambda each: each.authorised_at))
        case DisclosureEnded():
            disclosures = otherwise(
                case.disclosures,
                lambda held: held.disclosure == event.disclosure,
                ended_at=at,
                ended_reason=event.reason,
            )
            return with_disclosures(case, disclosures)
        case PartnerInvolved():
            held = Involvement(event.agency, event.role, at, event.contact)
            return replace(case, involvements=in_order(case.involvements, held, lambda each: each.since))
        case PartnerInvolvementEnded():
            involvements = otherwise(
                case.involvements,
                lambda held: held.agency == event.agency and held.ended_at is None,
                ended_at=at,
                ended_reason=event.reason,
            )
            return replace(case, involvements=involvements)
        case _:
            assert_never(event)


SUBJECT = Subject(DisclosureEvent, DisclosureCommand, decide=decide, evolve=evolve)
