"""How long until something happens, when some are still waiting and for some it never can.

Read downwards: what goes in, and the curve with every estimate on it. Kaplan-Meier and Aalen-Johansen as in Putter,
Fiocco and Geskus, "Tutorial in biostatistics: competing risks and multi-state models" (2007). Times are whole days
from 0; events come before censorings on the same day.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from math import exp, log, sqrt

from msgspec import Struct

_Z = 1.959963984540054  # 97.5th percentile of the normal distribution
TOLERANCE = 1e-9  # sums that reach a half exactly on paper may fall short of it in floats


class Status(StrEnum):
    """How an episode's time ended. `censored`: it has not, as far as is known."""

    CENSORED = "censored"
    TARGET = "target"
    COMPETING_NEUTRAL = "competing-neutral"
    COMPETING_ADVERSE = "competing-adverse"


class Observation(Struct, frozen=True):
    """One episode: `days` from its start to its end or the data cut-off.

    `entry_days` is how old it was when we began to watch, 0 when we saw its start (left truncation: an imported
    episode that had ended earlier would never have reached us). `closed_days` is how old it was when it was closed,
    None while it is open: an outcome may be reached long before. Raises ValueError for days below 0.
    """

    days: int
    status: Status
    entry_days: int = 0
    closed_days: int | None = None

    def __post_init__(self) -> None:
        if self.days < 0 or self.entry_days < 0:
            raise ValueError("days are counted from 0")

    @property
    def watched(self) -> bool:
        """False for an episode that was over when we began to watch: it was never at risk before our eyes."""
        return self.entry_days == 0 or self.entry_days < self.days


class Point(Struct, frozen=True):
    """One day of the curve, after its events.

    `survival`: share with no event of any kind (Kaplan-Meier, Greenwood, 95 % log(-log) interval `lower`-`upper`).
    `incidence`: share with the target event (Aalen-Johansen), with its own 95 % log(-log) interval. An interval is
    None where a share is 0 or 1, because none is defined there.
    """

    days: int
    at_risk: int
    events: int
    competing: int
    censored: int
    survival: float
    lower: float | None
    upper: float | None
    incidence: float
    incidence_lower: float | None
    incidence_upper: float | None


class RiskSet:
    """Counts who is at risk on a day: `n(t) = #{entry < t <= days}`, where entry 0 means watched from the start."""

    def __init__(self, observations: Iterable[Observation]) -> None:
        watched = [held for held in observations if held.watched]
        # Day 0 counts: whoever was watched from the start was at risk before it.
        self._entries = sorted(held.entry_days or -1 for held in watched)
        self._exits = sorted(held.days for held in watched)

    def at(self, day: int) -> int:
        return bisect_left(self._entries, day) - bisect_left(self._exits, day)


def curve(observations: Sequence[Observation]) -> tuple[Point, ...]:
    """A point for each day on which an episode ended or was censored."""
    risk = RiskSet(observations)
    counts = Counter((held.days, held.status) for held in observations if held.watched)
    survival, incidence = 1.0, 0.0
    variance = _Variance()
    points: list[Point] = []
    for day in sorted({day for day, _ in counts}):
        at_risk, target = risk.at(day), counts[day, Status.TARGET]
        competing = counts[day, Status.COMPETING_NEUTRAL] + counts[day, Status.COMPETING_ADVERSE]
        step = survival * target / at_risk
        incidence += step
        variance.add(survival, incidence, target, target + competing, at_risk)
        # Multiplied by what is left, not one minus what went: nobody left is then exactly 0.
        survival *= (at_risk - target - competing) / at_risk
        low, high = _interval(survival, survival * sqrt(variance.greenwood))
        incidence_low, incidence_high = _interval(incidence, sqrt(variance.of_incidence(incidence)))
        points.append(
            Point(
                days=day,
                at_risk=at_risk,
                events=target,
                competing=competing,
                censored=counts[day, Status.CENSORED],
                survival=survival,
                lower=low,
                upper=high,
                incidence=incidence,
                incidence_lower=incidence_low,
                incidence_upper=incidence_high,
            )
        )
    return tuple(points)


def truncated(points: Sequence[Point], least: int) -> tuple[Point, ...]:
    """The curve up to the last day with at least so many at risk: 10 where it is published, 5 inside."""
    enough = [index for index, point in enumerate(points) if point.at_risk >= least]
    return tuple(points[: enough[-1] + 1]) if enough else ()


class _Variance:
    """Running sums for Greenwood's variance and the delta-method variance of an incidence.

    With F the incidence, S survival just before day i, n at risk, d all events and k target events, the latter is
    sum (F(t)-F_i)^2 d/(n(n-d)) + S^2 k(n-k)/n^3 - 2 (F(t)-F_i) S k/n^2 (Marubini and Valsecchi, 1995, chapter 10).
    Multiplied out in powers of F(t), it needs one pass.
    """

    def __init__(self) -> None:
        self.greenwood = 0.0
        self._constant = self._linear = 0.0

    def add(self, survival: float, incidence: float, target: int, events: int, at_risk: int) -> None:
        # Where everybody left has an event, the incidence never moves again and the term is nought for ever.
        term = events / (at_risk * (at_risk - events)) if events < at_risk else 0.0
        cross = survival * target / at_risk**2
        self.greenwood += term
        self._linear += -2 * incidence * term - 2 * cross
        self._constant += incidence**2 * term + 2 * incidence * cross
        self._constant += survival**2 * target * (at_risk - target) / at_risk**3

    def of_incidence(self, incidence: float) -> float:
        return max(0.0, self.greenwood * incidence**2 + self._linear * incidence + self._constant)


def _interval(share: float, error: float) -> tuple[float | None, float | None]:
    """95 % by the log(-log) transform, which stays within 0 and 1."""
    if share <= TOLERANCE or share >= 1 - TOLERANCE:
        return None, None
    width = _Z * error / (share * -log(share))
    return share ** exp(width), share ** exp(-width)
