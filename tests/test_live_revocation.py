"""Whatever ends a right ends what is followed by it, on a real socket, and needs no other event for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from catch.domain.case.agreement import RecordObjection
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.disclosure import EndDisclosure, EndInvolvement
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, DeclareInterest
from catch.domain.meeting.editing import RemoveItem
from catch.domain.meeting.floor import DeferItem
from catch.domain.meeting.invitations import WithdrawInvitation
from catch.domain.meeting.items import DeferReason
from catch.domain.meeting.planning import CancelMeeting
from catch.domain.meeting.session import ConfirmMinutes, EndMeeting, StartMeeting
from catch.domain.meeting.state import Meeting
from catch.domain.partner import SuspendMember, TerminateAgreement
from catch.domain.streams import CASE
from tests.conftest import Database
from tests.place import ADMINISTRATOR, CHAIR, COORDINATOR, HOUSING, POLICE, Case, Client, Place, placed
from tests.test_meeting_live import CASE as FOLLOW_CASE
from tests.test_meeting_live import INBOX, WHOLE

COLLEAGUE = Actor("colleague@snn", "snn", Role.COORDINATOR)
LEAD_ELSEWHERE = Actor("lead@police-1", "police-1", Role.COORDINATOR)
OTHER = Actor("other@housing-1", "housing-1", Role.PARTNER)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


async def follow(client: Client, query: str, **variables: Any) -> None:
    await client.subscribe("s", query, **variables)
    assert (await client.next("s"))["event"] == "Present"


async def ends(client: Client, position: int, reason: str) -> None:
    """The next message is the last; no other event was needed for it."""
    ended = await client.next("s")
    assert (ended["__typename"], ended["reason"]) == ("AccessEnded", reason)
    assert int(ended["position"]) == position
    assert await client.receive() == {"id": "s", "type": "complete"}


NO_CASE, NO_MEETING = "You may no longer follow this case.", "You may no longer follow this meeting."
NO_INBOX = "This inbox is not yours to read."
Ending = Callable[[Place, Case], Awaitable[tuple[Command, Actor]]]


async def involvement(place: Place, case: Case) -> tuple[Command, Actor]:
    return EndInvolvement(case.case, "housing-1"), COORDINATOR


async def disclosure(place: Place, case: Case) -> tuple[Command, Actor]:
    held = (await place.catch.present.states.get(CASE, case.case)).state.disclosures[0]
    return EndDisclosure(case.case, held.disclosure), COORDINATOR


async def objection(place: Place, case: Case) -> tuple[Command, Actor]:
    return RecordObjection(case.case, uuid4(), frozenset(Category)), COORDINATOR


async def agreement(place: Place, case: Case) -> tuple[Command, Actor]:
    return TerminateAgreement("housing-1", "isa-housing-1", Sealed("Not renewed.")), ADMINISTRATOR


async def membership(place: Place, case: Case) -> tuple[Command, Actor]:
    return SuspendMember("housing-1", HOUSING.user), ADMINISTRATOR


@pytest.mark.parametrize("ending", [involvement, disclosure, objection, agreement, membership])
async def test_a_partners_part_in_a_case_ends_with_what_it_rests_on(place: Place, ending: Ending):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    command, by = await ending(place, case)
    await place.settled()
    async with place.live(HOUSING) as housing, place.live(COORDINATOR) as coordinator:
        await follow(housing, FOLLOW_CASE, case=str(case.case))
        await follow(coordinator, FOLLOW_CASE, case=str(case.case))
        await ends(housing, (await place.take(command, by)).position, NO_CASE)
        note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("Said when housing had gone."))
        last = (await place.take(note)).position
        await coordinator.until("s", last)
        await housing.silent()
        assert housing.knows("Said when housing had gone.") == []


async def test_whoever_hands_a_case_over_follows_it_no_longer(place: Place):
    for each in (COLLEAGUE, LEAD_ELSEWHERE):
        await place.enrol(each)
    case = await place.worked_on("Basil Thistlewane")
    await place.settled()
    async with place.live(COLLEAGUE) as colleague:
        await follow(colleague, FOLLOW_CASE, case=str(case.case))
        moved = AllocateCoordinator(case.case, LEAD_ELSEWHERE.user, LEAD_ELSEWHERE.agency, reason=Sealed("Has moved."))
        await ends(colleague, (await place.take(moved)).position, NO_CASE)


async def test_a_suspended_member_loses_every_stream_and_a_colleague_none(place: Place):
    await place.enrol(OTHER)
    case, meeting, _ = await prepared(place)
    await place.take(AcceptConfidentiality(meeting.meeting, OTHER.user), OTHER)
    await place.settled()
    followed: list[tuple[str, dict[str, str]]] = [
        (WHOLE, {"meeting": str(meeting.meeting)}),
        (FOLLOW_CASE, {"case": str(case.case)}),
        (INBOX, {}),
    ]
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(place.live(OTHER))
        suspended = [await stack.enter_async_context(place.live(HOUSING)) for _ in followed]
        for number, (query, variables) in enumerate(followed):
            await other.subscribe(str(number), query, **variables)
            assert (await other.next(str(number)))["event"] == "Present"
            await follow(suspended[number], query, **variables)
        at = (await place.take(SuspendMember("housing-1", HOUSING.user), ADMINISTRATOR)).position
        for client, reason in zip(suspended, (NO_MEETING, NO_CASE, NO_INBOX), strict=True):
            await ends(client, at, reason)
        await other.silent()


async def prepared(place: Place) -> tuple[Case, Meeting, UUID]:
    """A case on a published agenda, and its item."""
    case = await place.worked_on("Cora Ombersnook", "housing-1")
    meeting = await place.published("snn", "housing-1", "police-1")
    return case, meeting, next(item.item for item in meeting.items if item.case == case.case)


async def test_what_a_meeting_gives_it_takes_away(place: Place):
    case, meeting, item = await prepared(place)
    await place.settled()
    async with place.live(HOUSING) as housing, place.live(POLICE) as police, place.live(CHAIR) as chair:
        # An interest in the item closes the case itself.
        await follow(housing, FOLLOW_CASE, case=str(case.case))
        interest = DeclareInterest(meeting.meeting, item, HOUSING.user, HOUSING.agency)
        await ends(housing, (await place.take(interest, HOUSING)).position, NO_CASE)
        # An invitation that is withdrawn closes the meeting.
        await follow(police, WHOLE, meeting=str(meeting.meeting))
        withdrawn = WithdrawInvitation(meeting.meeting, "police-1", reason=Sealed("Not needed."))
        await ends(police, (await place.take(withdrawn)).position, NO_MEETING)
        # A case that is taken off the agenda is the chair's no longer.
        await follow(chair, FOLLOW_CASE, case=str(case.case))
        removed = RemoveItem(meeting.meeting, item, Sealed("Heard elsewhere."))
        await ends(chair, (await place.take(removed)).position, NO_CASE)


async def test_a_meeting_that_is_called_off_gives_its_chair_no_case(place: Place):
    case, meeting, _ = await prepared(place)
    await place.settled()
    async with place.live(CHAIR) as chair:
        await follow(chair, FOLLOW_CASE, case=str(case.case))
        called_off = CancelMeeting(meeting.meeting, Sealed("Snow."))
        await ends(chair, (await place.take(called_off, CHAIR)).position, NO_CASE)


async def test_minutes_that_are_confirmed_end_what_the_meeting_gave_its_chair(place: Place):
    case, meeting, item = await prepared(place)
    for command in (
        StartMeeting(meeting.meeting),
        DeferItem(meeting.meeting, item, DeferReason.RAN_OUT_OF_TIME),
        EndMeeting(meeting.meeting),
    ):
        await place.take(command, CHAIR)
    await place.settled()
    async with place.live(CHAIR) as chair:
        await follow(chair, FOLLOW_CASE, case=str(case.case))
        await ends(chair, (await place.take(ConfirmMinutes(meeting.meeting), CHAIR)).position, NO_CASE)
