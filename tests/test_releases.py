"""Two releases side by side under a load of commands: none fails, either can start again, rows are as folded once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import projections
from catch.database import connect
from catch.log import Log
from catch.readside import left_over, still_read
from projections import agencies
from tests.faults.cluster import Cluster, cluster, possible
from tests.faults.releases import differing, former, later, rolled
from tests.faults.scenarios import place

pytestmark = pytest.mark.skipif(not possible(), reason="no PostgreSQL programs to start a server with")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


async def test_a_later_release_starts_beside_the_former_which_goes_on_and_can_start_again(
    postgres: Cluster, tmp_path: Path
):
    old, new = former(tmp_path / "former"), later(tmp_path / "later")
    (folder := tmp_path / "place").mkdir()
    async with place(postgres) as server:
        outcome = await rolled(server, folder, old, new)
        print(outcome)
        assert outcome.problems == []
        # The later release has all of its tables, the former goes on with those that it alone reads.
        assert outcome.kept == [len(projections.ALL), 2]
        log = await Log.open(server.app)
        admin = await connect(server.admin)
        assert await still_read(log, projections.ALL) == ["agenda_v1", "timeline_v1"]
        assert await left_over(log, projections.ALL) == []
        await admin.execute("update catch_read.servers set beat = beat - interval '11 minutes'")
        assert await left_over(log, projections.ALL, drop=True) == ["agenda_places_v1", "agenda_v1", "timeline_v1"]
        # Control: one row that is not what the log says is found, and mended by the rebuild that it is compared with.
        await admin.execute(f"update catch_read.{agencies.TABLE} set name = 'Other' where agency = 'signatory'")
        assert await differing(server) == [f"misread: {agencies.TABLE}"]
        assert await differing(server) == []
        await admin.close()
        await log.close()
