"""Executes what `limits` let through, and decides what of an error leaves the house.

Strawberry makes the schema. A registered document is compiled (`operations`); every other is executed by graphql-core,
by Strawberry's executor so that resolvers find the `info` they expect. What an unexpected error says stays inside: the
client reads the code INTERNAL and an id to quote.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from inspect import isawaitable
from typing import Any, cast

import msgspec
import strawberry
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLFormattedError,
    GraphQLSchema,
    OperationType,
    VariableNode,
    Visitor,
    get_argument_values,
    visit,
)
from msgspec import Struct

from catch import telemetry
from catch.api.engine.compiled import Later, NotCompiled, compile_field
from catch.api.engine.insides import Executor, collect_fields, optimized_is_awaitable, underneath, without_itself
from catch.api.engine.limits import Documents, Limits, Prepared, coded, encode
from catch.api.engine.operations import Operation
from catch.api.engine.registered import Registered
from catch.api.engine.unusable import bad_variables
from catch.faults import RecordsAway, Rejected, error, outside_error
from catch.live.wire import Parameters
from catch.personal.looks import Looks, noting
from catch.settings import BadSetting

STANDINGS, SELECTIONS = 2048, 256
"""How many subscriptions are remembered with their variables, and how many selections."""


class UnusableDocument(BadSetting):
    """A document cannot be registered."""


Made = Callable[[], Awaitable[bytes | None]]
Remembered = Callable[[Hashable, int, Made], Awaitable[bytes | None]]
"""How a context keeps an answer: its key, how many fields the operation has, and what makes it."""

Recording = Callable[[Looks, str | None], Awaitable[None]]
"""How a context records what an answer shows, by the operation's name."""


class Answer(Struct, frozen=True):
    """What an operation came to. `began` is False where it was refused before any resolver ran."""

    data: dict[str, Any] | None
    errors: list[GraphQLFormattedError]
    began: bool = True
    written: bytes | None = None

    @property
    def answered(self) -> bool:
        """Something was."""
        return self.written is not None or any(value is not None for value in (self.data or {}).values())

    @property
    def away(self) -> bool:
        """Nothing could be answered, because the records are away: whoever asks again may have an answer."""
        return not self.answered and any(
            told.get("extensions", {}).get("code") == RecordsAway.code for told in self.errors
        )

    def encoded(self) -> bytes:
        if self.written is not None:
            return self.written
        body: dict[str, Any] = {"data": self.data} if self.began else {}
        return encode({"errors": self.errors, **body} if self.errors else body)


