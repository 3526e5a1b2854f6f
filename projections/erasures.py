"""People of whom somebody asked that they be erased, or whom something keeps from it: what waits for an answer, what is
due, and whose keys have to be gone.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.erasing import Erasing, ErasingEvent, ErasureState, PersonErased, evolve
from catch.domain.facts import Recorded
from catch.log.rows import load
from projections.read_model import MadeOf, ReadModel, names


class Row(Struct, frozen=True):
    """One person. `due`: when it is carried out, where it was agreed; `subjects`: whose keys went with theirs."""

    person: UUID
    position: int
    due: datetime | None
    erasure: UUID | None
    subjects: tuple[UUID, ...]
    erasing: Erasing


class Due(NamedTuple):
    """Something that was agreed, and when."""

    person: UUID
    erasure: UUID


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if isinstance(recorded.event, ErasingEvent) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row:
    event: ErasingEvent = recorded.event
    held = evolve(row.erasing if row else Erasing(), event, recorded.envelope.occurred_at)
    waiting = held.waiting
    agreed = waiting if waiting is not None and waiting.state is ErasureState.APPROVED else None
    gone = event.subjects(key) if isinstance(event, PersonErased) else row.subjects if row else ()
    return Row(key, recorded.position, agreed.due if agreed else None, agreed.erasure if agreed else None, gone, held)


ERASURES = ReadModel(
    name="erasures",
    version=1,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(ErasingEvent),
    indexes=("position", "due where due is not null"),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = ERASURES.table


async def due(db: Statements, now: datetime) -> list[Due]:
    """What was agreed long enough ago, the longest first."""
    rows = await db.fetch(f"select person, erasure from {TABLE} where due <= $1 order by due, person", now)
    return [Due(*row) for row in rows]


async def unfinished(db: Statements) -> list[UUID]:
    """Whose keys are there although they were erased: somebody was stopped between the fact and the deed, or a key came
    back with a backup.
    """
    rows = await db.fetch(
        f"""select gone.subject from {TABLE} cross join lateral unnest(subjects) as gone (subject)
            where exists (select from data_keys held where held.subject = gone.subject and held.wrapped <> '')
            order by 1"""
    )
    return [row["subject"] for row in rows]


async def gone(db: Statements) -> frozenset[UUID]:
    """Whose keys have to be gone."""
    rows = await db.fetch(f"select distinct unnest(subjects) as subject from {TABLE}")
    return frozenset(row["subject"] for row in rows)


async def page(db: Statements, before: int | None, first: int) -> list[Row]:
    """The latest first."""
    rows = await db.fetch(
        f"select * from {TABLE} where $1::bigint is null or position < $1 order by position desc limit $2",
        before,
        first,
    )
    return load(rows, Row)
