"""What is personal about an item of an agenda: read when it is asked for, and as far as the viewer sees the case."""

from datetime import datetime
from uuid import UUID

from catch.access import RedactionReason
from catch.api.case import parts
from catch.api.case import types as case_types
from catch.api.case.reading import Opened, Reading
from catch.api.common import types as common_types
from catch.api.common.redaction import Redactor
from catch.api.meeting import agenda_types
from catch.domain.case.state import Case
from catch.domain.facts import Category
from catch.domain.meeting.items import Item
from catch.domain.meeting.state import Meeting

NOTHING_SAID = agenda_types.Said(None, [], [], [])
WORKED_OUT = ("reasons", "explanation", "must")
"""What an item shows that was worked out from facts of several kinds."""


class OnlyCase:
    """The case of an item that nothing was said about yet."""

    def __init__(self, reading: Reading, case: UUID) -> None:
        self._reading = reading
        self._case = case

    async def case(self) -> case_types.Case | None:
        return await self._reading.case_by_id(self._case)

    async def said(self) -> agenda_types.Said:
        return NOTHING_SAID if await self._reading.sight(self._case) else NO_CASE


NO_CASE = agenda_types.Said(None, [], [], [common_types.Redaction(path="case", reason=RedactionReason.NOT_INVOLVED)])


class Inside:
    """What is personal about an item that the viewer may see."""

    def __init__(self, reading: Reading, meeting: Meeting, item: Item) -> None:
        self._reading = reading
        self._meeting = meeting
        self._item = item
        self._said: agenda_types.Said | None = None
        self._opened: Opened | None = None

    async def _open(self, case: UUID) -> Opened:
        if self._opened is None:
            self._opened = await self._reading.opened(case)
        return self._opened

    async def case(self) -> case_types.Case | None:
        if not self._item.case:
            return None
        held, seen = await self._open(self._item.case)
        return await self._reading.case(held.state, seen, held.version, held.position) if seen and held.state else None

    async def said(self) -> agenda_types.Said:
        if self._said is None:
            self._said = await self._read(self._item.case) if self._item.case else NOTHING_SAID
        return self._said

    async def _read(self, case: UUID) -> agenda_types.Said:
        item, facts = self._item, self._reading.facts
        opened, seen = await self._open(case)
        held: Case | None = opened.state
        if seen is None or held is None:
            return NO_CASE
        linked = [each for each in (held.action(link.action) for link in item.actions) if each]
        texts = await facts.texts(held.person)
        redactor = Redactor(seen, texts)
        times: tuple[datetime | None, datetime | None] = (item.opened_at, item.closed_at)
        closed = redactor.hides("discussion", Category.DISCUSSION)
        said = None if closed else item.update
        spoken = said and parts.spoken(said, self._meeting.meeting, times, item.present, "discussion", redactor)
        held_decisions = redactor.all("decisions", Category.DISCUSSION, item.decisions)
        decisions = [parts.decision(each, "decisions", redactor) for each in held_decisions]
        return agenda_types.Said(spoken, decisions, parts.actions(linked, "actions", redactor), redactor.redactions())


class Withheld:
    """An item of which the viewer sees that it is there, and no more."""

    def __init__(self, reason: RedactionReason) -> None:
        named = reason is RedactionReason.UNREADABLE
        withheld = (
            *("case", *(() if named else ("number",)), *WORKED_OUT, "presenter", "deferCount", "deferred"),
            *("discussion", "decisions", "actions"),
        )
        self._said = agenda_types.Said(
            None, [], [], [common_types.Redaction(path=path, reason=reason) for path in withheld]
        )

    async def case(self) -> None:
        return None

    async def said(self) -> agenda_types.Said:
        return self._said
