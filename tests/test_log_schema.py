"""The database's own guard: append-only for everybody, least rights, migrations forwards only."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import uuid4

import asyncpg
import pytest

from catch.contracts.files import unsaid
from catch.database import Connection, application, connect
from catch.log import Append, CannotMigrate, Log, NewEvent, migrate
from catch.log.batches import EACH
from catch.log.migrations import Migration, altering, migrations, newest, placed
from tests.conftest import Database

CHANGES = [
    "update catch.stored_events set topic = 'Other'",
    "delete from catch.stored_events",
    "truncate catch.stored_events",
]


@pytest.fixture
async def recorded(log: Log) -> None:
    stream = uuid4()
    await log.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),)))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ["catch_app", "catch_writer", "catch_reader"])
@pytest.mark.usefixtures("recorded")
async def test_nobody_is_granted_a_change_of_events(admin: Connection, role: str, change: str):
    await admin.execute(f"set role {role}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await admin.execute(change)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ["catch_owner", "none"])
@pytest.mark.usefixtures("recorded")
async def test_even_the_owner_and_a_superuser_are_refused_by_the_trigger(admin: Connection, role: str, change: str):
    await admin.execute(f"set role {role}")
    await admin.execute("set session_replication_role = replica" if role == "none" else "select 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await admin.execute(change)
    assert await admin.fetchval("select count(*) from catch.stored_events") == 1


async def test_a_reader_can_read_the_log_and_neither_append_nor_see_keys(admin: Connection):
    await admin.execute("set role catch_reader")
    assert await admin.fetch("select * from catch.stored_events") == []
    for refused in (
        "insert into catch.stored_events select gen_random_uuid(), 1, '', ''",
        f"select catch.append({', '.join(['null'] * EACH)})",
        "select * from catch.data_keys",
        "create table catch_read.mine (id int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await admin.execute(refused)


async def test_the_program_acts_as_its_own_role_even_when_it_logs_in_as_a_superuser(database: Database):
    connection = await connect(database.admin, application("catch"))
    assert await connection.fetchval("select current_user") == "catch_app"
    await connection.execute("reset role")
    assert await connection.fetchval("select current_user") == "catch_app"
    await connection.close()


async def test_what_the_read_side_creates_lands_in_its_own_schema_where_readers_see_it(log: Log, admin: Connection):
    await log.pool.execute("create table agenda_v1 (id int)")
    await log.pool.execute("alter table agenda_v1 rename to agenda_v0")
    await admin.execute("set role catch_reader")
    assert await admin.fetch("select * from catch_read.agenda_v0") == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await log.pool.execute("create table catch.mine (id int)")


async def test_migrating_twice_or_at_once_changes_nothing(database: Database):
    assert await migrate(database.admin) == []
    applied = await asyncio.gather(*(migrate(database.admin, "leeds") for _ in range(3)))
    assert sorted(applied, key=len) == [[], [], [migration.name for migration in migrations()]]
    assert await migrate(database.admin, "leeds") == []


async def test_the_program_itself_finds_nothing_to_migrate_and_may_not(database: Database):
    if database.dsn == database.admin:
        pytest.skip("the server's address is a superuser's")
    assert await migrate(database.dsn) == []
    with pytest.raises(CannotMigrate, match="9001 is to be applied by the owner"):
        await migrate(
            database.dsn, known=[*migrations(), Migration(9001, "later", "create table catch.later (id int)")]
        )


async def test_a_place_is_set_up_without_a_superuser(database: Database, admin: Connection):
    if database.dsn == database.admin:
        pytest.skip("leaves roles behind on a server that is not ours")
    name = await admin.fetchval("select current_database()")
    await admin.execute(f"create role boss login createrole; grant create on database {name} to boss")
    boss = database.dsn.replace("catch_app@", "boss@")
    assert len(await migrate(boss, "york")) == len(migrations())
    assert await migrate(boss, "york") == []
    york = await Log.open(database.dsn.replace("catch_app@", "york_app@"), schema="york")
    assert await york.head() == 0
    await york.close()


async def test_places_in_one_database_are_apart(database: Database, log: Log, admin: Connection):
    await migrate(database.admin, "leeds")
    leeds = await Log.open(database.admin, schema="leeds")
    stream = uuid4()
    await leeds.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),)))
    assert await log.head() == 0
    assert await leeds.head() == 1
    await leeds.close()
    await admin.execute("set role leeds_app")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await admin.fetch("select * from catch.stored_events")


async def test_migrations_go_forwards_only(database: Database):
    known = migrations()
    extra = Migration(9001, "later", "set local role catch_owner; create table catch.later (id int)")
    changed = [known[0]._replace(sql=known[0].sql + "\n-- changed"), *known[1:]]
    assert await migrate(database.admin, known=[*known, extra]) == ["later"]
    with pytest.raises(CannotMigrate, match=r"1 \(roles\) changed after it was applied"):
        await migrate(database.admin, known=[*changed, extra])
    with pytest.raises(CannotMigrate, match="9000 comes before 9001"):
        await migrate(database.admin, known=[*known, extra._replace(number=9000), extra])


ADDS = ("set local role catch_owner; create table catch.later (id int)", 0)
TAKES = ("drop table catch.commands", 9001)
"""Nothing is said of it: it is taken to be in the way of every program that does not know it."""
SAYS = ("-- Needs 9000: only that one still writes it\nalter table catch.commands rename to former", 9000)


@pytest.mark.parametrize(("sql", "needs"), [ADDS, TAKES, SAYS])
async def test_a_former_program_goes_on_with_what_a_later_one_added_and_not_without_what_it_needs(
    database: Database, sql: str, needs: int
):
    between = Migration(9000, "between", "-- Needs nothing\nselect 1")
    later = Migration(9001, "later", sql)
    assert later.needs == needs
    assert await migrate(database.admin, known=[*migrations(), between, later]) == ["between", "later"]
    for known in (migrations(), [*migrations(), between]):
        if needs <= newest(known):
            assert await migrate(database.dsn, known=known) == []
        else:
            with pytest.raises(CannotMigrate, match="newer than this program: it has migration 9001"):
                await migrate(database.dsn, known=known)


async def test_a_database_of_another_program_is_refused_though_its_migrations_only_add(database: Database):
    other, mine = Migration(9001, "other", ADDS[0]), Migration(9002, "mine", "create table catch.mine (id int)")
    await migrate(database.admin, known=[*migrations(), other])
    with pytest.raises(CannotMigrate, match="it has migration 9001"):
        await migrate(database.admin, known=[*migrations(), mine])


MAKES = "create table catch.x (a int, b text); "


@pytest.mark.parametrize(
    "sql",
    [
        MAKES + "create unique index on catch.x (a); insert into catch.x values (1); alter table catch.x drop column b",
        "create index x on catch.stored_events (topic) where topic <> 'Other'",
        "alter table catch.commands add column more int, add column yet text not null default 'none; at all'",
        "grant select on catch.x to catch_reader; comment on table catch.x is 'drop it'",
        "create function catch.f() returns int language plpgsql as $$ begin delete from catch.x; return 1; end $$",
        "-- drop table catch.x;\nset local role catch_owner;",
    ],
)
def test_what_only_adds_is_in_no_former_programs_way(sql: str):
    assert altering(sql) == []
    assert [*unsaid([Migration(9001, "later", sql)])] == []


@pytest.mark.parametrize(
    "sql",
    [
        "drop table catch.x",
        "alter table catch.commands add column more int not null",
        "alter table catch.commands add column more int unique",
        "alter table catch.commands add column more int, drop column events",
        "alter table catch.commands alter column events drop not null",
        "create unique index on catch.commands (stream)",
        "create or replace function catch.f() returns int as $$ select 1 $$",
        "create trigger t before insert on catch.stored_events for each statement execute function catch.f()",
        "update catch.commands set version = 1",
        "insert into catch.commands default values",
        "revoke all on catch.commands from catch_app",
        "do $$ begin execute 'drop table catch.x'; end $$",
        MAKES + "drop table catch.commands",
    ],
)
def test_whatever_may_do_more_says_which_programs_can_go_on(sql: str):
    assert altering(sql)
    assert len([*unsaid([Migration(9001, "later", sql)])]) == 1
    assert [*unsaid([Migration(9001, "later", f"-- Needs 9000: nobody uses it\n{sql}")])] == []
    assert len([*unsaid([Migration(9001, "later", f"-- Needs 9002\n{sql}")])]) == 1


MORE = Migration(9999, "more", "alter table catch.stored_events add column more int;")


@pytest.mark.parametrize(
    ("holding", "known"),
    [
        # A report that somebody runs, or a transaction that was forgotten.
        ("select count(*) from catch.stored_events", [*migrations(), MORE]),
        # Another server that migrates.
        ("select pg_advisory_xact_lock(hashtext('catch migrations'))", migrations()),
    ],
)
async def test_while_migrations_wait_for_a_lock_whoever_starts_the_program_reads_who_has_it(
    database: Database,
    log: Log,
    admin: Connection,
    holding: str,
    known: Sequence[Migration],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr("catch.log.migrations.LOOK", 0.05)
    with caplog.at_level(logging.WARNING, "catch.place"):
        async with admin.transaction():
            await admin.execute(holding)
            pid = await admin.fetchval("select pg_backend_pid()")
            migrating = asyncio.create_task(migrate(database.admin, known=known))
            async with asyncio.timeout(30):
                while f"process {pid} of the database has" not in caplog.text:
                    assert not migrating.done()
                    await asyncio.sleep(0.01)
        assert await migrating == [each.name for each in known[len(migrations()) :]]


async def test_a_migration_that_fails_leaves_nothing_behind(database: Database, admin: Connection):
    broken = [
        Migration(9001, "good", "create table catch.half (id int)"),
        Migration(9002, "bad", "create table catch.half (id int)"),
    ]
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(database.admin, known=[*migrations(), *broken])
    assert await admin.fetchval("select to_regclass('catch.half')") is None


def test_the_numbers_of_the_migrations_are_dense():
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_places_name_is_put_where_the_files_say_catch():
    assert placed("grant select on catch.t to catch_reader; -- dispatch", "leeds") == (
        "grant select on leeds.t to leeds_reader; -- dispatch"
    )
    with pytest.raises(CannotMigrate):
        placed("", "drop table")
