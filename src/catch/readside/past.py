"""All rows of a projection as they were, folded from the log a slice at a time, so that nobody else has to wait."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from catch.domain.facts import Recorded
from catch.log import Log, Stored
from catch.readside.folding import Decode
from catch.readside.projection import advance
from catch.slices import each
from projections.read_model import Key, ReadModel

PAGE = 5000


async def as_it_was(
    log: Log, decode: Decode, projection: ReadModel, upto: int, counts: Callable[[Recorded[Any]], bool]
) -> dict[Key, Struct]:
    """The rows that the facts up to a position make, of those facts that count."""
    rows: dict[Key, Struct] = {}
    after = 0

    def take(stored: Stored) -> None:
        recorded = decode(stored)
        if counts(recorded):
            for key in projection.keys(recorded):
                row = advance(projection, rows.get(key), recorded, key)
                if row is not None:
                    rows[key] = row

    while page := await log.page(after, PAGE, upto, projection.topics):
        after = page[-1].position
        await each(take, page)
    return rows
