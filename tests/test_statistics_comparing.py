"""Groups compared: what the tests find, what they leave alone, and what they say where nothing can be told."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.statistics import Observation, Status
from catch.statistics.comparing import Followed, log_rank, of_incidence

TARGET, CENSORED, NEUTRAL = Status.TARGET, Status.CENSORED, Status.COMPETING_NEUTRAL
groups = st.dictionaries(
    st.sampled_from("abcd"),
    st.lists(st.builds(Observation, days=st.integers(0, 12), status=st.sampled_from([TARGET, CENSORED])), max_size=12),
)


def trial(random: Random, *targets: float, people: int = 60) -> dict[str, list[Followed]]:
    """Groups that differ in how many ever have the event, and in nothing else."""
    found: dict[str, list[Followed]] = {}
    for name, share in zip("abcd", targets, strict=False):
        rows = found[name] = []
        for _ in range(people):
            took, until = int(random.expovariate(1 / 100)), random.randrange(60, 300)
            ends = TARGET if random.random() < share else NEUTRAL
            rows.append(Followed(Observation(min(took, until), ends if took <= until else CENSORED), until))
    return found


def test_the_textbook_trial():
    """Freireich (1963): R's survdiff gives 16.8 on one degree of freedom, expected 19.3 and 10.7."""
    drug = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    lost = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    found = log_rank(
        {
            "drug": [*(Observation(day, TARGET) for day in drug), *(Observation(day, CENSORED) for day in lost)],
            "placebo": [Observation(day, TARGET) for day in placebo],
        }
    )
    assert (found.chi_squared, found.freedom, found.p) == (
        pytest.approx(16.793, abs=1e-3),
        1,
        pytest.approx(4.17e-5, rel=1e-2),
    )
    assert [(each.group, each.events, round(each.expected, 2)) for each in found.groups] == [
        ("drug", 9, 19.25),
        ("placebo", 21, 10.75),
    ]
    assert found.few


def test_where_nothing_can_be_told_nothing_is():
    alone = [Observation(3, TARGET)]
    for told in (log_rank({}), log_rank({"a": alone}), log_rank({"a": alone, "b": []}), of_incidence({})):
        assert (told.chi_squared, told.p, told.freedom) == (None, None, 0)
    nothing_happened = log_rank({"a": [Observation(3, CENSORED)], "b": [Observation(4, CENSORED)]})
    assert nothing_happened.p is None
    assert log_rank({"a": alone, "b": alone}).p is None or log_rank({"a": alone, "b": alone}).p == 1.0


def test_nothing_is_seen_after_the_last_look():
    with pytest.raises(ValueError, match="after the last look"):
        Followed(Observation(10, TARGET), 9)


def test_who_can_have_the_event_no_more_waits_for_ever():
    """Half of the one group have another ending early. Of those still waiting as many have the event in both groups, so
    that the log-rank test sees nothing; of all, half as many.
    """
    random = Random(11)
    found = trial(random, 0.9, 0.45, people=400)
    assert (of_incidence(found).p or 0) < 1e-6
    alike = {name: [held.observed for held in rows] for name, rows in found.items()}
    assert log_rank(alike).chi_squared != pytest.approx(of_incidence(found).chi_squared)


def test_groups_that_do_not_differ_are_told_apart_as_rarely_as_is_said():
    random = Random(5)
    found = [of_incidence(trial(random, 0.5, 0.5)).p for _ in range(400)]
    mistaken = sum(p is not None and p < 0.05 for p in found)
    # 20 of 400 are meant to be; beyond these lie one in a thousand.
    assert 8 <= mistaken <= 36


def test_three_groups_have_two_degrees_of_freedom():
    found = of_incidence(trial(Random(3), 0.9, 0.5, 0.1))
    assert found.freedom == 2
    assert found.p is not None
    assert found.p < 1e-6


@given(groups)
def test_without_other_endings_the_two_tests_are_one(cohort: dict[str, list[Observation]]):
    followed = {name: [Followed(held, 12) for held in group] for name, group in cohort.items()}
    assert of_incidence(followed) == log_rank(cohort)


@given(groups)
def test_as_many_are_expected_as_there_were_and_the_order_of_groups_changes_nothing(
    cohort: dict[str, list[Observation]],
):
    found = log_rank(cohort)
    assert sum(each.expected for each in found.groups) == pytest.approx(sum(each.events for each in found.groups))
    turned = log_rank(dict(reversed(cohort.items())))
    assert (found.p is None) == (turned.p is None)
    if found.p is not None:
        assert turned.p == pytest.approx(found.p, abs=1e-9)
        assert 0 <= found.p <= 1
