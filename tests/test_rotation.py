"""Another key-encryption key takes the place of the last one: whatever is stopped in between nothing is lost, servers
go on, and a key that is retired wraps nothing any more."""

import asyncio
import os
import sys
import time
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from click.testing import CliRunner, Result

import projections
from catch.app import Catch, key_file, keyring_of, opened
from catch.cli import cli
from catch.cli import keys as commands
from catch.database import Connection, Record, application, connect
from catch.database.server import Server
from catch.doctor import Finding, examined
from catch.domain.facts import Role, Sealed
from catch.domain.person import CorrectIdentity, RegisterPerson
from catch.identity.cookies import Cookies, NotSignedIn
from catch.identity.tokens import Viewer
from catch.log import Log
from catch.log.codec import CODEC
from catch.personal import ERASED, KeyFile, Keyring, rotating
from catch.personal.belonging import OtherKey, known
from catch.personal.keys import Retired, remains
from catch.personal.rotating import Holding, StillUsed, adopt, retire, rewrap, wrapping_keys
from catch.settings import BadSetting, Settings
from tests.conftest import Database, eventually
from tests.place import SYSTEM

ANN, BOB = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotating, "LOOK", 0.05)
    monkeypatch.setattr(commands, "PAUSE", 0.02)
    monkeypatch.setattr(commands, "HEARD", 1.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "kek"
    path.write_bytes(KeyFile([bytes(32)]).text())
    return Settings(data_dir=tmp_path, kek_file=path)


@pytest.fixture
async def connection(database: Database) -> AsyncGenerator[Connection]:
    made = await connect(database.dsn, application("catch"))
    yield made
    await made.close()


@asynccontextmanager
async def serving(database: Database, settings: Settings) -> AsyncGenerator[Catch]:
    async with opened(Server(database.admin, database.dsn), settings) as catch:
        yield catch


def path_of(settings: Settings) -> Path:
    assert settings.kek_file is not None
    return settings.kek_file


def environment(database: Database, settings: Settings) -> dict[str, str]:
    return {
        "CATCH_DATABASE_URL": database.dsn,
        "CATCH_OWNER_URL": database.admin,
        "CATCH_DATA_DIR": str(settings.data_dir),
        "CATCH_KEK_FILE": str(settings.kek_file),
        "COLUMNS": "300",
    }


async def ran(database: Database, settings: Settings, *arguments: str) -> Result:
    """The command, as an operator runs it beside the servers."""
    runner = CliRunner(env=environment(database, settings))
    return await asyncio.to_thread(runner.invoke, cli, ["keys", *arguments], catch_exceptions=False)


async def registered(catch: Catch, name: str) -> UUID:
    person = uuid4()
    await catch.commands.take(RegisterPerson(person, name=Sealed(name)), by=SYSTEM, command_id=uuid4())
    return person


async def kept(log: Log, settings: Settings, people: int = 5) -> tuple[Keyring, list[Sealed]]:
    """A place's keyring with a text each of several people, under the key that the file here ends with."""
    keyring = await keyring_of(log, settings)
    return keyring, [token for n in range(1, people + 1) for token in await keyring.seal(UUID(int=n), [f"Ann {n}"])]


async def wrapped_by(log: Log) -> set[int]:
    return {row["wrapped"][0] for row in await log.pool.fetch("select wrapped from data_keys where wrapped <> ''")}


async def found(log: Log, settings: Settings) -> list[Finding]:
    return (await examined(log, CODEC, projections.ALL, encryption=key_file(settings), erased=settings.erased)).findings


async def rotated(connection: Connection, settings: Settings) -> int:
    held = key_file(settings, begun=True)
    held.wraps = len(await known(connection))
    return (await commands.rotated(connection, settings, held, lambda _done, _all: None, again=False))[0]


async def old(admin: Connection) -> None:
    """The place's keys are of last year."""
    await admin.execute("update catch.key_encryption_keys set recorded_at = recorded_at - interval '400 days'")


# The whole way


async def test_a_new_key_wraps_everything_while_servers_serve_and_the_old_one_is_retired(
    database: Database, admin: Connection, log: Log, settings: Settings
):
    async with serving(database, settings) as catch, serving(database, settings) as other:
        ada, digest, secret = await registered(catch, "Ada"), catch.keyring.digest("1"), catch.keyring.secret("x")
        today = await ran(database, settings, "rotate")
        assert (today.exit_code, "less than a day old" in today.stderr) == (1, True)
        await old(admin)
        aged = await ran(database, settings, "list")
        assert "(400 days): wraps 1 data keys" in aged.stdout
        done = await ran(database, settings, "rotate")
        assert (done.exit_code, done.stderr) == (0, "")
        assert "key 2 wraps from now on; 1 data keys were wrapped anew" in done.stdout
        assert await wrapped_by(log) == {2}
        bo = await registered(other, "Bo")
        assert await wrapped_by(log) == {2}
        # Each of them reads what the other wrote, from the database and not from memory.
        for one in (catch, other):
            one.keyring.forget([])
            assert await Keyring(log.pool, one.keyring.encryption).reader([ada, bo])
            assert (one.keyring.digest("1"), one.keyring.secret("x")) == (digest, secret)
        early = await ran(database, settings, "retire", "2")
        assert (early.exit_code, "cannot be retired" in early.stderr) == (1, True)
        gone = await ran(database, settings, "retire", "1")
        assert (gone.exit_code, "key 1 is retired" in gone.stdout) == (0, True)
        assert key_file(settings).held() == {2}
        await eventually(lambda: has(catch, {2}))
        await catch.commands.take(
            CorrectIdentity(ada, Sealed("Misheard"), name=Sealed("Ada B")), by=SYSTEM, command_id=uuid4()
        )
        assert (catch.keyring.digest("1"), catch.keyring.secret("x")) == (digest, secret)
        await catch.reached(await log.head())
    report = await examined(log, CODEC, projections.ALL, encryption=key_file(settings))
    assert report.findings == []
    assert [(key.number, key.age_days, key.wraps, key.held) for key in report.keys] == [
        (1, 400, 0, False),
        (2, 0, 2, True),
    ]
    async with serving(database, settings) as again:
        assert again.keyring.secret("x") == secret
    listed = await ran(database, settings, "list")
    assert "retired on" in listed.stdout.splitlines()[0]
    assert "wraps 2 data keys" in listed.stdout.splitlines()[1]


async def has(catch: Catch, held: set[int]) -> bool:
    return {*catch.keyring.encryption.held()} == held


# Killed between any two steps


class Killed(BaseException):
    """As a process is that ends at once: nothing that comes after is done."""


class Mortal:
    """A connection that is killed before its nth statement, or after it."""

    def __init__(self, inner: Connection, at: int, *, after: bool) -> None:
        self._inner, self._left, self._after = inner, at, after
        self.transaction = inner.transaction

    async def _run(self, name: str, *arguments: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        answer = await getattr(self._inner, name)(*arguments)
        if self._left == 0:
            raise Killed
        return answer

    async def execute(self, *arguments: Any) -> str:
        return await self._run("execute", *arguments)

    async def fetch(self, *arguments: Any) -> list[Record]:
        return await self._run("fetch", *arguments)

    async def fetchrow(self, *arguments: Any) -> Record | None:
        return await self._run("fetchrow", *arguments)

    async def fetchval(self, *arguments: Any) -> Any:
        return await self._run("fetchval", *arguments)


@pytest.mark.parametrize("after", [False, True])
async def test_killed_at_any_statement_nothing_is_lost_and_it_goes_on(
    connection: Connection,
    admin: Connection,
    log: Log,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,
):
    monkeypatch.setattr(rotating, "BATCH", 2)
    _, texts = await kept(log, settings)
    for at in range(1, 100):
        await old(admin)
        before = len(await known(connection))
        mortal: Any = Mortal(connection, at, after=after)
        try:
            assert await rotated(mortal, settings) == before + 1
            finished = True
        except Killed:
            finished = False
        # Whoever starts now reads everything, whatever it had come to.
        assert await (await keyring_of(log, settings)).unseal(texts) == [f"Ann {n}" for n in range(1, 6)]
        if finished:
            assert at > 10, "it was killed at each of them"
            return
        if len(key_file(settings).keys) > before:
            # What was begun is finished, if it was not, and no further key made.
            with suppress(commands.NotYet):
                assert await rotated(connection, settings) == before + 1
            assert len(key_file(settings).keys) == before + 1
            assert await wrapped_by(log) == {before + 1}
    pytest.fail("it never ended")


@pytest.mark.parametrize("step", ["os.chown", "pathlib.Path.replace"])
async def test_killed_while_the_key_file_is_written_it_is_the_old_or_the_new_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
):
    path, held = path_of(settings), key_file(settings)

    def killed(*_: object) -> None:
        raise Killed

    def unremoved(_path: Path, missing_ok: bool = False) -> None:
        pass

    with monkeypatch.context() as patch:
        patch.setattr(step, killed)
        patch.setattr(Path, "unlink", unremoved)
        with suppress(Killed):
            held.with_new().write(path)
    assert key_file(settings).keys == held.keys
    assert len([*path.parent.iterdir()]) == 2, "what it had begun to write lies there until the next time"
    path.chmod(0o440)
    held.with_new().write(path)
    assert (len(key_file(settings).keys), path.stat().st_mode & 0o777) == (2, 0o440)
    assert [each.name for each in path.parent.iterdir()] == ["kek"]


async def test_of_two_at_once_one_works_and_the_other_says_so(
    database: Database, connection: Connection, admin: Connection, log: Log, settings: Settings
):
    await kept(log, settings, 1)
    await old(admin)
    assert await connection.fetchval(commands.ALONE)
    for refused in (await ran(database, settings, "rotate"), await ran(database, settings, "retire", "1")):
        assert (refused.exit_code, "is at work" in refused.stderr) == (1, True)
    assert (await ran(database, settings, "list")).exit_code == 0
    assert len(key_file(settings).keys) == 1


async def test_a_process_that_is_killed_in_the_middle_leaves_what_another_ends(
    database: Database, admin: Connection, log: Log, settings: Settings
):
    _, texts = await kept(log, settings)
    await old(admin)
    async with admin.transaction():
        await admin.execute("lock table catch.data_keys in share mode")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "catch", "keys", "rotate", env=os.environ | environment(database, settings), stdin=-1,
            stdout=-1, stderr=-1,
        )  # fmt: skip
        await eventually(lambda: admin.fetchval("select count(*) from pg_locks where not granted"))
        process.kill()
        await process.communicate()
    assert (len(await known(log.pool)), len(key_file(settings).keys)) == (2, 2)
    await ran(database, settings, "rotate")
    assert await wrapped_by(log) == {2}
    assert len(key_file(settings).keys) == 2
    assert await (await keyring_of(log, settings)).unseal(texts) == [f"Ann {n}" for n in range(1, 6)]


