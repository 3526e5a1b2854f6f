"""Every fact that is about somebody: of themselves, their cases and what is kept beside them, the contacts and the
items of meetings that were about them, what was opened of them in emergencies; and who looked.

Registers are left out: they hold nothing but ids that stand in the facts besides, and hashes.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, cast
from uuid import UUID

from msgspec import Struct

from catch.app import Catch
from catch.domain.calendar import london_day
from catch.domain.case.correcting import EntryWithdrawalRefused, EntryWithdrawalRequested
from catch.domain.case.state import Case, WithdrawReason
from catch.domain.contact import Contact
from catch.domain.facts import Fact, Recorded
from catch.domain.meeting.state import Meeting
from catch.domain.person import Person
from catch.domain.refusals import NotAnswered
from catch.domain.streams import (
    ACCESS_GRANT,
    CASE,
    CONTACT,
    MEETING,
    PERSON,
    RESTRICTED,
    Stream,
    fold,
    grants_stream,
    restricted_stream,
)
from catch.domain.subject_access import AccessRequest, found_in
from catch.evidence import reads
from catch.history.past import histories
from projections import break_glass, contacts

Facts = Sequence[Recorded[Any]]


class NoSuchPerson(NotAnswered):
    """There is no person or case under this id or number. Check it."""


class NoSuchRequest(NotAnswered):
    """Nobody has asked for this of the person. The page "What people ask for", and the case, name what was asked."""


class PersonErasedAlready(NotAnswered):
    """What was kept of this person has been erased, so that nothing is left to give to anybody. Say so to whoever asks;
    check the number, if that cannot be.
    """


class Entry(NamedTuple):
    """A fact that is about them, on a stream of this kind. `part`: what of it is, where the rest is about others.
    `shared`: its texts may speak of several people; `mistaken`: it was about somebody else, as was found out later."""

    recorded: Recorded[Any]
    stream: Stream
    part: Struct | None = None
    shared: bool = False
    mistaken: bool = False


class Gathered(NamedTuple):
    """All of it, in the order in which it happened. `streams`: where it stands; `upto`: the last position that was
    read. `others`: under which they are registered besides, being taken for one person; what was kept under an
    `erased` one of them cannot be read any more.
    """

    person: Person
    others: tuple[Person, ...]
    cases: tuple[Case, ...]
    entries: tuple[Entry, ...]
    looks: tuple[reads.Kept, ...]
    streams: tuple[UUID, ...]
    upto: int

    def asked(self, request: UUID) -> AccessRequest:
        """What is answered by it, under whichever registration somebody wrote it down. Raises `NoSuchRequest`."""
        asked = (each for one in (self.person, *self.others) for each in one.access_requests)
        if (found := found_in(asked, request)) is None:
            raise NoSuchRequest
        return found

    @property
    def ids(self) -> frozenset[UUID]:
        return frozenset(each.person for each in (self.person, *self.others))

    @property
    def erased(self) -> bool:
        return any(each.erased for each in self.others)


async def gathered(catch: Catch, id_: UUID, since: date | None = None, until: date | None = None) -> Gathered:
    """Of a person, or of whom the case is about; of facts that happened or were recorded on these London days.

    Raises `NoSuchPerson`, `PersonErasedAlready`, and an `Unreadable` rather than leave a fact out.
    """
    await catch.reached(upto := await catch.log.head())
    registered = await _taken_for_one(catch, await _person(catch, id_))
    first = next((each for each in registered if not each.erased), None)
    if first is None:
        raise PersonErasedAlready
    ids = [case for each in registered for case, _ in each.cases]
    people = [each.person for each in registered]
    called = [each for person in people for each in await contacts.about(catch.log.pool, person)]
    held = await _meetings(catch, ids)
    granted = sorted({grants_stream(row.agency) for row in await break_glass.of_cases(catch.log.pool, ids)})
    beside = [restricted_stream(case) for case in ids]
    found = await histories(catch.log, [*dict.fromkeys([*people, *ids, *beside, *called, *held, *granted])])
    cases = [state for case in ids if isinstance(state := fold(CASE, found[case]), Case)]
    wrong = frozenset(each.case for each in cases if each.of_another)
    entries = [
        *(Entry(each, PERSON, mistaken=_case_of(each) in wrong) for person in people for each in found[person]),
        *(entry for case in ids for entry in _of_case(found[case], whole=case in wrong)),
        *(Entry(each, RESTRICTED) for stream in beside for each in found[stream]),
        *(entry for contact in called for entry in _of_contact(found[contact], frozenset(people), wrong)),
        *(Entry(each, ACCESS_GRANT) for stream in granted for each in found[stream] if each.event.case in ids),
        *(entry for meeting in held for entry in _of_meeting(found[meeting], frozenset(ids), wrong)),
    ]
    own = [case for case in ids if case not in wrong]
    entries.sort(key=lambda each: (each.recorded.envelope.occurred_at, each.recorded.position))
    return Gathered(
        person=first,
        others=tuple(each for each in registered if each.person != first.person),
        cases=tuple(each for each in cases if each.case not in wrong),
        entries=tuple(each for each in entries if within(each.recorded, since, until)),
        looks=tuple([row async for row in _looks(catch, [*people, *own]) if _on(row, since, until)]),
        streams=tuple(stream for stream, facts in found.items() if facts),
        upto=upto,
    )


async def _person(catch: Catch, id_: UUID) -> Person:
    found = (await histories(catch.log, [id_]))[id_]
    if found and isinstance(state := fold(CASE, found) if _on_a_case(found) else None, Case):
        found = (await histories(catch.log, [state.person]))[state.person]
    person = fold(PERSON, found) if found and isinstance(found[0].event, PERSON.events) else None
    if not isinstance(person, Person):
        raise NoSuchPerson
    return person


def _on_a_case(found: Facts) -> bool:
    return isinstance(found[0].event, CASE.events)


async def _taken_for_one(catch: Catch, first: Person) -> list[Person]:
    """Themselves first: whoever was merged with them, and with those."""
    known, waiting = {first.person: first}, [first]
    while waiting:
        ids = {each.other(person.person) for person in waiting for each in person.merges if each.together}
        found = await histories(catch.log, sorted(ids - known.keys()))
        waiting = [state for facts in found.values() if isinstance(state := fold(PERSON, facts), Person)]
        known |= {each.person: each for each in waiting}
    return [*known.values()]


async def _meetings(catch: Catch, cases: Sequence[UUID]) -> list[UUID]:
    """Every meeting that ever named one of the cases: an agenda that was drafted anew may name it no more. The log
    itself is looked through, which takes its time: whoever asks for what is kept of them does so seldom.
    """
    named = [str(case).encode() for case in cases]
    rows = await catch.log.pool.fetch(MEETINGS, [event.__name__ for event in MEETING.events], named)
    return sorted({row["originator_id"] for row in rows})


MEETINGS = """
    select distinct originator_id from stored_events
    where topic = any($1::text[])
      and exists (select from unnest($2::bytea[]) as theirs (named) where position(named in state) > 0)
