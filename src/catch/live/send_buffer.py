"""What waits to be written to one socket, and each operation's lane into it.

While the socket takes everything, nothing waits: a frame is written the moment it is offered. Once it does not, frames
wait here, bounded, where they can still be taken back. A live message that finds no room is not kept: whoever offered
it reads it again from the log once the socket has taken what waited.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from catch.live.frames import Payload, head
from catch.live.timeouts import Timeouts


class _Waiting(Struct):
    """Taken back, the lane's messages are read again from `again` on."""

    lane: "Lane | None"
    position: int
    frame: bytes
    again: int


class SendBuffer:
    """`most` is in bytes. `stalled` is called when a socket has taken nothing for `stall` seconds."""

    __slots__ = ("_full", "_most", "_room", "_since", "_stall", "_stalled", "_unsent", "_waiting", "_watched", "_wheel",
                 "blocked", "write")  # fmt: skip

    def __init__(
        self,
        write: Callable[[bytes], None],
        timeouts: Timeouts,
        stalled: Callable[[], None],
        *,
        most: int,
        stall: float,
    ) -> None:
        self.write = write
        self._wheel = timeouts
        self._stalled = stalled
        self._most = most
        self._stall = stall
        self._waiting: deque[_Waiting] | None = None
        self._unsent = 0
        self._full = False
        self._room: asyncio.Event | None = None
        self._since = 0.0
        self._watched = False
        self.blocked = False

    def offer(self, frame: bytes, lane: "Lane | None" = None, position: int = 0, again: int | None = None) -> bool:
        """False where there is no room. Taken back, it is read again from its own position on, or from `again`."""
        if self.blocked:
            return self._keep(_Waiting(lane, position, frame, position if again is None else again))
        self.write(frame)
        if lane is not None:
            lane.last = position
        return True

    def put(self, frame: bytes, lane: "Lane | None" = None) -> None:
        """Whether there is room or not: an answer to what the client asked, who is not read from until it reads."""
        if not self.offer(frame, lane):
            self._add(_Waiting(lane, 0, frame, 0))

    def _keep(self, waiting: _Waiting) -> bool:
        # Alone, a frame may be larger than the bound: otherwise it could never be sent.
        if self._full or (self._waiting and self._unsent + len(waiting.frame) > self._most):
            self._full = True
            return False
        self._add(waiting)
        return True

    def _add(self, waiting: _Waiting) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(waiting)
        self._unsent += len(waiting.frame)

    async def room(self) -> None:
        """Returns at once unless something was refused; then when the socket has taken what waited."""
        while self._full:
            if self._room is None:
                self._room = asyncio.Event()
            await self._room.wait()

    def pause(self) -> None:
        """The socket has not taken everything."""
        self.blocked = True
        self._since = asyncio.get_running_loop().time()
        if not self._watched:
            self._watched = True
            # One look at a time, however often the socket pauses: it finds out itself when the last pause began.
            self._wheel.after(self._stall, self._look)

    def resume(self) -> None:
        """The socket has taken everything that it was given."""
        self.blocked = False
        # The socket may fill up again with any of these.
        while self._waiting and not self.blocked:
            each = self._waiting.popleft()
            self._unsent -= len(each.frame)
            self.offer(each.frame, each.lane, each.position, each.again)
        if not self._waiting:
            self._waiting = None
            self._make_room()

    def shut(self) -> None:
        """Nothing more is written; whatever is offered is dropped."""
        # Bound methods of the socket are let go of: they would hold it in memory for as long as a lane lives.
        self.write, self._stalled = _drop, _nobody
        self.blocked = False
        self._waiting = None
        self._make_room()

    def cut(self, lane: "Lane") -> int | None:
        """Take back what this lane has waiting; from where it is read again, or None if nothing waited."""
        if self._waiting is None:
            return None
        taken = [each for each in self._waiting if each.lane is lane]
        if not taken:
            return None
        self._waiting = deque(each for each in self._waiting if each.lane is not lane)
        self._unsent -= sum(len(each.frame) for each in taken)
        self._make_room()
        return taken[0].again

    def _make_room(self) -> None:
        self._full = False
        if self._room is not None:
            self._room.set()
            self._room = None

    def _look(self) -> None:
        self._watched = False
        if not self.blocked:
            return
        left = self._since + self._stall - asyncio.get_running_loop().time()
        if left <= 0:
            self._stalled()
        else:
            self._watched = True
            self._wheel.after(left, self._look)


def _drop(frame: bytes) -> None:
    pass


def _nobody() -> None:
    pass


class Lane:
    """One operation's way into the buffer. Once shut, nothing more of it is written.

    `last` is the position of the last message that was written to the socket; 0 before the first.
    """

    __slots__ = ("_head", "_open", "_outbox", "last")

    def __init__(self, buffer: SendBuffer, operation: str) -> None:
        self._outbox = buffer
        self._head = head(operation)
        self._open = True
        self.last = 0

    def offer(self, position: int, payload: Payload) -> bool:
        """Pass on a `next` message; False where there is no room. A shut lane takes everything and keeps nothing."""
        if not self._open:
            return True
        buffer = self._outbox
        if buffer.blocked or payload.head != self._head:
            return buffer.offer(payload.framed(self._head), self, position)
        # The way of nearly every message there is, and therefore without another call.
        buffer.write(payload.frame)
        self.last = position
        return True

    def note(self, position: int, payload: Payload) -> bool:
        """The same for a message that is no event: what stands at its position has been passed on before."""
        return not self._open or self._outbox.offer(payload.framed(self._head), self, position, position + 1)

    async def room(self) -> None:
        await self._outbox.room()

    def cut(self) -> int | None:
        return self._outbox.cut(self)

    def write(self, payload: Payload) -> None:
        """The one answer of a query or a mutation."""
        if self._open:
            self._outbox.put(payload.framed(self._head), self)

    def finish(self, frame: bytes) -> None:
        """The operation's last message."""
        if self._open:
            self._open = False
            self._outbox.put(frame)

    def shut(self) -> None:
        self._open = False
        self.cut()
