"""graphql-transport-ws on real sockets, case by case from the protocol's text."""

import asyncio
import gc
import logging
import time
import weakref
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from litestar import Litestar
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from catch.live.draining import drain
from catch.live.protocol import GraphQLOverWebSocket
from catch.live.server import GRACE, ExposedWebSocket
from catch.live.wire import Bounds
from catch.web.http import GraphQLOverHTTP
from tests.listening import only
from tests.toy_feed import CHANGES, DOCUMENT, TokenBad, Toy, Viewer

TRANSPORT = Subprotocol("graphql-transport-ws")


class Tokens:
    def __init__(self) -> None:
        self.expires_at = time.time() + 3600

    def verify(self, authorization: str | None) -> Viewer:
        if not authorization or not authorization.startswith("Bearer "):
            raise TokenBad
        user, _, role = authorization.removeprefix("Bearer ").partition("/")
        return Viewer(user, role or "chair", self.expires_at)


class Server:
    """The toy behind uvicorn, in this process, on a free port."""

    def __init__(self, toy: Toy, bounds: Bounds | None) -> None:
        self.toy = toy
        self.tokens = Tokens()
        self.live = GraphQLOverWebSocket(toy.engine, self.tokens, only, toy.feed, time.time, bounds)
        self.port = 0

    @asynccontextmanager
    async def client(self, *, init: bool = True, token: str = "ann/chair") -> AsyncGenerator["Client"]:
        address = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(address, subprotocols=[TRANSPORT], compression=None, max_queue=4) as socket:
            client = Client(socket)
            if init:
                await client.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
                assert await client.receive() == {"type": "connection_ack"}
            yield client

    async def empty(self) -> None:
        async with asyncio.timeout(30):
            while self.live.connections or self.live.running:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


class Client:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **message: Any) -> None:
        await self.socket.send(msgspec.json.encode(message).decode())

    async def subscribe(self, name: str, query: str = DOCUMENT, /, **variables: Any) -> None:
        await self.send(type="subscribe", id=name, payload={"query": query, "variables": variables})

    async def receive(self) -> Any:
        async with asyncio.timeout(30):
            return msgspec.json.decode(await self.socket.recv())

    async def rest(self) -> list[Any]:
        """What else comes before the close."""
        received: list[Any] = []
        with suppress(ConnectionClosed):
            while True:
                received.append(await self.receive())
        return received

    async def closed(self) -> tuple[int, str]:
        try:
            async with asyncio.timeout(30):
                while True:
                    await self.socket.recv()
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")

    async def still_alive(self) -> None:
        await self.send(type="ping")
        assert await self.receive() == {"type": "pong"}


@asynccontextmanager
async def serving(
    toy: Toy | None = None, bounds: Bounds | None = None, *, ws: Any = ExposedWebSocket
) -> AsyncGenerator[Server]:
    server = Server(toy or Toy(), bounds)
    over_http = GraphQLOverHTTP(server.toy.engine, server.tokens, only)
    app = over_http.before(Litestar([server.live.handler()], openapi_config=None, logging_config=None))
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", ws=ws, ws_per_message_deflate=False, ws_ping_interval=None
    )
    running = uvicorn.Server(config)
    running.install_signal_handlers = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    task = asyncio.create_task(running.serve())
    while not running.started:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    server.port = running.servers[0].sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        running.should_exit = True
        await drain(server.live)
        await task
        server.toy.feed.close()


async def test_a_client_is_acknowledged_and_the_protocol_agreed():
    async with serving() as server, server.client() as client:
        assert client.socket.subprotocol == TRANSPORT
        await client.still_alive()


async def test_both_ways_of_asking_have_one_address():
    async with serving() as server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
        answer = await http.post("/graphql", json={"query": "{ me }"}, headers={"authorization": "Bearer ann"})
        assert answer.json() == {"data": {"me": "ann"}}


