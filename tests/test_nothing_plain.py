"""No personal text lies anywhere in plain: not in a dump of the whole database, not in what is logged."""

import asyncio
import logging
import subprocess
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest
from msgspec import Struct
from msgspec.structs import replace

from catch.database.server import binaries
from catch.demo.people import nhs_numbers
from catch.domain.access_grant import (
    BreakGlassFinding,
    BreakGlassReason,
    EndBreakGlass,
    OpenBreakGlass,
    ReviewBreakGlass,
)
from catch.domain.calendar import add_months, london_day
from catch.domain.case.actions import (
    ActionAnswer,
    ChangeActionDue,
    CloseActionIncomplete,
    CompleteAction,
    Incomplete,
    OfferAction,
    ProgressAction,
    RespondToAction,
)
from catch.domain.case.agreement import (
    ConfirmSafeContact,
    RecordAgreement,
    RecordObjection,
    RecordRefusalOfSupport,
    WithdrawAgreement,
)
from catch.domain.case.closing import CloseCase, GoalOutcome, GoalResult, ProposeClosure, ReopenCase
from catch.domain.case.coordination import AllocateCoordinator, RecordConversation
from catch.domain.case.correcting import (
    ApproveEntryWithdrawal,
    CorrectEntry,
    CorrectMeasure,
    RefuseEntryWithdrawal,
    RequestEntryWithdrawal,
)
from catch.domain.case.disclosure import AuthoriseDisclosure, EndDisclosure, EndInvolvement, InvolvePartner
from catch.domain.case.eligibility import (
    AcceptReferral,
    DeclineReferral,
    EvaluatedCriterion,
    Redirection,
    RedirectReferral,
)
from catch.domain.case.funds import ApproveFundAward, DeclineFundAward, RecordFundPayment, RequestFundAward
from catch.domain.case.goals import AbandonGoal, NewGoal, SetGoal
from catch.domain.case.household import EndRelation, LinkRelation
from catch.domain.case.information import ReceiveInformation, RequestInformation
from catch.domain.case.interventions import EndIntervention, StartIntervention
from catch.domain.case.measures import RecordMeasure, RecordNoMeasure
from catch.domain.case.milestones import ReachMilestone
from catch.domain.case.notes import AddNote
from catch.domain.case.pauses import PauseCase, ResumeCase
from catch.domain.case.plan import AgreePlan, RevisePlan
from catch.domain.case.proposals import ProposeForMeeting, WithdrawProposal
from catch.domain.case.recusal import DeclareRecusal, ResolveRecusal
from catch.domain.case.referral import AttachReferral, SubmitReferral, case_number
from catch.domain.case.reviews import HoldReview
from catch.domain.case.risks import RecordRisk, ReviewRisk
from catch.domain.case.state import (
    Agrees,
    ConversationFormat,
    Described,
    EntryField,
    EscalatedTo,
    Experience,
    KindOfEntry,
    MessageChannel,
    ProposalPurpose,
    ReferralAgreement,
    RelationRole,
    ReviewDecision,
    RiskLevel,
    SafeContact,
    VoidReason,
    WhyNot,
    WithdrawReason,
    Worker,
)
from catch.domain.case.telling import EscalateCase, RecordFeedback, RecordMessageBack, RecordMessageFailed
from catch.domain.case.transfers import OfferTransfer, WithdrawTransfer
from catch.domain.case.versions import MoveToVersion
from catch.domain.case.voiding import ApproveVoiding, RefuseVoiding, RequestVoiding
from catch.domain.contact import ConvertContact, LinkRepeat, ReceiveContact, ResolveContact, TriageContact
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.erasing import (
    ApproveErasure,
    ErasureReason,
    HoldReason,
    LiftLegalHold,
    PlaceLegalHold,
    RequestErasure,
    StopErasure,
    StopReason,
)
from catch.domain.facts import Actor, Category, Command, Role, Sealed, Tag
from catch.domain.instruments import Reading
from catch.domain.meeting.adding import AddItem, AddLateItem
from catch.domain.meeting.amending import AmendMinutes
from catch.domain.meeting.attendance import (
    AcceptConfidentiality,
    DeclareInterest,
    JoinMeeting,
    ResolveInterest,
    SendApology,
)
from catch.domain.meeting.deciding import RecordDecision, RecordGuest, RecordUpdate
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.editing import ChangeTimebox, MoveItem, PullFromNoting, RemoveItem
from catch.domain.meeting.floor import CloseItem, DeferItem, OpenItem
from catch.domain.meeting.instant import Participant, RecordInstantDiscussion
from catch.domain.meeting.invitations import InviteMember, WithdrawInvitation
from catch.domain.meeting.items import DecisionCode, DeferReason, Dissent, GuestKind, ItemState, ToTell
from catch.domain.meeting.listing import AppearanceBasis, Section
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting, RescheduleMeeting
from catch.domain.meeting.session import AdjournMeeting, EndMeeting, ResumeMeeting, StartMeeting
from catch.domain.merging import ApproveMerge, RefuseMerge, RequestMerge, ReverseMerge
from catch.domain.partner import (
    BindSubject,
    EnrolMember,
    EnrolService,
    RegisterPartner,
    RenewCalendar,
    SignAgreement,
    TerminateAgreement,
    UnbindSubject,
)
from catch.domain.person import (
    ContactChannel,
    CorrectContact,
    CorrectIdentity,
    DeathSource,
    RecordDeath,
    RegisterPerson,
    SetContactPreference,
    WithdrawDeath,
)
from catch.domain.processing import (
    LiftReason,
    LiftRestriction,
    NameGround,
    RefuseRestriction,
    RequestRestriction,
    RestrictionReason,
    RestrictionRefusal,
    RestrictProcessing,
    TellRecipient,
    ToldHow,
    UseGround,
    WithdrawGround,
)
from catch.domain.restricted import (
    AddRestrictedNote,
    RaiseSafeguardingConcern,
    RecordSafeguardingOutcome,
    SafeguardingOutcome,
)
from catch.domain.streams import CASE, COMMANDS
from catch.domain.subject_access import (
    AskedBy,
    ExtendSubjectAccess,
    ExtensionReason,
    GiveSubjectAccess,
    RefusalReason,
    RefuseSubjectAccess,
    RequestSubjectAccess,
)
from tests.conftest import Database, administer
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    BASIS,
    CHAIR,
    COORDINATOR,
    EVERYTHING,
    HOUSING,
    MOST,
    PROGRAMME,
    SERIES,
    Place,
    ago,
    as_input,
    placed,
)
from tests.test_plain import PUBLIC, fields_of, leaves

