"""Tables by an enumeration name every member, so that one more is not met first by somebody as a fault."""

import pkgutil
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import import_module
from typing import cast

import catch
import projections

PARTIAL = {
    "catch.access.doing": {"COORDINATORS", "ORGANISERS", "ON_AN_ITEM", "ADMINISTRATORS"},
    "catch.access.finding": {"SIMPLER"},
    "catch.access.giving": {"_NEEDS"},
    "catch.access.learning": {"SIMPLER"},
    "catch.api.case.listing": {"SORTED"},
    "catch.domain.agenda.absence": {"_WITHOUT"},
    "catch.domain.bounds": {"_FORMS", "SAID"},
    "catch.report.drawing": {"FORMATS"},
    "catch.report.sheets": {"_FORMATS"},
    "catch.statistics.time_to_outcome": {"_STATUSES"},
    "catch.web.console.forms": {"FIRST_INPUT"},
}
"""Whose readers say what holds of all others."""


def lacking(table: object) -> list[str]:
    """The members that a table by an enumeration does not name."""
    if not isinstance(table, Mapping):
        return []
    keys = [*cast("Mapping[object, object]", table)]
    members = type(keys[0]) if keys and isinstance(keys[0], Enum) else None
    if members is None or not all(isinstance(key, members) for key in keys):
        return []
    return [member.name for member in members if member not in keys]


def tables() -> Iterator[tuple[str, str, object]]:
    for package in (catch, projections):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith("__main__"):
                continue
            yield from ((found.name, name, value) for name, value in vars(import_module(found.name)).items())


def test_every_table_by_an_enumeration_is_whole():
    assert lacking({Colour.RED: 1}) == ["BLUE"]
    here = [(module, name, value) for module, name, value in tables() if lacking(value)]
    partial = {id(value) for module, name, value in here if name in PARTIAL.get(module, ())}
    assert {(module, name): lacking(value) for module, name, value in here if id(value) not in partial} == {}


class Colour(Enum):
    RED = 1
    BLUE = 2
