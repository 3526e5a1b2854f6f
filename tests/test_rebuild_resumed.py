"""A rebuild that was killed, wherever, goes on from its last mark and leaves the same bytes as an unbroken one."""

import asyncio
import random
import signal
import sys
from collections.abc import Sequence
from uuid import uuid4

import pytest
from conftest import Database

import projections
from catch.bench.history import Year, copied, lived, moulded, repeated
from catch.database import Connection
from catch.log import Append, Log, NewEvent
from catch.log.codec import decode
from catch.readside import AnotherRebuild, ReadModel, checkpoints, checksum, left_over, rebuild
from projections import case_summary
from tests.damage import EVENTS, unguarded

ALL = projections.ALL
REBUILD = """
import asyncio, sys
from catch.log import Log
from catch.readside import checkpoints, rebuilding, sharing
from catch.log.codec import decode
import projections

rebuilding.PAGE, sharing.PAGE, checkpoints.EVERY = 50, 50, 0

async def work(dsn, processes):
    log = await Log.open(dsn)
    say = lambda position, head: print(position, flush=True)
    await rebuilding.rebuild(log, decode, projections.ALL, say, processes=processes, alone=0)
    await log.close()

asyncio.run(work(sys.argv[1], int(sys.argv[2])))
"""


def silent(done: int, of: int, what: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def year() -> Year:
    return moulded(asyncio.run(lived(2, 12, silent)))


@pytest.fixture
async def long(log: Log, database: Database, year: Year) -> Log:
    """Facts of several years, one of which cannot be read."""
    await copied(database.admin, repeated(year, 3 * len(year.moulds)))
    stream = uuid4()
    await log.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Unheard", b"{}"),)))
    return log


@pytest.fixture(autouse=True)
def marked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 0)
    monkeypatch.setattr("catch.readside.rebuilding.PAGE", 50)


@pytest.fixture
async def unbroken(long: Log) -> list[object]:
    """What an unbroken rebuild leaves."""
    await rebuilt(long, fresh=True)
    return await contents(long)


async def contents(log: Log) -> list[object]:
    """Every read model, byte for byte, and what is parked."""
    rows = await log.pool.fetch("select projection, key, position from parked order by 1, 2")
    return [*[await checksum(log.pool, one) for one in ALL], *[tuple(row) for row in rows]]


class Broken(Exception):
    """The rebuild is broken off here."""


async def broken_off(log: Log, after: int, projections: Sequence[ReadModel] = ALL) -> list[int]:
    """A rebuild that fails when it has come so far; the positions that it came by."""
    seen: list[int] = []

    def come(position: int, _: int) -> None:
        seen.append(position)
        if position >= after:
            raise Broken

    with pytest.raises(Broken):
        await rebuild(log, decode, projections, come)
    return seen


async def rebuilt(log: Log, *, fresh: bool = False) -> list[int]:
    seen: list[int] = []
    await rebuild(log, decode, ALL, lambda position, _: seen.append(position), fresh=fresh)
    return seen


async def test_broken_off_anywhere_it_goes_on_and_leaves_the_same_bytes(long: Log, unbroken: list[object]):
    head = await long.head()
    chance = random.Random(5)
    for _ in range(2):
        reached = 0
        for stop in sorted(chance.sample(range(100, head), 4)):
            seen = await broken_off(long, max(stop, reached + 1))
            assert seen[0] <= reached
            assert seen[0] >= reached - 50, "it went on from its last mark"
            reached = seen[-1]
        assert (await rebuilt(long))[0] >= reached - 50
        assert await contents(long) == unbroken
        assert await long.pool.fetchval("select count(*) from rebuilds") == 0


async def test_cancelled_at_any_wait_it_leaves_the_same_bytes(long: Log, unbroken: list[object]):
    chance = random.Random(7)
    for _ in range(8):
        task = asyncio.create_task(rebuild(long, decode, ALL))
        await asyncio.wait([task], timeout=chance.uniform(0.05, 0.6))
        task.cancel()
        await asyncio.wait([task])
    await rebuilt(long)
    assert await contents(long) == unbroken


