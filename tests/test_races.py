"""Uniqueness and refusals hold over two servers as on one, one after the other and at once. `make soak` runs a thousand
rounds of each.

Controls: no registers; what was looked at is not expected to stand; what was decided is recorded whatever came since.
"""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from catch.commands.book import Book
from catch.database.server import Server
from catch.log import Log
from tests.conftest import administer, at
from tests.faults import races
from tests.faults.races import RACES, Race, Servers, run

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIMES = int(os.environ.get("CATCH_RACES", "20"))
IN_REGISTERS = (races.meetings, races.caseloads, races.nhs_numbers)
IN_A_STREAM = (races.enrolments, races.accounts, races.invitations)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    name = f"catch_races_{os.getpid()}"
    await administer(server.admin, f"create database {name} template {template}")
    reached = Server(at(server.admin, name), at(server.app, name))
    async with races.servers(reached, tmp_path_factory.mktemp("races")) as found:
        yield found
    await administer(server.admin, f"drop database {name} with (force)")


@pytest.mark.parametrize("race", RACES)
async def test_one_after_the_other_at_one_server_and_then_at_the_other(servers: Servers, race: Race):
    assert await run(servers, race, "in_turn", TIMES) == []


@pytest.mark.parametrize("race", RACES)
async def test_at_once_at_both(servers: Servers, race: Race):
    assert await run(servers, race, "at_once", TIMES) == []


@pytest.mark.parametrize("race", IN_REGISTERS)
async def test_control_without_registers_both_are_let_through(
    servers: Servers, race: Race, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Book, "enter", races.no_registers)
    monkeypatch.setattr(Log, "append", races.abreast(Log.append))
    assert await run(servers, race, "at_once", 10) != []


@pytest.mark.parametrize("race", IN_A_STREAM)
async def test_control_recorded_behind_whatever_came_since_both_are_there(
    servers: Servers, race: Race, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Log, "append", races.insisting(races.abreast(Log.append)))
    assert await run(servers, race, "at_once", 10) != []


@pytest.mark.parametrize("mode", races.MODES)
async def test_control_where_nothing_is_expected_to_stand_the_suspended_go_on(
    servers: Servers, mode: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Book, "expects", races.expects_nothing)
    assert await run(servers, races.suspensions, mode, 10) != []
