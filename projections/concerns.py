"""Cases about which a safeguarding concern was raised and not settled: whoever was given the tag is warned of them.

A concern may name a case that there is not: then no case is found with it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Recorded
from catch.domain.restricted import SafeguardingConcernRaised, SafeguardingOutcomeRecorded
from projections import case_summary

NAME = "concerns"
VERSION = 1
TABLE = f"{NAME}_v{VERSION}"
ONE_STREAM = True
INDEXES = ("case_id where since is not null",)

Event = SafeguardingConcernRaised | SafeguardingOutcomeRecorded
TOPICS = frozenset(event.__name__ for event in get_args(Event))

MOST = 200
"""Cases that are warned of at once, those that wait longest."""


class Row(Struct, frozen=True):
    """One case. `unsettled`: the concerns without an outcome and when each was raised; `since`: the earliest."""

    case_id: UUID
    position: int
    since: datetime | None
    unsettled: tuple[tuple[UUID, datetime], ...]


class Unsettled(Struct, frozen=True):
    """A case of which somebody is to be warned."""

    case: UUID
    number: str
    position: int


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.event.case,) if isinstance(recorded.event, Event) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    event: Event = recorded.event
    unsettled = [held for held in (row.unsettled if row else ()) if held[0] != event.concern]
    if isinstance(event, SafeguardingConcernRaised):
        unsettled.append((event.concern, recorded.envelope.occurred_at))
    since = min((at for _, at in unsettled), default=None)
    return Row(key, recorded.position, since, tuple(unsettled))


async def of_programme(db: Statements, programme: str) -> list[Unsettled]:
    """The programme's live cases with an unsettled concern, those first that wait longest; at most `MOST`."""
    rows = await db.fetch(
        f"""select case_id, held.number, concern.position from {TABLE} as concern
            join {case_summary.TABLE} as held using (case_id)
            where concern.since is not null and held.live and held.programme = $1
            order by concern.since, case_id limit {MOST}""",
        programme,
    )
    return [Unsettled(*row) for row in rows]
