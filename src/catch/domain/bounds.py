"""Holds a command, however deep, to what its types say: the forms of plain strings, how many, how much, when.

A class is read once, from its type hints; after that only the fields that have a form or a bound are looked at.
"""

import re
import types
import typing
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

from msgspec import Struct

from catch.domain.facts import Sealed
from catch.domain.keys import (
    KEY,
    LONGEST_KEY,
    LONGEST_NAME,
    NAME,
    NUMBER,
    ODS,
    USER,
    KeyMalformed,
    NameMalformed,
    NumberMalformed,
    OdsMalformed,
    UserMalformed,
)
from catch.domain.plain import FIRST_DAY, FIRST_YEAR, LAST_DAY, LONGEST_TEXT, Between, Form, Least, Most
from catch.domain.refusals import MissingText, OutOfRange, Refused


class TooMany(Refused):
    """This list is longer than one command may hold. Send fewer."""


class TextTooShort(Refused):
    """This text is too short to say why: the details say how long it has to be. Say it in a sentence."""


_FORMS: dict[Form, tuple[re.Pattern[str], type[Refused]]] = {
    Form.KEY: (KEY, KeyMalformed),
    Form.CODE: (KEY, KeyMalformed),
    Form.USER: (USER, UserMalformed),
    Form.NAME: (NAME, NameMalformed),
    Form.LABEL: (NAME, NameMalformed),
    Form.ODS: (ODS, OdsMalformed),
    Form.NUMBER: (NUMBER, NumberMalformed),
}
SAID: dict[Form, str] = {
    Form.KEY: f"A key: lower-case letters and digits joined by single hyphens, at most {LONGEST_KEY}.",
    Form.CODE: f"A code: lower-case letters and digits joined by single hyphens, at most {LONGEST_KEY}.",
    Form.USER: "A user id: lower-case letters and digits joined by single `-`, `.`, `@` or `_`, "
    f"at most {LONGEST_KEY}.",
    Form.NAME: f"Public: stored in plain. One line, at most {LONGEST_NAME} characters.",
    Form.LABEL: f"Public: stored in plain. One line, at most {LONGEST_NAME} characters.",
    Form.ODS: "An ODS code: upper-case letters and digits, at most 12.",
    Form.NUMBER: "A case's number: four capital letters or digits, a hyphen, and four more.",
}
"""What the API says of a field with this form."""

Check = Callable[[Any, str], None]
"""Looks at a value of a field. Its path is only asked for when something is wrong."""


def check(command: Struct) -> None:
    """Holds the command, however deep, to what its types say.

    Raises `KeyMalformed`, `UserMalformed`, `NameMalformed`, `OdsMalformed`, `MissingText`, `TooMany`, `OutOfRange`:
    the details name the field and the bound, never what stands there.
    """
    _check_struct(command, "")


def _check_struct(value: Struct, path: str) -> None:
    for name, check_field in _checks(type(value)):
        held = getattr(value, name)
        if held is not None:
            check_field(held, f"{path}.{name}" if path else name)


@cache
def _checks(cls: type[Struct]) -> tuple[tuple[str, Check], ...]:
    hints = get_type_hints(cls, include_extras=True)
    found = ((name, _check_of(hints[name], ())) for name in cls.__struct_fields__)
    return tuple((name, each) for name, each in found if each is not None)


def _check_of(hint: Any, said: tuple[Any, ...]) -> Check | None:
    """The check of a type; `said` is what an `Annotated` around it says."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _check_of(arguments[0], (*said, *arguments[1:]))
    if origin in (typing.Union, types.UnionType):
        return _of_union([each for each in arguments if each is not types.NoneType], said)
    if origin in (tuple, frozenset, list):
        return _of_list(_check_of(arguments[0], ()), said)
    if hint is Sealed:
        return next((_of_text(each) for each in said if isinstance(each, Least)), None)
    if hint is str:
        return next((_of_form(each) for each in said if each in _FORMS), None)
    if hint in (int, float):
        return next((_of_number(each) for each in said if isinstance(each, Between)), None)
    return _of_time(hint) if hint in (date, datetime) else _of_struct(hint)


def _of_union(members: list[Any], said: tuple[Any, ...]) -> Check | None:
    # Structs are told from each other by what they are: one check serves all of them.
    checks = [*dict.fromkeys(each for each in (_check_of(member, said) for member in members) if each)]
    if len(checks) > 1:
        raise TypeError(f"a value cannot be told from the rest in one of {members}")
    return checks[0] if checks else None


def _of_struct(hint: Any) -> Check | None:
    return _check_struct if isinstance(hint, type) and issubclass(hint, Struct) else None


def _of_form(form: Form) -> Check:
    pattern, refused = _FORMS[form]

    def look(text: Any, path: str) -> None:
        if pattern.fullmatch(text) is None:
            raise (
                # Blank where something was expected is said as such; anything else that is wrong is a wrong form.
                MissingText(field=path) if not text or (text.isspace() and text.isprintable()) else refused(field=path)
            )

    return look


def _of_text(least: Least) -> Check:
    def look(text: Any, path: str) -> None:
        # Spaces say nothing. Both ends, and here: before anything is looked up by what the command names.
        if len(" ".join(text.split())) < least.signs:
            raise TextTooShort(field=path, least=least.signs)
        if len(text) > LONGEST_TEXT:
            raise OutOfRange(field=path, longest=LONGEST_TEXT)

    return look


def _of_number(bound: Between) -> Check:
    def look(number: Any, path: str) -> None:
        # Written so that what is not a number is refused too.
        if not bound.least <= number <= bound.most:
            raise OutOfRange(field=path, least=bound.least, most=bound.most)

    return look


def _first_year(kind: type[date]) -> int:
    return FIRST_YEAR if kind is datetime else FIRST_DAY.year


def _of_time(kind: type[date]) -> Check:
    first = _first_year(kind)

    def look(at: Any, path: str) -> None:
        if not first <= at.year <= LAST_DAY.year:
            raise OutOfRange(field=path, earliest=f"{first}-01-01", latest=LAST_DAY)

    return look


def _of_list(inner: Check | None, said: tuple[Any, ...]) -> Check:
    most = next((each.count for each in said if isinstance(each, Most)), None)

    def look(values: Collection[Any], path: str) -> None:
        if most is not None and len(values) > most:
            raise TooMany(field=path, most=most)
        if inner is not None:
            for index, value in enumerate(values):
                inner(value, f"{path}[{index}]")

    return look


def described(hint: Any) -> Iterator[str]:
    """What a type says of its values, a sentence each."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Sealed:
        yield f"At most {LONGEST_TEXT:,} characters."
    if hint in (date, datetime):
        yield f"From {_first_year(hint)} to {LAST_DAY.year}."
    if origin is Annotated:
        for said in arguments[1:]:
            yield from _described(said)
    for inner in arguments:
        if not isinstance(inner, Form | Least | Most | Between):
            yield from described(inner)


def _described(said: object) -> Iterator[str]:
    match said:
        case Least(signs=signs):
            yield f"At least {signs} characters."
        case Most(count=count):
            yield f"At most {count}."
        case Between(least=least, most=most):
            yield f"{least:,} to {most:,}."
        case _:
            if said in SAID:
                yield SAID[cast("Form", said)]
