"""What a document may ask for, and documents remembered once they have been checked.

The budget is counted before validation, since some of the standard rules take time that grows with the square of what
a document selects. Rules are built once: rules made per request would make every look-up in the cache miss.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from cachetools import LRUCache
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLFormattedError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
    value_from_ast_untyped,
)
from msgspec import Struct

from catch.api.engine.costs import Charge, charge
from catch.api.engine.insides import MaybeNullValidationRule, OneOfInputValidationRule
from catch.api.engine.unusable import bad_literal
from catch.faults import Rejected, error

REPEATED = "A document may not select the same fields, or spread the same fragments, again and again: name each once."


class Limits(Struct, frozen=True):
    """Sizes are characters of a document and bytes of a body; `fields` counts every fragment where it is spread;
    `cost` is in the units of `costs`.
    """

    body: int = 1_048_576
    document: int = 32_768
    tokens: int = 3_000
    depth: int = 15
    aliases: int = 30
    fields: int = 1_000
    cost: int = 3_000
    remembered: int = 256


def coded(problem: GraphQLError, code: str) -> GraphQLFormattedError:
    """graphql-core's own message and places, with a code."""
    formatted = problem.formatted
    formatted["extensions"] = {**(problem.extensions or {}), "code": code}
    return formatted


class Prepared(Struct, frozen=True):
    """One operation of a document that has passed every check. `text` is the document as it was sent."""

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    charges: tuple[Charge, ...] = ()

    def cost(self, variables: Mapping[str, Any] | None) -> int:
        """What it costs with these variables."""
        given = {
            each.variable.name.value: value_from_ast_untyped(each.default_value) if each.default_value else None
            for each in self.operation.variable_definitions or ()
        }
        return sum(each.cost(given | dict(variables or {})) for each in self.charges)

    @property
    def kind(self) -> OperationType:
        return self.operation.operation

    @property
    def name(self) -> str | None:
        return self.operation.name.value if self.operation.name else None


class Checked(Struct, frozen=True):
    """A document that has passed every check, with what each of its operations is charged for."""

    document: DocumentNode
    charges: Mapping[str | None, tuple[Charge, ...]]

    def prepared(self, text: str, operation: OperationDefinitionNode) -> Prepared:
        name = operation.name.value if operation.name else None
        return Prepared(text, self.document, operation, self.charges[name])


class _Budget(Struct):
    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def add(self, other: "_Budget", below: int) -> None:
        self.depth = max(self.depth, other.depth + below)
        self.fields += other.fields
        self.aliases += other.aliases


