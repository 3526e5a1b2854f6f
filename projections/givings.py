"""Every right that was given and not taken back: who gave it, from when, until when, and who looks after it.

Agreements, parts in programmes, roles and tags, one row each. Appointments and what lapses soon are read from here.
What has run out stays until it is ended.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catch.access.listing import carers_of_agency, carers_of_role, carers_of_tag
from catch.database import Statements
from catch.domain.calendar import london_day
from catch.domain.facts import Part, Recorded, Role, Tag
from catch.domain.partner import (
    AgencyLeftProgramme,
    AgencyRunsProgramme,
    AgreementSigned,
    AgreementTerminated,
    RoleEnded,
    RoleGiven,
    RunningPart,
    TagEnded,
    TagGiven,
)
from catch.domain.partner.state import until_then
from catch.log.rows import load
from projections.read_model import MadeOf, ReadModel, names

Begins = AgreementSigned | AgencyRunsProgramme | RoleGiven | TagGiven
Ends = AgreementTerminated | AgencyLeftProgramme | RoleEnded | TagEnded

APPOINTED = frozenset({Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.APPOINTING_OFFICER, Role.CALDICOTT, Role.AUDITOR})
"""Roles that people are appointed to in a programme, or at one of its series."""


class GivingKind(StrEnum):
    AGREEMENT = "agreement"
    RUNNING = "running"
    ROLE = "role"
    TAG = "tag"


class Giver(Part, frozen=True):
    """Who gave something, acting as what, and when."""

    user: str
    agency: str
    role: Role
    at: datetime


class Before(Part, frozen=True):
    """What holds of a right until it is had as it was given anew, from a later day on."""

    starts_on: date
    ends_on: date
    given: Giver
    cases: tuple[UUID, ...] = ()


class Row(Struct, frozen=True):
    """One giving. `programme` is None for agreements, which name several, and for roles in the whole place; `before`
    holds until it begins, and `since` is from when on anything of the right is held.
    """

    giving: UUID
    position: int
    kind: GivingKind
    agency: str
    since: date
    starts_on: date
    ends_on: date | None
    given: Giver
    carers: tuple[str, ...]
    programmes: tuple[str, ...] = ()
    programme: str | None = None
    series: str | None = None
    member: UUID | None = None
    user_id: str | None = None
    role: Role | None = None
    part: RunningPart | None = None
    tag: Tag | None = None
    agreement: str | None = None
    cases: tuple[UUID, ...] = ()
    appointed: bool = False
    before: tuple[Before, ...] = ()


def giver(recorded: Recorded[Any]) -> Giver:
    envelope = recorded.envelope
    return Giver(envelope.actor.user, envelope.actor.agency, envelope.actor.role, envelope.occurred_at)


def still(given: Iterable[Any], new: Any, recorded: Recorded[Any]) -> Iterator[Any]:
    """Each right with its giver, as far as it is left once another is given: of the same until that one begins."""
    day = london_day(recorded.envelope.occurred_at)
    for each in given:
        held = until_then(each.held, new, day) if each.held.same(new) else each.held
        if held is not None:
            yield replace(each, held=held)


def member(stream: UUID, user: str) -> UUID:
    """The id under which a member of the partner whose stream this is stands in read models."""
    return uuid5(stream, user)


def _id(stream: UUID, *names: str | None) -> UUID:
    # As JSON, since user ids may hold any sign that would part them.
    return uuid5(stream, msgspec.json.encode(names).decode())


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    event, stream = recorded.event, recorded.stream
    match event:
        case AgreementSigned() | AgreementTerminated():
            return (_id(stream, GivingKind.AGREEMENT, event.agreement),)
        case AgencyRunsProgramme() | AgencyLeftProgramme():
            return (_id(stream, GivingKind.RUNNING, event.part, event.programme),)
        case RoleGiven():
            held = event.held
            return (_id(stream, GivingKind.ROLE, event.user, held.role, held.programme, held.series),)
        case RoleEnded():
            return (_id(stream, GivingKind.ROLE, event.user, event.role, event.programme, event.series),)
        case TagGiven():
            return (_id(stream, GivingKind.TAG, event.user, event.held.tag, event.held.programme),)
        case TagEnded():
            return (_id(stream, GivingKind.TAG, event.user, event.tag, event.programme),)
        case _:
            return ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    event = recorded.event
    # What was ended or taken back is nobody's to look after; given again, it is a new giving under the same key.
    if not isinstance(event, Begins):
        return None
    given = begun(recorded, event, key)
    # An agreement that is signed anew is another from then on, whenever it begins.
    if row is None or isinstance(event, AgreementSigned):
        return given
    before = tuple(left(row, given.starts_on, london_day(recorded.envelope.occurred_at)))
    return replace(given, before=before, since=min(each.starts_on for each in (given, *before)))


def left(row: Row, begins: date, day: date) -> Iterator[Before]:
    """What holds of a right on that day or later, until it begins as it was given anew: like `until_then`."""
    last = begins - timedelta(days=1)
    held = [*row.before, Before(row.starts_on, row.ends_on or date.max, row.given, row.cases)]
    for each in held:
        ends_on = min(each.ends_on, last)
        if each.starts_on <= ends_on and day <= ends_on:
            yield replace(each, ends_on=ends_on)


GIVINGS = ReadModel(
    name="givings",
    version=2,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(Begins | Ends),
    indexes=(
        "programme, since, giving where appointed",
        "programme, series, role where appointed",
        "ends_on, giving where ends_on is not null",
    ),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = GIVINGS.table


def begun(recorded: Recorded[Any], event: Begins, key: UUID) -> Row:
    match event:
        case AgreementSigned():
            return Row(
                giving=key,
                position=recorded.position,
                kind=GivingKind.AGREEMENT,
                agency=event.partner,
                since=event.starts_on,
                starts_on=event.starts_on,
                ends_on=event.ends_on,
                given=giver(recorded),
                carers=carers_of_agency(event.partner, event.programmes),
                programmes=event.programmes,
                agreement=event.agreement,
            )
        case AgencyRunsProgramme():
            return Row(
                giving=key,
                position=recorded.position,
                kind=GivingKind.RUNNING,
                agency=event.partner,
                since=event.starts_on,
                starts_on=event.starts_on,
                ends_on=event.ends_on,
                given=giver(recorded),
                carers=carers_of_agency(event.partner, (event.programme,)),
                programmes=(event.programme,),
                programme=event.programme,
                part=event.part,
            )
        case RoleGiven():
            return role_given(recorded, event, key)
        case TagGiven(held=held):
            return Row(
                giving=key,
                position=recorded.position,
                kind=GivingKind.TAG,
                agency=event.partner,
                since=held.starts_on,
                starts_on=held.starts_on,
                ends_on=held.ends_on,
                given=giver(recorded),
                carers=carers_of_tag(event.partner, held.programme),
                programmes=(held.programme,),
                programme=held.programme,
                member=member(recorded.stream, event.user),
                user_id=event.user,
                tag=held.tag,
            )
        case _:
            assert_never(event)


def role_given(recorded: Recorded[Any], event: RoleGiven, key: UUID) -> Row:
    held = event.held
    return Row(
        giving=key,
        position=recorded.position,
        kind=GivingKind.ROLE,
        agency=event.partner,
        since=held.starts_on,
        starts_on=held.starts_on,
        ends_on=held.ends_on,
        given=giver(recorded),
        carers=carers_of_role(held.role, event.partner, held.programme),
        programmes=(held.programme,) if held.programme else (),
        programme=held.programme,
        series=held.series,
        member=member(recorded.stream, event.user),
        user_id=event.user,
        role=held.role,
        cases=held.cases,
        appointed=held.role in APPOINTED,
    )


Cursor = tuple[date, UUID]
"""Where a page of givings ended: the day by which it is ordered, and the last one's id."""


