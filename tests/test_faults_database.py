"""PostgreSQL killed, frozen, restarted and out of room under load: what was acknowledged is there, once and whole."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from catch.database.server import SAFE
from tests.faults import disk, scenarios
from tests.faults.cluster import Cluster, cluster, possible

pytestmark = [
    pytest.mark.punctual,
    pytest.mark.skipif(not possible(), reason="no PostgreSQL programs to start a server with"),
]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


async def test_killed_again_and_again_it_keeps_every_acknowledged_command_once(postgres: Cluster, tmp_path: Path):
    outcome = await scenarios.database_killed(postgres, tmp_path, 3)
    print(outcome)
    assert outcome.problems == []
    assert outcome.history.troubles > 0


async def test_control_a_database_that_answers_before_it_writes_is_found_to_lose_commands(tmp_path: Path):
    found: list[str] = []
    with cluster(scenarios.FORGETS) as forgetful:
        for attempt in range(5):
            (folder := tmp_path / str(attempt)).mkdir()
            found += (outcome := await scenarios.database_killed(forgetful, folder, 1, hasty=True)).problems
            print(outcome)
            if any(problem.startswith("lost") for problem in found):
                return
    raise AssertionError(f"nothing was found to be lost, only {found}")


async def test_frozen_and_thawed_it_goes_on_and_nothing_is_recorded_twice(postgres: Cluster, tmp_path: Path):
    outcome = await scenarios.frozen_and_thawed(postgres, tmp_path, 2, seconds=0.8)
    print(outcome)
    assert outcome.problems == []
    assert outcome.history.troubles > 0


async def test_restarted_in_order_nobody_loses_or_doubles_a_command(postgres: Cluster, tmp_path: Path):
    outcome = await scenarios.restarted_in_order(postgres, tmp_path, 2)
    print(outcome)
    assert outcome.problems == []


async def test_a_full_disk_refuses_commands_and_loses_none(postgres: Cluster, tmp_path: Path):
    """On a small volume where one can be mounted, otherwise by a trigger that says the same."""
    try:
        with cluster((*SAFE, *disk.SMALL), tmpfs="64m", initdb=["--wal-segsize=1"]) as small:
            outcome = await disk.disk_filled(small, tmp_path, 1)
            how = "a small volume" + (", PostgreSQL went down and was started again" if "PANIC" in small.log else "")
    except CalledProcessError:
        outcome, how = await disk.quota_reached(postgres, tmp_path, 1), "a trigger"
    print(f"{how}: {outcome}")
    assert outcome.problems == []


async def test_a_quota_refuses_commands_and_loses_none(postgres: Cluster, tmp_path: Path):
    outcome = await disk.quota_reached(postgres, tmp_path, 1)
    print(outcome)
    assert outcome.problems == []
