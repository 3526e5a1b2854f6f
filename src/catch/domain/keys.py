"""Keys: what partners, programmes, users and coded values are called in the log, for ever.

They are stored plain and counted, so free text must not pass for one: that belongs in a sealed field.
"""

import re

from catch.domain.refusals import Refused

LONGEST_KEY = 64
LONGEST_NAME = 500
KEY = re.compile(rf"(?=.{{1,{LONGEST_KEY}}}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")
USER = re.compile(rf"(?=.{{1,{LONGEST_KEY}}}\Z)[a-z0-9]+(?:[-.@_][a-z0-9]+)*")
ODS = re.compile(r"[A-Z0-9]{1,12}")
NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")
# No control characters, line separators or lone surrogates: names are printed on one line, in terminals too.
NAME = re.compile(rf"(?=.*\S)[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{{1,{LONGEST_NAME}}}")
"""One line with something on it."""


class KeyMalformed(Refused):
    """A code is made of lower-case letters and digits joined by single hyphens, at most 64: it is not for free text."""


class UserMalformed(Refused):
    """A user id is made of lower-case letters and digits joined by single -, ., @ or _, at most 64: it is no name."""


class NameMalformed(Refused):
    """A public name or label is one line of at most 500 characters."""


class OdsMalformed(Refused):
    """An ODS code is made of upper-case letters and digits, at most 12."""


class NumberMalformed(Refused):
    """A case's number is four capital letters or digits, a hyphen, and four more: 7K3M-Q2XD. Check it."""


def is_key(text: str) -> bool:
    return KEY.fullmatch(text) is not None


def is_user(text: str) -> bool:
    return USER.fullmatch(text) is not None


def check_key(field: str, text: str) -> None:
    if not is_key(text):
        raise KeyMalformed(field=field)
