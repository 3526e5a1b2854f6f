"""The person's plan, its goals, and the reviews that check both."""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.referral import require_live
from catch.domain.case.state import Case, CaseState, Goal, GoalState, Plan, Review, ReviewDecision, first
from catch.domain.clocks import add_span
from catch.domain.configuration import Framework, Programme, Span, Unit
from catch.domain.facts import Category, Command, Fact, Part, Sealed
from catch.domain.given import Given
from catch.domain.refusals import MissingText, OutOfRange, Refused, UnknownProgramme


class NewGoal(Part, frozen=True, omit_defaults=True):
    """An outcome the person wants, with where they stand now and where they want to be, on the programme's scale."""

    goal: UUID
    text: Sealed
    domain: str
    baseline: int
    target: int


# What happened


class PlanAgreed(Fact, frozen=True, omit_defaults=True):
    plan: UUID
    version: int
    what_matters: Sealed
    review_due: date
    planned_end: date
    strengths: Sealed | None = None
    contingency: Sealed | None = None
    agreed_by_person: bool = True
    how_agreed: Sealed | None = None
    shared_with: tuple[str, ...] = ()
    no_goals_reason: Sealed | None = None


class PlanRevised(PlanAgreed, frozen=True, omit_defaults=True):
    pass


class GoalSet(Fact, frozen=True, omit_defaults=True):
    goal: NewGoal


class GoalScored(Fact, frozen=True, omit_defaults=True):
    goal: UUID
    score: int
    stage: str


class GoalAchieved(Fact, frozen=True, omit_defaults=True):
    goal: UUID
    person_states_so: bool = False


class GoalAbandoned(Fact, frozen=True, omit_defaults=True):
    goal: UUID
    reason: Sealed | None = None  # none where it was given up as the case closed


class ReviewScheduled(Fact, frozen=True, omit_defaults=True):
    review: UUID
    number: int
    due: date


class ReviewHeld(Fact, frozen=True, omit_defaults=True):
    review: UUID
    number: int
    decision: ReviewDecision
    agreement_confirmed: bool = False
    summary: Sealed | None = None
    next_due: date | None = None


PlanEvent = (
    PlanAgreed | PlanRevised | GoalSet | GoalScored | GoalAchieved | GoalAbandoned | ReviewScheduled | ReviewHeld
)


# What may be asked


class AgreePlan(Command, frozen=True):
    """Agree the support plan with the person: at least one goal, or why there is none, and when it is reviewed."""

    case: UUID
    plan: UUID
    what_matters: Sealed
    review_due: date
    goals: tuple[NewGoal, ...] = ()
    strengths: Sealed | None = None
    contingency: Sealed | None = None
    agreed_by_person: bool = True
    how_agreed: Sealed | None = None
    shared_with: tuple[str, ...] = ()
    no_goals_reason: Sealed | None = None


class RevisePlan(Command, frozen=True):
    """Agree a new version of the plan. `version` is the one it makes: one more than the present."""

    case: UUID
    plan: UUID
    version: int
    what_matters: Sealed
    review_due: date
    goals: tuple[NewGoal, ...] = ()
    strengths: Sealed | None = None
    contingency: Sealed | None = None
    agreed_by_person: bool = True
    how_agreed: Sealed | None = None
    shared_with: tuple[str, ...] = ()


class SetGoal(Command, frozen=True):
    """Add a goal to the plan."""

    case: UUID
    goal: NewGoal


class ScoreGoal(Command, frozen=True):
    """Score a goal on the programme's scale. Reaching the target achieves it."""

    case: UUID
    goal: UUID
    score: int
    stage: str


class AchieveGoal(Command, frozen=True):
    """The person says that the goal is reached, whatever its score."""

    case: UUID
    goal: UUID


class AbandonGoal(Command, frozen=True):
    """The person no longer wants this goal, or it cannot be reached."""

    case: UUID
    goal: UUID
    reason: Sealed


