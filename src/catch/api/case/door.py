"""From folded states to answers: what the doors said, how the person is reached, what became of the referral."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from catch.access import RedactionReason, Sight
from catch.api.case import door_types as types
from catch.api.common.redaction import Redactor
from catch.api.common.types import Worker
from catch.api.common.unfolding import unfolds
from catch.domain.case import state as domain
from catch.domain.facts import Category, Sealed, Tag


class Told(Struct, frozen=True):
    """What of a referral is told through a redactor. Whoever wrote it (`own`) reads what they wrote; but for how the
    person is reached, which may have become a secret (`protected`: where they live is one).
    """

    held: domain.Referral
    path: str
    redactor: Redactor
    own: bool
    protected: bool

    def hides(self, name: str, category: Category) -> bool:
        return not self.own and self.redactor.hides(f"{self.path}.{name}", category)

    def text(self, name: str, category: Category, sealed: Sealed | None) -> str | None:
        return self.redactor.text(f"{self.path}.{name}", None if self.own else category, sealed)

    def urgency(self) -> domain.Urgency | None:
        return None if self.hides("urgency", Category.NEEDS) else self.held.urgency

    def needs(self) -> list[str] | None:
        return None if self.hides("needs", Category.NEEDS) else list(self.held.needs)

    def basis(self) -> types.Basis | None:
        if self.hides("basis", Category.NEEDS) or self.held.basis is None:
            return None
        return basis(self.held.basis)

    def safe_contact(self) -> types.SaidContact | None:
        path = f"{self.path}.safeContact"
        if self.redactor.hides(path, Category.CONTACT) or self.held.safe_contact is None:
            return None
        return said(self.held.safe_contact, path, self.redactor)

    def agreement(self) -> types.ReferralAgreement | None:
        if self.hides("agreement", Category.PLAN) or self.held.agreement is None:
            return None
        return types.ReferralAgreement(
            knows=self.held.agreement.knows,
            agrees=self.held.agreement.agrees,
            evidence=self.redactor.text(f"{self.path}.agreement.evidence", None, self.held.agreement.evidence),
        )

    def described(self) -> types.Described | None:
        """That there is such a description is told to those who see something of it."""
        said, path, redactor = self.held.described or domain.Described(), f"{self.path}.described", self.redactor
        shown = types.Described(
            name=self.text("described.name", Category.IDENTITY, said.name),
            date_of_birth=self.text("described.dateOfBirth", Category.IDENTITY, said.date_of_birth),
            nhs_number=self.text("described.nhsNumber", Category.IDENTITY, said.nhs_number),
            phone=redactor.text(f"{path}.phone", Category.CONTACT, said.phone),
            address=address(said.address, f"{path}.address", redactor, protected=self.protected),
        )
        closed = redactor.sight.hides(Category.CONTACT) and not self.own and redactor.sight.hides(Category.IDENTITY)
        return None if closed or self.held.described is None else shown


OF_REFERRAL: Mapping[str, Callable[[Told], object]] = {
    "id": lambda told: told.held.referral,
    "needs": Told.needs,
    "urgency": Told.urgency,
    "basis": Told.basis,
    "safe_contact": Told.safe_contact,
    "source": lambda told: told.held.source,
    "channel": lambda told: told.held.channel,
    "received_at": lambda told: told.held.received_at,
    "reason": lambda told: told.text("reason", Category.NEEDS, told.held.reason),
    "referrer": lambda told: Worker(user=told.held.referrer, agency=told.held.referrer_agency),
    "unverified_organisation": lambda told: told.text(
        "unverifiedOrganisation", Category.NEEDS, told.held.unverified_organisation
    ),
    "reference": lambda told: told.text("reference", Category.NEEDS, told.held.reference),
    "described": Told.described,
    "agreement": Told.agreement,
}
"""What a referral is made of, in the order in which it is looked at for what is withheld."""


@unfolds(OF_REFERRAL)
class UnfoldingReferral(types.Referral):
    """A referral whose parts are worked out when they are asked for."""

    def __init__(self, held: domain.Referral, path: str, redactor: Redactor, *, protected: bool) -> None:
        self.__dict__["_said"] = Told(held, path, redactor, own_door(held, redactor), protected)


def said(held: domain.SafeContact, path: str, redactor: Redactor) -> types.SaidContact:
    """What the viewer may see of it has been asked."""
    return types.SaidContact(
        ok=held.ok,
        how=redactor.text(f"{path}.how", None, held.how),
        not_when=redactor.text(f"{path}.notWhen", None, held.not_when),
    )


def basis(held: domain.Basis) -> types.Basis:
    return types.Basis(article6=held.article6, common_law=held.common_law, article9=held.article9)


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
