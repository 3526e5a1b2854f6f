"""Whatever the API answers, laid out in rows: a field a row, in words, and what it was before."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from catch.web.console.rendering import day, moment
from catch.web.console.wording import words

ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
CODE = re.compile(r"[A-Z][A-Z0-9_]+")
LEFT_OUT = frozenset({"__typename", "redactions"})
"""Said elsewhere."""
KNOWN_BY = ("id", "itemId", "code", "user", "agency", "path", "policy")
"""By which of several alike are told apart."""


class Row(NamedTuple):
    """`was`: what stood there before, where that is something else."""

    label: str
    text: str
    was: str | None = None

    @property
    def changed(self) -> bool:
        return self.was is not None


class Section(NamedTuple):
    title: str
    rows: list[Row]

    @property
    def changed(self) -> bool:
        return any(row.changed for row in self.rows)


Path = tuple[tuple[str, str], ...]
"""Steps: by what each is known, and what it is called."""


def sections(now: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> list[Section]:
    """What stands alone comes first; then every part that has parts of its own, in the order of the answer."""
    plain = {name: value for name, value in now.items() if not isinstance(value, dict | list)}
    was = before or {}
    found = [Section("In short", rows(plain, {name: was.get(name) for name in plain} if before else None))]
    for name, value in now.items():
        if name not in plain and name not in LEFT_OUT:
            found.append(Section(words(name), rows(value, was.get(name) if before is not None else None)))
    return [each for each in found if each.rows]


def rows(now: Any, before: Any = None) -> list[Row]:
    """Every field that holds something, or held something before."""
    held, was = placed(now), None if before is None else placed(before)
    found = [Row(each.label, each.text, _before(was, keys, each.text)) for keys, each in held.items()]
    gone = [Row(each.label, "", each.text) for keys, each in (was or {}).items() if keys not in held]
    return found + gone


def placed(value: Any) -> dict[tuple[str, ...], Row]:
    """By what each step is known by, not by its number: what moved is the same."""
    return {tuple(known for known, _ in path): Row(label(path), text) for path, text in leaves(value)}


def _before(was: Mapping[tuple[str, ...], Row] | None, keys: tuple[str, ...], text: str) -> str | None:
    if was is None:
        return None
    held = was[keys].text if keys in was else ""
    return None if held == text else held


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            if name not in LEFT_OUT:
                yield from leaves(inner, (*path, (name, words(name))))
    elif isinstance(value, list):
        yield from _listed(cast("list[Any]", value), path)
    elif value is not None:
        yield path, written(value)


def _listed(value: list[Any], path: Path) -> Iterator[tuple[Path, str]]:
    if value and not any(isinstance(each, dict | list) for each in value):
        yield path, ", ".join(map(written, value))
        return
    for number, each in enumerate(value, start=1):
        yield from leaves(each, (*path, (known_by(each, number), str(number))))


def known_by(value: Any, number: int) -> str:
    named = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return next((str(named[name]) for name in KNOWN_BY if isinstance(named.get(name), str)), str(number))


def label(path: Path) -> str:
    """Actions 2, title."""
    parts: list[str] = []
    for _, name in path:
        if name.isdecimal():
            parts[-1:] = [f"{parts[-1]} {name}" if parts else f"No. {name}"]
        else:
            parts.append(name if not parts else name[:1].lower() + name[1:])
    return ", ".join(parts) or "Value"


def written(value: Any) -> str:
    """As somebody reads it: a day, a time, a code in words; an id as it is."""
    match value:
        case bool():
            return "Yes" if value else "No"
        case str() if CODE.fullmatch(value):
            return words(value)
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d))?", value):
            return _dated(value)
        case _:
            return str(value)


def _dated(text: str) -> str:
    try:
        return moment(datetime.fromisoformat(text)) if "T" in text else day(date.fromisoformat(text))
    except ValueError:
        return text


def path_in_words(path: str) -> str:
    """A path of the trail: `actions[7f3a…].state`, as Actions, state."""
    plain = re.sub(r"\[[^\]]*\]", "", path)
    return ", ".join(part if number else words(part) for number, part in enumerate(map(words, plain.split("."))))
