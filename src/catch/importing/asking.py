"""What a row asks for: a person registered, a case opened for them or a referral attached to the one they have.

Every id is made from the programme and the reference with the place's secret, so a second run finds what the first one
recorded, and nobody else works them out.
"""

from typing import Any
from uuid import UUID, uuid5

from catch.domain.calendar import age_on, london_day
from catch.domain.case.referral import AttachReferral, SubmitReferral
from catch.domain.case.state import Described, ReferralAgreement, SafeContact
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.ids import id_of_digest
from catch.domain.matching import one_reference
from catch.domain.person import RegisterPerson
from catch.importing.people import FORMER_NAMES, identifiers
from catch.importing.rows import ReferralRow, slug
from catch.personal import Keyring

IMPORTER = Actor(user="referral-import", agency="referral-import", role=Role.SYSTEM)


class Asks:
    """`partners` are their keys, by key and by name; `strangers` the lines on which somebody stands who is none."""

    def __init__(self, keyring: Keyring, programme: str, partners: dict[str, str]) -> None:
        self._keyring = keyring
        self._programme = programme
        self._partners = partners
        self.strangers: set[int] = set()

    def referrals(self, row: ReferralRow) -> list[UUID]:
        """The ids that the row's referral may have: its own, those of when each way of writing a reference was one of
        its own, which go first, and those of before ids were keyed.
        """
        said = row.reference
        ways = dict.fromkeys((said, one_reference(said), said.upper(), said.lower()))
        return [
            *(self._id(way, "referral") for way in ways),
            *(uuid5(FORMER_NAMES, f"{self._programme}/{way}/referral") for way in ways),
        ]

    def keyed(self, row: ReferralRow, what: str) -> UUID:
        return self._id(one_reference(row.reference), what)

    def _id(self, reference: str, what: str) -> UUID:
        return id_of_digest(self._keyring.digest(f"referral import {self._programme}/{reference}/{what}"))

    def newcomer(self, row: ReferralRow) -> UUID:
        """Whoever is registered for this row. Another description under the same reference is somebody else."""
        said = identifiers(row)
        return self.keyed(row, f"person {said.name}/{said.date_of_birth}/{said.nhs_number}/{said.phone}/{said.address}")

    def registration(self, person: UUID, row: ReferralRow) -> RegisterPerson:
        return RegisterPerson(
            person=person,
            provisional=row.nhs_number is None and row.born is None,
            name=text(row.name),
            date_of_birth=text(row.born.isoformat() if row.born else None),
            address=text(row.address),
            phone=text(row.phone),
            nhs_number=text(row.nhs_number),
        )

    def submission(self, person: UUID, row: ReferralRow) -> SubmitReferral:
        return SubmitReferral(
            case=self.keyed(row, "case"),
            programme=self._programme,
            **self._said(person, row),
            age=age_on(london_day(row.received_at), row.born) if row.born else None,
        )

    def attachment(self, case: UUID, person: UUID, row: ReferralRow) -> AttachReferral:
        return AttachReferral(case=case, **self._said(person, row))

    def _said(self, person: UUID, row: ReferralRow) -> dict[str, Any]:
        """What a row says, whether it opens a case or joins one."""
        referrer, stranger = self.referrer(row)
        return {
            "person": person,
            "referral": self.keyed(row, "referral"),
            "source": row.source,
            "channel": row.channel,
            "received_at": row.received_at,
            "reason": Sealed(row.reason),
            "needs": row.needs,
            "urgency": row.urgency,
            "on_behalf_of": referrer,
            "unverified_organisation": text(stranger),
            "reference": Sealed(row.reference),
            "described": description(row),
            "agreement": agreement(row),
            "safe_contact": safe_contact(row),
        }

    def referrer(self, row: ReferralRow) -> tuple[str | None, str | None]:
        """The partner's key, or else the name of an organisation that nobody has checked: it may say anything."""
        if not row.organisation:
            return None, None
        key = self._partners.get(slug(row.organisation))
        if key is None:
            self.strangers.add(row.line)
            return None, row.organisation
        return key, None


def text(value: str | None) -> Sealed | None:
    return Sealed(value) if value else None


def description(row: ReferralRow) -> Described:
    """As this door describes the person, whatever is known of them besides."""
    return Described(
        name=text(row.name),
        date_of_birth=text(row.born.isoformat() if row.born else None),
        nhs_number=text(row.nhs_number),
        phone=text(row.phone),
        address=text(row.address),
    )


def agreement(row: ReferralRow) -> ReferralAgreement | None:
    if row.knows is None or row.agrees is None:
        return None
    return ReferralAgreement(knows=row.knows, agrees=row.agrees)


def safe_contact(row: ReferralRow) -> SafeContact | None:
    return None if row.safe is None else SafeContact(row.safe, Sealed(row.how) if row.how else None)
