"""One node of a release folds, all nodes know how far it has come.

The node that holds a table's advisory lock folds on the connection that holds it: when the node or the connection dies,
the server ends the transaction and frees the lock; when it falls silent, another node sees to that (`lease`). Whatever
a node does not fold itself, it reads the checkpoints of.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import cast
from zlib import crc32

from catch.database import Connection
from catch.domain.refusals import Refused
from catch.log import Log, Stored
from catch.readside.building import uncollected
from catch.readside.catching_up import ahead, folded_pages, written
from catch.readside.folding import UNREAD, Decode, Memory, Rewound, described, fold_page
from catch.readside.inventory import OF_THIS_LOG, SET_ASIDE, prepare, unfilled
from catch.readside.lease import BEAT, BRIEFLY, Changed, Lease, Release
from catch.readside.rebuilding import rebuild, session
from projections.read_model import ReadModel

logger = logging.getLogger("catch.readside")

# Those of another log say nothing.
REACHED = f"""
    select count(*) as known, min(position) as position from checkpoints c
    where projection = any($1::text[]) and {OF_THIS_LOG}
"""  # noqa: S608
# In one transaction the read models stand where their checkpoints do, unless one of them is being built anew.
STILL = f"""
    select count(*) as known, min(position) as first, max(position) as last from checkpoints c
    where projection = any($1::text[]) and {OF_THIS_LOG}
