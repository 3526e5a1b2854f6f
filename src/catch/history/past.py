"""History at one price: what streams and read models were at a moment, folded from the log a slice at a time, so that
nobody else has to wait. Figures, trails, queries with `asAt` and replay all read it here; nothing else decodes history.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.domain.facts import Recorded
from catch.domain.occurrence import true_from
from catch.log import Log, Stored
from catch.log.codec import decode
from catch.log.entries import MissingVersions, Unreadable
from catch.readside.projection import advance, known_at, true_at, up_to
from catch.slices import each, in_slices
from projections.read_model import Key, ReadModel

PAGE = 5000
Facts = list[Recorded[Any]]


class Moment(NamedTuple):
    """As the log stood at a position, as was known by `recorded_at`, as was true at `occurred_at`; of these that are
    given, all. None of them: as it is known now.
    """

    position: int | None = None
    recorded_at: datetime | None = None
    occurred_at: datetime | None = None


NOW = Moment()


def chosen(recorded: Iterable[Recorded[Any]], moment: Moment) -> Facts:
    """Those facts of a stream that count at the moment."""
    if moment.position is not None:
        recorded = up_to(recorded, moment.position)
    if moment.recorded_at is not None:
        recorded = known_at(recorded, moment.recorded_at)
    if moment.occurred_at is not None:
        recorded = true_at(recorded, moment.occurred_at)
    return [*recorded]


async def histories(log: Log, streams: Sequence[UUID], moment: Moment = NOW) -> dict[UUID, Facts]:
    """The facts of each of these streams that count at the moment, in order: one query, however many there are.

    Raises an `Unreadable` rather than leave a fact out.
    """
    return {stream: strictly(facts) for stream, facts in (await each_history(log, streams, moment)).items()}


async def each_history(log: Log, streams: Sequence[UUID], moment: Moment = NOW) -> dict[UUID, Facts | Unreadable]:
    """The same, with what is in the way of a stream in its place: the others are read all the same."""
    found: dict[UUID, Facts | Unreadable] = {stream: [] for stream in streams}
    async for stored in in_slices(await log.rows(streams) if streams else ()):
        facts = found[stored.stream]
        if isinstance(facts, Unreadable):
            continue
        try:
            if stored.version != len(facts) + 1:
                raise MissingVersions(version=stored.version, found=len(facts))
            facts.append(decode(stored))
        except Unreadable as problem:
            found[stored.stream] = problem
    return {
        stream: facts if isinstance(facts, Unreadable) else chosen(facts, moment) for stream, facts in found.items()
    }


def strictly(facts: Facts | Unreadable) -> Facts:
    if isinstance(facts, Unreadable):
        raise facts
    return facts


async def upto(log: Log, moment: Moment) -> int:
    """The position behind which nothing counts."""
    if moment.recorded_at is not None:
        return await log.known_by(moment.recorded_at)
    return await log.head() if moment.position is None else moment.position


async def rows(log: Log, projection: ReadModel, moment: Moment) -> dict[Key, Struct]:
    """All rows of a read model at the moment."""
    found: dict[Key, Struct] = {}
    last, after = await upto(log, moment), 0

    def take(stored: Stored) -> None:
        try:
            recorded = decode(stored)
        except Unreadable:
            return  # set aside here as where the rows are kept: `catch doctor` names it
        if moment.occurred_at is None or true_from(recorded.event, recorded.envelope.occurred_at) <= moment.occurred_at:
            for key in projection.keys(recorded):
                row = advance(projection, found.get(key), recorded, key)
                if row is not None:
                    found[key] = row

    # The database leaves out the facts that the read model does not want: most of a long log.
    while page := await log.page(after, PAGE, last, projection.topics):
        after = page[-1].position
        await each(take, page)
    return found
