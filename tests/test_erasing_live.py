"""Somebody is erased, as everybody meets it: by two, after a week, by every server, and from every backup."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

import projections
from catch.app import Catch
from catch.commands import Commands
from catch.commands.destroying import erased
from catch.commands.questions import Asking, ContactsAbout
from catch.commands.ticker import Ticker
from catch.doctor import examined
from catch.domain.calendar import london_day
from catch.domain.case.closing import CloseCase, ReopenCase
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import case_number
from catch.domain.contact import ReceiveContact
from catch.domain.erasing import (
    ApproveErasure,
    ErasePerson,
    ErasureReason,
    HoldReason,
    LiftLegalHold,
    PlaceLegalHold,
    RequestErasure,
    StopErasure,
    StopReason,
)
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.merging import RequestMerge
from catch.domain.person import DeathSource, RecordDeath
from catch.log.codec import CODEC
from tests.browser import signed_in
from tests.canaries.channels import OPERATIONS
from tests.conftest import Furnished
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, PROGRAMME, REFERRER, Case, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
SECOND = Actor("second-caldicott@snn", "snn", Role.CALDICOTT)
WHY, STOP = ErasureReason.PERSON_ASKED, StopReason.STILL_NEEDED
NUMBER = "9434765919"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        for somebody in (CALDICOTT, SECOND):
            await made.enrol(somebody)
        await made.take_contacts()
        # Clocks would only be in the way.
        await made.further(clocks=())
        yield made


async def over(place: Place, name: str, **more: Any) -> Case:
    """Somebody whose only case is closed."""
    case = await place.referred(name, at=ago(days=90), **more)
    await place.take(AcceptReferral(case.case), at=ago(days=89))
    await place.take(AllocateCoordinator(case.case, COORDINATOR.user, COORDINATOR.agency), at=ago(days=89))
    await place.take(AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed(case.matters)), at=ago(days=88))
    closing = CloseCase(case.case, "disengaged", london_day(ago(days=60)), Sealed(f"Summary of {name}"))
    await place.take(closing, at=ago(days=60))
    await place.settled()
    return case


async def then(place: Place, when: datetime, command: Command, by: Actor) -> None:
    """Recorded as if by a server at that time."""
    await Commands(place.catch.records, lambda: when).take(command, by=by, command_id=uuid4())


async def agreed(place: Place, case: Case) -> UUID:
    """Longer ago than it takes."""
    erasure = uuid4()
    await then(place, ago(days=9), RequestErasure(case.person, erasure, WHY), COORDINATOR)
    await then(place, ago(days=8), ApproveErasure(case.person, erasure), CALDICOTT)
    await place.settled()
    return erasure


async def tick(place: Place) -> int:
    """By a server that has just taken over."""
    await place.settled()
    recorded = await Ticker(place.catch.commands, place.catch.records, place.catch.present.follower).tick()
    await place.settled()
    return recorded


async def keys_there(catch: Catch, *subjects: UUID) -> int:
    return await catch.log.pool.fetchval(
        "select count(*) from data_keys where wrapped <> '' and subject = any($1::uuid[])", [*subjects]
    )


async def person(place: Place, case: Case, by: Actor = COORDINATOR) -> Any:
    return (await place.ask(OPERATIONS["case"], by, id=str(case.case)))["case"]


async def waiting(place: Place, by: Actor = CALDICOTT) -> dict[str, Any]:
    found = await place.ask(OPERATIONS["erasures"], by)
    return {edge["node"]["person"]: edge["node"] for edge in found["erasures"]["edges"]}


async def test_two_people_agree_and_until_it_is_done_it_can_be_taken_back(place: Place):
    case, erasure, again = await over(place, "Ada Quillbrook"), uuid4(), uuid4()
    await place.mutate(RequestErasure(case.person, erasure, WHY))
    for by in (COORDINATOR, CHAIR, HOUSING, REFERRER, AUDITOR):
        assert await place.refused(ApproveErasure(case.person, erasure), by) == "NOT_ALLOWED"
    await place.mutate(ApproveErasure(case.person, erasure), CALDICOTT)
    await place.settled()
    (said,) = (await person(place, case))["person"]["erasures"]
    assert (said["state"], said["reason"], said["by"]) == ("APPROVED", "PERSON_ASKED", None)
    told = (await waiting(place))[str(case.person)]
    assert told["erasures"][0]["by"]["user"] == COORDINATOR.user
    assert told["erasures"][0]["approvedBy"]["user"] == CALDICOTT.user
    assert told["obstacles"] == []
    # Not due for a week.
    assert await tick(place) == 0
    await place.mutate(StopErasure(case.person, erasure, STOP))
    await place.settled()
    assert (await person(place, case))["person"]["erasures"][0]["stopped"] == "STILL_NEEDED"
    assert await place.refused(ApproveErasure(case.person, erasure), SECOND) == "ERASURE_OVER"
    # Who asked agrees to nothing, whoever they are.
    await place.mutate(RequestErasure(case.person, again, WHY), CALDICOTT)
    assert await place.refused(ApproveErasure(case.person, again), CALDICOTT) == "ERASURE_ASKED_BY_YOURSELF"
    await place.mutate(ApproveErasure(case.person, again), SECOND)
    await place.mutate(StopErasure(case.person, again, STOP), SECOND)


async def test_nobody_else_is_told(place: Place):
    case = await over(place, "Bo Quillbrook")
    await place.mutate(RequestErasure(case.person, uuid4(), WHY))
    await place.settled()
    for by in (COORDINATOR, CHAIR, HOUSING, REFERRER, AUDITOR):
        assert await place.code(OPERATIONS["erasures"], by) == "NOT_FOR_YOUR_ROLE"
    shown = await person(place, case, AUDITOR)
    assert shown is None or shown["person"]["erasures"] == []


async def test_what_stands_in_its_way_is_said_with_what_to_do(place: Place):
    live = await place.worked_on("Cy Quillbrook", "housing-1")
    await place.settled()
    assert await place.refused(RequestErasure(live.person, uuid4(), WHY)) == "STILL_UNDER_WAY"
    assert await place.refused(RequestErasure(live.person, uuid4(), WHY), CALDICOTT) == "STILL_UNDER_WAY"
    case, hold, erasure = await over(place, "Di Quillbrook"), uuid4(), uuid4()
    await place.mutate(RequestErasure(case.person, erasure, WHY))
    await place.mutate(PlaceLegalHold(case.person, hold, HoldReason.LITIGATION), CALDICOTT)
    await place.settled()
    assert (await waiting(place))[str(case.person)]["obstacles"] == ["LEGAL_HOLD"]
    assert await place.refused(ApproveErasure(case.person, erasure), SECOND) == "ON_LEGAL_HOLD"
    await place.mutate(LiftLegalHold(case.person, hold), CALDICOTT)
    # Somebody has called about them meanwhile.
    await place.take(ReceiveContact(uuid4(), PROGRAMME, "police", "phone", Sealed("Fell"), person=case.person))
    await place.settled()
    assert await place.refused(ApproveErasure(case.person, erasure), SECOND) == "STILL_UNDER_WAY"
    assert (await waiting(place))[str(case.person)]["obstacles"] == ["UNDER_WAY"]


async def test_who_is_taken_for_another_is_not_erased_by_half(place: Place):
    born = Sealed("1950-02-03")
    one, other = [await over(place, "Ed Quillbrook", date_of_birth=born) for _ in range(2)]
    merge, erasure = uuid4(), uuid4()
    await place.mutate(RequestErasure(one.person, erasure, WHY))
    await place.mutate(RequestMerge(one.person, other.person, merge, Sealed("The same")))
    assert await place.refused(ApproveErasure(one.person, erasure), CALDICOTT) == "TAKEN_FOR_ANOTHER"


async def test_a_hold_that_came_in_time_keeps_them(place: Place):
    case, hold = await over(place, "Flo Quillbrook"), uuid4()
    await agreed(place, case)
    await place.mutate(PlaceLegalHold(case.person, hold, HoldReason.LITIGATION), CALDICOTT)
    assert await tick(place) == 0
    assert await keys_there(place.catch, case.person) == 1
    await place.mutate(LiftLegalHold(case.person, hold), CALDICOTT)
    assert await tick(place) == 2
    assert await keys_there(place.catch, case.person) == 0


async def test_nobody_is_erased_beside_a_contact_that_comes_at_that_moment(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    case, contact = await over(place, "Hugo Quillbrook"), uuid4()
    await agreed(place, case)
    asked = ContactsAbout.answer

    async def and_then_somebody_comes(self: ContactsAbout, source: Asking) -> Any:
        found = await asked(self, source)
        if self.person == case.person and not taken:
            taken.append(contact)
            await place.take(ReceiveContact(contact, PROGRAMME, "police", "phone", Sealed("Again"), person=case.person))
        return found

    taken: list[UUID] = []
    monkeypatch.setattr(ContactsAbout, "answer", and_then_somebody_comes)
    assert await tick(place) == 0
    assert taken
    assert (await waiting(place))[str(case.person)]["obstacles"] == ["UNDER_WAY"]


async def test_once_done_it_is_erased_for_everybody_and_nothing_is_added(place: Place):
    case = await over(place, "Gil Quillbrook", nhs_number=Sealed(NUMBER))
    number = {"nhsNumber": NUMBER}
    assert (await place.ask(OPERATIONS["cases_by_number"], COORDINATOR, **number))["casesByNumber"]
    await agreed(place, case)
    assert await tick(place) == 2
    assert await tick(place) == 0
    shown = await person(place, case)
    assert shown["person"]["name"] is None
    assert {"path": "person.name", "reason": "ERASED"} in shown["redactions"]
    assert shown["person"]["erasures"][0]["state"] == "DONE"
    assert (await place.ask(OPERATIONS["cases_by_number"], COORDINATOR, **number))["casesByNumber"] == []
    note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("Came back"))
    assert await place.refused(note) == "SUBJECT_ERASED"
    assert await place.refused(ReopenCase(case.case, Sealed("Came back"))) == "SUBJECT_ERASED"
    assert await place.refused(RecordDeath(case.person, ago(days=1).date(), DeathSource.FAMILY)) == "PERSON_IS_ERASED"
    assert await place.refused(RequestErasure(case.person, uuid4(), WHY)) == "PERSON_IS_ERASED"


async def test_a_page_leads_who_answers_for_it_to_all_of_this(place: Place):
    case, erasure = await over(place, "Ida Quillbrook"), uuid4()
    await place.mutate(RequestErasure(case.person, erasure, WHY))
    await place.settled()
    async with signed_in(place, CALDICOTT) as client:
        page = (await client.get("/erasures")).text
        assert case_number(case.case) in page
        assert "Quillbrook" not in page
        assert "Agree that it be erased" in page
        assert str(erasure) in page
        for address in (
            f"/do/stop-erasure?person={case.person}&erasure={erasure}&next=/erasures",
            f"/do/place-legal-hold?person={case.person}&next=/erasures",
        ):
            assert address.replace("&", "&amp;") in page
            assert (await client.get(address)).status_code == 200
    async with signed_in(place, COORDINATOR) as client:
        assert (await client.get("/erasures")).status_code in (403, 404)
        form = (await client.get(f"/do/stop-erasure?person={case.person}&case={case.case}")).text
        assert str(erasure) in form


async def test_stopped_between_the_fact_and_the_key_the_next_round_goes_on(place: Place):
    case = await over(place, "Hal Quillbrook")
    erasure = await agreed(place, case)
    assert await erased(place.catch.commands, place.catch.records, ErasePerson(case.person, erasure)) == 2
    await place.settled()
    # The key is there, and nobody reads with it any more.
    assert await keys_there(place.catch, case.person) == 1
    assert (await person(place, case))["person"]["name"] is None
    codes = [each.code for each in (await examined(place.catch.log, CODEC, projections.ALL)).findings]
    assert codes == ["KEY_NOT_DESTROYED"]
    assert await tick(place) == 0
    assert await keys_there(place.catch, case.person) == 0
    assert (await examined(place.catch.log, CODEC, projections.ALL)).findings == []
