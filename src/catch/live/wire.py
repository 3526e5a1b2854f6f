"""What protocol.py speaks with: the messages a client may send, and the parts of the API that it is given."""

from collections.abc import Awaitable, Mapping
from enum import Enum
from typing import Annotated, Any, Protocol, TypeVar, cast

import msgspec
from graphql import GraphQLFormattedError
from msgspec import Meta, Struct

from catch.live.source import Subscription


class Viewer(Protocol):
    """Who asks. Equal viewers see the same. `expires_at` is in seconds since 1970."""

    @property
    def expires_at(self) -> float: ...
    def __hash__(self) -> int: ...


T = TypeVar("T")
V = TypeVar("V", bound=Viewer)
V_co = TypeVar("V_co", covariant=True)
P = TypeVar("P", bound="Prepared")


class Verifier(Protocol[V_co]):
    """Says who asks; refuses with a `Refused` that has a code and a sentence."""

    def verify(self, authorization: str | None) -> V_co | Awaitable[V_co]: ...


async def proven(found: T | Awaitable[T]) -> T:
    """Who asks, at once where nobody has to be asked about it."""
    return await cast("Awaitable[T]", found) if isinstance(found, Awaitable) else found


class Prepared(Protocol):
    @property
    def kind(self) -> Enum: ...
    @property
    def name(self) -> str | None: ...
    @property
    def text(self) -> str: ...


class Answer(Protocol):
    @property
    def began(self) -> bool: ...
    @property
    def errors(self) -> list[GraphQLFormattedError]: ...
    def encoded(self) -> bytes: ...


class Engine(Protocol[P]):
    """Checks and executes documents; raises `Rejected`."""

    def prepare_asked(self, asked: "Parameters", operation_name: str | None) -> P: ...
    async def execute(self, prepared: P, variables: Mapping[str, Any] | None, context: object) -> Answer: ...
    def subscription(self, prepared: P, variables: Mapping[str, Any] | None) -> Subscription: ...


class Bounds(Struct, frozen=True):
    """Seconds and bytes; `message` in characters.

    A client has `init` to say who it is, is pinged every `ping`, may leave `unsent` waiting before it is made to read
    from the log instead, and is closed when it has taken nothing for `stall`. Of more than `strangers` that have not
    said who they are, the first is closed.
    """

    init: float = 3.0
    ping: float = 12.0
    operations: int = 32
    message: int = 262_144
    unsent: int = 262_144
    stall: float = 10.0
    strangers: int = 4_096


class Closing(Exception):
    """The connection ends with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Init(Struct, tag="connection_init"):
    payload: dict[str, Any] | None = None


class Ping(Struct, tag="ping"):
    payload: dict[str, Any] | None = None


class Pong(Struct, tag="pong"):
    payload: dict[str, Any] | None = None


class Parameters(Struct):
    """Of a GraphQL request. What else a client sends is passed over, as the specification asks."""

    query: str | None = None
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815
    documentId: str | None = None  # noqa: N815
    extensions: dict[str, Any] | None = None


class Payload(Parameters):
    def __post_init__(self) -> None:
        persisted = self.extensions is not None and "persistedQuery" in self.extensions
        if self.query is None and self.documentId is None and not persisted:
            raise ValueError("a payload needs query, or documentId")


OperationId = Annotated[str, Meta(min_length=1, max_length=256)]


class Subscribe(Struct, tag="subscribe"):
    id: OperationId
    payload: Payload


class Complete(Struct, tag="complete"):
    id: OperationId


Message = Init | Ping | Pong | Subscribe | Complete
DECODER = msgspec.json.Decoder[Message](Message)


class Line(Struct, omit_defaults=True):
    """What is logged of an operation."""

    method: str
    operation: str | None = None
    kind: str | None = None
    status: str = "complete"
    ms: float = 0
    role: str | None = None
