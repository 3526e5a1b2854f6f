"""Cases as one viewer sees them: rights are those of now, contents those of now or of a moment of history."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.access import Sight
from catch.api import types
from catch.api.case_view import Unfolding, Whole
from catch.api.facts import Facts, Past
from catch.api.lens import Lens
from catch.domain.case.state import Case
from catch.domain.facts import Actor
from catch.log.states import Held


class Opened(NamedTuple):
    """A case as it is shown, and what the viewer sees of it; None where, for them, there is no such case."""

    held: Held
    seen: Sight | None


class Reading:
    """One viewer's view of the facts; with `past`, of what they were then."""

    def __init__(self, facts: Facts, viewer: Actor, past: Past | None = None) -> None:
        self.facts = facts
        self.viewer = viewer
        self.past = past

    async def sight(self, case: UUID) -> Sight | None:
        """What the viewer sees of the case; None where, for them, there is no such case."""
        held: Case | None = (await self.facts.case(case)).state
        return await self.facts.sight(self.viewer, held) if held else None

    async def opened(self, case: UUID) -> Opened:
        """A case and what the viewer sees of it."""
        await self.facts.gathered()
        now = await self.facts.case(case)
        seen = await self.facts.sight(self.viewer, now.state) if now.state is not None else None
        return Opened(await self.past.case(case) if self.past else now, seen)

    async def case(
        self, held: Case, seen: Sight, version: int, position: int, at: datetime | None = None
    ) -> types.Case:
        now = await self.facts.person(held.person)
        person = await self.past.person(held.person) if self.past else now
        texts = await self.facts.texts(held.person)
        pinned = await self.facts.programme(held.programme, held.programme_version)
        moment = at or (self.past and self.past.moment) or self.facts.at
        protected = now is not None and now.address_protected
        return Unfolding(Whole(held, pinned, person, Lens(seen, texts), version, position, moment, protected))

    async def case_by_id(self, case: UUID) -> types.Case | None:
        """The case as the viewer sees it; None where they do not, or where there was none yet."""
        held, seen = await self.opened(case)
        return await self.case(held.state, seen, held.version, held.position) if seen and held.state else None

    async def listed(self, ids: Sequence[UUID]) -> list[Opened]:
        """Cases that were found, each with what the viewer sees of it: the policy is the judge of what is found."""
        await self.facts.seats(ids)
        self.facts.expect(ids)
        return [await self.opened(case) for case in ids]
