"""Clocks: named times between two facts, with a deadline, an early warning and, once passed, a breach.

Nothing here reads the time: `at` is an argument, so the same facts give the same status for ever.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from math import floor

from catch.domain.calendar import add_months, add_working_days, end_of_day, london_day
from catch.domain.facts import Part
from catch.domain.programme.configuration import ClockRule, Span, Unit


class ClockState(StrEnum):
    """Where a clock stands. `running`, `warned` and `breached` run, the others have stopped.

    `missed`: what it waits for came late, or had not come when the case was over and it was due. `lapsed`: the case was
    over before it was due.
    """

    RUNNING = "running"
    WARNED = "warned"
    BREACHED = "breached"
    MET = "met"
    MISSED = "missed"
    LAPSED = "lapsed"


class Clock(Part, frozen=True, omit_defaults=True):
    """A clock at one moment. `ratio` is elapsed over allowed time, cut to one decimal: 1.0 is due, above is over."""

    code: str
    started_at: datetime
    due_at: datetime
    warn_at: datetime
    outer_due_at: datetime | None
    stopped_at: datetime | None
    state: ClockState
    ratio: float


@cache
def matches(spec: str, event: str, decision: str | None = None) -> bool:
    """True when a rule's `start` or `stop` names this event: `ReviewHeld`, or `ReviewHeld[decision=close]`."""
    narrowed = re.fullmatch(r"(\w+)(?:\[decision=([a-z-]+)\])?", spec)
    return narrowed is not None and narrowed[1] == event and narrowed[2] in (None, decision)


def add_span(start: datetime, span: Span) -> datetime:
    """The deadline, in UTC.

    Minutes and hours are exact. Days, weeks, months and working days end with the last instant of the London day
    they lead to; the day of the start never counts, and a month too short for the date ends on its last day.
    """
    day = london_day(start)
    match span.unit:
        case Unit.MINUTE:
            return start.astimezone(UTC) + timedelta(minutes=span.n)
        case Unit.HOUR:
            return start.astimezone(UTC) + timedelta(hours=span.n)
        case Unit.WORKING_DAY:
            return end_of_day(add_working_days(day, span.n))
        case Unit.DAY:
            return end_of_day(day + timedelta(days=span.n))
        case Unit.WEEK:
            return end_of_day(day + timedelta(weeks=span.n))
        case Unit.MONTH:
            return end_of_day(add_months(day, span.n))


def clock(
    rule: ClockRule, started_at: datetime, stopped_at: datetime | None, at: datetime, over_at: datetime | None = None
) -> Clock:
    """Where the clock stands at `at`; what is later has not happened yet. No clock runs on when the case is over."""
    due = add_span(started_at, rule.target)
    warn = _warn_at(rule, started_at, due)
    over = over_at if over_at is not None and over_at <= at else None
    stopped = stopped_at if stopped_at is not None and stopped_at <= (over or at) else None
    outer = add_span(started_at, rule.outer) if rule.outer else None
    until = stopped or over
    # Below 0 where an older stop was typed in with a time before the start.
    ratio = max(0.0, floor(10 * ((until or at) - started_at) / (due - started_at)) / 10)
    state = _ended(over, due) if over and not stopped else _state(stopped, at, warn, due)
    return Clock(rule.code, started_at, due, warn, outer, until, state, ratio)


def _warn_at(rule: ClockRule, started_at: datetime, due: datetime) -> datetime:
    if rule.target.unit is Unit.WORKING_DAY:
        # Part of a span with a weekend in it could fall on the Sunday, when nobody is there to be warned.
        whole = floor(rule.target.n * rule.warn_at_fraction)
        return end_of_day(add_working_days(london_day(started_at), whole))
    return started_at + rule.warn_at_fraction * (due - started_at)


def _state(stopped: datetime | None, at: datetime, warn: datetime, due: datetime) -> ClockState:
    if stopped is not None:
        return ClockState.MET if stopped <= due else ClockState.MISSED
    if at > due:
        return ClockState.BREACHED
    return ClockState.WARNED if at >= warn else ClockState.RUNNING


def _ended(over: datetime, due: datetime) -> ClockState:
    return ClockState.MISSED if over > due else ClockState.LAPSED
