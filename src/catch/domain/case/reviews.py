"""The reviews that check plan and goals, and what each decides."""

from datetime import date, datetime, timedelta
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.agreement import RefusedSince
from catch.domain.case.course import stepped
from catch.domain.case.goals import NoPlan
from catch.domain.case.rules import require_live
from catch.domain.case.said import answer_at
from catch.domain.case.state import Agrees, Case, Review, ReviewDecision, StepKind
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before, not_past, within
from catch.domain.programme.clocks import day_after
from catch.domain.refusals import (
    MissingText,
    NothingExtended,
    Refused,
)
from catch.domain.subject import Subject

# What happened


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
    planned_end: date | None = None  # where support was extended


ReviewEvent = ReviewScheduled | ReviewHeld


# What may be asked


class ScheduleReview(Command, frozen=True):
    """Arrange the next review."""

    case: UUID
    review: UUID
    due: date
    LEAVES = Leaves((ReviewScheduled,), "review", about=("due",))


class HoldReview(Command, frozen=True):
    """Record a review and what it decided. To continue, the person's agreement is confirmed again.

    Unless it decides to close, the next review is due when you say, or as the programme says. `plannedEnd`, where it
    decides to extend: until when; where nothing is said, as long again as reviews are apart.
    """

    case: UUID
    review: UUID
    decision: ReviewDecision
    agreement_confirmed: bool = False
    summary: Sealed | None = None
    next_due: date | None = None
    planned_end: date | None = None
    LEAVES = Leaves((ReviewHeld,), "review", filled=("next_due", "planned_end"))


ReviewCommand = ScheduleReview | HoldReview


# What can be refused


class ReviewTooLate(Refused):
    """The review must be due within the programme's time after the plan. Choose a day up to the latest in the
    details.
    """


class AgreementNotConfirmed(Refused):
    """Support goes on only when the person agrees to it again. Ask them, and say so: `agreementConfirmed`."""


class ExtendedOftenEnough(Refused):
    """This plan has been extended as often as the programme allows. Decide to close, or to change the plan."""


class ReviewAlreadyHeld(Refused):
    """This review was held and decided otherwise. Schedule another one: `scheduleReview`."""


# What we answer


def check_review(due: date, given: Given) -> None:
    """Reviews are due from today to the programme's outer limit."""
    not_past(due, given, field="reviewDue")
    if given.programme is not None:
        latest = day_after(london_day(given.at), given.programme.plan.review_outer)
        if due > latest:
            raise ReviewTooLate(due=due, latest=latest)


def usual_review(given: Given) -> date:
    """As long after today as the programme says. Raises `MissingText` where no programme says it."""
    if given.programme is None:
        raise MissingText(field="nextDue")
    return day_after(london_day(given.at), given.programme.plan.review_every)


def extended(case: Case, until: date | None, given: Given) -> date:
    """The day on which support ends now that it goes on beyond the plan's: after that day, and by no more than the
    longest plan. Raises `NoPlan`, `MissingText` where no programme says how long, `ExtendedOftenEnough`, `OutOfRange`.
    """
    if case.plan is None:
        raise NoPlan
    if given.programme is None:
        raise MissingText(field="plannedEnd")
    planned, rules = case.plan.planned_end, given.programme.plan
    if rules.max_extensions is not None and case.plan.extensions >= rules.max_extensions:
        raise ExtendedOftenEnough(extensions=case.plan.extensions, most=rules.max_extensions)
    ends = max(planned, london_day(given.at))
    again = day_after(ends, rules.review_every)
    latest = max(day_after(ends, rules.most), again)
    wanted = until or again
    within(wanted, ends + timedelta(days=1), latest, field="plannedEnd")
    return wanted


def check_goes_on(case: Case, command: HoldReview, given: Given) -> None:
    """Nobody's support goes on, nor is their agreement confirmed, while the last that they had said is no."""
    goes_on = command.agreement_confirmed or command.decision in (ReviewDecision.CONTINUE, ReviewDecision.EXTEND)
    if goes_on and (since := refused_by(case, given.at)) is not None:
        raise RefusedSince(refused_at=since.isoformat())


def refused_by(case: Case, at: datetime) -> datetime | None:
    """When they last said no by then, to those who work with them or at a door, where they have not agreed since."""
    said = answer_at(case, at)
    if said is not None and said.agrees is Agrees.NO:
        return said.at
    door = case.door_refused_at
    return door if door is not None and door <= at else None


