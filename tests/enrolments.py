"""The enrolment of a small place as facts: two agencies, and people whose rights come from several givers."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from catch.domain.facts import Actor, Category, Envelope, Fact, Purpose, Recorded, Role, Sealed, Tag
from catch.domain.partner import (
    AgencyRunsProgramme,
    AgreementSigned,
    HeldRole,
    HeldTag,
    MemberEnrolled,
    PartnerRegistered,
    RoleGiven,
    RunningPart,
    TagGiven,
)
from catch.domain.streams import partner_stream

AT = datetime(2026, 6, 2, 10, tzinfo=UTC)
DAY = AT.date()
SINCE = date(2026, 1, 1)
ADA = Actor("ada", "snn", Role.ADMINISTRATOR)
OLA = Actor("ola", "snn", Role.APPOINTING_OFFICER)
CAL = Actor("cal", "snn", Role.CALDICOTT)
MIA = Actor("mia", "housing-1", Role.MEMBER_ADMINISTRATOR)
CATCH, BEXLEY, WEEKLY = "snn-catch", "bexley-icm", "catch-weekly"
NAME = Sealed("sealed name")
CASES = (UUID(int=1), UUID(int=2))


def given(user: str, role: Role, ends_on: date | None = None, key: str = "snn", **where: Any) -> RoleGiven:
    return RoleGiven(key, user, HeldRole(role, SINCE, ends_on, **where))


registered = PartnerRegistered("snn", "Support North Northants", "voluntary", "ABC")
signed = AgreementSigned(
    "snn", "isa-1", (CATCH, BEXLEY), frozenset({Category.PLAN, Category.NEEDS}), SINCE, date(2026, 7, 1), NAME
)
runs = AgencyRunsProgramme("snn", CATCH, RunningPart.LEAD, SINCE, date(2026, 12, 31))
carl = MemberEnrolled("snn", "carl", NAME)
dee = MemberEnrolled("snn", "dee", NAME)
chairs = given("carl", Role.CHAIR, date(2026, 6, 30), programme=CATCH, series=WEEKLY)
deputises = given("dee", Role.DEPUTY, programme=CATCH, series=WEEKLY)
audits = RoleGiven("snn", "dee", HeldRole(Role.AUDITOR, SINCE, date(2026, 6, 20), CATCH, None, CASES))
tagged = TagGiven("snn", "carl", HeldTag(Tag.SAFEGUARDING, CATCH, SINCE, date(2026, 6, 10)))

SNN: tuple[tuple[Fact, Actor], ...] = (
    (registered, ADA),
    (signed, ADA),
    (runs, ADA),
    (carl, ADA),
    (dee, ADA),
    (chairs, OLA),
    (deputises, OLA),
    (audits, CAL),
    (tagged, CAL),
)
HOUSING: tuple[tuple[Fact, Actor], ...] = (
    (PartnerRegistered("housing-1", "Housing One", "housing"), ADA),
    (AgreementSigned("housing-1", "isa-1", (BEXLEY,), frozenset({Category.PLAN}), SINCE, None, NAME), ADA),
    (MemberEnrolled("housing-1", "hana", NAME), MIA),
    (given("hana", Role.PARTNER, date(2026, 6, 25), "housing-1", programme=BEXLEY), MIA),
)


def facts(told: tuple[tuple[Fact, Actor], ...], key: str = "snn", position: int = 1) -> list[Recorded[Any]]:
    """The facts of one agency's stream, as they are read back."""
    stream = partner_stream(key)
    return [
        Recorded(position + place, stream, place + 1, type(fact).__name__, AT, envelope(fact, by))
        for place, (fact, by) in enumerate(told)
    ]


def envelope(fact: Fact, by: Actor) -> Envelope[Any]:
    return Envelope(AT, by, Purpose.ADMINISTRATION, UUID(int=90), UUID(int=90), fact)