async def test_another_subprotocol_is_not_accepted():
    async with serving() as server, connect(f"ws://127.0.0.1:{server.port}/graphql") as socket:
        assert await Client(socket).closed() == (4406, "Subprotocol not acceptable")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("nonsense", 4400),
        ("{}", 4400),
        ("5", 4400),
        ('{"type":"dance"}', 4400),
        ('{"type":5}', 4400),
        ('{"type":"ping","payload":5}', 4400),
        ('{"type":"connection_init","payload":"x"}', 4400),
        ("[" * 100_000, 4400),
        ('{"type":"ping","payload":' + '{"a":' * 20_000 + "1" + "}" * 20_001, 4400),
        ('{"type":"subscribe","id":"1","payload":{"query":"{me}"}}', 4401),
        ('{"type":"connection_init"}', 4403),
        ('{"type":"connection_init","payload":null}', 4403),
        ('{"type":"connection_init","payload":{"authorization":5}}', 4403),
        ('{"type":"connection_init","payload":{"authorization":"Basic x"}}', 4403),
        (b"{}", 4400),
        ('{"type":"ping","payload":{"a":"' + "x" * 300_000 + '"}}', 1009),
    ],
)
async def test_what_the_protocol_forbids_closes_with_its_code(sent: str | bytes, code: int):
    async with serving() as server, server.client(init=False) as client:
        await client.socket.send(sent)
        closed, reason = await client.closed()
        assert closed == code
        assert reason
        if code == 4403:
            assert reason.startswith("TOKEN_BAD: ")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe"},
        {"type": "subscribe", "id": "", "payload": {"query": "{me}"}},
        {"type": "subscribe", "id": 5, "payload": {"query": "{me}"}},
        {"type": "subscribe", "id": "1"},
        {"type": "subscribe", "id": "1", "payload": {}},
        {"type": "subscribe", "id": "1", "payload": {"query": 5}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{me}", "variables": []}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{me}", "operationName": 5}},
        {"type": "complete"},
        {"type": "next", "id": "1", "payload": {}},
    ],
)
async def test_a_malformed_message_closes_with_4400(message: dict[str, Any]):
    async with serving() as server, server.client() as client:
        await client.send(**message)
        assert (await client.closed())[0] == 4400


async def test_who_does_not_initialise_in_time_is_closed_with_4408():
    async with serving(bounds=Bounds(init=0.1)) as server, server.client(init=False) as client:
        assert (await client.closed())[0] == 4408


async def test_initialising_twice_closes_with_4429():
    async with serving() as server, server.client() as client:
        await client.send(type="connection_init", payload={"authorization": "Bearer ann"})
        assert (await client.closed())[0] == 4429


async def test_a_token_that_runs_out_closes_with_4403():
    async with serving() as server:
        server.tokens.expires_at = time.time() + 0.2
        async with server.client() as client:
            code, reason = await client.closed()
            assert (code, reason[:13]) == (4403, "TOKEN_EXPIRED")


async def test_ping_is_answered_with_its_payload_and_pong_with_nothing():
    async with serving() as server, server.client(init=False) as client:
        await client.send(type="pong", payload={"a": 1})
        await client.send(type="ping", payload={"b": "ä"})
        assert await client.receive() == {"type": "pong", "payload": {"b": "ä"}}
        await client.send(type="ping", payload=None)
        assert await client.receive() == {"type": "pong"}


async def test_queries_and_mutations_work_over_the_socket():
    async with serving() as server, server.client() as client:
        await client.subscribe("1", "{ me }")
        assert await client.receive() == {"id": "1", "type": "next", "payload": {"data": {"me": "ann"}}}
        assert await client.receive() == {"id": "1", "type": "complete"}
        await client.subscribe("1", 'mutation { change(to: "a") }')
        assert (await client.receive())["payload"] == {"data": {"change": True}}
        assert await client.receive() == {"id": "1", "type": "complete"}


async def test_a_mutation_runs_to_its_end_though_the_client_leaves():
    async with serving() as server:
        async with server.client() as client:
            await client.subscribe("1", 'mutation { change(to: "b") }')
            await asyncio.sleep(0.02)
            await client.send(type="complete", id="1")
            await client.still_alive()
        await asyncio.sleep(0.1)
        assert "b" in CHANGES


