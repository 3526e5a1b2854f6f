"""Clients that are slow on purpose are let go, at every stage of a request; those that are not are served meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from litestar import Litestar, get

from catch.api.engine.engine import Engine
from catch.web.http import GraphQLOverHTTP
from catch.web.keepalive import Punctual
from tests.listening import listening, only
from tests.test_http_audits import Tokens
from tests.toy_feed import SCHEMA

HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/json\r\n"
GOOD = HEAD + b'content-length: 18\r\n\r\n{"query":"{ me }"}'


class Impatient(Punctual):
    head = message = stall = 1.0
    largest = 4096


class Patient(Punctual):
    head = message = stall = 600.0


@get("/large", sync_to_thread=False)
def large() -> bytes:
    return b"x" * 20_000_000


@asynccontextmanager
async def server(http: Any = Impatient) -> AsyncGenerator[int]:
    over_http = GraphQLOverHTTP(Engine(SCHEMA), Tokens(), only)
    app = over_http.before(Litestar([large], openapi_config=None, logging_config=None))
    async with listening(app, http=http) as port:
        yield port


@asynccontextmanager
async def client(port: int) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.transport.abort()


async def dripped(port: int, start: bytes, drop: bytes) -> bytes:
    """What comes until the server ends the connection, while a drop follows another."""
    async with client(port) as (reader, writer):
        writer.write(start)
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(drop)
            await asyncio.wait({answer}, timeout=0.05)
        try:
            return await answer
        except ConnectionError:
            return b""


STAGES = [
    (b"", b"", 408),
    (b"P", b"", 408),
    (b"POST /graphql HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n", 408),
    (HEAD + b"content-length: 1000000\r\n\r\n", b" ", 408),
    (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n", 408),
    (GOOD + b"POST", b"", 200),
    (b"POST /graphql HTTP/1.1\r\nhost: x\r\n", b"x: " + b"y" * 1000 + b"\r\n", 431),
    (b"POST /graphql HTTP/1.1\r\nhost: x\r\nx: ", b"y" * 2000, 431),
]


async def test_a_request_that_does_not_get_on_is_ended_whatever_it_waits_for():
    async with server() as port:
        answers = await asyncio.gather(*(dripped(port, start, drop) for start, drop, _ in STAGES))
    assert [int(came.split()[1]) for came in answers] == [status for _, _, status in STAGES]


async def test_a_drip_after_the_answer_is_ended_too():
    async with server() as port:
        came = await dripped(port, HEAD.replace(b"good", b"bad") + b"content-length: 1000000\r\n\r\n", b" ")
        assert came == b"" or came.startswith(b"HTTP/1.1 401 ")


async def test_an_answer_that_nobody_reads_is_given_up():
    async with server() as port, client(port) as (reader, writer):
        writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(2)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(20_000_000)


async def test_control_a_patient_server_waits_for_all_of_them():
    async with server(Patient) as port, asyncio.TaskGroup() as tasks:
        for start, drop, _ in STAGES[:5]:
            tasks.create_task(waited_for(port, start, drop))


async def waited_for(port: int, start: bytes, drop: bytes) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await dripped(port, start, drop)


async def test_others_are_served_meanwhile_and_requests_on_one_connection_each_have_their_time():
    async with server() as port, client(port) as (reader, writer):
        slow = [asyncio.create_task(dripped(port, b"POST", b"")) for _ in range(20)]
        for _ in range(30):
            writer.write(GOOD[:40])
            await asyncio.sleep(0.05)
            writer.write(GOOD[40:])
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(21) == b'{"data":{"me":"ann"}}'
        await asyncio.gather(*slow)


async def test_a_client_that_leaves_in_the_middle_is_no_fault(caplog: pytest.LogCaptureFixture):
    async with server() as port:
        async with client(port) as (_, writer):
            writer.write(HEAD + b"content-length: 1000000\r\n\r\n{")
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.1)
    assert not [record for record in caplog.records if record.name == "catch.faults"]


async def test_of_many_connections_that_ask_for_nothing_the_oldest_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Patient, "unheard", 3)
    async with server(Patient) as port, client(port) as (served, asks):
        asks.write(GOOD)
        assert (await served.readuntil(b"}"))[:12] == b"HTTP/1.1 200"
        async with client(port) as (first, _), client(port) as (second, _), client(port), client(port):
            # Four have said nothing: one too many. The one that was served before is none of them.
            with suppress(ConnectionResetError):
                assert await first.read() == b""
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await second.read()
            asks.write(GOOD)
            assert await served.readuntil(b"200")
