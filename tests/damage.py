"""What only an accident does to a log, or whoever is a superuser and switches its guards off."""

from catch.database import Connection

EVENTS = "catch.stored_events"


async def unguarded(admin: Connection, statement: str, *values: object) -> None:
    async with admin.transaction():
        await admin.execute(f"alter table {EVENTS} disable trigger user")
        await admin.execute(statement, *values)
        await admin.execute(f"alter table {EVENTS} enable trigger user")
        for guard in ("append_only", "positions_rise", "times_in_order"):
            await admin.execute(f"alter table {EVENTS} enable always trigger {guard}")


async def lose(admin: Connection, where: str) -> None:
    """Facts gone from the log."""
    await unguarded(admin, f"delete from {EVENTS} where {where}")


async def put_again(admin: Connection, first: int, count: int) -> None:
    """Other facts at these positions."""
    await unguarded(
        admin,
        f"insert into {EVENTS} select gen_random_uuid(), 1, topic, state, $1 + n, clock_timestamp()"
        f" from (select * from {EVENTS} limit 1) as one, generate_series(0, $2 - 1) as n",
        first,
        count,
    )


async def off_guard(admin: Connection, table: str, statement: str, *values: object) -> None:
    """The same on a table that only its trigger `append_only` guards."""
    async with admin.transaction():
        await admin.execute(f"alter table {table} disable trigger append_only")
        await admin.execute(statement, *values)
        await admin.execute(f"alter table {table} enable always trigger append_only")
