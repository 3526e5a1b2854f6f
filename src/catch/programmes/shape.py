"""The settings of a file, held to the form of a configuration: every mistake is found, not the first alone.

What has the wrong form is told and left out; so what is right beside it can be looked at in the same run.
"""

import re
import types
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET, Struct, UnsetType
from msgspec.structs import FieldInfo

S = TypeVar("S", bound=Struct)


class Mistakes:
    """A sentence for each, most of which begin with a path; and the settings at the top that are not whole by it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.broken: set[str] = set()

    def wrong(self, path: str, what: str) -> None:
        self.said.append(f"{path}: {what}" if path else what)
        self.broken.add(top(path))

    def unknown(self, path: str) -> None:
        self.said.append(f"{path}: there is no such setting.")


def top(path: str) -> str:
    """The setting at the top that a path, or a sentence that begins with one, leads into."""
    return re.split(r"[.\[:]", path, maxsplit=1)[0]


def read(data: object, kind: type[S]) -> tuple[S | UnsetType, Mistakes]:
    """The value as far as it could be made, and what is wrong with the rest."""
    found = Mistakes()
    return _of_struct(data, kind, "", found), found


def _of(data: object, said: Any, path: str, found: Mistakes) -> Any:
    """What `data` is, as a value of this type; UNSET where it is none."""
    hint: Any = _plain(said, data)
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _of_struct(data, hint, path, found)
    if get_origin(hint) is tuple and isinstance(data, list):
        inner, entries = get_args(hint)[0], cast("list[object]", data)
        read = (_of(entry, inner, f"{path}[{at}]", found) for at, entry in enumerate(entries))
        return tuple(entry for entry in read if entry is not UNSET)
    try:
        return msgspec.convert(data, cast("Any", hint))
    except msgspec.ValidationError as problem:
        found.wrong(*_placed(str(problem), path))
        return UNSET


def _plain(hint: Any, data: object) -> Any:
    """The type without what is said about it, and without None where something is there."""
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0], data)
    if get_origin(hint) in (Union, types.UnionType) and data is not None:
        present = [each for each in get_args(hint) if each is not types.NoneType]
        return _plain(present[0], data) if len(present) == 1 else hint
    return hint


def _of_struct(data: object, kind: type[S], path: str, found: Mistakes) -> S | UnsetType:
    if not isinstance(data, Mapping):
        found.wrong(*_placed(_wrong(data, kind), path))
        return UNSET
    given = cast("Mapping[object, object]", data)
    for name in given:
        if name not in kind.__struct_fields__:
            found.unknown(_at(path, name))
    held = {field.name: _field(given, field, path, found) for field in msgspec.structs.fields(kind)}
    if UNSET in held.values():
        return UNSET
    return kind(**{name: value for name, value in held.items() if value is not NODEFAULT})


def _field(given: Mapping[object, object], field: FieldInfo, path: str, found: Mistakes) -> Any:
    """A setting's value. One that is missing or wrong: NODEFAULT where the class has one of its own, or a stand-in."""
    needed = field.default is NODEFAULT and field.default_factory is NODEFAULT
    if field.name in given:
        value = _of(given[field.name], field.type, _at(path, field.name), found)
    else:
        value = UNSET
        if needed:
            found.wrong(_at(path, field.name), "this setting is missing.")
    if value is not UNSET:
        return value
    return _stand_in(_plain(field.type, given)) if needed else NODEFAULT


def _stand_in(hint: Any) -> Any:
    """So that the settings beside it can be looked at; the whole is never used. UNSET where there is none."""
    if get_origin(hint) is tuple:
        return ()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    return STAND_INS.get(hint, UNSET)


STAND_INS: dict[Any, object] = {str: "x", int: 1, float: 1.0, bool: False, date: date.min}


def _wrong(data: object, kind: type[Struct]) -> str:
    try:
        msgspec.convert(data, kind)
    except msgspec.ValidationError as problem:
        return str(problem)
    raise AssertionError(kind)


def _at(path: str, name: object) -> str:
    return re.sub(r"^\.", "", f"{path}.{name}")


def _placed(error: str, path: str) -> tuple[str, str]:
    """Where and what, of what msgspec says: "Expected `int`, got `str` - at `$[0]`"."""
    what, _, where = error.partition(" - at `$")
    return (path + where.rstrip("`")).removeprefix("."), f"{what}."
