"""What one viewer sees of one case, and what is withheld from them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from catch.access import RedactionReason, Sight
from catch.api import types
from catch.domain.facts import Category, Sealed
from catch.personal import Erased

D = TypeVar("D")
V = TypeVar("V")


class Texts(Protocol):
    """Reads sealed texts."""

    def get(self, sealed: Sealed, /) -> str | Erased: ...


class Lens:
    """What one viewer sees of one case; notes what it withholds."""

    def __init__(self, sight: Sight, texts: Texts) -> None:
        self.sight = sight
        self.texts = texts
        self.withheld: dict[str, RedactionReason] = {}

    def hides(self, path: str, category: Category) -> bool:
        reason = self.sight.hides(category)
        if reason is not None:
            self.withheld[path] = reason
        return reason is not None

    def text(self, path: str, category: Category | None, sealed: Sealed | None) -> str | None:
        """The plain text; None where there is none, or where it is withheld. No category: always theirs to see."""
        if sealed is None or (category is not None and self.hides(path, category)):
            return None
        plain = self.texts.get(sealed)
        if isinstance(plain, Erased):
            self.withheld[path] = RedactionReason.ERASED
            return None
        return plain

    def redactions(self) -> list[types.Redaction]:
        return [types.Redaction(path=path, reason=reason) for path, reason in self.withheld.items()]

    def all(self, path: str, category: Category, held: Sequence[D]) -> Sequence[D]:
        """The list, or nothing where it is withheld. An empty list has nothing to withhold."""
        return () if held and self.hides(path, category) else held

    def each(self, path: str, category: Category, held: Sequence[D], view: "Callable[[D, str, Lens], V]") -> list[V]:
        """The list likewise, each as `view` shows it."""
        return [view(one, f"{path}.{place}", self) for place, one in enumerate(self.all(path, category, held))]

    def for_those_involved(self, path: str, held: Sequence[D]) -> Sequence[D]:
        """What no category covers: anybody to whom any of the case may be told sees it."""
        if held and not self.sight.categories:
            self.withheld[path] = self.sight.hidden
            return ()
        return held


def own_only(sight: Sight) -> bool:
    """Whether what others may be told is nothing to this viewer."""
    return sight.hidden is not RedactionReason.ROLE or not sight.categories


def reads(sight: Sight, by: str, audience: Iterable[str]) -> bool:
    """Whether a note is addressed to the viewer, or is their agency's own."""
    named = frozenset(audience)
    own = by == sight.agency and sight.takes_part
    return sight.everything or own or not named or sight.agency in named
