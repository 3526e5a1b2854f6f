"""A setting that cannot be used is answered in a sentence that names it, says what to do, and repeats no secret."""

import asyncio
import re
import socket
from pathlib import Path
from uuid import uuid4

import pytest

from catch.api.engine.registered import registered
from catch.app import key_file
from catch.cli import main
from catch.database.reaching import miswritten, reached
from catch.database.server import Server, embedded
from catch.identity.settings import FILE, OF_PLACE
from catch.log import migrate
from catch.log.migrations import CannotMigrate
from catch.settings import NAMES, OF_SIGNING_IN, BadSetting, Settings, unknown
from catch.web.listening import bound
from tests.conftest import Database, administer, at
from tests.test_deploy_kubernetes import Asked

ADDRESSES = {
    "postgresql://u:s3cret@127.0.0.1:1/x": "nothing answers at 127.0.0.1:1",
    "postgresql://u:s3cret@no-such-host.invalid/x": "there is no host no-such-host.invalid",
    "postgresql:///x?host=/nonexistent&password=s3cret": "nothing answers at /nonexistent",
    "mysql://u:s3cret@h/x": "this is no address such as postgresql://",
    "postgresql://u:s3cret@h:notaport/x": "this is no address such as postgresql://",
    "postgresql://u:s3@cret@127.0.0.1:5999/x": "in a user's name or password @ is written %40",
    "postgresql://u:s3/cret@127.0.0.1:5999/x": "in a user's name or password @ is written %40",
    "postgresql://u:s3#cret@127.0.0.1:5999/x": "in a user's name or password @ is written %40",
    "postgres://u:s3?cret@127.0.0.1:5999/x": "in a user's name or password @ is written %40",
    "postgres://u:s3%40cret@127.0.0.1:1/x": "nothing answers at 127.0.0.1:1",
    "s3cret": "this is no address such as postgresql://",
}


@pytest.mark.parametrize(("address", "said"), ADDRESSES.items())
async def test_a_database_that_is_not_reached_is_named_by_its_setting_and_host(address: str, said: str):
    with pytest.raises(BadSetting) as refused:
        await reached(Settings(Path(), database_url=address))
    assert str(refused.value).startswith(f"CATCH_DATABASE_URL: {said}")
    with pytest.raises(BadSetting) as refused:
        await reached(Settings(Path(), database_url=address, owner_url=address))
    assert str(refused.value).startswith(f"CATCH_OWNER_URL: {said}")
    assert "s3cret" not in str(refused.value)


