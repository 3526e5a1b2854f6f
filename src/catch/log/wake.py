"""Wakes followers when the log has grown: at once for what this process recorded, by NOTIFY for what others did.

Only ever a hint. Whoever waits also looks again after `POLL` seconds, so a lost notification costs time and no event.

The connection that listens has nothing else to do, so that it is the one to find out whether the database is there at
all: it asks every `BEAT` seconds, and what time it is there. A machine that falls silent is treated like one that died.
"""

import asyncio
import contextlib
import logging

from catch.database import Connection, Database, Demoted, Trouble
from catch.log.clock import Clock

log = logging.getLogger(__name__)

POLL = 1.0
BEAT = 0.5
"""Seconds between two questions whether the database is there."""
UNANSWERED = 1.8
"""Seconds after which it is not. With `BEAT` and `AGAIN` less than three, which is what a client waits at most."""
AGAIN = 0.2
"""Seconds more, for an answer that came while this process was held up."""
STANDING = "select pg_is_in_recovery(), clock_timestamp()"


class Wake:
    def __init__(self, database: Database, schema: str, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._schema = schema
        self._grown: asyncio.Event | None = None  # made when somebody waits for it
        self._position = 0
        self._listener: asyncio.Task[None] | None = None
        self._trouble = Trouble(log, "not listening for others: %s")

    def reached(self, position: int) -> None:
        """The log has grown to `position`; the echo of our own notification wakes nobody twice."""
        if position > self._position:
            self._position = position
            self._wake()

    @property
    def position(self) -> int:
        """The log has come at least so far, as was heard."""
        return self._position

    def ear(self) -> asyncio.Event:
        """Set as soon as the log grows. Ask for it before reading, or what comes in between is slept through."""
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="catch log listener")
        if self._grown is None:
            self._grown = asyncio.Event()
        return self._grown

    def _wake(self) -> None:
        if self._grown is not None:
            self._grown.set()
            self._grown = None

    @staticmethod
    async def wait(ear: asyncio.Event) -> None:
        # Not `wait_for`: on Python 3.11 it can swallow a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL):
                await ear.wait()

    async def close(self) -> None:
        self._wake()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
            self._database.heard()

    async def _listen(self) -> None:
        """Until cancelled, whatever stands in the way: a server that hears of nothing must not go on as if it did."""
        while True:
            try:
                await self._listen_once()
            except TimeoutError as silence:
                self._database.fell_silent()
                self._trouble.met(silence)
            except Exception as error:
                if isinstance(error, Demoted):
                    self._database.hang_up()
                self._trouble.met(error.__cause__ or error)
            await asyncio.sleep(BEAT)

    async def _listen_once(self) -> None:
        connection = await self._database.listening()
        ended = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: ended.set())
            async with asyncio.timeout(UNANSWERED):
                await connection.add_listener(self._schema, self._heard)
            self._there()
            while not ended.is_set():
                await beat(connection, self._clock)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT):
                        await ended.wait()
        finally:
            # Not closed politely: this is also run when the server has gone and would never answer.
            connection.terminate()

    def _there(self) -> None:
        self._trouble.over()
        self._database.heard()
        # Whatever was missed meanwhile: they look at once, and not at their next turn.
        self._wake()

    def _heard(self, _connection: Connection, _pid: int, _channel: str, payload: str) -> None:
        # Whoever may connect may notify: nothing but a position is believed.
        if payload.isdecimal():
            self.reached(int(payload))


async def beat(connection: Connection, clock: Clock) -> None:
    """Returns if the server is there and can be written to. Raises `TimeoutError`, `Demoted`, or one of `LOST`."""
    began = clock.ticks()
    asked = asyncio.ensure_future(connection.fetchrow(STANDING))
    try:
        # Twice: after this process was held up for long the clock goes off before an answer is read that has come.
        for patience in (UNANSWERED, AGAIN):
            await asyncio.wait([asked], timeout=patience)
        if not asked.done():
            raise TimeoutError
        found = asked.result()
        assert found is not None
        standby, said = found.values()
        clock.told(said, began)
        if standby:
            raise Demoted
    finally:
        asked.cancel()
