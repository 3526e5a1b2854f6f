"""What is taken from inside Strawberry and graphql-core, in one place: neither promises any of it.

pyproject.toml bounds both to the releases that this was made for (and uvicorn, of which `catch.web` and `catch.live`
extend the protocols). Whoever raises a bound reads this module against the new release.
"""

from typing import Any, cast

import strawberry
from graphql import Executor, GraphQLSchema
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import VariableValues, get_variable_values
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged as overlapping
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.base import WithStrawberryObjectDefinition, has_object_definition
from strawberry.types.enum import EnumValueDefinition
from strawberry.types.scalar import ScalarDefinition

__all__ = [
    "EnumValueDefinition",
    "Executor",
    "MaybeNullValidationRule",
    "OneOfInputValidationRule",
    "ScalarDefinition",
    "VariableValues",
    "WithStrawberryObjectDefinition",
    "collect_fields",
    "get_variable_values",
    "has_object_definition",
    "optimized_is_awaitable",
    "underneath",
    "without_itself",
]

# What is repeated is compared pair by pair: at graphql-core's own bounds one document holds up everybody for more than
# a second. At these it is about a tenth, and the dearest document of ours needs less than a twentieth of them.
overlapping.MAX_COMPLEXITY_BUDGET = 20_000
validation_context.MAX_FRAGMENT_WORK = 5_000


def without_itself(executor: Executor[Any]) -> Executor[Any]:
    """Without the helpers that it offers to resolvers, which are its own methods: by these it keeps itself alive, with
    all that was read for the answer, until somebody comes to collect what does.
    """
    executor.async_helpers = cast("Any", None)
    return executor


def underneath(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema as graphql-core has it."""
    return schema._schema  # pyright: ignore[reportPrivateUsage]
