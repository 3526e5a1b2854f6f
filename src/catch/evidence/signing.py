"""Signs how far the log has come: half a second after a fact, or as soon as 256 have come.

Every server of a place does this, one at a time: a round is one short transaction under a lock that is only tried, and
PostgreSQL itself ends the session of one that stops in the middle. Whoever is late finds nothing left to do.

Nothing is ever signed that does not begin with what was signed before, by the database and by this machine's own
memory, which a database that was put back to an earlier state does not change. Where it does not, signing stops, the
server's log says so, and `catch doctor` says what to do. Everything else goes on: facts are still recorded.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from catch.database import Connection, lost
from catch.evidence import kept
from catch.evidence.kept import Nodes, NotKept, Signed
from catch.evidence.leaves import hash_of
from catch.evidence.memory import remember, remembered
from catch.evidence.notes import Checkpoint, NotProved, Signer
from catch.evidence.tree import Frontier
from catch.faults import fault
from catch.log import Log, Stored
from catch.log.entries import STORED
from catch.slices import in_slices

logger = logging.getLogger("catch.evidence")

WAIT = 0.5
"""Seconds that a fact waits for others to be signed with."""
ENOUGH = 256
"""Facts that wait no longer."""
PAGE = 1024
"""Facts a round, where many wait."""
LONGEST = 20.0
"""Seconds that a round may take."""
BRIEF = 0.02
"""Seconds between two looks of somebody who waits."""
AGAIN = 1.0
"""Seconds before another try, after one that failed."""

TURN = "select pg_try_advisory_xact_lock(hashtextextended($1 || ' evidence', 0))"
# Whoever falls silent in the middle does not keep others from their turn.
BRIEFLY = "set local idle_in_transaction_session_timeout = '5s'"
HEAD = "select coalesce(max(notification_id), 0) from stored_events"
FACTS = f"select {STORED} from stored_events where notification_id > $1 order by notification_id limit {PAGE}"  # noqa: S608
KEEP_LEAVES = "insert into evidence_leaves select * from unnest($1::bigint[], $2::bigint[], $3::bytea[])"
KEEP_NODES = "insert into evidence_nodes select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])"
KEEP = "insert into evidence_checkpoints (generation, size, position, note) values ($1, $2, $3, $4)"


class Inconsistent(Exception):
    """Says why nothing more is signed."""


STOPS = (Inconsistent, NotProved, NotKept)


class Signing:
    """`secret`: the 32 bytes that sign; `folder`: where this machine remembers what was signed last, if anywhere."""

    def __init__(self, log: Log, secret: bytes, folder: Path | None = None) -> None:
        self.stopped: str | None = None
        """Why nothing is signed, if so."""
        self.position = 0
        """What is signed up to here, as far as this server has seen."""
        self._log = log
        self._secret = secret
        self._folder = folder
        self._frontier: Frontier | None = None
        self._remembered: dict[str, Checkpoint | None] = {}

    async def run(self) -> None:
        """Until cancelled: whatever stands in the way, facts are recorded, and signed later."""
        while True:
            try:
                connection = await self._log.database.connect()
                try:
                    await self._follow(connection)
                finally:
                    connection.terminate()
            except Exception as problem:
                if not lost(problem):
                    fault(problem, "evidence")
            await asyncio.sleep(AGAIN)

    async def finish(self) -> None:
        """Once more, for what was recorded last, before the log is closed. What fails is left to whoever comes next."""
        if self._log.reached <= self.position:
            return
        with suppress(Exception):
            async with asyncio.timeout(AGAIN):
                connection = await self._log.database.connect()
                try:
                    # The turn of the session that was just given up may take a moment to end.
                    while self.position < self._log.reached and self.stopped is None:
                        if not await self.round(connection):
                            await asyncio.sleep(BRIEF)
                finally:
                    connection.terminate()

    async def reached(self, position: int, within: float) -> None:
        """Returns when everything up to there is signed, by whichever server. Raises `NotProved` when it is not in
        time, or is not going to be."""
        until = asyncio.get_running_loop().time() + within
        while self.position < position:
            if self.stopped is not None:
                raise NotProved(f"Nothing more is signed: {self.stopped}. `catch doctor` says what to do.")
            if asyncio.get_running_loop().time() > until:
                raise NotProved("What was recorded last is not signed yet. Try again in a moment.")
            await asyncio.sleep(BRIEF)

    async def _follow(self, connection: Connection) -> None:
        while True:
            async with asyncio.timeout(LONGEST):
                head = await connection.fetchval(HEAD)
            if head > self.position:
                while await self.round(connection):
                    pass
                if head > self.position:  # another has the turn, or nothing is signed any more
                    await asyncio.sleep(AGAIN)
            await self._log.grown(self.position)
            await self._gathered()

    async def _gathered(self) -> None:
        """Returns when enough facts wait, or long enough."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT):
                while self._log.reached < self.position + ENOUGH:
                    await self._log.grown(self._log.reached)

    async def round(self, connection: Connection) -> bool:
        """Signs what there is, if it is this server's turn; whether there may be more."""
        frontier, self._frontier = self._frontier, None
        try:
            async with asyncio.timeout(LONGEST), connection.transaction():
                await connection.execute(BRIEFLY)
                if not await connection.fetchval(TURN, self._log.schema):
                    self._frontier = frontier
                    return False
                made = await self._signed(connection, frontier)
        except STOPS as problem:
            self._stop(problem)
            return False
        self._go_on()
        # Only now: what was not committed was not signed.
        if made is None:
            return False
        self._frontier, checkpoint, note, self.position, more = made
        await self._remember(checkpoint, note)
        return more

    async def obstacle(self, connection: Connection) -> str | None:
        """Why nothing would be signed now, if so. Signs nothing."""
        # What this machine has seen is looked at before the database, which is looked at as it is at one moment: a
        # server that signs meanwhile would look like somebody who changes what is kept.
        known = await self._log.generations.standing(connection)
        self._seen(kept.signer(known.log, known.number, self._secret))
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            generation = await self._log.generations.standing(connection)
            if generation.here is not True:
                return None
            before = await kept.last(connection)
            by = kept.signer(generation.log, generation.number, self._secret)
            try:
                frontier = await self._continued(connection, before, None, generation.log)
                await self._check_memory(connection, by, before, generation.number, frontier)
            except STOPS as problem:
                return str(problem)
        return None

    async def _signed(
        self, connection: Connection, frontier: Frontier | None
    ) -> tuple[Frontier, Checkpoint, str, int, bool] | None:
        generation = await self._log.generations.standing(connection)
        if generation.here is not True:
            return None  # a standby, or a log that was moved and not begun anew: nothing is recorded there either
        before = await kept.last(connection)
        by = kept.signer(generation.log, generation.number, self._secret)
        frontier = await self._continued(connection, before, frontier, generation.log)
        await self._check_memory(connection, by, before, generation.number, frontier)
        rows = await connection.fetch(FACTS, before.position if before else 0)
        facts = [*map(Stored._make, rows)]
        if not facts and (before is None or before.generation == generation.number):
            note = before.note if before else ""
            checkpoint = Checkpoint(by.public.name, frontier.size, frontier.root())
            return frontier, checkpoint, note, before.position if before else 0, False
        await self._add(connection, frontier, facts)
        assert before or facts
        position = facts[-1].position if facts else before.position if before else 0
        checkpoint = Checkpoint(by.public.name, frontier.size, frontier.root())
        note = by.note(checkpoint.text)
        await connection.execute(KEEP, generation.number, frontier.size, position, note)
        return frontier, checkpoint, note, position, len(facts) == PAGE

    async def _continued(
        self, connection: Connection, before: Signed | None, frontier: Frontier | None, log: UUID
    ) -> Frontier:
        """The tree that was signed last. Raises `Inconsistent` and others where it is not the one that is kept."""
        count = await kept.leaves(connection)
        if before is None:
            if count:
                raise Inconsistent("hashes of facts are kept, and no checkpoint: somebody removed the checkpoints")
            return Frontier()
        said = kept.checked(before, kept.signer(log, before.generation, self._secret).public)
        if (said.origin, said.size) != (kept.origin(log, before.generation), before.size) or count != before.size:
            raise Inconsistent(f"the last checkpoint speaks of {said.size:,} facts, and hashes of {count:,} are kept")
        if frontier is None or frontier.size != said.size:
            frontier = await Nodes(connection).frontier(said.size)
        if frontier.root() != said.root:
            raise Inconsistent("the hashes that are kept do not make the root that was signed last: some were changed")
        return frontier

    async def _check_memory(
        self, connection: Connection, by: Signer, before: Signed | None, generation: int, frontier: Frontier
    ) -> None:
        """What this machine has seen signed is still the beginning of what there is."""
        seen = self._seen(by)
        if seen is None or seen == (by.public.name, frontier.size, frontier.root()):
            return
        # A new generation that has signed nothing yet cannot have been seen: its name is its own.
        size = before.size if before and before.generation == generation else 0
        if seen.size > size:
            raise Inconsistent(
                f"this machine has seen {seen.size:,} facts signed, and the database knows of {size:,}: it was put back"
                " to an earlier state without saying so"
            )
        if await Nodes(connection).root(seen.size) != seen.root:
            raise Inconsistent(f"this machine has seen another tree of {seen.size:,} facts signed than the one here")

    async def _add(self, connection: Connection, frontier: Frontier, facts: list[Stored]) -> None:
        """The next leaves, kept."""
        nodes: list[tuple[int, int, bytes]] = []

        def keep(node: tuple[int, int], made: bytes) -> None:
            if node[0] % kept.ROW == 0:
                nodes.append((*node, made))

        frontier.keep = keep
        first, hashes = frontier.size, list[bytes]()
        async for fact in in_slices(facts):
            hashes.append(hash_of(*fact))
            frontier.add(hashes[-1])
        positions = [fact.position for fact in facts]
        await connection.execute(KEEP_LEAVES, [*range(first, frontier.size)], positions, hashes)
        if nodes:
            await connection.execute(KEEP_NODES, *map(list, zip(*nodes, strict=True)))

    def _stop(self, problem: Exception) -> None:
        why = str(problem)
        if self.stopped != why:
            logger.error("nothing more is signed: %s. `catch doctor` says what to do", why)
        self.stopped = why

    def _go_on(self) -> None:
        if self.stopped is not None:
            logger.warning("signing goes on")
        self.stopped = None

    # What this machine remembers

    def _seen(self, by: Signer) -> Checkpoint | None:
        """The last of this tree that was seen signed; None: none was, or what is remembered cannot be read."""
        name = by.public.name
        if name not in self._remembered:
            self._remembered[name] = remembered(self._folder, by) if self._folder else None
        return self._remembered[name]

    async def _remember(self, checkpoint: Checkpoint, note: str) -> None:
        if self._remembered.get(checkpoint.origin) == checkpoint or not note:
            return
        self._remembered[checkpoint.origin] = checkpoint
        if self._folder is None:
            return
        try:
            await asyncio.to_thread(remember, self._folder, checkpoint, note)
        except FileNotFoundError:
            pass  # this server was given no folder of its own: it remembers for as long as it lives
        except OSError as problem:
            # As with a read-only file system: it protects for as long as the process lives.
            logger.warning("the last checkpoint is not kept: error=%s", type(problem).__name__)
