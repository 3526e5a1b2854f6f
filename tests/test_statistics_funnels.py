"""Distributions and funnels, held to sums in fractions and to published tables."""

from fractions import Fraction
from math import comb, exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.statistics.distributions import (
    binomial_at_most,
    binomial_limits,
    chi_squared_above,
    student_inside,
    student_within,
)
from catch.statistics.funnels import Group, funnel


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 40))
def test_binomial_sums_are_the_sums(successes: int, of: int, twentieths: int):
    share = Fraction(twentieths, 40)
    exact = sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(min(successes, of) + 1))
    assert binomial_at_most(successes, of, float(share)) == pytest.approx(float(exact), abs=1e-12)


@pytest.mark.parametrize(
    ("freedom", "distance"), [(1, 12.706), (2, 4.303), (5, 2.571), (29, 2.045), (120, 1.980), (100_000, 1.960)]
)
def test_student_is_as_in_every_table(freedom: int, distance: float):
    assert student_within(0.95, freedom) == pytest.approx(distance, abs=5e-4)
    assert student_inside(student_within(0.998, freedom), freedom) == pytest.approx(0.998)


@pytest.mark.parametrize(
    ("freedom", "value", "above"),
    [(1, 3.841, 0.05), (1, 6.635, 0.01), (2, 5.991, 0.05), (5, 11.070, 0.05), (10, 23.209, 0.01), (30, 43.773, 0.05)],
)
def test_chi_squared_is_as_in_every_table(freedom: int, value: float, above: float):
    assert chi_squared_above(value, freedom) == pytest.approx(above, abs=1e-4)


@given(st.floats(0, 200))
def test_chi_squared_with_two_degrees_is_exponential(value: float):
    assert chi_squared_above(value, 2) == pytest.approx(exp(-value / 2), abs=1e-12)


@given(st.integers(1, 60), st.integers(0, 40), st.sampled_from([0.025, 0.001]))
def test_limits_are_the_narrowest_that_no_more_lie_beyond_than_is_said(of: int, fortieths: int, tail: float):
    share = Fraction(fortieths, 40)
    chances = [comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(of + 1)]
    lower, upper = binomial_limits(of, float(share), tail)
    assert sum(chances[:lower]) <= tail < sum(chances[: lower + 1]) + 1e-12
    assert sum(chances[upper + 1 :]) <= tail + 1e-12
    assert upper == 0 or sum(chances[upper:]) > tail - 1e-12


def test_limits_close_in_as_groups_grow():
    (low, high), (lower, upper) = binomial_limits(20, 0.3, 0.025), binomial_limits(2000, 0.3, 0.025)
    assert low / 20 < lower / 2000 < 0.3 < upper / 2000 < high / 20
    # As far as the normal distribution is, for large groups.
    assert (lower, upper) == pytest.approx((600 - 1.96 * 420**0.5, 600 + 1.96 * 420**0.5), abs=1)


def test_a_small_group_at_the_end_is_not_apart_and_a_large_one_is():
    found = funnel([Group("two", 2, 2), Group("many", 700, 1000), Group("half", 500, 1000), Group("nobody", 0, 0)])
    assert found.empty == ("nobody",)
    assert found.share == pytest.approx(1202 / 2002)
    assert [(each.name, each.to_look_at, each.apart) for each in found.groups] == [
        ("two", False, False),
        ("many", True, True),
        ("half", True, True),
    ]


def test_nobody_at_all_and_everybody():
    assert funnel([]).share is None
    assert funnel([Group("a", 0, 0)]).groups == ()
    all_of_them = funnel([Group("a", 3, 3), Group("b", 9, 9)])
    assert all_of_them.share == 1
    assert not any(each.to_look_at for each in all_of_them.groups)


def test_more_than_all_is_refused():
    with pytest.raises(ValueError, match="none to all"):
        Group("a", 4, 3)
