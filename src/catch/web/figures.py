"""How this server stands, looked at every few seconds while anything is measured, and sent where it is asked for."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

import msgspec

from catch.app import Catch
from catch.domain.streams import COMMANDS
from catch.live.feed import Feed
from catch.live.protocol import GraphQLOverWebSocket
from catch.settings import BadSetting
from catch.telemetry import Figures, Standing

LOOK = 5.0
"""Seconds between two looks."""
WITHIN = 3.0
"""Seconds that the database has to answer one."""

STANDING = """
    select
        greatest(e.head - $1, 0) as lag,
        coalesce((select extract(epoch from clock_timestamp() - f.recorded_at)::float8 from stored_events f
            where f.notification_id > $1 order by f.notification_id limit 1), 0) as lag_seconds,
        (select number from generations order by number desc limit 1) as generation,
        (select count(*) from pg_stat_replication) as standbys,
        extract(epoch from clock_timestamp() - a.last_archived_time)::float8 as archive_age,
        a.failed_count as failed_archiving
    from (select coalesce(max(notification_id), 0) as head from stored_events) e, pg_stat_archiver a
"""


class Watch:
    """`now` is what was found last; another thread may read it."""

    def __init__(self, catch: Catch, feed: Feed[Any, Any], live: GraphQLOverWebSocket[Any, Any, Any]) -> None:
        self._catch = catch
        self._feed = feed
        self._live = live
        self.now = Figures()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.now = await self.look()
            await asyncio.sleep(LOOK)

    async def look(self) -> Figures:
        log = self._catch.log
        return Figures(
            queue=log.waiting,
            subscriptions=len([*self._feed.following()]),
            connections=len(self._live.connections),
            busy=log.database.busy,
            waiting=log.database.waiting,
            recording=log.takes_appends,
            ahead=log.clock.ahead,
            leading=self._catch.readside.leading,
            standing=await self._standing(),
        )

    async def _standing(self) -> Standing | None:
        try:
            async with asyncio.timeout(WITHIN):
                (row,) = await self._catch.log.pool.fetch(STANDING, self._catch.readside.position)
        except Exception:
            # Whatever it is: that the log cannot be asked is what is told.
            return None
        return msgspec.convert(dict(row), Standing)


@asynccontextmanager
async def telling(
    catch: Catch, feed: Feed[Any, Any], live: GraphQLOverWebSocket[Any, Any, Any], documents: Iterable[str]
) -> AsyncGenerator[None]:
    """Figures and traces go where the settings say, until the block ends. `documents`: the names of our own.

    Raises `BadSetting`.
    """
    endpoint = catch.settings.otlp_endpoint
    if endpoint is None:
        yield
        return
    if find_spec("opentelemetry") is None:
        raise BadSetting("CATCH_OTLP_ENDPOINT: OpenTelemetry is not installed: install catch-meetings[telemetry]")
    # Here, since no other server is to need it.
    from catch.telemetry.exporting import Words, exported

    words = Words(frozenset(kind.__name__ for kind in COMMANDS), frozenset(documents))
    watch = Watch(catch, feed, live)
    watching = asyncio.create_task(watch.run())
    try:
        with exported(endpoint, lambda: watch.now, words):
            yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])
