"""People of whom somebody asked what is kept of them: what has to be answered next stands first."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Recorded
from catch.domain.subject_access import Requests, SubjectAccessEvent, evolve
from catch.log.rows import load
from projections.read_model import MadeOf, ReadModel, names

NOTHING_DUE = date(9999, 12, 31)


class Row(Struct, frozen=True):
    """One person. `due`: by when the next has to be answered."""

    person: UUID
    position: int
    due: date
    requests: Requests


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if isinstance(recorded.event, SubjectAccessEvent) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row:
    held = evolve(row.requests if row else (), recorded.event, recorded.envelope.occurred_at)
    due = min((each.due for each in held if each.open), default=NOTHING_DUE)
    return Row(key, recorded.position, due, held)


DATA_REQUESTS = ReadModel(
    name="data_requests",
    version=1,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(SubjectAccessEvent),
    indexes=("due, person",),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = DATA_REQUESTS.table


async def page(db: Statements, after: tuple[date, UUID] | None, first: int) -> list[Row]:
    due, person = after or (None, None)
    rows = await db.fetch(
        f"""select * from {TABLE} where $1::date is null or (due, person) > ($1, $2::uuid)
            order by due, person limit $3""",
        due,
        person,
        first,
    )
    return load(rows, Row)
