"""Somebody opens a case in an emergency: who may, what it shows them, when it ends, and who looks into it.

The policy first, of values alone: what breaking the glass shows, by every role, and what keeps it shut. Then as
everybody meets it: commands, queries, sockets, inboxes, pages, and the records of who saw what.
"""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from catch.access import EVERYTHING, RedactionReason, Sight, glass_shows, sight
from catch.commands import Commands
from catch.domain.access_grant import (
    Behind,
    BreakGlassFinding,
    BreakGlassOpened,
    BreakGlassReason,
    EndBreakGlass,
    GlassIsBroken,
    Grants,
    OpenBreakGlass,
    OpenedByYourself,
    ReviewBreakGlass,
    ShownAlready,
    StillOpen,
    UnknownNumber,
    UnknownOpening,
    decide,
    evolve,
    opened,
)
from catch.domain.calendar import add_working_days, london_day
from catch.domain.case.agreement import ObjectionRecorded, RecordObjection
from catch.domain.case.closing import CloseCase
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import SubmitReferral, case_number
from catch.domain.case.state import Objection, Worker
from catch.domain.facts import Actor, Category, Command, Role, Sealed, Tag
from catch.domain.given import Given
from catch.domain.partner import EnrolService, GiveRole, ServiceAccount, SuspendMember
from catch.domain.person import ProtectionReason, SetProtectedAddress
from catch.domain.refusals import OutOfRange, Refused
from catch.domain.restricted import AddRestrictedNote
from catch.domain.streams import grants_stream
from catch.figures.gathering import Known, of_cases
from catch.history.past import Moment
from catch.metrics.definition import Cut
from catch.metrics.support import disclosures
from projections import agency_inbox
from tests import relationships as r
from tests.browser import signed_in
from tests.canaries.channels import OPERATIONS
from tests.cases import CASE, NOW, OFFERED, TEXT, folded, uid
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    REFERRER,
    SYSTEM,
    Case,
    Place,
    ago,
)
from tests.standing import (
    PEOPLE,
    Change,
    World,
    after,
    asking,
    elsewhere,
    lapsed,
    left_programme,
    recused,
    recused_of_the_case,
    runs_no_more,
    shared,
    suspended,
    terminated,
    with_member,
    world,
)
from tests.test_erased_everywhere import gone, somebody
from tests.test_meeting_live import CASE as FOLLOW_CASE
from tests.test_meeting_live import INBOX

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
ORDINARY = frozenset(map(Category, ("identity", "contact", "needs", "plan", "discussion", "actions", "health", "risk")))
NOBODYS = replace(shared, involvements=(), disclosures=(), referrals=(), lead=Worker("otto", "other-1"))
AT_WORK = (Role.CHAIR, Role.DEPUTY, Role.COORDINATOR, Role.PARTNER)


def behind_glass(role: Role) -> World:
    """A case in which they have no part, and which they have opened."""
    return r.opened_by(*PEOPLE[role])(world(role, NOBODYS))


def looked(w: World) -> Sight | None:
    """What they see who read the case."""
    case = w.case(CASE)
    return sight(w.looking(), case, w.seats(CASE), w.at) if case else None


# What it shows, and to whom


@pytest.mark.parametrize("role", AT_WORK)
def test_everything_ordinary(role: Role):
    w = behind_glass(role)
    assert w.sight() is None
    assert looked(w) == Sight(ORDINARY, RedactionReason.NO_DISCLOSURE, PEOPLE[role][1], glass=True)


@pytest.mark.parametrize("role", [role for role in PEOPLE if role not in AT_WORK])
def test_nobody_else_sees_anything_by_it(role: Role):
    w = behind_glass(role)
    assert glass_shows(w.looking(), NOBODYS) == frozenset()
    assert looked(w) == w.sight()


@pytest.mark.parametrize("role", AT_WORK)
def test_whoever_loses_the_role_meanwhile_sees_nothing_any_more(role: Role):
    gone: list[Change] = [elsewhere]
    if role is Role.COORDINATOR:
        gone += [left_programme, runs_no_more]
    else:
        gone += [terminated]
    for change in gone:
        assert looked(change(behind_glass(role))) is None, change
    for change in (suspended, lapsed):
        with pytest.raises(Refused):
            looked(change(behind_glass(role)))


@pytest.mark.parametrize("role", AT_WORK)
def test_it_ends_by_itself(role: Role):
    assert looked(after(timedelta(hours=1) - SECOND)(behind_glass(role))) is not None
    assert looked(after(timedelta(hours=1))(behind_glass(role))) is None
    # Also to whom it was open when it was last asked who they are.
    assert sight(behind_glass(role).looking(), NOBODYS, (), NOW + timedelta(hours=1)) is None


