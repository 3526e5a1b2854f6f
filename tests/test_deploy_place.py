"""The database as deploy/ has an operator set it up, and the server on it, with the rights and secrets of there."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import yaml

from catch.database import connect
from catch.database.server import Server, ephemeral
from catch.log import Append, Log, NewEvent, migrate
from catch.log.migrations import migrations
from catch.personal import KeyFile
from tests.conftest import administer, at, eventually

DEPLOY = Path(__file__).parents[1] / "deploy"
ROLES = DEPLOY / "postgres" / "10-roles.sql"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
KEYCLOAK: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.keycloak.yaml").read_text())


class Place(NamedTuple):
    """`secrets` are as they were made, `seen` the same with this test's server in the addresses."""

    server: Server
    secrets: Path
    seen: Path
    owner: str
    app: str

    def environ(self, service: str) -> dict[str, str]:
        """What the compose file gives the service, and nothing else."""
        given: dict[str, str] = COMPOSE["services"][service]["environment"]
        return {name: value.replace("/run/secrets", str(self.seen)) for name, value in given.items()}


def run(*command: str | Path, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A new cluster that asks for passwords, with the secrets and the roles that deploy/ makes, migrated."""
    secrets = tmp_path_factory.mktemp("deploy") / "secrets"
    run(DEPLOY / "make-secrets.sh", secrets)
    with ephemeral() as fresh:
        asyncio.run(administer(fresh.admin, "create database catch"))
        admin = at(fresh.admin, "catch")
        run(fresh.bin / "psql", "-Xq", "-d", admin, "-v", f"secrets={secrets}", "-f", ROLES)
        asyncio.run(ask_for_passwords(admin))
        seen = shutil.copytree(secrets, secrets.with_name("seen"))
        for name in ("owner_url", "database_url"):
            address = (seen / name).read_text().replace("@db:5432/catch", f"@/catch?{urlsplit(admin).query}")
            (seen / name).unlink()
            (seen / name).write_text(address)
        owner, app = ((seen / name).read_text().strip() for name in ("owner_url", "database_url"))
        made = Place(Server(admin, app), secrets, seen, owner, app)
        applied = run(sys.executable, "-m", "catch", "migrate", environ=made.environ("migrate"))
        assert applied.splitlines() == [f"applied {migration.name}" for migration in migrations()]
        yield made


async def ask_for_passwords(admin: str) -> None:
    connection = await connect(admin)
    path = await connection.fetchval("show hba_file")
    rules = "values ('local all postgres trust'), ('local all all scram-sha-256')"
    await connection.execute(f"copy ({rules}) to '{path}'")
    await connection.execute("select pg_reload_conf()")
    await connection.close()

    async def refused() -> bool:
        try:
            await (await connect(admin.replace("postgres@", "catch_app:wrong@"))).close()
        except asyncpg.InvalidPasswordError:
            return True
        return False

    await eventually(refused)


async def happen(log: Log) -> int:
    stream = uuid4()
    return (await log.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),)))).position


async def test_the_application_appends_and_can_neither_change_nor_migrate(place: Place):
    log = await Log.open(place.app)
    assert await happen(log) > 0
    for refused in (
        "update catch.stored_events set topic = 'Other'",
        "delete from catch.stored_events",
        "truncate catch.stored_events",
        "create table catch.mine (id int)",
        "create schema mine",
        "create temporary table mine (id int)",
        "set role catch_owner",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await log.pool.execute(refused)
    await log.close()
    assert await migrate(place.app) == []


async def test_the_owner_migrates_and_is_no_more_than_the_owner(place: Place):
    await administer(place.server.admin, "revoke create on database catch from catch_owner")
    assert await migrate(place.owner) == []
    owner = await connect(place.owner)
    power = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
    rows = await owner.fetch(f"select rolname, {power} from pg_roles where rolname like 'catch%' order by 1")
    assert [tuple(row) for row in rows] == [
        (f"catch_{name}", *[False] * 5) for name in ("app", "owner", "reader", "writer")
    ]
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute("delete from catch.stored_events")
    await owner.close()


def test_the_server_starts_is_ready_and_stops_with_what_its_service_is_given(place: Place, tmp_path: Path):
    nowhere = tmp_path / "nowhere"
    environ = place.environ("server") | {"CATCH_DATA_DIR": str(nowhere), "PATH": ""}
    command = [sys.executable, "-m", "catch", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            listening = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)/graphql\n", server.stdout.readline())
            assert listening is not None
            run(sys.executable, "-IS", DEPLOY / "ready.py", environ={"CATCH_PORT": listening[1]})
        finally:
            server.terminate()
        assert server.wait(10) == 0
    assert not nowhere.exists()


async def test_what_was_backed_up_in_two_parts_is_restored_and_goes_on(place: Place, tmp_path: Path):
    log = await Log.open(place.app)
    last = await happen(log)
    await log.pool.execute("insert into data_keys (subject, wrapped) values ($1, 'wrapped')", uuid4())
    kept = await log.pool.fetchval("select count(*) from data_keys")
    await log.close()
    tools, admin = place.server.bin, place.server.admin
    run(tools / "pg_dump", "-Fc", "--exclude-table-data=catch.data_keys", "-f", tmp_path / "log", admin)
    run(tools / "pg_dump", "-Fc", "--data-only", "--table=catch.data_keys", "-f", tmp_path / "keys", admin)
    everybody = "catch_owner, catch_app, catch_reader"
    await administer(
        admin,
        "create database restored",
        "revoke all on database restored from public",
        f"grant connect on database restored to {everybody}",
    )
    run(tools / "pg_restore", "--exit-on-error", "-d", at(admin, "restored"), tmp_path / "log")
    restored = await Log.open(at(place.app, "restored"))
    assert await restored.pool.fetchval("select count(*) from data_keys") == 0
    run(tools / "pg_restore", "--exit-on-error", "-d", at(admin, "restored"), tmp_path / "keys")
    assert await restored.pool.fetchval("select count(*) from data_keys") == kept
    assert await restored.head() == last
    assert await happen(restored) > last
    for refused in ("delete from catch.stored_events", "create temporary table mine (id int)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await restored.pool.execute(refused)
    await restored.close()
    assert await migrate(at(place.owner, "restored")) == []


async def test_the_key_file_can_be_used_and_a_line_added_to_it_wraps_from_then_on(place: Place, tmp_path: Path):
    old, person = KeyFile.read(place.secrets / "kek"), uuid4()
    wrapped = await old.wrap(person, b"data key")
    longer = tmp_path / "kek"
    longer.write_text((place.secrets / "kek").read_text() + run("sh", "-c", "head -c 32 /dev/urandom | base64"))
    new = KeyFile.read(longer)
    assert await new.unwrap({person: wrapped}) == {person: b"data key"}
    assert await old.unwrap({person: await new.wrap(person, b"data key")}) == {}


def test_the_secrets_are_made_once(place: Place):
    held = {path.name: path.read_bytes() for path in place.secrets.iterdir()}
    assert held.keys() == COMPOSE["secrets"].keys() | KEYCLOAK["secrets"].keys()
    assert len(set(held.values())) == len(held)
    assert place.secrets.stat().st_mode & 0o777 == 0o700
    again = subprocess.run([DEPLOY / "make-secrets.sh", place.secrets], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "nothing was changed" in again.stderr
    assert held == {path.name: path.read_bytes() for path in place.secrets.iterdir()}


def test_roles_are_not_made_without_passwords_and_a_second_place_has_its_own(place: Place, tmp_path: Path):
    psql = [place.server.bin / "psql", "-Xq", "-d", place.server.admin]
    leeds = [*psql, "-v", "place=leeds", "-f", ROLES, "-v"]
    done = subprocess.run([*leeds, f"secrets={tmp_path}"], env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "must hold 16 characters" in done.stderr
    count = "select count(*) from pg_roles where rolname like 'leeds%'"
    assert run(*psql, "-Atc", count) == "0\n"
    run(*leeds, f"secrets={place.secrets}")
    assert run(*psql, "-Atc", count) == "4\n"
    owner = place.owner.replace("catch_owner:", "leeds_owner:")
    assert len(asyncio.run(migrate(owner, "leeds"))) == len(migrations())
