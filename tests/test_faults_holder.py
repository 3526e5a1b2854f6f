"""Whoever keeps the read side falls silent: another keeps it within ten seconds, and one that wakes up writes nothing.

Control: servers that take nobody to have fallen silent wait for ever.
"""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from catch.database.server import Server
from catch.readside.lease import Share, due, settled
from tests.faults.cluster import Cluster, cluster, possible
from tests.faults.holders import WITHIN, anywhere, folding, holder, rebuilding, taken_over, until, woken
from tests.faults.node import Job
from tests.faults.nodes import Node, nodes
from tests.faults.proxy import SOCKET, Proxy, between
from tests.faults.scenarios import OBSERVER, WRITER, busy, concluded, place

pytestmark = [
    pytest.mark.punctual,
    pytest.mark.skipif(not possible(), reason="no PostgreSQL programs to start a server with"),
]
SLOW: dict[str, object] = WRITER | {"pause": 0.02}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.mark.parametrize("caught", [anywhere, folding, rebuilding])
async def test_a_holder_that_is_stopped_is_taken_over_from_and_writes_nothing_when_it_wakes_up(
    postgres: Cluster, tmp_path: Path, caught: Callable[[Server], AbstractAsyncContextManager[None]]
):
    async with (
        place(postgres) as server,
        nodes(Job(server.app, str(tmp_path)), SLOW, OBSERVER, OBSERVER) as (writer, *keepers),
    ):
        await holder(keepers)
        await busy([writer])
        async with caught(server):
            one = await holder(keepers)
            one.signal(signal.SIGSTOP)
        took = await taken_over(one, keepers, time.monotonic())
        print(f"taken over after {took:.2f} s")
        assert took < WITHIN
        await busy([writer])
        await woken(one)
        await busy([writer])
        assert [node.holds for node in keepers] == [node is not one for node in keepers]
        outcome = await concluded(server, [writer, *keepers], 1)
        print(outcome)
        assert outcome.problems == []


@asynccontextmanager
async def apart(postgres: Cluster, server: Server) -> AsyncGenerator[tuple[list[Proxy], list[str]]]:
    """Two ways to the database, either of which may become a hole."""
    proxies = [Proxy(postgres.home / SOCKET) for _ in range(2)]
    async with between(server.app, proxies[0]) as one, between(server.app, proxies[1]) as other:
        yield proxies, [one, other]


@pytest.mark.parametrize("caught", [anywhere, folding])
async def test_a_holder_behind_a_black_hole_is_taken_over_from_and_gives_up_by_itself(
    postgres: Cluster, tmp_path: Path, caught: Callable[[Server], AbstractAsyncContextManager[None]]
):
    async with (
        place(postgres) as server,
        apart(postgres, server) as (proxies, ways),
        nodes(Job(server.app, str(tmp_path)), SLOW, *(OBSERVER | {"dsn": way} for way in ways)) as (writer, *keepers),
    ):
        await holder(keepers)
        await busy([writer])
        with ExitStack() as hole:
            async with caught(server):
                one = await holder(keepers)
                hole.enter_context(proxies[keepers.index(one)].hole())
            since = time.monotonic()
            took = await taken_over(one, keepers, since)
            await until(lambda: not one.holds, WITHIN)
            print(f"taken over after {took:.2f} s, given up after {time.monotonic() - since:.2f} s")
            assert took < WITHIN
            await busy([writer])
        outcome = await concluded(server, [writer, *keepers], 1)
        print(outcome)
        assert outcome.problems == []
        assert [node.holds for node in keepers] == [node is not one for node in keepers]


async def test_a_holder_that_is_slow_and_works_is_left_alone(postgres: Cluster, tmp_path: Path):
    """It cannot beat while it folds: that it waits for the database is not its silence."""
    async with (
        place(postgres) as server,
        nodes(Job(server.app, str(tmp_path)), SLOW, OBSERVER, OBSERVER) as (writer, *keepers),
    ):
        one = await holder(keepers)
        await busy([writer])
        async with folding(server):
            await asyncio.sleep(WITHIN)
        await busy([writer])
        assert [node.leads > 0 for node in keepers] == [node is one for node in keepers]


async def test_control_without_a_heartbeat_nobody_takes_over(postgres: Cluster, tmp_path: Path):
    trusting = OBSERVER | {"trusting": True}
    async with (
        place(postgres) as server,
        nodes(Job(server.app, str(tmp_path)), trusting, trusting) as keepers,
    ):
        one: Node = await holder(keepers)
        one.signal(signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            await taken_over(one, keepers, time.monotonic(), within=WITHIN + 2)
        one.signal(signal.SIGCONT)


def share(release: int, tables: str, *, keeps: str = "", complete: bool = True) -> Share:
    return Share(release, release, (release,), frozenset(tables), frozenset(keeps), complete)


@pytest.mark.parametrize(
    ("mine", "others", "kept"),
    [
        (share(1, "ab"), [], "ab"),
        (share(1, "ab"), [share(1, "ab")], "ab"),
        (share(1, "ab"), [share(2, "bc")], "a"),
        (share(2, "bc"), [share(1, "ab")], "bc"),
        # The newer one still fills what it lacks: the older one goes on with all that it has.
        (share(1, "ab"), [share(2, "bc", complete=False)], "ab"),
        (share(2, "bc", complete=False), [share(1, "ab")], "c"),
        (share(2, "bc", complete=False), [share(1, "ab", complete=False)], "bc"),
        (share(1, "ab", complete=False), [share(2, "bc", complete=False)], "a"),
        (share(2, "bc"), [share(1, "ab"), share(3, "cd")], "b"),
    ],
)
def test_each_table_is_kept_by_one_release(mine: Share, others: list[Share], kept: str):
    assert due(mine, others) == frozenset(kept)


def test_whatever_they_have_each_table_is_kept_by_exactly_one_of_them():
    """The order of rights is a total one, so that no table is left out or fought over."""
    tables = ("", "a", "b", "ab", "bc", "abc")
    for first in tables:
        for second in tables:
            for ready in range(4):
                both = [share(1, first, complete=ready % 2 == 1), share(2, second, complete=ready > 1)]
                kept = [due(one, [other for other in both if other is not one]) for one in both]
                assert kept[0] | kept[1] == frozenset(first) | frozenset(second)
                assert not kept[0] & kept[1]


def test_a_release_counts_on_its_tables_once_no_former_one_keeps_any_of_them():
    assert settled(share(2, "bc"), [share(1, "ab", keeps="a")])
    assert not settled(share(2, "bc"), [share(1, "ab", keeps="ab")])
    assert settled(share(1, "ab"), [share(2, "bc", keeps="bc")])
