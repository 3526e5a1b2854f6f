"""A database restored without its sequences, settings that a session inherits, keys of another place: the same answers,
or a refusal that names what is wrong and says what to do."""

import asyncio
import json
import os
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

import catch.database
import projections
from catch.app import key_file, opened
from catch.database import Connection, application, connect
from catch.database.server import Server
from catch.database.session import UnfitSession, fit
from catch.doctor import examined
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.domain.person import RegisterPerson
from catch.log import Append, Conflict, Log, NewEvent
from catch.log.codec import CODEC
from catch.log.entries import PositionsBehind
from catch.personal import KeyFile, Keyring
from catch.personal.belonging import OtherKey
from catch.personal.rotating import adopt
from catch.readside import checksum, rebuild
from catch.settings import BadSetting, Settings
from catch.web.serving import serving
from tests.conftest import Database
from tests.place import SYSTEM, Place, placed

SEQUENCE = "catch.stored_events_notification_id_seq"


def one(stream: UUID | None = None, version: int = 1, count: int = 1) -> Append:
    stream = stream or uuid4()
    events = tuple(NewEvent(stream, version + n, "Happened", b"{}") for n in range(count))
    return Append(uuid4(), stream, events)


async def codes(log: Log, keys: KeyFile | None = None) -> list[str]:
    return [finding.code for finding in (await examined(log, CODEC, projections.ALL, encryption=keys)).findings]


# Positions


@pytest.mark.parametrize("batch", [[1], [3], [1, 1], [2, 1]])
@pytest.mark.parametrize(("head", "behind"), [(1, 1), (6, 1), (6, 3), (6, 6)])
async def test_a_position_that_is_not_above_the_head_is_refused(
    log: Log, admin: Connection, head: int, behind: int, batch: list[int]
):
    """On each way that an append takes: one, several at once, of several facts; with and without a hole below."""
    for _ in range(head):
        await log.append(one())
    if head > behind:
        await admin.execute(f"select setval('{SEQUENCE}', {head - behind})")
    else:
        await admin.execute(f"select setval('{SEQUENCE}', 1, false)")
    refused = await asyncio.gather(*(log.append(one(count=count)) for count in batch), return_exceptions=True)
    assert [type(each) for each in refused] == [PositionsBehind] * len(batch)
    assert await log.head() == head
    assert "POSITIONS_BEHIND" in await codes(log)
    (said,) = [each for each in (await examined(log, CODEC, [])).findings if each.code == "POSITIONS_BEHIND"]
    await admin.execute("set role catch_owner")
    await admin.execute(said.sentence.partition("schema:")[2])
    assert (await log.append(one())).position == head + 1
    assert "POSITIONS_BEHIND" not in await codes(log)


async def test_a_log_that_lost_nothing_is_not_refused(log: Log, admin: Connection):
    """Nothing was recorded yet; holes above the end mean nothing; and what conflicts is a conflict."""
    assert await codes(log) == []
    first = one()
    await log.append(first)
    await admin.execute(f"select nextval('{SEQUENCE}') from generate_series(1, 7)")
    assert (await log.append(one())).position == 9
    with pytest.raises(Conflict):
        await log.append(one(first.stream))


async def test_whoever_asks_is_told_and_nothing_is_recorded(database: Database, admin: Connection, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        case = await place.worked_on("Ada Example")
        head = await place.settled()
        await admin.execute(f"select setval('{SEQUENCE}', 3)")
        note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("A note"))
        assert await place.refused(note) == "POSITIONS_BEHIND"
        assert await place.refused(note) == "POSITIONS_BEHIND"
        await admin.execute(f"select setval('{SEQUENCE}', {head})")
        await place.mutate(note)
        await place.settled()
        told = await place.ask("query($c: UUID!) { case(id: $c) { notes { text } } }", c=str(case.case))
        assert [each["text"] for each in told["case"]["notes"]] == ["A note"]


# Settings

