"""Charts of a figure month by month: the rules one by one, and which of them comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.statistics.charts import Assurance, Chart, Sign, xmr

values = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=40)


def chart(
    *points: float,
    more_is_better: bool | None = None,
    target: float | None = None,
    baseline: int | None = None,
    screened: bool = False,
) -> Chart:
    found = xmr(points, more_is_better=more_is_better, target=target, baseline=baseline, screened=screened)
    assert found is not None
    return found


def signs(found: Chart) -> list[Sign | None]:
    return [point.sign for point in found.points]


def test_limits_by_hand():
    """Mean 12, moves 4, 2, 6 and 12, so 6 on average: 12 ± 2.66 × 6, and two thirds of it for the near limits."""
    found = chart(10, 14, 12, 6, 18)
    assert (found.mean, found.moving_range) == (12, 6)
    assert (found.upper, found.lower) == (pytest.approx(27.96), pytest.approx(-3.96))
    assert (found.near_upper, found.near_lower) == (pytest.approx(22.64), pytest.approx(1.36))
    assert (found.baseline, found.trial, found.screened) == (5, True, False)


def test_the_two_conventions_differ_by_the_moves_that_are_left_out():
    """Nineteen moves of 1 and one of 30: on average 2.45, of which 30 is more than 3.267 times."""
    points = [0.0, 1.0] * 10 + [31.0]
    plain, screened = chart(*points), chart(*points, screened=True)
    assert plain.moving_range == pytest.approx((19 + 30) / 20)
    assert screened.moving_range == 1
    assert (plain.mean, screened.screened) == (screened.mean, True)
    assert signs(screened)[-1] is Sign.OUTSIDE


def test_nothing_moves_between_fewer_than_two_points():
    assert xmr([]) is None
    assert xmr([3.0]) is None
    assert xmr([3.0, 4.0], baseline=1) is None


def test_a_point_outside_the_limits():
    found = chart(*[5.0, 6.0] * 8, 20.0, more_is_better=True, baseline=16)
    assert signs(found)[:-1] == [None] * 16
    assert found.points[-1].sign is Sign.OUTSIDE
    assert found.points[-1].better is True


def test_seven_that_rise_are_a_trend_and_all_seven_are_marked():
    found = chart(*[0, 9] * 5, 1, 2, 3, 4, 5, 6, 7, baseline=10)
    assert signs(found) == [None] * 10 + [Sign.TREND] * 7
    six = chart(*[0, 9] * 5, 1, 2, 3, 4, 5, 6, baseline=10)
    assert signs(six) == [None] * 16
    level = chart(*[0, 9] * 5, 1, 2, 3, 3, 4, 5, 6, baseline=10)
    assert signs(level) == [None] * 17


def test_seven_at_one_side_of_the_mean_are_a_shift():
    found = chart(*[0, 9] * 5, 6, 5, 6, 5, 6, 5, 6, baseline=10, more_is_better=False)
    # The nine before them lies above the mean as well, and belongs to the run.
    assert signs(found) == [None] * 9 + [Sign.SHIFT] * 8
    assert {point.better for point in found.points[9:]} == {False}
    assert signs(chart(*[0, 9] * 5, 1, 6, 5, 6, 5, 6, 5, baseline=10))[10:] == [None] * 7


def test_two_of_three_near_a_limit():
    """Mean 5, moves of 2 on average: limits at 5 ± 5.32, near ones at 5 ± 3.55."""
    base = [4.0, 6.0] * 6
    found = chart(*base, 9.0, 5.5, 9.0, 4.0, baseline=12)
    assert signs(found)[12:] == [Sign.TWO_OF_THREE, None, Sign.TWO_OF_THREE, None]
    across = chart(*base, 9.0, 4.9, 9.0, 4.0, baseline=12)
    assert signs(across)[12:] == [None] * 4
    apart = chart(*base, 9.0, 5.5, 5.5, 9.0, baseline=12)
    assert signs(apart)[12:] == [None] * 4


def test_a_point_has_the_first_sign_that_holds():
    """All seven rise, lie above the mean, and the last is outside."""
    found = chart(*[4.0, 6.0] * 6, 5.1, 5.2, 5.3, 5.4, 5.5, 9.0, 20.0, baseline=12)
    assert signs(found)[12:] == [Sign.TREND] * 6 + [Sign.OUTSIDE]


@pytest.mark.parametrize(
    ("target", "more_is_better", "assurance"),
    [
        (20.0, True, Assurance.MISSED),
        (20.0, False, Assurance.MET),
        (-20.0, True, Assurance.MET),
        (-20.0, False, Assurance.MISSED),
        (5.0, True, Assurance.HIT_OR_MISS),
        (5.0, None, None),
        (None, True, None),
    ],
)
def test_whether_a_target_will_be_met(target: float | None, more_is_better: bool | None, assurance: Assurance | None):
    assert chart(*[4.0, 6.0] * 6, target=target, more_is_better=more_is_better).assurance is assurance


@given(values, st.booleans())
def test_a_chart_turned_upside_down_has_the_same_signs(points: list[float], screened: bool):
    upright = xmr(points, screened=screened, more_is_better=True)
    turned = xmr([-value for value in points], screened=screened, more_is_better=False)
    assert upright is not None
    assert turned is not None
    assert signs(upright) == signs(turned)
    assert [point.better for point in upright.points] == [point.better for point in turned.points]
    assert upright.upper == pytest.approx(-turned.lower)


@given(values)
def test_what_never_changes_never_means_anything(points: list[float]):
    assert signs(chart(*([points[0]] * len(points)))) == [None] * len(points)
    found = chart(*points)
    outside = [sign is Sign.OUTSIDE for sign in signs(found)]
    assert outside == [not found.lower <= value <= found.upper for value in points]
