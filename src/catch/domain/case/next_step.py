"""What comes next in a case, and by when: a live case without such a day is one that might be forgotten."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum

from catch.domain.calendar import london_day
from catch.domain.case.clocks import clocks_of
from catch.domain.case.state import Case
from catch.domain.facts import Part
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule


class StepFrom(StrEnum):
    """What a step's day comes from."""

    CLOCK = "clock"
    ACTION = "action"
    REVIEW = "review"
    PLAN_END = "plan-end"
    PAUSE = "pause"
    QUESTION = "question"
    RISK = "risk"


class Adrift(StrEnum):
    """Why a live case has no next step. `NOTHING_DATED`: nothing in it has a day. `ALL_OVERDUE`: every day has passed.
    `PERSON_DIED`: they have died, and nobody is pressed any more.
    """

    NOTHING_DATED = "nothing-dated"
    ALL_OVERDUE = "all-overdue"
    PERSON_DIED = "person-died"


class NextStep(Part, frozen=True, omit_defaults=True):
    """The next day in a live case, today or later, and what it comes from. `adrift`: there is none, and why; `on` is
    then the last that has passed, if there was one.
    """

    on: date | None = None
    step: StepFrom | None = None
    adrift: Adrift | None = None


WAITED_FOR = frozenset({ClockState.RUNNING, ClockState.WARNED, ClockState.BREACHED})


def dated(case: Case, rules: Iterable[ClockRule], at: datetime) -> Iterator[tuple[date, StepFrom]]:
    """Whatever is open in the case and has a day."""
    for clock in clocks_of(case, rules, at):
        if clock.state in WAITED_FOR:
            yield london_day(clock.due_at), StepFrom.CLOCK
    yield from promised(case)
    yield from planned(case)
    if case.on_hold is not None:
        yield case.on_hold.expected_resume, StepFrom.PAUSE


def promised(case: Case) -> Iterator[tuple[date, StepFrom]]:
    """By when somebody is to do something, to answer, or to look again."""
    for action in case.actions:
        if action.unsettled:
            yield action.due, StepFrom.ACTION
    for request in case.requests:
        if request.received_at is None:
            yield request.due, StepFrom.QUESTION
    for risk in case.risks:
        if risk.review_on is not None:
            yield risk.review_on, StepFrom.RISK


def planned(case: Case) -> Iterator[tuple[date, StepFrom]]:
    for review in case.reviews:
        if review.held_at is None:
            yield review.due, StepFrom.REVIEW
    if case.plan is not None:
        yield case.plan.planned_end, StepFrom.PLAN_END
        if not case.plan.reviewed:
            yield case.plan.review_due, StepFrom.REVIEW


def next_step(case: Case, rules: Iterable[ClockRule], at: datetime, *, died: bool = False) -> NextStep | None:
    """None where the case is not live: nothing comes any more."""
    if not case.live:
        return None
    if died:
        return NextStep(adrift=Adrift.PERSON_DIED)
    days, today = sorted(dated(case, rules, at)), london_day(at)
    if not days:
        return NextStep(adrift=Adrift.NOTHING_DATED)
    for on, step in days:
        if on >= today:
            return NextStep(on, step)
    return NextStep(*days[-1], adrift=Adrift.ALL_OVERDUE)
