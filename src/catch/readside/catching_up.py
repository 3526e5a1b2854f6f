"""Catching up: a page is folded while the server still writes the rows of the one before.

What is folded so rests on rows that are not committed yet and on checkpoints that nobody locked. The transaction that
writes it looks whether all is as was supposed. If not, or if rows cannot be written, everything folded ahead is thrown
away, and the page is folded like any other.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

from catch.database import Connection, Pool
from catch.log import Log, Stored
from catch.readside.folding import (
    MOVE,
    UNREAD,
    UNWRITABLE,
    Decode,
    Folding,
    Memory,
    alert,
    decoded,
    gather,
    locked,
    parked_keys,
    shared_out,
    write,
)
from catch.readside.tables import live
from projections.read_model import ReadModel

# Larger ones gained nothing that could be measured, and took 146 MB (16,000) or 210 MB (32,000) instead of 108.
SMALLEST_PAGE, LARGEST_PAGE = 500, 8000
SLICE = 200  # facts, some milliseconds: so long the server's answer waits at most
Page = Sequence[Stored]
Folded = tuple[Page, Sequence[Folding]]
T = TypeVar("T")


async def ahead(source: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """The next one is made while the last one is used."""
    coming = asyncio.ensure_future(anext(source, None))
    try:
        while (one := await coming) is not None:
            coming = asyncio.ensure_future(anext(source, None))
            yield one
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await source.aclose()


async def growing_pages(log: Log, after: int) -> AsyncGenerator[Page]:
    """Pages grow while there is much to fold: a row that many facts concern is then written once."""
    limit = SMALLEST_PAGE
    while page := await log.page(after, limit):
        limit = min(limit * 2, LARGEST_PAGE) if len(page) == limit else SMALLEST_PAGE
        after = page[-1].position
        yield page


async def folded_pages(
    log: Log, projections: Sequence[ReadModel], decode: Decode, after: int, memory: Memory
) -> AsyncGenerator[Folded]:
    """Each supposes that those before it are committed, and that nothing else is."""
    parked = await parked_keys(log.pool, [projection.table for projection in projections])
    foldings = [Folding(projection, parked[projection.table]) for projection in projections]
    async with aclosing(ahead(growing_pages(log, after))) as pages:
        async for page in pages:
            # What the page before has parked stays so for this one, committed or not.
            foldings = [Folding(folding.projection, folding.parked) for folding in foldings]
            await _fold(log.pool, foldings, decode, page, memory)
            yield page, foldings


async def _fold(pool: Pool, foldings: Sequence[Folding], decode: Decode, page: Page, memory: Memory) -> None:
    facts = [fact async for some in sliced(page) for fact in decoded(some, decode, foldings)]
    for folding, share in zip(foldings, shared_out(facts, foldings), strict=True):
        touched = [each async for some in sliced(share) for each in folding.touched(some)]
        await gather(pool, folding, touched, memory)
        async for some in sliced(touched):
            folding.take(some)
        async for some in sliced([*folding.changed]):
            folding.complete(folding.rows, some)
    # Before it is committed, for the next page rests on it; whoever throws it away forgets the memory as well.
    memory.keep(foldings, len(page))


async def sliced(many: Sequence[T]) -> AsyncGenerator[list[T]]:
    for begin in range(0, len(many), SLICE):
        yield [*many[begin : begin + SLICE]]
        await asyncio.sleep(0)


async def written(connection: Connection, folded: Folded, after: int) -> bool:
    """Rows and checkpoint in one transaction. False: nothing is written, and nothing folded ahead can be relied on."""
    page, foldings = folded
    try:
        async with connection.transaction():
            positions, parked = await locked(connection, [folding.projection for folding in foldings])
            if any(positions.get(name) != after for name in parked) or parked != supposed(foldings):
                return False
            for folding in foldings:
                await write(connection, live(folding.projection), folding)
            await connection.execute(MOVE, list(positions), page[-1].position, page[-1].recorded_at)
    except UNWRITABLE:
        return False
    alert(foldings)
    return True


def supposed(foldings: Sequence[Folding]) -> dict[str, set[str]]:
    """What was parked before these pages, as `locked` says it."""
    return {
        folding.projection.table: {
            key
            for key in folding.parked - {parked.key for parked in folding.newly_parked}
            if not key.startswith(UNREAD)
        }
        for folding in foldings
    }
