"""One case, lists of cases, and who else a person may be."""

from uuid import UUID

import strawberry

from catch.access import was_there
from catch.api.case import types as case_types
from catch.api.case.listing import found_cases
from catch.api.case.matches import matches as found_matches
from catch.api.case.reading import Reading, shows
from catch.api.common import types as common_types
from catch.api.common.context import Context, Info
from catch.api.common.cursors import instant_in, page_size
from catch.api.common.facts import Past, folded
from catch.api.common.scalars import Position
from catch.api.engine.costs import weighs
from catch.domain.streams import CASE
from catch.present.states import NOTHING, Held
from projections import case_summary


async def present_case(context: Context, case: UUID) -> Held:
    """The case as it stands, or nothing."""
    states = context.catch.present.states
    await context.reading.facts.rights.proven()
    if states.at_hand(case) is None and await case_summary.one(context.catch.log.pool, case) is None:
        context.reading.facts.rests.rows = True
        return NOTHING
    return await states.get(CASE, case)


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
            now = await present_case(context, id)
            context.reading.facts.expect([id])
            return await context.reading.case_by_id(id) if now.state is not None else None
        # What the viewer may see of the past is decided by the rights they have now.
        seen = await context.reading.sight(id)
        past = Past(context.catch, as_at)
        # Who may not see it reads no history: neither its length nor the time it takes.
        recorded = await past.history(id) if shows(seen) else []
        held = folded(CASE, recorded)
        if not shows(seen) or held.state is None or not was_there(seen, held.state):
            return None
        reading = Reading(context.reading.facts, context.who, past)
        return await reading.case(
            held.state, seen, held.version, held.position, past.moment or recorded[-1].recorded_at
        )

    @strawberry.field(description="Cases that the viewer may see, oldest referral first.", metadata=weighs(10, each=2))
    async def cases(
        self,
        info: Info,
        filter: case_types.CaseFilter | None = None,  # noqa: A002
        first: int = 50,
        after: str | None = None,
    ) -> case_types.CaseConnection:
        return await found_cases(info.context, filter or case_types.CaseFilter(), page_size(first), instant_in(after))

    @strawberry.field(
        description="Who else the person of a case may be: what `lookForMatches` found for the viewer within the last"
        " hour. Null where they have not looked, and where, for them, there is no such case.",
        metadata=weighs(50),
    )
    async def matches(self, info: Info, case_id: UUID, at_least: Position | None = None) -> case_types.Matches | None:
        context = info.context
        await context.reached(at_least)
        context.reading.facts.rests.name(case_id)
        held = (await present_case(context, case_id)).state
        return await found_matches(context.reading, held) if held else None
