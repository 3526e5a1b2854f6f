"""Sets a place up and brings it up to date: the files of schema/sql in their order, forwards only, all or nothing.

Servers of the release before go on while a new one starts: a migration adds what the new one needs, and what only the
old one needed is taken away by a migration of a later release. One that takes away or changes anything says in a line
`-- Needs N` that programs which do not know migration N cannot work with it (`nothing`: any can). Where nothing is
said, one that does more than add needs itself.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from catch.database import LOST, Connection, connect

logger = logging.getLogger("catch.place")

LOOK = 5.0
"""Seconds between two looks at who holds migrations up."""


class Migration(NamedTuple):
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.sql.encode()).digest()

    @property
    def said(self) -> int | None:
        found = NEEDS.search(self.sql)
        return int(found[1].replace("nothing", "0")) if found else None

    @property
    def needs(self) -> int:
        """The newest migration that a program must know to work with this one applied; 0: any does."""
        if (said := self.said) is not None:
            return said
        return 0 if not altering(self.sql) else self.number


class Applied(NamedTuple):
    sha256: bytes
    needs: int


NEEDS = re.compile(r"^-- Needs (nothing|[0-9]+)\b", re.MULTILINE)
ASIDE = re.compile(r"--[^\n]*|\$\$.*?\$\$|'[^']*'", re.DOTALL)
MADE = re.compile(r"create (?:table|function|view|type|sequence|schema) (?:if not exists )?([\w.]+)")
ABOUT = re.compile(r"(?:alter table|insert into|create trigger .*? on|create (?:unique )?index .*?\bon) ([\w.]+)")
COLUMN = (
    r"add column (?:if not exists )?\S+ (?![^,]*\b(?:unique|references|check)\b)"
    r"(?:(?![^,]*\bnot null\b)[^,]*|[^,]*\bdefault\b[^,]*)"
)
ADDING = re.compile(
    r"set local role \w+|reset role|grant .*|comment on .*|alter default privileges .* grant .*"
    r"|create (?:table|function|view|type|sequence|schema|index) .*"
    rf"|alter table \S+ {COLUMN}(?:, {COLUMN})*"
)


def altering(sql: str) -> list[str]:
    """The statements that may do more than add: closed, so that one of a kind not thought of is among them."""
    statements = [" ".join(each.split()) for each in ASIDE.sub(" ", sql).lower().split(";")]
    made = {found[1] for each in statements if (found := MADE.match(each))}
    return [
        each
        for each in statements
        if each and not ADDING.fullmatch(each) and not ((about := ABOUT.match(each)) and about[1] in made)
    ]


class CannotMigrate(Exception):
    """The database and this program do not fit together."""


def contracts() -> Path:
    """The folder `schema`: inside the installed package, or at the root of the repository."""
    packaged = Path(str(files("catch"))) / "schema"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "schema"


def event_schemas() -> dict[str, str]:
    """The JSON Schema of every kind of fact, by the name under which a bundle holds it."""
    folder = contracts() / "events"
    return {f"schemas/{path.name}": path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}


def migrations() -> list[Migration]:
    paths = sorted((contracts() / "sql").glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(int(path.name[:4]), path.stem[5:], path.read_text(encoding="utf-8")) for path in paths]


def placed(sql: str, schema: str) -> str:
    """The files speak of a place called `catch`: its schemas, roles, lock and channel get the place's name."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", schema):
        raise CannotMigrate(f"a schema's name has small letters, digits and _ only: {schema!r}")
    return sql if schema == "catch" else re.sub(r"\bcatch(?=\b|_)", schema, sql)


async def migrate(dsn: str, schema: str = "catch", known: Sequence[Migration] | None = None) -> list[str]:
    """The names of what was applied; nothing the second time. `dsn` is a superuser's, or that of a role which may
    create roles and schemas; where nothing is to be applied, the program's own will do.

    Raises `CannotMigrate` when the database needs a newer program or an applied file changed, and `OldServer`.
    """
    known = migrations() if known is None else known
    connection = await connect(dsn, {"client_min_messages": "warning"})
    try:
        # However long it takes: an index over a long log takes its time, and half of a migration is none.
        async with held_up(dsn, connection), connection.transaction():
            # Several servers may start at once: the later ones find it done.
            await connection.execute("select pg_advisory_xact_lock(hashtext($1))", f"{schema} migrations")
            done = await applied(connection, schema)
            pending = unapplied(known, done)
            if pending and done and not await connection.fetchval("select pg_has_role($1, 'set')", f"{schema}_owner"):
                raise CannotMigrate(f"migration {pending[0].number} is to be applied by the owner: set CATCH_OWNER_URL")
            if pending and not done and not await may_set_up(connection):
                raise CannotMigrate(NOT_SET_UP)
            for migration in pending:
                await connection.execute("reset role")
                await connection.execute(placed(migration.sql, schema))
                await connection.execute(f"set local role {schema}_owner")
                await connection.execute(
                    f"insert into {schema}.schema_migrations (number, name, sha256) values ($1, $2, $3)",  # noqa: S608
                    migration.number,
                    migration.name,
                    migration.sha256,
                )
            if pending:
                # Afterwards: the column is as new as one of them.
                await connection.execute(
                    f"update {schema}.schema_migrations m set needs = n.needs"  # noqa: S608
                    " from unnest($1::int[], $2::int[]) as n (number, needs) where m.number = n.number",
                    [migration.number for migration in pending],
                    [migration.needs for migration in pending],
                )
        return [migration.name for migration in pending]
    finally:
        await connection.close()


