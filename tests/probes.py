"""A rule of graphql-transport-ws as a row: what its text says, what a client sends, what must come.

The same rows are put to our handler and, as a control, to another.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta, Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

TRANSPORT = "graphql-transport-ws"
HERE = "the room of this probe"
"""Stands for a room that no other probe follows."""


class Anything:
    """Equal to whatever comes."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # pyright: ignore[reportAssignmentType]


class Error(Struct):
    """As the response format of GraphQL has it."""

    message: Annotated[str, Meta(min_length=1)]
    locations: list[dict[str, int]] = []
    path: list[str | int] = []
    extensions: dict[str, Any] = {}


class SomeErrors:
    """Equal to a list of GraphQL errors."""

    def __eq__(self, other: object) -> bool:
        try:
            return bool(msgspec.convert(other, list[Error]))
        except msgspec.ValidationError:
            return False

    __hash__ = None  # pyright: ignore[reportAssignmentType]


ANYTHING, SOME_ERRORS = Anything(), SomeErrors()


class Say(Struct, frozen=True):
    """Text is sent as a text message, bytes as a binary one, several texts as one message in fragments."""

    what: str | bytes | tuple[str, ...]


class Hear(Struct, frozen=True):
    """Exactly this message comes next."""

    message: dict[str, Any]


class HearAll(Struct, frozen=True):
    """Exactly these come next, in any order."""

    messages: tuple[Hear, ...]


class Quiet(Struct, frozen=True):
    """Nothing comes for so many seconds, and the socket lives."""

    seconds: float = 0.15


class Closes(Struct, frozen=True):
    """The server closes with this code, and says why."""

    code: int


class Happens(Struct, frozen=True):
    """Something happens in the room that is followed."""

    text: str


class Leaves(Struct, frozen=True):
    """The client closes; the server must answer with the same code."""

    code: int = 1000


Step = Say | Hear | HearAll | Quiet | Closes | Happens | Leaves


class Rule(Struct, frozen=True):
    """`own`: not from the protocol's text, but what this server promises beyond it."""

    says: str
    steps: tuple[Step, ...]
    offered: tuple[str, ...] = (TRANSPORT,)
    chosen: str | None = TRANSPORT
    own: bool = False
    bounds: dict[str, float] = {}


class Broken(Exception):
    """The server did not keep the rule."""


class Subject:
    """A server under test: where it listens, and how something happens in a room of it."""

    def __init__(self, port: int, happen: Callable[[str, str], object]) -> None:
        self.address = f"ws://127.0.0.1:{port}/graphql"
        self.happen = happen


async def keeps(rule: Rule, server: Subject, *, patience: float) -> None:
    """Raises `Broken`, saying at which step."""
    offered = [Subprotocol(name) for name in rule.offered]
    step: Step | None = None
    try:
        async with connect(server.address, subprotocols=offered or None, compression=None) as socket:
            if socket.subprotocol != rule.chosen:
                raise Broken(f"the subprotocol is {socket.subprotocol}")
            probe = _Probe(server, socket, patience)
            for step in rule.steps:
                await probe.take(step)
    except (Broken, TimeoutError, ConnectionClosed, InvalidStatus) as problem:
        raise Broken(f"{rule.says}: {step}: {problem or 'nothing came'}") from None


class _Probe:
    def __init__(self, server: Subject, socket: ClientConnection, patience: float) -> None:
        self.server, self.socket, self.patience = server, socket, patience
        self.room = uuid4().hex

    async def take(self, step: Step) -> None:
        match step:
            case Say(str() as what):
                await self.socket.send(what.replace(HERE, self.room))
            case Say(what):
                await self.socket.send(what)
            case Hear(message):
                await self._hears([message])
            case HearAll(messages):
                await self._hears([each.message for each in messages])
            case Quiet(seconds):
                await self._is_quiet(seconds)
            case Closes(code):
                await self._closes(code)
            case Happens(text):
                self.server.happen(text, self.room)
            case Leaves(code):
                await self._leaves(code)

    async def _receive(self) -> Any:
        async with asyncio.timeout(self.patience):
            return msgspec.json.decode(await self.socket.recv())

    async def _hears(self, messages: Iterable[dict[str, Any]]) -> None:
        wanted = list(messages)
        while wanted:
            got = await self._receive()
            if got not in wanted:
                raise Broken(f"came {got}")
            wanted.remove(got)

    async def _is_quiet(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                raise Broken(f"came {await self.socket.recv()!r}")
        except TimeoutError:
            pass

    async def _closes(self, code: int) -> None:
        try:
            raise Broken(f"came {await self._receive()}")
        except ConnectionClosed as closed:
            came = closed.rcvd
        if came is None or came.code != code or not came.reason:
            raise Broken(f"closed with {came}")

    async def _leaves(self, code: int) -> None:
        await self.socket.close(code)
        if self.socket.close_code != code:
            raise Broken(f"answered with {self.socket.close_code}")


def say(**message: Any) -> Say:
    return Say(msgspec.json.encode(message).decode())


def hear(**message: Any) -> Hear:
    return Hear(message)


def subscribe(name: Any, query: Any, **payload: Any) -> Say:
    return say(id=name, type="subscribe", payload={"query": query, **payload})


def answered(name: str, **data: Any) -> tuple[Hear, ...]:
    return hear(id=name, type="next", payload={"data": data}), hear(id=name, type="complete")


def failed(name: str) -> Hear:
    return hear(id=name, type="error", payload=SOME_ERRORS)
