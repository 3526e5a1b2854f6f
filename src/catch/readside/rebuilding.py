"""Folds the whole log into new tables while the old ones serve, and puts each in its place in one transaction."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager

from catch.database import Connection, Pool
from catch.log import Log, Stored
from catch.readside.building import Building
from catch.readside.folding import ANY_KEY, Decode, Folding, alert, decoded, locked, shared_out, write
from catch.readside.projection import Projection, table
from catch.readside.tables import live

PAGE = 2000

ENTER = "insert into checkpoints (projection, position) values ($1, 0) on conflict (projection) do nothing"
MOVE = "update checkpoints set position = greatest(position, $2) where projection = $1"
FORGET = "delete from parked where projection = $1"
ONE_AT_A_TIME = "select pg_try_advisory_lock(hashtextextended(current_schema() || ' rebuild', 0))"

Progress = Callable[[int, int], None]
"""Told the position reached and the head of the log."""


class AnotherRebuild(Exception):
    """Another rebuild is running. Wait for it to end."""


@asynccontextmanager
async def session(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection that is not used again, so that what it locked or set ends with it."""
    async with pool.acquire() as connection:
        try:
            yield connection
            # The server notices an ended connection only a moment later: too late for whoever asks for the lock next.
            await connection.execute("select pg_advisory_unlock_all()")
        finally:
            connection.terminate()


async def rebuild(
    log: Log, decode: Decode, projections: Sequence[Projection], progress: Progress | None = None
) -> None:
    """One pass over the log, in bounded memory. Raises AnotherRebuild."""
    async with session(log.pool) as connection:
        if not await connection.fetchval(ONE_AT_A_TIME):
            raise AnotherRebuild(AnotherRebuild.__doc__)
        await connection.execute("set synchronous_commit = off")  # a table that is lost can be built again
        await connection.execute("set maintenance_work_mem = '128MB'")
        buildings = [Building(projection) for projection in projections]
        for building in buildings:
            await building.begin(connection)
        with uncollected():
            position = await _fold_log(connection, log, decode, buildings, progress)
        for building in buildings:
            await building.finish(connection)
            await building.index(connection)
            await _put_in_place(connection, log, decode, building, position)


@contextmanager
def uncollected() -> Generator[None]:
    """Facts and rows hold no cycles, so looking for some among millions only costs time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


async def retry(log: Log, decode: Decode, projection: Projection) -> None:
    """Folds the parked keys anew from the first fact on; those that fail again stay parked."""
    async with log.pool.acquire() as connection, connection.transaction():
        positions, keys_parked = await locked(connection, [projection])
        upto, parked = positions[table(projection)], keys_parked[table(projection)]
        folding = Folding(projection)
        position = 0
        while page := await log.page(position, PAGE, upto):
            for recorded in decoded(page, decode, [folding]):
                for _, touched in folding.touched([recorded]):
                    keys = tuple(key for key in touched if str(key) in parked)
                    folding.changed.update(keys)
                    folding.rows |= {key: None for key in keys if key not in folding.rows}
                    folding.take([(recorded, keys)])
            position = page[-1].position
        await connection.execute(FORGET, table(projection))
        await write(connection, live(projection), folding)


async def _fold_log(
    connection: Connection, log: Log, decode: Decode, buildings: Sequence[Building], progress: Progress | None
) -> int:
    position, head = 0, await log.head()
    async with aclosing(pages(log)) as all_pages:
        async for page in all_pages:
            position = await _take(connection, page, decode, buildings)
            if progress:
                progress(position, max(position, head))
    return position


async def pages(log: Log, upto: int | None = None, after: int = 0) -> AsyncGenerator[list[Stored]]:
    """The log page by page; the next one is on its way while the last one is folded."""
    coming = asyncio.create_task(log.page(after, PAGE, upto))
    try:
        while page := await coming:
            coming = asyncio.create_task(log.page(page[-1].position, PAGE, upto))
            yield page
    finally:
        coming.cancel()
        await asyncio.wait([coming])


async def _take(connection: Connection, page: Sequence[Stored], decode: Decode, buildings: Sequence[Building]) -> int:
    await asyncio.sleep(0)  # the next page is asked for
    facts = decoded(page, decode, buildings)
    for building, share in zip(buildings, shared_out(facts, buildings), strict=True):
        await building.take_page(connection, share)
        await asyncio.sleep(0)
    return page[-1].position


async def _put_in_place(connection: Connection, log: Log, decode: Decode, building: Building, position: int) -> None:
    """Catches up with the live table under the lock of its checkpoint, so that nobody sees the rows go back in time."""
    name = table(building.projection)
    async with connection.transaction():
        await connection.execute(ENTER, name)
        positions, _ = await locked(connection, [building.projection])
        async with aclosing(pages(log, positions[name], position)) as missed:
            async for page in missed:
                position = await _take(connection, page, decode, [building])
        await building.finish(connection)
        await connection.execute(FORGET, name)
        await write(connection, building.place, building)
        await connection.execute(f'drop table if exists "{name}"')
        await connection.execute(f'alter table "{building.place.name}" rename to "{name}"')
        await connection.execute(MOVE, name, position)
    alert([building])


async def prepare(connection: Connection, projections: Iterable[Projection]) -> None:
    """Makes the tables that are not there (any more), so that queries find them; whoever leads fills them."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended(current_schema() || ' tables', 0))")
        for place in map(live, projections):
            if await connection.fetchval("select to_regclass($1) is null", f'"{place.name}"'):
                await connection.execute("delete from checkpoints where projection = $1", place.name)
                for statement in (place.create, *place.indexes):
                    await connection.execute(statement)


async def unfilled(connection: Connection, projections: Sequence[Projection]) -> list[Projection]:
    """Those without a checkpoint, and those that hold a fact parked because a former release could not read it."""
    filled = await connection.fetch(
        "select projection from checkpoints c where not exists "
        "(select from parked p where p.projection = c.projection and p.key = $1)",
        ANY_KEY,
    )
    names = {row["projection"] for row in filled}
    return [projection for projection in projections if table(projection) not in names]
