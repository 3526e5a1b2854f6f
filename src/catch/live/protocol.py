"""graphql-transport-ws on a Litestar websocket, by the protocol's own text.

A mistake in one operation ends that operation; a mistake in the protocol ends the connection with the code that the
protocol gives it. Beyond those, this server closes with 1009 (message too large), 1012 (it is about to restart: connect
again) and 1013 (the client has not read for too long: connect again later). A token that runs out closes with 4403.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from http import HTTPStatus
from typing import Any, Generic

import msgspec
from graphql import GraphQLFormattedError
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from catch.domain.refusals import NotAnswered, Refused
from catch.faults import Rejected, error, fault_error, outside_error
from catch.live import frames
from catch.live.asgi import AsgiSocket, Socket, socket_of, turned_away
from catch.live.feed import Feed
from catch.live.origins import ORIGIN_NOT_ALLOWED, Origins
from catch.live.send_buffer import Lane, SendBuffer
from catch.live.source import E
from catch.live.timeouts import Timeouts
from catch.live.turns import Turns
from catch.live.wire import (
    DECODER,
    Bounds,
    Closing,
    Complete,
    Engine,
    Init,
    Line,
    Message,
    P,
    Parameters,
    Ping,
    Pong,
    Subscribe,
    V,
    Verifier,
)
from catch.rates import Rates, identity, too_often

SUBPROTOCOL = "graphql-transport-ws"
REASON = 120
"""Bytes of a close's reason; the protocol of websockets allows 123."""

log = logging.getLogger("catch.requests")


class GraphQLOverWebSocket(Generic[V, E, P]):
    """`context` makes what resolvers of queries and mutations find in `info.context`, per operation, of who asks and
    of the document's text. It may refuse, subscriptions too. `clock` says what time it is, in seconds since 1970.

    A browser says from which site's page a connection comes. Ours and those in `origins` are let in; what is no browser
    says nothing, and is.
    """

    def __init__(
        self,
        engine: Engine[P],
        verifier: Verifier[V],
        context: Callable[[V, str], Awaitable[object]],
        feed: Feed[V, E],
        clock: Callable[[], float],
        bounds: Bounds | None = None,
        origins: Iterable[str] = (),
        rates: Rates | None = None,
    ) -> None:
        self.engine = engine
        self.rates = rates or Rates()
        self.verifier = verifier
        self.context = context
        self.feed = feed
        self.clock = clock
        self.bounds = bounds or Bounds()
        self.origins = Origins(origins)
        self.connections: set[Connection[V, E, P]] = set()
        self.strangers: dict[Connection[V, E, P], None] = {}
        self.running: set[asyncio.Task[None]] = set()
        self.timeouts = Timeouts()
        self.turns = Turns()
        self.draining = False

    def handler(self, path: str = "/graphql") -> WebsocketRouteHandler:
        @websocket(path)
        async def graphql(socket: WebSocket[Any, Any, Any]) -> None:
            headers = dict(socket.scope["headers"])
            if not self.origins.welcome(headers.get(b"origin"), headers.get(b"host")):
                log.info(msgspec.json.encode(Line("WS", status="ORIGIN_NOT_ALLOWED")).decode())
                await turned_away(socket, ORIGIN_NOT_ALLOWED)
                return
            await self.turns.come()
            offered = SUBPROTOCOL in socket.scope["subprotocols"]
            await socket.accept(SUBPROTOCOL if offered else None)
            connected = socket_of(socket)
            connection = Connection(self, connected)
            connection.begin(offered=offered)
            if isinstance(connected, AsgiSocket):
                await connected.serve(connection)
            else:
                connected.take(connection)

        return graphql


