"""The facts that figures are worked out from: cases, meetings and contacts of a programme as they were at a position.

Rows are read as the read models have them. What changed behind the position, or is asked for as it was, is folded from
the log: the same fold, so that the same cut-off gives the same figures for ever. A piece at a time, so that ten years
of a county are never in memory at once, and nobody else has to wait.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import reduce
from itertools import groupby
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from catch.domain.case import evolve as case_after
from catch.domain.case.state import Case
from catch.domain.facts import Recorded
from catch.domain.meeting import evolve as meeting_after
from catch.domain.meeting.state import OVER, Meeting, MeetingState
from catch.history.past import Moment, chosen, each_history, rows
from catch.log import Log
from catch.log.entries import Unreadable
from catch.metrics.definition import CaseFacts, ContactFacts, Cut, MeetingFacts
from catch.metrics.doors import REPEATS
from catch.present.merges import Merges, links
from catch.slices import in_slices
from projections import agenda, break_glass, case_summary, contacts, outcomes

TOGETHER = 200
"""Cases that are read with one statement."""


class Linked(Protocol):
    @property
    def merges(self) -> Merges: ...


class Source(Protocol):
    """What facts are gathered from: a place that is open, or as much of it as a process beside opens."""

    @property
    def log(self) -> Log: ...

    @property
    def present(self) -> Linked: ...


class Known(NamedTuple):
    """The log up to a position; `moment` where it is asked for as it was."""

    position: int
    moment: Moment | None

    @property
    def then(self) -> Moment:
        return self.moment or Moment(position=self.position)


class Part(NamedTuple):
    """One of so many parts of the people of a programme."""

    number: int
    of: int


WHOLE = Part(0, 1)


async def people(
    catch: Source, programme: str, known: Known, part: Part = WHOLE
) -> AsyncIterator[list[list[CaseFacts]]]:
    """The cases of a programme, each person's in a list of their own; so many people at once. Whoever was merged into
    somebody else by then is one with them.
    """
    every = as_one(await case_summary.by_person(catch.log.pool, programme), await merged(catch, known))
    found = [each for each in every if each[0].int % part.of == part.number]
    for piece in pieces(found, TOGETHER):
        facts = await of_cases(catch, [case for _, case in piece], known)
        yield [[*of_one(facts, held)] for _, held in groupby(piece, key=lambda each: each[0])]


async def merged(catch: Source, known: Known) -> Mapping[UUID, UUID]:
    """Under whom people went on, as it was known then."""
    facts = await catch.present.merges.upto(known.position)
    return links(chosen(facts, known.moment) if known.moment else facts)


def as_one(found: Iterable[tuple[UUID, UUID]], into: Mapping[UUID, UUID]) -> Sequence[tuple[UUID, UUID]]:
    """Cases after their people, those of one person together."""
    return sorted((into.get(person, person), case) for person, case in found)


def of_one(facts: Mapping[UUID, CaseFacts], held: Iterable[tuple[UUID, UUID]]) -> Iterator[CaseFacts]:
    """The cases of one person, each with the others."""
    own = [facts[case] for _, case in held if case in facts]
    for each in own:
        yield with_others(each, own)


def pieces(found: Sequence[tuple[UUID, UUID]], size: int) -> Iterable[list[tuple[UUID, UUID]]]:
    """So many at least, nobody's cases parted."""
    piece: list[tuple[UUID, UUID]] = []
    for _, own in groupby(found, key=lambda each: each[0]):
        piece += own
        if len(piece) >= size:
            yield piece
            piece = []
    if piece:
        yield piece


def with_others(facts: CaseFacts, own: Sequence[CaseFacts]) -> CaseFacts:
    return facts if len(own) == 1 else facts._replace(others=tuple(each for each in own if each is not facts))


async def of_cases(catch: Source, cases: Sequence[UUID], known: Known) -> dict[UUID, CaseFacts]:
    """Each of them that there was by then and that can be read."""
    return await with_glasses(catch, await states_of(catch, cases, known), known)


async def with_glasses(catch: Source, found: dict[UUID, CaseFacts], known: Known) -> dict[UUID, CaseFacts]:
    """The same with what was opened of them in an emergency. Nothing as a rule: then no history is read for it."""
    held = await break_glass.of_cases(catch.log.pool, found)
    if held and (known.moment is not None or any(row.position > known.position for row in held)):
        then: dict[Any, Any] = await rows(catch.log, break_glass.BREAK_GLASS, known.then)
        held = [row for row in then.values() if row.case_id in found]
    for row in sorted(held, key=lambda each: each.opened_at):
        facts = found[row.case_id]
        found[row.case_id] = facts._replace(glasses=(*facts.glasses, row.glass))
    return found


