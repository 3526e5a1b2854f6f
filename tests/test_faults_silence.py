"""A database that falls silent, without a word and without an end: everybody is answered in seconds all the same.

Bounds are three times what is claimed, so that a busy machine fails none of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

import pytest

from catch.identity import logout
from catch.log import wake
from tests.conftest import Database, eventually
from tests.faults import waits
from tests.holes import Hole, Way, hole
from tests.place import COORDINATOR, Case, Place, placed
from tests.test_api_outage import FOLLOW, NOTE, READ, insisted, noted

pytestmark = pytest.mark.punctual

ANSWERED = 3.0 * 3
READY = 2.0 * 3
BACK = 2.0 * 3
STOPPED = 30.0
T = TypeVar("T")


class Fallen(NamedTuple):
    place: Place
    way: Hole
    case: Case
    """Somebody works on it."""


@pytest.fixture
async def fallen(database: Database, tmp_path: Path) -> AsyncIterator[Fallen]:
    async with hole(database.dsn) as way, placed(database.admin, way.dsn, tmp_path) as place:
        case = await place.worked_on("Ada Quillbrook")
        await place.settled()
        yield Fallen(place, way, case)
        way.leads(Way.THROUGH)


async def within(seconds: float, work: Awaitable[T], what: str) -> T:
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        found = await work
    print(f"{what}: {time.monotonic() - began:.2f} s")
    return found


async def asked(place: Place, case: UUID) -> tuple[int, Any]:
    answer = await place.post({"query": READ, "variables": {"case": str(case)}})
    return answer.status_code, answer.json()


async def ready(place: Place) -> int:
    return (await place.http.get("/health/ready")).status_code


def refusal(body: Any) -> str:
    return body["errors"][0]["extensions"]["code"]


async def test_queries_commands_and_health_are_answered_while_the_database_is_silent(fallen: Fallen):
    place, way, case = fallen
    way.leads(Way.NOWHERE)
    await asyncio.sleep(1.1)  # what is at hand is good for a second
    many = [asyncio.create_task(asked(place, case.case)) for _ in range(30)]
    what = {"case": str(case.case), "note": str(uuid4()), "c": str(uuid4())}
    command = asyncio.create_task(noted(place, **what))
    assert await within(READY, ready(place), "not ready after") == 503
    for answer in await within(ANSWERED, asyncio.gather(*many), "30 queries answered after"):
        assert (answer[0], refusal(answer[1])) == (503, "UNAVAILABLE")
    assert (await within(ANSWERED, command, "a command answered after"))["code"] == "UNAVAILABLE"
    # Once it is known to be silent, nobody waits at all.
    status, body = await within(1.5, asked(place, case.case), "the next query after")
    assert (status, refusal(body)) == (503, "UNAVAILABLE")
    assert await within(1.5, ready(place), "health, the next time, after") == 503
    way.leads(Way.THROUGH)
    await within(BACK, until(lambda: asked(place, case.case), 200), "queries are back after")
    await within(BACK, until(lambda: ready(place), 200), "ready again after")
    # What was told to other servers meanwhile is heard of as well.
    await eventually(lambda: recorded(place, **what))


async def recorded(place: Place, **variables: Any) -> bool:
    answer: Any = await place.answer(NOTE, COORDINATOR, **variables)
    return "errors" not in answer and answer["data"]["addNote"].get("events") == ["NoteAdded"]


async def until(look: Any, status: int) -> None:
    while True:
        found = await look()
        if (found[0] if isinstance(found, tuple) else found) == status:
            return
        await asyncio.sleep(0.05)


async def test_subscribers_hear_afterwards_of_what_happened_meanwhile(
    fallen: Fallen, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Whose sign-out cannot be looked up has to come back: that is another deadline, with its own tests.
    monkeypatch.setattr(logout, "DEAF", 60.0)
    place, way, case = fallen
    async with place.live(COORDINATOR) as client, placed(database.admin, database.dsn, tmp_path) as elsewhere:
        await client.subscribe("c", FOLLOW, case=str(case.case))
        assert (await client.next("c"))["event"] == "Present"
        way.leads(Way.NOWHERE)
        there = {"case": str(case.case), "note": str(uuid4()), "c": str(uuid4())}
        accepted = await insisted(elsewhere, **there)
        await asyncio.sleep(4)  # long enough to be taken for gone
        way.leads(Way.THROUGH)
        update = await within(BACK, client.next("c"), "the subscriber hears after")
        assert update["position"] == accepted["position"]


async def test_a_server_stops_though_the_database_is_silent(database: Database, tmp_path: Path):
    async with AsyncExitStack() as stack:
        way = await stack.enter_async_context(hole(database.dsn))
        served = AsyncExitStack()
        place = await served.enter_async_context(placed(database.admin, way.dsn, tmp_path))
        case = await place.worked_on("Ada Quillbrook")
        client = await served.enter_async_context(place.live(COORDINATOR))
        await client.subscribe("c", FOLLOW, case=str(case.case))
        assert (await client.next("c"))["event"] == "Present"
        way.leads(Way.NOWHERE)
        what = {"case": str(case.case), "note": str(uuid4()), "c": str(uuid4())}
        waiting = [asyncio.create_task(noted(place, **what)), asyncio.create_task(asked(place, case.case))]
        await asyncio.sleep(0.1)
        await within(STOPPED, served.aclose(), "stopped after")
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_control_without_the_beat_nobody_is_answered(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wake, "UNANSWERED", 60.0)
    async with hole(database.dsn) as way, placed(database.admin, way.dsn, tmp_path) as place:
        case = await place.worked_on("Ada Quillbrook")
        await place.settled()
        # So that no new connection is what is waited for.
        await asyncio.gather(*(asked(place, case.case) for _ in range(20)))
        way.leads(Way.NOWHERE)
        await asyncio.sleep(1.1)
        try:
            with pytest.raises(TimeoutError):
                await within(ANSWERED, asked(place, case.case), "answered")
        finally:
            way.leads(Way.THROUGH)
            place.catch.log.database.hang_up()


async def test_a_command_that_was_cut_off_is_recorded_once(fallen: Fallen):
    place, way, case = fallen
    what = {"case": str(case.case), "note": str(uuid4()), "c": str(uuid4())}
    first = asyncio.create_task(insisted(place, **what))
    way.leads(Way.NOWHERE)
    await eventually(lambda: silent(place))
    way.leads(Way.THROUGH)
    accepted = await first
    assert await noted(place, **what) == accepted


async def silent(place: Place) -> bool:
    return place.catch.log.database.silent


async def test_readiness_says_of_a_full_disk_that_nothing_is_recorded(tmp_path: Path):
    assert not said_wrongly(await waits.disk_full(tmp_path, 1))


async def test_control_a_disk_that_is_not_full_is_found_out(tmp_path: Path):
    assert said_wrongly(await waits.disk_full(tmp_path, 1, full="select 1"))


def said_wrongly(found: waits.Waits) -> list[str]:
    """How long it took is looked at in `make soak`."""
    return [each for each in found.problems if each.startswith(("readiness", "a query"))]