class Connection(Generic[V, E, P]):
    """One client's socket, its operations by their ids, and the buffer they share. It is called, and never waits."""

    __slots__ = ("_begun", "_proving", "_socket", "buffer", "closed", "operations", "server", "viewer")

    def __init__(self, server: GraphQLOverWebSocket[V, E, P], socket: Socket) -> None:
        self.server = server
        self.viewer: V | None = None
        self._proving: asyncio.Task[None] | None = None
        self.operations: dict[str, Operation[V, E, P]] = {}
        self.closed = False
        self._socket: Socket = socket
        bounds = server.bounds
        self.buffer = SendBuffer(socket.write, server.timeouts, self._stalled, most=bounds.unsent, stall=bounds.stall)
        self._begun = time.monotonic()

    def begin(self, *, offered: bool) -> None:
        self.server.connections.add(self)
        self.server.strangers[self] = None
        if len(self.server.strangers) > self.server.bounds.strangers:
            # The oldest: a client in earnest has said who it is by then.
            next(iter(self.server.strangers)).close(1013, "You have not said who you are. Connect again later.")
        if not offered:
            self.close(4406, "Subprotocol not acceptable")
        if self.server.draining:
            self.close(1012, "The server restarts. Connect again.")
        self.server.timeouts.after(self.server.bounds.init, self._look)

    def close(self, code: int, reason: str) -> None:
        """At once: nothing that is still waiting is written."""
        if not self.closed:
            self.lost()
            self._socket.say_close(code, reason.encode()[:REASON].decode(errors="ignore"))

    def lost(self) -> None:
        self.closed = True
        self.server.connections.discard(self)
        self.server.strangers.pop(self, None)
        self.buffer.shut()
        for operation in list(self.operations.values()):
            operation.stop()
        self.operations.clear()

    def pause(self) -> None:
        self.buffer.pause()

    def resume(self) -> None:
        self.buffer.resume()

    @property
    def position(self) -> int:
        """From here on a client that comes back misses nothing: the least that was written to one of its operations."""
        return min((operation.lane.last for operation in self.operations.values() if operation.lane.last), default=0)

    def _look(self) -> None:
        """Every now and then: has the client said who it is, is its token still good, is it there at all?"""
        if self.closed:
            return
        try:
            left = self._left()
        except NotAnswered as unknown:
            closing = unwelcome(unknown)
            self.close(closing.code, closing.reason)
            return
        if left <= 0 and self.viewer is None:
            self.close(4408, "Connection initialisation timeout")
        elif left <= 0:
            self.close(4403, "TOKEN_EXPIRED: Get a new token.")
        # Whoever does not read is not read from either, and so cannot answer: the buffer's own time limit is for them.
        elif not (self._socket.heard or self.buffer.blocked):
            self.close(1013, "You have not answered a ping.")
        else:
            self._ping()
            self.server.timeouts.after(min(self.server.bounds.ping, left), self._look)

    def _left(self) -> float:
        """Seconds for which it is good: until it says who it is, for no longer than that takes."""
        if self.viewer is None:
            return self._begun + self.server.bounds.init - time.monotonic()
        return self.viewer.expires_at - self.server.clock()

    def _ping(self) -> None:
        """Any other ASGI server has pings of its own, and says nothing of them."""
        if not (self.buffer.blocked or isinstance(self._socket, AsgiSocket)):
            self._socket.heard = False
            self._socket.write(frames.PING)

    def _stalled(self) -> None:
        self.close(1013, f"You have not read for too long. Your last position is {self.position}. Connect again later.")

    def received(self, text: str | None) -> None:
        if self.closed:
            return
        try:
            self._heed(self._read(text))
        except Closing as closing:
            self.close(closing.code, closing.reason)
        except Exception as unexpected:
            fault_error(unexpected, "websocket")
            self.close(1011, "Something went wrong on our side.")

    def _read(self, text: str | None) -> Message:
        if text is None:
            raise Closing(4400, "Send text messages.")
        if len(text) > self.server.bounds.message:
            raise Closing(1009, f"A message may have {self.server.bounds.message} characters.")
        try:
            return DECODER.decode(text)
        except (msgspec.MsgspecError, RecursionError, ValueError) as problem:
            raise Closing(4400, f"Invalid message: {problem}") from None

    def _heed(self, message: Message) -> None:
        match message:
            case Init(payload):
                self._init(payload or {})
            case Ping(payload):
                if self.server.rates.wait(self._whose()):
                    raise Closing(1008, "TOO_OFTEN: You send too many messages.")
                self.buffer.put(frames.pong(payload))
            case Pong():
                pass
            case Subscribe(id, payload):
                self._subscribe(id, payload)
            case Complete(id):
                if operation := self.operations.pop(id, None):
                    operation.stop()

    def _whose(self) -> Hashable:
        """Whose messages are counted together: those of a stranger's connection, until it says who it is."""
        return id(self) if self.viewer is None else identity(self.viewer)

    def _init(self, payload: dict[str, Any]) -> None:
        if self.viewer is not None or self._proving is not None:
            raise Closing(4429, "Too many initialisation requests")
        # Clients write the name of the header either way.
        authorization = payload.get("authorization", payload.get("Authorization"))
        try:
            found = self.server.verifier.verify(authorization if isinstance(authorization, str) else None)
        except Refused as refused:
            raise unwelcome(refused) from None
        if isinstance(found, Awaitable):
            # What else it sends meanwhile is from nobody yet. Whoever hangs up is found out about all the same, which
            # takes seconds at most: what is asked of an issuer serves others, and must not be dropped before it began.
            self._proving = asyncio.create_task(self._prove(found))
            self.server.running.add(self._proving)
            self._proving.add_done_callback(self.server.running.discard)
        else:
            self._welcome(found)

    async def _prove(self, found: Awaitable[V]) -> None:
        try:
            viewer = await found
        except Refused as refused:
            closing = unwelcome(refused)
            self.close(closing.code, closing.reason)
        except Exception as unexpected:
            fault_error(unexpected, "websocket")
            self.close(1011, "Something went wrong on our side.")
        else:
            if not self.closed:
                self._welcome(viewer)

    def _welcome(self, viewer: V) -> None:
        self.viewer = viewer
        self.server.strangers.pop(self, None)
        # A token may end before the next look, which was set when nobody had said who they are.
        if (left := self._left()) < self.server.bounds.init:
            self.server.timeouts.after(left, self._look)
        self.buffer.put(frames.ACK)

    def _subscribe(self, operation_id: str, asked: Parameters) -> None:
        if self.viewer is None:
            raise Closing(4401, "Unauthorized")
        if operation_id in self.operations:
            raise Closing(4409, f"Subscriber for {operation_id} already exists")
        most = self.server.bounds.operations
        if len(self.operations) >= most:
            too_many = error("TOO_MANY_OPERATIONS", f"A connection may have {most} operations at once.")
            # The operation ends, not the connection: the others on it are in order.
            self.buffer.put(frames.error(operation_id, [too_many]))
            return
        if wait := self.server.rates.wait(identity(self.viewer)):
            self.buffer.put(frames.error(operation_id, [too_often(wait)]))
            return
        operation = Operation(self, operation_id, self.viewer)
        self.operations[operation_id] = operation
        operation.start(operation.run(asked))


