"""Who may be the same person: two registrations match where two of their identifiers agree.

A mark is made of two identifiers together, and only its keyed hash is kept: nobody can look a single one up, and a copy
of the database does not even say that two people share a birthday. How a name or a number is written does not matter,
and what is typed where something is not known (`unknown`, 01/01/1900, ten times the same digit) identifies nobody.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from itertools import combinations

from msgspec import Struct

from catch.domain.nhs_number import nhs_number
from catch.domain.plain import FIRST_DAY

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr"})
_NOT_KNOWN = frozenset({"unknown", "anonymous", "none", "nil", "na", "nfa", "nk", "tbc", "notknown", "notapplicable"})
_NOBODYS = _TITLES | _NOT_KNOWN | {"not", "known"}
"""Words that are nobody's name."""
_DIGITS = 10
"""The fewest of a telephone number that is one person's or one household's."""
_ACCENTS = re.compile("[\u0300-\u036f]")
"""Signs above and below Latin, Greek and Cyrillic letters. In other scripts they are the vowels."""
PLACEHOLDERS = frozenset({date(1899, 12, 31), FIRST_DAY})
"""What is typed, or what a spreadsheet makes of nothing, where the day of birth is not known."""


class Identifiers(Struct, frozen=True):
    """What somebody was registered with, as it was written. The address is compared, and makes no marks: how addresses
    are written differs too much for two to be found by their hashes.
    """

    name: str | None = None
    date_of_birth: str | None = None
    phone: str | None = None
    nhs_number: str | None = None
    address: str | None = None


class Likeness(StrEnum):
    """What two descriptions say of whether they are of one person."""

    SAME = "same"
    UNCLEAR = "unclear"
    OTHER = "other"


def not_known(text: str) -> bool:
    """Whether this is what people type where they have nothing to say: `N/A`, `unknown`, `NFA`, `-`, `???`."""
    words = "".join(sign for sign in text.casefold() if sign.isalnum())
    return not words or words in _NOT_KNOWN


def one_reference(text: str) -> str:
    """A sender's own number of a referral as it is found again: in capitals or not, however many spaces part it."""
    return " ".join(text.casefold().split())


def forms(said: Identifiers) -> Mapping[str, str]:
    """What is known, each written in one way."""
    found = {
        "name": said.name and _name(said.name),
        "born": said.date_of_birth and _born(said.date_of_birth),
        "phone": said.phone and _phone(said.phone),
        "nhs": said.nhs_number and nhs_number(said.nhs_number),
    }
    return {kind: form for kind, form in found.items() if form}


def marks(said: Identifiers) -> Sequence[str]:
    """A text for each two identifiers that are known: equal for two people exactly where both agree."""
    known = forms(said).items()
    return [f"{one}={first} {other}={second}" for (one, first), (other, second) in combinations(known, 2)]


def likeness(one: Identifiers, other: Identifiers) -> Likeness:
    """The same person where number and birth date agree, or name, birth date and one more. Unclear where the number
    alone agrees, or any other two do: somebody has to look. Two numbers that differ are two people's, unless name and
    birth date agree: then one of them may be mistyped.
    """
    first, second = forms(one), forms(other)
    both = first.keys() & second.keys()
    agree = {kind for kind in both if first[kind] == second[kind]}
    named = {"name", "born"} <= agree
    if "nhs" in both - agree:
        return Likeness.UNCLEAR if named else Likeness.OTHER
    if {"nhs", "born"} <= agree or (named and ("phone" in agree or _same_address(one, other))):
        return Likeness.SAME
    return Likeness.UNCLEAR if "nhs" in agree or len(agree) > 1 else Likeness.OTHER


def born_on(text: str) -> date | None:
    """The day that is written `YYYY-MM-DD`; None where it is none, or older than anybody."""
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
    return day if day and day >= FIRST_DAY else None


def _same_address(one: Identifiers, other: Identifiers) -> bool:
    first, second = (_address(each.address or "") for each in (one, other))
    return bool(first) and first == second


def _address(text: str) -> str:
    """Its letters and digits. Of no address are those who have none."""
    plain = "".join(sign for sign in text.casefold() if sign.isalnum())
    return "" if not_known(text) or plain == "nofixedabode" else plain


def _born(text: str) -> str:
    day = born_on(text)
    return str(day) if day and day not in PLACEHOLDERS else ""


def _name(text: str) -> str:
    """Its words without accents, apostrophes and titles, in one order: family names are written first or last.

    A single word, or two initials, are too many people's.
    """
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold()
    signs = "".join(sign if unicodedata.category(sign)[0] in "LM" else " " for sign in re.sub(r"['’`]", "", plain))
    # "Unknown Unknown" would be alike for everybody of whom nothing is known.
    words = sorted(word for word in signs.split() if word not in _NOBODYS)
    return " ".join(words) if len(words) > 1 and any(len(word) > 1 for word in words) else ""


def _phone(text: str) -> str:
    """Its digits, from within the country: +44 (0)1536 496 000 is 01536 496000, and so are 1536496000 and 441536496000,
    as a spreadsheet keeps them.
    """
    digits = re.sub(r"\D", "", text, flags=re.ASCII)
    if text.strip().startswith("+44") or digits.startswith("0044") or re.fullmatch("44[0-9]{10}", digits):
        digits = "0" + digits.removeprefix("00").removeprefix("44").removeprefix("0")
    elif re.fullmatch("[1-9][0-9]{9}", text.strip()):
        digits = "0" + digits
    # 01111111111 and the like are typed where no number is known.
    return digits if len(digits) >= _DIGITS and len({*digits}) > 2 else ""
