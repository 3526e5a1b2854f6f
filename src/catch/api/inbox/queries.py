"""What waits for the viewer's agency."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import strawberry

from catch.access import has_inbox, works
from catch.access.listing import inboxes
from catch.api.case.reading import Reading
from catch.api.common import types as common_types
from catch.api.common.context import Info, NotForYourRole
from catch.api.common.cursors import MOST, cursor, day_in, page_size
from catch.api.common.scalars import Position
from catch.api.common.types import Unreadable
from catch.api.engine.costs import weighs
from catch.api.inbox import types as inbox_types
from catch.api.inbox.view import inbox_entries, opened
from projections import agency_inbox

Place = agency_inbox.Cursor
Rows = Callable[[Place | None], Awaitable[list[agency_inbox.Row]]]


async def entries(
    reading: Reading, rows: Rows, wanted: int, place: Place | None, *, own: bool
) -> inbox_types.InboxConnection:
    """A page of those that are there for the viewer. `rows` reads `MOST` behind a place, and one more."""
    found, more = list[agency_inbox.Row](), True
    unreadable: dict[UUID, Unreadable] = {}
    while more and len(found) <= wanted:
        # So many whatever is asked for: how often one has to look again would tell how much is closed.
        some = await rows(place)
        waiting = await opened(reading, some, own=own)
        found += waiting.rows
        unreadable |= {each.id: each for each in waiting.unreadable}
        more = len(some) > MOST
        place = agency_inbox.cursor(some[-1]) if some else None
    edges = [
        inbox_types.InboxEdge(cursor=cursor(*agency_inbox.cursor(row)), node=node)
        for row, node in zip(found[:wanted], await inbox_entries(reading, found[:wanted]), strict=True)
    ]
    page = common_types.PageInfo.of(len(found), wanted, edges)
    return inbox_types.InboxConnection(edges=edges, page_info=page, unreadable=[*unreadable.values()])


@strawberry.type
class InboxQueries:
    @strawberry.field(
        description="What waits for the viewer's agency: actions, meetings it is invited to, cases of theirs that"
        " somebody opened in an emergency, and, for two weeks, those of which a clock has passed its deadline; for"
        " Caldicott contacts, what they are to look into.",
        metadata=weighs(10, each=2),
    )
    async def agency_inbox(
        self, info: Info, first: int = 50, after: str | None = None, at_least: Position | None = None
    ) -> inbox_types.InboxConnection:
        await info.context.reached(at_least)
        wanted = page_size(first)
        whose = inboxes(info.context.who)
        if not has_inbox(info.context.who):
            raise NotForYourRole
        user, pool = info.context.who.user, info.context.catch.log.pool

        async def rows(place: Place | None) -> list[agency_inbox.Row]:
            # One as a rule. As many of each as are wanted of all.
            found = [row for each in whose for row in await agency_inbox.of_agency(pool, each, place, MOST + 1, user)]
            return sorted(found, key=agency_inbox.cursor)[: MOST + 1]

        return await entries(info.context.reading, rows, wanted, day_in(after), own=True)

    @strawberry.field(
        description="The actions of one of an agency's people that have not ended, as far as the viewer may read them:"
        " what has to be handed over when they leave.",
        metadata=weighs(10, each=2),
    )
    async def owned_actions(
        self,
        info: Info,
        agency: str,
        user: str,
        first: int = 50,
        after: str | None = None,
        at_least: Position | None = None,
    ) -> inbox_types.InboxConnection:
        wanted = page_size(first)
        if not works(info.context.who):
            raise NotForYourRole
        await info.context.reached(at_least)
        pool = info.context.catch.log.pool

        async def rows(place: Place | None) -> list[agency_inbox.Row]:
            return await agency_inbox.owned(pool, agency, user, place, MOST + 1)

        return await entries(info.context.reading, rows, wanted, day_in(after), own=agency == info.context.who.agency)
