"""How long from referral to outcome."""

from datetime import date
from typing import Annotated

import strawberry

from catch.access.listing import sees_figures
from catch.api.common import types as common_types
from catch.api.common.context import Info, NotForYourRole
from catch.api.engine.costs import weighs
from catch.api.figures import types as figures_types
from catch.api.figures.view import Asked, time_to_outcome


@strawberry.type
class FigureQueries:
    @strawberry.field(
        description="How long from referral to outcome, for episodes that started from the one day to the other, both"
        " included. Auditors choose any days, and any moment to look back from. For everybody else `from` and `to` are"
        " the first and the last day of one calendar quarter or of one financial year (1 April to 31 March) that is"
        " over, the answer is that of now, and is withheld where fewer than 5 episodes started in it: see `withheld`.",
        metadata=weighs(100, past=400),
    )
    async def time_to_outcome(
        self,
        info: Info,
        programme: str,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        to: date | None = None,
        as_at: common_types.AsAt | None = None,
    ) -> figures_types.TimeToOutcome:
        context = info.context
        if not sees_figures(context.who, programme):
            raise NotForYourRole
        await context.reading.facts.programme(programme)
        return await time_to_outcome(context, Asked(programme, from_, to, as_at))
