"""From folded states to answers: what the doors said, how the person is reached, what became of the referral."""

from collections.abc import Iterable

from catch.access import RedactionReason, Sight
from catch.api.case import door_types as types
from catch.api.common.redaction import Redactor
from catch.api.common.types import Worker
from catch.domain.case import state as domain
from catch.domain.facts import Category, Sealed, Tag


def referral(held: domain.Referral, path: str, redactor: Redactor, *, address_protected: bool) -> types.Referral:
    """Whoever wrote it reads what they wrote; but for how the person is reached, which may have become a secret."""
    own = own_door(held, redactor)
    category = None if own else Category.NEEDS
    hidden = category is not None and redactor.hides(f"{path}.needs", category)
    if hidden:
        redactor.hides(f"{path}.urgency", Category.NEEDS)
        redactor.hides(f"{path}.basis", Category.NEEDS)
    return types.Referral(
        id=held.referral,
        safe_contact=said_at(held, path, redactor),
        source=held.source,
        channel=held.channel,
        received_at=held.received_at,
        urgency=None if hidden else held.urgency,
        needs=None if hidden else list(held.needs),
        reason=redactor.text(f"{path}.reason", category, held.reason),
        referrer=Worker(user=held.referrer, agency=held.referrer_agency),
        unverified_organisation=redactor.text(f"{path}.unverifiedOrganisation", category, held.unverified_organisation),
        reference=redactor.text(f"{path}.reference", category, held.reference),
        described=described(held, f"{path}.described", redactor, address_protected=address_protected),
        agreement=agreement_at(held, path, redactor, None if own else Category.PLAN),
        basis=basis(held.basis) if held.basis and not hidden else None,
    )


def said_at(held: domain.Referral, path: str, redactor: Redactor) -> types.SaidContact | None:
    path = f"{path}.safeContact"
    if redactor.hides(path, Category.CONTACT) or held.safe_contact is None:
        return None
    return said(held.safe_contact, path, redactor)


def said(held: domain.SafeContact, path: str, redactor: Redactor) -> types.SaidContact:
    """What the viewer may see of it has been asked."""
    return types.SaidContact(
        ok=held.ok,
        how=redactor.text(f"{path}.how", None, held.how),
        not_when=redactor.text(f"{path}.notWhen", None, held.not_when),
    )


def agreement_at(
    held: domain.Referral, path: str, redactor: Redactor, category: Category | None
) -> types.ReferralAgreement | None:
    path = f"{path}.agreement"
    if (category and redactor.hides(path, category)) or held.agreement is None:
        return None
    return types.ReferralAgreement(
        knows=held.agreement.knows,
        agrees=held.agreement.agrees,
        evidence=redactor.text(f"{path}.evidence", None, held.agreement.evidence),
    )


def basis(held: domain.Basis) -> types.Basis:
    return types.Basis(article6=held.article6, common_law=held.common_law, article9=held.article9)


def described(
    held: domain.Referral, path: str, redactor: Redactor, *, address_protected: bool
) -> types.Described | None:
    """That there is such a description is told to those who see something of it."""
    said, own = held.described or domain.Described(), own_door(held, redactor)
    identity = None if own else Category.IDENTITY
    shown = types.Described(
        name=redactor.text(f"{path}.name", identity, said.name),
        date_of_birth=redactor.text(f"{path}.dateOfBirth", identity, said.date_of_birth),
        nhs_number=redactor.text(f"{path}.nhsNumber", identity, said.nhs_number),
        phone=redactor.text(f"{path}.phone", Category.CONTACT, said.phone),
        address=address(said.address, f"{path}.address", redactor, protected=address_protected),
    )
    closed = redactor.sight.hides(Category.CONTACT) and not own and redactor.sight.hides(Category.IDENTITY)
    return None if closed or held.described is None else shown


def address(held: Sealed | None, path: str, redactor: Redactor, *, protected: bool) -> str | None:
    """Where somebody lives; once that is protected, for those only who were given the tag."""
    if redactor.hides(path, Category.CONTACT):
        return None
    if protected and Tag.PROTECTED_ADDRESS not in redactor.sight.tags:
        # Whether or not there is an address: a closed one and none look the same.
        redactor.withheld[path] = RedactionReason.RESTRICTED
        return None
    return redactor.text(path, Category.CONTACT, held)


def refers_by(held: domain.Case, digest: str, seen: Sight) -> bool:
    """Whether the case has a referral under this reference whose reference is shown."""
    open_to_all = seen.hides(Category.NEEDS) is None
    return any(
        each.reference_digest == digest and (open_to_all or each.referrer_agency == seen.agency)
        for each in held.referrals
    )


def own_door(held: domain.Referral, redactor: Redactor) -> bool:
    return held.referrer_agency == redactor.sight.agency


def doors(held: domain.Case, redactor: Redactor) -> list[domain.Referral]:
    """The referrals that the viewer may know of: for who sees no more than their own, the others are not there."""
    return [each for each in held.referrals if not redactor.refers or own_door(each, redactor)]


def safe_contact(
    held: domain.SafeContact | None,
    path: str,
    redactor: Redactor,
    *,
    confirmed: bool,
    otherwise: Iterable[domain.SafeContact] = (),
) -> types.SafeContact | None:
    if redactor.hides(path, Category.CONTACT) or held is None:
        return None
    return types.SafeContact(
        ok=held.ok,
        how=redactor.text(f"{path}.how", Category.CONTACT, held.how),
        not_when=redactor.text(f"{path}.notWhen", Category.CONTACT, held.not_when),
        confirmed=confirmed,
        otherwise=[said(each, f"{path}.otherwise", redactor) for each in otherwise],
    )


def of_case(held: domain.Case, path: str, redactor: Redactor) -> types.SafeContact | None:
    """How the person is reached safely, wherever that has to be read first."""
    return safe_contact(
        held.safe_contact,
        path,
        redactor,
        confirmed=held.safe_contact_confirmed,
        otherwise=held.said_otherwise,
    )


def criteria(held: Iterable[domain.EvaluatedCriterion], path: str, redactor: Redactor) -> list[types.Criterion]:
    """What was known of the person when it was decided: for those who see what they need."""
    if redactor.hides(path, Category.NEEDS):
        return []
    return [
        types.Criterion(
            code=each.code,
            met=each.met,
            fact=redactor.text(f"{path}.fact", Category.NEEDS, each.fact),
            as_of=each.as_of,
        )
        for each in held
    ]


def accepted(held: domain.Acceptance | None, redactor: Redactor) -> types.Acceptance | None:
    if redactor.hides("accepted", Category.NEEDS) or held is None:
        return None
    return types.Acceptance(
        at=held.at,
        criteria=criteria(held.criteria, "accepted.criteria", redactor),
        override_reason=redactor.text("accepted.overrideReason", Category.NEEDS, held.override_reason),
    )


def answered(held: domain.Answered | None, redactor: Redactor) -> types.Answered | None:
    """Whoever referred is told why, where the person was led, and by when they hear of it."""
    category = None if redactor.refers else Category.NEEDS
    explanation = redactor.text("answered.explanation", category, held.explanation if held else None)
    evaluated = criteria(held.criteria if held else (), "answered.criteria", redactor)
    if held is None:
        return None
    return types.Answered(
        reason=held.reason,
        explanation=explanation,
        agency=held.agency,
        programme=held.programme,
        warm_handover=held.warm_handover,
        message_back_due=held.message_back_due,
        criteria=evaluated,
    )
