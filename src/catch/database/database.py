"""One PostgreSQL as a process reaches it, and no longer than it is heard from.

Whoever listens to it (`catch.log.wake`) says when it has fallen silent. All that hangs on it is then cut off, and
whoever asks hears at once that it is away, until it is heard again.
"""

import asyncio
from collections.abc import Mapping
from weakref import WeakSet

import asyncpg

from catch.database.connecting import OldServer, dropped, reach
from catch.database.losing import NotLetIn, Silent
from catch.database.pool import Connections
from catch.database.statements import Connection

WITHIN = 2.0
"""Seconds that each host has to take a connection."""
PATIENCE = 60.0
"""Seconds that a statement on the pool may take; what may take longer (COPY, indexes) has a connection of its own."""


class Database:
    """`settings` are what each session asks for."""

    def __init__(self, dsn: str, settings: Mapping[str, str]) -> None:
        self.dsn = dsn
        self.silent = False
        self._settings = settings
        self._good = 0
        self._open: WeakSet[Connection] = WeakSet()
        self._pools: list[Connections] = []
        self._fell: asyncio.Future[None] | None = None  # made when somebody waits for a connection

    async def pool(self, size: int) -> Connections:
        """With a first connection made. Raises what asyncpg raises, or `OldServer`."""
        first = [await self.reach(PATIENCE)]

        async def another() -> Connection:
            return first.pop() if first else await self.connect(patience=PATIENCE)

        made = Connections(another, size)
        self._pools.append(made)
        async with made.acquire():
            pass
        return made

    async def connect(self, settings: Mapping[str, str] | None = None, *, patience: float | None = None) -> Connection:
        """Raises one of `LOST`: whatever stands in the way, the database may be there again later."""
        if self.silent:
            raise Silent("the database is silent")
        if self._fell is None:
            self._fell = asyncio.get_running_loop().create_future()
        attempt = asyncio.ensure_future(self.listening(settings, patience=patience))
        try:
            # One that began before the silence was known would be waited for on top of it, and its turn before that.
            await asyncio.wait((attempt, self._fell), return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                raise Silent("the database is silent")
        except BaseException:
            attempt.cancel()
            attempt.add_done_callback(dropped)
            raise
        return attempt.result()

    async def listening(
        self, settings: Mapping[str, str] | None = None, *, patience: float | None = None
    ) -> Connection:
        """The same for whoever finds out whether it is silent."""
        try:
            return await self.reach(patience, settings)
        except (asyncpg.PostgresError, OldServer) as problem:
            raise NotLetIn(type(problem).__name__) from problem

    async def reach(self, patience: float | None = None, settings: Mapping[str, str] | None = None) -> Connection:
        asked = {**self._settings, **(settings or {})}
        connection, self._good = await reach(self.dsn, asked, within=WITHIN, patience=patience, first=self._good)
        self._open.add(connection)
        return connection

    @property
    def busy(self) -> int:
        """How many connections of the pools are in use."""
        return sum(pool.busy for pool in self._pools)

    @property
    def waiting(self) -> int:
        """Who waits for one of them."""
        return sum(pool.waiting for pool in self._pools)

    def heard(self) -> None:
        self.silent = False

    def fell_silent(self) -> None:
        self.silent = True
        if self._fell is not None:
            self._fell.set_result(None)
            self._fell = None
        self.hang_up()

    def hang_up(self) -> None:
        """Everything that is open ends here and now; whoever waits for an answer hears of a lost connection."""
        for pool in self._pools:
            pool.hang_up()
        for connection in list(self._open):
            connection.terminate()
        self._open.clear()


def application(schema: str) -> dict[str, str]:
    """Session settings of the program: it acts as the application's role, whoever it logged in as.

    Unqualified names mean the read side's tables first, so that what a projection creates lands in its own schema.
    """
    return {
        "application_name": "catch",
        "role": f"{schema}_app",
        "search_path": f"{schema}_read,{schema}",
        "jit": "off",
    }
