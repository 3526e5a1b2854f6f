"""A stream's history from any position on, a page at a time: a page costs a page, whatever lies before and behind it.

Where a page ends, the state there is kept, so that the next one begins from it. Whoever begins in the middle pays once
for what lies before, in slices, and leaves a state behind now and then for those who come after.
"""

from collections.abc import AsyncGenerator
from typing import Any, NamedTuple
from uuid import UUID

from cachetools import LRUCache

from catch.domain.facts import Recorded
from catch.domain.streams import EVENTS, Stream, stream_of
from catch.log import Log
from catch.log.codec import decode
from catch.log.entries import MissingVersions
from catch.slices import in_slices

STREAMS = 64
PLACES = 16
"""How many states are kept of a stream: they share what did not change between them."""
APART = 500
"""Facts between two states that are kept on the way to where somebody begins."""


class Place(NamedTuple):
    """How far a stream was folded."""

    version: int = 0
    position: int = 0
    state: Any = None


class Turn(NamedTuple):
    """A fact, the stream's state before it, and where it left the stream."""

    before: Any
    recorded: Recorded[Any]
    place: Place


BEGINNING = Place()


class Trails:
    """One for all requests of a process."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._places: LRUCache[UUID, list[Place]] = LRUCache(STREAMS)

    async def kind(self, stream: UUID) -> Stream | None:
        """What the id names: a look at its first fact. None where it names nothing that this release knows."""
        try:
            first = await self._log.stream(stream, limit=1)
        except MissingVersions:
            return None
        event = EVENTS.get(first[0].topic) if first else None
        return stream_of(event) if event else None

    async def turns(self, kind: Stream, stream: UUID, after: int, at_once: int) -> AsyncGenerator[Turn, None]:
        """The facts behind position `after`, read so many at once. Raises an `Unreadable` where one cannot be read."""
        place = self._nearest(stream, after)
        while rows := await self._log.stream(stream, place.version, limit=self._reach(place, after, at_once)):
            async for stored in in_slices(rows):
                recorded = decode(stored)
                if place.version and place.position <= after < stored.position:
                    self.keep(stream, place)
                before, place = place.state, Place(stored.version, stored.position, kind.evolve(place.state, recorded))
                if stored.position > after:
                    yield Turn(before, recorded, place)
            self.keep(stream, place)

    @staticmethod
    def _reach(place: Place, after: int, at_once: int) -> int:
        return at_once if place.position >= after else APART

    def _nearest(self, stream: UUID, after: int) -> Place:
        known: list[Place] = self._places.get(stream, [])
        return max((place for place in known if place.position <= after), default=BEGINNING)

    def keep(self, stream: UUID, place: Place) -> None:
        """Whoever goes on from here begins with this state."""
        kept = [held for held in self._places.get(stream, []) if held.version != place.version]
        self._places[stream] = [*kept[1 - PLACES :], place]
