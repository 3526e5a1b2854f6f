"""uvicorn's websocket protocol, with its socket within reach of the application.

ASGI knows only `receive` and `send`, which have to be awaited, message by message, by a task that lives as long as the
connection. Through the extension the application takes the socket over once it is accepted: it then writes frames
straight to the transport, is called with each message, hears when the client does not read, and can hang up on it.
The task ends, and with it all that a framework keeps for a connection.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame

TRANSPORT = "catch.transport"
"""The ASGI extension that holds the protocol, as `{"socket": ExposedWebSocket}`, while the application runs."""
GRACE = 2.0
"""Seconds that a client has to read that the connection is closed."""


class Taker(Protocol):
    """Who has taken a socket over."""

    def received(self, text: str | None) -> None:
        """A message; None for one of bytes."""
        ...

    def pause(self) -> None:
        """The socket has not taken everything that was written."""
        ...

    def resume(self) -> None:
        """It has by now."""
        ...

    def lost(self) -> None:
        """Nothing can be written any more. May be called again."""
        ...


class _Door:
    """The socket as an ASGI application has it. What a framework keeps of a connection, it keeps of a shut door."""

    def __init__(self, socket: "ExposedWebSocket") -> None:
        self.socket: ExposedWebSocket | None = socket

    async def receive(self) -> Any:
        assert self.socket is not None
        return await self.socket.receive()

    async def send(self, message: Any) -> None:
        assert self.socket is not None
        await self.socket.send(message)


class _Unread:
    """Stands where the queue of an ASGI application was, which nobody reads any more."""

    def put_nowait(self, event: object) -> None:
        pass


UNREAD = _Unread()


class ExposedWebSocket(WebSocketsSansIOProtocol):
    """Give it to uvicorn as `ws=`, with compression and its own pings switched off."""

    transport: asyncio.Transport
    taker: Taker | None = None
    heard = True
    """Whether anything has come from the client since this was last set to False."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # The socket takes what it can at once, and `pause_writing` is called when that is not everything.
        self.transport.set_write_buffer_limits(0)

    def take(self, taker: Taker) -> None:
        """From now on everything that comes is the taker's; what has come already first."""
        self.taker = taker
        # A client may send its first message before the application has the socket.
        waiting, self.queue = self.queue, cast("Any", UNREAD)
        self.scope = cast("Any", None)
        while not waiting.empty():
            event = cast("dict[str, Any]", waiting.get_nowait())
            if event["type"] == "websocket.receive":
                taker.received(event.get("text"))
            elif event["type"] == "websocket.disconnect":
                self._gone()
        # uvicorn stops reading while its queue is full, and nobody empties that queue any more.
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self.heard = True
        super().data_received(data)

    def send_receive_event_to_app(self) -> None:
        if self.taker is None:
            super().send_receive_event_to_app()
            return
        data, self.frames = b"".join(self.frames), []
        # Whoever was told to go is not listened to: an answer could not be sent.
        if self.close_sent:
            return
        try:
            text = data.decode() if self.curr_msg_data_type == "text" else None
        except UnicodeDecodeError:
            self.say_close(1007, "Send text messages in UTF-8.")
        else:
            self.taker.received(text)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.taker:
            # Who does not read is not read from either: answers to it must not pile up.
            self.transport.pause_reading()
            self.taker.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.taker:
            self.transport.resume_reading()
            self.taker.resume()

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._gone()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._gone()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._gone()
        # What holds itself in a circle would lie in memory until the collector comes, with all that was ever received.
        self.conn.parser.close()
        self.conn.parser_exc = None

    def _gone(self) -> None:
        if self.taker:
            self.taker.lost()
            self.taker = None

    @property
    def write(self) -> Callable[[bytes], None]:
        return self.transport.write

    def say_close(self, code: int, reason: str) -> None:
        """What `websocket.close` does, but at once, and without waiting for ever for a client that does not read."""
        self._gone()
        if self.close_sent or self.transport.is_closing():
            return
        try:
            self.conn.send_close(code, reason)
        # The client's side of the closing handshake is past: there is nobody to say it to.
        except InvalidState:
            self.transport.abort()
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(GRACE, self.transport.abort)

    async def run_asgi(self) -> None:
        """As uvicorn has it, except that a socket that was taken over stays open."""
        scope, door = cast("dict[str, Any]", self.scope), _Door(self)
        extensions = scope.setdefault("extensions", {})
        extensions[TRANSPORT] = {"socket": self}
        try:
            await cast("Any", self).app(scope, door.receive, door.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
        else:
            if self.taker or self.close_timer:
                return
            # A handshake that was answered with a plain response is over, too.
            if not self.handshake_complete and not self.close_sent:
                self.logger.error("ASGI callable returned without completing handshake.")
                self.send_500_response()
        finally:
            # The framework keeps the door: it must not keep the socket with it.
            door.socket = None
            del extensions[TRANSPORT]
        if self.close_timer is None:
            self.transport.close()
