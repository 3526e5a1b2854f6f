"""In an invented place every answer over HTTP says so, whoever gives it."""

from collections.abc import Awaitable, Callable
from typing import Any

from catch.web.requests import Receive, Scope, Send

HEADER = (b"catch-place", b"invented")
BEGINS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
App = Callable[[Any, Any, Any], Awaitable[None]]


def saying_so(app: App, invented: Callable[[], Awaitable[bool]]) -> App:
    """The application, with the header on each of its answers where the place is `invented`."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, marked(send) if await invented() else send)

    return answered


def marked(send: Send) -> Send:
    async def sent(message: Any) -> None:
        if message["type"] in BEGINS:
            message = {**message, "headers": [*message.get("headers", ()), HEADER]}
        await send(message)

    return sent
