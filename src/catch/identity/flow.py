"""Signing in at an issuer: the authorisation code flow of OpenID Connect with PKCE, and leaving again.

An attempt begins here and comes back to the browser that it began in, once, from the issuer that it went to (RFC 9700).
"""

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec
from authlib.oauth2.rfc7523 import private_key_jwt_sign  # pyright: ignore[reportUnknownVariableType]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # pyright: ignore[reportUnknownVariableType]
from msgspec import Struct

from catch.identity.issuers import Known, Metadata
from catch.identity.reaching import Unreachable
from catch.identity.settings import where_to_sign_in
from catch.identity.tokens import IssuerAway, TokenRefused
from catch.identity.trust import Issuers
from catch.identity.verifying import Asked, Identified

PATIENCE: Final = 600.0
"""Seconds that somebody has at their issuer's pages."""
STEP_UP: Final = 60
"""Seconds that may lie between showing who one is and coming back, where it is to be shown anew."""
ASSERTED: Final = 60
"""Seconds for which what we sign to say who we are is good."""
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_PATH: Final = 1_000
_challenge = cast("Callable[[str], str]", create_s256_code_challenge)
_assertion = cast("Callable[..., str]", private_key_jwt_sign)


class NoSuchAttempt(TokenRefused):
    """This sign-in was not begun in this browser, took too long, or was used already. Begin again."""

    STATUS = 400


class AnotherIssuerAnswered(TokenRefused):
    """Another issuer answered than the one that was asked. Nobody was signed in. Begin again, and tell whoever runs
    the server if it happens again.
    """

    STATUS = 400


class IssuerRefused(TokenRefused):
    """The issuer did not sign you in. Begin again, or ask whoever looks after your account there."""

    STATUS = 403


class CodeRefused(TokenRefused):
    """The issuer does not take back what it sent you here with. Begin again; whoever runs the server finds out with
    `catch identity check`.
    """

    STATUS = 502


class Attempt(Struct, frozen=True):
    """One sign-in that was begun: kept by the browser, sealed."""

    issuer: str
    state: str
    nonce: str
    verifier: str
    began: float
    goes_to: str = "/"
    step_up: bool = False


class Tokens(Struct, frozen=True):
    """What a code is exchanged for (Core 1.0, 3.1.3.3)."""

    id_token: str
    access_token: str


def begun(issuer: str, now: float, goes_to: str = "/", *, step_up: bool = False) -> Attempt:
    made = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(issuer, next(made), next(made), next(made), now, own_path(goes_to), step_up)


def own_path(said: str | None) -> str:
    """Where somebody goes on to: one of our own pages, whatever an address says."""
    if not said or len(said) > LONGEST_PATH or not said.isascii() or not said.isprintable():
        return "/"
    # What begins with two strokes, either way round, is another site to a browser.
    if not said.startswith("/") or said.startswith(("//", "/sign-")) or "\\" in said:
        return "/"
    parts = urlsplit(said)
    return said if not parts.scheme and not parts.netloc else "/"


def required_acr(known: Known, attempt: Attempt) -> tuple[str, ...]:
    issuer = known.issuer
    return (issuer.step_up_acr_values or issuer.acr_values) if attempt.step_up else issuer.acr_values