@pytest.mark.parametrize("role", AT_WORK)
def test_what_others_opened(role: Role):
    user, agency = PEOPLE[role]
    ended = replace(r.glass(user, agency), ended_at=NOW)
    assert looked(replace(behind_glass(role), opened=((agency, Grants((ended,))),))) is None
    assert looked(r.opened_by("colleague", agency)(world(role, NOBODYS))) is None
    # The same user id at another agency is somebody else.
    assert looked(r.opened_by(user, "police-1")(world(role, NOBODYS))) is None


@pytest.mark.parametrize("change", [recused, recused_of_the_case])
@pytest.mark.parametrize("role", AT_WORK)
def test_whoever_is_recused_sees_nothing_by_it(role: Role, change: Change):
    found = looked(change(behind_glass(role)))
    assert found is not None
    assert (found.categories, found.hidden) == (frozenset(), RedactionReason.RECUSED)


@pytest.mark.parametrize("role", AT_WORK)
def test_what_the_person_does_not_want_told(role: Role):
    own, others = PEOPLE[role][1], "police-1"
    some = frozenset({Category.NEEDS, Category.CONTACT})
    for agency, shut in ((own, some), (others, frozenset[Category]())):
        case = folded(*OFFERED, ObjectionRecorded(Objection(uid(11), some, frozenset({agency}))))
        alone = replace(NOBODYS, objections=case.objections)
        found = looked(replace(behind_glass(role), cases=(alone,)))
        assert found is not None
        assert found.categories == ORDINARY - shut


def test_no_restricted_fact_is_seen_by_it_whatever_tags_somebody_has():
    w = r.tagged(behind_glass(Role.COORDINATOR))
    found = looked(w)
    assert found is not None
    assert (found.tags, found.hides(Category.RESTRICTED)) == (frozenset(), RedactionReason.RESTRICTED)
    assert found.categories.isdisjoint({Category.RESTRICTED, Category.THIRD_PARTY, Category.FUNDS})


def test_a_program_opens_nothing():
    w = behind_glass(Role.PARTNER)
    program = replace(asking(w), service=ServiceAccount(frozenset({"open-break-glass"}), frozenset()))
    assert looked(with_member(w, program)) is None


def test_a_part_that_somebody_has_besides_goes_on():
    """The union: what is disclosed beyond what is ordinary is still told, and they take part as before."""
    w = r.opened_by(*PEOPLE[Role.PARTNER])(world(Role.PARTNER, shared))
    found, alone = looked(w), w.sight()
    assert found is not None
    assert alone is not None
    assert (found.categories, found.part, found.glass) == (ORDINARY | alone.categories, True, True)


@pytest.mark.parametrize("role", AT_WORK)
def test_no_command_is_asked_with_it(role: Role):
    """To whatever they ask they are answered as if they had opened nothing."""
    with_glass, without = behind_glass(role), world(role, NOBODYS)
    for kind in (AddNote(CASE, uid(12), Category.PLAN, TEXT), DeclareRecusal(CASE, *PEOPLE[role])):
        told = [refusal_of(w, kind) for w in (with_glass, without)]
        assert told[0] == told[1]


def refusal_of(w: World, command: Command) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        w.may(command)
    return refused.value.code, repr(refused.value.details)


# What happens, of values alone


ME, OTHER = Actor("hana", "housing-1", Role.PARTNER), Actor("cal", "snn", Role.CALDICOTT)
OPEN = OpenBreakGlass("housing-1", uid(1), "7K3M-Q2XD", BreakGlassReason.RISK_TO_LIFE, TEXT, 90)
BEHIND = Behind(CASE, "snn-catch", Worker("cora", "snn"), shown=False)
END = EndBreakGlass("housing-1", uid(1))
REVIEW = ReviewBreakGlass("housing-1", uid(1), BreakGlassFinding.JUSTIFIED)


def given(by: Actor = ME, at: datetime = NOW) -> Given:
    return Given(at, by, now=at)


def after_it(*more: Any) -> Grants:
    """What the facts leave, each with when it occurred."""
    grants = Grants()
    for facts, at in ((opened(Grants(), OPEN, given(), BEHIND), NOW), *more):
        for fact in facts:
            grants = evolve(grants, fact, at)
    return grants


def test_it_is_open_from_now_on_and_its_review_is_due_in_two_working_days():
    friday = datetime(2026, 12, 4, 16, tzinfo=NOW.tzinfo)
    (fact,) = opened(Grants(), OPEN, Given(friday - MINUTE, ME, now=friday), BEHIND)
    assert isinstance(fact, BreakGlassOpened)
    assert (fact.until, fact.review_due) == (friday + 90 * MINUTE, date(2026, 12, 8))
    assert (fact.case, fact.lead, fact.user) == (CASE, BEHIND.lead, ME.user)


