"""What a read model is, said in one value."""

from collections.abc import Callable, Iterable
from enum import Enum
from types import UnionType
from typing import Any, get_args
from uuid import UUID

from msgspec import Struct

from catch.domain.facts import Fact, Recorded
from catch.log.rows import Listed

Key = UUID | int | str


def names(facts: UnionType | Iterable[type[Fact]]) -> frozenset[str]:
    """The names of these facts, as the log has them: for `topics`."""
    return frozenset(fact.__name__ for fact in (get_args(facts) if isinstance(facts, UnionType) else facts))


class MadeOf(Enum):
    """What the rows of a read model come from."""

    EACH_FACT = "a fact makes one row, its position the key, or none: nothing is looked up or held"
    ONE_STREAM = "all facts of a row are of one stream: several processes may share a rebuild"
    ANY_STREAMS = "the facts of a row may be of several streams"


class ReadModel(Struct, frozen=True, eq=False):
    """Nothing here has a default: what is not said of a read model does not type-check. Each is itself alone.

    `row`: its first field is the primary key, `position: int` the position of the fact that last changed it.
    `version` is raised whenever the row or the fold changes: then a new table is built beside the old one.
    `topics`: the names of the only facts that its rows come from; None: of any.
    `indexes`: column lists, each perhaps with a condition: `(agency, due) where done_at is null`.
    `listed`: a field whose parts are kept one a row in a table beside.
    `keys(recorded)`: the rows that this fact may change.
    `fold(row, recorded, key)`: the row after this fact; None when there is none (any more).
    `complete(row)`: the row with what the fold left to be made of its other fields, once for many facts, when it is
    written or shown; None where the fold leaves nothing.
    """

    name: str
    version: int
    row: type[Struct]
    made_of: MadeOf
    topics: frozenset[str] | None
    indexes: tuple[str, ...]
    listed: Listed | None
    keys: Callable[[Recorded[Any]], Iterable[Key]]
    fold: Callable[[Any, Recorded[Any], Any], Any]
    complete: Callable[[Any], Any] | None

    @property
    def table(self) -> str:
        """The name of its table, which is also the name of its checkpoint."""
        return f"{self.name}_v{self.version}"

    @property
    def beside(self) -> str:
        """The name of the table beside. For a read model that has one."""
        return f"{self.name}_{self.listed.field if self.listed else ''}_v{self.version}"
