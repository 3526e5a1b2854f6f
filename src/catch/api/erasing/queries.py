"""Who waits to be erased, who was, and whom something keeps from it."""

import strawberry

from catch.access.listing import guards_people
from catch.api.common.context import Info, NotForYourRole
from catch.api.common.cursors import page_size, placed_cursor, placed_in
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo
from catch.api.engine.costs import weighs
from catch.api.erasing import types, view
from catch.commands.retention import NOBODY, due
from catch.domain.streams import PERSON
from projections import contacts
from projections import erasures as rows

ORDER, DUE = "erasures", "retention"
"""The orders that their cursors name."""


@strawberry.type
class ErasingQueries:
    @strawberry.field(
        description="The people of whom somebody asked that they be erased, or on whom a legal hold was placed: those"
        " all of whose programmes the viewer is the Caldicott contact of. Whatever changed last stands first.",
        metadata=weighs(10, each=5),
    )
    async def erasures(
        self, info: Info, first: int = 50, after: str | None = None, at_least: Position | None = None
    ) -> types.ErasureConnection:
        context, wanted, place = info.context, page_size(first), placed_in(after, ORDER, int)
        if not guards_people(context.who):
            raise NotForYourRole
        await context.reached(at_least)
        reading, db = context.reading, context.catch.log.pool
        reading.facts.rests.rows = True
        before, more = place[0] if place else None, True
        found: list[tuple[rows.Row, view.Known]] = []
        while more and len(found) <= wanted:
            some = await rows.page(db, before, wanted + 1)
            await context.catch.present.states.gather(PERSON, [row.person for row in some])
            known = [(row, await view.person_of(reading, row)) for row in some]
            reading.facts.expect(case for _, held in known for case, _ in held.person.cases)
            await reading.facts.gathered()
            found += [(row, held) for row, held in known if await view.theirs(reading, held.person)]
            more = len(some) > wanted
            before = some[-1].position if some else before
        called = await contacts.awaited(db, [row.person for row, _ in found[:wanted]])
        edges = [
            types.ErasureEdge(
                cursor=placed_cursor(ORDER, row.position, row.person),
                node=await view.shown(reading, held, called),
            )
            for row, held in found[:wanted]
        ]
        return types.ErasureConnection(edges=edges, page_info=PageInfo.of(len(found), wanted, edges))

    @strawberry.field(
        description="The people of whom everything has been kept as long as the programmes of all their cases say, and"
        " of whom nobody has asked for it yet: those whose Caldicott contact the viewer is. Some at a time, by"
        " person: a page may be short and others follow all the same.",
        metadata=weighs(100),
    )
    async def retention_due(
        self, info: Info, first: int = 50, after: str | None = None, at_least: Position | None = None
    ) -> types.RetentionConnection:
        context, wanted, place = info.context, page_size(first), placed_in(after, DUE, int)
        if not guards_people(context.who):
            raise NotForYourRole
        await context.reached(at_least)
        context.reading.facts.rests.rows = True
        looked = await due(context.catch, place[1] if place else NOBODY, wanted, context.reading.facts.at)
        edges = [
            types.RetentionEdge(cursor=placed_cursor(DUE, 0, each.person), node=view.kept(each))
            for each in looked.found
            if (person := await context.reading.facts.readable_person(each.person))
            and await view.theirs(context.reading, person)
        ]
        end = placed_cursor(DUE, 0, looked.last) if looked.last else None
        page = PageInfo(has_next_page=looked.more, end_cursor=end)
        return types.RetentionConnection(edges=edges, page_info=page)
