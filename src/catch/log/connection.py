"""A connection that records batches, with a limit to how long it waits for one.

One timer serves all batches: when it goes off it looks whether the present one has had its time, else it waits on.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from catch.database import Connection, Database
from catch.log.batches import Batches, Outcome
from catch.log.generations import Generations
from catch.log.waiting import Waiting

HELD_UP = 2.0  # seconds that a commit takes where all is well, and more
GENERIC = {"plan_cache_mode": "force_generic_plan"}  # planning anew for each batch takes as long as recording it


class Recording:
    """`patience`: seconds that a commit may take."""

    def __init__(self, database: Database, schema: str, patience: float, generations: Generations) -> None:
        self._database = database
        self._patience = patience
        self._generations = generations
        self._batches = Batches(schema)
        self._setting = f"select set_config('{schema}.recorded_at', $1, false)"
        self._recorded_at = self._told = ""
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._begun: float | None = None
        self._watch: asyncio.TimerHandle | None = None

    async def record(self, batch: Sequence[Waiting]) -> Sequence[Outcome]:
        """Raises what asyncpg raises: if the database is away or too slow it is unknown what was recorded; or
        `FormerPrimary`: nothing was."""
        connection = self._connection
        if connection is None or connection.is_closed():
            connection = await self._connected()
        self._begun = self._loop.time()
        if self._watch is None:
            self._watch = self._loop.call_at(self._begun + self._patience, self._look)
        try:
            if self._told != self._recorded_at:
                self._told = await connection.fetchval(self._setting, self._recorded_at)
            return await self._batches.record(connection, batch)
        finally:
            self._begun = None

    async def _connected(self) -> Connection:
        connection = await self._database.connect(GENERIC)
        try:
            async with asyncio.timeout(HELD_UP):
                await self._generations.settle(connection)
        except BaseException:
            connection.terminate()
            raise
        self._connection, self._told = connection, ""
        return connection

    @property
    def held_up(self) -> bool:
        """Something has waited to be recorded for longer than that takes."""
        return self._begun is not None and self._loop.time() - self._begun > HELD_UP

    def record_at(self, moment: datetime | None) -> None:
        """When what follows is recorded; None: when the database's clock says."""
        self._recorded_at = moment.astimezone(UTC).isoformat() if moment else ""

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self.hang_up()

    def _look(self) -> None:
        self._watch = None
        if self._begun is None:
            return
        until = self._begun + self._patience
        if until > self._loop.time():
            self._watch = self._loop.call_at(until, self._look)
        else:
            # Whoever waits for the commit then hears of a lost connection: unknown whether it was recorded.
            self.hang_up()
