"""The one writer of a process: what arrives while a batch is being committed makes up the next batch.

No timer: a lone append goes out at once, and the busier the log the larger the batches. A batch is one call of the
function `append_at_once` of schema/sql, one round trip and one commit; where one of them conflicts, a second call
of `append` finds out which.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Any
from uuid import UUID

import asyncpg

from catch.database import Connection, Statements, application, connect, lost
from catch.domain.refusals import Refused
from catch.log.entries import Answer, Append, Busy, Conflict, Unavailable

log = logging.getLogger(__name__)

LARGEST_BATCH = 512  # appends
FEW = 12  # appends: below it a batch's fixed costs outweigh what it holds
GENERIC = {"plan_cache_mode": "force_generic_plan"}  # planning anew for each batch takes as long as recording it
AT_ONCE = (
    "uuid", "bigint", "text", "bytea", "uuid", "bigint", "uuid", "uuid", "bigint", "int", "int",
)  # fmt: skip
EACH = (*AT_ONCE, "int", "int")
# A lone event that follows another or begins its stream: half the work of a call that can take many. What the snapshot
# misses of others' appends cannot hurt: this version recorded meanwhile is a unique violation.
ALONE = """
    with held as materialized (select pg_advisory_xact_lock(hashtext('{schema}.append'))),
    recorded as (
        insert into {schema}.stored_events (originator_id, originator_version, topic, state)
        select $1::uuid, $2::bigint, $3::text, $4::bytea from held
        where $2 = 1 or exists (
            select from {schema}.stored_events where originator_id = $1 and originator_version = $2 - 1)
        returning notification_id as position
    ),
    answered as (
        insert into {schema}.commands (command_id, stream, version, position, events)
        select $5::uuid, $1, $2, position, array[$3] from recorded
    )
    select position, pg_notify('{schema}', position::text) from recorded
"""


class Waiting:
    """An append whose caller waits, and the streams that it touches or rests on."""

    __slots__ = ("answer", "append", "bases", "reached", "streams", "until")

    def __init__(self, append: Append, answer: "asyncio.Future[Answer]", until: float) -> None:
        """Raises `ValueError` if the events leave a gap: a mistake of the program, not of its user."""
        self.append = append
        self.answer = answer
        self.until = until
        self.bases = dict(append.expects)
        self.reached = dict(append.expects)
        for event in append.events:
            before = self.reached.get(event.stream)
            if before is None:
                before = event.version - 1
                if before:  # a new stream's first event is kept by the primary key alone
                    self.bases[event.stream] = before
            if event.version != before + 1:
                raise ValueError(f"version {event.version} of stream {event.stream} does not follow {before}")
            self.reached[event.stream] = event.version
        self.streams = {append.stream, *self.reached}


class Writer:
    """`recorded` is called with the position after each commit. `deadline`: seconds an append may wait its turn."""

    def __init__(
        self, dsn: str, schema: str, *, queue: int, deadline: float, patience: float, recorded: Callable[[int], None]
    ) -> None:
        self._dsn = dsn
        self._schema = schema
        self._size = queue
        self._deadline = deadline
        self._patience = patience
        self._recorded = recorded
        self._alone = ALONE.format(schema=schema)
        self._at_once = f"select {schema}.append_at_once({parameters(AT_ONCE)})"
        self._each = f"select * from {schema}.append({parameters(EACH)})"  # noqa: S608
        self._queue: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._connection: Connection | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._run(), name="catch log writer")

    async def append(self, append: Append) -> Answer:
        """Raises `Busy`: not recorded; `Conflict`: not recorded; `Unavailable`: unknown."""
        if self._task.done():
            raise Unavailable
        if len(self._queue) >= self._size:
            raise Busy(waiting=len(self._queue))
        loop = asyncio.get_running_loop()
        waiting = Waiting(append, loop.create_future(), loop.time() + self._deadline)
        self._queue.append(waiting)
        self._arrived.set()
        if self._expiry is None:
            self._expiry = loop.call_at(waiting.until, self._expire)
        return await waiting.answer

    async def close(self) -> None:
        """Whoever still waits its turn is refused; a batch under way is left to the database."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if self._expiry is not None:
            self._expiry.cancel()
        settle(self._queue, Unavailable)
        self._queue.clear()
        self._hang_up()

    def _expire(self) -> None:
        """One timer for all: they expire in the order in which they came."""
        loop = asyncio.get_running_loop()
        self._expiry = None
        while self._queue and (self._queue[0].answer.done() or self._queue[0].until <= loop.time()):
            settle([self._queue.popleft()], Busy)
        if self._queue:
            self._expiry = loop.call_at(self._queue[0].until, self._expire)

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if len(self._queue) < FEW:
                await asyncio.sleep(0)  # whoever was just answered may have more, and it costs no commit of its own
            batch = self._take()
            if not batch:
                self._arrived.clear()
                continue
            try:
                await self._record(batch)
            except asyncio.CancelledError:
                settle(batch, Unavailable)
                raise

    def _take(self) -> list[Waiting]:
        """The next batch: at most one append a stream, and those of a stream in the order in which they came."""
        batch: list[Waiting] = []
        left: deque[Waiting] = deque()
        streams: set[UUID] = set()
        while self._queue and len(batch) < LARGEST_BATCH:
            waiting = self._queue.popleft()
            if waiting.answer.done():  # its caller has gone
                continue
            (batch if streams.isdisjoint(waiting.streams) else left).append(waiting)
            streams |= waiting.streams
        left.extend(self._queue)
        self._queue = left
        return batch

    async def _record(self, batch: Sequence[Waiting]) -> None:
        try:
            async with asyncio.timeout(self._patience):
                connection = await self._connected()
                answers = await self._append(connection, batch)
        except Exception as error:
            if lost(error):
                log.warning("the log is out of reach: %s", type(error).__name__)
                self._hang_up()
                settle(batch, Unavailable)
            elif len(batch) == 1:
                fail(batch[0], error)
            else:
                for waiting in batch:  # one of them cannot be stored; the others must not suffer for it
                    await self._record([waiting])
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                if isinstance(answer, Conflict):
                    fail(waiting, answer)
                elif not waiting.answer.done():
                    waiting.answer.set_result(answer)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._dsn, application(self._schema) | GENERIC)
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _append(self, connection: Connection, batch: Sequence[Waiting]) -> Sequence[Answer | Conflict]:
        if len(batch) == 1 and lone(batch[0].append):
            with suppress(asyncpg.UniqueViolationError):
                if (answer := await self._append_alone(connection, batch[0].append)) is not None:
                    return [answer]
        arrays = columns(batch)
        if all(waiting.append.stream in waiting.reached and waiting.append.events for waiting in batch):
            with suppress(asyncpg.UniqueViolationError):
                return await self._append_at_once(connection, batch, arrays)
        return await self._append_each(connection, batch, arrays)

    async def _append_alone(self, connection: Connection, append: Append) -> Answer | None:
        """None where it does not follow what is there."""
        (event,) = append.events
        values = (event.stream, event.version, event.topic, event.state, append.command)
        position = await connection.fetchval(self._alone, *values)
        if position is None:
            return None
        self._recorded(position)
        return Answer(position, append.stream, event.version, (event.topic,), repeated=False)

    async def _append_at_once(
        self, connection: Connection, batch: Sequence[Waiting], arrays: Sequence[Sequence[object]]
    ) -> list[Answer]:
        position: int = await connection.fetchval(self._at_once, *arguments(arrays, AT_ONCE))
        answers: list[Answer] = []
        for waiting in batch:
            append = waiting.append
            position += len(append.events)
            answers.append(Answer(position, append.stream, waiting.reached[append.stream], topics(append), False))
        self._recorded(position)
        return answers

    async def _append_each(
        self, connection: Connection, batch: Sequence[Waiting], arrays: Sequence[Sequence[object]]
    ) -> list[Answer | Conflict]:
        row = await connection.fetchrow(self._each, *arguments(arrays, EACH))
        assert row is not None
        answers: list[Answer | Conflict] = []
        head = 0
        for waiting, outcome, position, version in zip(batch, *row.values(), strict=True):
            append = waiting.append
            if outcome == "recorded":
                answers.append(Answer(position, append.stream, version, topics(append), False))
                head = max(head, position)
            elif outcome == "repeated":
                first = await first_answer(connection, self._schema, append.command)
                assert first is not None
                answers.append(first)
            else:
                answers.append(Conflict(stream=append.stream, expected=waiting.bases.get(append.stream, 0)))
        if head:
            self._recorded(head)
        return answers


