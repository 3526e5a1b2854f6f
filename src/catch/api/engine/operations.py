"""A registered query or mutation, compiled: variables and arguments by graphql-core's own functions, the rest by ours.

A query in which anything goes wrong is executed again by graphql-core, which says how that is answered. A mutation is
executed once: what goes wrong in its one field is answered here.
"""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    get_argument_values,
    located_error,
    visit,
)
from msgspec import Struct

from catch.api.engine.compiled import Compiler, Json, NotCompiled, Reader
from catch.api.engine.insides import VariableValues, get_variable_values
from catch.api.engine.limits import Prepared

MOST_SWITCHES = 6
"""Variables that @skip and @include name: every combination of them is compiled once, when it is first asked for."""


class Info(Struct, frozen=True):
    """All that our resolvers ask of graphql-core's `info`."""

    context: object


class Root(Struct, frozen=True):
    """One field of the operation itself."""

    key: str
    field: Any
    node: FieldNode
    reader: Reader

    async def answer(self, values: VariableValues, context: object) -> Json:
        arguments = get_argument_values(self.field, self.node, values)
        got = self.field.resolve(None, Info(context), **arguments)
        if isawaitable(got):
            got = await got
        reader = self.reader
        return reader.plain(got) if reader.plain is not None else await cast("Any", reader.later)(got)


class Operation:
    """One operation of one document. Raises `NotCompiled` where it must be left to graphql-core."""

    def __init__(self, schema: GraphQLSchema, prepared: Prepared, *, hide_suggestions: bool) -> None:
        self._schema = schema
        self._definition: OperationDefinitionNode = prepared.operation
        self._hide = hide_suggestions
        fragments = [each for each in prepared.document.definitions if isinstance(each, FragmentDefinitionNode)]
        self._fragments = {each.name.value: each for each in fragments}
        self._switches = switches(prepared)
        if prepared.kind is OperationType.SUBSCRIPTION or len(self._switches) > MOST_SWITCHES:
            raise NotCompiled("a subscription, or too many switches")
        self._root = cast(
            "GraphQLObjectType",
            schema.query_type if prepared.kind is OperationType.QUERY else schema.mutation_type,
        )
        # A mutation that was begun may have recorded something: it must not be executed a second time.
        self._once = prepared.kind is OperationType.MUTATION
        self._compiled: dict[tuple[object, ...], list[Root]] = {}
        # What cannot be compiled shows now, not when somebody asks.
        both = [self._roots(dict.fromkeys(self._switches, chosen)) for chosen in (False, True)]
        self.fields = max(map(len, both))
        self.reads = not self._once

    async def data(
        self, variables: Mapping[str, Any] | None, context: object
    ) -> tuple[dict[str, Json] | None, list[GraphQLError]] | None:
        """The answer's data and errors; None where it is left to graphql-core. Nothing has been changed then."""
        declared = self._definition.variable_definitions or ()
        values = get_variable_values(self._schema, declared, dict(variables or {}), hide_suggestions=self._hide)
        # What is wrong with variables graphql-core says; nothing has been executed.
        if isinstance(values, list):
            return None
        try:
            roots = self._roots({name: values.coerced.get(name) for name in self._switches})
        except NotCompiled:
            return None
        if self._once:
            return await changed(roots[0], values, context)
        try:
            return {root.key: await root.answer(values, context) for root in roots}, []
        except Exception:
            # Whatever it is: graphql-core will meet it again, and answer it.
            return None

    def _roots(self, chosen: Mapping[str, object]) -> list[Root]:
        which = tuple(chosen.values())
        if which not in self._compiled:
            self._compiled[which] = self._compile(chosen)
        return self._compiled[which]

    def _compile(self, chosen: Mapping[str, object]) -> list[Root]:
        compiler = Compiler(self._schema, self._fragments, chosen)
        found: list[Root] = []
        selections = self._definition.selection_set.selections
        for key, nodes in compiler.collected(self._root, selections).items():
            field = self._root.fields.get(nodes[0].name.value)
            if field is None:
                raise NotCompiled(f"{nodes[0].name.value} of the operation itself")
            found.append(Root(key, field, nodes[0], compiler.field(field.type, nodes)))
        # Of several, those behind a failed one go on or not by rules that are graphql-core's.
        if self._once and (len(found) != 1 or not isinstance(found[0].field.type, GraphQLNonNull)):
            raise NotCompiled("a mutation of more than one field")
        return found


async def changed(
    root: Root, values: VariableValues, context: object
) -> tuple[dict[str, Json] | None, list[GraphQLError]]:
    try:
        return {root.key: await root.answer(values, context)}, []
    except Exception as problem:
        # The field may not be null, so the whole answer is.
        return None, [located_error(problem, [root.node], [root.key])]


class _Switches(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_directive(self, node: Any, *_rest: object) -> None:
        values = [argument.value for argument in node.arguments or ()]
        self.found |= {value.name.value for value in values if isinstance(value, VariableNode)}


def switches(prepared: Prepared) -> tuple[str, ...]:
    """The variables that directives name."""
    found = _Switches()
    visit(prepared.document, found)
    return tuple(sorted(found.found))
