"""The one writer of a process: what arrives while a batch is being committed makes up the next batch.

No timer: a lone append goes out at once, and the busier the log the larger the batches. It writes with two pens: while
one batch is being committed the next is made and sent, and waits for the log's lock at the server.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from uuid import UUID

from catch.database import lost
from catch.log.entries import Answer, Append, Busy, Conflict, Unavailable
from catch.log.pen import Pen
from catch.log.waiting import Waiting, settle

log = logging.getLogger(__name__)

PENS = 2
LARGEST_BATCH = 512  # appends
WORTH = 4  # appends: so many are worth a commit of their own behind one under way


class Writer:
    """`recorded` is called with the position after each commit. `deadline`: seconds an append may wait its turn."""

    def __init__(
        self, dsn: str, schema: str, *, queue: int, deadline: float, patience: float, recorded: Callable[[int], None]
    ) -> None:
        self._size = queue
        self._deadline = deadline
        self._recorded = recorded
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Waiting] = deque()
        self._expiry: asyncio.TimerHandle | None = None
        self._resting: list[asyncio.Future[None]] = []
        self._under_way = 0
        self._touched: set[UUID] = set()
        self._held_up = False
        self._pens = [Pen(dsn, schema, patience) for _ in range(PENS)]
        self._tasks = [asyncio.create_task(self._run(pen), name="catch log writer") for pen in self._pens]

    async def append(self, append: Append) -> Answer:
        """Raises `Busy`: not recorded; `Conflict`: not recorded; `Unavailable`: unknown."""
        if any(task.done() for task in self._tasks):
            raise Unavailable
        if len(self._queue) >= self._size:
            raise Busy(waiting=len(self._queue))
        waiting = Waiting(append, self._loop.create_future(), self._loop.time() + self._deadline)
        self._queue.append(waiting)
        if self._resting and self._due():
            self._resting.pop().set_result(None)
        if self._expiry is None:
            self._expiry = self._loop.call_at(waiting.until, self._expire)
        return await waiting.answer

    async def close(self) -> None:
        """Whoever still waits its turn is refused; a batch under way is left to the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        if self._expiry is not None:
            self._expiry.cancel()
        settle(self._queue, Unavailable)
        self._queue.clear()
        for pen in self._pens:
            pen.close()

    def _expire(self) -> None:
        """One timer for all: they expire in the order in which they came."""
        self._expiry = None
        while self._queue and (self._queue[0].answer.done() or self._queue[0].until <= self._loop.time()):
            settle([self._queue.popleft()], Busy)
        if self._queue:
            self._expiry = self._loop.call_at(self._queue[0].until, self._expire)

    def _due(self) -> bool:
        """Is there a batch to be written now?"""
        if self._under_way:
            return len(self._queue) >= WORTH and not self._held_up
        return bool(self._queue)

    async def _run(self, pen: Pen) -> None:
        while True:
            while not self._due():
                rest = self._loop.create_future()
                self._resting.append(rest)
                await rest
            batch = self._take()
            if not batch:
                continue
            self._under_way += 1
            try:
                await self._record(pen, batch)
            except asyncio.CancelledError:
                settle(batch, Unavailable)
                raise
            self._under_way -= 1
            self._held_up = False
            for waiting in batch:
                self._touched.difference_update(waiting.streams)
            if len(self._queue) <= len(batch) // 2:
                await asyncio.sleep(0)  # whoever was just answered may have more, and it costs no commit of its own

    def _take(self) -> list[Waiting]:
        """The next batch: at most one append a stream, and those of a stream in the order in which they came."""
        most = LARGEST_BATCH
        if not self._under_way and len(self._queue) >= 2 * WORTH:
            most = min(most, (len(self._queue) + 1) // 2)
        batch: list[Waiting] = []
        left: deque[Waiting] = deque()
        streams = self._touched.copy()
        while self._queue and len(batch) < most:
            waiting = self._queue.popleft()
            if waiting.answer.done():  # its caller has gone
                continue
            if streams.isdisjoint(waiting.streams):
                batch.append(waiting)
                self._touched.update(waiting.streams)
            else:
                left.append(waiting)
            streams.update(waiting.streams)
        left.extend(self._queue)
        self._queue = left
        self._held_up = not batch
        if batch and len(left) >= WORTH and self._resting:
            self._resting.pop().set_result(None)
        return batch

    async def _record(self, pen: Pen, batch: Sequence[Waiting]) -> None:
        try:
            answers = await pen.record(batch)
        except Exception as error:
            if lost(error):
                log.warning("the log is out of reach: %s", type(error).__name__)
                pen.hang_up()
                settle(batch, Unavailable)
            elif len(batch) == 1:
                batch[0].refuse(error)
            else:
                for waiting in batch:  # one of them cannot be stored; the others must not suffer for it
                    await self._record(pen, [waiting])
        else:
            self._answer(batch, answers)

    def _answer(self, batch: Sequence[Waiting], answers: Sequence[Answer | Conflict]) -> None:
        head = 0
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Conflict):
                waiting.refuse(answer)
                continue
            if not waiting.answer.done():
                waiting.answer.set_result(answer)
            head = max(head, answer.position)
        self._recorded(head)
