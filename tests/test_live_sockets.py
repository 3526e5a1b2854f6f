"""Below the protocol: bytes on the wire, pings, origins, and a server that does not let us at its sockets."""

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Origin

from catch.live.draining import drain
from catch.live.origins import Origins
from catch.live.wire import Bounds
from tests.test_live_protocol import TRANSPORT, Client, Server, serving

ASGI = "websockets-sansio"
"""uvicorn's own protocol, of which the application has only what ASGI says."""
INIT = b'{"type":"connection_init","payload":{"authorization":"Bearer ann/chair"}}'


class Raw:
    """A client that does nothing by itself, least of all answer a ping."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, opcode: Opcode, data: bytes) -> None:
        self.writer.write(Frame(opcode, data).serialize(mask=True))

    async def frame(self) -> tuple[int, bytes]:
        async with asyncio.timeout(30):
            opcode, length = await self.reader.readexactly(2)
            assert length < 126
            return opcode & 0x0F, await self.reader.readexactly(length)

    async def until(self, opcode: Opcode) -> bytes:
        while (found := await self.frame())[0] != opcode:
            pass
        return found[1]


@asynccontextmanager
async def raw(server: Server, *first: bytes) -> AsyncGenerator[Raw]:
    """Connected, and with these messages sent in one piece."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    client = Raw(reader, writer)
    head = (
        f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {TRANSPORT}\r\n\r\n"
    )
    frames = [Frame(Opcode.TEXT, each).serialize(mask=True) for each in first]
    writer.write(head.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101")
    writer.write(b"".join(frames))
    try:
        yield client
    finally:
        writer.transport.abort()


async def test_messages_that_come_in_one_piece_are_heard_in_order():
    query = b'{"type":"subscribe","id":"1","payload":{"query":"{ me }"}}'
    async with serving() as server, raw(server, INIT, query) as client:
        assert await client.frame() == (Opcode.TEXT, b'{"type":"connection_ack"}')
        assert b'{"me":"ann"}' in (await client.frame())[1]
        assert await client.frame() == (Opcode.TEXT, b'{"id":"1","type":"complete"}')


async def test_who_leaves_at_once_leaves_nothing_behind():
    async with serving() as server:
        async with raw(server, INIT) as client:
            client.send(Opcode.CLOSE, b"")
        await server.empty()


async def test_a_message_in_fragments_is_one_message():
    async with serving() as server, raw(server) as client:
        for fin, opcode, part in ((False, Opcode.TEXT, INIT[:20]), (True, Opcode.CONT, INIT[20:])):
            client.writer.write(Frame(opcode, part, fin=fin).serialize(mask=True))
        assert await client.frame() == (Opcode.TEXT, b'{"type":"connection_ack"}')


async def test_text_that_is_not_utf_8_closes_with_1007():
    async with serving() as server, raw(server, b"\xff\xfe") as client:
        assert (await client.until(Opcode.CLOSE))[:2] == (1007).to_bytes(2, "big")
        await server.empty()


async def test_a_client_that_answers_no_ping_is_let_go_and_one_that_does_stays():
    bounds = Bounds(init=0.1, ping=0.2)
    async with serving(bounds=bounds) as server, server.client() as client, raw(server, INIT) as dead:
        assert await dead.until(Opcode.PING) == b""
        assert (await dead.until(Opcode.CLOSE))[:2] == (1013).to_bytes(2, "big")
        await client.still_alive()


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:{port}", "https://catch.example.org"])
async def test_pages_of_our_own_and_of_allowed_sites_may_connect(origin: str | None):
    async with serving() as server:
        server.live.origins = Origins(["https://catch.example.org"])
        named = Origin(origin.format(port=server.port)) if origin else None
        async with connect(f"ws://127.0.0.1:{server.port}/graphql", subprotocols=[TRANSPORT], origin=named) as socket:
            client = Client(socket)
            await client.send(type="ping")
            assert await client.receive() == {"type": "pong"}


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1", "null", "http://[", ""])
async def test_pages_of_other_sites_may_not_connect(origin: str):
    async with serving() as server:
        server.live.origins = Origins(["https://catch.example.org"])
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{server.port}/graphql", subprotocols=[TRANSPORT], origin=Origin(origin))
        assert refused.value.response.status_code == 403
        assert b"ORIGIN_NOT_ALLOWED" in (refused.value.response.body or b"")
        assert not server.live.connections


async def test_behind_plain_asgi_nothing_is_lost_and_a_slow_client_reads_on():
    bounds = Bounds(unsent=4096)
    async with serving(bounds=bounds, ws=ASGI) as server, server.client() as slow, server.client() as quick:
        for client in (slow, quick):
            await client.subscribe("s", id="r", after="0")
            await client.still_alive()
        for _ in range(300):
            server.toy.say("x" * 20_000)
            await quick.receive()
        got = [(await slow.receive())["payload"]["data"]["room"]["position"] for _ in range(300)]
        assert got == [str(n) for n in range(1, 301)]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "dance"}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": "{ me }"}}, 4401),
        ({"type": "connection_init", "payload": {"authorization": "Basic x"}}, 4403),
    ],
)
async def test_behind_plain_asgi_mistakes_close_with_their_code(message: dict[str, Any], code: int):
    async with serving(ws=ASGI) as server, server.client(init=False) as client:
        await client.send(**message)
        assert (await client.closed())[0] == code
        await server.empty()


async def test_behind_plain_asgi_a_client_that_never_reads_is_let_go():
    async with serving(bounds=Bounds(unsent=4096, stall=0.2), ws=ASGI) as server, server.client() as stalled:
        await stalled.subscribe("s", id="r", after="0")
        await stalled.still_alive()
        for _ in range(400):
            server.toy.say("x" * 100_000)
            await asyncio.sleep(0)
        await server.empty()


async def test_behind_plain_asgi_a_draining_server_sends_its_clients_elsewhere():
    async with serving(ws=ASGI) as server, server.client() as client:
        await client.subscribe("s", id="r", after="0")
        await client.still_alive()
        await drain(server.live)
        assert (await client.closed())[0] == 1012
        await server.empty()


def hangs_up(client: Raw) -> None:
    client.writer.transport.abort()


def says_goodbye(client: Raw) -> None:
    client.send(Opcode.CLOSE, (1000).to_bytes(2, "big"))


def breaks_the_protocol(client: Raw) -> None:
    client.writer.write(b"\xff" * 8)


def breaks_our_protocol(client: Raw) -> None:
    client.send(Opcode.TEXT, b"{")


@pytest.mark.parametrize("ending", [hangs_up, says_goodbye, breaks_the_protocol, breaks_our_protocol])
async def test_what_a_connection_held_is_gone_when_it_ends_and_does_not_wait_for_the_collector(
    ending: Callable[[Raw], None],
):
    query = b'{"type":"subscribe","id":"1","payload":{"query":"{ me }"}}'
    async with serving(bounds=Bounds(init=0.2, ping=0.2)) as server:
        gc.disable()
        try:
            async with raw(server, INIT, query) as client:
                while b"complete" not in (await client.frame())[1]:
                    pass
                gone = asyncio.Event()
                weakref.finalize(next(iter(server.live.connections))._socket, gone.set)  # pyright: ignore[reportPrivateUsage]
                ending(client)
                async with asyncio.timeout(3):
                    await gone.wait()
        finally:
            gc.enable()
