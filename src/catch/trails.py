"""The states that pages of a stream's history began and ended at, so that the next page goes on from there.

Without them every page of a long trail would be folded from the first fact on.
"""

from typing import Any
from uuid import UUID

from catch.domain.facts import Recorded
from catch.domain.streams import Stream, fold
from catch.log import Log
from catch.log.codec import decode
from catch.works import each

KEPT = 256


class Trails:
    """One for all requests of a process. `folded` counts the facts that were read to come to where a page begins."""

    def __init__(self, log: Log, kept: int = KEPT) -> None:
        self._log = log
        self._kept = kept
        self._states: dict[tuple[UUID, int], Any] = {}
        self.folded = 0

    async def before(self, kind: Stream, fact: Recorded[Any]) -> Any:
        """The state that this fact came upon; None for the first of a stream."""
        key = (fact.stream, fact.version - 1)
        if fact.version == 1 or key in self._states:
            return self._states.get(key)
        earlier = await each(decode, await self._log.stream(fact.stream, upto_position=fact.position - 1))
        self.folded += len(earlier)
        return self.keep(earlier[-1], fold(kind, earlier))

    def keep(self, fact: Recorded[Any], state: Any) -> Any:
        """The state that this fact left."""
        self._states[fact.stream, fact.version] = state
        if len(self._states) > self._kept:
            del self._states[next(iter(self._states))]
        return state
