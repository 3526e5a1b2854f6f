"""What a hostile member tried around meetings, concerns and slow sockets, each with its right answer."""

import gc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.disclosure import AuthoriseDisclosure
from catch.domain.case.eligibility import AcceptReferral, DeclineReferral
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.facts import Actor, Category, Role, Sealed, Tag
from catch.domain.meeting.adding import AddItem
from catch.domain.meeting.attendance import (
    AcceptConfidentiality,
    DeclareInterest,
    JoinMeeting,
    LeaveMeeting,
    SendApology,
)
from catch.domain.meeting.deciding import RecordDecision, RecordUpdate
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.floor import CloseItem, DeferItem, OpenItem
from catch.domain.meeting.invitations import InviteMember, WithdrawInvitation
from catch.domain.meeting.items import DecisionCode, DeferReason
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import EndMeeting, StartMeeting
from catch.domain.partner import (
    EnrolMember,
    EnrolService,
    GiveRole,
    GiveTag,
    RegisterPartner,
    SignAgreement,
)
from catch.domain.person import ProtectionReason, SetProtectedAddress
from catch.domain.restricted import RaiseSafeguardingConcern
from catch.domain.streams import CASE
from catch.live.protocol import Connection
from tests.conftest import Database
from tests.place import (
    BASIS,
    CHAIR,
    COORDINATOR,
    HOUSING,
    MOST,
    PROGRAMME,
    SERIES,
    SYSTEM,
    Case,
    Place,
    ago,
    placed,
)

PREPARER = Actor("prepares@snn", "snn", Role.PREPARER)
TODAY = london_day(ago(days=1))
TAG = GiveTag("snn", PREPARER.user, Tag.SAFEGUARDING, PROGRAMME, TODAY)
LIVE = """subscription($m: UUID!) { meeting(id: $m) {
    ... on MeetingUpdate { event meeting { agenda { warnings { code caseId number } } } } } }"""
WARNINGS = "query($m: UUID!) { agendaPreview(meetingId: $m) { warnings { code caseId explanation } } }"
SAID = "query($c: UUID!) { case(id: $c) { discussions { situation } decisions { text } actions { title } } }"


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as there:
        await there.enrol(PREPARER)
        await there.take(TAG, SYSTEM)
        yield there


def soon(**later: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5) + timedelta(**later)


async def planned(place: Place, starts_at: datetime | None = None) -> UUID:
    meeting = uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, starts_at or soon(), CHAIR.user))
    return meeting


async def unlisted(place: Place, name: str) -> Case:
    """A case that no rule puts forward."""
    made = await place.referred(name, at=ago(days=3))
    await place.take(AcceptReferral(made.case))
    await place.take(AllocateCoordinator(made.case, COORDINATOR.user, COORDINATOR.agency))
    return made


def concern(case: UUID, text: str = "Seen by a neighbour", **more: Any) -> RaiseSafeguardingConcern:
    return RaiseSafeguardingConcern(case, uuid4(), Sealed(text), **more)


async def warned(place: Place, meeting: UUID, by: Actor = PREPARER) -> list[Any]:
    await place.settled()
    held = (await place.ask(WARNINGS, by, m=str(meeting)))["agendaPreview"]["warnings"]
    return [each for each in held if each["code"] == "SAFEGUARDING_CONCERN"]


# Concerns


@pytest.mark.parametrize("when", ["before", "while they follow"])
async def test_whoever_is_recused_is_not_warned_live_either(place: Place, when: str):
    case, meeting = await unlisted(place, "Ada Quillbrook"), await planned(place)
    recusal = DeclareRecusal(case.case, PREPARER.user, "snn", Sealed("Her niece."))
    if when == "before":
        await place.take(recusal)
        await place.take(concern(case.case), HOUSING)
    await place.settled()
    async with place.live(PREPARER) as client:
        await client.subscribe("s", LIVE, m=str(meeting))
        heard = [await client.next("s")]
        if when != "before":
            await place.take(recusal)
            await place.take(concern(case.case), HOUSING)
            await place.settled()
        await place.take(InviteMember(meeting, "housing-1"))
        heard.append(await client.next("s"))
    assert [each["event"] for each in heard] == ["Present", "MemberInvited"]
    assert str(case.case) not in str(heard)
    assert await warned(place, meeting) == []


