"""Cases about which a safeguarding concern was raised and not settled: whoever was given the tag is warned of them.

A concern may name a case that there is not: then no case is found with it.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Part, Recorded
from catch.domain.restricted import SafeguardingConcernRaised, SafeguardingOutcomeRecorded
from projections import case_summary
from projections.read_model import MadeOf, ReadModel, names

Event = SafeguardingConcernRaised | SafeguardingOutcomeRecorded

MOST = 200
"""Cases that are warned of one by one: the most dangerous first, then those that wait longest."""


class Raised(Part, frozen=True):
    """An unsettled concern. `position` is where it was recorded, whenever it is said to have occurred."""

    concern: UUID
    position: int
    user: str
    danger: bool


class Row(Struct, frozen=True):
    """One case. `first` is where its earliest unsettled concern was recorded, `raisers` who raised them."""

    case_id: UUID
    position: int
    first: int | None
    danger: bool
    raisers: tuple[str, ...]
    unsettled: tuple[Raised, ...]


class Unsettled(Struct, frozen=True):
    """A case of which somebody is to be warned; `all` is how many such cases there are."""

    case: UUID
    number: str
    position: int
    all: int


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.event.case,) if isinstance(recorded.event, Event) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    event, at = recorded.event, recorded.position
    unsettled = row.unsettled if row else ()
    if isinstance(event, SafeguardingConcernRaised):
        unsettled = (*unsettled, Raised(event.concern, at, event.by.user, event.immediate_danger))
    else:
        # All of this id: one may have been raised twice, since a concern is taken whatever its id was used for.
        unsettled = tuple(held for held in unsettled if held.concern != event.concern)
    return Row(
        case_id=key,
        position=at,
        first=min((held.position for held in unsettled), default=None),
        danger=any(held.danger for held in unsettled),
        raisers=tuple(sorted({held.user for held in unsettled})),
        unsettled=unsettled,
    )


CONCERNS = ReadModel(
    name="concerns",
    version=1,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(Event),
    indexes=("case_id where first is not null",),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = CONCERNS.table


async def of_programme(db: Statements, programme: str, user: str, but: Iterable[UUID]) -> list[Unsettled]:
    """The programme's live cases with an unsettled concern of somebody else than this user, but for these cases.

    At most `MOST`. Nobody learns by their own concern whether a case is there.
    """
    rows = await db.fetch(
        f"""select case_id, held.number, concern.position, count(*) over () from {TABLE} as concern
            join {case_summary.TABLE} as held using (case_id)
            where concern.first is not null and held.live and held.programme = $1
              and concern.raisers <> array[$2::text] and not case_id = any($3::uuid[])
            order by concern.danger desc, concern.first, case_id limit {MOST}""",
        programme,
        user,
        [*but],
    )
    return [Unsettled(*row) for row in rows]
