"""Cases that were opened in an emergency: what is open, what waits to be looked into, and what was found."""

import strawberry

from catch.access.listing import GlassTold, told_of_glasses, watches_glass
from catch.api.common.context import Info, NotForYourRole
from catch.api.common.cursors import page_size, placed_cursor, placed_in
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo
from catch.api.emergency import types, view
from catch.api.engine.costs import weighs
from projections import break_glass as rows

ORDER = "break-glass"
"""The order that their cursors name."""


@strawberry.type
class EmergencyQueries:
    @strawberry.field(
        description="Cases that were opened in an emergency, the latest first: the viewer's own; for the Caldicott"
        " contact of a programme, all of it; for auditors, those of the cases that they audit.",
        metadata=weighs(10, each=5),
    )
    async def break_glass(
        self, info: Info, first: int = 50, after: str | None = None, at_least: Position | None = None
    ) -> types.BreakGlassConnection:
        context, wanted, place = info.context, page_size(first), placed_in(after, ORDER, int)
        who, reading, db = context.who, context.reading, context.catch.log.pool
        if not watches_glass(who):
            raise NotForYourRole
        await context.reached(at_least)
        reading.facts.rests.rows = True
        before, more = place[0] if place else None, True
        found: list[tuple[rows.Row, GlassTold]] = []
        while more and len(found) <= wanted:
            some = await rows.page(db, who.agency, who.user, told_of_glasses(who), before, wanted + 1)
            found += [(row, to) for row in some if (to := await view.told(reading, row))]
            more = len(some) > wanted
            before = some[-1].opened_at if some else before
        edges = [
            types.BreakGlassEdge(
                cursor=placed_cursor(ORDER, row.opened_at, row.id), node=await view.shown(reading, row, to)
            )
            for row, to in found[:wanted]
        ]
        return types.BreakGlassConnection(edges=edges, page_info=PageInfo.of(len(found), wanted, edges))
