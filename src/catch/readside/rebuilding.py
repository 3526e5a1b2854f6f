"""Folds the whole log into new tables while the old ones serve, and puts each in its place in one transaction."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct

from catch.database import Connection, Pool
from catch.log import Log, Stored
from catch.readside.folding import ANY_KEY, UNWRITABLE, Decode, Folding, alert, decoded, locked, write
from catch.readside.projection import Key, Projection, table
from catch.readside.tables import Table, live

PAGE = 1000

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
    """All rows of these projections are held in memory until they are copied. Raises AnotherRebuild."""
    async with session(log.pool) as connection:
        if not await connection.fetchval(ONE_AT_A_TIME):
            raise AnotherRebuild(AnotherRebuild.__doc__)
        foldings = [Folding(projection) for projection in projections]
        position = await _fold_log(log, decode, foldings, progress)
        for folding in foldings:
            await _fill(connection, folding)
            await _put_in_place(connection, log, decode, folding, position)


async def retry(log: Log, decode: Decode, projection: Projection) -> None:
    """Folds the parked keys anew from the first fact on; those that fail again stay parked."""
    async with log.pool.acquire() as connection, connection.transaction():
        positions, keys_parked = await locked(connection, [projection])
        upto, parked = positions[table(projection)], keys_parked[table(projection)]
        folding = Folding(projection)
        position = 0
        while page := await log.page(position, PAGE, upto):
            for recorded in decoded(page, decode, [folding]):
                keys = [key for key in folding.keys(recorded) if str(key) in parked]
                folding.changed.update(keys)
                folding.rows |= {key: None for key in keys if key not in folding.rows}
                folding.take(recorded, keys)
            position = page[-1].position
        await connection.execute(FORGET, table(projection))
        await write(connection, live(projection), folding)


async def _fold_log(log: Log, decode: Decode, foldings: Sequence[Folding], progress: Progress | None) -> int:
    position, head = 0, await log.head()
    while page := await log.page(position, PAGE):
        position = _take(page, decode, foldings)
        if progress:
            progress(position, max(position, head))
    return position


def _take(page: Sequence[Stored], decode: Decode, foldings: Sequence[Folding]) -> int:
    facts = decoded(page, decode, foldings)
    for folding in foldings:
        for recorded in facts:
            folding.take(recorded, folding.keys(recorded))
    return page[-1].position


def _beside(projection: Projection) -> Table:
    return Table(projection, f"{table(projection)}_new")


async def _fill(connection: Connection, folding: Folding) -> None:
    place = _beside(folding.projection)
    async with connection.transaction():
        await connection.execute(f'drop table if exists "{place.name}"')
        await connection.execute(place.create)
        await _copy(connection, place, folding, [(key, row) for key, row in folding.rows.items() if row is not None])
        for index in place.indexes:
            await connection.execute(index)
    await connection.execute(f'analyze "{place.name}"')


async def _copy(connection: Connection, place: Table, folding: Folding, rows: Sequence[tuple[Key, Struct]]) -> None:
    """Rows that cannot be written are found by halving, and their keys parked."""
    try:
        async with connection.transaction():
            await connection.copy_records_to_table(
                place.name,
                columns=[column.name for column in place.columns],
                records=[place.record(row) for _, row in rows],
            )
    except UNWRITABLE as error:
        if len(rows) > 1:
            middle = len(rows) // 2
            await _copy(connection, place, folding, rows[:middle])
            await _copy(connection, place, folding, rows[middle:])
        else:
            ((key, row),) = rows
            folding.park(str(key), getattr(row, "position", 0), error)


async def _put_in_place(connection: Connection, log: Log, decode: Decode, folding: Folding, position: int) -> None:
    """Catches up with the live table under the lock of its checkpoint, so that nobody sees the rows go back in time."""
    name, place = table(folding.projection), _beside(folding.projection)
    folding.changed.clear()
    async with connection.transaction():
        await connection.execute(ENTER, name)
        positions, _ = await locked(connection, [folding.projection])
        while page := await log.page(position, PAGE, upto=positions[name]):
            position = _take(page, decode, [folding])
        await connection.execute(FORGET, name)
        await write(connection, place, folding)
        await connection.execute(f'drop table if exists "{name}"')
        await connection.execute(f'alter table "{place.name}" rename to "{name}"')
        await connection.execute(MOVE, name, position)
    alert([folding])


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
