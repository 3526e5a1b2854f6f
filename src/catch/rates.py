"""How often one identity may ask: a bucket that fills by so many a second, up to so many."""

import ipaddress
import time
from collections.abc import Callable, Hashable
from math import ceil

from cachetools import LRUCache
from graphql import GraphQLFormattedError
from msgspec import Struct

from catch.faults import error
from catch.settings import Settings

REMEMBERED = 100_000
"""Identities whose buckets are kept; the ones that asked longest ago are forgotten, and start with a full one."""


class Bucket(Struct):
    left: float
    at: float


class Rates:
    """`per_second` 0: no limit. `burst` is what a full bucket holds."""

    def __init__(self, per_second: float = 0, burst: float = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = max(burst, 1)
        self._clock = clock
        self._buckets: LRUCache[Hashable, Bucket] = LRUCache(REMEMBERED)

    def wait(self, identity: Hashable, amount: float = 1) -> float:
        """Takes so much from the identity's bucket: 0, or the seconds until there is enough again, and then nothing is
        taken. What is more than a full bucket takes a full one.
        """
        if not self.per_second:
            return 0
        now = self._clock()
        bucket = self._buckets.get(identity)
        if bucket is None:
            bucket = self._buckets[identity] = Bucket(self.burst, now)
        bucket.left = min(self.burst, bucket.left + (now - bucket.at) * self.per_second)
        bucket.at = now
        # What costs more than a full bucket could never be paid for otherwise.
        amount = min(amount, self.burst)
        if bucket.left < amount:
            return (amount - bucket.left) / self.per_second
        bucket.left -= amount
        return 0


def rates(settings: Settings, *, development: bool) -> Rates:
    """What a server of this configuration lets one identity ask."""
    return Rates(settings.rate or (0 if development else 50), settings.burst)


AT_THE_DOOR = 3
"""How many referrals an address may send in at once."""


def door_rates(settings: Settings) -> Rates:
    """How often one address may send in a referral, in development too."""
    return Rates(settings.door_rate / 60, AT_THE_DOOR)


UNITS_A_REQUEST = 20
"""What a request may cost on average, in the units of `catch.api.engine.costs`, of who asks as often as they may."""


def costs(settings: Settings, *, development: bool) -> Rates:
    """What a server of this configuration does for one identity."""
    asked = rates(settings, development=development)
    return Rates(asked.per_second * UNITS_A_REQUEST, asked.burst * UNITS_A_REQUEST)


def whole_seconds(wait: float) -> int:
    """As Retry-After has it."""
    return max(1, ceil(wait))


def identity(viewer: object) -> tuple[object, object]:
    """Whose requests are counted together: however many tokens or connections somebody has."""
    # Who is nobody here is still somebody to their issuer.
    return getattr(viewer, "user", None) or getattr(viewer, "subject", None), getattr(viewer, "agency", None)


def neighbourhood(peer: str) -> str:
    """Whose requests are counted together. Whoever has one address of IPv6 has a whole network of them."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        # A unix socket, or a proxy that says something else: no address, but still somebody to be counted.
        return peer[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    # A mapped address is one of IPv4 after all, and has no network behind it.
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))


def too_often(wait: float) -> GraphQLFormattedError:
    return error("TOO_OFTEN", f"You ask too often. Ask again in {whole_seconds(wait)} s.")