def test_nobody_opens_or_shuts_a_case_in_the_past():
    """What they read meanwhile was read with it."""
    now = NOW + timedelta(minutes=30)
    with pytest.raises(OutOfRange) as early:
        opened(Grants(), OPEN, Given(NOW, ME, now=now), BEHIND)
    assert early.value.details["latest"] == now.isoformat()
    with pytest.raises(OutOfRange):
        decide(after_it(), END, Given(NOW, ME, now=now))


def test_the_same_again_records_nothing_and_one_case_is_opened_once():
    grants = after_it()
    assert opened(grants, OPEN, given(), None) == []
    another = replace(OPEN, opening=uid(2))
    with pytest.raises(GlassIsBroken):
        opened(grants, another, given(), BEHIND)
    assert opened(grants, another, given(at=NOW + 90 * MINUTE), BEHIND)
    assert opened(grants, another, given(replace(ME, user="henry")), BEHIND)


def test_what_is_not_there_or_shown_already_is_not_opened():
    with pytest.raises(UnknownNumber):
        opened(Grants(), OPEN, given(), None)
    with pytest.raises(ShownAlready):
        opened(Grants(), OPEN, given(), BEHIND._replace(shown=True))


def test_it_is_ended_once_and_what_is_over_needs_no_end():
    ended = after_it((decide(after_it(), END, given(at=NOW + MINUTE)), NOW + MINUTE))
    assert [*ended.open_to(ME.user, NOW + MINUTE)] == []
    assert decide(ended, END, given(at=NOW + MINUTE)) == []
    assert decide(after_it(), END, given(at=NOW + 90 * MINUTE)) == []
    with pytest.raises(UnknownOpening):
        decide(Grants(), END, given())


def test_somebody_else_looks_into_it_once_it_is_over():
    over = NOW + 90 * MINUTE
    with pytest.raises(StillOpen):
        decide(after_it(), REVIEW, given(OTHER))
    with pytest.raises(OpenedByYourself):
        decide(after_it(), REVIEW, given(ME, over))
    facts = decide(after_it(), REVIEW, given(OTHER, over))
    grants = after_it((facts, over))
    assert grants.glasses[0].reviewed == facts[0]
    assert decide(grants, replace(REVIEW, finding=BreakGlassFinding.NOT_JUSTIFIED), given(OTHER, over)) == []


# As everybody meets it

live = pytest.mark.asyncio(loop_scope="module")
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
SECOND_CALDICOTT = Actor("second-caldicott@snn", "snn", Role.CALDICOTT)
MANAGER = Actor("manager@snn", "snn", Role.MEMBER_ADMINISTRATOR)
STRANGER = Actor("stranger@bexley-1", "bexley-1", Role.PARTNER)
WHY = "The coordinator cannot be reached, and the landlord is at the door."
NOT_THERE = "0000-0000"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        for somebody in (CALDICOTT, SECOND_CALDICOTT, MANAGER):
            await made.enrol(somebody)
        await made.enrol(STRANGER, "bexley-icm")
        yield made


def opening_of(case: Case | str, by: Actor = POLICE, **more: Any) -> OpenBreakGlass:
    number = case if isinstance(case, str) else case_number(case.case)
    made = OpenBreakGlass(by.agency, uuid4(), number, BreakGlassReason.LEAD_ABSENT, Sealed(WHY))
    return replace(made, **more)


async def opens(place: Place, case: Case, by: Actor = POLICE, **more: Any) -> UUID:
    asked = opening_of(case, by, **more)
    await place.mutate(asked, by)
    await place.settled()
    return asked.opening


async def opened_at(place: Place, when: datetime, case: Case, by: Actor = POLICE, **more: Any) -> UUID:
    """As a server recorded it whose time that was."""
    asked = opening_of(case, by, **more)
    commands = Commands(place.catch.records, lambda: when)
    await commands.take(asked, by=by, command_id=uuid4(), proved_at=when)
    await place.settled()
    return asked.opening


async def case_of(place: Place, case: Case, by: Actor = POLICE, **more: Any) -> Any:
    return (await place.ask(OPERATIONS["case"], by, id=str(case.case), **more))["case"]


async def listed(place: Place, by: Actor) -> dict[str, Any]:
    found = await place.ask(OPERATIONS["break_glass"], by)
    return {edge["node"]["id"]: edge["node"] for edge in found["breakGlass"]["edges"]}


async def inbox(place: Place, by: Actor) -> list[Any]:
    found = await place.ask(OPERATIONS["inbox"], by)
    return [edge["node"] for edge in found["agencyInbox"]["edges"] if edge["node"]["kind"].startswith("BREAK_GLASS")]