BORN = date(1937, 3, 14)
TODAY = london_day(datetime.now(UTC))
SOON = TODAY + timedelta(days=20)
OURSELVES = Worker(COORDINATOR.user, COORDINATOR.agency)
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
SECOND = Actor("second@snn", "snn", Role.COORDINATOR)
"""Who answers what somebody else has asked."""
BEXLEY = Actor("coordinator@bexley-1", "bexley-1", Role.COORDINATOR)


def plain_fields(value: Struct) -> Iterator[tuple[str, Callable[[str], Any]]]:
    """Every plain string of a command by its owner and name, with what makes a copy that holds another text there."""
    hints = get_type_hints(type(value), include_extras=True)
    for name in value.__struct_fields__:
        at, held = f"{type(value).__name__}.{name}", getattr(value, name)
        if at in PUBLIC:
            continue
        put = partial(_with, value, name)
        if isinstance(held, Struct):
            yield from ((inner, _then(make, put)) for inner, make in plain_fields(held))
        elif isinstance(held, tuple) and held and isinstance(held[0], Struct):
            rest = cast("tuple[Struct, ...]", held)[1:]
            yield from ((inner, _then(make, lambda one, rest=rest, put=put: put((one, *rest))))
                        for inner, make in plain_fields(held[0]))  # fmt: skip
        elif (leaf := _plain_leaf(hints[name])) is not None:
            yield at, _then(leaf, put)


def _with(value: Struct, name: str, new: object) -> Struct:
    return replace(value, **{name: new})


def _then(first: Callable[[str], Any], put: Callable[[Any], Struct]) -> Callable[[str], Any]:
    return lambda text: put(first(text))


def _plain_leaf(hint: Any) -> Callable[[str], Any] | None:
    """How a text stands in a field of this type, if it holds plain strings."""
    if str not in leaves(hint) or Sealed in leaves(hint):
        return None
    kind = get_origin(get_args(hint)[0] if get_origin(hint) is Annotated else hint)
    if kind is tuple:
        return lambda text: (text,)
    if kind is frozenset:
        return lambda text: frozenset({text})
    return lambda text: text


