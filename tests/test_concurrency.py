"""Several server processes on one log, with followers in other processes: whole, in order, once."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

from catch.database import Connection
from catch.log import Answer, Append, Busy, Conflict, Log, NewEvent
from tests.conftest import Database
from tests.faults.history import History
from tests.faults.node import Job
from tests.faults.nodes import STOCK, Node, caught_up, nodes, verdict
from tests.faults.place import locked_otherwise
from tests.faults.scenarios import WRITER

FOLLOWER: dict[str, object] = {"clients": 0, "follow": True}
HOLD = "select pg_advisory_xact_lock(hashtext('catch.append'))"
LINGER = """
    create function catch.linger() returns trigger language plpgsql as
        $$ begin perform pg_sleep(random() * 0.01); return null; end $$;
    create trigger linger after insert on catch.stored_events for each statement execute function catch.linger();
"""
"""Time passes between the moment an append has its positions and its commit: a reader's chance to go wrong."""


async def concluded(log: Log, writers: list[Node], followers: list[Node]) -> tuple[History, list[str]]:
    for writer in writers:
        await writer.said(b"done", within=60)
    await caught_up(followers, await log.head())
    return await verdict(log, writers, followers)


async def test_followers_in_other_processes_see_every_event_once_in_order(
    log: Log, database: Database, admin: Connection, tmp_path: Path
):
    """A stock follower of the eventsourcing library is among them."""
    await admin.execute(LINGER)
    job = Job(database.dsn, str(tmp_path), clients=6, commands=40)
    async with nodes(job, WRITER, WRITER, WRITER, FOLLOWER, STOCK, STOCK) as running:
        history, found = await concluded(log, running[:3], running[3:])
    print(f"{len(history.answers)} commands, {len(history.declined)} conflicts, {await log.head()} positions")
    assert found == []
    assert len(history.answers) + len(history.declined) == 3 * 6 * 40
    assert history.declined, "nobody was in anybody's way"


async def test_control_without_the_lock_followers_lose_events_and_the_check_says_so(
    log: Log, database: Database, admin: Connection, tmp_path: Path
):
    await admin.execute(LINGER)
    await locked_otherwise(admin)
    job = Job(database.dsn, str(tmp_path), clients=6, commands=40)
    async with nodes(job, WRITER, WRITER, FOLLOWER, STOCK) as running:
        for writer in running[:2]:
            await writer.said(b"done", within=60)
        await asyncio.sleep(0.5)
        _, found = await verdict(log, running[:2], running[2:])
    assert [problem for problem in found if problem.startswith("missed")]


async def test_commands_sent_by_three_processes_at_once_are_recorded_once_and_answered_alike(
    log: Log, database: Database, tmp_path: Path
):
    job = Job(database.dsn, str(tmp_path), clients=6, commands=40, same=True)
    async with nodes(job, WRITER, WRITER, WRITER) as running:
        history, found = await concluded(log, running, [])
    assert found == []
    assert len(history.answers) == 6 * 40
    assert await log.head() >= 2 * 6 * 40
    assert all(len(answers) >= 3 for answers in history.answers.values())
    assert all(sum(not one.repeated for one in answers) == 1 for answers in history.answers.values())


async def test_commands_recorded_beside_a_conflict_and_a_repetition_are_answered_as_recorded(log: Log):
    def one(command: UUID | None = None) -> Append:
        stream = uuid4()
        return Append(command or uuid4(), stream, (NewEvent(stream, 1, "A", b"{}"), NewEvent(stream, 2, "B", b"{}")))

    repeated = one()
    first = await log.append(repeated)
    conflicting = repeated._replace(command=uuid4())
    fresh = [one(), one(), one()]
    batch = [fresh[0], repeated, fresh[1], conflicting, fresh[2]]
    answers = await asyncio.gather(*map(log.append, batch), return_exceptions=True)
    assert answers[1] == first._replace(repeated=True)
    assert isinstance(answers[3], Conflict)
    for append, answer in zip(batch[::2], answers[::2], strict=True):
        stored = await log.stream(append.stream)
        assert answer == Answer(stored[-1].position, append.stream, 2, ("A", "B"), repeated=False)


async def test_callers_that_leave_and_ask_again_are_recorded_once(log: Log, database: Database, tmp_path: Path):
    job = Job(database.dsn, str(tmp_path), clients=8, commands=25, impatient=True)
    async with nodes(job, WRITER, WRITER, FOLLOWER) as running:
        history, found = await concluded(log, running[:2], running[2:])
    assert found == []
    assert history.troubles > 0, "nobody left"


async def test_where_more_is_sent_than_can_be_taken_some_are_told_busy_and_nothing_is_lost(
    log: Log, database: Database, admin: Connection, tmp_path: Path
):
    """A queue of four for forty clients, and a log that stands still for a second."""
    job = Job(database.dsn, str(tmp_path), clients=40, commands=5, queue=4, deadline=0.2)
    async with nodes(job, WRITER, WRITER) as running:
        async with admin.transaction():
            await admin.execute(HOLD)
            await asyncio.sleep(1)
        history, found = await concluded(log, running, [])
    assert found == []
    assert history.troubles > 0
    assert history.open == []


async def test_waiting_appends_are_refused_when_their_deadline_passes_not_later(
    log: Log, database: Database, admin: Connection
):
    waiting = await Log.open(database.dsn, queue=50, deadline=2)
    loop = asyncio.get_running_loop()

    async def one() -> tuple[float, type[BaseException] | None]:
        stream, began = uuid4(), loop.time()
        try:
            await waiting.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),)))
        except Busy:
            return loop.time() - began, Busy
        return loop.time() - began, None

    async with admin.transaction():
        await admin.execute(HOLD)
        first = asyncio.create_task(one())
        await asyncio.sleep(0.1)
        outcomes = await asyncio.gather(*(one() for _ in range(60)))
    assert [refusal for _, refusal in outcomes] == [Busy] * 60
    at_once = sorted(took for took, _ in outcomes)[:10]
    assert max(at_once) < 1, "a full queue keeps nobody waiting"
    assert max(took for took, _ in outcomes) < 10
    assert (await first)[1] is None
    await waiting.close()
    assert len(await log.page(0, 100)) == 1
