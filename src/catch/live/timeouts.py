"""Many timers for the price of a few: who waits for about the same moment shares one timer of the loop."""

import asyncio
import math
from collections.abc import Callable


class Timeouts:
    """`tick` in seconds is how late a call may be, beside what the loop itself is late. Nothing is ever cancelled:
    what is called finds out by itself whether there is still something to do."""

    def __init__(self, tick: float = 0.05) -> None:
        self.tick = tick
        self._slots: dict[int, list[Callable[[], None]]] = {}

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        # Rounded up: late by a tick at most, and never early.
        slot = math.ceil((loop.time() + seconds) / self.tick)
        waiting = self._slots.get(slot)
        if waiting is None:
            self._slots[slot] = [call]
            loop.call_at(slot * self.tick, self._turn, slot)
        else:
            waiting.append(call)

    def _turn(self, slot: int) -> None:
        for call in self._slots.pop(slot):
            call()
