"""Every fact in order, whoever recorded it: folded streams are kept current with it, and listeners are told."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec

from catch.database import lost
from catch.domain.facts import Recorded
from catch.domain.streams import EVENTS, MEETING, STREAMS, Stream, stream_of, stream_of_event
from catch.faults import fault
from catch.log import Log, Stored
from catch.log.codec import decode
from catch.log.entries import Unreadable
from catch.present.appearances import Appearances, same_cases
from catch.present.states import Folded, Held, States

Listener = Callable[[Recorded[Any]], None]
logger = logging.getLogger("catch.place")

PAUSE = 0.2
"""Seconds before it asks again of a database that is away."""
GATHERED = 50
"""Streams read at once: folding as many as these holds nothing up for long."""


class Follower:
    """`position`: everything up to there has been told to `listeners`."""

    def __init__(self, log: Log, states: States, appearances: Appearances) -> None:
        self.position = 0
        self.listeners: list[Listener] = []
        self._log = log
        self._states = states
        self._appearances = appearances
        self._moved: asyncio.Event | None = None  # made when somebody waits for it

    async def reached(self, position: int) -> None:
        """Returns once the listeners have been told of everything up to this position."""
        while self.position < position:
            if self._moved is None:
                self._moved = asyncio.Event()
            await self._moved.wait()

    async def follow(self, after: int) -> None:
        """Until cancelled."""
        async for page in self._log.follow(after):
            await self.take(page)

    async def take(self, page: Sequence[Stored]) -> None:
        """What follows what was taken before."""
        await self._gather(page)
        for stored in page:
            try:
                recorded = decode(stored)
                if not self._take_in(recorded, len(stored.state)):
                    await self._at_hand(recorded)
                self._tell(recorded)
            # Whatever stands in the log, this server goes on.
            except Exception as unexpected:
                self._pass_over(stored, unexpected)

    async def _gather(self, page: Sequence[Stored]) -> None:
        """The streams that `_hear` will want, many at once: one by one, everybody waits for each of them."""
        first = {stored.stream: stored for stored in reversed(page)}
        wanted: dict[Stream, list[UUID]] = {stream: [] for stream in STREAMS if stream.followed}
        for id_, stored in first.items():
            # What begins in this page is folded as it is heard.
            if stored.version > 1 and self._states.at_hand(id_) is None and (event := EVENTS.get(stored.topic)):
                wanted.get(stream_of(event), []).append(id_)
        for stream, ids in wanted.items():
            for begin in range(0, len(ids), GATHERED):
                # What stands in the way of one stream is found, and told, where that one is asked for.
                with suppress(Exception):
                    await self._states.gather(stream, ids[begin : begin + GATHERED])

    def _pass_over(self, stored: Stored, problem: Exception) -> None:
        """What only a newer release can read, or nobody, must not keep this one from everything after it.

        Whoever asks for its stream from now on is told that it cannot be read.
        """
        # What is folded of it lacks this fact, so that nobody may be answered from it.
        self._states.forget([stored.stream])
        if isinstance(problem, Unreadable):
            place = {"position": stored.position, "stream": stored.stream, "version": stored.version}
            tell(problem, **place, event=stored.topic)
        else:
            fault(problem, "feed")
        self._move(stored.position)

    def _take_in(self, recorded: Recorded[Any], size: int) -> bool:
        """False where its stream is to be read first.

        Nearly every fact is of something that nobody here follows: this is what it costs every server, so that nothing
        is awaited, made or looked up that most of them do without.
        """
        stream = stream_of_event(recorded.envelope.event)
        before = self._states.at_hand(recorded.stream)
        self._states.advance(recorded, stream, size)
        if not stream.followed:
            return True
        seen = self._states.seen(recorded.stream)
        # What was not heard fact by fact may name cases that nobody has noted.
        if seen and not (before and heard_on(before, recorded) and same_cases(before.state, seen[1].state)):
            self._note(seen)
        return seen is not None

    def _note(self, seen: Folded) -> None:
        kind, held = seen
        if kind is MEETING and held.state:
            self._appearances.note(held.state)

    def _tell(self, recorded: Recorded[Any]) -> None:
        # Before the listeners: a subscriber reads up to this position, which must have come to whatever it hears of.
        self._move(recorded.position)
        for listener in self.listeners:
            listener(recorded)

    def _move(self, position: int) -> None:
        self.position = position
        if self._moved is not None:
            self._moved.set()
            self._moved = None

    async def _at_hand(self, recorded: Recorded[Any]) -> None:
        """Listeners tell whom a fact concerns from what it is about, as that now stands."""
        stream, id_ = stream_of_event(recorded.event), recorded.stream
        while (seen := self._states.seen(id_)) is None:
            try:
                await self._states.get(stream, id_)
            except Unreadable as problem:
                tell(problem, stream=id_)
                return
            except Exception as error:
                if not lost(error):
                    # One stream that cannot be folded must not keep everything behind it from being heard.
                    fault(error, "feed")
                    return
                await asyncio.sleep(PAUSE)
        self._note(seen)


def heard_on(before: Held, recorded: Recorded[Any]) -> bool:
    """False where the state was read from the log, which may have been further than what was heard."""
    return before.version + 1 == recorded.version


def tell(problem: Unreadable, **where: object) -> None:
    """Whoever runs the system reads of it in the log, and of what to do from `catch doctor`."""
    logger.error(msgspec.json.encode({"unreadable": problem.code, **where}).decode())
