"""Whoever met rivals at a stream waits for a turn at it, so that of many at once each is soon through."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary


class Turns:
    """Within one process; rivals of another are met again, and are few."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def at(self, streams: Iterable[UUID]) -> AsyncGenerator[None]:
        """One at a time at each of these; nobody waits who names none."""
        # In one order: two that wait for each other's stream would wait for ever.
        locks = [self._lock(stream) for stream in sorted(streams)]
        async with AsyncExitStack() as held:
            for lock in locks:
                await held.enter_async_context(lock)
            yield

    def _lock(self, stream: UUID) -> asyncio.Lock:
        lock = self._locks.get(stream)
        if lock is None:
            lock = self._locks[stream] = asyncio.Lock()
        return lock
