"""What became of a score between two times: of each person, and of all of them together."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from math import sqrt

from msgspec import Struct

from catch.statistics.distributions import student_within

ENOUGH = 30
"""People measured twice with whom a mean change may be told as a finding (Warwick's guidance for SWEMWBS)."""
_EXACT = 1e-9  # scores have two decimals: their differences in floats are exact to far less than this


class Change(StrEnum):
    """How far a person's score moved towards what is better, in bands of the measurement's own error."""

    RELIABLY_IMPROVED = "reliably-improved"
    POSSIBLY_IMPROVED = "possibly-improved"
    UNCHANGED = "unchanged"
    POSSIBLY_WORSE = "possibly-worse"
    RELIABLY_WORSE = "reliably-worse"


class Thresholds(Struct, frozen=True):
    """From `possible` on a change may be one, from `reliable` on it is no error of measurement. `least` and `most` are
    the ends of the scale; where `less_is_better` a fall is an improvement."""

    possible: float
    reliable: float
    least: float
    most: float
    less_is_better: bool = False


SWEMWBS = Thresholds(1.03, 2.87, 7, 35)
"""One and 2.77 standard errors of measurement: Health and Quality of Life Outcomes 16 (2018), 239."""
WEMWBS = Thresholds(3, 8, 14, 70)
"""The smallest and the reliable change of the usual guidance; studies found 6.6 to 8.6 for the latter (Health and
Quality of Life Outcomes 10 (2012), 156)."""


class Measured(Struct, frozen=True):
    """One person's score at the start, and later; None where there is no whole second measurement."""

    before: float
    after: float | None = None


class Banded(Struct, frozen=True):
    band: Change
    people: int
    share: float | None


class PairedChange(Struct, frozen=True):
    """All figures are of those measured twice, with the scale's own sign, but for `if_all_worst` and `if_all_best`: the
    mean change of everybody with a first score, were everybody's missing second one at an end of the scale.

    `lower` to `upper` is the 95 % interval of the mean by Student's t, None of fewer than two; `deviation` that of the
    changes. `effect_size` is the mean change in standard deviations of the first scores, None where they do not differ.
    `improvers_mean` is over those alone who improved at all, and tells nothing of all. `enough`: 30 people or more.
    """

    started: int
    paired: int
    missing: int
    enough: bool
    before_mean: float | None
    after_mean: float | None
    mean: float | None
    lower: float | None
    upper: float | None
    deviation: float | None
    effect_size: float | None
    improvers: int
    improvers_mean: float | None
    if_all_worst: float | None
    if_all_best: float | None
    bands: tuple[Banded, ...]


def band(change: float, thresholds: Thresholds) -> Change:
    """Whole thresholds count: a change of exactly 2.87 is reliable."""
    gain = -change if thresholds.less_is_better else change
    if abs(gain) < thresholds.possible - _EXACT:
        return Change.UNCHANGED
    reliable = abs(gain) >= thresholds.reliable - _EXACT
    if gain > 0:
        return Change.RELIABLY_IMPROVED if reliable else Change.POSSIBLY_IMPROVED
    return Change.RELIABLY_WORSE if reliable else Change.POSSIBLY_WORSE


def paired_change(people: Iterable[Measured], thresholds: Thresholds) -> PairedChange:
    """A missing score is never made up, and who has none is counted."""
    started = tuple(people)
    pairs = [(each.before, each.after) for each in started if each.after is not None]
    changes = [after - before for before, after in pairs]
    sign = -1 if thresholds.less_is_better else 1
    improved = [change for change in changes if sign * change > _EXACT]
    found = [band(change, thresholds) for change in changes]
    mean, deviation = _mean(changes), _deviation(changes)
    first = _deviation([before for before, _ in pairs])
    margin = None if deviation is None else student_within(0.95, len(changes) - 1) * deviation / sqrt(len(changes))
    return PairedChange(
        started=len(started),
        paired=len(pairs),
        missing=len(started) - len(pairs),
        enough=len(pairs) >= ENOUGH,
        before_mean=_mean([before for before, _ in pairs]),
        after_mean=_mean([after for _, after in pairs]),
        mean=mean,
        lower=None if mean is None or margin is None else mean - margin,
        upper=None if mean is None or margin is None else mean + margin,
        deviation=deviation,
        effect_size=mean / first if mean is not None and first else None,
        improvers=len(improved),
        improvers_mean=_mean(improved),
        if_all_worst=_with_missing(started, thresholds.most if thresholds.less_is_better else thresholds.least),
        if_all_best=_with_missing(started, thresholds.least if thresholds.less_is_better else thresholds.most),
        bands=tuple(
            Banded(each, found.count(each), found.count(each) / len(found) if found else None) for each in Change
        ),
    )


def _with_missing(started: Sequence[Measured], end: float) -> float | None:
    return _mean([(end if each.after is None else each.after) - each.before for each in started])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _deviation(values: Sequence[float]) -> float | None:
    mean = _mean(values)
    if mean is None or len(values) < 2:
        return None
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
