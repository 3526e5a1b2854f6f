"""All rows of a projection as they were, folded from the log a slice at a time, so that nobody else has to wait."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Any

from msgspec import Struct

from catch.domain.facts import Recorded
from catch.log import Log
from catch.readside.folding import Decode
from catch.readside.projection import Key, Projection, advance, topics

PAGE = 5000
SLICE = 100
"""Facts that are folded before others have their turn: a millisecond or two."""


async def as_it_was(
    log: Log, decode: Decode, projection: Projection, upto: int, counts: Callable[[Recorded[Any]], bool]
) -> dict[Key, Struct]:
    """The rows that the facts up to a position make, of those facts that count."""
    rows: dict[Key, Struct] = {}
    after = 0
    while page := await log.page(after, PAGE, upto, topics(projection)):
        after = page[-1].position
        facts = iter(page)
        while part := [*islice(facts, SLICE)]:
            for recorded in map(decode, part):
                if counts(recorded):
                    for key in projection.keys(recorded):
                        row = advance(projection, rows.get(key), recorded, key)
                        if row is not None:
                            rows[key] = row
            await asyncio.sleep(0)
    return rows
