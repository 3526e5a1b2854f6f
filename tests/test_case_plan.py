"""The plan, its goals, and the reviews that check both."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from catch.domain.calendar import add_months
from catch.domain.case import decide as decide_case
from catch.domain.case.closing import CaseClosed, ClosureProposed, Measured
from catch.domain.case.goals import (
    AbandonGoal,
    AchieveGoal,
    GoalAbandoned,
    GoalAchieved,
    GoalEnded,
    GoalScored,
    GoalSet,
    NoPlan,
    ScoreGoal,
    SetGoal,
    UnknownGoal,
    UnknownGoalDomain,
)
from catch.domain.case.plan import (
    AgreePlan,
    PlanAgreed,
    PlanAlreadyAgreed,
    PlanLengthNotAllowed,
    PlanNeedsGoal,
    PlanNotDisclosed,
    PlanRevised,
    RevisePlan,
    StalePlan,
)
from catch.domain.case.reviews import (
    AgreementNotConfirmed,
    HoldReview,
    ReviewAlreadyHeld,
    ReviewHeld,
    ReviewScheduled,
    ReviewTooLate,
    ScheduleReview,
)
from catch.domain.case.rules import CaseNotLive, NotAccepted
from catch.domain.case.state import CaseState, GoalState, ReviewDecision
from catch.domain.programme.configuration import ClosureClass
from catch.domain.refusals import IdAlreadyUsed, MissingText, OutOfRange, UnknownProgramme
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    NOW,
    PLANNED,
    PROGRAMME,
    SHARED,
    TEXT,
    TODAY,
    case_given,
    fold_recorded,
    folded,
    goal,
    history,
    planned,
    received,
    recorded,
    uid,
)

REVIEW = uid(22)
agree = AgreePlan(CASE, uid(21), TEXT, date(2026, 6, 1), (goal,), agreed_by_person=True)
revise = RevisePlan(CASE, uid(21), 2, TEXT, date(2026, 7, 1), agreed_by_person=True)
revised = PlanRevised(uid(21), 2, TEXT, date(2026, 7, 1), date(2026, 9, 10))
hold = HoldReview(CASE, REVIEW, ReviewDecision.CONTINUE, agreement_confirmed=True, next_due=date(2026, 6, 20))
held = ReviewHeld(REVIEW, 1, ReviewDecision.CONTINUE, agreement_confirmed=True, next_due=date(2026, 6, 20))
scheduled = ReviewScheduled(REVIEW, 1, date(2026, 6, 2))
closed = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, TODAY, TEXT, Measured(8))


def test_a_plan_is_agreed_with_its_goals_and_ends_within_the_programmes_time():
    case_given(*SHARED).when(agree, GIVEN).then(planned, GoalSet(goal))
    case_given(*PLANNED).when(agree, GIVEN).then()
    assert folded(*PLANNED).state is CaseState.IN_SUPPORT
    case_given(*PLANNED).when(replace(agree, plan=uid(99)), GIVEN).refused(PlanAlreadyAgreed)
    case_given(received).when(agree, GIVEN).refused(NotAccepted)
    case_given(*SHARED).when(agree, replace(GIVEN, programme=None)).refused(UnknownProgramme)


@pytest.mark.parametrize("months", [3, 4, 6])
def test_a_plan_ends_when_it_was_agreed_within_the_programmes_time(months: int):
    ends = add_months(TODAY, months)
    (event, _) = decide_case(folded(*SHARED), replace(agree, planned_end=ends), GIVEN)
    assert isinstance(event, PlanAgreed)
    assert event.planned_end == ends
    again = decide_case(folded(*SHARED, event), replace(revise, goals=()), GIVEN)
    assert [each.planned_end for each in again if isinstance(each, PlanRevised)] == [ends]


@pytest.mark.parametrize("ends", [add_months(TODAY, 3) - timedelta(days=1), add_months(TODAY, 6) + timedelta(days=1)])
def test_a_plan_is_neither_shorter_nor_longer_than_the_programmes(ends: date):
    refused = case_given(*SHARED).when(replace(agree, planned_end=ends), GIVEN)
    refused.refused(
        PlanLengthNotAllowed, field="plannedEnd", earliest=str(add_months(TODAY, 3)), latest=str(add_months(TODAY, 6))
    )


def test_a_plan_has_a_goal_or_says_why_not():
    none = replace(agree, goals=())
    case_given(*SHARED).when(none, GIVEN).refused(PlanNeedsGoal)
    case_given(*SHARED).when(replace(none, no_goals_reason=TEXT), GIVEN).recorded(PlanAgreed)


@pytest.mark.parametrize(("due", "refusal"), [(date(2026, 7, 10), None), (date(2026, 7, 11), ReviewTooLate)])
def test_the_first_review_comes_within_the_programmes_outer_limit(due: date, refusal: type[ReviewTooLate] | None):
    outcome = case_given(*SHARED).when(replace(agree, review_due=due), GIVEN)
    if refusal:
        outcome.refused(refusal, latest="2026-07-10")
    else:
        outcome.recorded(PlanAgreed, GoalSet)
    case_given(*SHARED).when(replace(agree, review_due=TODAY - timedelta(days=1)), GIVEN).refused(OutOfRange)


def test_goals_are_on_the_programmes_scale_and_in_its_domains():
    new = case_given(*SHARED)
    new.when(replace(agree, goals=(replace(goal, baseline=0),)), GIVEN).refused(OutOfRange, field="baseline")
    new.when(replace(agree, goals=(replace(goal, target=6),)), GIVEN).refused(OutOfRange, field="target")
    new.when(replace(agree, goals=(replace(goal, domain="sport"),)), GIVEN).refused(UnknownGoalDomain)
    free = replace(GIVEN, programme=replace(PROGRAMME, framework=None))
    new.when(replace(agree, goals=(replace(goal, domain="sport"),)), free).recorded(PlanAgreed, GoalSet)


def test_a_plan_is_shared_only_with_those_it_is_disclosed_to():
    case_given(*SHARED).when(replace(agree, shared_with=("housing-1",)), GIVEN).recorded(PlanAgreed, GoalSet)
    case_given(*SHARED).when(replace(agree, shared_with=("strict-1",)), GIVEN).refused(PlanNotDisclosed)
    case_given(*PLANNED).when(replace(revise, shared_with=("strict-1",)), GIVEN).refused(PlanNotDisclosed)


def test_each_version_of_a_plan_follows_the_one_before():
    case_given(*PLANNED).when(revise, GIVEN).then(revised)
    case_given(*PLANNED, revised).when(revise, GIVEN).then()
    case_given(*PLANNED, revised).when(replace(revise, plan=uid(99)), GIVEN).refused(StalePlan, present=2)
    case_given(*PLANNED).when(replace(revise, version=1), GIVEN).refused(StalePlan)
    case_given(*PLANNED).when(replace(revise, version=3), GIVEN).refused(StalePlan)
    case_given(*SHARED).when(revise, GIVEN).refused(NoPlan)
    both = replace(revise, goals=(goal, replace(goal, goal=uid(29))))
    case_given(*PLANNED).when(both, GIVEN).then(revised, GoalSet(replace(goal, goal=uid(29))))
    case = folded(*PLANNED, revised)
    assert case.plan is not None
    assert (case.plan.version, case.plan.agreed_at, case.milestones.plan_agreed_at) == (2, NOW, NOW)


def test_support_that_goes_on_takes_a_proposed_closure_off_the_table():
    proposed = ClosureProposed("moved-away")
    assert folded(*PLANNED, proposed).milestones.closure_proposed_at == NOW
    for goes_on in (revised, held):
        after = folded(*PLANNED, proposed, goes_on)
        assert (after.state, after.milestones.closure_proposed_at) == (CaseState.IN_SUPPORT, None)


def test_a_goal_is_added_to_a_plan_once():
    extra = replace(goal, goal=uid(28))
    case_given(*PLANNED).when(SetGoal(CASE, extra), GIVEN).then(GoalSet(extra))
    case_given(*PLANNED).when(SetGoal(CASE, goal), GIVEN).then()
    case_given(*SHARED).when(SetGoal(CASE, extra), GIVEN).refused(NoPlan)
    case_given(*PLANNED).when(SetGoal(CASE, replace(extra, target=9)), GIVEN).refused(OutOfRange)
    case_given(*PLANNED, closed).when(SetGoal(CASE, extra), GIVEN).refused(CaseNotLive)


def test_a_score_that_reaches_the_target_achieves_the_goal():
    score = ScoreGoal(CASE, goal.goal, 3, "review")
    case_given(*PLANNED).when(score, GIVEN).then(GoalScored(goal.goal, 3, "review"))
    case_given(*PLANNED, GoalScored(goal.goal, 3, "review")).when(score, GIVEN).then()
    reached = replace(score, score=4)
    outcome = (
        case_given(*PLANNED).when(reached, GIVEN).then(GoalScored(goal.goal, 4, "review"), GoalAchieved(goal.goal))
    )
    assert outcome.state is not None
    assert (outcome.state.goals[0].score, outcome.state.goals[0].state) == (4, GoalState.ACHIEVED)
    case_given(*PLANNED, *outcome.events).when(reached, GIVEN).then()
    case_given(*PLANNED, *outcome.events).when(score, GIVEN).refused(GoalEnded)
    case_given(*PLANNED).when(replace(score, score=6), GIVEN).refused(OutOfRange, field="score")
    case_given(*PLANNED).when(replace(score, goal=uid(99)), GIVEN).refused(UnknownGoal)


def test_a_goal_is_achieved_because_the_person_says_so_or_given_up():
    achieve, abandon = AchieveGoal(CASE, goal.goal), AbandonGoal(CASE, goal.goal, TEXT)
    achieved, abandoned = GoalAchieved(goal.goal, person_states_so=True), GoalAbandoned(goal.goal, TEXT)
    case_given(*PLANNED).when(achieve, GIVEN).then(achieved)
    case_given(*PLANNED, achieved).when(achieve, GIVEN).then()
    case_given(*PLANNED, achieved).when(abandon, GIVEN).refused(GoalEnded)
    case_given(*PLANNED).when(abandon, GIVEN).then(abandoned)
    case_given(*PLANNED, abandoned).when(abandon, GIVEN).then()
    case_given(*PLANNED).when(AchieveGoal(CASE, uid(99)), GIVEN).refused(UnknownGoal)


@pytest.mark.parametrize(
    "command", [ScoreGoal(CASE, goal.goal, 5, "late"), AchieveGoal(CASE, goal.goal), AbandonGoal(CASE, goal.goal, TEXT)]
)
def test_goals_of_a_closed_case_rest(command: ScoreGoal | AchieveGoal | AbandonGoal):
    case_given(*PLANNED, closed).when(command, GIVEN).refused(CaseNotLive)


def test_a_review_is_arranged_and_moved():
    schedule = ScheduleReview(CASE, REVIEW, date(2026, 6, 2))
    outcome = case_given(*PLANNED).when(schedule, GIVEN).then(scheduled)
    assert outcome.state is not None
    assert outcome.state.plan is not None
    assert (outcome.state.state, outcome.state.plan.review_due) == (CaseState.IN_REVIEW, date(2026, 6, 2))
    case_given(*PLANNED, scheduled).when(schedule, GIVEN).then()
    later = replace(schedule, due=date(2026, 6, 9))
    case_given(*PLANNED, scheduled).when(later, GIVEN).then(replace(scheduled, due=date(2026, 6, 9)))
    case_given(*PLANNED, scheduled, held).when(later, GIVEN).refused(ReviewAlreadyHeld)
    case_given(*SHARED).when(schedule, GIVEN).refused(NoPlan)
    case_given(received).when(schedule, GIVEN).refused(NotAccepted)
    case_given(*PLANNED).when(replace(schedule, due=TODAY - timedelta(days=1)), GIVEN).refused(OutOfRange)
    case_given(*PLANNED).when(replace(schedule, due=date(2026, 8, 1)), GIVEN).refused(ReviewTooLate)


def test_support_goes_on_only_when_the_person_agrees_again_and_the_next_review_is_set():
    outcome = case_given(*PLANNED, scheduled).when(hold, GIVEN).then(held)
    assert outcome.state is not None
    assert outcome.state.plan is not None
    assert (outcome.state.state, outcome.state.plan.review_due) == (CaseState.IN_SUPPORT, date(2026, 6, 20))
    case_given(*PLANNED, held).when(hold, GIVEN).then()
    new = case_given(*PLANNED)
    new.when(replace(hold, agreement_confirmed=False), GIVEN).refused(AgreementNotConfirmed)
    # Where nobody says when, the programme does: three months on, by the calendar.
    new.when(replace(hold, next_due=None), GIVEN).then(replace(held, next_due=date(2026, 6, 10)))
    new.when(replace(hold, next_due=None), replace(GIVEN, programme=None)).refused(MissingText, field="nextDue")
    new.when(replace(hold, next_due=date(2026, 12, 1)), GIVEN).refused(ReviewTooLate)
    case_given(*PLANNED, held).when(replace(hold, decision=ReviewDecision.CLOSE), GIVEN).refused(ReviewAlreadyHeld)
    case_given(*SHARED).when(hold, GIVEN).refused(NoPlan)
    case_given(*ACCEPTED[:1]).when(hold, GIVEN).refused(NotAccepted)


def test_a_review_that_decides_to_close_starts_the_clock_of_the_closure():
    closing = HoldReview(CASE, REVIEW, ReviewDecision.CLOSE)
    outcome = case_given(*PLANNED).when(closing, GIVEN).then(ReviewHeld(REVIEW, 1, ReviewDecision.CLOSE))
    assert outcome.state is not None
    assert (outcome.state.state, outcome.state.milestones.review_decided_close_at) == (CaseState.CLOSING, NOW)
    second = replace(held, review=uid(23), number=2)
    assert folded(*PLANNED, *outcome.events, second).milestones.review_decided_close_at is None


def test_a_second_review_is_counted_and_the_first_stays_first():
    later = NOW + timedelta(days=90)
    facts = [*history(*PLANNED), recorded(held, NOW), recorded(replace(held, review=uid(23), number=2), later)]
    case = fold_recorded(facts)
    assert [review.number for review in case.reviews] == [1, 2]
    assert case.milestones.review_held_at == NOW
    (event,) = case_given(*PLANNED, held).when(replace(hold, review=uid(23)), GIVEN).events
    assert isinstance(event, ReviewHeld)
    assert event.number == 2


def test_a_plan_that_gives_two_goals_one_id_is_refused():
    other = replace(goal, baseline=1)
    case_given(*ACCEPTED).when(replace(agree, goals=(goal, other)), GIVEN).refused(IdAlreadyUsed)
    case_given(*ACCEPTED).when(replace(agree, goals=(goal, goal)), GIVEN).recorded(PlanAgreed, GoalSet)
