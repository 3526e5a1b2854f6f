"""uvicorn's websocket protocol, with its transport within reach of the application."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

TRANSPORT = "catch.transport"
"""The ASGI extension that holds it, as `{"transport": asyncio.Transport}`."""


class ExposedWebSocket(WebSocketsSansIOProtocol):
    """Give it to uvicorn as `ws=`. A stalled client can then be hung up on, which ASGI has no word for."""

    transport: asyncio.Transport

    async def run_asgi(self) -> None:
        scope = cast("dict[str, Any]", self.scope)
        scope.setdefault("extensions", {})[TRANSPORT] = {"transport": self.transport}
        await super().run_asgi()