INHERITED = {
    "bytea_output": "'escape'",
    "datestyle": "'German'",
    "default_transaction_deferrable": "on",
    "default_transaction_isolation": "'serializable'",
    "default_transaction_read_only": "on",
    "extra_float_digits": "-15",
    "gin_fuzzy_search_limit": "1",
    "idle_in_transaction_session_timeout": "'1ms'",
    "idle_session_timeout": "'1ms'",
    "intervalstyle": "'iso_8601'",
    "jit": "on",
    "lock_timeout": "'1ms'",
    "row_security": "off",
    "search_path": "'pg_catalog'",
    "statement_timeout": "'1ms'",
    "synchronous_commit": "off",
    "timezone": "'Pacific/Kiritimati'",
}
ASKED = """query($c: UUID!) { case(id: $c) { number state notes { text at } clocks { code startedAt dueAt } }
    cases { edges { node { number person { name } } } } }"""


def name_of(database: Database) -> str:
    return urlsplit(database.dsn).path.lstrip("/")


async def inherits(admin: Connection, database: Database, settings: dict[str, str]) -> None:
    """Of the role in this database, which counts before what either has alone."""
    for name, value in settings.items():
        await admin.execute(f"alter role catch_app in database {name_of(database)} set {name} = {value}")


async def test_what_a_session_inherits_changes_no_answer(database: Database, admin: Connection, tmp_path: Path):
    assert not catch.database.SESSION.keys() - INHERITED.keys(), "each is tried"
    async with placed(database.admin, database.dsn, tmp_path) as place:
        case = await place.worked_on("Ada Example", "housing-1")
        await place.settled()
        before = await place.ask(ASKED, c=str(case.case))
        rows = [await checksum(place.catch.log.pool, each) for each in projections.ALL]
    await inherits(admin, database, INHERITED)
    server, settings = Server(database.admin, database.dsn), Settings(data_dir=tmp_path)
    async with (
        opened(server, settings) as again,
        serving(again, 0, development=True) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        place = Place(again, port, http)
        assert await place.ask(ASKED, c=str(case.case)) == before
        await rebuild(again.log, CODEC.decode, projections.ALL, fresh=True)
        assert [await checksum(again.log.pool, each) for each in projections.ALL] == rows
        await place.mutate(AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("A note")))
        await place.settled()
        assert await codes(again.log, key_file(settings)) == []


async def test_a_session_that_says_nothing_for_itself_is_found(
    database: Database, admin: Connection, monkeypatch: pytest.MonkeyPatch
):
    await inherits(admin, database, {"timezone": "'Pacific/Kiritimati'"})
    monkeypatch.setattr("catch.database.connecting.SESSION", {"synchronous_commit": "on"})
    with pytest.raises(UnfitSession, match="TimeZone"):
        await Log.open(database.dsn)


async def test_what_a_session_cannot_undo_is_refused_by_name(database: Database, admin: Connection):
    name = "session_replication_role"
    await inherits(admin, database, {name: "replica"})
    with pytest.raises(UnfitSession, match=f"{name} = replica.*reset {name}"):
        await Log.open(database.dsn)
    await admin.execute(f"alter role catch_app in database {name_of(database)} reset {name}")
    await (await Log.open(database.dsn)).close()


async def test_what_is_answered_is_written_whatever_the_server_was_told(log: Log):
    """This server is told otherwise by its command line, which no role and no database needs to know of."""
    asked = "select setting, reset_val, boot_val, source from pg_settings where name = 'synchronous_commit'"
    assert tuple(await log.pool.fetchrow(asked) or ()) == ("on", "on", "on", "client")
    recording = await log.database.connect()
    assert await recording.fetchval("show synchronous_commit") == "on"
    await recording.execute("reset all")
    assert await recording.fetchval("show synchronous_commit") == "on", "nor by a reload"
    recording.terminate()


