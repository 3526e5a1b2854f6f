"""The audit trail: every fact of every stream in order, with both clocks, who acted and why.

What a fact changed is worked out when it is asked for, by folding the stream and comparing before with after; it is
never stored a second time.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Purpose, Recorded, Role
from catch.domain.streams import stream_of_event
from catch.log.rows import load

NAME = "timeline"
VERSION = 1
TABLE = f"{NAME}_v{VERSION}"
EACH_FACT = True
INDEXES = ("stream, position", "meeting, position")


class Row(Struct, frozen=True):
    """One fact: where it stands, when it was true, when it was known, who recorded it and for what purpose."""

    position: int
    stream: UUID
    kind: str
    version: int
    event: str
    occurred_at: datetime
    recorded_at: datetime
    user_id: str
    agency: str
    role: Role
    on_behalf_of: str | None
    purpose: Purpose
    programme: str | None
    meeting: UUID | None
    correlation: UUID
    command: UUID


def keys(recorded: Recorded[Any]) -> Iterable[int]:
    return (recorded.position,)


def fold(row: Row | None, recorded: Recorded[Any], key: int) -> Row | None:
    envelope = recorded.envelope
    return Row(
        position=key,
        stream=recorded.stream,
        kind=stream_of_event(recorded.event).name,
        version=recorded.version,
        event=recorded.topic,
        occurred_at=envelope.occurred_at,
        recorded_at=recorded.recorded_at,
        user_id=envelope.actor.user,
        agency=envelope.actor.agency,
        role=envelope.actor.role,
        on_behalf_of=envelope.actor.on_behalf_of,
        purpose=envelope.purpose,
        programme=envelope.programme,
        meeting=envelope.meeting,
        correlation=envelope.correlation,
        command=envelope.command,
    )


async def of_stream(db: Statements, stream: UUID, after_position: int = 0, first: int = 50) -> list[Row]:
    """The stream's facts behind a position, in the order in which they were recorded."""
    rows = await db.fetch(
        f"select * from {TABLE} where stream = $1 and position > $2 order by position limit $3",
        stream,
        after_position,
        first,
    )
    return load(rows, Row)
