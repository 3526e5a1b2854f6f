"""When a series meets: a small, exact part of RFC 5545 recurrence rules, counted in Europe/London.

Accepted: `FREQ=WEEKLY;BYDAY=TU` (several days and an `INTERVAL` are fine) and `FREQ=MONTHLY;BYDAY=1TH`, where the
number is the week of the month and -1 the last. A meeting keeps its wall-clock time when the clocks change.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from catch.domain.calendar import LONDON, is_holiday, is_working_day
from catch.domain.facts import Part
from catch.domain.programme.configuration import Series

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# Alternate weeks need a first week: that of Monday 1 January 2024, so that a rule means the same days for ever.
_EPOCH = date(2024, 1, 1)


class Recurrence(Part, frozen=True, omit_defaults=True):
    """A parsed rule. `weekdays` count from Monday 0; `nth` is the week of the month, 0 for weekly rules."""

    weekdays: tuple[int, ...]
    interval: int = 1
    nth: int = 0


def parse(rrule: str) -> Recurrence | None:
    """The rule, or None when it is not one of those accepted."""
    if weekly := re.fullmatch(r"FREQ=WEEKLY;(?:INTERVAL=([1-9]\d?);)?BYDAY=([A-Z]{2}(?:,[A-Z]{2})*)", rrule):
        days = weekly[2].split(",")
        if len(set(days)) < len(days) or not set(days) <= set(_DAYS):
            return None
        return Recurrence(tuple(sorted(_DAYS.index(day) for day in days)), int(weekly[1] or 1))
    monthly = re.fullmatch(r"FREQ=MONTHLY;BYDAY=([1-4]|-1)(MO|TU|WE|TH|FR|SA|SU)", rrule)
    return Recurrence((_DAYS.index(monthly[2]),), nth=int(monthly[1])) if monthly else None


def occurrences(series: Series, from_day: date, to_day: date) -> list[datetime]:
    """When the series meets from one day to another, both included, in UTC; none where it has no rule."""
    rule = parse(series.rrule) if series.rrule else None
    if rule is None:
        return []
    start = time.fromisoformat(series.starts_at)
    days = (day for day in _days(from_day, to_day) if _falls_on(rule, day))
    return [datetime.combine(day, start, LONDON).astimezone(UTC) for day in days]


def meets_after(series: Series, meeting_on: date, meetings: int) -> date:
    """The day of the series' n-th meeting after one on this day: of its own rule, and no holiday."""
    day = meeting_on
    for _ in range(meetings):
        day = _next(series.rrule, series.cycle_days, day)
    return day


def meets_from(series: Series, meeting_on: date, from_day: date) -> date:
    """The day of its first meeting from a day on, that on `meeting_on` included."""
    if series.rrule and from_day > meeting_on:
        return _next(series.rrule, series.cycle_days, from_day - timedelta(days=1))
    day = meeting_on
    while day < from_day:
        day = _next(series.rrule, series.cycle_days, day)
    return day


# A draft asks it for every case that has to wait, always about the same few days.
@lru_cache(4096)
def _next(rrule: str | None, cycle_days: int, after: date) -> date:
    """A series without a rule is called when needed: the usual time later, on a working day."""
    rule = parse(rrule) if rrule else None
    day = after + timedelta(days=1 if rule else cycle_days)
    while is_holiday(day) or not (_falls_on(rule, day) if rule else is_working_day(day)):
        day += timedelta(days=1)
    return day


def _days(from_day: date, to_day: date) -> Iterator[date]:
    return (from_day + timedelta(days=n) for n in range((to_day - from_day).days + 1))


def _falls_on(rule: Recurrence, day: date) -> bool:
    if day.weekday() not in rule.weekdays:
        return False
    if rule.nth == 0:
        return ((day - _EPOCH).days // 7) % rule.interval == 0
    # The last of its kind in the month: a week later it is another month.
    if rule.nth < 0:
        return (day + timedelta(days=7)).month != day.month
    return (day.day - 1) // 7 + 1 == rule.nth
