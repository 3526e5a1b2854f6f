"""A database whose clock can be set, for tests alone. Every `clock_timestamp()` that the program asks, its functions or
its tables is then one of the schema's own, which stands before PostgreSQL's.
"""

from datetime import timedelta

import pytest

from catch.database import Connection
from catch.database.database import application

FIRST = """
    create table catch.clock_step (by interval not null);
    insert into catch.clock_step values ('0');
    create function catch.clock_timestamp() returns timestamptz language sql volatile security definer as
        $$ select pg_catalog.clock_timestamp() + by from catch.clock_step $$;
"""
DEFAULTS = """
    select format('alter table %s alter column %I set default %s', adrelid::regclass, attname,
        replace(pg_get_expr(adbin, adrelid), 'clock_timestamp()', 'catch.clock_timestamp()')) as instead
    from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
    where pg_get_expr(adbin, adrelid) like '%clock_timestamp()%'
"""
FUNCTIONS = """
    select replace(pg_get_functiondef(oid), 'clock_timestamp()', 'catch.clock_timestamp()') as instead
    from pg_proc where pronamespace = 'catch'::regnamespace and prosrc like '%clock_timestamp()%'
        and proname <> 'clock_timestamp'
"""


async def settable(admin: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, and for whatever is opened from now on."""
    for query in (DEFAULTS, FUNCTIONS):
        found = [row["instead"] for row in await admin.fetch(query)]
        if query is DEFAULTS:
            assert found, "no table asks what time it is"
            await admin.execute(FIRST)
        for instead in found:
            await admin.execute(instead)

    def asked(schema: str) -> dict[str, str]:
        settings = application(schema)
        return settings | {"search_path": settings["search_path"] + ",pg_catalog"}

    monkeypatch.setattr("catch.log.log.application", asked)


async def step(admin: Connection, by: timedelta) -> None:
    """The database's clock is so far off from now on."""
    await admin.execute("update catch.clock_step set by = $1", by)
