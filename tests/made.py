"""Values of any of our types, made up by Hypothesis from small pools, so that ids meet again."""

import types
import typing
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st
from msgspec import Struct

from catch.domain.case.eligibility import EvaluatedCriterion
from catch.domain.facts import Sealed
from tests.cases import CASE, NOW, PERSON, TEXT, TODAY


def ids(*numbers: int) -> st.SearchStrategy[UUID]:
    return st.sampled_from([UUID(int=number) for number in numbers])


def keys(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


FIELDS: dict[tuple[str, object], st.SearchStrategy[Any]] = {
    **{(name, str): keys("snn", "housing-1", "strict-1") for name in ("agency", "owner", "to")},
    ("to", str | None): keys("housing-1", "strict-1"),
    ("series", str): keys("weekly"),
    ("source", str): keys("gp", "self"),
    ("channel", str): keys("phone"),
    ("domain", str): keys("home"),
    ("programme", str): keys("snn-catch"),
    ("reason", str): keys("goals-achieved", "moved-away"),
    ("person", UUID): st.just(PERSON),
    ("action", UUID): ids(30, 31),
    ("goal", UUID): ids(20, 28),
    ("plan", UUID): ids(21),
    ("review", UUID): ids(22, 23),
    ("proposal", UUID): ids(40, 41),
    ("disclosure", UUID): ids(10, 11),
    ("need", UUID): ids(60, 61),
    ("baseline", int): st.integers(1, 5),
    ("target", int): st.integers(1, 5),
    ("score", int): st.integers(1, 5),
    ("version", int): st.integers(1, 3),
    ("criteria", tuple[EvaluatedCriterion, ...]): st.just(()),
}
"""What a field of this name and type is usually about, so that many commands are accepted."""
WORDS = ("snn", "housing-1", "strict-1", "cora", "hana", "weekly", "snn-catch", "goals-achieved", "gp", "phone", "home")
POOLS: dict[object, st.SearchStrategy[Any]] = {
    Sealed: st.just(TEXT),
    UUID: st.sampled_from([CASE, PERSON, *map(UUID, [f"{n:032x}" for n in (10, 20, 21, 22, 30, 31, 40)])]),
    str: st.sampled_from(WORDS),
    int: st.integers(0, 6),
    bool: st.booleans(),
    float: st.floats(0, 1),
    datetime: st.integers(-30, 0).map(lambda days: NOW + timedelta(days=days)),
    date: st.sampled_from([-1, 0, 0, 5, 30, 130]).map(lambda days: TODAY + timedelta(days=days)),
    types.NoneType: st.none(),
}


def made(hint: Any) -> st.SearchStrategy[Any]:
    """Values of this type, struct or not."""
    if hint in POOLS:
        return POOLS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(made, arguments))
    if origin is tuple:
        if arguments[1:] == (Ellipsis,):
            return st.lists(made(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*map(made, arguments))
    if origin is frozenset:
        return st.frozensets(made(arguments[0]), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(made(arguments[0]), made(arguments[1]), max_size=2)
    cls = typing.cast("type[Any]", hint)
    return st.sampled_from([*cls]) if issubclass(cls, Enum) else struct(cls)


@cache
def struct(cls: type[Struct]) -> st.SearchStrategy[Any]:
    fields = {name: field(name, hint) for name, hint in get_type_hints(cls).items() if name in cls.__struct_fields__}
    return st.fixed_dictionaries(fields).map(lambda values: cls(**values))


def field(name: str, hint: Any) -> st.SearchStrategy[Any]:
    known = FIELDS.get((name, hint))
    return made(hint) if known is None else known
