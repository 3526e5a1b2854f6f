"""Folded streams and plain texts for one answer, gathered with few statements however many cases it speaks of."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from catch.access import Asker, RedactionReason, Seat, Sight, Who, looking, recused
from catch.api.common import types
from catch.api.common.redaction import Texts
from catch.app import Catch
from catch.domain.access_grant import Grants
from catch.domain.case.state import Case
from catch.domain.facts import Recorded, Sealed
from catch.domain.partner import Partner
from catch.domain.person import Person
from catch.domain.programme import ProgrammeHistory
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import UnknownProgramme
from catch.domain.restricted import Beside
from catch.domain.streams import (
    ACCESS_GRANT,
    CASE,
    PARTNER,
    PERSON,
    PROGRAMME,
    RESTRICTED,
    Stream,
    grants_stream,
    partner_stream,
    programme_stream,
    restricted_stream,
)
from catch.history.past import Moment, each_history, histories
from catch.log.entries import Unreadable
from catch.personal import Unopened
from catch.personal.keyring import Reader
from catch.personal.looks import Looks, must_be_noted, noted
from catch.present.answers import Rests
from catch.present.rights import Rights
from catch.present.states import Held, folded
from projections import case_summary


class Facts:
    """What may be shared between viewers. One a request, or one for all who hear of the same live event."""

    def __init__(self, catch: Catch, at: datetime, rights: Rights | None = None) -> None:
        """`rights` is shared by all requests of a process, where there are such."""
        self.catch = catch
        self._states = catch.present.states
        self.at = at
        self.rights = rights or catch.present.rights
        self.rests = Rests()
        self._seats: dict[UUID, tuple[Seat, ...]] = {}
        self._sights: dict[Who, dict[UUID, Sight | None]] = {}
        self._strangers: set[str] = set()
        self._programmes: dict[tuple[str, int | None], Programme] = {}
        self._expected: set[UUID] = set()
        self._gathered: set[UUID] = set()
        self._gathering = asyncio.Lock()
        self._reader: Reader | None = None
        self._readable: frozenset[UUID] = frozenset()
        self._erasures = -1

    async def texts(self, *subjects: UUID) -> Texts:
        """What reads the texts sealed under these subjects, for somebody to be shown: whose they are is noted. The keys
        of those expected together come together. Raises `NobodyNotes`."""
        return await self._reads(subjects, must_be_noted())

    async def legible(self, subject: UUID, texts: Iterable[Sealed | None]) -> bool:
        """Whether all of these are there and can be read. Nobody is shown them."""
        reader = await self._reads((subject,), None)
        return not any(text is None or isinstance(reader.get(text), Unopened) for text in texts)

    async def _reads(self, subjects: Collection[UUID], looks: Looks | None) -> Reader:
        keyring, reader = self.catch.keyring, self._reader
        # A key that was destroyed since must not be read from memory.
        if reader is None or self._erasures != keyring.erasures or not self._readable.issuperset(subjects):
            reader = await keyring.reader(subjects)
        return reader.only(*subjects, told=looks and looks.of_person)

    async def case(self, case: UUID) -> Held:
        self.rests.streams.add(case)
        return await self._states.get(CASE, case)

    async def beside(self, case: UUID) -> Beside | None:
        """What is restricted, beside the case: for those only who may see it."""
        stream = restricted_stream(case)
        self.rests.streams.add(stream)
        return (await self._states.get(RESTRICTED, stream)).state

    async def person(self, person: UUID) -> Person | None:
        self.rests.streams.add(person)
        return (await self._states.get(PERSON, person)).state

    async def readable_person(self, person: UUID) -> Person | None:
        """None also in the place of one that cannot be read: in a list they take nobody else with them."""
        try:
            return await self.person(person)
        except Unreadable:
            return None

    async def partner(self, agency: str) -> Partner | None:
        # A stream that does not exist is not kept at hand: without this, each case would ask for it again.
        if agency in self._strangers:
            return None
        stream = partner_stream(agency)
        self.rests.streams.add(stream)
        held: Partner | None = (await self._states.get(PARTNER, stream)).state
        if held is None:
            self._strangers.add(agency)
        return held

    async def programme(self, key: str, version: int | None = None) -> Programme:
        """Raises `UnknownProgramme`. No version: the present one."""
        # Asked for every row, of few programmes.
        if (known := self._programmes.get((key, version))) is not None:
            return known
        history = await self.history(key)
        held = history.current if version is None else history.version(version)
        if held is None:
            raise UnknownProgramme(programme=key)
        self._programmes[key, version] = held
        return held

    async def history(self, key: str) -> ProgrammeHistory:
        """All its versions, and whether it takes referrals. Raises `UnknownProgramme`."""
        stream = programme_stream(key)
        self.rests.streams.add(stream)
        history: ProgrammeHistory | None = (await self._states.get(PROGRAMME, stream)).state
        if history is None:
            raise UnknownProgramme(programme=key)
        return history

    def expect(self, cases: Iterable[UUID]) -> None:
        """These cases may be asked for one by one: the first time, all of them are gathered."""
        self._expected.update(case for case in cases if case not in self._gathered)

    async def gathered(self) -> None:
        """Expected cases, their persons and the persons' keys: one query each, however many there are."""
        # While others gather there is something to wait for, although nothing is left to expect.
        if not self._expected and not self._gathering.locked():
            return
        async with self._gathering:
            expected, self._expected = self._expected, set()
            if not expected:
                return
            # What cannot be read is in the way of nobody but whoever asks for it.
            held = [each.state for each in await self._states.gather(CASE, expected) if isinstance(each, Held)]
            await self._states.gather(RESTRICTED, map(restricted_stream, expected))
            people = {each.person for each in held if each}
            await self._states.gather(PERSON, people)
            # Before the keys are read: one destroyed meanwhile then makes this reader old.
            erasures = self.catch.keyring.erasures
            readable = self._readable.union(people)
            self._reader = await self.catch.keyring.reader(readable)
            self._readable, self._erasures = readable, erasures
            self._gathered |= expected

    async def problem(self, case: UUID) -> Unreadable | None:
        """What keeps a case from being shown: a fact of it, of its person or of its programme that cannot be read."""
        try:
            held: Case | None = (await self.case(case)).state
            if held is not None:
                await self.person(held.person)
                await self._states.get(PROGRAMME, programme_stream(held.programme))
        except Unreadable as problem:
            return problem
        return None

    async def last_known(self, case: UUID) -> Case | None:
        """A case of which a fact cannot be read, as the read side has it without: so much says who may know of it."""
        self.rests.rows = True
        row = await case_summary.one(self.catch.log.pool, case)
        return row.case if row else None

    async def seats(self, cases: Iterable[UUID]) -> Mapping[UUID, tuple[Seat, ...]]:
        """What meetings have to do with each of these cases."""
        missing = [case for case in cases if case not in self._seats]
        if missing:
            self._seats.update(await self.rights.seats(missing))
            self.rests.streams.update(self.catch.present.appearances.meetings(missing))
        return self._seats

    async def who(self, asker: Asker) -> Who:
        """Who somebody is here now. Raises `NotEnrolled`."""
        return self.rights.who_of(asker, await self.partner(asker.agency), self.at)

    async def looking(self, who: Who) -> Who:
        """The same, with what they have opened in an emergency: for whoever reads one case, and for nothing else.
        Whoever is kept out of another case of the person since then has nothing of theirs open any more.
        """
        opened = looking(who, await self.grants(who.agency), self.at)
        shut = {case for case, _ in opened.glass if await self.kept_from_whom(opened, case)}
        return replace(opened, glass=frozenset(each for each in opened.glass if each[0] not in shut))

    async def recused(self, who: Who, case: UUID) -> bool:
        """Whether somebody is kept out of the case; where it cannot be read, as far as can be told."""
        held = await self._as_known(case)
        return held is not None and recused(who, held, (await self.seats((case,)))[case])

    async def kept_from(self, who: Who, person: UUID) -> bool:
        """Whether somebody is kept out of any case of the person: who is close to them is so in every programme."""
        try:
            found = await self.person(person)
            cases = found.cases if found else ()
        except Unreadable:
            self.rests.rows = True
            cases = await case_summary.of_person(self.catch.log.pool, person)
        return any([await self.recused(who, case) for case, _ in cases])

    async def kept_from_whom(self, who: Who, case: UUID) -> bool:
        """The same of whom a case is about."""
        held = await self._as_known(case)
        return held is not None and await self.kept_from(who, held.person)

    async def _as_known(self, case: UUID) -> Case | None:
        try:
            return (await self.case(case)).state
        except Unreadable:
            return await self.last_known(case)

    async def grants(self, agency: str) -> Grants | None:
        """What the agency's people opened in emergencies."""
        stream = grants_stream(agency)
        self.rests.streams.add(stream)
        return (await self._states.get(ACCESS_GRANT, stream)).state

    async def sight(self, viewer: Who, case: Case) -> Sight | None:
        """What the viewer sees of the case, with the rights they have now; None where, for them, there is none.

        Whoever is kept out of it is answered as if there were none: that they are is said of items of an agenda alone.
        """
        sights = self._sights.get(viewer)
        if sights is None:
            sights = self._sights[viewer] = {}
        try:
            known = sights[case.case]
        except KeyError:
            seats = (await self.seats((case.case,)))[case.case]
            seen = self.rights.sight(viewer, case, seats, self.at)
            known = sights[case.case] = None if seen and seen.hidden is RedactionReason.RECUSED else seen
        # Each time: what is looked up once is shown to several.
        if known is not None and (looks := noted()) is not None:
            looks.sighted(case.case, case.person, glass=known.glass)
        return known


