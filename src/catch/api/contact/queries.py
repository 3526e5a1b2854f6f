"""What has come to the front doors that the viewer keeps, and how much of it was resolved at once."""

from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from catch.access.finding import sees_every_case
from catch.access.listing import sees_figures
from catch.api.common import types as common_types
from catch.api.common.context import Context, Info, NotForYourRole
from catch.api.common.cursors import page_size, placed_cursor, placed_in
from catch.api.common.scalars import Position
from catch.api.contact import types
from catch.api.contact.view import Shown
from catch.api.engine.costs import weighs
from catch.api.figures.view import Asked, the_period
from catch.domain.calendar import end_of_day, london_day
from catch.domain.contact import UnknownContact
from catch.statistics.small_numbers import SMALLEST, Period, quarter_before, too_few
from projections import contacts as rows

ORDER = "contacts"
"""The order that its cursors name."""


def doors(context: Context, programme: str | None = None) -> list[str]:
    """The programmes whose front door the viewer keeps, or that one of them. Raises `NotForYourRole`."""
    kept = context.who.doors
    if not kept or (programme is not None and programme not in kept):
        raise NotForYourRole
    return sorted(kept) if programme is None else [programme]


async def shown_one(context: Context, contact: UUID) -> tuple[Shown, rows.Row] | None:
    row, shown = await rows.one(context.catch.log.pool, contact), Shown(context.reading)
    return (shown, row) if row and await shown.seen([row]) else None


def singles_out(figures: rows.FirstContact) -> bool:
    """Whether a few account for one of the figures, or for the difference of two."""
    groups = (
        figures.resolved,
        figures.contacts - figures.resolved,
        figures.contacts - figures.followed,
        figures.lasting,
        figures.followed - figures.lasting,
        figures.administrative,
    )
    return any(0 < each < SMALLEST for each in groups)


async def first_contact(context: Context, programme: str, from_: date, to: date) -> types.FirstContact:
    """For who sees every case as they ask; for everybody else in fixed periods that are over, and as they stood when
    the last quarter ended.
    """
    catch = context.catch
    quarter = quarter_before(london_day(context.reading.facts.at))
    freely = sees_every_case(context.who, programme)
    period = Period(from_, to) if freely else the_period(Asked(programme, from_, to, None), quarter)
    head = await catch.log.head()
    await catch.reached(head)
    held = await rows.of_programme(catch.log.pool, programme)
    cut_off = context.reading.facts.at if freely else end_of_day(quarter.last)
    figures = rows.first_contact(held, period.first, period.last, cut_off)
    # By its quarters, too: what a year says is theirs together.
    of_parts = [rows.first_contact(held, each.first, each.last, cut_off) for each in period.quarters]
    small = not freely and (
        too_few([each.contacts for each in of_parts]) or any(map(singles_out, (figures, *of_parts)))
    )
    return types.FirstContact(
        withheld=types.FiguresWithheld.TOO_FEW if small else None,
        from_=period.first,
        to=period.last,
        contacts=None if small else figures.contacts,
        resolved=None if small else figures.resolved,
        followed=None if small else figures.followed,
        lasting=None if small else figures.lasting,
        administrative=None if small else figures.administrative,
        cut_off=Position(head),
    )


@strawberry.type
class ContactQueries:
    @strawberry.field(
        description="Contacts at the front doors that the viewer keeps: what waits first, of that what nobody has"
        " looked at, then the most pressing; then what is settled, the latest first.",
        metadata=weighs(10, each=2),
    )
    async def contacts(
        self,
        info: Info,
        filter: types.ContactFilter | None = None,  # noqa: A002
        first: int = 50,
        after: str | None = None,
        at_least: Position | None = None,
    ) -> types.ContactConnection:
        context, wanted = info.context, page_size(first)
        asked = filter or types.ContactFilter()
        place, under = placed_in(after, ORDER, int), doors(context, asked.programme)
        await context.reached(at_least)
        context.reading.facts.rests.rows = True
        shown, found, more = Shown(context.reading), list[rows.Row](), True
        while more and len(found) <= wanted:
            some = await rows.page(context.catch.log.pool, under, asked.states, place, wanted + 1)
            found += await shown.seen(some)
            more = len(some) > wanted
            place = (some[-1].place, some[-1].contact_id) if some else place
        edges = [
            types.ContactEdge(cursor=placed_cursor(ORDER, row.place, row.contact_id), node=node)
            for row, node in zip(found[:wanted], await shown.contacts(found[:wanted]), strict=True)
        ]
        return types.ContactConnection(edges=edges, page_info=common_types.PageInfo.of(len(found), wanted, edges))

    @strawberry.field(
        description="One contact; null where it came to no front door that the viewer keeps.", metadata=weighs(5)
    )
    async def contact(
        self,
        info: Info,
        id: UUID,  # noqa: A002
        at_least: Position | None = None,
    ) -> types.Contact | None:
        context = info.context
        await context.reached(at_least)
        context.reading.facts.rests.rows = True
        found = await shown_one(context, id)
        return (await found[0].contacts([found[1]]))[0] if found else None

    @strawberry.field(
        description="Earlier contacts to the same programme that may be about the same: of the same person, or of"
        " somebody with two identifiers or the NHS number in common, within the days that the programme says. The"
        " latest first.",
        metadata=weighs(50),
    )
    async def earlier_contacts(
        self, info: Info, contact_id: UUID, at_least: Position | None = None
    ) -> list[types.Contact]:
        context = info.context
        await context.reached(at_least)
        context.reading.facts.rests.rows = True
        found = await shown_one(context, contact_id)
        if found is None:
            raise UnknownContact(contact=contact_id)
        shown, row = found
        programme = await context.reading.facts.programme(row.programme, row.contact.received.programme_version)
        days = programme.contacts.repeat_within_days if programme.contacts else 0
        return await shown.contacts(await shown.seen(await rows.earlier(context.catch.log.pool, row, days)))

    @strawberry.field(
        description="How many contacts to the programme, received from the one day to the other, both included, were"
        " resolved at first contact, and how many of those lastingly. Who sees every case chooses any days; for"
        " everybody else `from` and `to` are those of one calendar quarter or financial year that is over.",
        metadata=weighs(100),
    )
    async def first_contact(
        self,
        info: Info,
        programme: str,
        from_: Annotated[date, strawberry.argument(name="from")],
        to: date,
    ) -> types.FirstContact:
        context = info.context
        if not sees_figures(context.who, programme):
            raise NotForYourRole
        context.reading.facts.rests.rows = True
        await context.reading.facts.programme(programme)
        return await first_contact(context, programme, from_, to)
