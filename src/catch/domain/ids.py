"""Ids made from what is known already, so that they tell nobody of it who does not hold the place's secret."""

import hmac
from uuid import UUID

_VERSION = 0x8 << 76
_VARIANT = 0x2 << 62
# Version and variant are set, so that such an id can be told from those that clients make.
_KEPT = ~((0xF << 76) | (0x3 << 62))


def id_of_digest(digest: str) -> UUID:
    """An id made of a keyed digest (hexadecimal, at least 128 bits): UUID version 8, for what is specific to us."""
    return UUID(int=(int(digest[:32], 16) & _KEPT) | _VERSION | _VARIANT)


def keyed_id(secret: str, *names: object) -> UUID:
    """The same secret and names, and only they, give the same id."""
    return id_of_digest(hmac.digest(secret.encode(), "/".join(map(str, names)).encode(), "sha256").hex())
