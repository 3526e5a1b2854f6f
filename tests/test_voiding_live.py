"""A voided case, as everybody meets it: on no agenda, in no inbox, in nobody's way, and still in its history."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import VoidReason
from catch.domain.case.voiding import ApproveVoiding, RequestVoiding
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.floor import CloseItem, DeferItem, OpenItem
from catch.domain.meeting.items import DeferReason
from catch.domain.meeting.session import EndMeeting, StartMeeting
from catch.domain.restricted import RaiseSafeguardingConcern
from tests.conftest import Furnished
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, PROGRAMME, Case, Place, ago
from tests.test_recorded_and_read import OPERATIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

COLLEAGUE = Actor("second@snn", "snn", Role.COORDINATOR)
WHY, NOTE, TASK = "Meant for his neighbour Quillfeather", "Sleeps badly since Quillmoor", "Mend the Quillbank boiler"
FOLLOWED = """subscription($m: UUID!) { meeting(id: $m) { __typename
    ... on MeetingUpdate { position event } ... on Hidden { position } } }"""
TOLD = "query($c: UUID!) { case(id: $c) { state voidings { id explanation by { user } answeredAt } } }"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        await made.enrol(COLLEAGUE)
        yield made


async def asked(place: Place) -> tuple[Case, ApproveVoiding]:
    """A case that somebody else is to void, with an action and a note."""
    case, voiding = await place.worked_on("Ada Quillbrook", "housing-1"), uuid4()
    due = london_day(ago()) + timedelta(days=3)
    await place.take(OfferAction(case.case, uuid4(), Sealed(TASK), "housing-1", due))
    await place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed(NOTE)))
    await place.take(RequestVoiding(case.case, voiding, VoidReason.WRONG_PERSON, Sealed(WHY)))
    return case, ApproveVoiding(case.case, voiding)


async def voided(place: Place) -> Case:
    case, approve = await asked(place)
    await place.take(approve, COLLEAGUE)
    await place.settled()
    return case


async def read(place: Place, query: str, by: Actor = COORDINATOR, **variables: Any) -> str:
    return str(await place.answer(query, by, **variables))


async def test_what_was_asked_is_seen_by_those_who_can_answer_and_by_nobody_else(place: Place):
    case, approve = await asked(place)
    for by in (COORDINATOR, COLLEAGUE):
        (told,) = (await place.ask(TOLD, by, c=str(case.case)))["case"]["voidings"]
        assert (told["explanation"], told["by"]["user"], told["answeredAt"]) == (WHY, COORDINATOR.user, None)
    for by in (HOUSING, AUDITOR, CHAIR):
        assert "Quillfeather" not in await read(place, TOLD, by, c=str(case.case))
    assert (await place.ask(TOLD, HOUSING, c=str(case.case)))["case"]["voidings"] == []
    assert await place.refused(approve) == "ASKED_BY_YOURSELF"
    assert await place.refused(approve, HOUSING) in ("NOT_YOUR_CASE", "NOT_ALLOWED")
    assert await place.refused(ApproveVoiding(uuid4(), approve.voiding), COLLEAGUE) == "UNKNOWN_CASE"


async def test_whoever_is_told_that_it_is_voided_is_not_told_why(place: Place):
    case = await voided(place)
    assert (await place.ask(TOLD, HOUSING, c=str(case.case)))["case"] == {"state": "VOIDED", "voidings": []}
    trail = await read(place, OPERATIONS["audit_trail"], AUDITOR, stream=str(case.case))
    assert "CaseVoided" in trail
    assert "VoidingRequested" not in trail
    assert "Quillfeather" not in trail


async def test_its_actions_are_nobodys_and_it_is_in_no_list_of_live_cases(place: Place):
    case, approve = await asked(place)
    await place.settled()
    inbox = "{ agencyInbox(first: 200) { edges { node { title caseId } } } }"
    live = "{ cases(first: 200, filter: {live: true}) { edges { node { id } } } }"
    assert str(case.case) in await read(place, inbox, HOUSING)
    assert str(case.case) in await read(place, live)
    await place.take(approve, COLLEAGUE)
    await place.settled()
    assert str(case.case) not in await read(place, inbox, HOUSING)
    assert str(case.case) not in await read(place, live)


async def test_what_was_recorded_is_read_as_before_by_those_who_could(place: Place):
    case = await voided(place)
    notes = "query($c: UUID!) { case(id: $c) { notes { text } actions { title state } } }"
    for by in (COORDINATOR, COLLEAGUE, HOUSING):
        shown = await read(place, notes, by, c=str(case.case))
        assert NOTE in shown
        assert TASK in shown


async def test_nothing_more_is_recorded_but_a_concern(place: Place):
    case = await voided(place)
    assert await place.refused(AddNote(case.case, uuid4(), Category.PLAN, Sealed(NOTE))) == "CASE_IS_VOIDED"
    await place.take(RaiseSafeguardingConcern(case.case, uuid4(), Sealed("She is afraid.")), HOUSING)


async def test_the_person_may_be_referred_anew(place: Place):
    case = await voided(place)
    again = SubmitReferral(uuid4(), case.person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), Sealed("Alone"))
    await place.take(again)


AGENDA = """query($m: UUID!) { meeting(id: $m) { state agenda { items {
    number state reasons { code } explanation case { number person { name } } } } } }"""


async def test_no_meeting_hears_it(place: Place):
    """It leaves an agenda that was published already, for everybody, and the meeting ends without it."""
    case, approve = await asked(place)
    meeting, other = await place.published("housing-1"), await place.published("housing-1", starts_at=ago(days=-3))
    (item,) = [held for held in meeting.items if held.case == case.case]
    async with place.live(HOUSING) as member:
        await member.subscribe("m", FOLLOWED, m=str(meeting.meeting))
        await member.next("m")
        before = await place.settled()
        await place.take(approve, COLLEAGUE)
        told = await member.next("m")
        assert int(told["position"]) > before
    await place.settled()
    for held in (meeting, other):
        for by in (CHAIR, HOUSING):
            told = await place.ask(AGENDA, by, m=str(held.meeting))
            gone = [each for each in told["meeting"]["agenda"]["items"] if each["state"] == "REMOVED"]
            # Whoever makes the agenda goes on seeing what had been on it; to others a place is struck out.
            assert [each["number"] for each in gone] == [item.number if by is CHAIR else None]
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    opened = OpenItem(meeting.meeting, item.item, override_reason=Sealed("Read the file."))
    assert await place.refused(opened, CHAIR) == "ITEM_RESOLVED"
    for each in meeting.items:
        if each.case != case.case:
            await place.take(DeferItem(meeting.meeting, each.item, DeferReason.RAN_OUT_OF_TIME), CHAIR)
    await place.take(EndMeeting(meeting.meeting), CHAIR)
    await place.settled()
    later = await place.published("housing-1", starts_at=ago(days=-7))
    assert case.case not in {held.case for held in later.items}


async def test_what_is_open_is_closed_by_whoever_leads(place: Place):
    case, approve = await asked(place)
    meeting = await place.published("housing-1", starts_at=ago(days=-5))
    (item,) = [held for held in meeting.items if held.case == case.case]
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    await place.take(OpenItem(meeting.meeting, item.item, override_reason=Sealed("Read the file.")), CHAIR)
    await place.take(approve, COLLEAGUE)
    await place.take(CloseItem(meeting.meeting, item.item), CHAIR)
