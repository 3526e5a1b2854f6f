"""What is personal about an item of an agenda: read when it is asked for, and as far as the viewer sees the case."""

from collections.abc import Sequence
from uuid import UUID

from catch.access import EVERYTHING, RedactionReason, Sight
from catch.api.case import parts
from catch.api.case import types as case_types
from catch.api.case.reading import Opened, Reading
from catch.api.common import types as common_types
from catch.api.common.redaction import Redactor, Texts
from catch.api.meeting import agenda_types
from catch.api.meeting.handling import handling
from catch.domain.case.state import Action, Case
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

    def __init__(self, reading: Reading, meeting: Meeting, item: Item, *, prepares: bool) -> None:
        self._reading = reading
        self._prepares = prepares
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
            case = self._item.case
            self._said = await self._read(case) if case else await self._of_matter()
        return self._said

    async def _of_matter(self) -> agenda_types.Said:
        """What is said of a general matter is everybody's at the meeting, and sealed under the meeting's own key."""
        sight = Sight(EVERYTHING, RedactionReason.ROLE, self._reading.viewer.agency)
        return self._told(sight, await self._reading.facts.texts(self._meeting.meeting), [])

    async def _read(self, case: UUID) -> agenda_types.Said:
        item, facts = self._item, self._reading.facts
        opened, seen = await self._open(case)
        held: Case | None = opened.state
        if seen is None or held is None:
            return NO_CASE
        linked = [each for each in (held.action(link.action) for link in item.actions) if each]
        return self._told(seen, await facts.texts(held.person), linked)

    def _told(self, seen: Sight, texts: Texts, linked: Sequence[Action]) -> agenda_types.Said:
        item, redactor = self._item, Redactor(seen, texts)
        closed = redactor.hides("discussion", Category.DISCUSSION)
        said = None if closed else item.update
        at = parts.Spoken(
            self._meeting.meeting, item.item, item.opened_at, item.closed_at, item.present, item.amendments
        )
        amended = redactor.all("amendments", Category.DISCUSSION, item.amendments)
        decided = redactor.all("decisions", Category.DISCUSSION, item.decisions)
        return agenda_types.Said(
            said and parts.spoken(said, at, "discussion", redactor),
            [parts.decision(each, "decisions", redactor) for each in decided],
            parts.actions(linked, "actions", redactor),
            # Each of them is asked for before what is withheld is told.
            handling=handling(item, self._meeting, redactor, prepares=self._prepares),
            amendments=[parts.amendment(each, "amendments", redactor) for each in amended],
            redactions=redactor.redactions(),
        )


class Withheld:
    """An item of which the viewer sees that it is there, and no more."""

    def __init__(self, reason: RedactionReason) -> None:
        named = reason is RedactionReason.UNREADABLE
        withheld = (
            "case",
            *(() if named else ("number",)),
            *WORKED_OUT,
            "presenter",
            "deferCount",
            "deferred",
            *("discussion", "decisions", "actions", "handling", "amendments"),
        )
        self._said = agenda_types.Said(
            None, [], [], [common_types.Redaction(path=path, reason=reason) for path in withheld]
        )

    async def case(self) -> None:
        return None

    async def said(self) -> agenda_types.Said:
        return self._said
