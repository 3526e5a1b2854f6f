"""VACUUM, ANALYZE, a base backup and a new index run on a large log under load, and no append waits for any of them.

What is judged is who waits for whom, as the server itself tells it: on a busy machine a clock says little. The same
check catches a log that takes a table lock, as the stock recorder does. CATCH_MAINTENANCE_EVENTS: how large the log is.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from msgspec import Struct

from catch.database import Connection, connect
from catch.database.server import binaries
from catch.log import Append, Log, NewEvent
from catch.settings import Settings
from tests.conftest import Database
from tests.faults.place import locked_otherwise

EVENTS = int(os.environ.get("CATCH_MAINTENANCE_EVENTS", "200000"))
LONGEST_WAIT = 0.05
LOOKED_EVERY = 0.004
STATE = b'{"occurred_at":"2026-01-06T10:00:00Z","event":{"type":"Happened","text":"' + b"x" * 150 + b'"}}'

# An append's backend that waits for the one that does maintenance, directly or behind others.
BLOCKED = """
    with recursive waits (pid, behind) as (
        select pid, unnest(pg_blocking_pids(pid)) from pg_stat_activity
        where application_name = 'catch' and datname = current_database() and wait_event_type = 'Lock'
        union
        select waits.pid, b.pid from waits, unnest(pg_blocking_pids(waits.behind)) as b (pid)
    )
    select count(distinct pid) from waits where behind in (
        select pid from pg_stat_activity
        where application_name in ('maintenance', 'pg_basebackup') or backend_type like 'autovacuum%'
    )
"""


class Seen(Struct):
    """Times in seconds."""

    appends: list[float] = []
    blocked: float = 0
    looks: int = 0

    @property
    def longest(self) -> float:
        return max(self.appends, default=0)  # a job may be over before an append was

    def __str__(self) -> str:
        return (
            f"{len(self.appends)} appends, the longest {self.longest * 1000:.0f} ms, "
            f"waiting for maintenance at most {self.blocked * 1000:.0f} ms in {self.looks} looks"
        )


async def filled(admin: Connection, events: int) -> None:
    """A log as it is after years: streams of twenty events, written by COPY."""

    def rows() -> Iterator[tuple[UUID, int, str, bytes]]:
        for n in range(events):
            yield UUID(int=10**12 + n // 20), n % 20 + 1, "Happened", STATE

    await admin.copy_records_to_table(
        "stored_events",
        schema_name="catch",
        columns=["originator_id", "originator_version", "topic", "state"],
        records=rows(),
    )


async def appending(log: Log, seen: Seen, stopping: asyncio.Event) -> None:
    stream, version = uuid4(), 0
    while not stopping.is_set():
        version += 1
        began = time.perf_counter()
        await log.append(Append(uuid4(), stream, (NewEvent(stream, version, "Happened", STATE),)))
        seen.appends.append(time.perf_counter() - began)
        await asyncio.sleep(0.002)


async def looking(admin: Connection, seen: Seen, stopping: asyncio.Event) -> None:
    """The longest time over which every look finds an append waiting for maintenance."""
    since: float | None = None
    while not stopping.is_set():
        blocked = await admin.fetchval(BLOCKED)
        now = time.perf_counter()
        seen.looks += 1
        since = (now if since is None else since) if blocked else None
        seen.blocked = max(seen.blocked, now - since if since is not None else 0)
        await asyncio.sleep(LOOKED_EVERY)


@asynccontextmanager
async def load(log: Log, admin: Connection) -> AsyncGenerator[Seen]:
    seen, stopping = Seen(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(looking(admin, seen, stopping))
        for _ in range(6):
            tasks.create_task(appending(log, seen, stopping))
        try:
            yield seen
        finally:
            stopping.set()


Work = Callable[[Connection, Database, Path], Awaitable[object]]


def statement(sql: str) -> Work:
    return lambda connection, database, folder: connection.execute(sql)


async def base_backup(connection: Connection, database: Database, folder: Path) -> None:
    if Settings.read().database_url is not None:
        return  # an operator's server may let nobody copy it
    address = urlsplit(database.admin)._replace(path="/")
    program = await asyncio.create_subprocess_exec(
        binaries() / "pg_basebackup", "-d", address.geturl(), "-D", folder / "backup", "-c", "fast", "-X", "stream",
        stderr=subprocess.PIPE,
    )  # fmt: skip
    _, complaints = await program.communicate()
    assert program.returncode == 0, complaints.decode()


JOBS: dict[str, Work] = {
    "vacuum freeze": statement("vacuum (freeze) catch.stored_events"),
    "analyze": statement("analyze catch.stored_events"),
    "create index concurrently": statement("create index concurrently on catch.stored_events (topic, recorded_at)"),
    "base backup": base_backup,
}


@asynccontextmanager
async def maintenance(database: Database) -> AsyncGenerator[Connection]:
    """At the pace of autovacuum: a quick machine would otherwise be done before anybody had waited."""
    connection = await connect(database.admin, {"application_name": "maintenance", "vacuum_cost_delay": "2ms"})
    yield connection
    await connection.close()


async def test_no_append_waits_for_maintenance(log: Log, database: Database, admin: Connection, tmp_path: Path):
    await filled(admin, EVENTS)
    async with load(log, admin) as alone:
        await asyncio.sleep(0.7)
    print(f"\nnothing else: {alone}")
    assert alone.blocked == 0
    async with maintenance(database) as connection:
        for name, work in JOBS.items():
            began = time.perf_counter()
            async with load(log, admin) as seen:
                await work(connection, database, tmp_path)
            print(f"{name} ({time.perf_counter() - began:.2f} s): {seen}")
            assert seen.blocked < LONGEST_WAIT, name
            assert seen.longest < alone.longest + 1, name


async def test_control_a_log_that_locks_its_table_waits_for_maintenance_and_is_caught(
    log: Log, database: Database, admin: Connection
):
    """The lock of the stock recorder."""
    await filled(admin, EVENTS)
    await admin.execute("grant update on catch.stored_events to catch_writer")
    await locked_otherwise(admin, "lock table catch.stored_events in exclusive mode;")
    async with maintenance(database) as connection, load(log, admin) as seen:
        await connection.execute("vacuum (freeze, disable_page_skipping) catch.stored_events")
    print(f"\nwith a table lock: {seen}")
    assert seen.blocked >= LONGEST_WAIT
