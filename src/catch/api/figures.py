"""Where the figures' episodes come from: the read model as it is, or the same folds over the log as it was."""

from datetime import UTC, date, datetime
from uuid import UUID

from catch.api import types
from catch.api.facts import chosen
from catch.app import Catch
from catch.log.codec import decode
from catch.statistics import Point
from projections import outcomes

PAGE = 5000


async def episodes(
    catch: Catch, programme: str, from_: date | None, to: date | None, as_at: types.AsAt | None
) -> tuple[list[outcomes.Row], datetime, int]:
    """The cohort, the moment and the position up to which it is known (the data cut-off, `7-metrics.md`)."""
    if as_at is not None:
        return await _as_at(catch, programme, from_, to, as_at)
    position = await catch.log.head()
    await catch.reached(position)
    rows = await outcomes.of_programme(catch.log.pool, programme, from_, to)
    last = await catch.log.page(position - 1, 1)
    return rows, last[0].recorded_at if last else datetime.now(UTC), position


async def _as_at(
    catch: Catch, programme: str, from_: date | None, to: date | None, as_at: types.AsAt
) -> tuple[list[outcomes.Row], datetime, int]:
    rows: dict[UUID, outcomes.Row] = {}
    after, last = 0, None
    while page := await catch.log.page(after, PAGE, as_at.position or None):
        after = page[-1].position
        for recorded in chosen([decode(stored) for stored in page], as_at):
            last = recorded
            for key in outcomes.keys(recorded):
                row = outcomes.fold(rows.get(key), recorded, key)
                if row is not None:
                    rows[key] = row
    asked = as_at.occurred_at or as_at.recorded_at
    cut_off = asked or (last.recorded_at if last else datetime.now(UTC))
    held = (row for row in rows.values() if row.programme == programme)
    return outcomes.cohort(held, from_, to), cut_off, last.position if last else 0


def curve_point(point: Point) -> types.CurvePoint:
    return types.CurvePoint(
        days=point.days,
        at_risk=point.at_risk,
        achieved=point.events,
        competing=point.competing,
        censored=point.censored,
        survival=point.survival,
        lower=point.lower,
        upper=point.upper,
        incidence=point.incidence,
    )
