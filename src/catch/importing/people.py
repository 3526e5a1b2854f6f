"""Who a row is about: whoever is known and alike, by two identifiers that agree (`catch.domain.matching`).

Only keyed hashes are looked up; what was found is unsealed to be compared. Whoever was registered through another door
is found here, and whoever an import registers is found from there: their marks are the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Struct

from catch.app import Catch
from catch.commands.questions import mark_digests
from catch.domain.case.referral import case_number
from catch.domain.case.state import Case
from catch.domain.ids import id_of_digest
from catch.domain.matching import Identifiers, Likeness, forms, likeness, marks
from catch.domain.person import Person, PersonRegistered
from catch.domain.streams import CASE, PERSON
from catch.importing.rows import ReferralRow
from catch.personal import Unopened
from projections import matches

FORMER_NAMES = uuid5(NAMESPACE_URL, "https://catch.invalid/referral-import")
"""Whose ids were made of a public name, before ids were keyed."""


_CLOSEST = (Likeness.SAME, Likeness.UNCLEAR, Likeness.OTHER)


class Known(Struct, frozen=True):
    """Somebody who is known, and what was said of them when they were registered; of whoever is registered twice, by
    the registration that is most like.
    """

    person: Person
    said: Identifiers
    like: Likeness

    @property
    def number(self) -> str:
        """What a person is called where somebody has to say who it is."""
        return case_number(self.person.person)


class Found(Struct, frozen=True):
    """Those who are alike. `more`: so many have this in common that some were left out."""

    known: Sequence[Known]
    more: bool

    @property
    def clear(self) -> Sequence[Known]:
        """Those of whom it would be clear that the row is about them, if there were no others."""
        return [each for each in self.known if each.like is Likeness.SAME]

    @property
    def same(self) -> Known | None:
        """The one whom the row is about, where that is clear."""
        return self.clear[0] if len(self.clear) == 1 and not self.more else None


def identifiers(row: ReferralRow) -> Identifiers:
    born = row.born.isoformat() if row.born else None
    return Identifiers(row.name, born, row.phone or None, row.nhs_number, row.address or None)


def together(rows: Sequence[ReferralRow]) -> list[list[ReferralRow]]:
    """Rows of whom any two in a group may be alike, so that each is decided after those that came in before it."""
    above: dict[str, str] = {}

    def top(key: str) -> str:
        while (over := above.setdefault(key, key)) != key:
            above[key] = above[over]  # the way is halved, or long chains would be walked again and again
            key = over
        return key

    def own(row: ReferralRow) -> str:
        return f"line={row.line}"

    for row in rows:
        said = identifiers(row)
        for key in (*marks(said), *(f"nhs={number}" for kind, number in forms(said).items() if kind == "nhs")):
            above[top(key)] = top(own(row))
    groups: dict[str, list[ReferralRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.received_at, row.line)):
        groups[top(own(row))].append(row)
    return [*groups.values()]


class People:
    """Those who are known, in one run of an import: in the read models, and by what the run itself has registered."""

    def __init__(self, catch: Catch) -> None:
        self._catch = catch
        self._registered: dict[str, list[UUID]] = defaultdict(list)

    def remember(self, person: UUID, said: Identifiers) -> None:
        """The read side comes after the run, which must find whom it has registered a moment ago."""
        for key in self._keys(said):
            self._registered[key].append(person)

    async def alike(self, row: ReferralRow, without: UUID) -> Found:
        said = identifiers(row)
        found = await matches.alike(self._catch.log.pool, mark_digests(self._catch.keyring, said), self._number(said))
        ours = [person for key in self._keys(said) for person in self._registered[key]]
        people = dict.fromkeys([*found.people, *ours, *self._former(row)])
        people.pop(without, None)
        held = await self._catch.present.states.get_many(PERSON, people)
        groups = [await self._the_same(each.state) for each in held if each.state is not None]
        # Whoever is found by two of their registrations is there once.
        known = [await self._closest(same, said) for same in {each[0].person: each for each in groups}.values()]
        return Found([each for each in known if each and each.like is not Likeness.OTHER], found.more)

    async def with_number(self, row: ReferralRow) -> list[Person]:
        """Those of whom it is settled that they have the row's number, whatever else is known of them."""
        number = self._number(identifiers(row))
        if number is None:
            return []
        found = await matches.registered_with(self._catch.log.pool, number)
        people = dict.fromkeys([*found, *self._registered[number]])
        held = await self._catch.present.states.get_many(PERSON, people)
        numbered = [each.state for each in held if each.state is not None and each.state.settled_number == number]
        # Whoever is one of two is there once, with all the cases of both.
        return [*{(one := (await self._the_same(each))[0]).person: one for each in numbered}.values()]

    async def cases(self, person: Person) -> list[Case]:
        """Every case of theirs, under whichever of their registrations."""
        everyone = await self._the_same(person)
        held = await self._catch.present.states.get_many(CASE, [case for each in everyone for case, _ in each.cases])
        return [each.state for each in held if each.state is not None]

    async def _the_same(self, person: Person) -> list[Person]:
        """Everybody who is one with them, under whom they go on first; they too."""
        if not person.merges:
            return [person]
        survivor: Person = (await self._catch.present.states.get(PERSON, person.survivor)).state
        held = await self._catch.present.states.get_many(PERSON, survivor.merged_in)
        return [survivor, *(each.state for each in held if each.state is not None)]

    async def said_of(self, registered: PersonRegistered) -> Identifiers | None:
        """What was said when they were registered; None where that is erased or cannot be read."""
        texts = (
            registered.name,
            registered.date_of_birth,
            registered.phone,
            registered.nhs_number,
            registered.address,
        )
        opened = iter(await self._catch.keyring.unseal([text for text in texts if text is not None]))
        plain = [None if text is None else next(opened) for text in texts]
        return None if any(isinstance(each, Unopened) for each in plain) else Identifiers(*plain)

    async def _closest(self, same: Sequence[Person], said: Identifiers) -> Known | None:
        """Whoever is one of these, by the registration that is most like."""
        compared = [known for each in same if (known := await self._known(each, said))]
        closest = min(compared, key=lambda each: _CLOSEST.index(each.like), default=None)
        return closest and Known(same[0], closest.said, closest.like)

    async def _known(self, person: Person, said: Identifiers) -> Known | None:
        before = await self.said_of(person.registered)
        if before is None:
            return None
        like = likeness(before, said)
        # Anybody may call themselves anybody: who is not settled is nobody's match without somebody who looks.
        careful = like is Likeness.SAME and person.registered.provisional
        return Known(person, before, Likeness.UNCLEAR if careful else like)

    def _number(self, said: Identifiers) -> str | None:
        number = forms(said).get("nhs")
        return self._catch.keyring.digest(number) if number else None

    def _keys(self, said: Identifiers) -> list[str]:
        number = self._number(said)
        return [*mark_digests(self._catch.keyring, said), *([number] if number else [])]

    def _former(self, row: ReferralRow) -> list[UUID]:
        """Under which ids somebody was imported when a person's id was made of what identified them."""
        if row.nhs_number:
            known_by = f"nhs {row.nhs_number}"
        elif row.born:
            known_by = f"name {' '.join(row.name.casefold().split())} born {row.born.isoformat()}"
        else:
            return []
        digest = self._catch.keyring.digest(f"referral import {known_by}")
        return [id_of_digest(digest), uuid5(FORMER_NAMES, digest)]


def described(known: Known, cases: Sequence[Case]) -> str:
    """Somebody as they are shown to whoever has to say whether it is them."""
    said, numbers = known.said, ", ".join(sorted(case.number for case in cases if case.live))
    told = (
        said.name,
        said.date_of_birth and f"born {said.date_of_birth}",
        said.nhs_number and f"NHS number {said.nhs_number}",
        said.phone and f"phone {said.phone}",
        numbers and f"live case {numbers}",
    )
    return f"{known.number} is {', '.join(each for each in told if each)}"
