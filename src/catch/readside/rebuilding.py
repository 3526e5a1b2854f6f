"""Folds the whole log into new tables while the old ones serve, and puts each in its place in one transaction.

Broken off, it goes on from its last checkpoint when it is asked for again.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager

from catch.database import Connection, Pool
from catch.log import Log
from catch.readside import checkpoints, sharing
from catch.readside.building import UNHURRIED, Building, Progress, pages, take
from catch.readside.folding import UNREAD, Decode, Folding, Parked, alert, decoded, locked, write
from catch.readside.lease import JOIN
from catch.readside.tables import live
from projections.read_model import ReadModel

PAGE = 2000
SHORT = 100_000  # positions: to fold so few alone takes less time than to start others
A_MOMENT = 2.0
"""Seconds until what a killed rebuild held is free."""

ENTER = "insert into checkpoints (projection, position) values ($1, 0) on conflict (projection) do nothing"
# Not `greatest`: a checkpoint that the log does not reach is of another log.
MOVE = """
    update checkpoints set position = $2,
        recorded_at = (select recorded_at from stored_events where notification_id = $2)
    where projection = $1
"""
PARKED = """
    select projection, key, position, error from parked where projection = any($1::text[]) order by position, projection
"""
FORGET = "delete from parked where projection = $1"
RETRIED = "delete from parked where projection = $1 and not starts_with(key, $2)"
# The log is what must not be lost: rows and checkpoint can be folded again, so they need not wait for the disk. Who
# falls silent in the middle of a transaction is given up by PostgreSQL itself.
FOLDING = "set synchronous_commit = off; set idle_in_transaction_session_timeout = '10s'"
# What is folded by all waits for this.
BRIEF = "set local idle_in_transaction_session_timeout = '10s'"
ONE_AT_A_TIME = "select pg_try_advisory_lock(hashtextextended(current_schema() || ' rebuild', 0))"


class AnotherRebuild(Exception):
    """Another rebuild is running. Wait for it to end."""


@asynccontextmanager
async def session(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection that is not used again, so that what it locked or set ends with it."""
    async with pool.acquire() as connection:
        try:
            await connection.execute(FOLDING)
            yield connection
            # The server notices an ended connection only a moment later: too late for whoever asks for the lock next.
            await connection.execute("select pg_advisory_unlock_all()")
        finally:
            connection.terminate()


@asynccontextmanager
async def unhurried(log: Log, key: int | None = None) -> AsyncGenerator[Connection]:
    """A connection of its own, on which a statement may take as long as it takes. With the `key` of a lease, it is
    ended when whoever has the lease falls silent."""
    connection = await log.database.connect()
    try:
        await connection.execute(UNHURRIED)
        if key is not None:
            await connection.execute(JOIN, key)
        yield connection
        await connection.execute("select pg_advisory_unlock_all()")
    finally:
        connection.terminate()


async def rebuild(
    log: Log,
    decode: Decode,
    projections: Sequence[ReadModel],
    progress: Progress | None = None,
    processes: int = 1,
    alone: int = SHORT,
    fresh: bool = False,
    key: int | None = None,
) -> None:
    """One pass over the log, in bounded memory. Raises AnotherRebuild. `key`: for a server, of its lease.

    A log longer than `alone` is shared out among so many processes, where each row's facts are of one stream. What a
    rebuild left unfinished is taken up, in as many parts as that one had, unless `fresh` is asked for.
    """
    async with unhurried(log, key) as connection:
        await only_one(connection)
        buildings = [Building(projection) for projection in projections]
        head = await log.head()
        shareable = sharing.possible(decode, projections)
        parts = processes if shareable and head > alone else 1
        parts = await _begin(connection, buildings, parts, fresh=fresh, shareable=shareable)
        if parts > 1:
            position = await sharing.shared(connection, log, decode, buildings, head, parts, progress)
        else:
            position = await _fold_log(connection, log, decode, buildings, progress)
        await _index(connection, log, buildings, key)
        for building in buildings:
            await _put_in_place(connection, log, decode, building, position)


