"""How work went, as a file in OCEL 2.0 for tools that look into that: recorded as a look before it is written."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from catch.access.restriction import Way
from catch.app import Catch
from catch.cli.looking import Looking, Said, items_of, meetings_of, said
from catch.cli.replaying import NoSuchStream
from catch.domain.facts import Recorded
from catch.domain.processing import ProcessingIsRestricted
from catch.domain.streams import CASE, MEETING, PERSON, Stream, stream_of_event
from catch.evidence.exporting import Asked
from catch.evidence.verifying import Progress
from catch.history.ocel import OcelFile, is_told, plain, pseudonyms, related
from catch.log import Stored
from catch.log.codec import decode
from catch.log.entries import Unreadable
from catch.log.invented import NOTICE
from projections import case_summary

PAGE = 1000
OPERATION, UNMASKED = "audit export ocel", "audit export ocel unmasked"


class Written(NamedTuple):
    """How many facts are in the file, and of how many people nothing is; `unreadable`: facts that nobody can tell."""

    facts: int
    people_left_out: int
    unreadable: int


class Concerning(NamedTuple):
    """A fact, with the cases and the people that it concerns."""

    recorded: Recorded[Any]
    cases: Sequence[UUID]
    people: Sequence[UUID]

    @property
    def said(self) -> Said:
        """Of those alone somebody is shown something who are named in the file."""
        told = said(self.recorded)
        return told._replace(written=" ".join(map(str, (*self.cases, *self.people))).encode())


async def course_exported(
    catch: Catch, asked: Asked, path: Path, *, personal: bool = False, progress: Progress | None = None
) -> Written:
    """Pseudonymised, unless `personal`. Nothing is in it of those with whose record nothing is done but to keep it.

    Raises `NoSuchStream`, `ProcessingIsRestricted` where it was asked for one of theirs, `RecordsAway`, and `OSError`.
    No file is left then.
    """
    head = await catch.log.head()
    await catch.reached(head)
    await catch.records.up_to_date()
    making = Making(catch, await catch.records.withheld(Way.COURSE, catch.log.clock.now()))
    looking = Looking(catch, UNMASKED if personal else OPERATION)
    draft = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
    place = NOTICE if await catch.log.mark.invented() else None
    file = OcelFile(draft, plain if personal else pseudonyms(), place)
    try:
        async for facts in pages(catch, asked, head):
            told = await making.told(facts)
            await looking.shows(each.said for each in told)
            for each in told:
                file.add(each.recorded, related(*each))
            if progress:
                progress(facts[-1].position, head)
        if asked.streams and not file.events:
            raise ProcessingIsRestricted if making.left_out else NoSuchStream(stream=asked.streams[0])
        for case, person in making.whose.items():
            file.about(case, person)
        file.end()
        draft.replace(path)
    finally:
        file.close()
        draft.unlink(missing_ok=True)
    return Written(file.events, len(making.left_out), making.unreadable)


async def pages(catch: Catch, asked: Asked, head: int) -> AsyncIterator[Sequence[Stored]]:
    if asked.part is None:
        facts = await catch.log.rows(asked.streams)
        for first in range(0, len(facts), PAGE):
            yield facts[first : first + PAGE]
        return
    after, last = asked.part[0] - 1, min(asked.part[1], head)
    while facts := await catch.log.page(after, PAGE, last):
        yield facts
        after = facts[-1].position


class Making:
    """What of each page is told. `whose`: each case with the person it is about; `left_out`: of whom nothing is."""

    def __init__(self, catch: Catch, withheld: frozenset[UUID]) -> None:
        self._catch = catch
        self._withheld = withheld
        self.whose: dict[UUID, UUID] = {}
        self.left_out: set[UUID] = set()
        self.unreadable = 0

    async def told(self, facts: Sequence[Stored]) -> list[Concerning]:
        read = [recorded for each in facts if (recorded := self._decoded(each)) is not None]
        kinds = {each.stream: stream_of_event(each.event) for each in read}
        meetings = await meetings_of(self._catch, [stream for stream, kind in kinds.items() if kind is MEETING])
        items, named = items_of(meetings), {each.position: said(each).ids for each in read}
        ids = set[UUID]().union(*named.values())
        rows = await case_summary.many(self._catch.log.pool, ids | {items[each] for each in ids & items.keys()})
        # A case that stood under somebody's name by mistake is none of theirs.
        self.whose |= {case: row.person for case, row in rows.items() if not row.case.of_another}
        # What cannot be read as a whole may be about somebody of whom nothing is to be told.
        known = {*rows, *(each.meeting for each in meetings), *(one for one, kind in kinds.items() if kind is PERSON)}
        told = list[Concerning]()
        for each in read:
            mentioned, kind = named[each.position], kinds[each.stream]
            cases = {*mentioned & rows.keys(), *(items[one] for one in mentioned & items.keys())} & rows.keys()
            if kind is CASE:
                cases &= {each.stream}
            elif kind is PERSON:
                cases = {case for case in cases if rows[case].person == each.stream}
            unknown = kind is MEETING and any(items[one] not in rows for one in mentioned & items.keys())
            if unknown or each.stream not in known:
                self.unreadable += 1
            elif (found := self._open(each, kind, cases, rows)) is not None:
                told.append(found)
        return told

    def _open(
        self, recorded: Recorded[Any], kind: Stream, cases: set[UUID], rows: Mapping[UUID, case_summary.Row]
    ) -> Concerning | None:
        """Without whom nothing is told of; nothing where it is about nobody else."""
        subjects = {rows[case].person for case in cases} | ({recorded.stream} if kind is PERSON else set[UUID]())
        closed = subjects & self._withheld
        self.left_out |= closed
        if closed and closed == subjects:
            return None
        shown = [case for case in sorted(cases) if rows[case].person not in closed]
        people = {self.whose[case] for case in shown if case in self.whose}
        return Concerning(recorded, shown, sorted(people | (subjects - closed if kind is PERSON else set[UUID]())))

    def _decoded(self, stored: Stored) -> Recorded[Any] | None:
        """None for what is told to nobody here, too."""
        try:
            recorded = decode(stored)
        except Unreadable:
            self.unreadable += 1
            return None
        return recorded if is_told(recorded.event) else None
