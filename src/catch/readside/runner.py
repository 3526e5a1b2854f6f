"""One node folds, all nodes know how far it has come.

The node that holds an advisory lock folds on the connection that holds it: when the node or the connection dies, the
server ends the transaction and frees the lock, and another node takes over. The others read the checkpoints.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

from catch.database import Connection
from catch.domain.refusals import Refused
from catch.log import Log
from catch.readside.building import uncollected
from catch.readside.catching_up import ahead, folded_pages, written
from catch.readside.folding import Decode, Memory, Rewound, described, fold_page
from catch.readside.inventory import OF_THIS_LOG, prepare, unfilled
from catch.readside.rebuilding import rebuild, session
from projections.read_model import ReadModel

logger = logging.getLogger("catch.readside")

LEAD = "select pg_try_advisory_lock(hashtextextended(current_schema() || ' read side', 0))"
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
BRISK = 0.005  # seconds between two looks at the leader's checkpoints while somebody waits for them


class NotCaughtUp(Refused):
    """The answer does not reach this position yet. Try again in a moment."""


class ReadSide:
    """Run `run` as a task on every node. `patience` is how many seconds a node waits between two tries to take over."""

    def __init__(self, log: Log, decode: Decode, projections: Sequence[ReadModel], *, patience: float = 1.0) -> None:
        self._log = log
        self._decode = decode
        self._projections = tuple(projections)
        self._patience = patience
        self._position = 0
        self._moved = asyncio.Event()
        self._wanted = 0
        self._asked = asyncio.Event()
        self._memory = Memory()
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
        async with (
            self._log.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            (row,) = await connection.fetch(STILL, [model.table for model in models])
            if row["known"] < len(models) or row["first"] != row["last"]:
                raise NotCaughtUp(position=self._position, reached=row["first"])
            yield connection, row["last"]

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
                    while not await connection.fetchval(LEAD):
                        await self._stand_by(connection)
                    await self._lead(connection)
            # Whatever it was: the next try has a new connection and remembers nothing. To end here would stop them all.
            except Exception as error:
                logger.warning("the read side starts again: error=%s", described(error))
                await asyncio.sleep(self._patience)

    async def _lead(self, connection: Connection) -> None:
        logger.info("this node keeps the read side")
        self.leading = True
        try:
            # The log is what must not be lost: rows and checkpoint can be folded again, so they need not wait for disk.
            await connection.execute("set synchronous_commit = off")
            while True:
                self._memory = Memory()
                if lacking := await unfilled(self._log, connection, self._decode, self._projections):
                    fresh = [projection for projection in self._projections if projection.table in lacking]
                    await rebuild(self._log, self._decode, fresh)
                after = await self._checkpoint(connection)
                self._advance(after)
                # A table was dropped or put back beneath us: what lacks what is looked at anew.
                with suppress(Rewound):
                    await self._follow(connection, await self._catch_up(connection, after))
        finally:
            self.leading = False

    async def _catch_up(self, connection: Connection, after: int) -> int:
        """Returns where the log ends. What was folded ahead in vain is folded again, with whatever is in its way."""
        with uncollected():
            while True:
                folding = folded_pages(self._log, self._projections, self._decode, after, self._memory)
                async with aclosing(ahead(folding)) as all_folded:
                    async for folded in all_folded:
                        page = folded[0]
                        if not await written(connection, folded, after):
                            break
                        after = page[-1].position
                        self._advance(after)
                    else:
                        return after
                self._memory.forget()
                await fold_page(connection, self._projections, self._decode, after, page, self._memory)
                after = page[-1].position
                self._advance(after)

    async def _follow(self, connection: Connection, after: int) -> None:
        async for page in self._log.follow(after):
            await fold_page(connection, self._projections, self._decode, after, page, self._memory)
            after = page[-1].position
            self._advance(after)

    async def _stand_by(self, connection: Connection) -> None:
        """Looks at the leader's checkpoints for a while: often while somebody waits for them."""
        clock = asyncio.get_running_loop()
        until = clock.time() + self._patience
        while clock.time() < until:
            self._advance(await self._checkpoint(connection))
            self._asked.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(BRISK if self._wanted > self._position else self._patience / 4):
                    await self._asked.wait()

    async def _checkpoint(self, connection: Connection) -> int:
        (row,) = await connection.fetch(REACHED, [projection.table for projection in self._projections])
        # One without a checkpoint is not built yet, so that no position holds for all of them.
        return row["position"] if row["known"] == len(self._projections) and row["known"] else 0

    def _advance(self, position: int) -> None:
        if position > self._position:
            self._position = position
            self._moved.set()
            self._moved = asyncio.Event()
