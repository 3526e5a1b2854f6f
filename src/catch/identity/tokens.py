"""Who asks, what can be wrong with a token, and the issuer that development has of its own.

The development issuer signs with Ed25519: its key lies in the data folder, it is made on first use, and its tokens are
honoured only by a server that runs in development. Tokens of real issuers are looked at in `catch.identity.verifying`.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from joserfc import errors, jws, jwt
from joserfc.jwk import OKPKey
from msgspec import Struct

from catch.access import Asker
from catch.domain.facts import Role
from catch.domain.keys import is_key, is_user
from catch.domain.partner import Binding
from catch.domain.refusals import NotAnswered
from catch.personal.keys import made_once

ALGORITHM = "Ed25519"
AUDIENCE = "catch"
ISSUER = "catch-development"
KEY_FILE = "development-issuer.json"
LONGEST_TOKEN = 8_192
Hashed = Callable[[str, str], str]
Either = Callable[[], Collection[float]]
"""The time by several clocks, of which one may be wrong: what was told in time by any of them is not to get lost."""
LEEWAY = 5
"""Seconds by which clocks may differ."""
LONGEST_SESSION = 256
UNUSABLE = re.compile("[\0\ud800-\udfff]")


class Viewer(Struct, frozen=True):
    """Somebody who asks, as the token says. Times are in seconds since 1970; `session` is the issuer's name for it,
    `subject` the keyed hash of its name for them. `named`: the token itself names user and agency; of any issuer but
    development's that is for the log to say. `browser` is our own name for a session that began with a page, and
    `signed_in` when it did, by the database's clock. `proved` is when the issuer last looked at who they are, as
    closely as stepping up needs; 0, where it does not say.
    """

    user: str
    agency: str
    role: Role | None
    expires_at: float
    session: str = ""
    issued_at: float = 0
    issuer: str = ""
    subject: str = ""
    named: bool = True
    browser: str = ""
    signed_in: float = 0
    proved: float = 0

    @property
    def proved_at(self) -> datetime | None:
        return datetime.fromtimestamp(self.proved, UTC) if self.proved else None

    @property
    def asker(self) -> Asker:
        since = datetime.fromtimestamp(self.signed_in, UTC) if self.signed_in else None
        return Asker(self.user, self.agency, self.role, Binding(self.issuer, self.subject), self.named, since)


class TokenRefused(NotAnswered):
    """The token is not good for this server. Get one from the issuer that it trusts."""

    STATUS = 401


class TokenMissing(TokenRefused):
    """Send a token: the header `Authorization: Bearer TOKEN`, or `authorization` in the payload of connection_init."""


class TokenMalformed(TokenRefused):
    """This is not a token. Send `Bearer`, a space, and the token as it was issued."""


class TokenExpired(TokenRefused):
    """The token has expired. Get a new one."""


class TokenNotYetValid(TokenRefused):
    """The token is not valid yet. Compare the clocks of the issuer and this server."""


class TokenForged(TokenRefused):
    """The token's signature is not by the issuer that this server trusts. Get a token from that one."""


class TokenAlgorithmRefused(TokenRefused):
    """The token is signed in a way that this server does not accept. Let the issuer sign with Ed25519."""


class TokenForAnotherAudience(TokenRefused):
    """The token was issued for another service. Ask the issuer for one for this service."""


class TokenFromAnotherIssuer(TokenRefused):
    """The token comes from an issuer that this server does not trust. Get one from the issuer that it trusts."""


class TokenIncomplete(TokenRefused):
    """The token does not say who acts, for which agency, or when it expires. Let the issuer add that."""


class TokenOfAnotherKind(TokenRefused):
    """This is a token, but not one that opens this service. Send the access token, as it was issued for it."""


class TokenLastsTooLong(TokenRefused):
    """The token is good for longer than a day. Let the issuer make tokens for this service that end sooner."""


class TokenNeedsAgency(TokenRefused):
    """You act for several agencies, and the token does not say for which now. Let the issuer name the agency in it."""


