"""One case, lists of cases, and who else a person may be."""

from uuid import UUID

import strawberry

from catch.access import was_there
from catch.api.case import types as case_types
from catch.api.case.listing import SORTED, cases_by_reference, found_cases, sorted_cases
from catch.api.case.matches import matches as found_matches
from catch.api.case.people import by_name, by_number, cases_of_people
from catch.api.case.reading import NO_CASE, Reading, shows
from catch.api.case.view import notes_page
from catch.api.common import types as common_types
from catch.api.common.context import Context, Info
from catch.api.common.cursors import instant_in, page_size
from catch.api.common.facts import Past, folded
from catch.api.common.scalars import Position
from catch.api.engine.costs import weighs
from catch.domain.refusals import UnknownCase
from catch.domain.streams import CASE
from projections import case_summary


async def there_is(context: Context, case: UUID) -> bool:
    """Whether the id names a case, whoever may see it: ids that name nothing must not push out what is at hand."""
    await context.reading.facts.rights.proven()
    if context.catch.present.states.at_hand(case) is not None:
        return True
    if await case_summary.one(context.catch.log.pool, case) is not None:
        return True
    context.reading.facts.rests.rows = True
    return False


@strawberry.type
class CaseQueries:
    @strawberry.field(
        description="A case, now or as it was; null where, for the viewer, there is none.", metadata=weighs(5, past=100)
    )
    async def case(
        self,
        info: Info,
        id: UUID,  # noqa: A002
        as_at: common_types.AsAt | None = None,
        at_least: Position | None = None,
    ) -> case_types.Case | None:
        context = info.context
        await context.reached(at_least)
        if as_at is None:
            context.reading.facts.rests.name(id)
            context.reading.facts.expect([id])
            looking = await context.looking()
            return await looking.case_by_id(id) if await there_is(context, id) else None
        # What the viewer may see of the past is decided by the rights they have now.
        looking = await context.looking()
        seen = await looking.sight(id)
        past = Past(context.catch, as_at)
        # Who may not see it reads no history: neither its length nor the time it takes.
        recorded = await past.history(id) if shows(seen) else []
        held = folded(CASE, recorded)
        if not shows(seen) or held.state is None or not was_there(seen, held.state):
            return None
        reading = Reading(context.reading.facts, looking.viewer, past)
        return await reading.case(
            held.state, seen, held.version, held.position, past.moment or recorded[-1].recorded_at
        )

    @strawberry.field(
        description="Cases that the viewer may see; without an order, oldest referral first. `filter` looks at what is"
        " shown, the number too.",
        metadata=weighs(10, each=2),
    )
    async def cases(
        self,
        info: Info,
        filter: case_types.CaseFilter | None = None,  # noqa: A002
        order: case_types.CaseOrder = case_types.CaseOrder.OLDEST_FIRST,
        first: int = 50,
        after: str | None = None,
        at_least: Position | None = None,
    ) -> case_types.CaseConnection:
        await info.context.reached(at_least)
        asked = filter or case_types.CaseFilter()
        wanted = page_size(first)
        if order in SORTED:
            return await sorted_cases(info.context, asked, order, wanted, after)
        return await found_cases(info.context, asked, order, wanted, instant_in(after))

    @strawberry.field(
        description="The notes of a case that the viewer may read, the latest first.", metadata=weighs(10, each=1)
    )
    async def notes(
        self, info: Info, case_id: UUID, first: int = 50, after: str | None = None
    ) -> case_types.NoteConnection:
        context, wanted, place = info.context, page_size(first), instant_in(after)
        context.reading.facts.rests.name(case_id)
        looking = await context.looking()
        there = await there_is(context, case_id) and await looking.known(case_id) is not None
        held, seen = await looking.opened(case_id) if there else NO_CASE
        if held.state is None or not shows(seen):
            raise UnknownCase(case=case_id)
        return notes_page(await looking.whole(held.state, seen, held.version, held.position), place, wanted)

    @strawberry.field(
        description="Cases with a referral that its sender calls by this reference, however written; none where the"
        " viewer is not shown it.",
        metadata=weighs(50),
    )
    async def cases_by_reference(
        self, info: Info, reference: str, at_least: Position | None = None
    ) -> list[case_types.Case]:
        await info.context.reached(at_least)
        return await cases_by_reference(info.context, reference)

    @strawberry.field(
        description="Cases of whoever has this NHS number, of those in which the viewer is shown it; none where, for"
        " them, there is no such case.",
        metadata=weighs(50),
    )
    async def cases_by_number(
        self, info: Info, nhs_number: str, at_least: Position | None = None
    ) -> list[case_types.Case]:
        await info.context.reached(at_least)
        return await cases_of_people(info.context, by_number(info.context, nhs_number))

    @strawberry.field(
        description="Cases of whoever has this name and day of birth (`YYYY-MM-DD`), of those in which the viewer is"
        " shown both. Nobody is found by a name alone: nothing is kept by which they could be.",
        metadata=weighs(50),
    )
    async def cases_by_name(
        self, info: Info, name: str, date_of_birth: str, at_least: Position | None = None
    ) -> list[case_types.Case]:
        await info.context.reached(at_least)
        return await cases_of_people(info.context, by_name(info.context, name, date_of_birth))

    @strawberry.field(
        description="Who else the person of a case may be: what `lookForMatches` found for the viewer within the last"
        " hour. Null where they have not looked, and where, for them, there is no such case.",
        metadata=weighs(50),
    )
    async def matches(self, info: Info, case_id: UUID, at_least: Position | None = None) -> case_types.Matches | None:
        context = info.context
        await context.reached(at_least)
        context.reading.facts.rests.name(case_id)
        held = await context.reading.known(case_id) if await there_is(context, case_id) else None
        return await found_matches(context.reading, held) if held else None
