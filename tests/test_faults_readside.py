"""The read side ended at each place where it waits: every fact is folded once, and rows equal a rebuild.

Controls: a runner that commits rows and checkpoint separately, and a fold that depends on more than row and fact.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from catch.domain.facts import Recorded
from catch.log import Append, Log
from catch.readside import ReadModel, ReadSide, checksum, rebuild
from catch.readside.rebuilding import session
from tests.faults.ledger import LEDGERS, StreamRow, Streams, decode, written

STREAMS = [UUID(int=n) for n in range(1, 5)]


class EndedAt:
    """Awaits `work` and cancels it at its `step`th wait; `steps` tells how many waits there were."""

    def __init__(self, work: Coroutine[Any, Any, None], step: int) -> None:
        self.work = work
        self.step = step
        self.steps = 0

    def __await__(self) -> Generator[Any, Any, None]:
        inner = self.work.__await__()
        task = asyncio.current_task()
        assert task is not None
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                waits_for = inner.send(value) if error is None else inner.throw(error)
            except StopIteration:
                return
            self.steps += 1
            if self.steps == self.step:
                task.cancel()
            value, error = None, None
            try:
                value = yield waits_for
            except BaseException as thrown:
                error = thrown


async def ended_at(step: int, work: Coroutine[Any, Any, None], done: Callable[[], Awaitable[bool]]) -> bool:
    """False: it had come to rest before that step; it is ended there."""
    ending = EndedAt(work, step)

    async def run() -> None:
        await ending

    task = asyncio.create_task(run())
    async with asyncio.timeout(30):
        while not task.done() and not (ending.steps < step and await done()):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    if task.done():
        assert task.cancelled(), task.exception()
        return True
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.done(), "the read side did not stop when it was cancelled"
    return False


class Writes:
    """Commands of one to three events over a few streams."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.versions = dict.fromkeys(STREAMS, 0)
        self.sent = 0

    async def __call__(self, commands: int = 2) -> None:
        for _ in range(commands):
            self.sent += 1
            places: list[tuple[UUID, int]] = []
            for n in range(1 + self.sent % 3):
                stream = STREAMS[(self.sent + n // 2) % len(STREAMS)]
                self.versions[stream] += 1
                places.append((stream, self.versions[stream]))
            command = uuid4()
            await self.log.append(Append(command, places[0][0], written(command, places)))


async def caught_up(log: Log, projections: Sequence[ReadModel] = LEDGERS) -> bool:
    there = "select count(*) from checkpoints where projection = any($1::text[]) and position >= $2"
    names = [projection.table for projection in projections]
    return bool(await log.pool.fetchval(there, names, await log.head()) == len(projections))


async def differences(log: Log, projections: Sequence[ReadModel] = LEDGERS) -> list[str]:
    """Tables that a rebuild changes."""
    live = [await checksum(log.pool, projection) for projection in projections]
    await rebuild(log, decode, projections)
    again = [await checksum(log.pool, projection) for projection in projections]
    return [one.table for one, before, after in zip(projections, live, again, strict=True) if before != after]


@asynccontextmanager
async def running(log: Log, projections: Sequence[ReadModel] = LEDGERS) -> AsyncGenerator[None]:
    side = asyncio.create_task(ReadSide(log, decode, projections, patience=0.05).run())
    async with asyncio.timeout(30):
        while not await caught_up(log, projections):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    yield
    side.cancel()
    await asyncio.wait([side], timeout=10)


async def kill_at_each_wait(log: Log, *, anew: bool) -> int:
    """How many waits there were. `anew`: from missing tables on, otherwise from where the one before came to."""
    write = Writes(log)
    for step in range(1, 400):
        await write()
        if anew:
            await log.pool.execute("drop table if exists streams_v1, sizes_v1; delete from checkpoints")
        side = ReadSide(log, decode, LEDGERS, patience=0.01)
        if not await ended_at(step, side.run(), lambda: caught_up(log)):
            return step
    raise AssertionError("it never came to rest")


@pytest.mark.parametrize("anew", [False, True])
async def test_ended_at_each_wait_the_read_side_folds_every_fact_once(log: Log, anew: bool):
    waits = await kill_at_each_wait(log, anew=anew)
    print(f"ended at each of {waits} waits")
    assert waits > 20
    async with running(log):
        pass
    assert await differences(log) == []
    assert await log.pool.fetchval("select sum(count) from streams_v1") == len(await log.page(0, 5000))
    assert await log.pool.fetchval("select sum(events) from sizes_v1") == len(await log.page(0, 5000))


async def in_two_steps(log: Log) -> None:
    """What a read side must not do: the rows in one transaction, the checkpoint in another."""
    async with session(log.pool) as connection:
        after = await connection.fetchval("select position from checkpoints where projection = 'streams_v1'")
        async for page in log.follow(after):
            for recorded in map(decode, page):
                await connection.execute(
                    "insert into streams_v1 values ($1, 1, '[]', $2)"
                    " on conflict (stream) do update set count = streams_v1.count + 1",
                    recorded.stream,
                    recorded.position,
                )
            await connection.execute("update checkpoints set position = $1", page[-1].position)


async def test_control_a_runner_that_commits_its_checkpoint_separately_folds_facts_twice(log: Log):
    streams = Streams().model()
    async with running(log, [streams]):
        pass
    write = Writes(log)
    for step in range(1, 40):
        await write()
        await ended_at(step, in_two_steps(log), lambda: caught_up(log, [streams]))
    assert await log.pool.fetchval("select sum(count) from streams_v1") > len(await log.page(0, 5000))


class Careless(Streams):
    """Its fold counts on having seen the last fact itself."""

    NAME = "careless"

    def __init__(self) -> None:
        self.last: UUID | None = None

    def fold(self, row: StreamRow | None, recorded: Recorded[Any], key: UUID, /) -> StreamRow | None:
        after = super().fold(row, recorded, key)
        follows, self.last = self.last == key, key
        return replace(after, count=after.count + 100) if after and follows else after


async def test_control_a_fold_that_remembers_is_found_by_comparing_with_a_rebuild(log: Log):
    write = Writes(log)
    for _ in range(4):
        await write()
        async with running(log, [Careless().model()]):
            pass
    assert await differences(log, [Careless().model()]) == ["careless_v1"]
