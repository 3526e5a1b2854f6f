"""What waits for an agency, as one of its people sees it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from catch.access import RedactionReason, Sight, may_attend
from catch.api.case.reading import Reading
from catch.api.common import types as common_types
from catch.api.common.redaction import Texts, why_unopened
from catch.api.common.scalars import Position
from catch.api.inbox import types as inbox_types
from catch.domain.calendar import london_day
from catch.domain.case.referral import case_number
from catch.domain.facts import Category
from catch.domain.meeting.state import Meeting
from catch.domain.streams import MEETING
from catch.log.entries import Unreadable
from catch.personal import Unopened, looks, named
from catch.present.states import Broken, Held
from projections import agency_inbox


class Waiting(NamedTuple):
    """Rows that are there for the viewer, and the cases of others that cannot be read."""

    rows: list[agency_inbox.Row]
    unreadable: list[common_types.Unreadable]


async def opened(reading: Reading, rows: Sequence[agency_inbox.Row], *, own: bool = True) -> Waiting:
    """Those of the rows that are there for the viewer: an agency reads what it is asked to do as long as it has a part
    in the case. What is closed is not there: neither its due day nor that somebody is kept out of it is told.

    `own`: the actions are of the viewer's agency; of others' they read what is disclosed.
    """
    cases = {row.case_id for row in rows if row.case_id}
    await reading.facts.seats(cases)
    reading.facts.expect(cases)
    await reading.facts.gathered()
    found = {case: await shown_in(reading, case, own=own) for case in cases}
    # Those alone are shown that are put on the page.
    looks.passed_over(cases)
    there = [row for row in rows if row.told(reading.facts.at) and (row.case_id is None or found[row.case_id] is True)]
    problems = ((case, shown) for case, shown in found.items() if isinstance(shown, Unreadable))
    return Waiting(there, [common_types.Unreadable.of(case, case_number(case), each) for case, each in problems])


async def shown_in(reading: Reading, case: UUID, *, own: bool = True) -> bool | Unreadable:
    """Whether the viewer may read what is asked of their agency in this case, or what keeps it from being read."""
    try:
        if await reading.recused(case):
            return False
        return reads_actions(await reading.sight(case), own=own)
    except Unreadable as problem:
        return problem if reads_actions((await reading.unopened(case, problem)).seen, own=own) else False


def reads_actions(seen: Sight | None, *, own: bool) -> bool:
    return seen is not None and ((own and seen.takes_part) or seen.hides(Category.ACTIONS) is None)


async def inbox_entries(reading: Reading, rows: Sequence[agency_inbox.Row]) -> list[inbox_types.InboxEntry]:
    """These rows, which are there for the viewer, and no more of their cases than what is asked."""
    texts = await reading.facts.texts(*{subject for row in rows if row.title and (subject := named(row.title))})
    today, starts = london_day(reading.facts.at), await when(reading, rows)
    for row in rows:
        if row.case_id is not None:
            looks.told(row.case_id, None if row.clock else Category.ACTIONS)
    return [inbox_entry(row, texts, today, starts.get(row.meeting_id) if row.is_invitation else None) for row in rows]


Start = datetime | RedactionReason
"""When a meeting starts, or why that is not told."""


async def when(reading: Reading, rows: Sequence[agency_inbox.Row]) -> Mapping[UUID | None, Start]:
    """When they are invited to come, as it is now: told to those for whom the meeting itself exists."""
    meetings = list({row.meeting_id for row in rows if row.meeting_id and row.is_invitation})
    held = await reading.facts.catch.present.states.gather(MEETING, meetings)

    def start(each: Held | Broken) -> Start:
        if isinstance(each, Broken):
            return RedactionReason.UNREADABLE
        meeting: Meeting | None = each.state
        if meeting is None or not may_attend(reading.viewer, meeting, reading.facts.at):
            return RedactionReason.NOT_INVOLVED
        return meeting.starts_at

    return {meeting: start(each) for meeting, each in zip(meetings, held, strict=True)}


def inbox_entry(row: agency_inbox.Row, texts: Texts, today: date, starts: Start | None) -> inbox_types.InboxEntry:
    title, withheld = texts.get(row.title) if row.title else None, list[common_types.Redaction]()
    if isinstance(starts, RedactionReason):
        starts, withheld = None, [common_types.Redaction(path="startsAt", reason=starts)]
    if isinstance(title, Unopened):
        title, withheld = None, [*withheld, common_types.Redaction(path="title", reason=why_unopened(title))]
    return inbox_types.InboxEntry(
        id=row.entry,
        kind=row.kind,
        position=Position(row.position),
        since=row.since,
        changed_at=row.changed_at,
        case_id=row.case_id,
        case_number=case_number(row.case_id) if row.case_id else None,
        action_id=row.action_id,
        meeting_id=row.meeting_id,
        starts_at=starts,
        title=title,
        clock=row.clock,
        state=row.state,
        due=row.due,
        overdue_days=max(0, (today - row.due).days) if row.due else None,
        mandatory=row.mandatory,
        redactions=withheld,
    )