@live
async def test_whoever_opens_it_reads_the_case_and_nothing_restricted_until_they_end_it(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1", address=Sealed("4 Sample Lane"))
    await place.take(AddRestrictedNote(case.case, uuid4(), Tag.WARNING, Sealed("A restricted note")))
    await place.take(SetProtectedAddress(case.person, True, ProtectionReason.STALKING))
    await place.settled()
    assert await case_of(place, case) is None
    opening = await opens(place, case)
    shown = await case_of(place, case)
    assert shown["person"]["name"] == case.name
    assert case.reason in str(shown)
    for hidden in ("A restricted note", "4 Sample Lane"):
        assert hidden not in str(shown)
    # Nor of the past: rights are those of now.
    then = await case_of(place, case, asAt={"recordedAt": ago(seconds=-60).isoformat()})
    assert then["person"]["name"] == case.name
    assert (await place.ask(OPERATIONS["notes"], POLICE, case=str(case.case)))["notes"]["edges"] == []
    (own,) = (await place.ask(OPERATIONS["open_cases"], POLICE))["viewer"]["opened"]
    assert (own["id"], own["caseId"]) == (str(opening), str(case.case))
    await place.mutate(EndBreakGlass(POLICE.agency, opening), POLICE)
    await place.settled()
    assert await case_of(place, case) is None
    assert await case_of(place, case, asAt={"recordedAt": ago(seconds=-60).isoformat()}) is None
    assert await place.code(OPERATIONS["notes"], POLICE, case=str(case.case)) == "UNKNOWN_CASE"
    assert (await place.ask(OPERATIONS["open_cases"], POLICE))["viewer"]["opened"] == []


@live
async def test_it_opens_that_case_and_nothing_else(place: Place):
    """No list, no search, no count, no meeting, no command: what is asked with it is one case, by its id."""
    case = await place.worked_on("Bo Quillbrook", "housing-1", nhs_number=Sealed("9434765919"))
    another = await place.worked_on("Cy Quillbrook", "housing-1")
    await place.settled()
    asked: list[tuple[str, dict[str, Any]]] = [
        ("cases", {}),
        ("cases_in_order", {"order": "NUMBER", "filter": {"number": case_number(case.case)}}),
        ("cases_by_number", {"nhsNumber": "9434765919"}),
        ("inbox", {}),
        ("meetings", {}),
        ("offered", {"caseId": str(case.case), "personId": str(case.person)}),
    ]
    before = [await place.answer(OPERATIONS[name], POLICE, **more) for name, more in asked]
    opening = await opens(place, case)
    assert (await case_of(place, case))["number"] == case_number(case.case)
    assert [await place.answer(OPERATIONS[name], POLICE, **more) for name, more in asked] == before
    assert await case_of(place, another) is None
    note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("Seen"))
    for command in (note, DeclareRecusal(case.case, POLICE.user, POLICE.agency)):
        assert await place.refused(command, POLICE) == "UNKNOWN_CASE"
    assert await place.code(OPERATIONS["who_saw"], POLICE, of={"caseId": str(case.case)}) == "UNKNOWN_CASE"
    assert await place.code(OPERATIONS["audit_trail"], POLICE, stream=str(case.case)) == "UNKNOWN_CASE"
    await place.mutate(EndBreakGlass(POLICE.agency, opening), POLICE)


@live
async def test_absent_and_forbidden_look_the_same(place: Place):
    case = await place.worked_on("Di Quillbrook", "housing-1")
    await place.take(DeclareRecusal(case.case, POLICE.user, POLICE.agency, Sealed("A neighbour")))
    await place.settled()
    for by in (AUDITOR, REFERRER, ADMINISTRATOR, CALDICOTT, MANAGER, POLICE, STRANGER):
        answers: list[Any] = []
        for number in (case_number(case.case), NOT_THERE):
            answer = await place.sent(opening_of(number, by), by)
            answers.append((answer["code"], answer["message"], [each["name"] for each in answer["details"]]))
        assert answers[0] == answers[1], by
        assert answers[0][0] == ("UNKNOWN_NUMBER" if by in (POLICE, STRANGER) else "NOT_ALLOWED")


