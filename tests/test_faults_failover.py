"""A primary lost and its standby promoted: nothing that was answered is lost, nothing is missed or heard of twice."""

from pathlib import Path

import pytest

from tests.faults.cluster import possible
from tests.faults.failovers import failed_over

pytestmark = [
    pytest.mark.punctual,
    pytest.mark.skipif(not possible(), reason="no PostgreSQL programs to start a server with"),
]

SILENT = 30.0
"""Seconds, on a machine that is busy with other things, until somebody is answered again."""


async def test_a_synchronous_standby_that_is_promoted_lacks_nothing_that_was_answered(tmp_path: Path):
    outcome = await failed_over(tmp_path, 2)
    print(outcome)
    assert outcome.problems == []
    assert outcome.history.troubles > 0
    assert max(outcome.silences) < SILENT
    # Each promotion begins a generation of positions.
    assert {stored.position >> 40 for stored in outcome.log} == {0, 1, 2}


async def test_control_a_standby_that_nobody_waited_for_is_found_to_lack_what_was_answered(tmp_path: Path):
    for attempt in range(4):
        (folder := tmp_path / str(attempt)).mkdir()
        outcome = await failed_over(folder, 1, synchronous=False)
        print(outcome)
        if any(problem.startswith("lost") for problem in outcome.problems):
            return
    raise AssertionError("nothing was found to be lost")
