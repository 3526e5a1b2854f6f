"""What people really do, each with no more rights than somebody gave them: everything here goes over HTTP, as clients
send it, and every right is given by somebody who may give it.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from catch.domain.calendar import london_day
from catch.domain.case.actions import ActionAnswer, CompleteAction, RespondToAction
from catch.domain.case.agreement import RecordAgreement
from catch.domain.case.coordination import AllocateCoordinator, RecordConversation
from catch.domain.case.disclosure import AuthoriseDisclosure, InvolvePartner
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import ConversationFormat, ProposalPurpose, Worker
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import RecordDecision, RecordUpdate
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.floor import CloseItem, DeferItem, NoteItem, OpenItem
from catch.domain.meeting.instant import Participant, RecordInstantDiscussion
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.items import DecisionCode, DeferReason, ItemState
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import ConfirmMinutes, EndMeeting, HandOverChair, StartMeeting
from catch.domain.partner import EnrolMember, GiveRole, RegisterPartner, RunningPart, RunProgramme, SignAgreement
from catch.domain.person import RegisterPerson
from tests.conftest import Database
from tests.place import (
    ADMINISTRATOR,
    BASIS,
    CHAIR,
    COORDINATOR,
    HOUSING,
    MOST,
    POLICE,
    PROGRAMME,
    SERIES,
    Place,
    placed,
)

OFFICER = Actor("officer@snn", "snn", Role.APPOINTING_OFFICER)
MANAGER = Actor("manager@snn", "snn", Role.MEMBER_ADMINISTRATOR)
DEPUTY = Actor("deputy@snn", "snn", Role.DEPUTY)
BEXLEY, MONTHLY = "bexley-icm", "icm-monthly"


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as there:
        for somebody in (OFFICER, MANAGER):
            await give(there, somebody, ADMINISTRATOR)
        yield there


async def give(place: Place, somebody: Actor, giver: Actor, series: str | None = None) -> None:
    """Enrolled, if need be, and given the role by somebody who may."""
    enrols = ADMINISTRATOR if somebody in (OFFICER, MANAGER) else giver
    if giver is OFFICER and somebody.agency == "snn":
        enrols = MANAGER
    await place.mutate(EnrolMember(somebody.agency, somebody.user, Sealed(f"{somebody.user} Example")), enrols)
    where = None if somebody.role is Role.MEMBER_ADMINISTRATOR else PROGRAMME
    given = GiveRole(somebody.agency, somebody.user, somebody.role, london_day(datetime.now(UTC)), None, where, series)
    await place.mutate(given, giver)


async def meeting_of(place: Place, meeting: UUID) -> Any:
    return await place.meeting(meeting)


async def worked_on(place: Place, name: str, *told: str) -> tuple[UUID, UUID]:
    """A case from the door to the proposal, by the coordinator alone."""
    case, person, now = uuid4(), uuid4(), datetime.now(UTC)
    await place.mutate(RegisterPerson(person, name=Sealed(name)))
    await place.mutate(SubmitReferral(case, person, PROGRAMME, uuid4(), "police", "phone", now, Sealed("Reason.")))
    await place.mutate(AcceptReferral(case))
    await place.mutate(AllocateCoordinator(case, COORDINATOR.user, COORDINATOR.agency))
    await place.mutate(RecordAgreement(case))
    await place.mutate(RecordConversation(case, uuid4(), ConversationFormat.HOME, Sealed("What matters.")))
    for agency in told:
        await place.mutate(AuthoriseDisclosure(case, uuid4(), agency, MOST, BASIS, Sealed("Needed to help.")))
        await place.mutate(InvolvePartner(case, agency, "support"))
    worker = Worker(COORDINATOR.user, COORDINATOR.agency)
    await place.mutate(ProposeForMeeting(case, uuid4(), SERIES, ProposalPurpose.NEW, worker, person_informed=True))
    return case, person


async def published(place: Place, *agencies: str, chair: Actor = CHAIR) -> UUID:
    meeting, starts = uuid4(), datetime.now(UTC) + timedelta(minutes=5)
    await place.mutate(PlanMeeting(meeting, PROGRAMME, SERIES, starts, chair.user))
    for agency in agencies:
        await place.mutate(InviteMember(meeting, agency))
    await place.mutate(DraftAgenda(meeting))
    await place.mutate(PublishAgenda(meeting), chair)
    return meeting


async def comes(place: Place, meeting: UUID, who: Actor) -> None:
    await place.mutate(JoinMeeting(meeting, who.user, who.agency), who)
    await place.mutate(AcceptConfidentiality(meeting, who.user), who)


ITEMS = "query($m: UUID!) { meeting(id: $m) { agenda { items { id number case { person { name } } } } } }"


async def names_seen(place: Place, meeting: UUID, who: Actor) -> list[str]:
    await place.settled()
    items = (await place.ask(ITEMS, who, m=str(meeting)))["meeting"]["agenda"]["items"]
    return [item["case"]["person"]["name"] for item in items if item["case"]]


async def test_a_whole_meeting(place: Place):
    case, _ = await worked_on(place, "Ada Weekly", "housing-1")
    meeting = await published(place, "housing-1", "police-1")
    assert await names_seen(place, meeting, HOUSING) == []  # nobody reads an item before they have accepted
    await place.mutate(StartMeeting(meeting), CHAIR)
    for who in (HOUSING, POLICE, COORDINATOR):
        await comes(place, meeting, who)
    assert await names_seen(place, meeting, HOUSING) == ["Ada Weekly"]
    assert await names_seen(place, meeting, POLICE) == []  # nothing of the case is disclosed to them
    item = (await meeting_of(place, meeting)).items[0].item
    await place.mutate(OpenItem(meeting, item, known_by=COORDINATOR.user), CHAIR)
    await place.mutate(RecordUpdate(meeting, item, situation=Sealed("Settling in.")))
    decision = uuid4()
    tell = Sealed("They were there.")
    await place.mutate(
        RecordDecision(
            meeting, item, decision, DecisionCode.CONTINUE, agreed_by=("snn", "housing-1"), not_told_reason=tell
        ),
        CHAIR,
    )
    action, due = uuid4(), london_day(datetime.now(UTC) + timedelta(days=7))
    offered = OfferActionInMeeting(meeting, item, action, Sealed("Mend the boiler"), "housing-1", due, accepted=True)
    await place.mutate(offered, CHAIR)
    await place.mutate(CloseItem(meeting, item), CHAIR)
    await place.mutate(EndMeeting(meeting), CHAIR)
    await place.mutate(ConfirmMinutes(meeting), CHAIR)
    await place.mutate(CompleteAction(case, action, "done", london_day(datetime.now(UTC))), HOUSING)
    # Once the minutes are confirmed the chair has no more to do with the case.
    await place.settled()
    assert (await place.ask("query($c: UUID!) { case(id: $c) { number } }", CHAIR, c=str(case)))["case"] is None
    assert await place.refused(RespondToAction(case, action, ActionAnswer.ACCEPT), POLICE) == "UNKNOWN_CASE"


async def test_a_stand_in_chair(place: Place):
    """A deputy of the series takes the chair; somebody who is no deputy does not."""
    await give(place, DEPUTY, OFFICER, SERIES)
    await worked_on(place, "Ada Standin")
    meeting = await published(place)
    assert await place.refused(StartMeeting(meeting), COORDINATOR) == "NOT_ALLOWED"
    await place.mutate(StartMeeting(meeting), DEPUTY)
    assert (await meeting_of(place, meeting)).chair == DEPUTY.user
    assert await place.refused(EndMeeting(meeting), CHAIR) == "NOT_YOUR_MEETING"
    await comes(place, meeting, CHAIR)
    await place.mutate(HandOverChair(meeting, CHAIR.user), DEPUTY)
    for item in (await meeting_of(place, meeting)).items:
        if item.state is ItemState.PENDING:
            await place.mutate(DeferItem(meeting, item.item, DeferReason.RAN_OUT_OF_TIME), CHAIR)
    await place.mutate(EndMeeting(meeting), CHAIR)


async def test_an_instant_discussion_of_two_agencies_then_and_there(place: Place):
    """A partner with a part in the case records it; it gives nobody a case that was not disclosed to them."""
    case, _ = await worked_on(place, "Ada Instant", "housing-1")
    now = datetime.now(UTC)
    held = RecordInstantDiscussion(
        uuid4(),
        PROGRAMME,
        SERIES,
        uuid4(),
        case,
        now,
        now,
        (Participant(HOUSING.user, "housing-1"), Participant(POLICE.user, "police-1")),
        update=Sealed("Both go together on Monday."),
    )
    assert await place.refused(held, POLICE) == "UNKNOWN_CASE"
    await place.mutate(held, HOUSING)
    await place.settled()
    asked = "query($c: UUID!) { case(id: $c) { number } }"
    assert (await place.ask(asked, POLICE, c=str(case)))["case"] is None
    assert (await place.ask(asked, HOUSING, c=str(case)))["case"] is not None


async def test_an_agency_that_joins(place: Place):
    """Registered and under agreement by the administrator, its own administrator appointed by the officer, its people
    enrolled by that one; then it is told of a case, and not before."""
    admin = Actor("admin@advice-1", "advice-1", Role.MEMBER_ADMINISTRATOR)
    member = Actor("ann@advice-1", "advice-1", Role.PARTNER)
    today = london_day(datetime.now(UTC))
    await place.mutate(RegisterPartner("advice-1", "Example advice", "benefits-advice"), ADMINISTRATOR)
    signed = SignAgreement("advice-1", "isa-1", (PROGRAMME,), frozenset(Category), today, None, Sealed("S. Igner"))
    await place.mutate(signed, ADMINISTRATOR)
    await give(place, admin, OFFICER)
    assert await place.refused(EnrolMember("housing-1", "ann", Sealed("Ann")), admin) == "NOT_YOUR_AGENCY"
    await place.mutate(EnrolMember("advice-1", member.user, Sealed("Ann Example")), admin)
    chairing = GiveRole("advice-1", member.user, Role.CHAIR, today, None, PROGRAMME, SERIES)
    assert await place.refused(chairing, admin) == "NOT_YOUR_AGENCY"
    coordinating = GiveRole("advice-1", member.user, Role.COORDINATOR, today, None, PROGRAMME)
    assert await place.refused(coordinating, admin) == "AGENCY_DOES_NOT_RUN_IT"
    await place.mutate(GiveRole("advice-1", member.user, Role.PARTNER, today, None, PROGRAMME), admin)
    case, _ = await worked_on(place, "Ada Joins")
    asked = "query($c: UUID!) { case(id: $c) { number person { name } } }"
    assert (await place.ask(asked, member, c=str(case)))["case"] is None
    await place.mutate(AuthoriseDisclosure(case, uuid4(), "advice-1", MOST, BASIS, Sealed("Needed to help.")))
    await place.mutate(InvolvePartner(case, "advice-1", "benefits"))
    await place.settled()
    assert (await place.ask(asked, member, c=str(case)))["case"]["person"]["name"] == "Ada Joins"


async def test_a_referring_practice_that_is_no_partner(place: Place):
    """It has no agreement: it refers, and hears what became of that, and no more."""
    admin = Actor("admin@surgery-2", "surgery-2", Role.MEMBER_ADMINISTRATOR)
    desk = Actor("desk@surgery-2", "surgery-2", Role.REFERRER)
    await place.mutate(RegisterPartner("surgery-2", "Example surgery", "primary-care"), ADMINISTRATOR)
    await give(place, admin, OFFICER)
    await give(place, desk, admin)
    case, person, now = uuid4(), uuid4(), datetime.now(UTC)
    await place.mutate(RegisterPerson(person, name=Sealed("Ada Practice")), desk)
    await place.mutate(
        SubmitReferral(case, person, PROGRAMME, uuid4(), "primary-care", "online", now, Sealed("Falls.")), desk
    )
    await place.mutate(AcceptReferral(case))
    await place.mutate(AllocateCoordinator(case, COORDINATOR.user, COORDINATOR.agency))
    await place.settled()
    asked = "query($c: UUID!) { case(id: $c) { state referrals { reason } lead { user } version } }"
    shown = (await place.ask(asked, desk, c=str(case)))["case"]
    assert shown == {"state": "ACCEPTED", "referrals": [{"reason": "Falls."}], "lead": None, "version": None}
    assert await place.refused(RecordAgreement(case), desk) == "NOT_ALLOWED"


async def test_whoever_refers_somebody_known_elsewhere_is_answered_as_if_they_were_new(place: Place):
    made = await place.referred("Ada Twice")
    now = datetime.now(UTC)
    again = SubmitReferral(uuid4(), made.person, PROGRAMME, uuid4(), "police", "phone", now, Sealed("Again."))
    assert (await place.mutate(again, POLICE))["events"] == ["ReferralReceived", "PersonReferred"]
    third = SubmitReferral(uuid4(), made.person, PROGRAMME, uuid4(), "police", "phone", now, Sealed("Again."))
    assert await place.refused(third, COORDINATOR) == "DUPLICATE_OPEN_CASE"


async def test_a_bexley_month(place: Place):
    """Another programme is another standing: who works in one is nobody in the other until somebody says so."""
    today = london_day(datetime.now(UTC))
    plan = PlanMeeting(uuid4(), BEXLEY, MONTHLY, datetime.now(UTC) + timedelta(days=3), CHAIR.user)
    assert await place.refused(plan, COORDINATOR) == "NOT_YOUR_SERIES"
    await place.mutate(RunProgramme("snn", BEXLEY, RunningPart.LEAD, today), ADMINISTRATOR)
    officer = GiveRole("snn", OFFICER.user, Role.APPOINTING_OFFICER, today, None, BEXLEY)
    await place.mutate(officer, ADMINISTRATOR)
    await place.mutate(GiveRole("snn", COORDINATOR.user, Role.COORDINATOR, today, None, BEXLEY), MANAGER)
    for who, role in ((COORDINATOR, Role.PREPARER), (CHAIR, Role.CHAIR)):
        await place.mutate(GiveRole("snn", who.user, role, today, None, BEXLEY, MONTHLY), OFFICER)
    await place.settled()
    await place.mutate(plan, COORDINATOR)
    case, person, now = uuid4(), uuid4(), datetime.now(UTC)
    await place.mutate(RegisterPerson(person, name=Sealed("Ada Monthly")))
    await place.mutate(SubmitReferral(case, person, BEXLEY, uuid4(), "gp", "phone", now, Sealed("Reason.")))
    assert await place.refused(RecordAgreement(case), HOUSING) == "NOT_ALLOWED"
    await place.mutate(DraftAgenda(plan.meeting))
    await place.mutate(PublishAgenda(plan.meeting), CHAIR)
    await place.mutate(StartMeeting(plan.meeting), CHAIR)
    for item in (await meeting_of(place, plan.meeting)).items:
        await place.mutate(NoteItem(plan.meeting, item.item), CHAIR)
    await place.mutate(EndMeeting(plan.meeting), CHAIR)