# Several servers


async def test_nothing_is_wrapped_by_a_key_that_a_server_lacks(
    database: Database, admin: Connection, log: Log, settings: Settings, tmp_path: Path
):
    elsewhere = Settings(data_dir=tmp_path / "other", kek_file=tmp_path / "copy")
    path_of(elsewhere).write_bytes(path_of(settings).read_bytes())
    async with serving(database, settings) as catch, serving(database, elsewhere) as other:
        ada = await registered(catch, "Ada")
        await old(admin)
        refused = await ran(database, settings, "rotate")
        assert refused.exit_code == 1
        assert "1 servers do not have key 2" in refused.stderr
        assert await wrapped_by(log) == {1}
        assert len(await known(log.pool)) == 1
        path_of(elsewhere).write_bytes(path_of(settings).read_bytes())
        assert (await ran(database, settings, "rotate")).exit_code == 0
        assert len(key_file(settings).keys) == 2, "what was added before is taken"
        await registered(other, "Bo")
        assert await wrapped_by(log) == {2}
        assert set(await other.keyring.unseal(await catch.keyring.seal(ada, ["again"]))) == {"again"}
    holders = await admin.fetchval("select count(*) from catch_read.key_holders")
    assert holders == 0, "who stops says so"


async def test_a_server_of_a_former_release_is_waited_for(database: Database, admin: Connection, settings: Settings):
    async with serving(database, settings) as catch:
        await catch.reached(0)
        await old(admin)
        await eventually(lambda: admin.fetchval("select count(*) from catch_read.servers"))
        await admin.execute("update catch_read.servers set release[1] = 22")
        refused = await ran(database, settings, "rotate")
        assert (refused.exit_code, "upgrade them first" in refused.stderr) == (1, True)


