"""Curves and tests beside those of lifelines 0.30.3 and scikit-survival 0.28.0, over eleven published data sets.

`data/survival.json` has the sets, times as whole numbers, with what those two made of them: `KaplanMeierFitter` (with
`entry` where people came in late) and its interval, `multivariate_logrank_test`, and for endings that compete
`cumulative_incidence_competing_risks`. Neither is needed here, since both bring hundreds of megabytes.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from catch.statistics import Observation, Status, time_to_outcome
from catch.statistics.comparing import log_rank
from catch.statistics.survival import curve

STATUSES = [Status.CENSORED, Status.TARGET, Status.COMPETING_ADVERSE, Status.COMPETING_NEUTRAL]
SETS: list[Any] = msgspec.json.decode((Path(__file__).parent / "data" / "survival.json").read_bytes())
CLOSE = 1e-9
HALF = {("glioma", "Control"): 32}
"""Where our median is another: of six people three have died by month 32, and so a half; in the other's floats the
share left is a little more."""


def observations(group: Any) -> list[Observation]:
    days: list[int] = group["days"]
    statuses: list[int] = group["status"]
    entries: list[int] = group.get("entry") or [0] * len(days)
    return [
        Observation(day, STATUSES[status], entry) for day, status, entry in zip(days, statuses, entries, strict=True)
    ]


GROUPS = [pytest.param(each["name"], name, id=f"{each['name']} {name}") for each in SETS for name in each["groups"]]


@pytest.mark.parametrize(("of", "name"), GROUPS)
def test_curves_are_those_of_the_peers(of: str, name: str):
    group = next(each for each in SETS if each["name"] == of)["groups"][name]
    points = {point.days: point for point in curve(observations(group))}
    for day, survival, lower, upper in group.get("survival", ()):
        found = points[day]
        assert found.survival == pytest.approx(survival, abs=CLOSE)
        assert (found.lower, found.upper) == (
            (None, None) if lower is None else (pytest.approx(lower, abs=CLOSE), pytest.approx(upper, abs=CLOSE))
        )
    known = dict[int, float](group.get("incidence", ()))
    assert {day: points[day].incidence for day in known if day in points} == pytest.approx(
        {day: share for day, share in known.items() if day in points}, abs=CLOSE
    )
    assert set(points) <= set(known) or group.get("survival")
    if "median" in group:
        assert time_to_outcome(observations(group)).median_days == HALF.get((of, name), group["median"])


@pytest.mark.parametrize("of", [each["name"] for each in SETS if "log_rank" in each])
def test_log_rank_tests_are_those_of_the_peers(of: str):
    known = next(each for each in SETS if each["name"] == of)
    found = log_rank({name: observations(group) for name, group in known["groups"].items()})
    assert (found.chi_squared, found.p) == (
        pytest.approx(known["log_rank"][0], abs=1e-7),
        pytest.approx(known["log_rank"][1], rel=1e-5),
    )


def test_control_a_curve_of_other_people_is_seen():
    group = SETS[0]["groups"]["0"]
    one_less = observations(group)[1:]
    points = {point.days: point.survival for point in curve(one_less)}
    assert any(points.get(day) != pytest.approx(share, abs=CLOSE) for day, share, _, _ in group["survival"])
