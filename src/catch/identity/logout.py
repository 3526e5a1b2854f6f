"""Sessions that end while tokens and cookies of them are still about.

Their owner signs out, or their issuer posts a signed logout token to any server (OpenID Connect Back-Channel Logout
1.0). That is kept in a table that every server looks at twice a second, for what came after its last look by the order
of the database's transactions and by no clock; from then on tokens of the session are refused and its sockets closed.
Nothing rests on a message getting through: a server that could not look for `DEAF` seconds
takes nobody's word any more, because their session may have ended.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from inspect import isawaitable
from typing import Any, Final, Protocol
from urllib.parse import parse_qs
from uuid import uuid4

from litestar import MediaType, Request, Response, post
from litestar.handlers import HTTPRouteHandler

from catch.database import Pool, Trouble, lost
from catch.faults import RecordsAway
from catch.identity.tokens import IssuerAway, Logout, LogoutTokenRefused, LogoutTokenReplayed, TokenRefused, Viewer
from catch.log.clock import ClocksApart

log = logging.getLogger("catch.sessions")

PATH = "/logout/backchannel"
LARGEST = 16_384
"""Bytes of the request's body."""
LOOK = 0.5
"""Seconds between two looks at what other servers were told."""
LOOKED = 2.0
"""Seconds that a look may take."""
DEAF = 5.0
"""Seconds without a look that worked, after which a session may have ended for all that is known here."""
EVER: Final = "0"
"""Before all transactions."""
KEPT = "8 days"
"""Longer than any token or session is good for, and any logout token, by more than clocks may be apart."""
OURS: Final = "catch"
"""Stands for an issuer where a session of a browser ended here."""
USED_FOR: Final = "2 days"
"""Longer than a sign-in may take, by more than clocks may be apart."""
USED: Final = "catch-used"
"""Stands for one where something that is good for one use was used."""


class SessionEnded(TokenRefused):
    """You have been signed out. Sign in again."""


class SignOutsUnknown(TokenRefused):
    """Whether you have been signed out cannot be looked up just now. Ask again in a moment."""

    STATUS = 503


# As anything else that the records are needed for.
SignOutsUnknown.code = RecordsAway.code


class Tokens(Protocol):
    def verify(self, authorization: str | None) -> Viewer | Awaitable[Viewer]: ...
    def verify_logout(self, token: str) -> Logout | Awaitable[Logout]: ...


Named = tuple[str, str]
"""An issuer, and what it calls a session or, as a keyed hash, somebody: one issuer ends nothing of another's."""


