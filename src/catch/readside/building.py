"""The rows of one projection while the whole log is folded into a new table, in bounded memory.

Rows that no fact has touched for a while are written to the new table and let go; when a fact does concern one of
them again, it is read back. A year's cases come and go, so few are.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from catch.database import Connection
from catch.domain.facts import Recorded
from catch.readside.folding import UNWRITABLE, Folding, Touched, held
from catch.readside.projection import Key, Projection, table
from catch.readside.tables import Table

GENERATION = 15_000  # facts taken in until what they did not touch is written out: some 20 MB of large rows
BITS = 1 << 24
Rows = Sequence[tuple[Key, Struct]]


class Written:
    """Which keys may be in the table: two megabytes, however many there are. May say yes where it is no."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, keys: Iterable[Key]) -> None:
        self._bits = self._bits or bytearray(BITS // 8)
        for key in keys:
            bit = hash(key) % BITS
            self._bits[bit >> 3] |= 1 << (bit & 7)

    def __contains__(self, key: Key) -> bool:
        if not self._bits:
            return False
        bit = hash(key) % BITS
        return bool(self._bits[bit >> 3] & 1 << (bit & 7))


class Building(Folding):
    """`rows` are those that a recent fact concerned, `older` those before them."""

    def __init__(self, projection: Projection) -> None:
        super().__init__(projection)
        self.place = Table(projection, f"{table(projection)}_new")
        self.older: dict[Key, Struct | None] = {}
        self._written = Written()
        self._taken = 0

    async def begin(self, connection: Connection) -> None:
        await connection.execute(f'drop table if exists "{self.place.name}"')
        # Rows that are never looked up get their key at the end, all at once.
        await connection.execute(self.place.create_bare if self.each_fact else self.place.create)

    async def take_page(self, connection: Connection, facts: Sequence[Recorded[Any]]) -> None:
        touched = self.touched(facts)
        if not self.each_fact:
            await self._gather(connection, touched)
        self.take(touched)
        self._taken += len(touched)
        if self.each_fact:
            await self._let_go(connection, self.rows)
            self.rows = {}
        elif self._taken > GENERATION:
            await self._let_go(connection, self.older)
            self.older, self.rows, self._taken = self.rows, {}, 0

    async def finish(self, connection: Connection) -> None:
        """All rows are in the table, and none is held."""
        await self._let_go(connection, self.older)
        await self._let_go(connection, self.rows)
        self.older, self.rows = {}, {}

    async def index(self, connection: Connection) -> None:
        for statement in ([self.place.keyed] if self.each_fact else []) + self.place.indexes:
            await connection.execute(statement)
        await connection.execute(f'analyze "{self.place.name}"')

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

    async def _let_go(self, connection: Connection, rows: dict[Key, Struct | None]) -> None:
        changed = self.changed.intersection(rows)
        self.changed -= changed
        kept = [(key, row) for key in rows if key in changed and (row := rows[key]) is not None]
        known = [key for key in changed if key in self._written]
        async with connection.transaction():
            if known:
                await connection.execute(self.place.delete, known)
            await self._copy(connection, kept)
        if not self.each_fact:
            self._written.add(key for key, _ in kept)

    async def _copy(self, connection: Connection, rows: Rows) -> None:
        """Rows that cannot be written are found by halving, and their keys parked."""
        if not rows:
            return
        try:
            async with connection.transaction():
                await self.place.copy(connection, [row for _, row in rows])
        except UNWRITABLE as error:
            if len(rows) > 1:
                middle = len(rows) // 2
                await self._copy(connection, rows[:middle])
                await self._copy(connection, rows[middle:])
            else:
                ((key, row),) = rows
                self.park(str(key), getattr(row, "position", 0), error)