class ScheduleReview(Command, frozen=True):
    """Arrange the next review."""

    case: UUID
    review: UUID
    due: date


class HoldReview(Command, frozen=True):
    """Record a review and what it decided. To continue, the person's agreement is confirmed again."""

    case: UUID
    review: UUID
    decision: ReviewDecision
    agreement_confirmed: bool = False
    summary: Sealed | None = None
    next_due: date | None = None


PlanCommand = AgreePlan | RevisePlan | SetGoal | ScoreGoal | AchieveGoal | AbandonGoal | ScheduleReview | HoldReview


# What can be refused


class PlanAlreadyAgreed(Refused):
    """The case has a plan. Revise it instead."""


class NoPlan(Refused):
    """The case has no plan yet."""


class PlanNeedsGoal(Refused):
    """A plan needs at least one goal, or the reason why there is none."""


class ReviewTooLate(Refused):
    """The review must be due within the programme's time after the plan."""


class StalePlan(Refused):
    """Somebody revised the plan meanwhile. Look at it again, then make the next version."""


class PlanNotDisclosed(Refused):
    """The plan can only be shared with partners to whom plans are disclosed."""


class UnknownGoal(Refused):
    """The case has no such goal."""


class GoalEnded(Refused):
    """The goal was achieved or abandoned."""


class UnknownGoalDomain(Refused):
    """The programme's outcome framework has no such domain."""


class AgreementNotConfirmed(Refused):
    """Support goes on only when the person agrees to it again."""


class ReviewAlreadyHeld(Refused):
    """This review was held and decided otherwise."""


# What we answer


def framework(programme: Programme | None) -> Framework:
    """The programme's own scale, or 1 to 5 where it names none."""
    return (programme.framework if programme else None) or Framework(code="1-5")


def check_score(scale: Framework, **scores: int) -> None:
    for field, score in scores.items():
        if not scale.scale_min <= score <= scale.scale_max:
            raise OutOfRange(field=field, value=score, allowed=f"{scale.scale_min} to {scale.scale_max}")


def check_goal(goal: NewGoal, given: Given) -> None:
    scale = framework(given.programme)
    check_score(scale, baseline=goal.baseline, target=goal.target)
    if scale.domains and goal.domain not in scale.domains:
        raise UnknownGoalDomain(domain=goal.domain, known=", ".join(scale.domains))


def check_plan(case: Case, command: AgreePlan | RevisePlan, given: Given) -> date:
    """The planned end, once the review's day and the sharing are in order."""
    require_live(case)
    for goal in command.goals:
        check_goal(goal, given)
    for agency in command.shared_with:
        if Category.PLAN not in case.disclosed(agency, given.at):
            raise PlanNotDisclosed(partner=agency)
    if given.programme is None:
        raise UnknownProgramme(programme=case.programme)
    check_review(command.review_due, given)
    started = case.plan.agreed_at if case.plan else given.at
    return london_day(add_span(started, Span(given.programme.plan.max_months, Unit.MONTH)))


def check_review(due: date, given: Given) -> None:
    """Reviews are due from today to the programme's outer limit."""
    today = london_day(given.at)
    if due < today:
        raise OutOfRange(field="reviewDue", earliest=today)
    if given.programme is not None:
        latest = london_day(add_span(given.at, Span(given.programme.plan.review_outer_months, Unit.MONTH)))
        if due > latest:
            raise ReviewTooLate(due=due, latest=latest)


def new_goals(case: Case, goals: tuple[NewGoal, ...]) -> list[PlanEvent]:
    known = {held.goal for held in case.goals}
    return [GoalSet(goal) for goal in goals if goal.goal not in known]


