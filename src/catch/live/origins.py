"""Which sites' pages may come in from a browser."""

from collections.abc import Collection
from urllib.parse import urlsplit


def welcome(origin: bytes | None, host: bytes | None, allowed: Collection[str]) -> bool:
    """A browser says from which site's page it comes: ours and those allowed are let in; what is no browser, too."""
    if origin is None or origin.decode("latin-1") in allowed:
        return True
    try:
        # Compared without the scheme: behind a proxy the server does not see by which one it was reached.
        return urlsplit(origin).netloc == host
    except ValueError:
        return False
