"""What waits for an agency, as one of its people sees it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from catch.access import RedactionReason
from catch.api import types
from catch.api.lens import Texts
from catch.api.reading import Reading
from catch.api.scalars import Position
from catch.domain.calendar import london_day
from catch.domain.case.referral import case_number
from catch.domain.facts import Category
from catch.personal import Erased, subject_of
from projections import agency_inbox


async def inbox_entries(reading: Reading, rows: Sequence[agency_inbox.Row]) -> list[types.InboxEntry]:
    """An agency reads what it is asked to do, as long as it has a part in the case, and no more of the case here."""
    cases = {row.case_id for row in rows if row.case_id}
    await reading.facts.seats(cases)
    reading.facts.expect(cases)
    await reading.facts.gathered()
    closed = {case: await closed_for(reading, case) for case in cases}
    open_rows = [row for row in rows if row.case_id is None or closed[row.case_id] is None]
    texts = await reading.facts.texts(*{subject_of(row.title) for row in open_rows if row.title})
    today = london_day(reading.facts.at)
    return [inbox_entry(row, closed[row.case_id] if row.case_id else None, texts, today) for row in rows]


async def closed_for(reading: Reading, case: UUID) -> RedactionReason | None:
    """Why the viewer may not read what is asked of their agency in this case."""
    if await reading.recused(case):
        return RedactionReason.RECUSED
    seen = await reading.sight(case)
    if seen is None:
        return RedactionReason.NOT_INVOLVED
    return None if seen.takes_part else seen.hides(Category.ACTIONS)


def inbox_entry(row: agency_inbox.Row, closed: RedactionReason | None, texts: Texts, today: date) -> types.InboxEntry:
    title = texts.get(row.title) if row.title and not closed else None
    waiting = row.kind is agency_inbox.EntryKind.ACTION and row.due is not None
    withheld = [types.Redaction(path=path, reason=closed) for path in OF_CASE] if closed else []
    if isinstance(title, Erased):
        title, withheld = None, [types.Redaction(path="title", reason=RedactionReason.ERASED)]
    return types.InboxEntry(
        id=row.entry,
        kind=row.kind,
        position=Position(row.position),
        since=row.since,
        # The number of a case follows from its id.
        case_id=None if closed else row.case_id,
        case_number=case_number(row.case_id) if row.case_id and not closed else None,
        action_id=None if closed else row.action_id,
        meeting_id=None if closed else row.meeting_id,
        title=title,
        state=None if closed else row.state,
        due=None if closed else row.due,
        overdue_days=max(0, (today - row.due).days) if waiting and row.due and not closed else None,
        mandatory=None if closed else row.mandatory,
        redactions=withheld,
    )


OF_CASE = ("title", "caseId", "caseNumber", "actionId", "meetingId", "state", "due", "overdueDays", "mandatory")
"""What an entry says of a case: nothing of it once the agency has no part in the case."""
