"""Every case as it stands: what a case page, a caseload list and the agenda's facts are read from."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.database import Statements
from catch.domain.case import evolve
from catch.domain.case.state import Case, CaseState
from catch.domain.facts import Part, Recorded
from catch.domain.streams import CASE, stream_of_event
from catch.log.rows import load

NAME = "case_summary"
VERSION = 3
TOPICS = frozenset(event.__name__ for event in CASE.events)
TABLE = f"{NAME}_v{VERSION}"
ONE_STREAM = True
INDEXES = ("number", "programme, live", "lead_user", "person", "received_at, case_id")


class Row(Struct, frozen=True):
    """One case. `agencies` are the partners with a part in it now; `opened_at` is the position of its referral."""

    case_id: UUID
    position: int
    version: int
    opened_at: int
    number: str
    programme: str
    person: UUID
    state: CaseState
    live: bool
    lead_user: str | None
    lead_agency: str | None
    agencies: tuple[str, ...]
    referrers: tuple[str, ...]
    received_at: datetime
    case: Case


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if stream_of_event(recorded.event) is CASE else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    case = evolve(row.case if row else None, recorded)
    if case is None:
        return None
    if row and row.case.involvements is case.involvements:
        agencies = row.agencies
    else:
        agencies = tuple(sorted({held.agency for held in case.involvements if held.ended_at is None}))
    if row and row.case.referrals is case.referrals:
        referrers = row.referrers
    else:
        referrers = tuple(sorted({held.referrer_agency for held in case.referrals}))
    return Row(
        case_id=key,
        position=recorded.position,
        version=recorded.version,
        opened_at=row.opened_at if row else recorded.position,
        number=case.number,
        programme=case.programme,
        person=case.person,
        state=case.state,
        live=case.live,
        lead_user=case.lead.user if case.lead else None,
        lead_agency=case.lead.agency if case.lead else None,
        agencies=agencies,
        referrers=referrers,
        received_at=case.milestones.received_at,
        case=case,
    )


class CaseFilter(Part, frozen=True):
    """Which cases; what is None does not matter. `agency`: it has a part in the case, leads it or referred it."""

    programme: str | None = None
    states: tuple[CaseState, ...] | None = None
    live: bool | None = None
    lead_user: str | None = None
    agency: str | None = None


Cursor = tuple[datetime, UUID]
"""Where a page of cases ended: receipt and id of its last one."""


async def one(db: Statements, case: UUID) -> Row | None:
    rows = load(await db.fetch(f"select * from {TABLE} where case_id = $1", case), Row)
    return rows[0] if rows else None


async def by_number(db: Statements, number: str) -> UUID | None:
    """The case that people call by this number."""
    return await db.fetchval(f"select case_id from {TABLE} where number = $1", number)


async def many(db: Statements, cases: Iterable[UUID]) -> dict[UUID, Row]:
    """Those that exist, by id."""
    rows = await db.fetch(f"select * from {TABLE} where case_id = any($1::uuid[])", list(cases))
    return {row.case_id: row for row in load(rows, Row)}


async def page(
    db: Statements, wanted: CaseFilter = CaseFilter(), after: Cursor | None = None, first: int = 50
) -> list[Row]:
    """Cases in the order in which their referrals were received."""
    received_at, case = after or (None, None)
    states: Sequence[str] | None = None if wanted.states is None else [*wanted.states]
    rows = await db.fetch(
        f"""
        select * from {TABLE}
        where ($1::text is null or programme = $1)
          and ($2::text[] is null or state = any($2))
          and ($3::boolean is null or live = $3)
          and ($4::text is null or lead_user = $4)
          and ($5::text is null or lead_agency = $5 or $5 = any(agencies) or $5 = any(referrers))
          and ($6::timestamptz is null or (received_at, case_id) > ($6, $7))
        order by received_at, case_id limit $8
        """,
        wanted.programme,
        states,
        wanted.live,
        wanted.lead_user,
        wanted.agency,
        received_at,
        case,
        first,
    )
    return load(rows, Row)


async def caseload(db: Statements, user: str) -> int:
    """How many live cases this coordinator leads."""
    return await db.fetchval(f"select count(*) from {TABLE} where lead_user = $1 and live", user)


async def live_in(db: Statements, programme: str) -> list[Case]:
    """Every live case of a programme, oldest first."""
    rows = await db.fetch(
        f'select "case" from {TABLE} where programme = $1 and live order by received_at, case_id', programme
    )
    return [msgspec.json.decode(row[0], type=Case) for row in rows]
