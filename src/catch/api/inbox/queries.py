"""What waits for the viewer's agency."""

from uuid import UUID

import strawberry

from catch.access import has_inbox
from catch.api.common import types as common_types
from catch.api.common.context import Info, NotForYourRole
from catch.api.common.cursors import MOST, cursor, day_in, page_size
from catch.api.common.types import Unreadable
from catch.api.engine.costs import weighs
from catch.api.inbox import types as inbox_types
from catch.api.inbox.view import inbox_entries, opened
from projections import agency_inbox


@strawberry.type
class InboxQueries:
    @strawberry.field(
        description="What waits for the viewer's agency: actions, and meetings it is invited to.",
        metadata=weighs(10, each=2),
    )
    async def agency_inbox(self, info: Info, first: int = 50, after: str | None = None) -> inbox_types.InboxConnection:
        wanted = page_size(first)
        agency = info.context.who.agency
        if not has_inbox(info.context.who):
            raise NotForYourRole
        user, pool, reading = info.context.who.user, info.context.catch.log.pool, info.context.reading
        place, found, more = day_in(after), list[agency_inbox.Row](), True
        unreadable: dict[UUID, Unreadable] = {}
        while more and len(found) <= wanted:
            # So many whatever is asked for: how often one has to look again would tell how much is closed.
            rows = await agency_inbox.of_agency(pool, agency, place, MOST + 1, user)
            waiting = await opened(reading, rows)
            found += waiting.rows
            unreadable |= {each.id: each for each in waiting.unreadable}
            more = len(rows) > MOST
            place = agency_inbox.cursor(rows[-1]) if rows else None
        edges = [
            inbox_types.InboxEdge(cursor=cursor(*agency_inbox.cursor(row)), node=node)
            for row, node in zip(found[:wanted], await inbox_entries(reading, found[:wanted]), strict=True)
        ]
        page = common_types.PageInfo.of(len(found), wanted, edges)
        return inbox_types.InboxConnection(edges=edges, page_info=page, unreadable=[*unreadable.values()])
