"""Where a struct holds personal text: its fields of type `Sealed`, however deep in parts, collections and unions.

A class is read once, from its type hints; after that a walk touches only the fields that can hold personal text.
Every walk takes the same way, so texts collected by one walk can be put back, replaced, by the next.
"""

import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from catch.domain import bounds
from catch.domain.facts import Sealed
from catch.domain.plain import LONGEST_TEXT
from catch.domain.refusals import MissingText, Refused

MAX_TEXT = LONGEST_TEXT
UNUSABLE = re.compile("[\0\ud800-\udfff]")

S = TypeVar("S", bound=Struct)
Visit = Callable[[str, str], str]
"""Takes a text and the path of its field, gives the text that replaces it."""
Walk = Callable[[Any, Visit, str], Any]
"""Takes a value, gives a copy with its texts replaced, or the value itself when nothing changed."""


class TextTooLong(Refused):
    """This text is too long. Shorten it, or split it over several entries."""


class UnusableText(Refused):
    """This text holds characters that cannot be kept (a zero character, or half of a surrogate pair). Leave them
    out.
    """


def sealed_in(*values: Struct) -> list[Sealed]:
    """Every personal text of these values, in the order in which `with_texts` puts texts back."""
    found: list[Sealed] = []

    def visit(text: str, _path: str) -> str:
        found.append(Sealed(text))
        return text

    for value in values:
        _walk_struct(value, visit, "")
    return found


def sealed_in_field(value: Struct, name: str) -> list[Sealed]:
    """The personal texts of one field."""
    found: list[Sealed] = []

    def visit(text: str, _path: str) -> str:
        found.append(Sealed(text))
        return text

    for field, walk in _fields(type(value)):
        if field == name:
            walk(getattr(value, name), visit, "")
    return found


def with_texts(value: S, texts: Iterator[str]) -> S:
    """A copy with its personal texts replaced by the next ones of `texts`."""
    return typing.cast("S", _walk_struct(value, lambda _text, _path: next(texts), ""))


def checked_texts(value: Struct) -> list[str]:
    """As `sealed_in`, of what is fit to be kept. Raises whatever `catch.domain.bounds` finds in the plain fields, and
    MissingText, TextTooLong or UnusableText, naming the field and never its text.
    """
    bounds.check(value)
    found: list[str] = []

    def visit(text: str, path: str) -> str:
        found.append(_checked(text, path))
        return text

    _walk_struct(value, visit, "")
    return found


def _checked(text: str, path: str) -> str:
    if not text or text.isspace():
        raise MissingText(field=path)
    if len(text) > MAX_TEXT:
        raise TextTooLong(field=path, longest=MAX_TEXT)
    if UNUSABLE.search(text):
        raise UnusableText(field=path)
    return text


def _walk_struct(value: Struct, visit: Visit, path: str) -> Any:
    changed: dict[str, Any] = {}
    for name, walk in _fields(type(value)):
        old = getattr(value, name)
        new = walk(old, visit, f"{path}.{name}" if path else name)
        if new is not old:
            changed[name] = new
    # Nothing changed, nothing copied: most parts hold no personal text.
    return replace(value, **changed) if changed else value


@cache
def _fields(cls: type[Struct]) -> tuple[tuple[str, Walk], ...]:
    hints = get_type_hints(cls)
    walks = ((name, _walk_of(hints[name])) for name in cls.__struct_fields__)
    return tuple((name, walk) for name, walk in walks if walk is not None)


def _walk_of(hint: Any) -> Walk | None:
    """None where the type cannot hold personal text."""
    if hint is Sealed:
        return lambda value, visit, path: visit(value, path)
    if isinstance(hint, TypeVar) or _is_struct(hint):
        # What a struct of this type holds is looked up when one is met, so a type may contain itself.
        return lambda value, visit, path: _walk_struct(value, visit, path) if isinstance(value, Struct) else value
    origin, arguments = get_origin(hint), [a for a in get_args(hint) if a is not Ellipsis]
    if origin in (typing.Union, types.UnionType):
        return _walk_of_union(hint, [a for a in arguments if a is not types.NoneType])
    inner = [_walk_of(argument) for argument in arguments]
    if not any(inner):
        return None
    if origin in (tuple, list) and len(inner) == 1 and inner[0]:
        return _each(inner[0], origin)
    if isinstance(origin, type) and issubclass(origin, Mapping) and inner[0] is None and inner[1]:
        return _each_value(inner[1])
    # At the first such class and not silently: a text that is not found is a text that is not sealed.
    raise TypeError(f"personal text cannot be found in a field of type {hint}")


def _is_struct(hint: Any) -> bool:
    cls: object = get_origin(hint) or hint
    return isinstance(cls, type) and issubclass(cls, Struct)


def _walk_of_union(hint: Any, members: list[Any]) -> Walk | None:
    walks = [walk for walk in map(_walk_of, members) if walk]
    if not walks:
        return None
    if len(members) == 1:
        only = walks[0]
        return lambda value, visit, path: None if value is None else only(value, visit, path)
    if all(_is_struct(member) for member in members):
        return lambda value, visit, path: None if value is None else _walk_struct(value, visit, path)
    # As in a union of `Sealed` and a code: nobody could say which of the two a string is.
    raise TypeError(f"personal text cannot be told from the rest in a field of type {hint}")


def _each(walk: Walk, kind: Callable[[Iterable[Any]], Any]) -> Walk:
    def walk_each(values: Any, visit: Visit, path: str) -> Any:
        new = [walk(value, visit, f"{path}[{index}]") for index, value in enumerate(values)]
        return values if all(map(_same, new, values)) else kind(new)

    return walk_each


def _each_value(walk: Walk) -> Walk:
    def walk_each(values: Any, visit: Visit, path: str) -> Any:
        new = {key: walk(value, visit, f"{path}[{key}]") for key, value in values.items()}
        return values if all(map(_same, new.values(), values.values())) else new

    return walk_each


def _same(new: object, old: object) -> bool:
    return new is old
