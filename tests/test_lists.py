"""Lists as clients ask for them: by number, in an order, and counted where what is counted is all theirs to see."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from catch.domain.streams import CASE
from tests.conftest import Furnished
from tests.place import ADMINISTRATOR, AUDITOR, COORDINATOR, HOUSING, POLICE, Place

CASES = """query($f: CaseFilter, $o: CaseOrder! = OLDEST_FIRST, $n: Int! = 50, $a: String) {
    cases(filter: $f, order: $o, first: $n, after: $a) { edges { node { number } } pageInfo { endCursor } } }"""
AGENCIES = "query($n: Int!) { agencies(first: $n) { totalCount edges { node { key } } } }"
MEMBERS = "query($k: String!) { members(agency: $k, first: 1) { totalCount edges { node { user } } } }"


@pytest.fixture
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as opened:
        yield opened


async def numbers(place: Place, by: Any = COORDINATOR, **asked: Any) -> list[str]:
    found = (await place.ask(CASES, by, **asked))["cases"]
    return [edge["node"]["number"] for edge in found["edges"]]


async def test_a_case_is_found_by_its_number_by_those_who_see_it_and_by_nobody_else(place: Place):
    for name in ("Ada Quillbrook", "Bert Fennimore", "Cyd Marlowe"):
        await place.worked_on(name)
    shared = await place.worked_on("Dot Harkness", "housing-1")
    await place.settled()
    everything = await numbers(place)
    assert len(everything) == 4
    for number in everything:
        assert await numbers(place, f={"number": number}) == [number]
        assert await numbers(place, AUDITOR, f={"number": number}) == [number]
    [known] = await numbers(place, HOUSING)
    assert known == everything[-1]
    assert (await place.catch.present.states.get(CASE, shared.case)).state.number == known
    # Absent, hidden and none of theirs: the same answer, byte for byte.
    asked = [await place.answer(CASES, HOUSING, f={"number": each}) for each in ("SNN-1999-0001", *everything[:3])]
    assert asked == [asked[0]] * 4
    assert await numbers(place, POLICE, f={"number": known}) == []
    # The order is that of the receipts, page by page, either way round.
    assert await numbers(place, o="NEWEST_FIRST") == everything[::-1]
    first = (await place.ask(CASES, o="NEWEST_FIRST", n=3))["cases"]
    assert await numbers(place, o="NEWEST_FIRST", n=3, a=first["pageInfo"]["endCursor"]) == everything[:1]


async def test_agencies_and_members_are_counted_for_whom_they_are_listed(place: Place):
    await place.settled()
    everybody = (await place.ask(AGENCIES, ADMINISTRATOR, n=1))["agencies"]
    listed = (await place.ask(AGENCIES, ADMINISTRATOR, n=200))["agencies"]
    assert everybody["totalCount"] == listed["totalCount"] == len(listed["edges"]) > 1
    # Whoever sees their own alone is told of one.
    assert (await place.ask(AGENCIES, HOUSING, n=50))["agencies"]["totalCount"] == 1
    members = (await place.ask(MEMBERS, ADMINISTRATOR, k="snn"))["members"]
    assert members["totalCount"] > len(members["edges"]) == 1
    refused = await place.answer(MEMBERS, HOUSING, k="snn")
    assert refused["errors"][0]["extensions"]["code"] == "NOT_FOR_YOUR_ROLE"
