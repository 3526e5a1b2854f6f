"""Keys: what partners, programmes and everything in their configuration are called in the log, for ever."""

import re

from catch.domain.refusals import Refused


class KeyMalformed(Refused):
    """A key is made of lower-case letters and digits in groups joined by single hyphens, at most 64 characters."""


def is_key(text: str) -> bool:
    return len(text) <= 64 and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) is not None


def check_key(field: str, text: str) -> None:
    if not is_key(text):
        raise KeyMalformed(field=field)
