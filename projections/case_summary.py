"""Every case as it stands: what a case page, a caseload list and the agenda's facts are read from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.database import Statements
from catch.domain.case import evolve
from catch.domain.case.state import Case, CaseState
from catch.domain.facts import Recorded
from catch.domain.streams import CASE, stream_of_event

NAME = "case_summary"
VERSION = 1
TABLE = f"{NAME}_v{VERSION}"
INDEXES = ("programme, live", "lead_user", "person", "received_at, case_id")


class Row(Struct, frozen=True):
    """One case. `agencies` are the partners with a part in it now; `opened_at` is the position of its referral."""

    case_id: UUID
    position: int
    version: int
    opened_at: int
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
    return Row(
        case_id=key,
        position=recorded.position,
        version=recorded.version,
        opened_at=row.opened_at if row else recorded.position,
        programme=case.programme,
        person=case.person,
        state=case.state,
        live=case.live,
        lead_user=case.lead.user if case.lead else None,
        lead_agency=case.lead.agency if case.lead else None,
        agencies=tuple(sorted({held.agency for held in case.involvements if held.ended_at is None})),
        referrers=tuple(sorted({held.referrer_agency for held in case.referrals})),
        received_at=case.milestones.received_at,
        case=case,
    )


async def caseload(db: Statements, user: str) -> int:
    """How many live cases this coordinator leads."""
    return await db.fetchval(f"select count(*) from {TABLE} where lead_user = $1 and live", user)


async def live_in(db: Statements, programme: str) -> list[Case]:
    """Every live case of a programme, oldest first."""
    rows = await db.fetch(
        f'select "case" from {TABLE} where programme = $1 and live order by received_at, case_id', programme
    )
    return [msgspec.json.decode(row[0], type=Case) for row in rows]
