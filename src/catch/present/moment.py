"""For how long what is known now may be taken for true."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Generic, TypeVar

T = TypeVar("T")

FRESH = timedelta(seconds=1)
"""What was read stays good while nothing new is heard, but no longer than this: rights end by the clock as well."""


class OnceFresh(Generic[T]):
    """Something looked up at most once in `FRESH`. Who asks while it is looked up waits for that look: all screens of a
    meeting ask at once, whenever it moves.
    """

    def __init__(self, look: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._look = look
        self._begun = float("-inf")
        self._looking: asyncio.Task[T] | None = None
        self._waiting: Counter[asyncio.Task[T]] = Counter()

    async def get(self) -> T:
        """Raises what the look raises; whoever asks then looks again. Whoever stops waiting stops nobody else."""
        now, look = time.monotonic(), self._looking
        if look is None or now - self._begun >= FRESH.total_seconds() or in_vain(look):
            look = asyncio.create_task(self._look())
            self._begun, self._looking = now, look
        self._waiting[look] += 1
        try:
            return await asyncio.shield(look)
        finally:
            self._waiting[look] -= 1
            if not self._waiting[look]:
                del self._waiting[look]
                # For nobody: it must not hold a connection to a database that is silent.
                look.cancel()


def in_vain(look: "asyncio.Task[Any]") -> bool:
    return look.done() and (look.cancelled() or look.exception() is not None)
