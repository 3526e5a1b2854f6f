"""Two real servers on one database: clients come, read a little, hang up and go on at the other server, while facts are
recorded through both and an agreement ends. Each gets every event once and in order, and nothing after the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.partner import TerminateAgreement
from catch.log.codec import decode
from tests.conftest import Database
from tests.place import ADMINISTRATOR, COORDINATOR, HOUSING, Client, Place, placed

FOLLOW = """subscription($case: UUID!, $after: Position) { caseUpdates(caseId: $case, after: $after) { __typename
    ... on CaseUpdate { position event case { notes { text } } } ... on Hidden { position }
    ... on ResyncRequired { position reason } ... on AccessEnded { position reason } } }"""


@pytest.fixture
async def servers(database: Database, tmp_path: Path) -> AsyncIterator[list[Place]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(placed(database.admin, database.dsn, tmp_path)) for _ in range(2)]


class Reader:
    """A client that will not sit still."""

    def __init__(self, servers: list[Place], case: UUID, actor: Actor, after: int, chance: Random) -> None:
        self.servers = servers
        self.case = case
        self.actor = actor
        self.last = after
        self.chance = chance
        self.positions: list[int] = []
        self.sent: list[str] = []
        self.ended_at: int | None = None

    async def read(self) -> None:
        """Until it is told that it has no right any more, or cancelled."""
        while self.ended_at is None:
            async with self.chance.choice(self.servers).live(self.actor) as client:
                await client.subscribe("s", FOLLOW, case=str(self.case), after=str(self.last))
                await self._some(client)
                self.sent += client.received
                # As when a connection is lost: one that is closed in order waits until all that came has been taken.
                client.socket.transport.abort()
            await asyncio.sleep(self.chance.choice([0, 0, 0.01]))

    async def _some(self, client: Client) -> None:
        for _ in range(self.chance.randint(1, 8)):
            try:
                message = await client.receive(self.chance.choice([0.1, 2, 2]))
            except TimeoutError:
                return
            if message["type"] == "error":
                assert message["payload"][0]["extensions"]["code"] == "UNKNOWN_CASE"
                self.ended_at = self.ended_at or self.last
                return
            said: Any = message["payload"]["data"]["caseUpdates"]
            if said["__typename"] == "AccessEnded":
                self.ended_at = int(said["position"])
                return
            assert said["__typename"] in ("CaseUpdate", "Hidden"), said
            self.last = int(said["position"])
            self.positions.append(self.last)


@pytest.mark.parametrize("seed", range(3))
async def test_nobody_misses_or_repeats_anything_and_a_right_that_ended_stays_ended(servers: list[Place], seed: int):
    chance = Random(seed)
    case = (await servers[0].worked_on("Ada Quillbrook", "housing-1")).case
    colleague = Actor("other@snn", "snn", Role.COORDINATOR)
    await servers[0].enrol(colleague)
    start = await servers[0].settled()
    actors = (COORDINATOR, colleague, HOUSING, HOUSING)
    readers = [Reader(servers, case, actor, start, Random(f"{seed} {n}")) for n, actor in enumerate(actors)]
    tasks = [asyncio.create_task(reader.read()) for reader in readers]
    ended = await written(servers, case, chance)
    rows = [decode(each) for each in await servers[0].catch.log.page(start, 10_000)]
    owed = [row.position for row in rows if row.stream == case]
    async with asyncio.timeout(60):
        while not all(task.done() or reader.last >= owed[-1] for task, reader in zip(tasks, readers, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks[2:])
    for task in tasks[:2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for reader in readers[:2]:
        assert reader.positions == owed
    for reader in readers[2:]:
        assert reader.positions == [position for position in owed if position <= reader.last]
        assert reader.last < ended
        assert "after the agreement" not in "".join(reader.sent)


async def written(servers: list[Place], case: UUID, chance: Random) -> int:
    """Some sixty notes through both servers; where the partner's agreement ends in between."""
    ended = 0
    end = TerminateAgreement("housing-1", "isa-housing-1", Sealed("Not renewed."))
    for number in range(60):
        text = "after the agreement" if ended else "before"
        note = AddNote(case, uuid4(), Category.DISCUSSION, Sealed(f"{text} {number}"))
        await chance.choice(servers).take(note)
        if number == 30:
            ended = (await servers[0].take(end, ADMINISTRATOR)).position
        await asyncio.sleep(chance.choice([0, 0, 0.01]))
    return ended
