"""What helps whoever writes a programme's file: its form for an editor, and what one version changes in another."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec
from msgspec import Struct

from catch.domain.programme.configuration import Programme
from catch.programmes.written import WrittenProgramme

NAMES = ("code", "key", "kind")
"""By which of its settings an entry of a list is known; the first that it has."""


class Difference(Struct, frozen=True):
    """`path` names entries by their code: `clocks[review].target.n`. None: it is not said on that side."""

    path: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.path}: {self.after}"
        return (
            f"- {self.path}: {self.before}" if self.after is None else f"~ {self.path}: {self.before} -> {self.after}"
        )


def differences(before: Programme, after: Programme) -> list[Difference]:
    """What the later says otherwise, by path. That entries which have a code stand in another order is not told."""
    old, new = dict(_settings(before)), dict(_settings(after))
    changed = [path for path in (*old, *(each for each in new if each not in old)) if old.get(path) != new.get(path)]
    return [Difference(path, old.get(path), new.get(path)) for path in changed]


def _settings(programme: Programme) -> Iterator[tuple[str, str]]:
    return _said(msgspec.json.decode(msgspec.json.encode(programme)), "")


def _said(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, object]", value).items():
            yield from _said(inner, f"{path}.{name}".removeprefix("."))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        entries = cast("list[Mapping[str, object]]", value)
        names = [str(next(entry[name] for name in NAMES if name in entry)) for entry in entries]
        for name, entry in zip(names, entries, strict=True):
            yield from _said(entry, f"{path}[{name}]")
    else:
        yield path, ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)


def json_schema() -> str:
    """JSON Schema (2020-12) of a programme's file. What it cannot say, `catch programmes check` does."""
    schema = msgspec.json.schema(WrittenProgramme)
    for form in schema["$defs"].values():
        if form.get("type") == "object":
            # An editor marks a setting that there is not, as loading the file would.
            form["additionalProperties"] = False
    said: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A programme", **schema}
    return msgspec.json.format(msgspec.json.encode(said, order="sorted"), indent=2).decode() + "\n"
