"""What is decided changes what it says: until when support goes on, what is due, what is settled, who has access."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from catch.domain.agenda.case_facts import appearance_basis, case_facts
from catch.domain.agenda.reasons import reasons_for
from catch.domain.calendar import add_months
from catch.domain.case.actions import ActionAnswer, CloseActionIncomplete, Incomplete, OfferAction, RespondToAction
from catch.domain.case.agreement import AgreedBy as By
from catch.domain.case.agreement import AgreementWithdrawn, RefusedSince, SupportAgreed, SupportDeclinedByPerson
from catch.domain.case.disclosure import EndInvolvement, PartnerInvolvementEnded
from catch.domain.case.goals import NoPlan
from catch.domain.case.proposals import CaseDiscussed, MeetingDecisionRecorded, MeetingProposed
from catch.domain.case.reviews import ExtendedOftenEnough, HoldReview, ReviewHeld, ScheduleReview, ends_on
from catch.domain.case.state import Agrees, Case, Discussion, ProposalPurpose, ReviewDecision
from catch.domain.discussion import decide_in_meeting
from catch.domain.facts import Actor, Command, Sealed
from catch.domain.given import Given
from catch.domain.meeting.adding import AddItem
from catch.domain.meeting.attendance import AcceptConfidentiality, DeclareInterest
from catch.domain.meeting.drafting import PublishAgenda
from catch.domain.meeting.editing import PullFromNoting
from catch.domain.meeting.floor import CloseItem
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.items import DecisionCode
from catch.domain.meeting.listing import AppearanceBasis, ReasonCode, Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.rules import NotOnTheAgenda
from catch.domain.programme import ProgrammeHistory
from catch.domain.refusals import NothingExtended, OutOfRange, Refused, UnknownCase
from tests.canaries.channels import OPERATIONS
from tests.cases import (
    CASE,
    GIVEN,
    LEAD,
    NOW,
    OFFERED,
    PLANNED,
    PROGRAMME,
    SHARED,
    TODAY,
    CaseEvent,
    case_given,
    disclosed,
    evolve,
    fold_recorded,
    folded,
    history,
    planned,
    recorded,
    uid,
)
from tests.conftest import Furnished
from tests.place import CHAIR, HOUSING, POLICE, SERIES, Place, ago
from tests.place import PROGRAMME as PLACE_PROGRAMME
from tests.test_discussion import ITEM, MEETING, decide_on, meeting

hold = HoldReview(CASE, uid(22), ReviewDecision.EXTEND)
ENDS = planned.planned_end
HISTORY = ProgrammeHistory(PROGRAMME.key, (PROGRAMME,))


def on_agenda(case: Case, day: date) -> set[ReasonCode]:
    """Why the case is on the agenda of a meeting on that day."""
    later = replace(meeting, starts_at=NOW + (day - TODAY))
    facts = case_facts(case, HISTORY, later)
    return {reason.code for reason in reasons_for(facts, PROGRAMME.meetings[0], later.starts_at)}


# Extending


@pytest.mark.parametrize(
    ("until", "ends"), [(None, add_months(ENDS, 3)), (ENDS + timedelta(days=1), ENDS + timedelta(days=1))]
)
def test_a_review_that_decides_to_extend_moves_the_planned_end(until: date | None, ends: date):
    outcome = case_given(*PLANNED).when(replace(hold, planned_end=until), GIVEN)
    assert outcome.state is not None
    assert outcome.state.plan is not None
    assert outcome.state.plan.planned_end == ends
    assert ReasonCode.MAX_SUPPORT in on_agenda(folded(*PLANNED), ENDS)
    assert (ReasonCode.MAX_SUPPORT in on_agenda(outcome.state, ENDS)) == (until is not None)


def test_a_meeting_that_decides_to_extend_moves_the_planned_end():
    extend = replace(decide_on, code=DecisionCode.EXTEND)
    _, (event,) = decide_in_meeting(meeting, folded(*PLANNED), extend, GIVEN)
    assert isinstance(event, MeetingDecisionRecorded)
    case = folded(*PLANNED, event)
    assert case.plan is not None
    assert case.plan.planned_end == event.planned_end == add_months(ENDS, 3)
    assert ReasonCode.MAX_SUPPORT not in on_agenda(case, ENDS)


@pytest.mark.parametrize("until", [ENDS, ENDS - timedelta(days=1), add_months(ENDS, 6) + timedelta(days=1)])
def test_support_is_extended_beyond_its_end_and_by_no_more_than_a_plan(until: date):
    bounds = {"field": "plannedEnd", "earliest": ENDS + timedelta(days=1), "latest": add_months(ENDS, 6)}
    case_given(*PLANNED).when(replace(hold, planned_end=until), GIVEN).refused(OutOfRange, **bounds)
    with pytest.raises(OutOfRange):
        decide_in_meeting(
            meeting, folded(*PLANNED), replace(decide_on, code=DecisionCode.EXTEND, planned_end=until), GIVEN
        )


def test_support_that_has_run_out_is_extended_from_today():
    late = replace(GIVEN, at=NOW + timedelta(days=200))
    (event,) = case_given(*PLANNED).when(hold, late).events
    assert isinstance(event, ReviewHeld)
    assert event.planned_end == add_months(late.at.date(), 3)


def test_a_planned_end_belongs_to_the_decision_to_extend_and_to_a_plan():
    going_on = HoldReview(CASE, uid(22), ReviewDecision.CHANGE, planned_end=ENDS)
    case_given(*PLANNED).when(going_on, GIVEN).refused(NothingExtended, field="plannedEnd")
    with pytest.raises(NothingExtended):
        decide_in_meeting(meeting, folded(*PLANNED), replace(decide_on, planned_end=ENDS), GIVEN)
    with pytest.raises(NoPlan):
        decide_in_meeting(meeting, folded(*SHARED), replace(decide_on, code=DecisionCode.EXTEND), GIVEN)


# Reviews


@pytest.mark.parametrize("decision", ReviewDecision)
def test_a_review_that_was_held_is_overdue_no_more(decision: ReviewDecision):
    case = folded(*PLANNED)
    overdue = planned.review_due + timedelta(days=1)
    assert ReasonCode.REVIEW_DUE in on_agenda(case, overdue)
    held = HoldReview(CASE, uid(22), decision, agreement_confirmed=True)
    late = replace(GIVEN, at=NOW + (overdue - TODAY))
    outcome = case_given(*PLANNED).when(held, late)
    assert outcome.state is not None
    assert ReasonCode.REVIEW_DUE not in on_agenda(outcome.state, overdue)


def test_a_review_on_record_that_says_no_next_day_leaves_none_overdue_until_one_is_arranged():
    case = folded(*PLANNED, ReviewHeld(uid(22), 1, ReviewDecision.CHANGE))
    late = add_months(planned.review_due, 6)
    assert ReasonCode.REVIEW_DUE not in on_agenda(case, late)
    arranged = case_given(*PLANNED, ReviewHeld(uid(22), 1, ReviewDecision.CHANGE)).when(
        ScheduleReview(CASE, uid(23), TODAY + timedelta(days=30)), GIVEN
    )
    assert arranged.state is not None
    assert ReasonCode.REVIEW_DUE in on_agenda(arranged.state, late)


NO = [SupportDeclinedByPerson(By.PERSON), AgreementWithdrawn(By.PERSON)]


@pytest.mark.parametrize("said", NO)
@pytest.mark.parametrize("decision", [ReviewDecision.CONTINUE, ReviewDecision.EXTEND])
def test_support_does_not_go_on_against_what_the_person_said_last(said: CaseEvent, decision: ReviewDecision):
    held = HoldReview(CASE, uid(22), decision, agreement_confirmed=True)
    case_given(*PLANNED, said).when(held, GIVEN).refused(RefusedSince, refused_at=NOW.isoformat())
    case_given(*PLANNED, said, SupportAgreed(By.PERSON, "support")).when(held, GIVEN).recorded(ReviewHeld)
    closing = replace(held, decision=ReviewDecision.CLOSE)
    case_given(*PLANNED, said).when(closing, GIVEN).refused(RefusedSince)
    case_given(*PLANNED, said).when(replace(closing, agreement_confirmed=False), GIVEN).recorded(ReviewHeld)


# What the person said


@pytest.mark.parametrize("said", NO)
def test_a_refusal_as_a_withdrawal_has_every_open_disclosure_reviewed(said: CaseEvent):
    assert folded(*SHARED, said).disclosures_to_review
    assert folded(*SHARED, said).agrees is Agrees.NO
    assert not folded(*SHARED, said, SupportAgreed(By.PERSON, "support")).disclosures_to_review
    assert not folded(*SHARED[:3], said).disclosures_to_review


# Proposals, and the basis of an appearance


def proposed(number: int, series: str) -> MeetingProposed:
    return MeetingProposed(uid(number), series, ProposalPurpose.REVIEW, LEAD, "snn")


@pytest.mark.parametrize(
    ("series", "left"), [("weekly", {41}), ("other", {40}), (None, set[int]()), ("third", {40, 41})]
)
def test_a_proposal_to_one_series_is_not_settled_by_another(series: str | None, left: set[int]):
    said = Discussion(MEETING, ITEM, NOW, NOW + timedelta(minutes=5), ("snn",), series=series)
    case = folded(*SHARED, proposed(40, "weekly"), proposed(41, "other"), CaseDiscussed(said))
    assert {held.proposal.int for held in case.proposals} == left


def test_an_item_that_is_closed_says_of_which_series_the_discussion_was():
    _, (event,) = decide_in_meeting(meeting, folded(*SHARED), CloseItem(MEETING, ITEM), GIVEN)
    assert isinstance(event, CaseDiscussed)
    assert event.discussion.series == meeting.series


def test_a_disclosure_that_has_run_out_gives_no_basis():
    told = replace(disclosed, until=TODAY)
    facts = [*history(*SHARED[:3]), recorded(told, NOW), recorded(proposed(40, "weekly"), NOW)]
    case = fold_recorded(facts)
    assert appearance_basis(case, NOW) is AppearanceBasis.PUBLIC_TASK_WITH_NOTICE
    assert appearance_basis(case, NOW + timedelta(days=1)) is None
    assert case_facts(case, HISTORY, replace(meeting, starts_at=NOW + timedelta(days=1))).basis is None


# A part that has ended


def test_whoever_finds_an_owner_is_told_of_an_action_whose_owner_has_left():
    left = folded(*OFFERED, PartnerInvolvementEnded("housing-1"))
    assert ReasonCode.ACTION_DECLINED not in on_agenda(folded(*OFFERED), TODAY)
    later = replace(meeting, starts_at=NOW)
    (reason,) = [
        reason
        for reason in reasons_for(case_facts(left, HISTORY, later), PROGRAMME.meetings[0], NOW)
        if reason.code is ReasonCode.ACTION_DECLINED
    ]
    assert reason.must
    assert "housing-1, whose part ended on 10 Mar 2026" in reason.text
    back = evolve(left, OFFERED[4])
    assert ReasonCode.ACTION_DECLINED not in on_agenda(back, TODAY)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as found:
        yield found


async def refused(place: Place, command: Command, by: Actor) -> Refused:
    with pytest.raises(Refused) as found:
        await place.take(command, by)
    return found.value


@pytest.mark.asyncio(loop_scope="module")
async def test_access_ends_with_the_part_on_agendas_that_are_out_as_well(place: Place):
    case, at, item, action = await place.worked_on("Ada Example", "housing-1"), uuid4(), uuid4(), uuid4()
    soon = ago(days=-40).date()
    await place.take(OfferAction(case.case, action, Sealed("Mend the boiler"), "housing-1", soon))
    await place.take(PlanMeeting(at, PLACE_PROGRAMME, SERIES, ago(days=-5), CHAIR.user))
    await place.take(InviteMember(at, "housing-1"))
    await place.take(AddItem(at, item, Section.NOTING, case.case))
    await place.take(PublishAgenda(at), CHAIR)
    await place.take(AcceptConfidentiality(at, HOUSING.user), HOUSING)
    await place.settled()

    async def shown() -> tuple[object, object, object]:
        of_case = await place.ask("query($c: UUID!) { case(id: $c) { number } }", HOUSING, c=str(case.case))
        of_item = (await place.ask(OPERATIONS["agenda"], HOUSING, id=str(at)))["meeting"]["agenda"]["items"][0]
        of_inbox = await place.ask("{ agencyInbox { edges { node { title actionId } } } }", HOUSING)
        return of_case["case"], of_item["number"] or of_item["case"], of_inbox["agencyInbox"]["edges"]

    assert all(await shown())
    await place.take(EndInvolvement(case.case, "housing-1"))
    await place.settled()
    of_case, of_item, of_inbox = await shown()
    assert (of_case, of_item) == (None, None)
    assert str(action) not in str(of_inbox)
    # Neither is there anything that they could do about it.
    for command in (
        PullFromNoting(at, item, Sealed("Let us talk.")),
        DeclareInterest(at, item, HOUSING.user, HOUSING.agency),
    ):
        assert isinstance(await refused(place, command, HOUSING), NotOnTheAgenda)
    answer = RespondToAction(case.case, action, ActionAnswer.ACCEPT)
    assert isinstance(await refused(place, answer, HOUSING), UnknownCase)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_action_whose_owner_has_left_is_given_to_another_or_ended(place: Place):
    case, first, second = await place.worked_on("Ada Example", "housing-1", "police-1"), uuid4(), uuid4()
    soon = ago(days=-40).date()
    for action in (first, second):
        await place.take(OfferAction(case.case, action, Sealed("Mend the boiler"), "housing-1", soon))
    await place.take(RespondToAction(case.case, second, ActionAnswer.ACCEPT), HOUSING)
    await place.take(EndInvolvement(case.case, "housing-1"))
    hand = RespondToAction(case.case, first, ActionAnswer.REASSIGN, to="police-1")
    assert (await place.take(hand)).events == ("ActionReassigned",)
    assert (await place.take(RespondToAction(case.case, first, ActionAnswer.ACCEPT), POLICE)).events
    ended = CloseActionIncomplete(case.case, second, Incomplete.NOT_POSSIBLE, Sealed("Nobody is left to do it."))
    assert (await place.take(ended)).events == ("ActionNotPossible",)


# How often


def often(most: int | None) -> Given:
    return replace(GIVEN, programme=replace(PROGRAMME, plan=replace(PROGRAMME.plan, max_extensions=most)))


def extended(number: int) -> HoldReview:
    return replace(hold, review=uid(700 + number))


@pytest.mark.parametrize("most", [0, 1, 2])
def test_a_plan_is_extended_as_often_as_the_programme_says(most: int):
    case = case_given(*PLANNED).after(often(most), *map(extended, range(most)))
    case.when(extended(most), often(most)).refused(ExtendedOftenEnough, extensions=most, most=most)
    assert case.when(extended(most), often(None)).events
    assert case.when(extended(most), often(most + 1)).events


def test_an_extension_that_is_typed_in_late_counts_and_so_does_one_of_a_meeting():
    extend = replace(decide_on, code=DecisionCode.EXTEND)
    _, (event,) = decide_in_meeting(meeting, folded(*PLANNED), extend, often(1))
    case = folded(*PLANNED, event)
    assert case.plan is not None
    assert case.plan.extensions == 1
    with pytest.raises(ExtendedOftenEnough):
        decide_in_meeting(meeting, case, replace(extend, decision=uid(701)), often(1))
    # Agreed to before the plan was: that is of no plan of theirs.
    earlier = ends_on(case, ENDS, case.plan.agreed_at - timedelta(days=1))
    later = ends_on(case, ENDS, case.plan.agreed_at)
    assert [each.plan and each.plan.extensions for each in (earlier, later)] == [1, 2]
