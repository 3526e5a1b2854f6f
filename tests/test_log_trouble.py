"""Appending while something goes wrong: lost connections, a full queue, callers that leave."""

import asyncio
from uuid import UUID, uuid4

import pytest

from catch.database import Connection
from catch.log import Answer, Append, Busy, Log, NewEvent, Unavailable
from tests.conftest import eventually

pytestmark = pytest.mark.punctual

HOLD = "select pg_advisory_xact_lock(hashtext('catch.append'))"
CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid() and query like '%.append%'"
)
IN_FLIGHT = (
    "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    " and database = (select oid from pg_database where datname = current_database())"
)


def one(stream: UUID | None = None, command: UUID | None = None) -> Append:
    stream = stream or uuid4()
    return Append(command or uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),))


async def in_flight(admin: Connection) -> None:
    await eventually(lambda: admin.fetchval(IN_FLIGHT))


async def test_a_command_cut_off_before_its_commit_is_recorded_once_by_its_retry(log: Log, admin: Connection):
    append = one()
    async with admin.transaction():
        await admin.execute(HOLD)
        cut = asyncio.create_task(log.append(append))
        await in_flight(admin)
        await admin.execute(CUT)
        with pytest.raises(Unavailable):
            await cut
    answer = await log.append(append)
    assert not answer.repeated
    assert await log.append(append) == answer._replace(repeated=True)
    assert len(await log.page(0, 10)) == 1


async def test_a_command_whose_answer_was_lost_after_its_commit_gets_that_answer(log: Log, dsn: str):
    """The commit happened, the answer did not arrive: to the retry that is a repeated command."""
    append = one()
    elsewhere = await Log.open(dsn)
    lost = await elsewhere.append(append)
    await elsewhere.close()
    assert await log.append(append) == lost._replace(repeated=True)
    assert len(await log.page(0, 10)) == 1


async def test_commands_cut_off_at_random_are_recorded_exactly_once(log: Log, admin: Connection):
    async def insist(append: Append) -> Answer:
        while True:
            try:
                return await log.append(append)
            except Unavailable:
                await asyncio.sleep(0.005)

    async def cut() -> None:
        for _ in range(12):
            await asyncio.sleep(0.01)
            await admin.execute(CUT)

    async def client() -> list[Answer]:
        return [await insist(one()) for _ in range(25)]

    answers, _ = await asyncio.gather(asyncio.gather(*(client() for _ in range(8))), cut())
    positions = sorted(answer.position for each in answers for answer in each)
    assert positions == [event.position for event in await log.page(0, 1000)]
    assert len(positions) == 200


async def test_a_commit_that_takes_too_long_is_unavailable_and_its_retry_recorded_once(dsn: str, admin: Connection):
    log = await Log.open(dsn, patience=0.2)
    append = one()
    async with admin.transaction():
        await admin.execute(HOLD)
        with pytest.raises(Unavailable):
            await log.append(append)
    assert (await log.append(append)).version == 1  # the server may have gone on with the first one
    assert len(await log.page(0, 10)) == 1
    await log.close()


async def test_a_batch_that_follows_others_has_the_whole_time_for_itself(dsn: str, admin: Connection):
    """One timer serves all batches: it neither cuts off one that came late nor forgets one."""
    log = await Log.open(dsn, patience=2)
    await log.append(one())
    await asyncio.sleep(1.4)
    async with admin.transaction():
        await admin.execute(HOLD)
        held = asyncio.create_task(log.append(one()))
        await asyncio.sleep(1)  # the timer that the first one set goes off meanwhile
    assert isinstance(await held, Answer)
    async with admin.transaction():
        await admin.execute(HOLD)
        with pytest.raises(Unavailable):
            await log.append(one())
    await log.close()


async def test_a_full_queue_refuses_at_once_and_records_the_rest(dsn: str, admin: Connection):
    log = await Log.open(dsn, queue=3)
    async with admin.transaction():
        await admin.execute(HOLD)
        first = asyncio.create_task(log.append(one()))
        await in_flight(admin)
        queued = [asyncio.create_task(log.append(one())) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await log.append(one())
    await asyncio.gather(first, *queued)
    assert len(await log.page(0, 10)) == 4
    await log.close()


async def test_whoever_waits_too_long_for_a_turn_is_told_and_not_recorded(dsn: str, admin: Connection):
    log = await Log.open(dsn, deadline=0.1)
    async with admin.transaction():
        await admin.execute(HOLD)
        first = asyncio.create_task(log.append(one()))
        await in_flight(admin)
        late = [log.append(one()) for _ in range(3)]
        assert [type(refusal) for refusal in await asyncio.gather(*late, return_exceptions=True)] == [Busy] * 3
    await first
    assert len(await log.page(0, 10)) == 1
    await log.close()


async def test_a_caller_that_leaves_does_not_disturb_the_others(log: Log, admin: Connection):
    async with admin.transaction():
        await admin.execute(HOLD)
        leaves_late = asyncio.create_task(log.append(one()))
        await in_flight(admin)
        leaves_early, stays = (asyncio.create_task(log.append(one())) for _ in range(2))
        await asyncio.sleep(0)
        leaves_late.cancel()
        leaves_early.cancel()
    answer = await stays
    assert isinstance(answer, Answer)
    assert leaves_late.cancelled()
    assert leaves_early.cancelled()
    assert len(await log.page(0, 10)) == 2  # what was under way is recorded, what still waited is not


async def test_appends_of_one_stream_go_in_the_order_in_which_they_came(log: Log):
    stream = uuid4()
    appends = [Append(uuid4(), stream, (NewEvent(stream, n, "Happened", b"{}"),)) for n in range(1, 30)]
    answers = await asyncio.gather(*map(log.append, appends))
    assert [answer.version for answer in answers] == list(range(1, 30))


async def test_after_closing_the_log_is_unavailable(dsn: str):
    log = await Log.open(dsn)
    await log.append(one())
    await log.close()
    with pytest.raises(Unavailable):
        await log.append(one())
