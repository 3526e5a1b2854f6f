"""One connection, at the host of an address that can be written to: each host has a time of its own to answer in.

All are tried side by side, so that one that is silent holds nobody up; those that are not taken are closed.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

import asyncpg

from catch.database.hosts import asks_for, hosts
from catch.database.statements import Connection

OLDEST_SERVER = 16

SESSION = {
    "bytea_output": "hex",
    "datestyle": "ISO, MDY",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "extra_float_digits": "1",
    "gin_fuzzy_search_limit": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "intervalstyle": "postgres",
    "lock_timeout": "0",
    "row_security": "on",
    "statement_timeout": "0",
    "synchronous_commit": "on",  # or what was answered with `Accepted` could be lost
    "timezone": "UTC",
}
"""What every session says for itself, so that what server, database or role have set otherwise changes no answer."""

IDLE, INTERVAL, COUNT = 3, 1, 3
"""Seconds without a word until the other machine is asked whether it is there, between two such questions, and how many
may stay without an answer."""
UNHEARD = 6_000
"""Milliseconds that what was sent may stay without a receipt. Longer than a machine is held up by, and no shorter: a
server that is too busy to read for so long counts as gone as well."""

NOTICED = {
    "client_connection_check_interval": "1s",
    "tcp_keepalives_count": str(COUNT),
    "tcp_keepalives_idle": str(IDLE),
    "tcp_keepalives_interval": str(INTERVAL),
    "tcp_user_timeout": str(UNHEARD),
}
"""What lets the server notice that we are gone, also while it waits for a lock, and drop what we held."""

KERNEL = {"TCP_KEEPIDLE": IDLE, "TCP_KEEPINTVL": INTERVAL, "TCP_KEEPCNT": COUNT, "TCP_USER_TIMEOUT": UNHEARD}
"""The same for our side, as far as the system knows of it."""

HEAD_START = 0.25
"""Seconds for the host that was good last: as a rule no other is asked."""

Attempt = Callable[[int], Awaitable[Connection]]


class OldServer(Exception):
    """The PostgreSQL server is older than this program can use."""


async def connect(dsn: str, settings: Mapping[str, str] | None = None, *, within: float = 10) -> Connection:
    """`within` is in seconds, for each of the hosts. Raises `OldServer`, or one of `LOST`."""
    return (await reach(dsn, settings or {}, within=within))[0]


async def reach(
    dsn: str, settings: Mapping[str, str], *, within: float, patience: float | None = None, first: int = 0
) -> tuple[Connection, int]:
    """A connection, and which of the hosts it leads to; `first` is the one to begin with. `patience`: seconds that a
    statement may take. Raises as `connect` does."""
    named = hosts(dsn)

    def one(number: int) -> Awaitable[Connection]:
        # A single host is left to asyncpg as it stands, with all that it looks up by itself.
        host = {"host": [named[number].name], "port": [named[number].port]} if len(named) > 1 else {}
        wanted = {"target_session_attrs": asks_for(dsn) or "read-write"} if host else {}
        return session(dsn, settings, within, patience, **host, **wanted)

    if len(named) < 2:
        return await one(0), 0
    return await side_by_side(one, len(named), first if first < len(named) else 0)


async def session(
    dsn: str, settings: Mapping[str, str], within: float, patience: float | None, **where: object
) -> Connection:
    opening = cast("Callable[..., Awaitable[Connection]]", asyncpg.connect)
    said = {**SESSION, **NOTICED, **settings}
    connection = await opening(dsn, server_settings=said, timeout=within, command_timeout=patience, **where)
    major = cast("int", cast("Any", connection).get_server_version().major)
    if major < OLDEST_SERVER:
        connection.terminate()
        raise OldServer(f"PostgreSQL {OLDEST_SERVER} or newer is needed; this server is {major}")
    keep_alive(connection)
    return connection


async def side_by_side(one: Attempt, count: int, first: int) -> tuple[Connection, int]:
    """The first of so many attempts that comes to something. Raises what tells most of why none did."""

    async def attempt(number: int) -> Connection:
        if number != first:
            await asyncio.sleep(HEAD_START)
        return await one(number)

    attempts = [asyncio.ensure_future(attempt(number)) for number in range(count)]
    waiting, taken = set(attempts), None
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            taken = next((each for each in done if each.exception() is None), None)
            if taken is not None:
                return taken.result(), attempts.index(taken)
        raise most_telling(each.exception() for each in attempts)
    finally:
        for each in attempts:
            if each is not taken:
                each.cancel()
                each.add_done_callback(dropped)


def dropped(attempt: "asyncio.Future[Connection]") -> None:
    """One that was not taken, or that nobody waits for any more; it may have come to something all the same."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().terminate()


def most_telling(problems: Iterable[BaseException | None]) -> BaseException:
    """What a server says goes before what nobody said, and that none can be written to before that one is silent."""

    def weight(problem: BaseException) -> int:
        match problem:
            case asyncpg.CannotConnectNowError():
                return 2
            case asyncpg.PostgresConnectionError():
                return 3
            case OldServer() | asyncpg.PostgresError():
                return 0
            case asyncpg.TargetServerAttributeNotMatched():
                return 1
            case TimeoutError():
                return 4
            case _:
                return 3

    return min((problem for problem in problems if problem is not None), key=weight)


def keep_alive(connection: Connection) -> None:
    """A machine that is gone without a word is noticed. asyncpg has no setting for it, so it is told to the socket."""
    held = cast("Any", connection)._transport.get_extra_info("socket")
    if held is None or held.family not in (socket.AF_INET, socket.AF_INET6):
        return
    # A copy of its own names the same socket: the loop's may not take options.
    with cast("socket.socket", held.dup()) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KERNEL.items():
            if (option := getattr(socket, name, None)) is not None:
                same.setsockopt(socket.IPPROTO_TCP, option, value)