_APPOINTED = f"""
    from {TABLE} where appointed and programme = $1
      and ($2::text is null or series is null or series = $2) and (ends_on is null or ends_on >= $3)
"""
_ENDING = f"from {TABLE} where ends_on is not null and ends_on between $1 and $2 and carers && $3::text[]"


async def count_appointments(db: Statements, programme: str, series: str | None, day: date) -> int:
    """How many `appointments` there are on all pages."""
    return await db.fetchval(f"select count(*) {_APPOINTED}", programme, series, day)


async def count_lapsing(db: Statements, carers: Iterable[str], from_: date, to: date) -> int:
    """How many are `lapsing` on all pages."""
    return await db.fetchval(f"select count(*) {_ENDING}", from_, to, list(carers))


async def appointments(
    db: Statements, programme: str, series: str | None, day: date, after: Cursor | None = None, first: int = 50
) -> list[Row]:
    """Who is appointed in the programme on that day or from a later one on, the longest standing first.

    With a series: at it, and in the programme as a whole.
    """
    since, giving = after or (None, None)
    rows = await db.fetch(
        f"""
        select * {_APPOINTED}
          and ($4::date is null or (since, giving) > ($4, $5))
        order by since, giving limit $6
        """,
        programme,
        series,
        day,
        since,
        giving,
        first,
    )
    return load(rows, Row)


async def lapsing(
    db: Statements, carers: Iterable[str], from_: date, to: date, after: Cursor | None = None, first: int = 50
) -> list[Row]:
    """What ends from the one day to the other, both included, for those who look after it: what ends first, first."""
    ends_on, giving = after or (None, None)
    rows = await db.fetch(
        f"""
        select * {_ENDING}
          and ($4::date is null or (ends_on, giving) > ($4, $5))
        order by ends_on, giving limit $6
        """,
        from_,
        to,
        list(carers),
        ends_on,
        giving,
        first,
    )
    return load(rows, Row)
