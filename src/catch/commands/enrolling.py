"""Enrolment by the operator of a place: its first administrator, and, in development, anybody as anything.

Everybody after the first administrator is enrolled and given roles by people who may (`catch.access.giving`). What is
done here is signed by the program, and is on record like everything else.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from catch.domain.facts import Actor, Category, Command, Role, Sealed, Tag
from catch.domain.partner import (
    BindSubject,
    EnrolMember,
    GiveRole,
    GiveTag,
    RegisterPartner,
    RunningPart,
    RunProgramme,
    SignAgreement,
)
from catch.domain.partner.members import AT_A_SERIES, IN_THE_PLACE
from catch.domain.programme.configuration import Programme

OPERATOR = Actor(user="operator", agency="operator", role=Role.SYSTEM)
RUNS = frozenset({Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.COORDINATOR, Role.APPOINTING_OFFICER})
"""Roles of people whose agency, in development, is taken to run each programme."""


class Account(Struct, frozen=True):
    """With which somebody signs in: the issuer's key, and what it calls them."""

    issuer: str
    subject: str

    def of(self, agency: str, user: str) -> BindSubject:
        return BindSubject(agency, user, self.issuer, Sealed(self.subject))


def first_administrator(
    agency: str,
    name: str,
    kind: str,
    user: str,
    called: str,
    day: date,
    *,
    known: bool = False,
    account: Account | None = None,
) -> Iterator[Command]:
    """An agency and its member who runs the service from now on. `known`: the agency is."""
    if not known:
        yield RegisterPartner(agency, name, kind)
    yield EnrolMember(agency, user, Sealed(called))
    yield GiveRole(agency, user, Role.ADMINISTRATOR, day)
    if account is not None:
        yield account.of(agency, user)


def as_anything(
    agency: str, user: str, role: Role, programmes: Iterable[Programme], day: date, *, known: bool
) -> Iterator[Command]:
    """All it takes, in development, for somebody to act as something in every programme. `known`: the agency is."""
    if not known:
        yield RegisterPartner(agency, f"Example {agency}", "voluntary")
    yield EnrolMember(agency, user, Sealed(f"{user} Example"))
    if role in IN_THE_PLACE:
        yield GiveRole(agency, user, role, day)
        return
    for programme in programmes:
        yield SignAgreement(
            agency,
            f"development-{programme.key}",
            (programme.key,),
            frozenset(Category),
            day,
            None,
            Sealed("Development"),
        )
        yield from in_programme(agency, user, role, programme, day)


def in_programme(agency: str, user: str, role: Role, programme: Programme, day: date) -> Iterator[Command]:
    """A coordinator also prepares the programme's meetings, and reads what is restricted."""
    if role in RUNS:
        yield RunProgramme(agency, programme.key, RunningPart.LEAD, day)
    if role in AT_A_SERIES:
        for series in programme.meetings:
            yield GiveRole(agency, user, role, day, None, programme.key, series.key)
        return
    yield GiveRole(agency, user, role, day, None, programme.key)
    if role is Role.COORDINATOR:
        for series in programme.meetings:
            yield GiveRole(agency, user, Role.PREPARER, day, None, programme.key, series.key)
        for tag in Tag:
            yield GiveTag(agency, user, tag, programme.key, day)
