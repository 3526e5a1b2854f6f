"""The facts behind a figure, as far as the viewer is shown them anyhow: what leads nowhere for them is not there.

Cases and meetings are found under the viewer's own words and judged one by one, as in every list. So neither what is on
a page nor how many pages there are nor how long they take says anything of the rest. Of whom nothing is done but to
keep what is kept of them, nothing leads to: a figure counts them, and names nobody (`access.restriction`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.access import may_attend
from catch.access.listing import led_to, sees_metric
from catch.access.restriction import Way
from catch.api.case.listing import looked_through
from catch.api.case.reading import Opened, shows
from catch.api.common import types as common_types
from catch.api.common.context import Context, NotForYourRole
from catch.api.common.cursors import cursor
from catch.api.common.scalars import Position
from catch.api.contact.view import Shown
from catch.api.figures import metric_types as types
from catch.api.figures.metrics import Question, question
from catch.api.figures.view import Asked
from catch.domain.meeting.state import Meeting
from catch.domain.refusals import NotAnswered
from catch.figures.gathering import cases_with_others, contacts_then, meetings_of, meetings_then, with_returns
from catch.figures.making import lacking
from catch.metrics.definition import CaseFacts, Cut, FromCases, FromContacts, FromMeetings, MeetingFacts, Metric
from catch.metrics.lines import Line
from catch.metrics.reckoning import Tally
from catch.personal import looks
from projections import agenda, case_summary

Place = tuple[datetime, UUID]


class Only(NamedTuple):
    """What of the facts behind a figure is asked for; None: whatever it is. `days` are those of a time."""

    answer: str | None
    group: str | None
    days: int | None

    def takes(self, line: Line) -> bool:
        return (
            self.answer in (None, line.answer)
            and self.group in (None, line.group)
            and (self.days is None or self.days == line.amount)
        )


class NoEvidence(NotAnswered):
    """No case, meeting or contact stands behind this figure. Ask for its definition, which says why."""


async def evidence(
    context: Context, metric: Metric, asked: Asked, only: Only, wanted: int, after: Place | None
) -> types.MetricEvidenceConnection:
    """Raises `NoEvidence`, and as `metrics` does."""
    if not sees_metric(context.who, asked.programme, metric.audience):
        raise NotForYourRole
    programme = await context.reading.facts.programme(asked.programme)
    if lacking(metric, programme) is not None:
        raise NoEvidence(code=metric.code)
    # Groups are asked for as they are told: to who does not see every case, of a financial year.
    put = await question(context, asked, grouped=only.group is not None)
    await context.catch.reached(put.known.position)
    history = await context.reading.facts.history(asked.programme)
    cut = Cut(put.cut_off, {held.version: held for held in history.versions})
    wants = Tally(metric, put.first, put.last)
    if isinstance(metric.computed, FromCases):
        found, cursors = await of_cases(context, metric.computed, put, cut, wants, only, wanted, after)
    elif isinstance(metric.computed, FromMeetings):
        found, cursors = await of_meetings(context, metric.computed, put, cut, wants, only, wanted, after)
    elif isinstance(metric.computed, FromContacts):
        found, cursors = await of_contacts(context, metric.computed, put, cut, wants, only, wanted, after)
    else:
        raise NoEvidence(code=metric.code)
    return types.MetricEvidenceConnection(
        edges=[types.MetricEvidenceEdge(cursor=place, node=node) for place, node in zip(cursors, found, strict=True)][
            :wanted
        ],
        page_info=common_types.PageInfo.after(cursors, wanted),
        cut_off=Position(put.known.position),
    )


Page = tuple[list[types.MetricEvidence], list[str]]


async def of_cases(
    context: Context,
    computed: FromCases,
    put: Question,
    cut: Cut,
    wants: Tally,
    only: Only,
    wanted: int,
    after: Place | None,
) -> Page:
    under, at, db = await context.words(), context.reading.facts.at, context.catch.log.pool
    among = case_summary.CaseFilter(programme=put.programme)
    found: list[types.MetricEvidence] = []
    cursors: list[str] = []
    stopped = await kept(context)
    more = bool(under.cases or under.seats)
    while more and len(found) <= wanted:
        page = await case_summary.found(db, under, at, among, after, wanted + 1)
        more = len(page) > wanted
        opened = await looked_through(context, [row.case_id for row in page])
        open_to = {
            each.held.state.case: each.held.state.number
            for each in opened
            if isinstance(each, Opened)
            and each.held.state is not None
            and each.held.state.person not in stopped
            and leads(context, put.programme, each, computed)
        }
        facts = await cases_with_others(context.catch, put.programme, [*open_to], put.known)
        for row in page:
            after = (row.received_at, row.case_id)
            held = lines_of_case(computed, facts.get(row.case_id), cut, wants, only)
            if held and len(found) <= wanted:
                cursors.append(cursor(*after))
                looks.told(row.case_id)
                found.append(
                    types.MetricEvidence(
                        case_id=row.case_id,
                        number=open_to[row.case_id],
                        meeting_id=None,
                        contact_id=None,
                        facts=[*map(fact, held)],
                    )
                )
    return found, cursors


async def kept(context: Context) -> frozenset[UUID]:
    """Those to whom nothing leads."""
    context.reading.facts.rests.rows = True
    return await context.catch.records.withheld(Way.EVIDENCE, context.reading.facts.at)


def leads(context: Context, programme: str, each: Opened, computed: FromCases) -> bool:
    return shows(each.seen) and led_to(context.who, programme, each.seen, computed.shows)


def lines_of_case(computed: FromCases, facts: CaseFacts | None, cut: Cut, wants: Tally, only: Only) -> list[Line]:
    return [] if facts is None else chosen(computed.lines(facts, cut), wants, only)


def chosen(lines: Iterable[Line], wants: Tally, only: Only) -> list[Line]:
    return [line for line in lines if wants.wants(line) and only.takes(line)]


async def of_meetings(
    context: Context,
    computed: FromMeetings,
    put: Question,
    cut: Cut,
    wants: Tally,
    only: Only,
    wanted: int,
    after: Place | None,
) -> Page:
    under, at, db = await context.words(), context.reading.facts.at, context.catch.log.pool
    found: list[types.MetricEvidence] = []
    cursors: list[str] = []
    more = bool(under.meetings)
    while more and len(found) <= wanted:
        page = await agenda.found(db, under, at, None, None, None, after, wanted + 1)
        more = len(page) > wanted
        held = await meetings_of(context.catch, [row.meeting_id for row in page], put.programme)
        open_to = [each for each in held if organises(context, each) and may_attend(context.who, each, at)]
        then = await meetings_then(context.catch, open_to, put.known)
        for row in page:
            after = (row.starts_at, row.meeting_id)
            meeting = then.get(row.meeting_id)
            lines = chosen(computed.lines(MeetingFacts(meeting), cut), wants, only) if meeting else []
            shown = await without_hidden(context, meeting, lines) if meeting else []
            if shown and len(found) <= wanted:
                cursors.append(cursor(*after))
                found.append(
                    types.MetricEvidence(
                        case_id=None,
                        number=None,
                        meeting_id=row.meeting_id,
                        contact_id=None,
                        facts=[*map(fact, shown)],
                    )
                )
    return found, cursors


async def of_contacts(
    context: Context,
    computed: FromContacts,
    put: Question,
    cut: Cut,
    wants: Tally,
    only: Only,
    wanted: int,
    after: Place | None,
) -> Page:
    """Of the front doors that the viewer keeps. Whether somebody came again is told from the contacts that they are
    shown alone: else it would tell of another.
    """
    found: list[types.MetricEvidence] = []
    cursors: list[str] = []
    if put.programme not in context.who.doors:
        return found, cursors
    held = [row for row in await contacts_then(context.catch, put.programme, put.known) if put.near(row.received_at)]
    stopped = await kept(context)
    held = [row for row in held if row.contact.subject not in stopped and row.contact.people.isdisjoint(stopped)]
    shown = await Shown(context.reading).seen(held)
    for row, facts in with_returns(sorted(shown, key=lambda each: (each.received_at, each.contact_id)), cut):
        place = (row.received_at, row.contact_id)
        lines = chosen(computed.lines(facts, cut), wants, only)
        if lines and (after is None or place > after) and len(found) <= wanted:
            cursors.append(cursor(*place))
            looks.told_of(row.contact.subject)
            found.append(
                types.MetricEvidence(
                    case_id=None,
                    number=None,
                    meeting_id=None,
                    contact_id=row.contact_id,
                    facts=[*map(fact, lines)],
                )
            )
    return found, cursors


def organises(context: Context, meeting: Meeting) -> bool:
    """Whether they see what became of every item, but for cases that they may know nothing of."""
    who = context.who
    return (
        who.audits_all(meeting.programme)
        or who.may_chair(meeting.programme, meeting.series)
        or who.prepares(meeting.programme, meeting.series)
    )


async def without_hidden(context: Context, meeting: Meeting, lines: Sequence[Line]) -> list[Line]:
    """Items of cases that are not the viewer's to see are left out."""
    cases = {item.item: item.case for item in meeting.items if item.case is not None}
    stopped = await kept(context)
    whose = await case_summary.whose(context.catch.log.pool, cases.values()) if stopped else {}
    found: list[Line] = []
    for line in lines:
        case = cases.get(line.entry) if line.entry else None
        if case is None or (whose.get(case) not in stopped and shows(await context.reading.sees(case))):
            found.append(line)
    return found


def fact(line: Line) -> types.MetricFact:
    return types.MetricFact(
        day=line.day, answer=line.answer, amount=line.amount, within_target=line.within or None, entry=line.entry
    )
