"""What an operator is shown in a terminal, or given as a file, is recorded before, as everybody's looks are."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.access import telling
from catch.api.audit.looks import LOOKS
from catch.api.common.recording import by_operator
from catch.app import Catch
from catch.commands.retention import Due
from catch.domain.facts import Fact, Purpose, Recorded
from catch.domain.meeting.state import Meeting
from catch.domain.streams import CASE, CONTACT, MEETING, PERSON, Stream, stream_of_event
from catch.log import Stored
from catch.log.codec import decode
from catch.log.entries import Unreadable
from catch.personal import named, sealed_in
from catch.personal.looks import TEXTS, Look, Looks
from catch.present.states import Held
from projections import case_summary

ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Said(NamedTuple):
    """A fact, as much of it as is shown: `kind` is that of its stream, `written` how it stands there. Without `event`
    it cannot be read here, and is given as it stands.
    """

    stream: UUID
    kind: Stream | None
    event: Fact | None
    written: bytes

    @property
    def ids(self) -> set[UUID]:
        """Whatever it names: a field that nobody has thought about, too."""
        return {self.stream, *(UUID(found.decode()) for found in ID.findall(self.written))}

    @property
    def about(self) -> UUID | None:
        """The case that it is about."""
        found = self.stream if self.kind is CASE else getattr(self.event, "case", None)
        return found if isinstance(found, UUID) else None


def said(recorded: Recorded[Any], part: Struct | None = None) -> Said:
    """`part`: what of it is shown."""
    event = recorded.event
    return Said(recorded.stream, stream_of_event(event), event, msgspec.json.encode(part or event))


def stored(fact: Stored) -> Said:
    try:
        return said(decode(fact))
    except Unreadable:
        return Said(fact.stream, None, None, fact.state)


class Looking:
    """What one command shows, recorded as it comes: whose it is, and of each case each category once.

    Whose a fact is: of the case and the person on whose stream it stands, and of all whose ids, or the items of whose
    cases, are in it. With `personal` texts, of those too under whose keys these are sealed.
    """

    def __init__(self, catch: Catch, operation: str, *, personal: bool = False, purpose: Purpose | None = None) -> None:
        self._catch = catch
        self._operation = operation
        self._personal = personal
        self._purpose = purpose
        self._recorded: dict[UUID | None, set[str]] = {}

    async def shows(self, told: Iterable[Said]) -> None:
        """Returns once it is kept that these are shown. Raises `RecordsAway`: then they may not be."""
        looks, facts = Looks(), [*told]
        items = items_of(
            await meetings_of(self._catch, {each.stream for each in facts if each.kind in (MEETING, None)})
        )
        await self._catch.reached(await self._catch.log.head())
        ids = set[UUID]().union(*(each.ids for each in facts))
        whose = await case_summary.whose(self._catch.log.pool, ids | {items[each] for each in ids & items.keys()})
        people = {person for person in whose.values() if person in ids}
        for each in facts:
            mentioned = each.ids
            item = getattr(each.event, "item", None)
            about = each.about or (items.get(item) if isinstance(item, UUID) else None)
            for case in {*mentioned, *(items[one] for one in mentioned & items.keys())} & whose.keys():
                looks.told(case, None, whose[case])
            if about is not None:
                looks.told(about, telling(each.event).category, whose.get(about))
                if self._personal:
                    looks.told(about, TEXTS)
            for person in mentioned & people:
                looks.of_person(person)
            if each.kind in (PERSON, CONTACT) or (each.kind is None and each.stream not in whose):
                looks.of_person(each.stream)
            for text in sealed_in(each.event) if self._personal and each.event is not None else ():
                if (subject := named(text)) is not None:
                    looks.of_person(subject)
        await by_operator(self._catch, self._new(looks), self._operation, purpose=self._purpose)

    async def leaves(self, facts: Sequence[Stored]) -> None:
        """As `shows`, of facts as they are stored, sealed as they are."""
        await self.shows(map(stored, facts))

    def _new(self, looks: Looks) -> list[Look]:
        found = list[Look]()
        for each in looks.all():
            known = self._recorded.get(each.case or each.person)
            new = tuple(category for category in each.categories if known is None or category not in known)
            if known is None or new:
                self._recorded.setdefault(each.case or each.person, set()).update(new)
                found.append(each._replace(categories=new))
        return found


async def meetings_of(catch: Catch, streams: Iterable[UUID]) -> list[Meeting]:
    """Those of them that are meetings and can be read."""
    held = await catch.present.states.gather(MEETING, streams)
    return [each.state for each in held if isinstance(each, Held) and each.state]


def items_of(meetings: Iterable[Meeting]) -> dict[UUID, UUID]:
    """The case of each item, whatever has become of it."""
    return {item.item: item.case for each in meetings for item in each.items if item.case}


class About(NamedTuple):
    """What an operator asks of: a case, or a person with their cases. What was another's is none of theirs."""

    people: tuple[UUID, ...]
    cases: tuple[UUID, ...]


async def asked_who_saw(catch: Catch, record: UUID) -> About:
    """An operator asks who looked at a case or a person."""
    looks = Looks()
    # As the read side has it: nobody is kept from knowing who looked by a fact of the case that cannot be read.
    row = await case_summary.one(catch.log.pool, record)
    if row is not None:
        looks.told(record, LOOKS, row.person)
    else:
        looks.of_person(record)
    await by_operator(catch, looks.all(), "who-saw")
    if row is not None:
        return About((), (record,))
    ids = [case for case, _ in await case_summary.of_person(catch.log.pool, record)]
    theirs = await case_summary.many(catch.log.pool, ids)
    return About((record,), tuple(case for case in ids if case not in theirs or not theirs[case].case.of_another))


async def listed_due(catch: Catch, found: Sequence[Due]) -> None:
    """An operator is shown who has been kept long enough, and their cases' numbers."""
    looks = Looks()
    for each in found:
        looks.of_person(each.person)
        for case in each.cases:
            looks.told(case.case, None, each.person)
    await by_operator(catch, looks.all(), "retention due")


async def told_numbers(catch: Catch, cases: Sequence[UUID], operation: str) -> list[case_summary.Row]:
    """An operator is told that there are such cases, their numbers and how they stand."""
    looks, rows = Looks(), await case_summary.many(catch.log.pool, cases)
    for case in cases:
        looks.told(case, None, rows[case].person if case in rows else None)
    await by_operator(catch, looks.all(), operation)
    return [rows[case] for case in cases if case in rows]
