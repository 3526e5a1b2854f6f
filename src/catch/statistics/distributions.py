"""The few distributions that intervals and tests are read from. A numeric library would bring a hundred megabytes.

Incomplete beta and gamma functions by continued fractions and series as in Abramowitz and Stegun (1964), 26.5.8, 6.5.29
and 6.5.31, evaluated by Lentz's method; accurate to 1e-9 for up to a hundred thousand people.
"""

from collections.abc import Callable, Iterable, Iterator
from math import exp, lgamma, log, log1p

_STEPS = 10_000
_TINY = 1e-300
_CLOSE = 1e-15


def binomial_at_most(successes: int, of: int, share: float) -> float:
    """The probability of at most so many successes."""
    if successes < 0:
        return 0.0
    return 1.0 if successes >= of else _beta(of - successes, successes + 1, 1 - share)


def binomial_limits(of: int, share: float, tail: float) -> tuple[int, int]:
    """The least and the most of so many that is to be expected where each has this chance: no more than `tail` of all
    groups lie below the one or above the other.

    In whole numbers. Limits that are interpolated run smoothly, and mark small groups more often than is said
    (Manktelow and Seaton, PLoS ONE 7 (2012), e45723).
    """
    most = _first(of, lambda count: binomial_at_most(count, of, share) >= 1 - tail)
    return _first(of, lambda count: binomial_at_most(count, of, share) > tail), most


def _first(of: int, holds: Callable[[int], bool]) -> int:
    """The first number up to `of` from which on it holds."""
    low, high = 0, of
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def student_within(confidence: float, freedom: int) -> float:
    """How far from 0, in standard errors, this share of Student's distribution reaches at either side."""
    low, high = 0.0, 1.0
    while student_inside(high, freedom) < confidence:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if student_inside(middle, freedom) < confidence else (low, middle)
    return (low + high) / 2


def student_inside(distance: float, freedom: int) -> float:
    """The share of Student's distribution that is no further from 0."""
    return 1 - _beta(freedom / 2, 0.5, freedom / (freedom + distance**2))


def chi_squared_above(value: float, freedom: int) -> float:
    """The share of a chi-squared distribution above `value`: a test's p."""
    if value < _TINY:
        return 1.0
    half, x = freedom / 2, value / 2
    front = exp(half * log(x) - x - lgamma(half))
    if x >= half + 1:
        return front * _fraction(x + 1 - half, ((-n * (n - half), x + 2 * n + 1 - half) for n in range(1, _STEPS)))
    term = total = 1 / half
    for n in range(1, _STEPS):
        term *= x / (half + n)
        total += term
        if term < total * _CLOSE:
            break
    return 1 - front * total


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    # The fraction converges fast on this side; from the other the answer follows by symmetry.
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a

    return front * _fraction(1.0, _beta_terms(a, b, x))


def _beta_terms(a: float, b: float, x: float) -> Iterator[tuple[float, float]]:
    for m in range(_STEPS):
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1.0
        n = m + 1
        yield n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)), 1.0


def _fraction(first: float, terms: Iterable[tuple[float, float]]) -> float:
    """1 / (first + a1 / (b1 + a2 / (b2 + ...))), for terms a, b."""
    above, below = 1 / _TINY, 1 / first
    value = below
    for a, b in terms:
        below = 1 / _not_nought(b + a * below)
        above = _not_nought(b + a / above)
        value *= above * below
        if abs(above * below - 1) < _CLOSE:
            break
    return value


def _not_nought(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
