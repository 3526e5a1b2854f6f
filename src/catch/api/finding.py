"""Lists of cases and of meetings: found by index under the viewer's words, then judged one by one by the policy.

What is found and not allowed is dropped and the page filled on; so the rows that are read are those shown, and a few
that the viewer's own part in them has ended for.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.access import RedactionReason, may_attend, state_told
from catch.access.finding import Words, shows_whole, words
from catch.api import types
from catch.api.context import Context
from catch.api.cursors import cursor
from catch.api.reading import Opened
from catch.api.sitting import Sitting
from catch.domain.case.state import NOT_LIVE, Case, CaseState
from catch.domain.meeting.state import Meeting
from catch.domain.streams import MEETING
from catch.log.states import Held
from projections import agenda, case_summary

Place = tuple[datetime, UUID]


class Between(NamedTuple):
    """Which meetings: of this series, that start at `from_` or later and before `to`."""

    series: str | None
    from_: datetime | None
    to: datetime | None


async def looking(context: Context) -> Words:
    """Where the viewer may look."""
    return words(context.who, await context.catch.running.keys())


def attends(context: Context, meeting: Meeting) -> bool:
    return may_attend(context.who, meeting, context.reading.facts.at)


def asked_states(asked: types.CaseFilter) -> frozenset[CaseState]:
    """The states that the filter leaves: live is one of them, too."""
    states = frozenset(CaseState) if asked.states is None else frozenset(asked.states)
    if asked.live is None:
        return states
    return states - NOT_LIVE if asked.live else states & NOT_LIVE


def still(row: case_summary.Found, opened: Opened, states: frozenset[CaseState]) -> bool:
    """Whether what was found is shown, and as it was found: the rows come a moment after the facts.

    Whoever is recused is told nothing of the case here, not even that it is one of theirs.
    """
    held: Case | None = opened.held.state
    if held is None or opened.seen is None or opened.seen.hidden is RedactionReason.RECUSED:
        return False
    whole = shows_whole(opened.seen)
    return whole == row.whole and state_told(opened.seen, held.state) in states


async def found_cases(
    context: Context, asked: types.CaseFilter, wanted: int, after: Place | None
) -> types.CaseConnection:
    under, states = await looking(context), asked_states(asked)
    among = case_summary.CaseFilter(asked.programme, tuple(sorted(states)), asked.lead, asked.agency)
    found: list[types.CaseEdge] = []
    more, size = bool(under.cases or under.seats) and bool(states), wanted + 1
    while more and len(found) <= wanted:
        rows = await case_summary.found(context.catch.log.pool, under, context.reading.facts.at, among, after, size)
        more = len(rows) == size
        for row, opened in zip(rows, await context.reading.listed([row.case_id for row in rows]), strict=True):
            after = (row.received_at, row.case_id)
            if still(row, opened, states) and len(found) <= wanted:
                found.append(types.CaseEdge(cursor=cursor(*after), node=await case_of(context, opened)))
    shown = found[:wanted]
    return types.CaseConnection(edges=shown, page_info=types.PageInfo.of(len(found), wanted, shown))


async def case_of(context: Context, opened: Opened) -> types.Case:
    held, seen = opened
    assert seen is not None
    return await context.reading.case(held.state, seen, held.version, held.position)


async def found_meetings(context: Context, asked: Between, wanted: int, after: Place | None) -> types.MeetingConnection:
    under, facts = await looking(context), context.reading.facts
    found: list[types.MeetingEdge] = []
    more = bool(under.meetings)
    while more and len(found) <= wanted:
        rows = await agenda.found(context.catch.log.pool, under, facts.at, *asked, after, wanted + 1)
        more = len(rows) > wanted
        for row, held in zip(rows, await states_of(context, rows), strict=True):
            after = (row.starts_at, row.meeting_id)
            if held.state is not None and attends(context, held.state):
                sitting = await Sitting.of(context.reading, held.state)
                shown = sitting.view(held.version, held.position)
                found.append(types.MeetingEdge(cursor=cursor(*after), node=shown))
    return types.MeetingConnection(
        edges=found[:wanted], page_info=types.PageInfo.of(len(found), wanted, found[:wanted])
    )


async def states_of(context: Context, rows: Sequence[agenda.Found]) -> Sequence[Held]:
    """The meetings as they stand, and the seats of all their cases, with one statement each."""
    held = await context.catch.states.get_many(MEETING, [row.meeting_id for row in rows])
    cases = {item.case for each in held if each.state for item in each.state.items if item.case}
    await context.reading.facts.seats(cases)
    return held