async def states_of(catch: Source, cases: Sequence[UUID], known: Known) -> dict[UUID, CaseFacts]:
    if known.moment is not None:
        return await folded(catch, cases, known)
    standing, episodes = (
        await case_summary.standing(catch.log.pool, cases),
        await outcomes.of_cases(catch.log.pool, cases),
    )
    found: dict[UUID, CaseFacts] = {}
    newer: list[UUID] = []
    for case, held in standing.items():
        row = episodes.get(case)
        if held.position > known.position or (row is not None and row.position > known.position):
            newer.append(case)
        elif row is not None:
            found[case] = CaseFacts(held.case, row.episodes)
    return found | await folded(catch, newer, known) if newer else found


async def folded(catch: Source, cases: Sequence[UUID], known: Known) -> dict[UUID, CaseFacts]:
    found: dict[UUID, CaseFacts] = {}
    async for case, history in in_slices((await each_history(catch.log, cases, known.then)).items()):
        facts = None if isinstance(history, Unreadable) else facts_of(case, history)
        if facts is not None:
            found[case] = facts
    return found


def facts_of(case: UUID, history: Sequence[Recorded[Any]]) -> CaseFacts | None:
    """A case and its episodes, folded from its facts."""
    state: Case | None = reduce(case_after, history, None)
    row: outcomes.Row | None = reduce(lambda held, each: outcomes.fold(held, each, case), history, None)
    return CaseFacts(state, row.episodes) if state is not None and row is not None else None


async def cases_with_others(
    catch: Source, programme: str, cases: Sequence[UUID], known: Known
) -> dict[UUID, CaseFacts]:
    """These cases, each with the others of its person in the programme."""
    own = await of_same_people(catch, programme, cases, known) if cases else ()
    facts = await of_cases(catch, [case for _, case in own], known)
    found: dict[UUID, CaseFacts] = {}
    for _, held in groupby(own, key=lambda each: each[0]):
        found |= {each.case.case: each for each in of_one(facts, held)}
    return {case: found[case] for case in cases if case in found}


async def of_same_people(
    catch: Source, programme: str, cases: Sequence[UUID], known: Known
) -> Sequence[tuple[UUID, UUID]]:
    into, db = await merged(catch, known), catch.log.pool
    whose = {into.get(person, person) for person in await case_summary.people_of(db, cases)}
    both = whose | {retired for retired, survivor in into.items() if survivor in whose}
    return as_one(await case_summary.by_person(db, programme, both), into)


async def meetings_of(catch: Source, found: Sequence[UUID], programme: str) -> list[Meeting]:
    """Those of the programme, as they stand."""
    held = await agenda.standing(catch.log.pool, found)
    return [meeting for _, meeting in held if meeting.programme == programme]


async def meetings_then(catch: Source, held: Sequence[Meeting], known: Known) -> dict[UUID, Meeting]:
    """These meetings as they were by then, where they were over."""
    found: dict[UUID, Meeting] = {}
    if not held:
        return found
    for meeting, history in (await each_history(catch.log, [each.meeting for each in held], known.then)).items():
        if isinstance(history, Unreadable):
            continue
        state: Meeting | None = reduce(after_fact, history, None)
        if state is not None and took_place(state):
            found[meeting] = state
    return found


def after_fact(meeting: Meeting | None, recorded: Recorded[Any]) -> Meeting | None:
    return meeting_after(meeting, recorded.event, recorded.envelope.occurred_at)


async def meetings(catch: Source, programme: str, known: Known) -> list[MeetingFacts]:
    """Those that are over, the earliest first."""
    held = await agenda.ended(catch.log.pool, programme)
    newer = [meeting.meeting for position, meeting in held if position > known.position]
    if known.moment is None and not newer:
        return [MeetingFacts(meeting) for _, meeting in held]
    then: dict[Any, Any] = await rows(catch.log, agenda.AGENDA, known.then)
    past = [row.meeting for row in then.values() if row.programme == programme and took_place(row.meeting)]
    return [MeetingFacts(meeting) for meeting in sorted(past, key=lambda each: (each.starts_at, each.meeting))]


def took_place(meeting: Meeting) -> bool:
    return meeting.state in OVER and meeting.state is not MeetingState.CANCELLED


async def first_contacts(catch: Source, programme: str, known: Known, cut: Cut) -> list[ContactFacts]:
    return [facts for _, facts in with_returns(await contacts_then(catch, programme, known), cut)]


async def contacts_then(catch: Source, programme: str, known: Known) -> list[contacts.Row]:
    """The contacts of a programme as they were by then."""
    held = await contacts.of_programme(catch.log.pool, programme)
    if known.moment is not None or any(row.position > known.position for row in held):
        then: dict[Any, Any] = await rows(catch.log, contacts.CONTACTS, known.then)
        held = sorted((row for row in then.values() if row.programme == programme), key=lambda row: row.contact_id)
    return held


def with_returns(held: Sequence[contacts.Row], cut: Cut) -> Iterator[tuple[contacts.Row, ContactFacts]]:
    """Each with whether whoever it is about came again: as far as these contacts say."""
    real = [row for row in held if row.received_at <= cut.at and not contacts.administrative(row)]
    again = {days: contacts.came_again(real, timedelta(days=days)) for days in REPEATS}
    for row in held:
        yield row, ContactFacts(row.contact, {days: row.contact_id in again[days] for days in REPEATS})
