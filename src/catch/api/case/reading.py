"""Cases as one viewer sees them: rights are those of now, contents those of now or of a moment of history."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, TypeGuard
from uuid import UUID

from catch.access import RedactionReason, Sight, Who, recused, was_there
from catch.api.case import types
from catch.api.case.view import Unfolding, Whole
from catch.api.common.facts import Facts, Past
from catch.api.common.redaction import Redactor
from catch.domain.case.state import Case
from catch.domain.facts import Category
from catch.personal import sealed_in, subject_of
from catch.present.states import Held


class Opened(NamedTuple):
    """A case as it is shown, and what the viewer sees of it; None where, for them, there is no such case."""

    held: Held
    seen: Sight | None


def shows(seen: Sight | None) -> TypeGuard[Sight]:
    """Whether there is such a case for the viewer: for the recused there is none, whatever else they are to it."""
    return seen is not None and seen.hidden is not RedactionReason.RECUSED


class Reading:
    """One viewer's view of the facts; with `past`, of what they were then."""

    def __init__(self, facts: Facts, viewer: Who, past: Past | None = None) -> None:
        self.facts = facts
        self.viewer = viewer
        self.past = past

    async def sight(self, case: UUID) -> Sight | None:
        """What the viewer sees of the case; None where, for them, there is no such case."""
        held: Case | None = (await self.facts.case(case)).state
        return await self.facts.sight(self.viewer, held) if held else None

    async def recused(self, case: UUID) -> bool:
        """Whether the viewer is kept out of the case."""
        held: Case | None = (await self.facts.case(case)).state
        return held is not None and recused(self.viewer, held, (await self.facts.seats((case,)))[case])

    async def opened(self, case: UUID) -> Opened:
        """A case and what the viewer sees of it."""
        await self.facts.gathered()
        now = await self.facts.case(case)
        seen = await self.facts.sight(self.viewer, now.state) if now.state is not None else None
        if self.past is None:
            return Opened(now, seen)
        held = await self.past.case(case)
        return Opened(held, seen if seen and held.state and was_there(seen, held.state) else None)

    async def case(
        self, held: Case, seen: Sight, version: int, position: int, at: datetime | None = None
    ) -> types.Case:
        # Now as well: an address that is protected today is protected in its history.
        now = await self.facts.person(held.person)
        person = await self.past.person(held.person) if self.past else now
        beside = await (self.past or self.facts).beside(held.case) if Category.RESTRICTED in seen.categories else None
        # What was said of somebody nobody knew yet is sealed under a key of its own.
        sealed = map(subject_of, sealed_in(beside)) if beside else ()
        texts = await self.facts.texts(held.person, *sealed)
        pinned = await self.facts.programme(held.programme, held.programme_version)
        moment = at or (self.past and self.past.moment) or self.facts.at
        protected = now is not None and now.address_protected
        return Unfolding(
            Whole(held, beside, pinned, person, Redactor(seen, texts), version, position, moment, protected)
        )

    async def case_by_id(self, case: UUID) -> types.Case | None:
        """The case as the viewer sees it; None where they do not, or where there was none yet."""
        held, seen = await self.opened(case)
        return await self.case(held.state, seen, held.version, held.position) if shows(seen) and held.state else None

    async def listed(self, ids: Sequence[UUID]) -> list[Opened]:
        """Cases that were found, each with what the viewer sees of it: the policy is the judge of what is found."""
        # All at once, before the policy asks case by case.
        await self.facts.seats(ids)
        self.facts.expect(ids)
        return [await self.opened(case) for case in ids]
