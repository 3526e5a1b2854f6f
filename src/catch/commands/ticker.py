"""Time passing makes no facts by itself: the ticker looks which clocks have fallen due, and has that recorded; and who
is to be erased by now, and does that.

Any server may run one. The one that keeps the read side works, so that one at a time does; where two do all the same,
what each asks has an id made of what fell due, and the case takes it once. It keeps nothing: a server that takes over
goes through all live cases, and what fell due while none ran is recorded then, as having occurred when it was due.
"""

import asyncio
import heapq
import logging
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from catch.commands.cases import pinned_of
from catch.commands.commands import Commands
from catch.commands.destroying import TICKER, destroy, erased
from catch.commands.questions import Records
from catch.database import lost
from catch.domain.case.clocks import Fallen, fallen, falls_due
from catch.domain.case.deadlines import NothingFellDue, RecordClockBreach, RecordClockWarning, untold
from catch.domain.case.state import Case
from catch.domain.erasing import ErasePerson, NotToBeErased
from catch.domain.facts import Purpose, Recorded
from catch.domain.ids import id_of_digest
from catch.domain.streams import CASE, PERSON, PROGRAMME, programme_stream, stream_of_event
from catch.faults import RecordsAway, fault
from catch.log.entries import Busy, Unavailable
from catch.present.follower import Follower
from catch.present.states import Broken
from catch.readside import NotCaughtUp
from projections import case_summary, erasures

logger = logging.getLogger("catch.place")

EVERY = 1.0
"""Seconds between two looks: a clock may count in minutes."""
LATER = timedelta(hours=1)
"""After so long a case is looked at again whose clocks could not be recorded."""
GROUP = 100
"""Cases that are looked at together: folding as many as these holds nothing up for long."""


