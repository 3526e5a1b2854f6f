"""The program put together: one place's log, read side and desk, on one event loop."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec

import projections
from catch.database import lost
from catch.desk import Desk
from catch.domain.facts import Recorded
from catch.domain.streams import CASE, EVENTS, MEETING, PROGRAMME, Stream, stream_of, stream_of_event
from catch.edge import Edge
from catch.faults import fault
from catch.log import Log, Stored, migrate
from catch.log.codec import decode
from catch.log.entries import Unreadable
from catch.log.states import States
from catch.personal import KeyFile, Keyring
from catch.postgres import Server
from catch.readside import NotCaughtUp, Projection, ReadSide
from catch.seating import Seating
from catch.settings import Settings

Heard = Callable[[Recorded[Any]], None]
logger = logging.getLogger("catch.place")

LOOK = 5.0
"""Seconds between two words about read models that are being built."""
STANDSTILL = 300.0
"""Seconds: an index over a long log takes some time, and shows nothing meanwhile."""
GATHERED = 50
"""Streams read at once: folding as many as these holds nothing up for long."""
PAUSE = 0.2
"""Seconds before the feed asks again of a database that is away."""


class Catch:
    """What a process works with. `listeners` hear every fact in order, whoever recorded it."""

    def __init__(self, log: Log, keyring: Keyring, settings: Settings) -> None:
        self.log = log
        self.keyring = keyring
        self.settings = settings
        self.states = States(log)
        self.readside = ReadSide(log, decode, cast("Sequence[Projection]", projections.ALL))
        self.edge = Edge(log, self.states, self.readside, keyring)
        self.desk = Desk(log, self.states, self.edge)
        self.seating = Seating()
        self.listeners: list[Heard] = []
        self.heard = 0
        self._hearing = asyncio.Event()

    async def reached(self, position: int) -> None:
        """Returns once queries answer from at least this position. Raises `NotCaughtUp`."""
        await self.readside.reached(position)

    async def has_heard(self, position: int) -> None:
        """Returns once the listeners have been told of everything up to this position."""
        while self.heard < position:
            await self._hearing.wait()

    async def programme_keys(self) -> list[str]:
        """The keys of all programmes that were ever loaded, in order."""
        topic = "ProgrammeActivated"
        rows = await self.log.pool.fetch(
            "select distinct originator_id, min(notification_id) as first from stored_events"
            " where topic = $1 group by originator_id order by first",
            topic,
        )
        histories = await self.states.get_many(PROGRAMME, [row["originator_id"] for row in rows])
        return sorted(held.state.programme for held in histories)

    async def follow(self, after: int) -> None:
        """Until cancelled: keep the folded streams current and tell the listeners."""
        async for page in self.log.follow(after):
            await self._gather(page)
            for stored in page:
                try:
                    recorded = decode(stored)
                except Exception as unknown:
                    self._pass_over(stored, unknown)
                    continue
                await self._hear(recorded)

    async def _gather(self, page: Sequence[Stored]) -> None:
        """The cases and meetings that `_hear` will want, many at once: one by one, everybody waits for each of them."""
        known: set[UUID] = set()
        wanted: dict[UUID, Stream] = {}
        for stored in page:
            if stored.stream in known:
                continue
            known.add(stored.stream)
            event = EVENTS.get(stored.topic)
            # What begins in this page is folded as it is heard.
            if event and stored.version > 1 and self.states.at_hand(stored.stream) is None:
                wanted[stored.stream] = stream_of(event)
        for stream in (CASE, MEETING):
            ids = [id_ for id_, kind in wanted.items() if kind is stream]
            for first in range(0, len(ids), GATHERED):
                # What stands in the way of one stream is found, and told, where that one is asked for.
                with suppress(Exception):
                    await self.states.get_many(stream, ids[first : first + GATHERED])

    def _pass_over(self, stored: Stored, problem: Exception) -> None:
        """What only a newer release can read must not keep this one from everything after it.

        Whoever asks for its stream from now on is told that it cannot be read.
        """
        self.states.forget([stored.stream])
        if isinstance(problem, Unreadable):
            line = {"unreadable": problem.code, "position": stored.position, "stream": stored.stream}
            logger.error(msgspec.json.encode(line | {"version": stored.version, "event": stored.topic}).decode())
        else:
            fault(problem, "feed")
        self._has_heard(stored.position)

    async def _hear(self, recorded: Recorded[Any]) -> None:
        stream = stream_of_event(recorded.event)
        self.states.advance(recorded, stream)
        if stream is CASE or stream is MEETING:
            # Listeners tell whom a fact concerns from the case, or the meeting, as it now stands.
            await self._at_hand(stream, recorded.stream)
        if stream is MEETING and (held := self.states.at_hand(recorded.stream)) and held.state:
            self.seating.note(held.state)
        self._has_heard(recorded.position)
        for heard in self.listeners:
            heard(recorded)

    def _has_heard(self, position: int) -> None:
        self.heard = position
        hearing, self._hearing = self._hearing, asyncio.Event()
        hearing.set()

    async def _at_hand(self, stream: Stream, id_: UUID) -> None:
        while self.states.at_hand(id_) is None:
            try:
                await self.states.get(stream, id_)
            except Exception as error:
                if not lost(error):
                    fault(error, "feed")
                    return
                await asyncio.sleep(PAUSE)


def key_file(settings: Settings) -> KeyFile:
    """The operator's key-encryption keys; without a setting, a file of our own in the data folder."""
    if settings.kek_file is not None:
        return KeyFile.read(settings.kek_file)
    return KeyFile.read_or_create(Path(settings.data_dir) / "keys" / "kek")


