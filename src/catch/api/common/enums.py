"""Enums as GraphQL has them, under their members' names: found in the types that use them, so nobody lists them."""

import inspect
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, TypeVar, get_args, get_type_hints

import strawberry

from catch.api.engine.insides import WithStrawberryObjectDefinition, has_object_definition

E = TypeVar("E", bound=Enum)


def graphql_enum(values: type[E]) -> type[E]:
    """The enum made known to Strawberry under its members' names; the same one however often it is asked for."""
    if "__strawberry_definition__" not in values.__dict__:
        strawberry.enum(values)
    # Strawberry makes one by itself where it meets an enum first, without the words.
    made: Any = values.__dict__["__strawberry_definition__"]
    made.description = sentence(values)
    return values


def sentence(documented: type) -> str | None:
    """The class's own docstring as one paragraph per blank line, or None."""
    text = documented.__dict__.get("__doc__")
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n")) if text else None


def known_to_graphql(*roots: type) -> None:
    """Every enum that is answered or asked for anywhere below these types."""
    for values in enums(roots, set()):
        graphql_enum(values)


def enums(hints: Iterable[Any], seen: set[object]) -> Iterator[type[Enum]]:
    for hint in hints:
        if isinstance(hint, type) and issubclass(hint, Enum):
            yield hint
        elif isinstance(hint, type) and has_object_definition(hint) and hint not in seen:
            seen.add(hint)
            yield from enums(hints_of(hint), seen)
        else:
            yield from enums(get_args(hint), seen)


def hints_of(kind: type[WithStrawberryObjectDefinition]) -> Iterator[Any]:
    """Of the fields, and of what the resolvers take and give."""
    fields: Any = kind.__strawberry_definition__.fields
    for holder in (kind, *(field.base_resolver.wrapped_func for field in fields if field.base_resolver)):
        yield from get_type_hints(holder, include_extras=True).values()