def ends_on(case: Case, until: date, at: datetime) -> Case:
    """Support ends when it was last said to, whatever was typed in last. An extension more counts either way."""
    if case.plan is None:
        return case
    plan = replace(case.plan, extensions=case.plan.extensions + (at >= case.plan.agreed_at))
    last = at >= plan.end_set_at
    return replace(case, plan=replace(plan, planned_end=until, end_set_at=at) if last else plan)


def schedule(case: Case, command: ScheduleReview, given: Given) -> list[ReviewEvent]:
    held = next((held for held in case.reviews if held.review == command.review), None)
    if held is not None and held.due == command.due:
        return []
    if held is not None and held.held_at is not None:
        raise ReviewAlreadyHeld(decision=held.decision)
    require_live(case, given, held.arranged_at if held else None)
    if case.plan is None:
        raise NoPlan
    not_before(given, case.plan.agreed_at)
    check_review(command.due, given)
    number = held.number if held else len(case.reviews) + 1
    return [ReviewScheduled(command.review, number, command.due)]


def hold(case: Case, command: HoldReview, given: Given) -> list[ReviewEvent]:
    held = next((held for held in case.reviews if held.review == command.review), None)
    if held is not None and held.held_at is not None:
        if held.decision is command.decision:
            return []
        raise ReviewAlreadyHeld(decision=held.decision)
    require_live(case, given, held.arranged_at if held else None)
    if case.plan is None:
        raise NoPlan
    not_before(given, case.plan.agreed_at)
    if command.decision is ReviewDecision.CONTINUE and not command.agreement_confirmed:
        raise AgreementNotConfirmed
    check_goes_on(case, command, given)
    extends = command.decision is ReviewDecision.EXTEND
    if command.planned_end is not None and not extends:
        raise NothingExtended(field="plannedEnd")
    next_due = command.next_due
    if command.decision is not ReviewDecision.CLOSE and next_due is None:
        next_due = usual_review(given)
    if next_due is not None:
        check_review(next_due, given)
    number = held.number if held else len(case.reviews) + 1
    return [
        ReviewHeld(
            review=command.review,
            number=number,
            decision=command.decision,
            agreement_confirmed=command.agreement_confirmed,
            summary=command.summary,
            next_due=next_due,
            planned_end=extended(case, command.planned_end, given) if extends else None,
        )
    ]


def decide(case: Case, command: ReviewCommand, given: Given) -> list[ReviewEvent]:
    match command:
        case ScheduleReview():
            return schedule(case, command, given)
        case HoldReview():
            return hold(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def with_review(case: Case, review: Review) -> Case:
    others = tuple(held for held in case.reviews if held.review != review.review)
    return replace(case, reviews=(*others, review))


def due_on(case: Case, due: date, at: datetime) -> Case:
    """The next review is due when it was last said to be, whatever was typed in last."""
    if case.plan is None or at < case.plan.due_set_at:
        return case
    return replace(case, plan=replace(case.plan, review_due=due, due_set_at=at, reviewed=False))


def done(case: Case, at: datetime) -> Case:
    """What was due has been done, though nobody said when it is due again."""
    if case.plan is None or at < case.plan.due_set_at:
        return case
    return replace(case, plan=replace(case.plan, reviewed=True, due_set_at=at))


def reviewed(case: Case, event: ReviewHeld, at: datetime) -> Case:
    arranged = next((held for held in case.reviews if held.review == event.review), None)
    due, since = (arranged.due, arranged.arranged_at) if arranged else (london_day(at), None)
    held = Review(
        event.review,
        event.number,
        due,
        since,
        at,
        event.decision,
        event.summary,
        event.agreement_confirmed,
        event.next_due,
    )
    case = with_review(case, held)
    case = due_on(case, event.next_due, at) if event.next_due else done(case, at)
    case = ends_on(case, event.planned_end, at) if event.planned_end else case
    closing = event.decision is ReviewDecision.CLOSE
    return stepped(case, StepKind.REVIEWED_TO_CLOSE if closing else StepKind.REVIEWED, at)


def evolve(case: Case, event: ReviewEvent, at: datetime) -> Case:
    match event:
        case ReviewScheduled():
            case = with_review(case, Review(event.review, event.number, event.due, at))
            return stepped(due_on(case, event.due, at), StepKind.REVIEW_ARRANGED, at)
        case ReviewHeld():
            return reviewed(case, event, at)
        case _:
            assert_never(event)


SUBJECT = Subject(ReviewEvent, ReviewCommand, decide=decide, evolve=evolve)
