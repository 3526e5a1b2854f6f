"""Dear work: once for all who ask at once, one piece after the other, and never in anybody's way."""

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.present.works import Works
from catch.slices import SLICE, each
from tests.conftest import Database
from tests.place import AUDITOR, placed


async def test_all_who_ask_at_once_get_what_was_made_once():
    works, begun = Works(), asyncio.Event()

    async def make() -> str:
        begun.set()
        await asyncio.sleep(0.01)
        return "made"

    asking = [asyncio.create_task(works.get("a", make)) for _ in range(30)]
    await begun.wait()
    asking[0].cancel()
    assert await asyncio.gather(*asking[1:]) == ["made"] * 29
    assert asking[0].cancelled()
    assert await works.get("a", make) == "made"
    assert works.made == 1
    await works.get("b", make)
    assert works.made == 2


async def test_one_piece_is_made_after_the_other():
    works, at_once, most = Works(), 0, 0

    async def make() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1

    await asyncio.gather(*(works.get(name, make) for name in range(10)))
    assert (works.made, most) == (10, 1)


async def test_what_failed_is_tried_again_and_what_is_old_is_forgotten():
    works = Works(kept=2)
    outcomes = iter([ValueError("first"), "then"])

    async def make() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, ValueError):
            raise outcome
        return outcome

    with pytest.raises(ValueError, match="first"):
        await works.get("a", make)
    assert await works.get("a", make) == "then"

    async def other() -> str:
        return "other"

    for name in "bc":
        await works.get(name, other)
    assert await works.get("a", other) == "other"


async def test_what_is_under_way_ends_with_the_program():
    works = Works()
    asking = asyncio.create_task(works.get("a", lambda: asyncio.sleep(60)))
    await asyncio.sleep(0)
    await works.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_others_have_their_turn_while_a_long_list_is_made():
    """Counted in turns: as many as there are slices in the work, and none in the control, which is one long step."""

    def step(_: int) -> None:
        until = time.thread_time() + SLICE / 3
        while time.thread_time() < until:
            pass

    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        turns = 0
        [step(number) for number in range(60)]
        assert turns == 0
        assert await each(str, range(3)) == ["0", "1", "2"]
        await each(step, range(60))
        assert turns >= 10
    finally:
        watching.cancel()


async def test_the_pages_of_a_long_trail_are_the_whole_trail(database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        made = await place.referred("Ada Quillbrook")
        for number in range(25):
            await place.take(AddNote(made.case, uuid4(), Category.PLAN, Sealed(f"Note {number}")))
        await place.settled()
        query = """query($s: UUID!, $n: Int!, $a: Position) { auditTrail(stream: $s, first: $n, after: $a) {
            edges { cursor node { version changes { path before after } } } pageInfo { hasNextPage endCursor } } }"""
        whole = (await place.ask(query, AUDITOR, s=str(made.case), n=200))["auditTrail"]["edges"]
        assert len(whole) > 25
        found, after, more = list[Any](), None, True
        while more:
            page = (await place.ask(query, AUDITOR, s=str(made.case), n=4, a=after))["auditTrail"]
            found += page["edges"]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert found == whole
