"""Which server keeps which tables, and what becomes of one that falls silent.

Each server has a session that it folds on, and a row that it beats into on that very session. What it keeps it holds by
advisory locks of the session. Whoever sees for some seconds, by its own counting and by no clock, that a server does
not beat, and that its session does nothing but wait for it, ends all its sessions: its locks are free, what it had
begun is rolled back, and when it wakes up it cannot write.

Of one release one server keeps tables. Of several releases the newest keeps those that both have, since it can read
every fact that the others can; the others go on with those that they alone have. One that still lacks a table fills it
first, and leaves the rest to those that lack none.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Collection, Hashable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import asyncpg

from catch.database import Connection, Record, Silent

logger = logging.getLogger("catch.readside")

Release = tuple[int, ...]

BEAT = 1.0
"""Seconds between two beats."""
BRIEFLY = 0.1
"""Seconds between two beats while another is about to leave some of its tables, which nobody folds for a moment."""
SILENT = 6.0
"""Seconds without a beat, after which a server is ended: with what it takes to see and to do it, less than ten."""
DOUBTFUL = 2.0
"""Seconds without one, after which its session is looked at as well."""
WAITED = 3.0
"""Seconds for which that must have waited for its server."""
ANSWER = 4.0
"""Seconds that the database may take to answer a beat, before the server gives up by itself."""
TURN = 30.0
"""Seconds that a beat waits for what is being folded. While its session works for it, a server is not silent."""

HERE = "database = (select oid from pg_database where datname = current_database())"
KEY = "(classid::bigint << 32) | objid::bigint"
PRESENT = f"select {KEY} from pg_locks where locktype = 'advisory' and objsubid = 1 and {HERE}"  # noqa: S608
JOIN = "select pg_advisory_lock_shared($1::bigint)"
OTHERS = f"""
    select key, pid, release, tables, keeps, complete, beat from servers
    where key <> $1 and key in ({PRESENT})
"""  # noqa: S608
SAY = """
    insert into servers (key, pid, release, tables, keeps, complete, beat)
    values ($1, pg_backend_pid(), $2, $3, $4, $5, clock_timestamp())
    on conflict (key) do update set keeps = excluded.keeps, complete = excluded.complete, beat = excluded.beat
"""
FORMER = f"select count(*) from servers where release[1] < $1 and key in ({PRESENT})"  # noqa: S608
"""Servers of releases that do not know this migration."""
CLEAR = "delete from servers where beat < clock_timestamp() - interval '7 days'"
LEAD = "select pg_try_advisory_lock(hashtextextended(current_schema() || ' read side ' || $1::int[]::text, 0))"
TABLE = "hashtextextended(current_schema() || ' read model ' || name, 0)"
TAKE = f"select name from unnest($1::text[]) name where pg_try_advisory_lock({TABLE})"  # noqa: S608
LEAVE = f"select pg_advisory_unlock({TABLE}) from unnest($1::text[]) name"  # noqa: S608
# A session that works, or was asked for something a moment ago, is not silent, however late its server's beat is.
WAITING = """
    select pid, a.state_change from unnest($1::int[]) pid left join pg_stat_activity a using (pid)
    where a.pid is null or a.state = 'disabled' or a.state like 'idle%' or a.wait_event_type = 'Client'
"""
END = f"""
    select count(pg_terminate_backend(pid)) from pg_locks
    where locktype = 'advisory' and objsubid = 1 and {HERE} and {KEY} = any($1::bigint[])
"""  # noqa: S608


class Changed(Exception):
    """This server keeps other tables from now on."""


class Share(NamedTuple):
    """What a server reads and keeps, as it says of itself, and when it last did."""

    key: int
    pid: int
    release: Release
    tables: frozenset[str]
    keeps: frozenset[str] = frozenset()
    complete: bool = False
    beat: datetime | None = None

    @classmethod
    def of(cls, row: Record) -> "Share":
        tables, keeps = frozenset(row["tables"]), frozenset(row["keeps"])
        return cls(row["key"], row["pid"], tuple(row["release"]), tables, keeps, row["complete"], row["beat"])


def due(mine: Share, others: Iterable[Share]) -> frozenset[str]:
    """The tables that this release is to keep: all that no other has more right to."""
    right = (mine.complete, mine.release)
    return mine.tables.difference(
        *(other.tables for other in others if other.release != mine.release and (other.complete, other.release) > right)
    )


def settled(mine: Share, others: Iterable[Share]) -> bool:
    """Is none of its tables kept by a former release, which could not read what this one is about to record?"""
    return not any(other.release < mine.release and other.keeps & mine.tables for other in others)


class Watched:
    """For how long each of several shows the same sign, by this server's own counting: no clock has a say."""

    def __init__(self) -> None:
        self._signs: dict[int, tuple[Hashable, float]] = {}

    def still(self, signs: Mapping[int, Hashable]) -> dict[int, float]:
        """Seconds since each was seen to show what it shows. Who shows nothing now is forgotten."""
        now, before = time.monotonic(), self._signs
        self._signs = {
            each: before[each] if each in before and before[each][0] == sign else (sign, now)
            for each, sign in signs.items()
        }
        return {each: now - since for each, (_, since) in self._signs.items()}


