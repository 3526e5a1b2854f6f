"""The rows of one projection while the whole log is folded into a new table, in bounded memory.

Rows that no fact has touched for a while are written to the new table and let go; when a fact does concern one of
them again, it is read back. A year's cases come and go, so few are.
"""

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from catch.database import Connection
from catch.domain.facts import Recorded
from catch.log import Stored
from catch.readside.folding import UNWRITABLE, Decode, Folding, Parked, Rows, Touched, decoded, held, shared_out
from catch.readside.tables import Table
from projections.read_model import Key, ReadModel

GENERATION = 15_000  # facts taken in until what they did not touch is written out: some 20 MB of large rows
ROWS = 2_000
"""Rows held until the same: those of which each is touched once or twice would otherwise all be held."""
BITS = 1 << 24
INDEXED = "select count(*) from pg_index where indrelid = to_regclass(quote_ident($1))"
# A table that is lost can be built again, so its rows need not wait for the disk.
UNHURRIED = "set synchronous_commit = off; set maintenance_work_mem = '128MB'"
Progress = Callable[[int, int], None]
"""Told the position reached and the head of the log."""
Kept = Sequence[tuple[Key, Struct]]


class Written:
    """Which keys may be in the table: two megabytes, however many there are. May say yes where it is no."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, keys: Iterable[Key]) -> None:
        self._bits = self._bits or bytearray(BITS // 8)
        for key in keys:
            bit = hash(key) % BITS
            self._bits[bit >> 3] |= 1 << (bit & 7)

    def add_all(self) -> None:
        self._bits = bytearray(b"\xff") * (BITS // 8)

    def __contains__(self, key: Key) -> bool:
        if not self._bits:
            return False
        bit = hash(key) % BITS
        return bool(self._bits[bit >> 3] & 1 << (bit & 7))


class Building(Folding):
    """`rows` are those that a recent fact concerned, `older` those before them.

    `after` is where a rebuild that was broken off goes on, and `put` is how many rows this process has in the table.
    """

    def __init__(self, projection: ReadModel, generation: int = GENERATION) -> None:
        super().__init__(projection)
        self.before = None  # what is listed is made at the end, from the whole table
        self.place = Table(projection, f"{projection.table}_new")
        self.older: Rows = {}
        self._written = Written()
        self._generation = generation
        self._taken = 0
        self.after = 0
        self.put = 0

    async def begin(self, connection: Connection) -> None:
        for name in self.place.names:
            await connection.execute(f'drop table if exists "{name}"')
        # Rows that are never looked up get their key at the end, all at once.
        await connection.execute(self.place.create_bare if self.each_fact else self.place.create)

    async def resume(self, connection: Connection, after: int, put: int, parked: Iterable[Parked]) -> None:
        """The table holds what the facts up to `after` say."""
        self.after, self.put = after, put
        self.newly_parked = [*parked]
        self.parked = {each.key for each in self.newly_parked}
        if not self.each_fact:
            async with connection.transaction():
                self._written.add([row[0] async for row in connection.cursor(self.place.all_keys, prefetch=10_000)])

    async def take_page(self, connection: Connection, facts: Sequence[Recorded[Any]]) -> None:
        # The read models of one pass may have been broken off at different places.
        if facts and facts[0].position <= self.after:
            facts = [recorded for recorded in facts if recorded.position > self.after]
        if self.each_fact:
            await self._copy(connection, self._rows_of(facts))
            return
        touched = self.touched(facts)
        await self._gather(connection, touched)
        self.take(touched)
        self._taken += len(touched)
        if self._taken > self._generation or len(self.rows) > ROWS:
            await self._let_go(connection, self.older)
            self.older, self.rows, self._taken = self.rows, {}, 0

    async def flush(self, connection: Connection) -> None:
        """All rows are in the table."""
        await self._let_go(connection, self.older)
        await self._let_go(connection, self.rows)

    async def finish(self, connection: Connection) -> None:
        """All rows are in the table, and none is held."""
        await self.flush(connection)
        self.older, self.rows = {}, {}

    async def index(self, connection: Connection) -> None:
        """All or none; nothing where it was done before."""
        async with connection.transaction():
            # Counted: a rebuild that was broken off may have come as far as this. A keyed table has one from the start.
            if await connection.fetchval(INDEXED, self.place.name) == (0 if self.each_fact else 1):
                for statement in ([self.place.keyed] if self.each_fact else []) + self.place.indexes:
                    await connection.execute(statement)
            for name in self.place.names:
                # Until autovacuum came by, queries would be planned for an empty table.
                await connection.execute(f'analyze "{name}"')

    def park(self, key: str, position: int, error: Exception) -> None:
        if position > self.after:  # otherwise it was parked before
            super().park(key, position, error)

    def others_wrote(self, parked: Iterable[Parked]) -> None:
        """Any row may be in the table by now, and these keys are parked."""
        self._written.add_all()
        for each in parked:
            self.parked.add(each.key)
            self.newly_parked.append(each)

    def _rows_of(self, facts: Sequence[Recorded[Any]]) -> Kept:
        fold, rows = self.projection.fold, list[tuple[Key, Struct]]()
        for recorded in facts:
            position = recorded.position
            if self.parked and str(position) in self.parked:
                continue
            try:
                row = fold(None, recorded, position)
            except Exception as error:
                self.park(str(position), position, error)
                continue
            if row is not None:
                rows.append((position, row))
        return rows

    async def _gather(self, connection: Connection, touched: Touched) -> None:
        """Puts every row that the facts concern into `rows`, from wherever it is."""
        rows, older = self.rows, self.older
        lacking: list[Key] = []
        for key in {key for _, keys in touched for key in keys}:
            if key not in rows:
                if key in older:
                    rows[key] = older.pop(key)
                elif key in self._written:
                    lacking.append(key)
        if lacking:
            rows |= await held(connection, self.place, lacking)

    async def _let_go(self, connection: Connection, rows: Rows) -> None:
        self.complete(rows, rows)
        changed = self.changed.intersection(rows)
        self.changed -= changed
        kept = [(key, row) for key in rows if key in changed and (row := rows[key]) is not None]
        # COPY takes no key that is there already. What only may be there costs a deletion of nothing.
        known = [key for key in changed if key in self._written]
        async with connection.transaction():
            if known:
                self.put -= int((await connection.execute(self.place.delete, known)).split()[1])
            await self._copy(connection, kept)
        self._written.add(key for key, _ in kept)

    async def _copy(self, connection: Connection, rows: Kept) -> None:
        """Rows that cannot be written are found by halving, and their keys parked."""
        if not rows:
            return
        try:
            async with connection.transaction():
                await self.place.copy(connection, [row for _, row in rows])
            self.put += len(rows)
        except UNWRITABLE as error:
            if len(rows) > 1:
                middle = len(rows) // 2
                await self._copy(connection, rows[:middle])
                await self._copy(connection, rows[middle:])
            else:
                ((key, row),) = rows
                self.park(str(key), getattr(row, "position", 0), error)


async def take(connection: Connection, page: Sequence[Stored], decode: Decode, buildings: Sequence[Building]) -> int:
    await asyncio.sleep(0)  # the next page is asked for
    facts = decoded(page, decode, buildings)
    for building, share in zip(buildings, shared_out(facts, buildings), strict=True):
        await building.take_page(connection, share)
        await asyncio.sleep(0)
    return page[-1].position


async def pages(read: Callable[[int], Awaitable[list[Stored]]], after: int = 0) -> AsyncGenerator[list[Stored]]:
    """Page by page; the next one is on its way while the last one is folded."""
    coming = asyncio.ensure_future(read(after))
    try:
        while page := await coming:
            coming = asyncio.ensure_future(read(page[-1].position))
            yield page
    finally:
        coming.cancel()
        await asyncio.wait([coming])


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