async def test_a_server_goes_on_with_its_keys_when_the_file_breaks(
    log: Log, settings: Settings, caplog: pytest.LogCaptureFixture
):
    keyring, texts = await kept(log, settings, 1)
    holding = Holding(log.pool, keyring, lambda: key_file(settings, begun=True))
    whole = path_of(settings).read_bytes()
    for broken in (b"", whole[:20], whole + whole, whole + b"AAAA", KeyFile([bytes([9]) * 32]).text()):
        path_of(settings).write_bytes(broken)
        await holding.look()
        await holding.look()
        assert await keyring.unseal(texts) == ["Ann 1"]
    said = [each.getMessage() for each in caplog.records if "the key file cannot be used" in each.getMessage()]
    assert len(said) == 5, "each once"
    assert not any(b64encode(bytes(32)).decode()[:8] in each for each in said)
    path_of(settings).write_bytes(whole + b64encode(bytes([1]) * 32) + b"\n")
    await holding.look()
    assert (keyring.encryption.wraps, keyring.encryption.held()) == (1, {1, 2})
    await adopt(log.pool, key_file(settings))
    await holding.look()
    assert keyring.encryption.wraps == 2
    await holding.leave()


async def test_who_slept_through_it_wraps_nothing_by_a_retired_key(
    connection: Connection, log: Log, settings: Settings
):
    asleep, texts = await kept(log, settings, 1)
    held = KeyFile([bytes(32), bytes([1]) * 32])
    await adopt(connection, held)
    with pytest.raises(StillUsed):
        await retire(connection, 1)
    await rewrap(connection, held)
    with pytest.raises(StillUsed):
        await retire(connection, 2)
    await retire(connection, 1)
    with pytest.raises(asyncpg.UniqueViolationError, match="key 1, which was retired"):
        await asleep.seal(BOB, ["Bob"])
    unheard = await asleep.sealing(RegisterPerson(BOB, name=Sealed("Bob")), BOB)
    assert unheard.new is not None
    assert await Keyring(log.pool, held).unseal(texts) == ["Ann 1"]
    await Keyring(log.pool, held.without(1)).erase(ANN)


