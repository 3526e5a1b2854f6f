"""A stream's history, fact by fact: what each one changed, found by folding and comparing before with after.

Read by the audit trail and by `catch replay`. Nothing of it is stored: the log and the fold are enough.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeGuard, cast
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.domain.facts import Recorded, Sealed
from catch.domain.streams import Stream, fold
from catch.personal import sealed_in

SEALED = "«sealed»"
"""Stands where personal text is, unless its plain form is given."""

LATE = timedelta(days=7)
"""What is recorded later than this after it occurred is marked."""

# It changes with every fact, so that it would stand in every step and say nothing.
_FOLLOWS_FROM_ANY_FACT = frozenset({"last_activity_at"})
_NAMES = ("item", "need", "user", "agency")
Parts = tuple[object, ...]
_NOTHING: Mapping[Sealed, str] = {}


class Change(Struct, frozen=True):
    """One value before and after: a word or number as it is, anything larger as JSON; None where there was nothing.

    In a path, what stands in a list is named by its id: `actions[7f3a8c1e-...].state`.
    """

    path: str
    before: str | None
    after: str | None


class Step(Struct, frozen=True):
    """One fact and what it changed."""

    recorded: Recorded[Any]
    changes: tuple[Change, ...]

    @property
    def late(self) -> bool:
        return self.recorded.recorded_at - self.recorded.envelope.occurred_at > LATE


def steps(
    stream: Stream,
    recorded: Iterable[Recorded[Any]],
    plain: Mapping[Sealed, str] = _NOTHING,
    shown: Callable[[Any], Any] = lambda state: state,
) -> list[Step]:
    """The facts in their order, each with what it changed. `plain` are the personal texts that may be shown; `shown` is
    a state as the reader may see it.
    """
    found: list[Step] = []
    state: Struct | None = None
    before: Struct | None = None
    for each in recorded:
        state = stream.evolve(state, each)
        after: Struct | None = None if state is None else shown(state)
        texts = _Texts(plain, [part for part in (before, after) if part is not None])
        found.append(Step(each, tuple(_changes("", before, after, texts))))
        before = after
    return found


def standing(stream: Stream, recorded: Iterable[Recorded[Any]], plain: Mapping[Sealed, str] = _NOTHING) -> list[Change]:
    """Where the facts leave the stream: every value of its state, as a change from nothing."""
    state: Struct | None = fold(stream, [*recorded])
    return [*_changes("", None, state, _Texts(plain, [state]))] if state is not None else []


class _Texts:
    """How values are written: personal texts only where their plain form was given."""

    def __init__(self, plain: Mapping[Sealed, str], states: Sequence[Struct]) -> None:
        self._plain = plain
        self._sealed: frozenset[str] = frozenset(sealed_in(*states))

    def written(self, value: object) -> str | None:
        match value:
            case None:
                return None
            case str():
                return self._word(value)
            case bool() | int() | float():
                return msgspec.json.encode(value).decode()
            case datetime() | date() | UUID():
                return str(msgspec.to_builtins(value))
            case _:
                return msgspec.json.encode(self._tree(value), order="sorted").decode()

    def _word(self, text: str) -> str:
        # A sealed text and a code are both `str`: only the state's own types tell which is which.
        return self._plain.get(Sealed(text), SEALED) if text in self._sealed else str(text)

    def _tree(self, value: object) -> object:
        match value:
            case Struct():
                held = {name: getattr(value, name) for name in value.__struct_fields__}
                return {name: self._tree(each) for name, each in held.items() if _said(each)}
            case tuple() | list():
                return [self._tree(each) for each in cast("Sequence[object]", value)]
            case set() | frozenset():
                # A set has no order of its own: the same history must be told by the same bytes.
                return sorted(map(str, map(self._tree, cast("Iterable[object]", value))))
            case dict():
                return {str(key): self._tree(each) for key, each in cast("dict[object, object]", value).items()}
            case str():
                return self._word(value)
            case _:
                return value


def _changes(path: str, before: object, after: object, texts: _Texts) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(after, Struct) and (type(before) is type(after) or (before is None and not path)):
        # The first fact changes every value from nothing; a new part of the state is told whole.
        for name in after.__struct_fields__:
            if path or name not in _FOLLOWS_FROM_ANY_FACT:
                inner = f"{path}.{name}" if path else name
                yield from _changes(inner, getattr(before, name, None), getattr(after, name), texts)
    elif _is_list(after) and (before is None or _is_list(before)):
        yield from _list_changes(path, before or (), after, texts)
    elif _said(before) or _said(after):
        yield Change(path, texts.written(before), texts.written(after))


def _is_list(value: object) -> TypeGuard[Parts]:
    return isinstance(value, tuple)


def _said(value: object) -> bool:
    return value is not None and value != () and value != frozenset()


def _list_changes(path: str, before: Parts, after: Parts, texts: _Texts) -> Iterator[Change]:
    """Parts are compared by their ids, wherever in the list they stand; a list of plain values as a whole."""
    if not all(isinstance(part, Struct) for part in (*before, *after)):
        yield Change(path, texts.written(before), texts.written(after))
        return
    name = _id_field(path, before, after)
    old, new = _by(name, before), _by(name, after)
    for key in dict.fromkeys((*old, *new)):
        yield from _changes(f"{path}[{key}]", old.get(key), new.get(key), texts)


def _id_field(path: str, before: Parts, after: Parts) -> str | None:
    """`action` for `actions`, or another field that tells the parts of both lists apart; None: only places do."""
    last = path.rpartition(".")[2].partition("[")[0]
    candidates = (last.removesuffix("s"), *_NAMES)
    # By id, or else an entry put in front would change every one behind it.
    return next((name for name in candidates if _tells_apart(name, before) and _tells_apart(name, after)), None)


def _tells_apart(name: str, parts: Parts) -> bool:
    values = [getattr(part, name, None) for part in parts]
    return all(isinstance(value, str | UUID) for value in values) and len(set(values)) == len(values)


def _by(name: str | None, parts: Parts) -> dict[str, object]:
    return {str(place if name is None else getattr(part, name)): part for place, part in enumerate(parts)}
