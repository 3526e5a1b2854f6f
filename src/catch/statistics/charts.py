"""A figure month by month, and which of its moves mean something: XmR charts as the NHS makes them.

"Making Data Count" as NHS England's tool and the package NHSRplotthedots work it out. They differ in one thing, which
a chart says of itself: whether very large moves are left out of what is usual (`screened`).
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")

LIMIT = 2.66
"""Of the mean move, to either side of the mean: three standard errors. The near limits are at two."""
LARGE = 3.267
"""Moves of so many mean moves are left out where a chart is screened."""
RUN = 7
"""Points that rise, fall, or lie at one side of the mean, one after the other."""
TRIAL = 12
"""With fewer points the limits are on trial: the next points may move them."""


class Sign(StrEnum):
    """Why a point is more than chance. A point has the first of these that holds."""

    OUTSIDE = "outside"
    TREND = "trend"
    TWO_OF_THREE = "two-of-three"
    SHIFT = "shift"


class Assurance(StrEnum):
    """Whether the target will be met as things go. `hit-or-miss`: it lies within the limits."""

    MET = "met"
    MISSED = "missed"
    HIT_OR_MISS = "hit-or-miss"


class Plotted(Struct, frozen=True):
    """`sign` is None for a point that is no more than chance. `better` is None there too, and at the mean, and where
    neither way is better: else whether a point that means something lies on the side that is wanted."""

    value: float
    sign: Sign | None
    better: bool | None


class Chart(Struct, frozen=True):
    """`upper` and `lower` hold nearly all points where nothing but chance is at work; `near_upper` and `near_lower` are
    two thirds of the way. `moving_range` is the mean move from one point to the next, and `baseline` the number of
    points from which the limits come."""

    points: tuple[Plotted, ...]
    mean: float
    moving_range: float
    upper: float
    lower: float
    near_upper: float
    near_lower: float
    baseline: int
    screened: bool
    trial: bool
    assurance: Assurance | None


def xmr(
    values: Sequence[float],
    *,
    more_is_better: bool | None = None,
    target: float | None = None,
    baseline: int | None = None,
    screened: bool = False,
) -> Chart | None:
    """None with fewer than two points, between which nothing moves. `baseline`: only so many of the first points say
    what is usual. `more_is_better` is None where neither way is.
    """
    usual = values[:baseline]
    moves = [abs(after - before) for before, after in pairwise(usual)]
    if not moves:
        return None
    mean = sum(usual) / len(usual)
    move = sum(moves) / len(moves)
    if screened and (small := [each for each in moves if each < LARGE * move]):
        move = sum(small) / len(small)
    upper, lower = mean + LIMIT * move, mean - LIMIT * move
    signs = tuple(_signs(values, mean, LIMIT * move))
    return Chart(
        points=tuple(
            Plotted(value, sign, _better(value - mean, more_is_better) if sign else None)
            for value, sign in zip(values, signs, strict=True)
        ),
        mean=mean,
        moving_range=move,
        upper=upper,
        lower=lower,
        near_upper=mean + LIMIT * move * 2 / 3,
        near_lower=mean - LIMIT * move * 2 / 3,
        baseline=len(usual),
        screened=screened,
        trial=len(usual) < TRIAL,
        assurance=_assurance(upper, lower, target, more_is_better),
    )


def _signs(values: Sequence[float], mean: float, width: float) -> Iterator[Sign | None]:
    away = [value - mean for value in values]
    outside = [abs(each) > width for each in away]
    near = [width * 2 / 3 < abs(each) <= width for each in away]
    trends = _within(values, RUN, _one_way)
    shifts = _within(away, RUN, _one_side)
    pairs = _within([*zip(away, near, strict=True)], 3, _two_of_three)
    for index in range(len(values)):
        found = {
            Sign.OUTSIDE: outside[index],
            Sign.TREND: trends[index],
            # Of the three only those that are near a limit mean something.
            Sign.TWO_OF_THREE: pairs[index] and near[index],
            Sign.SHIFT: shifts[index],
        }
        yield next((sign for sign, holds in found.items() if holds), None)


def _within(points: Sequence[T], length: int, holds: Callable[[Sequence[T]], bool]) -> list[bool]:
    """Which points are among so many in a row of which this holds."""
    starts = [start for start in range(len(points) - length + 1) if holds(points[start : start + length])]
    among = {index for start in starts for index in range(start, start + length)}
    return [index in among for index in range(len(points))]


def _one_way(values: Sequence[float]) -> bool:
    return all(a < b for a, b in pairwise(values)) or all(a > b for a, b in pairwise(values))


def _one_side(away: Sequence[float]) -> bool:
    return min(away) > 0 or max(away) < 0


def _two_of_three(points: Sequence[tuple[float, bool]]) -> bool:
    return sum(near for _, near in points) >= 2 and _one_side([away for away, _ in points])


def _better(away: float, more_is_better: bool | None) -> bool | None:
    return None if more_is_better is None or away == 0 else (away > 0) is more_is_better


def _assurance(upper: float, lower: float, target: float | None, more_is_better: bool | None) -> Assurance | None:
    if target is None or more_is_better is None:
        return None
    if lower <= target <= upper:
        return Assurance.HIT_OR_MISS
    return Assurance.MISSED if (target > upper) is more_is_better else Assurance.MET
