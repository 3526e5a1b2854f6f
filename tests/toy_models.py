"""Read models for tests of the read side: a class with a fold of its own becomes one by `model`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from catch.domain.facts import Recorded
from projections.read_model import Key, MadeOf, ReadModel


class ToyModel(ABC):
    """`NAME`, `VERSION`, `ROW` and `INDEXES` of the class; `keys`, `fold`, perhaps `complete` of the object, which may
    remember.
    """

    NAME: str
    VERSION: int
    ROW: type[Struct]
    INDEXES: tuple[str, ...] = ()
    complete: Callable[[Any], Any] | None = None

    @abstractmethod
    def keys(self, recorded: Recorded[Any], /) -> Iterable[Key]: ...

    @abstractmethod
    def fold(self, row: Any, recorded: Recorded[Any], key: Any, /) -> Any: ...

    def model(self) -> ReadModel:
        return ReadModel(
            name=self.NAME,
            version=self.VERSION,
            row=self.ROW,
            made_of=MadeOf.ANY_STREAMS,
            topics=None,
            indexes=self.INDEXES,
            listed=None,
            keys=self.keys,
            fold=self.fold,
            complete=self.complete,
        )