async def test_no_concern_is_lost_whatever_its_id_was_used_for(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    first = concern(case.case, "Worried")
    await place.take(first, HOUSING)
    again = RaiseSafeguardingConcern(case.case, first.concern, Sealed("He has a knife now"), immediate_danger=True)
    await place.take(again, HOUSING)
    await place.settled()
    query = "query($c: UUID!) { case(id: $c) { concerns { text immediateDanger } } }"
    assert (await place.ask(query, COORDINATOR, c=str(case.case)))["case"]["concerns"] == [
        {"text": "Worried", "immediateDanger": False},
        {"text": "He has a knife now", "immediateDanger": True},
    ]


async def test_what_is_dangerous_is_warned_of_first_and_what_is_left_out_is_counted(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    meeting, cases = await planned(place), [await unlisted(place, f"Ada {n}") for n in range(3)]
    await place.take(concern(cases[0].case), HOUSING)
    # Said to have been long ago, it still was recorded after the first.
    await place.take(concern(cases[1].case), HOUSING, at=ago(days=300))
    await place.take(concern(cases[2].case, immediate_danger=True), HOUSING)
    order = [str(cases[n].case) for n in (2, 0, 1)]
    assert [each["caseId"] for each in await warned(place, meeting)] == order
    from projections import concerns

    monkeypatch.setattr(concerns, "MOST", 2)
    *told, more = await warned(place, meeting)
    assert [each["caseId"] for each in told] == order[:2]
    assert (more["caseId"], more["explanation"]) == (None, "Safeguarding concerns about 1 more cases are not settled.")


async def test_nobody_learns_of_a_case_by_a_concern_of_their_own_or_of_their_program(place: Place):
    case, meeting = await unlisted(place, "Ada Quillbrook"), await planned(place)
    await place.take(concern(case.case), PREPARER)
    assert await warned(place, meeting) == []
    by_hand = AddItem(meeting, uuid4(), Section.URGENT, case.case)
    assert await place.refused(by_hand, PREPARER) == "UNKNOWN_CASE"
    sync = Actor("sync@snn", "snn", Role.PARTNER)
    await place.take(EnrolService("snn", sync.user, Sealed("Sync"), ("raise-safeguarding-concern",)), SYSTEM)
    await place.take(GiveRole("snn", sync.user, Role.PARTNER, TODAY, None, PROGRAMME), SYSTEM)
    await place.take(concern(case.case), sync)
    # It is warned of: a program may have something to say. It is nobody's way to the case.
    assert len(await warned(place, meeting)) == 1
    assert await place.refused(by_hand, PREPARER) == "UNKNOWN_CASE"


# What is said live


@pytest.mark.parametrize("outside", ["not bound", "for another item", "not invited"])
async def test_an_older_seat_hears_nothing_of_a_meeting_under_way(place: Place, outside: str):
    case, other = await place.worked_on("Ada Quillbrook"), await place.worked_on("Basil Thistlewane", "housing-1")
    shared = AuthoriseDisclosure(case.case, uuid4(), "housing-1", MOST, BASIS, Sealed("To help."))
    await place.take(shared)
    before = await place.published("snn", "housing-1")
    await place.take(StartMeeting(before.meeting), CHAIR)
    for item in before.items:
        await place.take(DeferItem(before.meeting, item.item, DeferReason.RAN_OUT_OF_TIME), CHAIR)
    await place.take(EndMeeting(before.meeting), CHAIR)
    meeting, about, about_other = await planned(place, soon(days=1)), uuid4(), uuid4()
    await place.take(AddItem(meeting, about, Section.NEW, case.case))
    await place.take(AddItem(meeting, about_other, Section.NEW, other.case))
    await place.take(InviteMember(meeting, "snn"))
    if outside != "not invited":
        await place.take(
            InviteMember(meeting, "housing-1", None, (about_other,) if outside == "for another item" else ())
        )
    await place.take(DraftAgenda(meeting))
    await place.take(PublishAgenda(meeting), CHAIR)
    await place.take(StartMeeting(meeting), CHAIR)
    if outside != "not invited":
        await place.take(JoinMeeting(meeting, HOUSING.user, "housing-1"), HOUSING)
    if outside == "for another item":
        await place.take(AcceptConfidentiality(meeting, HOUSING.user), HOUSING)
    for command in (
        JoinMeeting(meeting, COORDINATOR.user, COORDINATOR.agency),
        AcceptConfidentiality(meeting, COORDINATOR.user),
    ):
        await place.take(command)
    about = next(each.item for each in (await place.meeting(meeting)).items if each.case == case.case)
    for command in (
        OpenItem(meeting, about, override_reason=Sealed("Nobody knows her.")),
        RecordUpdate(meeting, about, situation=Sealed("Zsituation")),
        RecordDecision(
            meeting, about, uuid4(), DecisionCode.CONTINUE, Sealed("Zdecision"), not_told_reason=Sealed("Later.")
        ),
        CloseItem(meeting, about),
    ):
        await place.take(command, CHAIR)
    await place.settled()
    answer = str(await place.ask(SAID, HOUSING, c=str(case.case)))
    assert "Zsituation" not in answer
    assert "Zdecision" not in answer
    heard = str(await place.ask(SAID, COORDINATOR, c=str(case.case)))
    assert "Zsituation" in heard
    assert "Zdecision" in heard


# Slow sockets


def connections() -> list[Connection[Any, Any, Any]]:
    """Those that are open in this process."""
    return [each for each in gc.get_objects() if type(each) is Connection and not each.closed]


def opened(before: list[Connection[Any, Any, Any]]) -> Connection[Any, Any, Any]:
    [one] = [each for each in connections() if all(each is not known for known in before)]
    return one


async def test_what_waits_in_a_slow_socket_is_not_delivered_once_the_address_is_protected(place: Place):
    address = "1 Example Street"
    case = await place.worked_on("Ada Quillbrook", "housing-1", address=Sealed(address))
    await place.settled()
    query = """subscription($c: UUID!) { caseUpdates(caseId: $c) {
        ... on CaseUpdate { event case { person { address } } } } }"""
    before = connections()
    async with place.live(HOUSING) as client:
        await client.subscribe("s", query, c=str(case.case))
        assert address in str(await client.next("s"))
        connection = opened(before)
        connection.buffer.pause()
        await place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed("Hello")))
        await place.settled()
        await place.take(SetProtectedAddress(case.person, True, ProtectionReason.DOMESTIC_ABUSE))
        await place.settled()
        connection.buffer.resume()
        later = await client.next("s")
    assert later["event"] == "NoteAdded"
    assert address not in str(later)


