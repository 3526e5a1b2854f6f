"""uvicorn's HTTP for clients that get on with it: who sends or reads a byte now and then is not waited for.

uvicorn has no bound for the size of a head, nor for the time that a request takes to arrive or an answer to be read;
and it takes a request that names two hosts.
"""

import asyncio
from asyncio import TimerHandle
from typing import ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


def refusal(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()


class Punctual(HttpToolsProtocol):
    """Give it to uvicorn as `http=`. Times are in seconds; a `message` is the head and body of a request."""

    head = 10.0
    message = 20.0
    stall = 30.0
    largest = 65_536
    """Bytes of a head, beside those that came with its first."""

    unheard = 4_096
    """Connections that have not finished a first head; of more, the oldest is ended."""

    _unheard: ClassVar[dict["Punctual", None]] = {}
    _waiting: TimerHandle | None = None
    _stalled: TimerHandle | None = None
    _in_head = True
    _first = True
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._unheard[self] = None
        if len(self._unheard) > self.unheard:
            oldest = next(iter(self._unheard))
            del self._unheard[oldest]
            oldest.transport.abort()
        self._wait(self.head)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unheard.pop(self, None)
        self._wait(None)
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # What came with the head's first bytes may hold the end of the request before.
        if self._in_head and not self._first:
            self._size += len(data)
            if self._size > self.largest:
                self._refuse("431 Request Header Fields Too Large")
        self._first = False

    def handle_websocket_upgrade(self) -> None:
        self._wait(None)
        super().handle_websocket_upgrade()
        self.parser = None  # as when a connection is lost: it would hold this, and this it, for ever

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._first, self._size = True, True, 0
        self._wait(self.head)

    def on_headers_complete(self) -> None:
        # A proxy goes by the first, and what is behind it would by the last. The parser makes a 400 of it.
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise ValueError
        super().on_headers_complete()
        self._unheard.pop(self, None)
        self._in_head = False
        self._wait(self.message)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._wait(None)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.stall, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _wait(self, seconds: float | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        if self.flow.read_paused:
            # It is we who keep the client waiting.
            self._wait(self.message)
        else:
            self._refuse("408 Request Timeout")

    def _refuse(self, status: str) -> None:
        self._wait(None)
        if self.transport.is_closing():
            return
        cycle = cast("RequestResponseCycle | None", self.cycle)
        # An answer that has begun cannot be taken back: the connection is closed in its middle.
        if cycle is None or self._in_head or not cycle.response_started:
            self.transport.write(refusal(status))
        self.transport.close()
