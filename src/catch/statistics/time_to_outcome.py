"""How long to an outcome? One answer, with what a spreadsheet would have said beside it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from catch.domain.programme.configuration import ClosureClass
from catch.statistics.survival import TOLERANCE, Observation, Point, RiskSet, Status, curve

LANDMARKS = (0, 30, 60, 90, 120, 180, 365)
"""Days at which the number still at risk is printed."""
HORIZON = 180
"""Days over which the restricted mean is taken."""


class AtRisk(Struct, frozen=True):
    """How many episodes were still open, and watched, when they were this old."""

    days: int
    at_risk: int


class AchievedBy(Struct, frozen=True):
    """The share with the outcome by a day, with its 95 % interval; None beyond the follow-up."""

    days: int
    share: float | None
    lower: float | None
    upper: float | None


class TimeToOutcome(Struct, frozen=True):
    """How long until the outcome, honestly: open episodes censored, other endings as competing events.

    Median and quartiles are the first day on which the incidence reaches 50, 25 and 75 %; None where it never does.
    `restricted_mean_days` is the mean number of the first 180 days without the outcome; None when nobody was
    followed that long. `naive_closed_mean_days` is what a spreadsheet says: the mean, from start to closure, over
    closed episodes however they ended, which leaves out the open ones, usually the longest; None where none is closed.
    `never_at_risk` counts episodes that were over before we watched, `administrative` those that were closed as opened
    in error or the like: they count nowhere else.
    """

    episodes: int
    achieved: int
    competing: int
    censored: int
    closed: int
    never_at_risk: int
    administrative: int
    median_days: int | None
    lower_quartile_days: int | None
    upper_quartile_days: int | None
    not_reached: bool
    longest_follow_up_days: int | None
    restricted_mean_days: float | None
    naive_closed_mean_days: float | None
    achieved_by: tuple[AchievedBy, ...]
    at_risk: tuple[AtRisk, ...]
    curve: tuple[Point, ...]


_STATUSES = {
    ClosureClass.OUTCOME_ACHIEVED: Status.TARGET,
    ClosureClass.PARTIAL_OUTCOME: Status.COMPETING_NEUTRAL,
    ClosureClass.COMPETING_NEUTRAL: Status.COMPETING_NEUTRAL,
    ClosureClass.COMPETING_ADVERSE: Status.COMPETING_ADVERSE,
}


def status_of(ending: ClosureClass | None) -> Status | None:
    """How a closure counts, None for an open episode. The answer None: leave the episode out of statistics."""
    return Status.CENSORED if ending is None else _STATUSES.get(ending)


def time_to_outcome(observations: Iterable[Observation], administrative: int = 0) -> TimeToOutcome:
    """Everything said about the time to an outcome. The order of the observations does not matter; those of episodes
    with an administrative closure are not among them, only how many there are.
    """
    everyone = tuple(observations)
    watched = [held for held in everyone if held.watched]
    # Over everyone, also who was over before we watched: a spreadsheet would not leave them out.
    closed = [held.closed_days for held in everyone if held.closed_days is not None]
    points, risk = curve(watched), RiskSet(watched)
    statuses = Counter(held.status for held in watched)
    median = _first_day(points, 0.5)
    return TimeToOutcome(
        episodes=len(everyone),
        achieved=statuses[Status.TARGET],
        competing=statuses[Status.COMPETING_NEUTRAL] + statuses[Status.COMPETING_ADVERSE],
        censored=statuses[Status.CENSORED],
        closed=len(closed),
        never_at_risk=len(everyone) - len(watched),
        administrative=administrative,
        median_days=median,
        lower_quartile_days=_first_day(points, 0.25),
        upper_quartile_days=_first_day(points, 0.75),
        not_reached=median is None,
        longest_follow_up_days=points[-1].days if points else None,
        restricted_mean_days=_restricted_mean(points, HORIZON),
        naive_closed_mean_days=sum(closed) / len(closed) if closed else None,
        achieved_by=tuple(_achieved_by(points, day) for day in (90, 180, 365)),
        at_risk=tuple(AtRisk(day, risk.at(day)) for day in LANDMARKS),
        curve=points,
    )


def _first_day(points: Sequence[Point], share: float) -> int | None:
    return next((point.days for point in points if point.incidence >= share - TOLERANCE), None)


def _restricted_mean(points: Sequence[Point], horizon: int) -> float | None:
    """The area under one minus the incidence, up to the horizon."""
    # With nobody left the curve is known for ever: then it does not matter when it ended.
    if not points or (points[-1].days < horizon and points[-1].survival > 0):
        return None
    area, day, without = 0.0, 0, 1.0
    for point in points:
        until = min(point.days, horizon)
        area += without * (until - day)
        day, without = until, 1 - point.incidence
    return area + without * (horizon - day)


def _achieved_by(points: Sequence[Point], day: int) -> AchievedBy:
    if not points or (points[-1].days < day and points[-1].survival > 0):
        return AchievedBy(day, None, None, None)
    last = next((point for point in reversed(points) if point.days <= day), None)
    if last is None:
        return AchievedBy(day, 0.0, None, None)
    return AchievedBy(day, last.incidence, last.incidence_lower, last.incidence_upper)
