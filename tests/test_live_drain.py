"""A server that stops answers what it was asked, sends its clients elsewhere with their last position, and nobody
misses anything: on one server, and as a rolling restart of two processes on one log."""

import asyncio
import re
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from catch.database.server import Server
from catch.identity.tokens import DevelopmentIssuer
from catch.live import draining
from catch.live.draining import drain
from catch.log import Log
from catch.log.codec import decode
from tests.conftest import Database
from tests.faults.real import Serving
from tests.place import COORDINATOR, placed
from tests.test_live_protocol import serving
from tests.toy_feed import CHANGES

NOTE = """mutation($i: AddNoteInput!, $c: UUID!) { addNote(input: $i, commandId: $c) {
    ... on Accepted { position } ... on Refused { code } } }"""
FOLLOW = """subscription($case: UUID!, $after: Position) { caseUpdates(caseId: $case, after: $after) { __typename
    ... on CaseUpdate { position event } ... on Hidden { position }
    ... on ResyncRequired { position reason } ... on AccessEnded { position reason } } }"""
GONE = (OSError, ConnectionClosed, InvalidHandshake, TimeoutError)


async def test_a_command_that_runs_is_answered_before_its_socket_closes():
    async with serving() as server, server.client() as client:
        await client.subscribe("s", id="r", after="0")
        server.toy.say("one")
        assert (await client.receive())["payload"]["data"]["room"]["position"] == "1"
        await client.subscribe("m", 'mutation { change(to: "while it stops") }')
        async with asyncio.timeout(30):
            while not server.live.running or "m" not in next(iter(server.live.connections)).operations:  # noqa: ASYNC110
                await asyncio.sleep(0)
        await drain(server.live)
        assert "while it stops" in CHANGES
        assert await client.receive() == {"id": "m", "type": "next", "payload": {"data": {"change": True}}}
        assert await client.receive() == {"id": "m", "type": "complete"}
        assert await client.closed() == (1012, "The server restarts. Your last position is 1. Connect again.")


async def test_a_command_that_takes_too_long_holds_the_stop_up_no_longer():
    async with serving() as server, server.client() as client:
        await client.subscribe("m", 'mutation { change(to: "too long") }')
        await client.still_alive()
        await drain(server.live, patience=0)
        assert await client.closed() == (1012, "The server restarts. Connect again.")
        await server.empty()
        assert "too long" in CHANGES


