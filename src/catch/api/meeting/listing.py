"""Lists of meetings: found by index under the viewer's words, then judged one by one by the policy.

What is found and not allowed is dropped and the page filled on; so the rows that are read are those shown, and a few
that the viewer's own part in them has ended for.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.access import may_attend
from catch.access.finding import counts_meetings
from catch.api.common import types as common_types
from catch.api.common.context import Context
from catch.api.common.cursors import cursor
from catch.api.meeting import types as meeting_types
from catch.api.meeting.view import Sitting
from catch.domain.meeting.state import Meeting
from catch.domain.streams import MEETING
from catch.present.states import Broken, Held
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
    found: list[meeting_types.MeetingEdge | common_types.Unreadable] = []
    cursors: list[str] = []
    more = bool(under.meetings)
    while more and len(found) <= wanted:
        rows = await agenda.found(context.catch.log.pool, under, facts.at, *asked, after, wanted + 1)
        more = len(rows) > wanted
        for row, held in zip(rows, await states_of(context, rows), strict=True):
            after = (row.starts_at, row.meeting_id)
            shown = await entry(context, row.meeting_id, held, cursor(*after))
            if shown is not None:
                cursors.append(cursor(*after))
                found.append(shown)

    async def counted() -> int | None:
        if not counts_meetings(context.who):
            return None
        return await agenda.counted(context.catch.log.pool, under, facts.at, *asked) if under.meetings else 0

    page = found[:wanted]
    return meeting_types.MeetingConnection(
        edges=[each for each in page if isinstance(each, meeting_types.MeetingEdge)],
        page_info=common_types.PageInfo.after(cursors, wanted),
        unreadable=[each for each in page if isinstance(each, common_types.Unreadable)],
        counted=counted,
    )


async def entry(
    context: Context, meeting: UUID, held: Held | Broken, place: str
) -> meeting_types.MeetingEdge | common_types.Unreadable | None:
    """The meeting, or its name where it cannot be read; None where it is not for the viewer."""
    if isinstance(held, Broken):
        attended = await attended_as_last_known(context, meeting)
        return common_types.Unreadable.of(meeting, None, held.problem) if attended else None
    if held.state is None or not attends(context, held.state):
        return None
    shown = (await Sitting.of(context.reading, held.state)).view(held.version, held.position)
    return meeting_types.MeetingEdge(cursor=place, node=shown)


async def attended_as_last_known(context: Context, meeting: UUID) -> bool:
    """Whether a meeting of which a fact cannot be read is the viewer's to attend, as the read side has it without."""
    context.reading.facts.rests.rows = True
    row = await agenda.one(context.catch.log.pool, meeting)
    return row is not None and attends(context, row.meeting)


async def states_of(context: Context, rows: Sequence[agenda.Found]) -> Sequence[Held | Broken]:
    """The meetings as they stand, and the seats of all their cases, with one statement each."""
    found = await context.catch.present.states.gather(MEETING, [row.meeting_id for row in rows])
    held = [each.state for each in found if isinstance(each, Held)]
    await context.reading.facts.seats({item.case for each in held if each for item in each.items if item.case})
    return found
