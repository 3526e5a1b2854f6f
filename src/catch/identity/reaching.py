"""How issuers are reached: in time, over TLS, at the very address, and never for more than a few hundred kilobytes."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final

import httpx
from msgspec import Struct

from catch.identity.addresses import is_loopback, is_safe

DEADLINE: Final = 5.0
"""Seconds that an issuer has for a whole answer."""
LARGEST: Final = 262_144
"""Bytes of an answer."""


class Unreachable(Exception):
    """The issuer gave no answer that can be used: why, in a sentence. Nothing of the answer is in it."""


class Answered(Struct, frozen=True):
    """`apart`: by how many seconds its clock is ahead of ours, where it says; `elsewhere`: where it sends us."""

    status: int
    body: bytes
    apart: float | None = None
    elsewhere: str | None = None


class Reach:
    """Asks one issuer. Whatever it names is asked at https, unless the issuer itself is on this machine."""

    def __init__(self, issuer: str, *, ca_file: str | None = None, proxy: str | None = None) -> None:
        """Raises OSError where `ca_file` cannot be read."""
        self._local = is_loopback(issuer)
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=ca_file),
            proxy=proxy,
            follow_redirects=False,
            # Nothing of the environment: a password in somebody's .netrc is none for an issuer.
            trust_env=False,
            timeout=DEADLINE,
            limits=httpx.Limits(max_connections=8, keepalive_expiry=30),
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

    async def __aenter__(self) -> "Reach":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    def may_ask(self, address: str) -> bool:
        return is_safe(address) and (self._local or not is_loopback(address))

    async def get(self, address: str) -> Answered:
        """Raises `Unreachable`, also where it sends us elsewhere: nobody is followed."""
        return stayed(await self._ask("GET", address, None, {}))

    async def post(self, address: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answered:
        """Raises `Unreachable`, as `get` does."""
        return stayed(await self._ask("POST", address, form, headers))

    async def sent_to(self, address: str) -> Answered:
        """Asked as a browser asks, which would go on to where it is sent. Raises `Unreachable`."""
        return await self._ask("GET", address, None, {"accept": "text/html"})

    async def _ask(
        self, method: str, address: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> Answered:
        if not self.may_ask(address):
            raise Unreachable("its address is not https, or is one of this machine")
        try:
            # Of the whole: an issuer that sends a byte a second is away, too.
            async with asyncio.timeout(DEADLINE):
                request = self._client.build_request(method, address, data=form, headers=headers)
                response = await self._client.send(request, stream=True)
                try:
                    return await _read(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise Unreachable(f"it did not answer within {DEADLINE:.0f} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as problem:
            raise Unreachable(f"it cannot be reached ({type(problem).__name__})") from None


def stayed(answer: Answered) -> Answered:
    if answer.elsewhere is not None:
        raise Unreachable("it sends us elsewhere, where nobody is followed to")
    return answer


async def _read(response: httpx.Response) -> Answered:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Unreachable("its answer is compressed, which was not asked for")
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > LARGEST:
            raise Unreachable(f"its answer is larger than {LARGEST:,} bytes")
    elsewhere = response.headers.get("location") if response.is_redirect else None
    return Answered(response.status_code, body, _apart(response.headers.get("date")), elsewhere)


def _apart(said: str | None) -> float | None:
    try:
        return parsedate_to_datetime(said).timestamp() - time.time() if said else None
    except (ValueError, OverflowError):
        return None