HOLDERS = """
    select pid, coalesce(usename, '') as who, coalesce(application_name, '') as program,
        coalesce(extract(epoch from clock_timestamp() - xact_start)::int, 0) as since
    from pg_stat_activity where pid = any(pg_blocking_pids($1))
"""


@asynccontextmanager
async def held_up(dsn: str, connection: Connection) -> AsyncGenerator[None]:
    """While the block waits for a lock, whoever starts the program reads who has it: nothing else shows that."""
    telling = asyncio.create_task(tell_holders(dsn, await connection.fetchval("select pg_backend_pid()")))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait([telling])


async def tell_holders(dsn: str, pid: int) -> None:
    while True:
        await asyncio.sleep(LOOK)
        with suppress(*LOST):
            looking = await connect(dsn)
            try:
                for holder in await looking.fetch(HOLDERS, pid):
                    logger.warning(HELD_UP, *holder.values())
            finally:
                await looking.close()


HELD_UP = (
    "migrations wait for a lock that process %d of the database has (user %r, program %r, in a transaction for %d s)."
    " They go on when it ends; select pg_terminate_backend(pid) ends it"
)
NOT_SET_UP = (
    "the place is not set up, and the user of CATCH_DATABASE_URL may not do it: run `catch migrate` first, with the"
    " address of the place's owner in CATCH_OWNER_URL"
)


async def may_set_up(connection: Connection) -> bool:
    """Whether this user may make what the first migration makes; a schema at the least."""
    return bool(await connection.fetchval("select has_database_privilege(current_database(), 'create')"))


async def pending(dsn: str, schema: str) -> list[Migration]:
    """What is to be applied before this program can be used. Raises `CannotMigrate` as `migrate` does."""
    connection = await connect(dsn)
    try:
        async with connection.transaction():
            return unapplied(migrations(), await applied(connection, schema))
    finally:
        await connection.close()


async def applied(connection: Connection, schema: str) -> dict[int, Applied]:
    # Only for its check: the name stands in statements as it is.
    placed("", schema)
    there = "select true from pg_tables where schemaname = $1 and tablename = 'schema_migrations'"
    if not await connection.fetchval(there, schema):
        return {}
    if await connection.fetchval("select pg_has_role($1, 'set')", f"{schema}_owner"):
        await connection.execute(f"set local role {schema}_owner")
    # As JSON, since the column may not be there yet.
    found = (
        f"select number, sha256, coalesce((to_jsonb(m)->>'needs')::int, 0) as needs from {schema}.schema_migrations m"  # noqa: S608
    )
    return {row["number"]: Applied(row["sha256"], row["needs"]) for row in await connection.fetch(found)}


def newest(known: Sequence[Migration] | None = None) -> int:
    """The number of the last migration that this program knows."""
    return max((migration.number for migration in (migrations() if known is None else known)), default=0)


def unapplied(known: Sequence[Migration], done: dict[int, Applied]) -> list[Migration]:
    last, numbers = max(done, default=0), {migration.number for migration in known}
    for number in sorted(done.keys() - numbers, reverse=True):
        # One in between is not of a later release but of another program.
        if done[number].needs > newest(known) or number < newest(known):
            raise CannotMigrate(f"the database is newer than this program: it has migration {number}")
    for migration in known:
        was = done.get(migration.number)
        if was is not None and was.sha256 != migration.sha256:
            raise CannotMigrate(f"migration {migration.number} ({migration.name}) changed after it was applied")
        if was is None and migration.number < last:
            raise CannotMigrate(f"migration {migration.number} comes before {last}, which was applied without it")
    return [migration for migration in known if migration.number not in done]