class Sessions:
    """Verifies tokens, and refuses those of sessions that have ended. `ended` is called when any has."""

    def __init__(
        self,
        tokens: Tokens,
        pool: Pool,
        schema: str,
        ended: Callable[[], None],
        now: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._pool = pool
        self._table = f"{schema}.logouts"
        self._ended = ended
        self._look = (
            "select issuer, subject, session, extract(epoch from issued_at)::float8 as issued_at, since, server"  # noqa: S608
            " from (select pg_snapshot_xmin(pg_current_snapshot())::text since, pg_postmaster_start_time() server) s"
            f" left join {self._table} on issuer <> $1 and kept >= $2::text::xid8"
        )
        self._since = EVER
        """All that transactions before this one kept is known here."""
        self._server: datetime | None = None
        """Whose count of them that is: the server that was started then."""
        self._sessions: set[Named] = set()
        self._users: dict[Named, float] = {}
        self._clock = clock
        self._now = now
        self._trouble = Trouble(log, "sign-outs at other servers are not heard of: %s")
        self.looked = clock()
        """When all that any server had been told by then was known here."""

    @property
    def deaf(self) -> bool:
        return self._clock() - self.looked > DEAF

    def verify(self, authorization: str | None) -> Viewer | Awaitable[Viewer]:
        found = self._tokens.verify(authorization)
        return self.going_on(found) if isinstance(found, Viewer) else self._later(found)

    async def _later(self, found: Awaitable[Viewer]) -> Viewer:
        return self.going_on(await found)

    def going_on(self, viewer: Viewer) -> Viewer:
        """Raises `SessionEnded`, `SignOutsUnknown`."""
        if self.over(viewer):
            raise SessionEnded
        if self.deaf:
            raise SignOutsUnknown
        return viewer

    def over(self, viewer: Viewer) -> bool:
        named = viewer.issuer, viewer.session
        # At or before: times are whole seconds, and a token of the same second may be from before the sign-out.
        return (
            named in self._sessions
            or (OURS, viewer.browser) in self._sessions
            or viewer.issued_at <= self._users.get((viewer.issuer, viewer.subject), -1)
        )

    async def sign_out(self, viewer: Viewer) -> None:
        """End a browser's session everywhere, as its owner asks: a cookie of it is good for nothing any more."""
        await self._keep(Logout(OURS, uuid4().hex, 0, None, viewer.browser))
        self._take(OURS, None, viewer.browser, 0)
        self._ended()

    async def use(self, once: str) -> bool:
        """Whether this, which is good for one use, is used for the first time, at whatever server."""
        return await self._keep(Logout(USED, once, 0, None, once), kept=USED_FOR)

    async def end(self, token: str) -> None:
        """Raises `LogoutTokenRefused`, or what asyncpg raises when the database is away."""
        found = self._tokens.verify_logout(token)
        logout = await found if isawaitable(found) else found
        if not await self._keep(logout):
            raise LogoutTokenReplayed
        # At once here; the other servers find it with their next look.
        self._take(logout.issuer, logout.subject, logout.session, logout.issued_at)
        self._ended()

    async def _keep(self, logout: Logout, kept: str = KEPT) -> bool:
        """Whether it was not there."""
        # The database decides who was first: a logout token that is played back is refused by every server.
        kept_first = (
            f"insert into {self._table} (issuer, jti, subject, session, issued_at, forgotten_at)"  # noqa: S608
            f" values ($1, $2, $3, $4, to_timestamp($5), clock_timestamp() + interval '{kept}')"
            " on conflict do nothing returning true"
        )
        named = (logout.issuer, logout.jti, logout.subject, logout.session, logout.issued_at)
        async with asyncio.timeout(LOOKED):
            new = await self._pool.fetchval(kept_first, *named)
        return bool(new)

    def _take(self, issuer: str, subject: str | None, session: str | None, issued_at: float) -> None:
        if session:
            self._sessions.add((issuer, session))
        elif subject:
            named = issuer, subject
            self._users[named] = max(self._users.get(named, -1), issued_at)

    async def look(self) -> None:
        """Take in what any server was told since the last look, or ever."""
        began = self._clock()
        async with asyncio.timeout(LOOKED):
            rows = await self._pool.fetch(self._look, USED, self._since)
            # One that was promoted, or started anew from a copy, may count from before what was kept last.
            if rows[0]["server"] != self._server:
                rows = await self._pool.fetch(self._look, USED, EVER)
        before = len(self._sessions), dict(self._users)
        for row in rows:
            if row["issuer"] is not None:
                self._take(row["issuer"], row["subject"], row["session"], row["issued_at"])
        # Sockets are looked through only when something is new: what was kept beside an open transaction is read again.
        if before != (len(self._sessions), self._users):
            self._ended()
        # Only a look that worked moves it: after an outage the next one reaches back over all of it.
        self.looked, self._since, self._server = began, rows[0]["since"], rows[0]["server"]
        self._trouble.over()

    async def follow(self) -> None:
        """Until cancelled: hear of what other servers were told, and say so while that cannot be heard."""
        # What has been kept long enough; another start will do as well.
        with suppress(Exception):
            await self.forget()
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self.look()
            # Whatever it was: to end here would mean that ended sessions are good for ever.
            except Exception as error:
                self._trouble.met(error)

    async def forget(self) -> None:
        # Not where nobody knows the time: what was forgotten for a clock that was never set would be good again.
        self._now()
        async with asyncio.timeout(LOOKED):
            await self._pool.execute(f"delete from {self._table} where forgotten_at <= clock_timestamp()")  # noqa: S608

    def handler(self) -> HTTPRouteHandler:
        @post(PATH, request_max_body_size=LARGEST, status_code=200)
        async def backchannel(request: Request[Any, Any, Any]) -> Response[dict[str, str] | None]:
            form = parse_qs((await request.body()).decode("ascii", "replace"))
            try:
                await self.end(form.get("logout_token", [""])[0])
            except LogoutTokenRefused as refused:
                log.warning(refused.code)
                return answered(400, {"error": "invalid_request", "error_description": refused.message})
            except Exception as error:
                # It is to be sent again, and not taken for refused.
                if not lost(error) and not isinstance(error, IssuerAway | ClocksApart):
                    raise
                return answered(503, {"error": "temporarily_unavailable"})
            return answered(200, None)

        return backchannel


def answered(status: int, body: dict[str, str] | None) -> Response[dict[str, str] | None]:
    return Response(body, status_code=status, media_type=MediaType.JSON, headers={"cache-control": "no-store"})