def agree(case: Case, command: AgreePlan, given: Given) -> list[PlanEvent]:
    if case.plan is not None:
        if case.plan.plan == command.plan:
            return []
        raise PlanAlreadyAgreed(plan=case.plan.plan)
    planned_end = check_plan(case, command, given)
    if not command.goals and command.no_goals_reason is None:
        raise PlanNeedsGoal
    agreed = PlanAgreed(
        plan=command.plan,
        version=1,
        what_matters=command.what_matters,
        review_due=command.review_due,
        planned_end=planned_end,
        strengths=command.strengths,
        contingency=command.contingency,
        agreed_by_person=command.agreed_by_person,
        how_agreed=command.how_agreed,
        shared_with=command.shared_with,
        no_goals_reason=command.no_goals_reason,
    )
    return [agreed, *new_goals(case, command.goals)]


def revise(case: Case, command: RevisePlan, given: Given) -> list[PlanEvent]:
    if case.plan is None:
        raise NoPlan
    if command.version == case.plan.version > 1 and command.plan == case.plan.plan:
        return []
    if command.version != case.plan.version + 1:
        raise StalePlan(version=command.version, present=case.plan.version)
    planned_end = check_plan(case, command, given)
    revised = PlanRevised(
        plan=command.plan,
        version=command.version,
        what_matters=command.what_matters,
        review_due=command.review_due,
        planned_end=planned_end,
        strengths=command.strengths,
        contingency=command.contingency,
        agreed_by_person=command.agreed_by_person,
        how_agreed=command.how_agreed,
        shared_with=command.shared_with,
    )
    return [revised, *new_goals(case, command.goals)]


def goal_of(case: Case, goal: UUID) -> Goal:
    held = next((held for held in case.goals if held.goal == goal), None)
    if held is None:
        raise UnknownGoal(goal=goal)
    return held


def score(case: Case, command: ScoreGoal, given: Given) -> list[PlanEvent]:
    goal = goal_of(case, command.goal)
    if goal.score == command.score and goal.stage == command.stage:
        return []
    if goal.state is not GoalState.OPEN:
        raise GoalEnded(state=goal.state)
    require_live(case)
    check_score(framework(given.programme), score=command.score)
    scored = GoalScored(command.goal, command.score, command.stage)
    return [scored, GoalAchieved(command.goal)] if command.score >= goal.target else [scored]


def end_goal(case: Case, command: AchieveGoal | AbandonGoal) -> list[PlanEvent]:
    goal = goal_of(case, command.goal)
    ending = GoalState.ACHIEVED if isinstance(command, AchieveGoal) else GoalState.ABANDONED
    if goal.state is ending:
        return []
    if goal.state is not GoalState.OPEN:
        raise GoalEnded(state=goal.state)
    require_live(case)
    if isinstance(command, AchieveGoal):
        return [GoalAchieved(command.goal, person_states_so=True)]
    return [GoalAbandoned(command.goal, command.reason)]


def schedule(case: Case, command: ScheduleReview, given: Given) -> list[PlanEvent]:
    held = next((held for held in case.reviews if held.review == command.review), None)
    if held is not None and held.due == command.due:
        return []
    if held is not None and held.held_at is not None:
        raise ReviewAlreadyHeld(decision=held.decision)
    require_live(case)
    if case.plan is None:
        raise NoPlan
    check_review(command.due, given)
    number = held.number if held else len(case.reviews) + 1
    return [ReviewScheduled(command.review, number, command.due)]


def hold(case: Case, command: HoldReview, given: Given) -> list[PlanEvent]:
    held = next((held for held in case.reviews if held.review == command.review), None)
    if held is not None and held.held_at is not None:
        if held.decision is command.decision:
            return []
        raise ReviewAlreadyHeld(decision=held.decision)
    require_live(case)
    if case.plan is None:
        raise NoPlan
    if command.decision is ReviewDecision.CONTINUE and not command.agreement_confirmed:
        raise AgreementNotConfirmed
    if command.decision is ReviewDecision.CONTINUE and command.next_due is None:
        raise MissingText(field="nextDue")
    if command.next_due is not None:
        check_review(command.next_due, given)
    number = held.number if held else len(case.reviews) + 1
    return [
        ReviewHeld(
            review=command.review,
            number=number,
            decision=command.decision,
            agreement_confirmed=command.agreement_confirmed,
            summary=command.summary,
            next_due=command.next_due,
        )
    ]


