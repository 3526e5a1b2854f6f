"""The programmes that are shipped, and how a programme's file is read.

A file is one version of one programme, in YAML, with the names of `catch.domain.programme.configuration`. Nothing in
it is taken silently: a setting that is unknown, given twice, of the wrong type or without sense is an error with its
path.
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, ClassVar, cast

import msgspec
import yaml

from catch.domain.programme.check import problems
from catch.domain.programme.configuration import Programme


class ProgrammeFileInvalid(Exception):
    """The file is not a usable configuration. `problems` are sentences, most of which begin with a setting's path."""

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{name}: {problem}" for problem in problems))
        self.problems = tuple(problems)


def load(path: Traversable) -> Programme:
    """Read one file; a `pathlib.Path` will do. Raises `ProgrammeFileInvalid`, or OSError when it cannot be read."""
    try:
        data = _parsed(_text(path))
        programme = msgspec.convert(data, Programme)
    except UnicodeDecodeError:
        raise ProgrammeFileInvalid(path.name, ["The file is not UTF-8 text."]) from None
    except NotTaken as error:
        raise ProgrammeFileInvalid(path.name, [str(error)]) from None
    except msgspec.ValidationError as error:
        raise ProgrammeFileInvalid(path.name, [_sentence(str(error))]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ProgrammeFileInvalid(path.name, [f"The file is not YAML: {' '.join(str(error).split())}."]) from None
    wrong = [f"{at}: there is no such setting." for at in _unknown(data, programme)] + problems(programme)
    if wrong:
        raise ProgrammeFileInvalid(path.name, wrong)
    return programme


def shipped() -> tuple[Programme, ...]:
    """The programmes that come with the package, by key."""
    found = [path for path in files(__name__).iterdir() if path.name.endswith(".yaml")]
    return tuple(sorted(map(load, found), key=lambda programme: programme.key))


LARGEST = 65_536
"""Bytes of a file. Those that are shipped have a tenth of it."""
DEEPEST = 12
"""How far settings may lie within settings."""


class NotTaken(Exception):
    """The file holds something that no programme needs, and that could keep a server busy for hours."""


def _text(path: Traversable) -> str:
    with path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise NotTaken(f"The file is larger than {LARGEST:,} bytes.")
    return raw.decode()


class _Loader(yaml.SafeLoader):
    """YAML without its traps: a key that comes twice is an error, a date stays text until it is checked, and nothing
    stands for something else (an alias of aliases of aliases is a short file of a million settings)."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = cast("yaml.Event", cast("Any", self).peek_event())
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise NotTaken(f"line {line}: anchors (&) and aliases (*) are not taken: write the setting out.")
        if self.depth == DEEPEST:
            raise NotTaken(f"line {line}: settings may lie {DEEPEST} deep.")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        merged = next((key for key, _ in node.value if key.tag == "tag:yaml.org,2002:merge"), None)
        if merged is not None:
            line = merged.start_mark.line + 1
            raise NotTaken(f"line {line}: merge keys (<<) are not taken: write the settings out.")
        keys: list[str] = [str(key.value) for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{twice!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _parsed(text: str) -> object:
    return cast("object", yaml.load(text, _Loader))  # noqa: S506  it is a SafeLoader


def _sentence(error: str) -> str:
    """Put the path first in what msgspec says: "Expected `int`, got `str` - at `$.version`"."""
    what, _, where = error.partition(" - at `$")
    return f"{where.rstrip('`').lstrip('.')}: {what}." if where else f"{what}."


def _unknown(data: object, value: object, path: str = "") -> Iterator[str]:
    """The paths of settings in the file that the structs it became do not have."""
    if isinstance(value, msgspec.Struct) and isinstance(data, Mapping):
        for name, inner in cast("Mapping[object, object]", data).items():
            at = re.sub(r"^\.", "", f"{path}.{name}")
            if isinstance(name, str) and name in value.__struct_fields__:
                yield from _unknown(inner, getattr(value, name), at)
            else:
                yield at
    elif isinstance(value, tuple) and isinstance(data, list):
        pairs = zip(cast("list[object]", data), cast("tuple[object, ...]", value), strict=True)
        for index, (inner, held) in enumerate(pairs):
            yield from _unknown(inner, held, f"{path}[{index}]")
