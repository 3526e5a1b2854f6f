"""Whom an answer tells something of, noted while it is made and recorded before it leaves.

Whatever is shown of somebody comes past one of three places, which note it here: what the policy lets somebody see of a
case (`sighted`), what is shown through a redactor, by its category (`told`), and each text that is unsealed
(`of_person`). So a field that nobody has thought about is noted all the same. Where nobody notes, no text is unsealed.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID

TEXTS = "texts"
"""What is noted of a text that is of no category, or shown in the terminal."""


class Look(NamedTuple):
    """One record that was looked at: of a case and whose it is, as far as that is known; or of somebody, or something,
    whose texts are sealed under a key of its own. Without `categories` no more was shown than that there is such a
    case, its number and how it stands. `glass`: they had opened it in an emergency.
    """

    person: UUID | None
    case: UUID | None
    categories: tuple[str, ...] = ()
    glass: bool = False


class Looks:
    """What one answer shows, until it leaves."""

    def __init__(self) -> None:
        self._people: dict[UUID, UUID] = {}
        self._told: dict[UUID, set[str]] = {}
        self._sighted: set[UUID] = set()
        self._glass: set[UUID] = set()
        self._others: set[UUID] = set()

    def sighted(self, case: UUID, person: UUID, *, glass: bool = False) -> None:
        """The viewer may see something of the case, and is told that there is one; `glass`: because they opened it."""
        if glass:
            self._glass.add(case)
        self._people[case] = person
        self._sighted.add(case)

    def told(self, case: UUID, category: str | None = None, person: UUID | None = None) -> None:
        if person is not None:
            self._people[case] = person
        known = self._told.get(case)
        if known is None:
            known = self._told[case] = set()
        if category is not None:
            known.add(category)

    def of_person(self, subject: UUID) -> None:
        self._others.add(subject)

    def passed_over(self, cases: Iterable[UUID]) -> None:
        self._sighted.difference_update(cases)

    def add(self, other: "Looks") -> None:
        """What another answer has shown, which is given again."""
        self._people |= other._people
        for case, categories in other._told.items():
            self._told.setdefault(case, set()).update(categories)
        self._sighted |= other._sighted
        self._glass |= other._glass
        self._others |= other._others

    def all(self) -> frozenset[Look]:
        cases = self._sighted | self._told.keys()
        found = {
            Look(self._people.get(case), case, tuple(sorted(self._told.get(case, ()))), case in self._glass)
            for case in cases
        }
        others = self._others - {self._people.get(case) for case in cases}
        return frozenset(found | {Look(subject, None) for subject in others})


_LOOKS: ContextVar[Looks | None] = ContextVar("looks", default=None)


class NobodyNotes(Exception):
    """A personal text was to be shown where nobody records to whom."""


@contextmanager
def noting() -> Generator[Looks]:
    """All that is shown within the block."""
    looks = Looks()
    token = _LOOKS.set(looks)
    try:
        yield looks
    finally:
        _LOOKS.reset(token)


def noted() -> Looks | None:
    """None where nothing is shown to anybody: rights are looked up, and no answer made."""
    return _LOOKS.get()


def must_be_noted() -> Looks:
    """Raises `NobodyNotes`."""
    looks = _LOOKS.get()
    if looks is None:
        raise NobodyNotes
    return looks


def told(case: UUID, category: str | None = None, person: UUID | None = None) -> None:
    """Something of the case is shown."""
    if (looks := _LOOKS.get()) is not None:
        looks.told(case, category, person)


def told_of(subject: UUID) -> None:
    """Something is shown of somebody, or something, that is no case."""
    if (looks := _LOOKS.get()) is not None:
        looks.of_person(subject)


def passed_over(cases: Iterable[UUID]) -> None:
    """These were only looked through: whichever of them is shown is `told` of when it is."""
    if (looks := _LOOKS.get()) is not None:
        looks.passed_over(cases)


def again(shown: Looks) -> None:
    """An answer that showed this is given to somebody else, or once more."""
    if (looks := _LOOKS.get()) is not None:
        looks.add(shown)
