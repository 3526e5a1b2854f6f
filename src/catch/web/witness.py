"""A witness over HTTP: `POST /add-checkpoint`, and `GET /HASH/checkpoint` for whoever compares."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import uvicorn

from catch.evidence.witness import LARGEST, TEXT, Answer, Witness
from catch.web.keepalive import Punctual
from catch.web.listening import Server, bound

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HASH = re.compile(r"/([0-9a-f]{64})/checkpoint")
AT_ONCE = 500
"""Connections that are held at once: a log needs one."""


class Witnessing:
    """The application that a server runs."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope["method"], scope["path"], receive)
        body = answer.text.encode()
        headers = [(b"content-type", answer.kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, method: str, path: str, receive: Receive) -> Answer:
        if path == "/add-checkpoint":
            if method != "POST":
                return Answer(HTTPStatus.METHOD_NOT_ALLOWED, "POST a checkpoint, with what proves that the log grew.\n")
            body = await whole(receive)
            if body is None:
                return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request has at most {LARGEST:,} bytes.\n")
            return self._witness.add(body)
        if method == "GET" and (found := HASH.fullmatch(path)):
            return self._witness.checkpoint(found[1])
        return Answer(HTTPStatus.NOT_FOUND, "There is nothing here but /add-checkpoint, and /HASH/checkpoint.\n", TEXT)


async def whole(receive: Receive) -> bytes | None:
    """The body; None where it is too large."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return body


@asynccontextmanager
async def served(witness: Witness, host: str, port: int) -> AsyncGenerator[int]:
    """Until the block ends; gives the port. Raises `BadSetting`."""
    config = uvicorn.Config(
        Witnessing(witness),
        interface="asgi3",
        loop="none",
        http=Punctual,
        ws="none",
        access_log=False,
        server_header=False,
        log_config=None,
        lifespan="off",
        limit_concurrency=AT_ONCE,
        timeout_graceful_shutdown=5,
    )
    listening = bound(host, port)
    server = Server(config)
    task = asyncio.create_task(server.serve([listening]), name="witness")
    try:
        while not server.started:  # noqa: ASYNC110  (uvicorn offers nothing to wait for)
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listening.close()
