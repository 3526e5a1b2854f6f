"""What the person wants to reach, scored on the programme's scale."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Goal, GoalState, Scored
from catch.domain.facts import Command, Fact, Leaves, Part, Sealed
from catch.domain.given import Given
from catch.domain.parts import in_order
from catch.domain.plain import Code, Score
from catch.domain.programme.configuration import Framework, Programme
from catch.domain.refusals import (
    IdAlreadyUsed,
    OutOfRange,
    Refused,
)
from catch.domain.subject import Subject


class NewGoal(Part, frozen=True, omit_defaults=True):
    """An outcome the person wants, with where they stand now and where they want to be, on the programme's scale."""

    goal: UUID
    text: Sealed
    domain: Code
    baseline: Score
    target: Score


# What happened


class GoalSet(Fact, frozen=True, omit_defaults=True):
    goal: NewGoal


class GoalScored(Fact, frozen=True, omit_defaults=True):
    goal: UUID
    score: int
    stage: Code


class GoalAchieved(Fact, frozen=True, omit_defaults=True):
    goal: UUID
    person_states_so: bool = False


class GoalAbandoned(Fact, frozen=True, omit_defaults=True):
    goal: UUID
    reason: Sealed | None = None  # none where it was given up as the case closed


GoalEvent = GoalSet | GoalScored | GoalAchieved | GoalAbandoned


# What may be asked


class SetGoal(Command, frozen=True):
    """Add a goal to the plan."""

    case: UUID
    goal: NewGoal


class ScoreGoal(Command, frozen=True):
    """Score a goal on the programme's scale. Reaching the target achieves it."""

    case: UUID
    goal: UUID
    score: Score
    stage: Code


class AchieveGoal(Command, frozen=True):
    """The person says that the goal is reached, whatever its score."""

    case: UUID
    goal: UUID


class AbandonGoal(Command, frozen=True):
    """The person no longer wants this goal, or it cannot be reached."""

    case: UUID
    goal: UUID
    reason: Sealed
    LEAVES = Leaves((GoalAbandoned,), about=("goal",))


GoalCommand = SetGoal | ScoreGoal | AchieveGoal | AbandonGoal


# What can be refused


class NoPlan(Refused):
    """The case has no plan yet. Agree one first: `agreePlan`."""


class UnknownGoal(Refused):
    """The case has no such goal. Look at the plan again."""


class GoalEnded(Refused):
    """The goal was achieved or abandoned. Set another one if there is more to reach."""


class UnknownGoalDomain(Refused):
    """The programme's outcome framework has no such domain. Choose one of those in the details."""


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


def new_goals(case: Case, goals: tuple[NewGoal, ...]) -> list[GoalSet]:
    known = {held.goal for held in case.goals}
    named: dict[UUID, NewGoal] = {}
    for goal in goals:
        if named.setdefault(goal.goal, goal) != goal:
            raise IdAlreadyUsed(field="goals", value=goal.goal)
    return [GoalSet(goal) for goal in named.values() if goal.goal not in known]


def goal_of(case: Case, goal: UUID) -> Goal:
    held = next((held for held in case.goals if held.goal == goal), None)
    if held is None:
        raise UnknownGoal(goal=goal)
    return held


def set_goal(case: Case, command: SetGoal, given: Given) -> list[GoalEvent]:
    if any(held.goal == command.goal.goal for held in case.goals):
        return []
    if case.plan is None:
        raise NoPlan
    require_live(case, given)
    check_goal(command.goal, given)
    return [GoalSet(command.goal)]


def score(case: Case, command: ScoreGoal, given: Given) -> list[GoalEvent]:
    """What is typed in late is one of the goal's scores. Only the last of them reaches the target."""
    goal = goal_of(case, command.goal)
    known = score_at(goal, given.at)
    if known is not None and (known.score, known.stage) == (command.score, command.stage):
        return []
    if goal.state is not GoalState.OPEN:
        raise GoalEnded(state=goal.state)
    require_live(case, given, goal.set_at)
    check_score(framework(given.programme), score=command.score)
    scored = GoalScored(command.goal, command.score, command.stage)
    last = goal.scored_at is None or goal.scored_at <= given.at
    return [scored, GoalAchieved(command.goal)] if last and command.score >= goal.target else [scored]


def score_at(goal: Goal, at: datetime) -> Scored | None:
    """How the goal stood by then."""
    return next((held for held in reversed(goal.scores) if held.at <= at), None)


def end_goal(case: Case, command: AchieveGoal | AbandonGoal, given: Given) -> list[GoalEvent]:
    goal = goal_of(case, command.goal)
    ending = GoalState.ACHIEVED if isinstance(command, AchieveGoal) else GoalState.ABANDONED
    if goal.state is ending:
        return []
    if goal.state is not GoalState.OPEN:
        raise GoalEnded(state=goal.state)
    require_live(case, given, goal.set_at, goal.scored_at)
    if isinstance(command, AchieveGoal):
        return [GoalAchieved(command.goal, person_states_so=True)]
    return [GoalAbandoned(command.goal, command.reason)]


def decide(case: Case, command: GoalCommand, given: Given) -> list[GoalEvent]:
    match command:
        case SetGoal():
            return set_goal(case, command, given)
        case ScoreGoal():
            return score(case, command, given)
        case AchieveGoal() | AbandonGoal():
            return end_goal(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def with_goal(case: Case, goal: UUID, **changes: object) -> Case:
    number = goal.int
    goals = [replace(held, **changes) if held.goal.int == number else held for held in case.goals]
    return replace(case, goals=tuple(goals))


def scored(case: Case, goal: UUID, score: Scored) -> Case:
    """The goal stands as it did when somebody last looked."""
    number = goal.int
    found = [held for held in case.goals if held.goal.int == number]
    if not found:
        return case
    held = found[0]
    scores = in_order(held.scores, score, lambda each: each.at)
    last = scores[-1]
    return with_goal(case, goal, scores=scores, score=last.score, stage=last.stage, scored_at=last.at)


def evolve(case: Case, event: GoalEvent, at: datetime) -> Case:
    match event:
        case GoalSet(goal=goal):
            held = Goal(goal.goal, goal.text, goal.domain, goal.baseline, goal.target, goal.baseline, at)
            return replace(case, goals=in_order(case.goals, held, lambda each: each.set_at))
        case GoalScored():
            return scored(case, event.goal, Scored(at, event.score, event.stage))
        case GoalAchieved():
            return with_goal(
                case, event.goal, state=GoalState.ACHIEVED, ended_at=at, person_states_so=event.person_states_so
            )
        case GoalAbandoned():
            return with_goal(case, event.goal, state=GoalState.ABANDONED, ended_at=at, reason=event.reason)
        case _:
            assert_never(event)


SUBJECT = Subject(GoalEvent, GoalCommand, decide=decide, evolve=evolve)
