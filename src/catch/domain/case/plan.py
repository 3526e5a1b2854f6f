"""The person's support plan: agreed with them, and agreed again when it changes."""

from datetime import date, datetime
from typing import TypeVar, assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.course import stepped
from catch.domain.case.goals import GoalSet, NewGoal, NoPlan, check_goal, new_goals
from catch.domain.case.reviews import check_review
from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Plan, StepKind
from catch.domain.facts import Category, Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.plain import Few, Key, Version
from catch.domain.programme.clocks import day_after
from catch.domain.refusals import (
    Refused,
    UnknownProgramme,
)
from catch.domain.subject import Subject

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
    shared_with: tuple[Key, ...] = ()
    no_goals_reason: Sealed | None = None


class PlanRevised(PlanAgreed, frozen=True, omit_defaults=True):
    pass


PlanEvent = PlanAgreed | PlanRevised
P = TypeVar("P", bound=PlanAgreed)


# What may be asked


class AgreePlan(Command, frozen=True):
    """Agree the support plan with the person: at least one goal, or why there is none, and when it is reviewed."""

    case: UUID
    plan: UUID
    what_matters: Sealed
    review_due: date
    goals: Few[NewGoal] = ()
    strengths: Sealed | None = None
    contingency: Sealed | None = None
    agreed_by_person: bool = False
    how_agreed: Sealed | None = None
    shared_with: Few[Key] = ()
    no_goals_reason: Sealed | None = None
    planned_end: date | None = None  # where nothing is said, the latest that the programme allows
    LEAVES = Leaves((PlanAgreed,), "plan", filled=("planned_end",))


class RevisePlan(Command, frozen=True):
    """Agree a new version of the plan. `version` is the one it makes: one more than the present."""

    case: UUID
    plan: UUID
    version: Version
    what_matters: Sealed
    review_due: date
    goals: Few[NewGoal] = ()
    strengths: Sealed | None = None
    contingency: Sealed | None = None
    agreed_by_person: bool = False
    how_agreed: Sealed | None = None
    shared_with: Few[Key] = ()
    planned_end: date | None = None
    LEAVES = Leaves((PlanRevised,), about=("plan", "version"), filled=("planned_end",))


PlanCommand = AgreePlan | RevisePlan


# What can be refused


class PlanAlreadyAgreed(Refused):
    """The case has a plan. Revise it instead."""


class PlanNeedsGoal(Refused):
    """A plan needs at least one goal, or the reason why there is none. Add one of the two."""


class PlanLengthNotAllowed(Refused):
    """The programme's plans run from the earliest to the latest day in the details. Choose one of these."""


class StalePlan(Refused):
    """Somebody revised the plan meanwhile. Look at it again, then make the next version."""


class PlanNotDisclosed(Refused):
    """The plan can only be shared with partners to whom plans are disclosed. Authorise that first, or leave the
    others out.
    """


# What we answer


def check_plan(case: Case, command: AgreePlan | RevisePlan, given: Given) -> date:
    """The planned end, once the review's day and the sharing are in order."""
    require_live(case, given, case.plan.written_at if case.plan else None)
    for goal in command.goals:
        check_goal(goal, given)
    for agency in command.shared_with:
        if Category.PLAN not in case.disclosed(agency, given.at):
            raise PlanNotDisclosed(partner=agency)
    if given.programme is None:
        raise UnknownProgramme(programme=case.programme)
    check_review(command.review_due, given)
    started, rules = case.plan.agreed_at if case.plan else given.at, given.programme.plan
    earliest, latest = (day_after(london_day(started), span) for span in (rules.least, rules.most))
    if command.planned_end is not None and not earliest <= command.planned_end <= latest:
        raise PlanLengthNotAllowed(field="plannedEnd", earliest=earliest, latest=latest)
    return command.planned_end or (case.plan.planned_end if case.plan else latest)


def agree(case: Case, command: AgreePlan, given: Given) -> list[PlanEvent | GoalSet]:
    if case.plan is not None:
        if case.plan.plan == command.plan:
            return []
        raise PlanAlreadyAgreed(plan=case.plan.plan)
    planned_end = check_plan(case, command, given)
    if not command.goals and command.no_goals_reason is None:
        raise PlanNeedsGoal
    agreed = written(PlanAgreed, command, 1, planned_end)
    return [replace(agreed, no_goals_reason=command.no_goals_reason), *new_goals(case, command.goals)]


def revise(case: Case, command: RevisePlan, given: Given) -> list[PlanEvent | GoalSet]:
    if case.plan is None:
        raise NoPlan
    if command.version == case.plan.version > 1 and command.plan == case.plan.plan:
        return []
    if command.version != case.plan.version + 1:
        raise StalePlan(version=command.version, present=case.plan.version)
    planned_end = check_plan(case, command, given)
    return [written(PlanRevised, command, command.version, planned_end), *new_goals(case, command.goals)]


def written(kind: type[P], command: AgreePlan | RevisePlan, version: int, planned_end: date) -> P:
    """The plan as the command has it."""
    return kind(
        plan=command.plan,
        version=version,
        what_matters=command.what_matters,
        review_due=command.review_due,
        planned_end=planned_end,
        strengths=command.strengths,
        contingency=command.contingency,
        agreed_by_person=command.agreed_by_person,
        how_agreed=command.how_agreed,
        shared_with=command.shared_with,
    )


def decide(case: Case, command: PlanCommand, given: Given) -> list[PlanEvent | GoalSet]:
    match command:
        case AgreePlan():
            return agree(case, command, given)
        case RevisePlan():
            return revise(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def planned(case: Case, event: PlanAgreed, at: datetime) -> Case:
    # A review that was arranged later than the plan was written stays arranged, whichever was typed in first.
    due, ends = (event.review_due, at, False), (event.planned_end, at)
    if case.plan and case.plan.due_set_at > at:
        due = (case.plan.review_due, case.plan.due_set_at, case.plan.reviewed)
    if case.plan and case.plan.end_set_at > at:
        ends = (case.plan.planned_end, case.plan.end_set_at)
    plan = Plan(
        plan=event.plan,
        version=event.version,
        agreed_at=case.plan.agreed_at if case.plan else at,
        written_at=at,
        review_due=due[0],
        due_set_at=due[1],
        planned_end=ends[0],
        end_set_at=ends[1],
        what_matters=event.what_matters,
        strengths=event.strengths,
        contingency=event.contingency,
        agreed_by_person=event.agreed_by_person,
        shared_with=event.shared_with,
        reviewed=due[2],
        how_agreed=event.how_agreed,
        no_goals_reason=event.no_goals_reason,
        # Another version of the same plan.
        extensions=case.plan.extensions if case.plan else 0,
    )
    return replace(stepped(case, StepKind.PLANNED, at), plan=plan)


def evolve(case: Case, event: PlanEvent, at: datetime) -> Case:
    return planned(case, event, at)


SUBJECT = Subject(PlanEvent, PlanCommand, decide=decide, evolve=evolve)
