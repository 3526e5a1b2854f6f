"""A token is verified once a second, not once a request: the signature alone costs more than a kept answer.

Whether its session has ended is asked each time, by whoever stands in front of this.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from catch.identity.logout import Tokens
from catch.identity.tokens import Viewer

TRUSTED = 1.0
MOST = 10_000


class ForASecond:
    """Says again what was proven within the last second; a refusal is not remembered."""

    def __init__(self, tokens: Tokens, clock: Callable[[], float] = time.monotonic) -> None:
        self.verify_logout = tokens.verify_logout
        self._tokens = tokens
        self._clock = clock
        self._proven: OrderedDict[str, tuple[float, Viewer]] = OrderedDict()

    def verify(self, authorization: str | None) -> Viewer:
        now = self._clock()
        if authorization is not None and (known := self._proven.get(authorization)) and now - known[0] < TRUSTED:
            return known[1]
        viewer = self._tokens.verify(authorization)
        if authorization is not None:
            self._proven.pop(authorization, None)
            self._proven[authorization] = (now, viewer)
            if len(self._proven) > MOST:
                self._proven.popitem(last=False)
        return viewer
