"""No room left: on a small volume, or by a trigger that says what PostgreSQL says."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from catch.database import connect
from catch.database.server import Server
from tests.faults.cluster import Cluster
from tests.faults.history import Troubled
from tests.faults.node import Job
from tests.faults.nodes import Node, nodes
from tests.faults.scenarios import THREE, Outcome, busy, concluded, place

SMALL = ("shared_buffers=16MB", "min_wal_size=2MB", "max_wal_size=4MB")


async def disk_filled(cluster: Cluster, folder: Path, times: int) -> Outcome:
    """The volume of the data has no room for a while. PostgreSQL may go down over it; then it is started again."""
    ballast = cluster.home / "data" / "ballast"
    async with place(cluster) as server, nodes(Job(server.app, str(folder)), *THREE) as running:
        for _ in range(times):
            await busy(running[:2])
            before = troubles(running)
            with ballast.open("wb") as file, suppress(OSError):
                while True:
                    file.write(bytes(65536))
                    file.flush()
            async with asyncio.timeout(20):
                while troubles(running) < before + 20:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            ballast.unlink()
            cluster.revive()
        return await concluded(server, running, times)


async def quota_reached(cluster: Cluster, folder: Path, times: int) -> Outcome:
    """Where no volume can be mounted: a trigger says what PostgreSQL says when the disk is full."""
    async with place(cluster) as server, nodes(Job(server.app, str(folder)), *THREE) as running:
        for _ in range(times):
            await busy(running[:2])
            before = troubles(running)
            await administer(server, FULL)
            async with asyncio.timeout(20):
                while troubles(running) < before + 20:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await administer(server, "drop function catch.full() cascade")
        return await concluded(server, running, times)


FULL = """
    create function catch.full() returns trigger language plpgsql as
        $$ begin raise disk_full using message = 'could not extend file: No space left on device'; end $$;
    create trigger full_disk after insert on catch.stored_events for each statement execute function catch.full();
"""


async def administer(server: Server, sql: str) -> None:
    connection = await connect(server.admin)
    await connection.execute(sql)
    await connection.close()


def troubles(running: Sequence[Node]) -> int:
    return sum(isinstance(line, Troubled) for node in running for line in node.lines)
