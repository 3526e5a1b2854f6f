"""Every query, asked over HTTP of one small prepared place; what is hidden is null and named."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.api.case import listing
from catch.app import key_file
from catch.database import Connection, Pool, Record
from catch.domain.calendar import add_months, london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.closing import CloseCase
from catch.domain.case.eligibility import AcceptReferral, EvaluatedCriterion
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import SubmitReferral
from catch.domain.facts import Actor, Category, Role, Sealed, Tag
from catch.domain.meeting.attendance import DeclareInterest, JoinMeeting
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting
from catch.domain.meeting.session import StartMeeting
from catch.domain.person import ProtectionReason, RegisterPerson, SetProtectedAddress
from catch.domain.restricted import AddRestrictedNote
from catch.personal import Keyring
from catch.programmes import starting
from catch.readside import NotCaughtUp
from catch.statistics.small_numbers import quarter_before
from tests.canaries.channels import OPERATIONS
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    MOST,
    POLICE,
    REFERRER,
    Case,
    Place,
    ago,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = Actor("coordinator@housing-1", "housing-1", Role.COORDINATOR)
FAR = Actor("coordinator@far", "far", Role.COORDINATOR)
FIRE = Actor("member@fire-1", "fire-1", Role.PARTNER)
ANOTHER_CHAIR = Actor("chair@elsewhere", "snn", Role.CHAIR)
AUNT = Actor("aunt@snn", "snn", Role.COORDINATOR)
BEXLEY = "bexley-icm"
CASE = """query($c: UUID!, $t: AsAt, $p: Position) { case(id: $c, asAt: $t, atLeast: $p) {
    id number state version position
    person { name nhsNumber phone address addressProtected }
    referral { source reason needs referrer { agency } }
    conversations { whatMatters } notes { text category } actions { title owner }
    involvements { agency } disclosures { agency } clocks { code state dueAt }
    redactions { path reason } } }"""
CASES = """query($f: CaseFilter, $n: Int!, $a: String) { cases(filter: $f, first: $n, after: $a) {
    edges { cursor node { id number state person { name } } } pageInfo { hasNextPage endCursor } } }"""
MEETING = """query($m: UUID!, $t: AsAt) { meeting(id: $m, asAt: $t) {
    id state version series chair { user } attendance { user present } minutes { startedAt }
    agenda { items { id order number case { id person { name } } redactions { path reason } }
             overflow { number } warnings { code } policyVersion } } }"""


class World:
    """What the place holds. `told` is known to housing, `kept` to the police only, `new` to nobody yet."""

    place: Place
    told: Case
    kept: Case
    new: Case
    meeting: UUID
    before: int
    began: datetime
    many: list[Case]
    ours: UUID


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    async with furnished() as place:
        yield await prepared(place)


async def prepared(place: Place) -> World:
    made = World()
    made.place = place
    for somebody in (ELSEWHERE, FIRE, ANOTHER_CHAIR, AUNT):
        await place.enrol(somebody)
    await place.enrol_elsewhere(FAR)
    for somebody in (COORDINATOR, CHAIR, AUDITOR):
        await place.enrol(somebody, BEXLEY)
    about: dict[str, Any] = {
        "nhs_number": Sealed("9990000018"),
        "phone": Sealed("01632 960123"),
        "address": Sealed("4 Sample Lane"),
    }
    made.told = await place.worked_on("Ada Quillbrook", "housing-1", **about)
    made.kept = await place.worked_on("Basil Thistlewane")
    await place.share(made.kept.case, "police-1", frozenset({Category.IDENTITY}))
    made.new = await place.referred("Cora Ombersnook", by=REFERRER)
    made.many = [await place.referred(f"Person {n} Example", at=ago(days=30, minutes=-n)) for n in range(20)]
    made.before = await place.settled()
    made.began = datetime.now(UTC)
    await place.take(SetProtectedAddress(made.told.person, True, ProtectionReason.STALKING))
    note = AddNote(made.told.case, uuid4(), Category.DISCUSSION, Sealed("A first note"))
    await place.take(note)
    only_us = AddRestrictedNote(made.told.case, uuid4(), Tag.WARNING, Sealed("A restricted note"))
    await place.take(only_us)
    due = london_day(datetime.now(UTC)) + timedelta(days=5)
    for title in ("Mend the stairs", "Mend the roof", "Mend the gate"):
        await place.take(OfferAction(made.told.case, uuid4(), Sealed(title), "housing-1", due))
    made.meeting = (await place.published("housing-1", "police-1")).meeting
    await place.settled()
    return made


def redacted(case: Any) -> dict[str, str]:
    return {each["path"]: each["reason"] for each in case["redactions"]}


async def test_the_viewer_is_told_who_they_are_and_what_they_may_do(world: World):
    query = "{ viewer { user agency roles may } }"
    viewer = (await world.place.ask(query, HOUSING))["viewer"]
    assert (viewer["user"], viewer["agency"], viewer["roles"]) == (HOUSING.user, "housing-1", ["PARTNER"])
    assert "respondToAction" in viewer["may"]
    assert "publishAgenda" not in viewer["may"]
    may = (await world.place.ask(query, AUDITOR))["viewer"]["may"]
    assert sorted(may) == ["raiseSafeguardingConcern", "renewCalendar"]


async def test_programmes_are_listed_and_found_by_key_and_version(world: World):
    listed = (await world.place.ask("{ programmes { key version series { key } closureReasons { code ending } } }"))[
        "programmes"
    ]
    assert [each["key"] for each in listed] == sorted(each.key for each in starting())
    query = 'query($v: Int) { programme(key: "snn-catch", version: $v) { name version sources assumed } }'
    found = (await world.place.ask(query, AUDITOR))["programme"]
    assert (found["version"], "police" in found["sources"], bool(found["assumed"])) == (3, True, True)
    assert (await world.place.ask(query, AUDITOR, v=3))["programme"] == found
    assert (await world.place.ask(query, AUDITOR, v=9))["programme"] is None
    assert (await world.place.ask('{ programme(key: "none") { key } }'))["programme"] is None


async def test_a_coordinator_of_the_case_sees_all_of_it(world: World):
    case = (await world.place.ask(CASE, COORDINATOR, c=str(world.told.case)))["case"]
    assert case["person"]["name"] == "Ada Quillbrook"
    assert (case["person"]["nhsNumber"], case["person"]["address"]) == ("9990000018", "4 Sample Lane")
    assert {note["text"] for note in case["notes"]} == {"A first note", "A restricted note"}
    assert case["redactions"] == []
    assert {clock["code"]: clock["state"] for clock in case["clocks"]}["first-conversation"] == "MET"


async def test_a_partner_sees_what_is_disclosed_and_never_a_protected_address(world: World):
    case = (await world.place.ask(CASE, HOUSING, c=str(world.told.case)))["case"]
    assert (case["person"]["name"], case["person"]["phone"]) == ("Ada Quillbrook", "01632 960123")
    assert (case["person"]["address"], case["person"]["addressProtected"]) == (None, True)
    # Named by their class, whether or not there is anything.
    assert redacted(case) == {
        "measures": "NO_DISCLOSURE",
        "measures.readings": "NO_DISCLOSURE",
        "unmeasured": "NO_DISCLOSURE",
        "risks": "NO_DISCLOSURE",
        "escalations": "NO_DISCLOSURE",
        "messagesBack": "NO_DISCLOSURE",
        "fundAwards": "NO_DISCLOSURE",
        "relations": "NO_DISCLOSURE",
        "person.address": "RESTRICTED",
        "version": "NO_DISCLOSURE",
        "position": "NO_DISCLOSURE",
        "person.addressProtectedBecause": "RESTRICTED",
        **dict.fromkeys(("person.contactCorrections", "person.contactCorrections.reason"), "RESTRICTED"),
        **dict.fromkeys(("referral.described.address", "referrals.described.address"), "RESTRICTED"),
        "disclosures": "NO_DISCLOSURE",
        "notes": "NO_DISCLOSURE",
        # What is written of others, or for those who coordinate.
        **dict.fromkeys(("objections", "involvements.endedReason", "allocations"), "NO_DISCLOSURE"),
        **dict.fromkeys(("ageWarning", "disclosuresToReview", "nextStep"), "NO_DISCLOSURE"),
    }
    # Not even the existence of what is restricted is told.
    assert [note["text"] for note in case["notes"]] == ["A first note"]
    assert [each["agency"] for each in case["disclosures"]] == ["housing-1"]


async def test_what_is_not_disclosed_is_null_and_named(world: World):
    case = (await world.place.ask(CASE, POLICE, c=str(world.kept.case)))["case"]
    assert case["person"]["name"] == "Basil Thistlewane"
    assert (case["referral"]["reason"], case["referral"]["needs"], case["conversations"]) == (None, None, [])
    assert (
        redacted(case).items()
        >= {
            "referral.needs": "NO_DISCLOSURE",
            "referral.reason": "NO_DISCLOSURE",
            "conversations": "NO_DISCLOSURE",
        }.items()
    )


@pytest.mark.parametrize("stranger", [POLICE, FIRE, REFERRER, ADMINISTRATOR])
async def test_for_those_without_a_part_in_it_there_is_no_such_case(world: World, stranger: Actor):
    assert (await world.place.ask(CASE, stranger, c=str(world.told.case)))["case"] is None
    assert (await world.place.ask(CASE, stranger, c=str(uuid4())))["case"] is None


async def test_a_coordinator_of_another_agency_sees_the_case_only_through_a_meeting(world: World):
    """One who prepares it; one who does not sees nothing, whatever is disclosed to their agency."""
    seen = (await world.place.ask(CASE, ELSEWHERE, c=str(world.told.case)))["case"]
    assert seen["person"]["name"] == "Ada Quillbrook"
    assert seen["person"]["address"] is None
    assert [note["category"] for note in seen["notes"]] == ["DISCUSSION"]
    chaired = (await world.place.ask(CASE, CHAIR, c=str(world.told.case)))["case"]
    assert chaired["person"]["address"] is None
    for nobody in (FAR, ANOTHER_CHAIR):
        assert (await world.place.ask(CASE, nobody, c=str(world.told.case)))["case"] is None


async def test_an_auditor_reads_the_case_without_knowing_whose_it_is(world: World):
    case = (await world.place.ask(CASE, AUDITOR, c=str(world.told.case)))["case"]
    assert case["referral"]["reason"] == world.told.reason
    assert [case["person"][field] for field in ("name", "nhsNumber", "phone", "address")] == [None] * 4
    assert redacted(case) == {
        "relations": "RESTRICTED",
        "measures.readings": "ROLE",
        "messagesBack": "ROLE",
        "person.deathWithdrawn": "ROLE",
        **dict.fromkeys(("person.name", "person.dateOfBirth", "person.nhsNumber", "person.communicationNeeds"), "ROLE"),
        **dict.fromkeys(("person.phone", "person.address", "person.addressProtected"), "ROLE"),
        **dict.fromkeys(("person.safeChannels", "person.safeTimes", "person.never"), "ROLE"),
        **dict.fromkeys(("version", "position", "notes"), "ROLE"),
        **dict.fromkeys(("person.provisional", "person.identityCorrections", "person.contactCorrections"), "ROLE"),
        **dict.fromkeys(("safeContact", "person.safeContact", "person.addressProtectedBecause"), "ROLE"),
        **dict.fromkeys(("referral.safeContact", "referrals.safeContact"), "ROLE"),
        **{
            f"{door}.described.{field}": "ROLE"
            for door in ("referral", "referrals")
            for field in ("name", "dateOfBirth", "nhsNumber", "phone", "address")
        },
        **dict.fromkeys(("allocations", "ageWarning", "disclosuresToReview", "nextStep"), "ROLE"),
    }


async def test_a_referrer_follows_their_own_referral_and_no_more(world: World):
    case = (await world.place.ask(CASE, REFERRER, c=str(world.new.case)))["case"]
    assert (case["state"], case["referral"]["reason"]) == ("RECEIVED", world.new.reason)
    assert (case["person"]["name"], case["clocks"]) == (None, [])
    assert (case["version"], case["position"], case["person"]["addressProtected"]) == (None, None, None)
    assert {"version", "position", "lead", "episode", "person.name", "clocks", "notes"} <= redacted(case).keys()
    assert set(redacted(case).values()) == {"NOT_INVOLVED"}


async def test_a_case_is_shown_as_the_log_stood_as_was_known_and_as_was_true(world: World):
    ask, case = world.place.ask, str(world.told.case)
    now = (await ask(CASE, COORDINATOR, c=case))["case"]
    assert len(now["notes"]) == 2
    for moment in ({"position": str(world.before)}, {"recordedAt": world.began.isoformat()}):
        then = (await ask(CASE, COORDINATOR, c=case, t=moment))["case"]
        assert (then["notes"], then["actions"]) == ([], [])
        # The person too: that the address is protected was not known then. Rights are those of now all the same.
        assert (then["person"]["addressProtected"], then["person"]["address"]) == (False, "4 Sample Lane")
        assert int(then["position"]) <= world.before
        assert then["version"] < now["version"]
        hidden = (await ask(CASE, HOUSING, c=case, t=moment))["case"]
        assert (hidden["person"]["address"], redacted(hidden)["person.address"]) == (None, "RESTRICTED")
    three_days = (await ask(CASE, COORDINATOR, c=case, t={"occurredAt": ago(days=3, minutes=-30).isoformat()}))["case"]
    assert (three_days["state"], three_days["conversations"]) == ("RECEIVED", [])
    for never in ({"position": "0"}, {"occurredAt": "2000-01-01T00:00:00Z"}, {"recordedAt": "2000-01-01T00:00:00Z"}):
        assert (await ask(CASE, COORDINATOR, c=case, t=never))["case"] is None


async def test_a_query_waits_for_the_position_it_is_asked_for(world: World):
    taken = await world.place.take(
        AddNote(world.many[0].case, uuid4(), Category.DISCUSSION, Sealed("Only just written"))
    )
    case = (await world.place.ask(CASE, COORDINATOR, c=str(world.many[0].case), p=str(taken.position)))["case"]
    assert [note["text"] for note in case["notes"]] == ["Only just written"]


async def test_a_query_does_not_wait_for_ever(world: World):
    far = str((await world.place.settled()) + 1_000)
    assert await world.place.code(CASE, COORDINATOR, c=str(world.told.case), p=far) == NotCaughtUp.code


async def test_cases_come_page_by_page_oldest_referral_first(world: World):
    found, after = list[Any](), None
    for _ in range(10):
        page = (await world.place.ask(CASES, COORDINATOR, n=7, a=after))["cases"]
        assert len(page["edges"]) <= 7
        found += page["edges"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    numbers = [edge["node"]["id"] for edge in found]
    assert len(numbers) == len(set(numbers)) == 23 + 1 * bool(hasattr(world, "ours"))
    assert numbers[:20] == [str(case.case) for case in world.many]


@pytest.mark.parametrize("order", ["OLDEST_FIRST", "NUMBER"])
async def test_cases_without_a_next_step_are_looked_for_some_at_a_time(
    world: World, order: str, monkeypatch: pytest.MonkeyPatch
):
    """A page is as short as what was looked through, and leads on; all together they are what one page finds."""

    async def page(after: str | None, first: int = 40) -> Any:
        asked = {"filter": {"adrift": True}, "order": order, "first": first, "after": after}
        return (await world.place.ask(OPERATIONS["cases_in_order"], COORDINATOR, **asked))["cases"]

    def ids(found: Any) -> list[str]:
        return [edge["node"]["id"] for edge in found["edges"]]

    # Of another length than the others: the same asked again is answered as before for a second.
    whole = await page(None, 50)
    assert ids(whole)
    assert not whole["pageInfo"]["hasNextPage"]
    monkeypatch.setattr(listing, "FURTHEST", 5)
    found, after, pages = list[str](), None, 0
    while pages < 20:
        some, pages = await page(after), pages + 1
        assert len(some["edges"]) <= 5
        found, after = found + ids(some), some["pageInfo"]["endCursor"]
        if not some["pageInfo"]["hasNextPage"]:
            break
    assert found == ids(whole)
    assert 4 < pages < 10


async def test_cases_are_filtered(world: World):
    async def states(by: Actor, **wanted: Any) -> list[str]:
        edges = (await world.place.ask(CASES, by, f=wanted, n=50))["cases"]["edges"]
        return [edge["node"]["person"]["name"] or edge["node"]["id"] for edge in edges]

    assert await states(COORDINATOR, lead=COORDINATOR.user) == ["Ada Quillbrook", "Basil Thistlewane"]
    assert await states(COORDINATOR, states=["AWAITING_MEETING"]) == ["Ada Quillbrook", "Basil Thistlewane"]
    assert await states(COORDINATOR, programme="bexley-icm") == []
    assert await states(COORDINATOR, live=False) == []
    assert await states(COORDINATOR, agency="police-1") == ["Basil Thistlewane"]
    assert await states(HOUSING) == ["Ada Quillbrook"]
    assert await states(HOUSING, agency="snn") == ["Ada Quillbrook"]
    assert await states(HOUSING, agency="police-1") == []
    assert await states(REFERRER) == [str(world.new.case)]
    assert await states(FIRE) == []


@pytest.mark.parametrize(("first", "after"), [(0, None), (201, None), (-1, None), (5, "x"), (5, "W10"), (5, "é")])
async def test_a_page_that_cannot_be_is_refused(world: World, first: int, after: str | None):
    assert await world.place.code(CASES, COORDINATOR, n=first, a=after) in ("OUT_OF_RANGE", "UNKNOWN_CURSOR")


class Counting:
    """A pool that counts the statements it passes on."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.statements = pool, 0

    async def count(self, ask: Callable[..., Awaitable[Any]], query: str, *args: object) -> Any:
        self.statements += 1
        return await ask(query, *args)

    async def fetch(self, query: str, *args: object) -> list[Record]:
        return await self.count(self.pool.fetch, query, *args)

    async def fetchrow(self, query: str, *args: object) -> Record | None:
        return await self.count(self.pool.fetchrow, query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        return await self.count(self.pool.fetchval, query, *args)

    async def execute(self, query: str, *args: object) -> str:
        return await self.count(self.pool.execute, query, *args)

    async def executemany(self, command: str, args: Any) -> None:
        await self.count(self.pool.executemany, command, args)

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        return self.pool.acquire()

    async def close(self) -> None:
        await self.pool.close()

    def terminate(self) -> None:
        self.pool.terminate()


@pytest.mark.parametrize("by", [COORDINATOR, AUDITOR], ids=lambda by: by.role)
async def test_twenty_cases_cost_about_as_many_statements_as_one(world: World, by: Actor):
    """Nothing at hand: neither cases, nor persons, nor keys."""
    catch = world.place.catch
    pool, keyring = catch.log.pool, catch.keyring

    async def cost(first: int) -> int:
        counting = Counting(pool)
        catch.log.pool, catch.keyring = counting, Keyring(counting, key_file(catch.settings))
        streams = await pool.fetch("select distinct originator_id from stored_events")
        catch.present.states.forget(row[0] for row in streams)
        try:
            assert len((await world.place.ask(CASES, by, n=first))["cases"]["edges"]) == first
        finally:
            catch.log.pool, catch.keyring = pool, keyring
        return counting.statements

    # Which programmes run is asked once a second: of two the one that did not come to that.
    one, twenty = [min(await cost(first), await cost(first)) for first in (1, 20)]
    # The larger page has cases on an agenda: their meetings are one statement more.
    assert twenty <= one + 2 <= 10


async def test_a_meeting_is_shown_to_each_as_far_as_they_may_see(world: World):
    ask, meeting = world.place.ask, str(world.meeting)
    told, kept = str(world.told.case), str(world.kept.case)

    async def cases(by: Actor) -> list[str | None]:
        items = (await ask(MEETING, by, m=meeting))["meeting"]["agenda"]["items"]
        assert all(
            (item["case"] is None) == any(each["path"] == "case" for each in item["redactions"]) for item in items
        )
        return [item["case"] and item["case"]["id"] for item in items]

    assert set(await cases(COORDINATOR)) == {told, kept}
    assert set(await cases(CHAIR)) == {told, kept}
    assert set(await cases(AUDITOR)) == {told, kept}
    assert set(await cases(HOUSING)) == {told, None}
    assert set(await cases(POLICE)) == {None, kept}
    for stranger in (FIRE, REFERRER, ADMINISTRATOR):
        assert (await ask(MEETING, stranger, m=meeting))["meeting"] is None
    assert (await ask(MEETING, COORDINATOR, m=str(uuid4())))["meeting"] is None
    shown = (await ask(MEETING, COORDINATOR, m=meeting))["meeting"]
    assert (shown["state"], shown["chair"]["user"], shown["minutes"]) == ("AGENDA_PUBLISHED", CHAIR.user, None)
    assert [item["order"] for item in shown["agenda"]["items"]] == [1, 2]


async def test_a_meeting_is_shown_as_it_was(world: World):
    ask, trail = world.place.ask, "query($m: UUID!) { auditTrail(stream: $m) { edges { node { event position } } } }"
    edges = (await ask(trail, AUDITOR, m=str(world.meeting)))["auditTrail"]["edges"]
    planned = next(edge["node"]["position"] for edge in edges if edge["node"]["event"] == "MeetingPlanned")
    drafted = next(edge["node"]["position"] for edge in edges if edge["node"]["event"] == "AgendaDrafted")
    then = (await ask(MEETING, COORDINATOR, m=str(world.meeting), t={"position": planned}))["meeting"]
    assert (then["state"], then["version"], then["agenda"]["items"]) == ("PLANNED", 1, [])
    then = (await ask(MEETING, COORDINATOR, m=str(world.meeting), t={"position": drafted}))["meeting"]
    assert (then["state"], len(then["agenda"]["items"])) == ("AGENDA_DRAFTED", 2)
    # What had not been published then is shown to nobody it was not shown to.
    then = (await ask(MEETING, HOUSING, m=str(world.meeting), t={"position": drafted}))["meeting"]
    assert [item["case"] for item in then["agenda"]["items"]] == [None, None]
    assert (await ask(MEETING, COORDINATOR, m=str(world.meeting), t={"position": "1"}))["meeting"] is None


async def test_meetings_are_listed_by_their_start_to_those_who_may_attend(world: World):
    query = """query($n: Int!, $a: String, $s: String, $from: Date, $to: Date) {
        meetings(first: $n, after: $a, series: $s, from: $from, to: $to) {
            edges { cursor node { id startsAt agenda { items { case { number } } } } }
            pageInfo { hasNextPage endCursor } } }"""
    later = [uuid4() for _ in range(3)]
    start = datetime.now(UTC).replace(hour=11)
    for week, meeting in enumerate(later, start=1):
        await world.place.take(
            PlanMeeting(meeting, "snn-catch", "catch-weekly", start + timedelta(days=7 * week), CHAIR.user)
        )
    await world.place.settled()
    page = (await world.place.ask(query, COORDINATOR, n=2))["meetings"]
    assert [edge["node"]["id"] for edge in page["edges"]] == [str(world.meeting), str(later[0])]
    assert page["pageInfo"]["hasNextPage"]
    rest = (await world.place.ask(query, COORDINATOR, n=2, a=page["pageInfo"]["endCursor"]))["meetings"]
    assert [edge["node"]["id"] for edge in rest["edges"]] == [str(each) for each in later[1:]]
    assert not rest["pageInfo"]["hasNextPage"]
    invited = (await world.place.ask(query, HOUSING, n=50))["meetings"]["edges"]
    assert [edge["node"]["id"] for edge in invited] == [str(world.meeting)]
    day = london_day(start + timedelta(days=7)).isoformat()
    only = (await world.place.ask(query, COORDINATOR, **{"n": 50, "from": day, "to": "2199-12-31"}))["meetings"][
        "edges"
    ]
    assert [edge["node"]["id"] for edge in only] == [str(each) for each in later]
    assert (await world.place.ask(query, COORDINATOR, n=50, s="none"))["meetings"]["edges"] == []


PREVIEW = """query($m: UUID!) { agendaPreview(meetingId: $m) { asOf policyVersion
    items { number order case { id } explanation redactions { path } }
    overflow { number whyNotPlaced } warnings { code } } }"""
WHY = """query($c: UUID!, $m: UUID!) { whyNotOnAgenda(caseId: $c, meetingId: $m) {
    standing text missing expectedOn reasons { code text } } }"""


async def test_those_who_prepare_a_meeting_preview_its_agenda_and_ask_why_a_case_is_not_on_it(world: World):
    meeting = uuid4()
    starts = datetime.now(UTC) + timedelta(days=40)
    await world.place.take(PlanMeeting(meeting, "snn-catch", "catch-weekly", starts, CHAIR.user))
    await world.place.settled()
    preview = (await world.place.ask(PREVIEW, CHAIR, m=str(meeting)))["agendaPreview"]
    assert int(preview["asOf"]) > 0
    answer = (await world.place.ask(WHY, COORDINATOR, m=str(meeting), c=str(world.many[3].case)))["whyNotOnAgenda"]
    assert answer["text"]
    assert answer["standing"] != "ON_AGENDA"
    assert await world.place.code(WHY, COORDINATOR, m=str(meeting), c=str(uuid4())) == "UNKNOWN_CASE"
    chosen = (await world.place.ask(WHY, COORDINATOR, m=str(world.meeting), c=str(world.told.case)))["whyNotOnAgenda"]
    assert chosen["reasons"]
    for query in (PREVIEW, WHY):
        variables = {"m": str(meeting)} | ({"c": str(world.told.case)} if query is WHY else {})
        assert await world.place.code(query, HOUSING, **variables) == "NOT_FOR_YOUR_ROLE"
        assert await world.place.code(query, ANOTHER_CHAIR, **variables) == "UNKNOWN_MEETING"
        assert await world.place.code(query, COORDINATOR, **variables | {"m": str(uuid4())}) == "UNKNOWN_MEETING"


async def test_a_meeting_that_is_over_is_asked_about_as_things_stood_then(world: World):
    place = world.place
    case = (await place.worked_on("Abe Endsoon-Example")).case
    off, coming = uuid4(), uuid4()
    for meeting, days in ((off, 47), (coming, 54)):
        starts = datetime.now(UTC) + timedelta(days=days)
        await place.take(PlanMeeting(meeting, "snn-catch", "catch-weekly", starts, CHAIR.user))

    async def standing(meeting: UUID, about: UUID) -> str:
        return (await place.ask(WHY, COORDINATOR, m=str(meeting), c=str(about)))["whyNotOnAgenda"]["standing"]

    before = await standing(off, case)
    await place.take(CancelMeeting(off, Sealed("Nobody can come.")), CHAIR)
    await place.take(CloseCase(case, "goals-achieved", london_day(datetime.now(UTC)), Sealed("Over.")))
    assert before not in ("NOT_LIVE", "UNKNOWN")
    assert await standing(coming, case) == "NOT_LIVE"
    assert await standing(off, case) == ("AFTER_PUBLICATION" if before == "ON_AGENDA" else before)
    later = await place.worked_on("Bea Laterborn-Example")
    assert await standing(off, later.case) == "UNKNOWN"
    assert await standing(coming, later.case) != "UNKNOWN"


async def test_the_inbox_of_an_agency_comes_page_by_page(world: World):
    query = """query($n: Int!, $a: String) { agencyInbox(first: $n, after: $a) {
        edges { node { kind title state caseNumber meetingId overdueDays redactions { path } } }
        pageInfo { hasNextPage endCursor } } }"""
    found, after = list[Any](), None
    for more in (True, False):
        page = (await world.place.ask(query, HOUSING, n=2, a=after))["agencyInbox"]
        found += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasNextPage"] is more
    assert {each["title"] for each in found if each["kind"] == "ACTION"} == {
        "Mend the stairs",
        "Mend the roof",
        "Mend the gate",
    }
    assert [each["meetingId"] for each in found if each["kind"] == "INVITATION"] == [str(world.meeting)]
    assert all(each["redactions"] == [] for each in found)
    assert [edge["node"]["kind"] for edge in (await world.place.ask(query, POLICE, n=9))["agencyInbox"]["edges"]] == [
        "INVITATION"
    ]
    assert await world.place.code(query, AUDITOR, n=9) == "NOT_FOR_YOUR_ROLE"


TRAIL = """query($s: UUID!, $n: Int!, $a: Position) { auditTrail(stream: $s, first: $n, after: $a) {
    edges { cursor node { position version event occurredAt recordedAt by { user agency } role purpose programme
                          commandId changes { path before after } } } pageInfo { hasNextPage endCursor } } }"""


async def test_an_audit_trail_tells_each_fact_and_what_it_changed(world: World):
    found, after = list[Any](), None
    while True:
        page = (await world.place.ask(TRAIL, AUDITOR, s=str(world.told.case), n=5, a=after))["auditTrail"]
        found += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    # What an auditor may not know of is not there, and no number tells that it is.
    assert {each["version"] for each in found} == {None}
    assert "A restricted note" not in str(found)
    whole = (await world.place.ask(TRAIL, COORDINATOR, s=str(world.told.case), n=50))["auditTrail"]["edges"]
    # What is kept beside the case is read with it, and takes no number in it.
    assert [edge["node"]["version"] for edge in whole if edge["node"]["event"] != "RestrictedNoteAdded"] == [
        *range(1, len(found) + 1)
    ]
    assert len(whole) == len(found) + 1
    accepted = next(each for each in found if each["event"] == "ReferralAccepted")
    assert {"path": "state", "before": "received", "after": "accepted"} in accepted["changes"]
    assert (accepted["by"], accepted["role"]) == ({"user": COORDINATOR.user, "agency": "snn"}, "COORDINATOR")
    assert accepted["occurredAt"] < accepted["recordedAt"]
    assert not [secret for secret in world.told.secrets if secret in str(found)]


OTHERS = (HOUSING, CHAIR, REFERRER, ADMINISTRATOR)
SEES = "query($c: UUID!) { case(id: $c) { id } }"


async def test_who_may_read_an_audit_trail(world: World):
    for by in (AUDITOR, COORDINATOR):
        assert (await world.place.ask(TRAIL, by, s=str(world.told.case), n=1))["auditTrail"]["edges"]
    for by in (AUDITOR, COORDINATOR, CHAIR):
        assert (await world.place.ask(TRAIL, by, s=str(world.meeting), n=1))["auditTrail"]["edges"]
    sees = {by.user: (await world.place.ask(SEES, by, c=str(world.told.case)))["case"] is not None for by in OTHERS}
    assert sees == {HOUSING.user: True, CHAIR.user: True, REFERRER.user: sees[REFERRER.user], ADMINISTRATOR.user: False}
    for by in OTHERS:
        said = "TRAIL_NOT_YOURS" if sees[by.user] else "UNKNOWN_CASE"
        assert await world.place.code(TRAIL, by, s=str(world.told.case), n=1) == said
    assert await world.place.code(TRAIL, COORDINATOR, s=str(world.told.person), n=1) == "UNKNOWN_CASE"
    assert await world.place.code(TRAIL, ANOTHER_CHAIR, s=str(world.meeting), n=1) == "TRAIL_NOT_YOURS"


async def test_whoever_has_an_interest_reads_no_trail_of_it(world: World):
    place = world.place
    case = await place.worked_on("Una Larkspindle", "housing-1", at=ago(days=2))
    world.ours = case.case
    meeting = await place.published("housing-1", starts_at=datetime.now(UTC) + timedelta(days=2))
    item = next(item.item for item in meeting.items if item.case == case.case)
    await place.settled()
    assert (await place.ask(TRAIL, AUNT, s=str(case.case), n=1))["auditTrail"]["edges"]
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    await place.take(JoinMeeting(meeting.meeting, AUNT.user, AUNT.agency), AUNT)
    await place.take(DeclareInterest(meeting.meeting, item, AUNT.user, AUNT.agency), AUNT)
    await place.settled()
    assert await place.code(TRAIL, AUNT, s=str(case.case), n=1) == "UNKNOWN_CASE"
    entries = (await place.ask(TRAIL, AUNT, s=str(meeting.meeting), n=50))["auditTrail"]["edges"]
    assert str(item) not in str([entry["node"]["changes"] for entry in entries])
    assert await place.code(WHY, AUNT, c=str(case.case), m=str(meeting.meeting)) == "UNKNOWN_CASE"
    minutes = (
        "query($m: UUID!) { meeting(id: $m) { minutes { entries { itemId number } redactions { path reason } } } }"
    )
    shown = (await place.ask(minutes, AUNT, m=str(meeting.meeting)))["meeting"]["minutes"]
    entry = next(entry for entry in shown["entries"] if entry["itemId"] == str(item))
    assert entry["number"] is None
    assert {"path": "entries.number", "reason": "RECUSED"} in shown["redactions"]


async def test_time_to_outcome_counts_those_still_waiting(world: World):
    """The worked check: 10, 20 and 30 days to the outcome, two still open after 40 and 50: median 30, not 20."""
    place, noon = world.place, ago(days=1).replace(hour=12, minute=0)

    async def bexley(days_ago: int, took: int | None) -> None:
        received, case, person = noon - timedelta(days=days_ago), uuid4(), uuid4()
        await place.take(RegisterPerson(person, name=Sealed("Ned Example")), at=received)
        submitted = SubmitReferral(case, person, "bexley-icm", uuid4(), "gp", "phone", received, Sealed("Frail"))
        await place.take(submitted, at=received)
        if took is not None:
            at_risk = EvaluatedCriterion("at-risk-of-crisis-if-no-action", met=True)
            await place.take(AcceptReferral(case, (at_risk,)), at=received)
            ended = received + timedelta(days=took)
            closed = CloseCase(case, "crisis-averted", london_day(ended), Sealed("Well again"))
            await place.take(closed, at=ended)

    for days_ago, took in ((60, 10), (60, 20), (60, 30), (40, None), (50, None)):
        await bexley(days_ago, took)
    await place.settled()
    query = """query($f: Date, $t: Date, $at: AsAt) {
        timeToOutcome(programme: "bexley-icm", from: $f, to: $t, asAt: $at) {
        medianDays notReached achieved censored competing naiveClosedMeanDays cutOff atRisk { days count }
        lowerQuartileDays upperQuartileDays restrictedMeanDays longestFollowUpDays episodes administrative neverAtRisk
        achievedBy { days share lower upper } programmeVersions cutOffAt
        curve { days survival atRisk incidence incidenceLower incidenceUpper } } }"""
    found = (await place.ask(query, AUDITOR))["timeToOutcome"]
    assert (found["medianDays"], found["naiveClosedMeanDays"]) == (30, 20)
    assert (found["achieved"], found["censored"], found["competing"]) == (3, 2, 0)
    survival = {point["days"]: round(point["survival"], 2) for point in found["curve"]}
    assert (survival[10], survival[20], survival[30]) == (0.8, 0.6, 0.4)
    assert int(found["cutOff"]) == await place.settled()
    assert (found["lowerQuartileDays"], found["upperQuartileDays"]) == (20, None)
    assert (found["episodes"], found["administrative"], found["neverAtRisk"]) == (5, 0, 0)
    assert [(by["days"], by["share"]) for by in found["achievedBy"]] == [(90, None), (180, None), (365, None)]
    assert (found["programmeVersions"], found["longestFollowUpDays"]) == (["bexley-icm@2"], 51)
    assert found["curve"][0]["incidenceLower"] < found["curve"][0]["incidence"] < found["curve"][0]["incidenceUpper"]
    # Nobody has been followed into days that are still to come.
    ahead = {"occurredAt": "2098-01-01T00:00:00Z"}
    assert (await place.ask(query, AUDITOR, at=ahead))["timeToOutcome"] == found
    # With nothing closed a spreadsheet has no mean.
    early = {"occurredAt": (noon - timedelta(days=55)).isoformat()}
    assert (await place.ask(query, AUDITOR, at=early))["timeToOutcome"]["naiveClosedMeanDays"] is None
    # As of 35 days ago two had reached it, one was on the way; only what is known of the past counts.
    past = {"occurredAt": (noon - timedelta(days=35)).isoformat()}
    then = (await place.ask(query, AUDITOR, at=past))["timeToOutcome"]
    assert (then["achieved"], then["censored"]) == (2, 3)
    same = (await place.ask(query, AUDITOR, at={"position": found["cutOff"]}))["timeToOutcome"]
    assert {name: same[name] for name in ("medianDays", "achieved", "censored")} == {
        name: found[name] for name in ("medianDays", "achieved", "censored")
    }
    cohort = {"f": london_day(noon - timedelta(days=45)).isoformat()}
    assert (await place.ask(query, AUDITOR, **cohort))["timeToOutcome"]["notReached"] is True
    assert await place.code(query, HOUSING) == "NOT_FOR_YOUR_ROLE"
    # Which programmes there are, beyond one's own, is not told here.
    assert await place.code('{ timeToOutcome(programme: "none") { achieved } }', AUDITOR) == "NOT_FOR_YOUR_ROLE"


async def test_figures_for_others_are_of_fixed_periods_and_of_no_small_group(world: World):
    """Whoever could choose the days would take two periods that differ by one day from each other."""
    place = world.place
    last = quarter_before(london_day(datetime.now(UTC)))
    # No other test has referrals so long ago.
    ended = quarter_before(last.first - timedelta(days=1))
    before = quarter_before(ended.first - timedelta(days=1))
    running = last.last + timedelta(days=1)

    async def referred(day: date, how_many: int, took: int | None) -> None:
        for _ in range(how_many):
            received = datetime.combine(day, time(12), UTC)
            case, person = uuid4(), uuid4()
            await place.take(RegisterPerson(person, name=Sealed("Nan Example")), at=received)
            submitted = SubmitReferral(case, person, "bexley-icm", uuid4(), "gp", "phone", received, Sealed("Frail"))
            await place.take(submitted, at=received)
            if took is not None:
                at_risk = EvaluatedCriterion("at-risk-of-crisis-if-no-action", met=True)
                await place.take(AcceptReferral(case, (at_risk,)), at=received)
                closed = received + timedelta(days=took)
                summary = Sealed("Well again")
                await place.take(CloseCase(case, "crisis-averted", london_day(closed), summary), at=closed)

    await referred(before.first, 4, 10)
    await referred(ended.first, 5, 10)
    await referred(ended.first, 1, None)
    await place.settled()
    query = """query($f: Date, $t: Date, $at: AsAt) {
        timeToOutcome(programme: "bexley-icm", from: $f, to: $t, asAt: $at) {
        withheld medianDays achieved censored curve { days atRisk achieved } atRisk { days } } }"""

    def between(first: date, last: date) -> dict[str, str]:
        return {"f": first.isoformat(), "t": last.isoformat()}

    for by in (COORDINATOR, CHAIR):
        told = (await place.ask(query, by, **between(ended.first, ended.last)))["timeToOutcome"]
        assert (told["withheld"], told["medianDays"], told["achieved"], told["censored"]) == (None, 10, 5, 1)
        # The sixth is alone behind the step of five: told of the step, the rest would be told of one.
        assert (told["curve"], told["atRisk"]) == ([], [])
        few = (await place.ask(query, by, **between(before.first, before.last)))["timeToOutcome"]
        assert few == {
            "withheld": "TOO_FEW", "medianDays": None, "achieved": None, "censored": None, "curve": [], "atRisk": []
        }  # fmt: skip
        refused = [
            {},
            between(ended.first, ended.last - timedelta(days=1)),
            between(ended.first + timedelta(days=1), ended.last),
            between(running, add_months(running, 3) - timedelta(days=1)),
            {**between(ended.first, ended.last), "at": {"position": "1000"}},
        ]
        for asked in refused:
            assert await place.code(query, by, **asked) == "FIXED_PERIODS_ONLY", asked
    # Who sees every case asks as they like.
    free = (await place.ask(query, AUDITOR, **between(before.first, before.first)))["timeToOutcome"]
    assert (free["withheld"], free["achieved"], len(free["curve"])) == (None, 4, 1)


async def test_what_was_erased_is_named_as_erased(world: World):
    place = world.place
    case = await place.worked_on("Percy Nettlefold", at=ago(days=5))
    await place.share(case.case, "housing-1", MOST)
    await place.settled()
    await place.catch.keyring.erase(case.person)
    shown = (await place.ask(CASE, COORDINATOR, c=str(case.case)))["case"]
    assert (shown["person"]["name"], shown["referral"]["reason"]) == (None, None)
    assert redacted(shown)["person.name"] == redacted(shown)["referral.reason"] == "ERASED"
    assert not [secret for secret in case.secrets if secret in str(shown)]
