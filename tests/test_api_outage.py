"""The database goes away in the middle of a command: an error with a code, and the fact recorded once."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from catch.database import Connection
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from tests.conftest import Database, eventually
from tests.place import COORDINATOR, Place, placed
from tests.wire import Wire, wire

NOTE = """mutation($case: UUID!, $note: UUID!, $c: UUID!) {
  addNote(commandId: $c, input: { case: $case, note: $note, category: DISCUSSION, text: "Came by" }) {
    ... on Accepted { position version events }
    ... on Refused { code message } } }"""
FOLLOW = """subscription($case: UUID!) { caseUpdates(caseId: $case) {
    __typename
    ... on CaseUpdate { position event } ... on Hidden { position } ... on ResyncRequired { position reason } } }"""
READ = "query($case: UUID!) { case(id: $case) { version notes { text } } }"
HOLD = "select pg_advisory_xact_lock(hashtext('catch.append'))"
IN_FLIGHT = (
    "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    " and database = (select oid from pg_database where datname = current_database())"
)
CUT_ALL = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid() and application_name = 'catch'"
)


@pytest.fixture
async def line(database: Database) -> AsyncIterator[Wire]:
    async with wire(database.dsn) as made:
        yield made


@pytest.fixture
async def place(database: Database, line: Wire, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, line.dsn, tmp_path) as opened:
        yield opened
        await line.cut()
        await line.mend()


async def noted(place: Place, **variables: Any) -> Any:
    return (await place.ask(NOTE, COORDINATOR, **variables))["addNote"]


async def refused(place: Place, case: UUID) -> bool:
    body = await place.answer(READ, COORDINATOR, case=str(case))
    return [each["extensions"]["code"] for each in body.get("errors", ())] == ["UNAVAILABLE"]


async def insisted(place: Place, **variables: Any) -> Any:
    """What a client does: the same command again until it is told what became of it."""
    async with asyncio.timeout(20):
        while True:
            body = await place.answer(NOTE, COORDINATOR, **variables)
            # The command, or whoever asks before there is one: the same is to be done about either.
            answer = body["errors"][0]["extensions"] if "errors" in body else body["data"]["addNote"]
            if "code" not in answer:
                return answer
            assert answer["code"] == "UNAVAILABLE", answer
            await asyncio.sleep(0.02)


async def notes(admin: Connection) -> int:
    return await admin.fetchval("select count(*) from catch.stored_events where topic = 'NoteAdded'")


async def test_a_command_cut_off_in_flight_is_recorded_once_by_its_retry(place: Place, admin: Connection):
    case = await place.worked_on("Ada Quillbrook")
    what = {"case": str(case.case), "note": str(uuid4()), "c": str(uuid4())}
    async with admin.transaction():
        await admin.execute(HOLD)
        cut = asyncio.create_task(noted(place, **what))
        await eventually(lambda: admin.fetchval(IN_FLIGHT))
        await admin.execute(CUT_ALL)
        answer = await cut
        assert answer["code"] == "UNAVAILABLE"
        assert "same command id" in answer["message"]
        assert await notes(admin) == 0
    accepted = await insisted(place, **what)
    assert accepted["events"] == ["NoteAdded"]
    assert await noted(place, **what) == accepted
    assert await notes(admin) == 1


async def test_while_the_database_is_away_everything_has_a_code_and_afterwards_goes_on(
    place: Place, line: Wire, admin: Connection
):
    case = await place.worked_on("Ada Quillbrook")
    await place.settled()
    async with place.live(COORDINATOR) as client:
        await client.subscribe("c", FOLLOW, case=str(case.case))
        assert (await client.next("c"))["event"] == "Present"
        await line.cut()
        what = {"case": str(case.case), "note": str(uuid4()), "c": str(uuid4())}
        for _ in range(3):
            assert (await noted(place, **what))["code"] == "UNAVAILABLE"
        # What is at hand is answered for another second, and then no more: a right may have ended.
        await eventually(lambda: refused(place, case.case))
        assert (await place.ask("{ viewer { user } }"))["viewer"]["user"] == COORDINATOR.user
        await client.subscribe("q", READ, case=str(case.case))
        answer = await client.receive()
        assert answer["payload"]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert (await client.receive())["type"] == "complete"
        await line.mend()
        accepted = await insisted(place, **what)
        assert await noted(place, **what) == accepted
        update = await client.next("c")
        assert (update["event"], update["position"]) == ("NoteAdded", accepted["position"])
    assert await notes(admin) == 1
    query = "query($case: UUID!, $p: Position) { case(id: $case, atLeast: $p) { notes { text } } }"
    shown = await place.ask(query, COORDINATOR, case=str(case.case), p=accepted["position"])
    assert shown["case"]["notes"] == [{"text": "Came by"}]


async def test_commands_of_many_clients_are_recorded_exactly_once_however_often_the_wire_is_cut(
    place: Place, line: Wire, admin: Connection
):
    cases = [await place.worked_on(f"Person {n} Example") for n in range(4)]
    stop = asyncio.Event()

    async def trouble() -> None:
        for turn in itertools.count():
            if stop.is_set():
                return
            # Now and then for long enough, so that a slow machine comes to an end as well.
            await asyncio.sleep(0.05 * (1 + turn % 8))
            await line.cut()
            await line.mend()

    async def client(number: int) -> list[Any]:
        return [
            await insisted(place, case=str(cases[number].case), note=str(uuid4()), c=str(uuid4())) for _ in range(10)
        ]

    cutting = asyncio.create_task(trouble())
    answers = [answer for each in await asyncio.gather(*map(client, range(4))) for answer in each]
    stop.set()
    await cutting
    assert len({answer["position"] for answer in answers}) == len(answers) == 40
    assert await notes(admin) == 40


async def test_the_feed_is_not_lost_with_the_database(place: Place, line: Wire, database: Database, tmp_path: Path):
    """What another server recorded while this one was cut off arrives here afterwards, in order."""
    case = await place.worked_on("Ada Quillbrook")
    await place.settled()
    async with place.live(COORDINATOR) as client, placed(database.admin, database.dsn, tmp_path) as elsewhere:
        await place.settled()
        await client.subscribe("c", FOLLOW, case=str(case.case))
        assert (await client.next("c"))["event"] == "Present"
        await line.cut()
        place.catch.present.states.forget([case.case])
        positions = [
            (await elsewhere.take(AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed(text)))).position
            for text in ("one", "two", "three")
        ]
        await asyncio.sleep(0.3)
        await line.mend()
        assert [int((await client.next("c"))["position"]) for _ in positions] == positions
