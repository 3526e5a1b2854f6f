"""The people who have two identifiers in common, by the keyed hashes of each two (`catch.domain.matching`); and who was
registered with which NHS number, by its keyed hash.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Recorded
from catch.domain.person import PersonRegistered
from projections.read_model import MadeOf, ReadModel, names

MOST = 50
"""Whom a look finds at most: what more people than these share tells nobody apart."""


class Row(Struct, frozen=True):
    """One person."""

    person: UUID
    position: int
    marks: tuple[str, ...]
    nhs_digest: str | None


class Sharers(NamedTuple):
    """The first to be registered of those who share a mark or a number, and whether there are more."""

    people: tuple[UUID, ...]
    more: bool


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    event = recorded.event
    return (recorded.stream,) if isinstance(event, PersonRegistered) and (event.marks or event.nhs_digest) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row:
    # A person is registered once: whatever comes later changes none of their marks.
    return row or Row(key, recorded.position, recorded.event.marks, recorded.event.nhs_digest)


MATCHES = ReadModel(
    name="matches",
    version=2,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names([PersonRegistered]),
    indexes=("using gin (marks)", "nhs_digest"),
    listed=None,
    keys=keys,
    fold=fold,
)


async def sharing(db: Statements, marks: Iterable[str]) -> Sharers:
    """Everybody with any of these marks."""
    # One more than are answered, to know whether there are more; by position, so that the same look finds the same.
    rows = await db.fetch(
        f"select person from {MATCHES.table} where marks && $1::text[] order by position limit {MOST + 1}", [*marks]
    )
    return Sharers(tuple(row["person"] for row in rows[:MOST]), len(rows) > MOST)


async def alike(db: Statements, marks: Iterable[str], nhs_digest: str | None) -> Sharers:
    """Everybody with any of these marks, or with this number."""
    either = f"select person from {MATCHES.table} where marks && $1::text[] or nhs_digest = $2"
    rows = await db.fetch(f"{either} order by position limit {MOST + 1}", [*marks], nhs_digest)
    return Sharers(tuple(row["person"] for row in rows[:MOST]), len(rows) > MOST)


async def registered_with(db: Statements, nhs_digest: str) -> tuple[UUID, ...]:
    """The first to be registered with the number."""
    rows = await db.fetch(
        f"select person from {MATCHES.table} where nhs_digest = $1 order by position limit {MOST}", nhs_digest
    )
    return tuple(row["person"] for row in rows)
