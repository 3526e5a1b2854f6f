"""Lists of cases: found by index under the viewer's words, then judged one by one by the policy.

What is found and not allowed is dropped and the page filled on; so the rows that are read are those shown, and a few
that the viewer's own part in them has ended for.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from catch.access import RedactionReason, Sight, state_told
from catch.access.finding import Words, shows_whole
from catch.api.case import door
from catch.api.case import types as case_types
from catch.api.case.reading import Opened, Reading, Unopened, shows
from catch.api.common import types as common_types
from catch.api.common.context import Context
from catch.api.common.cursors import cursor, placed_cursor, placed_in
from catch.commands.questions import reference_digest
from catch.domain.case.state import NOT_LIVE, Case, CaseState
from catch.domain.facts import Category
from catch.log.entries import Unreadable
from catch.personal.looks import passed_over
from projections import case_summary

Place = tuple[datetime, UUID]
Key = str | int | date


def asked_states(asked: case_types.CaseFilter) -> frozenset[CaseState]:
    """The states that the filter leaves: live is one of them, too."""
    states = frozenset(CaseState) if asked.states is None else frozenset(asked.states)
    if asked.adrift:
        states -= NOT_LIVE
    if asked.live is None:
        return states
    return states - NOT_LIVE if asked.live else states & NOT_LIVE


def narrowed(asked: case_types.CaseFilter, states: frozenset[CaseState]) -> case_summary.CaseFilter:
    return case_summary.CaseFilter(asked.programme, tuple(sorted(states)), asked.lead, asked.agency, asked.number)


def still(
    row: case_summary.Found | case_summary.Placed, opened: Opened | Unopened, states: frozenset[CaseState]
) -> bool:
    """Whether what was found is shown, and as it was found: the rows come a moment after the facts.

    Whoever is recused is told nothing of the case here, not even that it is one of theirs.
    """
    held: Case | None = opened.last_known if isinstance(opened, Unopened) else opened.held.state
    if held is None or opened.seen is None or opened.seen.hidden is RedactionReason.RECUSED:
        return False
    whole = shows_whole(opened.seen)
    return whole == row.whole and state_told(opened.seen, held.state) in states


AT_LEAST = 200
"""Cases that are looked at together where few of them are wanted."""
FURTHEST = 1_000
"""Cases of theirs that are looked through for one page where few of them are wanted: there may be none among them all,
and a page that is short leads on.
"""


class Looking:
    """How far it was looked for a page. Counted by what the viewer is shown alone, so that a page that is cut short
    ends where it would without what they are not shown, and its cursor names nothing of it.
    """

    def __init__(self, asked: case_types.CaseFilter) -> None:
        self._left = FURTHEST if asked.adrift else None
        self.last: str | None = None

    def at(self, cursor: str) -> None:
        self.last = cursor
        if self._left is not None:
            self._left -= 1

    @property
    def over(self) -> bool:
        return self._left is not None and self._left <= 0


def rows_of(asked: case_types.CaseFilter, wanted: int) -> int:
    return max(AT_LEAST, wanted + 1) if asked.adrift else wanted + 1


def wants(asked: case_types.CaseFilter, found: case_types.CaseEdge | common_types.Unreadable) -> bool:
    """By what is shown of it alone. What cannot be read is named in other lists."""
    if not asked.adrift:
        return True
    step = found.node.next_step if isinstance(found, case_types.CaseEdge) else None
    return step is not None and step.adrift is not None


async def looked_through(context: Context, ids: Sequence[UUID]) -> list[Opened | Unopened]:
    """Cases that were found. Whichever are put on the page are noted as shown when something of them is."""
    found = await context.reading.listed(ids)
    passed_over(ids)
    return found


async def found_cases(
    context: Context, asked: case_types.CaseFilter, order: case_types.CaseOrder, wanted: int, after: Place | None
) -> case_types.CaseConnection:
    under, states = await context.words(), asked_states(asked)
    among = narrowed(asked, states)
    found: list[case_types.CaseEdge | common_types.Unreadable] = []
    cursors: list[str] = []
    # Nothing is asked for under no words, or in no state: a stranger's page costs no statement.
    newest = order is case_types.CaseOrder.NEWEST_FIRST
    more, size, looking = bool(under.cases or under.seats) and bool(states), rows_of(asked, wanted), Looking(asked)
    while more and len(found) <= wanted and not looking.over:
        db, at = context.catch.log.pool, context.reading.facts.at
        rows = await case_summary.found(db, under, at, among, after, size, newest=newest)
        more = len(rows) == size
        for row, opened in zip(rows, await looked_through(context, [row.case_id for row in rows]), strict=True):
            after = (row.received_at, row.case_id)
            # The cursor has moved on already, over what is not shown as well.
            if still(row, opened, states) and len(found) <= wanted and not looking.over:
                here = cursor(*after)
                looking.at(here)
                each = await entry(context.reading, opened, row, here)
                if wants(asked, each):
                    cursors.append(here)
                    found.append(each)
    return connection(found[:wanted], cursors, wanted, looking)


async def entry(
    reading: Reading, opened: Opened | Unopened, row: case_summary.Found | case_summary.Placed, place: str
) -> case_types.CaseEdge | common_types.Unreadable:
    """The case, or its name where it cannot be read."""
    if isinstance(opened, Opened):
        held, seen = opened
        assert seen is not None
        try:
            node = await reading.case(held.state, seen, held.version, held.position)
            return case_types.CaseEdge(cursor=place, node=node)
        except Unreadable as problem:
            opened = await reading.unopened(row.case_id, problem)
    number = opened.last_known.number if opened.last_known else None
    return common_types.Unreadable.of(row.case_id, number, opened.problem)


SORTED: Mapping[case_types.CaseOrder, case_summary.SortKey] = {
    case_types.CaseOrder.NUMBER: case_summary.SortKey.NUMBER,
    case_types.CaseOrder.LATEST_CHANGE_FIRST: case_summary.SortKey.CHANGE,
    case_types.CaseOrder.DUE_FIRST: case_summary.SortKey.DUE,
}
"""The orders beside those by receipt."""
_KIND: Mapping[case_summary.SortKey, type[Key]] = {
    case_summary.SortKey.NUMBER: str,
    case_summary.SortKey.CHANGE: int,
    case_summary.SortKey.DUE: date,
}


def looks(under: Words, by: case_summary.SortKey) -> Words:
    """Where the viewer is shown what puts cases in this order."""
    match by:
        case case_summary.SortKey.NUMBER:
            return under
        case case_summary.SortKey.CHANGE:
            return under.working()
        case case_summary.SortKey.DUE:
            return under.working(organising=True)
        case _:
            assert_never(by)


def orders(seen: Sight, by: case_summary.SortKey) -> bool:
    """Whether it is shown to them of this case."""
    match by:
        case case_summary.SortKey.NUMBER:
            return True
        case case_summary.SortKey.CHANGE:
            return seen.everything
        case case_summary.SortKey.DUE:
            return seen.hides(Category.PLAN) is None
        case _:
            assert_never(by)


async def sorted_cases(
    context: Context, asked: case_types.CaseFilter, order: case_types.CaseOrder, wanted: int, after: str | None
) -> case_types.CaseConnection:
    """As `found_cases`, in another order."""
    by = SORTED[order]
    place, states = placed_in(after, order.value, _KIND[by]), asked_states(asked)
    under, among = looks(await context.words(), by), narrowed(asked, states)
    found: list[case_types.CaseEdge | common_types.Unreadable] = []
    cursors: list[str] = []
    more, size, looking = bool(under.cases or under.seats) and bool(states), rows_of(asked, wanted), Looking(asked)
    while more and len(found) <= wanted and not looking.over:
        db, at = context.catch.log.pool, context.reading.facts.at
        rows = await case_summary.placed(db, under, at, by, among, place, size)
        more = len(rows) == size
        for row, opened in zip(rows, await looked_through(context, [row.case_id for row in rows]), strict=True):
            place = (row.key, row.case_id)
            shown = still(row, opened, states) and opened.seen is not None and orders(opened.seen, by)
            if shown and len(found) <= wanted and not looking.over:
                here = placed_cursor(order.value, *place)
                looking.at(here)
                each = await entry(context.reading, opened, row, here)
                if wants(asked, each):
                    cursors.append(here)
                    found.append(each)
    return connection(found[:wanted], cursors, wanted, looking)


def connection(
    page: Sequence[case_types.CaseEdge | common_types.Unreadable], cursors: Sequence[str], wanted: int, looking: Looking
) -> case_types.CaseConnection:
    page_info = common_types.PageInfo.after(cursors, wanted)
    if looking.over and not page_info.has_next_page:
        page_info = common_types.PageInfo(has_next_page=True, end_cursor=looking.last)
    return case_types.CaseConnection(
        edges=[each for each in page if isinstance(each, case_types.CaseEdge)],
        page_info=page_info,
        unreadable=[each for each in page if isinstance(each, common_types.Unreadable)],
    )


async def cases_by_reference(context: Context, reference: str) -> list[case_types.Case]:
    """Those with a referral under this reference that the viewer is shown, the oldest referral first."""
    digest, under = reference_digest(context.catch.keyring, reference), await context.words()
    context.reading.facts.rests.rows = True
    shown: dict[UUID, Opened] = {}
    after: Place | None = None
    more = bool(under.cases or under.seats)
    # Looked up under the viewer's words: those of others under the same reference cost nothing, and count for nothing.
    while more and len(shown) < case_summary.MOST:
        db, at = context.catch.log.pool, context.reading.facts.at
        rows = await case_summary.found(db, under, at, after=after, first=case_summary.MOST, reference=digest)
        more = len(rows) == case_summary.MOST
        after = (rows[-1].received_at, rows[-1].case_id) if rows else after
        shown |= await called(context, digest, [*dict.fromkeys(row.case_id for row in rows)])
    first = [*shown.values()][: case_summary.MOST]
    return [await case_of(context, each) for each in first]


async def called(context: Context, digest: str, found: Sequence[UUID]) -> dict[UUID, Opened]:
    """Those of them that the viewer is shown together with the reference. One that cannot be read does not say by
    which it is called.
    """
    listed = [each for each in await looked_through(context, found) if isinstance(each, Opened)]
    opened = [each for each in listed if each.held.state is not None]
    shown = [each for each in opened if shows(each.seen) and door.refers_by(each.held.state, digest, each.seen)]
    return {each.held.state.case: each for each in shown}


async def case_of(context: Context, opened: Opened) -> case_types.Case:
    held, seen = opened
    assert seen is not None
    return await context.reading.case(held.state, seen, held.version, held.position)
