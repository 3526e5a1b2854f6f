"""Time to outcome, held to a worked example, to textbook identities and to a slow second implementation."""

from fractions import Fraction
from math import exp, log, sqrt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catch.domain.programme.configuration import ClosureClass
from catch.statistics import Observation, Point, Status, status_of, time_to_outcome, truncated
from catch.statistics.survival import curve

TARGET, CENSORED = Status.TARGET, Status.CENSORED
NEUTRAL, ADVERSE = Status.COMPETING_NEUTRAL, Status.COMPETING_ADVERSE

observations = st.lists(
    st.builds(
        Observation, days=st.integers(0, 12), status=st.sampled_from(Status), entry_days=st.integers(0, 6) | st.just(0)
    ),
    max_size=14,
)
single_event = st.lists(
    st.builds(Observation, days=st.integers(0, 12), status=st.sampled_from([TARGET, CENSORED])), max_size=20
)
WORKED = [
    Observation(10, TARGET, closed_days=10),
    Observation(20, TARGET, closed_days=20),
    Observation(30, TARGET, closed_days=30),
    Observation(40, CENSORED),
    Observation(50, CENSORED),
]


def slowly(cohort: list[Observation]) -> dict[int, tuple[int, Fraction, Fraction]]:
    """At risk, survival and incidence per day, straight from the definitions, in exact fractions."""
    watched = [held for held in cohort if held.entry_days == 0 or held.entry_days < held.days]
    survival, incidence = Fraction(1), Fraction(0)
    answer: dict[int, tuple[int, Fraction, Fraction]] = {}
    for day in sorted({held.days for held in watched}):
        at_risk = [h for h in watched if (h.entry_days < day or h.entry_days == 0) and day <= h.days]
        ended = [h for h in at_risk if h.days == day and h.status is not CENSORED]
        achieved = [h for h in ended if h.status is TARGET]
        incidence += survival * Fraction(len(achieved), len(at_risk))
        survival *= 1 - Fraction(len(ended), len(at_risk))
        answer[day] = (len(at_risk), survival, incidence)
    return answer


def variance_slowly(points: tuple[Point, ...], until: int) -> float:
    """The delta-method variance of the incidence, term by term."""
    total, before, now = 0.0, 1.0, points[until].incidence
    for point in points[: until + 1]:
        n, d, k = point.at_risk, point.events + point.competing, point.events
        gap = now - point.incidence
        total += gap**2 * d / (n * (n - d)) if d < n else 0.0
        total += before**2 * k * (n - k) / n**3 - 2 * gap * before * k / n**2
        before = point.survival
    return max(0.0, total)


def test_the_worked_check_gives_a_median_of_30_where_a_spreadsheet_says_20():
    answer = time_to_outcome(WORKED)
    assert [point.survival for point in answer.curve] == pytest.approx([0.8, 0.6, 0.4, 0.4, 0.4])
    assert (answer.median_days, answer.naive_closed_mean_days) == (30, 20)
    assert (answer.achieved, answer.censored, answer.competing, answer.not_reached) == (3, 2, 0, False)
    assert [(row.days, row.at_risk) for row in answer.at_risk[:3]] == [(0, 5), (30, 3), (60, 0)]
    assert (answer.lower_quartile_days, answer.upper_quartile_days) == (20, None)


def test_a_competing_event_is_neither_an_outcome_nor_forgotten():
    cohort = [Observation(20, NEUTRAL, closed_days=20) if held.days == 20 else held for held in WORKED]
    answer = time_to_outcome(cohort)
    wrong = 1 - (4 / 5) * (2 / 3)
    assert answer.curve[2].incidence == pytest.approx(0.4)
    assert wrong == pytest.approx(0.467, abs=0.001)
    assert answer.not_reached
    assert answer.median_days is None


