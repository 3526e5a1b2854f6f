"""The one writer of a process: what arrives while a batch is being committed makes up the next batch.

No timer: a lone append goes out at once, and the busier the log the larger the batches.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from catch.database import Database, lost
from catch.log.batches import Outcome
from catch.log.connection import Recording
from catch.log.entries import Answer, Append, Busy, Unavailable
from catch.log.generations import FormerPrimary, Generations
from catch.log.waiting import Waiting, settle

log = logging.getLogger(__name__)

LARGEST_BATCH = 512  # appends
# Below, a second commit costs more than it hides: eight callers got 0.61 of pgbench's pace instead of 0.78.
WORTH_HALVING = 24  # appends


class Writer:
    """`recorded` is called with the position after each commit. `deadline`: seconds an append may wait its turn."""

    def __init__(
        self,
        database: Database,
        schema: str,
        generations: Generations,
        *,
        queue: int,
        deadline: float,
        patience: float,
        recorded: Callable[[int], None],
    ) -> None:
        self._size = queue
        self._deadline = deadline
        self._recorded = recorded
        self._connection = Recording(database, schema, patience, generations)
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Waiting] = deque()
        self._arrival: asyncio.Future[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._troubled = False
        self._task = asyncio.create_task(self._run(), name="catch log writer")

    async def append(self, append: Append) -> Answer:
        """Raises `Busy`, `Conflict` or `CommandIdReused`: not recorded; `Unavailable`: unknown."""
        # Nobody would ever take it from the queue.
        if self._task.done():
            raise Unavailable
        if len(self._queue) >= self._size:
            raise Busy(waiting=len(self._queue))
        waiting = Waiting(append, self._loop.create_future(), self._loop.time() + self._deadline)
        self._queue.append(waiting)
        if self._arrival is not None:
            self._arrival.set_result(None)
            self._arrival = None
        if self._expiry is None:
            self._expiry = self._loop.call_at(waiting.until, self._expire)
        return await waiting.answer

    @property
    def records(self) -> bool:
        """The last batch was recorded, and none is held up."""
        return not (self._troubled or self._connection.held_up)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def record_at(self, moment: datetime | None) -> None:
        self._connection.record_at(moment)

    async def close(self) -> None:
        """Whoever still waits its turn is refused; a batch under way is left to the database."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if self._expiry is not None:
            self._expiry.cancel()
        settle(self._queue, Unavailable)
        self._queue.clear()
        self._connection.close()

    def _expire(self) -> None:
        """One timer for all: they expire in the order in which they came."""
        self._expiry = None
        while self._queue and (self._queue[0].answer.done() or self._queue[0].until <= self._loop.time()):
            settle([self._queue.popleft()], Busy)
        if self._queue:
            self._expiry = self._loop.call_at(self._queue[0].until, self._expire)

    async def _run(self) -> None:
        before = 0
        while True:
            most = LARGEST_BATCH
            # Where more than half as many came meanwhile they go at once; else those just answered get their turn.
            if len(self._queue) <= before // 2:
                await self._more()
                if len(self._queue) >= WORTH_HALVING:  # one half is made and sealed while the other is being committed
                    most = min(most, (len(self._queue) + 1) // 2)
            batch = self._take(most)
            before = len(batch)
            try:
                if batch:
                    await self._record(batch)
            except asyncio.CancelledError:
                settle(batch, Unavailable)
                raise
            # Whatever it was: to end here would mean that nothing is recorded any more.
            except Exception as unexpected:
                log.error("the writer goes on after %s", type(unexpected).__name__)
                self._connection.hang_up()
                settle(batch, Unavailable)

    async def _more(self) -> None:
        """Whoever was just answered may have more, and it costs no commit of its own."""
        await asyncio.sleep(0)
        if not self._queue:
            self._arrival = self._loop.create_future()
            await self._arrival

    def _take(self, most: int) -> list[Waiting]:
        """The next batch: at most one append a stream, and those of a stream in the order in which they came.

        Any number may rest on a stream that none of them writes.
        """
        batch: list[Waiting] = []
        left: deque[Waiting] = deque()
        written: set[UUID] = set()
        while self._queue and len(batch) < most:
            waiting = self._queue.popleft()
            if waiting.answer.done():  # its caller has gone
                continue
            apart = written.isdisjoint(waiting.writes) and written.isdisjoint(waiting.rests)
            (batch if apart else left).append(waiting)
            if self._queue:
                # Those left for later count as well: what comes behind them on the same stream must not overtake.
                written.update(waiting.writes)
        left.extend(self._queue)
        self._queue = left
        return batch

    async def _record(self, batch: Sequence[Waiting]) -> None:
        try:
            answers = await self._connection.record(batch)
        except FormerPrimary:
            settle(batch, FormerPrimary)
        except Exception as error:
            if lost(error):
                self._troubled = True
                log.warning("the log is out of reach: %s", type(error).__name__)
                self._connection.hang_up()
                settle(batch, Unavailable)
            elif len(batch) == 1:
                batch[0].refuse(error)
            else:
                for waiting in batch:  # one of them cannot be stored; the others must not suffer for it
                    await self._record([waiting])
        else:
            self._troubled = False
            self._answer(batch, answers)

    def _answer(self, batch: Sequence[Waiting], answers: Sequence[Outcome]) -> None:
        head = 0
        for waiting, answer in zip(batch, answers, strict=True):
            if not isinstance(answer, Answer):
                waiting.refuse(answer)
                continue
            if not waiting.answer.done():
                waiting.answer.set_result(answer)
            head = max(head, answer.position)
        self._recorded(head)
