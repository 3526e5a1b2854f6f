"""What an issuer publishes of itself, kept at hand: its addresses and its keys.

Keys are read again when they are old, without anybody waiting, and when a token names one that is not known, at most
once in a while. While an issuer is away, what was read last holds on for a day.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from catch.identity.keys import Key, Published
from catch.identity.reaching import Reach, Unreachable
from catch.identity.settings import Issuer, Secret
from catch.identity.tokens import IssuerAway

log = logging.getLogger("catch.identity")
T = TypeVar("T")

OLD: Final = 600.0
"""Seconds after which what an issuer published is read again: a key that it withdrew is trusted no longer than that."""
TOO_OLD: Final = 86_400.0
"""Seconds after which it is not trusted any more, however long the issuer is away."""
AGAIN: Final = 10.0
"""Seconds between two tries: a token that names an unknown key makes nobody ask oftener."""


class Metadata(Struct, frozen=True):
    """OpenID Connect Discovery 1.0, 3, and RFC 9207, 3: what we use of it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False
    code_challenge_methods_supported: tuple[str, ...] | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] | None = None
    backchannel_logout_supported: bool = False


class Kept(Generic[T]):
    """Something that an issuer publishes. Raises `IssuerAway` where it was never read, or too long ago."""

    def __init__(self, read: Callable[[], Awaitable[T]], whose: str, clock: Callable[[], float]) -> None:
        self._read = read
        self._whose = whose
        self._clock = clock
        self._value: T | None = None
        self._read_at = self._tried_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def value(self) -> T:
        now = self._clock()
        if self._value is None or now - self._read_at > TOO_OLD:
            await self.renewed()
        elif now - self._read_at > OLD:
            # Nobody waits: what is at hand is good enough meanwhile.
            self._renewing()
        if self._value is None or self._clock() - self._read_at > TOO_OLD:
            raise IssuerAway
        return self._value

    async def renewed(self) -> None:
        """Read again, unless that was tried a moment ago. One reads for all who ask meanwhile."""
        if (reading := self._renewing()) is not None:
            await asyncio.shield(reading)

    def _renewing(self) -> asyncio.Task[None] | None:
        if self._reading is None or self._reading.done():
            if self._clock() - self._tried_at < AGAIN:
                return None
            self._tried_at = self._clock()
            self._reading = asyncio.create_task(self._renew(), name="issuer")
        return self._reading

    async def _renew(self) -> None:
        try:
            self._value = await self._read()
        except Unreachable as problem:
            log.warning(msgspec.json.encode({"issuer": self._whose, "away": str(problem)}).decode())
        else:
            self._read_at = self._clock()

    async def close(self) -> None:
        if self._reading is not None and not self._reading.done():
            self._reading.cancel()
            await asyncio.wait([self._reading])


class Known:
    """One issuer, and what it published."""

    def __init__(
        self, issuer: Issuer, secret: Secret, reach: Reach, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = issuer
        self.secret = secret
        self.reach = reach
        self._metadata = Kept(self._discovered, issuer.key, clock)
        self._keys = Kept(self._published, issuer.key, clock)

    async def close(self) -> None:
        await self._metadata.close()
        await self._keys.close()
        await self.reach.close()

    async def metadata(self) -> Metadata:
        """Raises `IssuerAway`."""
        return await self._metadata.value()

    async def key(self, kid: str | None, algorithm: str) -> Key | None:
        """The key that a token says it is signed with. Raises `IssuerAway` where the issuer has never been reached."""
        found = (await self._keys.value()).fitting(kid, algorithm)
        if found is None:
            await self._keys.renewed()
            found = (await self._keys.value()).fitting(kid, algorithm)
        return found

    async def _discovered(self) -> Metadata:
        return await discovered(self.issuer, self.reach)

    async def _published(self) -> Published:
        return await published(await self.metadata_now(), self.reach)

    async def metadata_now(self) -> Metadata:
        try:
            return await self._metadata.value()
        except IssuerAway:
            raise Unreachable("its discovery document cannot be read") from None


async def discovered(issuer: Issuer, reach: Reach) -> Metadata:
    """Raises `Unreachable`, also where the issuer says that it is another one."""
    answer = await reach.get(f"{issuer.issuer.removesuffix('/')}/.well-known/openid-configuration")
    if answer.status != 200:
        raise Unreachable(f"its discovery document is answered with {answer.status}")
    try:
        said = msgspec.json.decode(answer.body, type=Metadata)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unreachable("its discovery document is not one, or leaves out an address") from None
    if said.issuer != issuer.issuer:
        raise Unreachable("it calls itself otherwise than the setting `issuer` does")
    for address in (said.authorization_endpoint, said.token_endpoint, said.jwks_uri, said.end_session_endpoint):
        if address is not None and not reach.may_ask(address):
            raise Unreachable("its discovery document names an address that is not https, or is one of this machine")
    return said


async def published(metadata: Metadata, reach: Reach) -> Published:
    """Raises `Unreachable`."""
    answer = await reach.get(metadata.jwks_uri)
    if answer.status != 200:
        raise Unreachable(f"its keys are answered with {answer.status}")
    try:
        found = Published(answer.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unreachable("what it publishes is no set of keys") from None
    if not found.keys:
        raise Unreachable("it publishes no key that could be used")
    return found
