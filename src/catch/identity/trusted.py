"""A token is verified once a second, not once a request: the signature alone costs more than a kept answer.

Whether its session has ended is asked each time, by whoever stands in front of this.
"""

import time
from collections.abc import Callable

from cachetools import TTLCache

from catch.identity.logout import Tokens
from catch.identity.tokens import Viewer

# As long as anything else that is known may be taken for true: rights end within a second.
TRUSTED = 1.0
MOST = 10_000


class ForASecond:
    """Says again what was proven within the last second; a refusal is not remembered."""

    def __init__(self, tokens: Tokens, clock: Callable[[], float] = time.monotonic) -> None:
        self.verify_logout = tokens.verify_logout
        self._tokens = tokens
        self._proven: TTLCache[str, Viewer] = TTLCache(MOST, TRUSTED, timer=clock)

    def verify(self, authorization: str | None) -> Viewer:
        known = self._proven.get(authorization) if authorization is not None else None
        if known is not None:
            return known
        viewer = self._tokens.verify(authorization)
        if authorization is not None:
            self._proven[authorization] = viewer
        return viewer
