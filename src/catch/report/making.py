"""The figures of a quarter, worked out for a report."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from msgspec.structs import replace

from catch.app import Catch
from catch.domain.calendar import LONDON, add_months, end_of_day, london_day
from catch.domain.programme import ProgrammeHistory
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import NotAnswered, UnknownProgramme
from catch.domain.streams import PROGRAMME, programme_stream
from catch.figures.gathering import Known
from catch.figures.making import Found, Wanted, lacking, made
from catch.history.past import Moment
from catch.metrics import CATALOGUE
from catch.metrics.care import careful, groups_told
from catch.metrics.definition import Cut, Metric, MetricBasis
from catch.metrics.reckoning import Month
from catch.report.content import Report
from catch.report.impact import About, ReportAudience, Told, impact
from catch.statistics.publishing import rounded
from catch.statistics.small_numbers import Period

MONTHS = 24
"""Months that a chart goes back."""


class QuarterNotOver(NotAnswered):
    """A report is of a quarter that is over. Choose an earlier one."""


class NotRecordedYet(NotAnswered):
    """Nothing has been recorded at this position yet. Choose a position up to the head of the log."""


def quarter_of(year: int, number: int) -> Period:
    """The calendar quarter, `number` from 1 to 4."""
    first = date(year, number * 3 - 2, 1)
    return Period(first, add_months(first, 3) - timedelta(days=1))


async def impact_report(
    catch: Catch, programme: str, period: Period, audience: ReportAudience, position: int | None = None
) -> Report:
    """The impact report of a quarter, from what was recorded up to a position; the same one gives the same report.

    Raises `UnknownProgramme`, `QuarterNotOver`, `NotRecordedYet`.
    """
    if period.last >= london_day(catch.log.clock.now()):
        raise QuarterNotOver(last=period.last.isoformat())
    head = await catch.log.head()
    if position is not None and not 0 <= position <= head:
        raise NotRecordedYet(head=head)
    await catch.reached(head)
    history: ProgrammeHistory | None = (await catch.present.states.get(PROGRAMME, programme_stream(programme))).state
    if history is None:
        raise UnknownProgramme(programme=programme)
    known = Known(head, None) if position is None else Known(position, Moment(position=position))
    cut_off = end_of_day(period.last)
    cut = Cut(cut_off, {held.version: held for held in history.versions})
    able = [metric for metric in CATALOGUE if lacking(metric, history.current) is None]

    after = period.last + timedelta(days=1)
    year, back = add_months(after, -12), add_months(after, -MONTHS)
    now = [
        Wanted(metric, first, period.last, tuple(_quarters(first, period.last)), grouped=True)
        for metric in able
        for first in (year if metric.basis is MetricBasis.COHORT else period.first,)
    ]
    then = [Wanted(metric, back, period.last, (), grouped=False) for metric in able]
    made_of = await made(catch, programme, known, cut, [*now, *then])
    codes = [metric.code for metric in able]
    found = dict(zip(codes, made_of[: len(now)], strict=True))
    months = {code: each.figure.months for code, each in zip(codes, made_of[len(now) :], strict=True)}
    return impact(
        About(
            programme=programme,
            name=history.current.name,
            period=period,
            audience=audience,
            cut_off=f"{cut_off.astimezone(LONDON):%d %B %Y}",
            position=known.position,
            versions=sorted({pin for each in found.values() for pin in each.pins}),
            invented=await catch.log.mark.invented(),
        ),
        [_told(metric, history.current, found, months, audience) for metric in CATALOGUE],
    )


def _quarters(first: date, last: date) -> Iterator[Period]:
    while first <= last:
        following = add_months(first, 3)
        yield Period(first, following - timedelta(days=1))
        first = following


def _told(
    metric: Metric,
    programme: Programme,
    found: Mapping[str, Found],
    back: Mapping[str, Sequence[Month]],
    audience: ReportAudience,
) -> Told:
    why = lacking(metric, programme)
    if why is not None:
        return Told(metric, None, why, (), ())
    figure, months = found[metric.code].figure, back[metric.code]
    if audience is ReportAudience.INTERNAL:
        return Told(metric, figure.whole, None, months, figure.groups)
    return Told(
        metric,
        careful(figure, metric.smallest),
        None,
        _published(months, metric.smallest),
        groups_told(figure, metric.smallest),
    )


def _published(months: Sequence[Month], smallest: int) -> Sequence[Month]:
    """None at all where one of them is of few: it would be what is missing."""
    behind = [number for month in months for number in (month.count, month.of) if number is not None]
    if min(behind, default=0) < smallest:
        return ()
    return [_rounded(month) for month in months]


def _rounded(month: Month) -> Month:
    count = None if month.count is None else rounded(month.count)
    of = None if month.of is None else rounded(month.of)
    if count is None:
        return replace(month, of=of)
    return replace(month, value=min(1.0, count / of) if of else float(count), count=count, of=of)
