"""How the year's people come to their rights, as in a real place: each is given by somebody who may.

The operator makes one administrator, who registers the organisations and appoints the first officer, Caldicott contact
and member administrator of the lead agency. Those enrol and appoint everybody else.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from catch.commands.enrolling import OPERATOR, first_administrator
from catch.demo.people import AUDITOR, AUDITORS, CHAIR, LEAD_AGENCY, SHARED, WORKERS, Agency
from catch.domain.facts import Actor, Category, Command, Role, Sealed, Tag
from catch.domain.partner import (
    EnrolMember,
    GiveRole,
    GiveTag,
    RegisterPartner,
    RunningPart,
    RunProgramme,
    SignAgreement,
)
from catch.domain.programme import LoadProgramme
from catch.domain.programme.configuration import Programme

Act = tuple[Command, Actor]
ADMINISTRATOR = Actor("administrator-1", LEAD_AGENCY, Role.ADMINISTRATOR)
OFFICER = Actor("officer-1", LEAD_AGENCY, Role.APPOINTING_OFFICER)
CALDICOTT = Actor("caldicott-1", LEAD_AGENCY, Role.CALDICOTT)
MANAGER = Actor("manager-1", LEAD_AGENCY, Role.MEMBER_ADMINISTRATOR)


def enrolment(programmes: Sequence[Programme], key: str, partners: Sequence[Agency], day: date) -> Iterator[Act]:
    """Everything in order. `key`: the programme that the year is about."""
    programme = next(each for each in programmes if each.key == key)
    for command in first_administrator(
        LEAD_AGENCY, "Support North Northants", "voluntary", ADMINISTRATOR.user, called(ADMINISTRATOR.user), day
    ):
        yield command, OPERATOR
    for each in programmes:
        yield LoadProgramme(each.key, each), ADMINISTRATOR
    # Before the partners: its officer enrols their administrators.
    yield from lead_agency(programme, day)
    for agency in partners:
        yield from joins(agency, programme, day)
    yield from auditors(programme, day)


def lead_agency(programme: Programme, day: date) -> Iterator[Act]:
    yield agreed(LEAD_AGENCY, frozenset(Category), programme, day), ADMINISTRATOR
    yield RunProgramme(LEAD_AGENCY, programme.key, RunningPart.LEAD, day), ADMINISTRATOR
    for first in (OFFICER, CALDICOTT, MANAGER):
        yield enrol(LEAD_AGENCY, first.user), ADMINISTRATOR
    for first in (OFFICER, CALDICOTT):
        yield GiveRole(LEAD_AGENCY, first.user, first.role, day, None, programme.key), ADMINISTRATOR
    yield GiveRole(LEAD_AGENCY, MANAGER.user, MANAGER.role, day), ADMINISTRATOR
    for worker in WORKERS:
        yield enrol(LEAD_AGENCY, worker), MANAGER
        yield GiveRole(LEAD_AGENCY, worker, Role.COORDINATOR, day, None, programme.key), MANAGER
        for tag in Tag:
            yield GiveTag(LEAD_AGENCY, worker, tag, programme.key, day), CALDICOTT
    yield enrol(LEAD_AGENCY, CHAIR), MANAGER
    for series in programme.meetings:
        yield GiveRole(LEAD_AGENCY, CHAIR, Role.CHAIR, day, None, programme.key, series.key), OFFICER
        for worker in WORKERS[:2]:
            yield GiveRole(LEAD_AGENCY, worker, Role.PREPARER, day, None, programme.key, series.key), OFFICER


def joins(agency: Agency, programme: Programme, day: date) -> Iterator[Act]:
    """A partner comes to the table: its own administrator enrols its people."""
    admin = Actor(f"{agency.key}-admin", agency.key, Role.MEMBER_ADMINISTRATOR)
    yield RegisterPartner(agency.key, agency.name, agency.kind), ADMINISTRATOR
    yield agreed(agency.key, agency.categories | SHARED, programme, day), ADMINISTRATOR
    yield from administered(admin, day)
    yield enrol(agency.key, agency.user), admin
    yield GiveRole(agency.key, agency.user, Role.PARTNER, day, None, programme.key), admin


def administered(admin: Actor, day: date, officer: Actor = OFFICER) -> Iterator[Act]:
    yield enrol(admin.agency, admin.user), officer
    yield GiveRole(admin.agency, admin.user, admin.role, day), officer


def auditors(programme: Programme, day: date) -> Iterator[Act]:
    admin = Actor(f"{AUDITORS}-admin", AUDITORS, Role.MEMBER_ADMINISTRATOR)
    yield RegisterPartner(AUDITORS, "Audit office", "audit"), ADMINISTRATOR
    yield from administered(admin, day)
    yield enrol(AUDITORS, AUDITOR), admin
    yield GiveRole(AUDITORS, AUDITOR, Role.AUDITOR, day, None, programme.key), CALDICOTT


def agreed(agency: str, categories: frozenset[Category], programme: Programme, day: date) -> SignAgreement:
    signatory = Sealed("A. Signatory-Example")
    return SignAgreement(agency, "information-sharing-1", (programme.key,), categories, day, None, signatory)


def enrol(agency: str, user: str) -> EnrolMember:
    return EnrolMember(agency, user, Sealed(called(user)))


def called(user: str) -> str:
    return f"{user.title()} Example"
