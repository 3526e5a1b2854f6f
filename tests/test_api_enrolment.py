"""Who is enrolled, appointed and under agreement, asked over HTTP of one place: each list for whoever it is for."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.domain.calendar import london_day
from catch.domain.facts import Actor, Role, Tag
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.partner import GiveRole, GiveTag, SuspendMember
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

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFFICER = Actor("officer@snn", "snn", Role.APPOINTING_OFFICER)
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
LOOKS_AFTER = Actor("members@housing-1", "housing-1", Role.MEMBER_ADMINISTRATOR)
FORMER = Actor("former@housing-1", "housing-1", Role.PARTNER)
CASE = UUID(int=7)
SOON = london_day(datetime.now(UTC)) + timedelta(days=30)

VIEWER = """{ viewer { user roles may because { mutation roles } holds { role programme series startsOn endsOn caseIds }
    offices { role series endsOn } tags { tag endsOn } runs { part programme } agreements { id programmes } } }"""
AGENCIES = """query($n: Int!, $a: String) { agencies(first: $n, after: $a) { edges { node { key name members suspended
    agreements { id programmes given { user role } } runs { part } } } pageInfo { hasNextPage endCursor } } }"""
MEMBERS = """query($k: String!, $n: Int = 50, $a: String) { members(agency: $k, first: $n, after: $a) { edges { node {
    user name suspended redactions { path reason } enrolled { user }
    roles { role programme series endsOn assignedCases caseIds given { user agency role } }
    tags { tag given { user } } } } pageInfo { hasNextPage endCursor } } }"""
APPOINTMENTS = """query($p: String!, $s: String) { appointments(programme: $p, series: $s) { edges { node {
    user agency held { role series assignedCases caseIds given { user } } } } } }"""
LAPSING = """query($d: Int!) { lapsing(within: $d) { edges { node {
    kind agency user role tag endsOn given { user } } } } }"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as prepared:
        for somebody in (OFFICER, CALDICOTT, LOOKS_AFTER, FORMER):
            await prepared.enrol(somebody)
        since = london_day(ago(days=10))
        assigned = GiveRole("audit", AUDITOR.user, Role.AUDITOR, since, SOON, PROGRAMME, None, (CASE,))
        await prepared.take(assigned, CALDICOTT)
        tag = GiveTag("housing-1", HOUSING.user, Tag.WARNING, PROGRAMME, since, SOON + timedelta(days=1))
        await prepared.take(tag, CALDICOTT)
        await prepared.take(SuspendMember("housing-1", FORMER.user), SYSTEM)
        await prepared.settled()
        yield prepared


async def nodes(place: Place, query: str, by: Actor, **variables: Any) -> list[Any]:
    (found,) = (await place.ask(query, by, **variables)).values()
    return [edge["node"] for edge in found["edges"]]


async def test_who_asks_is_told_what_they_may_do_and_why(place: Place):
    seen = (await place.ask(VIEWER, CHAIR))["viewer"]
    assert (seen["user"], seen["roles"]) == (CHAIR.user, ["CHAIR"])
    assert [each["mutation"] for each in seen["because"]] == seen["may"]
    assert {"mutation": "publishAgenda", "roles": ["CHAIR"]} in seen["because"]
    assert ("CHAIR", SERIES, None) in [(each["role"], each["series"], each["endsOn"]) for each in seen["offices"]]
    assert {"part": "LEAD", "programme": PROGRAMME} in seen["runs"]
    assert [each["id"] for each in seen["agreements"]] == ["isa-snn"]
    audits = (await place.ask(VIEWER, AUDITOR))["viewer"]
    assert [(each["role"], each["endsOn"], each["caseIds"]) for each in audits["holds"]] == [
        ("AUDITOR", SOON.isoformat(), [str(CASE)])
    ]
    # A concern about somebody's safety is the one thing that everybody here may raise.
    # And their own calendars are theirs to renew.
    assert (sorted(audits["may"]), audits["runs"]) == (["raiseSafeguardingConcern", "renewCalendar"], [])
    assert audits["agreements"] == []
    told = (await place.ask(VIEWER, HOUSING))["viewer"]["tags"]
    assert told == [{"tag": "WARNING", "endsOn": (SOON + timedelta(days=1)).isoformat()}]


