"""The end of an episode, and the beginning of the next."""

from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

from catch.domain.case.actions import ActionCancelled, ActionDeclined
from catch.domain.case.closing import (
    CaseClosed,
    CaseNotClosed,
    CaseReopened,
    CloseCase,
    ClosureProposed,
    GoalOutcome,
    GoalResult,
    GoalWithoutOutcome,
    MandatoryActionsOpen,
    Measured,
    ProposeClosure,
    ReopenCase,
    ReopenTooLate,
    UnknownClosureReason,
)
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.goals import GoalAbandoned, GoalAchieved, GoalSet, UnknownGoal
from catch.domain.case.proposals import MeetingProposed
from catch.domain.case.referral import ReferralAttached
from catch.domain.case.rules import CaseNotLive, NotAccepted
from catch.domain.case.state import CaseState, GoalState, Milestones, ProposalPurpose, Worker
from catch.domain.programme.configuration import ClosureClass
from catch.domain.refusals import OutOfRange
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    NOW,
    OFFERED,
    PLANNED,
    START,
    TEXT,
    TODAY,
    case_given,
    fold_recorded,
    folded,
    goal,
    history,
    offered,
    received,
    recorded,
    uid,
)

outcome = (GoalOutcome(goal.goal, GoalResult.ACHIEVED),)
close = CloseCase(CASE, "goals-achieved", TODAY, TEXT)
closed = CaseClosed(
    "goals-achieved", ClosureClass.OUTCOME_ACHIEVED, TODAY, TEXT, Measured(closed=8), message_back_to=("gp-1",)
)
reopened = CaseReopened(2, TEXT)


def test_a_closure_is_proposed_with_a_reason_the_programme_has():
    propose = ProposeClosure(CASE, "moved-away", TEXT)
    proposed = ClosureProposed("moved-away", TEXT)
    case_given(*ACCEPTED).when(propose, GIVEN).then(proposed)
    case_given(*ACCEPTED, proposed).when(propose, GIVEN).then()
    case_given(*ACCEPTED).when(replace(propose, reason="bored"), GIVEN).refused(UnknownClosureReason)
    case_given(received).when(propose, GIVEN).refused(NotAccepted)
    assert folded(*ACCEPTED, proposed).state is CaseState.CLOSING


def test_a_case_closes_with_a_class_measured_days_and_word_to_whoever_referred():
    result = case_given(*ACCEPTED).when(close, GIVEN).then(closed)
    assert result.state is not None
    assert result.state.state is CaseState.CLOSED
    assert result.state.endings[0].ending is ClosureClass.OUTCOME_ACHIEVED
    case_given(*ACCEPTED, closed).when(close, GIVEN).then()
    case_given(*ACCEPTED).when(replace(close, reason="bored"), GIVEN).refused(UnknownClosureReason)
    case_given(received).when(close, GIVEN).refused(NotAccepted)
    case_given(received, ReferralDeclined("x")).when(close, GIVEN).refused(CaseNotLive)


def test_every_agency_that_referred_hears_how_it_ended_and_nobody_writes_to_the_person_as_a_referrer():
    second = ReferralAttached(replace(received.referral, referral=uid(7), referrer_agency="fire-1"))
    own = ReferralAttached(replace(received.referral, referral=uid(8), source="self", referrer_agency="spa"))
    told = replace(close, message_back_to=("carer-1",))
    (event,) = case_given(*ACCEPTED, second, own).when(told, GIVEN).events
    assert isinstance(event, CaseClosed)
    assert event.message_back_to == ("carer-1", "fire-1", "gp-1")


def test_a_case_closes_on_a_day_between_its_referral_and_today_in_london():
    case = case_given(*ACCEPTED)
    case.when(replace(close, closed_on=START.date() - timedelta(days=1)), GIVEN).refused(OutOfRange)
    case.when(replace(close, closed_on=TODAY + timedelta(days=1)), GIVEN).refused(OutOfRange)
    late_in_may = replace(GIVEN, at=datetime(2026, 5, 31, 23, 30, tzinfo=UTC))
    case.when(replace(close, closed_on=date(2026, 6, 1)), late_in_may).recorded(CaseClosed)


