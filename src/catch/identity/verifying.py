"""Tokens of real issuers: whose they are is settled by a signature before anything else that they say counts.

A token says which issuer it is by; that one's keys and settings decide, and nothing else in the token has a say in how
it is verified: keys and addresses in its header are passed over, and whatever it calls critical is refused.
"""

from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Final, cast

from joserfc import errors, jws, jwt
from msgspec import Struct

from catch.domain.facts import Role
from catch.identity.claims import (
    Claims,
    Header,
    Times,
    agency,
    half_hash,
    in_time,
    meant,
    moment,
    of_type,
    peeked,
    role,
    subject,
)
from catch.identity.issuers import Known
from catch.identity.keys import ALGORITHMS
from catch.identity.tokens import (
    LOGOUT_AGE,
    LOGOUT_EVENT,
    LOGOUT_TYPE,
    Either,
    Hashed,
    IssuerAway,
    Logout,
    LogoutTokenRefused,
    TokenAlgorithmRefused,
    TokenExpired,
    TokenForAnotherAudience,
    TokenForged,
    TokenFromAnotherIssuer,
    TokenIncomplete,
    TokenLastsTooLong,
    TokenMalformed,
    TokenOfAnotherKind,
    TokenRefused,
    is_session,
)

LONGEST: Final = 86_400
"""Seconds for which an access token may be good: who signed out must be forgotten before it is."""
OF_ID_TOKENS: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})


class Proven(Struct, frozen=True):
    """What an access token proves. `agency` and `role` are what it narrows to, where it does. `proved` is when the
    issuer last looked at who they are, as closely as stepping up needs; 0, where it does not say.
    """

    issuer: str
    subject: str
    expires_at: float
    issued_at: float
    session: str
    agency: str | None
    role: Role | None
    proved: float = 0


class NotStrongEnough(TokenRefused):
    """The issuer did not look at who you are as closely as this needs. Sign in again, in the way that it asks for."""


class Asked(Struct, frozen=True):
    """What an ID token must answer to. `anew`: they must have shown who they are since `began`."""

    nonce: str
    began: float
    access_token: str
    acr: tuple[str, ...] = ()
    anew: bool = False


class Identified(Struct, frozen=True):
    """Who signed in, as the issuer calls them and as the log does; how closely they were looked at, and when: 0, where
    it does not say. `issued_at`: when it said so, by its own clock.
    """

    issuer: str
    named: str
    subject: str
    session: str
    acr: str
    seen: float
    issued_at: float