def decide(case: Case, command: PlanCommand, given: Given) -> list[PlanEvent]:
    match command:
        case AgreePlan():
            return agree(case, command, given)
        case RevisePlan():
            return revise(case, command, given)
        case SetGoal():
            if any(held.goal == command.goal.goal for held in case.goals):
                return []
            if case.plan is None:
                raise NoPlan
            require_live(case)
            check_goal(command.goal, given)
            return [GoalSet(command.goal)]
        case ScoreGoal():
            return score(case, command, given)
        case AchieveGoal() | AbandonGoal():
            return end_goal(case, command)
        case ScheduleReview():
            return schedule(case, command, given)
        case HoldReview():
            return hold(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def planned(case: Case, event: PlanAgreed, at: datetime) -> Case:
    plan = Plan(
        plan=event.plan,
        version=event.version,
        agreed_at=case.plan.agreed_at if case.plan else at,
        review_due=event.review_due,
        planned_end=event.planned_end,
        what_matters=event.what_matters,
        strengths=event.strengths,
        contingency=event.contingency,
        agreed_by_person=event.agreed_by_person,
        shared_with=event.shared_with,
    )
    milestones = replace(case.milestones, plan_agreed_at=first(case.milestones.plan_agreed_at, at))
    return supported(replace(case, plan=plan, milestones=milestones))


def supported(case: Case) -> Case:
    """Support goes on: a closure that was proposed or decided before is off the table."""
    milestones = replace(case.milestones, closure_proposed_at=None, review_decided_close_at=None)
    return replace(case, milestones=milestones, state=CaseState.IN_SUPPORT)


def with_goal(case: Case, goal: UUID, **changes: object) -> Case:
    return replace(case, goals=tuple(replace(held, **changes) if held.goal == goal else held for held in case.goals))


def with_review(case: Case, review: Review) -> Case:
    others = tuple(held for held in case.reviews if held.review != review.review)
    return replace(case, reviews=(*others, review))


def reviewed(case: Case, event: ReviewHeld, at: datetime) -> Case:
    due = next((held.due for held in case.reviews if held.review == event.review), at.date())
    case = with_review(case, Review(event.review, event.number, due, at, event.decision, event.summary))
    plan = replace(case.plan, review_due=event.next_due) if case.plan and event.next_due else case.plan
    milestones = replace(case.milestones, review_held_at=first(case.milestones.review_held_at, at))
    case = replace(case, milestones=milestones, plan=plan)
    if event.decision is not ReviewDecision.CLOSE:
        return supported(case)
    decided = first(case.milestones.review_decided_close_at, at)
    return replace(case, milestones=replace(milestones, review_decided_close_at=decided), state=CaseState.CLOSING)


def evolve(case: Case, event: PlanEvent, at: datetime) -> Case:
    match event:
        case PlanAgreed():
            return planned(case, event, at)
        case GoalSet(goal=goal):
            held = Goal(goal.goal, goal.text, goal.domain, goal.baseline, goal.target, score=goal.baseline)
            return replace(case, goals=(*case.goals, held))
        case GoalScored():
            return with_goal(case, event.goal, score=event.score, stage=event.stage, scored_at=at)
        case GoalAchieved():
            return with_goal(case, event.goal, state=GoalState.ACHIEVED, ended_at=at)
        case GoalAbandoned():
            return with_goal(case, event.goal, state=GoalState.ABANDONED, ended_at=at)
        case ReviewScheduled():
            case = with_review(case, Review(event.review, event.number, event.due))
            plan = replace(case.plan, review_due=event.due) if case.plan else None
            state = CaseState.IN_REVIEW if case.state is CaseState.IN_SUPPORT else case.state
            return replace(case, plan=plan, state=state)
        case ReviewHeld():
            return reviewed(case, event, at)
        case _:
            assert_never(event)
