"""What a browser sends, as it came: a form's fields, what an address asks for, and where to go on to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from catch.web.console.visit import NotShown

Sent = Mapping[str, Sequence[str]]

LARGEST = 1_048_576
"""Bytes of a form: its texts have 10,000 characters each."""
FIELDS = 2_000
ASKED = 100
"""Fields behind an address's question mark."""


async def form_of(request: Request[Any, Any, Any]) -> Sent:
    """What a form brought. Raises `NotShown`."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise NotShown(413, "FORM_TOO_LARGE", f"A form may have {LARGEST:,} bytes. Make its texts shorter.")
    try:
        text = body.decode()
        return parsed(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS, strict_parsing=bool(text)))
    except ValueError:
        raise NotShown(400, "NOT_A_FORM", "This was not sent by a form of this site. Open the page anew.") from None


def parsed(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What was sent, by field: several values of one field in their order."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def asked(query: bytes) -> dict[str, str]:
    """What stands behind an address's question mark. Raises `NotShown`."""
    try:
        return dict(parse_qsl(query.decode("latin-1"), max_num_fields=ASKED))
    except ValueError:
        said = f"An address may ask for {ASKED} things at once. Follow a link or send a form of this site."
        raise NotShown(400, "TOO_MANY_FIELDS", said) from None
