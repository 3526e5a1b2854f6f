"""Addresses with several hosts: each is tried by itself, side by side, and the one that can be written to is taken."""

import asyncio
import inspect
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest
from asyncpg import connect_utils
from hypothesis import given
from hypothesis import strategies as st

from catch.database import Connection, Database, Silent, connect, database
from catch.database.connecting import COUNT, IDLE, INTERVAL, NOTICED, UNHEARD
from catch.database.hosts import Host, hosts
from tests.conftest import eventually
from tests.holes import Hole, Way, hole

NONE: dict[str, str] = {}
NAMES = st.sampled_from(["db-1", "db-2.example.org", "10.0.0.1", "[::1]", "%2Ftmp%2Fdb"])
PORTS = st.integers(1, 65535)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("postgresql://u@one/catch", [("one", 5432)]),
        ("postgresql://u:p@one:6000,two/catch", [("one", 6000), ("two", 5432)]),
        ("postgresql://u@/catch?host=one,two&port=6000", [("one", 6000), ("two", 6000)]),
        ("postgresql://u@/catch?host=one,two&port=6000,7000", [("one", 6000), ("two", 7000)]),
        ("postgresql://u@/catch?host=%2Ftmp%2Fa,%2Ftmp%2Fb", [("/tmp/a", 5432), ("/tmp/b", 5432)]),
        ("postgresql://[::1]:6000,%2Ftmp%2Fa/catch", [("::1", 6000), ("/tmp/a", 5432)]),
        ("postgresql:///catch", []),
    ],
)
def test_the_hosts_of_an_address(address: str, found: list[tuple[str, int]]):
    assert hosts(address, NONE) == [Host(*each) for each in found]


def test_where_the_address_names_none_the_environment_does():
    told = {"PGHOST": "one,two", "PGPORT": "6000,7000"}
    assert hosts("postgresql:///catch", told) == [Host("one", 6000), Host("two", 7000)]


@pytest.mark.parametrize("address", ["postgresql://one,,two/x", "postgresql:///x?host=a,b&port=1,2,3"])
def test_what_is_no_address_is_said_so(address: str):
    with pytest.raises(ValueError, match="an address names"):
        hosts(address, NONE)


@given(st.lists(st.tuples(NAMES, st.none() | PORTS), min_size=2, max_size=4), st.booleans(), st.none() | PORTS)
def test_they_are_those_that_the_library_reads(named: list[tuple[str, int | None]], inside: bool, common: int | None):
    listed = ",".join(name if port is None else f"{name}:{port}" for name, port in named if name[0] != "%" or inside)
    if not listed:
        return
    asked = f"&port={common}" if common and not inside else ""
    address = f"postgresql://u@{listed}/x" if inside else f"postgresql://u@/x?host={quote(listed)}{asked}"
    read = cast("Callable[..., Any]", vars(connect_utils)["_parse_connect_dsn_and_args"])
    given = dict.fromkeys(inspect.signature(read).parameters)
    theirs, _ = read(**given | {"dsn": address})
    ours = [f"{name}/.s.PGSQL.{port}" if name.startswith("/") else (name, port) for name, port in hosts(address, NONE)]
    assert ours == theirs


formerly = cast("Callable[..., Awaitable[object]]", asyncpg.connect)


def beside(first: Hole, dsn: str) -> str:
    """Two hosts: the hole, then the server itself."""
    there = parse_qs(urlsplit(dsn).query)["host"][0]
    return urlsplit(dsn)._replace(query=f"host={quote(str(first.folder))},{quote(there)}").geturl()


async def took(work: Awaitable[Connection]) -> float:
    began = time.monotonic()
    connection = await work
    assert await connection.fetchval("select 1") == 1
    connection.terminate()
    return time.monotonic() - began


@pytest.mark.parametrize("way", [Way.NOWHERE, Way.RESET])
async def test_a_first_host_that_says_nothing_holds_nobody_up(dsn: str, way: Way):
    async with hole(dsn) as first:
        first.leads(way)
        both = beside(first, dsn)
        seconds = await took(connect(both))
        print(f"{way.name}: {seconds:.2f} s")
        assert seconds < 2
        if way is Way.NOWHERE:
            # The control: how it was.
            with pytest.raises(TimeoutError):
                await formerly(both, timeout=3)


