"""What others rely on, committed and compared: the GraphQL schema, the events' JSON Schemas, that of a programme's
file, and stored samples.

Stored events live for ever. So every schema number of every event keeps its JSON Schema (`schema/events/NAME.1.json`)
and a sample as it was stored (`tests/samples/events/NAME.1.json`), which must decode in every release. A payload may
gain fields with a default; any other change needs a new number and an upcaster (`catch.log.upcasting`).
"""

import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.contracts import versions
from catch.contracts.compatibility import broken
from catch.contracts.versions import AT, ID
from catch.domain.facts import Actor, Envelope, Fact, Purpose, Role, Sealed
from catch.log.codec import CODEC, Codec
from catch.log.migrations import Migration, altering, migrations
from catch.programmes import editing

ROOT = Path(__file__).parents[3]
SCHEMAS = Path("schema/events")
SAMPLES = Path("tests/samples/events")
FIRST_TO_SAY = 16
"""Every program that goes on beside a newer one knows the migrations before this one."""
SDL = Path("schema/graphql/catch.graphql")
PROGRAMME = Path("schema/programme.json")


def write(root: Path = ROOT, codec: Codec = CODEC) -> list[str]:
    """Writes what is generated, and samples of events that have none. Answers with the files that changed.

    A committed JSON Schema that stored events may rest on is left as it is: `check` says so.
    """
    # Before anything is written: what is committed is what stored events were held to.
    kept = {path for path, _ in _broken(root, codec)}
    files = expected(root, codec)
    changed = [str(path) for path, text in files.items() if path not in kept and _put(root / path, text)]
    # Last: it rests on the samples.
    if codec is CODEC and _put(root / versions.COMMITTED, versions.text(root, ROOT / SAMPLES, codec)):
        changed.append(str(versions.COMMITTED))
    return changed


def check(root: Path = ROOT, codec: Codec = CODEC) -> list[str]:
    """What is wrong, one sentence each; nothing where the committed contracts are those of this program."""
    wanted = expected(root, codec)
    return [
        *_differences(root, wanted, codec),
        *_left_over(root, codec),
        *_former(root, codec),
        *unreadable(root, codec),
        *unsaid(migrations()),
        *(_documents().complaints(root) if codec is CODEC else ()),
        *(versions.complaints(root, ROOT / SAMPLES, codec) if codec is CODEC else ()),
    ]


def expected(root: Path = ROOT, codec: Codec = CODEC) -> dict[Path, str]:
    """Every generated file with its text. Samples that are stored already stay as they are."""
    files = {schema_path(name, event.SCHEMA): json_schema(event) for name, event in codec.events.items()}
    if codec is CODEC:
        files[PROGRAMME] = editing.json_schema()
        if (sdl := _sdl()) is not None:
            files[SDL] = sdl
    for name, event in codec.events.items():
        path = sample_path(name, event.SCHEMA)
        if not (root / path).exists():
            files[path] = codec.encode(sample(event)).decode() + "\n"
    return files


def schema_path(event: str, number: int) -> Path:
    return SCHEMAS / f"{event}.{number}.json"


def sample_path(event: str, number: int) -> Path:
    return SAMPLES / f"{event}.{number}.json"


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


def unreadable(root: Path = ROOT, codec: Codec = CODEC) -> Iterator[str]:
    """Stored samples that this program cannot read, or that are not of the number they are filed under."""
    for path in sorted((root / SAMPLES).glob("*.json")):
        number, stored = path.name.split(".")[1], versions.stored(path)
        try:
            codec.decode(stored)
        except Exception as error:
            yield f"{path.relative_to(root)}: a stored event can no longer be read: {error.__cause__ or error}"
        else:
            if msgspec.json.decode(stored.state).get("schema", 1) != int(number):
                yield f"{path.relative_to(root)}: is stored under another schema number than its name says"


def unsaid(known: Sequence[Migration]) -> Iterator[str]:
    """Migrations that may do more than add, and do not say what becomes of servers of former releases."""
    for migration in known:
        if migration.number < FIRST_TO_SAY:
            continue
        if migration.said is None and (found := altering(migration.sql)):
            yield (
                f"schema/sql: migration {migration.number} may do more than add ({found[0]}); say which migration a"
                " program must know to go on (`-- Needs N`, or `nothing`), see catch.log.migrations"
            )
        if migration.said is not None and migration.said > migration.number:
            yield f"schema/sql: migration {migration.number} needs one that comes after it"


def _differences(root: Path, wanted: Mapping[Path, str], codec: Codec) -> Iterator[str]:
    changed = dict(_broken(root, codec))
    for path, text in wanted.items():
        if path in changed:
            yield (
                f"{path}: stored events have another form ({changed[path]}); raise SCHEMA of the event's class and"
                " write an upcaster, see catch.log.upcasting"
            )
        elif not (root / path).exists():
            yield f"{path}: is missing; run `catch contracts`"
        elif (root / path).read_text(encoding="utf-8") != text:
            yield f"{path}: differs from this program; run `catch contracts` and look at what changed"


def _broken(root: Path, codec: Codec) -> Iterator[tuple[Path, str]]:
    """JSON Schemas whose stored events the event's class no longer means, each with the first thing that changed."""
    for name, event in codec.events.items():
        path = schema_path(name, event.SCHEMA)
        if (root / path).exists():
            committed = msgspec.json.decode((root / path).read_bytes())
            if (why := broken(committed, msgspec.json.decode(json_schema(event)))) is not None:
                yield path, why


def _left_over(root: Path, codec: Codec) -> Iterator[str]:
    for path in sorted((root / SCHEMAS).glob("*.json")):
        name, number, _ = path.name.split(".")
        event = codec.events.get(name)
        if event is None:
            yield f"{path.relative_to(root)}: there is no such event any more, and stored ones live for ever"
        elif int(number) > event.SCHEMA:
            yield f"{path.relative_to(root)}: the program only knows this event up to schema number {event.SCHEMA}"


def _former(root: Path, codec: Codec) -> Iterator[str]:
    """What every schema number before the present one must have."""
    steps = {(name, number) for name, event in codec.events.items() for number in range(1, event.SCHEMA)}
    for name, number in sorted(steps):
        for path in (schema_path(name, number), sample_path(name, number)):
            if not (root / path).exists():
                yield f"{path}: is missing, and events of that form are stored; take it from the history"
        if (name, number) not in codec.upcasters:
            yield f"{name}: there is no upcaster from schema number {number} to {number + 1}"
    for name, number in sorted(codec.upcasters.keys() - steps):
        yield f"{name}: the upcaster from schema number {number} leads nowhere"


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


def _documents() -> Any:
    return import_module("catch.api.documents")


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
