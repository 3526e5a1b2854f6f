"""Figures for those who do not see every case: whatever is taken from whatever else, no small group is left."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.api.figures.types import TimeToOutcome
from catch.api.figures.view import Cohort, carefully
from catch.domain.programme.configuration import ClosureClass
from catch.statistics import Observation, Status
from catch.statistics.small_numbers import SMALLEST, Period, coarse, fixed, quarter_before, too_few
from catch.statistics.survival import curve
from projections import outcomes

YEAR = Period(date(2025, 4, 1), date(2026, 3, 31))
observations = st.builds(Observation, st.integers(0, 400), st.sampled_from(Status))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 6, 30)),
        (date(2025, 10, 1), date(2025, 12, 31)),
        (YEAR.first, YEAR.last),
    ],
)
def test_a_quarter_and_a_financial_year_are_fixed_periods(first: date, last: date):
    assert fixed(first, last) == Period(first, last)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 1, 1), date(2026, 3, 30)),
        (date(2026, 1, 2), date(2026, 3, 31)),
        (date(2026, 2, 1), date(2026, 4, 30)),
        (date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 1, 1), date(2026, 6, 30)),
        (date(2026, 3, 31), date(2026, 1, 1)),
    ],
)
def test_no_other_days_are(first: date, last: date):
    assert fixed(first, last) is None


def test_a_year_is_its_four_quarters_and_a_quarter_is_itself():
    first, *_, last = YEAR.quarters
    assert (len(YEAR.quarters), first.first, last.last) == (4, YEAR.first, YEAR.last)
    assert all(after.first - before.last == timedelta(days=1) for before, after in pairwise(YEAR.quarters))
    assert first.quarters == (first,)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_quarter_before_is_over_and_fixed(day: date):
    period = quarter_before(day)
    assert fixed(period.first, period.last) == period
    assert period.last < day <= period.last + timedelta(days=92)


@given(st.lists(st.integers(0, 12), min_size=4, max_size=4))
def test_a_year_and_its_quarters_leave_no_small_group(counts: list[int]):
    told = [count for count in counts if not too_few([count])]
    assert all(count >= SMALLEST for count in told)
    if not too_few(counts):
        for number in range(len(told) + 1):
            for taken in combinations(told, number):
                rest = sum(counts) - sum(taken)
                assert rest == 0 or rest >= SMALLEST, (counts, taken)


def test_a_small_quarter_that_the_others_would_tell_hides_the_year():
    assert too_few([9, 9, 9, 1])
    assert not too_few([9, 9, 3, 2])
    assert not too_few([9, 9, 9, 0])
    assert too_few([1, 1, 1, 1])
    assert too_few([4])
    assert not too_few([5])


@given(st.lists(observations, max_size=40))
def test_every_step_of_a_coarse_curve_and_what_follows_it_are_large_groups(held: list[Observation]):
    points = coarse(curve(held))
    groups = [point.events + point.competing + point.censored for point in points]
    assert all(group >= SMALLEST for group in groups)
    rest = len(held) - sum(groups)
    assert not points or rest == 0 or rest >= SMALLEST
    # How many there were when a step began says nothing that the steps before do not.
    assert [point.at_risk for point in points] == [len(held) - sum(groups[:place]) for place in range(len(groups))]


def test_the_control_a_fine_curve_does_tell_of_one():
    held = [Observation(days, Status.TARGET) for days in range(1, 7)]
    assert {point.events for point in curve(held)} == {1}
    assert [point.events for point in coarse(curve(held))] == []
    assert [point.events for point in coarse(curve(held[:5]))] == [5]


def episodes(start: date, *took: int | None) -> list[outcomes.Row]:
    """Of one quarter; those that took no days go on."""
    began = datetime.combine(start, time(12), UTC)

    def episode(days: int | None) -> outcomes.Episode:
        if days is None:
            return outcomes.Episode(1, began, programme="p@1", accepted_at=began)
        over, ending = began + timedelta(days=days), ClosureClass.OUTCOME_ACHIEVED
        return outcomes.Episode(1, began, programme="p@1", accepted_at=began, ended_at=over, ending=ending)

    return [outcomes.Row(uuid4(), 1, "p", (episode(days),)) for days in took]


def told_of(rows: list[outcomes.Row], period: Period) -> TimeToOutcome:
    held = outcomes.cohort(rows, period.first, period.last)
    return carefully(Cohort(held, datetime.now(UTC), 9), period, YEAR.quarters[-1])


@pytest.mark.parametrize(("alone", "told"), [((37,), False), ((37,) * SMALLEST, True), ((), True)])
def test_a_year_less_its_quarters_is_not_the_days_of_one_person(alone: tuple[int, ...], told: bool):
    *before, last = YEAR.quarters
    waiting = (None,) * SMALLEST
    rows = [row for quarter in before for row in episodes(quarter.first, *(10,) * (SMALLEST + 1))]
    rows += episodes(last.first, *alone, *waiting)
    assert [told_of(rows, quarter).naive_closed_mean_days for quarter in before] == [10] * 3
    assert (told_of(rows, YEAR).naive_closed_mean_days is not None) is told
    # Nor under which version of the programme somebody is alone.
    assert told_of(rows, YEAR).programme_versions == []