@asynccontextmanager
async def opened(server: Server, settings: Settings) -> AsyncGenerator[Catch]:
    """A place migrated and open, its read side and feed running until the block ends.

    The block is cancelled, and the reason raised, when one of them cannot go on. Raises `NotCaughtUp` when the read
    side makes no progress.
    """
    owner = asyncio.current_task()
    assert owner is not None
    await migrate(server.admin, settings.schema)
    async with AsyncExitStack() as stack:
        log = await Log.open(
            server.app,
            schema=settings.schema,
            pool=settings.pool,
            queue=settings.append_queue,
            deadline=settings.append_deadline,
        )
        stack.push_async_callback(log.close)
        catch = Catch(log, Keyring(log.pool, key_file(settings)), settings)
        await catch.readside.prepare()
        head = catch.heard = await log.head()
        for name, job in (("read side", catch.readside.run()), ("feed", catch.follow(head))):
            task = asyncio.create_task(job, name=name)
            stack.push_async_callback(ended, task)
            task.add_done_callback(lambda task: None if task.cancelled() or not task.exception() else owner.cancel())
        await caught_up(catch, head)
        yield catch


async def caught_up(catch: Catch, position: int) -> None:
    """Read models that are empty must not be mistaken for a place where nothing happened, so nobody is answered before.

    A long log takes minutes to be folded anew; it is given up when nothing moves any more.
    """
    standing, since = None, time.monotonic()
    while catch.readside.position < position:
        try:
            await catch.readside.reached(position, timeout=LOOK)
        except NotCaughtUp:
            rebuilt = await catch.log.pool.fetchval("select min(position) from rebuilds")
            now = (catch.readside.position, rebuilt)
            logger.warning("read models are being built: position=%s of=%d", rebuilt or now[0], position)
            if now != standing:
                standing, since = now, time.monotonic()
            elif time.monotonic() - since > STANDSTILL:
                raise


async def ended(task: asyncio.Task[None]) -> None:
    """A cancellation that arrives while a connection is cleaning up can be lost on the way: it is repeated."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)
    if not task.cancelled() and (error := task.exception()):
        raise error
