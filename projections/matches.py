"""The people who have two identifiers in common, by the keyed hash of those two (`catch.domain.matching`)."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Recorded
from catch.domain.person import PersonRegistered
from projections.read_model import MadeOf, ReadModel


class Row(Struct, frozen=True):
    """One mark, and the people who have it, in the order in which they were registered."""

    mark: str
    position: int
    people: tuple[UUID, ...]


def keys(recorded: Recorded[Any]) -> Iterable[str]:
    return recorded.event.marks if isinstance(recorded.event, PersonRegistered) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: str) -> Row:
    people = row.people if row else ()
    person: UUID = recorded.event.person
    return Row(key, recorded.position, people if person in people else (*people, person))


MATCHES = ReadModel(
    name="matches",
    version=1,
    row=Row,
    made_of=MadeOf.ANY_STREAMS,
    topics=frozenset({PersonRegistered.__name__}),
    indexes=(),
    listed=None,
    keys=keys,
    fold=fold,
)


async def sharing(db: Statements, marks: Iterable[str]) -> tuple[UUID, ...]:
    """Everybody with any of these marks."""
    rows = await db.fetch(f"select people from {MATCHES.table} where mark = any($1::text[])", [*marks])
    return tuple(sorted({person for row in rows for person in row["people"]}))
