"""What partners take on, and what meetings decide."""

from collections.abc import Iterator

from catch.domain.calendar import london_day
from catch.domain.case.state import ActionState
from catch.domain.facts import Category
from catch.domain.meeting.items import DecisionCode
from catch.metrics.definition import CaseFacts, Cut, MetricBasis
from catch.metrics.doors import of_cases
from catch.metrics.estimates import Shares, among
from catch.metrics.lines import Line
from catch.metrics.times import ACTIONS, voided

DISCUSSION = frozenset({Category.DISCUSSION})


def on_time(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """By the day that was promised first."""
    for each in facts.case.actions if not voided(facts) else ():
        if each.original_due > cut.day or each.offered_at > cut.at:
            continue
        known = each.ended_at is not None and each.ended_at <= cut.at
        state = each.state if known or each.state is ActionState.DECLINED else ActionState.ACCEPTED
        done = each.completed_on or (london_day(each.ended_at) if each.ended_at else None)
        match state:
            case ActionState.COMPLETED if done is not None:
                answer = "on-time" if done <= each.original_due else "later" if done <= each.due else "late"
            case ActionState.NOT_UNDERTAKEN | ActionState.DECLINED | ActionState.NOT_POSSIBLE | ActionState.CANCELLED:
                answer = str(state)
            case _:
                answer = "overdue" if each.due < cut.day else "put-off"
        yield Line(each.original_due, answer, group=each.owner, entry=each.action)


def undone(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    for each in facts.case.actions if not voided(facts) else ():
        if each.ended_at is not None and each.ended_at <= cut.at:
            yield Line(london_day(each.ended_at), each.state, group=each.owner, entry=each.action)


def owned(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """Whether somebody took on what a decision asks for, or it says that there is nothing to do."""
    if not facts.case.decisions or voided(facts):
        return
    taken = {
        each.decision
        for each in facts.case.actions
        if each.answered_at is not None and each.answered_at <= cut.at and each.state is not ActionState.DECLINED
    }
    offered = {each.decision for each in facts.case.actions if each.offered_at <= cut.at}
    series = {each.meeting: each.series or "" for each in facts.case.discussions}
    for held in facts.case.decisions:
        decision = held.decision
        if decision.decided_at > cut.at:
            continue
        if decision.code in _NOTHING_TO_DO:
            answer = "nothing-to-do"
        elif decision.decision in taken:
            answer = "owned"
        else:
            answer = "offered" if decision.decision in offered else "nobody"
        yield Line(london_day(decision.decided_at), answer, group=series.get(held.meeting, ""), entry=decision.decision)


_NOTHING_TO_DO = frozenset({DecisionCode.INFORMATION_ONLY, DecisionCode.NO_DECISION, DecisionCode.DEFER})
_DUE = "on-time later late not-undertaken overdue put-off"
_DECISIONS = "owned nothing-to-do offered nobody"
_ENDED = "completed not-possible not-undertaken cancelled"

OF_ACTIONS = (
    of_cases(
        "M20",
        "Actions on time",
        "How many actions are done by the day that was promised?",
        on_time,
        Shares(
            (
                among("on-time", "Done by the day first promised", "on-time", _DUE),
                among("current", "Done by the day it was put off to, or earlier", "on-time later", _DUE),
                among("overdue", "Due, and not done", "overdue", _DUE),
            ),
            (("declined", "Declined"), ("not-possible", "Not possible"), ("cancelled", "Cancelled")),
        ),
        "ActionOffered, ActionCompleted, ActionDueChanged, ActionNotUndertaken",
        "Actions that were due, by the first promise, in the days asked for and by the cut-off; declined, impossible"
        " and cancelled ones left out",
        "One that is due and not done, or that its owner did not undertake, was not on time.",
        basis=MetricBasis.PERIOD,
        shows=ACTIONS,
    ),
    of_cases(
        "M22",
        "Why actions were not done",
        "How many actions end undone, and why?",
        undone,
        Shares(
            tuple(
                among(each, each.replace("-", " ").capitalize(), each, _ENDED)
                for each in ("not-possible", "not-undertaken", "cancelled", "completed")
            )
        ),
        "ActionCompleted, ActionNotPossible, ActionNotUndertaken, ActionCancelled",
        "Actions that ended in the days asked for",
        "Open actions have not ended, and are left out.",
        basis=MetricBasis.PERIOD,
        shows=ACTIONS,
    ),
    of_cases(
        "M26",
        "Decisions that somebody owns",
        "How many decisions has somebody taken on, or do they say that there is nothing to do?",
        owned,
        Shares(
            (
                among("owned", "Taken on, or nothing to do", "owned nothing-to-do", _DECISIONS),
                among("nobody", "Offered to nobody", "nobody", _DECISIONS),
            )
        ),
        "DecisionRecorded, ActionOffered, ActionAccepted",
        "Decisions of meetings made in the days asked for",
        "One whose action is offered and not answered yet is not taken on.",
        basis=MetricBasis.PERIOD,
        shows=ACTIONS | DISCUSSION,
        grouped="series",
    ),
)
