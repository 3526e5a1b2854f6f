"""A page of an audit trail costs a page, however much lies before and behind it, and says what the whole would say."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from catch import slices
from catch.database import Statements
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Sealed, Tag
from catch.domain.restricted import AddRestrictedNote
from catch.domain.streams import CASE as CASES
from catch.history.changes import steps
from catch.history.past import histories
from catch.log import Log, Stored
from catch.present import trails
from catch.present.trails import Trails
from tests.conftest import Database
from tests.place import AUDITOR, COORDINATOR, Case, Place, placed

TRAIL = """query($s: UUID!, $n: Int!, $a: Position) { auditTrail(stream: $s, first: $n, after: $a) {
    edges { node { position event changes { path before after } } } pageInfo { hasNextPage endCursor } } }"""
MANY = 230
PAGE = 20
MOST = 2 * (PAGE + 1) + 2


class Counting(Log):
    """Counts the rows of streams that are read."""

    read = 0

    async def stream(
        self,
        stream: UUID,
        after: int = 0,
        upto_position: int | None = None,
        limit: int | None = None,
        on: Statements | None = None,
    ) -> list[Stored]:
        found = await super().stream(stream, after, upto_position, limit, on)
        self.read += len(found)
        return found


class Forgetful(Trails):
    """Built wrongly: it begins anew for each page."""

    def keep(self, stream: UUID, place: trails.Place) -> None:
        pass


class World:
    place: Place
    case: Case
    log: Counting

    async def page(self, by: Actor, after: str | None = None, first: int = PAGE) -> tuple[list[Any], str | None, int]:
        """The entries of a page, where the next one begins, and how many rows of streams it took."""
        self.log.read = 0
        found = (await self.place.ask(TRAIL, by, s=str(self.case.case), n=first, a=after))["auditTrail"]
        more = found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None
        return [each["node"] for each in found["edges"]], more, self.log.read


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    """A case with many notes, a restricted one now and then, and a server that counts what a trail costs it."""
    async with placed(database.admin, database.dsn, tmp_path) as place:
        made = World()
        made.place, made.case = place, await place.worked_on("Ada Example", "housing-1")
        for number in range(MANY):
            note = AddNote(made.case.case, uuid4(), Category.DISCUSSION, Sealed(f"Note {number}"))
            beside = AddRestrictedNote(made.case.case, uuid4(), Tag.WARNING, Sealed(f"Restricted {number}"))
            await place.take(beside if number % 10 == 9 else note)
        await place.settled()
        made.log = cast("Counting", await Counting.open(database.dsn))
        place.catch.present.trails = Trails(made.log)
        yield made
        await made.log.close()


async def pages(world: World, by: Actor) -> tuple[list[Any], list[int]]:
    found, more, cost = await world.page(by)
    costs = [cost]
    while more:
        others, more, cost = await world.page(by, more)
        found, costs = found + others, [*costs, cost]
    return found, costs


@pytest.mark.parametrize("by", [COORDINATOR, AUDITOR])
async def test_each_page_reads_what_is_on_it_and_together_they_tell_the_whole(world: World, by: Actor):
    found, costs = await pages(world, by)
    assert max(costs) <= MOST, "of each of the two streams a page and the next, and a look at what it is"
    assert [each["position"] for each in found] == sorted({each["position"] for each in found}, key=int)
    recorded = (await histories(world.log, [world.case.case]))[world.case.case]
    whole = {str(step.recorded.position): step for step in steps(CASES, recorded)}
    told = [each for each in found if each["event"] != "RestrictedNoteAdded"]
    assert [each["position"] for each in told] == [*whole]
    for each in told:
        changes = [(change.path, change.before, change.after) for change in whole[each["position"]].changes]
        assert [(change["path"], change["before"], change["after"]) for change in each["changes"]] == changes
    assert len(found) - len(told) == (MANY // 10 if by is COORDINATOR else 0)
    again, _ = await pages(world, by)
    assert again == found


async def test_a_server_that_begins_anew_for_each_page_is_found(world: World):
    world.place.catch.present.trails = Forgetful(world.log)
    _, costs = await pages(world, COORDINATOR)
    assert max(costs) > MOST


async def test_whoever_begins_in_the_middle_pays_once_for_what_lies_before(world: World):
    middle = str((await world.log.stream(world.case.case))[MANY // 2].position)
    found, _, cold = await world.page(COORDINATOR, middle)
    again, _, warm = await world.page(COORDINATOR, middle)
    assert found == again
    assert warm <= MOST < cold


async def test_the_last_facts_of_a_long_history_are_the_last_page(world: World):
    await world.place.take(AddNote(world.case.case, uuid4(), Category.DISCUSSION, Sealed("The last one")))
    head = await world.place.settled()
    found, more, _ = await world.page(COORDINATOR, str(head - 1))
    assert ([each["position"] for each in found], more) == ([str(head)], None)
    assert await world.page(COORDINATOR, str(head)) == ([], None, world.log.read)


async def alive_meanwhile(world: World) -> int:
    """How often the server says that it is alive while the last page of a trail is made by one that knows nothing."""
    middle = str((await world.log.stream(world.case.case))[-PAGE].position)
    world.place.catch.present.trails = Trails(world.log)
    asked, answered = asyncio.create_task(world.page(COORDINATOR, middle)), 0
    while not asked.done():
        assert (await world.place.http.get("/health/live")).status_code == 200
        answered += 1
    await asked
    return answered


async def test_whether_the_server_is_alive_is_answered_while_a_long_trail_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(slices, "SLICE", 0)
    in_slices = await alive_meanwhile(world)
    monkeypatch.setattr(slices, "SLICE", math.inf)
    at_once = await alive_meanwhile(world)
    assert in_slices > MANY / 20
    assert at_once < in_slices / 2, "a server that makes it at once is found"
