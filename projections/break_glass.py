"""Cases that were opened in an emergency: by whom, until when, and what somebody else found of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

from catch.database import Statements
from catch.domain.access_grant import AccessGrantEvent, Glass, Grants, evolve
from catch.domain.facts import Recorded
from catch.log.rows import load
from projections.read_model import MadeOf, ReadModel, names


class Row(Struct, frozen=True):
    """One opening. `opened_at` is the position of the fact, by which they stand in order."""

    id: UUID
    position: int
    opened_at: int
    agency: str
    user_id: str
    programme: str
    case_id: UUID
    began_at: datetime
    reviewed_at: datetime | None
    glass: Glass


def opening(stream: UUID, named: UUID) -> UUID:
    """An opening's id counts inside its agency's stream: another agency may have one of the same id."""
    return uuid5(stream, f"opening/{named}")


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    event = recorded.event
    return (opening(recorded.stream, event.opening),) if isinstance(event, AccessGrantEvent) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    before = Grants((row.glass,)) if row else None
    found = evolve(before, recorded.event, recorded.envelope.occurred_at).glass(recorded.event.opening)
    if found is None:
        return None
    return Row(
        id=key,
        position=recorded.position,
        opened_at=row.opened_at if row else recorded.position,
        agency=found.opened.agency,
        user_id=found.opened.user,
        programme=found.opened.programme,
        case_id=found.opened.case,
        began_at=found.at,
        reviewed_at=found.reviewed_at,
        glass=found,
    )


BREAK_GLASS = ReadModel(
    name="break_glass",
    version=1,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(AccessGrantEvent),
    indexes=("programme, opened_at", "agency, user_id, opened_at", "case_id"),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = BREAK_GLASS.table


async def of_cases(db: Statements, cases: Iterable[UUID]) -> list[Row]:
    """What was opened of any of these."""
    return load(await db.fetch(f"select * from {TABLE} where case_id = any($1::uuid[])", [*cases]), Row)


async def page(
    db: Statements, agency: str, user: str, programmes: Iterable[str], before: int | None, first: int
) -> list[Row]:
    """Those of one user, and all of these programmes, the latest first."""
    rows = await db.fetch(
        f"""
        select * from {TABLE} where ((agency = $1 and user_id = $2) or programme = any($3::text[]))
          and ($4::bigint is null or opened_at < $4) order by opened_at desc limit $5
        """,
        agency,
        user,
        [*programmes],
        before,
        first,
    )
    return load(rows, Row)
