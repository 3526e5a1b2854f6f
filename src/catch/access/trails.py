"""A state as a reader of its history may see it: what is closed to them is taken out before anything is compared."""

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar, get_args, get_type_hints
from uuid import UUID

from msgspec.structs import replace

from catch.access.reasons import Agreed, explained, must_told, warning_told
from catch.access.seeing import Sight
from catch.access.standing import Who
from catch.domain.case.agreement import ObjectionRecorded
from catch.domain.case.disclosure import DisclosureAuthorised
from catch.domain.case.referral import ReferralAttached, ReferralReceived
from catch.domain.case.state import Case, Described, Referral, Urgency
from catch.domain.case.transfers import TransferOffered
from catch.domain.facts import Category, Fact, Tag
from catch.domain.meeting.drafting import AgendaDrafted, AgendaPublished
from catch.domain.meeting.invitations import MemberInvited
from catch.domain.meeting.items import Item
from catch.domain.meeting.listing import Agenda, DraftedItem, Overflow
from catch.domain.meeting.state import Invitation, Meeting
from catch.domain.partner import Member, MemberEnrolled, Partner, RoleGiven, SubjectBound
from catch.domain.person import ContactCorrected, IdentityCorrected, MatchesLookedFor, Person, PersonRegistered
from catch.domain.restricted import Beside

OfCase = Callable[[UUID], Agreed]
C = TypeVar("C", DraftedItem, Overflow)


def case_told(seen: Sight, case: Case) -> Case:
    """The case without the mention of what may not be mentioned, nor what of a door is closed. What a closed fact
    changed is closed with it.
    """
    contact = seen.hides(Category.CONTACT)
    return replace(
        case,
        referrals=tuple(door_told(seen, held) for held in case.referrals),
        transfers=tuple(replace(held, to_case=None) for held in case.transfers),
        safe_contact=None if contact else case.safe_contact,
        safe_contact_confirmed=case.safe_contact_confirmed and not contact,
        contact_confirmed=None if contact else case.contact_confirmed,
        disclosures=tuple(
            replace(held, categories=frozenset(filter(seen.mentions, held.categories))) for held in case.disclosures
        ),
        objections=tuple(
            replace(held, categories=frozenset(filter(seen.mentions, held.categories))) for held in case.objections
        ),
    )


def door_told(seen: Sight, referral: Referral) -> Referral:
    """A referral is told to all to whom anything of the case is; what it says of each kind, to those who see that."""
    needs, contact, wishes = map(seen.hides, (Category.NEEDS, Category.CONTACT, Category.PLAN))
    return replace(
        referral,
        reference_digest=None,
        described=described_told(seen, referral.described) if referral.described else None,
        needs=() if needs else referral.needs,
        urgency=Urgency.ROUTINE if needs else referral.urgency,
        basis=None if needs else referral.basis,
        safe_contact=None if contact else referral.safe_contact,
        agreement=None if wishes else referral.agreement,
    )


def described_told(seen: Sight, said: Described) -> Described | None:
    """Where somebody lives, to those alone who are told it once it is protected: the trail does not say when it was."""
    identity, contact = seen.hides(Category.IDENTITY), seen.hides(Category.CONTACT)
    if identity and contact:
        return None
    return Described(
        name=None if identity else said.name,
        date_of_birth=None if identity else said.date_of_birth,
        nhs_number=None if identity else said.nhs_number,
        phone=None if contact else said.phone,
        address=None if contact or Tag.PROTECTED_ADDRESS not in seen.tags else said.address,
    )


def case_fact_told(seen: Sight, fact: Fact) -> Fact:
    """A fact that is told to the reader, without what of it is closed: like the state that it left."""
    match fact:
        case ReferralReceived(referral=referral):
            age_warning = fact.age_warning and seen.everything
            return replace(fact, referral=door_told(seen, referral), age_warning=age_warning)
        case ReferralAttached(referral=referral):
            return replace(fact, referral=door_told(seen, referral))
        case DisclosureAuthorised(categories=categories):
            return replace(fact, categories=frozenset(filter(seen.mentions, categories)))
        case TransferOffered():
            # Whoever may know of that case sees it there.
            return replace(fact, to_case=None)
        case ObjectionRecorded(objection=held):
            mentioned = frozenset(filter(seen.mentions, held.categories))
            return replace(fact, objection=replace(held, categories=mentioned))
        case _:
            return fact


def meeting_fact_told(fact: Fact, withheld: frozenset[UUID], closed: Collection[UUID], told: OfCase) -> Fact:
    """The same of a meeting: `withheld` are cases, `closed` their items."""
    match fact:
        case AgendaDrafted():
            draft = Agenda(fact.as_of, fact.policy_version, fact.items, fact.overflow, fact.warnings, fact.gaps)
            shown = draft_told(draft, withheld, told)
            return replace(fact, items=shown.items, overflow=shown.overflow, warnings=shown.warnings)
        case AgendaPublished(disclosures=disclosures):
            return replace(fact, disclosures=tuple(held for held in disclosures if held.item not in closed))
        case MemberInvited(items=items):
            return replace(fact, items=tuple(item for item in items if item not in closed))
        case _:
            return fact