@pytest.mark.parametrize("processes", [1, 2])
async def test_killed_it_goes_on_alone_or_shared_and_leaves_the_same_bytes(
    long: Log, unbroken: list[object], database: Database, processes: int
):
    began: list[int] = []
    for pages in (3, 5):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", REBUILD, database.dsn, str(processes), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        began.append(int(await process.stdout.readline()))
        for _ in range(pages):
            await process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        assert await long.pool.fetchval("select max(parts) from rebuilds") == processes
    assert await long.pool.fetchval("select min(position) from rebuilds") >= began[-1] >= began[0] == 0
    assert await long.pool.fetchval("select max(position) from rebuilds") > 0
    await asyncio.wait_for(when_free(long), 20)
    assert await contents(long) == unbroken


async def when_free(log: Log) -> None:
    """What was killed lets go a moment later."""
    while True:
        try:
            await rebuild(log, decode, ALL, processes=2, alone=0)
        except AnotherRebuild:
            continue
        return


async def test_some_read_models_go_on_and_others_begin(long: Log, unbroken: list[object]):
    await broken_off(long, 120, ALL[:3])
    await broken_off(long, 220, ALL[2:4])
    assert (await rebuilt(long))[0] == 0
    assert await contents(long) == unbroken


async def test_asked_to_it_begins_afresh(long: Log, unbroken: list[object]):
    await broken_off(long, 800)
    assert (await rebuilt(long, fresh=True))[0] == 0
    assert await contents(long) == unbroken


NEW = f"catch_read.{case_summary.TABLE}_new"
DAMAGES = {
    "emptied": f"truncate {NEW}",
    "a row less": f"delete from {NEW} where ctid = (select ctid from {NEW} limit 1)",
    "gone": f"drop table {NEW}",
    "another one": f"create table other (like {NEW} including all); insert into other select * from {NEW};"
    f" drop table {NEW}; alter table other rename to {case_summary.TABLE}_new",
    "of another release": "update rebuilds set release = 'x'",
    "a part of it": "update rebuilds set parts = 2",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_a_mark_that_does_not_fit_its_table_is_found_and_the_rebuild_begins_afresh(
    long: Log, unbroken: list[object], damage: str
):
    await broken_off(long, 800)
    await long.pool.execute(damage)
    assert (await rebuilt(long))[0] == 0
    assert await contents(long) == unbroken


async def test_a_mark_of_another_log_is_found(long: Log, admin: Connection):
    await broken_off(long, 800)
    await unguarded(admin, f"update {EVENTS} set recorded_at = recorded_at + interval '1 hour'")
    assert (await rebuilt(long))[0] == 0


async def test_control_a_mark_that_is_trusted_blindly_leaves_other_bytes(
    long: Log, unbroken: list[object], monkeypatch: pytest.MonkeyPatch
):
    async def trusting(*_: object) -> None:
        return None

    await broken_off(long, 800)
    await long.pool.execute(DAMAGES["emptied"])
    monkeypatch.setattr(checkpoints, "_unfit", trusting)
    assert (await rebuilt(long))[0] > 0
    assert await contents(long) != unbroken


async def test_tables_of_former_versions_go_when_asked_and_others_stay(long: Log, admin: Connection):
    await rebuilt(long)
    await broken_off(long, 200, ALL[:1])
    before = await contents(long)
    name = ALL[1].name
    for other in ("agenda_v0", "agenda_v0_new", f"{name}_v{ALL[1].version}_new", "agenda_v999", "else_v1"):
        await admin.execute(f"create table catch_read.{other} (); alter table catch_read.{other} owner to catch_app")
    await admin.execute("insert into catch_read.checkpoints values ('agenda_v0', 3), ('agenda_v999', 3)")
    left = sorted(["agenda_v0", "agenda_v0_new", f"{name}_v{ALL[1].version}_new"])
    assert await left_over(long, ALL) == left
    assert await left_over(long, ALL, drop=True) == left
    assert await left_over(long, ALL) == []
    rows = await admin.fetch("select tablename from pg_tables where schemaname = 'catch_read'")
    tables = {row[0] for row in rows}
    assert {"agenda_v999", "else_v1"} <= tables
    assert not tables & {*left}
    kept = "select count(*) from catch_read.checkpoints where projection in ('agenda_v0', 'agenda_v999')"
    assert await admin.fetchval(kept) == 1
    assert await contents(long) == before
    assert (await rebuilt(long))[-1] == await long.head()
