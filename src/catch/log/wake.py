"""Wakes followers when the log has grown: at once for what this process recorded, by NOTIFY for what others did.

Only ever a hint. Whoever waits also looks again after `POLL` seconds, so a lost notification costs time and no event.
"""

import asyncio
import contextlib
import logging

from catch.database import Connection, application, connect, lost

log = logging.getLogger(__name__)

POLL = 1.0


class Wake:
    def __init__(self, dsn: str, schema: str) -> None:
        self._dsn = dsn
        self._schema = schema
        self._grown: asyncio.Event | None = None  # made when somebody waits for it
        self._position = 0
        self._listener: asyncio.Task[None] | None = None

    def reached(self, position: int) -> None:
        """The log has grown to `position`; the echo of our own notification wakes nobody twice."""
        if position > self._position:
            self._position = position
            self._wake()

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

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except Exception as error:
                if not lost(error):
                    raise
                log.warning("not listening for others: %s", type(error).__name__)
            await asyncio.sleep(POLL)

    async def _listen_once(self) -> None:
        connection = await connect(self._dsn, application(self._schema))
        ended = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: ended.set())
            await connection.add_listener(self._schema, self._heard)
            await ended.wait()
        finally:
            # Not closed politely: this is also run when the server has gone and would never answer.
            connection.terminate()

    def _heard(self, _connection: Connection, _pid: int, _channel: str, payload: str) -> None:
        # Whoever may connect may notify: nothing but a position is believed.
        if payload.isdecimal():
            self.reached(int(payload))