async def test_a_subscription_delivers_until_the_client_completes_it():
    async with serving() as server, server.client() as client:
        await client.subscribe("s", id="r", after="0")
        server.toy.say("one")
        data = {"room": {"__typename": "Update", "position": "1", "text": "one", "seenAs": "chair"}}
        assert await client.receive() == {"id": "s", "type": "next", "payload": {"data": data}}
        await client.send(type="complete", id="s")
        await client.still_alive()
        server.toy.say("two")
        await client.still_alive()
        await client.subscribe("s", id="r", after="1")
        assert (await client.receive())["payload"]["data"]["room"]["position"] == "2"


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", {}, "SYNTAX"),
        ("{ nothing }", {}, "INVALID_DOCUMENT"),
        ("query A { me } query B { me }", {}, "WHICH_OPERATION"),
        (DOCUMENT, {}, "BAD_VALUE"),
        (DOCUMENT, {"id": "r", "after": "soon"}, "BAD_VALUE"),
        (DOCUMENT, {"id": "nowhere"}, "NO_SUCH_ROOM"),
        ("subscription { a: room(id: 1) { __typename } b: room(id: 2) { __typename } }", {}, "INVALID_DOCUMENT"),
        ('subscription { room(id: "r") @skip(if: true) { __typename } }', {}, "INVALID_DOCUMENT"),
    ],
)
async def test_a_mistake_in_one_operation_leaves_its_siblings_alive(query: str, variables: dict[str, Any], code: str):
    async with serving() as server, server.client() as client:
        await client.subscribe("good", id="r", after="0")
        await client.subscribe("bad", query, **variables)
        problem = await client.receive()
        assert (problem["id"], problem["type"]) == ("bad", "error")
        assert problem["payload"][0]["extensions"]["code"] == code
        assert problem["payload"][0]["message"]
        server.toy.say("one")
        assert (await client.receive())["id"] == "good"
        await client.subscribe("bad", "{ me }")
        assert (await client.receive())["type"] == "next"


async def test_an_id_in_use_closes_with_4409():
    async with serving() as server, server.client() as client:
        await client.subscribe("s", id="r", after="0")
        await client.subscribe("s", id="r", after="0")
        assert await client.closed() == (4409, "Subscriber for s already exists")


async def test_operations_on_one_connection_are_limited():
    async with serving(bounds=Bounds(operations=2)) as server, server.client() as client:
        for name in "abc":
            await client.subscribe(name, id="r", after="0")
        problem = await client.receive()
        assert (problem["id"], problem["payload"][0]["extensions"]["code"]) == ("c", "TOO_MANY_OPERATIONS")
        await client.send(type="complete", id="a")
        await client.subscribe("c", id="r", after="0")
        await client.still_alive()


async def test_losing_the_right_ends_the_stream_of_that_member_alone():
    async with serving() as server, server.client() as chair, server.client(token="bob/housing") as housing:
        for client in (chair, housing):
            await client.subscribe("s", id="r", after="0")
            await client.still_alive()
        server.toy.say("one", bars="housing")
        server.toy.say("two")
        assert (await housing.receive())["payload"]["data"]["room"]["__typename"] == "AccessEnded"
        assert await housing.receive() == {"id": "s", "type": "complete"}
        await housing.still_alive()
        assert [(await chair.receive())["payload"]["data"]["room"]["text"] for _ in "ab"] == ["one", "two"]


async def test_a_hundred_clients_of_two_classes_cost_two_executions_an_event():
    async with serving() as server, AsyncExitStack() as stack:
        roles = ["chair", "housing"] * 50
        clients = [await stack.enter_async_context(server.client(token=f"u{n}/{role}")) for n, role in enumerate(roles)]
        for client in clients:
            await client.subscribe("s", id="r", after="0")
            await client.still_alive()
        for _ in range(3):
            server.toy.say("x")
        for client in clients:
            assert [(await client.receive())["payload"]["data"]["room"]["position"] for _ in range(3)] == [
                "1",
                "2",
                "3",
            ]
        assert server.toy.log.made == 6


