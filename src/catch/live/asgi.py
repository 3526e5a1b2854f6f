"""A socket of any ASGI server, with the face of `ExposedWebSocket`: frames go out one at a time, each awaited."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, cast

import msgspec
from graphql import GraphQLFormattedError
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from catch.live.frames import text_of
from catch.live.server import GRACE, TRANSPORT, ExposedWebSocket, Taker

Accepted = WebSocket[Any, Any, Any]


class AsgiSocket:
    """Its task reads for as long as the connection lives; a client that does not read a close is left by cancelling
    it."""

    heard = True

    def __init__(self, socket: Accepted) -> None:
        self._socket = socket
        self._next: deque[bytes] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[Any] | None = None
        self._taker: Taker | None = None

    async def serve(self, taker: Taker) -> None:
        self._taker = taker
        self._reading = asyncio.current_task()
        try:
            while (event := await self._socket.receive())["type"] == "websocket.receive":
                if self._taker:
                    self._taker.received(event.get("text"))
        except (OSError, WebSocketDisconnect):
            # The client hung up.
            pass
        except asyncio.CancelledError:
            # Cancelled by our own close, it has done its work; by anybody else, it must go on being cancelled.
            if not (self._closing and self._closing.done()):
                raise
        finally:
            self._gone()

    def _gone(self) -> None:
        if self._taker:
            self._taker.lost()
            self._taker = None

    def write(self, frame: bytes) -> None:
        self._next.append(frame)
        if self._taker:
            # Paused until the send has ended: such a server does not say how much it has taken.
            self._taker.pause()
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        # A send fails where the client is gone; whoever reads from the socket hears of that.
        with suppress(Exception):
            while self._next:
                await self._socket.send_text(text_of(self._next.popleft()))
                if self._taker and not self._next:
                    self._taker.resume()
        self._sending = None

    def say_close(self, code: int, reason: str) -> None:
        self._gone()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        with suppress(Exception):
            async with asyncio.timeout(GRACE):
                # What was written before the close is owed to the client, within the grace.
                if self._sending is not None:
                    await asyncio.wait([self._sending])
                await self._socket.close(code, reason)
        for task in (self._sending, self._reading):
            if task is not None:
                # In the next turn: this task is done by then, which tells the reading one that it was cancelled by us.
                asyncio.get_running_loop().call_soon(task.cancel)


Socket = ExposedWebSocket | AsgiSocket


def socket_of(accepted: Accepted) -> Socket:
    """The server's own where it lets us at it."""
    extensions = cast("dict[str, Any]", cast("Any", accepted.scope).get("extensions") or {})
    if TRANSPORT in extensions:
        return cast("ExposedWebSocket", extensions[TRANSPORT]["socket"])
    return AsgiSocket(accepted)


DENIAL = "websocket.http.response"


async def turned_away(socket: Accepted, why: GraphQLFormattedError) -> None:
    """Answers a handshake that is not accepted with 403, and a sentence where the server can carry one."""
    extensions = cast("dict[str, Any]", cast("Any", socket.scope).get("extensions") or {})
    if DENIAL not in extensions:
        # Before it is accepted, a connection is refused with an empty 403, whatever the code.
        await socket.close(4403, str(why.get("message"))[:120])
        return
    send, body = cast("Any", socket.send), msgspec.json.encode({"errors": [why]})
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": f"{DENIAL}.start", "status": 403, "headers": headers})
    await send({"type": f"{DENIAL}.body", "body": body})