class Ticker:
    """What it holds is when each live case falls due next."""

    def __init__(self, commands: Commands, records: Records, follower: Follower) -> None:
        self._commands = commands
        self._records = records
        self._follower = follower
        self._next: dict[UUID, datetime] = {}
        self._queue: list[tuple[datetime, UUID]] = []
        self._changed: set[UUID] = set()
        self._people: set[UUID] = set()
        self._put_off: dict[UUID, datetime] = {}
        self._begun = False

    async def run(self, every: float = EVERY) -> None:
        """Until cancelled."""
        self._follower.listeners.append(self.heard)
        try:
            while True:
                try:
                    await self._turn()
                # Whatever it was, and however long it lasts: clocks go on falling due afterwards.
                except Exception as problem:
                    self._begun = False
                    if not away(problem):
                        fault(problem, "ticker")
                await asyncio.sleep(every)
        finally:
            self._follower.listeners.remove(self.heard)

    async def _turn(self) -> None:
        if self._records.readside.leading:
            await self.tick()
        else:
            self._begun = False
            self._changed.clear()
            self._people.clear()

    def heard(self, recorded: Recorded[Any]) -> None:
        """What the next look has to look at again."""
        stream = stream_of_event(recorded.event)
        if stream is CASE:
            self._changed.add(recorded.stream)
        elif stream is PERSON:
            self._people.add(recorded.stream)

    async def tick(self) -> int:
        """Records what has fallen due by now, and returns how much that was."""
        begins = not self._begun
        if begins:
            await self._begin()
        changed, people = self._changed, self._people
        self._changed, self._people = set(), set()
        for person in people:
            changed |= {case for case, _ in await case_summary.of_person(self._records.log.pool, person)}
        now = self._records.log.clock.now()
        while self._queue and self._queue[0][0] <= now:
            at, case = heapq.heappop(self._queue)
            # Otherwise it was put off since, or settled.
            if self._next.get(case) == at:
                changed.add(case)
        return await self._look(changed, now) + await self._erase(people, now, begins=begins)

    async def _begin(self) -> None:
        """Every live case is looked at; what is heard meanwhile is looked at again."""
        self._next, self._queue = {}, []
        await self._records.readside.reached(self._follower.position)
        async for group in live(self._records):
            self._changed.update(group)
        self._begun = True

    async def _erase(self, people: set[UUID], now: datetime, *, begins: bool) -> int:
        """The fact first, then the key. Stopped between the two, the next look finds the key of somebody who was erased
        and destroys it. The other way round, a hold that came in time would come too late, and nobody be told that
        what they cannot read any more was erased.
        """
        recorded = 0
        for person, erasure in await erasures.due(self._records.log.pool, now):
            if person in people or self._put_off.get(person, now) <= now:
                recorded += await self._erase_one(person, erasure, now)
        if recorded or people or begins:
            await self._records.readside.reached(await self._records.log.head())
            await destroy(self._records)
        return recorded

    async def _erase_one(self, person: UUID, erasure: UUID, now: datetime) -> int:
        self._put_off.pop(person, None)
        try:
            return await erased(self._commands, self._records, ErasePerson(person, erasure))
        except Exception as problem:
            if away(problem):
                raise
            # A hold, or a case that was opened: it is looked at again, and one person keeps no other waiting.
            if not isinstance(problem, NotToBeErased):
                fault(problem, "ticker")
            self._put_off[person] = now + LATER
            return 0

    async def _look(self, cases: Iterable[UUID], now: datetime) -> int:
        wanted, recorded = sorted(cases), 0
        for begin in range(0, len(wanted), GROUP):
            group = wanted[begin : begin + GROUP]
            found = await self._records.states.gather(CASE, group)
            for id_, held in zip(group, found, strict=True):
                self._next.pop(id_, None)
                # One that cannot be read is told of where it is asked for.
                if not isinstance(held, Broken) and held.state is not None:
                    recorded += await self._looked_at(held.state, now)
        return recorded

    async def _looked_at(self, case: Case, now: datetime) -> int:
        try:
            return await self._look_at(case, now)
        except Exception as problem:
            if away(problem):
                raise
            # One that cannot be taken keeps no other waiting.
            fault(problem, "ticker")
            self._wait(case.case, now + LATER)
            return 0

    def _wait(self, case: UUID, at: datetime) -> None:
        self._next[case] = at
        heapq.heappush(self._queue, (at, case))

    async def _look_at(self, case: Case, now: datetime) -> int:
        history = (await self._records.states.get(PROGRAMME, programme_stream(case.programme))).state
        programme = pinned_of(history, case)
        rules = programme.clocks if programme else ()
        if (at := falls_due(case, rules, now)) is not None:
            self._wait(case.case, at)
        due = [held for held in fallen(case, rules, now) if untold(case, held)]
        if not due or await self._died(case):
            return 0
        return sum([await self._record(case, held) for held in sorted(due, key=lambda held: held.at)])

    async def _died(self, case: Case) -> bool:
        (person,) = await self._records.states.gather(PERSON, [case.person])
        return not isinstance(person, Broken) and person.state is not None and person.state.deceased is not None

    async def _record(self, case: Case, held: Fallen) -> int:
        kind = RecordClockBreach if held.breach else RecordClockWarning
        what = f"{kind.__name__} {case.case}/{case.episode}/{case.programme_version}/{held.clock}"
        try:
            answer = await self._commands.take(
                kind(case.case, held.clock, case.episode),
                by=TICKER,
                command_id=id_of_digest(self._records.keyring.digest(what)),
                occurred_at=held.at,
                purpose=Purpose.ADMINISTRATION,
            )
        # The case has moved on: what moved it is heard, and it is looked at again.
        except NothingFellDue:
            return 0
        return 0 if answer.repeated else len(answer.events)


def away(problem: Exception) -> bool:
    """Whether the records cannot be reached at present, or not as far as they go."""
    return lost(problem) or isinstance(problem, RecordsAway | Unavailable | Busy | NotCaughtUp)


async def live(records: Records) -> AsyncIterator[list[UUID]]:
    """Every live case, some at a time."""
    after = UUID(int=0)
    while found := await case_summary.live_after(records.log.pool, after, GROUP):
        yield found
        after = found[-1]
