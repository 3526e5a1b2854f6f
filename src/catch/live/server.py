"""uvicorn's websocket protocol, with its socket within reach of the application.

ASGI knows only `send`, which has to be awaited, message by message. Through the extension the application writes frames
straight to the transport, hears when the client does not read, and can hang up on it.
"""

import asyncio
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame

TRANSPORT = "catch.transport"
"""The ASGI extension that holds the protocol, as `{"socket": ExposedWebSocket}`."""
GRACE = 2.0
"""Seconds that a client has to read that the connection is closed."""


class Listener(Protocol):
    """Hears how the socket is doing."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def shut(self) -> None: ...


class ExposedWebSocket(WebSocketsSansIOProtocol):
    """Give it to uvicorn as `ws=`, with compression and its own pings switched off."""

    transport: asyncio.Transport
    listener: Listener | None = None
    heard = True
    """Whether anything has come from the client since this was last set to False."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # The socket takes what it can at once, and `pause_writing` is called when that is not everything.
        self.transport.set_write_buffer_limits(0)

    def data_received(self, data: bytes) -> None:
        self.heard = True
        super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.listener:
            self.listener.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.listener:
            self.listener.resume()

    def handle_close(self, event: Frame) -> None:
        self._shut()
        super().handle_close(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._shut()
        super().connection_lost(exc)

    def _shut(self) -> None:
        if self.listener:
            self.listener.shut()
            self.listener = None

    def write(self, frame: bytes) -> None:
        self.transport.write(frame)

    def say_close(self, code: int, reason: str) -> None:
        """What `websocket.close` does, but at once, and without waiting for a client that does not read."""
        self._shut()
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        try:
            self.conn.send_close(code, reason)
        except InvalidState:
            self.transport.abort()
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(GRACE, self.transport.abort)

    async def run_asgi(self) -> None:
        scope = cast("dict[str, Any]", self.scope)
        scope.setdefault("extensions", {})[TRANSPORT] = {"socket": self}
        await super().run_asgi()
