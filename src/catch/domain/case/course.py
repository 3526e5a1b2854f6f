"""The course of an episode: its steps in the order in which they occurred, in whatever order they were typed in.

Where a case stands, and when each step of the episode first came, follow from the course alone. So what is recorded
late takes the place that it has in time, and what came after it still counts after it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce

from msgspec import Struct
from msgspec.structs import replace

from catch.domain.case.state import Case, CaseState, Milestones, Step, StepKind, first
from catch.domain.parts import in_order


class Standing(Struct, frozen=True, gc=False):
    """Where a course leaves a case."""

    state: CaseState
    milestones: Milestones


def stepped(case: Case, kind: StepKind, at: datetime) -> Case:
    """The case after one more step, wherever that belongs. After a voiding there is none."""
    if case.state is CaseState.VOIDED:
        return case
    step, course = Step(at, kind), case.course
    if kind is StepKind.REOPENED or not course or course[-1].at <= at:
        course = (*course, step)
    else:
        # An episode begins with its opening, whatever an older log says of what came before.
        course = in_order(course, step, lambda held: held.at, opening(course) + 1)
    if course[-1] is step:
        standing = follows(Standing(case.state, case.milestones), step)
    else:
        # An opening asks nothing of what was before it.
        begun = course[max(opening(course), 0) :]
        standing = reduce(follows, begun, Standing(CaseState.RECEIVED, case.milestones))
    return replace(case, course=course, state=standing.state, milestones=standing.milestones)


def unstepped(case: Case, kind: StepKind, at: datetime) -> Case:
    """The case as if this step had never been."""
    course = [*case.course]
    if Step(at, kind) not in course:
        return case
    course.remove(Step(at, kind))
    begun = course[max(opening(course), 0) :]
    standing = reduce(follows, begun, Standing(CaseState.RECEIVED, case.milestones))
    return replace(case, course=tuple(course), state=standing.state, milestones=standing.milestones)


OPENINGS = frozenset({StepKind.RECEIVED, StepKind.REOPENED})
_AFTER_CLOSING = OPENINGS | {StepKind.VOIDED}


def opening(course: Sequence[Step]) -> int:
    """The place at which the present episode begins."""
    return max((place for place, held in enumerate(course) if held.kind in OPENINGS), default=-1)


def follows(standing: Standing, step: Step) -> Standing:
    """A closed episode stays closed, whatever else is known of the days after it, until the case is opened again."""
    after = AFTER[step.kind](standing, step.at)
    if standing.state is CaseState.CLOSED and step.kind not in _AFTER_CLOSING:
        return Standing(standing.state, after.milestones)
    return after


_WAITING = frozenset({CaseState.ACCEPTED, CaseState.CONVERSATION_HELD, CaseState.AWAITING_MEETING})
_OPEN_TO_TALK = frozenset({CaseState.ACCEPTED, CaseState.CONVERSATION_HELD})


def _received(_: Standing, at: datetime) -> Standing:
    return Standing(CaseState.RECEIVED, Milestones(received_at=at))


def _reopened(_: Standing, at: datetime) -> Standing:
    return Standing(CaseState.IN_SUPPORT, Milestones(received_at=at, accepted_at=at))


def _accepted(standing: Standing, at: datetime) -> Standing:
    """Somebody may have been spoken with, or about, before they were accepted."""
    before = standing.milestones
    if before.discussed_at is not None:
        state = CaseState.IN_SUPPORT
    elif before.conversation_at is None:
        state = CaseState.ACCEPTED
    else:
        state = CaseState.AWAITING_MEETING if before.for_meeting else CaseState.CONVERSATION_HELD
    return Standing(state, replace(before, accepted_at=at))


def _declined(standing: Standing, at: datetime) -> Standing:
    return Standing(CaseState.DECLINED, replace(standing.milestones, turned_away_at=at))


def _redirected(standing: Standing, at: datetime) -> Standing:
    return Standing(CaseState.REDIRECTED, replace(standing.milestones, turned_away_at=at))


def _talked(standing: Standing, at: datetime) -> Standing:
    before = standing.milestones
    state = CaseState.CONVERSATION_HELD if standing.state in _OPEN_TO_TALK else standing.state
    return Standing(state, replace(before, conversation_at=first(before.conversation_at, at)))


def _talked_for_meeting(standing: Standing, at: datetime) -> Standing:
    before = standing.milestones
    state = CaseState.AWAITING_MEETING if standing.state in _OPEN_TO_TALK else standing.state
    return Standing(state, replace(before, conversation_at=first(before.conversation_at, at), for_meeting=True))


def _discussed(standing: Standing, at: datetime) -> Standing:
    before = standing.milestones
    state = CaseState.IN_SUPPORT if standing.state in _WAITING else standing.state
    return Standing(state, replace(before, discussed_at=first(before.discussed_at, at)))


def _planned(standing: Standing, at: datetime) -> Standing:
    before = standing.milestones
    return _supported(replace(before, plan_agreed_at=first(before.plan_agreed_at, at)))


def _review_arranged(standing: Standing, _: datetime) -> Standing:
    state = CaseState.IN_REVIEW if standing.state is CaseState.IN_SUPPORT else standing.state
    return Standing(state, standing.milestones)


def _reviewed(standing: Standing, at: datetime) -> Standing:
    before = standing.milestones
    return _supported(replace(before, review_held_at=first(before.review_held_at, at)))


def _reviewed_to_close(standing: Standing, at: datetime) -> Standing:
    before = standing.milestones
    decided = first(before.review_decided_close_at, at)
    held = replace(before, review_held_at=first(before.review_held_at, at), review_decided_close_at=decided)
    return Standing(CaseState.CLOSING, held)


def _closure_proposed(standing: Standing, at: datetime) -> Standing:
    return Standing(CaseState.CLOSING, replace(standing.milestones, closure_proposed_at=at))


def _closed(standing: Standing, at: datetime) -> Standing:
    return Standing(CaseState.CLOSED, replace(standing.milestones, closed_at=at))


def _voided(standing: Standing, at: datetime) -> Standing:
    return Standing(CaseState.VOIDED, replace(standing.milestones, voided_at=at))


def _supported(milestones: Milestones) -> Standing:
    """Support goes on: a closure that was proposed or decided before is off the table."""
    return Standing(CaseState.IN_SUPPORT, replace(milestones, closure_proposed_at=None, review_decided_close_at=None))


AFTER: Mapping[StepKind, Callable[[Standing, datetime], Standing]] = {
    StepKind.RECEIVED: _received,
    StepKind.ACCEPTED: _accepted,
    StepKind.DECLINED: _declined,
    StepKind.REDIRECTED: _redirected,
    StepKind.TALKED: _talked,
    StepKind.TALKED_FOR_MEETING: _talked_for_meeting,
    StepKind.DISCUSSED: _discussed,
    StepKind.PLANNED: _planned,
    StepKind.REVIEW_ARRANGED: _review_arranged,
    StepKind.REVIEWED: _reviewed,
    StepKind.REVIEWED_TO_CLOSE: _reviewed_to_close,
    StepKind.CLOSURE_PROPOSED: _closure_proposed,
    StepKind.CLOSED: _closed,
    StepKind.REOPENED: _reopened,
    StepKind.VOIDED: _voided,
}
"""Where each kind of step leads. Looked up, not asked for one after another: a late fact folds a whole course anew."""
if missing := [kind.name for kind in StepKind if kind not in AFTER]:
    raise TypeError(f"steps that lead nowhere: {', '.join(missing)}")