async def only_one(connection: Connection) -> None:
    """Nobody else rebuilds, and no process of a killed rebuild is left."""
    until = asyncio.get_running_loop().time() + A_MOMENT
    while not await connection.fetchval(ONE_AT_A_TIME):
        if asyncio.get_running_loop().time() > until:
            raise AnotherRebuild(AnotherRebuild.__doc__)
        await asyncio.sleep(0.1)
    await connection.execute(sharing.NO_PART)


async def _begin(
    connection: Connection, buildings: Sequence[Building], parts: int, *, fresh: bool, shareable: bool
) -> int:
    """Empty new tables, or those of a rebuild that was broken off. Answers in how many parts it goes on."""
    left = [[] if fresh else await checkpoints.found(connection, building) for building in buildings]
    parts = next((found[0].parts for found in left if found and (shareable or found[0].parts == 1)), parts)
    for building, found in zip(buildings, left, strict=True):
        if not found or found[0].parts != parts:
            await checkpoints.begin(connection, building, parts)
    return parts


async def _index(connection: Connection, log: Log, buildings: Sequence[Building], key: int | None) -> None:
    """Two tables at once, on a core each; the longest first."""
    left = sorted(buildings, key=lambda building: building.each_fact)

    async def index(on: Connection) -> None:
        while left:
            await left.pop().index(on)

    async with unhurried(log, key) as other:
        await other.execute(sharing.PART)  # if this is killed, the next rebuild waits for what it left running
        await asyncio.gather(index(connection), index(other))


async def parked(log: Log, projections: Sequence[ReadModel]) -> list[tuple[ReadModel, Parked]]:
    """The rows that could not be folded, oldest first, each with its read model, the fact's position and the error."""
    by_table = {projection.table: projection for projection in projections}
    rows = await log.pool.fetch(PARKED, list(by_table))
    return [(by_table[row["projection"]], Parked(**dict(row.items()))) for row in rows]


async def retry(log: Log, decode: Decode, projection: ReadModel) -> None:
    """Folds the parked keys anew from the first fact on; those that fail again stay parked.

    What could not be read is left to `rebuild`, which the read side does as soon as it can be read.
    """
    async with log.pool.acquire() as connection, connection.transaction():
        positions, keys_parked = await locked(connection, [projection])
        if projection.table not in positions:  # it is yet to be built, from the first fact on
            return
        upto, parked = positions[projection.table], keys_parked[projection.table]
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
        await connection.execute(RETRIED, projection.table, UNREAD)
        await write(connection, live(projection), folding)


async def _fold_log(
    connection: Connection, log: Log, decode: Decode, buildings: Sequence[Building], progress: Progress | None
) -> int:
    head = await log.head()
    return await sharing.fold_part(
        connection,
        lambda after: log.page(after, PAGE),
        decode,
        buildings,
        (0, 1),
        checkpoints.EVERY,
        lambda position: progress(position, max(position, head)) if progress else None,
    )


async def _put_in_place(connection: Connection, log: Log, decode: Decode, building: Building, position: int) -> None:
    """Catches up with the live table under the lock of its checkpoint, so that nobody sees the rows go back in time."""
    name, indexed = building.projection.table, position
    async with connection.transaction():
        await connection.execute(BRIEF)
        await connection.execute(ENTER, name)
        positions, _ = await locked(connection, [building.projection])
        async with aclosing(pages(lambda after: log.page(after, PAGE, positions[name]), position)) as missed:
            async for page in missed:
                position = await take(connection, page, decode, [building])
        await building.finish(connection)
        await connection.execute(FORGET, name)
        await write(connection, building.place, building)
        if building.place.listing:
            await building.place.listing.renew_since(connection, indexed)
        for new, old in zip(building.place.names, live(building.projection).names, strict=True):
            await connection.execute(f'drop table if exists "{old}"')
            await connection.execute(f'alter table "{new}" rename to "{old}"')
        await connection.execute(MOVE, name, position)
        await connection.execute(checkpoints.FORGET, name)
    alert([building])
