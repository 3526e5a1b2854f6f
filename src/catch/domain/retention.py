"""When what is kept of somebody has been kept long enough: by the programmes of all their cases, the last of them.

Nothing goes by itself. What is due is listed, people decide, and the program carries out what they have agreed.
"""

from collections.abc import Callable, Sequence
from datetime import date

from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.person import Person
from catch.domain.programme.configuration import KeptFrom, Retention


def due_on(person: Person, cases: Sequence[Case], kept: Callable[[str], Retention | None]) -> date | None:
    """`cases` are all of theirs, `kept` says how long a programme keeps by its newest version. None: not at all, as
    long as a case is not over, or a programme does not say, or what it counts from has not come.
    """
    days = [_due(person, case, kept(case.programme)) for case in cases]
    found = [day for day in days if day is not None]
    return max(found) if found and len(found) == len(days) else None


def _due(person: Person, case: Case, kept: Retention | None) -> date | None:
    start = _start(person, case, kept.counted_from) if kept and not case.live else None
    return years_after(start, kept.years) if kept and start else None


def _start(person: Person, case: Case, counted_from: KeptFrom) -> date | None:
    match counted_from:
        case KeptFrom.CLOSURE:
            over = case.milestones.over_at
            return london_day(over) if over else None
        case KeptFrom.LAST_CONTACT:
            return london_day(case.last_activity_at) if case.last_activity_at else None
        case KeptFrom.DEATH:
            return person.deceased.on if person.deceased else None


def years_after(day: date, years: int) -> date:
    """Of the 29th of February, where there is none, the 1st of March: not a day too early."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
