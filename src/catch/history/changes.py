"""A stream's history, fact by fact: what each one changed, found by folding and comparing before with after.

Read by the audit trail and by `catch replay`. Nothing of it is stored: the log and the fold are enough.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, TypeGuard, cast
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.domain.facts import Recorded, Sealed
from catch.domain.streams import Stream, fold
from catch.personal import sealed_in, sealed_in_field

SEALED = "«sealed»"
"""Stands where personal text is, unless its plain form is given."""

LATE = timedelta(days=7)
"""What is recorded later than this after it occurred is marked."""

# It changes with every fact, so that it would stand in every step and say nothing.
_FOLLOWS_FROM_ANY_FACT = frozenset({"last_activity_at", "course"})
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
) -> list[Step]:
    """The facts in their order, each with what it changed. `plain` are the personal texts that may be shown."""
    found: list[Step] = []
    before: Struct | None = None
    for each in recorded:
        after: Struct | None = stream.evolve(before, each)
        found.append(Step(each, changed(before, after, plain)))
        before = after
    return found


def changed(before: Struct | None, after: Struct | None, plain: Mapping[Sealed, str] = _NOTHING) -> tuple[Change, ...]:
    """What is otherwise in a state than in the one before it. It costs what has changed, however large the state is:
    what both share is the same object, and is passed over.
    """
    if after is None:
        return ()
    return tuple(_changes("", before, after, _Texts(plain, [*_sealed_apart(before, after)])))


def _sealed_apart(before: Struct | None, after: Struct) -> Iterator[Sealed]:
    """The personal texts of what is otherwise."""
    for name in after.__struct_fields__:
        old, new = getattr(before, name, None), getattr(after, name)
        if old is new:
            continue
        if _is_list(new) and (old is None or _is_list(old)):
            _, was, now = _apart(old or (), new)
            if all(isinstance(part, Struct) for part in (*was, *now)):
                yield from sealed_in(*cast("tuple[Struct, ...]", (*was, *now)))
                continue
        if old != new:
            yield from sealed_in_field(after, name)
            yield from sealed_in_field(before, name) if before is not None else ()


def _apart(before: Parts, after: Parts) -> tuple[int, Parts, Parts]:
    """How many parts the lists begin with alike; and what is between these and those that they end with alike."""
    first = _alike(before, after)
    old, new = before[first:], after[first:]
    last = _alike(old[::-1], new[::-1])
    return first, old[: len(old) - last], new[: len(new) - last]


def _alike(before: Parts, after: Parts) -> int:
    """How many parts the lists begin with alike. Lists are compared in one go, not part by part: most share nearly all
    of their parts, and the same object is never looked into.
    """
    least, most = 0, min(len(before), len(after))
    if before[:most] == after[:most]:
        return most
    while most - least > 1:
        middle = (least + most) // 2
        if before[least:middle] == after[least:middle]:
            least = middle
        else:
            most = middle
    return least


def standing(stream: Stream, recorded: Iterable[Recorded[Any]], plain: Mapping[Sealed, str] = _NOTHING) -> list[Change]:
    """Where the facts leave the stream: every value of its state, as a change from nothing."""
    state: Struct | None = fold(stream, [*recorded])
    return [*changed(None, state, plain)]


def said(fact: Struct, plain: Mapping[Sealed, str] = _NOTHING) -> str:
    """Every field of a fact that says anything, as JSON: also what changed nothing, and what no state keeps."""
    return msgspec.json.encode(told(fact, plain), order="sorted").decode()


def told(fact: Struct, plain: Mapping[Sealed, str] = _NOTHING) -> object:
    """The same as values."""
    return _Texts(plain, sealed_in(fact)).tree(fact)


def written(fact: Struct, name: str, plain: Mapping[Sealed, str] = _NOTHING) -> str | None:
    """One field of a fact; None where it says nothing."""
    value = getattr(fact, name)
    return _Texts(plain, sealed_in(fact)).written(value) if _said(value) else None


class _Texts:
    """How values are written: personal texts only where their plain form was given."""

    def __init__(self, plain: Mapping[Sealed, str], sealed: Iterable[Sealed]) -> None:
        self._plain = plain
        self._sealed: frozenset[str] = frozenset(sealed)

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
                return msgspec.json.encode(self.tree(value), order="sorted").decode()

    def _word(self, text: str) -> str:
        # A sealed text and a code are both `str`: only the state's own types tell which is which.
        # What stands in the place of a text that is not opened is a `str` of its own, which is not written as one.
        return str(self._plain.get(Sealed(text), SEALED) if text in self._sealed else text)

    def tree(self, value: object) -> object:
        match value:
            case Struct():
                held = {name: getattr(value, name) for name in value.__struct_fields__}
                return {name: self.tree(each) for name, each in held.items() if _said(each)}
            case tuple() | list():
                return [self.tree(each) for each in cast("Sequence[object]", value)]
            case set() | frozenset():
                # A set has no order of its own: the same history must be told by the same bytes.
                return sorted(map(str, map(self.tree, cast("Iterable[object]", value))))
            case dict():
                return {str(key): self.tree(each) for key, each in cast("dict[object, object]", value).items()}
            case str():
                return self._word(value)
            case _:
                return value


def _changes(path: str, before: object, after: object, texts: _Texts) -> Iterator[Change]:
    if before is after or before == after:
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
    first, was, now = _apart(before, after)
    if not all(isinstance(part, Struct) for part in (*was, *now)):
        yield Change(path, texts.written(before), texts.written(after))
        return
    name = _id_field(path, (before, after), (was, now))
    if name is None:
        # Without ids it is the place that counts, and what was put in before moves all behind it.
        was, now = before[first:], after[first:]
    old, new = _by(name, was, first), _by(name, now, first)
    for key in dict.fromkeys((*old, *new)):
        yield from _changes(f"{path}[{key}]", old.get(key), new.get(key), texts)


def _id_field(path: str, whole: Sequence[Parts], apart: Sequence[Parts]) -> str | None:
    """`action` for `actions`, or another field that tells the parts of both lists apart; None: only places do."""
    last = path.rpartition(".")[2].partition("[")[0]
    # Ids of their own count once in a stream, so that those that are apart are enough to look at.
    if all(_tells_apart(last.removesuffix("s"), parts) for parts in apart):
        return last.removesuffix("s")
    # By id, or else an entry put in front would change every one behind it.
    return next((name for name in _NAMES if all(_tells_apart(name, parts) for parts in whole)), None)


def _tells_apart(name: str, parts: Parts) -> bool:
    try:
        values = set(map(attrgetter(name), parts))
    except (AttributeError, TypeError):
        return False
    return len(values) == len(parts) and all(map(_is_id, values))


def _is_id(value: object) -> bool:
    return isinstance(value, str | UUID)


def _by(name: str | None, parts: Parts, first: int) -> dict[str, object]:
    return {str(place if name is None else getattr(part, name)): part for place, part in enumerate(parts, first)}
