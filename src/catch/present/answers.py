"""Answers of registered queries, kept while everything they rest on stands: at most a second.

A kept answer is given again to the same viewer for the same document and variables, as long as
- no stream that it was read from has moved (`Rests.streams`), or, where it also rests on rows of the read side, nothing
  at all has (`everything`, which holds unless each field of the operation says otherwise);
- no meeting has newly taken up any case, since what a meeting says of a case bears on who sees it;
- no key was destroyed here; the keyring says how long a key may be trusted that another process destroys;
- a second has not passed: rights end by the clock too, and plain text is not to lie about. What is older is dropped.

The viewer, user and all, is part of the key: rules that name a person need no exception. Requests that come while the
same answer is being made wait for it. Whoever is given it again is noted to have been shown what it shows (`looks`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.personal import Keyring, looks
from catch.personal.looks import Looks
from catch.present.appearances import Appearances
from catch.present.moment import FRESH
from catch.present.states import States
from catch.readside import ReadSide

MOST_BYTES = 32 * 1024 * 1024


class Rests(Struct):
    """What an answer was read from. Every field of the operation itself has to name its streams, otherwise, and where
    rows were read besides (`rows`), it rests on everything there is.
    """

    streams: set[UUID] = set()
    named: int = 0
    rows: bool = False

    def name(self, *streams: UUID) -> None:
        """A field of the operation rests on these, and on what is named besides, alone."""
        self.named += 1
        self.streams.update(streams)


class Stamp(NamedTuple):
    """How far everything had come when an answer was begun."""

    moves: int
    links: int
    erasures: int
    rows: int


class Kept(Struct):
    """`stamp` is moved on whenever the answer was found to stand."""

    written: bytes
    rests: Rests
    everything: bool
    stamp: Stamp
    at: datetime
    looks: Looks


class Answers:
    """One for all requests of a process. `kept` and `made` count how often an answer was at hand or had to be made."""

    def __init__(
        self,
        states: States,
        appearances: Appearances,
        keyring: Keyring,
        readside: ReadSide,
        now: Callable[[], datetime],
    ) -> None:
        self._states = states
        self._appearances = appearances
        self._keyring = keyring
        self._readside = readside
        self._now = now
        self._held: OrderedDict[Hashable, Kept] = OrderedDict()
        self._making: dict[Hashable, tuple[Stamp, Looks, asyncio.Future[bytes | None]]] = {}
        self._bytes = 0
        self._sweeping = False
        self.kept = 0
        self.made = 0

    async def get(
        self, key: Hashable, fields: int, at: datetime, rests: Rests, make: Callable[[], Awaitable[bytes | None]]
    ) -> bytes | None:
        """The kept answer, or a new one. `rests` is filled while it is made; None is not kept."""
        held = self._held.get(key)
        if held is not None and self.stands(held):
            self.kept += 1
            looks.again(held.looks)
            return held.written
        stamp = self.stamp()
        making = self._making.get(key)
        # Only where nothing has moved since it was begun: otherwise it may rest on what is no longer so.
        if making is not None and making[0] == stamp:
            # Whoever stops waiting must not stop the one who makes it, nor others who wait.
            written = await asyncio.shield(making[2])
            if written is not None:
                self.kept += 1
                looks.again(making[1])
                return written
        with looks.noting() as shown:
            written = await self._make(key, stamp, shown, make)
        looks.again(shown)
        if written is not None:
            self._keep(key, Kept(written, rests, rests.rows or rests.named < fields, stamp, at, shown))
        return written

    async def _make(
        self, key: Hashable, stamp: Stamp, shown: Looks, make: Callable[[], Awaitable[bytes | None]]
    ) -> bytes | None:
        self.made += 1
        done: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._making[key] = (stamp, shown, done)
        written: bytes | None = None
        try:
            written = await make()
        finally:
            # None where it failed: those who waited make it themselves, and hear of their own error.
            done.set_result(written)
            # A later one may have taken its place.
            if self._making.get(key) == (stamp, shown, done):
                del self._making[key]
        return written

    def stamp(self) -> Stamp:
        return Stamp(self._states.moves, self._appearances.links, self._keyring.erasures, self._readside.position)

    def stands(self, held: Kept) -> bool:
        """Whether the answer would be made the same again."""
        # Below 0 the clock was set back: nobody knows how old it is.
        if not timedelta(0) <= self._now() - held.at < FRESH:
            return False
        was, now = held.stamp, self.stamp()
        if was == now:
            return True
        if held.everything or was.links != now.links or was.erasures != now.erasures:
            return False
        if self._touched(held.rests.streams, now.moves - was.moves):
            return False
        held.stamp = now
        return True

    def _touched(self, streams: set[UUID], moves: int) -> bool:
        """Whether any of the last so many moves was of one of these streams."""
        recent = self._states.recent
        # More moves than are remembered might be of anything.
        return moves > len(recent) or not streams.isdisjoint(islice(reversed(recent), moves))

    def _keep(self, key: Hashable, answer: Kept) -> None:
        self._drop(key)
        self._held[key] = answer
        self._bytes += len(answer.written)
        # The oldest goes first, which is the next to be too old anyway.
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._held)))
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(FRESH.total_seconds(), self._sweep)

    def _drop(self, key: Hashable) -> None:
        held = self._held.pop(key, None)
        self._bytes -= len(held.written) if held else 0

    def _sweep(self) -> None:
        """Nothing plain is kept longer than it can be used."""
        oldest = self._now() - FRESH
        for key in [key for key, held in self._held.items() if held.at <= oldest]:
            self._drop(key)
        self._sweeping = bool(self._held)
        if self._sweeping:
            asyncio.get_running_loop().call_later(FRESH.total_seconds(), self._sweep)
