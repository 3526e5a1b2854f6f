"""A primary and its standby: one falls silent and is replaced, the other is lost and waited for in vain."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from asyncpg import InvalidCatalogNameError, UndefinedTableError

from catch.database import Connection, Demoted, connect
from catch.database.connecting import NOTICED
from catch.database.server import SAFE
from catch.log import Append, Busy, Log, NewEvent, Stored, Unavailable
from catch.log.clock import Clock
from catch.log.wake import beat
from tests.conftest import eventually
from tests.faults.cluster import Cluster, cluster, possible
from tests.faults.place import database
from tests.place import Place, placed
from tests.test_faults_silence import ready

pytestmark = [
    pytest.mark.punctual,
    pytest.mark.skipif(not possible(), reason="no PostgreSQL programs to start a server with"),
]

BACK = 5.0 * 3
"""Three times the seconds in which what was promoted is written to."""
THERE = "select exists (select from catch.stored_events where notification_id = $1)"
NEVER_THERE = "alter system set synchronous_standby_names = 'never_there'"
NO_MATTER = "alter system reset synchronous_standby_names"


class Pair(NamedTuple):
    primary: Cluster
    standby: Cluster


@contextmanager
def replicated() -> Generator[Pair]:
    with ExitStack() as both:
        primary = both.enter_context(cluster())
        yield Pair(primary, both.enter_context(cluster(standby_of=primary)))


def over_both(dsn: str, pair: Pair) -> str:
    named = ",".join(quote(str(each.home), safe="") for each in pair)
    return urlsplit(dsn)._replace(query=f"host={named}").geturl()


def alone(dsn: str, of: Cluster) -> str:
    return urlsplit(dsn)._replace(query=f"host={quote(str(of.home), safe='')}").geturl()


def one() -> Append:
    stream = uuid4()
    return Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),))


async def insisted(log: Log, append: Append) -> int:
    while True:
        try:
            return (await log.append(append)).position
        except Unavailable:
            await asyncio.sleep(0.05)


async def caught_up(standby: Cluster, dsn: str, position: int) -> None:
    """The standby has replayed it."""
    await eventually(lambda: replayed(alone(dsn, standby), position))


async def replayed(dsn: str, position: int) -> bool:
    """It may not even have heard yet that the database was made, and its tables."""
    try:
        connection = await connect(dsn)
    except InvalidCatalogNameError:
        return False
    try:
        return await connection.fetchval(THERE, position)
    except UndefinedTableError:
        return False
    finally:
        await connection.close()


async def test_a_primary_falls_silent_and_the_standby_that_is_promoted_is_written_to_in_seconds():
    with replicated() as pair:
        async with database(pair.primary.addresses) as server:
            both = over_both(server.app, pair)
            log, other = await Log.open(both), await Log.open(both)
            first = (await log.append(one())).position
            async with aclosing(log.follow(0)) as pages:
                assert len(await anext(pages)) == 1
                hearing = asyncio.create_task(anext(pages))
                await caught_up(pair.standby, server.admin, first)
                with pair.primary.freeze():
                    await asyncio.sleep(4)
                    pair.standby.promote()
                    began = time.monotonic()
                    async with asyncio.timeout(BACK):
                        position = await insisted(log, one())
                    print(f"written {time.monotonic() - began:.2f} s after the promotion")
                    async with asyncio.timeout(BACK):
                        assert [each.position for each in await hearing] == [position]
                    print(f"read {time.monotonic() - began:.2f} s after it")
                    await heard_at_once(log, other, pages)
            await log.close()
            await other.close()


async def heard_at_once(log: Log, other: Log, pages: AsyncGenerator[list[Stored]]) -> None:
    """By a notification of what another process recorded: sooner than anybody looks."""
    await insisted(other, one())
    assert await anext(pages)
    times: list[float] = []
    for _ in range(5):
        following = asyncio.create_task(anext(pages))
        await asyncio.sleep(0.02)
        began = time.monotonic()
        await other.append(one())
        assert await following
        times.append(time.monotonic() - began)
    print(f"heard of others {min(times) * 1000:.1f} ms after it was recorded")
    assert min(times) < 0.5


async def test_a_standby_that_is_named_first_is_no_obstacle_and_one_that_is_heard_is_found_out():
    with replicated() as pair:
        async with database(pair.primary.addresses) as server:
            log = await Log.open(over_both(server.app, Pair(pair.standby, pair.primary)))
            position = (await log.append(one())).position
            assert not await log.pool.fetchval("select pg_is_in_recovery()")
            await caught_up(pair.standby, server.admin, position)
            await log.close()
            there = await connect(alone(server.app, pair.standby))
            with pytest.raises(Demoted):
                await beat(there, Clock())
            with pytest.raises(Demoted):  # else this connection would write after the promotion, unsettled
                await log.generations.settle(there)
            await there.close()


# A synchronous standby that is waited for in vain


@pytest.fixture(scope="module")
def primary() -> Iterator[Cluster]:
    with cluster((*SAFE, "max_connections=40")) as started:
        yield started


@asynccontextmanager
async def waiting_in_vain(admin: str) -> AsyncGenerator[Connection]:
    """A connection that waits for nobody."""
    connection = await connect(admin, {"synchronous_commit": "local"})
    await connection.execute(NEVER_THERE)
    await connection.execute("select pg_reload_conf()")
    try:
        yield connection
    finally:
        await connection.execute(NO_MATTER)
        await connection.execute("select pg_reload_conf()")
        await connection.close()


OURS = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'catch'"
LEFT = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"


async def refused(log: Log, append: Append) -> str:
    try:
        await log.append(append)
    except (Unavailable, Busy) as refusal:
        return refusal.code
    raise AssertionError("it was recorded")


async def rounds(log: Log, watch: Connection, count: int) -> list[int]:
    """How many of our backends there were after each."""
    found: list[int] = []
    for _ in range(count):
        assert await refused(log, one()) == "UNAVAILABLE"
        await asyncio.sleep(1.5)
        found.append(await watch.fetchval(OURS))
    return found


async def test_appends_that_wait_for_a_lost_standby_leave_nothing_behind(primary: Cluster):
    async with database(primary.addresses) as server:
        log = await Log.open(server.app, patience=0.5, deadline=0.4)
        async with waiting_in_vain(server.admin) as watch:
            # The first waits for the standby, and holds the lock; those behind it wait for the lock.
            counts = await rounds(log, watch, 5)
            print(f"backends after each round: {counts}")
            assert counts[-1] <= counts[0] + 1
            assert await watch.fetchval(LEFT) <= 1
            assert await log.head() == 0
            assert not log.takes_appends
            many = await asyncio.gather(*(refused(log, one()) for _ in range(50)))
            assert "BUSY" in many
        assert await insisted(log, one()) > 0
        assert log.takes_appends
        await log.close()


async def test_control_a_server_that_does_not_notice_keeps_a_backend_for_each(
    primary: Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(NOTICED, "client_connection_check_interval", "0")
    async with database(primary.addresses) as server:
        log = await Log.open(server.app, patience=0.5, deadline=0.4)
        async with waiting_in_vain(server.admin) as watch:
            counts = await rounds(log, watch, 4)
            print(f"backends after each round: {counts}")
            assert counts[-1] >= counts[0] + 3
        await log.close()


class Standing(NamedTuple):
    place: Place
    watch: Connection


async def test_while_a_standby_is_lost_what_is_known_is_read_and_what_was_sent_is_recorded_once(
    primary: Cluster, tmp_path: Path
):
    async with database(primary.addresses) as server, placed(server.admin, server.app, tmp_path) as place:
        case = await place.worked_on("Ada Quillbrook")
        await place.settled()
        async with waiting_in_vain(server.admin) as watch:
            people = [(uuid4(), asyncio.create_task(registered(place, uuid4()))) for _ in range(40)]
            await asyncio.sleep(3)
            began = time.monotonic()
            for _ in range(20):
                assert await place.ask("query($id: UUID!) { case(id: $id) { number } }", id=str(case.case))
            print(f"20 queries in {time.monotonic() - began:.2f} s while {len(people)} are being registered")
            assert time.monotonic() - began < 9
            said = await place.http.get("/health/ready")
            assert (said.status_code, said.json()) == (200, {"status": "ready", "writing": "no", "clock": "right"})
            codes = {await waiting for _, waiting in people}
            assert codes <= {"BUSY", "UNAVAILABLE"}
            assert await watch.fetchval(OURS) <= place.catch.settings.pool + 6
        assert await ready(place) == 200
        await eventually(lambda: taken_again(place))
        assert (await place.http.get("/health/ready")).json() == {"status": "ready", "writing": "yes", "clock": "right"}


async def taken_again(place: Place) -> bool:
    return not await registered(place, uuid4())


async def registered(place: Place, person: UUID) -> str:
    """The code it was refused with."""
    query = """mutation($i: RegisterPersonInput!, $c: UUID!) { registerPerson(input: $i, commandId: $c) {
        ... on Refused { code } } }"""
    variables = {"i": {"person": str(person), "name": "B. Example"}, "c": str(uuid4())}
    try:
        answer = (await place.ask(query, **variables))["registerPerson"]
    except httpx.ReadTimeout:
        return "NO ANSWER"
    return answer.get("code", "")