@live
async def test_whatever_else_is_wrong_tells_nothing_of_whether_there_is_such_a_case(place: Place):
    """An existing case is opened, or what is wrong is the same as for a number that nobody has: nothing is tried out
    without its being recorded.
    """
    case, command_id = await place.worked_on("Ed Quillbrook", "housing-1"), uuid4()
    await place.settled()
    taken = opening_of(await place.worked_on("Flo Quillbrook", "housing-1"))
    await place.settled()
    await place.take(taken, POLICE, command_id=command_id)
    wrong: dict[str, dict[str, Any]] = {
        "TEXT_TOO_SHORT": {"text": Sealed("nineteen characters")},
        "OUT_OF_RANGE": {"minutes": 241},
        "ONLY_FOR_YOURSELF": {"agency": "housing-1"},
        "ID_ALREADY_USED": {"opening": taken.opening},
    }
    head = await place.settled()
    for number in (case_number(case.case), NOT_THERE):
        for code, changes in wrong.items():
            assert await place.refused(replace(opening_of(number), **changes), POLICE) == code, number
        for text in ("  ", "x " * 5_001):
            assert await place.refused(opening_of(number, text=Sealed(text)), POLICE) is not None
        assert await place.refused(opening_of(number, text=Sealed("x " * 5_001)), POLICE) == "OUT_OF_RANGE"
        with pytest.raises(Refused) as reused:
            await place.take(opening_of(number), POLICE, command_id=command_id)
        assert reused.value.code == "COMMAND_ID_REUSED"
        with pytest.raises(Refused) as ahead:
            await place.take(opening_of(number), POLICE, ago(hours=-1))
        assert ahead.value.code == "IN_THE_FUTURE"
    assert await place.settled() == head
    assert await place.refused(opening_of("7k3m"), POLICE) == "NUMBER_MALFORMED"
    assert await place.refused(opening_of(case, COORDINATOR), COORDINATOR) == "SHOWN_ALREADY"
    assert await place.refused(replace(taken, opening=uuid4()), POLICE) == "GLASS_IS_BROKEN"


@live
async def test_an_ordinary_sign_in_is_refused_and_told_what_to_do(place: Place):
    case = await place.worked_on("Gil Quillbrook", "housing-1")
    await place.settled()
    query = """mutation($i: OpenBreakGlassInput!, $c: UUID!) { openBreakGlass(input: $i, commandId: $c) {
        ... on Accepted { position } ... on Refused { code message } } }"""

    async def answered(minutes: float, number: str = case_number(case.case), by: Actor = POLICE) -> Any:
        proved = ago(minutes=minutes).timestamp()
        token = place.issuer.issue(role=by.role, agency=by.agency, user=by.user, proved=proved)
        given = {"agency": by.agency, "opening": str(uuid4()), "number": number, "reason": "COMPLAINT", "text": WHY}
        body = {"query": query, "variables": {"i": given, "c": str(uuid4())}}
        return (await place.post(body, f"Bearer {token}")).json()["data"]["openBreakGlass"]

    for number in (case_number(case.case), NOT_THERE):
        refused = await answered(6, number)
        assert refused["code"] == "STEP_UP_NEEDED"
        assert "sign in anew" in refused["message"]
    # Whoever may not ask it at all is not sent to sign in for it.
    assert (await answered(6, by=AUDITOR))["code"] == "NOT_ALLOWED"
    assert "position" in await answered(4)


@live
async def test_it_ends_by_itself_also_on_an_open_socket(place: Place):
    case = await place.worked_on("Hal Quillbrook", "housing-1")
    await place.settled()
    await opened_at(place, ago(minutes=15, seconds=-2.5), case, minutes=15)
    async with place.live(POLICE) as police:
        await police.subscribe("s", FOLLOW_CASE, case=str(case.case))
        present = await police.next("s")
        assert present["case"]["person"]["name"] == case.name
        # No fact says so: it is its time that is over.
        head = await place.settled()
        ended = await police.next("s")
        assert (ended["__typename"], ended["reason"]) == ("AccessEnded", "You may no longer follow this case.")
        assert await place.settled() == head
    assert await case_of(place, case) is None


@live
async def test_sight_widens_and_narrows_at_once_on_a_socket_that_was_open_before(place: Place):
    case = await place.worked_on("Ida Quillbrook")
    await place.share(case.case, "police-1", frozenset({Category.NEEDS}))
    await place.settled()
    async with place.live(POLICE) as police:
        await police.subscribe("s", FOLLOW_CASE, case=str(case.case))
        assert (await police.next("s"))["case"]["person"]["name"] is None
        # No fact of the case says so: what they see is another.
        opening = await opens(place, case)
        widened = await police.next("s")
        assert (widened["event"], widened["case"]["person"]["name"]) == ("Present", case.name)
        await opens(place, await place.worked_on("Ivo Quillbrook", "housing-1"))
        await place.mutate(EndBreakGlass(POLICE.agency, opening), POLICE)
        narrowed = await police.next("s")
        assert (narrowed["event"], narrowed["case"]["person"]["name"]) == ("Present", None)


