"""A database of its own on a cluster, set up; and one that is spoilt on purpose, for a control."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from catch.database import Connection, connect
from catch.database.server import Server
from catch.log import migrate


def on(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


@asynccontextmanager
async def database(server: Server, *, empty: bool = False) -> AsyncGenerator[Server]:
    name = f"fault_{uuid4().hex[:12]}"
    connection = await connect(server.admin)
    await connection.execute(f"create database {name}")
    await connection.close()
    placed = Server(on(server.admin, name), on(server.app, name))
    if not empty:
        await migrate(placed.admin)
    connection = await connect(server.admin)
    await connection.execute("checkpoint")  # not even a server that answers before it writes may lose the set-up
    await connection.close()
    yield placed


LOCK = re.compile(r"(perform|done :=) pg_advisory_xact_lock\([^;]*;")


async def locked_otherwise(admin: Connection, instead: str = "") -> None:
    """Every function that takes the log's lock does this instead."""
    defined = "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'catch'::regnamespace"
    locking = [row[0] for row in await admin.fetch(defined) if LOCK.search(row[0])]
    assert locking, "no function takes the lock"
    for function in locking:
        await admin.execute(LOCK.sub(instead, function))
