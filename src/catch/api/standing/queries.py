"""The queries about who may do what: the viewer's own standing, and lists for those who look after others'.

Who is shown which list, and what of it, is said in `catch.access.listing`. Whoever a list is not for is told so before
anything is read; an agency that does not exist and one that is not theirs to list are answered alike.
"""

from datetime import timedelta
from uuid import UUID

import strawberry

from catch.access.listing import (
    administers_members,
    agencies,
    appointments,
    cares_as,
    lists_agency,
    lists_members,
    members,
)
from catch.api.case.reading import shows
from catch.api.common.context import Context, Info, NotForYourRole
from catch.api.common.cursors import cursor, day_in, key_cursor, key_in, page_size
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo
from catch.api.engine.costs import weighs
from catch.api.standing import types
from catch.api.standing import view as views
from catch.api.standing.after import looking_after
from catch.commands.offered import offered
from catch.domain.access_grant import Glass
from catch.domain.calendar import london_day
from catch.domain.refusals import OutOfRange, UnknownPartner
from catch.domain.streams import partner_stream
from catch.personal.looks import passed_over
from projections import agencies as agency_rows
from projections import givings
from projections import members as member_rows

FARTHEST = 400
"""Days ahead that a review of what lapses looks."""

# What is read of each list to know that there is more.
_ONE_MORE = 1


async def opened_by(context: Context) -> list[Glass]:
    """What the viewer has open and is shown: who is kept out of a case meanwhile is told no more of it here either."""
    grants = await context.reading.facts.grants(context.who.agency)
    held = [*grants.open_to(context.who.user, context.reading.facts.at)] if grants else []
    if not held:
        return []
    looking, cases = await context.looking(), [each.opened.case for each in held]
    shown = [each for each in held if shows(await looking.sees(each.opened.case))]
    # That they may look is no look.
    passed_over(cases)
    return shown


