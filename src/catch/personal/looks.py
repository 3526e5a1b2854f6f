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


class OfCase:
    """What an answer shows of one case: `sighted`: that there is one; the categories, once anything is shown."""

    __slots__ = ("glass", "person", "sighted", "told")

    def __init__(self, person: UUID | None) -> None:
        self.person = person
        self.told: set[str] | None = None
        self.sighted = self.glass = False

    def add(self, other: "OfCase") -> None:
        self.person = other.person or self.person
        self.sighted |= other.sighted
        self.glass |= other.glass
        if other.told is not None:
            self.told = other.told | (self.told or set())


class Looks:
    """What one answer shows, until it leaves."""

    def __init__(self) -> None:
        self._cases: dict[UUID, OfCase] = {}
        self._others: set[UUID] = set()
        self._again: Looks | None = None
        self._all: frozenset[Look] | None = None

    def sighted(self, case: UUID, person: UUID, *, glass: bool = False) -> None:
        """The viewer may see something of the case, and is told that there is one; `glass`: because they opened it."""
        known = self._of(case)
        known.person, known.sighted = person, True
        if glass:
            known.glass = True

    def told(self, case: UUID, category: str | None = None, person: UUID | None = None) -> None:
        known = self._of(case)
        if person is not None:
            known.person = person
        if known.told is None:
            known.told = set()
        if category is not None:
            known.told.add(category)

    def of_person(self, subject: UUID) -> None:
        self._all = None
        self._others.add(subject)

    def passed_over(self, cases: Iterable[UUID]) -> None:
        for case in cases:
            self._of(case).sighted = False

    def add(self, other: "Looks") -> None:
        """What another answer has shown, which is given again, and shows nothing more."""
        if self._again is None and not self._cases and not self._others:
            # Most answers are one that was kept: what it shows was put together when it was made.
            self._again = other
        else:
            self._unfold()
            self._take(other)

    def _of(self, case: UUID) -> OfCase:
        if self._again is not None:
            self._unfold()
        self._all = None
        known = self._cases.get(case)
        if known is None:
            known = self._cases[case] = OfCase(None)
        return known

    def _unfold(self) -> None:
        again, self._again = self._again, None
        if again is not None:
            self._take(again)

    def _take(self, other: "Looks") -> None:
        if other._again is not None:
            self._take(other._again)
        for case, theirs in other._cases.items():
            self._of(case).add(theirs)
        self._all = None
        self._others |= other._others

    def all(self) -> frozenset[Look]:
        if self._again is not None and not self._others:
            return self._again.all()
        if self._all is None:
            self._unfold()
            shown = [(case, each) for case, each in self._cases.items() if each.sighted or each.told is not None]
            found = [Look(each.person, case, tuple(sorted(each.told or ())), each.glass) for case, each in shown]
            others = self._others.difference([each.person for _, each in shown])
            self._all = frozenset([*found, *(Look(subject, None) for subject in others)])
        return self._all


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
