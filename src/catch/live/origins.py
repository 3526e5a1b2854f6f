"""Which sites' pages may come in from a browser, over HTTP as over a websocket, and what it has to hear of it."""

from collections.abc import Iterable

from catch.faults import error
from catch.settings import site

ORIGIN_NOT_ALLOWED = error(
    "ORIGIN_NOT_ALLOWED",
    "Pages of this site may not ask here. Whoever runs the server names the site in CATCH_ORIGINS; where it is the"
    " server's own, the proxy in front has to pass Host on as the browser sent it.",
)


class Origins:
    """Sites whose pages may come in, besides those that are served from the server's own address."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        self._allowed = frozenset(map(site, named)) - {None}

    def welcome(self, origin: bytes | None, host: bytes | None) -> bool:
        """A browser says from which site's page it comes; what is no browser says nothing, and is let in."""
        if origin is None:
            return True
        named = site(origin.decode("latin-1"))
        # By the page's own scheme: behind a proxy the server does not see by which one it was reached.
        return named is not None and (named in self._allowed or named == site(_address(named, host)))


def _address(page: str, host: bytes | None) -> str:
    return f"{page.partition(':')[0]}://{(host or b'').decode('latin-1')}"


def shared_with(origin: bytes | None) -> dict[str, str]:
    """What a browser has to hear before it shows an answer to a page that is welcome."""
    if origin is None:
        return {}
    return {"access-control-allow-origin": origin.decode("latin-1"), "access-control-expose-headers": "retry-after"}


def preflight(methods: str, headers: str) -> dict[str, str]:
    """What a browser is told that asks whether another site's page may send this."""
    return {
        "allow": f"{methods}, OPTIONS",
        "access-control-allow-methods": methods,
        "access-control-allow-headers": headers,
        "access-control-max-age": "600",
    }
