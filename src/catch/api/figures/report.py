"""The quarterly impact report: for whoever sees every case of the programme, who decides what of it is published."""

from catch.access.finding import sees_every_case
from catch.api.common.context import Context, NotForYourRole
from catch.api.figures import report_types as types
from catch.domain.refusals import NotAnswered
from catch.report.content import Report, Table, written
from catch.report.impact import ReportAudience
from catch.report.making import impact_report, quarter_of


class NoSuchQuarter(NotAnswered):
    """A quarter is a year and a number from 1 to 4. Ask for one that is over."""


YEARS = range(1900, 2200)


async def reported(
    context: Context, programme: str, year: int, quarter: int, audience: ReportAudience, position: int | None
) -> Report:
    """Raises `NotForYourRole`, `NoSuchQuarter`, and what `impact_report` does."""
    if not sees_every_case(context.who, programme):
        raise NotForYourRole
    if year not in YEARS or quarter not in range(1, 5):
        raise NoSuchQuarter(year=year, quarter=quarter)
    catch = context.catch
    context.reading.facts.rests.rows = True
    await context.reading.facts.programme(programme)
    period, known = quarter_of(year, quarter), await catch.log.head() if position is None else position
    # Of the head: as the rows have it, and not folded from the log.
    key = ("report", programme, period, audience, position is None, known)
    return await catch.present.works.get(key, lambda: impact_report(catch, programme, period, audience, position))


def as_type(report: Report) -> types.ImpactReport:
    return types.ImpactReport(
        title=report.title,
        subtitle=report.subtitle,
        about=[types.ReportAbout(what=what, said=said) for what, said in report.about],
        sections=[
            types.ReportSection(
                title=section.title,
                said=[*section.said],
                tables=[_table(part if isinstance(part, Table) else part.table()) for part in section.parts],
            )
            for section in report.sections
        ],
    )


def _table(table: Table) -> types.ReportTable:
    kinds = [column.kind for column in table.columns]
    return types.ReportTable(
        title=table.title,
        columns=[column.title for column in table.columns],
        rows=[[written(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in table.rows],
        note=table.note,
    )
