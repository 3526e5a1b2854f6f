"""Which log this is, and which generation of it: a position means a fact of one generation only.

After a restore, or when a standby takes over that lacked the last facts, the log is begun anew (see
schema/sql/0016_generations.sql): by whichever server first finds that the database is not the one where the log was, or
that facts are gone. A server remembers the newest generation that it has worked with, in a file, so that one that
comes back to a former primary refuses to write there, even after a restart.
"""

import logging
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from catch.database import Demoted, Statements
from catch.disk import written
from catch.domain.refusals import Refused

logger = logging.getLogger("catch.place")

MOVED = "the database is another one, or was restored or promoted"
GONE = "facts that a server had read were no longer there"
RESTORED = "whoever runs the system said that it was restored"


class FormerPrimary(Refused):
    """Nothing can be recorded here, and nothing was: this database holds an older generation of the records than this
    server has worked with, as a former primary does that was not shut off. Whoever runs the system is told what to do
    by `catch doctor`."""


class PositionLost(Refused):
    """What was recorded up to this position was lost when the records were restored to an earlier moment. Ask again
    without a position, and look whether what you sent is there."""


class Generation(NamedTuple):
    """`here`: whether the database is the one in which it was begun; None on a standby."""

    number: int
    log: UUID
    here: bool | None


class Remembered:
    """The newest generation of each log that was worked with on this machine; without `folder`, by this process."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._numbers: dict[UUID, int] = {}

    def number(self, log: UUID) -> int:
        if log not in self._numbers:
            self._numbers[log] = self._kept(log)
        return self._numbers[log]

    def keep(self, log: UUID, number: int) -> None:
        if number <= self.number(log):
            return
        self._numbers[log] = number
        if self._folder is None or number == 1:  # none is older than the first
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            written(self._folder / str(log), f"{number}\n")
        except OSError as problem:
            # As with a read-only file system: it protects for as long as the process lives.
            logger.warning("the generation of the log is not kept: error=%s", type(problem).__name__)

    def path(self, log: UUID) -> Path | None:
        return self._folder / str(log) if self._folder else None

    def _kept(self, log: UUID) -> int:
        path = self.path(log)
        try:
            return int(path.read_text(encoding="ascii")) if path else 1
        except (OSError, ValueError):
            return 1


class Generations:
    """Of one place's log, as this process has met them."""

    def __init__(self, schema: str, remembered: Remembered) -> None:
        self.remembered = remembered
        self._standing = (
            f"select number, log, place = {schema}.here() as here from {schema}.generations"  # noqa: S608
            " order by number desc limit 1"
        )
        self._begin = f"select {schema}.begin_generation($1, $2)"
        self._lost = f"select exists (select from {schema}.generations where ends < $1 and $1 <= begins)"  # noqa: S608

    async def standing(self, statements: Statements) -> Generation:
        row = await statements.fetchrow(self._standing)
        assert row is not None
        return Generation(*row.values())

    async def settle(self, statements: Statements) -> None:
        """Called with each connection that may write. A log that lies elsewhere than it did is begun anew.

        Raises `FormerPrimary`; or `Demoted`: a connection to a standby outlives the promotion, and would then write
        into a log that was not begun anew.
        """
        found = await self.standing(statements)
        if found.here is None:
            raise Demoted
        if found.number < self.remembered.number(found.log):
            logger.error("a former primary: generation=%d", found.number)
            raise FormerPrimary
        if found.here is False:
            found = await self._anew(statements, found, MOVED)
        self.remembered.keep(found.log, found.number)

    async def went_back(self, statements: Statements) -> None:
        """What was read is not there any more. At a former primary nothing is begun: the facts are elsewhere."""
        found = await self.standing(statements)
        if found.here is not None and found.number >= self.remembered.number(found.log):
            await self._anew(statements, found, GONE)

    async def begin(self, statements: Statements) -> int:
        """Because whoever runs the system says so; the new generation's number."""
        return (await self._anew(statements, await self.standing(statements), RESTORED)).number

    async def lost(self, statements: Statements, position: int) -> bool:
        """Whether facts up to this position were lost: it lies between two generations."""
        return await statements.fetchval(self._lost, position)

    async def _anew(self, statements: Statements, found: Generation, why: str) -> Generation:
        number: int = await statements.fetchval(self._begin, found.number, why)
        if number != found.number:
            logger.error("the log begins a new generation: generation=%d reason=%s", number, why)
        return await self.standing(statements)
