"""Folds the whole log into new tables while the old ones serve, and puts each in its place in one transaction."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager

from catch.database import Connection, Pool
from catch.log import Log
from catch.readside import sharing
from catch.readside.building import UNHURRIED, Building, Progress, pages, take, uncollected
from catch.readside.folding import ANY_KEY, Decode, Folding, Parked, alert, decoded, locked, write
from catch.readside.projection import Projection, table
from catch.readside.tables import live

PAGE = 2000
SHORT = 100_000  # positions: to fold so few alone takes less time than to start others

ENTER = "insert into checkpoints (projection, position) values ($1, 0) on conflict (projection) do nothing"
MOVE = "update checkpoints set position = greatest(position, $2) where projection = $1"
PARKED = """
    select projection, key, position, error from parked where projection = any($1::text[]) order by position, projection
"""
FORGET = "delete from parked where projection = $1"
ONE_AT_A_TIME = "select pg_try_advisory_lock(hashtextextended(current_schema() || ' rebuild', 0))"


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
    log: Log,
    decode: Decode,
    projections: Sequence[Projection],
    progress: Progress | None = None,
    processes: int = 1,
    alone: int = SHORT,
) -> None:
    """One pass over the log, in bounded memory. Raises AnotherRebuild.

    A log longer than `alone` is shared out among so many processes, where each row's facts are of one stream.
    """
    async with session(log.pool) as connection:
        if not await connection.fetchval(ONE_AT_A_TIME):
            raise AnotherRebuild(AnotherRebuild.__doc__)
        await connection.execute(UNHURRIED)
        buildings = [Building(projection) for projection in projections]
        for building in buildings:
            await building.begin(connection)
        head = await log.head()
        if processes > 1 and head > alone and sharing.possible(decode, projections):
            position = await sharing.shared(log, decode, buildings, head, processes, progress)
        else:
            with uncollected():
                position = await _fold_log(connection, log, decode, buildings, progress)
        for building in buildings:
            await building.finish(connection)
            await building.index(connection)
            await _put_in_place(connection, log, decode, building, position)


async def parked(log: Log, projections: Sequence[Projection]) -> list[tuple[Projection, Parked]]:
    """The rows that could not be folded, oldest first, each with its read model, the fact's position and the error."""
    by_table = {table(projection): projection for projection in projections}
    rows = await log.pool.fetch(PARKED, list(by_table))
    return [(by_table[row["projection"]], Parked(**dict(row.items()))) for row in rows]


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
    async with aclosing(pages(lambda after: log.page(after, PAGE))) as all_pages:
        async for page in all_pages:
            position = await take(connection, page, decode, buildings)
            if progress:
                progress(position, max(position, head))
    return position


async def _put_in_place(connection: Connection, log: Log, decode: Decode, building: Building, position: int) -> None:
    """Catches up with the live table under the lock of its checkpoint, so that nobody sees the rows go back in time."""
    name = table(building.projection)
    async with connection.transaction():
        await connection.execute(ENTER, name)
        positions, _ = await locked(connection, [building.projection])
        async with aclosing(pages(lambda after: log.page(after, PAGE, positions[name]), position)) as missed:
            async for page in missed:
                position = await take(connection, page, decode, [building])
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