class IssuerAway(TokenRefused):
    """The issuer cannot be reached, so that nobody new can be told from anybody else. Try again in a minute."""

    STATUS = 503


class LogoutTokenRefused(NotAnswered):
    """This is not a logout token by the issuer that this server trusts. Compare the issuer's settings with this
    server's.
    """


class LogoutTokenReplayed(LogoutTokenRefused):
    """This logout token has been received before. Make a new one for each sign-out."""


class NoIssuer(TokenRefused):
    """No issuer of tokens is set up here. Whoever runs the server finds out with `catch identity check`."""


class _Claims(Struct):
    sub: str
    agency: str
    exp: float
    role: Role | None = None
    nbf: float = 0
    iat: float = 0
    sid: str = ""
    auth_time: float = 0


def usable(claims: _Claims) -> bool:
    """They say who acts, by a user id and a partner's key, and times that pass: what is no number never would."""
    times, known = (claims.exp, claims.nbf, claims.iat), 0 <= claims.auth_time < 2**40
    return (
        is_user(claims.sub) and is_key(claims.agency) and all(map(isfinite, times)) and known and is_session(claims.sid)
    )


def is_session(sid: str) -> bool:
    """The issuer's name for a session: any text that can be kept."""
    return len(sid) <= LONGEST_SESSION and UNUSABLE.search(sid) is None


LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPE = "logout+jwt"
LOGOUT_AGE = 600
"""Seconds for which a logout token is good at most: what is known of earlier ones need not be kept for ever."""


class Logout(Struct, frozen=True):
    """What a logout token asks for: the end of a session, or of every session of a user that began until then.
    `subject` is the keyed hash of what the issuer calls them.
    """

    issuer: str
    jti: str
    issued_at: float
    subject: str | None
    session: str | None


class _LogoutClaims(Struct):
    jti: str
    iat: float
    exp: float
    events: dict[str, dict[str, Any]]
    sub: str | None = None
    sid: str | None = None


