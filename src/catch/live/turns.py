"""Thousands who come at once are let in a few in each turn of the loop, in the order in which they came.

To let somebody in costs more than any of their messages. All at once, nobody gets further for many seconds, those who
were let in least of all: their time to say who they are runs out before anybody reads that they have said it, they come
again, and it never ends.
"""

import asyncio
from collections import deque

A_TURN = 16
"""How many are let in in one turn of the loop. Some milliseconds: what is live goes on in between."""


class Turns:
    """Nobody waits for what becomes of those before them: who says nothing holds nobody up."""

    def __init__(self, a_turn: int = A_TURN) -> None:
        self._most = self._left = a_turn
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next: asyncio.Handle | None = None

    async def come(self) -> None:
        """Returns when it is one's turn: at once, as a rule."""
        loop = asyncio.get_running_loop()
        if self._next is None:
            self._next = loop.call_soon(self._turn)
        if self._left and not self._waiting:
            self._left -= 1
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _turn(self) -> None:
        self._next, self._left = None, self._most
        while self._waiting and self._left:
            turn = self._waiting.popleft()
            # Who hung up meanwhile takes nobody's place.
            if not turn.done():
                turn.set_result(None)
                self._left -= 1
        if self._waiting:
            self._next = asyncio.get_running_loop().call_soon(self._turn)