async def first_answer(statements: Statements, schema: str, command: UUID) -> Answer | None:
    """What the command was answered, if it was ever recorded."""
    row = await statements.fetchrow(
        f"select position, stream, version, events from {schema}.commands where command_id = $1",  # noqa: S608
        command,
    )
    if row is None:
        return None
    return Answer(row["position"], row["stream"], row["version"], tuple(row["events"]), repeated=True)


def lone(append: Append) -> bool:
    return len(append.events) == 1 and append.events[0].stream == append.stream and not append.expects


def topics(append: Append) -> tuple[str, ...]:
    return tuple([event.topic for event in append.events])


def parameters(types: Sequence[str]) -> str:
    """Arrays arrive as text, which the server reads faster than asyncpg writes them in binary: it looks twice at each
    element's type. Only the states are arrays proper.
    """
    casts = (f"::text::{kind}[]" if kind != "bytea" else "" for kind in types)
    return ", ".join(f"${number}{cast}" for number, cast in enumerate(casts, start=1))


def columns(batch: Sequence[Waiting]) -> tuple[Sequence[object], ...]:
    """Parallel arrays, as the functions take them."""
    appends = [waiting.append for waiting in batch]
    events = [event for append in appends for event in append.events]
    bases = [base for waiting in batch for base in waiting.bases.items()]
    return (
        [event.stream for event in events],
        [event.version for event in events],
        [event.topic for event in events],
        [event.state for event in events],
        [stream for stream, _ in bases],
        [version for _, version in bases],
        [append.command for append in appends],
        [append.stream for append in appends],
        [waiting.reached.get(waiting.append.stream, "null") for waiting in batch],
        *spans(len(append.events) for append in appends),
        *spans(len(waiting.bases) for waiting in batch),
    )


def arguments(arrays: Sequence[Sequence[Any]], kinds: Sequence[str]) -> list[object]:
    return [WRITTEN[kind](array) for array, kind in zip(arrays, kinds, strict=False)]


def ids(values: Iterable[UUID]) -> str:
    return "{" + ",".join([f"{value.int:032x}" for value in values]) + "}"


def numbers(values: Iterable[object]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def words(values: Iterable[str]) -> str:
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


WRITTEN: dict[str, Callable[[Sequence[Any]], object]] = {
    "uuid": ids,
    "bigint": numbers,
    "int": numbers,
    "text": words,
    "bytea": lambda states: states,
}


def spans(lengths: Iterable[int]) -> tuple[list[int], list[int]]:
    """Where each run begins and ends when runs of these lengths follow one another, counted from 1."""
    lasts = list(accumulate(lengths))
    return [last + 1 for last in [0, *lasts[:-1]]][: len(lasts)], lasts


def settle(batch: Iterable[Waiting], refusal: type[Refused]) -> None:
    for waiting in batch:
        fail(waiting, refusal())


def fail(waiting: Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)
