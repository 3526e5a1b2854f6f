"""Enrolment as one viewer is shown it: rows of agencies, members and givings, and their own standing."""

from collections.abc import Iterable
from datetime import date, datetime

from catch.access import ASKED, RedactionReason, Who, asks, rule_of
from catch.access.listing import administers_members, members, reads, told_of_assigned, told_of_programme, told_of_right
from catch.access.standing import IN_TURN
from catch.api.common.redaction import Opens, why_unopened
from catch.api.common.types import Redaction
from catch.api.standing import types
from catch.domain.access_grant import Glass
from catch.domain.calendar import london_day
from catch.domain.facts import Category, Command, Sealed
from catch.domain.partner import Agreement, HeldRole, HeldTag, Partner, Running, ServiceAccount
from catch.personal import Unopened
from projections import agencies as agency_rows
from projections import givings
from projections import members as member_rows

# Parts


def giver(by: givings.Giver) -> types.Giver:
    return types.Giver(user=by.user, agency=by.agency, role=by.role, at=by.at)


def role(held: HeldRole, by: givings.Giver | None, *, cases: bool) -> types.RoleHeld:
    """`cases`: whether they are told which cases it was given for."""
    return types.RoleHeld(
        role=held.role,
        programme=held.programme,
        series=held.series,
        starts_on=held.starts_on,
        ends_on=held.ends_on,
        assigned_cases=len(held.cases),
        case_ids=list(held.cases) if cases else None,
        given=giver(by) if by else None,
    )


def tag(held: HeldTag, by: givings.Giver | None = None) -> types.TagHeld:
    return types.TagHeld(
        tag=held.tag,
        programme=held.programme,
        starts_on=held.starts_on,
        ends_on=held.ends_on,
        given=giver(by) if by else None,
    )


def part(held: Running, by: givings.Giver | None = None) -> types.PartHeld:
    return types.PartHeld(
        part=held.part,
        programme=held.programme,
        starts_on=held.starts_on,
        ends_on=held.ends_on,
        given=giver(by) if by else None,
    )


def agreement(
    held: Agreement,
    programmes: Iterable[str],
    by: givings.Giver | None = None,
    ended: givings.Giver | None = None,
) -> types.SharingAgreement:
    return types.SharingAgreement(
        id=held.agreement,
        programmes=list(programmes),
        categories=sorted(held.categories),
        starts_on=held.starts_on,
        ends_on=held.ends_on,
        terminated_at=held.terminated_at,
        given=giver(by) if by else None,
        ended=giver(ended) if ended else None,
    )


# The viewer


def mutation(kind: type[Command]) -> str:
    return kind.__name__[0].lower() + kind.__name__[1:]


def viewer(who: Who, partner: Partner | None, at: datetime, glasses: Iterable[Glass] = ()) -> types.Viewer:
    day = london_day(at)
    held = partner.member(who.user) if partner else None
    roles = [*held.roles_on(day)] if held else []
    acted = [each for each in roles if each.role in who.roles_held()]
    open_to = [kind for kind in ASKED if asks(who, kind)]
    return types.Viewer(
        user=who.user,
        agency=who.agency,
        roles=[each for each in IN_TURN if each in who.roles_held()],
        may=[mutation(kind) for kind in open_to],
        reads=reads(who),
        because=[permission(who, kind) for kind in open_to],
        holds=[role(each, None, cases=True) for each in acted],
        offices=[role(each, None, cases=True) for each in roles if holds_office(who, each)],
        tags=[tag(each) for each in held.tags_on(day)] if held else [],
        runs=[part(each) for each in partner.running_on(day)] if partner else [],
        agreements=[agreement(each, each.programmes) for each in in_force(partner, at)] if partner else [],
        opened=[opened(each) for each in glasses],
        calendars=held.calendars if held else 0,
    )


def opened(glass: Glass) -> types.OpenedCase:
    said = glass.opened
    return types.OpenedCase(id=said.opening, case_id=said.case, number=said.number, until=said.until)


def permission(who: Who, kind: type[Command]) -> types.Permission:
    opening = rule_of(kind).keys() & who.roles_held()
    return types.Permission(mutation=mutation(kind), roles=[each for each in IN_TURN if each in opening])


