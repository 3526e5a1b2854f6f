"""What is done to a database and its servers, a few times in the tests and many times in the soak.

Each starts writers, does harm, lets the writers finish, and returns what was found.
"""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from catch.database import connect
from catch.database.server import SAFE, Server
from catch.log import Log, Stored
from catch.readside import AnotherRebuild, checksum, rebuild
from tests.faults.cluster import Cluster
from tests.faults.history import History
from tests.faults.ledger import LEDGERS, decode
from tests.faults.node import Job
from tests.faults.nodes import Node, caught_up, nodes, verdict, whole_log
from tests.faults.place import database
from tests.faults.proxy import SOCKET, Proxy, between

WRITER: dict[str, object] = {}
OBSERVER: dict[str, object] = {"clients": 0, "follow": True, "readside": True}
THREE = (WRITER, WRITER, OBSERVER)
FORGETS = (*SAFE, "wal_writer_delay=10s", "wal_writer_flush_after=1GB")
"""A server that takes its time to write, where it is not waited for."""
Progress = Callable[[int], None]
"""Told how many faults there have been."""


def silent(_: int) -> None:
    pass


class Outcome(Struct, frozen=True):
    faults: int
    history: History
    log: list[Stored]
    problems: list[str]

    def __str__(self) -> str:
        repeats = sum(any(one.repeated for one in answers[:1]) for answers in self.history.answers.values())
        return (
            f"{self.faults} faults: {len(self.history.answers)} commands acknowledged ({repeats} first heard of as "
            f"repeated), {len(self.history.declined)} conflicts, {self.history.troubles} times told to try again, "
            f"{len(self.log)} events, {len(self.problems)} problems"
        )


async def busy(running: Sequence[Node], more: int = 6000) -> None:
    """Returns once these nodes have written so many bytes more into their diaries."""

    def size() -> int:
        return sum(Path(node.job.diary).stat().st_size for node in running if Path(node.job.diary).exists())

    until = size() + more
    async with asyncio.timeout(30):
        while size() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def place(cluster: Cluster) -> AsyncGenerator[Server]:
    async with database(cluster.addresses) as server:
        yield server


async def concluded(server: Server, running: Sequence[Node], faults: int) -> Outcome:
    """Writers finish, observers catch up; then everything is compared."""
    writers = [node for node in running if node.job.clients]
    watchers = [node for node in running if node.job.follow]
    await asyncio.gather(*(node.stop() for node in writers))
    log = await Log.open(server.app)
    try:
        head = await log.head()
        await caught_up([node for node in watchers if node not in writers], head)
        history, found = await verdict(log, running, watchers)
        if keepers := [node for node in running if node.job.readside and node not in writers]:
            found += await misread(log, head, keepers)
        return Outcome(faults, history, await whole_log(log), found)
    finally:
        await log.close()


async def misread(log: Log, head: int, keepers: Sequence[Node]) -> list[str]:
    """The read side comes to the head by itself, and its tables are what a rebuild makes of the log."""
    there = "select count(*) from checkpoints where projection = any($1::text[]) and position >= $2"
    async with asyncio.timeout(15):
        while await log.pool.fetchval(there, [one.table for one in LEDGERS], head) < len(LEDGERS):
            if all(node.ended for node in keepers):
                return ["misread: whoever kept the read side has ended"]
            await asyncio.sleep(0.02)
        live = [await checksum(log.pool, projection) for projection in LEDGERS]
        while not await rebuilt(log):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    again = [await checksum(log.pool, projection) for projection in LEDGERS]
    folded = await log.pool.fetchval("select coalesce(sum(events), 0) from sizes_v1")
    events = await log.pool.fetchval("select count(*) from stored_events")
    found = [f"misread: {one.table}" for one, a, b in zip(LEDGERS, live, again, strict=True) if a != b]
    return found if folded == events else [*found, f"misread: {folded} of {events} events folded"]


async def rebuilt(log: Log) -> bool:
    """False: a server that has just taken over is rebuilding."""
    try:
        await rebuild(log, decode, LEDGERS)
    except AnotherRebuild:
        return False
    return True


async def database_killed(
    cluster: Cluster,
    folder: Path,
    times: int,
    progress: Progress = silent,
    *,
    pause: float = 0.002,
    hasty: bool = False,
) -> Outcome:
    """kill -9 of all of PostgreSQL, or of one backend, which makes it restart by itself."""
    chance = random.Random(times)
    async with (
        place(cluster) as server,
        nodes(Job(server.app, str(folder), pause=pause, hasty=hasty), *THREE) as running,
    ):
        for done in range(1, times + 1):
            await busy(running[:2])
            await asyncio.sleep(chance.random() * 0.2)
            if done % 3:
                cluster.kill()
                cluster.start()
            else:
                cluster.kill_one(chance.choice(await backends(server)))
            progress(done)
        return await concluded(server, running, times)


async def backends(server: Server) -> list[int]:
    """Of the database's clients."""
    connection = await connect(server.admin)
    rows = await connection.fetch(
        "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    )
    await connection.close()
    return [row["pid"] for row in rows]


async def servers_killed(
    cluster: Cluster, folder: Path, times: int, progress: Progress = silent, *, pause: float = 0.002
) -> Outcome:
    """kill -9 of one server process after the other: it starts again and repeats what it has no answer to."""
    chance = random.Random(times)
    both: dict[str, object] = {"follow": True, "readside": True}
    async with (
        place(cluster) as server,
        nodes(Job(server.app, str(folder), pause=pause), both, both, both, OBSERVER) as running,
    ):
        for done in range(1, times + 1):
            node = chance.choice(running[:3])
            await busy([node], 1500)
            await asyncio.sleep(chance.random() * 0.1)
            await node.kill()
            await node.start()
            progress(done)
        return await concluded(server, running, times)


async def replies_cut(
    cluster: Cluster, folder: Path, times: int, progress: Progress = silent, *, deaf: bool = True
) -> Outcome:
    """The connection is cut after a commit and before its answer; notifications never arrive."""
    proxy = Proxy(cluster.home / SOCKET, cut_one_in=4, deaf=deaf)
    async with (
        place(cluster) as server,
        between(server.app, proxy) as address,
        nodes(Job(address, str(folder)), *THREE) as running,
    ):
        async with asyncio.timeout(30 + times):
            while proxy.cuts < times:
                await asyncio.sleep(0.05)
                progress(proxy.cuts)
        proxy.cut_one_in = 0
        return await concluded(server, running, proxy.cuts)


async def frozen_and_thawed(cluster: Cluster, folder: Path, times: int, seconds: float) -> Outcome:
    async with (
        place(cluster) as server,
        nodes(Job(server.app, str(folder), patience=seconds / 2, deadline=seconds / 3), *THREE) as running,
    ):
        for _ in range(times):
            await busy(running[:2])
            with cluster.freeze():
                await asyncio.sleep(seconds)
        return await concluded(server, running, times)


async def restarted_in_order(cluster: Cluster, folder: Path, times: int) -> Outcome:
    """As for an upgrade: the server stops without waiting for its clients, and starts again."""
    async with (
        place(cluster) as server,
        nodes(Job(server.app, str(folder)), *THREE) as running,
    ):
        for _ in range(times):
            await busy(running[:2])
            cluster.stop(signal.SIGINT)
            cluster.start()
        return await concluded(server, running, times)
