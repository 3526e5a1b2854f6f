"""A subscription's selection turned into nested functions, so that a message costs a fraction of an execution.

Only what our own documents and those of careful clients hold is compiled: fields without arguments, fragments, aliases,
unions. Anything else, and any message in which something goes wrong, is left to graphql-core, whose answers these are
held to byte for byte by a test. Closures rather than generated source: no text from outside is ever executed.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

from graphql import (
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
    is_abstract_type,
    is_object_type,
)
from msgspec import Struct

Json = Any
Plain = Callable[[Any], Json]
Later = Callable[[Any], Awaitable[Json]]


class NotCompiled(Exception):
    """The document holds something that is left to graphql-core."""


class NullWhereRequired(Exception):
    """A value that must be there is missing: graphql-core says how that is answered."""


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
    """Compiles selections of one document."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def field(self, kind: Any, nodes: Sequence[FieldNode]) -> Reader:
        """For the value of a field of this type. Raises `NotCompiled`."""
        if isinstance(kind, GraphQLNonNull):
            return required(self.nullable(cast("Any", kind).of_type, nodes))
        return optional(self.nullable(kind, nodes))

    def nullable(self, kind: Any, nodes: Sequence[FieldNode]) -> Reader:
        if isinstance(kind, GraphQLList):
            return listed(self.field(cast("Any", kind).of_type, nodes))
        if isinstance(kind, GraphQLEnumType | GraphQLScalarType):
            return Reader(plain=leaf(kind))
        selections = [selection for node in nodes if node.selection_set for selection in node.selection_set.selections]
        if is_object_type(kind):
            return self.object(kind, selections)
        if is_abstract_type(kind):
            possible = self._schema.get_possible_types(kind)
            return chosen({origin(each): self.object(each, selections) for each in possible})
        raise NotCompiled(str(kind))

    def object(self, kind: GraphQLObjectType, selections: Sequence[SelectionNode]) -> Reader:
        collected: dict[str, list[FieldNode]] = {}
        self._collect(kind, selections, collected)
        steps = [self._step(kind, key, nodes) for key, nodes in collected.items()]
        if any(step.waits or step.reader.later for step in steps):
            return Reader(later=lambda value: read_later(steps, value))
        plain = [(step.key, step.get, cast("Plain", step.reader.plain)) for step in steps]
        return Reader(plain=lambda value: {key: read(get(value)) for key, get, read in plain})

    def _collect(
        self, kind: GraphQLObjectType, selections: Iterable[SelectionNode], into: dict[str, list[FieldNode]]
    ) -> None:
        for node in selections:
            if node.directives:
                raise NotCompiled("directives")
            if isinstance(node, FieldNode):
                into.setdefault((node.alias or node.name).value, []).append(node)
                continue
            fragment = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if not isinstance(fragment, InlineFragmentNode | FragmentDefinitionNode):
                raise NotCompiled(str(node.kind))
            condition = fragment.type_condition
            if condition is None or self._applies(kind, condition.name.value):
                self._collect(kind, fragment.selection_set.selections, into)

    def _applies(self, kind: GraphQLObjectType, name: str) -> bool:
        condition = self._schema.type_map[name]
        return condition is kind or (is_abstract_type(condition) and self._schema.is_sub_type(condition, kind))

    def _step(self, kind: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> Step:
        name = nodes[0].name.value
        if name == "__typename":
            return Step(key, lambda _: kind.name, waits=False, reader=Reader(plain=same))
        if any(node.arguments for node in nodes):
            raise NotCompiled("arguments")
        reader = self.field(kind.fields[name].type, nodes)
        definition = kind.fields[name].extensions.get("strawberry-definition")
        if definition is None:
            raise NotCompiled(f"{kind.name}.{name}")
        resolver = definition.base_resolver
        if resolver is None:
            return Step(key, attrgetter(definition.python_name), waits=False, reader=reader)
        if resolver.arguments or resolver.info_parameter or not resolver.is_async:
            raise NotCompiled(f"{kind.name}.{name}")
        return Step(key, resolver.wrapped_func, waits=True, reader=reader)


async def read_later(steps: Sequence[Step], value: Any) -> Json:
    found: dict[str, Json] = {}
    for step in steps:
        got = step.get(value)
        if step.waits:
            got = await got
        found[step.key] = await step.reader.later(got) if step.reader.later else cast("Plain", step.reader.plain)(got)
    return found


def same(value: Any) -> Json:
    return value


def origin(kind: GraphQLObjectType) -> type:
    return kind.extensions["strawberry-definition"].origin


def leaf(kind: GraphQLEnumType | GraphQLScalarType) -> Plain:
    """What a scalar or an enum is written as. Enum members are few: each is looked up once."""
    write = kind.coerce_output_value
    if isinstance(kind, GraphQLScalarType):
        own = {"String": str, "Int": int, "Boolean": bool}.get(kind.name)
        return write if own is None else lambda value: value if type(value) is own else write(value)
    written: dict[Any, Json] = {}

    def of_enum(value: Any) -> Json:
        if value not in written:
            written[value] = write(value)
        return written[value]

    return of_enum


def required(inner: Reader) -> Reader:
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

    async def by_type(value: Any) -> Json:
        reader = readers[type(value)]
        return await reader.later(value) if reader.later else cast("Plain", reader.plain)(value)

    return Reader(later=by_type)


def compile_field(
    schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], kind: Any, nodes: Sequence[FieldNode]
) -> Later | None:
    """What writes the value of this field, or None where that is left to graphql-core."""
    try:
        reader = Compiler(schema, fragments).field(kind, nodes)
    except NotCompiled:
        return None
    plain = reader.plain
    if plain is None:
        return reader.later

    async def at_once(value: Any) -> Json:
        return plain(value)

    return at_once
