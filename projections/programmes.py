"""The programmes that run here: few, and asked for whenever somebody looks for cases."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Recorded
from catch.domain.programme import ProgrammeActivated
from projections.read_model import MadeOf, ReadModel


class Row(Struct, frozen=True):
    """A programme that was activated at least once."""

    stream: UUID
    position: int
    programme: str


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if isinstance(recorded.event, ProgrammeActivated) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    event: ProgrammeActivated = recorded.event
    return row or Row(key, recorded.position, event.configuration.key)


PROGRAMMES = ReadModel(
    name="programmes",
    version=1,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=frozenset({ProgrammeActivated.__name__}),
    indexes=(),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = PROGRAMMES.table


async def every(db: Statements) -> list[str]:
    """Their keys, in order."""
    # By bytes: the order must not depend on the server's language.
    return [row[0] for row in await db.fetch(f'select programme from {TABLE} order by programme collate "C"')]