async def test_a_server_that_may_lose_what_it_holds_is_found_unless_that_is_meant(
    database: Database, admin: Connection, log: Log
):
    """The tests' own server is such a one, and says that it is meant."""
    assert await admin.fetchval("show fsync") == "off"
    assert await codes(log) == []
    await inherits(admin, database, {"catch.forgetful": "off"})
    found = (await examined(log, CODEC, [])).findings
    assert [each.code for each in found] == ["MAY_LOSE_FACTS"] * 2
    for finding, name in zip(found, ("fsync", "full_page_writes"), strict=True):
        assert f"alter system set {name} = on; select pg_reload_conf();" in finding.sentence


async def test_a_transaction_timeout_is_refused_where_the_server_knows_one(database: Database, admin: Connection):
    if await admin.fetchval("select current_setting('transaction_timeout', true)") is None:
        return
    await inherits(admin, database, {"transaction_timeout": "'5s'"})
    with pytest.raises(UnfitSession, match="transaction_timeout"):
        await Log.open(database.dsn)


async def test_a_session_that_was_not_given_what_it_asked_for_is_refused(dsn: str):
    """As behind a connection pooler that drops what a session asks for."""
    connection = await connect(dsn, {"application_name": "catch"})
    with pytest.raises(UnfitSession, match="pooler"):
        await fit(connection, application("catch"))
    await connection.close()


# Keys


async def begin(database: Database, folder: Path) -> UUID:
    """A place with somebody in it; who that is."""
    person = uuid4()
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=folder)) as catch:
        register = RegisterPerson(person, name=Sealed("Ada Example"), nhs_number=Sealed("9990000018"))
        await catch.commands.take(register, by=SYSTEM, command_id=uuid4())
    return person


async def start(database: Database, settings: Settings) -> None:
    async with opened(Server(database.admin, database.dsn), settings):
        pass


def lines(path: Path, *keys: bytes) -> Path:
    path.write_text("".join(f"{b64encode(key).decode()}\n" for key in keys))
    return path


async def test_another_places_key_is_refused_at_the_start(database: Database, tmp_path: Path):
    await begin(database, tmp_path / "ours")
    other = lines(tmp_path / "other", bytes(32))
    with pytest.raises(OtherKey, match=r"another place's.*Set CATCH_KEK_FILE"):
        await start(database, Settings(data_dir=tmp_path, kek_file=other))
    await start(database, Settings(data_dir=tmp_path / "ours"))


async def test_no_key_is_made_for_a_place_that_has_one(database: Database, tmp_path: Path):
    """As a command does that is run beside the servers, with the same database and another folder."""
    await begin(database, tmp_path / "ours")
    with pytest.raises(OtherKey, match="set CATCH_KEK_FILE"):
        await start(database, Settings(data_dir=tmp_path / "elsewhere"))
    assert not (tmp_path / "elsewhere").exists()


async def test_a_line_that_was_added_becomes_the_places_and_an_older_copy_is_refused(
    database: Database, log: Log, tmp_path: Path
):
    key = tmp_path / "kek"
    old = KeyFile.read_or_create(key).fingerprints()
    settings = Settings(data_dir=tmp_path, kek_file=key)
    await start(database, settings)
    older = key.read_text()
    key.write_text(older + b64encode(bytes(32)).decode() + "\n")
    await start(database, settings)
    newer = key.read_text()
    key.write_text(older)
    await start(database, settings)
    key.write_text(newer)
    await adopt(log.pool, KeyFile.read(key))
    await start(database, settings)
    assert KeyFile.read(key).fingerprints()[:1] == old
    key.write_text(older)
    with pytest.raises(OtherKey, match=r"older copy.*key 2 \([0-9a-f]{12}\) is missing"):
        await start(database, settings)
    key.write_text("".join(reversed(newer.splitlines(keepends=True))))
    with pytest.raises(OtherKey, match="another place's"):
        await start(database, settings)
    key.write_text(older + b64encode(bytes(31) + b"1").decode() + "\n")
    with pytest.raises(OtherKey, match="line 2"):
        await start(database, settings)


