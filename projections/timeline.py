"""The audit trail: every fact of every stream in order, with both clocks, who acted and why.

The table says which facts are of a stream, or were recorded in a meeting, so that they are found quickly. The facts are
read from the log itself and never stored a second time; nor is what one changed, which is worked out when it is asked
for, by folding the stream and comparing before with after.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Recorded
from catch.log import Stored
from catch.log.codec import decode

NAME = "timeline"
VERSION = 2
TABLE = f"{NAME}_v{VERSION}"
EACH_FACT = True
INDEXES = ("stream, position", "meeting, position where meeting is not null")


class Row(Struct, frozen=True):
    """Where one fact stands: its stream, and the meeting that it was recorded in."""

    position: int
    stream: UUID
    meeting: UUID | None


def keys(recorded: Recorded[Any]) -> Iterable[int]:
    return (recorded.position,)


def fold(row: Row | None, recorded: Recorded[Any], key: int) -> Row | None:
    return Row(key, recorded.stream, recorded.envelope.meeting)


async def of_stream(db: Statements, stream: UUID, after_position: int = 0, first: int = 50) -> list[Recorded[Any]]:
    """The stream's facts behind a position, in the order in which they were recorded."""
    rows = await db.fetch(
        f"""
        select notification_id, originator_id, originator_version, topic, state, recorded_at
        from {TABLE} join stored_events on notification_id = position
        where stream = $1 and position > $2 order by position limit $3
        """,
        stream,
        after_position,
        first,
    )
    return [decode(Stored(*row)) for row in rows]