async def test_the_host_that_was_good_last_is_asked_first(dsn: str):
    async with hole(dsn) as first:
        database = Database(beside(first, dsn), NONE)
        first.leads(Way.NOWHERE)
        await took(database.connect())
        seconds = await took(database.connect())
        assert seconds < 0.25, "it waited for the head start of one that is silent"


async def test_those_that_are_not_taken_are_closed(dsn: str, admin: Connection):
    count = "select count(*) from pg_stat_activity where application_name = 'many'"
    async with hole(dsn) as first:
        for _ in range(5):
            (await connect(beside(first, dsn), {"application_name": "many"})).terminate()
        await eventually(lambda: nobody(admin, count))


async def nobody(admin: Connection, count: str) -> bool:
    return await admin.fetchval(count) == 0


async def test_where_all_are_silent_it_ends_with_the_time_of_one(dsn: str):
    async with hole(dsn) as one, hole(dsn) as two:
        one.leads(Way.NOWHERE)
        two.leads(Way.NOWHERE)
        both = urlsplit(dsn)._replace(query=f"host={quote(str(one.folder))},{quote(str(two.folder))}").geturl()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await connect(both, within=0.5)
        assert time.monotonic() - began < 3


async def test_what_a_server_says_goes_before_what_none_says(dsn: str):
    async with hole(dsn) as first:
        first.leads(Way.RESET)
        address = urlsplit(beside(first, dsn))
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await connect(address._replace(path="/no_such_database").geturl())


async def test_a_machine_that_is_gone_without_a_word_is_noticed_on_both_sides(dsn: str):
    async with hole(dsn) as way:
        connection = await connect(way.over_tcp)
        held = cast("Any", connection)._transport.get_extra_info("socket")
        with held.dup() as same:
            assert same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            told = [
                same.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
            ]
        assert told == [IDLE, INTERVAL, COUNT, UNHEARD]
        # The way ends on a socket of the same machine, where the other side shows what it was asked for by name alone.
        shown = await connection.fetchval("show client_connection_check_interval")
        assert shown == NOTICED["client_connection_check_interval"]
        connection.terminate()


async def test_a_server_that_waits_for_a_lock_notices_that_we_have_gone(dsn: str, admin: Connection):
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = 4711"
    connection = await connect(dsn)
    async with admin.transaction():
        await admin.execute("select pg_advisory_xact_lock(4711)")
        stuck = asyncio.create_task(connection.execute("select pg_advisory_lock(4711)"))
        await eventually(lambda: admin.fetchval(waiting))
        connection.terminate()
        with pytest.raises(asyncpg.PostgresConnectionError):
            await stuck
        await eventually(lambda: nobody(admin, waiting))


class Counted(Database):
    """How many connections were begun."""

    begun = 0

    async def listening(
        self, settings: Mapping[str, str] | None = None, *, patience: float | None = None
    ) -> Connection:
        self.begun += 1
        return await super().listening(settings, patience=patience)


async def test_who_waits_for_a_connection_hears_at_once_that_the_database_is_silent(
    dsn: str, monkeypatch: pytest.MonkeyPatch
):
    """Not after the time of the attempt as well, nor after its turn and that time."""
    monkeypatch.setattr(database, "WITHIN", 600.0)
    async with hole(dsn) as way:
        reached = Counted(way.dsn, {})
        pool = await reached.pool(2)
        reached.hang_up()
        way.leads(Way.NOWHERE)
        asking = [asyncio.ensure_future(pool.fetchval("select 1")) for _ in range(2)]
        while reached.begun < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        reached.fell_silent()
        async with asyncio.timeout(60):
            for answer in await asyncio.gather(*asking, return_exceptions=True):
                assert isinstance(answer, Silent)
        way.leads(Way.THROUGH)
        reached.heard()
        assert await pool.fetchval("select 1") == 1
        await pool.close()
