"""The course of an episode: its steps in the order in which they occurred, in whatever order they were typed in.

Where a case stands, and when each step of the episode first came, follow from the course alone. So what is recorded
late takes the place that it has in time, and what came after it still counts after it.
"""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from functools import reduce
from typing import NamedTuple, TypeVar, assert_never

from msgspec.structs import replace

from catch.domain.case.state import Case, CaseState, Milestones, Step, StepKind, first

T = TypeVar("T")


class Standing(NamedTuple):
    """Where a course leaves a case."""

    state: CaseState
    milestones: Milestones


def in_order(parts: tuple[T, ...], part: T, at: Callable[[T], datetime], after: int = 0) -> tuple[T, ...]:
    """The parts with one more, in the order in which they occurred; of two at once the one recorded later is later.

    The first so many stay the first.
    """
    # As nearly all are: recorded in the order in which they occurred.
    if len(parts) <= after or at(parts[-1]) <= at(part):
        return (*parts, part)
    place = bisect_right(parts, at(part), lo=after, key=at)
    return (*parts[:place], part, *parts[place:])


def stepped(case: Case, kind: StepKind, at: datetime) -> Case:
    """The case after one more step, wherever that belongs."""
    step, course = Step(at, kind), case.course
    if kind is StepKind.REOPENED or not course or course[-1].at <= at:
        course = (*course, step)
    else:
        # An episode begins with its opening, whatever an older log says of what came before.
        course = in_order(course, step, lambda held: held.at, opening(course) + 1)
    if course[-1] is step:
        standing = follows(Standing(case.state, case.milestones), step)
    else:
        standing = reduce(follows, course, Standing(CaseState.RECEIVED, case.milestones))
    return replace(case, course=course, state=standing.state, milestones=standing.milestones)


OPENINGS = frozenset({StepKind.RECEIVED, StepKind.REOPENED})


def opening(course: tuple[Step, ...]) -> int:
    """The place at which the present episode begins."""
    return max((place for place, held in enumerate(course) if held.kind in OPENINGS), default=-1)


_WAITING = frozenset({CaseState.ACCEPTED, CaseState.CONVERSATION_HELD, CaseState.AWAITING_MEETING})
_OPEN_TO_TALK = frozenset({CaseState.ACCEPTED, CaseState.CONVERSATION_HELD})


def follows(standing: Standing, step: Step) -> Standing:
    """A closed episode stays closed, whatever else is known of the days after it, until the case is opened again."""
    after = _after(standing, step)
    if standing.state is CaseState.CLOSED and step.kind not in OPENINGS:
        return Standing(standing.state, after.milestones)
    return after


def _after(standing: Standing, step: Step) -> Standing:
    state, before = standing
    at = step.at
    match step.kind:
        case StepKind.RECEIVED:
            return Standing(CaseState.RECEIVED, Milestones(received_at=at))
        case StepKind.REOPENED:
            return Standing(CaseState.IN_SUPPORT, Milestones(received_at=at, accepted_at=at))
        case StepKind.ACCEPTED:
            return Standing(_accepted(before), replace(before, accepted_at=at))
        case StepKind.DECLINED:
            return Standing(CaseState.DECLINED, replace(before, turned_away_at=at))
        case StepKind.REDIRECTED:
            return Standing(CaseState.REDIRECTED, replace(before, turned_away_at=at))
        case StepKind.TALKED | StepKind.TALKED_FOR_MEETING:
            return _talked(standing, step)
        case StepKind.DISCUSSED:
            milestones = replace(before, discussed_at=first(before.discussed_at, at))
            return Standing(CaseState.IN_SUPPORT if state in _WAITING else state, milestones)
        case StepKind.PLANNED:
            return _supported(replace(before, plan_agreed_at=first(before.plan_agreed_at, at)))
        case StepKind.REVIEW_ARRANGED:
            return Standing(CaseState.IN_REVIEW if state is CaseState.IN_SUPPORT else state, before)
        case StepKind.REVIEWED:
            return _supported(replace(before, review_held_at=first(before.review_held_at, at)))
        case StepKind.REVIEWED_TO_CLOSE:
            decided = first(before.review_decided_close_at, at)
            held = replace(before, review_held_at=first(before.review_held_at, at), review_decided_close_at=decided)
            return Standing(CaseState.CLOSING, held)
        case StepKind.CLOSURE_PROPOSED:
            return Standing(CaseState.CLOSING, replace(before, closure_proposed_at=at))
        case StepKind.CLOSED:
            return Standing(CaseState.CLOSED, replace(before, closed_at=at))
        case _:
            assert_never(step.kind)


def _accepted(before: Milestones) -> CaseState:
    """Somebody may have been spoken with, or about, before they were accepted."""
    if before.discussed_at is not None:
        return CaseState.IN_SUPPORT
    if before.conversation_at is None:
        return CaseState.ACCEPTED
    return CaseState.AWAITING_MEETING if before.for_meeting else CaseState.CONVERSATION_HELD


def _talked(standing: Standing, step: Step) -> Standing:
    state, before = standing
    wanted = step.kind is StepKind.TALKED_FOR_MEETING
    milestones = replace(
        before,
        conversation_at=first(before.conversation_at, step.at),
        for_meeting=before.for_meeting or wanted,
    )
    if state not in _OPEN_TO_TALK:
        return Standing(state, milestones)
    return Standing(CaseState.AWAITING_MEETING if wanted else CaseState.CONVERSATION_HELD, milestones)


def _supported(milestones: Milestones) -> Standing:
    """Support goes on: a closure that was proposed or decided before is off the table."""
    return Standing(CaseState.IN_SUPPORT, replace(milestones, closure_proposed_at=None, review_decided_close_at=None))
