"""A position means one fact: a log that was restored, promoted or put back begins a new generation of positions,
clients hear of what was lost, and a server that has seen a newer generation records nothing in an older one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

import projections
from catch.database import Connection, connect
from catch.database.server import SAFE, Server
from catch.doctor import examined
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.log import Append, Log, NewEvent, migrate
from catch.log.codec import CODEC
from catch.log.entries import WentBack
from catch.log.generations import FormerPrimary, Generations, Remembered
from catch.settings import Settings
from tests.conftest import Database, administer, at
from tests.faults.cluster import cluster, possible
from tests.place import COORDINATOR, Place, placed

NEXT = 1 << 40
FOLLOW = """subscription($case: UUID!, $after: Position) { caseUpdates(caseId: $case, after: $after) { __typename
    ... on CaseUpdate { position } ... on ResyncRequired { position reason } } }"""
AT_LEAST = "query($case: UUID!, $at: Position) { case(id: $case, atLeast: $at) { notes { text } } }"


def one() -> Append:
    stream = uuid4()
    return Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),))


async def noted(place: Place, case: UUID, text: str) -> int:
    return (await place.take(AddNote(case, uuid4(), Category.DISCUSSION, Sealed(text)))).position


@asynccontextmanager
async def copy(server: Server, database: Database) -> AsyncGenerator[Database]:
    """As a backup that was restored: the same facts in another database."""
    name = f"catch_copy_{uuid4().hex}"
    await administer(server.admin, f"create database {name} template {urlsplit(database.admin).path[1:]}")
    yield Database(at(server.admin, name), at(server.app, name))
    await administer(server.admin, f"drop database {name} with (force)")


class Restored:
    """A case with a note in the backup and two that were recorded after it, which clients have seen."""

    def __init__(self, place: Place, case: UUID, kept: int, lost: int) -> None:
        self.place = place
        self.case = case
        self.kept = kept
        self.lost = lost

    async def first(self, after: int) -> tuple[str, int]:
        async with self.place.live(COORDINATOR) as client:
            await client.subscribe("s", FOLLOW, case=str(self.case), after=str(after))
            message = await client.next("s")
            return message["__typename"], int(message["position"])


@asynccontextmanager
async def restored(server: Server, database: Database, folder: Path) -> AsyncGenerator[Restored]:
    async with placed(database.admin, database.dsn, folder) as place:
        case = (await place.worked_on("Anna Beispiel")).case
        kept = await noted(place, case, "in the backup")
    async with copy(server, database) as backup:
        async with placed(database.admin, database.dsn, folder) as place:
            await noted(place, case, "lost")
            lost = await noted(place, case, "lost, too")
        async with placed(backup.admin, backup.dsn, folder) as place:
            yield Restored(place, case, kept, lost)


async def test_a_client_that_saw_more_than_was_restored_is_told(server: Server, database: Database, tmp_path: Path):
    """Also when the log has grown beyond its position since; whoever had not seen so much goes on without a gap."""
    async with restored(server, database, tmp_path) as world:
        positions = [await noted(world.place, world.case, f"after it {n}") for n in range(12)]
        assert min(positions) > NEXT > world.lost > world.kept
        await world.place.settled()
        for lost in (world.kept + 1, world.lost):
            assert (await world.first(lost))[0] == "ResyncRequired"
        assert await world.first(world.kept) == ("CaseUpdate", positions[0])
        assert await world.first(positions[3]) == ("CaseUpdate", positions[4])
        assert await world.place.code(AT_LEAST, case=str(world.case), at=str(world.lost)) == "POSITION_LOST"
        for there in (world.kept, positions[-1]):
            answer = await world.place.ask(AT_LEAST, case=str(world.case), at=str(there))
            assert len(answer["case"]["notes"]) == 13


async def test_control_without_generations_it_misses_facts(
    server: Server, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def settle(_self: Generations, _statements: object) -> None: ...

    monkeypatch.setattr(Generations, "settle", settle)
    async with restored(server, database, tmp_path) as world:
        positions = [await noted(world.place, world.case, f"after it {n}") for n in range(12)]
        await world.place.settled()
        kind, position = await world.first(world.lost)
        assert kind == "CaseUpdate"
        assert position > positions[0]


async def test_a_copy_goes_on_as_another_generation_of_the_same_log(server: Server, database: Database, tmp_path: Path):
    """And the place is itself again when it is opened once more."""
    async with restored(server, database, tmp_path) as world:
        log = world.place.catch.log
        found = await log.generations.standing(log.pool)
        assert (found.number, found.here) == (2, True)
        await log.generations.settle(log.pool)
        assert (await log.generations.standing(log.pool)).number == 2
        assert [each.code for each in (await examined(log, CODEC, projections.ALL)).findings] == []


# A former primary


async def test_a_server_that_saw_a_newer_generation_records_nothing_in_an_older_one(
    database: Database, log: Log, tmp_path: Path
):
    """A restart does not forget; whoever runs the system may give up what was recorded elsewhere."""
    await log.append(one())
    found = await log.generations.standing(log.pool)
    Remembered(tmp_path).keep(found.log, 2)
    for _ in range(2):
        late = await Log.open(database.dsn, remembers=tmp_path)
        try:
            with pytest.raises(FormerPrimary):
                await late.generations.settle(late.pool)
            with pytest.raises(FormerPrimary):
                await late.append(one())
            codes = [each.code for each in (await examined(late, CODEC, ())).findings]
            assert "FORMER_PRIMARY" in codes
        finally:
            await late.close()
    (tmp_path / str(found.log)).unlink()
    given_up = await Log.open(database.dsn, remembers=tmp_path)
    try:
        assert (await given_up.append(one())).position == 2
    finally:
        await given_up.close()


async def test_many_at_once_are_all_refused_and_nothing_is_recorded(database: Database, log: Log, tmp_path: Path):
    found = await log.generations.standing(log.pool)
    Remembered(tmp_path).keep(found.log, 7)
    late = await Log.open(database.dsn, remembers=tmp_path)
    try:
        answers = await asyncio.gather(*(late.append(one()) for _ in range(50)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {FormerPrimary}
        assert await log.head() == 0
    finally:
        await late.close()


def test_what_is_remembered_only_rises_and_survives_what_cannot_be_written(tmp_path: Path):
    log = uuid4()
    kept = Remembered(tmp_path / "generations")
    assert kept.number(log) == 1
    kept.keep(log, 1)
    assert not (tmp_path / "generations").exists()
    kept.keep(log, 3)
    kept.keep(log, 2)
    assert kept.number(log) == Remembered(tmp_path / "generations").number(log) == 3
    assert Remembered(tmp_path / "generations").number(uuid4()) == 1
    (tmp_path / "file").write_text("")
    nowhere = Remembered(tmp_path / "file")
    nowhere.keep(log, 4)
    assert nowhere.number(log) == 4


# When a generation begins


async def test_of_many_servers_that_find_it_one_begins_it(server: Server, database: Database, log: Log):
    await log.append(one())
    await log.close()
    async with copy(server, database) as copied:
        logs = [await Log.open(copied.dsn) for _ in range(5)]
        try:
            await asyncio.gather(*(each.generations.settle(each.pool) for each in logs))
            assert {(await each.generations.standing(each.pool)).number for each in logs} == {2}
            answers = await asyncio.gather(*(each.append(one()) for each in logs))
            assert sorted(answer.position for answer in answers) == [NEXT + n for n in range(1, 6)]
            assert not await logs[0].lost(NEXT + 1, NEXT + 5)
            assert await logs[0].lost(2, NEXT + 5)
            assert not await logs[0].lost(1, NEXT + 5)
        finally:
            for each in logs:
                await each.close()


async def test_an_empty_copy_stays_in_the_first_generation_of_a_log_of_its_own(
    server: Server, database: Database, log: Log
):
    before = await log.generations.standing(log.pool)
    await log.close()
    async with copy(server, database) as copied:
        empty = await Log.open(copied.dsn)
        try:
            await empty.generations.settle(empty.pool)
            after = await empty.generations.standing(empty.pool)
            assert (after.number, after.here) == (1, True)
            assert after.log != before.log
            assert (await empty.append(one())).position == 1
        finally:
            await empty.close()


async def test_facts_that_were_read_and_are_gone_begin_one(dsn: str, log: Log, admin: Connection):
    """As when the files of the server were put back: nothing of the database itself tells."""
    for _ in range(3):
        await log.append(one())
    pages = log.follow(0)
    assert len(await anext(pages)) == 3
    async with admin.transaction():
        await admin.execute("alter table catch.stored_events disable trigger append_only")
        await admin.execute("delete from catch.stored_events where notification_id = 3")
        await admin.execute("alter table catch.stored_events enable always trigger append_only")
    with pytest.raises(WentBack):
        await anext(pages)
    assert (await log.append(one())).position == NEXT + 1
    assert await log.lost(3, NEXT + 1)
    assert not await log.lost(2, NEXT + 1)


async def test_who_begins_with_the_present_state_costs_no_question(log: Log):
    """Control: a position of another generation is looked up, which cannot be once the log is closed."""
    await log.close()
    assert not await log.lost(0, NEXT + 1)
    assert not await log.lost(NEXT + 1, NEXT + 5)
    with pytest.raises(ConnectionError):
        await log.lost(1, NEXT + 1)


async def test_whoever_runs_the_system_may_say_so(log: Log):
    await log.append(one())
    assert await log.generations.begin(log.pool) == 2
    assert await log.generations.begin(log.pool) == 3
    assert (await log.append(one())).position == 2 * NEXT + 1


@pytest.mark.skipif(not possible(), reason="an operator's own server is not to be harmed")
async def test_a_restart_or_a_crash_begins_none_and_a_new_timeline_does():
    """Timelines are what a promotion and a restore to a point in time begin."""
    with cluster(SAFE) as running:
        await migrate(running.addresses.admin)
        log = await Log.open(running.addresses.app)
        try:
            await log.append(one())
            for harm in (running.stop, running.kill):
                harm()
                running.start()
                assert (await appended(log)) < NEXT
            running.stop()
            (running.home / "data" / "recovery.signal").touch()
            running.options += ("restore_command=/bin/false",)
            running.start()
            assert (await appended(log)) > NEXT
            assert (await log.generations.standing(log.pool)).number == 2
        finally:
            await log.close()


async def appended(log: Log) -> int:
    """Once the database is back."""
    async with asyncio.timeout(20):
        while True:
            try:
                return (await log.append(one())).position
            except Exception:
                await asyncio.sleep(0.1)


async def test_nobody_but_a_writer_begins_one(admin: Connection, dsn: str):
    connection = await connect(dsn, {"role": "catch_reader"})
    try:
        with pytest.raises(Exception, match="permission denied"):
            await connection.fetchval("select catch.begin_generation(1, 'because')")
    finally:
        await connection.close()
    assert await admin.fetchval("select count(*) from catch.generations") == 1


def test_settings_say_where_it_is_kept(tmp_path: Path):
    assert Settings(data_dir=tmp_path).remembers == tmp_path / "generations"