"""


def _case_of(recorded: Recorded[Any]) -> UUID | None:
    return getattr(recorded.event, "case", None)


def _of_case(facts: Facts, *, whole: bool) -> Iterator[Entry]:
    """`whole`: the case itself was about somebody else."""
    wrong = _wrong_entries(each.event for each in facts)
    return (Entry(each, CASE, mistaken=whole or bool({*_ids(each.event)} & wrong)) for each in facts)


def _ids(part: Struct) -> Iterator[UUID]:
    """Every id that it names, however deep."""
    for name in part.__struct_fields__:
        value = getattr(part, name)
        for each in cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,):
            if isinstance(each, UUID):
                yield each
            elif isinstance(each, Struct):
                yield from _ids(each)


def _wrong_entries(events: Iterable[Fact]) -> set[UUID]:
    """What somebody has said is about another person, and nobody that it is not; and that it was said."""
    events = [*events]
    said = [
        held
        for held in events
        if isinstance(held, EntryWithdrawalRequested) and held.reason is WithdrawReason.WRONG_PERSON
    ]
    refused = {held.withdrawal for held in events if isinstance(held, EntryWithdrawalRefused)}
    return {id_ for each in said if each.withdrawal not in refused for id_ in (each.entry.entry, each.withdrawal)}


def _of_contact(facts: Facts, people: frozenset[UUID], wrong: frozenset[UUID]) -> Iterator[Entry]:
    """Somebody may have called about several at once: where it led others is theirs."""
    state = fold(CONTACT, facts)
    shared = not isinstance(state, Contact) or bool(state.people - people)
    for each in facts:
        if getattr(each.event, "person", None) in (None, *people):
            yield Entry(each, CONTACT, shared=shared, mistaken=_case_of(each) in wrong)


def _of_meeting(facts: Facts, cases: frozenset[UUID], wrong: frozenset[UUID]) -> Iterator[Entry]:
    """What was said of an item about a case of theirs; of lists, as agendas are, their own lines alone."""
    items, state = dict[UUID, UUID](), None
    for each in facts:
        state = MEETING.evolve(state, each)
        assert isinstance(state, Meeting)
        items |= {item.item: item.case for item in state.items if item.case is not None and item.case in cases}
        if (case := _named(each.event, cases, items)) is not None:
            yield Entry(each, MEETING, mistaken=case in wrong)
            continue
        for part in _parts(each.event):
            if (case := _named(part, cases, items)) is not None:
                yield Entry(each, MEETING, part, mistaken=case in wrong)


def _named(value: Struct, cases: frozenset[UUID], items: Mapping[UUID, UUID]) -> UUID | None:
    """Which of the cases it is about, itself or by its item."""
    case, item = getattr(value, "case", None), getattr(value, "item", None)
    if isinstance(case, UUID) and case in cases:
        return case
    return items.get(item) if isinstance(item, UUID) else None


def _parts(event: Struct) -> Iterator[Struct]:
    for held in (getattr(event, name) for name in event.__struct_fields__):
        for part in cast("tuple[object, ...]", held) if isinstance(held, tuple) else ():
            if isinstance(part, Struct):
                yield part


async def _looks(catch: Catch, ids: Sequence[UUID]) -> AsyncIterator[reads.Kept]:
    """The latest first."""
    before = reads.LATEST
    while page := await reads.of(catch.log.pool, ids, before=before, limit=reads.PAGE):
        for row in page:
            yield row
        before = page[-1].number


def within(recorded: Recorded[Any], since: date | None, until: date | None) -> bool:
    """What happened within the days, or was written then: either is asked for by whoever names them."""
    days = (london_day(recorded.envelope.occurred_at), london_day(recorded.recorded_at))
    return any(_between(day, since, until) for day in days)


def _on(row: reads.Kept, since: date | None, until: date | None) -> bool:
    return _between(london_day(row.recorded_at), since, until)


def _between(day: date, since: date | None, until: date | None) -> bool:
    return (since is None or day >= since) and (until is None or day <= until)
