"""Who asks that nothing be done with what is kept of them but to keep it: as values; what that stops, command by
command; and with those who work on their case.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace
from rich.console import Console

from catch.access.restriction import Way, goes_on, goes_out, stopped
from catch.cli.audit import exported
from catch.cli.replaying import replay
from catch.domain import person as people
from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.disclosure import AuthoriseDisclosure, EndDisclosure
from catch.domain.case.notes import AddNote
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import AttachReferral, case_number
from catch.domain.case.state import Basis, CommonLawBasis, LegalBasis, ProposalPurpose, Worker
from catch.domain.erasing import ErasureReason, RequestErasure
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.given import Given
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.listing import Missing
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.state import Meeting
from catch.domain.person import CorrectIdentity, PersonRegistered
from catch.domain.processing import (
    LONGEST,
    DecidedAlready,
    GroundNamed,
    GroundWithdrawn,
    LiftReason,
    LiftRestriction,
    NameGround,
    NotDecidedYet,
    NotRestricted,
    NotToldYet,
    Processing,
    ProcessingCommand,
    ProcessingEvent,
    ProcessingRestricted,
    RecipientTold,
    RefuseRestriction,
    RequestRestriction,
    RestrictionLifted,
    RestrictionOver,
    RestrictionReason,
    RestrictionRefusal,
    RestrictionRefused,
    RestrictionRequested,
    RestrictProcessing,
    TellRecipient,
    ToldHow,
    UnknownRestriction,
    UnknownUse,
    UseGround,
    WithdrawGround,
    decide,
    evolve,
)
from catch.domain.refusals import OutOfRange, Refused
from catch.domain.restricted import RaiseSafeguardingConcern
from catch.domain.streams import COMMANDS
from catch.evidence.exporting import Asked
from catch.evidence.verifying import verified
from projections import data_requests
from tests.browser import signed_in
from tests.canaries.channels import OPERATIONS
from tests.cases import recorded
from tests.conftest import Furnished
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, PROGRAMME, REFERRER, SERIES, Case, Place, ago

ONE, FIRST, USE, OTHER = (UUID(int=number) for number in range(1, 5))
RECEIVED, TODAY = date(2026, 5, 5), date(2026, 5, 20)
NOW = datetime(2026, 5, 20, 10, tzinfo=UTC)
BY = Given(NOW, Actor("cora", "snn", Role.COORDINATOR), now=NOW)
ASKED = RestrictionRequested(
    FIRST, RestrictionReason.ACCURACY_CONTESTED, RECEIVED, date(2026, 6, 5), "cora", "snn"
)  # fmt: skip
RESTRICTED = ProcessingRestricted(FIRST, TODAY)
REFUSED = RestrictionRefused(FIRST, RestrictionRefusal.GROUND_NOT_MET, TODAY)
LIFTED = RestrictionLifted(FIRST, LiftReason.PUT_RIGHT, TODAY)
NAMED = GroundNamed(USE, UseGround.CONSENT, TODAY + timedelta(days=7), "cora", "snn")
ASK = RequestRestriction(ONE, FIRST, RestrictionReason.ACCURACY_CONTESTED, RECEIVED)
RESTRICT, REFUSE = (
    RestrictProcessing(ONE, FIRST, TODAY),
    RefuseRestriction(ONE, FIRST, RestrictionRefusal.GROUND_NOT_MET, TODAY),
)
LIFT, NAME = (
    LiftRestriction(ONE, FIRST, LiftReason.PUT_RIGHT, TODAY),
    NameGround(ONE, USE, UseGround.CONSENT, TODAY + timedelta(days=7)),
)
TAKE_BACK = WithdrawGround(ONE, USE)
TELL = TellRecipient(ONE, FIRST, "housing-1", ToldHow.LETTER, TODAY)
TOLD = RecipientTold(FIRST, "housing-1", ToldHow.LETTER, TODAY, "cora", "snn")


def held(*history: ProcessingEvent) -> Processing:
    return reduce(lambda state, event: evolve(state, event, NOW), history, Processing())


@pytest.mark.parametrize(
    ("history", "command", "event"),
    [
        ((), ASK, ASKED),
        ((ASKED,), RESTRICT, RESTRICTED),
        ((ASKED,), REFUSE, REFUSED),
        ((ASKED, RESTRICTED), LIFT, LIFTED),
        ((ASKED,), NAME, NAMED),
        ((ASKED, NAMED), TAKE_BACK, GroundWithdrawn(USE)),
        ((ASKED, RESTRICTED), TELL, TOLD),
        # That it ends is another thing to be told.
        ((ASKED, RESTRICTED, TOLD, LIFTED), TELL, replace(TOLD, ended=True)),
        ((ASKED, RESTRICTED, LIFTED), replace(ASK, restriction=OTHER), replace(ASKED, restriction=OTHER)),
    ],
)
def test_what_is_asked_for_is_recorded_and_again_nothing(
    history: Sequence[ProcessingEvent], command: ProcessingCommand, event: ProcessingEvent
):
    assert decide(held(*history), command, BY, died=False) == [event]
    assert decide(held(*history, event), command, BY, died=False) == []


@pytest.mark.parametrize(
    ("history", "command", "refusal"),
    [
        ((), RESTRICT, UnknownRestriction),
        ((), TAKE_BACK, UnknownUse),
        ((), TELL, UnknownRestriction),
        ((ASKED, REFUSED), TELL, RestrictionOver),
        ((ASKED,), replace(TELL, told_on=RECEIVED - timedelta(days=1)), OutOfRange),
        ((ASKED, RESTRICTED, LIFTED), replace(TELL, told_on=TODAY - timedelta(days=1)), OutOfRange),
        ((), NAME, NotRestricted),
        ((ASKED, REFUSED), NAME, NotRestricted),
        ((), replace(ASK, received_on=TODAY + timedelta(days=1)), OutOfRange),
        ((ASKED,), replace(RESTRICT, told_on=RECEIVED - timedelta(days=1)), OutOfRange),
        ((ASKED,), replace(RESTRICT, told_on=TODAY + timedelta(days=1)), OutOfRange),
        ((ASKED,), replace(NAME, until=TODAY + LONGEST + timedelta(days=1)), OutOfRange),
        ((ASKED,), replace(NAME, until=TODAY - timedelta(days=1)), OutOfRange),
        ((ASKED,), LIFT, NotDecidedYet),
        ((ASKED, RESTRICTED), REFUSE, DecidedAlready),
        ((ASKED, RESTRICTED, LIFTED), REFUSE, RestrictionOver),
        ((ASKED, REFUSED), RESTRICT, RestrictionOver),
        # The person is told before it is lifted.
        ((ASKED, RESTRICTED), replace(LIFT, told_on=None), NotToldYet),
        ((ASKED, RESTRICTED), replace(LIFT, told_on=TODAY + timedelta(days=1)), OutOfRange),
        ((ASKED, RESTRICTED), replace(LIFT, told_on=TODAY - timedelta(days=1)), OutOfRange),
    ],
)
def test_what_is_refused(history: Sequence[ProcessingEvent], command: ProcessingCommand, refusal: type[Refused]):
    with pytest.raises(refusal):
        decide(held(*history), command, BY, died=False)


def test_whoever_has_died_is_not_told():
    after = replace(LIFT, reason=LiftReason.PERSON_DIED, told_on=None)
    assert decide(held(ASKED, RESTRICTED), after, BY, died=True) == [replace(LIFTED, reason=after.reason, told_on=None)]


def test_it_holds_from_when_they_ask_until_it_is_over_but_for_the_days_of_a_ground():
    before, week = NOW + timedelta(days=7), NOW + timedelta(days=8)
    assert not held().stopped(NOW)
    assert held(ASKED).stopped(NOW)
    assert held(ASKED, RESTRICTED).stopped(NOW)
    assert [held(ASKED, NAMED).stopped(at) for at in (NOW, before, week)] == [False, False, True]
    assert held(ASKED, NAMED, GroundWithdrawn(USE)).stopped(NOW)
    assert not held(ASKED, REFUSED).stopped(NOW)
    assert not held(ASKED, RESTRICTED, LIFTED).stopped(NOW)
    # One of two that is lifted frees nothing.
    assert held(ASKED, replace(ASKED, restriction=OTHER), RESTRICTED, LIFTED).stopped(NOW)


def test_a_ground_of_one_registration_opens_nothing_of_another():
    registered = people.evolve(None, PersonRegistered(ONE), NOW)
    assert registered
    open_, closed = (replace(registered, processing=held(ASKED, *more)) for more in ((NAMED,), ()))
    assert not stopped([open_, registered, None], NOW)
    assert stopped([open_, closed], NOW)


def test_the_list_names_the_next_day_and_who_is_restricted():
    row, seen = None, list[tuple[date, bool]]()
    for fact in (ASKED, RESTRICTED, NAMED, LIFTED):
        row = data_requests.fold(row, recorded(fact, stream=ONE), ONE)
        seen.append((row.due, row.restricted))
    none = data_requests.NOTHING_DUE
    assert seen == [(ASKED.due, True), (none, True), (none, True), (none, False)]


STOPPED = """
AcceptReferral DeclineReferral RedirectReferral AllocateCoordinator RecordConversation RecordConversationAttempt
AuthoriseDisclosure InvolvePartner ResolveRecusal ProposeForMeeting AddNote RecordUnmetNeed MeetUnmetNeed
AgreePlan RevisePlan SetGoal ScoreGoal AchieveGoal AbandonGoal ScheduleReview HoldReview StartIntervention
EndIntervention OfferAction RespondToAction ProgressAction CompleteAction CloseActionIncomplete ChangeActionDue
RecordMeasure RecordNoMeasure ReachMilestone MoveToVersion OfferTransfer RequestInformation ResumeCase EscalateCase
RequestFundAward ApproveFundAward DeclineFundAward RecordFundPayment
RecordMessageBack RecordFeedback ProposeClosure CloseCase ReopenCase RequestMerge ApproveMerge
AddItem AddLateItem InviteMember PullFromNoting OpenItem NoteItem RaiseHand GiveFloor RecordUpdate RecordDecision
RecordGuest LinkAction OfferActionInMeeting ResolveInterest RecordInstantDiscussion
"""
"""By hand, and apart from the program: whatever adds to what is known, hands it on, or acts by it."""
NAMING = {"person", "retired", "case", "to_case", "item", "items"}


def test_of_every_command_about_somebody_it_is_said_whether_it_is_stopped():
    about = {kind for kind in COMMANDS if NAMING & {*kind.__struct_fields__}}
    assert {kind.__name__ for kind in about if not goes_on(kind)} == {*STOPPED.split()}


def test_what_nobody_has_thought_about_is_stopped():
    class Invented(Command, frozen=True):
        """Of tomorrow."""

        case: UUID

    assert not goes_on(Invented)
    assert goes_on(RaiseSafeguardingConcern)


# With those who work on a case

live = pytest.mark.asyncio(loop_scope="module")
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
WHY = RestrictionReason.ACCURACY_CONTESTED
BASIS = Basis(LegalBasis.PUBLIC_TASK, CommonLawBasis.IMPLIED_CONSENT)
LEADER = Worker(COORDINATOR.user, COORDINATOR.agency)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as opened:
        await opened.enrol(CALDICOTT)
        yield opened


def today(days: int = 0) -> date:
    return london_day(ago(days=-days))


async def asked(place: Place, name: str) -> tuple[Case, UUID]:
    """A case of somebody whom housing helps, and what they asked for."""
    case, restriction = await place.worked_on(name, "housing-1"), uuid4()
    await place.mutate(RequestRestriction(case.person, restriction, WHY, today()))
    await place.settled()
    return case, restriction


async def person(place: Place, case: Case, by: Actor = COORDINATOR) -> Any:
    return (await place.ask(OPERATIONS["case"], by, id=str(case.case)))["case"]["person"]


def note(case: Case) -> AddNote:
    return AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("They called."))


@live
async def test_nothing_is_done_with_it_but_what_keeps_puts_right_and_protects(place: Place):
    case, restriction = await asked(place, "Ada Larchwood")
    for command, by in (
        (note(case), COORDINATOR),
        (note(case), HOUSING),
        (OfferAction(case.case, uuid4(), Sealed("x"), "housing-1", today(9)), COORDINATOR),
        (
            AuthoriseDisclosure(case.case, uuid4(), "police-1", frozenset({Category.NEEDS}), BASIS, Sealed("x")),
            COORDINATOR,
        ),
        (ProposeForMeeting(case.case, uuid4(), SERIES, ProposalPurpose.STUCK, LEADER), COORDINATOR),
    ):
        assert await place.refused(command, by) == "PROCESSING_IS_RESTRICTED"
    await place.mutate(CorrectIdentity(case.person, Sealed("Spelt wrongly"), name=Sealed("Ada Larchwoode")))
    await place.mutate(RaiseSafeguardingConcern(case.case, uuid4(), Sealed("x")), REFERRER)
    disclosure = (await place.ask(OPERATIONS["case"], id=str(case.case)))["case"]["disclosures"][0]["id"]
    await place.mutate(EndDisclosure(case.case, UUID(disclosure), Sealed("Not needed")))
    # Whoever sees no such case is told the same as ever.
    assert await place.refused(note(Case(uuid4(), uuid4(), "", "", "")), HOUSING) == "UNKNOWN_CASE"
    await place.mutate(
        RefuseRestriction(case.person, restriction, RestrictionRefusal.GROUND_NOT_MET, today()), CALDICOTT
    )
    await place.mutate(note(case))


@live
async def test_what_is_urgent_goes_on_with_its_ground_named(place: Place):
    case, restriction = await asked(place, "Bo Larchwood")
    use = uuid4()
    named = NameGround(case.person, use, UseGround.RIGHTS_OF_ANOTHER, today(2))
    assert await place.refused(named, HOUSING) == "NOT_ALLOWED"
    await place.mutate(named)
    await place.mutate(note(case))
    await place.settled()
    assert (await person(place, case))["restriction"] == {
        "since": today().isoformat(),
        "stopped": False,
        "until": today(2).isoformat(),
    }
    await place.mutate(WithdrawGround(case.person, use))
    assert await place.refused(note(case)) == "PROCESSING_IS_RESTRICTED"
    # It is lifted by who answers for it, once it was decided, and the person was told.
    lifted = LiftRestriction(case.person, restriction, LiftReason.PUT_RIGHT, today())
    assert await place.refused(lifted) == "NOT_ALLOWED"
    assert await place.refused(lifted, CALDICOTT) == "NOT_DECIDED_YET"
    await place.mutate(RestrictProcessing(case.person, restriction, today()), CALDICOTT)
    assert await place.refused(replace(lifted, told_on=None), CALDICOTT) == "NOT_TOLD_YET"
    await place.mutate(lifted, CALDICOTT)
    await place.mutate(note(case))


@live
async def test_all_who_see_the_case_see_that_it_is_and_few_see_why(place: Place):
    case, _ = await asked(place, "Cora Larchwood")
    for by in (COORDINATOR, HOUSING):
        shown = await person(place, case, by)
        assert shown["restriction"] == {"since": today().isoformat(), "stopped": True, "until": None}
        assert [each["reason"] for each in shown["restrictions"]] == (
            ["ACCURACY_CONTESTED"] if by is COORDINATOR else []
        )
    referred = await place.referred("Dora Larchwood", by=REFERRER)
    await place.mutate(RequestRestriction(referred.person, uuid4(), WHY, today()))
    await place.settled()
    assert (await person(place, referred, REFERRER))["restriction"] is None
    async with signed_in(place, COORDINATOR) as client:
        assert "Processing is restricted" in (await client.get(f"/cases/{case.case}")).text
    async with signed_in(place, CALDICOTT) as client:
        page = (await client.get("/data-requests")).text
        assert case_number(case.case) in page
        assert "It is not restricted, and why" in page


@live
async def test_nobody_is_erased_and_what_comes_in_is_kept(place: Place):
    case, _ = await asked(place, "Ed Larchwood")
    assert await place.refused(RequestErasure(case.person, uuid4(), ErasureReason.PERSON_ASKED)) in (
        "KEPT_BY_RESTRICTION",
    )
    assert goes_on(AttachReferral)


@live
async def test_no_meeting_hears_it(place: Place):
    """A draft says that it may not appear, and nobody publishes an agenda with it or opens its item."""
    case = await place.worked_on("Fay Larchwood", "housing-1")
    meeting = await place.published("housing-1")
    item = next(each.item for each in meeting.items if each.case == case.case)
    await place.mutate(RequestRestriction(case.person, uuid4(), WHY, today()))
    await place.settled()
    facts = await place.catch.records.agenda_facts(meeting.meeting)
    (kept,) = [each for each in facts.cases if each.case == case.case]
    assert Missing.RESTRICTED in kept.kept_back
    opened = OpenItem(meeting.meeting, item, override_reason=Sealed("nobody else"))
    assert await place.refused(opened, CHAIR) == "PROCESSING_IS_RESTRICTED"


WARNED = "query($m: UUID!) { meeting(id: $m) { agenda { warnings { code number missing } } } }"


@live
async def test_an_agenda_with_it_is_not_published_and_the_chair_is_told_which_item(place: Place):
    """But for who is kept out of the case: they publish all else, and nobody is told of that item."""
    case, other = (
        await place.worked_on("Gil Larchwood", "housing-1"),
        await place.worked_on("Guy Larchwood", "housing-1"),
    )
    meeting = await drafted(place, 5)
    item = next(each.item for each in meeting.items if each.case == case.case)
    await place.mutate(RequestRestriction(case.person, uuid4(), WHY, today()))
    await place.settled()
    said = await place.sent(PublishAgenda(meeting.meeting), CHAIR)
    assert said["code"] == "ITEMS_NOT_READY"
    assert {each["name"]: each["value"] for each in said["details"]} == {"items": str(item), "missing": "restricted"}
    warned = (await place.ask(WARNED, CHAIR, m=str(meeting.meeting)))["meeting"]["agenda"]["warnings"]
    changed = {"code": "CHANGED_SINCE", "number": case_number(case.case), "missing": ["RESTRICTED"]}
    assert changed in warned
    await place.mutate(DeclareRecusal(case.case, CHAIR.user, CHAIR.agency, Sealed("A neighbour.")))
    await place.mutate(PublishAgenda(meeting.meeting), CHAIR)
    told = {each.case: each.visible_to for each in (await place.meeting(meeting.meeting)).items}
    assert told[case.case] == ()
    assert "housing-1" in told[other.case]
    await place.settled()
    # Whoever prepares the meeting still reads what stands in the way.
    warned = (await place.ask(WARNED, COORDINATOR, m=str(meeting.meeting)))["meeting"]["agenda"]["warnings"]
    assert changed in warned
    warned = (await place.ask(WARNED, CHAIR, m=str(meeting.meeting)))["meeting"]["agenda"]["warnings"]
    assert case_number(case.case) not in str(warned)


async def drafted(place: Place, days: int) -> Meeting:
    meeting = uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, ago(days=-days), CHAIR.user))
    await place.take(InviteMember(meeting, "housing-1"))
    await place.take(DraftAgenda(meeting))
    return await place.meeting(meeting)


# What leaves, beside what a case tells those who see it


def test_of_what_leaves_proofs_their_own_copy_and_counts_go_on():
    assert [each for each in Way if goes_out(each)] == [Way.PROOF, Way.OWN, Way.FIGURES]


async def ground(place: Place, case: Case) -> None:
    await place.mutate(NameGround(case.person, uuid4(), UseGround.LEGAL_CLAIM, today(2)))
    await place.settled()


@live
async def test_its_texts_leave_sealed_and_its_proof_leaves(place: Place, tmp_path: Path):
    case, other = (await asked(place, "Gus Larchwood"))[0], await place.worked_on("Hal Larchwood", "housing-1")

    async def read(name: str, of: Case) -> bool:
        await exported(place.catch, Asked((of.case,)), tmp_path / name, personal=True)
        # The facts are there, whatever is readable of them.
        assert verified(tmp_path / name).facts > 3
        return of.reason.encode() in (tmp_path / name).read_bytes()

    async def replayed(of: Case, *, as_json: bool = False) -> str:
        said = Console(file=StringIO(), width=200)
        with said.capture() as shown:
            await replay(place.catch, of.case, personal=True, as_json=as_json, console=said)
        return shown.get()

    assert (await read("one", case), await read("other", other)) == (False, True)
    for as_json in (True, False):
        assert case.reason not in await replayed(case, as_json=as_json)
        assert "[restricted]" in await replayed(case, as_json=as_json)
    await ground(place, case)
    assert await read("ground", case)
    assert case.reason in await replayed(case, as_json=True)


@live
async def test_a_figure_counts_them_and_leads_to_nobody(place: Place):
    case, _ = await asked(place, "Joy Larchwood")

    async def told() -> tuple[int, bool]:
        of = {"code": "M01", "programme": PROGRAMME}
        number = (await place.ask(OPERATIONS["metric"], AUDITOR, **of))["metric"]["number"]
        edges = (await place.ask(OPERATIONS["metric_evidence"], AUDITOR, **of, first=100))["metricEvidence"]["edges"]
        return number, str(case.case) in {edge["node"]["caseId"] for edge in edges}

    number, led = await told()
    assert not led
    await ground(place, case)
    assert await told() == (number, True)


@live
async def test_no_paper_has_them(place: Place):
    case = await place.worked_on("Kim Larchwood", "housing-1")
    # On a day of its own: the series has met already.
    meeting = await place.published("housing-1", starts_at=ago(days=-3))
    await place.mutate(RequestRestriction(case.person, uuid4(), WHY, today()))
    await place.settled()
    async with signed_in(place, CHAIR) as client:
        address = f"/meetings/{meeting.meeting}/pack"
        page = (await client.get(address)).text
        assert "Not on paper: processing is restricted" in page
        for said in (case.name, case_number(case.case)):
            assert said not in page
        await ground(place, case)
        assert case.name in (await client.get(address)).text


@live
async def test_to_whom_they_were_disclosed_stands_with_what_they_asked(place: Place):
    case, restriction = await asked(place, "Lea Larchwood")

    async def told() -> Any:
        found = (await place.ask(OPERATIONS["data_requests"], CALDICOTT))["dataRequests"]["edges"]
        return next(each["node"]["recipients"] for each in found if each["node"]["person"] == str(case.person))

    assert await told() == [{"agency": "housing-1", "sees": True, "told": []}]
    disclosure = (await place.ask(OPERATIONS["case"], id=str(case.case)))["case"]["disclosures"][0]["id"]
    await place.mutate(EndDisclosure(case.case, UUID(disclosure), Sealed("Not needed")))
    await place.settled()
    # What they were told they know.
    assert await told() == [{"agency": "housing-1", "sees": False, "told": []}]
    async with signed_in(place, CALDICOTT) as client:
        assert "Tell them." in (await client.get("/data-requests")).text
    telling = TellRecipient(case.person, restriction, "housing-1", ToldHow.PHONE, today())
    assert await place.refused(telling) == "NOT_ALLOWED"
    assert await place.refused(replace(telling, recipient="nobody-1"), CALDICOTT) == "UNKNOWN_PARTNER"
    await place.mutate(telling, CALDICOTT)
    await place.settled()
    by = {"user": CALDICOTT.user, "agency": CALDICOTT.agency}
    said = {"restriction": str(restriction), "how": "PHONE", "toldOn": today().isoformat(), "ended": False, "by": by}
    assert await told() == [{"agency": "housing-1", "sees": False, "told": [said]}]
    async with signed_in(place, CALDICOTT) as client:
        assert "(phone), by caldicott@snn" in (await client.get("/data-requests")).text