async def test_a_place_from_before_fingerprints_is_known_by_its_data_keys(
    database: Database, admin: Connection, tmp_path: Path
):
    await begin(database, tmp_path)
    await admin.execute("delete from catch.key_encryption_keys")
    with pytest.raises(OtherKey, match="does not open"):
        await start(database, Settings(data_dir=tmp_path, kek_file=lines(tmp_path / "other", bytes(32))))
    assert await admin.fetchval("select count(*) from catch.key_encryption_keys") == 0
    await start(database, Settings(data_dir=tmp_path))
    assert await admin.fetchval("select count(*) from catch.key_encryption_keys") == 1


async def test_of_two_servers_that_begin_at_once_one_gives_the_key(database: Database, tmp_path: Path):
    both = [Settings(data_dir=tmp_path, kek_file=lines(tmp_path / str(n), bytes([n]) * 32)) for n in range(2)]
    ended = await asyncio.gather(*(start(database, settings) for settings in both), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["NoneType", "OtherKey"]


@pytest.mark.parametrize("content", ["", "not base64!", "AAAA"])
def test_a_key_file_that_is_none_is_said_with_the_settings_name(tmp_path: Path, content: str):
    path = tmp_path / "kek"
    path.write_text(content)
    with pytest.raises(BadSetting, match="CATCH_KEK_FILE"):
        key_file(Settings(data_dir=tmp_path, kek_file=path))
    with pytest.raises(BadSetting, match="CATCH_KEK_FILE"):
        key_file(Settings(data_dir=tmp_path, kek_file=tmp_path / "missing"))


async def test_the_doctor_names_keys_and_texts_that_do_not_fit(
    database: Database, admin: Connection, log: Log, tmp_path: Path
):
    person = await begin(database, tmp_path)
    ours = key_file(Settings(data_dir=tmp_path))
    assert await codes(log, ours) == []
    assert await codes(log) == [], "without a key texts are not looked at"
    assert set(await codes(log, KeyFile([bytes(32)]))) == {"OTHER_KEY", "UNREADABLE_TEXT"}
    await Keyring(log.pool, ours).erase(person)
    assert await codes(log, ours) == [], "what was erased is not lost"
    await admin.execute("delete from catch.data_keys where subject = $1", person)
    (finding,) = (await examined(log, CODEC, projections.ALL, encryption=ours)).findings
    assert (finding.code, finding.position) == ("UNREADABLE_TEXT", 1)
    assert str(person) in finding.sentence


async def doctor(environment: dict[str, str]) -> tuple[int | None, list[str]]:
    """How it ended, and the codes that it told."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "catch", "doctor", "--json", env=os.environ | environment, stdin=-1, stdout=-1, stderr=-1
    )
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, [finding["code"] for finding in json.loads(told)["findings"]]


async def test_a_key_that_is_gone_is_not_well(database: Database, tmp_path: Path):
    environment = {"CATCH_DATABASE_URL": database.dsn, "CATCH_DATA_DIR": str(tmp_path)}
    assert await doctor(environment) == (0, []), "nobody has begun, so that there is no key"
    await begin(database, tmp_path)
    assert await doctor(environment) == (0, [])
    assert await doctor({**environment, "CATCH_KEK_FILE": "/nope"}) == (1, ["NO_KEY"])
    (tmp_path / "keys" / "kek").rename(tmp_path / "moved")
    assert await doctor(environment) == (1, ["NO_KEY"])
    assert not (tmp_path / "keys" / "kek").exists(), "and none is made"


async def test_every_command_refuses_another_places_key_in_a_sentence(database: Database, tmp_path: Path):
    await begin(database, tmp_path / "ours")
    environment = {
        "CATCH_DATABASE_URL": database.dsn,
        "CATCH_OWNER_URL": database.admin,
        "CATCH_DATA_DIR": str(tmp_path / "elsewhere"),
    }
    listed = tmp_path / "referrals.csv"
    listed.write_text("reference,last name\n1,Example\n")
    for command in (("import", "referrals", str(listed)), ("serve", "--port", "0"), ("programmes", "load")):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "catch", *command, env=environment, stdin=-1, stdout=-1, stderr=-1
        )
        _, complained = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 2, command
        assert b"CATCH_KEK_FILE" in complained
        assert b"Traceback" not in complained