async def test_what_waits_of_an_inbox_is_not_delivered_to_whoever_is_recused_since(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    await place.settled()
    query = "subscription { agencyInbox { ... on InboxUpdate { event entry { title } } } }"
    before = connections()
    async with place.live(HOUSING) as client:
        await client.subscribe("s", query)
        await client.next("s")
        connection = opened(before)
        connection.buffer.pause()
        offered = OfferAction(case.case, uuid4(), Sealed("Mend the Zroof"), "housing-1", london_day(ago(days=-9)))
        await place.take(offered)
        await place.settled()
        await place.take(DeclareRecusal(case.case, HOUSING.user, "housing-1", Sealed("Niece.")))
        await place.settled()
        connection.buffer.resume()
        other = await place.worked_on("Basil Thistlewane", "housing-1")
        await place.take(OfferAction(other.case, uuid4(), Sealed("Paint it"), "housing-1", london_day(ago(days=-9))))
        # That their inbox is another one, and of what was offered and taken away nothing.
        assert await client.next("s") == {"event": None, "entry": None}
        later = await client.next("s")
    assert later["entry"]["title"] == "Paint it"


# Guests


async def test_for_guests_nobody_asked_a_meeting_is_the_same_as_none(place: Place):
    school = Actor("teacher@school-1", "school-1", Role.PARTNER)
    await place.take(RegisterPartner("school-1", "Example School", "school"), SYSTEM)
    await place.take(EnrolMember("school-1", school.user, Sealed("A Teacher")), SYSTEM)
    signed = SignAgreement("school-1", "isa", (PROGRAMME,), MOST, TODAY, None, Sealed("Signed."))
    await place.take(signed, SYSTEM)
    await place.take(GiveRole("school-1", school.user, Role.PARTNER, TODAY, None, PROGRAMME), SYSTEM)
    meeting = await place.published("housing-1")
    for there in (meeting.meeting, uuid4()):
        for command in (
            JoinMeeting(there, school.user, "school-1"),
            JoinMeeting(there, CHAIR.user, CHAIR.agency),
            JoinMeeting(there, school.user, "housing-1"),
            LeaveMeeting(there, CHAIR.user),
            SendApology(there, school.user, "school-1", Sealed("")),
        ):
            assert await place.refused(command, school) == "UNKNOWN_MEETING"


async def test_a_core_agency_that_is_asked_no_more_does_not_come_in_and_leaves_if_it_has(place: Place):
    meeting = await place.published("housing-1")
    await place.take(JoinMeeting(meeting.meeting, HOUSING.user, "housing-1"), HOUSING)
    await place.take(WithdrawInvitation(meeting.meeting, "housing-1", reason=Sealed("Not needed.")))
    await place.take(LeaveMeeting(meeting.meeting, HOUSING.user), HOUSING)
    again = JoinMeeting(meeting.meeting, HOUSING.user, "housing-1")
    assert await place.refused(again, HOUSING) == "UNKNOWN_MEETING"


async def test_the_window_of_a_meeting_holds_for_coming_and_going(place: Place):
    meeting = await planned(place, ago(days=9))
    await place.take(InviteMember(meeting, "housing-1"))
    await place.take(DraftAgenda(meeting))
    await place.take(PublishAgenda(meeting), CHAIR)
    await place.take(StartMeeting(meeting), CHAIR)
    for command in (JoinMeeting(meeting, HOUSING.user, "housing-1"), LeaveMeeting(meeting, HOUSING.user)):
        assert await place.refused(command, HOUSING) == "UNKNOWN_MEETING"


async def test_a_guest_in_the_room_who_is_not_enrolled_is_kept_out_like_anybody(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    meeting = await place.published("snn", "housing-1")
    item = next(each.item for each in meeting.items if each.case == case.case)
    await place.take(JoinMeeting(meeting.meeting, "guest-1", "housing-1"), CHAIR)
    await place.take(DeclareInterest(meeting.meeting, item, "guest-1", "housing-1", note=Sealed("Niece.")), CHAIR)
    assert (await place.catch.present.states.get(CASE, case.case)).state.recused("guest-1")


# A part in which nothing is told


async def test_an_agency_that_is_told_nothing_is_told_nothing(place: Place):
    case = await place.referred("Ada Quillbrook", at=ago(days=3))
    await place.share(case.case, "housing-1", frozenset({Category.RESTRICTED}))
    await place.take(DeclineReferral(case.case, "no-consent", explanation=Sealed("SECRET")))
    await place.settled()
    query = "query($c: UUID!) { case(id: $c) { number answered { explanation } } }"
    assert (await place.ask(query, HOUSING, c=str(case.case)))["case"] is None


async def test_whoever_may_not_lead_gives_nothing_that_is_of_the_lead(place: Place):
    housing, officer = "housing-1", Actor("officer@snn", "snn", Role.APPOINTING_OFFICER)
    await place.enrol(officer)
    administrator = Actor("administrator@snn", "snn", Role.ADMINISTRATOR)
    for role in (Role.CALDICOTT, Role.APPOINTING_OFFICER):
        given = GiveRole(housing, HOUSING.user, role, TODAY, None, PROGRAMME)
        assert await place.refused(given, administrator) == "AGENCY_DOES_NOT_RUN_IT"
    looks_after = Actor("members@housing-1", housing, Role.MEMBER_ADMINISTRATOR)
    await place.enrol(looks_after)
    coordinator = GiveRole(housing, HOUSING.user, Role.COORDINATOR, TODAY, None, PROGRAMME)
    assert await place.refused(coordinator, looks_after) == "AGENCY_DOES_NOT_RUN_IT"
    nowhere = GiveRole(housing, HOUSING.user, Role.COORDINATOR, TODAY)
    assert await place.refused(nowhere, looks_after) == "ROLE_NEEDS_PROGRAMME"
    auditor = GiveRole(housing, HOUSING.user, Role.AUDITOR, TODAY, None, PROGRAMME)
    assert await place.refused(auditor, officer) == "NOT_YOUR_AGENCY"
