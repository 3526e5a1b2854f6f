"""Lists of meetings: found by index under the viewer's words, then judged one by one by the policy.

What is found and not allowed is dropped and the page filled on; so the rows that are read are those shown, and a few
that the viewer's own part in them has ended for.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.access import may_attend
from catch.api.common import types as common_types
from catch.api.common.context import Context
from catch.api.common.cursors import cursor
from catch.api.meeting import types as meeting_types
from catch.api.meeting.view import Sitting
from catch.domain.meeting.state import Meeting
from catch.domain.streams import MEETING
from catch.present.states import Held
from projections import agenda

Place = tuple[datetime, UUID]


class Between(NamedTuple):
    """Which meetings: of this series, that start at `from_` or later and before `to`."""

    series: str | None
    from_: datetime | None
    to: datetime | None


def attends(context: Context, meeting: Meeting) -> bool:
    return may_attend(context.who, meeting, context.reading.facts.at)


async def found_meetings(
    context: Context, asked: Between, wanted: int, after: Place | None
) -> meeting_types.MeetingConnection:
    under, facts = await context.words(), context.reading.facts
    found: list[meeting_types.MeetingEdge] = []
    more = bool(under.meetings)
    while more and len(found) <= wanted:
        rows = await agenda.found(context.catch.log.pool, under, facts.at, *asked, after, wanted + 1)
        more = len(rows) > wanted
        for row, held in zip(rows, await states_of(context, rows), strict=True):
            after = (row.starts_at, row.meeting_id)
            if held.state is not None and attends(context, held.state):
                sitting = await Sitting.of(context.reading, held.state)
                shown = sitting.view(held.version, held.position)
                found.append(meeting_types.MeetingEdge(cursor=cursor(*after), node=shown))
    return meeting_types.MeetingConnection(
        edges=found[:wanted], page_info=common_types.PageInfo.of(len(found), wanted, found[:wanted])
    )


async def states_of(context: Context, rows: Sequence[agenda.Found]) -> Sequence[Held]:
    """The meetings as they stand, and the seats of all their cases, with one statement each."""
    held = await context.catch.present.states.get_many(MEETING, [row.meeting_id for row in rows])
    cases = {item.case for each in held if each.state for item in each.state.items if item.case}
    await context.reading.facts.seats(cases)
    return held
