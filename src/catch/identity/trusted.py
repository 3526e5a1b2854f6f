"""A token is verified once a second, not once a request: the signature alone costs more than a kept answer.

Whether its session has ended is asked each time, by whoever stands in front of this.
"""

import time
from collections.abc import Awaitable, Callable

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

    def verify(self, authorization: str | None) -> Viewer | Awaitable[Viewer]:
        """At once where it is known, or where nobody has to be asked."""
        known = self._proven.get(authorization) if authorization is not None else None
        if known is not None:
            return known
        found = self._tokens.verify(authorization)
        return self._kept(authorization, found) if isinstance(found, Viewer) else self._later(authorization, found)

    async def _later(self, authorization: str | None, found: Awaitable[Viewer]) -> Viewer:
        return self._kept(authorization, await found)

    def _kept(self, authorization: str | None, viewer: Viewer) -> Viewer:
        if authorization is not None:
            self._proven[authorization] = viewer
        return viewer
