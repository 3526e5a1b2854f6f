"""What the doors said of a person, how they may safely be reached, and what became of their referral."""

from datetime import date, datetime
from uuid import UUID

import strawberry

from catch.api.common.types import Worker
from catch.domain.case.state import Agrees, CommonLawBasis, LegalBasis, SpecialCategoryBasis, Urgency


@strawberry.type(description="Whether and how the person can be reached, as one door said it.")
class SaidContact:
    ok: bool
    how: str | None
    not_when: str | None


@strawberry.type(description="Whether and how the person can be reached safely: the most careful answer so far.")
class SafeContact:
    ok: bool
    how: str | None
    not_when: str | None
    confirmed: bool = strawberry.field(description="By those who work with the person; else a door alone has said so.")
    otherwise: list[SaidContact] = strawberry.field(
        description="What other doors said, as long as nobody has confirmed which is right: read it before you ring."
    )


@strawberry.type(description="Why information may be shared: lawful basis and common law basis together.")
class Basis:
    article6: LegalBasis
    common_law: CommonLawBasis
    article9: SpecialCategoryBasis | None


@strawberry.type(description="What the referrer says the person knows and wants.")
class ReferralAgreement:
    knows: bool
    agrees: Agrees
    evidence: str | None


@strawberry.type(description="The person as whoever referred them described them; `Case.person` may say otherwise.")
class Described:
    name: str | None
    date_of_birth: str | None
    nhs_number: str | None
    phone: str | None
    address: str | None


@strawberry.type(description="A request that the programme take the person on.")
class Referral:
    id: UUID
    safe_contact: SaidContact | None
    source: str
    channel: str
    received_at: datetime
    urgency: Urgency | None
    needs: list[str] | None
    reason: str | None
    referrer: Worker | None
    unverified_organisation: str | None = strawberry.field(
        description="Whom whoever referred says they are from, where it is no partner. Nobody has checked it."
    )
    reference: str | None = strawberry.field(description="The sender's own number of it: `casesByReference` finds it.")
    described: Described | None
    agreement: ReferralAgreement | None
    basis: Basis | None


@strawberry.type(description="One criterion as it was evaluated, with the fact it rested on and the day of that fact.")
class Criterion:
    code: str
    met: bool
    fact: str | None
    as_of: date | None


@strawberry.type(description="Why the person was taken on.")
class Acceptance:
    at: datetime
    criteria: list[Criterion]
    override_reason: str | None


@strawberry.type(description="Why the person was not taken on, and where they were led instead, if they were.")
class Answered:
    reason: str
    explanation: str | None
    agency: str | None
    programme: str | None
    warm_handover: bool
    message_back_due: date | None = strawberry.field(description="By when whoever referred hears of it.")
    criteria: list[Criterion]
