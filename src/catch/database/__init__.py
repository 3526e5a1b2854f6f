"""asyncpg as this program uses it, with types: the library itself ships none that a strict checker can read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, cast

import asyncpg

OLDEST_SERVER = 16
PATIENCE = 60.0
"""Seconds that a statement on the pool may take."""

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
    "timezone": "UTC",
}
"""What every session says for itself, so that what the database or the role has set otherwise changes no answer."""

LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server said goodbye between two statements
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, or ended by an administrator
    asyncpg.ReadOnlySQLTransactionError,  # this server has become a standby
    asyncpg.InsufficientResourcesError,
)


def lost(error: BaseException) -> bool:
    """Is the database away? A statement in flight may or may not have been committed.

    asyncpg's complaint about an argument that cannot be encoded is an InterfaceError too, and a ValueError.
    """
    return isinstance(error, LOST) and not isinstance(error, ValueError)


class OldServer(Exception):
    """The PostgreSQL server is older than this program can use."""


class Record(Protocol):
    """A row: by name or by place."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...
    def keys(self) -> Iterator[str]: ...
    def values(self) -> Iterator[Any]: ...
    def items(self) -> Iterator[tuple[str, Any]]: ...
    def get(self, key: str, default: Any = None, /) -> Any: ...


class Statements(Protocol):
    """What both a connection and a pool can run."""

    async def execute(self, query: str, *args: object) -> str: ...
    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None: ...
    async def fetch(self, query: str, *args: object) -> list[Record]: ...
    async def fetchrow(self, query: str, *args: object) -> Record | None: ...
    async def fetchval(self, query: str, *args: object) -> Any: ...


Listener = Callable[["Connection", int, str, str], None]


class Connection(Statements, Protocol):
    """A connection of the application's role, with the place's schemas on its search path."""

    def transaction(
        self, *, isolation: str | None = None, readonly: bool = False
    ) -> AbstractAsyncContextManager[object]: ...
    def cursor(self, query: str, *args: object, prefetch: int | None = None) -> AsyncIterator[Record]: ...
    async def copy_records_to_table(
        self,
        table_name: str,
        *,
        records: Iterable[Sequence[object]],
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> str: ...
    async def add_listener(self, channel: str, callback: Listener) -> None: ...
    def add_termination_listener(self, callback: Callable[["Connection"], None]) -> None: ...
    async def close(self) -> None: ...
    def terminate(self) -> None: ...
    def is_closed(self) -> bool: ...
    def is_in_transaction(self) -> bool: ...


class Pool(Statements, Protocol):
    """Connections to answer queries with."""

    def acquire(self) -> AbstractAsyncContextManager[Connection]: ...
    async def close(self) -> None: ...
    def terminate(self) -> None: ...


async def connect(dsn: str, settings: Mapping[str, str] | None = None, *, within: float = 10) -> Connection:
    """`within` is in seconds. Raises `OldServer`, or one of `LOST`."""
    opening = cast("Callable[..., Awaitable[Connection]]", asyncpg.connect)
    connection = await opening(dsn, server_settings={**SESSION, **(settings or {})}, timeout=within)
    major = cast("int", cast("Any", connection).get_server_version().major)
    if major < OLDEST_SERVER:
        await connection.close()
        raise OldServer(f"PostgreSQL {OLDEST_SERVER} or newer is needed; this server is {major}")
    return connection


async def create_pool(dsn: str, settings: Mapping[str, str], size: int) -> Pool:
    """No statement on these takes longer than `PATIENCE`; what may (COPY, indexes) has a connection of its own."""
    opening = cast("Callable[..., Awaitable[Pool]]", asyncpg.create_pool)
    return await opening(
        dsn,
        server_settings={**SESSION, **settings},
        min_size=1,
        max_size=size,
        timeout=10,
        command_timeout=PATIENCE,
        reset=no_reset,
    )


async def no_reset(_: Connection) -> None:
    """Spares a round trip at every release: nothing here sets a session up otherwise than inside a transaction.

    asyncpg itself rolls back a transaction that was left open.
    """


def application(schema: str) -> dict[str, str]:
    """Session settings of the program: it acts as the application's role, whoever it logged in as.

    Unqualified names mean the read side's tables first, so that what a projection creates lands in its own schema.
    """
    return {
        "application_name": "catch",
        "role": f"{schema}_app",
        "search_path": f"{schema}_read,{schema}",
        "jit": "off",
    }