"""  # noqa: S608
FILLED = f"select count(*) from checkpoints c where projection = any($1::text[]) and {OF_THIS_LOG}"  # noqa: S608
BRISK = 0.005  # seconds between two looks at the leader's checkpoints while somebody waits for them

MEETING = 3.0  # seconds within which tables that are folded apart stand at one position


class NotCaughtUp(Refused):
    """The answer does not reach this position yet. Try again in a moment."""


class ReadSide:
    """Run `run` as a task on every node. `patience` is how many seconds a node waits between two tries to take over.

    `release` is compared with that of other nodes: the newer one can read every fact that the older one can.
    """

    def __init__(
        self,
        log: Log,
        decode: Decode,
        projections: Sequence[ReadModel],
        *,
        patience: float = BEAT,
        release: Release = (),
    ) -> None:
        self._log = log
        self._decode = decode
        self._projections = tuple(projections)
        self._tables = sorted(projection.table for projection in projections)
        self._patience = patience
        # Of two with the same number and other tables either may be the newer one, as long as all agree which.
        self._release = (*release, crc32(" ".join(self._tables).encode()) >> 1)
        self._position = 0
        self._moved = asyncio.Event()
        self._wanted = 0
        self._asked = asyncio.Event()
        self._memory = Memory()
        self._set_aside = 0
        self._unreadable: set[tuple[str, int]] = set()
        self.leading = False

    @property
    def position(self) -> int:
        """Every projection holds what the log says up to here."""
        return self._position

    async def reached(self, position: int, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """Returns once every projection has come to this position. Raises NotCaughtUp after `timeout` seconds."""
        if self._position >= position:
            return
        self._wanted = max(self._wanted, position)
        self._asked.set()
        try:
            async with asyncio.timeout(timeout):
                while self._position < position:
                    await self._moved.wait()
        except TimeoutError:
            raise NotCaughtUp(position=position, reached=self._position) from None

    @asynccontextmanager
    async def still(self, *models: ReadModel) -> AsyncGenerator[tuple[Connection, int]]:
        """These read models as of one position, whatever is folded meanwhile: where to read them, and the position.

        Raises `NotCaughtUp` while one of them is being built anew.
        """
        names, since = [model.table for model in models], time.monotonic()
        async with self._log.pool.acquire() as connection:
            while True:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    (row,) = await connection.fetch(STILL, names)
                    if row["known"] == len(models) and row["first"] == row["last"]:
                        yield connection, row["last"]
                        return
                # Beside another release they are folded by two servers, of which either may be ahead for a moment.
                if row["known"] < len(models) or time.monotonic() - since > MEETING:
                    raise NotCaughtUp(position=self._position, reached=row["first"])
                await asyncio.sleep(BRISK)

    async def changes(self, after: int = 0) -> AsyncIterator[int]:
        """The position whenever it has moved on: rows may have changed up to there. Skips what comes too fast."""
        while True:
            while self._position <= after:
                await self._moved.wait()
            after = self._position
            yield after

    async def prepare(self) -> None:
        """Makes the tables that are missing, so that queries find them before anything was folded."""
        async with session(self._log.pool) as connection:
            await prepare(connection, self._projections)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with session(self._log.pool) as connection:
                    await prepare(connection, self._projections)
                    await self._keep(Lease(connection, self._release, self._tables, FILLED))
            # Whatever it was: the next try has a new connection and remembers nothing. To end here would stop them all.
            except Exception as error:
                logger.warning("the read side starts again: error=%s", described(first(error)))
                await asyncio.sleep(self._patience)

    async def _keep(self, lease: Lease) -> None:
        await lease.join()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._mind(lease), name="read side's beat").add_done_callback(self._beat_ended)
                while True:
                    # A table was dropped or put back beneath us, or others are ours: what lacks what is looked at anew.
                    with suppress(Rewound, Changed):
                        await self._fold(lease)
        except asyncio.CancelledError:
            self.leading = False  # told to stop, as at the end of each short command: nothing to be said
            raise
        finally:
            self._left()

    def _beat_ended(self, beat: "asyncio.Task[None]") -> None:
        """Said at once: what was being folded when its database fell silent may take a while to end."""
        if not beat.cancelled():
            self._left()

    def _left(self) -> None:
        if self.leading:
            logger.warning("this node no longer keeps the read side")
        self.leading = False

    async def _fold(self, lease: Lease) -> None:
        """The tables that this node keeps, until they are others."""
        lease.changed.clear()
        kept = [projection for projection in self._projections if projection.table in lease.held]
        self.leading = bool(kept)
        if not kept:
            await lease.changed.wait()
            return
        self._memory = Memory()
        names = [projection.table for projection in kept]
        self._set_aside = await self._log.pool.fetchval(SET_ASIDE, names, UNREAD)
        if lacking := await unfilled(self._log, self._decode, kept, self._unreadable):
            fresh = [projection for projection in kept if projection.table in lacking]
            await rebuild(self._log, self._decode, fresh, key=lease.key)
        async with lease.folding() as connection:
            after = await self._checkpoint(connection, names)
        self._come(lease, after)
        await self._follow(lease, kept, await self._catch_up(lease, kept, after))

    async def _mind(self, lease: Lease) -> None:
        """Beats, and looks how far others have come: often while somebody waits for them."""
        clock = asyncio.get_running_loop().time
        beat = clock()
        while True:
            if clock() >= beat:
                await lease.beat()
                await self._look_behind(lease)
                beat = clock() + min(self._patience, BRIEFLY if lease.wanting else BEAT)
            if not lease.whole and lease.settled:
                async with lease.asking() as connection:
                    self._advance(await self._checkpoint(connection, self._tables))
            self._asked.clear()
            waited_for = self._wanted > self._position and not lease.whole
            with suppress(TimeoutError):
                async with asyncio.timeout(BRISK if waited_for else min(self._patience / 4, beat - clock())):
                    await self._asked.wait()

    async def _look_behind(self, lease: Lease) -> None:
        """A former release may have written to the same tables, and set aside what this one can read."""
        async with lease.asking() as connection:
            if self.leading and await connection.fetchval(SET_ASIDE, [*lease.held], UNREAD) != self._set_aside:
                lease.changed.set()

    async def _catch_up(self, lease: Lease, kept: Sequence[ReadModel], after: int) -> int:
        """Returns where the log ends. What was folded ahead in vain is folded again, with whatever is in its way."""
        with uncollected():
            while True:
                folding = folded_pages(self._log, kept, self._decode, after, self._memory)
                async with aclosing(ahead(folding)) as all_folded:
                    async for folded in all_folded:
                        page = folded[0]
                        async with lease.folding() as connection:
                            if not await written(connection, folded, after):
                                break
                        after = page[-1].position
                        self._come(lease, after)
                    else:
                        return after
                self._memory.forget()
                after = await self._taken(lease, kept, after, page)

    async def _follow(self, lease: Lease, kept: Sequence[ReadModel], after: int) -> None:
        async for page in self._log.follow(after, quiet=True):
            lease.check()
            if page:
                after = await self._taken(lease, kept, after, page)

    async def _taken(self, lease: Lease, kept: Sequence[ReadModel], after: int, page: Sequence[Stored]) -> int:
        async with lease.folding() as connection:
            await fold_page(connection, kept, self._decode, after, page, self._memory)
        self._come(lease, page[-1].position)
        return page[-1].position

    async def _checkpoint(self, connection: Connection, tables: Sequence[str]) -> int:
        (row,) = await connection.fetch(REACHED, tables)
        # One without a checkpoint is not built yet, so that no position holds for all of them.
        return row["position"] if row["known"] == len(tables) and row["known"] else 0

    def _come(self, lease: Lease, position: int) -> None:
        """What this node has folded says nothing of tables that others keep."""
        if lease.whole:
            self._advance(position)

    def _advance(self, position: int) -> None:
        if position > self._position:
            self._position = position
            self._moved.set()
            self._moved = asyncio.Event()


def first(error: Exception) -> Exception:
    """The one that brought the others about."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error
