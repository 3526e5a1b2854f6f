"""Lists as clients ask for them: by number, in an order, and counted where what is counted is all theirs to see."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from catch.database import Statements
from catch.domain.calendar import london_day
from catch.domain.case.plan import AgreePlan
from catch.domain.case.referral import SubmitReferral
from catch.domain.facts import Category, Sealed
from catch.domain.partner import EnrolMember, SuspendMember
from catch.domain.person import CorrectIdentity, RegisterPerson
from catch.domain.streams import CASE
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    REFERRER,
    SERIES,
    SYSTEM,
    Place,
    ago,
)

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


PARTNERS = """query($n: Int! = 50, $a: String, $p: String! = "snn-catch") {
    partners(programme: $p, first: $n, after: $a) {
        totalCount edges { node { key name kind agreementInForce covers runs } } pageInfo { endCursor } } }"""
PEOPLE = """query($k: String!, $n: Int! = 50, $a: String) {
    partnerMembers(programme: "snn-catch", agency: $k, first: $n, after: $a) {
        totalCount edges { node { user agency coordinates } } pageInfo { hasNextPage endCursor } } }"""


async def test_whoever_names_partners_is_shown_them_by_public_name_and_nobody_else_is(place: Place):
    await place.settled()
    for by in (COORDINATOR, CHAIR):
        listed = (await place.ask(PARTNERS, by))["partners"]
        shown = {each["node"]["key"]: each["node"] for each in listed["edges"]}
        assert listed["totalCount"] == len(shown) == 3
        assert shown["housing-1"] == {
            "key": "housing-1",
            "name": "Example housing-1",
            "kind": "housing",
            "agreementInForce": True,
            "covers": [each.name for each in sorted(Category)],
            "runs": [],
        }
        assert shown["snn"]["runs"] == ["LEAD"]
    first = (await place.ask(PARTNERS, n=2))["partners"]
    rest = (await place.ask(PARTNERS, n=2, a=first["pageInfo"]["endCursor"]))["partners"]
    assert (first["totalCount"], rest["totalCount"], len(rest["edges"])) == (3, 3, 1)
    for by in (HOUSING, REFERRER, AUDITOR, ADMINISTRATOR):
        assert await place.code(PARTNERS, by) == "NOT_FOR_YOUR_ROLE"
        assert await place.code(PEOPLE, by, k="housing-1") == "NOT_FOR_YOUR_ROLE"
    # Of a programme in which they do nothing, and of one that there is not: the same.
    assert {await place.code(PARTNERS, p=each) for each in ("bexley-icm", "none")} == {"NOT_FOR_YOUR_ROLE"}


async def test_people_who_may_be_named_are_listed_by_user_id_and_those_who_may_not_are_not(place: Place):
    await place.take(EnrolMember("housing-1", "new@housing-1", Sealed("N. Example")), SYSTEM)
    listed = (await place.ask(PEOPLE, k="housing-1"))["partnerMembers"]
    # Enrolled without a role, nobody can be named yet.
    assert [each["node"] for each in listed["edges"]] == [
        {"user": HOUSING.user, "agency": "housing-1", "coordinates": False}
    ]
    assert listed["totalCount"] == 1
    own = (await place.ask(PEOPLE, CHAIR, k="snn", n=1))["partnerMembers"]
    assert (own["totalCount"], own["pageInfo"]["hasNextPage"]) == (2, True)
    more = (await place.ask(PEOPLE, CHAIR, k="snn", n=1, a=own["pageInfo"]["endCursor"]))["partnerMembers"]
    told = {each["node"]["user"]: each["node"]["coordinates"] for each in (*own["edges"], *more["edges"])}
    assert told == {COORDINATOR.user: True, CHAIR.user: False}
    await place.take(SuspendMember("housing-1", HOUSING.user), SYSTEM)
    assert (await place.ask(PEOPLE, k="housing-1"))["partnerMembers"]["totalCount"] == 0
    # An agency that has nothing to do with the programme, and one that is not: the same.
    assert {await place.code(PEOPLE, k=each) for each in ("surgery-1", "none")} == {"UNKNOWN_PARTNER"}


BY_NUMBER = "query($n: String!) { casesByNumber(nhsNumber: $n) { number } }"
BY_NAME = "query($n: String!, $b: String!) { casesByName(name: $n, dateOfBirth: $b) { number } }"


async def test_a_person_is_found_by_number_or_name_and_birth_day_where_they_are_shown(place: Place):
    born = Sealed("1960-02-29")
    told = await place.worked_on("Ada Quillbrook", "housing-1", nhs_number=Sealed("999 000 0018"), date_of_birth=born)
    nameless = frozenset({Category.ACTIONS})
    other = await place.worked_on("Bert Fennimore", nhs_number=Sealed("999 000 0026"), date_of_birth=born)
    await place.share(other.case, "housing-1", nameless)
    await place.settled()
    numbers = await all_numbers(place)
    ada, bert = numbers[told.case], numbers[other.case]

    async def by_number(number: str, by: Any = COORDINATOR) -> list[str]:
        return [each["number"] for each in (await place.ask(BY_NUMBER, by, n=number))["casesByNumber"]]

    async def by_name(name: str, day: str, by: Any = COORDINATOR) -> list[str]:
        return [each["number"] for each in (await place.ask(BY_NAME, by, n=name, b=day))["casesByName"]]

    assert await by_number("9990000018") == await by_number("999-000-0018") == [ada]
    assert await by_number("9990000018", HOUSING) == [ada]
    assert await by_name("QUILLBROOK, Ada", "1960-02-29", HOUSING) == [ada]
    assert (await by_number("9990000026"), await by_name("bert fennimore", "1960-02-29")) == ([bert], [bert])
    # Shown without whom it is about, seen by an auditor who is not told, hidden, of nobody, and no number at all.
    hidden = ((HOUSING, "9990000026"), (AUDITOR, "9990000018"), (POLICE, "9990000018"), (POLICE, "9990000034"))
    for by, number in hidden:
        assert await place.answer(BY_NUMBER, by, n=number) == {"data": {"casesByNumber": []}}
    assert await by_number("not a number") == await by_name("Ada", "1960-02-29") == await by_name("", "") == []
    assert await by_name("Bert Fennimore", "1960-02-29", HOUSING) == []
    # As it holds now: what was corrected finds nobody any more.
    await place.take(CorrectIdentity(told.person, Sealed("Mistyped."), nhs_number=Sealed("999 000 0034")))
    await place.settled()
    assert (await by_number("9990000018"), await by_number("9990000034")) == ([], [ada])


async def all_numbers(place: Place) -> dict[UUID, str]:
    query = "{ cases { edges { node { id number } } } }"
    found = (await place.ask(query))["cases"]
    return {UUID(each["node"]["id"]): each["node"]["number"] for each in found["edges"]}


class Counted:
    """The statements of a query, and the rows that came, beside the real ones."""

    def __init__(self, db: Statements) -> None:
        self._db = db
        self.read: list[tuple[str, int]] = []

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        rows = await self._db.fetch(query, *args)
        self.read.append((query, len(rows)))
        return rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


@pytest.mark.parametrize("query", ["number", "name", "reference"])
async def test_what_is_hidden_costs_a_search_no_statement_and_no_row(
    place: Place, monkeypatch: pytest.MonkeyPatch, query: str
):
    """Twelve cases of others under one number, name and reference, or none at all: the same is read."""
    asked = {
        "number": (BY_NUMBER, {"n": "999 000 0018"}, {"n": "999 000 0034"}),
        "name": (BY_NAME, {"n": "Ada Example", "b": "1960-02-29"}, {"n": "Eve Example", "b": "1960-02-29"}),
        "reference": ("query($r: String!) { casesByReference(reference: $r) { id } }", {"r": "7"}, {"r": "8"}),
    }
    for _ in range(12):
        person = RegisterPerson(
            uuid4(),
            name=Sealed("Ada Example"),
            date_of_birth=Sealed("1960-02-29"),
            nhs_number=Sealed("999 000 0018"),
        )
        await place.take(person, REFERRER)
        said, reference = Sealed("Falls."), Sealed("7")
        of = (uuid4(), person.person, PROGRAMME, uuid4(), "police", "phone", ago(days=1), said)
        await place.take(SubmitReferral(*of, reference=reference), REFERRER)
    await place.settled()
    text, there, absent = asked[query]
    counted = Counted(place.catch.log.pool)
    monkeypatch.setattr(place.catch.log, "pool", cast("Any", counted))
    read: list[list[tuple[str, int]]] = []
    for wanted in (there, absent, there):
        counted.read.clear()
        assert [*(await place.ask(text, POLICE, **wanted)).values()] == [[]]
        read.append([*counted.read])
    assert read[1] == read[2] != []
    assert {rows for _, rows in read[2]} == {0}


async def test_cases_are_put_in_order_by_what_is_shown_alone(place: Place):
    made = [await place.worked_on(name) for name in ("Ada Quillbrook", "Bert Fennimore", "Cyd Marlowe")]
    shared = await place.worked_on("Dot Harkness", "housing-1")
    today = london_day(ago())
    for each, days in ((made[1], 20), (shared, 10), (made[0], 30)):
        due, none = today + timedelta(days=days), Sealed("Nothing yet.")
        plan = AgreePlan(each.case, uuid4(), Sealed("Warmth"), due, agreed_by_person=True, no_goals_reason=none)
        await place.take(plan)
    await place.settled()
    of = await all_numbers(place)
    ada, bert, cyd, dot = (of[each.case] for each in (*made, shared))
    assert await numbers(place, o="NUMBER") == sorted(of.values())
    assert await numbers(place, o="DUE_FIRST") == [dot, bert, ada]
    assert await numbers(place, AUDITOR, o="DUE_FIRST") == [dot, bert, ada]
    assert await numbers(place, o="LATEST_CHANGE_FIRST") == [ada, dot, bert, cyd]
    # Page by page, each once; the cursor of one order is none of another's.
    for order in ("NUMBER", "DUE_FIRST", "LATEST_CHANGE_FIRST"):
        seen, after = list[str](), None
        while page := (await place.ask(CASES, o=order, n=1, a=after))["cases"]:
            if not page["edges"]:
                break
            seen += [each["node"]["number"] for each in page["edges"]]
            after = page["pageInfo"]["endCursor"]
        assert seen == await numbers(place, o=order)
    assert await place.code(CASES, o="NUMBER", a=after) == "UNKNOWN_CURSOR"
    assert await place.code(CASES, o="NEWEST_FIRST", a=after) == "UNKNOWN_CURSOR"
    assert await numbers(place, o="DUE_FIRST", f={"number": ada}) == [ada]
    # Of a case that is shown in part no order tells the rest: neither when its plan ends, nor that it changed.
    assert await numbers(place, HOUSING, o="NUMBER") == [dot]
    assert await numbers(place, HOUSING, o="DUE_FIRST") == await numbers(place, HOUSING, o="LATEST_CHANGE_FIRST") == []
    assert await numbers(place, AUDITOR, o="LATEST_CHANGE_FIRST") == []


async def test_appointments_what_lapses_and_meetings_are_counted_where_all_that_is_found_is_theirs(place: Place):
    await place.published("housing-1")
    await place.published("housing-1", starts_at=ago(days=-7))
    await place.settled()
    meetings = "query($n: Int! = 50) { meetings(first: $n) { totalCount edges { node { id } } } }"
    for by in (COORDINATOR, CHAIR, AUDITOR):
        found = (await place.ask(meetings, by, n=1))["meetings"]
        assert (found["totalCount"], len(found["edges"])) == (2, 1), by
    guest = (await place.ask(meetings, HOUSING))["meetings"]
    assert (guest["totalCount"], len(guest["edges"])) == (None, 2)
    assert (await place.ask(meetings, REFERRER))["meetings"] == {"totalCount": 0, "edges": []}
    appointed = f'{{ appointments(programme: "{PROGRAMME}", series: "{SERIES}", first: 1) '
    found = (await place.ask(appointed + "{ totalCount edges { node { user } } } }"))["appointments"]
    listed = await place.ask(appointed.replace("first: 1", "first: 50") + "{ edges { node { user } } } }")
    assert found["totalCount"] == len(listed["appointments"]["edges"]) > len(found["edges"]) == 1
    lapsing = (await place.ask("{ lapsing(within: 400) { totalCount edges { cursor } } }", ADMINISTRATOR))["lapsing"]
    assert lapsing["totalCount"] == len(lapsing["edges"])
