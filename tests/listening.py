"""Any ASGI application behind uvicorn in this process, on a free port, as the real server runs it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import uvicorn

from catch.live.server import ExposedWebSocket
from catch.web.serving import Server

V = TypeVar("V")


async def only(viewer: V, _document: str) -> V:
    """A context that is the viewer, and nothing else."""
    return viewer


@asynccontextmanager
async def listening(app: Any, **settings: Any) -> AsyncGenerator[int]:
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", ws=ExposedWebSocket, ws_per_message_deflate=False, **settings
    )
    server = Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await task
