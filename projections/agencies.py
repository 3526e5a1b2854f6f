"""Every agency: what it is called, its agreements, what it runs, and how many act for it. No names of people."""

from collections.abc import Iterable
from typing import Any, assert_never

from msgspec import Struct
from msgspec.structs import replace

from catch.access.listing import Reach
from catch.database import Statements
from catch.domain.facts import Part, Recorded
from catch.domain.partner import (
    AgencyLeftProgramme,
    AgencyRunsProgramme,
    Agreement,
    AgreementSigned,
    AgreementTerminated,
    MemberEnrolled,
    MemberReinstated,
    MemberSuspended,
    PartnerRegistered,
    Running,
    RunningPart,
)
from catch.log.rows import load
from projections.givings import Giver, giver, still
from projections.read_model import MadeOf, ReadModel, names

Changes = (
    AgreementSigned
    | AgreementTerminated
    | AgencyRunsProgramme
    | AgencyLeftProgramme
    | MemberEnrolled
    | MemberSuspended
    | MemberReinstated
)
Concerns = PartnerRegistered | Changes


class Signed(Part, frozen=True, omit_defaults=True):
    """An agreement, and who recorded it; `ended` where somebody ended it before its time."""

    held: Agreement
    given: Giver
    ended: Giver | None = None


class Runs(Part, frozen=True, omit_defaults=True):
    """A part in a programme, and who gave it to the agency."""

    held: Running
    given: Giver


class Row(Struct, frozen=True):
    """One agency. `programmes`: those it runs or ever signed an agreement for; `members`: how many were enrolled."""

    agency: str
    position: int
    name: str
    kind: str
    ods: str | None
    registered: Giver
    programmes: tuple[str, ...] = ()
    members: int = 0
    suspended: int = 0
    agreements: tuple[Signed, ...] = ()
    runs: tuple[Runs, ...] = ()


def keys(recorded: Recorded[Any]) -> Iterable[str]:
    return (recorded.event.partner,) if isinstance(recorded.event, Concerns) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: str) -> Row | None:
    event: Concerns = recorded.event
    if isinstance(event, PartnerRegistered):
        return Row(key, recorded.position, event.name, event.kind, event.ods, giver(recorded))
    # Worked out from the row after the change, so that no kind of fact can forget it.
    return concerning(replace(step(row, recorded, event), position=recorded.position)) if row else None


AGENCIES = ReadModel(
    name="agencies",
    version=2,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(Concerns),
    indexes=("using gin (programmes)",),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = AGENCIES.table


def concerning(row: Row) -> Row:
    signed = {programme for each in row.agreements for programme in each.held.programmes}
    return replace(row, programmes=tuple(sorted(signed | {each.held.programme for each in row.runs})))


def step(row: Row, recorded: Recorded[Any], event: Changes) -> Row:
    match event:
        case AgreementSigned(_, agreement, programmes, categories, starts_on, ends_on):
            signed = Agreement(agreement, programmes, categories, starts_on, ends_on)
            return replace(row, agreements=(*row.agreements, Signed(signed, giver(recorded))))
        case AgreementTerminated():
            return replace(row, agreements=tuple(terminated(each, recorded, event) for each in row.agreements))
        case AgencyRunsProgramme(_, programme, part, starts_on, ends_on):
            running = Runs(Running(programme, part, starts_on, ends_on), giver(recorded))
            return replace(row, runs=(*still(row.runs, running.held, recorded), running))
        case AgencyLeftProgramme(_, programme, part):
            return replace(row, runs=others(row, programme, part))
        case MemberEnrolled():
            return replace(row, members=row.members + 1)
        case MemberSuspended():
            return replace(row, suspended=row.suspended + 1)
        case MemberReinstated():
            return replace(row, suspended=row.suspended - 1)
        case _:
            assert_never(event)


def terminated(signed: Signed, recorded: Recorded[Any], event: AgreementTerminated) -> Signed:
    if signed.held.agreement != event.agreement:
        return signed
    return replace(signed, held=replace(signed.held, terminated_at=event.at), ended=giver(recorded))


def others(row: Row, programme: str, part: RunningPart) -> tuple[Runs, ...]:
    return tuple(each for each in row.runs if (each.held.programme, each.held.part) != (programme, part))


async def one(db: Statements, agency: str) -> Row | None:
    rows = load(await db.fetch(f"select * from {TABLE} where agency = $1", agency), Row)
    return rows[0] if rows else None


def _within(reach: Reach, first: int) -> tuple[str, tuple[object, ...]]:
    """The condition for what is within reach, and its values, the first of which has this number."""
    if reach.everywhere:
        return "true", ()
    return f"(agency = ${first} or programmes && ${first + 1}::text[])", (reach.agency, sorted(reach.programmes))


async def count(db: Statements, reach: Reach) -> int:
    """How many agencies are within reach: as many as all pages show."""
    within, reaching = _within(reach, 1)
    return await db.fetchval(f"select count(*) from {TABLE} where {within}", *reaching)


async def page(db: Statements, reach: Reach, after: str | None = None, first: int = 50) -> list[Row]:
    """Agencies within reach, by key."""
    within, reaching = _within(reach, 3)
    rows = await db.fetch(
        f"select * from {TABLE} where {within} and ($1::text is null or agency > $1) order by agency limit $2",
        after,
        first,
        *reaching,
    )
    return load(rows, Row)


_OF_PROGRAMME = f"from {TABLE} where programmes @> array[$1]::text[]"


async def count_of(db: Statements, programme: str) -> int:
    """How many agencies run the programme, or ever signed an agreement for it."""
    return await db.fetchval(f"select count(*) {_OF_PROGRAMME}", programme)


async def page_of(db: Statements, programme: str, after: str | None = None, first: int = 50) -> list[Row]:
    """Those agencies, by key."""
    rows = await db.fetch(
        f"select * {_OF_PROGRAMME} and ($2::text is null or agency > $2) order by agency limit $3",
        programme,
        after,
        first,
    )
    return load(rows, Row)


async def named(db: Statements) -> list[tuple[str, str]]:
    """The key and the public name of every agency, in the order in which they were registered."""
    rows = await db.fetch(f"select agency, name from {TABLE} order by registered ->> 'at', agency")
    return [(row["agency"], row["name"]) for row in rows]
