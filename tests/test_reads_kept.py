"""No answer leaves before it is recorded who is shown whom; and what was recorded stays as it was, or it shows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from catch.database import Connection
from catch.evidence.reads import Read, Reads, broken
from catch.log import Log
from tests.canaries.channels import OPERATIONS
from tests.conftest import Database
from tests.damage import off_guard
from tests.place import COORDINATOR, placed

READ = "query($id: UUID!) { case(id: $id) { number } }"
FOLLOW = OPERATIONS["follow_case"]


# Before it leaves, or not at all


async def held(admin: Connection) -> None:
    await admin.execute("begin; select pg_advisory_xact_lock(hashtextextended('catch.reads', 0))")


async def test_no_answer_leaves_before_it_is_recorded(database: Database, admin: Connection, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as alone:
        case = await alone.worked_on("Hal Quillbrook")
        await alone.settled()
        await held(admin)
        asked = asyncio.create_task(alone.ask(READ, id=str(case.case)))
        following = alone.live(COORDINATOR)
        client = await following.__aenter__()
        await client.subscribe("s", FOLLOW, caseId=str(case.case))
        await client.silent(0.3)
        assert not asked.done()
        await alone.ask("query { viewer { user } }")  # the control: what is about nobody waits for nothing
        await admin.execute("rollback")
        assert (await asked)["case"]["number"]
        assert (await client.next("s"))["event"] == "Present"
        await following.__aexit__(None, None, None)


FULL = """
    create function catch.full() returns trigger language plpgsql as $$ begin
        raise disk_full using message = 'there is no room';
    end $$;
    create trigger full_disk before insert on catch.reads execute function catch.full();
"""


async def test_what_cannot_be_recorded_is_shown_to_nobody(database: Database, admin: Connection, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as alone:
        case = await alone.worked_on("Ida Quillbrook")
        await alone.settled()
        await admin.execute(FULL)
        answer = await alone.post({"query": READ, "variables": {"id": str(case.case)}})
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert "number" not in answer.text
        async with alone.live(COORDINATOR) as client:
            await client.subscribe("s", FOLLOW, caseId=str(case.case))
            await client.silent(0.3)
            await alone.ask("query { viewer { user } }")
            await admin.execute("drop trigger full_disk on catch.reads")
            assert (await alone.ask(READ, id=str(case.case)))["case"]["number"]
            assert (await client.next("s"))["event"] == "Present"


# Evidence

DAMAGES = {
    "one is changed": "update catch.reads set said = replace(said, 'coordinator', 'nobody') where number = 2",
    "whose it was is changed": "update catch.reads set whose = '{}' where number = 2",
    "who looked is changed": "update catch.reads set viewer = 'nobody' where number = 2",
    "when it was is changed": "update catch.reads set recorded_at = recorded_at - interval '1 day' where number = 2",
    "one is removed": "delete from catch.reads where number = 2",
    "the first is removed": "delete from catch.reads where number = 1",
    "two are exchanged": "update catch.reads set said = (select said from catch.reads where number = 5 - a.number)"
    " from catch.reads a where a.number = reads.number and a.number in (2, 3)",
}


async def some_reads(reads: Reads, count: int) -> None:
    for number in range(count):
        await reads.record(Read(viewer=f"coordinator{number}", agency="snn", channel="api", subscription=uuid4()))


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    opened = await Log.open(database.dsn)
    await opened.generations.settle(opened.pool)
    yield opened
    await opened.close()


async def signed(log: Log, reads: Reads) -> None:
    async with log.pool.acquire() as connection:
        await reads.sign(connection)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_read_that_was_changed_or_removed_is_named(log: Log, admin: Connection, damage: str):
    reads = Reads(log, b"s" * 32)
    await some_reads(reads, 4)
    assert [number async for number in broken(log.pool)] == []
    await off_guard(admin, "catch.reads", DAMAGES[damage])
    assert [number async for number in broken(log.pool)][:1] in ([1], [2], [3])
    await reads.close()


async def test_the_end_cut_off_and_the_whole_made_anew_are_found(log: Log, admin: Connection, tmp_path: Path):
    reads = Reads(log, b"s" * 32, tmp_path / "checkpoints")
    await some_reads(reads, 3)
    await signed(log, reads)
    await some_reads(reads, 2)
    await signed(log, reads)
    assert await reads.problem(log.pool) is None
    await off_guard(admin, "catch.reads", "delete from catch.reads where number > 3")
    assert "5 were signed" in (await reads.problem(log.pool) or "")
    # With the signature gone as well this machine remembers; another one cannot know.
    await off_guard(admin, "catch.read_checkpoints", "delete from catch.read_checkpoints where number > 3")
    assert "5 were signed" in (await reads.problem(log.pool) or "")
    assert await Reads(log, b"s" * 32).problem(log.pool) is None
    await off_guard(admin, "catch.reads", "delete from catch.reads")
    await some_reads(reads, 5)
    assert [number async for number in broken(log.pool)] == []
    assert "not those that were signed" in (await Reads(log, b"s" * 32).problem(log.pool) or "")
    await reads.close()
