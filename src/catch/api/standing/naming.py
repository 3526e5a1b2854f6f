"""Whom somebody may name in a command: the partners of a programme, and the people of one who work in it.

For those alone who have to name them (`catch.access.listing.names_partners`), and no more than is needed to pick one:
public names, and user ids. Who looks after agencies and members has lists of their own.
"""

from bisect import bisect_right

import strawberry

from catch.access.listing import names_partners
from catch.api.common.context import Context, Info, NotForYourRole
from catch.api.common.cursors import key_cursor, key_in, page_size
from catch.api.common.types import PageInfo
from catch.api.engine.costs import weighs
from catch.api.standing import types
from catch.api.standing import view as views
from catch.domain.calendar import london_day
from catch.domain.facts import Role
from catch.domain.refusals import UnknownPartner
from projections import agencies


def names(context: Context, programme: str) -> None:
    if not names_partners(context.who, programme):
        raise NotForYourRole


@strawberry.type
class NamingQueries:
    @strawberry.field(
        description="Those who have a part or an agreement in a programme, by key, for those who name them in commands:"
        " who coordinates its cases, and who chairs or prepares its meetings.",
        metadata=weighs(10, each=1),
    )
    async def partners(
        self, info: Info, programme: str, first: int = 50, after: str | None = None
    ) -> types.NamedPartnerConnection:
        context, wanted, place = info.context, page_size(first), key_in(after)
        names(context, programme)
        db, at = context.catch.log.pool, context.reading.facts.at
        rows = await agencies.page_of(db, programme, place, wanted + 1)
        edges = [
            types.NamedPartnerEdge(cursor=key_cursor(row.agency), node=views.named_partner(row, programme, at))
            for row in rows[:wanted]
        ]
        page, total = PageInfo.of(len(rows), wanted, edges), await agencies.count_of(db, programme)
        return types.NamedPartnerConnection(edges=edges, page_info=page, total_count=total)

    @strawberry.field(
        description="The people of one of these partners who work in the programme today, by user id, for the same"
        " viewers. Their names are for their agency's member administrator.",
        metadata=weighs(10, each=1),
    )
    async def partner_members(
        self, info: Info, programme: str, agency: str, first: int = 50, after: str | None = None
    ) -> types.NamedMemberConnection:
        context, wanted, place = info.context, page_size(first), key_in(after)
        names(context, programme)
        partner = await context.reading.facts.partner(agency)
        if partner is None or not partner.concerns(programme):
            raise UnknownPartner(partner=agency)
        people = partner.at_work(programme, london_day(context.reading.facts.at))
        users = [*people]
        rest = users[bisect_right(users, place) if place else 0 :]
        edges = [
            types.NamedMemberEdge(
                cursor=key_cursor(user),
                node=types.NamedMember(user=user, agency=agency, coordinates=Role.COORDINATOR in people[user]),
            )
            for user in rest[:wanted]
        ]
        page = PageInfo.of(len(rest), wanted, edges)
        return types.NamedMemberConnection(edges=edges, page_info=page, total_count=len(users))
