"""A second place in the same PostgreSQL, and a place that is moved to another: by the commands of deploy/README.md."""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from catch.database.server import Server, ephemeral
from catch.log import Append, Log, NewEvent, migrate
from tests.conftest import administer, at
from tests.test_deploy import run
from tests.test_deploy_kubernetes import catalog

DEPLOY = Path(__file__).parents[1] / "deploy"
PAGE = (DEPLOY / "README.md").read_text()


class Fresh(NamedTuple):
    server: Server

    @property
    def admin(self) -> str:
        return at(self.server.admin, "catch")

    def psql(self, *arguments: str | Path) -> str:
        return run(self.server.bin / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.admin, *arguments)

    def of(self, role: str) -> str:
        return self.admin.replace("postgres@", f"{role}@")


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Fresh, Fresh]]:
    """Two servers, each with the roles of the first place."""
    run(DEPLOY / "make-secrets.sh", tmp_path / "secrets")
    with ephemeral() as one, ephemeral() as other:
        made = Fresh(one), Fresh(other)
        for each in made:
            asyncio.run(administer(each.server.admin, "create database catch"))
            each.psql("-v", f"secrets={tmp_path / 'secrets'}", "-f", DEPLOY / "postgres" / "10-roles.sql")
        yield made


def leeds(each: Fresh, folder: Path) -> None:
    roles = DEPLOY / "postgres" / "10-roles.sql"
    each.psql("-v", "place=leeds", "-v", f"secrets={folder / 'secrets'}", "-f", roles)


async def happened(dsn: str, schema: str, times: int) -> int:
    log, position = await Log.open(dsn, schema=schema), 0
    for _ in range(times):
        stream = uuid4()
        position = (await log.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),)))).position
    await log.close()
    return position


def test_a_second_places_roles_are_made_as_the_page_says(both: tuple[Fresh, Fresh], tmp_path: Path):
    by_hand, by_page = both
    leeds(by_hand, tmp_path)
    (command,) = re.findall(r"^(\{ echo 'create role leeds_owner.*?\}) \|$", PAGE, re.MULTILINE)
    text = run("sh", "-c", f"cd {DEPLOY}/kubernetes && {command}")
    subprocess.run(
        [by_page.server.bin / "psql", "-Xq1", "-v", "ON_ERROR_STOP=1", "-d", by_page.admin],
        input=text, text=True, check=True, capture_output=True,
    )  # fmt: skip
    made = catalog(by_page.server, "leeds")
    assert made == catalog(by_hand.server, "leeds")
    assert catalog(by_page.server) == catalog(by_hand.server)
    assert asyncio.run(migrate(by_page.of("leeds_owner"), "leeds"))
    assert asyncio.run(happened(by_page.of("leeds_app"), "leeds", 1)) > 0


def test_neither_place_may_read_the_other(both: tuple[Fresh, Fresh], tmp_path: Path):
    here, _ = both
    leeds(here, tmp_path)
    asyncio.run(migrate(here.of("catch_owner")))
    asyncio.run(migrate(here.of("leeds_owner"), "leeds"))
    for role, other in (("catch_app", "leeds"), ("leeds_app", "catch"), ("leeds_owner", "catch")):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            asyncio.run(administer(here.of(role), f"select * from {other}.stored_events"))


def test_a_place_that_was_moved_goes_on_where_it_was(both: tuple[Fresh, Fresh], tmp_path: Path):
    old, new = both
    leeds(old, tmp_path)
    leeds(new, tmp_path)
    asyncio.run(migrate(old.of("leeds_owner"), "leeds"))
    last = asyncio.run(happened(old.of("leeds_app"), "leeds", 20))
    schemas = re.findall(r"pg_dump -h OLD .*?((?: -n \w+)+) >", PAGE)[0].split()
    run(old.server.bin / "pg_dump", "-Fc", *schemas, "-f", tmp_path / "leeds.dump", old.admin)
    restore = ("--exit-on-error", "--single-transaction", "-d", new.admin)
    run(new.server.bin / "pg_restore", *restore, tmp_path / "leeds.dump")
    count = "select count(*), max(notification_id) from leeds.stored_events"
    assert new.psql("-Atc", count) == old.psql("-Atc", count) == f"20|{last}\n"
    old.psql("-c", "alter role leeds_app nologin", "-c", "alter role leeds_owner nologin")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        asyncio.run(administer(old.of("leeds_app"), "select 1"))
    assert asyncio.run(migrate(new.of("leeds_owner"), "leeds")) == []
    assert asyncio.run(happened(new.of("leeds_app"), "leeds", 1)) > last
    for refused in ("delete from leeds.stored_events", "create table leeds.mine (id int)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            asyncio.run(administer(new.of("leeds_app"), refused))
