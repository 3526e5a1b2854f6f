"""Whoever keeps the read side falls silent: stopped, or behind a hole that swallows everything, and wakes up later."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from random import Random

from catch.database import connect
from catch.database.server import Server
from tests.faults.cluster import Cluster
from tests.faults.node import Job
from tests.faults.nodes import Node, nodes
from tests.faults.scenarios import OBSERVER, WRITER, Outcome, Progress, busy, concluded, place, silent

WITHIN = 10.0
"""Seconds in which another server keeps the read side."""


async def holder(keepers: Sequence[Node], within: float = 15) -> Node:
    async with asyncio.timeout(within):
        while not (found := [node for node in keepers if node.holds]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    (one,) = found
    return one


async def until(look: Callable[[], bool], within: float) -> None:
    async with asyncio.timeout(within):
        while not look():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


WAITS = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike $1"


@asynccontextmanager
async def withheld(server: Server, lock: str, waiting: str, cause: str = "select") -> AsyncGenerator[None]:
    """A lock, from when somebody waits for it in such a statement until the block ends."""
    holding, looking = await connect(server.admin), await connect(server.admin)
    try:
        async with holding.transaction():
            while await holding.execute(lock) == "SELECT 0":  # noqa: ASYNC110  (the table has still to be filled)
                await asyncio.sleep(0.02)
            await looking.execute(cause)
            async with asyncio.timeout(20):
                while not await looking.fetchval(WAITS, waiting):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            yield
    finally:
        await holding.close()
        await looking.close()


def folding(server: Server) -> AbstractAsyncContextManager[None]:
    """The holder is in the middle of a transaction; when the block ends, it holds the checkpoints' locks."""
    rows = "select * from catch_read.checkpoints where projection = 'streams_v1' for update"
    return withheld(server, rows, "%from checkpoints%for update%")


def rebuilding(server: Server) -> AbstractAsyncContextManager[None]:
    """The holder rebuilds; when the block ends, in the middle of a transaction of the rebuild."""
    lock = "lock table catch_read.rebuilds in exclusive mode"
    return withheld(server, lock, "%rebuilds%", "delete from catch_read.checkpoints")


def anywhere(_: Server) -> AbstractAsyncContextManager[None]:
    return nullcontext()


async def silenced(
    cluster: Cluster, folder: Path, times: int, progress: Progress = silent, *, pause: float = 0.002
) -> Outcome:
    """Stopped wherever it is, under a load of writers; the others go on, and it wakes up when they have."""
    chance = Random(times)
    took: list[float] = []
    async with (
        place(cluster) as server,
        nodes(Job(server.app, str(folder), pause=pause), WRITER, OBSERVER, OBSERVER) as (writer, *keepers),
    ):
        for done in range(1, times + 1):
            one = await holder(keepers)
            await busy([writer], 1500)
            await asyncio.sleep(chance.random() * 0.5)
            one.signal(signal.SIGSTOP)
            took.append(await taken_over(one, keepers, time.monotonic()))
            await busy([writer], 1500)
            await woken(one)
            progress(done)
        outcome = await concluded(server, [writer, *keepers], times)
    late = [f"misled: nobody kept the read side for {seconds:.1f} s" for seconds in took if seconds > WITHIN]
    return Outcome(outcome.faults, outcome.history, outcome.log, [*outcome.problems, *late])


async def taken_over(one: Node, keepers: Sequence[Node], since: float, within: float = 3 * WITHIN) -> float:
    """After how many seconds another than this one keeps the read side."""
    others = [node for node in keepers if node is not one]
    await until(lambda: any(node.leads > since for node in others), within)
    return max(node.leads for node in others) - since


async def woken(one: Node) -> None:
    """It goes on where it was, and finds that it keeps nothing any more."""
    one.signal(signal.SIGCONT)
    await until(lambda: not one.holds, WITHIN)
