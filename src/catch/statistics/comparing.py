"""Do groups differ in how long something takes, by more than chance? Two tests, for two questions.

`log_rank` asks of the rate at which people who are still waiting have the event; who can have it no more has left.
`of_incidence` asks of the share who have had it by each day, as the curves show it: who can have it no more stays, and
waits for ever. It is Gray's test (Annals of Statistics 16, 1988) for data in which it is known of everybody how long
they would have been followed, as it is where a cut-off ends all of it: nothing need then be estimated, and the test is
a log-rank test over those who have not had the event (Fine and Gray, Journal of the American Statistical Association
94, 1999, section 3.1, "censoring complete").
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from catch.statistics.distributions import chi_squared_above
from catch.statistics.survival import Observation, RiskSet, Status

FEW = 30
"""With fewer people in a group a test misses most differences that there are."""


class Followed(Struct, frozen=True):
    """One episode, and the day of its own on which it was last looked at, or would have been: its age at the cut-off.

    Raises ValueError where it was seen to end later.
    """

    observed: Observation
    until_days: int

    def __post_init__(self) -> None:
        if self.observed.days > self.until_days:
            raise ValueError("nothing is seen after the last look")


class Expected(Struct, frozen=True):
    """`expected`: the events that a group of its size would have had, were all groups alike."""

    group: str
    people: int
    events: int
    expected: float


class Comparison(Struct, frozen=True):
    """`p` is the chance of a difference at least as large between groups that do not differ; None where the groups or
    the events are too few to tell anything. `few`: a group has fewer than 30 people.
    """

    groups: tuple[Expected, ...]
    chi_squared: float | None
    freedom: int
    p: float | None
    few: bool


def log_rank(groups: Mapping[str, Sequence[Observation]]) -> Comparison:
    """Two groups or more; late entries are at risk from when they were watched."""
    watched = {name: [held for held in group if held.watched] for name, group in groups.items()}
    return _compared(watched)


def of_incidence(groups: Mapping[str, Sequence[Followed]]) -> Comparison:
    """Gray's test of the incidence of the target event, where other endings compete with it."""
    waiting = {
        name: [_waiting_for_ever(held) for held in group if held.observed.watched] for name, group in groups.items()
    }
    return _compared(waiting)


def _waiting_for_ever(held: Followed) -> Observation:
    competing = held.observed.status in (Status.COMPETING_NEUTRAL, Status.COMPETING_ADVERSE)
    return Observation(held.until_days, Status.CENSORED, held.observed.entry_days) if competing else held.observed


def _compared(groups: Mapping[str, Sequence[Observation]]) -> Comparison:
    names = list(groups)
    risks = [RiskSet(groups[name]) for name in names]
    targets = [Counter(held.days for held in groups[name] if held.status is Status.TARGET) for name in names]
    expected = [0.0] * len(names)
    covariance = [[0.0] * len(names) for _ in names]
    for day in sorted({day for days in targets for day in days}):
        at_risk = [risk.at(day) for risk in risks]
        events, everybody = sum(days[day] for days in targets), sum(at_risk)
        # Hypergeometric: which of those at risk had the events, where groups make no difference.
        spread = events * (everybody - events) / (everybody - 1) if everybody > 1 else 0.0
        for one, own in enumerate(at_risk):
            expected[one] += events * own / everybody
            for other, others in enumerate(at_risk):
                covariance[one][other] += spread * own / everybody * ((one == other) - others / everybody)
    observed = [days.total() for days in targets]
    # Nobody's group tells nothing, and what all others are apart sums to nothing: the last one's follows from the rest.
    telling = [one for one, usual in enumerate(expected) if usual > 0][:-1]
    chi_squared = _quadratic(
        [[covariance[one][other] for other in telling] for one in telling],
        [observed[one] - expected[one] for one in telling],
    )
    freedom = len(telling)
    return Comparison(
        groups=tuple(
            Expected(name, len(groups[name]), seen, usual)
            for name, seen, usual in zip(names, observed, expected, strict=True)
        ),
        chi_squared=chi_squared,
        freedom=freedom,
        p=None if chi_squared is None else chi_squared_above(chi_squared, freedom),
        few=any(len(group) < FEW for group in groups.values()),
    )


def _quadratic(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> float | None:
    """vector' matrix^-1 vector, by Gauss's elimination; None where the matrix has no inverse."""
    rows = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    total = 0.0
    for index, row in enumerate(rows):
        # The matrix is a covariance: without a pivot there is nothing that could differ.
        if row[index] < 1e-12:
            return None
        total += row[-1] ** 2 / row[index]
        for below in rows[index + 1 :]:
            share = below[index] / row[index]
            below[index:] = [a - share * b for a, b in zip(below[index:], row[index:], strict=True)]
    return total if rows else None
