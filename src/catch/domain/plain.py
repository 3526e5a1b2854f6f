"""What a plain string may be, and the bounds of every list, number and day, said in the type.

Whatever stands in the log in plain can be read by whoever holds a copy of the database, so free text must not pass for
anything else: it is `Sealed`. A plain string has one of the forms below, and a command's lists and numbers have bounds:

    agency: Key
    needs: Few[Code] = ()
    percent: Percent | None = None

`catch.domain.bounds` holds commands to it, and the API writes it into its schema. Decoding a stored fact asks nothing
of this: what was taken before a rule came lives for ever.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Form(StrEnum):
    """What kind of plain string a field holds."""

    KEY = "key"
    """Of a partner, a programme, a series, an agreement."""
    CODE = "code"
    """Of the configuration: a source, a need, a reason, a domain."""
    USER = "user"
    """Of somebody in the place: opaque, so never a name of a person with its spaces."""
    NAME = "name"
    """The public name of an organisation or a programme."""
    LABEL = "label"
    """A text of the configuration that everybody may read."""
    ODS = "ods"
    """An organisation's code in the NHS's Organisation Data Service."""
    MADE = "made"
    """Made by the program out of keys, codes, numbers and days. No client sends one."""
    NUMBER = "number"
    """A case's number, as people say it: `7K3M-Q2XD`."""
    FORMER = "former"
    """Written in plain before it was sealed. It still decodes; nothing writes it, nobody is shown it."""


class Unit(StrEnum):
    """What a number counts, where people write it in another unit."""

    PENCE = "pence"


class Most(Struct, frozen=True):
    """How many a list may hold."""

    count: int


class Least(Struct, frozen=True):
    """The fewest signs of a personal text that has to say something."""

    signs: int


class Between(Struct, frozen=True):
    """The least and the most of a number, both included."""

    least: float
    most: float


Key = Annotated[str, Form.KEY]
Code = Annotated[str, Form.CODE]
UserId = Annotated[str, Form.USER]
PublicName = Annotated[str, Form.NAME]
Label = Annotated[str, Form.LABEL]
OdsCode = Annotated[str, Form.ODS]
CaseNumber = Annotated[str, Form.NUMBER]
Made = Annotated[str, Form.MADE]
Former = Annotated[str, Form.FORMER]

Few = Annotated[tuple[T, ...], Most(50)]
FewOf = Annotated[frozenset[T], Most(50)]
Many = Annotated[tuple[T, ...], Most(500)]
"""What the program itself or a whole configuration may need: no person types so many."""

Share = Annotated[float, Between(0, 1)]
Count = Annotated[int, Between(0, 100_000)]
Version = Annotated[int, Between(1, 10_000)]
Score = Annotated[int, Between(-1_000, 1_000)]
"""Scales are the configuration's: a framework narrows this."""
Metric = Annotated[float, Between(0, 1_000)]
"""What a raw total stands for, by the instrument's table."""
Percent = Annotated[int, Between(0, 100)]
Age = Annotated[int, Between(0, 130)]
EmergencyMinutes = Annotated[int, Between(15, 4 * 60)]
MinutesLong = Annotated[int, Between(0, 24 * 60)]
Pence = Annotated[int, Between(1, 10_000_000), Unit.PENCE]
"""Of one award: at most 100,000 pounds."""
Years = Annotated[int, Between(1, 100)]
Place = Annotated[int, Between(1, 1_000)]

LONGEST_TEXT = 10_000
"""Signs of one personal text."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
"""The days that a command may name."""
FIRST_YEAR = 2000
"""No time is older: what happened before is a day."""
