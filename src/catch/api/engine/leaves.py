"""How scalars and enums are written into an answer, quickly where the value already is what JSON will hold.

What a quick path lets through is what graphql-core would have written for it; everything else is handed to
graphql-core's own function, whose answer or complaint counts.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, cast
from uuid import UUID

from graphql import GraphQLEnumType, GraphQLScalarType

Json = Any
Plain = Callable[[Any], Json]

LEAST, MOST = -(2**31), 2**31 - 1
"""The range of GraphQL's Int."""
AS_THEY_ARE: dict[str, type] = {"String": str, "Boolean": bool, "UUID": UUID, "Date": date}
"""Scalars that the encoder writes as graphql-core's function would, if the value is exactly of this type."""


class NullWhereRequired(Exception):
    """A value that must be there is missing: graphql-core says how that is answered."""


def leaf(kind: GraphQLEnumType | GraphQLScalarType, *, required: bool) -> Plain:
    """Writes a value of this type, or None where that is allowed."""
    slow = careful(cast("Plain", kind.coerce_output_value), required=required)
    if isinstance(kind, GraphQLEnumType):
        return of_enum(slow)
    own = AS_THEY_ARE.get(kind.name)
    # By exact type: a subclass, an enum's member say, may have to be written otherwise.
    if own is not None and required:
        return lambda value: value if type(value) is own else slow(value)
    if own is not None:
        return lambda value: value if value is None or type(value) is own else slow(value)
    # `True` is an int, too; outside of 32 bits graphql-core complains, and it must say so itself.
    if kind.name == "Int":
        return lambda value: value if type(value) is int and LEAST <= value <= MOST else slow(value)
    return slow


def careful(write: Plain, *, required: bool) -> Plain:
    """graphql-core's own function. It may not make nothing of something."""

    def written(value: Any) -> Json:
        if value is None and not required:
            return None
        found = None if value is None else write(value)
        if found is None:
            raise NullWhereRequired
        return found

    return written


def of_enum(write: Plain) -> Plain:
    """Members are few: each is looked up once."""
    known: dict[Any, Json] = {}

    def written(value: Any) -> Json:
        try:
            return known[value]
        except KeyError:
            found = known[value] = write(value)
            return found

    return written
