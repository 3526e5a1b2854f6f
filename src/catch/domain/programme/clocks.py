"""Clocks: named times between two facts, with a deadline, an early warning and, once passed, a breach.

While the case rests a clock may stand still: its deadlines then come as much later as it rested.

Nothing here reads the time: `at` is an argument, so the same facts give the same status for ever.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from math import floor
from typing import NamedTuple

from catch.domain.calendar import add_months, add_working_days, end_of_day, is_working_day, london_day
from catch.domain.facts import Part
from catch.domain.programme.configuration import ClockRule, Span, Unit

NARROWED = re.compile(r"(\w+)(?:\[((?:decision|milestone)=[a-z0-9-]+)\])?")
"""A fact by its name, and what narrows it."""


class ClockState(StrEnum):
    """Where a clock stands. `running`, `warned` and `breached` run, `paused` stands still, the others have stopped.

    `missed`: what it waits for came late, or had not come when the case was over and it was due. `lapsed`: the case was
    over before it was due.
    """

    RUNNING = "running"
    WARNED = "warned"
    BREACHED = "breached"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    LAPSED = "lapsed"


class Clock(Part, frozen=True, omit_defaults=True):
    """A clock at one moment. `ratio` is elapsed over allowed time, cut to one decimal: 1.0 is due, above is over. While
    it is paused, `due_at` is when it would be due if it went on at that moment.
    """

    code: str
    started_at: datetime
    due_at: datetime
    warn_at: datetime
    outer_due_at: datetime | None
    stopped_at: datetime | None
    state: ClockState
    ratio: float


@cache
def matches(spec: str, event: str, narrowing: str | None = None) -> bool:
    """True when a rule's `start` or `stop` names this event: `ReviewHeld`, or `ReviewHeld[decision=close]`."""
    narrowed = NARROWED.fullmatch(spec)
    return narrowed is not None and narrowed[1] == event and narrowed[2] in (None, narrowing)


def add_span(start: datetime, span: Span) -> datetime:
    """The deadline, in UTC.

    Minutes and hours are exact. Days, weeks, months and working days end with the last instant of the London day
    they lead to; the day of the start never counts, and a month too short for the date ends on its last day.
    """
    match span.unit:
        case Unit.MINUTE:
            return start.astimezone(UTC) + timedelta(minutes=span.n)
        case Unit.HOUR:
            return start.astimezone(UTC) + timedelta(hours=span.n)
        case _:
            return end_of_day(day_after(london_day(start), span))


def day_after(day: date, span: Span) -> date:
    """The day that many days, working days, weeks or months lead to. Raises ValueError for shorter units."""
    match span.unit:
        case Unit.WORKING_DAY:
            return add_working_days(day, span.n)
        case Unit.DAY:
            return day + timedelta(days=span.n)
        case Unit.WEEK:
            return day + timedelta(weeks=span.n)
        case Unit.MONTH:
            return add_months(day, span.n)
        case Unit.MINUTE | Unit.HOUR:
            raise ValueError(span.unit)


class Rest(NamedTuple):
    """From when to when a clock stands still; `until` None: it does so still."""

    since: datetime
    until: datetime | None


NEVER: Sequence[Rest] = ()


def clock(
    rule: ClockRule,
    started_at: datetime,
    stopped_at: datetime | None,
    at: datetime,
    over_at: datetime | None = None,
    rests: Sequence[Rest] = NEVER,
) -> Clock:
    """Where the clock stands at `at`; what is later has not happened yet. No clock runs on when the case is over.

    `rests` are in order, none within another.
    """
    over = over_at if over_at is not None and over_at <= at else None
    stopped = stopped_at if stopped_at is not None and stopped_at <= (over or at) else None
    until = stopped or over
    stood = [*_within(rests, started_at, until or at)]
    allowed = add_span(started_at, rule.target) - started_at
    due = _later(add_span(started_at, rule.target), rule.target.unit, stood)
    warn = _warn_at(rule, started_at, stood)
    outer = _later(add_span(started_at, rule.outer), rule.outer.unit, stood) if rule.outer else None
    # Below 0 where an older stop was typed in with a time before the start.
    ratio = max(0.0, floor(10 * ((until or at) - started_at - _length(stood)) / allowed) / 10)
    state = _ended(over, due) if over and not stopped else _state(stopped, at, warn, due)
    if until is None and _standing_still(rests, at, due):
        state = ClockState.PAUSED
    return Clock(rule.code, started_at, due, warn, outer, until, state, ratio)


def _within(rests: Iterable[Rest], started: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """What of the rests lies within this time."""
    for rest in rests:
        since, until = max(rest.since, started), min(rest.until or end, end)
        if since < until:
            yield since, until


def _later(moment: datetime, unit: Unit, stood: Iterable[tuple[datetime, datetime]]) -> datetime:
    """A deadline, moved by the time stood still before it: by exact time, by days, or by working days, as it counts.

    The day on which a rest begins counts as any other, the day on which it ends does not. None passes meanwhile.
    """
    for since, until in stood:
        if since > moment:
            break
        if unit in (Unit.MINUTE, Unit.HOUR):
            moment += until - since
        else:
            first, last = london_day(since), london_day(until)
            moment = end_of_day(_days_later(london_day(moment), unit, first, last))
    return moment


def _days_later(day: date, unit: Unit, first: date, last: date) -> date:
    rested = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    if unit is not Unit.WORKING_DAY:
        return day + timedelta(days=len(rested))
    later = add_working_days(day, sum(map(is_working_day, rested)))
    # Due on the Friday on which it came to rest, and back on the Sunday: due on Monday.
    return later if later >= last else add_working_days(last - timedelta(days=1), 1)


def lasted(rests: Iterable[Rest], started: datetime, end: datetime) -> timedelta:
    """For how long the clock stood still between these."""
    return _length(_within(rests, started, end))


def _length(stood: Iterable[tuple[datetime, datetime]]) -> timedelta:
    return sum((until - since for since, until in stood), timedelta())


def _standing_still(rests: Iterable[Rest], at: datetime, due: datetime) -> bool:
    """A deadline that had passed before stays passed."""
    return any(rest.since <= min(at, due) and (rest.until is None or at < rest.until) for rest in rests)


def _warn_at(rule: ClockRule, started_at: datetime, stood: Sequence[tuple[datetime, datetime]]) -> datetime:
    if rule.target.unit is Unit.WORKING_DAY:
        # Part of a span with a weekend in it could fall on the Sunday, when nobody is there to be warned.
        whole = floor(rule.target.n * rule.warn_at_fraction)
        return _later(end_of_day(add_working_days(london_day(started_at), whole)), Unit.WORKING_DAY, stood)
    allowed = add_span(started_at, rule.target) - started_at
    return _later(started_at + rule.warn_at_fraction * allowed, Unit.MINUTE, stood)


def _state(stopped: datetime | None, at: datetime, warn: datetime, due: datetime) -> ClockState:
    if stopped is not None:
        return ClockState.MET if stopped <= due else ClockState.MISSED
    if at > due:
        return ClockState.BREACHED
    return ClockState.WARNED if at >= warn else ClockState.RUNNING


def _ended(over: datetime, due: datetime) -> ClockState:
    return ClockState.MISSED if over > due else ClockState.LAPSED
