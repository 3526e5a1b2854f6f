"""With whom the person of a case is one: what that keeps closed or says to everybody, and to whom the other is told."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from catch.access import Sight, knows_as_one
from catch.api.case import parts, types
from catch.api.common import types as common_types
from catch.api.common.facts import Facts
from catch.api.common.redaction import Redactor
from catch.domain.case.state import Case
from catch.domain.facts import Category
from catch.domain.merging import Merge
from catch.domain.person import Person
from catch.log.entries import Unreadable

PersonOf = Callable[[UUID], Awaitable[Person | None]]


class Other(NamedTuple):
    """The other of the two, for who may know of it: who they are, and their cases as far as they are seen."""

    merge: Merge
    person: Person
    cases: Sequence[Case]


class Merged(NamedTuple):
    """`same`: whoever is one with the person now; `others`: all of whom that was said, as far as it is told."""

    same: tuple[Person, ...] = ()
    others: tuple[Other, ...] = ()

    @property
    def subjects(self) -> set[UUID]:
        """Whose keys seal what is told: what was said of two is sealed under the one that was named."""
        return {held.person.person for held in self.others}


ALONE = Merged()


async def same_as(person_of: PersonOf, person: Person) -> tuple[Person, ...]:
    """Everybody who is one with the person, without them. One that cannot be read is in nobody's way."""
    if not any(held.together for held in person.merges):
        return ()
    survivor = await _readable(person_of, person.survivor)
    ids = {person.survivor, *(survivor.merged_in if survivor else ())} - {person.person}
    found = [await _readable(person_of, each) for each in sorted(ids)]
    return tuple(each for each in found if each)


async def _readable(person_of: PersonOf, person: UUID) -> Person | None:
    try:
        return await person_of(person)
    except Unreadable:
        return None


async def linked(facts: Facts, cases: Iterable[UUID]) -> bool:
    """Whether anybody of these cases was ever said to be one with somebody else. Who may know of that hangs on what
    they are kept out of elsewhere, so that colleagues with equal rights here are not told the same.
    """
    for case in cases:
        try:
            held: Case | None = (await facts.case(case)).state
            person = await facts.person(held.person) if held else None
        except Unreadable:
            continue
        if person is not None and person.merges:
            return True
    return False


class Knowing:
    """What one viewer may know of two people's being one. `sight` is what they see of a case."""

    def __init__(self, facts: Facts, sight: Callable[[Case], Awaitable[Sight | None]]) -> None:
        self._facts = facts
        self._sight = sight

    async def others(self, seen: Sight, person: Person, person_of: PersonOf) -> tuple[Other, ...]:
        """Of the person of a case of which the viewer sees this."""
        if not person.merges or not seen.everything or await self._cases(person) is None:
            return ()
        found: list[Other] = []
        for merge in person.merges:
            other = await _readable(person_of, merge.other(person.person))
            cases = await self._cases(other) if other else None
            if other is not None and cases is not None:
                found.append(Other(merge, other, cases))
        return tuple(found)

    async def _cases(self, person: Person) -> list[Case] | None:
        """The person's cases that the viewer coordinates; None where they may not know with whom the person is one."""
        held = [await self._case(case) for case, _ in person.cases]
        seen = [(case, await self._sight(case)) for case in held if case]
        # A case that cannot be read may be one that they are kept out of.
        if len(seen) < len(held) or not knows_as_one([sight for _, sight in seen]):
            return None
        return [case for case, sight in seen if sight and sight.everything]

    async def _case(self, case: UUID) -> Case | None:
        try:
            return (await self._facts.case(case)).state
        except Unreadable:
            return None


def shown(held: Other, redactor: Redactor) -> types.PersonMerge:
    merge, other = held.merge, held.person.registered
    return types.PersonMerge(
        id=merge.merge,
        state=merge.state,
        survivor=merge.survivor,
        other=held.person.person,
        other_name=redactor.text("person.merges.otherName", Category.IDENTITY, other.name),
        other_date_of_birth=redactor.text("person.merges.otherDateOfBirth", Category.IDENTITY, other.date_of_birth),
        cases=[
            types.MergedCase(id=case.case, number=case.number, state=case.state, lead=parts.worker(case.lead))
            for case in held.cases
        ],
        reason=redactor.text("person.merges.reason", None, merge.reason),
        by=common_types.Worker(user=merge.user, agency=merge.agency),
        at=merge.at,
        answered_at=merge.answered_at,
        ended_at=merge.ended_at,
        because=redactor.text("person.merges.because", None, merge.because),
    )
