"""What is personal about an item of an agenda: read when it is asked for, and as far as the viewer sees the case."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from catch.access import EVERYTHING, RedactionReason, Sight
from catch.api.case import parts
from catch.api.case import types as case_types
from catch.api.case.reading import Opened, Reading
from catch.api.common import types as common_types
from catch.api.common.redaction import Of, Redactor, Texts
from catch.api.meeting import agenda_types
from catch.api.meeting.handling import handling
from catch.domain.case.state import Action, Case
from catch.domain.facts import Category
from catch.domain.meeting.items import Item
from catch.domain.meeting.state import Meeting

NOTHING_SAID = agenda_types.NothingSaid([])
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

    async def withheld(self) -> RedactionReason | None:
        return None if await self._reading.sight(self._case) else NO_SIGHT


NO_SIGHT = RedactionReason.NOT_INVOLVED
NO_CASE = agenda_types.NothingSaid([common_types.Redaction(path="case", reason=NO_SIGHT)])


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

    async def withheld(self) -> RedactionReason | None:
        if not self._item.case:
            return None
        opened, seen = await self._open(self._item.case)
        return NO_SIGHT if seen is None or opened.state is None else None

    async def _of_matter(self) -> agenda_types.Said:
        """What is said of a general matter is everybody's at the meeting, and sealed under the meeting's own key."""
        sight = Sight(EVERYTHING, RedactionReason.ROLE, self._reading.viewer.agency)
        return self._told(sight, await self._reading.facts.texts(self._meeting.meeting), [], None)

    async def _read(self, case: UUID) -> agenda_types.Said:
        item, facts = self._item, self._reading.facts
        opened, seen = await self._open(case)
        held: Case | None = opened.state
        if seen is None or held is None:
            return NO_CASE
        linked = [each for each in (held.action(link.action) for link in item.actions) if each]
        return self._told(seen, await facts.texts(held.person), linked, Of(held.case, held.person))

    def _told(self, seen: Sight, texts: Texts, linked: Sequence[Action], of: Of | None) -> agenda_types.Said:
        return Told(self._meeting, self._item, seen, texts, linked, of, prepares=self._prepares)


class Told:
    """What is said of an item, part by part, each worked out, and its texts unsealed, when it is asked for.

    Each with a redactor of its own: what is withheld is told in one order, whatever was asked for first.
    """

    def __init__(
        self,
        meeting: Meeting,
        item: Item,
        seen: Sight,
        texts: Texts,
        linked: Sequence[Action],
        of: Of | None,
        *,
        prepares: bool,
    ) -> None:
        self.meeting = meeting
        self.item = item
        self.linked = linked
        self.prepares = prepares
        self._seen = seen
        self._texts = texts
        self._of = of
        self._parts: dict[str, Any] = {}

    def _part(self, name: str) -> Any:
        if name not in self._parts:
            self._parts[name] = PARTS[name](self, Redactor(self._seen, self._texts, self._of))
        return self._parts[name]

    @property
    def discussion(self) -> case_types.Discussion | None:
        return self._part("discussion")

    @property
    def decisions(self) -> list[case_types.Decision]:
        return self._part("decisions")

    @property
    def actions(self) -> list[case_types.Action]:
        return self._part("actions")

    @property
    def handling(self) -> agenda_types.Handling | None:
        return self._part("handling")

    @property
    def amendments(self) -> list[case_types.Amendment]:
        return self._part("amendments")

    @property
    def redactions(self) -> list[common_types.Redaction]:
        found: list[common_types.Redaction] = []
        for part in PARTS.values():
            # Apart: by finding out what is withheld nothing is shown.
            redactor = Redactor(self._seen, self._texts.quiet(), None)
            part(self, redactor)
            found += redactor.redactions()
        return found


def _discussion(told: Told, redactor: Redactor) -> case_types.Discussion | None:
    item = told.item
    if redactor.hides("discussion", Category.DISCUSSION) or not item.update:
        return None
    at = parts.Spoken(told.meeting.meeting, item.item, item.opened_at, item.closed_at, item.present, item.amendments)
    return parts.spoken(item.update, at, "discussion", redactor)


PARTS: Mapping[str, Callable[[Told, Redactor], object]] = {
    "discussion": _discussion,
    "decisions": lambda told, redactor: redactor.each(
        "decisions", Category.DISCUSSION, told.item.decisions, parts.decision
    ),
    "actions": lambda told, redactor: parts.actions(told.linked, "actions", redactor),
    "handling": lambda told, redactor: handling(told.item, told.meeting, redactor, prepares=told.prepares),
    "amendments": lambda told, redactor: redactor.each(
        "amendments", Category.DISCUSSION, told.item.amendments, parts.amendment
    ),
}
"""What is said of an item, in the order in which what is withheld of it is told."""


class Withheld:
    """An item of which the viewer sees that it is there, and no more."""

    def __init__(self, reason: RedactionReason) -> None:
        self._reason = reason

    async def case(self) -> None:
        return None

    async def said(self) -> agenda_types.Said:
        return NOTHING_TOLD[self._reason]

    async def withheld(self) -> RedactionReason:
        return self._reason


def nothing_told(reason: RedactionReason) -> agenda_types.NothingSaid:
    named = reason is RedactionReason.UNREADABLE
    withheld = (
        "case",
        *(() if named else ("number",)),
        *WORKED_OUT,
        "presenter",
        "deferCount",
        "deferred",
        "speaking",
        *("discussion", "decisions", "actions", "handling", "amendments"),
    )
    return agenda_types.NothingSaid([common_types.Redaction(path=path, reason=reason) for path in withheld])


NOTHING_TOLD = {reason: nothing_told(reason) for reason in RedactionReason}
