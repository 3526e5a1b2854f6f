"""Whether what was stored under one JSON Schema is understood, and means the same, under another."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

Schema = Mapping[str, Any]
WORDS_ONLY = ("title", "description", "$defs", "$ref", "properties", "required", "enum")
"""Compared in a way of their own, or said to people only."""


def broken(before: Schema, after: Schema) -> str | None:
    """The first change, other than a further field with a default or a further choice of an enumeration."""
    return next(_changes(before, after, before, after, "", frozenset()), None)


def _changes(
    before: Schema, after: Schema, all_before: Schema, all_after: Schema, path: str, seen: frozenset[str]
) -> Iterator[str]:
    """Names of parts may change, as they are not stored; so references are followed instead of compared."""
    before, name = _resolved(before, all_before)
    after, _ = _resolved(after, all_after)
    if name in seen:  # a part that holds its like
        return
    seen |= {name} if name else set[str]()
    yield from _fields(before, after, path)
    inner_before, inner_after = before.get("properties", {}), after.get("properties", {})
    for field in inner_before.keys() & inner_after.keys():
        where = f"{path}.{field}".lstrip(".")
        yield from _changes(inner_before[field], inner_after[field], all_before, all_after, where, seen)
    if gone := [choice for choice in before.get("enum", ()) if choice not in after.get("enum", ())]:
        yield f"{path}: {gone[0]} can no longer be chosen"
    for key in sorted((before.keys() | after.keys()) - {*WORDS_ONLY}):
        yield from _values(before.get(key), after.get(key), all_before, all_after, f"{path} {key}".strip(), seen)


def _fields(before: Schema, after: Schema, path: str) -> Iterator[str]:
    had, has = before.get("properties", {}), after.get("properties", {})
    for field in sorted(had.keys() - has.keys()):
        yield f"{path}.{field} is gone".lstrip(".")
    needed, needs = set(before.get("required", ())), set(after.get("required", ()))
    for field in sorted(needed ^ needs):
        if field in has:
            yield f"{path}.{field} {'must' if field in needs else 'need not'} be there now".lstrip(".")


def _values(
    before: object, after: object, all_before: Schema, all_after: Schema, path: str, seen: frozenset[str]
) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _changes(cast("Schema", before), cast("Schema", after), all_before, all_after, path, seen)
    elif isinstance(before, list) and isinstance(after, list):
        parts_before, parts_after = cast("list[object]", before), cast("list[object]", after)
        if len(parts_before) != len(parts_after):
            yield f"{path} has changed"
        for one, other in zip(parts_before, parts_after, strict=False):
            yield from _values(one, other, all_before, all_after, path, seen)
    elif before != after:
        yield f"{path} has changed"


def _resolved(schema: Schema, whole: Schema) -> tuple[Schema, str]:
    """What a reference stands for, and its name."""
    reference = schema.get("$ref")
    if reference is None:
        return schema, ""
    name = str(reference).rpartition("/")[2]
    return {**whole["$defs"][name], **{key: value for key, value in schema.items() if key != "$ref"}}, name
