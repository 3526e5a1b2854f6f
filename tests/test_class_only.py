"""A live message is written once for a whole class of viewers, so nothing that writes one may know who reads it.

Checked on the code itself: the types that messages are made of, and the modules behind the subscriptions. A resolver
that asks for the viewer fails here, and so does a source that carries the viewer on.
"""

import ast
import inspect
import textwrap
from collections.abc import AsyncGenerator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_abstract_type

from catch.api.case.subscription import CaseSource
from catch.api.common.subscription import Shared
from catch.api.inbox.subscription import InboxSource
from catch.api.meeting.subscription import MeetingSource
from catch.api.schema import schema

ASKING = frozenset({"viewer", "Viewer", "info", "context", "ContextVar", "current_task"})
"""Names by which a resolver could come to know who asks."""
MAY_KNOW = frozenset({"open", "classify", "who"})
"""What turns a viewer into a class."""


def messages(graphql: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    """Every object type that a subscription's message can hold."""
    waiting: list[Any] = [get_named_type(field.type) for field in graphql.subscription_type.fields.values()]  # type: ignore[union-attr]
    seen: set[str] = set()
    while waiting:
        kind = waiting.pop()
        if kind.name in seen:
            continue
        seen.add(kind.name)
        if is_abstract_type(kind):
            waiting += graphql.get_possible_types(kind)
        elif isinstance(kind, GraphQLObjectType):
            yield kind
            waiting += [get_named_type(field.type) for field in kind.fields.values()]


def resolvers_that_ask(graphql: GraphQLSchema) -> list[str]:
    """The fields whose resolver could tell one viewer of a class from another."""
    found: list[str] = []
    for kind in messages(graphql):
        for name, field in kind.fields.items():
            definition: Any = field.extensions.get("strawberry-definition")
            resolver = definition.base_resolver if definition is not None else None
            if resolver is not None and (resolver.info_parameter or names(resolver.wrapped_func) & ASKING):
                found.append(f"{kind.name}.{name}")
    return found


def names(function: Any) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    }


def viewers_carried_on(source: str) -> list[str]:
    """Where a module behind a subscription lets the viewer out of `open`, `classify` and `who`."""
    tree = ast.parse(source)
    found: list[str] = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        allowed = function.name in MAY_KNOW
        for node in ast.walk(function):
            told = isinstance(node, ast.arg) and annotated(node, "Viewer")
            kept = isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and any(
                isinstance(target, ast.Attribute | ast.Subscript) for target in targets(node)
            )
            if (told and not allowed) or (kept and allowed):
                found.append(f"{function.name}:{getattr(node, 'lineno', 0)}")
    return found


def annotated(argument: ast.arg, name: str) -> bool:
    return argument.annotation is not None and name in ast.unparse(argument.annotation)


def targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterable[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def modules() -> list[Path]:
    return [Path(inspect.getfile(kind)) for kind in (Shared, CaseSource, InboxSource, MeetingSource)]


def test_no_resolver_of_a_message_can_ask_who_reads_it():
    graphql: GraphQLSchema = schema()._schema  # pyright: ignore[reportPrivateUsage]
    kinds = {kind.name for kind in messages(graphql)}
    assert {"MeetingUpdate", "CaseUpdate", "InboxUpdate", "AgendaItem", "Case", "Hidden", "AccessEnded"} <= kinds
    assert resolvers_that_ask(graphql) == []


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.parent.stem)
def test_no_source_carries_the_viewer_beyond_its_class(module: Path):
    assert viewers_carried_on(module.read_text(encoding="utf-8")) == []


def test_while_a_message_is_written_there_is_no_context_to_ask():
    assert vars(Shared)["context"](None, "topic", "class") is None
    for kind in (CaseSource, InboxSource, MeetingSource):
        assert kind.context is Shared.context


# Controls


@strawberry.type
class Asks:
    @strawberry.field
    def mine(self, info: strawberry.Info[Any, None]) -> str:
        return info.context.viewer.user

    @strawberry.field
    def yours(self) -> str:
        return viewer.get()  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore

    @strawberry.field
    def ours(self) -> str:
        return "everybody's"


@strawberry.type
class Query:
    nothing: str = ""


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def asks(self) -> AsyncGenerator[Asks]:
        yield Asks()


def test_control_a_resolver_that_asks_is_found():
    graphql: GraphQLSchema = strawberry.Schema(Query, subscription=Subscription)._schema  # pyright: ignore[reportPrivateUsage]
    assert resolvers_that_ask(graphql) == ["Asks.mine", "Asks.yours"]


@pytest.mark.parametrize(
    "source",
    [
        "async def message(self, topic, viewer: Viewer, event): ...",
        "async def sees(self, topic, viewer: 'Viewer | None'): ...",
        "async def classify(self, viewer: Viewer, topic):\n    self.last = viewer",
        "async def open(self, viewer: Viewer, arguments):\n    SEEN[viewer.agency] = viewer",
    ],
)
def test_control_a_source_that_carries_the_viewer_on_is_found(source: str):
    assert viewers_carried_on(source) != []


def test_control_a_class_made_of_the_viewer_is_let_pass():
    assert viewers_carried_on("async def classify(self, viewer: Viewer, topic):\n    return viewer.asker") == []
