"""What one viewer sees of one case, and what is withheld from them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from catch.access import RedactionReason, Sight, sees_others
from catch.api.common import types
from catch.domain.facts import Category, Sealed
from catch.personal import Erased, Unopened, looks

D = TypeVar("D")
V = TypeVar("V")


class Opens(Protocol):
    """Reads sealed texts."""

    def get(self, sealed: Sealed, /) -> str | Unopened: ...


class Texts(Opens, Protocol):
    """The same, and without its being noted that anybody was shown them."""

    def quiet(self) -> "Texts": ...


def why_unopened(text: Unopened) -> RedactionReason:
    return RedactionReason.ERASED if isinstance(text, Erased) else RedactionReason.UNREADABLE


class Of(NamedTuple):
    """Whom a case is about."""

    case: UUID
    person: UUID


class Redactor:
    """What one viewer sees of one case; notes what it withholds, and of which categories it shows something.

    A path names a class of fields (`notes.text`), never one of them, and is noted whether or not anything is there: an
    empty list and a hidden one look the same to who may not see it.
    """

    def __init__(self, sight: Sight, texts: Texts, of: Of | None) -> None:
        """`of`: whose case it is, of which somebody looks at a part now; None of what no case is about."""
        self.sight = sight
        self.texts = texts
        self.of = of
        self.withheld: dict[str, RedactionReason] = {}
        self._told: set[Category | None] = set()

    def told(self, category: Category | None = None) -> None:
        """Something of the case is shown. Noted once: all that is shown through this is one answer's."""
        if category not in self._told:
            self._told.add(category)
            if self.of is not None:
                looks.told(self.of.case, category, self.of.person)

    def unnoted(self) -> "Redactor":
        """Another of the same, with which it is found out what is withheld."""
        return Redactor(self.sight, self.texts.quiet(), None)

    @property
    def refers(self) -> bool:
        """Whether the viewer sees nothing but what became of their own referral."""
        return not self.sight.categories

    def hides(self, path: str, category: Category) -> bool:
        reason = self.sight.hides(category)
        if reason is not None:
            self.withheld[path] = reason
        else:
            self.told(category)
        return reason is not None

    def text(self, path: str, category: Category | None, sealed: Sealed | None) -> str | None:
        """The plain text; None where there is none, or where it is withheld. No category: always theirs to see."""
        if (category is not None and self.hides(path, category)) or sealed is None:
            return None
        plain = self.texts.get(sealed)
        if isinstance(plain, Unopened):
            self.withheld[path] = why_unopened(plain)
            return None
        if category is None and self.of is not None:
            # Of whatever kind: that somebody read a text is more than that they know of the case.
            looks.told(self.of.case, looks.TEXTS, self.of.person)
        return plain

    def redactions(self) -> list[types.Redaction]:
        return [types.Redaction(path=path, reason=reason) for path, reason in self.withheld.items()]

    def all(self, path: str, category: Category, held: Sequence[D]) -> Sequence[D]:
        """The list, or nothing where it is withheld."""
        return () if self.hides(path, category) else held

    def each(
        self, path: str, category: Category, held: Sequence[D], view: "Callable[[D, str, Redactor], V]"
    ) -> list[V]:
        """The list likewise, each as `view` shows it."""
        return [view(one, path, self) for one in self.all(path, category, held)]

    def for_those_involved(self, path: str, held: V) -> V | None:
        """What no category covers: anybody to whom any of the case may be told sees it."""
        if self.refers:
            self.withheld[path] = self.sight.hidden
            return None
        return held

    def sees_others(self, path: str) -> bool:
        """Whether the viewer sees what others are told, and why."""
        seen = sees_others(self.sight)
        if not seen:
            self.withheld[path] = self.sight.hidden
        return seen

    def for_others(self, path: str, held: V) -> V | None:
        """What says something of what others are told, or are not to be told."""
        return held if self.sees_others(path) else None

    def for_those_who_see_all(self, path: str, held: V) -> V | None:
        """What says something of every fact there is."""
        if not self.sight.everything:
            self.withheld[path] = self.sight.hidden
            return None
        return held
