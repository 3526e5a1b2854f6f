"""What one viewer sees of one case, and what is withheld from them."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from catch.access import RedactionReason, Sight, sees_others
from catch.api.common import types
from catch.domain.facts import Category, Sealed
from catch.personal import Erased, Unopened

D = TypeVar("D")
V = TypeVar("V")


class Texts(Protocol):
    """Reads sealed texts."""

    def get(self, sealed: Sealed, /) -> str | Unopened: ...


def why_unopened(text: Unopened) -> RedactionReason:
    return RedactionReason.ERASED if isinstance(text, Erased) else RedactionReason.UNREADABLE


class Redactor:
    """What one viewer sees of one case; notes what it withholds.

    A path names a class of fields (`notes.text`), never one of them, and is noted whether or not anything is there: an
    empty list and a hidden one look the same to who may not see it.
    """

    def __init__(self, sight: Sight, texts: Texts) -> None:
        self.sight = sight
        self.texts = texts
        self.withheld: dict[str, RedactionReason] = {}

    @property
    def refers(self) -> bool:
        """Whether the viewer sees nothing but what became of their own referral."""
        return not self.sight.categories

    def hides(self, path: str, category: Category) -> bool:
        reason = self.sight.hides(category)
        if reason is not None:
            self.withheld[path] = reason
        return reason is not None

    def text(self, path: str, category: Category | None, sealed: Sealed | None) -> str | None:
        """The plain text; None where there is none, or where it is withheld. No category: always theirs to see."""
        if (category is not None and self.hides(path, category)) or sealed is None:
            return None
        plain = self.texts.get(sealed)
        if isinstance(plain, Unopened):
            self.withheld[path] = why_unopened(plain)
            return None
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