def holds_office(who: Who, held: HeldRole) -> bool:
    return (held.role, held.programme, held.series) in who.offices


def in_force(partner: Partner, at: datetime) -> list[Agreement]:
    return [held for held in partner.agreements if any(held.in_force(key, at) for key in held.programmes)]


# Agencies


def agency(who: Who, row: agency_rows.Row) -> types.Agency:
    counted = members(who, row.agency, row.programmes)
    return types.Agency(
        key=row.agency,
        name=row.name,
        kind=row.kind,
        ods=row.ods,
        registered=giver(row.registered),
        members=row.members if counted else None,
        suspended=row.suspended if counted else None,
        agreements=agreements(who, row),
        runs=[
            part(each.held, each.given) for each in row.runs if told_of_programme(who, row.agency, each.held.programme)
        ],
    )


def agreements(who: Who, row: agency_rows.Row) -> list[types.SharingAgreement]:
    """Each with those of its programmes that the viewer is told of; none of others."""
    told = [
        (each, [key for key in each.held.programmes if told_of_programme(who, row.agency, key)])
        for each in row.agreements
    ]
    return [agreement(each.held, keys, each.given, each.ended) for each, keys in told if keys]


def named_partner(row: agency_rows.Row, programme: str, at: datetime) -> types.NamedPartner:
    held = [each.held for each in row.agreements if each.held.in_force(programme, at)]
    day = london_day(at)
    parts = {each.held.part for each in row.runs if each.held.programme == programme and each.held.on(day)}
    return types.NamedPartner(
        key=row.agency,
        name=row.name,
        kind=row.kind,
        agreement_in_force=bool(held),
        covers=sorted(frozenset[Category]().union(*(each.categories for each in held))),
        runs=sorted(parts),
    )


# Members


def member(who: Who, row: member_rows.Row, texts: Opens | None) -> types.Member:
    """`texts` read the agency's own texts; None where the viewer may not."""
    name, withheld = named(row.name, texts if administers_members(who, row.agency) else None)
    return types.Member(
        user=row.user_id,
        agency=row.agency,
        name=name,
        redactions=[Redaction(path="name", reason=withheld)] if withheld else [],
        suspended=row.suspended,
        service=service(row.service) if row.service else None,
        issuers=list(row.issuers),
        enrolled=giver(row.enrolled),
        roles=[
            role(each.held, each.given, cases=told_of_assigned(who, each.held.programme))
            for each in row.roles
            if told_of_right(who, row.agency, each.held.programme)
        ],
        tags=[tag(each.held, each.given) for each in row.tags if told_of_right(who, row.agency, each.held.programme)],
    )


def service(held: ServiceAccount) -> types.ServiceAccount:
    return types.ServiceAccount(commands=sorted(held.commands), documents=sorted(held.documents))


def named(sealed: Sealed, texts: Opens | None) -> tuple[str | None, RedactionReason | None]:
    """The plain name, or why there is none."""
    if texts is None:
        return None, RedactionReason.ROLE
    plain = texts.get(sealed)
    return (None, why_unopened(plain)) if isinstance(plain, Unopened) else (plain, None)


# Givings


def appointment(who: Who, row: givings.Row, today: date) -> types.Appointment | None:
    """None for what is no appointment of a member. Of one that was given anew from a later day on, what holds until
    then stands first.
    """
    if row.user_id is None or row.role is None:
        return None
    own, cases = row.role, told_of_assigned(who, row.programme)
    held, *later = [
        role(
            HeldRole(own, each.starts_on, each.ends_on, row.programme, row.series, each.cases), each.given, cases=cases
        )
        for each in (*(each for each in row.before if each.ends_on >= today), row)
    ]
    return types.Appointment(user=row.user_id, agency=row.agency, held=held, next=next(iter(later), None))


def lapse(row: givings.Row, ends_on: date) -> types.Lapse:
    return types.Lapse(
        kind=row.kind,
        agency=row.agency,
        user=row.user_id,
        programmes=list(row.programmes),
        series=row.series,
        role=row.role,
        tag=row.tag,
        part=row.part,
        agreement=row.agreement,
        starts_on=row.starts_on,
        ends_on=ends_on,
        given=giver(row.given),
    )
