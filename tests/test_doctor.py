"""Every damage has a finding that names it; a healthy log has none, and a start looks only at what is new."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from click.testing import CliRunner

import projections
from catch.app import Catch, opened
from catch.cli import cli
from catch.database import Connection
from catch.database.server import Server
from catch.doctor import Finding, Report, examined, examined_at_start
from catch.doctor.checks import Place, clocks
from catch.doctor.examining import NAMED
from catch.domain.facts import Sealed
from catch.domain.person import ProtectionReason, RegisterPerson, SetProtectedAddress
from catch.log import Append, Log, NewEvent
from catch.log.codec import CODEC
from catch.readside import checksum, rebuild
from catch.settings import Settings
from projections import agenda
from tests.conftest import Database
from tests.damage import EVENTS, lose, off_guard, unguarded
from tests.place import SYSTEM

ALL = projections.ALL
PERSON = UUID(int=77)
WAITING = "WAITING_TO_BE_SIGNED"
"""Nobody is at work on the log who would sign what a damage records."""


@pytest.fixture
async def healthy(database: Database, tmp_path: Path) -> AsyncGenerator[Log]:
    """A log of a few commands with its read models, and nobody at work on it."""
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path)) as catch:
        for _ in range(3):
            await taken(catch, RegisterPerson(uuid4(), name=Sealed("Ada Example")))
        await taken(catch, RegisterPerson(PERSON, name=Sealed("Bo Example")))
        for n in range(4):
            await taken(catch, SetProtectedAddress(PERSON, n % 2 == 0, next(iter(ProtectionReason))))
        await catch.reached(await catch.log.head())
    log = await Log.open(database.dsn)
    yield log
    await log.close()


async def taken(catch: Catch, command: RegisterPerson | SetProtectedAddress) -> None:
    await catch.commands.take(command, by=SYSTEM, command_id=uuid4())


async def strange(log: Log, topic: str, state: bytes) -> int:
    stream = uuid4()
    return (await log.append(Append(uuid4(), stream, (NewEvent(stream, 1, topic, state),)))).position


async def of_the_future(log: Log) -> bytes:
    """A stored fact as a newer release writes it."""
    (stored, *_) = await log.stream(PERSON)
    return msgspec.json.encode(msgspec.json.decode(stored.state) | {"schema": 2})


Damage = Callable[[Log, Connection], Awaitable[object]]


async def unknown(log: Log, _: Connection) -> None:
    await strange(log, "PersonTeleported", b"{}")


async def newer(log: Log, _: Connection) -> None:
    await strange(log, "PersonRegistered", await of_the_future(log))


async def scribbled(_: Log, admin: Connection) -> None:
    await unguarded(admin, f"update {EVENTS} set state = '\\x7b' where notification_id = 2")


async def hole(_: Log, admin: Connection) -> None:
    await lose(admin, f"originator_id = '{PERSON}' and originator_version in (2, 3)")


async def beginning(_: Log, admin: Connection) -> None:
    await lose(admin, f"originator_id = '{PERSON}' and originator_version = 1")


async def restored_by_hand(log: Log, admin: Connection) -> None:
    where = f"originator_id = '{PERSON}' and originator_version = 2"
    await unguarded(admin, f"update {EVENTS} set notification_id = {await log.head() + 7} where {where}")


async def older_backup(log: Log, admin: Connection) -> None:
    head = await log.head()
    await admin.execute(f"delete from catch.commands where position = {head}")
    await lose(admin, f"notification_id = {head}")
    for table in ("leaves", "nodes", "checkpoints"):  # it is from before anything was signed
        await off_guard(admin, f"catch.evidence_{table}", f"delete from catch.evidence_{table}")


async def tail(log: Log, admin: Connection) -> None:
    """Rebuilt afterwards, so that only what somebody was told is left to tell of it."""
    await lose(admin, f"notification_id = {await log.head()}")
    await rebuild(log, CODEC.decode, ALL)


async def forgotten(_: Log, admin: Connection) -> None:
    await admin.execute("delete from catch.commands where position = 1")


async def set_aside(_: Log, admin: Connection) -> None:
    await admin.execute(f"insert into catch_read.parked values ('{agenda.TABLE}', 'x', 3, 'KeyError', now())")


async def with_former_version(_: Log, admin: Connection) -> None:
    await admin.execute("insert into catch_read.parked values ('agenda_v0', 'x', 3, 'KeyError', now())")


async def nothing(_: Log, __: Connection) -> None:
    pass


@pytest.mark.parametrize(
    ("damage", "fully", "at_start"),
    [
        (nothing, set[str](), set[str]()),
        (with_former_version, set[str](), set[str]()),
        (unknown, {"UNKNOWN_EVENT", WAITING}, {"UNKNOWN_EVENT"}),
        (newer, {"FUTURE_SCHEMA", WAITING}, {"FUTURE_SCHEMA"}),
        (scribbled, {"UNDECODABLE", "FACT_CHANGED"}, set[str]()),
        (hole, {"MISSING_VERSIONS", "LOST_FACTS", "FACT_REMOVED"}, {"MISSING_VERSIONS"}),
        (beginning, {"MISSING_VERSIONS", "LOST_FACTS", "FACT_REMOVED"}, {"MISSING_VERSIONS"}),
        (
            restored_by_hand,
            {"OUT_OF_ORDER", "LOST_FACTS", "POSITIONS_BEHIND", "FACT_REMOVED", WAITING},
            {"OUT_OF_ORDER", "POSITIONS_BEHIND"},
        ),
        (older_backup, {"CHECKPOINT_ASTRAY"}, {"CHECKPOINT_ASTRAY"}),
        (tail, {"LOST_FACTS", "FACT_REMOVED"}, set[str]()),
        (forgotten, {"NO_ANSWER"}, set[str]()),
        (set_aside, {"PARKED"}, {"PARKED"}),
    ],
)
async def test_every_damage_is_named_and_a_healthy_log_has_nothing(
    healthy: Log, admin: Connection, damage: Damage, fully: set[str], at_start: set[str]
):
    assert (await examined(healthy, CODEC, ALL)).findings == []
    await damage(healthy, admin)
    report = await examined(healthy, CODEC, ALL)
    started = await examined_at_start(healthy, CODEC, ALL)
    assert {finding.code for finding in started.findings} == at_start
    assert {finding.code for finding in report.findings} == fully
    assert all(finding.position for finding in report.findings)
    again = await examined_at_start(healthy, CODEC, ALL)
    assert again.findings == started.findings, "what was found once is told at every start"


READS = "select catch.record_reads(array['snn'], array['v'], array['{}'], array['{}']) from generate_series(1, 3)"


async def test_a_recorded_read_that_was_changed_is_named(healthy: Log, admin: Connection):
    await admin.execute(READS)
    assert (await examined(healthy, CODEC, ALL)).findings == []
    await off_guard(admin, "catch.reads", "update catch.reads set viewer = 'w' where number = 2")
    (finding,) = (await examined(healthy, CODEC, ALL)).findings
    assert finding.code == "READ_CHANGED"
    assert "recorded read 2 is not" in finding.sentence


COSIGNED = """
    insert into catch.evidence_cosignatures
    select max(generation), 1, $1, 'x', clock_timestamp() - $2::interval from catch.evidence_checkpoints
