"""Following: no gap and no duplicate while several processes write; and as control one that does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import uuid4

import pytest

from catch.database import Connection, connect
from catch.log import Append, Log, NewEvent, Stored
from catch.log.wake import STANDING
from tests.conftest import Database, eventually


def one() -> Append:
    stream = uuid4()
    return Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"), NewEvent(stream, 2, "Happened", b"{}")))


async def collect(log: Log, after: int, until: int) -> list[Stored]:
    got: list[Stored] = []
    async with aclosing(log.follow(after, limit=7)) as pages:
        async for page in pages:
            got += page
            if len(got) >= until:
                break
    return got


async def first(pages: AsyncIterator[list[Stored]]) -> list[Stored]:
    return await anext(pages)


async def write(log: Log, count: int) -> None:
    for _ in range(count):
        await log.append(one())


async def test_followers_miss_nothing_while_two_processes_write(log: Log, dsn: str):
    other = await Log.open(dsn)
    followers = [asyncio.create_task(collect(each, 0, 1200)) for each in (log, other)]
    await asyncio.gather(*(write(each, 50) for each in (log, other) for _ in range(6)))
    async with asyncio.timeout(20):
        seen = await asyncio.gather(*followers)
    everything = await log.page(0, 5000)
    await other.close()
    assert len(everything) == 1200
    assert seen == [everything, everything]


async def without_the_lock(dsn: str, started: asyncio.Event, go_on: asyncio.Event) -> None:
    """What the append would do if it took no lock: a position, then a moment, then the commit."""
    connection = await connect(dsn)
    async with connection.transaction():
        await connection.execute(
            "insert into catch.stored_events (originator_id, originator_version, topic, state)"
            " values ($1, 1, 'Late', '')",
            uuid4(),
        )
        started.set()
        await go_on.wait()
    await connection.close()


async def test_control_without_the_lock_this_follower_loses_an_event(log: Log, database: Database):
    started, go_on = asyncio.Event(), asyncio.Event()
    writer = asyncio.create_task(without_the_lock(database.admin, started, go_on))
    await started.wait()
    follower = asyncio.create_task(collect(log, 0, 4))
    await log.append(one())
    await asyncio.sleep(0.05)
    go_on.set()
    await writer
    await log.append(one())
    async with asyncio.timeout(30):
        seen = await follower
    assert len(await log.page(0, 10)) == 5
    assert "Late" not in [event.topic for event in seen]


async def test_with_the_lock_an_append_waits_for_the_one_before_it(log: Log, admin: Connection):
    """The same interleaving through the lock: the later append gets its position after the earlier commit."""
    async with admin.transaction():
        await admin.execute("select pg_advisory_xact_lock(hashtext('catch.append'))")
        waiting = asyncio.create_task(log.append(one()))
        await asyncio.sleep(0.05)
        stream = uuid4()
        earlier = await admin.fetchval(
            "insert into catch.stored_events (originator_id, originator_version, topic, state)"
            " values ($1, 1, 'Early', '') returning notification_id",
            stream,
        )
        assert not waiting.done()
    assert (await waiting).position == earlier + 2


async def test_a_follower_in_the_same_process_hears_at_once(log: Log):
    async with aclosing(log.follow(0)) as pages:
        following = asyncio.create_task(first(pages))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(0.5):  # half of what polling alone would take
            await log.append(one())
            assert len(await following) == 2


async def test_a_follower_in_another_process_is_woken_by_a_notification(log: Log, dsn: str, admin: Connection):
    other = await Log.open(dsn)
    async with aclosing(other.follow(0)) as pages:
        following = asyncio.create_task(first(pages))
        # Whoever listens asks whether the server is there.
        await eventually(lambda: admin.fetchval("select count(*) from pg_stat_activity where query = $1", STANDING))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(0.5):
            await log.append(one())
            assert len(await following) == 2
    await other.close()


async def test_following_goes_on_after_every_connection_was_cut(log: Log, dsn: str, admin: Connection):
    other = await Log.open(dsn)
    follower = asyncio.create_task(collect(other, 0, 8))
    await log.append(one())
    await asyncio.sleep(0.1)
    for _ in range(2):
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await asyncio.sleep(0.05)
        third = await Log.open(dsn)
        await third.append(one())
        await third.close()
    fourth = await Log.open(dsn)
    await fourth.append(one())
    await fourth.close()
    async with asyncio.timeout(30):
        seen = await follower
    assert seen == await log.page(0, 10)
    await other.close()


async def test_reading_stops_where_it_is_told(log: Log):
    answers = [await log.append(one()) for _ in range(3)]
    stream = answers[0].stream
    first = answers[0].position
    assert len(await log.page(0, 100, upto=first)) == 2
    assert [event.position for event in await log.page(first, 2)] == [first + 1, first + 2]
    assert [event.version for event in await log.stream(stream, after=1)] == [2]
    assert [event.version for event in await log.stream(stream, upto_position=first - 1)] == [1]


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_pages_of_any_size_add_up_to_the_log(log: Log, size: int):
    await asyncio.gather(*(log.append(one()) for _ in range(10)))
    got: list[Stored] = []
    while page := await log.page(got[-1].position if got else 0, size):
        got += page
    assert got == await log.page(0, 100)


async def test_followers_end_when_the_log_is_closed(dsn: str):
    log = await Log.open(dsn)
    follower = asyncio.create_task(collect(log, 0, 1000))
    await log.append(one())
    await asyncio.sleep(0.05)
    await log.close()
    async with asyncio.timeout(30):
        assert len(await follower) == 2
