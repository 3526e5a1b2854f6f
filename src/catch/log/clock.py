"""What time it is: by the clock of the database, which all servers of a place have in common and facts are recorded by.

A server asks the database what time it says, whenever it asks whether it is there, and goes on counting from the answer
by a clock that nobody sets. What this machine takes the time to be has no say in it, unless both may be the same.

Nothing else asks this machine for the time (`tests/test_clock.py` has the list of what may). Up to a day the difference
is made up for: that much comes of a wrong time zone, or of a machine that was asleep. Beyond it one of both was never
set, nobody can tell which, and a fact with a wrong time is there for ever: then nobody is told the time at all, so that
nothing is recorded, and no token, session or right is judged, until it was put right.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from catch.database import Statements
from catch.faults import RecordsAway

NEVER_SET: Final = 86_400.0
"""Seconds between two clocks beyond which one of them was never set."""
APART: Final = 60.0
"""Seconds between two clocks that are called different."""
TIMES: Final = 3
"""How often the database is asked at first: an answer that was long on its way says little."""
ASK: Final = "select clock_timestamp()"


class ClocksApart(RecordsAway):
    """This server's clock and the database's are more than a day apart, and nobody can tell which of them is right. Ask
    again when they have been set.
    """


ClocksApart.code = RecordsAway.code


class Clock:
    """One for each log that is open. `wall` is what this machine takes the time to be, in seconds since 1970; `ticks`
    are seconds since some moment, and nobody sets them.
    """

    def __init__(self, wall: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic) -> None:
        self.ticks = ticks
        self._wall = wall
        self._offset: float | None = None
        self.ahead = 0.0
        """By how many seconds this machine's clock was ahead of the database's when it was asked last."""

    async def ask(self, database: Statements) -> None:
        asked = self.ticks()
        self.told(await database.fetchval(ASK), asked)

    def told(self, said: datetime, asked: float) -> None:
        """The database said so at some moment between the tick at which it was asked and now."""
        ticks, theirs = self.ticks(), said.timestamp()
        own = self._wall() - ticks
        least, most = theirs - ticks, theirs - asked
        # What may still be right stays, and this machine's own time is taken where it may be: so that time does not run
        # back and forth by what an answer takes.
        fitting = (each for each in (self._offset, own) if each is not None and least <= each <= most)
        self._offset = next(fitting, (least + most) / 2)
        self.ahead = own - self._offset

    def time(self) -> float:
        """In seconds since 1970. Raises `ClocksApart`, also where the database was never asked."""
        if self._offset is None or abs(self.ahead) > NEVER_SET:
            raise ClocksApart
        return self.ticks() + self._offset

    def now(self) -> datetime:
        """In UTC. Raises `ClocksApart`."""
        return datetime.fromtimestamp(self.time(), UTC)

    @property
    def apart(self) -> bool:
        """Whether somebody should look after the clocks."""
        return abs(self.ahead) > APART

    def either(self) -> tuple[float, float]:
        """For what must not get lost for a wrong clock: the time by the database's and by this machine's. Raises
        `ClocksApart`."""
        return self.time(), self.time() + self.ahead
