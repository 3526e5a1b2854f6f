"""The audit trail: the facts of a stream, or of a meeting, in order, with both clocks, who acted and why.

Facts are read from the log itself and never stored a second time; nor is what one changed, which is worked out when it
is asked for, by folding the stream and comparing before with after. The log finds a stream's facts by itself. Which
facts were recorded in a meeting, whosever they are, the table says.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Recorded
from catch.domain.streams import restricted_stream
from catch.log import Stored
from catch.log.entries import STORED
from catch.log.log import LAST
from projections.read_model import MadeOf, ReadModel


class Row(Struct, frozen=True):
    """A fact that was recorded in a meeting."""

    position: int
    meeting: UUID


def keys(recorded: Recorded[Any]) -> Iterable[int]:
    return (recorded.position,)


def fold(row: Row | None, recorded: Recorded[Any], key: int) -> Row | None:
    meeting = recorded.envelope.meeting
    return Row(key, meeting) if meeting else None


TIMELINE = ReadModel(
    name="timeline",
    version=3,
    row=Row,
    made_of=MadeOf.EACH_FACT,
    topics=None,
    indexes=("meeting, position",),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = TIMELINE.table


_FACTS = f"select {STORED} from stored_events"
OF_STREAM = f"""
    {_FACTS} where originator_id = $1 and notification_id > $2 and notification_id <= $3
    order by originator_version limit $4
"""
OF_CASE = f"""
    {_FACTS} where originator_id = any($1::uuid[]) and notification_id > $2 and notification_id <= $3
    order by notification_id limit $4
"""
OF_MEETING = f"""
    {_FACTS} join {TABLE} on position = notification_id
    where meeting = $1 and position > $2 and position <= $3 order by position limit $4
"""


async def of_stream(db: Statements, stream: UUID, after: int = 0, upto: int = LAST, first: int = 50) -> list[Stored]:
    """The stream's facts between two positions, the latter included, in the order in which they were recorded."""
    return [Stored(*row) for row in await db.fetch(OF_STREAM, stream, after, upto, first)]


async def of_case(db: Statements, case: UUID, after: int = 0, upto: int = LAST, first: int = 50) -> list[Stored]:
    """The case's facts and those kept beside it, as one, for those who may see what is restricted."""
    both = [case, restricted_stream(case)]
    return [Stored(*row) for row in await db.fetch(OF_CASE, both, after, upto, first)]


async def of_meeting(db: Statements, meeting: UUID, after: int = 0, upto: int = LAST, first: int = 50) -> list[Stored]:
    """All that was recorded in the meeting, of itself and of the cases discussed, likewise."""
    return [Stored(*row) for row in await db.fetch(OF_MEETING, meeting, after, upto, first)]
