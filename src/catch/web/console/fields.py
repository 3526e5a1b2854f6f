"""The fields of every command's form, made from the command itself: names, hints and bounds are what its types say."""

import re
import types
import typing
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, cast, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import replace

from catch.access import ASKED_BY_KEY
from catch.api.mutations import camel, snake
from catch.domain import bounds
from catch.domain.facts import Command, Sealed
from catch.domain.plain import Unit
from catch.web.console.labels import HINTS, LABELS
from catch.web.console.wording import words


class Kind(StrEnum):
    """How a field is asked for."""

    TEXT = "text"
    """One line."""
    AREA = "area"
    DATE = "date"
    MOMENT = "moment"
    NUMBER = "number"
    MONEY = "money"
    """In pounds, of what counts pence."""
    YES_NO = "yes-no"
    ONE = "one"
    """One of some choices."""
    SOME = "some"
    """Any of some choices."""
    HIDDEN = "hidden"
    GROUP = "group"
    ROWS = "rows"
    """Several groups alike."""


class Choice(NamedTuple):
    value: str
    text: str


class Field(Struct, frozen=True):
    """`path` as the schema has it; of a part of several alike with `*` where the number stands. `parts`: of a group, or
    of each of several alike."""

    name: str
    path: str
    label: str
    kind: Kind
    required: bool
    hint: str | None = None
    default: str = ""
    choices: tuple[Choice, ...] = ()
    parts: tuple["Field", ...] = ()
    whole: bool = True
    """Of a number."""
    id: bool = False
    """Whether it is the id of something."""
    plain_hint: bool = False
    """Whether the hint is about what is meant, and not about how a value is written."""

    @property
    def short(self) -> bool:
        return self.kind in (Kind.TEXT, Kind.NUMBER, Kind.MONEY)


FIRST_INPUT = {Kind.DATE: "-day", Kind.MOMENT: "-day", Kind.YES_NO: "-true", Kind.SOME: "-1"}
"""What follows a field's id where its first input has another one."""
SHORT = frozenset({
    "name", "phone", "nhs_number", "reference", "named_contact", "signatory", "unverified_organisation", "title",
    "raised_to", "payee", "date_of_birth", "safe_times", "subject", "organisation", "who_refers",
})  # fmt: skip
"""Personal texts of one line."""
MONEY = "In pounds, for example 25 or 25.50."
DAYS = frozenset({"date_of_birth"})
"""Those that are a day."""
BEGUN = {"RaiseSafeguardingConcern": {"concern"}, "Form": {"sendId"}}
"""Ids that the sender chooses of what can be said twice."""
NAMED = {"LinkAction": {"action"}}
"""Ids of what is there already, though the command leaves a fact about them."""
_CHOSEN = frozenset({"goal", "action", "note", "plan", "item"})


@lru_cache
def choices_of(kind: type[Enum]) -> tuple[Choice, ...]:
    """Under the members' names, as the schema has them."""
    return tuple(Choice(member.name, words(str(member.value))) for member in kind)


@lru_cache
def fields_of(kind: type[Struct], path: str = "") -> tuple[Field, ...]:
    """Every field of a command, or of a part of one."""
    hints = typing.get_type_hints(kind, include_extras=True)
    infos = {each.name: each for each in msgspec.structs.fields(kind)}
    return tuple(_field(kind, infos[name], hints[name], path) for name in kind.__struct_fields__)


def _field(kind: type[Struct], info: msgspec.structs.FieldInfo, hint: Any, path: str) -> Field:
    here = f"{path}.{camel(info.name)}" if path else camel(info.name)
    inner, optional = _without_none(hint)
    default = info.default if info.default_factory is NODEFAULT else info.default_factory()
    own = f"{kind.__name__}.{info.name}"
    meant = HINTS.get(own) or HINTS.get(info.name)
    field = Field(
        camel(info.name),
        here,
        LABELS.get(own) or LABELS.get(info.name) or words(info.name),
        Kind.TEXT,
        required=default is NODEFAULT and not optional,
        hint=meant or quoted(" ".join(dict.fromkeys(bounds.described(info.type)))) or None,
        default=_default(default),
        plain_hint=meant is not None,
    )
    return _typed(field, inner, info.name)


