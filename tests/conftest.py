"""A real PostgreSQL for every test that asks: one server a worker, one migrated template, one clone a test."""

import asyncio
import inspect
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from hypothesis import settings

import projections
from catch.database import Connection, connect
from catch.database.server import Server, ephemeral
from catch.log import Log, migrate
from catch.log.codec import CODEC
from catch.readside import rebuild
from catch.settings import Settings
from tests.place import Place, placed
from tests.whole import FAILURES

# The same examples in every run, so that a run says something of the change and nothing of its luck. To look for new
# ones: HYPOTHESIS=explore make unit
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS", "steady"))


DEADLINE = 600.0
"""Seconds for a test. One that waits for ever, as for a browser, fails by its name instead of holding up all others."""


def bounded(test: Callable[..., Awaitable[None]], seconds: float) -> Callable[..., Awaitable[None]]:
    @wraps(test)
    async def within(*args: Any, **named: Any) -> None:
        async with asyncio.timeout(seconds):
            await test(*args, **named)

    return within


def pytest_itemcollected(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = bounded(item.obj, DEADLINE)


SILENT_AFTER = (
    "catch.database.database.WITHIN",
    "catch.database.pool.TURN",
    "catch.evidence.reads.PATIENCE",
    "catch.identity.logout.DEAF",
    "catch.identity.logout.LOOKED",
    "catch.log.connection.HELD_UP",
    "catch.log.wake.UNANSWERED",
)
HELD_UP = 60.0
"""Seconds in the place of each of these: two cores that run tests on both are held up for longer than a server is, and
a database that waits for its turn on them has not fallen silent."""


@pytest.fixture(scope="module", autouse=True)
def patient(request: pytest.FixtureRequest) -> Iterator[None]:
    """Modules about silence itself are marked `punctual`: theirs are the program's own times."""
    with pytest.MonkeyPatch.context() as patch:
        for name in () if request.node.get_closest_marker("punctual") else SILENT_AFTER:
            patch.setattr(name, HELD_UP)
        yield


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A failure is named when it happens: a run of everything takes long to end."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        sys.stderr.write(f"\n{report.when} failed: {report.nodeid}\n")
        if (failures := os.environ.get(FAILURES)) is not None:
            with Path(failures).open("a", encoding="utf-8") as names:
                names.write(f"{report.nodeid}\n")


class Database(NamedTuple):
    """`admin` is a superuser's address of the test's own database, `dsn` the application's."""

    admin: str
    dsn: str


def at(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


async def eventually(look: Callable[[], Awaitable[object]]) -> None:
    """Until it is so; a test that waits in vain fails after half a minute."""
    async with asyncio.timeout(30):
        for pause in repeat(0.01):
            if await look():
                return
            await asyncio.sleep(pause)


async def administer(dsn: str, *statements: str) -> None:
    connection = await connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The operator's server if CATCH_DATABASE_URL names one, otherwise one of this worker's own."""
    url = Settings.read().database_url
    if url is not None:
        yield Server(url, url)
        return
    with ephemeral() as running:
        yield running


async def set_up(dsn: str) -> None:
    """As `catch migrate` leaves it, and with the read models in place, which every server would make first."""
    await migrate(dsn)
    log = await Log.open(dsn)
    await rebuild(log, CODEC.decode, projections.ALL)
    await log.close()


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    name = f"catch_template_{os.getpid()}_{uuid4().hex[:8]}"
    asyncio.run(administer(server.admin, f"create database {name}"))
    asyncio.run(set_up(at(server.admin, name)))
    yield name
    asyncio.run(administer(server.admin, f"drop database {name} with (force)"))


Furnished = Callable[[], AbstractAsyncContextManager[Place]]


@pytest.fixture(scope="module")
def furnished(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """A place with a database of its own, for as long as a module wants it."""

    @asynccontextmanager
    async def one() -> AsyncGenerator[Place]:
        name = f"catch_place_{uuid4().hex}"
        await administer(server.admin, f"create database {name} template {template}")
        async with placed(at(server.admin, name), at(server.app, name), tmp_path_factory.mktemp("place")) as place:
            yield place
        await administer(server.admin, f"drop database {name} with (force)")

    return one


@pytest.fixture
async def database(server: Server, template: str) -> AsyncIterator[Database]:
    name = f"catch_test_{uuid4().hex}"
    await administer(server.admin, f"create database {name} template {template}")
    yield Database(at(server.admin, name), at(server.app, name))
    await administer(server.admin, f"drop database {name} with (force)")


@pytest.fixture
def dsn(database: Database) -> str:
    """What the program connects with."""
    return database.dsn


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Connection]:
    """A superuser's connection to the test's database."""
    connection = await connect(database.admin)
    yield connection
    await connection.close()


@pytest.fixture
async def log(dsn: str) -> AsyncIterator[Log]:
    opened = await Log.open(dsn)
    # As a server does that starts: a clone of the template is a place of its own.
    await opened.generations.settle(opened.pool)
    yield opened
    await opened.close()
