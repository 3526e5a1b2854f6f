"""Every member of every agency: what each may act as and read, from when until when, and who gave it to them.

Names stay sealed, under the key of the agency's own stream.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from catch.database import Statements
from catch.domain.facts import Part, Recorded, Role, Sealed
from catch.domain.partner import (
    Binding,
    CalendarRenewed,
    HeldRole,
    HeldTag,
    MemberEnrolled,
    MemberReinstated,
    MemberSuspended,
    RoleEnded,
    RoleGiven,
    ServiceAccount,
    ServiceAllowed,
    SubjectBound,
    SubjectUnbound,
    TagEnded,
    TagGiven,
)
from catch.domain.partner.members import Changed, MemberEvent
from catch.log.rows import load
from projections import givings
from projections.givings import Giver, giver, member, still
from projections.read_model import MadeOf, ReadModel, names


class Acts(Part, frozen=True):
    """A role, and who gave it."""

    held: HeldRole
    given: Giver


class Reads(Part, frozen=True):
    """A tag, and who gave it."""

    held: HeldTag
    given: Giver


class Row(Struct, frozen=True):
    """One user of one agency. `subjects` are the keyed hashes of what each of the `issuers` calls them, each after its
    issuer and a space: nobody is shown them. `ends_on` is the earliest day on which anything given to them ends, past
    or to come.
    """

    member: UUID
    position: int
    agency: str
    user_id: str
    name: Sealed
    enrolled: Giver
    suspended: bool = False
    service: ServiceAccount | None = None
    issuers: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    ends_on: date | None = None
    acts_as: tuple[Role, ...] = ()
    roles: tuple[Acts, ...] = ()
    tags: tuple[Reads, ...] = ()


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    event = recorded.event
    return (member(recorded.stream, event.user),) if isinstance(event, MemberEvent) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    event: MemberEvent = recorded.event
    if isinstance(event, MemberEnrolled):
        return Row(
            key, recorded.position, event.partner, event.user, event.name, giver(recorded), service=event.service
        )
    return summed(replace(step(row, recorded, event), position=recorded.position)) if row else None


MEMBERS = ReadModel(
    name="members",
    version=4,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(MemberEvent),
    indexes=("agency, user_id", "using gin (subjects)"),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = MEMBERS.table


def summed(row: Row) -> Row:
    ends = (each.held.ends_on for each in (*row.roles, *row.tags))
    return replace(
        row,
        ends_on=min((day for day in ends if day), default=None),
        acts_as=tuple(sorted({each.held.role for each in row.roles})),
    )


def step(row: Row, recorded: Recorded[Any], event: Changed) -> Row:  # noqa: C901
    match event:
        case MemberSuspended():
            return replace(row, suspended=True)
        case MemberReinstated():
            return replace(row, suspended=False)
        case ServiceAllowed(service=service):
            return replace(row, service=service)
        case SubjectBound(binding=binding, beside=beside):
            kept = (each for each in row.subjects if beside and each != called(binding))
            return known_as(row, (*kept, called(binding)))
        case SubjectUnbound(issuer=issuer):
            return known_as(row, (each for each in row.subjects if each.split()[0] != issuer))
        case CalendarRenewed():
            return row
        case RoleGiven(held=held):
            return replace(row, roles=(*still(row.roles, held, recorded), Acts(held, giver(recorded))))
        case RoleEnded(role=role, programme=programme, series=series):
            # Only for comparing: `same` does not look at days.
            ended = HeldRole(role, date.min, None, programme, series)
            return replace(row, roles=tuple(each for each in row.roles if not each.held.same(ended)))
        case TagGiven(held=held):
            return replace(row, tags=(*still(row.tags, held, recorded), Reads(held, giver(recorded))))
        case TagEnded(tag=tag, programme=programme):
            return replace(row, tags=others(row, tag, programme))
        case _:
            assert_never(event)


def others(row: Row, tag: str, programme: str) -> tuple[Reads, ...]:
    return tuple(each for each in row.tags if (each.held.tag, each.held.programme) != (tag, programme))


def called(binding: Binding) -> str:
    return f"{binding.issuer} {binding.subject}"


def known_as(row: Row, subjects: Iterable[str]) -> Row:
    subjects = tuple(subjects)
    return replace(row, subjects=subjects, issuers=tuple(sorted({each.split()[0] for each in subjects})))


class Membership(NamedTuple):
    """Whom an issuer's word may stand for, as of now by the database's clock."""

    agency: str
    user: str
    at: datetime


async def bound_to(db: Statements, binding: Binding) -> list[Membership]:
    """Who is bound to this subject, at whatever agency, and not suspended. As what they may act is not asked here."""
    rows = await db.fetch(
        f"select agency, user_id, clock_timestamp() as at from {TABLE} where subjects @> $1::text[] and not suspended"
        " order by agency, user_id",
        [called(binding)],
    )
    return [Membership(row["agency"], row["user_id"], row["at"]) for row in rows]


async def page(db: Statements, agency: str, after: str | None = None, first: int = 50) -> list[Row]:
    """The agency's members, by user id."""
    rows = await db.fetch(
        f"""
        select * from {TABLE} where agency = $1 and ($2::text is null or user_id > $2)
        order by user_id limit $3
        """,
        agency,
        after,
        first,
    )
    return load(rows, Row)


async def one(db: Statements, agency: str, user: str) -> Row | None:
    rows = load(await db.fetch(f"select * from {TABLE} where agency = $1 and user_id = $2", agency, user), Row)
    return rows[0] if rows else None


CHAIRING = (Role.CHAIR, Role.DEPUTY)


async def officers(db: Statements, programme: str, series: str, day: date) -> set[tuple[str, str]]:
    """Agency and user of those who are appointed on that day to chair the series, or to stand in for whoever does."""
    rows = await db.fetch(
        f"""
        select held.agency, giving.user_id from {givings.TABLE} giving join {TABLE} held on held.member = giving.member
        where giving.appointed and giving.programme = $1 and giving.series = $2 and giving.role = any($3::text[])
          and giving.since <= $4 and (giving.ends_on is null or giving.ends_on >= $4) and not held.suspended
        """,
        programme,
        series,
        [*CHAIRING],
        day,
    )
    return {(row[0], row[1]) for row in rows}
