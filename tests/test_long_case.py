"""A case of many years stays usable: its latest notes at once, the others by the page, and no message too large."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from catch.api.case.parts import LATEST_NOTES
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Role, Sealed, Tag
from catch.domain.restricted import AddRestrictedNote
from catch.live.frames import LARGEST, MessageTooLarge, Payload
from tests.conftest import Database
from tests.place import COORDINATOR, HOUSING, MOST, Case, Place, placed

STRANGER = Actor("member@far", "far", Role.PARTNER)
MANY = LATEST_NOTES + 30
CASE = "query($c: UUID!) { case(id: $c) { notes { id text } redactions { path reason } } }"
NOTES = """query($c: UUID!, $n: Int!, $a: String) { notes(caseId: $c, first: $n, after: $a) {
    edges { node { id text category } } pageInfo { hasNextPage endCursor } redactions { path reason } } }"""
FOLLOWED = """subscription($c: UUID!) { caseUpdates(caseId: $c) { __typename
    ... on CaseUpdate { position case { notes { text } } } ... on ResyncRequired { reason } } }"""


class World:
    place: Place
    case: Case


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with placed(database.admin, database.dsn, tmp_path) as place:
        made = World()
        made.place, made.case = place, await place.worked_on("Ada Example", "housing-1")
        await place.enrol(STRANGER)
        yield made


async def noted(world: World, count: int, text: str = "Note") -> None:
    for number in range(count):
        category = Category.HEALTH if number % 3 == 0 else Category.NEEDS
        await world.place.take(AddNote(world.case.case, uuid4(), category, Sealed(f"{text} {number}")))
    await world.place.settled()


async def all_notes(world: World, by: Actor, first: int = 7) -> list[Any]:
    found, after = list[Any](), None
    while True:
        page = (await world.place.ask(NOTES, by, c=str(world.case.case), n=first, a=after))["notes"]
        found += [each["node"] for each in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def test_the_latest_notes_are_told_with_the_case_and_all_by_the_page(world: World):
    await noted(world, MANY)
    await world.place.take(AddRestrictedNote(world.case.case, uuid4(), Tag.WARNING, Sealed("Beside")))
    await world.place.settled()
    case = (await world.place.ask(CASE, c=str(world.case.case)))["case"]
    texts = [f"Note {number}" for number in range(MANY)] + ["Beside"]
    assert [each["text"] for each in case["notes"]] == texts[-LATEST_NOTES:]
    assert {"path": "notes.earlier", "reason": "EARLIER"} in case["redactions"]
    found = await all_notes(world, COORDINATOR)
    assert [each["text"] for each in found] == texts[::-1]
    assert len({each["id"] for each in found}) == len(texts)


async def test_with_few_notes_nothing_is_said_of_earlier_ones(world: World):
    await noted(world, LATEST_NOTES)
    case = (await world.place.ask(CASE, c=str(world.case.case)))["case"]
    assert len(case["notes"]) == LATEST_NOTES
    assert "notes.earlier" not in [each["path"] for each in case["redactions"]]


async def test_a_page_of_notes_tells_what_the_case_would(world: World):
    """A partner reads the categories that it is told; how many others there are shows nowhere."""
    assert Category.HEALTH not in MOST
    await noted(world, MANY)
    told = [f"Note {number}" for number in range(MANY) if number % 3]
    assert [each["text"] for each in await all_notes(world, HOUSING)] == told[::-1]
    case = (await world.place.ask(CASE, HOUSING, c=str(world.case.case)))["case"]
    assert [each["text"] for each in case["notes"]] == told[-LATEST_NOTES:]
    for somebody, case_id in ((STRANGER, world.case.case), (STRANGER, uuid4()), (COORDINATOR, uuid4())):
        assert await world.place.code(NOTES, somebody, c=str(case_id), n=5, a=None) == "UNKNOWN_CASE"


async def test_no_message_is_larger_than_a_stock_client_takes_and_the_connection_goes_on(world: World):
    """The client is the one of the websockets library, with the bound that it comes with."""
    place, case = world.place, str(world.case.case)
    for _ in range(LATEST_NOTES):
        await place.take(AddNote(world.case.case, uuid4(), Category.NEEDS, Sealed("€" * 9_000)))
    await place.settled()
    async with place.live(COORDINATOR) as client:
        await client.subscribe("1", NOTES, c=case, n=50, a=None)
        refused = await client.receive()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "MESSAGE_TOO_LARGE")
        await client.subscribe("1", NOTES, c=case, n=20, a=None)
        assert len((await client.next("1"))["edges"]) == 20
        assert (await client.receive())["type"] == "complete"
        await client.subscribe("2", FOLLOWED, c=case)
        told = await client.next("2")
        assert told["__typename"] == "ResyncRequired"
        assert "1 MiB" in told["reason"]
        assert (await client.receive())["type"] == "complete"
        await client.subscribe("3", "{ viewer { user } }")
        assert (await client.next("3"))["user"] == COORDINATOR.user
    assert len((await place.ask(NOTES, c=case, n=50, a=None))["notes"]["edges"]) == 50, "over HTTP nothing is cut"


def test_the_bound_is_below_what_stock_clients_take():
    assert len(Payload.of(b" " * LARGEST).framed(b'{"id":"1","type":"next","payload":')) < 2**20
    with pytest.raises(MessageTooLarge):
        Payload.of(b" " * (LARGEST + 1))
