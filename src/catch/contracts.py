"""What others rely on, committed and compared: the GraphQL schema, the events' JSON Schemas, and stored samples.

Stored events live for ever, so a sample is written once, when its event is new, and must decode in every release.
"""

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.domain.facts import Actor, Envelope, Fact, Purpose, Role, Sealed
from catch.domain.streams import EVENTS
from catch.log.codec import decode, encode
from catch.log.entries import Stored

ROOT = Path(__file__).parents[2]
SCHEMAS = Path("schema/events")
SAMPLES = Path("tests/samples/events")
SDL = Path("schema/graphql/catch.graphql")

AT = datetime(2026, 1, 6, 10, 30, tzinfo=UTC)
ID = UUID("0b5e11a5-0000-4000-8000-000000000001")


def write(root: Path = ROOT) -> list[str]:
    """Writes what is generated, and samples of events that have none. Answers with the files that changed."""
    return [str(path) for path, text in expected(root).items() if _put(root / path, text)]


def check(root: Path = ROOT) -> list[str]:
    """What is wrong, one sentence each; nothing where the committed contracts are those of this program."""
    wanted = expected(root)
    return [*_differences(root, wanted), *_left_over(root, wanted), *unreadable(root)]


def expected(root: Path = ROOT) -> dict[Path, str]:
    """Every generated file with its text. Samples that are stored already stay as they are."""
    files = {SCHEMAS / f"{name}.json": json_schema(event) for name, event in EVENTS.items()}
    if (sdl := _sdl()) is not None:
        files[SDL] = sdl
    for name, event in EVENTS.items():
        path = SAMPLES / f"{name}.1.json"
        if not (root / path).exists():
            files[path] = encode(sample(event)).decode() + "\n"
    return files


def json_schema(event: type[Fact]) -> str:
    return (
        msgspec.json.format(msgspec.json.encode(msgspec.json.schema(event), order="sorted"), indent=2).decode() + "\n"
    )


def sample(event: type[Fact]) -> Envelope[Fact]:
    """The event with every field filled in, as it would be stored."""
    return Envelope(
        occurred_at=AT,
        actor=Actor("hana", "housing-1", Role.PARTNER, on_behalf_of="police-1"),
        purpose=Purpose.DIRECT_CARE,
        command=ID,
        correlation=ID,
        event=_example(event),
        causation=ID,
        programme="snn-catch@1",
        meeting=ID,
    )


def unreadable(root: Path = ROOT) -> list[str]:
    """Stored samples that this program cannot read."""
    found: list[str] = []
    for path in sorted((root / SAMPLES).glob("*.json")):
        topic = path.name.partition(".")[0]
        stored = Stored(1, ID, 1, topic, path.read_bytes().strip(), AT)
        try:
            decode(stored)
        except Exception as error:
            found.append(f"{path.relative_to(root)}: a stored event can no longer be read: {error or topic}")
    return found


def _differences(root: Path, wanted: Mapping[Path, str]) -> Iterator[str]:
    for path, text in wanted.items():
        if not (root / path).exists():
            yield f"{path}: is missing; run `catch contracts`"
        elif (root / path).read_text(encoding="utf-8") != text:
            yield f"{path}: differs from this program; run `catch contracts` and look at what changed"


def _left_over(root: Path, wanted: Mapping[Path, str]) -> Iterator[str]:
    for path in sorted((root / SCHEMAS).glob("*.json")):
        if path.relative_to(root) not in wanted:
            yield f"{path.relative_to(root)}: there is no such event any more, and stored ones live for ever"


def _put(path: Path, text: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _sdl() -> str | None:
    if find_spec("catch.api.schema") is None:
        return None
    sdl: Callable[[], str] = import_module("catch.api.schema").sdl
    return sdl()


_PLAIN: dict[object, object] = {
    Sealed: "AXNlYWxlZA",
    UUID: ID,
    str: "word",
    int: 1,
    float: 0.5,
    bool: True,
    datetime: AT,
    date: AT.date(),
}


def _example(hint: Any) -> Any:
    """A value of this type, the first of a choice, one of a list; nothing left out."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _example(next(each for each in arguments if each is not types.NoneType))
    if origin is tuple:
        return tuple(_example(each) for each in arguments if each is not Ellipsis)
    if origin is frozenset:
        return frozenset({_example(arguments[0])})
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_example(arguments[0]): _example(arguments[1])}
    cls = cast("type[Any]", hint)
    if issubclass(cls, Enum):
        return next(iter(cls))
    return _filled(cls)


def _filled(cls: type[Struct]) -> Struct:
    hints = get_type_hints(cls)
    return cls(**{name: _example(hints[name]) for name in cls.__struct_fields__})
