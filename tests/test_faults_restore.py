"""A place restored to a moment from a base backup and archived WAL answers as it would have answered then."""

from pathlib import Path

import pytest

from tests.faults.cluster import possible
from tests.faults.restores import restored_to_moments

pytestmark = [
    pytest.mark.punctual,
    pytest.mark.skipif(not possible(), reason="no PostgreSQL programs to start a server with"),
]


async def test_what_is_restored_to_a_moment_answers_as_of_that_moment(tmp_path: Path):
    outcome = await restored_to_moments(tmp_path, 2)
    print(outcome)
    assert outcome.problems == []
    assert outcome.answers >= 20


async def test_control_another_moment_is_found_to_be_another(tmp_path: Path):
    outcome = await restored_to_moments(tmp_path, 1, off=True)
    print(outcome)
    assert any("restored to" in problem for problem in outcome.problems)