class DevelopmentIssuer:
    """Issues and verifies tokens with a key of its own, for development and demonstrations."""

    def __init__(
        self,
        folder: Path,
        *,
        audience: str = AUDIENCE,
        clock: Callable[[], float],
        either: Either | None = None,
        hashed: Hashed = lambda issuer, subject: f"{issuer} {subject}",
    ) -> None:
        """The key is read from `folder`, or made there, readable by its owner alone. `clock` says what time it is, in
        seconds since 1970, and `either` what more than one says, for a logout. `hashed` makes of an issuer, and
        of what it calls somebody, what members are bound by; who only issues tokens needs none.
        """
        self._hashed = hashed
        self.audience = audience
        self.clock = clock
        self._either = either
        self._key = _key_in(folder)
        # One algorithm and no other: a token must not choose how it is verified.
        self._registry = jws.JWSRegistry(algorithms=[ALGORITHM])

    def issue(
        self,
        *,
        role: Role | None,
        agency: str,
        user: str | None = None,
        hours: float = 8,
        session: str | None = None,
        proved: float | None = None,
    ) -> str:
        """Without a role, the token narrows nothing of what its user may act as."""
        now = self.clock()
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": self.audience,
            "sub": user or f"{role.value if role else 'member'}@{agency}",
            "agency": agency,
            "sid": session or uuid4().hex,
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now + hours * 3600),
            # Whoever makes a token of development's is there.
            "auth_time": int(now if proved is None else proved),
        }
        claims |= {"role": role.value} if role else {}
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, registry=self._registry)

    def issue_logout(self, *, user: str | None = None, session: str | None = None) -> str:
        """A logout token as OpenID Connect Back-Channel Logout 1.0 has it."""
        now = int(self.clock())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": self.audience,
            "iat": now,
            "exp": now + 120,
            "jti": uuid4().hex,
            "events": {LOGOUT_EVENT: {}},
        }
        claims |= {"sub": user} if user else {}
        claims |= {"sid": session} if session else {}
        return jwt.encode({"alg": ALGORITHM, "typ": LOGOUT_TYPE}, claims, self._key, registry=self._registry)

    def verify_logout(self, token: str) -> Logout:
        """What the token asks for (Back-Channel Logout 1.0, 2.6). Raises `LogoutTokenRefused`."""
        # Before it is parsed at all: anybody may post here.
        if not token or len(token) > LONGEST_TOKEN or not token.isascii():
            raise LogoutTokenRefused
        try:
            found = jwt.decode(token, self._key, registry=self._registry)
            asked = msgspec.convert(found.claims, _LogoutClaims)
        except (errors.JoseError, ValueError, RecursionError):
            raise LogoutTokenRefused from None
        good = (
            found.header.get("typ") == LOGOUT_TYPE
            and found.claims.get("iss") == ISSUER
            and self._meant(found.claims)
            and asked.jti
            and is_session(asked.jti)
            and (asked.sub is None or is_user(asked.sub))
            and is_session(asked.sid or "")
            and LOGOUT_EVENT in asked.events
            # Forbidden by the standard, so that no ID token passes for a logout token.
            and "nonce" not in found.claims
            and (asked.sub or asked.sid)
            and any(
                now - LOGOUT_AGE < asked.iat <= now + LEEWAY and now - LEEWAY < asked.exp
                for now in (self._either() if self._either else [self.clock()])
            )
        )
        if not good:
            raise LogoutTokenRefused
        # A session is ended alone, where one is named.
        subject = None if asked.sid or not asked.sub else self._hashed(ISSUER, asked.sub)
        return Logout(ISSUER, asked.jti, asked.iat, subject, asked.sid)

    def verify(self, authorization: str | None) -> Viewer:
        """The viewer that `Bearer TOKEN` proves; a `TokenRefused` says why not."""
        # The signature first: nothing is said about a token that nobody we trust has made.
        claims = self._signed(bearer(authorization))
        if claims.get("iss") != ISSUER:
            raise TokenFromAnotherIssuer
        if not self._meant(claims):
            raise TokenForAnotherAudience
        try:
            proven = msgspec.convert(claims, _Claims)
        except (ValueError, OverflowError):  # a number too great for a float is not msgspec's own complaint
            raise TokenIncomplete from None
        # What the program does by itself, nobody asks it to do with a token.
        if not usable(proven) or proven.role is Role.SYSTEM:
            raise TokenIncomplete
        now = self.clock()
        if proven.exp + LEEWAY <= now:
            raise TokenExpired
        if proven.nbf > now + LEEWAY:
            raise TokenNotYetValid
        subject = self._hashed(ISSUER, proven.sub)
        who = (proven.sub, proven.agency, proven.role)
        return Viewer(*who, proven.exp, proven.sid, proven.iat, ISSUER, subject, proved=proven.auth_time)

    def _meant(self, claims: Mapping[str, object]) -> bool:
        """The token is for this server, perhaps among others."""
        audience = claims.get("aud")
        return self.audience in (audience if isinstance(audience, list) else [audience])

    def _signed(self, token: str) -> dict[str, object]:
        try:
            return jwt.decode(token, self._key, registry=self._registry).claims
        except errors.BadSignatureError:
            raise TokenForged from None
        except (errors.UnsupportedAlgorithmError, errors.InvalidKeyTypeError, errors.MissingAlgorithmError):
            raise TokenAlgorithmRefused from None
        except (errors.JoseError, ValueError, RecursionError):
            raise TokenMalformed from None


class NoTokens:
    """Stands where an issuer would: refuses every token. What a server has that no issuer was named to."""

    def verify(self, authorization: str | None) -> Viewer:
        bearer(authorization)
        raise NoIssuer

    def verify_logout(self, token: str) -> Logout:
        raise LogoutTokenRefused


def bearer(authorization: str | None) -> str:
    if not authorization or not authorization.strip():
        raise TokenMissing
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN or not token.isascii():
        raise TokenMalformed
    return token


def _key_in(folder: Path) -> OKPKey:
    path = folder / KEY_FILE
    made_once(path, lambda: msgspec.json.encode(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    return OKPKey.import_key(msgspec.json.decode(path.read_bytes(), type=dict[str, str | list[str]]))
