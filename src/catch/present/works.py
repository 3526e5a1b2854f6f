"""Work that takes long, done once for all who ask for the same at once, and one piece after the other.

A piece is named by all that it depends on (the end of the log among it): so what was made stays right, and is given
again for as long as it is among the last that were asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from cachetools import LRUCache

R = TypeVar("R")

KEPT = 32
"""Pieces that are kept, those under way included."""


class Works:
    """One for all requests of a process. `made` counts the pieces."""

    def __init__(self, kept: int = KEPT) -> None:
        self._held: LRUCache[Hashable, asyncio.Task[Any]] = LRUCache(kept)
        self._running: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()
        self.made = 0

    async def get(self, key: Hashable, make: Callable[[], Awaitable[R]]) -> R:
        """Raises what `make` raises; then nothing is kept. Whoever stops waiting stops nobody else's."""
        task = self._held.get(key)
        if task is None:
            task = self._held[key] = asyncio.create_task(self._one(make))
            # The loop holds tasks weakly, and what was asked for may fall out of what is kept while it is made.
            self._running.add(task)
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Nobody is answered any more."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _one(self, make: Callable[[], Awaitable[R]]) -> R:
        # One after the other: two long pieces at once would take the loop from everybody else.
        async with self._turn:
            self.made += 1
            return await make()

    def _ended(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if (task.cancelled() or task.exception() is not None) and self._held.get(key) is task:
            del self._held[key]