"""


async def test_a_witness_that_has_fallen_behind_is_named(healthy: Log, admin: Connection):
    for name, since in (("away", timedelta(days=2)), ("gone", timedelta(days=90))):
        await admin.execute(COSIGNED, name, since)
    # What came within the hour is waited for.
    assert (await examined(healthy, CODEC, ALL)).findings == []
    checkpoints = "catch.evidence_checkpoints"
    await off_guard(admin, checkpoints, f"update {checkpoints} set recorded_at = recorded_at - interval '2 hours'")
    (finding,) = (await examined(healthy, CODEC, ALL)).findings
    assert finding.code == "WITNESS_BEHIND"
    assert "The witness away has cosigned nothing since" in finding.sentence
    await admin.execute(COSIGNED.replace(" 1,", " max(size),"), "away", timedelta())
    assert (await examined(healthy, CODEC, ALL)).findings == []


async def test_findings_say_where_and_what_is_missing(healthy: Log, admin: Connection):
    await hole(healthy, admin)
    (first, *_) = [each for each in (await examined(healthy, CODEC, ALL)).findings if each.code == "MISSING_VERSIONS"]
    assert (first.stream, first.version) == (PERSON, 4)
    assert "versions 2 to 3 are missing" in first.sentence
    where = f"originator_id = '{PERSON}' and originator_version = 4"
    assert first.position == await admin.fetchval(f"select notification_id from {EVENTS} where {where}")


async def test_a_start_does_not_look_again_at_what_was_verified(healthy: Log, admin: Connection):
    assert (await examined_at_start(healthy, CODEC, ALL)).findings == []
    await hole(healthy, admin)
    assert (await examined_at_start(healthy, CODEC, ALL)).findings == []
    await unguarded(admin, f"update {EVENTS} set recorded_at = now() where notification_id = {await healthy.head()}")
    codes = {finding.code for finding in (await examined_at_start(healthy, CODEC, ALL)).findings}
    assert "MISSING_VERSIONS" in codes, "another log has the verified position: all is looked at"


async def test_a_release_that_knows_other_facts_looks_at_everything_itself(healthy: Log):
    assert (await examined_at_start(healthy, CODEC, ALL)).findings == []
    fewer = type(CODEC)({name: event for name, event in CODEC.events.items() if name != "PersonRegistered"}, {})
    report = await examined_at_start(healthy, fewer, ALL)
    assert {finding.code for finding in report.findings} == {"UNKNOWN_EVENT"}
    assert len(report.findings) == 4


async def test_the_check_at_start_reads_the_number_where_the_codec_writes_it(healthy: Log):
    position = await strange(healthy, "PersonRegistered", await of_the_future(healthy))
    report = await examined_at_start(healthy, CODEC, ALL)
    assert [(finding.code, finding.position) for finding in report.findings] == [("FUTURE_SCHEMA", position)]


@pytest.mark.parametrize(("apart", "told"), [(0, 0), (50, 0), (3600, 1), (-3600, 1)])
async def test_clocks_that_differ_are_told(log: Log, admin: Connection, apart: int, told: int):
    """The database's clock is put wrong by a function of that name which comes first on the search path."""
    await admin.execute(
        "create function catch_read.clock_timestamp() returns timestamptz language sql as"
        f" $$ select pg_catalog.clock_timestamp() + interval '{apart} seconds' $$"
    )
    await admin.execute("set search_path = catch_read, catch, pg_catalog")
    place = Place(log, admin, CODEC, ALL, 0)
    findings = [finding async for finding in clocks(place)]
    assert len(findings) == told
    assert all(("behind" if apart > 0 else "ahead of") in finding.sentence for finding in findings)


