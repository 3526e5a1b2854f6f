"""Metrics as they are asked for, kept for all who ask for the same.

Whoever sees every case asks as they like. Everybody else is told of fixed periods, as they stood when the last quarter
was over, and of no small group.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from catch.access.finding import sees_every_case
from catch.access.listing import sees_metric
from catch.api.common.context import Context
from catch.api.common.scalars import Position
from catch.api.figures import metric_types as types
from catch.api.figures import types as figures_types
from catch.api.figures.view import Asked, curve_point, the_period
from catch.app import Catch
from catch.domain.calendar import end_of_day, london_day
from catch.domain.refusals import NotAnswered
from catch.figures.gathering import Known
from catch.figures.making import Found, Wanted, lacking, made
from catch.history.past import Moment, upto
from catch.metrics import BY_CODE, CATALOGUE
from catch.metrics.care import careful, groups_told
from catch.metrics.definition import Cut, Metric, NotComputable
from catch.metrics.doors import REPEATS
from catch.metrics.estimates import Estimate, Value
from catch.statistics.small_numbers import Period, quarter_before
from projections import outcomes

_YEAR = 4
"""Quarters of the only periods for which groups are told to whoever does not see every case."""


NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
"""The cut-off before anything was recorded: not the present, or the same question would have ever other answers."""


class UnknownMetric(NotAnswered):
    """There is no metric with this code. Choose one of those that `metricDefinitions` lists."""


class GroupsByYearOnly(NotAnswered):
    """Ask for groups of one financial year, from 1 April to 31 March."""


class Question(NamedTuple):
    """What is asked, and up to where it is answered: `freely` for who sees every case."""

    programme: str
    first: date
    last: date
    parts: tuple[Period, ...]
    cut_off: datetime
    known: Known
    freely: bool
    grouped: bool

    def near(self, at: datetime) -> bool:
        """Whether what happened then may have to do with these days: somebody came again soon after."""
        return self.first <= london_day(at) and (london_day(at) - timedelta(days=max(REPEATS))) <= self.last


def metric_of(code: str) -> Metric:
    found = BY_CODE.get(code)
    if found is None:
        raise UnknownMetric(code=code)
    return found


async def question(context: Context, asked: Asked, *, grouped: bool) -> Question:
    """Raises `FixedPeriodsOnly` and `GroupsByYearOnly` to whoever does not see every case."""
    catch = context.catch
    head = await catch.log.head()
    if sees_every_case(context.who, asked.programme):
        cut_off, known = await freely(catch, asked, head)
        first, last = asked.from_ or date.min, asked.to or date.max
        return Question(asked.programme, first, last, (), cut_off, known, freely=True, grouped=grouped)
    quarter = quarter_before(london_day(context.reading.facts.at))
    period = the_period(asked, quarter)
    if grouped and len(period.quarters) < _YEAR:
        raise GroupsByYearOnly
    cut_off = end_of_day(quarter.last)
    known = Known(head, None)
    return Question(
        asked.programme, period.first, period.last, period.quarters, cut_off, known, freely=False, grouped=grouped
    )


async def freely(catch: Catch, asked: Asked, head: int) -> tuple[datetime, Known]:
    as_at = asked.as_at
    if as_at is None:
        known, moment = Known(head, None), None
    else:
        times = (as_at.recorded_at or None, as_at.occurred_at or None)
        # A position of 0 is one, an empty time none.
        moment = Moment(None if any(times) else as_at.position or 0, *times)
        known = Known(await upto(catch.log, moment), moment)
    last = await catch.log.last(known.position)
    told = last.recorded_at if last else NOTHING_YET
    # Nobody was followed for longer than anything is known of: a day still to come adds nothing.
    return min((moment.occurred_at if moment else None) or told, told), known._replace(
        position=last.position if last else 0
    )


async def worked_out(context: Context, wanted: Sequence[Metric], asked: Question) -> Mapping[str, Found]:
    catch = context.catch
    history = await context.reading.facts.history(asked.programme)
    cut = Cut(asked.cut_off, {held.version: held for held in history.versions})
    key = ("metrics", tuple(metric.code for metric in wanted), *asked)

    async def make() -> Mapping[str, Found]:
        await catch.reached(asked.known.position)
        every = [Wanted(metric, asked.first, asked.last, asked.parts, asked.grouped) for metric in wanted]
        found = await made(catch, asked.programme, asked.known, cut, every)
        return {each.metric.code: one for each, one in zip(every, found, strict=True)}

    return await catch.present.works.get(key, make)


async def metrics(
    context: Context, wanted: Sequence[Metric], asked: Asked, *, grouped: bool = False
) -> list[types.Metric]:
    """For a viewer who is told figures of the programme."""
    programme = await context.reading.facts.programme(asked.programme)
    put = await question(context, asked, grouped=grouped)
    open_to = [metric for metric in wanted if sees_metric(context.who, asked.programme, metric.audience)]
    able = [metric for metric in open_to if lacking(metric, programme) is None]
    found: Mapping[str, Found] = await worked_out(context, able, put) if able else {}
    left_out = bool(await outcomes.left_out(context.catch.log.pool, asked.programme))
    answers: list[types.Metric] = []
    for metric in wanted:
        answer = untold(metric, asked, put)
        answer.incomplete = left_out
        answer.not_computable = lacking(metric, programme)
        if metric not in open_to:
            answer.withheld = types.MetricWithheld.ROLE
        elif answer.not_computable is None:
            tell(answer, metric, found[metric.code], put)
        answers.append(answer)
    return answers


def tell(answer: types.Metric, metric: Metric, found: Found, asked: Question) -> None:
    if asked.freely:
        whole = found.figure.whole
        told(answer, whole)
        answer.groups = [group(key, each) for key, each in found.figure.groups]
        answer.months = [
            types.MetricMonth(month=each.month, value=each.value, count=each.count, of=each.of, partial=each.partial)
            for each in found.figure.months
        ]
        answer.administrative, answer.never_at_risk = whole.administrative, whole.never_at_risk
        answer.at_risk = [figures_types.AtRisk(days=each.days, count=each.at_risk) for each in whole.at_risk]
        answer.programme_versions = [*found.pins]
        return
    shown = careful(found.figure, metric.smallest)
    if shown is None:
        answer.withheld = types.MetricWithheld.TOO_FEW
        return
    told(answer, shown)
    answer.groups = [group(key, each) for key, each in groups_told(found.figure, metric.smallest)]


def told(answer: types.Metric, estimate: Estimate) -> None:
    answer.number = estimate.number
    answer.values = [value(each) for each in estimate.values]
    answer.censored, answer.competing = estimate.censored, estimate.competing
    answer.curve = [curve_point(each) for each in estimate.curve]


def group(key: str, estimate: Estimate) -> types.MetricGroup:
    return types.MetricGroup(key=key, number=estimate.number, values=[value(each) for each in estimate.values])


def value(each: Value) -> types.MetricValue:
    return types.MetricValue(
        code=each.code,
        label=each.label,
        value=each.value,
        share=each.share,
        count=each.count,
        of=each.of,
        lower=each.lower,
        upper=each.upper,
    )


def untold(metric: Metric, asked: Asked, put: Question) -> types.Metric:
    """Nothing but what the figure is about: whatever else is told is named."""
    return types.Metric(
        definition=definition(metric),
        not_computable=None,
        withheld=None,
        number=None,
        values=[],
        groups=[],
        months=[],
        censored=None,
        competing=None,
        administrative=None,
        never_at_risk=None,
        at_risk=[],
        curve=[],
        from_=asked.from_,
        to=asked.to,
        programme_versions=[],
        incomplete=False,
        cut_off=Position(put.known.position),
        cut_off_at=put.cut_off,
    )


def definition(metric: Metric) -> types.MetricDefinition:
    return types.MetricDefinition(
        code=metric.code,
        version=metric.version,
        name=metric.name,
        question=metric.question,
        measure=metric.measure,
        denominator=metric.denominator,
        open_cases=metric.open_cases,
        source=metric.source,
        basis=metric.basis,
        audience=metric.audience,
        smallest_cell=metric.smallest,
        grouped_by=metric.grouped,
        not_computable=metric.computed.reason if isinstance(metric.computed, NotComputable) else None,
    )


def catalogue() -> list[types.MetricDefinition]:
    return [definition(metric) for metric in CATALOGUE]
