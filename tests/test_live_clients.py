"""The npm package graphql-ws, as browsers use it, follows our real server: what its users rely on holds."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.web.serving import serving
from tests import node_clients
from tests.conftest import Database
from tests.place import COORDINATOR, Place, placed

FOLLOW = """subscription($case: UUID!, $after: Position) { caseUpdates(caseId: $case, after: $after) {
    __typename ... on CaseUpdate { position event } ... on ResyncRequired { position reason } } }"""
NOTE = """mutation($i: AddNoteInput!, $c: UUID!) { addNote(input: $i, commandId: $c) {
    ... on Accepted { position } ... on Refused { code } } }"""
VIEWER = "{ viewer { user } }"


class Browser:
    """A program with the graphql-ws client in it. What it says is kept until somebody waits for it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.heard: list[dict[str, Any]] = []

    def tell(self, do: str, **command: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode({"do": do, **command}) + b"\n")

    def ask(self, name: str, query: str, /, *, resume: bool = False, **variables: Any) -> None:
        self.tell("subscribe", id=name, query=query, variables=variables, resume=resume)

    async def hears(self, **wanted: Any) -> dict[str, Any]:
        """The next event that has these members; those before it stay for whoever waits for them."""
        while True:
            for event in self.heard:
                if wanted.items() <= event.items():
                    self.heard.remove(event)
                    return event
            assert self.process.stdout is not None
            async with asyncio.timeout(20):
                line = await self.process.stdout.readline()
            assert line, "the client has ended"
            self.heard.append(msgspec.json.decode(line))

    async def answer(self, name: str) -> Any:
        """What the one field of the operation's next message says."""
        event = await self.hears(id=name)
        assert "next" in event, event
        return next(iter(event["next"]["data"].values()))

    async def done(self, name: str) -> None:
        assert await self.hears(id=name) == {"id": name, "complete": True}

    async def positions(self, name: str, last: int) -> list[int]:
        """Of the messages up to the one at `last`."""
        found: list[int] = []
        while not found or found[-1] < last:
            message = await self.answer(name)
            assert message["__typename"] == "CaseUpdate", message
            found.append(int(message["position"]))
        return found


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    node_clients.installed()
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def browser(place: Place, *tokens: str, port: int = 0, **more: Any) -> AsyncGenerator[Browser]:
    async with node_clients.started("follow.mjs", f"ws://127.0.0.1:{port or place.port}/graphql") as process:
        client = Browser(process)
        client.tell("connect", tokens=tokens or (place.token(COORDINATOR),), **more)
        yield client


async def noted(place: Place, case: UUID, times: int) -> list[int]:
    """The positions of so many notes."""
    notes = [AddNote(case, uuid4(), Category.PLAN, Sealed(f"Note {n}")) for n in range(times)]
    return [(await place.take(note)).position for note in notes]


async def test_queries_mutations_and_a_subscription_share_a_socket(place: Place):
    case = await place.referred("Ada Quillbrook")
    start = await place.settled()
    async with browser(place) as client:
        client.ask("follow", FOLLOW, case=str(case.case), after=str(start))
        client.ask("who", VIEWER)
        assert await client.answer("who") == {"user": COORDINATOR.user}
        await client.done("who")
        note = {"case": str(case.case), "note": str(uuid4()), "category": "PLAN", "text": "Tea"}
        client.ask("note", NOTE, i=note, c=str(uuid4()))
        position = int((await client.answer("note"))["position"])
        await client.done("note")
        assert await client.positions("follow", position) == [position]
        client.tell("stop", id="follow")
        await client.done("follow")
        await noted(place, case.case, 1)
        client.ask("last", VIEWER)
        await client.answer("last")
        assert not [event for event in client.heard if event.get("id") == "follow"]
        client.tell("end")
        assert (await client.hears(what="closed"))["code"] == 1000


async def test_a_mistake_reaches_its_own_operation_alone(place: Place):
    case = await place.referred("Ada Quillbrook")
    start = await place.settled()
    async with browser(place) as client:
        client.ask("follow", FOLLOW, case=str(case.case), after=str(start))
        for query, code in (("{", "SYNTAX"), ("{ nothing }", "INVALID_DOCUMENT"), (FOLLOW, "BAD_VALUE")):
            client.ask("bad", query)
            [error] = (await client.hears(id="bad"))["error"]
            assert error["extensions"]["code"] == code
        client.ask("bad", FOLLOW, case=str(uuid4()))
        assert (await client.hears(id="bad"))["error"][0]["extensions"]["code"] == "UNKNOWN_CASE"
        [position] = await noted(place, case.case, 1)
        assert await client.positions("follow", position) == [position]
        assert not [event for event in client.heard if event.get("what") == "closed"]


async def test_after_a_dropped_connection_it_resumes_where_it_was(place: Place):
    case = await place.referred("Ada Quillbrook")
    start = await place.settled()
    async with browser(place) as client:
        client.ask("follow", FOLLOW, resume=True, case=str(case.case), after=str(start))
        sent = await noted(place, case.case, 3)
        got = await client.positions("follow", sent[-1])
        for _ in range(3):
            client.tell("drop")
            sent += await noted(place, case.case, 4)
            got += await client.positions("follow", sent[-1])
            assert (await client.hears(what="closed"))["code"] == 1006
        assert got == sent


async def test_control_one_that_does_not_resume_is_told_again(place: Place):
    case = await place.referred("Ada Quillbrook")
    start = await place.settled()
    async with browser(place) as client:
        client.ask("follow", FOLLOW, case=str(case.case), after=str(start))
        sent = await noted(place, case.case, 2)
        assert await client.positions("follow", sent[-1]) == sent
        client.tell("drop")
        assert await client.positions("follow", sent[-1]) == sent


async def test_a_restarted_server_is_found_again_without_a_gap(place: Place):
    case = await place.referred("Ada Quillbrook")
    start = await place.settled()
    async with AsyncExitStack() as running:
        port = await running.enter_async_context(serving(place.catch, 0, development=True))
        async with browser(place, port=port) as client:
            client.ask("follow", FOLLOW, resume=True, case=str(case.case), after=str(start))
            sent = await noted(place, case.case, 2)
            got = await client.positions("follow", sent[-1])
            await running.aclose()
            assert (await client.hears(what="closed"))["code"] == 1012
            sent += await noted(place, case.case, 2)
            async with serving(place.catch, port, development=True):
                sent += await noted(place, case.case, 2)
                got += await client.positions("follow", sent[-1])
    assert got == sent


async def test_a_token_that_ran_out_is_replaced_without_a_gap(place: Place):
    case = await place.referred("Ada Quillbrook")
    start = await place.settled()
    short = place.issuer.issue(role=COORDINATOR.role, agency=COORDINATOR.agency, user=COORDINATOR.user, hours=1 / 3600)
    async with browser(place, f"Bearer {short}", place.token(COORDINATOR)) as client:
        client.ask("follow", FOLLOW, resume=True, case=str(case.case), after=str(start))
        sent = await noted(place, case.case, 1)
        closed = await client.hears(what="closed")
        assert (closed["code"], closed["reason"].partition(":")[0]) == (4403, "TOKEN_EXPIRED")
        sent += await noted(place, case.case, 2)
        assert await client.positions("follow", sent[-1]) == sent


async def test_a_client_that_pings_is_answered(place: Place):
    async with browser(place, keepAlive=20) as client:
        client.ask("who", VIEWER)
        await client.answer("who")
        for _ in range(3):
            await client.hears(what="ping", received=False)
            await client.hears(what="pong", received=True)
