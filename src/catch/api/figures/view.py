"""How long from referral to outcome: for who sees every case as they ask, for everybody else in fixed periods.

The episodes come from the read model as it is, or from the same fold over the log as it was. Either is made once for
all who ask for the same while nothing new is recorded.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple, cast
from uuid import UUID

from catch.access.finding import sees_every_case
from catch.api.case.reading import shows
from catch.api.common import types as common_types
from catch.api.common.context import Context
from catch.api.common.scalars import Position
from catch.api.figures import types as figures_types
from catch.app import Catch
from catch.domain.calendar import end_of_day, london_day
from catch.domain.refusals import NotAnswered
from catch.history.past import Moment, rows, upto
from catch.log.entries import Unreadable
from catch.statistics import Point, TimeToOutcome
from catch.statistics.small_numbers import SMALLEST, Period, coarse, fixed, quarter_before, too_few
from projections import outcomes


class FixedPeriodsOnly(NotAnswered):
    """Ask for one calendar quarter, or one financial year from 1 April to 31 March, that is over, and as it is now."""


class Asked(NamedTuple):
    """Whose figures, for episodes that started in which days, and as they stood when."""

    programme: str
    from_: date | None
    to: date | None
    as_at: common_types.AsAt | None


class Cohort(NamedTuple):
    """Episodes, the moment and the position up to which they are known (the data cut-off)."""

    rows: list[outcomes.Row]
    cut_off: datetime
    position: int


async def time_to_outcome(context: Context, asked: Asked) -> figures_types.TimeToOutcome:
    catch = context.catch
    quarter = quarter_before(london_day(context.reading.facts.at))
    period = None if sees_every_case(context.who, asked.programme) else the_period(asked, quarter)
    head = await catch.log.head()
    moment = asked.as_at and (asked.as_at.position, asked.as_at.recorded_at, asked.as_at.occurred_at)
    # With the head: what was made stays right for as long as nothing new is recorded.
    key = ("time to outcome", *asked[:3], moment, period, quarter, head)

    async def make() -> figures_types.TimeToOutcome:
        cohort = await of_programme(catch, asked, head)
        return freely(cohort) if period is None else carefully(cohort, period, quarter)

    told, left_out = await catch.present.works.get(key, make), await outcomes.left_out(catch.log.pool, asked.programme)
    if not left_out:
        return told
    # Of what is made for all who ask: whom else a case is told to is asked anew.
    named = left_out if period is None else []
    unreadable = [each for case in named if (each := await unread(context, case)) is not None]
    return replace(told, incomplete=True, unreadable=unreadable)


async def unread(context: Context, case: UUID | None) -> common_types.Unreadable | None:
    """The case by name, for whom it would be shown."""
    if case is None:
        return None
    problem = await context.reading.facts.problem(case) or Unreadable()
    held = await context.reading.unopened(case, problem)
    if held.last_known is None or not shows(held.seen):
        return None
    return common_types.Unreadable.of(case, held.last_known.number, problem)


def the_period(asked: Asked, quarter: Period) -> Period:
    """What is asked for, over with the last quarter that was."""
    if asked.from_ is None or asked.to is None or asked.as_at is not None or asked.to > quarter.last:
        raise FixedPeriodsOnly
    period = fixed(asked.from_, asked.to)
    if period is None:
        raise FixedPeriodsOnly
    return period


def freely(cohort: Cohort) -> figures_types.TimeToOutcome:
    figures = outcomes.time_to_outcome_of(cohort.rows, cohort.cut_off)
    told = common(cohort, cohort.cut_off, figures, figures.curve)
    told.lower_quartile_days = figures.lower_quartile_days
    told.upper_quartile_days = figures.upper_quartile_days
    told.restricted_mean_days = figures.restricted_mean_days
    told.longest_follow_up_days = figures.longest_follow_up_days
    told.achieved_by = [
        figures_types.AchievedBy(days=each.days, share=each.share, lower=each.lower, upper=each.upper)
        for each in figures.achieved_by
    ]
    told.episodes = figures.episodes
    told.administrative = figures.administrative
    told.never_at_risk = figures.never_at_risk
    told.programme_versions = outcomes.versions(cohort.rows, cohort.cut_off)
    told.at_risk = [figures_types.AtRisk(days=each.days, count=each.at_risk) for each in figures.at_risk]
    return told


def carefully(cohort: Cohort, period: Period, quarter: Period) -> figures_types.TimeToOutcome:
    """As it stood when the last quarter ended: what changes from day to day is somebody's."""
    cut_off = end_of_day(quarter.last)
    parts = [outcomes.cohort(cohort.rows, each.first, each.last) for each in period.quarters]
    of_parts = [outcomes.time_to_outcome_of(part, cut_off) for part in parts]
    if too_few([each.episodes for each in of_parts]):
        return untold(cohort, cut_off, figures_types.FiguresWithheld.TOO_FEW)
    # Of the whole period, now that no part of it singles anybody out.
    figures = outcomes.time_to_outcome_of(cohort.rows, cut_off)
    told = common(cohort, cut_off, figures, coarse(figures.curve))
    if figures.closed < SMALLEST or any(0 < each.closed < SMALLEST for each in of_parts):
        # The mean of one closure is that person's days; so is that of a year without what is told of its quarters.
        told.naive_closed_mean_days = None
    return told