class _Counter:
    """Counts what each selection comes to; a fragment once, however often it is spread."""

    def __init__(self, document: DocumentNode) -> None:
        fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
        self.fragments = {node.name.value: node for node in fragments}
        self.counted: dict[str, _Budget] = {}

    def of(self, selections: SelectionSetNode | None) -> _Budget:
        budget = _Budget()
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                budget.add(_Budget(1, 1, int(node.alias is not None)), 0)
                # Introspection is judged by its own rules: off, or bounded by graphql-core.
                if node.name.value not in ("__schema", "__type"):
                    budget.add(self.of(node.selection_set), 1)
            elif isinstance(node, InlineFragmentNode):
                budget.add(self.of(node.selection_set), 0)
            elif isinstance(node, FragmentSpreadNode):
                budget.add(self.of_fragment(node.name.value), 0)
        return budget

    def charges(self, root: GraphQLObjectType, selections: SelectionSetNode) -> Iterator[Charge]:
        """For each field of the operation itself, wherever it is written; validation has found no endless fragment."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield charge(root, node, self.of(node.selection_set).fields)
            elif isinstance(node, InlineFragmentNode):
                yield from self.charges(root, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                yield from self.charges(root, self.fragments[node.name.value].selection_set)

    def of_fragment(self, name: str) -> _Budget:
        if name not in self.counted:
            # Known and empty while it is counted: a fragment that spreads itself is left to validation.
            self.counted[name] = _Budget()
            fragment = self.fragments.get(name)
            self.counted[name] = self.of(fragment.selection_set if fragment else None)
        return self.counted[name]


class Documents:
    """Parses and checks documents, and remembers the good ones, the most recently used longest."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, development: bool) -> None:
        self.schema = schema
        self.limits = limits
        self.development = development
        # Strawberry's own rules break on a document that the standard ones find wrong: they come after.
        self.rules: list[list[type[ASTValidationRule]]] = [
            [*specified_rules], [MaybeNullValidationRule, OneOfInputValidationRule],
        ]  # fmt: skip
        self.remembered: LRUCache[str, Checked] = LRUCache(limits.remembered)
        self.kept: dict[str, dict[str | None, Prepared]] = {}
        self.checked = 0

    def keep(self, text: str) -> list[Prepared]:
        """Check a document and remember it for ever; its operations. Raises `Rejected`."""
        checked = self._check(text)
        found = [node for node in checked.document.definitions if isinstance(node, OperationDefinitionNode)]
        prepared = [checked.prepared(text, node) for node in found]
        self.kept[text] = {each.name: each for each in prepared}
        if len(prepared) == 1:
            # Where there is but one, a client need not name it.
            self.kept[text][None] = prepared[0]
        return prepared

    def prepare(self, text: str, operation_name: str | None) -> Prepared:
        """The operation, checked; `Rejected` says what is wrong with it."""
        kept = self.kept.get(text)
        if kept is not None and operation_name in kept:
            return kept[operation_name]
        checked = self.remembered.get(text)
        if checked is None:
            checked = self.remembered[text] = self._check(text)
        return checked.prepared(text, _operation(checked.document, operation_name))

    def _check(self, text: str) -> Checked:
        self.checked += 1
        document = self._parse(text)
        # Before anything that takes longer than reading the document once.
        self._within_budget(document)
        if bad := bad_literal(document):
            raise Rejected(bad)
        if not self.development:
            # By itself and first, so that outside development no other complaint tells of the schema.
            off = validate(self.schema, document, [NoSchemaIntrospectionCustomRule], max_errors=1)
            if off:
                raise Rejected(error("INTROSPECTION_OFF", "Introspection is switched on only in development."))
        for rules in self.rules:
            problems = validate(self.schema, document, rules, 20, hide_suggestions=not self.development)
            # graphql-core says by its message alone that it has given up.
            if any(problem.message == "Validation aborted." for problem in problems):
                raise Rejected(error("TOO_MUCH_REPEATED", REPEATED))
            if problems:
                raise Rejected(*(coded(problem, "INVALID_DOCUMENT") for problem in problems))
        return Checked(document, self._charges(document))

    def _charges(self, document: DocumentNode) -> Mapping[str | None, tuple[Charge, ...]]:
        counter = _Counter(document)
        found: dict[str | None, tuple[Charge, ...]] = {}
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                root = self.schema.get_root_type(node.operation)
                name = node.name.value if node.name else None
                if root is not None:
                    found[name] = tuple(counter.charges(root, node.selection_set))
        return found

    def _parse(self, text: str) -> DocumentNode:
        limits = self.limits
        if len(text) > limits.document:
            raise Rejected(error("DOCUMENT_TOO_LARGE", f"A document may have {limits.document} characters."))
        try:
            return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
        except GraphQLError as problem:
            # graphql-core says by its message alone what stopped it.
            if "nested too deeply" in problem.message:
                raise Rejected(error("TOO_DEEP", f"Fields may be nested {limits.depth} deep.")) from None
            if "Parsing aborted" in problem.message:
                raise Rejected(error("DOCUMENT_TOO_LARGE", f"A document may have {limits.tokens} tokens.")) from None
            raise Rejected(coded(problem, "SYNTAX")) from None

    def _within_budget(self, document: DocumentNode) -> None:
        counter, limits = _Counter(document), self.limits
        try:
            operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
            budgets = [counter.of(operation.selection_set) for operation in operations]
        # Fragments of fragments may go deeper than Python does.
        except RecursionError:
            raise Rejected(error("TOO_DEEP", f"Fields may be nested {limits.depth} deep.")) from None
        deepest = max((budget.depth for budget in budgets), default=0)
        if deepest > limits.depth:
            raise Rejected(error("TOO_DEEP", f"Fields may be nested {limits.depth} deep; here they are {deepest}."))
        fields = sum(budget.fields for budget in budgets)
        if fields > limits.fields:
            raise Rejected(
                error("TOO_MANY_FIELDS", f"A document may select {limits.fields} fields; here are {fields}.")
            )
        aliases = sum(budget.aliases for budget in budgets)
        if aliases > limits.aliases:
            raise Rejected(
                error("TOO_MANY_ALIASES", f"A document may have {limits.aliases} aliases; here are {aliases}.")
            )


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None and len(operations) == 1:
        return operations[0]
    if name is None:
        raise Rejected(error("WHICH_OPERATION", "The document has not exactly one operation: send operationName."))
    for operation in operations:
        if operation.name and operation.name.value == name:
            return operation
    raise Rejected(error("UNKNOWN_OPERATION", "The document has no operation of this name."))


def encode(answer: object) -> bytes:
    return msgspec.json.encode(answer)
