"""Every address of the console, with its open parts filled in: a page more is gone to as soon as it is listed."""

import re

from catch.web.console.pages import ADDRESSES

MORE = ("/audit/{stream:uuid}?position=99999", "/audit/{meeting:uuid}?position=99999", "/figures?period=all")
"""Pages that look otherwise when more is asked of them."""
PATHS = (*(each.path for each in ADDRESSES), *MORE)


def address_of(path: str, values: dict[str, str]) -> str:
    """With its open parts filled in. A part of a new name is to be furnished first."""
    return re.sub(r"\{(\w+):\w+\}", lambda found: values[found[1]], path)