async def address(issuers: Issuers, attempt: Attempt) -> str:
    """Where the browser is sent to sign in. Raises `IssuerAway`."""
    known = issuers.known[attempt.issuer]
    acr = required_acr(known, attempt)
    asked = {
        "response_type": "code",
        "client_id": known.issuer.client_id,
        "redirect_uri": where_to_sign_in(issuers.trusted, attempt.issuer),
        "scope": " ".join(known.issuer.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": _challenge(attempt.verifier),
        "code_challenge_method": "S256",
        **({"acr_values": " ".join(acr)} if acr else {}),
        **({"prompt": "login", "max_age": str(STEP_UP)} if attempt.step_up else {}),
    }
    return _joined((await known.metadata()).authorization_endpoint, asked)


def _joined(endpoint: str, asked: Mapping[str, str]) -> str:
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"


async def identified(issuers: Issuers, attempt: Attempt, answer: Mapping[str, str]) -> Identified:
    """Who came back with this answer. Raises a `TokenRefused` that says what is wrong."""
    known = issuers.known[attempt.issuer]
    metadata = await known.metadata()
    _from_whom_was_asked(metadata, answer.get("iss"))
    if "error" in answer or not answer.get("code"):
        raise IssuerRefused
    found = await redeemed(issuers, known, metadata, attempt, answer["code"])
    asked = Asked(attempt.nonce, attempt.began, found.access_token, required_acr(known, attempt), anew=attempt.step_up)
    return await issuers.tokens.identified(known, found.id_token, asked)


def _from_whom_was_asked(metadata: Metadata, said: str | None) -> None:
    """RFC 9207: where an issuer says that it names itself, an answer without its name is another's."""
    needed = metadata.authorization_response_iss_parameter_supported
    if (said is None and needed) or (said is not None and said != metadata.issuer):
        raise AnotherIssuerAnswered


async def redeemed(issuers: Issuers, known: Known, metadata: Metadata, attempt: Attempt, code: str) -> Tokens:
    """Raises `CodeRefused`, `IssuerAway`."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": where_to_sign_in(issuers.trusted, attempt.issuer),
        "code_verifier": attempt.verifier,
    }
    said = await asked_for(known, metadata, form, issuers.clock())
    if said is None:
        raise CodeRefused
    try:
        return msgspec.convert(said, Tokens)
    except msgspec.ValidationError:
        raise CodeRefused from None


async def asked_for(known: Known, metadata: Metadata, form: Mapping[str, str], now: float) -> dict[str, Any] | None:
    """What the token endpoint answers; None where it refuses. Raises `IssuerAway`."""
    own, headers = authenticated(known, metadata, now)
    try:
        answer = await known.reach.post(metadata.token_endpoint, {**form, **own}, headers)
    except Unreachable:
        raise IssuerAway from None
    if answer.status >= 500:
        raise IssuerAway
    try:
        said: object = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", said) if answer.status == 200 and isinstance(said, dict) else None


def authenticated(known: Known, metadata: Metadata, now: float) -> tuple[dict[str, str], dict[str, str]]:
    """Fields and headers by which the issuer knows that it is us (RFC 6749, 2.3.1; RFC 7523, 2.2)."""
    issuer, secret = known.issuer, known.secret
    if secret.key is not None:
        named = {"kid": issuer.key_id} if issuer.key_id else {}
        signed = _assertion(
            secret.key,
            issuer.client_id,
            metadata.token_endpoint,
            alg=secret.key.get("alg"),
            header=named,
            issued_at=int(now),
            expires_in=ASSERTED,
        )
        return {"client_id": issuer.client_id, "client_assertion_type": ASSERTION, "client_assertion": signed}, {}
    assert secret.password is not None
    if issuer.client_auth == "post":
        return {"client_id": issuer.client_id, "client_secret": secret.password}, {}
    # Each is written as in a form first: a colon or a letter beyond ASCII would be read otherwise.
    pair = f"{quote_plus(issuer.client_id)}:{quote_plus(secret.password)}"
    return {}, {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}


async def farewell(issuers: Issuers, issuer: str) -> str | None:
    """Where a browser is sent to sign out at the issuer too (RP-Initiated Logout 1.0); None where that is nowhere."""
    known = issuers.known.get(issuer)
    try:
        endpoint = (await known.metadata()).end_session_endpoint if known else None
    except IssuerAway:
        return None
    if known is None or endpoint is None:
        return None
    back = f"{issuers.trusted.identity.address}/sign-in"
    return _joined(endpoint, {"client_id": known.issuer.client_id, "post_logout_redirect_uri": back})