def unwelcome(refused: Refused) -> Closing:
    """Where nobody can say just now who it is, the same token may be good in a moment."""
    code = 1013 if getattr(refused, "STATUS", 401) == HTTPStatus.SERVICE_UNAVAILABLE else 4403
    return Closing(code, f"{refused.code}: {refused.message}")


class Operation(Generic[V, E, P]):
    """One `subscribe`, from its message to `complete` or `error`."""

    __slots__ = ("connection", "id", "lane", "line", "server", "task", "viewer")

    def __init__(self, connection: Connection[V, E, P], operation_id: str, viewer: V) -> None:
        self.connection = connection
        self.server = connection.server
        self.id = operation_id
        self.viewer = viewer
        self.lane = Lane(connection.buffer, operation_id)
        self.line = Line("WS", role=getattr(viewer, "role", None))
        self.task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        self.task = asyncio.create_task(work)
        # The loop keeps only a weak reference to a task, and a mutation may outlive its connection.
        self.server.running.add(self.task)
        self.task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        """Lets go of its task: one that was cancelled keeps where it stood, and so all that was written to this client,
        until somebody comes to collect what keeps itself alive.
        """
        self.server.running.discard(task)
        self.task = None

    def stop(self) -> None:
        """Write nothing more. A mutation that has begun runs to its end all the same."""
        self.lane.shut()
        if self.line.kind != "mutation" and self.task is not None:
            self.task.cancel()

    async def run(self, asked: Parameters) -> None:
        began, last = time.perf_counter(), frames.complete(self.id)
        try:
            await self._execute(asked)
        # Its client has gone or has said `complete`: nobody waits for a last frame.
        except asyncio.CancelledError:
            self.line.status = "stopped"
            raise
        except Exception as problem:
            self.line.status = "error"
            last = frames.error(self.id, self._errors(problem))
        finally:
            self.line.ms = round((time.perf_counter() - began) * 1000, 2)
            log.info(msgspec.json.encode(self.line).decode())
        # The client may have ended it and begun another under the same id.
        if self.connection.operations.get(self.id) is self:
            del self.connection.operations[self.id]
        # Last, so that the id is free again when the client reads that it has ended.
        self.lane.finish(last)

    async def _execute(self, asked: Parameters) -> None:
        engine = self.server.engine
        prepared = engine.prepare_asked(asked, asked.operationName)
        self.line.kind, self.line.operation = prepared.kind.value, prepared.name and prepared.name[:80]
        context = await self.server.context(self.viewer, prepared.text)
        if self.line.kind == "subscription":
            await self.server.feed.follow(self.viewer, engine.subscription(prepared, asked.variables), self.lane)
            return
        answer = await engine.execute(prepared, asked.variables, context)
        if not answer.began:
            raise Rejected(*answer.errors)
        self.lane.write(frames.Payload.of(answer.encoded()))

    def _errors(self, problem: Exception) -> list[GraphQLFormattedError]:
        if isinstance(problem, Rejected):
            return problem.errors
        return [outside_error(problem, "websocket")]
