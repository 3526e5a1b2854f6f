"""Days as people at the table count them: Europe/London, with the bank holidays of England and Wales."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
CLOCKS_MAY_DIFFER = timedelta(minutes=5)
"""What somebody says is now may be so much later than by our clock."""

# Days proclaimed once, which no rule gives. A new one is added here when it is proclaimed.
_PROCLAIMED = {
    2002: (date(2002, 6, 3), date(2002, 6, 4)),
    2011: (date(2011, 4, 29),),
    2012: (date(2012, 6, 4), date(2012, 6, 5)),
    2020: (date(2020, 5, 8),),
    2022: (date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19)),
    2023: (date(2023, 5, 8),),
}
# The spring bank holiday moved into each Jubilee, that of early May 2020 to the 75th anniversary of VE Day.
_MOVED = {date(2002, 5, 27), date(2012, 5, 28), date(2020, 5, 4), date(2022, 5, 30)}

_KEPT = {(12, 25), (12, 26), (1, 1)}


def london_day(at: datetime) -> date:
    """The date it is in London at an instant."""
    # Figures ask for some fifty days a case. London has been at UTC or one hour ahead of it for the whole of its last
    # half century: but for the last hour of a day of UTC both have the same.
    if at.tzinfo is UTC and at.hour < _LAST_HOUR and at.year >= _SIMPLE_SINCE:
        return at.date()
    return _day_in_london(at)


_LAST_HOUR, _SIMPLE_SINCE = 23, 1972


@lru_cache(4096)
def _day_in_london(at: datetime) -> date:
    return at.astimezone(LONDON).date()


@lru_cache(4096)
def end_of_day(day: date) -> datetime:
    """The last instant of a London day, in UTC."""
    return datetime.combine(day, time.max, LONDON).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it is shorter: 30 November + 3 = 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@cache
def bank_holidays(year: int) -> frozenset[date]:
    """The bank holidays of England and Wales in a year from 2000 on, substitute days in place of weekend ones.

    Worked out from the Banking and Financial Dealings Act 1971 and the long-standing substitute days, so that it
    never runs out. The tests hold it to the lists gov.uk has published since 2018, and to the days moved before.
    """
    easter = _easter(year)
    fixed = [
        _next_weekday(date(year, 1, 1)),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        _first_monday(date(year, 5, 1)),
        _first_monday(date(year, 5, 25)),
        _first_monday(date(year, 8, 25)),
        *_christmas(year),
    ]
    return frozenset(fixed) - _MOVED | frozenset(_PROCLAIMED.get(year, ()))


def is_working_day(day: date) -> bool:
    """Monday to Friday, bank holidays excepted."""
    return day.weekday() < 5 and day not in bank_holidays(day.year)


def is_holiday(day: date) -> bool:
    """A bank holiday, or Christmas Day, Boxing Day or New Year's Day itself where a weekday stands in for it."""
    return day in bank_holidays(day.year) or (day.month, day.day) in _KEPT


def age_on(day: date, born: date) -> int:
    """Completed years: a birthday counts from its first minute, one of 29 February from 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@lru_cache(4096)
def add_working_days(day: date, days: int) -> date:
    """The working day that is so many after a day, which itself never counts. Zero gives the day itself."""
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day


def _first_monday(on_or_after: date) -> date:
    return on_or_after + timedelta(days=-on_or_after.weekday() % 7)


def _next_weekday(day: date) -> date:
    return day if day.weekday() < 5 else _first_monday(day)


def _christmas(year: int) -> tuple[date, date]:
    christmas = _next_weekday(date(year, 12, 25))
    boxing = _next_weekday(date(year, 12, 26))
    # When both give the same Monday, or a Sunday's Christmas moves behind Boxing Day, the second takes the Tuesday.
    return (christmas, boxing) if christmas != boxing else (christmas, christmas + timedelta(days=1))


def _easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leaps, odd = divmod(century, 4)
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    sunday = (32 + 2 * odd + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