def test_a_session_goes_on_while_keys_are_rotated_and_ends_with_its_key(log: Log):
    old, new = KeyFile([bytes(32)]), KeyFile([bytes(32), bytes([1]) * 32])
    keyring = Keyring(log.pool, old)
    cookies = Cookies(lambda: keyring.secrets("browser session"), clock=time.time)
    session = cookies.begun(Viewer("chair-1", "snn", Role.CHAIR, time.time() + 3600, issued_at=time.time()))
    sealed, form = cookies.sealed(session), cookies.form_key(session)
    # Of a key that not every server has yet.
    new.wraps, keyring.encryption = 1, new
    assert cookies.form_key(session) == form
    early = cookies.sealed(session)
    new.wraps = 2
    for good in (sealed, early, cookies.sealed(session)):
        assert cookies.opened(good).viewer.user == "chair-1"
    assert cookies.form_key(session) != form
    assert cookies.is_form_key(session, form)
    later = cookies.sealed(session)
    keyring.encryption = new.without(1)
    assert cookies.opened(later).viewer.user == "chair-1"
    assert not cookies.is_form_key(session, form)
    for bad in (sealed, early):
        with pytest.raises(NotSignedIn):
            cookies.opened(bad)


# Who is erased is erased


@pytest.mark.parametrize("first", ["rewrap", "erasure"])
async def test_an_erasure_in_the_middle_of_it_is_an_erasure(
    connection: Connection, admin: Connection, log: Log, settings: Settings, first: str
):
    _, texts = await kept(log, settings, 2)
    held = KeyFile([bytes(32), bytes([1]) * 32])
    await adopt(connection, held)
    keyring = Keyring(log.pool, held)
    if first == "rewrap":
        async with connection.transaction():
            await rewrap(connection, held)
            erasing = asyncio.create_task(keyring.erase(ANN))
            await eventually(lambda: admin.fetchval("select count(*) from pg_locks where not granted"))
        await erasing
    else:
        # It has read the row, and writes it back when somebody destroys it and has not said so yet.
        async with admin.transaction():
            await admin.execute("delete from catch.data_keys where subject = $1", ANN)
            await admin.execute("insert into catch.data_keys values ($1, '')", ANN)
            assert (await rewrap(connection, held)).count == 1
    assert await log.pool.fetchval("select wrapped from data_keys where subject = $1", ANN) == b""
    assert (await rewrap(connection, held)).left == 0
    assert await keyring.unseal(texts) == [ERASED, "Ann 2"]
    await retire(connection, 1)
    assert await Keyring(log.pool, held.without(1)).unseal(texts) == [ERASED, "Ann 2"]