@live
async def test_who_has_to_know_is_told_at_once_and_nothing_of_whom_or_why(place: Place):
    case = await place.worked_on("Jo Quillbrook", "housing-1")
    await place.settled()
    known = {str(each["id"]) for by in (CALDICOTT, COORDINATOR) for each in await inbox(place, by)}
    async with place.live(CALDICOTT) as caldicott, place.live(COORDINATOR) as lead, place.live(HOUSING) as housing:
        for client in (caldicott, lead, housing):
            await client.subscribe("s", INBOX)
            assert (await client.next("s"))["event"] == "Present"
        opening = await opens(place, case)
        for client in (caldicott, lead):
            update = await client.next("s")
            assert (update["event"], update["entryId"], update["entry"]) == (None, None, None)
        await housing.silent()
        await place.mutate(EndBreakGlass(POLICE.agency, opening), POLICE)
        (waits,) = [each for each in await inbox(place, CALDICOTT) if each["id"] not in known]
        (told,) = [each for each in await inbox(place, COORDINATOR) if each["id"] not in known]
        assert (waits["kind"], waits["caseNumber"], waits["title"]) == ("BREAK_GLASS_REVIEW", None, None)
        assert waits["due"] == add_working_days(london_day(ago(days=0)), 2).isoformat()
        assert (told["kind"], told["caseNumber"], told["title"]) == ("BREAK_GLASS", case_number(case.case), None)
        for text in (case.name, WHY, POLICE.user):
            assert text not in f"{waits} {told}"
        assert await inbox(place, HOUSING) == await inbox(place, POLICE) == []
        # What waits for whoever looks into it waits until that is done.
        await place.mutate(ReviewBreakGlass(POLICE.agency, opening, BreakGlassFinding.JUSTIFIED), CALDICOTT)
        await place.settled()
        for client in (caldicott, lead):
            assert (await client.next("s"))["event"] is None
    left = {each["id"] for by in (CALDICOTT, COORDINATOR) for each in await inbox(place, by)}
    assert left.isdisjoint({waits["id"], told["id"]})


@live
async def test_what_nobody_has_looked_into_in_time_is_overdue_and_said_to_be(place: Place):
    case = await place.worked_on("Kit Quillbrook", "housing-1", at=ago(days=20))
    await place.settled()
    opening = await opened_at(place, ago(days=9), case)
    assert (await listed(place, CALDICOTT))[str(opening)]["overdue"]
    entry = str(agency_inbox.review(grants_stream(POLICE.agency), opening))
    (waits,) = [each for each in await inbox(place, CALDICOTT) if each["id"] == entry]
    assert waits["overdueDays"] > 0
    await place.mutate(ReviewBreakGlass(POLICE.agency, opening, BreakGlassFinding.NOT_JUSTIFIED), CALDICOTT)
    await place.settled()
    assert not (await listed(place, CALDICOTT))[str(opening)]["overdue"]


@live
async def test_somebody_else_answers_for_it_and_nobody_for_themselves(place: Place):
    case = await place.worked_on("Lu Quillbrook", "housing-1")
    # The Caldicott contact works on cases as well.
    since = london_day(ago(days=9))
    await place.take(GiveRole("snn", CALDICOTT.user, Role.CHAIR, since, None, PROGRAMME, "catch-weekly"), SYSTEM)
    await place.settled()
    as_chair = replace(CALDICOTT, role=Role.CHAIR)
    opening = await opens(place, case, as_chair)
    finding = ReviewBreakGlass("snn", opening, BreakGlassFinding.TAKEN_FURTHER, Sealed("Talked it over with them."))
    for by in (COORDINATOR, POLICE, AUDITOR, MANAGER, as_chair):
        assert await place.refused(finding, by) == "NOT_ALLOWED"
    assert await place.refused(finding, SECOND_CALDICOTT) == "STILL_OPEN"
    assert await place.refused(EndBreakGlass("snn", opening), COORDINATOR) == "UNKNOWN_OPENING"
    # Whoever looks into it may end it at once.
    await place.mutate(EndBreakGlass("snn", opening), SECOND_CALDICOTT)
    await place.settled()
    assert await case_of(place, case, as_chair) is None
    assert await place.refused(finding, CALDICOTT) == "OPENED_BY_YOURSELF"
    own = (await listed(place, as_chair))[str(opening)]
    assert (own["mayReview"], own["text"], own["lead"], own["caseId"]) == (False, None, None, None)
    await place.mutate(finding, SECOND_CALDICOTT)
    assert await place.refused(replace(finding, finding=BreakGlassFinding.JUSTIFIED), SECOND_CALDICOTT) == (
        "RECORDED_OTHERWISE"
    )
    await place.settled()
    told = (await listed(place, SECOND_CALDICOTT))[str(opening)]
    assert (told["text"], told["lead"]["user"], told["review"]["text"]) == (WHY, COORDINATOR.user, finding.text)
    audited = (await listed(place, AUDITOR))[str(opening)]
    assert (audited["text"], audited["review"]["text"]) == (None, None)
    assert audited["review"]["finding"] == "TAKEN_FURTHER"
    assert {each["path"] for each in audited["redactions"]} == {"text", "review.text"}
    assert str(opening) not in await listed(place, HOUSING)
    assert await place.code(OPERATIONS["break_glass"], REFERRER) == "NOT_FOR_YOUR_ROLE"


