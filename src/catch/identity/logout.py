"""Sessions that their issuer ends while tokens of them are still about: OpenID Connect Back-Channel Logout 1.0.

The issuer posts a signed logout token to any server. It is kept in a table that every server looks at twice a second;
from then on tokens of the session are refused and its sockets closed. Nothing rests on a message getting through.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import parse_qs
from uuid import uuid4

from litestar import MediaType, Request, Response, post
from litestar.handlers import HTTPRouteHandler

from catch.database import Pool, lost
from catch.identity.tokens import Logout, LogoutTokenRefused, LogoutTokenReplayed, TokenRefused, Viewer

log = logging.getLogger("catch.sessions")

PATH = "/logout/backchannel"
LARGEST = 16_384
"""Bytes of the request's body."""
LOOK = 0.5
"""Seconds between two looks at what other servers were told."""
OVERLAP = 30
"""Seconds by which each look reaches back behind the last: a row becomes visible only when its writer has committed."""
KEPT = "8 days"
"""Longer than any token of the development issuer is good for, and any logout token."""


OURS = "catch"
"""Stands for an issuer where somebody has signed out here."""


class SessionEnded(TokenRefused):
    """You have been signed out. Sign in again."""


class Tokens(Protocol):
    def verify(self, authorization: str | None) -> Viewer: ...
    def verify_logout(self, token: str) -> Logout: ...


class Sessions:
    """Verifies tokens, and refuses those of sessions that have ended. `ended` is called when any has."""

    def __init__(self, tokens: Tokens, pool: Pool, schema: str, ended: Callable[[], None]) -> None:
        self._tokens = tokens
        self._pool = pool
        self._table = f"{schema}.logouts"
        self._ended = ended
        self._sessions: set[str] = set()
        self._users: dict[str, float] = {}

    def verify(self, authorization: str | None) -> Viewer:
        viewer = self._tokens.verify(authorization)
        if self.over(viewer):
            raise SessionEnded
        return viewer

    def over(self, viewer: Viewer) -> bool:
        # At or before: times are whole seconds, and a token of the same second may be from before the sign-out.
        return viewer.session in self._sessions or viewer.issued_at <= self._users.get(viewer.user, -1)

    async def sign_out(self, viewer: Viewer) -> None:
        """End this session everywhere, as its owner asks: a cookie or a ticket of it is good for nothing any more."""
        await self._pool.execute(
            f"insert into {self._table} (issuer, jti, session, issued_at, forgotten_at)"  # noqa: S608
            f" values ($1, $2, $3, clock_timestamp(), clock_timestamp() + interval '{KEPT}')",
            OURS,
            uuid4().hex,
            viewer.session,
        )
        self._take(None, viewer.session, 0)
        self._ended()

    async def end(self, token: str) -> None:
        """Raises `LogoutTokenRefused`, or what asyncpg raises when the database is away."""
        logout = self._tokens.verify_logout(token)
        kept = await self._pool.fetchval(
            # The database decides who was first: a logout token that is played back is refused by every server.
            f"insert into {self._table} (issuer, jti, subject, session, issued_at, forgotten_at)"  # noqa: S608
            f" values ($1, $2, $3, $4, to_timestamp($5), clock_timestamp() + interval '{KEPT}')"
            " on conflict do nothing returning true",
            logout.issuer,
            logout.jti,
            logout.user,
            logout.session,
            logout.issued_at,
        )
        if not kept:
            raise LogoutTokenReplayed
        # At once here; the other servers find it with their next look.
        self._take(logout.user, logout.session, logout.issued_at)
        self._ended()

    def _take(self, user: str | None, session: str | None, issued_at: float) -> None:
        if session:
            self._sessions.add(session)
        elif user:
            self._users[user] = max(self._users.get(user, -1), issued_at)

    async def look(self, back: float | None = None) -> None:
        """Take in what any server was told in the last `back` seconds, or ever."""
        rows = await self._pool.fetch(
            f"select subject, session, extract(epoch from issued_at)::float8 as issued_at from {self._table}"  # noqa: S608
            " where forgotten_at > clock_timestamp()"
            " and ($1::float8 is null or received_at > clock_timestamp() - make_interval(secs => $1))",
            back,
        )
        before = len(self._sessions), dict(self._users)
        for row in rows:
            self._take(row["subject"], row["session"], row["issued_at"])
        # Sockets are looked through only when something is new: each look reads half a minute of rows again.
        if before != (len(self._sessions), self._users):
            self._ended()

    async def follow(self) -> None:
        """Until cancelled: hear of what other servers were told. What has been kept long enough is forgotten."""
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            await asyncio.sleep(LOOK)
            now = loop.time()
            try:
                await self.look(now - looked + OVERLAP)
            except Exception as error:
                if not lost(error):
                    raise
            else:
                # Only a look that worked moves it: after an outage the next one reaches back over all of it.
                looked = now

    async def forget(self) -> None:
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
                if not lost(error):
                    raise
                return answered(503, {"error": "temporarily_unavailable"})
            return answered(200, None)

        return backchannel


def answered(status: int, body: dict[str, str] | None) -> Response[dict[str, str] | None]:
    return Response(body, status_code=status, media_type=MediaType.JSON, headers={"cache-control": "no-store"})