async def test_agencies_are_listed_for_the_administrator_the_overseers_and_each_to_its_own(place: Place):
    everywhere = await nodes(place, AGENCIES, ADMINISTRATOR, n=50)
    assert [each["key"] for each in everywhere] == ["audit", "housing-1", "police-1", "snn", "surgery-1"]
    assert next((each["members"], each["suspended"]) for each in everywhere if each["key"] == "housing-1") == (3, 1)
    for overseer in (OFFICER, CALDICOTT):
        listed = await nodes(place, AGENCIES, overseer, n=50)
        assert [each["key"] for each in listed] == ["housing-1", "police-1", "snn"]
    for somebody in (COORDINATOR, CHAIR, HOUSING, POLICE, REFERRER, AUDITOR, LOOKS_AFTER):
        own = await nodes(place, AGENCIES, somebody, n=50)
        assert [each["key"] for each in own] == [somebody.agency]
        assert (own[0]["members"] is not None) is (somebody is LOOKS_AFTER)


async def test_lists_are_read_a_page_at_a_time(place: Place):
    found: list[str] = []
    after: str | None = None
    for _ in range(5):
        page = (await place.ask(AGENCIES, ADMINISTRATOR, n=1, a=after))["agencies"]
        found += [edge["node"]["key"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasNextPage"] is (len(found) < 5)
    assert found == ["audit", "housing-1", "police-1", "snn", "surgery-1"]
    first = (await place.ask(MEMBERS, LOOKS_AFTER, k="housing-1", n=2))["members"]
    rest = (await place.ask(MEMBERS, LOOKS_AFTER, k="housing-1", n=2, a=first["pageInfo"]["endCursor"]))["members"]
    assert [edge["node"]["user"] for page in (first, rest) for edge in page["edges"]] == [
        FORMER.user,
        HOUSING.user,
        LOOKS_AFTER.user,
    ]
    assert await place.code(AGENCIES, ADMINISTRATOR, n=201) == "OUT_OF_RANGE"
    assert await place.code(AGENCIES, ADMINISTRATOR, n=1, a="x") == "UNKNOWN_CURSOR"
    assert await place.code(LAPSING, ADMINISTRATOR, d=401) == "OUT_OF_RANGE"
    assert await place.code(LAPSING, ADMINISTRATOR, d=-1) == "OUT_OF_RANGE"


async def test_names_of_members_are_for_their_own_administrator_alone(place: Place):
    own = await nodes(place, MEMBERS, LOOKS_AFTER, k="housing-1")
    assert {each["user"]: each["name"] for each in own} == {
        each.user: f"{each.user} Example" for each in (FORMER, HOUSING, LOOKS_AFTER)
    }
    assert {each["user"]: each["suspended"] for each in own}[FORMER.user]
    for overseer in (ADMINISTRATOR, OFFICER, CALDICOTT):
        listed = await nodes(place, MEMBERS, overseer, k="housing-1")
        assert [each["user"] for each in listed] == [each["user"] for each in own]
        assert [(each["name"], each["redactions"]) for each in listed] == [
            (None, [{"path": "name", "reason": "ROLE"}])
        ] * 3
        tags = [tag for each in listed for tag in each["tags"]]
        assert tags == [{"tag": "WARNING", "given": {"user": CALDICOTT.user}}]


async def test_an_agency_that_is_not_ones_to_list_is_answered_as_one_that_is_not_there(place: Place):
    for somebody in (LOOKS_AFTER, OFFICER, CALDICOTT):
        answers = [await place.answer(MEMBERS, somebody, k=key) for key in ("surgery-1", "nobody-1")]
        codes = [answer["errors"][0]["extensions"]["code"] for answer in answers]
        assert codes == ["UNKNOWN_PARTNER", "UNKNOWN_PARTNER"]
        assert str(answers[0]).replace("surgery-1", "nobody-1") == str(answers[1])
    for somebody in (COORDINATOR, CHAIR, HOUSING, POLICE, REFERRER, AUDITOR):
        for key in (somebody.agency, "snn", "nobody-1"):
            assert await place.code(MEMBERS, somebody, k=key) == "NOT_FOR_YOUR_ROLE"


async def test_appointments_say_who_gave_them_and_no_case_but_to_whoever_assigned_it(place: Place):
    for somebody, told in ((ADMINISTRATOR, None), (OFFICER, None), (CHAIR, None), (CALDICOTT, [str(CASE)])):
        listed = await nodes(place, APPOINTMENTS, somebody, p=PROGRAMME, s=SERIES)
        held = {(each["user"], each["held"]["role"]): each["held"] for each in listed}
        assert {
            (CHAIR.user, "CHAIR"),
            (COORDINATOR.user, "PREPARER"),
            (OFFICER.user, "APPOINTING_OFFICER"),
            (CALDICOTT.user, "CALDICOTT"),
            (AUDITOR.user, "AUDITOR"),
        } == held.keys()
        auditor = held[AUDITOR.user, "AUDITOR"]
        assert (auditor["assignedCases"], auditor["caseIds"], auditor["given"]["user"]) == (1, told, CALDICOTT.user)
    for somebody in (HOUSING, REFERRER, AUDITOR, LOOKS_AFTER):
        for programme in (PROGRAMME, "nothing"):
            assert await place.code(APPOINTMENTS, somebody, p=programme, s=SERIES) == "NOT_FOR_YOUR_ROLE"
    assert await place.code(APPOINTMENTS, CHAIR, p=PROGRAMME) == "NOT_FOR_YOUR_ROLE"
    assert await place.code(APPOINTMENTS, OFFICER, p="bexley-icm") == "NOT_FOR_YOUR_ROLE"


async def test_of_who_is_appointed_anew_from_a_later_day_what_holds_today_is_told_too(place: Place):
    later = london_day(ago(days=-9))
    again = GiveRole(CHAIR.agency, CHAIR.user, Role.CHAIR, later, None, PROGRAMME, SERIES)
    await place.take(again, SYSTEM)
    await place.settled()
    asked = """query($p: String!, $s: String) { appointments(programme: $p, series: $s) { edges { node {
        user held { role startsOn endsOn } next { startsOn endsOn } } } } }"""
    listed = await nodes(place, asked, OFFICER, p=PROGRAMME, s=SERIES)
    own = next(each for each in listed if (each["user"], each["held"]["role"]) == (CHAIR.user, "CHAIR"))
    assert own["held"]["endsOn"] == (later - timedelta(days=1)).isoformat()
    assert own["next"] == {"startsOn": later.isoformat(), "endsOn": None}
    # So they chair a meeting before.
    plan = PlanMeeting(uuid4(), PROGRAMME, SERIES, ago(days=-2), CHAIR.user)
    assert await place.refused(plan, CHAIR) is None


async def test_what_lapses_is_listed_for_whoever_looks_after_it(place: Place):
    listed = await nodes(place, LAPSING, CALDICOTT, d=60)
    assert [(each["kind"], each["user"], each["endsOn"], each["given"]["user"]) for each in listed] == [
        ("ROLE", AUDITOR.user, SOON.isoformat(), CALDICOTT.user),
        ("TAG", HOUSING.user, (SOON + timedelta(days=1)).isoformat(), CALDICOTT.user),
    ]
    assert await nodes(place, LAPSING, CALDICOTT, d=29) == []
    assert [each["tag"] for each in await nodes(place, LAPSING, LOOKS_AFTER, d=400)] == ["WARNING"]
    assert await nodes(place, LAPSING, OFFICER, d=400) == []
    for somebody in (COORDINATOR, CHAIR, HOUSING, POLICE, REFERRER, AUDITOR):
        assert await place.code(LAPSING, somebody, d=60) == "NOT_FOR_YOUR_ROLE"
