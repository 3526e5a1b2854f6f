"""Connections to answer queries with: none is waited for longer than `TURN`, and none is given back that hangs.

Whoever stops waiting for an answer leaves a connection on which it may still come. It is not used again, and nobody
waits until the server has given up: it is told to, and the connection closed, beside everything else.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from catch.database.losing import Silent, lost
from catch.database.statements import Connection, Record

TURN = 2.5
"""Seconds that somebody waits for their turn."""
GOODBYE = 1.0
"""Seconds that a server has to give up what it was asked, and to say so."""


class Connections:
    """At most `size` connections, each made when it is wanted."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._idle: list[Connection] = []
        self._used: set[Connection] = set()
        self._leaving: dict[asyncio.Task[None], Connection] = {}
        self._taken = 0
        self._turns: deque[asyncio.Future[None]] = deque()
        self._closed = False
        self._given_back: asyncio.Future[None] | None = None

    @property
    def busy(self) -> int:
        """How many are in use."""
        return len(self._used)

    @property
    def waiting(self) -> int:
        """Who waits for their turn."""
        return len(self._turns)

    def acquire(self) -> "Acquired":
        return Acquired(self)

    async def execute(self, query: str, *args: object) -> str:
        async with Acquired(self) as connection:
            return await connection.execute(query, *args)

    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None:
        async with Acquired(self) as connection:
            await connection.executemany(command, args)

    async def fetch(self, query: str, *args: object) -> list[Record]:
        async with Acquired(self) as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Record | None:
        async with Acquired(self) as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        async with Acquired(self) as connection:
            return await connection.fetchval(query, *args)

    async def take(self) -> Connection:
        """Raises one of `LOST`."""
        if self._closed:
            raise Silent("the pool is closed")
        if self._taken < self._size:
            self._taken += 1
        else:
            await self._turn()
        try:
            connection = self._at_hand() or await self._connect()
        except BaseException:
            self._pass_on()
            raise
        self._used.add(connection)
        return connection

    def give_back(self, connection: Connection, *, sound: bool) -> None:
        self._used.discard(connection)
        if sound and not (self._closed or connection.is_closed() or connection.is_in_transaction()):
            self._idle.append(connection)
        else:
            self._part_from(connection)
        self._pass_on()

    def hang_up(self) -> None:
        """Whoever waits for an answer or for a turn hears at once that there will be none."""
        for turn in self._turns:
            if not turn.done():
                turn.set_exception(Silent("the database is silent"))
        self._turns.clear()
        for connection in [*self._idle, *self._used, *self._leaving.values()]:
            connection.terminate()
        self._idle.clear()

    async def close(self) -> None:
        """Returns once whatever is in use was given back."""
        self._closed = True
        if self._taken:
            self._given_back = asyncio.get_running_loop().create_future()
            await self._given_back
        while self._idle:
            self._part_from(self._idle.pop())
        if self._leaving:
            await asyncio.wait(list(self._leaving))

    def terminate(self) -> None:
        self._closed = True
        self.hang_up()

    def _part_from(self, connection: Connection) -> None:
        task = asyncio.create_task(farewell(connection), name="connection given up")
        self._leaving[task] = connection
        task.add_done_callback(self._leaving.pop)

    def _at_hand(self) -> Connection | None:
        # The one used last: what it has prepared is at hand as well.
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _turn(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            async with asyncio.timeout(TURN):
                await turn
        except BaseException:
            # It may have come at the very moment at which nobody waited for it any more.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1
        if not self._taken and self._given_back is not None and not self._given_back.done():
            self._given_back.set_result(None)


class Acquired:
    """One of the pool's connections, for a while."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Connections) -> None:
        self._pool = pool
        self._connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        connection = self._connection = await self._pool.take()
        return connection

    async def __aexit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        assert self._connection is not None
        self._pool.give_back(self._connection, sound=problem is None or answered(problem))


def answered(problem: BaseException) -> bool:
    """Nothing is on its way any more."""
    return isinstance(problem, Exception) and not lost(problem)


async def farewell(connection: Connection) -> None:
    with suppress(Exception):
        # A statement that still runs is cancelled with it: one that waits for a lost standby would wait for ever.
        async with asyncio.timeout(GOODBYE):
            await connection.close()
