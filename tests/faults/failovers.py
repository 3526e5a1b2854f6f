"""A primary that is lost, again and again, and its synchronous standby that is promoted; with lag put in on purpose.

Servers reach whichever is the primary at one address, as behind the service of a cluster. Each round the primary is
killed while clients write, the standby promoted, and a new standby made of it.
"""

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from catch.database import connect
from catch.database.server import SAFE, Server
from tests.faults.cluster import Cluster, children, cluster
from tests.faults.node import Job
from tests.faults.nodes import nodes
from tests.faults.place import database
from tests.faults.proxy import SOCKET, Proxy, between
from tests.faults.scenarios import THREE, Outcome, Progress, busy, concluded, silent

LAGS = ("none", "late in applying", "late in receiving")
LATE = "recovery_min_apply_delay=2s"
"""What was received, and so answered, is not to be read yet when the standby is promoted."""
STANDS_BY = "select count(*) from pg_stat_replication where state = 'streaming' and sync_state in ('sync', 'quorum')"


class Failed(Outcome, frozen=True):
    """`silences`: seconds from each kill to the first command that was answered after it."""

    silences: tuple[float, ...] = ()

    def __str__(self) -> str:
        told = sorted(self.silences)
        times = f"answered again after {statistics.median(told):.1f} s, at the most {told[-1]:.1f} s; " if told else ""
        return times + super().__str__()


class Standbys:
    """The primary of the day and its standby; each goes with everything it kept once it was replaced."""

    def __init__(self, *, synchronous: bool, seed: int) -> None:
        self.synchronous = synchronous
        self.chance = random.Random(seed)
        self.lag = LAGS[0]
        self._kept: list[ExitStack] = []
        self.primary = self._made()
        self.standby = self.primary

    def _made(self, *options: str, of: Cluster | None = None) -> Cluster:
        stack = ExitStack()
        started = stack.enter_context(cluster((*SAFE, *options), standby_of=of))
        self._kept.append(stack)
        return started

    async def stand_by(self, lag: str) -> None:
        """A new standby of the primary, which waits for it from then on."""
        self.lag = lag
        self.standby = await asyncio.to_thread(self._made, *([LATE] if lag == LAGS[1] else []), of=self.primary)
        await self.told(f"alter system set synchronous_standby_names = '{'*' if self.synchronous else ''}'")
        await self.told("select pg_reload_conf()")
        connection = await connect(self.primary.addresses.admin)
        try:
            async with asyncio.timeout(20):
                while self.synchronous and not await connection.fetchval(STANDS_BY):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            await connection.close()

    async def told(self, statement: str) -> None:
        # It must not wait for a standby that is not there yet.
        connection = await connect(self.primary.addresses.admin, {"synchronous_commit": "local"})
        await connection.execute(statement)
        await connection.close()

    async def fail_over(self) -> tuple[float, float]:
        """When the primary was killed and when the other was one, on the machine's monotonic clock."""
        with self.late():
            await asyncio.sleep(self.chance.uniform(0.05, 0.5))
            self.primary.kill()
            began = time.monotonic()
        await asyncio.to_thread(self.standby.promote)
        self.primary = self.standby
        self._kept.pop(0).close()
        return began, time.monotonic()

    @contextmanager
    def late(self) -> Generator[None]:
        """The standby receives nothing meanwhile, where that is the lag."""
        pids = receivers(self.standby) if self.lag == LAGS[2] else []
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                # It ends without a look at what was sent to it meanwhile: that was on its way, on another machine.
                os.kill(pid, signal.SIGTERM)
                os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        for stack in self._kept:
            stack.close()


def receivers(standby: Cluster) -> list[int]:
    (postmaster,) = [int((standby.home / "data" / "postmaster.pid").read_text().split()[0])]
    return [pid for pid in children(postmaster) if b"walreceiver" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@asynccontextmanager
async def standbys(*, synchronous: bool, seed: int) -> AsyncGenerator[Standbys]:
    made = Standbys(synchronous=synchronous, seed=seed)
    try:
        yield made
    finally:
        made.close()


def reached_at(dsn: str, of: Cluster) -> str:
    return urlsplit(dsn)._replace(query=f"host={quote(str(of.home), safe='')}").geturl()


async def failed_over(
    folder: Path, times: int, told: Progress = silent, *, synchronous: bool = True, pause: float = 0.005
) -> Failed:
    kills: list[tuple[float, float]] = []
    async with (
        standbys(synchronous=synchronous, seed=times) as pair,
        database(pair.primary.addresses) as server,
    ):
        service = Proxy(pair.primary.home / SOCKET)
        async with (
            between(server.app, service) as address,
            nodes(Job(address, str(folder), pause=pause, clients=3), *THREE) as running,
        ):
            for done in range(1, times + 1):
                await pair.stand_by(LAGS[done % len(LAGS)] if synchronous else LAGS[2])
                await busy(running[:2], 3000)
                kills.append(await pair.fail_over())
                service.upstream = pair.primary.home / SOCKET
                told(done)
            await busy(running[:2], 3000)
            here = Server(reached_at(server.admin, pair.primary), reached_at(server.app, pair.primary))
            found = await concluded(here, running, times)
            return Failed(found.faults, found.history, found.log, found.problems, after(found, kills))


def after(outcome: Outcome, kills: list[tuple[float, float]]) -> tuple[float, ...]:
    answered = sorted(one.at for answers in outcome.history.answers.values() for one in answers)
    return tuple(next((at - killed for at in answered if at > there), float("inf")) for killed, there in kills)