async def test_the_list_of_who_was_erased_is_proved_by_what_is_left_of_the_first_key(
    connection: Connection, admin: Connection, log: Log, settings: Settings
):
    keyring, texts = await kept(log, settings, 2)
    before = await admin.fetchval("select wrapped from catch.data_keys where subject = $1", ANN)
    await keyring.erase(ANN)
    held = KeyFile([bytes(32), bytes([1]) * 32])
    await adopt(connection, held)
    await rewrap(connection, held)
    await admin.execute("delete from catch.data_keys where subject = $1", ANN)
    await admin.execute("insert into catch.data_keys values ($1, $2)", ANN, before)
    held.without(1).write(path_of(settings))
    assert await (await keyring_of(log, settings)).unseal(texts) == [ERASED, "Ann 2"]


# What was put back, and what somebody put there


async def test_a_backup_from_before_needs_the_old_key_and_it_is_named(
    database: Database, connection: Connection, admin: Connection, log: Log, settings: Settings
):
    _, texts = await kept(log, settings, 2)
    whole = KeyFile([bytes(32), bytes([1]) * 32])
    one = (await wrapping_keys(connection, whole))[0].fingerprint
    was = await admin.fetch("select subject, wrapped from catch.data_keys")
    await adopt(connection, whole)
    await rewrap(connection, whole)
    await retire(connection, 1)
    whole.without(1).write(path_of(settings))
    assert await found(log, settings) == []
    # The data keys alone: the database refuses them, and says why; forced upon it, the doctor does.
    put = "update catch.data_keys set wrapped = $2 where subject = $1"
    with pytest.raises(asyncpg.UniqueViolationError, match="key 1, which was retired"):
        await admin.executemany(put, [(row["subject"], row["wrapped"]) for row in was])
    await admin.execute("update catch.key_encryption_keys set retired_at = null where line = 1")
    await admin.executemany(put, [(row["subject"], row["wrapped"]) for row in was])
    (missing,) = await found(log, settings)
    assert missing.code == "KEY_MISSING"
    assert f"Key 1 ({one})" in missing.sentence
    assert "2 data keys" in missing.sentence
    # All of it.
    await admin.execute("delete from catch.key_encryption_keys where line = 2")
    with pytest.raises(OtherKey, match=rf"key 1 \({one}\), which wraps in this place.*retired"):
        await keyring_of(log, settings)
    assert [each.code for each in await found(log, settings)] == ["OTHER_KEY"]
    whole.write(path_of(settings))
    assert await (await keyring_of(log, settings)).unseal(texts) == ["Ann 1", "Ann 2"]
    assert await rotated(connection, settings) == 2
    assert await wrapped_by(log) == {2}


async def moved(admin: Connection) -> None:
    """Somebody else's key, in Ann's row."""
    await admin.execute(
        "update catch.data_keys set wrapped = (select wrapped from catch.data_keys where subject = $2)"
        " where subject = $1",
        ANN, BOB,
    )  # fmt: skip


async def by_another(admin: Connection) -> None:
    """Wrapped for Ann, under the number of a key of the place, by a key that is none of it."""
    await admin.execute(
        "update catch.data_keys set wrapped = $2 where subject = $1",
        ANN, await KeyFile([bytes([7]) * 32]).wrap(ANN, bytes(32)),
    )  # fmt: skip


async def by_an_unknown(admin: Connection) -> None:
    await admin.execute("update catch.data_keys set wrapped = set_byte(wrapped, 0, 7) where subject = $1", ANN)