class Lease:
    """This server's, for as long as its session lasts.

    `held` are the tables that it keeps; `changed` is set when they are others than before. `wanting`: another is about
    to leave it some.
    """

    def __init__(self, connection: Connection, release: Release, tables: Collection[str], filled: str) -> None:
        """`filled` is a query: how many of these tables have been filled."""
        self.key = secrets.randbits(63)
        self.held = frozenset[str]()
        self.changed = asyncio.Event()
        self.settled = False
        self.wanting = False
        self._connection = connection
        self._release = release
        self._tables = frozenset(tables)
        self._filled = filled
        self._leads = False
        self._turn = asyncio.Lock()
        self._beats, self._sessions = Watched(), Watched()

    @property
    def whole(self) -> bool:
        return self.held == self._tables

    def check(self) -> None:
        """Raises `Changed`, or `Silent`."""
        if self._connection.is_closed():
            raise Silent
        if self.changed.is_set():
            raise Changed

    @asynccontextmanager
    async def folding(self) -> AsyncGenerator[Connection]:
        """The connection, while this server still keeps what it did. Raises `Changed`, or `Silent`."""
        async with self._turn:
            self.check()
            yield self._connection

    @asynccontextmanager
    async def asking(self) -> AsyncGenerator[Connection]:
        """The connection, for something that is answered at once. Raises `Silent`, and ends the session."""
        try:
            async with asyncio.timeout(TURN):
                await self._turn.acquire()
            try:
                async with asyncio.timeout(ANSWER):
                    yield self._connection
            finally:
                self._turn.release()
        except TimeoutError:
            # At once: whoever folds on it is stuck there, and would wait for the server to take something back.
            self._connection.terminate()
            raise Silent from None

    async def join(self) -> None:
        async with self.asking() as connection:
            await connection.execute(JOIN, self.key)
            await connection.execute(CLEAR)

    async def beat(self) -> None:
        """Says that this server is there, ends those that are not, and takes or leaves what is due. Raises `Silent`."""
        async with self.asking() as connection:
            others = [*map(Share.of, await connection.fetch(OTHERS, self.key))]
            await self._end_silent(connection, others)
            complete = await connection.fetchval(self._filled, [*self._tables]) == len(self._tables)
            mine = Share(self.key, 0, self._release, self._tables, complete=complete)
            self.settled = settled(mine, others)
            self._leads = self._leads or await connection.fetchval(LEAD, self._release)
            keeps = due(mine, others) if self._leads else frozenset[str]()
            # Before it is taken, so that a newer release does not believe it free.
            await connection.execute(SAY, self.key, self._release, sorted(self._tables), sorted(keeps), complete)
            await self._keep(connection, keeps)

    async def _end_silent(self, connection: Connection, others: Iterable[Share]) -> None:
        """Ends all sessions of those that do not beat, and whose own session waits for them in vain."""
        still = self._beats.still({share.key: share.beat for share in others})
        doubtful = [share for share in others if still[share.key] >= DOUBTFUL]
        if not doubtful:
            return
        try:
            async with connection.transaction():
                # Sessions belong to whoever logged in, which need not be the role that the program acts as.
                await connection.execute("set local role none")
                waiting = await connection.fetch(WAITING, [share.pid for share in doubtful])
                waited = self._sessions.still({row[0]: row[1] for row in waiting})
                silent = [
                    share for share in doubtful if still[share.key] >= SILENT and waited.get(share.pid, 0) >= WAITED
                ]
                if silent:
                    await connection.fetchval(END, [share.key for share in silent])
        except asyncpg.InsufficientPrivilegeError:
            # One that logs in as somebody else; PostgreSQL notices by itself that it is gone, if it is.
            logger.warning("a silent server cannot be ended: it logs in as another role")
            return
        for share in silent:
            logger.warning("ended a silent server: it kept %d tables", len(share.keeps))

    async def _keep(self, connection: Connection, keeps: frozenset[str]) -> None:
        held = self.held & keeps
        if keeps - held:
            held |= {row[0] for row in await connection.fetch(TAKE, sorted(keeps - held))}
        self.wanting = held < keeps
        if self.held - held:
            await connection.execute(LEAVE, sorted(self.held - held))
        if held != self.held:
            logger.info("this node keeps %d of %d tables of the read side", len(held), len(self._tables))
            self.held = held
            self.changed.set()
