"""Catching up folds a page while the one before is being written: what was supposed wrongly is never written."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from catch.domain.facts import Recorded
from catch.log import Log, Stored
from catch.readside import ReadSide, rebuild
from catch.readside.folding import LOCK
from tests.test_readside import (
    ALL,
    Added,
    Boxes,
    BoxRow,
    Recorder,
    decode,
    expected,
    history,
    parked,
    rows,
    running,
    stopped,
)
from tests.test_readside import some_events as facts

BAD = UUID(int=7)
FIRST = 4
BLOCKED = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catch.readside.catching_up.SMALLEST_PAGE", FIRST)
    monkeypatch.setattr("catch.readside.catching_up.LARGEST_PAGE", 2 * FIRST)


@pytest.fixture
def record(log: Log) -> Recorder:
    return Recorder(log)


async def waits_for_a_lock(log: Log) -> None:
    async with asyncio.timeout(30):
        while not await log.pool.fetchval(BLOCKED):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_many_pages_folded_ahead_give_what_the_folds_say(log: Log, record: Recorder):
    await rebuild(log, decode, ALL)
    last = await facts(record, 31, 400)
    async with running(log) as side:
        await side.reached(last)
    events = await history(log)
    for projection in ALL:
        assert await rows(log, projection) == expected(projection, events)


async def test_a_page_is_folded_while_the_one_before_cannot_be_written_yet(log: Log, record: Recorder):
    await rebuild(log, decode, ALL)
    last = await facts(record, 32, 100)
    seen: list[int] = []

    def watched(stored: Stored) -> Recorded[Any]:
        seen.append(stored.position)
        return decode(stored)

    async with log.pool.acquire() as connection:
        async with connection.transaction():
            await connection.fetch(LOCK, [ALL[0].table])
            task = asyncio.create_task((side := ReadSide(log, watched, ALL)).run())
            await waits_for_a_lock(log)
            async with asyncio.timeout(30):
                while len(seen) < 3 * FIRST:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert side.position == 0
        await side.reached(last)
    await stopped(task)
    assert seen == [*range(1, last + 1)]
    assert await rows(log, ALL[0]) == expected(ALL[0], await history(log))


async def test_behind_a_page_that_cannot_be_written_all_is_folded_again(log: Log, record: Recorder):
    await rebuild(log, decode, ALL[:1])
    await facts(record, 33, 40)
    await record(Added(BAD, "a"))
    poison = await record(Added(BAD, "nul \0"))
    await record(Added(BAD, "b"))
    last = await facts(record, 34, 80)
    async with running(log, ALL[:1]) as side:
        await side.reached(last)
    kept = expected(ALL[0], await history(log))
    del kept[BAD]
    found = await rows(log, ALL[0])
    before = found.pop(BAD)
    assert isinstance(before, BoxRow)
    assert before.things == ("a",)
    assert found == kept
    assert [(key, position) for _, key, position, _ in await parked(log)] == [(str(BAD), poison)]


async def test_a_parked_row_set_while_it_was_passed_over_ahead_misses_nothing(log: Log, record: Recorder):
    toy = Boxes()
    toy.poisoned, boxes = frozenset({"x"}), toy.model()
    async with running(log, (boxes,)) as side:
        await side.reached(await record(Added(BAD, "a"), Added(BAD, "x")))
    toy.poisoned = frozenset()
    events = await history(log)
    last = [await record(Added(BAD, str(number))) for number in range(20)][-1]
    retried = expected(boxes, events)[BAD]
    assert isinstance(retried, BoxRow)
    async with log.pool.acquire() as connection:
        async with connection.transaction():
            await connection.fetch(LOCK, [boxes.table])
            task = asyncio.create_task((side := ReadSide(log, decode, (boxes,))).run())
            await waits_for_a_lock(log)
            # What a retry does, under the same lock.
            await connection.execute("delete from parked")
            await connection.execute(
                "update boxes_v1 set things = $1, trail = $2, position = $3", *retried_as_stored(retried)
            )
        await side.reached(last)
    await stopped(task)
    assert await rows(log, boxes) == expected(boxes, await history(log))


def retried_as_stored(row: BoxRow) -> tuple[tuple[str, ...], str, int]:
    return row.things, str([*row.trail]), row.position
