"""Instruments: what each asks, by number, and how it is scored. The wording of items is licensed and is not here.

Scored by the server, never imputed: where an item is missing there is no total.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from catch.domain.facts import Part
from catch.domain.plain import Place, Score


class Reading(Part, frozen=True):
    """One answer: the item's number, from 1, and what was ticked."""

    item: Place
    score: Score


class Scale(NamedTuple):
    """`items` answers from `least` to `most`. `totalled`: they may be added up. `metric`: what a raw total stands for.

    `licensed`: nobody uses it without a licence or a registration of their own.
    """

    items: int
    least: int
    most: int
    totalled: bool
    licensed: bool
    metric: Mapping[int, float] | None = None


class Totals(NamedTuple):
    """`complete`: every item was answered. Without that there is no total, and none where items are never added up."""

    complete: bool
    raw: int | None
    metric: float | None


# Stewart-Brown and others 2009: Rasch scores for raw totals from 7 to 35.
_SWEMWBS = (
    7.00, 9.51, 11.25, 12.40, 13.33, 14.08, 14.75, 15.32, 15.84, 16.36, 16.88, 17.43, 17.98, 18.59, 19.25, 19.98, 20.73,
    21.54, 22.35, 23.21, 24.11, 25.03, 26.02, 27.03, 28.13, 29.31, 30.70, 32.55, 35.00,
)  # fmt: skip

KNOWN: Mapping[str, Scale] = {
    "swemwbs": Scale(7, 1, 5, totalled=True, licensed=True, metric=dict(enumerate(_SWEMWBS, start=7))),
    "wemwbs": Scale(14, 1, 5, totalled=True, licensed=True),
    # Life satisfaction, worthwhile, happy yesterday, anxious yesterday: four questions, never combined.
    "ons4": Scale(4, 0, 10, totalled=False, licensed=False),
    # 1 very fit to 9 terminally ill, as two weeks before.
    "clinical-frailty-scale": Scale(1, 1, 9, totalled=True, licensed=False),
}
"""By their codes. Others are said by the programme that uses them."""


def totals(scale: Scale, readings: Collection[Reading]) -> Totals:
    """Of readings that are on the scale, each item once."""
    complete = len(readings) == scale.items
    if not (complete and scale.totalled):
        return Totals(complete, None, None)
    raw = sum(each.score for each in readings)
    return Totals(complete, raw, scale.metric[raw] if scale.metric else None)
