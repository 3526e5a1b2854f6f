"""Who was shown what of whom, recorded before the answer leaves, and signed like the log itself.

What arrives while a batch is being committed makes up the next one, so that a read waits for two commits at most and
nobody waits for a timer. Each row holds the hash of what it says and of the row before it. Once a second the last one
is signed as a checkpoint of a tree of its own name, and this machine remembers it: a row that was changed or removed
since is found by `catch doctor`.

The commit is one of this database's own disk and waits for no standby: while one is lost, what is known is read on.
Where nothing can be written, nobody is shown anything of anybody.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catch.database import Connection, Statements, lost
from catch.evidence import kept
from catch.evidence.leaves import microseconds
from catch.evidence.memory import remember, remembered
from catch.evidence.notes import Checkpoint, NotProved, Signer, opened
from catch.faults import RecordsAway, fault
from catch.log import Log

logger = logging.getLogger("catch.reads")

LARGEST = 256
"""Reads in a batch."""
PATIENCE = 2.5
"""Seconds that an answer waits until it is said that the records are away."""
EVERY = 1.0
"""Seconds between two signatures."""
PAGE = 5_000

RECORD = "select record_reads($1::text[], $2::text[], $3::text[], $4::text[])"
BRIEFLY = "set local synchronous_commit = local"
TURN = "select pg_try_advisory_xact_lock(hashtextextended($1 || ' reads signed', 0))"
LAST = "select number, hash from reads order by number desc limit 1"
SIGNED = "select generation, number, note from read_checkpoints order by number desc, generation desc limit 1"
HASH = "select hash from reads where number = $1"
KEEP = "insert into read_checkpoints (generation, number, note) values ($1, $2, $3)"
ENDED = """
    select number, recorded_at, agency, viewer, whose, said, hash from reads
    where whose && $1::uuid[] and said like '%"upto":%'
"""
ROWS = """
    select number, recorded_at, agency, viewer, whose, said, hash from reads
    where number > $1 order by number limit $2
"""


class Seen(Struct, frozen=True, omit_defaults=True):
    """One record, and which categories of it; without any, no more than that there is such a case, and how it is.
    `glass`: they had opened it in an emergency.
    """

    person: UUID | None = None
    case: UUID | None = None
    categories: tuple[str, ...] = ()
    glass: bool = False


class Read(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody was shown something, by this channel and operation, and why, where a reason was given.

    Of a `subscription`: what it has shown for the first time, from this position on (`after`); then that it has ended,
    having come `upto` another. Without its end it counts as having gone on.
    """

    viewer: str
    agency: str
    channel: str
    operation: str | None = None
    role: str | None = None
    purpose: str | None = None
    seen: tuple[Seen, ...] = ()
    subscription: UUID | None = None
    after: int | None = None
    upto: int | None = None

    def of(self, people: Collection[UUID], cases: Collection[UUID]) -> "Read":
        """What of it was of one of these cases, or, where it was of no case, of one of these people. A case that stood
        under somebody's name by mistake is none of theirs, although they were taken for whom it is about.
        """
        theirs = (each for each in self.seen if (each.case in cases if each.case else each.person in people))
        return replace(self, seen=tuple(theirs))

    @property
    def whose(self) -> list[UUID]:
        """By what it is found again."""
        ids = [id_ for each in self.seen for id_ in (each.person, each.case) if id_ is not None]
        return [*dict.fromkeys([*ids, *([self.subscription] if self.subscription else [])])]


