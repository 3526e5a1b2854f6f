"""One line for everything that a figure counts: into which group it falls, when, and how much."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

ASIDE = "administrative"
"""Closed as opened in error or the like: in no figure, and counted apart."""


class Line(NamedTuple):
    """`day` is by which it belongs to a period, `answer` the group it falls into, `amount` its days, minutes or points.

    `group`: the agency or the series. `within`: whether it kept a target. `part`: the further part of the figure it
    belongs to, a code of the configuration. `before`: the score that the amount is a change of. `entry` is the fact it
    rests on: an action, a review, a goal.
    """

    day: date
    answer: str
    amount: float = 0.0
    group: str = ""
    part: str = ""
    within: str = ""
    entry_days: int = 0
    closed_days: int | None = None
    before: float = 0.0
    entry: UUID | None = None


class Counted(NamedTuple):
    """Lines that are alike, by the numbers of the people they are of: as many as there are lines."""

    line: Line
    people: Sequence[int]