async def of_nothing(admin: Connection) -> None:
    await admin.execute("update catch.data_keys set wrapped = '\\x01' where subject = $1", ANN)


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (moved, "DATA_KEY_UNREADABLE"),
        (by_another, "DATA_KEY_UNREADABLE"),
        (of_nothing, "DATA_KEY_UNREADABLE"),
        (by_an_unknown, "KEY_MISSING"),
    ],
)
async def test_a_data_key_that_somebody_put_there_is_not_taken_and_not_wrapped_anew(
    database: Database, admin: Connection, log: Log, settings: Settings, harm: Any, code: str
):
    _, texts = await kept(log, settings, 3)
    assert await found(log, settings) == []
    await harm(admin)
    there = await admin.fetchval("select wrapped from catch.data_keys where subject = $1", ANN)
    (finding,) = await found(log, settings)
    assert finding.code == code
    assert code == "KEY_MISSING" or str(ANN) in finding.sentence
    await old(admin)
    done = await ran(database, settings, "rotate")
    assert (done.exit_code, f"the data key of {ANN} cannot be opened" in done.stderr) == (1, True)
    assert "2 data keys were wrapped anew" in done.stdout
    assert await admin.fetchval("select wrapped from catch.data_keys where subject = $1", ANN) == there
    assert (await (await keyring_of(log, settings)).unseal(texts))[1:] == ["Ann 2", "Ann 3"]
    if code != "KEY_MISSING":
        refused = await ran(database, settings, "retire", "1")
        assert (refused.exit_code, "key 1 has wrapped data keys" in refused.stderr) == (1, True)
        assert key_file(settings).held() == {1, 2}


# The file


def test_what_is_left_of_a_key_gives_all_that_it_gave_and_unwraps_nothing():
    one, two = bytes(32), bytes([1]) * 32
    whole = KeyFile([one, two])
    left = whole.without(1)
    assert (left.derive(b"x"), left.fingerprints()) == (whole.derive(b"x"), whole.fingerprints())
    assert (left.held(), left.without(1).keys) == ({2}, left.keys)
    assert one not in left.text()
    assert isinstance(left.keys[0], Retired)
    assert left.keys[0] == remains(one) != one


def test_a_retired_line_is_read_as_it_was_written(settings: Settings):
    left = KeyFile([bytes(32), bytes([1]) * 32]).without(1)
    left.write(path_of(settings))
    assert key_file(settings).keys == left.keys
    assert isinstance(key_file(settings).keys[0], Retired)


def lines(*keys: bytes) -> bytes:
    return b"".join(b64encode(key) + b"\n" for key in keys)


ONE, TWO = bytes([1]) * 32, bytes([2]) * 32


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (lines(ONE, TWO)[:-10], 0o600, "key 2 has|base64"),
        (lines(ONE, TWO[:20]), 0o600, "key 2 has 20 bytes, not 32"),
        (lines(ONE, TWO, ONE), 0o600, "keys 1 and 3 are the same one"),
        (lines(ONE) + b"retired:" + lines(remains(ONE)), 0o600, "keys 1 and 2 are the same one"),
        (b"retired:\n", 0o600, "key 1 has 0 bytes"),
        (lines(ONE), 0o620, "others than its owner may write to it"),
        (lines(ONE), 0o602, "others than its owner may write to it"),
    ],
)
def test_a_key_file_that_is_bad_is_refused_in_a_sentence_without_a_secret(
    settings: Settings, content: bytes, mode: int, said: str
):
    path_of(settings).write_bytes(content)
    path_of(settings).chmod(mode)
    with pytest.raises(BadSetting, match=rf"CATCH_KEK_FILE: .*({said})") as refused:
        key_file(settings)
    assert not any(word[:12] in str(refused.value) for word in content.decode().split() if len(word) > 12)


def test_a_key_file_of_our_own_is_nobody_elses(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    key_file(settings)
    assert key_file(settings, begun=True).held() == {1}
    (tmp_path / "keys" / "kek").chmod(0o644)
    with pytest.raises(BadSetting, match="may read it"):
        key_file(settings, begun=True)


async def test_a_file_that_cannot_be_written_is_said_and_what_to_do(
    database: Database, admin: Connection, log: Log, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    _, _ = await kept(log, settings, 1)
    await old(admin)

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(KeyFile, "write", refused)
        done = await ran(database, settings, "rotate")
        assert (done.exit_code, "head -c 32" in done.stderr, len(await known(log.pool))) == (1, True, 1)
        path_of(settings).write_bytes(path_of(settings).read_bytes() + lines(TWO))
        assert (await ran(database, settings, "rotate")).exit_code == 0
        done = await ran(database, settings, "retire", "1")
        assert (done.exit_code, "--print" in done.stderr) == (1, True)
        printed = await ran(database, settings, "retire", "1", "--print")
    path_of(settings).write_text(printed.stdout)
    assert key_file(settings).held() == {2}
    assert await found(log, settings) == []