@live
async def test_each_look_is_recorded_as_by_break_glass_and_told_to_those_who_may_know(place: Place):
    case = await place.worked_on("Mo Quillbrook", "housing-1")
    await place.settled()
    opening = await opens(place, case)
    await case_of(place, case)
    await case_of(place, case, HOUSING)
    for by in (COORDINATOR, AUDITOR):
        found = (await place.ask(OPERATIONS["who_saw"], by, of={"caseId": str(case.case)}))["whoSaw"]["edges"]
        told = {each["node"]["by"]["user"]: each["node"] for each in reversed(found) if each["node"]["operation"]}
        assert (told[POLICE.user]["breakGlass"], told[HOUSING.user]["breakGlass"]) == (True, False)
        assert "identity" in told[POLICE.user]["categories"]
    await place.mutate(EndBreakGlass(POLICE.agency, opening), POLICE)


@live
async def test_whoever_is_suspended_or_kept_out_meanwhile_reads_no_further(place: Place):
    case = await place.worked_on("Ned Quillbrook", "housing-1")
    duty = Actor("duty@police-1", "police-1", Role.PARTNER)
    await place.enrol(duty)
    await place.settled()
    await opens(place, case, duty)
    assert await case_of(place, case, duty) is not None
    await place.take(DeclareRecusal(case.case, duty.user, duty.agency, Sealed("A cousin")))
    await place.settled()
    assert await case_of(place, case, duty) is None
    assert await listed(place, duty) == {}
    assert (await place.ask(OPERATIONS["open_cases"], duty))["viewer"]["opened"] == []
    other = await place.worked_on("Olga Quillbrook", "housing-1")
    await place.settled()
    await opens(place, other, duty)
    objected = RecordObjection(other.case, uuid4(), frozenset(EVERYTHING), frozenset({"police-1"}))
    await place.take(objected)
    await place.settled()
    assert await case_of(place, other, duty) is None
    await place.take(SuspendMember("police-1", duty.user), ADMINISTRATOR)
    await place.settled()
    assert (await place.post({"query": OPERATIONS["viewer"]}, duty)).status_code == HTTPStatus.FORBIDDEN


@live
async def test_it_is_counted_and_whether_somebody_else_has_looked_into_it(place: Place):
    case = await place.worked_on("Quin Quillbrook", "housing-1")
    before = await place.settled()
    opening = await opens(place, case)
    await place.mutate(EndBreakGlass(POLICE.agency, opening), POLICE)
    over = await place.settled()
    await place.mutate(ReviewBreakGlass(POLICE.agency, opening, BreakGlassFinding.JUSTIFIED), CALDICOTT)
    said: list[list[str]] = []
    for position in (before, over, await place.settled()):
        for moment in (None, Moment(position=position)):
            facts = (await of_cases(place.catch, [case.case], Known(position, moment)))[case.case]
            lines = disclosures(facts, Cut(place.catch.log.clock.now(), {}))
            said.append([line.answer for line in lines if line.answer.startswith("break-glass")])
    waits, looked_into = ["break-glass, not reviewed"], ["break-glass, reviewed"]
    assert said == [[], [], waits, waits, looked_into, looked_into]


@live
async def test_no_program_asks_for_it(place: Place):
    program = Actor("program@police-1", "police-1", Role.PARTNER)
    for command in (
        EnrolService("police-1", program.user, Sealed("A program"), ("open-break-glass",)),
        GiveRole("police-1", program.user, Role.PARTNER, london_day(ago(days=9)), None, PROGRAMME),
    ):
        await place.take(command, SYSTEM)
    case = await place.worked_on("Pia Quillbrook", "housing-1")
    await place.settled()
    with pytest.raises(Refused) as refused:
        await place.take(opening_of(case, program), program)
    assert refused.value.code == "SERVICE_NOT_ALLOWED"


