"""The columns of a team's list of referrals, and how they are found by their names."""

import re
from collections.abc import Sequence

from msgspec import Struct

from catch.domain.plain import LONGEST_TEXT

_LONGEST_LINE = 500


class Column(Struct, frozen=True):
    """One column. `required` ones must be in the header; a `filled` one also needs a value in every row.

    `lines`: whether what stands in it may run over several lines, and be long.
    """

    name: str
    means: str
    required: bool = False
    filled: bool = False
    lines: bool = False

    @property
    def longest(self) -> int:
        return LONGEST_TEXT if self.lines else _LONGEST_LINE


COLUMNS = (
    Column("reference", "the team's own number of the referral: it stands for what this row says", True, True),
    Column("received", "the day, and if known the time: 03/02/2026 09:30 or 2026-02-03", True, True),
    Column("received time", "the time, where it has a column of its own: 09:30"),
    Column("source", "where it came from, as the programme names it: self, vcse, adult-social-care ...", True, True),
    Column("channel", "phone, online or email", True, True),
    Column(
        "referrer organisation",
        "the organisation's key or name; empty when people refer themselves, or it is not known",
        lines=True,
    ),
    Column("first name", ""),
    Column("last name", "", True, True),
    Column("date of birth", "21/05/1951 or 1951-05-21"),
    Column("nhs number", "ten digits, spaces allowed"),
    Column("phone", ""),
    Column("address", "", lines=True),
    Column("needs", "what is needed, separated by ; or ,", lines=True),
    Column("reason for referral", "in a few sentences (the header may say just: reason)", True, True, lines=True),
    Column("urgency", "routine, soon or urgent; empty means routine"),
    Column("person knows", "yes or no: does the person know of the referral?"),
    Column("person agrees", "yes, no or unable"),
    Column("safe to contact", "yes or no"),
    Column("how to contact", "e.g. text first, mornings only", lines=True),
    Column("decision", "of a row that waited: the number of whom it is about, or of their live case, or `new`"),
)
BY_NAME = {column.name: column for column in COLUMNS}
_ALIASES = {
    "ref": "reference",
    "received at": "received",
    "date received": "received",
    "organisation": "referrer organisation",
    "referrer": "referrer organisation",
    "surname": "last name",
    "forename": "first name",
    "dob": "date of birth",
    "nhs": "nhs number",
    "telephone": "phone",
    "agrees": "person agrees",
    "knows": "person knows",
    "how": "how to contact",
}
DECISION = "decision"
"""The column in which somebody says whom a row that waited is about."""
REJECTION = "rejection reason"
"""The column in which a rejected row says why. It is no column of the referral's."""
EMPTY_IT = f"write the row anew, and empty its {REJECTION}"
"""Said of a row that could not be taken apart: in a file of rejected rows its cells look sound, and are not."""


class FileUnusable(Exception):
    """The file as a whole cannot be read. The text says why."""


def names_in(header: Sequence[str]) -> list[str]:
    names = [re.sub(r"[\s_-]+", " ", name).strip().casefold() for name in header]
    names = [_ALIASES.get(name, name) for name in names]
    if "reason" not in names or "reason for referral" in names:
        return names
    return ["reason for referral" if name == "reason" else name for name in names]


def is_rejection(name: str) -> bool:
    return names_in([name]) == [REJECTION]


def places(header: Sequence[str]) -> dict[str, int]:
    names = names_in(header)
    unknown = [
        header[at].strip() for at, name in enumerate(names) if name not in BY_NAME and name not in ("", REJECTION)
    ]
    missing = [column.name for column in COLUMNS if column.required and column.name not in names]
    twice = sorted({name for name in names if name in BY_NAME and names.count(name) > 1})
    problems = [
        f"{what}: {', '.join(found)}{do}"
        for what, found, do in (
            ("missing columns", missing, ""),
            ("unknown columns", unknown, " (rename or remove them)"),
            ("columns given twice", twice, " (remove one, or rename it)"),
        )
        if found
    ]
    if problems:
        raise FileUnusable(f"{'; '.join(problems)}. The columns are: {', '.join(BY_NAME)}")
    return {name: at for at, name in enumerate(names) if name in BY_NAME}
