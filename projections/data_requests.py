"""People who asked something of what is kept of them: what has to be answered next stands first."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Recorded
from catch.domain.processing import Processing, ProcessingEvent
from catch.domain.processing import evolve as restricted
from catch.domain.subject_access import Requests, SubjectAccessEvent, evolve
from catch.log.rows import load
from projections.read_model import MadeOf, ReadModel, names

NOTHING_DUE = date(9999, 12, 31)


class Row(Struct, frozen=True):
    """One person. `due`: by when the next has to be answered; `restricted`: a restriction holds."""

    person: UUID
    position: int
    due: date
    restricted: bool
    requests: Requests
    processing: Processing


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if isinstance(recorded.event, SubjectAccessEvent | ProcessingEvent) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row:
    event, at = recorded.event, recorded.envelope.occurred_at
    asked, processing = (row.requests, row.processing) if row else ((), Processing())
    if isinstance(event, SubjectAccessEvent):
        asked = evolve(asked, event, at)
    else:
        processing = restricted(processing, event, at)
    waiting = (*(each for each in asked if each.open), *(each for each in processing.asked if each.waiting))
    due = min((each.due for each in waiting), default=NOTHING_DUE)
    return Row(key, recorded.position, due, processing.restriction is not None, asked, processing)


DATA_REQUESTS = ReadModel(
    name="data_requests",
    version=3,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(SubjectAccessEvent) | names(ProcessingEvent),
    indexes=("due, person", "person where restricted"),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = DATA_REQUESTS.table


async def stopped(db: Statements, at: datetime) -> list[UUID]:
    """Of whom nothing may be done at that time but to keep what is kept."""
    rows = load(await db.fetch(f"select * from {TABLE} where restricted"), Row)
    return [row.person for row in rows if row.processing.stopped(at)]


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
