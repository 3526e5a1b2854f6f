"""Who has been kept long enough: looked for among those whose cases are over, some at a time."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from catch.commands.questions import Records
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.person import Person
from catch.domain.programme import ProgrammeHistory
from catch.domain.programme.configuration import Retention
from catch.domain.retention import due_on
from catch.domain.streams import CASE, PERSON, PROGRAMME, programme_stream
from catch.present.states import Broken
from projections import case_summary

NOBODY = UUID(int=0)
MOST = 500
"""People who are looked at for one page: most of those whose cases are over are not due."""


class Place(Protocol):
    """What it is looked up in."""

    records: Records

    async def programme_keys(self) -> list[str]: ...


class Due(NamedTuple):
    person: UUID
    on: date
    cases: Sequence[Case]


class Looked(NamedTuple):
    """`last`: the last who was looked at, behind whom the next page begins; `more`: there may be others."""

    found: list[Due]
    last: UUID | None
    more: bool


async def due(place: Place, after: UUID, wanted: int, at: datetime) -> Looked:
    """At most so many behind this one. Whoever was asked for already, is held, or was erased is not listed again."""
    records, today = place.records, london_day(at)
    rules: dict[str, Retention] = {}
    keys = await place.programme_keys()
    # Of a programme that cannot be read nobody knows how long it keeps: whoever has a case in it is not due.
    for key, known in zip(keys, await records.states.gather(PROGRAMME, map(programme_stream, keys)), strict=True):
        history: ProgrammeHistory | None = None if isinstance(known, Broken) else known.state
        if history is not None and history.current.retention is not None:
            rules[key] = history.current.retention
    ids = await case_summary.people_over(records.log.pool, rules, after, MOST) if rules else []
    found: list[Due] = []
    for place_in_page, held in enumerate(await records.states.gather(PERSON, ids), start=1):
        person: Person | None = None if isinstance(held, Broken) else held.state
        if person is None or person.erased or person.erasing.waiting or person.erasing.on_hold:
            continue
        cases = await records.states.gather(CASE, [case for case, _ in person.cases])
        known = [each.state for each in cases if not isinstance(each, Broken) and each.state]
        # What cannot be read may be under way.
        on = due_on(person, known, rules.get) if len(known) == len(person.cases) else None
        if on is not None and on <= today:
            found.append(Due(person.person, on, known))
            if len(found) == wanted:
                return Looked(found, person.person, place_in_page < len(ids) or len(ids) == MOST)
    return Looked(found, ids[-1] if ids else None, len(ids) == MOST)
