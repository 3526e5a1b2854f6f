"""What cases' seats and viewers' sights come to, worked out once for as long as what they rest on stands.

A sight is good for the very same case, agency and seats at the same moment; seats are good until any state at hand has
moved. The moment is renewed when something moved and at least once a second, so that a right which runs out by the
clock is gone within a second.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from catch.access import Asker, Seat, Sight, Who, seats_of, sight, who
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner
from catch.domain.streams import MEETING, PARTNER, partner_stream
from catch.log import Log
from catch.present.appearances import Appearances
from catch.present.moment import FRESH, OnceFresh
from catch.present.states import Held, States

MOST = 50_000
PUT_OUT = 500
"""States that were put out of memory, and may be kept here by what was made of them, before that is forgotten too."""
"""Cases, and viewers' sights of them, that are remembered; when there are more, all are worked out anew."""


class Judged(NamedTuple):
    """A sight, and all that the policy was asked with besides the viewer."""

    case: Case
    seats: tuple[Seat, ...]
    at: datetime
    sight: Sight | None


class Enrolled(NamedTuple):
    """Who somebody is, as their agency's facts had it on a day."""

    partner: Partner | None
    day: date
    who: Who


class Seated(NamedTuple):
    moves: int
    seats: tuple[Seat, ...]


class Rights:
    """One for all requests of a process."""

    def __init__(self, log: Log, states: States, appearances: Appearances) -> None:
        self._log = log
        self._states = states
        self._appearances = appearances
        self._moment = datetime.min.replace(tzinfo=UTC)
        self._moved = -1
        # Any statement will do: an answer shows that the records are within reach.
        self._within_reach = OnceFresh(lambda: log.pool.fetchval("select 1"))
        self._seats: dict[UUID, Seated] = {}
        self._tables: dict[UUID, tuple[Meeting, Mapping[UUID, tuple[Seat, ...]]]] = {}
        self._sights: dict[tuple[Who, UUID], Judged] = {}
        self._enrolled: dict[Asker, Enrolled] = {}
        self._put_out = 0

    async def proven(self) -> None:
        """What is at hand may be answered only while the records are within reach: otherwise nobody would tell this
        process that a right has ended. Asked once a second; raises what asyncpg raises when the database is away.
        """
        await self._within_reach.get()

    def moment(self) -> datetime:
        """Now, or a moment within the last second after which nothing has moved."""
        now, moves = self._log.clock.now(), self._states.moves
        if moves != self._moved or not timedelta(0) <= now - self._moment < FRESH:
            self._moment, self._moved = now, moves
        return self._moment

    async def who(self, asker: Asker) -> Who:
        """Who somebody is here now. Raises `NotEnrolled`."""
        partner: Partner | None = (await self._states.get(PARTNER, partner_stream(asker.agency))).state
        return self.who_of(asker, partner, self.moment())

    def who_of(self, asker: Asker, partner: Partner | None, at: datetime) -> Who:
        known = self._enrolled.get(asker)
        # By identity: a state is made anew with every fact, and to compare agencies costs more than to work this out.
        if known is not None and known.partner is partner and known.day == london_day(at):
            return known.who
        found = who(asker, partner, at)
        if len(self._enrolled) >= MOST:
            self._enrolled.clear()
        self._enrolled[asker] = Enrolled(partner, london_day(at), found)
        return found

    def sight(self, who: Who, case: Case, seats: tuple[Seat, ...], at: datetime) -> Sight | None:
        key = (who, case.case)
        known = self._sights.get(key)
        if known is not None and known.case is case and known.seats is seats and known.at == at:
            return known.sight
        found = sight(who, case, seats, at)
        self._relieve()
        self._sights[key] = Judged(case, seats, at, found)
        return found

    def _relieve(self) -> None:
        """All at once: which were used last would have to be noted at every look, and this is asked for every row."""
        if max(len(self._sights), len(self._tables)) >= MOST or self._states.put_out - self._put_out >= PUT_OUT:
            self._sights.clear()
            self._tables.clear()
            self._put_out = self._states.put_out

    async def seats(self, cases: Iterable[UUID]) -> dict[UUID, tuple[Seat, ...]]:
        """What meetings have to do with each of these cases."""
        # Before anything is waited for: what moves meanwhile must make this old.
        moves, wanted = self._states.moves, set(cases)
        known = {case: held.seats for case in wanted if (held := self._seats.get(case)) and held.moves == moves}
        if len(known) == len(wanted):
            return known
        missing = wanted - known.keys()
        await self._appearances.look(missing)
        # Sorted, or the same seats in another order would count as others.
        meetings = {case: sorted(self._appearances.meetings([case])) for case in missing}
        every = sorted({meeting for each in meetings.values() for meeting in each})
        held = await self._states.gather(MEETING, every)
        # A meeting that cannot be read seats nobody.
        tables = {
            meeting: self._table(meeting, each.state)
            for meeting, each in zip(every, held, strict=True)
            if isinstance(each, Held)
        }
        for case, where in meetings.items():
            found = tuple(seat for meeting in where if meeting in tables for seat in tables[meeting].get(case, ()))
            known[case] = self._seat(case, moves, found)
        return known

    def _seat(self, case: UUID, moves: int, found: tuple[Seat, ...]) -> tuple[Seat, ...]:
        """Equal seats stay the same object, so that what was made of them stays good."""
        before = self._seats.get(case)
        if before is not None and before.seats == found:
            found = before.seats
        if len(self._seats) >= MOST:
            self._seats.clear()
        self._seats[case] = Seated(moves, found)
        return found

    def _table(self, meeting: UUID, state: Meeting) -> Mapping[UUID, tuple[Seat, ...]]:
        """The seats of a meeting by case."""
        known = self._tables.get(meeting)
        if known is None or known[0] is not state:
            cases = {item.case for item in state.items if item.case}
            self._relieve()
            known = self._tables[meeting] = (state, {case: seats_of(state, case) for case in cases})
        return known[1]
