"""The programmes that are shipped, and how a programme's file is read.

A file is one version of one programme, in YAML, with the names of `catch.domain.programme.configuration`. Nothing in
it is taken silently: a setting that is unknown, given twice, of the wrong type or without sense is an error with its
path.
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, ClassVar, cast

import yaml
from msgspec import Struct, UnsetType

from catch.domain.programme.check import problems
from catch.domain.programme.configuration import Programme
from catch.programmes import shape
from catch.programmes.written import WrittenProgramme


class ProgrammeFileInvalid(Exception):
    """The file is not a usable configuration. `problems` are sentences, most of which begin with a setting's path."""

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{name}: {problem}" for problem in problems))
        self.problems = tuple(problems)


class ProgrammeFilesInvalid(ProgrammeFileInvalid):
    """The same of several files."""

    def __init__(self, each: Sequence[ProgrammeFileInvalid]) -> None:
        Exception.__init__(self, "\n".join(map(str, each)))
        self.problems = tuple(said for one in each for said in one.problems)


def load(path: Traversable) -> Programme:
    """Read one file; a `pathlib.Path` will do. Raises `ProgrammeFileInvalid`, or OSError when it cannot be read."""
    try:
        settings = settings_in(path)
    except NotTaken as error:
        raise ProgrammeFileInvalid(path.name, [str(error)]) from None
    written, formed = shape.read(settings.said, WrittenProgramme)
    wrong = [settings.placed(said) for said in (*formed.said, *_senseless(written, formed.broken))]
    if settings.twice or wrong or isinstance(written, UnsetType):
        raise ProgrammeFileInvalid(path.name, [*settings.twice, *wrong])
    programme = written.programme()
    # What is wrong with teams shows once each has its series: two of one key, say.
    if wrong := problems(programme):
        raise ProgrammeFileInvalid(path.name, wrong)
    return programme


def _senseless(programme: Programme | UnsetType, broken: set[str]) -> list[str]:
    """What is wrong beside the form, in those parts alone whose form is right: nothing follows from what is missing."""
    if isinstance(programme, UnsetType):
        return []
    unsure = broken | {part for part, other in RESTS_ON.items() if other in broken}
    return [said for said in problems(programme) if shape.top(said) not in unsure]


RESTS_ON = {"mandatory_interventions": "interventions"}
"""Which part cannot be judged where another is not whole."""


def load_all(paths: Iterable[Traversable]) -> tuple[Programme, ...]:
    """Read several; of those that are wrong, all are told. Raises as `load` does."""
    found: list[Programme] = []
    wrong: list[ProgrammeFileInvalid] = []
    for path in paths:
        try:
            found.append(load(path))
        except ProgrammeFileInvalid as problem:
            wrong.append(problem)
    if wrong:
        raise ProgrammeFilesInvalid(wrong)
    return tuple(found)


def shipped() -> tuple[Programme, ...]:
    """The programmes that come with the package, by key."""
    names = (path.name for path in files(__name__).iterdir())
    return tuple(map(of_key, sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))))


def starting() -> tuple[Programme, ...]:
    """Those of them that a place begins with where nobody says which: a weekly meeting, and a monthly one."""
    keys = (files(__name__) / "starting.txt").read_text("utf-8").split()
    return tuple(map(of_key, keys))


@cache
def of_key(key: str) -> Programme:
    """One of them. Read once, and only where it is asked for: to begin a place need not read all the others."""
    return load(files(__name__) / f"{key}.yaml")


LARGEST = 65_536
"""Bytes of a file. Those that are shipped have a tenth of it."""
DEEPEST = 12
"""How far settings may lie within settings."""


class NotTaken(Exception):
    """In a sentence: it is no YAML, or holds what no configuration needs and could keep a server busy for hours."""


class Settings(Struct, frozen=True):
    """What a file of settings says; a sentence for each that it says twice; and the line of each, by its path."""

    said: object
    twice: Sequence[str]
    lines: Mapping[str, int]

    def placed(self, problem: str) -> str:
        """With the line, where it begins with the path of a setting; of one that is missing, that of what lacks it."""
        path, colon, _ = problem.partition(": ")
        while colon and path and path not in self.lines:
            path = re.sub(r"[.\[][^.\[]*$|^[^.\[]*$", "", path)
        return f"line {self.lines[path]}: {problem}" if path in self.lines else problem


def settings_in(path: Traversable) -> Settings:
    """Raises `NotTaken`, or OSError."""
    try:
        return _parsed(_text(path))
    except UnicodeDecodeError:
        raise NotTaken("The file is not UTF-8 text.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotTaken(f"The file is not YAML: {' '.join(str(error).split())}.") from None


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

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.twice: list[str] = []

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
        lines: dict[str, list[int]] = {}
        for key, _ in node.value:
            lines.setdefault(str(key.value), []).append(key.start_mark.line + 1)
        self.twice += [
            f"lines {' and '.join(map(str, at))}: {key!r} is given twice." for key, at in lines.items() if at[1:]
        ]
        return super().construct_mapping(node, deep)


def _parsed(text: str) -> Settings:
    loader = _Loader(text)
    reading = cast("Any", loader)
    try:
        node = cast("yaml.Node | None", reading.get_single_node())
        said = cast("object", None if node is None else reading.construct_document(node))
        return Settings(said, loader.twice, dict(_lines(node, "")))
    finally:
        reading.dispose()


def _lines(node: yaml.Node | None, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = f"{path}.{key.value}".removeprefix(".")
            yield inner, key.start_mark.line + 1
            yield from _lines(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            yield f"{path}[{at}]", value.start_mark.line + 1
            yield from _lines(value, f"{path}[{at}]")