@strawberry.type
class StandingQueries:
    @strawberry.field(description="Who asks, what they may do, and why.", metadata=weighs(1))
    async def viewer(self, info: Info, at_least: Position | None = None) -> types.Viewer:
        await info.context.reached(at_least)
        who, facts = info.context.who, info.context.reading.facts
        facts.rests.name(partner_stream(who.agency))
        return views.viewer(who, await facts.partner(who.agency), facts.at, await opened_by(info.context))

    @strawberry.field(
        description="The mutations that the viewer may ask for about this case, its person, this meeting, this item of"
        " it, or this contact, in their order; none where, for them, there is no such thing. What is sent is judged"
        " anew.",
        metadata=weighs(20),
    )
    async def offered(
        self,
        info: Info,
        case_id: UUID | None = None,
        meeting_id: UUID | None = None,
        item_id: UUID | None = None,
        person_id: UUID | None = None,
        contact_id: UUID | None = None,
        at_least: Position | None = None,
    ) -> list[str]:
        context = info.context
        await context.reached(at_least)
        given = {"case": case_id, "meeting": meeting_id, "item": item_id, "person": person_id}
        given |= {"contact": contact_id}
        about = {name: id_ for name, id_ in given.items() if id_ is not None}
        facts = context.reading.facts
        # What is offered follows from seats and rights, which every fact may change.
        facts.rests.rows = True
        await facts.rights.proven()
        found = await offered(context.who, about, context.catch.records, facts.at)
        return [views.mutation(kind) for kind in found]

    @strawberry.field(
        description="Agencies by key: one's own, or those that one looks after.", metadata=weighs(10, each=1)
    )
    async def agencies(self, info: Info, first: int = 50, after: str | None = None) -> types.AgencyConnection:
        who, wanted = info.context.who, page_size(first)
        db, reach = info.context.catch.log.pool, agencies(who)
        rows = await agency_rows.page(db, reach, key_in(after), wanted + _ONE_MORE)
        total = await agency_rows.count(db, reach)
        edges = [types.AgencyEdge(cursor=key_cursor(row.agency), node=views.agency(who, row)) for row in rows[:wanted]]
        return types.AgencyConnection(edges=edges, page_info=PageInfo.of(len(rows), wanted, edges), total_count=total)

    @strawberry.field(
        description="One agency, and one who acts for it, with what the viewer may do about them; null where, for the"
        " viewer, there is no such agency.",
        metadata=weighs(30),
    )
    async def looked_after(
        self, info: Info, agency: str, user: str | None = None, at_least: Position | None = None
    ) -> types.LookedAfter | None:
        context = info.context
        await context.reached(at_least)
        row = await agency_rows.one(context.catch.log.pool, agency)
        if row is None or not lists_agency(context.who, row.agency, row.programmes):
            return None
        return await looking_after(context, row, user)

    @strawberry.field(
        description="The programmes that take no referrals at present, of those that run here.", metadata=weighs(5)
    )
    async def suspended_programmes(self, info: Info, at_least: Position | None = None) -> list[str]:
        await info.context.reached(at_least)
        facts = info.context.reading.facts
        return [key for key in await info.context.catch.programme_keys() if not (await facts.history(key)).active]

    @strawberry.field(
        description="Those who act for an agency, by user id, for those who look after them.",
        metadata=weighs(10, each=1),
    )
    async def members(
        self, info: Info, agency: str, first: int = 50, after: str | None = None
    ) -> types.MemberConnection:
        context, wanted, place = info.context, page_size(first), key_in(after)
        if not lists_members(context.who):
            raise NotForYourRole
        row = await agency_rows.one(context.catch.log.pool, agency)
        if row is None or not members(context.who, row.agency, row.programmes):
            raise UnknownPartner(partner=agency)
        rows = await member_rows.page(context.catch.log.pool, row.agency, place, wanted + _ONE_MORE)
        names = administers_members(context.who, row.agency)
        texts = await context.reading.facts.texts(partner_stream(row.agency)) if names else None
        edges = [
            types.MemberEdge(cursor=key_cursor(each.user_id), node=views.member(context.who, each, texts))
            for each in rows[:wanted]
        ]
        page = PageInfo.of(len(rows), wanted, edges)
        return types.MemberConnection(edges=edges, page_info=page, total_count=row.members)

    @strawberry.field(
        description="Who is appointed in a programme or at a series of it: who began first, first.",
        metadata=weighs(10, each=1),
    )
    async def appointments(
        self, info: Info, programme: str, series: str | None = None, first: int = 50, after: str | None = None
    ) -> types.AppointmentConnection:
        context, wanted, place = info.context, page_size(first), day_in(after)
        if not appointments(context.who, programme, series):
            raise NotForYourRole
        today = london_day(context.reading.facts.at)
        rows = await givings.appointments(context.catch.log.pool, programme, series, today, place, wanted + _ONE_MORE)
        edges = [
            types.AppointmentEdge(cursor=cursor(row.since, row.giving), node=node)
            for row in rows[:wanted]
            if (node := views.appointment(context.who, row, today))
        ]
        total = await givings.count_appointments(context.catch.log.pool, programme, series, today)
        page = PageInfo.of(len(rows), wanted, edges)
        return types.AppointmentConnection(edges=edges, page_info=page, total_count=total)

    @strawberry.field(
        description="What ends within so many days, of all that one looks after: what ends first, first.",
        metadata=weighs(10, each=1),
    )
    async def lapsing(
        self, info: Info, within: int = 90, first: int = 50, after: str | None = None
    ) -> types.LapseConnection:
        context, wanted, place = info.context, page_size(first), day_in(after)
        carers = cares_as(context.who)
        if not carers:
            raise NotForYourRole
        if not 0 <= within <= FARTHEST:
            raise OutOfRange(field="within", allowed=f"0 to {FARTHEST}")
        today, db = london_day(context.reading.facts.at), context.catch.log.pool
        last = today + timedelta(days=within)
        rows = await givings.lapsing(db, carers, today, last, place, wanted + _ONE_MORE)
        edges = [
            types.LapseEdge(cursor=cursor(row.ends_on, row.giving), node=views.lapse(row, row.ends_on))
            for row in rows[:wanted]
            if row.ends_on
        ]
        total = await givings.count_lapsing(db, carers, today, last)
        page = PageInfo.of(len(rows), wanted, edges)
        return types.LapseConnection(edges=edges, page_info=page, total_count=total)