async def pooler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers as PgBouncer answers what it does not take over."""
    length = int.from_bytes(await reader.readexactly(4), "big")
    if (await reader.readexactly(length - 4))[:4] == SSL_WANTED:
        writer.write(b"N")
        await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big") - 4)
    fields = b"SFATAL\0C08P01\0Munsupported startup parameter: bytea_output\0\0"
    writer.write(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
    writer.close()


SSL_WANTED = (80877103).to_bytes(4, "big")


async def test_a_pooler_that_drops_what_a_session_asks_for_is_told_as_one():
    async with await asyncio.start_server(pooler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BadSetting, match="name PostgreSQL itself"):
            await reached(Settings(Path(), database_url=f"postgresql://u@127.0.0.1:{port}/x"))


async def test_a_database_that_has_no_such_name_or_user_is_told_apart(database: Database):
    wrong = {
        at(database.admin, "nothing_here"): "there is no such database at",
        database.dsn.replace("catch_app@", "nobody@"): "does not let this user in: set the place up first",
    }
    for address, said in wrong.items():
        with pytest.raises(BadSetting, match=said):
            await reached(Settings(Path(), database_url=address))
    await reached(Settings(Path(), database_url=database.dsn, owner_url=database.admin))
    # Whom the owner has not made yet, the owner makes.
    await reached(Settings(Path(), database_url=[*wrong][1], owner_url=database.admin))


async def test_a_server_before_migrate_says_what_to_run(server: Server):
    name = f"catch_bare_{uuid4().hex}"
    await administer(server.admin, f"create database {name}")
    try:
        with pytest.raises(CannotMigrate, match=r"`catch migrate` first.*CATCH_OWNER_URL"):
            await migrate(at(server.app, name))
    finally:
        await administer(server.admin, f"drop database {name} with (force)")


KEYS = {
    b"": "it must hold 1 to 255 keys, not 0",
    b"s3cret": "it must hold keys in base64, one a line, and nothing else",
    b"\xff\xfe": "it must hold keys in base64",
    b"AAAA\n": "key 1 has 3 bytes, not 32",
    b"A" * 43 + b"=\nAAAA\n": "key 2 has 3 bytes, not 32",
}


@pytest.mark.parametrize(("content", "said"), KEYS.items())
def test_a_key_that_is_none_is_said_to_be_none(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "kek"
    path.write_bytes(content)
    with pytest.raises(BadSetting, match="CATCH_KEK_FILE") as refused:
        key_file(Settings(tmp_path, kek_file=path))
    assert f"{path}: {said}" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_key_that_is_not_there_is_not_made(tmp_path: Path):
    with pytest.raises(BadSetting, match=r"CATCH_KEK_FILE: .*No such file.*made once and kept in a safe place"):
        key_file(Settings(tmp_path, kek_file=tmp_path / "kek"))
    with pytest.raises(BadSetting, match=r"CATCH_KEK_FILE: .*Is a directory"):
        key_file(Settings(tmp_path, kek_file=tmp_path))
    assert not (tmp_path / "kek").exists()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u@h/x?user=a@b",
        "postgresql:///x?host=/a&user=a@b",
        "postgresql://u@a,b:1/x",
        "postgresql://h/x@y",
        "postgresql://[::1]/x?user=a@b",
    ],
)
def test_a_sign_where_it_may_stand_is_not_taken_for_a_password(address: str):
    assert miswritten(address) is None


def test_what_the_readme_gives_as_a_default_may_be_said():
    """Each setting's default, as the README has it in brackets."""
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `CATCH_")]
    said = {
        name: value
        for row in rows
        for name, value in zip(
            re.findall("`(CATCH_[A-Z_]+)`", row.split("|")[1]), re.findall(r"\((\d+)[);]", row), strict=False
        )
    }
    assert {
        "CATCH_DRAIN": "0",
        "CATCH_DOOR_RATE": "6",
        "CATCH_RATE": "50",
        "CATCH_BURST": "200",
    }.items() <= said.items()
    assert Settings.read(said).drain == 0
    for name in ("CATCH_POOL", "CATCH_APPEND_QUEUE", "CATCH_APPEND_DEADLINE", "CATCH_DOOR_RATE"):
        with pytest.raises(BadSetting, match=f"{name} must be a whole number from 1"):
            Settings.read({name: "0"})


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "٣", "70000", "9" * 5000])
def test_a_port_is_a_port(text: str):
    with pytest.raises(BadSetting, match="CATCH_PORT must be a whole number from 1 to 65,535") as refused:
        Settings.read({"CATCH_PORT": text})
    assert len(str(refused.value)) < 200


def test_an_address_or_a_port_that_cannot_be_listened_at_is_named():
    with pytest.raises(BadSetting, match="CATCH_HOST, or --host"):
        bound("no-such-host.invalid", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=f"CATCH_PORT, or --port: {port} at 127.0.0.1 is in use already"):
            bound("127.0.0.1", port)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(BadSetting, match="CATCH_OPERATIONS_DIR: there is no folder"):
        registered({}, None, tmp_path / "none", development=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="CATCH_DATA_DIR"), embedded(tmp_path / "file" / "postgres"):
        pass


# Names


def test_every_setting_that_is_read_has_a_known_name():
    asked = Asked()
    Settings.read(asked)
    assert {name for name in asked.names if name.startswith("CATCH_")} == NAMES - {*OF_SIGNING_IN}
    assert {*OF_SIGNING_IN} == {*OF_PLACE, FILE}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CATCH_DATABSE_URL", "CATCH_DATABASE_URL"),
        ("CATCH_DATABASE_URL_FIL", "CATCH_DATABASE_URL_FILE"),
        ("CATCH_SCHEME", "CATCH_SCHEMA"),
        ("CATCH_DOORS", "CATCH_DOOR"),
        ("CATCH_ORIGIN", "CATCH_ORIGINS"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_one_that_is_meant(name: str, meant: str):
    with pytest.raises(BadSetting, match=f"{name} is no setting: is {meant} meant"):
        unknown({name: "s3cret"})


def test_a_name_that_is_like_no_other_is_told_and_those_that_are_known_are_not():
    # The tests' own, for one, and what links between containers are called.
    strange = ["CATCH_CANARIES", "CATCH_MEETINGS", "CATCH_OPPOSITES", "CATCH_RACES", "CATCH_SERVICE_HOST"]
    assert unknown(dict.fromkeys([*strange, *NAMES, "CATCH_OIDC_ISSUER", "OTHER_PORT"], "x")) == strange


def test_the_program_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.argv", ["catch", "programmes", "shipped"])
    monkeypatch.setenv("CATCH_DATABSE_URL", "s3cret")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "is CATCH_DATABASE_URL meant?" in capsys.readouterr().err