async def of_programme(catch: Catch, asked: Asked, head: int) -> Cohort:
    if asked.as_at is not None:
        return await _as_at(catch, asked, asked.as_at)
    await catch.reached(head)
    held = await outcomes.of_programme(catch.log.pool, asked.programme, asked.from_, asked.to)
    last = await catch.log.last(head)
    return Cohort(held, last.recorded_at if last else catch.log.clock.now(), head)


async def _as_at(catch: Catch, asked: Asked, as_at: common_types.AsAt) -> Cohort:
    moment = Moment(as_at.position or None, as_at.recorded_at or None, as_at.occurred_at or None)
    found = cast("dict[UUID, outcomes.Row]", await rows(catch.log, outcomes.OUTCOMES, moment))
    last = await catch.log.last(await upto(catch.log, moment))
    known = last.recorded_at if last else catch.log.clock.now()
    # Nobody was followed for longer than anything is known of: a day still to come adds nothing.
    cut_off = min(moment.occurred_at or known, known)
    held = (row for row in found.values() if row.programme == asked.programme)
    return Cohort(outcomes.cohort(held, asked.from_, asked.to), cut_off, last.position if last else 0)


def untold(
    cohort: Cohort, cut_off: datetime, why: figures_types.FiguresWithheld | None = None
) -> figures_types.TimeToOutcome:
    """Nothing but what the figures are about: whatever else is told is named."""
    return figures_types.TimeToOutcome(
        withheld=why,
        median_days=None,
        not_reached=None,
        lower_quartile_days=None,
        upper_quartile_days=None,
        restricted_mean_days=None,
        longest_follow_up_days=None,
        achieved_by=[],
        episodes=None,
        administrative=None,
        never_at_risk=None,
        curve=[],
        at_risk=[],
        achieved=None,
        censored=None,
        competing=None,
        naive_closed_mean_days=None,
        programme_versions=[],
        incomplete=False,
        unreadable=[],
        cut_off_at=cut_off,
        cut_off=Position(cohort.position),
    )


def common(
    cohort: Cohort, cut_off: datetime, figures: TimeToOutcome, curve: Sequence[Point]
) -> figures_types.TimeToOutcome:
    """What everybody is told who is told anything."""
    told = untold(cohort, cut_off)
    told.median_days = figures.median_days
    told.not_reached = figures.not_reached
    told.curve = [curve_point(each) for each in curve]
    told.achieved, told.censored, told.competing = figures.achieved, figures.censored, figures.competing
    told.naive_closed_mean_days = figures.naive_closed_mean_days
    return told


def curve_point(point: Point) -> figures_types.CurvePoint:
    return figures_types.CurvePoint(
        days=point.days,
        at_risk=point.at_risk,
        achieved=point.events,
        competing=point.competing,
        censored=point.censored,
        survival=point.survival,
        lower=point.lower,
        upper=point.upper,
        incidence=point.incidence,
        incidence_lower=point.incidence_lower,
        incidence_upper=point.incidence_upper,
    )