def test_greenwood_and_the_log_log_interval_match_the_textbook_leukaemia_trial():
    """6-MP arm of Freireich (1963): R's survfit gives S(10) = 0.753, standard error 0.0963, 95 % 0.503 to 0.889."""
    events = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    lost = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    cohort = [*(Observation(day, TARGET) for day in events), *(Observation(day, CENSORED) for day in lost)]
    points = curve(cohort)
    by_day = {point.days: point for point in points}
    at_ten = by_day[10]
    assert at_ten.survival == pytest.approx(0.7529, abs=1e-4)
    assert (at_ten.lower, at_ten.upper) == (pytest.approx(0.5032, abs=1e-4), pytest.approx(0.8894, abs=1e-4))
    assert by_day[23].survival == pytest.approx(0.4482, abs=1e-4)
    assert time_to_outcome(cohort).median_days == 23


def test_events_come_before_censorings_on_the_same_day():
    (point,) = curve([Observation(5, TARGET), Observation(5, CENSORED)])
    assert (point.at_risk, point.survival) == (2, 0.5)


def test_an_outcome_on_the_first_day_counts():
    answer = time_to_outcome([Observation(0, TARGET), Observation(9, CENSORED)])
    assert (answer.median_days, answer.curve[0].at_risk) == (0, 2)


def test_an_imported_case_is_at_risk_only_from_the_day_after_we_began_to_watch():
    points = curve([Observation(10, TARGET), Observation(30, TARGET, entry_days=10), Observation(40, CENSORED)])
    assert [(point.days, point.at_risk) for point in points] == [(10, 2), (30, 2), (40, 1)]


def test_an_imported_case_that_was_over_before_we_watched_is_counted_and_left_out():
    answer = time_to_outcome([Observation(10, TARGET, entry_days=10)])
    assert (answer.episodes, answer.never_at_risk, answer.achieved, answer.curve) == (1, 1, 0, ())


def imported_backlog() -> list[Observation]:
    """Half of these would be over after 104 days (150 ln 2). Who was open on day 365 was brought in from a list; they
    and those who came after are followed until day 545.
    """
    random, found = Random(18), list[Observation]()
    for _ in range(1500):
        start, took = random.randrange(545), int(random.expovariate(1 / 150))
        if start > 365 or start + took > 365:
            status = TARGET if took <= 545 - start else CENSORED
            found.append(Observation(min(took, 545 - start), status, max(0, 365 - start)))
    return found


def test_a_backlog_brought_in_from_a_list_is_as_slow_as_it_was_and_no_slower():
    """lifelines 0.30.3, KaplanMeierFitter with `entry`: median 100, S(100) 0.499231 (0.454448 to 0.542318), S(180)
    0.281740; without: median 170, S(100) 0.675058.
    """
    backlog = imported_backlog()
    assert (len(backlog), sum(held.status is TARGET for held in backlog)) == (887, 482)
    points = {point.days: point for point in curve(backlog)}
    hundred = points[100]
    assert (hundred.survival, hundred.lower, hundred.upper, points[180].survival) == pytest.approx(
        (0.49923068913190816, 0.454448, 0.542318, 0.2817401947506637), abs=1e-6
    )
    assert time_to_outcome(backlog).median_days == 100
    # The control: taken as if they had been watched from their beginning, the slow ones weigh too much.
    untold = [Observation(held.days, held.status) for held in backlog]
    assert time_to_outcome(untold).median_days == 170
    assert {point.days: point for point in curve(untold)}[100].survival == pytest.approx(0.675058, abs=1e-6)


def test_the_mean_of_a_spreadsheet_is_over_what_is_closed_and_from_start_to_closure():
    achieved_and_open, died = Observation(3, TARGET), Observation(10, TARGET, closed_days=17)
    assert time_to_outcome([achieved_and_open]).naive_closed_mean_days is None
    answer = time_to_outcome([achieved_and_open, died], administrative=2)
    assert (answer.naive_closed_mean_days, answer.closed) == (17, 1)
    assert (answer.episodes, answer.administrative, answer.achieved) == (2, 2, 2)


