"""Numbers as they are told outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.statistics.publishing import published, published_mean, published_share


@pytest.mark.parametrize(
    ("count", "told"), [(0, 0), (1, None), (7, None), (8, 10), (12, 10), (13, 15), (17, 15), (18, 20), (1002, 1000)]
)
def test_small_numbers_are_not_told_and_others_are_rounded(count: int, told: int | None):
    assert published(count) == told


def test_people_are_counted_from_nought():
    with pytest.raises(ValueError, match="from 0"):
        published(-1)


def test_shares_are_of_what_is_told():
    assert published_share(13, 52) == 15 / 50
    assert published_share(3, 52) is None
    assert published_share(0, 52) == 0
    assert published_share(0, 0) is None
    assert published_share(8, 8) == 1
    assert published_share(47, 52) == 45 / 50


def test_a_mean_over_few_is_not_told():
    assert published_mean(4.5, 7) is None
    assert published_mean(4.5, 8) == 4.5
    assert published_mean(None, 0) is None


@given(st.integers(0, 500), st.integers(1, 7))
def test_one_person_more_or_less_is_seen_in_no_difference_of_less_than_five(count: int, more: int):
    before, after = published(count), published(count + more)
    assert before is None or after is None or (after - before) % 5 == 0
