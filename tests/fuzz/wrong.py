"""A control: a server that is wrong on purpose, `python -m tests.fuzz.wrong`. The fuzzer must find each of its faults.

It answers 500 where the body is not JSON, shows an inside where there is no query, closes with 1011 on binary messages
and with 4500 on an unknown type, and forgets nothing.
"""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from litestar.exceptions import SerializationException, WebSocketDisconnect

from tests.listening import listening

KEPT: list[bytes] = []


@post("/graphql")
async def graphql(request: Request[Any, Any, Any]) -> Response[Any]:
    body = await request.body()
    KEPT.append(body * 40)
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Response({"errors": [{"message": "Oh!"}]}, status_code=500)
    if not isinstance(asked, dict) or "query" not in asked:
        return Response({"errors": [{"message": 'Traceback (most recent call last):\n  File "/srv/app.py"'}]})
    return Response({"data": {}}, status_code=200)


@get("/health/live")
async def live() -> str:
    return "live"


@websocket("/graphql")
async def follow(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept("graphql-transport-ws")
    with suppress(WebSocketDisconnect, SerializationException):
        while True:
            event = await socket.receive()
            if event["type"] != "websocket.receive":
                return
            text = event.get("text")
            if text is None:
                await socket.close(1011)
                return
            try:
                message = msgspec.json.decode(text)
                kind = message["type"]
            except Exception:
                await socket.close(4400)
                return
            if kind == "ping":
                await socket.send_json({"type": "pong", "payload": message.get("payload")})
            elif kind not in ("connection_init", "subscribe", "complete", "pong"):
                await socket.close(4500)
                return


async def main() -> None:
    async with listening(Litestar([graphql, live, follow], openapi_config=None)) as port:
        print(f"listening on {port}", flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main())
