"""Lists of referrals as teams keep them, with invented people, for the tests of what becomes of their rows."""

from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from catch.app import Catch
from catch.importing.outcomes import Report
from catch.importing.referrals import import_referrals

COLUMNS = (
    "reference", "received", "source", "channel", "referrer organisation", "first name", "last name", "date of birth",
    "nhs number", "phone", "address", "needs", "reason for referral", "urgency", "person knows", "person agrees",
    "safe to contact", "how to contact", "decision",
)  # fmt: skip
Row = dict[str, str]
"""Cells by column; what is left out is empty."""


def nhs() -> str:
    """A valid number from the range that is nobody's, hardly ever the same twice."""
    while True:
        nine = f"999{uuid4().int % 10**6:06}"
        check = -sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), nine, strict=True)) % 11
        if check < 10:
            return f"{nine}{check}"


def word() -> str:
    """A name that nobody has."""
    return uuid4().hex[:10].translate(str.maketrans("0123456789", "ghijklmnop")).capitalize()


def somebody(**more: str) -> Row:
    """A referral of somebody who is in no other list."""
    name = word()
    return {
        "reference": f"R-{name}",
        "received": "03/02/2026 09:30",
        "source": "self",
        "channel": "phone",
        "first name": "Ada",
        "last name": f"{name}-Example",
        "date of birth": "21/05/1951",
        "nhs number": nhs(),
        "phone": f"01536 {uuid4().int % 10**6:06}",
        "reason for referral": "Lonely",
    } | {column.replace("_", " "): text for column, text in more.items()}


def written(folder: Path, rows: Iterable[Row]) -> Path:
    lines = [";".join(f'"{row.get(column, "")}"' for column in COLUMNS) for row in rows]
    path = folder / f"{uuid4().hex}.csv"
    path.write_text("\n".join([";".join(COLUMNS), *lines, ""]), "utf-8")
    return path


async def brought(catch: Catch, folder: Path, *rows: Row) -> Report:
    return await import_referrals(catch, written(folder, rows))
