"""Keys: what partners, programmes and coded values are called in the log, for ever.

Codes are stored plain and counted, so free text must not pass for one: that belongs in a sealed field.
"""

import re

from catch.domain.refusals import Refused


class KeyMalformed(Refused):
    """A code is made of lower-case letters and digits joined by single hyphens, at most 64: it is not for free text."""


def is_key(text: str) -> bool:
    return len(text) <= 64 and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) is not None


def check_key(field: str, text: str) -> None:
    if not is_key(text):
        raise KeyMalformed(field=field)
