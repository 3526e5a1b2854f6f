"""What an operation costs the server, worked out from its document and variables before anything is done.

Every field of the operations themselves says what it weighs, where it is defined: `metadata=weighs(...)`. One that
says nothing weighs as much as the heaviest. An alias is a field like any other, `first` multiplies, and so does what
is selected of each entry. The unit is about a tenth of a millisecond of one core.
"""

from collections.abc import Mapping
from typing import Any

from graphql import FieldNode, GraphQLObjectType, IntValueNode, NullValueNode, Undefined, VariableNode
from msgspec import Struct

from catch.api.common.cursors import MOST

WEIGHT = "weight"
FIELDS_A_UNIT = 10
"""So many values of one entry are worked out and written in one unit."""


class Weight(Struct, frozen=True):
    """`each` is for every entry that `first` asks for, `past` is added where a moment of history is asked for."""

    base: int
    each: int = 0
    past: int = 0


HEAVIEST = Weight(500, each=10, past=500)
"""What nobody has weighed."""


def weighs(base: int, *, each: int = 0, past: int = 0) -> dict[str, Weight]:
    """For `strawberry.field(metadata=...)`."""
    return {WEIGHT: Weight(base, each, past)}


class Charge(Struct, frozen=True):
    """One field of an operation. `first` and `past` may be the name of a variable."""

    weight: Weight
    first: int | str
    past: bool | str
    fields: int

    def cost(self, values: Mapping[str, Any]) -> int:
        entries = _entries(values.get(self.first) if isinstance(self.first, str) else self.first)
        past = values.get(self.past) is not None if isinstance(self.past, str) else self.past
        # What is selected is written at least once, also by fields that are no lists.
        shown = self.fields * max(entries, 1) // FIELDS_A_UNIT
        return self.weight.base + entries * self.weight.each + (self.weight.past if past else 0) + shown


def _entries(first: object) -> int:
    """As many as a page may have, whatever is asked for: more is refused by the field itself."""
    return min(max(first, 0), MOST) if isinstance(first, int) and not isinstance(first, bool) else MOST


def charge(root: GraphQLObjectType, node: FieldNode, fields: int) -> Charge:
    """`fields` is how many are selected below it."""
    field = root.fields.get(node.name.value)
    if field is None:  # `__typename`, `__schema`
        return Charge(Weight(0), 0, past=False, fields=fields)
    definition = field.extensions.get("strawberry-definition")
    # Closed by default: what nobody has weighed costs the most.
    weight: Weight = getattr(definition, "metadata", {}).get(WEIGHT, HEAVIEST)
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    return Charge(weight, _first(field.args, given.get("first")), _past(given.get("asAt")), fields)


def _first(arguments: Mapping[str, Any], given: object) -> int | str:
    if "first" not in arguments:
        return 0
    if isinstance(given, VariableNode):
        return given.name.value
    if isinstance(given, IntValueNode):
        return int(given.value)
    default = arguments["first"].default_value
    return default if given is None and isinstance(default, int) and default is not Undefined else MOST


def _past(given: object) -> bool | str:
    if isinstance(given, VariableNode):
        return given.name.value
    return given is not None and not isinstance(given, NullValueNode)