async def test_a_client_that_does_not_read_holds_nobody_up_and_misses_nothing():
    async with serving(bounds=Bounds(unsent=4096)) as server, server.client() as slow, server.client() as quick:
        for client in (slow, quick):
            await client.subscribe("s", id="r", after="0")
            await client.still_alive()
        text = "x" * 20_000
        for _ in range(300):
            server.toy.say(text)
            await quick.receive()
        got = [(await slow.receive())["payload"]["data"]["room"]["position"] for _ in range(300)]
        assert got == [str(n) for n in range(1, 301)]


async def until_stalled(server: Server, client: Client) -> None:
    await client.subscribe("s", id="r", after="0")
    await client.still_alive()
    for _ in range(400):
        server.toy.say("x" * 100_000)
        await asyncio.sleep(0)
    await server.empty()


async def test_a_client_that_never_reads_is_let_go_and_can_read_how_far_it_got():
    async with serving(bounds=Bounds(unsent=4096, stall=0.2)) as server, server.client() as stalled:
        await until_stalled(server, stalled)
        read = [int(each["payload"]["data"]["room"]["position"]) for each in await stalled.rest()]
        code, reason = await stalled.closed()
        assert code == 1013
        assert f"Your last position is {read[-1]}." in reason
        assert 0 < read[-1] < 400


async def test_a_client_that_does_not_even_read_the_close_is_hung_up_on():
    async with serving(bounds=Bounds(unsent=4096, stall=0.2)) as server, server.client() as stalled:
        await until_stalled(server, stalled)
        await asyncio.sleep(GRACE + 0.2)
        assert await stalled.closed() == (1006, "")


async def test_a_draining_server_sends_its_clients_elsewhere():
    async with serving() as server, server.client() as client:
        await client.subscribe("s", id="r", after="0")
        await client.still_alive()
        await drain(server.live)
        assert (await client.closed())[0] == 1012
        assert server.live.connections == set()
        async with server.client(init=False) as late:
            assert (await late.closed())[0] == 1012


async def test_a_client_that_vanishes_leaves_nothing_behind(caplog: pytest.LogCaptureFixture):
    async with serving() as server:
        async with server.client() as client:
            await client.subscribe("s", id="r", after="0")
            await client.still_alive()
            client.socket.transport.abort()
        await server.empty()
        assert not [record for record in caplog.records if record.name == "catch.faults"]


async def test_an_operation_is_logged_without_its_variables(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "catch.requests")
    async with serving() as server, server.client() as client:
        await client.subscribe("s", "query Mine($a: Boolean = true) { me @include(if: $a) }", private=True)
        await client.receive()
        await client.receive()
    [record] = [record for record in caplog.records if record.name == "catch.requests"]
    line = msgspec.json.decode(record.message)
    assert line.pop("ms") >= 0
    assert line == {"method": "WS", "operation": "Mine", "kind": "query", "role": "chair"}


async def test_of_many_who_do_not_say_who_they_are_the_first_is_closed():
    async with serving(bounds=Bounds(strangers=2, init=60)) as server, server.client() as known:
        async with server.client(init=False) as first, server.client(init=False) as second, server.client(init=False):
            with pytest.raises(ConnectionClosed) as closed:
                await first.receive()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013
            for client in (second, known):
                await client.send(type="ping")
                assert (await client.receive())["type"] == "pong"
        assert not server.live.strangers


@asynccontextmanager
async def uncollected() -> AsyncGenerator[None]:
    """Nothing that keeps itself alive is collected meanwhile: what goes, goes by itself."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("leaving", ["complete", "close"])
async def test_of_a_client_that_leaves_nothing_is_kept(leaving: str):
    async with serving() as server, uncollected():
        async with server.client() as client:
            await client.subscribe("s", id="r", after="0")
            server.toy.say("one")
            await client.receive()
            (task,) = [weakref.ref(each) for each in server.live.running]
            if leaving == "complete":
                await client.send(type="complete", id="s")
                await client.still_alive()
        await server.empty()
        await asyncio.sleep(0)
        assert task() is None
