"""Who is signed in at a browser: a session sealed into a cookie, which every server of the place can open, and a ticket
made of it with which the page's script opens a websocket.

Nothing of a session is kept on the server but that it has ended (`catch.identity.logout`): any server answers, and a
cookie that was copied is good for nothing once its owner has signed out.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from secrets import token_bytes, token_urlsafe
from typing import Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from msgspec.structs import replace

from catch.domain.calendar import CLOCKS_MAY_DIFFER
from catch.identity.logout import Tokens
from catch.identity.tokens import TokenRefused, Viewer

IDLE: Final = 30 * 60.0
"""Seconds without a request after which somebody has to sign in again."""
ABSOLUTE: Final = 10 * 3600.0
"""Seconds after which everybody has to: a working day."""
TICKET: Final = 600.0
"""Seconds for which a ticket is good. The page fetches another one when its socket is closed."""
SCHEME = "session "
_NONCE = 12

S = TypeVar("S")


class NotSignedIn(TokenRefused):
    """You are not signed in. Sign in, and come back to this page."""


class SessionExpired(TokenRefused):
    """You were signed out because nothing was done for a while. Sign in again; what you typed is kept on the page."""


class Session(Struct, frozen=True):
    """`viewer.browser` is its name, `viewer.expires_at` when it ends however busy it is. Times are in seconds since
    1970.

    `seen` is when something was last asked in it. `signed_in_at` and `acr` are when, and how strongly, the issuer saw
    them; 0, where it does not say.
    """

    viewer: Viewer
    seen: float
    signed_in_at: float = 0
    acr: str = ""

    def at(self, now: float) -> "Session":
        return replace(self, seen=now)


def stepped_up(session: Session, now: float, max_age: float, acr: Collection[str] = ()) -> bool:
    """Whether the issuer looked at who they are within so many seconds, and as closely as one of these says."""
    seen = proved(session, acr)
    return bool(seen) and abs(now - seen) <= max_age


def proved(session: Session, acr: Collection[str] = ()) -> float:
    """When the issuer last looked at who they are, as closely as one of these says; 0, where it does not say so."""
    return session.signed_in_at if not acr or session.acr in acr else 0


class Cookies:
    """Seals sessions and opens them. `secrets` are the place's: the first one seals, and each of them opens. `safe`:
    pages are reached by https alone. `issuers` are those that this server trusts, by their keys: a session that began
    by another's word is none here.
    """

    def __init__(
        self,
        secrets: Callable[[], Sequence[bytes]],
        *,
        idle: float = IDLE,
        absolute: float = ABSOLUTE,
        safe: bool = True,
        issuers: Collection[str] | None = None,
        clock: Callable[[], float],
    ) -> None:
        self._secrets = secrets
        self.idle = idle
        self.absolute = absolute
        self.safe = safe
        self._issuers = issuers
        self.clock = clock

    def begun(self, viewer: Viewer, *, acr: str = "", signed_in_at: float | None = None) -> Session:
        """A new session of theirs, under a new name whatever the issuer calls its own.

        When it began is what the issuer says of that: it says so, too, until when a sign-out ends what had begun.
        """
        now = self.clock()
        ends = min(viewer.expires_at, now + self.absolute)
        # In whole seconds, as a sign-out does.
        began = float(int(viewer.issued_at))
        held = replace(viewer, expires_at=ends, issued_at=began, browser=token_urlsafe(18))
        return Session(held, now, now if signed_in_at is None else signed_in_at, acr)

    def sealed(self, session: Session) -> str:
        return self.seal("cookie", session)

    def opened(self, cookie: str | None) -> Session:
        """Raises `NotSignedIn`, `SessionExpired`."""
        if not cookie:
            raise NotSignedIn
        session = self.open("cookie", cookie, Session)
        self._trusted(session.viewer)
        now = self.clock()
        self._lasting(session.viewer, now, self.absolute)
        # Far in the future it may have been for as long.
        if abs(now - session.seen) >= self.idle:
            raise SessionExpired
        return session

    def form_key(self, session: Session, secret: bytes | None = None) -> str:
        """Stands in every form of their pages, so that no other site's page can send one. It is somebody's and not one
        session's: what they typed before they were signed out may be sent when they have signed in again.
        """
        viewer = session.viewer
        who = msgspec.json.encode(["form", viewer.user, viewer.agency, viewer.role])
        return hmac.digest(secret or self._secrets()[0], who, "sha256").hex()[:32]

    def is_form_key(self, session: Session, said: str) -> bool:
        """Also of a page from before another key came."""
        good = (self.form_key(session, secret).encode() for secret in self._secrets())
        return any(hmac.compare_digest(said.encode(), each) for each in good)

    def ticket(self, session: Session) -> str:
        """For the page's own script: `Session TICKET` stands where a token would."""
        ends = min(session.viewer.expires_at, self.clock() + TICKET)
        return self.seal("ticket", replace(session.viewer, expires_at=ends))

    def verify(self, authorization: str) -> Viewer:
        """Whom a ticket means. Raises `NotSignedIn`, `SessionExpired`."""
        viewer = self.open("ticket", authorization.strip().partition(" ")[2].strip(), Viewer)
        self._trusted(viewer)
        self._lasting(viewer, self.clock(), TICKET)
        return viewer

    @staticmethod
    def _lasting(viewer: Viewer, now: float, most: float) -> None:
        """Raises `SessionExpired`, also for what lasts longer than it was given: the clock was set back meanwhile."""
        if not 0 < viewer.expires_at - now <= most + CLOCKS_MAY_DIFFER.total_seconds():
            raise SessionExpired

    def _trusted(self, viewer: Viewer) -> None:
        if self._issuers is not None and viewer.issuer not in self._issuers:
            raise NotSignedIn

    def seal(self, use: str, value: Struct) -> str:
        nonce, (secret, *_) = token_bytes(_NONCE), self._secrets()
        # What it is for is sealed with it: a cookie is no ticket, and a ticket no cookie.
        made = nonce + AESGCM(secret).encrypt(nonce, msgspec.json.encode(value), use.encode())
        # Nothing in it that a cookie would have to be put into quotation marks for.
        return urlsafe_b64encode(made).rstrip(b"=").decode()

    def open(self, use: str, text: str, kind: type[S]) -> S:
        """Raises `NotSignedIn` for whatever was not sealed here for this use."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            for secret in self._secrets():
                with suppress(InvalidTag):
                    return msgspec.json.decode(
                        AESGCM(secret).decrypt(raw[:_NONCE], raw[_NONCE:], use.encode()), type=kind
                    )
        except (ValueError, msgspec.MsgspecError):
            pass
        raise NotSignedIn


class Ticketed:
    """Takes tickets of pages, and leaves tokens to whoever issues them."""

    def __init__(self, tokens: Tokens, cookies: Cookies) -> None:
        self.verify_logout = tokens.verify_logout
        self._tokens = tokens
        self._cookies = cookies

    def verify(self, authorization: str | None) -> Viewer | Awaitable[Viewer]:
        if authorization is not None and authorization.lstrip()[: len(SCHEME)].lower() == SCHEME:
            return self._cookies.verify(authorization)
        return self._tokens.verify(authorization)