class Past:
    """Cases and persons as they were at a moment of history. Rights are never read from here."""

    def __init__(self, catch: Catch, as_at: types.AsAt) -> None:
        self._catch = catch
        self._as_at = as_at
        self._held: dict[UUID, Held | Unreadable] = {}

    @property
    def _moment(self) -> Moment:
        # A position of 0 is one, an empty time none.
        asked = self._as_at
        times = (asked.recorded_at or None, asked.occurred_at or None)
        return Moment(None if any(times) else asked.position or 0, *times)

    @property
    def moment(self) -> datetime | None:
        """The time asked for; None where a position was."""
        return self._as_at.recorded_at or self._as_at.occurred_at or None

    async def history(self, stream: UUID) -> list[Recorded[Any]]:
        """The stream's facts up to the moment asked for."""
        return (await histories(self._catch.log, [stream], self._moment))[stream]

    async def gather(self, cases: Sequence[UUID]) -> None:
        """Cases and their persons with one query each."""
        await self.load(CASE, cases)
        held = [each.state for each in map(self._held.__getitem__, cases) if isinstance(each, Held)]
        await self.load(PERSON, [each.person for each in held if each])
        await self.load(RESTRICTED, map(restricted_stream, cases))

    async def load(self, stream: Stream, ids: Iterable[UUID]) -> None:
        """With one query for all that have not been read yet."""
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._held]
        for id_, recorded in (await each_history(self._catch.log, missing, self._moment)).items():
            self._held[id_] = recorded if isinstance(recorded, Unreadable) else folded(stream, recorded)

    async def case(self, case: UUID) -> Held:
        """Raises an `Unreadable`."""
        return await self._one(CASE, case)

    async def beside(self, case: UUID) -> Beside | None:
        return (await self._one(RESTRICTED, restricted_stream(case))).state

    async def person(self, person: UUID) -> Person | None:
        return (await self._one(PERSON, person)).state

    async def _one(self, stream: Stream, id_: UUID) -> Held:
        await self.load(stream, [id_])
        held = self._held[id_]
        if isinstance(held, Unreadable):
            raise held
        return held
