"""The policy agrees with an independent, obvious model of it written in Cedar, in random worlds.

`make soak` asks of a hundred thousand of them. The control: a policy with a hole differs (`test_access_mutants`).
"""

import pytest

from catch.domain.facts import Role
from catch.domain.refusals import Refused
from tests.cedar import worlds
from tests.cedar.compare import Model, command, differences
from tests.cedar.worlds import Made

WORLDS, PARTS = 2_000, 8


@pytest.mark.parametrize("part", range(PARTS))
def test_policy_and_model_agree(part: int):
    assert [each for seed in range(part, WORLDS, PARTS) for each in differences(seed)] == []


def test_the_worlds_are_worth_asking_about():
    """Enough is allowed in them, by enough roles and ways, that a difference would be seen."""
    done, seen, total = set[tuple[str, Role]](), 0, 3200
    for seed in range(total):
        w = worlds.world(seed)
        try:
            seen += w.sight(worlds.CASES[0]) is not None
        except Refused:
            continue
        m, model = Made(~seed), Model(w)
        done |= {(type(each).__name__, r) for each in (command(m, w) for _ in range(5)) if (r := model.may(each))}
    assert seen > total / 5
    assert len({name for name, _ in done}) > 40
    assert len({role for _, role in done}) >= 8
