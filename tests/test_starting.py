"""A place opens when its read models hold what the log says: it waits as long as they come nearer, and no longer."""

import asyncio
import logging
from pathlib import Path
from uuid import uuid4

import pytest

import projections
from catch.app import opened
from catch.database import Connection
from catch.database.server import Server
from catch.log import Append, Log, NewEvent
from catch.readside import NotCaughtUp
from catch.readside.lease import LEAVE, TAKE
from catch.settings import Settings
from tests.conftest import Database

TABLES = [projection.table for projection in projections.ALL]


async def opening(database: Database, folder: Path) -> int:
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=folder)) as catch:
        return catch.readside.position


@pytest.fixture
async def held_up(log: Log, admin: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else keeps all tables and does nothing."""
    stream = uuid4()
    await log.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Unheard", b"{}"),)))
    await admin.execute("set search_path = catch_read")
    assert len(await admin.fetch(TAKE, TABLES)) == len(TABLES)
    monkeypatch.setattr("catch.app.LOOK", 0.05)


async def test_it_is_given_up_when_nothing_moves(
    held_up: None, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("catch.app.STANDSTILL", 0.3)
    with pytest.raises(NotCaughtUp), caplog.at_level(logging.WARNING, "catch.place"):
        await opening(database, tmp_path)
    assert "read models are being built: position=0 of=1" in caplog.messages


async def test_it_opens_as_soon_as_they_are_built(
    held_up: None, database: Database, admin: Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    task = asyncio.create_task(opening(database, tmp_path))
    async with asyncio.timeout(30):
        while "read models are being built: position=0 of=1" not in caplog.messages:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert not task.done()
    await admin.execute(LEAVE, TABLES)
    assert await asyncio.wait_for(task, 10) == 1