class Reads:
    """Records what this process shows. `secret` signs; in `folder` this machine remembers what was signed last."""

    def __init__(self, log: Log, secret: bytes, folder: Path | None = None) -> None:
        self._log = log
        self._secret = secret
        self._folder = folder
        self._waiting: list[tuple[Read, asyncio.Future[None] | None]] = []
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._recorded = asyncio.Event()
        self._stopped: str | None = None
        self._closed = False

    async def record(self, *reads: Read) -> None:
        """Returns once they are kept. Raises `RecordsAway`: then nobody may be shown what they speak of."""
        if not reads:
            return
        loop = asyncio.get_running_loop()
        done = [loop.create_future() for _ in reads]
        self._begin(zip(reads, done, strict=True))
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*done)
        except Exception as problem:
            if lost(problem):
                raise RecordsAway from problem
            raise

    def later(self, read: Read) -> None:
        """What nobody is shown anything by, and which is worth no wait."""
        if not self._closed:
            self._begin([(read, None)])

    def _begin(self, waiting: Iterable[tuple[Read, asyncio.Future[None] | None]]) -> None:
        self._waiting += waiting
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="recorded reads")

    async def run(self) -> None:
        """Until cancelled: whatever stands in the way, reads are recorded, and signed later."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE), self._log.pool.acquire() as connection:
                    await self.sign(connection)
            except Exception as problem:
                self._recorded.set()
                if not lost(problem):
                    fault(problem, "reads")
            await asyncio.sleep(EVERY)
            await self._recorded.wait()

    async def close(self) -> None:
        self._closed = True
        if self._task is not None:
            with suppress(Exception):
                async with asyncio.timeout(PATIENCE):
                    await self._task
        if self._connection is not None:
            self._connection.terminate()

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            problem = await self._problem([read for read, _ in batch])
            for _, done in batch:
                # Whoever waited may have gone.
                if done is None or done.done():
                    continue
                if problem is None:
                    done.set_result(None)
                else:
                    done.set_exception(problem)

    async def _problem(self, reads: Sequence[Read]) -> Exception | None:
        """Why they are not recorded, if so: some may be, which says too much and never too little."""
        try:
            async with asyncio.timeout(PATIENCE):
                if self._connection is None or self._connection.is_closed():
                    # Of this disk alone: what is known is read on while a standby is lost.
                    self._connection = await self._log.database.connect({"synchronous_commit": "local"})
                await self._connection.fetchval(RECORD, *columns(reads))
        except Exception as problem:
            if self._connection is not None:
                self._connection.terminate()
            return problem
        self._recorded.set()
        return None

    # Signing

    async def sign(self, connection: Connection) -> None:
        """Signs how far they have come, unless another server does or that is not what was signed before."""
        self._recorded.clear()
        async with connection.transaction():
            await connection.execute(BRIEFLY)
            if not await connection.fetchval(TURN, self._log.schema):
                self._recorded.set()
                return
            generation = await self._log.generations.standing(connection)
            last = await connection.fetchrow(LAST)
            if generation.here is not True or last is None:
                return
            by = signer(generation.log, generation.number, self._secret)
            if why := await self.problem(connection):
                if why != self._stopped:
                    logger.error("recorded reads are signed no more: %s. `catch doctor` says what to do", why)
                self._stopped = why
                return
            checkpoint = Checkpoint(by.public.name, last["number"], last["hash"])
            before = await connection.fetchrow(SIGNED)
            if before is not None and (before["generation"], before["number"]) == (generation.number, last["number"]):
                return
            note = by.note(checkpoint.text)
            await connection.execute(KEEP, generation.number, last["number"], note)
        # Where it cannot be kept, what the database holds protects by itself.
        with suppress(OSError):
            if self._folder is not None:
                await asyncio.to_thread(remember, self._folder, checkpoint, note)

    async def problem(self, statements: Statements) -> str | None:
        """How the rows are not, or not only, what was signed, if so; of the last signature, and of the last one that
        this machine has seen."""
        generation = await self._log.generations.standing(statements)
        before = await statements.fetchrow(SIGNED)
        said: list[Checkpoint] = []
        if before is not None:
            by = signer(generation.log, before["generation"], self._secret)
            try:
                said.append(Checkpoint.read(opened(before["note"], by.public)))
            except NotProved:
                return "the last signature under them is none of this place's: somebody changed it"
            if said[0].size != before["number"]:
                return "the last signature under them was moved to another number"
        here = signer(generation.log, generation.number, self._secret)
        if self._folder is not None and (seen := remembered(self._folder, here)):
            said.append(seen)
        for checkpoint in said:
            found = await statements.fetchval(HASH, checkpoint.size)
            if found is None:
                return f"{checkpoint.size:,} were signed, and the last of them is not there any more"
            if found != checkpoint.root:
                return f"the first {checkpoint.size:,} are not those that were signed"
        return None


def signer(log: UUID, generation: int, secret: bytes) -> Signer:
    return Signer(f"{kept.origin(log, generation)}/reads", secret)


def columns(reads: Sequence[Read]) -> tuple[list[str], list[str], list[str], list[str]]:
    return (
        [read.agency for read in reads],
        [read.viewer for read in reads],
        ["{" + ",".join(map(str, read.whose)) + "}" for read in reads],
        [msgspec.json.encode(read).decode() for read in reads],
    )


class Kept(NamedTuple):
    """A row, with its place among all of them."""

    number: int
    recorded_at: datetime
    agency: str
    viewer: str
    whose: Sequence[UUID]
    said: str
    hash: bytes

    @property
    def read(self) -> Read:
        return msgspec.json.decode(self.said, type=Read)

    def follows(self, before: bytes) -> bytes:
        """The hash that it has to have behind that of the row before; as `record_reads` makes it."""
        lines = (self.number, microseconds(self.recorded_at), self.agency, self.viewer, " ".join(map(str, self.whose)))
        return sha256(before + "\n".join(map(str, (*lines, self.said))).encode()).digest()


OF = """
    select number, recorded_at, agency, viewer, whose, said, hash from reads
    where whose && $1::uuid[] and number < $2 and ($3::text is null or agency = $3)
    and ($4::timestamptz is null or recorded_at >= $4) and ($5::timestamptz is null or recorded_at < $5)
    order by number desc limit $6
"""
LATEST = 2**63 - 1


async def of(
    statements: Statements,
    whose: Sequence[UUID],
    *,
    before: int = LATEST,
    agency: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
) -> list[Kept]:
    """Of any of these people, cases or subscriptions, the latest first; by one agency's people, if one is named."""
    return [Kept(*row.values()) for row in await statements.fetch(OF, whose, before, agency, since, until, limit)]


async def ends(statements: Statements, found: Sequence[Kept]) -> dict[UUID, datetime]:
    """When the subscriptions among these ended, of those that have."""
    begun = [*{read.subscription for row in found if (read := row.read).subscription}]
    if not begun:
        return {}
    rows = await statements.fetch(ENDED, begun)
    ended = [Kept(*row.values()) for row in rows]
    return {row.read.subscription: row.recorded_at for row in ended if row.read.subscription}


async def broken(statements: Statements) -> AsyncIterator[int]:
    """The number of each row that is not the one that was recorded, or before which one is missing."""
    before, number = b"", 0
    while rows := [Kept(*row.values()) for row in await statements.fetch(ROWS, number, PAGE)]:
        for row in rows:
            if row.number != number + 1 or row.follows(before) != row.hash:
                yield row.number
            before, number = row.hash, row.number


__all__ = ["Kept", "Read", "Reads", "Seen", "broken", "ends", "of"]
