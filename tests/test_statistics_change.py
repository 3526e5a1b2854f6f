"""Scores before and after: bands of reliable change, the mean of pairs, and what the missing might have hidden."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.domain.instruments import KNOWN
from catch.statistics.change import SWEMWBS, Change, Measured, Thresholds, band, paired_change

ANXIETY = Thresholds(1, 3, 0, 10, less_is_better=True)
scores = st.integers(7, 35).map(float)
people = st.lists(st.builds(Measured, before=scores, after=st.none() | scores), max_size=40)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (2.87, Change.RELIABLY_IMPROVED),
        (2.86, Change.POSSIBLY_IMPROVED),
        (1.03, Change.POSSIBLY_IMPROVED),
        (1.02, Change.UNCHANGED),
        (0, Change.UNCHANGED),
        (-1.02, Change.UNCHANGED),
        (-1.03, Change.POSSIBLY_WORSE),
        (-2.86, Change.POSSIBLY_WORSE),
        (-2.87, Change.RELIABLY_WORSE),
    ],
)
def test_bands_begin_at_whole_thresholds(change: float, expected: Change):
    assert band(change, SWEMWBS) is expected


def test_a_threshold_that_is_reached_in_decimals_is_reached_in_floats():
    """Every pair of scores there is, in hundredths as they are written and as they are subtracted."""
    metric = KNOWN["swemwbs"].metric
    assert metric is not None
    for before in metric.values():
        for after in metric.values():
            hundredths = round(after * 100) - round(before * 100)
            expected = next(
                (
                    each
                    for least, each in (
                        (287, Change.RELIABLY_IMPROVED),
                        (103, Change.POSSIBLY_IMPROVED),
                        (-102, Change.UNCHANGED),
                        (-286, Change.POSSIBLY_WORSE),
                    )
                    if hundredths >= least
                ),
                Change.RELIABLY_WORSE,
            )
            assert band(after - before, SWEMWBS) is expected, (before, after)


def test_pairs_by_hand():
    """Changes 2, 4 and 6: mean 4, deviation 2, and by Student's t with two degrees of freedom (4.303) ± 4.97."""
    found = paired_change([Measured(20, 22), Measured(21, 25), Measured(25, 31), Measured(22), Measured(23)], SWEMWBS)
    assert (found.started, found.paired, found.missing, found.enough) == (5, 3, 2, False)
    assert (found.mean, found.deviation) == (4, 2)
    assert (found.lower, found.upper) == (pytest.approx(-0.968, abs=1e-3), pytest.approx(8.968, abs=1e-3))
    assert (found.before_mean, found.after_mean) == (22, 26)
    assert found.effect_size == pytest.approx(4 / 7**0.5)
    assert (found.improvers, found.improvers_mean) == (3, 4)
    # The two without a second score at the ends of the scale: 7 and 35.
    assert found.if_all_worst == pytest.approx((2 + 4 + 6 - 15 - 16) / 5)
    assert found.if_all_best == pytest.approx((2 + 4 + 6 + 13 + 12) / 5)
    assert [(each.band, each.people) for each in found.bands if each.people] == [
        (Change.RELIABLY_IMPROVED, 2),
        (Change.POSSIBLY_IMPROVED, 1),
    ]


def test_the_mean_of_those_who_improved_is_not_the_mean():
    found = paired_change([Measured(20, 26), Measured(20, 14)], SWEMWBS)
    assert (found.mean, found.improvers, found.improvers_mean) == (0, 1, 6)


def test_where_less_is_better_a_fall_is_an_improvement():
    found = paired_change([Measured(8, 4), Measured(5, 6), Measured(7)], ANXIETY)
    assert [each.people for each in found.bands] == [1, 0, 0, 1, 0]
    assert (found.mean, found.improvers_mean) == (-1.5, -4)
    assert (found.if_all_worst, found.if_all_best) == ((-4 + 1 + 3) / 3, (-4 + 1 - 7) / 3)


def test_nobody_and_one_and_all_alike():
    nobody = paired_change([], SWEMWBS)
    assert (nobody.mean, nobody.lower, nobody.if_all_worst, nobody.effect_size) == (None, None, None, None)
    assert all(each.share is None for each in nobody.bands)
    one = paired_change([Measured(20, 25)], SWEMWBS)
    assert (one.mean, one.lower, one.deviation) == (5, None, None)
    alike = paired_change([Measured(20, 25), Measured(20, 25)], SWEMWBS)
    assert (alike.mean, alike.deviation, alike.lower, alike.effect_size) == (5, 0, 5, None)
    unmeasured = paired_change([Measured(20)], SWEMWBS)
    assert (unmeasured.mean, unmeasured.missing, unmeasured.if_all_worst) == (None, 1, -13)


@given(people)
def test_the_truth_lies_between_worst_and_best_and_everybody_is_somewhere(measured: list[Measured]):
    found = paired_change(measured, SWEMWBS)
    assert sum(each.people for each in found.bands) == found.paired == found.started - found.missing
    if found.if_all_worst is not None and found.if_all_best is not None:
        assert found.if_all_worst <= found.if_all_best
    if not found.missing and found.mean is not None:
        assert found.if_all_worst == found.if_all_best == pytest.approx(found.mean)
    if found.mean is not None and found.lower is not None and found.upper is not None:
        assert found.lower <= found.mean <= found.upper