def test_nobody_yet_is_an_answer():
    answer = time_to_outcome([])
    assert answer.not_reached
    assert (answer.median_days, answer.naive_closed_mean_days, answer.restricted_mean_days) == (None, None, None)
    assert all(row.at_risk == 0 for row in answer.at_risk)
    assert all(row.share is None for row in answer.achieved_by)


def test_shares_are_given_only_within_the_follow_up():
    answer = time_to_outcome([Observation(60, TARGET), Observation(200, CENSORED)])
    assert [row.share for row in answer.achieved_by] == [0.5, 0.5, None]
    assert answer.restricted_mean_days == pytest.approx(60 + 0.5 * 120)


def test_days_below_nought_are_refused():
    with pytest.raises(ValueError, match="from 0"):
        Observation(-1, TARGET)


def test_the_published_curve_ends_where_few_are_at_risk():
    assert [point.days for point in truncated(curve(WORKED), 3)] == [10, 20, 30]
    assert truncated(curve(WORKED), 6) == ()


def test_each_closure_class_has_its_place_in_the_figures():
    assert status_of(None) is CENSORED
    assert status_of(ClosureClass.OUTCOME_ACHIEVED) is TARGET
    assert status_of(ClosureClass.COMPETING_ADVERSE) is ADVERSE
    assert status_of(ClosureClass.PARTIAL_OUTCOME) is status_of(ClosureClass.COMPETING_NEUTRAL) is NEUTRAL
    assert status_of(ClosureClass.ADMINISTRATIVE) is None


@given(observations)
def test_it_agrees_with_the_definitions_worked_out_in_fractions(cohort: list[Observation]):
    expected = slowly(cohort)
    points = curve(cohort)
    assert [point.days for point in points] == list(expected)
    for point in points:
        at_risk, survival, incidence = expected[point.days]
        assert point.at_risk == at_risk
        assert point.survival == pytest.approx(float(survival))
        assert point.incidence == pytest.approx(float(incidence))


@given(observations)
def test_the_median_is_the_first_day_on_which_half_have_the_outcome(cohort: list[Observation]):
    expected = next((day for day, (_, _, share) in slowly(cohort).items() if share >= Fraction(1, 2)), None)
    assert time_to_outcome(cohort).median_days == expected


@given(observations)
def test_the_one_pass_variance_is_the_formula(cohort: list[Observation]):
    points = curve(cohort)
    for index, point in enumerate(points):
        if point.incidence_lower is not None:
            share, error = point.incidence, sqrt(variance_slowly(points, index))
            expected = share ** exp(1.959964 * error / (share * -log(share)))
            assert point.incidence_lower == pytest.approx(expected, rel=1e-4, abs=1e-6)


@given(single_event)
def test_without_competing_events_incidence_and_survival_are_one(cohort: list[Observation]):
    for point in curve(cohort):
        assert point.incidence + point.survival == pytest.approx(1)
        assert (point.lower is None) == (point.incidence_lower is None)


@given(single_event)
def test_without_competing_events_the_two_variances_agree(cohort: list[Observation]):
    points = curve(cohort)
    greenwood = 0.0
    for index, point in enumerate(points):
        if point.events < point.at_risk:
            greenwood += point.events / (point.at_risk * (point.at_risk - point.events))
        assert variance_slowly(points, index) == pytest.approx(point.survival**2 * greenwood, abs=1e-12)


@given(observations, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_of_the_episodes_changes_nothing(cohort: list[Observation], random: Random):
    shuffled = list(cohort)
    random.shuffle(shuffled)
    assert time_to_outcome(shuffled) == time_to_outcome(cohort)


@given(observations)
def test_shares_stay_within_bounds_and_never_turn_back(cohort: list[Observation]):
    before = Point(0, 0, 0, 0, 0, 1.0, None, None, 0.0, None, None)
    for point in curve(cohort):
        assert 0 <= point.survival <= before.survival
        assert before.incidence <= point.incidence <= 1 + 1e-9
        assert point.incidence + point.survival <= 1 + 1e-9
        assert point.at_risk >= point.events + point.competing + point.censored > 0
        before = point
