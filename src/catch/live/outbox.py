"""What waits to be written to one socket, and each operation's lane into it.

The outbox is bounded. A live message that finds no room is not stored: whoever offered it reads it again from the log
once there is room. `send` is the seam to the server: an ASGI send now, a transport's write where that is faster.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from msgspec import Struct

from catch.live import frames


class Stalled(Exception):
    """The client has not read for too long."""


class _Waiting(Struct):
    lane: "Lane | None"
    position: int
    text: str


class Outbox:
    """`room` is in messages; `stall` is how many seconds one write may take."""

    def __init__(self, send: Callable[[str], Awaitable[None]], *, room: int, stall: float) -> None:
        self._send = send
        self._room = room
        self._stall = stall
        self._waiting: deque[_Waiting] = deque()
        self._filled = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def run(self) -> None:
        """Write what waits, for as long as the socket lives. `Stalled` when the client does not read."""
        while True:
            while self._waiting:
                text = self._waiting.popleft().text
                if len(self._waiting) <= self._room // 2:
                    self._has_room.set()
                try:
                    async with asyncio.timeout(self._stall):
                        await self._send(text)
                except TimeoutError:
                    raise Stalled from None
            self._filled.clear()
            await self._filled.wait()

    def offer(self, text: str, *, lane: "Lane | None" = None, position: int = 0) -> bool:
        """False where there is no room."""
        if len(self._waiting) >= self._room:
            self._has_room.clear()
            return False
        self._waiting.append(_Waiting(lane, position, text))
        self._filled.set()
        return True

    async def put(self, text: str) -> None:
        while not self.offer(text):
            await self.room()

    async def room(self) -> None:
        await self._has_room.wait()

    def cut(self, lane: "Lane") -> int | None:
        """Take back what this lane has waiting; the position of the first, or None if nothing waited."""
        taken = [waiting for waiting in self._waiting if waiting.lane is lane]
        if not taken:
            return None
        self._waiting = deque(waiting for waiting in self._waiting if waiting.lane is not lane)
        self._has_room.set()
        return taken[0].position


class Lane:
    """One operation's way into the outbox. Once shut, nothing more of it is written."""

    def __init__(self, outbox: Outbox, operation: str) -> None:
        self._outbox = outbox
        self._head = frames.head(operation)
        self._open = True

    def offer(self, position: int, payload: str) -> bool:
        """Pass on a `next` message; False where there is no room. A shut lane takes everything and keeps nothing."""
        return not self._open or self._outbox.offer(f"{self._head}{payload}}}", lane=self, position=position)

    async def room(self) -> None:
        await self._outbox.room()

    def cut(self) -> int | None:
        return self._outbox.cut(self)

    async def write(self, payload: str) -> None:
        while not self.offer(0, payload):
            await self.room()

    async def finish(self, text: str) -> None:
        """The operation's last message."""
        if self._open:
            self._open = False
            await self._outbox.put(text)

    def shut(self) -> None:
        self._open = False
        self.cut()
