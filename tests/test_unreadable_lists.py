"""One text or one fact that cannot be read is missing by its name, and nothing else is: on every channel."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from catch.app import key_file
from catch.cli.looking import asked_who_saw
from catch.database import Connection
from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.disclosure import EndInvolvement
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import SubmitReferral, case_number
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.floor import DeferItem, OpenItem
from catch.domain.meeting.items import DeferReason
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import StartMeeting
from catch.domain.processing import RequestRestriction, RestrictionReason
from catch.domain.restricted import RaiseSafeguardingConcern
from catch.evidence.reads import Read, Seen
from catch.log.entries import Append, NewEvent
from catch.personal import Keyring
from catch.statistics.small_numbers import quarter_before
from tests.conftest import Database
from tests.damage import EVENTS, unguarded
from tests.place import (
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    SERIES,
    Case,
    Place,
    ago,
    placed,
)

STRANGER = Actor("member@far", "far", Role.PARTNER)
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
CASES = """{ cases(first: 50) { edges { node { number person { name } redactions { path reason } } }
    unreadable { id number code message } pageInfo { hasNextPage endCursor } } }"""
PAGED = """query($a: String) { cases(first: 1, after: $a) { edges { node { id } } unreadable { id }
    pageInfo { hasNextPage endCursor } } }"""
CASE = "query($c: UUID!) { case(id: $c) { number person { name nhsNumber } redactions { path reason } } }"
TRAIL = "query($s: UUID!) { auditTrail(stream: $s) { edges { node { event } } } }"
INBOX = "{ agencyInbox { edges { node { title redactions { path reason } } } unreadable { number code } } }"
AGENDA = """query($m: UUID!) { meeting(id: $m) { agenda { items { number explanation presenter case { person { name } }
    redactions { path reason } } } minutes { entries { number } } } }"""
MEETINGS = "{ meetings { edges { node { id } } unreadable { id code } } }"
UPDATE = """{ __typename ... on MeetingUpdate {
    position event meeting { agenda { items { number case { person { name } } } } } } }"""
FOLLOWED = f"subscription($m: UUID!) {{ meeting(id: $m) {UPDATE} }}"
AFTER = f"subscription($m: UUID!, $a: Position) {{ meeting(id: $m, after: $a) {UPDATE} }}"
ENTRY = "{ __typename ... on InboxUpdate { position event entry { title } } }"
WAITING = f"subscription {{ agencyInbox {ENTRY} }}"
WAITING_AFTER = f"subscription($a: Position) {{ agencyInbox(after: $a) {ENTRY} }}"


class World:
    """`whole` is as it should be; `torn` is what something happens to."""

    place: Place
    admin: Connection
    whole: Case
    torn: Case
    meeting: UUID


@pytest.fixture
async def world(database: Database, admin: Connection, tmp_path: Path) -> AsyncIterator[World]:
    async with placed(database.admin, database.dsn, tmp_path) as place:
        made = World()
        made.place, made.admin = place, admin
        await place.enrol(STRANGER)
        made.whole = await place.worked_on("Wilma Quillbrook", "housing-1")
        made.torn = await place.worked_on("Tom Thistlewane", "housing-1", nhs_number=Sealed("9990000018"))
        for case in (made.whole, made.torn):
            due = london_day(ago(days=-5))
            await place.take(OfferAction(case.case, uuid4(), Sealed(f"Call {case.name}"), "housing-1", due))
        made.meeting = (await place.published("housing-1", "police-1")).meeting
        await place.settled()
        yield made


# Texts


def forget_keys(place: Place) -> None:
    """As a process does that starts."""
    place.catch.keyring = place.catch.records.keyring = Keyring(place.catch.log.pool, key_file(place.catch.settings))


async def other_key(world: World) -> str:
    """The person's data key is wrapped by another place's key."""
    return "update catch.data_keys set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where subject = $1"


async def lost_key(world: World) -> str:
    return "delete from catch.data_keys where subject = $1"


async def of_a_later_line(world: World) -> str:
    """Wrapped by a line of the key file that is not here."""
    return "update catch.data_keys set wrapped = set_byte(wrapped, 0, 7) where subject = $1"


@pytest.mark.parametrize("harm", [other_key, lost_key, of_a_later_line])
async def test_a_key_that_does_not_fit_costs_that_persons_texts(world: World, harm: Callable[[World], Awaitable[str]]):
    place, torn = world.place, world.torn
    (kept,) = await world.admin.fetch("select wrapped from catch.data_keys where subject = $1", torn.person)
    await world.admin.execute(await harm(world), torn.person)
    forget_keys(place)
    try:
        found = (await place.ask(CASES))["cases"]
        names = {each["node"]["number"]: each["node"]["person"]["name"] for each in found["edges"]}
        assert sorted(names.values(), key=str) == [None, world.whole.name]
        assert found["unreadable"] == []
        case = (await place.ask(CASE, c=str(torn.case)))["case"]
        assert {"path": "person.name", "reason": "UNREADABLE"} in case["redactions"]
        entries = [each["node"] for each in (await place.ask(INBOX, HOUSING))["agencyInbox"]["edges"]]
        assert [{"path": "title", "reason": "UNREADABLE"}] in [each["redactions"] for each in entries]
        assert f"Call {world.whole.name}" in [each["title"] for each in entries]
        agenda = (await place.ask(AGENDA, CHAIR, m=str(world.meeting)))["meeting"]["agenda"]["items"]
        assert {each["case"]["person"]["name"] for each in agenda} == {None, world.whole.name}
        # Nor is one made in the place of a key that was lost.
        said = await place.sent(AddNote(torn.case, uuid4(), Category.DISCUSSION, Sealed("More")))
        assert said["code"] == "KEY_UNREADABLE"
        concern = RaiseSafeguardingConcern(torn.case, uuid4(), Sealed("Is hurt."))
        await place.mutate(concern, HOUSING)
    finally:
        await world.admin.execute("delete from catch.data_keys where subject = $1", torn.person)
        await world.admin.execute("insert into catch.data_keys values ($1, $2)", torn.person, kept["wrapped"])
        forget_keys(place)
    assert (await place.ask(CASE, c=str(torn.case)))["case"]["person"]["name"] == torn.name


# Facts


async def of_a_newer_release(world: World, stream: UUID, topic: str = "NoteRead") -> None:
    """A server of a newer release, beside this one, records a kind of fact that this one does not know."""
    catch = world.place.catch
    version = len(await catch.log.stream(stream)) + 1
    answer = await catch.log.append(Append(uuid4(), stream, (NewEvent(stream, version, topic, b"{}"),)))
    await catch.present.follower.reached(answer.position)


async def damaged(world: World, stream: UUID) -> None:
    where = f"originator_id = '{stream}' and originator_version = 2"
    await unguarded(world.admin, f"update {EVENTS} set state = '\\x7b' where {where}")
    world.place.catch.present.states.forget([stream])


async def lost(world: World, stream: UUID) -> None:
    await unguarded(world.admin, f"delete from {EVENTS} where originator_id = '{stream}' and originator_version = 1")
    world.place.catch.present.states.forget([stream])


Harm = Callable[[World, UUID], Awaitable[None]]
HARMS = pytest.mark.parametrize(
    ("harm", "code"), [(of_a_newer_release, "UNKNOWN_EVENT"), (damaged, "UNDECODABLE"), (lost, "MISSING_VERSIONS")]
)


@HARMS
async def test_a_case_of_which_a_fact_cannot_be_read_is_missing_alone_and_by_name(world: World, harm: Harm, code: str):
    place, torn, whole = world.place, world.torn, world.whole
    listed = [each["node"] for each in (await place.ask(CASES))["cases"]["edges"]]
    number = {each["person"]["name"]: each["number"] for each in listed}
    await harm(world, torn.case)
    for somebody in (COORDINATOR, HOUSING):
        found = (await place.ask(CASES, somebody))["cases"]
        assert [each["node"]["person"]["name"] for each in found["edges"]] == [whole.name]
        (missing,) = found["unreadable"]
        assert (missing["id"], missing["number"], missing["code"]) == (str(torn.case), number[torn.name], code)
        assert missing["message"]
        assert await place.code(CASE, somebody, c=str(torn.case)) == code
        assert (await place.ask(CASE, somebody, c=str(whole.case)))["case"]["person"]["name"] == whole.name
    assert await place.code(TRAIL, AUDITOR, s=str(torn.case)) == code
    assert await place.code(TRAIL, COORDINATOR, s=str(torn.case)) == code
    inbox = (await place.ask(INBOX, HOUSING))["agencyInbox"]
    assert [each["node"]["title"] for each in inbox["edges"] if "Call" in (each["node"]["title"] or "")] == [
        f"Call {whole.name}"
    ]
    assert inbox["unreadable"] == [{"number": number[torn.name], "code": code}]
    for somebody in (CHAIR, HOUSING):
        items = (await place.ask(AGENDA, somebody, m=str(world.meeting)))["meeting"]["agenda"]["items"]
        seen = {each["number"]: each["case"] and each["case"]["person"]["name"] for each in items}
        assert seen == {number[torn.name]: None, number[whole.name]: whole.name}
        (closed,) = [each for each in items if each["case"] is None]
        assert {"path": "case", "reason": "UNREADABLE"} in closed["redactions"]
        assert (closed["explanation"], closed["presenter"]) == ("", None)


@HARMS
async def test_to_whom_there_was_no_such_case_there_is_none_now(world: World, harm: Harm, code: str):
    place, torn = world.place, world.torn
    absent = await place.code(TRAIL, STRANGER, s=str(uuid4()))
    await harm(world, torn.case)
    for somebody in (STRANGER, POLICE):
        assert (await place.ask(CASE, somebody, c=str(torn.case)))["case"] is None
        assert (await place.ask(CASES, somebody))["cases"]["unreadable"] == []
    assert await place.code(TRAIL, STRANGER, s=str(torn.case)) == absent


async def test_what_was_closed_before_it_could_not_be_read_is_closed_on_the_agenda(world: World):
    place, torn = world.place, world.torn
    await place.take(EndInvolvement(torn.case, "housing-1"))
    await place.settled()
    shown = (await place.ask(AGENDA, HOUSING, m=str(world.meeting)))["meeting"]["agenda"]["items"]
    await of_a_newer_release(world, torn.case)
    now = (await place.ask(AGENDA, HOUSING, m=str(world.meeting)))["meeting"]["agenda"]["items"]
    assert [each["number"] for each in shown].count(None) == 1
    assert now == shown


@HARMS
async def test_a_person_who_cannot_be_read_is_there_for_auditors_of_their_cases_alone(
    world: World, harm: Harm, code: str
):
    place, person = world.place, world.torn.person
    far, second = (Actor(f"{name}@audit", "audit", Role.AUDITOR) for name in ("far", "second"))
    await place.enrol(far, "bexley-icm")
    await place.enrol(second)
    await place.take(DeclareRecusal(world.torn.case, second.user, "audit", Sealed("His sister.")))
    await place.settled()
    await harm(world, person)
    absent = await place.code(TRAIL, far, s=str(uuid4()))
    assert [await place.code(TRAIL, by, s=str(person)) for by in (far, second)] == [absent] * 2
    # Without its first fact nothing says what the id names.
    assert await place.code(TRAIL, AUDITOR, s=str(person)) == (absent if harm is lost else code)


async def test_a_page_of_unreadable_cases_leads_on(world: World):
    await damaged(world, world.torn.case)
    after, found = None, list[str]()
    for _ in range(5):
        page = (await world.place.ask(PAGED, a=after))["cases"]
        found += [each["node"]["id"] for each in page["edges"]] + [each["id"] for each in page["unreadable"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(found) == sorted([str(world.whole.case), str(world.torn.case)])


@HARMS
async def test_a_person_of_whom_a_fact_cannot_be_read_costs_their_case(world: World, harm: Harm, code: str):
    place = world.place
    await harm(world, world.torn.person)
    found = (await place.ask(CASES))["cases"]
    assert [each["node"]["person"]["name"] for each in found["edges"]] == [world.whole.name]
    assert [(each["id"], each["code"]) for each in found["unreadable"]] == [(str(world.torn.case), code)]
    items = (await place.ask(AGENDA, CHAIR, m=str(world.meeting)))["meeting"]["agenda"]["items"]
    assert {each["case"] and each["case"]["person"]["name"] for each in items} == {None, world.whole.name}


@HARMS
async def test_a_meeting_that_cannot_be_read_is_missing_alone_and_its_cases_are_not(
    world: World, harm: Harm, code: str
):
    place, other = world.place, uuid4()
    await place.take(PlanMeeting(other, PROGRAMME, SERIES, ago(days=-9), CHAIR.user))
    await place.settled()
    await harm(world, world.meeting)
    found = (await place.ask(MEETINGS, CHAIR))["meetings"]
    assert str(other) in [each["node"]["id"] for each in found["edges"]]
    assert found["unreadable"] == [{"id": str(world.meeting), "code": code}]
    assert await place.code(AGENDA, CHAIR, m=str(world.meeting)) == code
    assert (await place.ask(AGENDA, STRANGER, m=str(world.meeting)))["meeting"] is None
    assert (await place.ask(MEETINGS, STRANGER))["meetings"]["unreadable"] == []
    assert len((await place.ask(CASES))["cases"]["edges"]) == 2
    await place.take(AddNote(world.whole.case, uuid4(), Category.DISCUSSION, Sealed("Work goes on.")))


async def test_an_agenda_goes_on_with_a_case_that_cannot_be_read(world: World):
    """It is drafted and published, and the item put off; what would be written to the case is refused by name."""
    place, meeting = world.place, uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, ago(days=-2), CHAIR.user))
    await place.settled()
    await of_a_newer_release(world, world.torn.case)
    await place.mutate(DraftAgenda(meeting))
    await place.mutate(PublishAgenda(meeting), CHAIR)
    assert await place.refused(AddNote(world.torn.case, uuid4(), Category.DISCUSSION, Sealed("x"))) == "UNKNOWN_EVENT"
    held = await place.meeting(world.meeting)
    item = next(item.item for item in held.items if item.case == world.torn.case)
    await place.mutate(StartMeeting(world.meeting), CHAIR)
    assert await place.refused(OpenItem(world.meeting, item), CHAIR) == "UNKNOWN_EVENT"
    await place.mutate(DeferItem(world.meeting, item, DeferReason.CHAIR, None, Sealed("It cannot be read.")), CHAIR)
    other = next(item.item for item in held.items if item.case == world.whole.case)
    await place.mutate(OpenItem(world.meeting, other, None, Sealed("Nobody else has come.")), CHAIR)


async def test_whoever_follows_goes_on_being_told_of_everything_else(world: World):
    place = world.place
    async with place.live(CHAIR) as chair, place.live(HOUSING) as housing:
        await chair.subscribe("1", FOLLOWED, m=str(world.meeting))
        await housing.subscribe("1", WAITING)
        before = [await chair.next("1"), await housing.next("1")]
        await of_a_newer_release(world, world.torn.case)
        await place.mutate(StartMeeting(world.meeting), CHAIR)
        while (told := await chair.next("1"))["event"] != "MeetingStarted":
            pass
        cases = {each["case"] and each["case"]["person"]["name"] for each in told["meeting"]["agenda"]["items"]}
        assert cases == {None, world.whole.name}
        due = london_day(ago(days=-5))
        await place.take(OfferAction(world.whole.case, uuid4(), Sealed("Call again"), "housing-1", due))
        assert (await housing.next("1"))["entry"]["title"] == "Call again"
        await of_a_newer_release(world, world.torn.case)
    async with place.live(CHAIR) as chair, place.live(HOUSING) as housing:
        await chair.subscribe("1", AFTER, m=str(world.meeting), a=before[0]["position"])
        await housing.subscribe("1", WAITING_AFTER, a=before[1]["position"])
        while (await chair.next("1"))["event"] != "MeetingStarted":
            pass
        assert (await housing.next("1"))["entry"]["title"] == "Call again"


async def test_history_leaves_out_what_cannot_be_read_and_tells_the_rest(world: World):
    place = world.place
    await damaged(world, world.torn.case)
    figures = """query($t: AsAt) {
        timeToOutcome(programme: "snn-catch", from: "2020-01-01", to: "2090-01-01", asAt: $t) { cutOff } }"""
    moment = {"recordedAt": ago(days=-1).isoformat()}
    assert (await place.answer(figures, AUDITOR, t=moment)).get("errors") is None
    past = """query($m: UUID!, $t: AsAt) {
        meeting(id: $m, asAt: $t) { agenda { items { case { person { name } } } } } }"""
    items = (await place.ask(past, CHAIR, m=str(world.meeting), t=moment))["meeting"]["agenda"]["items"]
    assert {each["case"] and each["case"]["person"]["name"] for each in items} == {None, world.whole.name}


FIGURES = """query($f: Date, $t: Date) { timeToOutcome(programme: "snn-catch", from: $f, to: $t) {
    incomplete unreadable { id number code message } } }"""


async def test_figures_say_which_cases_they_leave_out(world: World):
    place, torn = world.place, world.torn
    quarter = quarter_before(london_day(ago()))
    days = {"f": quarter.first.isoformat(), "t": quarter.last.isoformat()}
    whole: dict[str, object] = {"incomplete": False, "unreadable": []}
    assert (await place.ask(FIGURES, AUDITOR))["timeToOutcome"] == whole
    assert (await place.ask(FIGURES, COORDINATOR, **days))["timeToOutcome"] == whole
    # Of another stream, or of a kind that is in no figure: nothing is left out.
    await of_a_newer_release(world, world.meeting)
    await place.catch.readside.reached(await place.catch.log.head())
    assert (await place.ask(FIGURES, AUDITOR))["timeToOutcome"] == whole
    await of_a_newer_release(world, torn.case)
    await place.catch.readside.reached(await place.catch.log.head())
    told = (await place.ask(FIGURES, AUDITOR))["timeToOutcome"]
    (missing,) = told["unreadable"]
    assert (told["incomplete"], missing["id"], missing["code"]) == (True, str(torn.case), "UNKNOWN_EVENT")
    assert missing["number"]
    # Who does not see every case is told that some are left out, and none by name.
    assert (await place.ask(FIGURES, COORDINATOR, **days))["timeToOutcome"] == {"incomplete": True, "unreadable": []}


SAW = """query($of: Looked!) { whoSaw(of: $of) { edges { node { by { user } caseIds } }
    unreadable { id number code message } } }"""


@pytest.mark.parametrize("harm", [of_a_newer_release, damaged])
async def test_who_looked_at_somebody_is_told_without_the_case_of_theirs_that_cannot_be_read(world: World, harm: Harm):
    place, torn, there = world.place, world.torn, uuid4()
    await place.enrol(COORDINATOR, "bexley-icm")
    at = ago(hours=1)
    await place.take(SubmitReferral(there, torn.person, "bexley-icm", uuid4(), "gp", "phone", at, Sealed("Again")))
    await place.settled()
    for case in (torn.case, there):
        await place.catch.reads.record(
            Read(viewer="somebody", agency="snn", channel="api", seen=(Seen(torn.person, case),))
        )
    of = {"personId": str(torn.person)}
    whole = (await place.ask(SAW, of=of))["whoSaw"]
    assert whole["unreadable"] == []
    await harm(world, torn.case)
    told = (await place.ask(SAW, of=of))["whoSaw"]
    assert [each["id"] for each in told["unreadable"]] == [str(torn.case)]
    assert told["unreadable"][0]["number"] == case_number(torn.case)
    seen = [each["node"] for each in told["edges"] if each["node"]["by"]["user"] == "somebody"]
    assert [each["caseIds"] for each in seen] == [[str(there)]]
    # Asked about that case alone, there is nothing else to tell.
    assert await place.code(SAW, of={"caseId": str(torn.case)}) == told["unreadable"][0]["code"]
    # An operator is shown what is recorded of whom, whatever state the case is in.
    assert await asked_who_saw(place.catch, torn.case) == ((), (torn.case,))
    # To whom nobody's looks are told, there is no such case.
    assert await place.code(SAW, POLICE, of=of) == "UNKNOWN_CASE"


ASKED = "{ dataRequests { edges { node { person cases { number } restrictions { state } } } } }"


@pytest.mark.parametrize("of", ["case", "person"])
async def test_what_somebody_asked_is_listed_although_something_of_theirs_cannot_be_read(world: World, of: str):
    place, torn = world.place, world.torn
    day = london_day(ago())
    for each in (torn, world.whole):
        command = RequestRestriction(each.person, uuid4(), RestrictionReason.OBJECTED, day)
        await place.take(command)
    await place.settled()
    await place.enrol(CALDICOTT)
    asked = (await place.ask(ASKED, CALDICOTT))["dataRequests"]
    await of_a_newer_release(world, torn.case if of == "case" else torn.person)
    assert len(asked["edges"]) == 2
    assert (await place.ask(ASKED, CALDICOTT))["dataRequests"] == asked
