"""Server processes killed, answers cut off after the commit, notifications that never arrive."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from catch.log import Append, Log
from tests.faults import real, scenarios
from tests.faults.cluster import Cluster, cluster, possible
from tests.faults.history import seen
from tests.faults.ledger import written
from tests.faults.node import Job
from tests.faults.nodes import STOCK, caught_up, nodes, verdict
from tests.faults.proxy import SOCKET, Proxy, between
from tests.faults.scenarios import OBSERVER, WRITER, busy, place

pytestmark = [
    pytest.mark.punctual,
    pytest.mark.skipif(not possible(), reason="no PostgreSQL programs to start a server with"),
]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


async def test_killed_servers_start_again_and_repeat_what_they_have_no_answer_to(postgres: Cluster, tmp_path: Path):
    outcome = await scenarios.servers_killed(postgres, tmp_path, 4)
    print(outcome)
    assert outcome.problems == []


async def test_answers_cut_off_after_the_commit_are_given_again_and_nothing_is_doubled(
    postgres: Cluster, tmp_path: Path
):
    """Notifications are dropped as well: followers and the read side come to the end all the same."""
    outcome = await scenarios.replies_cut(postgres, tmp_path, 40)
    print(outcome)
    assert outcome.problems == []
    first = [answers[0] for answers in outcome.history.answers.values()]
    assert sum(answer.repeated for answer in first) >= 5, "too few cuts came after a commit"


async def test_control_new_command_ids_for_repetitions_record_twice_and_are_found(postgres: Cluster, tmp_path: Path):
    """What a client does that knows nothing of command ids, after a cut answer."""
    proxy = Proxy(postgres.home / SOCKET, cut_one_in=2)
    async with (
        place(postgres) as server,
        between(server.app, proxy) as address,
        nodes(Job(address, str(tmp_path), forgetful=True, commands=20), WRITER) as (node,),
    ):
        await node.said(b"done")
        log = await Log.open(server.app)
        _, found = await verdict(log, [node])
        await log.close()
    assert any(problem.startswith("uninvited") for problem in found)


async def test_without_a_single_notification_followers_elsewhere_come_to_the_end(postgres: Cluster, tmp_path: Path):
    proxy = Proxy(postgres.home / SOCKET, deaf=True)
    async with (
        place(postgres) as server,
        between(server.app, proxy) as deaf,
        nodes(Job(server.app, str(tmp_path)), WRITER | {"commands": 30}, OBSERVER | {"dsn": deaf}) as (
            writer,
            follower,
        ),
    ):
        await writer.said(b"done")
        log = await Log.open(server.app)
        await caught_up([follower], await log.head())
        _, found = await verdict(log, [writer], [follower])
        # A busy machine may have written everything before anybody listened: the proxy is deaf all the same.
        async with asyncio.timeout(30):
            while not proxy.notifications:
                await log.pool.execute("select pg_notify($1, '')", log.schema)
                await asyncio.sleep(0.05)
        await log.close()
    assert found == []


async def test_control_a_follower_that_only_listens_stands_still_without_notifications(
    postgres: Cluster, tmp_path: Path
):
    """The library's own: it never looks by itself."""
    proxy = Proxy(postgres.home / SOCKET, deaf=True)
    async with (
        place(postgres) as server,
        between(server.app, proxy) as deaf,
        nodes(Job(server.app, str(tmp_path)), STOCK | {"dsn": deaf}) as (follower,),
    ):
        log = await Log.open(server.app)
        await asyncio.sleep(0.5)
        stream = uuid4()
        await log.append(Append(uuid4(), stream, written(uuid4(), [(stream, 1)])))
        with pytest.raises(TimeoutError):
            await caught_up([follower], await log.head(), within=2)
        await log.close()
    assert proxy.notifications > 0


async def test_another_server_takes_the_read_side_over_within_five_seconds(postgres: Cluster, tmp_path: Path):
    async with (
        place(postgres) as server,
        nodes(Job(server.app, str(tmp_path)), WRITER, OBSERVER, OBSERVER) as (writer, *keepers),
    ):
        leaders = keepers
        async with asyncio.timeout(10):
            while not (leaders := [node for node in keepers if node.leads]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await busy([writer])
        (leader,) = leaders
        (heir,) = [node for node in keepers if node is not leader]
        await leader.kill()
        killed = time.monotonic()
        async with asyncio.timeout(10):
            while not heir.leads:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        print(f"taken over after {heir.leads - killed:.2f} s")
        assert heir.leads - killed < 5
        await leader.start()
        outcome = await scenarios.concluded(server, [writer, *keepers], 1)
        assert outcome.problems == []
        assert len(seen(leader.lines)) == len(seen(heir.lines)) == len(outcome.log)


async def test_commands_sent_to_a_real_server_are_recorded_once_though_it_is_killed(postgres: Cluster, tmp_path: Path):
    outcome = await real.killed(postgres, tmp_path, 2)
    print(outcome)
    assert outcome.problems == []
    assert any(one.tries > 1 for one in outcome.told.values())
