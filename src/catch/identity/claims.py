"""The parts of a token, each held to what the standards say of it, whoever the issuer is."""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final, cast

import msgspec
from msgspec import Struct

from catch.domain.facts import Role
from catch.domain.keys import is_key
from catch.identity.tokens import (
    LONGEST_TOKEN,
    TokenExpired,
    TokenIncomplete,
    TokenMalformed,
    TokenNotYetValid,
)

LONGEST_SUBJECT: Final = 255
"""Characters, as OpenID Connect Core 1.0, 2, has it."""
PLAIN: Final = re.compile("[\x21-\x7e]+(?: [\x21-\x7e]+)*")
Claims = Mapping[str, object]


class Header(Struct, frozen=True):
    """Of a token that nobody has looked at yet."""

    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: object = None
    b64: object = None

    @property
    def kind(self) -> str:
        return (self.typ or "").lower().removeprefix("application/")


def peeked(token: str) -> tuple[Header, str]:
    """The header, and whose the token says it is, before anything is proven. Raises `TokenMalformed`."""
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or token.count(".") != 2:
        raise TokenMalformed
    head, body, _ = token.split(".")
    try:
        header = msgspec.json.decode(_raw(head), type=Header)
        issuer = msgspec.json.decode(_raw(body), type=Whose).iss
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise TokenMalformed from None
    return header, issuer


class Whose(Struct, frozen=True):
    iss: str


def _raw(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Times(Struct, frozen=True):
    """When a token was made and when it ends, in seconds since 1970."""

    began: float
    ends: float


def in_time(claims: Claims, now: float, leeway: float) -> Times:
    """Raises where a time is missing or no time, and where now is not between them."""
    began, ends = moment(claims.get("iat")), moment(claims.get("exp"))
    begins = moment(claims["nbf"]) if "nbf" in claims else began
    if ends + leeway <= now:
        raise TokenExpired
    if max(begins, began) > now + leeway:
        raise TokenNotYetValid
    return Times(began, ends)


def moment(said: object) -> float:
    """What is no number never passes, neither does what is too great for a moment."""
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said < 2**40:
        raise TokenIncomplete
    return float(said)


def half_hash(algorithm: str, text: str) -> str:
    """Of an access token, as its ID token has it (Core 1.0, 3.1.3.6)."""
    made = hashlib.new(HASHES.get(algorithm[-3:], "sha512"), text.encode()).digest()
    return urlsafe_b64encode(made[: len(made) // 2]).rstrip(b"=").decode()


HASHES: Final = {"256": "sha256", "384": "sha384", "512": "sha512"}
"""By how an algorithm's name ends; Ed25519 hashes by SHA-512."""


def of_type(header: Header, wanted: str) -> bool:
    return header.kind in (("jwt", "") if wanted == "jwt" else (wanted,))


def meant(claims: Claims, audience: str) -> bool:
    """The token is for us, perhaps among others."""
    said = claims.get("aud")
    return audience in cast("list[object]", said if isinstance(said, list) else [said])


def subject(claims: Claims) -> str:
    said = claims.get("sub")
    if not isinstance(said, str) or len(said) > LONGEST_SUBJECT or not PLAIN.fullmatch(said):
        raise TokenIncomplete
    return said


def agency(said: object) -> str | None:
    if said is None:
        return None
    if not isinstance(said, str) or not is_key(said):
        raise TokenIncomplete
    return said


def role(said: object) -> Role | None:
    """As what the token lets its user act alone. What the program does by itself, nobody asks it to do with a token."""
    if said is None:
        return None
    if not isinstance(said, str) or said not in {each.value for each in Role} or said == Role.SYSTEM:
        raise TokenIncomplete
    return Role(said)