class Subscription:
    """A subscription that stands: its root field and arguments, and how one message is written.

    Two subscriptions with the same `key` are answered with the same bytes if the viewer's class is the same: the key
    holds the document and its variables, without the one that only says where to resume.
    """

    def __init__(
        self, engine: "Engine", prepared: Prepared, executor: "Executor[Any]", variables: Mapping[str, Any]
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._name, nodes = self._root()
        node = nodes[0]
        subscription = cast("Any", engine.graphql.subscription_type)
        self.field: str = node.name.value
        field = subscription.fields[self.field]
        self.arguments: Mapping[str, object] = get_argument_values(field, node, executor.variable_values)
        # Subscribers who resume from different positions are answered with the same bytes from then on.
        resuming = _resuming(prepared, node)
        kept = {name: value for name, value in variables.items() if name != resuming}
        self.key = msgspec.json.encode([prepared.text, prepared.name, kept], order="deterministic")
        self.compiled = engine.selection(prepared, field.type, nodes, executor)

    def _root(self) -> tuple[str, list[FieldNode]]:
        executor = self._executor
        root = cast("Any", self._engine.graphql.subscription_type)
        fields = collect_fields(
            executor.schema, executor.fragments, executor.variable_values, root, executor.operation
        ).grouped_field_set
        name, details = next(iter(fields.items()))
        return name, [detail.node for detail in details]

    async def payload(self, root: object, context: object) -> bytes:
        """The `payload` of a `next` message for one event, executed against `root`."""
        if self.compiled is not None:
            # What cannot be written this way is executed, which also says how an error is answered.
            with suppress(Exception):
                return encode({"data": {self._name: await self.compiled(root)}})
        return await self.executed(root, context)

    async def executed(self, root: object, context: object) -> bytes:
        """The same by graphql-core."""
        event: Executor[Any] = cast("Any", self._executor).build_per_event_executor(root)
        event.context_value = context
        outcome = event.execute_operation(serially=False)
        result = await cast("Awaitable[Any]", outcome) if isawaitable(outcome) else outcome
        return self._engine.answer(cast("ExecutionResult", result)).encoded()


class Engine:
    """A schema with its limits and its registered documents."""

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: Limits | None = None,
        *,
        development: bool = False,
        registered: Registered | None = None,
    ) -> None:
        self.schema = schema
        self.limits = limits or Limits()
        self.development = development
        self.registered = registered or Registered(learns=development)
        self.graphql: GraphQLSchema = underneath(schema)
        self.documents = Documents(self.graphql, self.limits, development=development)
        # By text and name: to hash an operation's nodes would take as long as to answer it.
        self.compiled: dict[tuple[str, str | None], Operation] = {}
        self._subscriptions: dict[bytes, Subscription] = {}
        self._selections: dict[Hashable, Later | None] = {}
        self.left_out: list[str] = []
        for name, text in self.registered.texts.items():
            self._register(name, text)

    def prepare(self, query: str, operation_name: str | None = None) -> Prepared:
        return self.documents.prepare(query, operation_name)

    def prepare_asked(self, asked: Parameters, operation_name: str | None = None) -> Prepared:
        """The operation that a request means, by its text or by what it is registered under."""
        return self.documents.prepare(self.registered.text(asked), operation_name)

    def _register(self, name: str, text: str) -> None:
        try:
            kept = self.documents.keep(text)
        except Rejected as rejected:
            raise UnusableDocument(f"{name}.graphql: {rejected.errors[0].get('message')}") from None
        for prepared in kept:
            try:
                operation = Operation(self.graphql, prepared, hide_suggestions=not self.development)
                self.compiled[prepared.text, prepared.name] = operation
            except NotCompiled as why:
                # Of a subscription the messages are compiled when somebody subscribes.
                if prepared.kind is not OperationType.SUBSCRIPTION:
                    self.left_out.append(f"{prepared.name or 'the operation'} ({why})")

    async def execute(self, prepared: Prepared, variables: Mapping[str, Any] | None, context: object) -> Answer:
        """Run a query or a mutation, if it does not cost too much."""
        # A mutation's input is answered as data, with the path of what is wrong.
        if prepared.kind is not OperationType.MUTATION and (bad := bad_variables(variables)):
            return Answer(None, [bad], began=False)
        try:
            self.charge(prepared, variables, context)
        except Rejected as rejected:
            return Answer(None, rejected.errors, began=False)
        step = "query" if prepared.kind is OperationType.QUERY else "mutation"
        with noting() as shown:
            work = self._execute(prepared, variables, context)
            answer = await telemetry.within(step, work, operation=prepared.name or "")
        # Before it leaves: nobody is shown anything of anybody that is not recorded.
        record: Recording | None = getattr(context, "record", None)
        if record is not None and answer.answered:
            try:
                # By a name of ours: one that a client makes up may say anything.
                await record(shown, prepared.name if (prepared.text, prepared.name) in self.compiled else None)
            except Exception as problem:
                return Answer(None, [outside_error(problem, "recorded reads")])
        return answer

    async def _execute(self, prepared: Prepared, variables: Mapping[str, Any] | None, context: object) -> Answer:
        operation = self.compiled.get((prepared.text, prepared.name))
        if operation is not None and operation.reads:
            written = await self._read(operation, variables, context)
            if written is not None:
                return Answer(None, [], written=written)
        elif operation is not None:
            found = await operation.data(variables, context)
            if found is not None:
                data, problems = found
                return Answer(data, [_outside(problem) for problem in problems])
        return await self.executed(prepared, variables, context)

    def charge(self, prepared: Prepared, variables: Mapping[str, Any] | None, context: object) -> None:
        """Raises `Rejected`. The context, where it can, takes the cost from what its viewer has left."""
        cost, most = prepared.cost(variables), self.limits.cost
        if cost > most:
            message = f"An operation may cost {most}; this one costs {cost}. Ask for less at once."
            raise Rejected(error("TOO_EXPENSIVE", message))
        spend: Callable[[int], None] | None = getattr(context, "spend", None)
        if spend is not None:
            spend(cost)

    async def _read(self, operation: Operation, variables: Mapping[str, Any] | None, context: object) -> bytes | None:
        """The answer of a query, kept where the context keeps answers; None where graphql-core has to say it."""

        async def make() -> bytes | None:
            found = await operation.data(variables, context)
            return encode({"data": found[0]}) if found else None

        remembered: Remembered | None = getattr(context, "remembered", None)
        if remembered is None:
            return await make()
        key = (operation, msgspec.json.encode(variables, order="deterministic"))
        return await remembered(key, operation.fields, make)

    async def executed(self, prepared: Prepared, variables: Mapping[str, Any] | None, context: object) -> Answer:
        """The same by graphql-core."""
        try:
            outcome = self._executor(prepared, variables, context).execute_operation()
        except Rejected as rejected:
            return Answer(None, rejected.errors, began=False)
        result = await cast("Awaitable[Any]", outcome) if isawaitable(outcome) else outcome
        return self.answer(cast("ExecutionResult", result))

    def subscription(self, prepared: Prepared, variables: Mapping[str, Any] | None) -> Subscription:
        """Set up a subscription; `Rejected` where its variables are wrong or it selects nothing. Those of one document
        with the same variables are one, since thousands of clients may follow one meeting."""
        if bad := bad_variables(variables):
            raise Rejected(bad)
        # Held to the most that one may cost, but not taken from what the viewer has left: there is no context yet.
        self.charge(prepared, variables, None)
        key = msgspec.json.encode([prepared.text, prepared.name, variables], order="deterministic")
        subscription = self._subscriptions.get(key)
        if subscription is None:
            subscription = self._subscriptions[key] = self._subscription_of(prepared, variables)
            # The oldest goes: whoever has it keeps it, and it only has to be made again for the next.
            if len(self._subscriptions) > STANDINGS:
                del self._subscriptions[next(iter(self._subscriptions))]
        return subscription

    def selection(
        self, prepared: Prepared, kind: Any, nodes: Sequence[FieldNode], executor: "Executor[Any]"
    ) -> Later | None:
        """The selection of a subscription as a function. It depends on the document and on what switches parts of it
        on and off, and on nothing else that a client sends."""
        switches = executor.variable_values.coerced
        # Only what switches parts on and off: every other value leaves the compiled selection as it is.
        on = frozenset(name for name, value in switches.items() if value is True)
        key = (prepared.text, prepared.name, on)
        if key not in self._selections:
            fragments = {name: held.definition for name, held in executor.fragments.items()}
            self._selections[key] = compile_field(self.graphql, fragments, kind, nodes, switches)
            if len(self._selections) > SELECTIONS:
                del self._selections[next(iter(self._selections))]
        return self._selections[key]

    def _subscription_of(self, prepared: Prepared, variables: Mapping[str, Any] | None) -> Subscription:
        try:
            return Subscription(self, prepared, self._executor(prepared, variables, None), variables or {})
        except StopIteration:
            raise Rejected(error("INVALID_DOCUMENT", "The subscription selects nothing.")) from None
        except GraphQLError as problem:
            raise Rejected(coded(problem, "BAD_VALUE")) from None

    def _executor(self, prepared: Prepared, variables: Mapping[str, Any] | None, context: object) -> "Executor[Any]":
        kind = cast("Any", self.schema).execution_context_class
        executor: Executor[Any] | list[GraphQLError] = kind.build(
            self.graphql,
            prepared.document,
            context_value=context,
            raw_variable_values=dict(variables or {}),
            operation_name=prepared.name,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=not self.development,
            operation_extensions=None,
        )
        if isinstance(executor, list):
            raise Rejected(*(coded(problem, "BAD_VALUE") for problem in executor))
        return without_itself(executor)

    def answer(self, result: ExecutionResult) -> Answer:
        return Answer(result.data, [_outside(problem) for problem in result.errors or ()])


def _outside(problem: GraphQLError) -> GraphQLFormattedError:
    """What a client may read of an error that arose while resolving."""
    cause = problem.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None:
        return coded(problem, str((problem.extensions or {}).get("code", "BAD_VALUE")))
    where = ".".join(str(step) for step in problem.path or ())
    return {**problem.formatted, **outside_error(cause, where)}


class _Uses(Visitor):
    """Counts where variables are used, apart from where they are declared."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, int] = {}

    def enter_variable(self, node: VariableNode, _key: object, parent: object, *_rest: object) -> None:
        self.of[node.name.value] = self.of.get(node.name.value, 0) + 1


def _resuming(prepared: Prepared, root: FieldNode) -> str | None:
    """The variable that says where to resume and nothing else: it must not keep subscriptions apart."""
    after = next((one.value for one in root.arguments or () if one.name.value == "after"), None)
    if not isinstance(after, VariableNode):
        return None
    uses = _Uses()
    visit(prepared.document, uses)
    declared_and_used_once = 2
    return after.name.value if uses.of[after.name.value] == declared_and_used_once else None