def place_fact_told(fact: Fact) -> Fact:
    """The same of a person, a partner, a programme."""
    match fact:
        case PersonRegistered() | IdentityCorrected():
            return replace(fact, nhs_digest=None, marks=())
        case ContactCorrected():
            return replace(fact, marks=())
        case MatchesLookedFor():
            return replace(fact, found=())
        case RoleGiven(held=held):
            return replace(fact, held=replace(held, cases=()))
        case SubjectBound(binding=binding):
            return replace(fact, binding=replace(binding, subject=""))
        case MemberEnrolled():
            return replace(fact, subject=None)
        case _:
            return fact


def beside_told(seen: Sight, beside: Beside) -> Beside:
    """What is kept beside a case, as far as the viewer was given the tags."""
    notes = tuple(held for held in beside.notes if held.tag in seen.tags)
    return replace(beside, notes=notes, concerns=beside.concerns if Tag.SAFEGUARDING in seen.tags else ())


def person_told(who: Who, person: Person, merges: Collection[UUID]) -> Person:
    """The person without the cases that the auditor was not assigned: in which other programmes they are known.
    `merges` are those of which they may know.

    Neither by which hashes they match others nor whom a look found is told: those are other people.
    """
    return replace(
        person,
        registered=replace(person.registered, nhs_digest=None, marks=()),
        cases=tuple(held for held in person.cases if who.audits(held[1], held[0])),
        looks=tuple(replace(held, found=()) for held in person.looks if who.audits(held.programme, held.case)),
        merges=tuple(held for held in person.merges if held.merge in merges),
    )


def partner_told(partner: Partner) -> Partner:
    """The agency without the cases that its auditors were assigned, which their Caldicott contact alone is told, and
    without what an issuer calls anybody, hashed as that is."""
    return replace(partner, members=tuple(map(member_told, partner.members)))


def member_told(member: Member) -> Member:
    bound = member.bound and tuple(replace(held, binding=replace(held.binding, subject="")) for held in member.bound)
    return replace(member, bound=bound, roles=tuple(replace(held, cases=()) for held in member.roles))


def meeting_told(meeting: Meeting, withheld: frozenset[UUID], told: OfCase) -> Meeting:
    """The meeting without what it holds of the cases that are withheld; of the others, the reasons that are told."""
    closed = {item.item for item in meeting.items if item.case in withheld}
    return replace(
        meeting,
        items=tuple(item_told(item, told) for item in meeting.items if item.item not in closed),
        draft=meeting.draft and draft_told(meeting.draft, withheld, told),
        invitations=tuple(each for held in meeting.invitations if (each := asked(held, closed))),
        **{name: tuple(held for held in getattr(meeting, name) if held.item not in closed) for name in OF_ITEMS},
    )


OF_ITEMS = tuple(
    name
    for name, hint in get_type_hints(Meeting).items()
    if name != "items" and any("item" in getattr(part, "__struct_fields__", ()) for part in get_args(hint))
)
"""Where a meeting holds something of single items beside them: it is closed with its item, whatever is added there."""


def asked(held: Invitation, closed: Collection[UUID]) -> Invitation | None:
    """An invitation to withheld items only is none to the reader: one without items would be to everything."""
    items = tuple(item for item in held.items if item not in closed)
    return None if held.items and not items else replace(held, items=items)


def item_told(item: Item, told: OfCase) -> Item:
    if item.case is None:
        return item
    of_case = told(item.case)
    reasons = of_case.reasons(item.reasons)
    if len(reasons) == len(item.reasons):
        return item
    # A state has no place for "not told whether": it reads as no.
    must = bool(must_told(of_case, item.must, item.reasons))
    return replace(item, reasons=reasons, explanation=explained(of_case, item, lambda: item.order), must=must)


def draft_told(draft: Agenda, withheld: frozenset[UUID], told: OfCase) -> Agenda:
    warnings = (
        warning_told(told(each.case), each) if each.case else each
        for each in draft.warnings
        if each.case not in withheld
    )
    return replace(
        draft,
        items=tuple(_candidates(draft.items, withheld, told)),
        overflow=tuple(_candidates(draft.overflow, withheld, told)),
        warnings=tuple(each for each in warnings if each),
    )


def _candidates(held: Iterable[C], withheld: frozenset[UUID], told: OfCase) -> Iterable[C]:
    for each in held:
        if each.case in withheld:
            continue
        of_case = told(each.case)
        reasons = of_case.reasons(each.reasons)
        told_whole = len(reasons) == len(each.reasons)
        yield each if told_whole else replace(each, reasons=reasons, explanation=explained(of_case, each, lambda: 0))