def test_a_mandatory_action_is_settled_first_and_the_others_end_with_the_case():
    must = replace(offered, mandatory=True)
    case_given(*PLANNED, must).when(replace(close, outcomes=outcome), GIVEN).refused(MandatoryActionsOpen)
    declined = ActionDeclined(must.action, TEXT)
    case_given(*PLANNED, must, declined).when(replace(close, outcomes=outcome), GIVEN).refused(MandatoryActionsOpen)
    case = case_given(*OFFERED)
    result = case.when(replace(close, outcomes=outcome), GIVEN)
    result.recorded(ActionCancelled, GoalAchieved, CaseClosed)
    assert result.state is not None
    assert not any(action.unsettled for action in result.state.actions)


def test_every_goal_is_accounted_for():
    two = (*PLANNED, GoalSet(replace(goal, goal=uid(28))))
    case_given(*two).when(replace(close, outcomes=outcome), GIVEN).refused(GoalWithoutOutcome, goals=uid(28))
    odd = (*outcome, GoalOutcome(uid(99), GoalResult.PARTLY))
    case_given(*PLANNED).when(replace(close, outcomes=odd), GIVEN).refused(UnknownGoal, goal=uid(99))
    given_up = (*outcome, GoalOutcome(uid(28), GoalResult.ABANDONED))
    case_given(*two).when(replace(close, outcomes=given_up), GIVEN).then(
        GoalAchieved(goal.goal),
        GoalAbandoned(uid(28)),
        replace(closed, outcomes=given_up, measured=Measured(8, plan=8)),
    )
    partly = (GoalOutcome(goal.goal, GoalResult.PARTLY),)
    result = case_given(*PLANNED).when(replace(close, outcomes=partly), GIVEN).recorded(CaseClosed)
    assert result.state is not None
    assert result.state.goals[0].state is GoalState.OPEN


def test_a_goal_already_achieved_may_be_told_again_and_is_not_recorded_twice():
    done = (*PLANNED, GoalAchieved(goal.goal))
    case_given(*done).when(close, GIVEN).recorded(CaseClosed)
    case_given(*done).when(replace(close, outcomes=outcome), GIVEN).recorded(CaseClosed)


def test_a_closed_case_waits_for_no_meeting():
    proposed = MeetingProposed(uid(40), "weekly", ProposalPurpose.STUCK, Worker("cora", "snn"), "snn")
    case = folded(*ACCEPTED, proposed, closed)
    assert (case.proposals, case.settled_proposals) == ((), (uid(40),))


def test_a_case_opens_again_as_its_next_episode():
    result = case_given(*PLANNED, closed).when(ReopenCase(CASE, TEXT), GIVEN).then(reopened)
    assert result.state is not None
    case = result.state
    assert (case.episode, case.state, case.plan) == (2, CaseState.IN_SUPPORT, None)
    assert case.milestones == Milestones(received_at=NOW, accepted_at=NOW)
    case_given(*PLANNED, closed, reopened).when(ReopenCase(CASE, TEXT), GIVEN).then()
    case_given(*ACCEPTED).when(ReopenCase(CASE, TEXT), GIVEN).refused(CaseNotClosed)


def test_after_the_programmes_time_a_new_referral_is_needed():
    case = case_given(*ACCEPTED, closed)
    last = replace(GIVEN, at=NOW + timedelta(days=180))
    case.when(ReopenCase(CASE, TEXT), last).then(reopened)
    late = replace(last, at=last.at + timedelta(days=1))  # days are counted, not hours
    case.when(ReopenCase(CASE, TEXT), late).refused(ReopenTooLate, within_days=180)


def test_each_episode_is_measured_from_its_own_beginning():
    facts = [*history(*ACCEPTED), recorded(closed, NOW), recorded(reopened, NOW + timedelta(days=30))]
    later = replace(GIVEN, at=NOW + timedelta(days=50))
    again = CloseCase(CASE, "moved-away", later.at.date(), TEXT)
    case = fold_recorded(facts)
    (event,) = [event for event in case_given().decide(case, again, later) if isinstance(event, CaseClosed)]
    assert event.measured == Measured(closed=20)
    assert case.episode_started_at == NOW + timedelta(days=30)
