"""Cases as one viewer sees them: rights are those of now, contents those of now or of a moment of history."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeGuard
from uuid import UUID

from catch.access import RedactionReason, Sight, Who, lookers_shown, recused, was_there
from catch.api.case import types
from catch.api.case.merges import ALONE, Knowing, Merged, same_as
from catch.api.case.view import Unfolding, Whole
from catch.api.common.facts import Facts, Past
from catch.api.common.redaction import Of, Redactor
from catch.domain.case.state import Case
from catch.domain.facts import Category
from catch.domain.person import Person
from catch.log.entries import Unreadable
from catch.personal import named, sealed_in
from catch.present.states import NOTHING, Held


class Opened(NamedTuple):
    """A case as it is shown, and what the viewer sees of it; None where, for them, there is no such case."""

    held: Held
    seen: Sight | None


NO_CASE = Opened(NOTHING, None)
KEPT_OUT = Sight(frozenset(), RedactionReason.RECUSED, "")


class Unopened(NamedTuple):
    """A case that cannot be shown, and what the viewer, as far as can be told without the fact, sees of it."""

    problem: Unreadable
    last_known: Case | None
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
        """What the viewer sees of the case; None where, for them, there is no such case. Raises as `known`."""
        held = await self.known(case)
        return await self.facts.sight(self.viewer, held) if held else None

    async def known(self, case: UUID) -> Case | None:
        """The case as it stands, whoever may see it. Raises an `Unreadable` to whom, as far as can be told, it would be
        shown; for others there is none."""
        try:
            return (await self.facts.case(case)).state
        except Unreadable as problem:
            if shows((await self.unopened(case, problem)).seen):
                raise
            return None

    async def recused(self, case: UUID) -> bool:
        """Whether the viewer is kept out of the case; where it cannot be read, as far as can be told."""
        return await self.facts.recused(self.viewer, case)

    async def kept_from(self, person: UUID) -> bool:
        """Whether the viewer is kept out of any case of the person."""
        return await self.facts.kept_from(self.viewer, person)

    async def sees(self, case: UUID) -> Sight | None:
        """The same as `sight`, in a list; of a case that cannot be read, as far as can be told."""
        try:
            return await self.sight(case)
        except Unreadable as problem:
            return (await self.unopened(case, problem)).seen

    async def unopened(self, case: UUID, problem: Unreadable) -> Unopened:
        known = await self.facts.last_known(case)
        return Unopened(problem, known, await self.facts.sight(self.viewer, known) if known else None)

    async def opened(self, case: UUID) -> Opened:
        """A case and what the viewer sees of it. Raises an `Unreadable`."""
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
        return Unfolding(await self.whole(held, seen, version, position, at))

    async def whole(self, held: Case, seen: Sight, version: int, position: int, at: datetime | None = None) -> Whole:
        """All that a case is shown from."""
        now = await self.facts.person(held.person)
        person = await self.past.person(held.person) if self.past else now
        beside = await (self.past or self.facts).beside(held.case) if Category.RESTRICTED in seen.categories else None
        # What was said of somebody nobody knew yet is sealed under a key of its own.
        sealed = {subject for text in sealed_in(beside) if (subject := named(text))} if beside else ()
        merged = await self.merged(seen, person) if person else ALONE
        texts = await self.facts.texts(held.person, *merged.subjects, *sealed)
        pinned = await self.facts.programme(held.programme, held.programme_version)
        moment = at or (self.past and self.past.moment) or self.facts.at
        # An address that is protected today is protected in its history, and one that was then is so in that.
        everyone = (person, *merged.same)
        if self.past and now:
            everyone = (*everyone, now, *await same_as(self.facts.person, now))
        protected = any(each.address_protected for each in everyone if each)
        redactor = Redactor(seen, texts, Of(held.case, held.person))
        # By the rights of now, whatever it is shown as.
        lookers = lookers_shown(self.viewer, held, seen, self.facts.at)
        return Whole(held, beside, pinned, person, redactor, version, position, moment, protected, merged, lookers)

    async def merged(self, seen: Sight, person: Person) -> Merged:
        """With whom the person is one, then or now; who may know of it is judged by the rights of now."""
        if not person.merges:
            return ALONE
        of = (self.past or self.facts).person
        same = await same_as(of, person)
        return Merged(same, await Knowing(self.facts, self.judged).others(seen, person, of))

    async def told_of_person(self, case: UUID, seen: Sight) -> Hashable:
        """What the viewer is shown of the person of a case that they act upon and no fact of the case says: whoever
        looks is shown it anew when it is another. Of what they are not shown nothing is in it.
        """
        try:
            held: Case | None = (await self.facts.case(case)).state
            person = await self.facts.person(held.person) if held else None
        except Unreadable:
            return None
        if person is None or not seen.categories:
            return None
        merged = await self.merged(seen, person)
        everyone = (person, *merged.same)
        protected = Category.CONTACT in seen.categories and any(each.address_protected for each in everyone)
        died = next((each.deceased.on for each in everyone if each.deceased), None)
        stopped = any(each.processing.stopped(self.facts.at) for each in everyone)
        merges = tuple([(each.merge.merge, each.merge.state) for each in merged.others])
        return protected, died, stopped, merges, self._as_named(person, seen), self._to_reach(person, seen, protected)

    def _as_named(self, person: Person, seen: Sight) -> Hashable:
        if Category.IDENTITY not in seen.categories:
            return None
        held = person.registered
        return held.name, held.date_of_birth, held.nhs_number, held.communication_needs

    def _to_reach(self, person: Person, seen: Sight, protected: bool) -> Hashable:
        if Category.CONTACT not in seen.categories:
            return None
        shown = not protected or Category.RESTRICTED in seen.categories
        held = person.registered
        return held.phone, held.address if shown else None, person.preference

    async def judged(self, case: Case) -> Sight | None:
        """What the viewer sees of a case; whoever is kept out of it is told apart from who has no part in it."""
        kept = recused(self.viewer, case, (await self.facts.seats((case.case,)))[case.case])
        return KEPT_OUT if kept else await self.facts.sight(self.viewer, case)

    async def case_by_id(self, case: UUID) -> types.Case | None:
        """The case as the viewer sees it; None where they do not, or where there was none yet. Raises an `Unreadable`
        to whom it would be shown."""
        try:
            held, seen = await self.opened(case)
            if not shows(seen) or held.state is None:
                return None
            return await self.case(held.state, seen, held.version, held.position)
        except Unreadable as problem:
            if shows((await self.unopened(case, problem)).seen):
                raise
            return None

    async def listed(self, ids: Sequence[UUID]) -> list[Opened | Unopened]:
        """Cases that were found, each with what the viewer sees of it: the policy is the judge of what is found."""
        # All at once, before the policy asks case by case.
        await self.facts.seats(ids)
        self.facts.expect(ids)
        found: list[Opened | Unopened] = []
        for case in ids:
            try:
                found.append(await self.opened(case))
            except Unreadable as problem:
                found.append(await self.unopened(case, problem))
        return found
