"""Figures: how long from referral to outcome, and every metric of the catalogue."""

from datetime import date
from typing import Annotated

import strawberry

from catch.access.listing import oversees, sees_figures
from catch.api.common import types as common_types
from catch.api.common.context import Context, Info, NotForYourRole
from catch.api.common.cursors import instant_in, page_size
from catch.api.common.scalars import Position
from catch.api.engine.costs import weighs
from catch.api.figures import metric_types, report_types
from catch.api.figures import types as figures_types
from catch.api.figures.evidence import Only, evidence
from catch.api.figures.metrics import catalogue, definition, metric_of, metrics
from catch.api.figures.report import as_type, reported
from catch.api.figures.view import Asked, time_to_outcome
from catch.metrics import CATALOGUE
from catch.report.impact import ReportAudience


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

    @strawberry.field(
        description="Every metric of the catalogue, of one programme. Auditors of all its cases choose any days, and"
        " any moment to look back from. For everybody else `from` and `to` are the first and the last day of one"
        " calendar quarter or of one financial year (1 April to 31 March) that is over, as things stood when the last"
        " quarter was, and no small group is told. With `groups` each is broken down as its definition says.",
        metadata=weighs(400, past=500),
    )
    async def metrics(
        self,
        info: Info,
        programme: str,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        to: date | None = None,
        as_at: common_types.AsAt | None = None,
        groups: bool = False,
    ) -> list[metric_types.Metric]:
        asked = await asked_of(info.context, programme, from_, to, as_at)
        return await metrics(info.context, CATALOGUE, asked, grouped=groups)

    @strawberry.field(
        description="One metric of one programme, as `metrics`; with `groups` broken down as its definition says.",
        metadata=weighs(100, past=400),
    )
    async def metric(
        self,
        info: Info,
        code: str,
        programme: str,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        to: date | None = None,
        as_at: common_types.AsAt | None = None,
        groups: bool = False,
    ) -> metric_types.Metric:
        asked = await asked_of(info.context, programme, from_, to, as_at)
        return (await metrics(info.context, [metric_of(code)], asked, grouped=groups))[0]

    @strawberry.field(
        description="The cases, meetings and contacts behind a metric, each with what it adds, of those that the viewer"
        " is shown anyhow; in the order of their receipt, or of their start. `answer`: only what falls into this group;"
        " `group`: only what is of this agency, series or locality; `days`: only what took so many days.",
        metadata=weighs(50, each=5, past=400),
    )
    async def metric_evidence(
        self,
        info: Info,
        code: str,
        programme: str,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        to: date | None = None,
        as_at: common_types.AsAt | None = None,
        answer: str | None = None,
        group: str | None = None,
        days: int | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> metric_types.MetricEvidenceConnection:
        context, wanted, place = info.context, page_size(first), instant_in(after)
        if not oversees(context.who):
            raise NotForYourRole
        asked = await asked_of(context, programme, from_, to, as_at)
        only = Only(answer, group, days)
        return await evidence(context, metric_of(code), asked, only, wanted, place)

    @strawberry.field(
        description="The impact report of a calendar quarter that is over, from what was recorded up to `position`, or"
        " so far. For auditors of all cases of the programme, who decide what of it is published.",
        metadata=weighs(500),
    )
    async def report(
        self,
        info: Info,
        programme: str,
        year: int,
        quarter: int,
        audience: ReportAudience = ReportAudience.PUBLISHED,
        position: Position | None = None,
    ) -> report_types.ImpactReport:
        return as_type(await reported(info.context, programme, year, quarter, audience, position))

    @strawberry.field(description="What every metric is.", metadata=weighs(10))
    async def metric_definitions(self) -> list[metric_types.MetricDefinition]:
        return catalogue()

    @strawberry.field(description="What one metric is.", metadata=weighs(1))
    async def metric_definition(self, code: str) -> metric_types.MetricDefinition:
        return definition(metric_of(code))


async def asked_of(
    context: Context, programme: str, from_: date | None, to: date | None, as_at: common_types.AsAt | None
) -> Asked:
    if not sees_figures(context.who, programme):
        raise NotForYourRole
    context.reading.facts.rests.rows = True
    await context.reading.facts.programme(programme)
    return Asked(programme, from_, to, as_at)
