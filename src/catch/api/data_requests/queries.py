"""Who asked something of what is kept of them, and by when it has to be answered."""

from datetime import date

import strawberry

from catch.access.listing import guards_people
from catch.api.common.context import Info, NotForYourRole
from catch.api.common.cursors import page_size, placed_cursor, placed_in
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo
from catch.api.data_requests import types, view
from catch.api.engine.costs import weighs
from catch.domain.person import Person
from catch.domain.streams import PERSON
from projections import data_requests as rows

ORDER = "data-requests"


@strawberry.type
class DataRequestQueries:
    @strawberry.field(
        description="The people of whom somebody asked what is kept of them, or that it be restricted: those with a"
        " case in a programme that the viewer is the Caldicott contact of. What has to be answered next stands first,"
        " what is answered last.",
        metadata=weighs(10, each=5),
    )
    async def data_requests(
        self, info: Info, first: int = 50, after: str | None = None, at_least: Position | None = None
    ) -> types.DataRequestConnection:
        context, wanted, place = info.context, page_size(first), placed_in(after, ORDER, date)
        if not guards_people(context.who):
            raise NotForYourRole
        await context.reached(at_least)
        reading = context.reading
        reading.facts.rests.rows = True
        found: list[tuple[rows.Row, Person]] = []
        more = True
        while more and len(found) <= wanted:
            some = await rows.page(context.catch.log.pool, place, wanted + 1)
            await context.catch.present.states.gather(PERSON, [row.person for row in some])
            known = [(row, await view.person_of(reading, row)) for row in some]
            reading.facts.expect(case for _, person in known for case, _ in person.cases)
            await reading.facts.gathered()
            found += [(row, person) for row, person in known if await view.told(reading, person)]
            more = len(some) > wanted
            place = (some[-1].due, some[-1].person) if some else place
        edges = [
            types.DataRequestEdge(
                cursor=placed_cursor(ORDER, row.due, row.person), node=await view.shown(reading, person)
            )
            for row, person in found[:wanted]
        ]
        return types.DataRequestConnection(edges=edges, page_info=PageInfo.of(len(found), wanted, edges))