class Tokens:
    """Verifies tokens of these issuers. `hashed` makes of an issuer, and of what it calls somebody, what they are
    bound by.
    """

    def __init__(
        self, issuers: Mapping[str, Known], hashed: Hashed, clock: Callable[[], float], either: Either | None = None
    ) -> None:
        self._by_address = {known.issuer.issuer: known for known in issuers.values()}
        self._hashed = hashed
        self._clock = clock
        self._either = either or (lambda: (clock(),))

    async def access(self, token: str) -> Proven:
        """Raises a `TokenRefused` that says why."""
        known, header = self._whose(token)
        issuer = known.issuer
        if issuer.audience is None:
            raise TokenFromAnotherIssuer
        claims = await signed(known, header, token)
        # RFC 9068, 4: by its type; an issuer that makes no such tells an access token by its audience alone.
        if not of_type(header, issuer.token_type.lower()) or OF_ID_TOKENS & claims.keys() or "events" in claims:
            raise TokenOfAnotherKind
        # Bound to a key that whoever sends it must prove to have (RFC 9449, RFC 8705), which nobody asks here.
        if "cnf" in claims:
            raise TokenOfAnotherKind
        if not meant(claims, issuer.audience):
            raise TokenForAnotherAudience
        return self._proven(known, claims)

    def _proven(self, known: Known, claims: Claims) -> Proven:
        times = in_time(claims, self._clock(), known.issuer.leeway)
        if times.ends - self._clock() > LONGEST:
            raise TokenLastsTooLong
        session = claims.get("sid", "")
        if not isinstance(session, str) or not is_session(session):
            raise TokenIncomplete
        return Proven(
            known.issuer.key,
            self._hashed(known.issuer.key, subject(claims)),
            times.ends,
            times.began,
            session,
            agency(claims.get(known.issuer.agency_claim)),
            role(claims.get(known.issuer.role_claim)),
            proved(known, claims),
        )

    async def identified(self, known: Known, token: str, asked: "Asked") -> "Identified":
        """Whom an ID token means that was fetched for this asking. Raises a `TokenRefused`, `NotStrongEnough`."""
        header, issuer = peeked(token)
        if issuer != known.issuer.issuer:
            raise TokenFromAnotherIssuer
        claims = await signed(known, header, token)
        us = known.issuer.client_id
        if header.kind not in ("jwt", "") or "events" in claims:
            raise TokenOfAnotherKind
        # Core 1.0, 3.1.3.7: among others only where it says that it was made for us.
        several = isinstance(claims.get("aud"), list) and len(cast("list[object]", claims["aud"])) > 1
        if not meant(claims, us) or claims.get("azp", None if several else us) != us:
            raise TokenForAnotherAudience
        times = in_time(claims, self._clock(), known.issuer.leeway)
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not compare_digest(nonce.encode(), asked.nonce.encode()):
            raise TokenForged
        if times.began < asked.began - known.issuer.leeway:
            raise TokenExpired
        if "at_hash" in claims and claims["at_hash"] != half_hash(header.alg, asked.access_token):
            raise TokenForged
        return self._identified(known, claims, asked, times.began)

    def _identified(self, known: Known, claims: Claims, asked: "Asked", issued_at: float) -> "Identified":
        acr, session = claims.get("acr", ""), claims.get("sid", "")
        if not isinstance(acr, str) or not isinstance(session, str) or not is_session(session) or len(acr) > 256:
            raise TokenIncomplete
        if asked.acr and acr not in asked.acr:
            raise NotStrongEnough
        seen = moment(claims["auth_time"]) if "auth_time" in claims else None
        # Asked to look again at who it is, an issuer that remembers them from before has not looked.
        if asked.anew and (seen is None or seen < asked.began - known.issuer.leeway):
            raise NotStrongEnough
        named = subject(claims)
        digest = self._hashed(known.issuer.key, named)
        return Identified(known.issuer.key, named, digest, session, acr, seen or 0, issued_at)

    async def logout(self, token: str) -> Logout:
        """What the token asks for (Back-Channel Logout 1.0, 2.6). Raises `LogoutTokenRefused`, `IssuerAway`."""
        try:
            known, header = self._whose(token)
            claims = await signed(known, header, token)
        except IssuerAway:
            raise
        except TokenRefused:
            raise LogoutTokenRefused from None
        return self._asked(known, header, claims)

    def _asked(self, known: Known, header: Header, claims: Claims) -> Logout:
        events, jti, session = claims.get("events"), claims.get("jti"), claims.get("sid")
        try:
            named = subject(claims) if "sub" in claims else None
            times = self._told_in_time(claims, known.issuer.leeway)
        except TokenRefused:
            raise LogoutTokenRefused from None
        good = (
            # The type is recommended, not required (2.4): then nothing but the event tells it from another token.
            header.kind in (LOGOUT_TYPE, "jwt", "")
            and meant(claims, known.issuer.client_id)
            and isinstance(jti, str)
            and jti
            and is_session(jti)
            and (session is None or (isinstance(session, str) and is_session(session)))
            and isinstance(events, dict)
            and isinstance(cast("dict[str, object]", events).get(LOGOUT_EVENT), dict)
            # Forbidden by the standard, so that no ID token passes for a logout token.
            and "nonce" not in claims
            and (named or session)
        )
        if not good:
            raise LogoutTokenRefused
        # A session is ended alone, where one is named.
        whose = self._hashed(known.issuer.key, named) if named and not session else None
        return Logout(known.issuer.key, str(jti), times.began, whose, cast("str | None", session))

    def _told_in_time(self, claims: Claims, leeway: float) -> Times:
        """Raises a `TokenRefused` where it is not by any clock."""
        refused: TokenRefused = TokenExpired()
        for now in self._either():
            try:
                times = in_time(claims, now, leeway)
            except TokenRefused as problem:
                refused = problem
            else:
                if now - LOGOUT_AGE < times.began:
                    return times
        raise refused

    def _whose(self, token: str) -> tuple[Known, Header]:
        header, issuer = peeked(token)
        known = self._by_address.get(issuer)
        if known is None:
            raise TokenFromAnotherIssuer
        return known, header


def proved(known: Known, claims: Claims) -> float:
    """RFC 9470, 5: an access token says when and how somebody authenticated, or it proves nothing of it."""
    asked = known.issuer.step_up_acr_values or known.issuer.acr_values
    if "auth_time" not in claims or (asked and claims.get("acr") not in asked):
        return 0
    return moment(claims["auth_time"])


async def signed(known: Known, header: Header, token: str) -> dict[str, object]:
    """What a token says that this issuer signed, as it may. Raises a `TokenRefused`."""
    if header.alg not in known.issuer.algorithms or header.alg not in ALGORITHMS:
        raise TokenAlgorithmRefused
    # No extension is understood here, so none may be critical; nor may the body stand there in another way.
    if header.crit is not None or header.b64 is not None:
        raise TokenMalformed
    key = await known.key(header.kid, header.alg)
    if key is None:
        raise TokenForged
    # One algorithm and no other: a token must not choose how it is verified.
    registry = jws.JWSRegistry(algorithms=[header.alg], strict_check_header=False)
    try:
        claims: dict[str, object] = jwt.decode(token, key, registry=registry).claims
    except errors.BadSignatureError:
        raise TokenForged from None
    except (errors.JoseError, ValueError, RecursionError):
        raise TokenMalformed from None
    # Once more, of what was signed: two parsers may read one text in two ways.
    if claims.get("iss") != known.issuer.issuer:
        raise TokenFromAnotherIssuer
    return claims
