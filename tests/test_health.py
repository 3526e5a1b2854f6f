"""Is the server alive, and is it ready: what whoever keeps it running asks."""

import asyncio
import resource
from collections.abc import Generator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.place import placed
from tests.wire import wire


async def test_a_server_is_ready_while_it_reaches_its_records(database: Database, tmp_path: Path):
    async with wire(database.dsn) as line, placed(database.admin, line.dsn, tmp_path) as place:
        await place.settled()
        ready = await place.http.get("/health/ready")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready", "writing": "yes", "clock": "right"})
        await line.cut()
        away = await place.http.get("/health/ready")
        assert (away.status_code, away.json()) == (503, {"status": "not ready"})
        alive = await place.http.get("/health/live")
        assert (alive.status_code, alive.json()) == (200, {"status": "live"})
        await line.mend()
        async with asyncio.timeout(30):
            while (await place.http.get("/health/ready")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_whoever_is_nobody_learns_nothing_of_the_place(database: Database, tmp_path: Path):
    """No position, no version, no name of a place: not in a body, not in a header, not in a refusal."""
    async with placed(database.admin, database.dsn, tmp_path) as place:
        await place.settled()
        answers = [await place.http.get(path) for path in ("/health/live", "/health/ready", "/", "/graphql")]
        answers += [await place.http.post(path) for path in ("/graphql", "/logout/backchannel", "/health/ready")]
        for answer in answers:
            said = (answer.text + " ".join(f"{name}: {value}" for name, value in answer.headers.items())).lower()
            telling = ("uvicorn", "litestar", "python", "postgres", "position", "version", "snn", "catch/")
            assert not [word for word in telling if word in said], (answer.url, said)


async def test_health_tells_nothing_else_and_takes_nothing_but_get(database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        for path in ("/health/live", "/health/ready"):
            assert (await place.http.post(path)).status_code == 405
        for path in ("/health", "/schema", "/docs", "/openapi.json"):
            assert (await place.http.get(path)).status_code == 404


@pytest.fixture
def few_files() -> Generator[int]:
    """As many open files as a process may have where nobody has raised the limit, or fewer."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield 256
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_a_server_asks_for_as_many_open_files_as_it_may_have(few_files: int, database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place, AsyncExitStack() as clients:
        # Each is two files here: the server's end and the client's own.
        connected = [await clients.enter_async_context(place.knock()) for _ in range(few_files // 2)]
        await connected[-1].send(type="ping")
        assert (await connected[-1].receive())["type"] == "pong"