def test_many_findings_of_a_kind_are_counted():
    report = Report()
    for position in range(NAMED + 23):
        report.add(Finding("UNDECODABLE", "x", position))
    report.add(Finding("PARKED", "x"))
    assert len(report.findings) == NAMED + 1
    assert report.more == {"UNDECODABLE": 23}


def environment(database: Database, folder: Path) -> dict[str, str]:
    return {
        "CATCH_DATABASE_URL": database.dsn,
        "CATCH_OWNER_URL": database.admin,
        "CATCH_DATA_DIR": str(folder),
    }


async def test_a_server_says_it_in_its_log_when_it_starts_and_serves_all_the_same(
    healthy: Log, database: Database, tmp_path: Path
):
    position = await strange(healthy, "PersonTeleported", b"{}")
    serve = (sys.executable, "-m", "catch", "serve", "--port", "0", "--leash")
    process = await asyncio.create_subprocess_exec(
        *serve, env=environment(database, tmp_path), stdin=-1, stdout=-1, stderr=-1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    told: list[dict[str, object]] = []
    async with asyncio.timeout(20):
        while not told or "looked over" not in told[-1]:
            line = await process.stderr.readline()
            assert line, "the server has ended"
            told += [json.loads(line)] if line.startswith(b"{") else []
        assert (await process.stdout.readline()).startswith(b"listening")
    process.stdin.close()
    await process.communicate()
    assert process.returncode == 0
    codes = [(each["code"], each.get("position")) for each in told if "code" in each]
    assert codes[0] == ("PARKED", position)
    assert codes[-1] == ("UNKNOWN_EVENT", position)


async def test_the_command_says_it_by_its_status_in_sentences_and_as_json(
    healthy: Log, database: Database, tmp_path: Path
):
    async def asked(*arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "catch",
            "doctor",
            *arguments,
            env=environment(database, tmp_path),
            stdout=-1,
            stderr=-1,
        )
        out, complained = await process.communicate()
        assert b"Traceback" not in complained
        return process.returncode or 0, out.decode()

    status, said = await asked()
    assert (status, "\nall is well: 8 facts" in said) == (0, True), said
    position = await strange(healthy, "PersonTeleported", b"{}")
    status, said = await asked()
    assert status == 1
    assert f"UNKNOWN_EVENT at position {position}" in said
    status, said = await asked("--json")
    report = json.loads(said)
    assert (status, report["well"], report["facts"], report["more"]) == (1, False, 9, {})
    assert [(each["code"], each["position"]) for each in report["findings"]] == [
        ("UNKNOWN_EVENT", position),
        (WAITING, position),
    ]
    assert "Exit status" in CliRunner().invoke(cli, ["doctor", "--help"]).output


async def test_what_the_doctor_says_to_do_about_a_restored_backup_helps(healthy: Log, admin: Connection):
    await older_backup(healthy, admin)
    await rebuild(healthy, CODEC.decode, ALL, fresh=True)
    assert (await examined(healthy, CODEC, ALL)).findings == []


async def test_a_server_that_starts_on_a_restored_backup_mends_its_read_models(
    healthy: Log, admin: Connection, database: Database, tmp_path: Path
):
    await older_backup(healthy, admin)
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path)) as catch:
        assert (await examined(catch.log, CODEC, ALL)).findings == []
        live = [await checksum(catch.log.pool, one) for one in ALL]
    await rebuild(healthy, CODEC.decode, ALL, fresh=True)
    assert [await checksum(healthy.pool, one) for one in ALL] == live
