"""A socket of any ASGI server, with the face of `ExposedWebSocket`: frames go out one at a time, each awaited."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, cast

from litestar import WebSocket

from catch.live.frames import text_of
from catch.live.server import GRACE, TRANSPORT, ExposedWebSocket, Listener

Accepted = WebSocket[Any, Any, Any]


class AsgiSocket:
    """`serving` is the task that reads from the socket; it is cancelled, with `over` set, where a close goes unread."""

    heard = True

    def __init__(self, socket: Accepted, serving: "asyncio.Task[Any]") -> None:
        self._socket = socket
        self._serving = serving
        self._next: deque[bytes] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.listener: Listener | None = None
        self.over = False

    def write(self, frame: bytes) -> None:
        self._next.append(frame)
        if self.listener:
            self.listener.pause()
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        # A send fails where the client is gone; whoever reads from the socket hears of that.
        with suppress(Exception):
            while self._next:
                await self._socket.send_text(text_of(self._next.popleft()))
                if self.listener and not self._next:
                    self.listener.resume()
        self._sending = None

    def say_close(self, code: int, reason: str) -> None:
        if self.listener:
            self.listener.shut()
            self.listener = None
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        with suppress(Exception):
            async with asyncio.timeout(GRACE):
                if self._sending is not None:
                    await asyncio.wait([self._sending])
                await self._socket.close(code, reason)
        if self._sending is not None:
            self._sending.cancel()
        self.over = True
        self._serving.cancel()


Socket = ExposedWebSocket | AsgiSocket


def socket_of(accepted: Accepted, serving: "asyncio.Task[Any]") -> Socket:
    """The server's own where it lets us at it."""
    extensions = cast("dict[str, Any]", cast("Any", accepted.scope).get("extensions") or {})
    if TRANSPORT in extensions:
        return cast("ExposedWebSocket", extensions[TRANSPORT]["socket"])
    return AsgiSocket(accepted, serving)
