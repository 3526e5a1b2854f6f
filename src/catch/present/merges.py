"""Which registrations are one person, at any position: the few facts that say so are read once, and on from there."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from catch.domain.facts import Recorded
from catch.domain.merging import MergeReversed, PersonsMerged
from catch.log import Log
from catch.log.codec import decode
from catch.log.entries import Unreadable

PAGE = 1000
TOPICS = frozenset({PersonsMerged.__name__, MergeReversed.__name__})


class Merges:
    def __init__(self, log: Log) -> None:
        self._log = log
        self._turn = asyncio.Lock()
        self._read = 0
        self._facts: list[Recorded[Any]] = []

    async def upto(self, position: int) -> list[Recorded[Any]]:
        """What was said of merges up to this position, in order."""
        async with self._turn:
            while page := await self._log.page(self._read, PAGE, position, TOPICS):
                for stored in page:
                    # `catch doctor` names what cannot be read.
                    with suppress(Unreadable):
                        self._facts.append(decode(stored))
                    self._read = stored.position
            self._read = max(self._read, position)
        return [each for each in self._facts if each.position <= position]


def links(facts: Iterable[Recorded[Any]]) -> Mapping[UUID, UUID]:
    """Under whom everybody goes on who was merged into somebody else."""
    held: dict[UUID, PersonsMerged] = {}
    for each in facts:
        event: PersonsMerged | MergeReversed = each.event
        # Both streams say it, so that each is said twice.
        if isinstance(event, PersonsMerged):
            held[event.merge] = event
        else:
            held.pop(event.merge, None)
    return {event.retired: event.survivor for event in held.values()}
