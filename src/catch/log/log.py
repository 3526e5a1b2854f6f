"""The log's face: append, look up, read, follow."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from catch import telemetry
from catch.database import Database, Pool, Statements, application, lost
from catch.database.session import fit
from catch.log.batches import look
from catch.log.clock import TIMES, Clock
from catch.log.entries import STORED, Answer, Append, Looked, MissingVersions, Stored, WentBack
from catch.log.generations import Generations, Remembered
from catch.log.invented import Mark
from catch.log.wake import POLL, Wake
from catch.log.writer import Writer

PAGE = 1000
GENERATION = 40
"""Positions of one generation are those with the same bits from here on."""
LAST = 2**63 - 1


class Log:
    """One place's log. Make it with `Log.open`; everything it does is on the loop that opened it.

    `pool` are connections of the application's role, for the read side and for queries; `clock` says what time it is.
    """

    def __init__(
        self,
        database: Database,
        pool: Pool,
        schema: str,
        writer: Writer,
        wake: Wake,
        generations: Generations,
        clock: Clock,
    ) -> None:
        self.database = database
        self.dsn = database.dsn
        self.pool = pool
        self.schema = schema
        self.generations = generations
        self.clock = clock
        self._writer = writer
        self._wake = wake
        self._closed = False
        self.mark = Mark(pool, schema)
        self._select = f"select {STORED} from {schema}.stored_events"  # noqa: S608

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        schema: str = "catch",
        pool: int = 8,
        queue: int = 4096,
        deadline: float = 5.0,
        patience: float = 15.0,
        remembers: Path | None = None,
    ) -> "Log":
        """`deadline`: seconds an append waits its turn before `Busy`; `patience`: how long a commit may take;
        `remembers`: the folder that keeps which generation of the log this machine has worked with.

        Raises `OldServer`, `UnfitSession`, or what asyncpg raises when the server cannot be reached.
        """
        database = Database(dsn, application(schema))
        connections = await database.pool(pool)
        clock = Clock()
        generations = Generations(schema, Remembered(remembers))
        try:
            await fit(connections, application(schema))
            for _ in range(TIMES):
                await clock.ask(connections)
        except BaseException:
            connections.terminate()
            raise
        wake = Wake(database, schema, clock)
        writer = Writer(
            database, schema, generations, queue=queue, deadline=deadline, patience=patience, recorded=wake.reached
        )
        return cls(database, connections, schema, writer, wake, generations, clock)

    async def close(self) -> None:
        """Followers come to their end; a query that does not within five seconds is cut off."""
        self._closed = True
        # The pool comes last: followers read through it until they have heard that the log is closed.
        await self._writer.close()
        await self._wake.close()
        try:
            async with asyncio.timeout(5):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()

    @property
    def takes_appends(self) -> bool:
        """As far as can be told from the last one: nothing is recorded to find out."""
        return self._writer.records

    async def append(self, append: Append) -> Answer:
        """Record one command's events, whole or not at all; a repeated command gets its first answer.

        Raises `Conflict`, `CommandIdReused` or `Busy`: nothing was recorded; `Unavailable`: unknown, repeat with the
        same command id.
        Cancelling the caller does not undo what may have been recorded meanwhile.
        """
        return await telemetry.within("append", self._writer.append(append))

    @property
    def waiting(self) -> int:
        """How many appends wait their turn."""
        return self._writer.waiting

    def record_at(self, moment: datetime | None) -> None:
        """When what is appended from now on is recorded, in an invented place alone: in order, and not later than now.
        None: when the database's clock says. Elsewhere appends are then refused with `TimeNotTaken`."""
        self._writer.record_at(moment)

    async def answer(self, command: UUID) -> Answer | None:
        """What this command was answered, or None: it was never recorded."""
        first = (await self.look(command, ())).first
        return first.answer if first else None

    async def look(self, command: UUID, streams: Sequence[UUID]) -> Looked:
        """Whether the command id was used, and how far the streams have come by now: one query."""
        return await look(self.pool, self.schema, command, streams)

    async def head(self) -> int:
        """The last position; 0 for an empty log."""
        return await self.pool.fetchval(f"select coalesce(max(notification_id), 0) from {self.schema}.stored_events")  # noqa: S608

    async def lost(self, position: int, head: int) -> bool:
        """Whether what was recorded up to this position is gone: the log was restored to a moment before it. `head` is
        how far the log has come."""
        # Nothing is asked for whoever begins with the present state, however often the log was begun anew.
        if not position or position >> GENERATION == head >> GENERATION:
            return False
        return await self.generations.lost(self.pool, position)

    async def stream(
        self,
        stream: UUID,
        after: int = 0,
        upto_position: int | None = None,
        limit: int | None = None,
        on: Statements | None = None,
    ) -> list[Stored]:
        """A stream's events behind version `after`, as the log stood at `upto_position`; at most so many. Raises
        `MissingVersions`. Whoever holds a connection reads `on` it: to wait for a second one may be to wait for ever.
        """
        rows = await (on or self.pool).fetch(
            f"{self._select} where originator_id = $1 and originator_version > $2"
            " and ($3::bigint is null or notification_id <= $3) order by originator_version limit $4",
            stream,
            after,
            upto_position,
            limit,
        )
        # Versions are dense, so the last one alone tells whether any is missing.
        if rows and (last := rows[-1]["originator_version"]) != after + len(rows):
            raise MissingVersions(version=last, found=after + len(rows))
        return [*map(Stored._make, rows)]

    async def rows(self, streams: Sequence[UUID]) -> list[Stored]:
        """What there is of several streams, each stream's in its order."""
        rows = await self.pool.fetch(
            f"{self._select} where originator_id = any($1::uuid[]) order by originator_id, originator_version", streams
        )
        return [*map(Stored._make, rows)]

    async def streams(self, streams: Sequence[UUID]) -> list[Stored]:
        """All events of several streams, each stream's in its order. Raises `MissingVersions`."""
        found = await self.rows(streams)
        stream, version = None, 0
        for each in found:
            version = version + 1 if each.stream == stream else 1
            stream = each.stream
            if each.version != version:
                raise MissingVersions(version=each.version, found=version - 1)
        return found

    async def page(
        self, after: int, limit: int, upto: int | None = None, topics: Collection[str] | None = None
    ) -> list[Stored]:
        """At most `limit` events behind position `after`, up to and with `upto`; only of these topics, if any are."""
        only = "" if topics is None else " and topic = any($4::text[])"
        rows = await self.pool.fetch(
            f"{self._select} where notification_id > $1 and notification_id <= $3{only}"
            " order by notification_id limit $2",
            after,
            limit,
            LAST if upto is None else upto,
            *(() if topics is None else ([*topics],)),
        )
        return [*map(Stored._make, rows)]

    @property
    def reached(self) -> int:
        """The log has come at least so far, as was heard: a hint that costs nothing, and may be late."""
        return self._wake.position

    async def grown(self, after: int) -> None:
        """Returns when the log is known to have grown beyond this position, or after a second."""
        ear = self._wake.ear()
        if self._wake.position <= after:
            await self._wake.wait(ear)

    async def last(self, upto: int | None = None) -> Stored | None:
        """The last event up to and with this position."""
        rows = await self.pool.fetch(
            f"{self._select} where notification_id <= $1 order by notification_id desc limit 1",
            LAST if upto is None else upto,
        )
        return Stored._make(rows[0]) if rows else None

    async def known_by(self, moment: datetime) -> int:
        """The position up to which every event had been recorded by then."""
        return await self.pool.fetchval(
            # By the first later fact, not the last earlier one: a clock set back leaves early times behind late ones.
            f"select coalesce(min(notification_id) - 1, {LAST}) from {self.schema}.stored_events"  # noqa: S608
            " where recorded_at > $1",
            moment,
        )

    async def share(self, after: int, limit: int, upto: int, part: int, of: int) -> list[Stored]:
        """As `page`, of one in `of` parts of the log: every stream is in one of them, whole. About `limit` events."""
        while after < upto:
            # By ends, not by count: how little a part leaves out the planner cannot know, and sorts the whole log.
            last = min(after + limit * of, upto)
            rows = await self.pool.fetch(
                f"{self._select} where notification_id > $1 and notification_id <= $2"
                # By the last byte of the id, which is spread evenly whatever the id was made of.
                " and get_byte(uuid_send(originator_id), 15) % $4 = $3 order by notification_id",
                after,
                last,
                part,
                of,
            )
            if rows:
                return [*map(Stored._make, rows)]
            after = await self._hole(last)
        return []

    async def _hole(self, after: int) -> int:
        """The last position behind `after` up to which nothing is recorded; `after` itself where there is no hole."""
        return await self.pool.fetchval(
            f"select coalesce(min(notification_id) - 1, {LAST}) from {self.schema}.stored_events"  # noqa: S608
            " where notification_id > $1",
            after,
        )

    async def follow(self, after: int, limit: int = PAGE, *, quiet: bool = False) -> AsyncGenerator[list[Stored], None]:
        """Every event behind `after`, in order, without a gap or a duplicate, until the log is closed. `quiet`: and an
        empty page whenever it has looked in vain, once a second at the least.

        Sound because positions are committed in order. While the database is away it waits and then goes on. Raises
        `WentBack` when the last event is no longer there: what follows may not be what was there before.
        """
        last: Stored | None = None
        while not self._closed:
            ear = self._wake.ear()
            try:
                # From the last fact on and not behind it: that it is still there tells that this is still the same log.
                page = await self.page(after - 1 if last else after, limit + 1 if last else limit)
                if last is not None and not begins_with(page, last):
                    await self.generations.went_back(self.pool)
                    raise WentBack(position=last.position)
            except Exception as error:
                if not lost(error):
                    raise
                await asyncio.sleep(POLL)
                continue
            if last is not None:
                del page[0]
            if page:
                last = page[-1]
                after = last.position
            if page or quiet:
                yield page
            if len(page) < limit:
                await self._wake.wait(ear)


def begins_with(page: Sequence[Stored], fact: Stored) -> bool:
    return bool(page) and (page[0].position, page[0].recorded_at) == (fact.position, fact.recorded_at)
