"""The people who have two identifiers in common, by the keyed hashes of each two (`catch.domain.matching`); and who was
registered with which NHS number, by its keyed hash. Whoever was merged into somebody else is found as that one.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from catch.database import Statements
from catch.domain.erasing import PersonErased
from catch.domain.facts import Recorded
from catch.domain.merging import MergeReversed, PersonsMerged
from catch.domain.person import ContactCorrected, IdentityCorrected, PersonRegistered
from projections.read_model import MadeOf, ReadModel, names

MOST = 50
"""Whom a look finds at most: what more people than these share tells nobody apart."""


Identified = PersonRegistered | IdentityCorrected | ContactCorrected
Linked = PersonsMerged | MergeReversed


class Row(Struct, frozen=True):
    """One person. `merge`: by which they go on under the `survivor`, if they were merged."""

    person: UUID
    position: int
    marks: tuple[str, ...]
    nhs_digest: str | None
    merge: UUID | None = None
    survivor: UUID | None = None


class Sharers(NamedTuple):
    """The first to be registered of those who share a mark or a number, and whether there are more."""

    people: tuple[UUID, ...]
    more: bool


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if isinstance(recorded.event, Identified | Linked | PersonErased) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    """Who is registered stays so, until they are erased; what was put right is matched as it holds since."""
    event: Identified | Linked | PersonErased = recorded.event
    if isinstance(event, PersonErased):
        return None
    if isinstance(event, PersonRegistered):
        return row or Row(key, recorded.position, event.marks, event.nhs_digest)
    if row is None:
        return None
    if isinstance(event, PersonsMerged):
        # Both streams say it; in the survivor's own it changes nothing.
        retired = event.retired == key
        return replace(row, position=recorded.position, merge=event.merge, survivor=event.survivor) if retired else row
    if isinstance(event, MergeReversed):
        ended = row.merge == event.merge
        return replace(row, position=recorded.position, merge=None, survivor=None) if ended else row
    digest = event.nhs_digest if isinstance(event, IdentityCorrected) else row.nhs_digest
    return replace(row, position=recorded.position, marks=event.marks, nhs_digest=digest)


MATCHES = ReadModel(
    name="matches",
    version=5,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(Identified | Linked | PersonErased),
    indexes=("using gin (marks)", "nhs_digest"),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)


def _found(having: str, most: int) -> str:
    """People as whom they go on, the first to be registered first."""
    return f"""select coalesce(survivor, person) as person from {MATCHES.table} where {having}
               group by 1 order by min(position) limit {most}"""


async def sharing(db: Statements, marks: Iterable[str]) -> Sharers:
    """Everybody with any of these marks."""
    # One more than are answered, to know whether there are more; by position, so that the same look finds the same.
    rows = await db.fetch(_found("marks && $1::text[]", MOST + 1), [*marks])
    return Sharers(tuple(row["person"] for row in rows[:MOST]), len(rows) > MOST)


async def alike(db: Statements, marks: Iterable[str], nhs_digest: str | None) -> Sharers:
    """Everybody with any of these marks, or with this number."""
    rows = await db.fetch(_found("marks && $1::text[] or nhs_digest = $2", MOST + 1), [*marks], nhs_digest)
    return Sharers(tuple(row["person"] for row in rows[:MOST]), len(rows) > MOST)


async def registered_with(db: Statements, nhs_digest: str) -> tuple[UUID, ...]:
    """The first to be registered with the number."""
    rows = await db.fetch(
        f"select person from {MATCHES.table} where nhs_digest = $1 order by position limit {MOST}", nhs_digest
    )
    return tuple(row["person"] for row in rows)


NUMBERED = f"select person from {MATCHES.table} where nhs_digest = $4"
"""The people who have this number now, for a query that knows what may be told of them."""
ALIKE = f"select person from {MATCHES.table} where marks @> array[$4]"
"""Those who have this mark now."""
