"""A selection turned into nested functions, so that an answer costs a fraction of an execution.

Read `leaves` first. Compiled are fields, fragments, aliases, unions and interfaces, @skip and @include; arguments of an
operation's own fields are `operations`'. Anything else, and any answer in which something goes wrong, is left to
graphql-core, whose answers these are held to byte for byte by tests. Closures rather than generated source: no text
from outside is ever executed.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    VariableNode,
    is_abstract_type,
    is_object_type,
)
from msgspec import Struct

from catch.api.engine.leaves import Json, NullWhereRequired, Plain, leaf

__all__ = ["Compiler", "Json", "Later", "NotCompiled", "NullWhereRequired", "Plain", "Reader", "compile_field"]

Later = Callable[[Any], Awaitable[Json]]


class NotCompiled(Exception):
    """The document holds something that is left to graphql-core."""


class Reader(Struct, frozen=True):
    """Turns a value into JSON, at once or later. `later` stands where some field has to be waited for."""

    plain: Plain | None = None
    later: Later | None = None


class Step(Struct, frozen=True):
    """One field of an object: its key, how its value is got, how that is turned into JSON."""

    key: str
    get: Callable[[Any], Any]
    waits: bool
    reader: Reader


class Compiler:
    """Compiles selections of one document. `switches` are the variables' values that @skip and @include may name."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        switches: Mapping[str, object] | None = None,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._switches = switches or {}

    def field(self, kind: Any, nodes: Sequence[FieldNode]) -> Reader:
        """For the value of a field of this type. Raises `NotCompiled`."""
        required = isinstance(kind, GraphQLNonNull)
        inner = cast("Any", kind).of_type if required else kind
        if isinstance(inner, GraphQLEnumType | GraphQLScalarType):
            return Reader(plain=leaf(inner, required=required))
        reader = self._composed(inner, nodes)
        return demanded(reader) if required else optional(reader)

    def _composed(self, kind: Any, nodes: Sequence[FieldNode]) -> Reader:
        if isinstance(kind, GraphQLList):
            return listed(self.field(cast("Any", kind).of_type, nodes))
        selections = [selection for node in nodes if node.selection_set for selection in node.selection_set.selections]
        if is_object_type(kind):
            return self.object(kind, selections)
        if is_abstract_type(kind):
            possible = self._schema.get_possible_types(kind)
            # By class and not by `__typename`: a resolver's value says what it is without being asked.
            return chosen({origin(each): self.object(each, selections) for each in possible})
        raise NotCompiled(str(kind))

    def object(self, kind: GraphQLObjectType, selections: Sequence[SelectionNode]) -> Reader:
        steps = [self._step(kind, key, nodes) for key, nodes in self.collected(kind, selections).items()]
        if any(step.waits or step.reader.later for step in steps):
            return Reader(later=waiting(steps))
        plain = [(step.key, step.get, cast("Plain", step.reader.plain)) for step in steps]
        return Reader(plain=lambda value: {key: read(get(value)) for key, get, read in plain})

    def collected(self, kind: GraphQLObjectType, selections: Iterable[SelectionNode]) -> dict[str, list[FieldNode]]:
        """The fields of an object of this type, by the keys they are answered under."""
        found: dict[str, list[FieldNode]] = {}
        self._collect(kind, selections, found)
        return found

    def _collect(
        self, kind: GraphQLObjectType, selections: Iterable[SelectionNode], into: dict[str, list[FieldNode]]
    ) -> None:
        for node in selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                into.setdefault((node.alias or node.name).value, []).append(node)
                continue
            fragment = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if not isinstance(fragment, InlineFragmentNode | FragmentDefinitionNode):
                raise NotCompiled(str(node.kind))
            condition = fragment.type_condition
            if condition is None or self._applies(kind, condition.name.value):
                self._collect(kind, fragment.selection_set.selections, into)

    def _included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value not in ("skip", "include"):
                raise NotCompiled(f"@{directive.name.value}")
            if self._switched(directive) is not (directive.name.value == "include"):
                return False
        return True

    def _switched(self, directive: DirectiveNode) -> bool:
        given = next(argument.value for argument in directive.arguments or ())
        value = given.value if isinstance(given, BooleanValueNode) else None
        if isinstance(given, VariableNode):
            value = self._switches.get(given.name.value)
        if not isinstance(value, bool):
            # A missing variable is an error that graphql-core has to word.
            raise NotCompiled("a switch that is neither true nor false")
        return value

    def _applies(self, kind: GraphQLObjectType, name: str) -> bool:
        condition = self._schema.type_map[name]
        return condition is kind or (is_abstract_type(condition) and self._schema.is_sub_type(condition, kind))

    def _step(self, kind: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> Step:
        name = nodes[0].name.value
        if name == "__typename":
            return Step(key, lambda _: kind.name, waits=False, reader=Reader(plain=same))
        # Arguments below the operation's own fields would have to be coerced as graphql-core does it.
        if any(node.arguments for node in nodes) or name not in kind.fields:
            raise NotCompiled("arguments, or introspection")
        reader = self.field(kind.fields[name].type, nodes)
        definition = kind.fields[name].extensions.get("strawberry-definition")
        if definition is None:
            raise NotCompiled(f"{kind.name}.{name}")
        resolver = definition.base_resolver
        if resolver is None:
            return Step(key, attrgetter(definition.python_name), waits=False, reader=reader)
        if resolver.arguments or resolver.info_parameter:
            raise NotCompiled(f"{kind.name}.{name}")
        # Strawberry's own wrapper around it makes an `info` and converts arguments: here there are neither.
        return Step(key, resolver.wrapped_func, waits=resolver.is_async, reader=reader)


def waiting(steps: Sequence[Step]) -> Later:
    """An object of which some field has to be waited for: all others, too, are read in the order of the selection."""

    def read(step: Step) -> tuple[str, Callable[[Any], Any], bool, Plain | None, Later | None]:
        return step.key, step.get, step.waits, step.reader.plain, step.reader.later

    parts = [read(step) for step in steps]

    async def object_of(value: Any) -> Json:
        found: dict[str, Json] = {}
        for key, get, waits, plain, later in parts:
            got = await get(value) if waits else get(value)
            found[key] = plain(got) if plain is not None else await cast("Later", later)(got)
        return found

    return object_of


def same(value: Any) -> Json:
    return value


def origin(kind: GraphQLObjectType) -> type:
    return kind.extensions["strawberry-definition"].origin


def demanded(inner: Reader) -> Reader:
    plain, later = inner.plain, inner.later
    if plain:
        return Reader(plain=lambda value: plain(present(value)))
    return Reader(later=lambda value: cast("Later", later)(present(value)))


def present(value: Any) -> Any:
    if value is None:
        raise NullWhereRequired
    return value


def optional(inner: Reader) -> Reader:
    plain, later = inner.plain, inner.later
    if plain:
        return Reader(plain=lambda value: None if value is None else plain(value))

    async def or_none(value: Any) -> Json:
        return None if value is None else await cast("Later", later)(value)

    return Reader(later=or_none)


def listed(inner: Reader) -> Reader:
    plain, later = inner.plain, inner.later
    if plain:
        return Reader(plain=lambda values: [plain(value) for value in values])

    async def each(values: Any) -> Json:
        return [await cast("Later", later)(value) for value in values]

    return Reader(later=each)


def chosen(readers: Mapping[type, Reader]) -> Reader:
    """By the value's own type: the members of a union or of an interface."""
    plain = {kind: reader.plain for kind, reader in readers.items() if reader.plain}
    if len(plain) == len(readers):
        return Reader(plain=lambda value: plain[type(value)](value))

    async def by_type(value: Any) -> Json:
        reader = readers[type(value)]
        return await reader.later(value) if reader.later else cast("Plain", reader.plain)(value)

    return Reader(later=by_type)


def compile_field(
    schema: GraphQLSchema,
    fragments: Mapping[str, FragmentDefinitionNode],
    kind: Any,
    nodes: Sequence[FieldNode],
    switches: Mapping[str, object] | None = None,
) -> Later | None:
    """What writes the value of this field, or None where that is left to graphql-core."""
    try:
        reader = Compiler(schema, fragments, switches).field(kind, nodes)
    except NotCompiled:
        return None
    plain = reader.plain
    if plain is None:
        return reader.later

    async def at_once(value: Any) -> Json:
        return plain(value)

    return at_once