def quoted(text: str) -> str:
    """For somebody who has no code before them: a field by what it is called on a form."""
    return re.sub("`([^`]+)`", lambda named: f"“{LABELS.get(snake(named[1]), named[1])}”", text)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return value.name
    return str(value) if isinstance(value, int | float | str) else ""


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (typing.Union, types.UnionType):
        present = [each for each in get_args(hint) if each is not type(None)]
        return present[0], len(present) < len(get_args(hint))
    if get_origin(hint) is Annotated:
        inner, optional = _without_none(get_args(hint)[0])
        return (inner if optional else hint), optional
    return hint, False


def _typed(field: Field, hint: Any, name: str) -> Field:
    if get_origin(hint) is Annotated and Unit.PENCE in get_args(hint):
        return replace(field, kind=Kind.MONEY, hint=MONEY)
    plain = _plain(hint)
    origin, inside = get_origin(plain), get_args(plain)
    change = replace
    if plain is Sealed and name in DAYS:
        return change(field, kind=Kind.DATE)
    if plain is Sealed:
        hint = field.hint if field.plain_hint else None
        return change(field, kind=Kind.TEXT if name in SHORT else Kind.AREA, hint=hint)
    if origin in (tuple, frozenset, list):
        each = _plain(_without_none(inside[0])[0])
        if isinstance(each, type) and issubclass(each, Struct):
            return change(field, kind=Kind.ROWS, required=False, parts=fields_of(each, f"{field.path}.*"))
        values = choices_of(each) if isinstance(each, type) and issubclass(each, Enum) else ()
        return change(field, kind=Kind.SOME, choices=values, required=False)
    if not isinstance(plain, type):
        return field
    if issubclass(plain, Struct):
        return change(field, kind=Kind.GROUP, parts=fields_of(plain, field.path))
    if issubclass(plain, Enum):
        return change(field, kind=Kind.ONE, choices=choices_of(plain))
    if plain is UUID:
        return change(field, kind=Kind.ONE, id=True)
    simple = {bool: Kind.YES_NO, date: Kind.DATE, datetime: Kind.MOMENT, int: Kind.NUMBER, float: Kind.NUMBER}
    return change(field, kind=simple.get(cast("Any", plain), Kind.TEXT), whole=plain is int)


def _plain(hint: Any) -> Any:
    while True:
        if get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        elif hint is not Sealed and hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        else:
            return hint


def chosen_ids(kind: type[Struct]) -> frozenset[str]:
    """The paths of the ids that the sender of such a command chooses."""
    leaves = kind.LEAVES if issubclass(kind, Command) else None
    ids = {field.path for field in fields_of(kind) if field.id}
    own = {camel(leaves.new)} & ids if leaves and leaves.new else set[str]()
    own |= {"referral", "item"} & ids if own & {"case", "meeting"} else set()
    own = (own | BEGUN.get(kind.__name__, set())) - NAMED.get(kind.__name__, set())
    # A new goal stands inside, with an id of its own: `goal.goal`, `goals.*.goal`.
    parts = {
        part.path
        for field in fields_of(kind)
        for part in field.parts
        if part.kind is Kind.ONE and not part.choices and field.path.startswith(part.name) and part.name in _CHOSEN
    }
    # A key or a user id is somebody's to choose: what a form makes by itself are ids that nobody reads.
    made = {field.path for field in fields_of(kind) if field.kind is Kind.ONE and not field.choices}
    return frozenset((own & made) | parts)


def walked(fields: Iterable[Field]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from walked(field.parts)


def kind_named(key: str) -> type[Command] | None:
    return ASKED_BY_KEY.get(key)


def mutation_of(kind: type[Command]) -> str:
    return kind.__name__[0].lower() + kind.__name__[1:]
