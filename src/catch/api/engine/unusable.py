"""Text that no database keeps and no UTF-8 spells: refused wherever a client can send one, before anybody reads it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from graphql import (
    DocumentNode,
    GraphQLFormattedError,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Visitor,
    visit,
)

from catch.faults import error

UNUSABLE_TEXT = "Text must not contain the character U+0000, nor half of a surrogate pair."
_UNUSABLE = re.compile("[\0\ud800-\udfff]")


def unusable(value: object, path: str) -> Iterator[str]:
    """The paths of texts that cannot be kept, in what JSON makes of a value. An object's names count too."""
    if isinstance(value, str):
        if _UNUSABLE.search(value):
            yield path
    elif isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            if _UNUSABLE.search(name):
                yield path
            else:
                yield from unusable(inner, f"{path}.{_camel(name)}")
    elif isinstance(value, list | tuple | frozenset):
        for index, inner in enumerate(cast("list[object]", value)):
            yield from unusable(inner, f"{path}.{index}")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def bad_variables(variables: Mapping[str, Any] | None) -> GraphQLFormattedError | None:
    """What is wrong with a query's variables. A mutation's input answers as data, with its path."""
    for name, value in (variables or {}).items():
        for path in unusable(value, name):
            # A name may be what cannot be written; then it is not repeated.
            where = f"${path}: " if not _UNUSABLE.search(path) else ""
            return error("BAD_VALUE", f"{where}{UNUSABLE_TEXT}")
    return None


def bad_literal(document: DocumentNode) -> GraphQLFormattedError | None:
    """The same of what a document says itself."""
    found = _Literals()
    for definition in document.definitions:
        # A mutation says which field it is, as it does of variables.
        if not (isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.MUTATION):
            visit(definition, found)
    return error("BAD_VALUE", UNUSABLE_TEXT) if found.bad else None


class _Literals(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.bad = False

    def enter_string_value(self, node: StringValueNode, *_rest: object) -> None:
        self.bad = self.bad or _UNUSABLE.search(node.value) is not None