async def test_sockets_close_in_batches(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(draining, "BATCH", 3)
    async with serving() as server:
        clients = [server.client() for _ in range(8)]
        opened = [await client.__aenter__() for client in clients]
        stopping = asyncio.create_task(drain(server.live))
        left: set[int] = set()
        while not stopping.done():
            left.add(sum(not connection.closed for connection in server.live.connections))
            await asyncio.sleep(0)
        assert {5, 2} <= left
        assert [(await client.closed())[0] for client in opened] == [1012] * 8
        for client in clients:
            await client.__aexit__(None, None, None)


def said(**message: Any) -> str:
    return msgspec.json.encode(message).decode()


class Cluster:
    """Two servers. Clients know both addresses and try the other when one sends them away."""

    def __init__(self, servers: list[Serving], folder: Path) -> None:
        self.servers = servers
        self.stopping = asyncio.Event()
        self.token = "Bearer " + DevelopmentIssuer(folder, clock=time.time).issue(
            role=COORDINATOR.role, agency=COORDINATOR.agency, user=COORDINATOR.user
        )
        self.told: dict[UUID, int] = {}
        self.again = 0

    async def restart(self, server: Serving) -> list[str]:
        """What it said of its readiness until it was gone."""
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        states: list[str] = []
        async with httpx.AsyncClient(base_url=server.url.removesuffix("/graphql"), timeout=5) as http:
            while server.process.returncode is None:
                try:
                    answer = await http.get("/health/ready")
                    states.append(f"{answer.status_code} {answer.json()['status']}")
                except httpx.TransportError:
                    break
                await asyncio.sleep(0.02)
        async with asyncio.timeout(30):
            assert await server.process.wait() == 0
        await server.kill()
        await server.start()
        return states

    def variables(self, case: UUID, command: UUID) -> dict[str, Any]:
        note = {"case": str(case), "note": str(command), "category": "DISCUSSION", "text": f"Note {command}"}
        return {"i": note, "c": str(command)}

    async def posts(self, turn: int, case: UUID) -> None:
        """Commands over HTTP, each until it is answered."""
        async with httpx.AsyncClient(timeout=10, headers={"authorization": self.token}) as http:
            while not self.stopping.is_set():
                command = uuid4()
                while command not in self.told:
                    server = self.servers[turn % 2]
                    try:
                        body = {"query": NOTE, "variables": self.variables(case, command)}
                        answer = (await http.post(server.url, json=body)).json()["data"]["addNote"]
                        assert "position" in answer, answer
                        self.told[command] = int(answer["position"])
                    except httpx.TransportError:
                        turn, self.again = turn + 1, self.again + 1
                        await asyncio.sleep(0.02)
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def socket(self, turn: int) -> AsyncGenerator[Any]:
        address = self.servers[turn % 2].url.replace("http", "ws", 1)
        async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None) as socket:
            await socket.send(
                msgspec.json.encode({"type": "connection_init", "payload": {"authorization": self.token}}).decode()
            )
            assert msgspec.json.decode(await socket.recv())["type"] == "connection_ack"
            yield socket

    async def speaks(self, turn: int, case: UUID) -> None:
        """Commands over a socket, each until it is answered."""
        command = uuid4()
        while not self.stopping.is_set():
            try:
                async with self.socket(turn) as socket:
                    while not self.stopping.is_set():
                        asked = {"query": NOTE, "variables": self.variables(case, command)}
                        await socket.send(
                            msgspec.json.encode({"type": "subscribe", "id": "m", "payload": asked}).decode()
                        )
                        answer = msgspec.json.decode(await socket.recv())
                        outcome = answer["payload"]["data"]["addNote"]
                        assert "position" in outcome, outcome
                        self.told[command] = int(outcome["position"])
                        assert msgspec.json.decode(await socket.recv())["type"] == "complete"
                        command = uuid4()
                        await asyncio.sleep(0.02)
            except GONE:
                turn, self.again = turn + 1, self.again + 1
                await asyncio.sleep(0.02)

    async def follows(self, turn: int, case: UUID, after: int, positions: list[int], closes: list[str]) -> None:
        """Everything later than `after`, wherever it comes from, until cancelled."""
        while True:
            try:
                async with self.socket(turn) as socket:
                    asked = {"query": FOLLOW, "variables": {"case": str(case), "after": str(after)}}
                    await socket.send(said(type="subscribe", id="s", payload=asked))
                    while True:
                        message = msgspec.json.decode(await socket.recv())["payload"]["data"]["caseUpdates"]
                        assert message["__typename"] == "CaseUpdate", message
                        after = int(message["position"])
                        positions.append(after)
            except ConnectionClosed as closed:
                if closed.rcvd is not None:
                    closes.append(f"{closed.rcvd.code} {closed.rcvd.reason}")
                    if stood := re.search(r"last position is (\d+)\.", closed.rcvd.reason):
                        assert int(stood[1]) == after
                turn += 1
            except GONE:
                turn += 1
            await asyncio.sleep(0.02)


async def test_a_rolling_restart_under_load_fails_no_command_and_leaves_no_gap(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        cases = [(await place.worked_on(name)).case for name in ("Ada Quillbrook", "Basil Thistlewane")]
        start = await place.settled()
    servers = [Serving(Server(database.admin, database.dsn), tmp_path) for _ in range(2)]
    cluster = Cluster(servers, tmp_path)
    for server in servers:
        server.environment["CATCH_DRAIN"] = "1"
    followed: list[list[int]] = [[], []]
    closes: list[list[str]] = [[], []]
    try:
        await asyncio.gather(*(server.start() for server in servers))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(cluster.posts(0, cases[0]))
            tasks.create_task(cluster.speaks(1, cases[1]))
            readers = [tasks.create_task(cluster.follows(n, cases[n], start, followed[n], closes[n])) for n in range(2)]
            for server in servers:
                before = len(cluster.told)
                async with asyncio.timeout(20):
                    while len(cluster.told) < before + 20:  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
                states = await cluster.restart(server)
                assert states[-1] == "503 not ready"
            cluster.stopping.set()
            await asyncio.sleep(0.3)
            log = await Log.open(database.dsn)
            recorded = [decode(stored) for stored in await log.page(start, 100_000)]
            await log.close()
            positions = [[each.position for each in recorded if each.stream == case] for case in cases]
            async with asyncio.timeout(20):
                while [got[-1:] for got in followed] != [owed[-1:] for owed in positions]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            for reader in readers:
                reader.cancel()
    finally:
        for server in servers:
            if server.process is not None:
                await server.kill()
    assert followed == positions
    for ends in closes:
        assert any(
            re.match(r"1012 The server restarts\. Your last position is \d+\. Connect again\.", end) for end in ends
        )
    assert {each.envelope.command: each.position for each in recorded} == cluster.told
    assert len(recorded) == len(cluster.told)