def personal(kind: Any) -> bool:
    """Whether something of this type can hold personal text."""
    if kind is Sealed:
        return True
    if isinstance(kind, type) and issubclass(kind, Struct):
        return any(personal(hint) for hint in get_type_hints(kind).values())
    return any(personal(inner) for inner in get_args(kind))


LOOKS_AFTER = Actor("members@snn", "snn", Role.MEMBER_ADMINISTRATOR)


class Writer:
    """Sends commands as clients do, with a text of its own in every place where personal text may stand."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.texts: list[str] = []
        self.used: set[type[Command]] = set()
        self.tried: set[str] = set()
        self.numbers = nhs_numbers()
        self.contacts: list[UUID] = []

    def text(self) -> Sealed:
        self.texts.append(f"Quennellbright{len(self.texts):04}")
        return Sealed(self.texts[-1])

    async def send(self, command: Command, by: Actor = COORDINATOR) -> None:
        """Before the command itself, it comes with free text in each of its plain fields, one at a time."""
        self.used.add(type(command))
        for field, making in plain_fields(command):
            self.tried.add(field)
            answer = await self.try_out(making(f"{self.text()} of 14 Elm Road"), by)
            assert answer["code"] in ("KEY_MALFORMED", "USER_MALFORMED", "NUMBER_MALFORMED"), (field, answer)
        await self.place.mutate(command, by)

    async def try_out(self, command: Command, by: Actor) -> Any:
        kind = type(command).__name__
        name = kind[0].lower() + kind[1:]
        query = f"""mutation($i: {kind}Input!, $c: UUID!) {{ {name}(input: $i, commandId: $c) {{
            ... on Accepted {{ position }} ... on Refused {{ code details {{ name value }} }} }} }}"""
        return (await self.place.ask(query, by, i=as_input(command), c=str(uuid4())))[name]


async def fill_a_case(w: Writer) -> Any:
    """From the front door to a plan, with two partners; the ids of case and person."""
    await w.place.widened()
    case, person, t = uuid4(), uuid4(), w.text
    number = next(w.numbers)
    born = str(BORN + timedelta(days=len(w.texts)))
    w.texts += [number, born]
    await w.send(RegisterPerson(person, False, t(), Sealed(born), t(), t(), Sealed(number), t()))
    await w.send(SetContactPreference(person, (ContactChannel.PHONE,), t(), t()))
    agreement, safe = ReferralAgreement(knows=True, agrees=Agrees.YES, evidence=t()), SafeContact(True, t(), t())
    at = ago(hours=2)
    referral = SubmitReferral(
        case, person, PROGRAMME, uuid4(), "police", "phone", at, t(), agreement=agreement, safe_contact=safe,
        needs=("debt",), on_behalf_of="police-1", unverified_organisation=t(),
    )  # fmt: skip
    await w.send(referral)
    await w.send(AttachReferral(case, person, uuid4(), "fire", "phone", at, t(), unverified_organisation=t()))
    await w.send(AcceptReferral(case, override_reason=t()))
    again = str(BORN + timedelta(days=len(w.texts)))
    number = next(w.numbers)
    w.texts += [number, again]
    await w.send(CorrectIdentity(person, t(), t(), Sealed(again), Sealed(number), t()))
    await w.send(CorrectContact(person, t(), t(), t()))
    await w.send(AllocateCoordinator(case, COORDINATOR.user, COORDINATOR.agency, reason=t(), handover_note=t()))
    await w.send(RecordAgreement(case, evidence=t()))
    await w.send(RecordConversation(case, uuid4(), ConversationFormat.HOME, t(), t(), communication_needs=t()))
    for agency in ("housing-1", "police-1"):
        await w.send(AuthoriseDisclosure(case, uuid4(), agency, MOST, BASIS, t()))
        await w.send(InvolvePartner(case, agency, "support", t()))
    proposal = ProposeForMeeting(
        case, uuid4(), SERIES, ProposalPurpose.NEW, OURSELVES, t(), person_informed=False, not_informed_reason=t()
    )
    await w.send(proposal)
    return case


async def work_on_it(w: Writer, case: Any) -> None:
    t = w.text
    actions = [uuid4() for _ in range(3)]
    for action in actions:
        await w.send(OfferAction(case, action, t(), "housing-1", SOON))
    await w.send(RespondToAction(case, actions[0], ActionAnswer.DECLINE, t()), HOUSING)
    await w.send(ChangeActionDue(case, actions[1], SOON + timedelta(days=1), t()))
    await w.send(RespondToAction(case, actions[1], ActionAnswer.ACCEPT), HOUSING)
    await w.send(ProgressAction(case, actions[1], uuid4(), t(), 10), HOUSING)
    await w.send(CompleteAction(case, actions[1], "helped", TODAY, t()), HOUSING)
    await w.send(CloseActionIncomplete(case, actions[2], Incomplete.NOT_POSSIBLE, t()), HOUSING)
    await w.send(AddNote(case, note := uuid4(), Category.DISCUSSION, t()))
    await put_right(w, case, note)
    goals = [NewGoal(uuid4(), t(), "home", 1, 3) for _ in range(3)]
    review_due, plan = add_months(TODAY, 3), uuid4()
    await w.send(AgreePlan(case, plan, t(), review_due, (goals[0],), t(), t(), how_agreed=t(), agreed_by_person=True))
    await w.send(
        RevisePlan(case, plan, 2, t(), review_due, (goals[1],), t(), t(), how_agreed=t(), agreed_by_person=True)
    )
    await w.send(SetGoal(case, goals[2]))
    await w.send(AbandonGoal(case, goals[0].goal, t()))
    review = HoldReview(case, uuid4(), ReviewDecision.CONTINUE, True, t(), add_months(TODAY, 3))
    await w.send(review)
    ticked = tuple(Reading(item, 3) for item in range(1, 8))
    await w.send(RecordMeasure(case, measure := uuid4(), "swemwbs", "start", TODAY, ticked, reference=t()))
    await w.send(CorrectMeasure(case, uuid4(), measure, TODAY, t(), ticked[1:]))
    await w.send(RecordNoMeasure(case, "swemwbs", "closure", WhyNot.DECLINED, t()))
    await w.send(StartIntervention(case, support := uuid4(), "befriending", "housing-1"))
    await w.send(EndIntervention(case, support, "helped", t()))
    await w.send(RequestInformation(case, asked := uuid4(), t(), t(), SOON))
    await w.send(ReceiveInformation(case, asked, t()))
    await w.send(RecordRisk(case, risk := uuid4(), "falls", RiskLevel.HIGH, t(), SOON))
    await w.send(ReviewRisk(case, risk, RiskLevel.LOW, t()))
    await w.send(LinkRelation(case, relation := uuid4(), RelationRole.CARER, t(), safe_to_discuss=False))
    await w.send(EndRelation(case, relation, t()))
    state, message = (await w.place.catch.present.states.get(CASE, case)).state, uuid4()
    await w.send(RecordDeath(state.person, TODAY, DeathSource.FAMILY))
    await w.send(WithdrawDeath(state.person, t()))
    await w.send(RecordMessageBack(case, message, state.doors[0].agency, MessageChannel.EMAIL, TODAY))
    await w.send(RecordMessageFailed(case, message, t()))
    await w.send(EscalateCase(case, uuid4(), EscalatedTo.CRISIS, t()))
    await w.send(RecordFeedback(case, uuid4(), Experience.GOOD, t()))
    await w.send(ReachMilestone(case, "home"))
    await w.send(PauseCase(case, pause := uuid4(), "away", SOON, t()))
    await w.send(ResumeCase(case, pause))
    await w.send(MoveToVersion(case, 3, t()))
    await w.send(RequestFundAward(case, no := uuid4(), "hardship-fund", 4000, t(), t()))
    await w.send(DeclineFundAward(case, no, t()), SECOND)
    await w.send(RequestFundAward(case, yes := uuid4(), "hardship-fund", 2000, t(), t()))
    await w.send(ApproveFundAward(case, yes), SECOND)
    await w.send(RecordFundPayment(case, yes, TODAY))
    # To another programme, in which the same agency keeps the door.
    await w.place.enrol(COORDINATOR, "bexley-icm")
    there, transfer = uuid4(), uuid4()
    await w.send(SubmitReferral(there, state.person, "bexley-icm", uuid4(), "gp", "phone", ago(hours=2), t()))
    await w.send(OfferTransfer(case, transfer, there, t()))
    await w.send(WithdrawTransfer(case, transfer, t()))


async def put_right(w: Writer, case: Any, note: UUID) -> None:
    t = w.text
    await w.place.enrol(SECOND)
    await w.send(CorrectEntry(case, uuid4(), KindOfEntry.NOTE, note, EntryField.TEXT, t(), t()))
    again = RequestEntryWithdrawal(case, uuid4(), KindOfEntry.NOTE, note, WithdrawReason.DUPLICATE, t())
    await w.send(again)
    await w.send(RefuseEntryWithdrawal(case, again.withdrawal, t()), SECOND)
    await w.send(AddNote(case, elsewhere := uuid4(), Category.PLAN, t()))
    wrong = RequestEntryWithdrawal(case, uuid4(), KindOfEntry.NOTE, elsewhere, WithdrawReason.WRONG_PERSON, t())
    await w.send(wrong)
    await w.send(ApproveEntryWithdrawal(case, wrong.withdrawal), SECOND)


async def close_it(w: Writer, case: Any) -> None:
    t, state = w.text, (await w.place.catch.present.states.get(CASE, case)).state
    proposal = uuid4()
    await w.send(
        ProposeForMeeting(case, proposal, SERIES, ProposalPurpose.REVIEW, OURSELVES, t(), person_informed=True)
    )
    await w.send(WithdrawProposal(case, proposal, t()))
    await w.send(RecordObjection(case, uuid4(), frozenset({Category.HEALTH}), ground=t()))
    await w.send(EndDisclosure(case, state.disclosures[0].disclosure, t()))
    await w.send(EndInvolvement(case, "housing-1", t()))
    await w.send(WithdrawAgreement(case, reason=t()))
    await w.send(ProposeClosure(case, "goals-achieved", t()))
    outcomes = tuple(GoalOutcome(goal.goal, GoalResult.ACHIEVED) for goal in state.goals if goal.state == "open")
    await w.send(CloseCase(case, "goals-achieved", TODAY, t(), outcomes, ongoing_plan=t()))
    await w.send(ReopenCase(case, t()))
    await w.place.enrol(SECOND)
    await w.send(RequestVoiding(case, first := uuid4(), VoidReason.DUPLICATE, t()))
    await w.send(RefuseVoiding(case, first, t()), SECOND)
    await w.send(RequestVoiding(case, second := uuid4(), VoidReason.WRONG_PERSON, t()))
    await w.send(ApproveVoiding(case, second), SECOND)


async def hold_a_meeting(w: Writer, first: Any, second: Any) -> None:
    t, meeting, now = w.text, uuid4(), datetime.now(UTC)
    await w.send(PlanMeeting(meeting, PROGRAMME, SERIES, now + timedelta(hours=3), CHAIR.user))
    await w.send(RescheduleMeeting(meeting, now + timedelta(hours=2), t()))
    for agency in ("housing-1", "police-1"):
        await w.send(InviteMember(meeting, agency))
    await w.send(WithdrawInvitation(meeting, "police-1", reason=t()))
    noted = uuid4()
    await w.send(AddItem(meeting, noted, Section.NOTING, case=second, reason=t()))
    await w.place.settled()
    await w.send(DraftAgenda(meeting))
    await w.send(PublishAgenda(meeting), CHAIR)
    third, late = await fill_a_case(w), uuid4()
    await w.send(AddLateItem(meeting, late, third, t(), COORDINATOR.user, AppearanceBasis.AGREEMENT), CHAIR)
    state = await w.place.meeting(meeting)
    item = next(held.item for held in state.items if held.case == first)
    await w.send(MoveItem(meeting, late, 2, t()))
    await w.send(ChangeTimebox(meeting, item, 9, t()))
    await w.send(SendApology(meeting, "guest@police-1", "police-1", t()))
    await w.send(StartMeeting(meeting), CHAIR)
    for who in (COORDINATOR, HOUSING):
        await w.send(JoinMeeting(meeting, who.user, who.agency), who)
        await w.send(AcceptConfidentiality(meeting, who.user), who)
    await w.send(AdjournMeeting(meeting, t()), CHAIR)
    await w.send(ResumeMeeting(meeting), CHAIR)
    await w.send(PullFromNoting(meeting, noted, t()))
    await w.send(DeclareInterest(meeting, item, HOUSING.user, HOUSING.agency, note=t()), HOUSING)
    await w.send(ResolveInterest(meeting, item, HOUSING.user, t()))
    await w.send(OpenItem(meeting, item))
    await w.send(RecordUpdate(meeting, item, t(), t(), t(), t()))
    await w.send(RecordGuest(meeting, item, uuid4(), GuestKind.ADVOCATE, t()))
    dissent = (Dissent("housing-1", t()),)
    decision = RecordDecision(
        meeting, item, uuid4(), DecisionCode.CONTINUE, t(), ("snn",), dissent, None, not_told_reason=t()
    )
    await w.send(decision)
    told = RecordDecision(meeting, item, uuid4(), DecisionCode.CONTINUE, t(), ("snn",), (), ToTell(CHAIR.user, SOON))
    await w.send(told)
    await w.send(OfferActionInMeeting(meeting, item, uuid4(), t(), "housing-1", SOON))
    await w.send(CloseItem(meeting, item))
    await w.send(OpenItem(meeting, late, override_reason=t()))
    await w.send(DeferItem(meeting, late, DeferReason.CHAIR, note=t()))
    await w.send(RemoveItem(meeting, noted, t()))
    left = [held.item for held in (await w.place.meeting(meeting)).items if held.state is ItemState.PENDING]
    for other in left:
        await w.send(DeferItem(meeting, other, DeferReason.RAN_OUT_OF_TIME, note=t()), CHAIR)
    await w.send(EndMeeting(meeting), CHAIR)
    await w.send(AmendMinutes(meeting, uuid4(), t(), item), CHAIR)
    await w.send(AmendMinutes(meeting, uuid4(), t()), CHAIR)


async def beside_it(w: Writer, case: Any) -> None:
    t, now = w.text, datetime.now(UTC)
    called_off = uuid4()
    await w.send(PlanMeeting(called_off, PROGRAMME, SERIES, now + timedelta(days=30), CHAIR.user))
    await w.send(CancelMeeting(called_off, t()))
    seats = (Participant("a", "housing-1"), Participant("b", "snn"))
    instant = RecordInstantDiscussion(
        uuid4(), PROGRAMME, SERIES, uuid4(), case, now - timedelta(minutes=9), now, seats,
        situation=t(), action_to_date=t(), update=t(), next_steps=t(),
    )  # fmt: skip
    await w.send(instant)
    await w.send(RegisterPartner("food-1", "Example food bank", "voluntary"), ADMINISTRATOR)
    signed = SignAgreement("food-1", "isa", (PROGRAMME,), EVERYTHING, TODAY, None, t())
    await w.send(signed, ADMINISTRATOR)
    await w.send(EnrolMember("food-1", "member@food-1", t()), ADMINISTRATOR)
    await w.place.enrol(LOOKS_AFTER)
    await w.send(EnrolService("snn", "program@snn", t(), ("add-note",)), LOOKS_AFTER)
    await w.send(BindSubject("snn", "program@snn", "nhs-login", t()), LOOKS_AFTER)
    await w.send(UnbindSubject("snn", "program@snn", "nhs-login"), LOOKS_AFTER)
    await w.send(RenewCalendar(LOOKS_AFTER.agency), LOOKS_AFTER)
    await w.send(TerminateAgreement("food-1", "isa", t()), ADMINISTRATOR)
    refused = await w.place.referred(w.text())
    w.texts += [refused.reason]
    await w.send(DeclineReferral(refused.case, "other", explanation=t()))
    elsewhere, somebody = uuid4(), uuid4()
    await w.place.enrol(BEXLEY, "bexley-icm")
    await w.send(RegisterPerson(somebody, name=t()), BEXLEY)
    await w.send(SubmitReferral(elsewhere, somebody, "bexley-icm", uuid4(), "gp", "phone", ago(hours=2), t()), BEXLEY)
    judged = (EvaluatedCriterion("at-risk-of-crisis-if-no-action", met=False, fact=t()),)
    led = Redirection(agency="housing-1", warm_handover=True)
    await w.send(RedirectReferral(elsewhere, "better-door", led, judged), BEXLEY)
    unwilling = await w.place.referred(w.text())
    await w.send(RecordRefusalOfSupport(unwilling.case, reason=t()))
    await w.send(ConfirmSafeContact(case, SafeContact(False, t(), t())))
    await w.send(DeclareRecusal(case, CHAIR.user, CHAIR.agency, t()))
    await w.send(ResolveRecusal(case, CHAIR.user, t()))
    await w.send(AddRestrictedNote(case, uuid4(), Tag.DOMESTIC_ABUSE, t()))
    concern = uuid4()
    raised = RaiseSafeguardingConcern(case, concern, t(), raised_to=t(), reference=t(), persons_wish=t())
    await w.send(raised, HOUSING)
    await w.send(RaiseSafeguardingConcern(uuid4(), uuid4(), t()), AUDITOR)
    await w.send(RecordSafeguardingOutcome(case, concern, SafeguardingOutcome.ENQUIRY, t()))


async def come_to_the_door(w: Writer) -> Any:
    """Somebody who is described, then somebody who is registered: led on, the id of the case."""
    t, first, second, third, person, case = w.text, *(uuid4() for _ in range(5))
    await w.place.take_contacts()
    number, born = next(w.numbers), str(BORN + timedelta(days=len(w.texts)))
    w.texts += [number, born]
    said = Described(t(), Sealed(born), Sealed(number), t(), t())
    await w.send(
        ReceiveContact(first, PROGRAMME, "police", "phone", t(), ("debt",), None, said, t(), on_behalf_of="police-1")
    )
    await w.send(TriageContact(first, "today", t()))
    await w.send(ResolveContact(first, "advice-given", t()))
    name, known_by = t(), {"date_of_birth": str(BORN + timedelta(days=len(w.texts))), "nhs_number": next(w.numbers)}
    w.texts += known_by.values()
    identified: dict[str, Any] = {field: Sealed(text) for field, text in known_by.items()}
    await w.send(RegisterPerson(person, name=name, **identified))
    await w.send(ReceiveContact(second, PROGRAMME, "police", "phone", t(), person=person))
    await w.send(LinkRepeat(second, first))
    agreement, safe = ReferralAgreement(knows=True, agrees=Agrees.YES, evidence=t()), SafeContact(True, t(), t())
    await w.send(
        ConvertContact(
            second, case, person, PROGRAMME, uuid4(), "police", "phone", t(), ("debt",), agreement=agreement,
            safe_contact=safe, on_behalf_of="police-1",
        )
    )  # fmt: skip
    w.contacts += [first, second]
    # About nobody in particular.
    await w.send(ReceiveContact(third, PROGRAMME, "police", "phone", t()))
    w.contacts.append(third)
    await be_one(w, person, RegisterPerson(uuid4(), name=name, **identified))
    await break_in(w, case)
    return case


async def be_one(w: Writer, person: UUID, again: RegisterPerson) -> None:
    """Somebody who was registered twice, and turns out not to be the same."""
    t, first, second = w.text, uuid4(), uuid4()
    await w.send(again)
    await w.place.enrol(SECOND)
    await w.send(RequestMerge(person, again.person, first, t()))
    await w.send(RefuseMerge(person, first, t()), SECOND)
    await w.send(RequestMerge(person, again.person, second, t()))
    await w.send(ApproveMerge(person, second), SECOND)
    await w.send(ReverseMerge(person, second, t()))
    await let_go(w, again.person)
    await asked_for(w, again.person)


async def break_in(w: Writer, case: UUID) -> None:
    """Opened by somebody with no part in it, ended, and looked into by somebody else."""
    opening = uuid4()
    why = Sealed(f"Nobody else is there: {w.text()}")
    reason = BreakGlassReason.LEAD_ABSENT
    await w.send(OpenBreakGlass(CHAIR.agency, opening, case_number(case), reason, why), CHAIR)
    await w.send(EndBreakGlass(CHAIR.agency, opening), CHAIR)
    await w.send(ReviewBreakGlass(CHAIR.agency, opening, BreakGlassFinding.JUSTIFIED, w.text()), CALDICOTT)


async def let_go(w: Writer, person: UUID) -> None:
    """Asked and agreed, taken back, and kept."""
    erasure, hold = uuid4(), uuid4()
    await w.place.enrol(CALDICOTT)
    await w.send(RequestErasure(person, erasure, ErasureReason.PERSON_ASKED))
    await w.send(ApproveErasure(person, erasure), CALDICOTT)
    await w.send(StopErasure(person, erasure, StopReason.STILL_NEEDED), CALDICOTT)
    await w.send(PlaceLegalHold(person, hold, HoldReason.COMPLAINT), CALDICOTT)
    await w.send(LiftLegalHold(person, hold), CALDICOTT)


async def asked_for(w: Writer, person: UUID) -> None:
    """What is kept of them: once given, after longer than a month, and once refused."""
    given, refused, today = uuid4(), uuid4(), TODAY
    await w.send(RequestSubjectAccess(person, given, AskedBy.PERSON, today))
    await w.send(ExtendSubjectAccess(person, given, ExtensionReason.COMPLEX, today), CALDICOTT)
    await w.send(GiveSubjectAccess(person, given, today), CALDICOTT)
    await w.send(RequestSubjectAccess(person, refused, AskedBy.REPRESENTATIVE, today), CALDICOTT)
    await w.send(RefuseSubjectAccess(person, refused, RefusalReason.IDENTITY_NOT_SHOWN, today), CALDICOTT)
    restricted, not_met, use = uuid4(), uuid4(), uuid4()
    await w.send(RequestRestriction(person, restricted, RestrictionReason.ACCURACY_CONTESTED, today))
    await w.send(RestrictProcessing(person, restricted, today), CALDICOTT)
    await w.send(TellRecipient(person, restricted, "housing-1", ToldHow.LETTER, today), CALDICOTT)
    await w.send(NameGround(person, use, UseGround.CONSENT, today))
    await w.send(WithdrawGround(person, use))
    await w.send(LiftRestriction(person, restricted, LiftReason.PUT_RIGHT, today), CALDICOTT)
    await w.send(RequestRestriction(person, not_met, RestrictionReason.OBJECTED, today), CALDICOTT)
    await w.send(RefuseRestriction(person, not_met, RestrictionRefusal.GROUND_NOT_MET, today), CALDICOTT)


def dumped(database: Database) -> str:
    """Everything that is in the database, as text."""
    command = [binaries() / "pg_dump", "--dbname", database.admin]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.casefold()


def found(texts: Iterable[str], where: str) -> list[str]:
    """Which of the texts are there, as they are or as the bytes they are stored as."""
    forms: Callable[[str], tuple[str, str]] = lambda text: (text.casefold(), text.encode().hex())  # noqa: E731
    return [text for text in texts if any(form in where for form in forms(text))]


async def test_nothing_that_was_said_of_anybody_is_stored_or_logged_in_plain(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    async with placed(database.admin, database.dsn, tmp_path) as place:
        w = Writer(place)
        first, second = [await fill_a_case(w) for _ in range(2)]
        await hold_a_meeting(w, first, second)
        await work_on_it(w, first)
        await beside_it(w, second)
        await close_it(w, first)
        await come_to_the_door(w)
        await place.settled()
        # Refusals and faults are logged too, and hold nothing of what was sent.
        query = "mutation($i: AddNoteInput!, $c: UUID!) { addNote(input: $i, commandId: $c) { __typename } }"
        note = {"case": str(uuid4()), "note": str(uuid4()), "category": "DISCUSSION", "text": w.text()}
        await place.ask(query, COORDINATOR, i=note, c=str(uuid4()))
        await place.answer(query, COORDINATOR, i=note | {"category": w.text()}, c=str(uuid4()))
    unused = {kind.__name__ for kind in COMMANDS if personal(kind)} - {kind.__name__ for kind in w.used}
    assert unused == set()
    assert len(w.texts) > 90
    # Every plain field that is not public, of every command that was sent, was tried with free text.
    plain = {at for at, field in fields_of(*w.used).items() if _plain_leaf(field.hint)} - PUBLIC
    assert plain - w.tried == set()
    assert len(w.tried) > 75

    dump = await asyncio.to_thread(dumped, database)
    assert found(w.texts, dump) == []
    ours = ("catch", "uvicorn", "litestar", "asyncio", "strawberry", "graphql")
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(ours))
    assert "RegisterPerson" in logged
    assert found(w.texts, logged.casefold()) == []

    # The search would have found them: in a text, in bytes, in a document.
    await administer(
        database.admin,
        "create table scratch (a text, b bytea, c jsonb)",
        f"insert into scratch values ('Said {w.texts[0]} today', null, null)",
        f"insert into scratch values (null, convert_to('x{w.texts[1]}y', 'utf8'), null)",
        f'insert into scratch values (null, null, \'{{"said": "{w.texts[2]}"}}\')',
    )
    assert found(w.texts, await asyncio.to_thread(dumped, database)) == w.texts[:3]