@live
async def test_pages_lead_to_it_and_say_so(place: Place):
    case = await place.worked_on("Rae Quillbrook", "housing-1")
    await place.settled()
    number = case_number(case.case)
    async with signed_in(place, POLICE) as client:
        form = (await client.get("/search")).text
        key = form.split('name="form-key" value="')[1].split('"')[0]
        pages = [
            (await client.post("/search", data={"form-key": key, "text": each})).text.replace(each, "NUMBER")
            for each in (number, NOT_THERE)
        ]
        # The same page for a case that is there and for none.
        assert pages[0] == pages[1]
        assert "/break-glass?number=NUMBER" in pages[0]
        page = (await client.get(f"/break-glass?number={number}")).text
        assert "Show once more who you are" in page
        asked = (await client.get(f"/do/open-break-glass?agency=police-1&number={number}&next=/break-glass")).text
        assert "Why you have to read it now" in asked
        fields = {"form-key": key, "agency": "police-1", "opening": str(uuid4()), "number": number}
        fields |= {"reason": "RISK_TO_LIFE", "minutes": "30", "next": "/break-glass", "command-id": str(uuid4())}
        short = await client.post("/do/open-break-glass", data=fields | {"text": "Now"})
        assert short.status_code == 400
        assert "too short" in short.text
        assert (await client.post("/do/open-break-glass", data=fields | {"text": WHY})).status_code == 303
        await place.settled()
        shown = (await client.get(f"/cases/{case.case}")).text
        assert "You are looking at this case by break-glass until" in shown
        assert case.name in shown
        assert f"/cases/{case.case}" in (await client.get("/break-glass")).text
        end = {"form-key": key, "agency": "police-1", "opening": fields["opening"], "command-id": str(uuid4())}
        assert (await client.post("/do/end-break-glass", data=end)).status_code == 303
        await place.settled()
        assert (await client.get(f"/cases/{case.case}")).status_code == 404
    async with signed_in(place, CALDICOTT) as client:
        assert "Look into a case that was opened in an emergency" in (await client.get("/inbox")).text
        page = (await client.get("/break-glass")).text
        assert number in page
        assert WHY in page
        assert case.name not in page
        address = f"/do/review-break-glass?agency=police-1&opening={fields['opening']}&next=/break-glass"
        assert "What you found" in (await client.get(address)).text
    async with signed_in(place, COORDINATOR) as client:
        assert f"{number}</a> was opened in an emergency" in (await client.get("/inbox")).text


async def test_of_whoever_was_erased_there_is_nothing_to_open(furnished: Furnished):
    async with furnished() as place:
        await place.enrol(CALDICOTT)
        await place.take_contacts()
        who = await somebody(place)
        number = case_number(who.case)
        opening = await opens(place, Case(who.case, who.person, "", "", ""))
        await place.mutate(EndBreakGlass(POLICE.agency, opening), POLICE)
        await gone(place, who)
        assert await place.refused(opening_of(number), POLICE) == "UNKNOWN_NUMBER"
        assert await place.refused(opening_of(NOT_THERE), POLICE) == "UNKNOWN_NUMBER"


@live
async def test_whoever_is_kept_out_of_one_case_of_a_person_opens_none_of_theirs(place: Place):
    before, there = await place.worked_on("Zed Quillbrook"), uuid4()
    await place.take(DeclareRecusal(before.case, POLICE.user, POLICE.agency, Sealed("He is my father")))
    await place.take(CloseCase(before.case, "disengaged", london_day(ago(days=0)), Sealed("Not wanted")))
    again = SubmitReferral(there, before.person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), Sealed("Again"))
    await place.take(again)
    await place.settled()
    assert await place.refused(opening_of(case_number(there), POLICE), POLICE) == "UNKNOWN_NUMBER"
    assert await place.refused(opening_of(case_number(there), HOUSING), HOUSING) is None


@live
async def test_whoever_is_kept_out_of_another_case_of_the_person_meanwhile_reads_no_further(place: Place):
    before, there = await place.worked_on("Zita Quillbrook"), uuid4()
    await place.take(CloseCase(before.case, "disengaged", london_day(ago(days=0)), Sealed("Not wanted")))
    await place.take(
        SubmitReferral(there, before.person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), Sealed("Again"))
    )
    await place.settled()
    now, guard = Case(there, before.person, before.name, "", ""), Actor("third-caldicott@snn", "snn", Role.CALDICOTT)
    await place.enrol(guard)
    opening = await opens(place, now)
    async with place.live(POLICE) as police:
        await police.subscribe("s", FOLLOW_CASE, case=str(there))
        assert (await police.next("s"))["case"]["person"]["name"] == before.name
        for somebody in (POLICE, guard):
            await place.take(DeclareRecusal(before.case, somebody.user, somebody.agency, Sealed("My mother")))
        await place.settled()
        # No fact of the case that they follow says so.
        assert (await police.next("s"))["__typename"] == "AccessEnded"
    assert await case_of(place, now) is None
    assert await place.code(OPERATIONS["who_saw"], POLICE, of={"caseId": str(there)}) == "UNKNOWN_CASE"
    assert str(opening) not in str(await place.ask(OPERATIONS["open_cases"], POLICE))
    for somebody in (POLICE, guard):
        assert str(opening) not in await listed(place, somebody)
    review = ReviewBreakGlass(POLICE.agency, opening, BreakGlassFinding.JUSTIFIED)
    assert await place.refused(review, guard) == "UNKNOWN_OPENING"
    assert await place.refused(review, CALDICOTT) == "STILL_OPEN"
    assert str(opening) in await listed(place, CALDICOTT)
