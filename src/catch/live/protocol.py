"""graphql-transport-ws on a Litestar websocket, by the protocol's own text.

A mistake in one operation ends that operation; a mistake in the protocol ends the connection with the code that the
protocol gives it. Beyond those, this server closes with 1009 (message too large), 1012 (it is about to restart: connect
again) and 1013 (the client has not read for too long: connect again later). A token that runs out closes with 4403.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic, cast

import msgspec
from graphql import GraphQLFormattedError
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import WebsocketRouteHandler

from catch.domain.refusals import Refused
from catch.faults import Rejected, error, fault_error, outside_error
from catch.live import frames
from catch.live.feed import Feed
from catch.live.outbox import Lane, Outbox, Stalled
from catch.live.server import TRANSPORT
from catch.live.source import E
from catch.live.wire import (
    DECODER,
    Asked,
    Bounds,
    Closing,
    Complete,
    Engine,
    Init,
    Line,
    Message,
    P,
    Ping,
    Pong,
    Subscribe,
    V,
    Verifier,
)

SUBPROTOCOL = "graphql-transport-ws"

log = logging.getLogger("catch.requests")


class GraphQLOverWebSocket(Generic[V, E, P]):
    """`context` makes what resolvers of queries and mutations find in `info.context`, per operation."""

    def __init__(
        self,
        engine: Engine[P],
        verifier: Verifier[V],
        context: Callable[[V], object],
        feed: Feed[V, E],
        bounds: Bounds | None = None,
    ) -> None:
        self.engine = engine
        self.verifier = verifier
        self.context = context
        self.feed = feed
        self.bounds = bounds or Bounds()
        self.connections: set[Connection[V, E, P]] = set()
        self.running: set[asyncio.Task[None]] = set()
        self.draining = False

    def handler(self, path: str = "/graphql") -> WebsocketRouteHandler:
        @websocket(path)
        async def graphql(socket: WebSocket[Any, Any, Any]) -> None:
            connection = Connection(self, socket)
            self.connections.add(connection)
            try:
                await connection.serve()
            finally:
                self.connections.discard(connection)

        return graphql

    async def drain(self, seconds: float = 5.0) -> None:
        """Send every client to another server: before this one stops. New connections are turned away."""
        self.draining = True
        for connection in list(self.connections):
            connection.close(1012, "The server restarts. Connect again.")
        serving = {connection.task for connection in self.connections if connection.task}
        if serving:
            await asyncio.wait(serving, timeout=seconds)


class Connection(Generic[V, E, P]):
    """One client's socket, its operations by their ids, and the outbox they share."""

    def __init__(self, server: GraphQLOverWebSocket[V, E, P], socket: WebSocket[Any, Any, Any]) -> None:
        self.server = server
        self.socket = socket
        self.viewer: V | None = None
        self.operations: dict[str, Operation[V, E, P]] = {}
        self.task: asyncio.Task[Any] | None = None
        self.outbox = Outbox(socket.send_text, room=server.bounds.room, stall=server.bounds.stall)
        self.ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def close(self, code: int, reason: str) -> None:
        if not self.ending.done():
            self.ending.set_exception(Closing(code, reason))

    async def serve(self) -> None:
        self.task = asyncio.current_task()
        offered = SUBPROTOCOL in self.socket.scope["subprotocols"]
        await self.socket.accept(SUBPROTOCOL if offered else None)
        if not offered:
            self.close(4406, "Subprotocol not acceptable")
        if self.server.draining:
            self.close(1012, "The server restarts. Connect again.")
        timer = asyncio.get_running_loop().call_later(self.server.bounds.init, self._too_late)
        reader, writer = asyncio.create_task(self._read()), asyncio.create_task(self.outbox.run())
        try:
            done, _ = await asyncio.wait({self.ending, reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            await self._say_goodbye([one.exception() for one in done if not one.cancelled()], writer)
        finally:
            timer.cancel()
            self.ending.cancel()
            for task in (reader, writer):
                task.cancel()
            for operation in list(self.operations.values()):
                operation.stop()

    def _too_late(self) -> None:
        if self.viewer is None:
            self.close(4408, "Connection initialisation timeout")

    async def _say_goodbye(self, causes: list[BaseException | None], writer: "asyncio.Task[None]") -> None:
        """Close with the code that fits. A client that hung up, or one that does not take the close, is just left."""
        cause = next((one for one in causes if one is not None), None)
        if isinstance(cause, Stalled):
            self._hang_up()
            cause = Closing(1013, "You have not read for too long. Connect again later.")
        if cause is None or isinstance(cause, OSError | WebSocketDisconnect):
            return
        if not isinstance(cause, Closing):
            fault_error(cause, "websocket")
            cause = Closing(1011, "Something went wrong on our side.")
        writer.cancel()
        try:
            async with asyncio.timeout(1):
                await asyncio.wait({writer})
                reason = cause.reason.encode()[:120].decode(errors="ignore")
                await self.socket.close(cause.code, reason)
        except Exception:  # noqa: S110
            # The socket is gone already, or stalled: there is nobody left to tell.
            pass

    def _hang_up(self) -> None:
        """Behind a full buffer no close would ever be read: end the connection at once, where the server lets us."""
        extensions = cast("dict[str, Any]", cast("Any", self.socket.scope).get("extensions") or {})
        if TRANSPORT in extensions:
            extensions[TRANSPORT]["transport"].abort()

    async def _read(self) -> None:
        while True:
            event = await self.socket.receive()
            if event["type"] != "websocket.receive":
                return
            text = event.get("text")
            if text is None:
                raise Closing(4400, "Send text messages.")
            if len(text) > self.server.bounds.message:
                raise Closing(1009, f"A message may have {self.server.bounds.message} characters.")
            try:
                message = DECODER.decode(text)
            except (msgspec.MsgspecError, RecursionError, ValueError) as problem:
                raise Closing(4400, f"Invalid message: {problem}") from None
            await self._heed(message)

    async def _heed(self, message: Message) -> None:
        match message:
            case Init(payload):
                await self._init(payload or {})
            case Ping(payload):
                await self.outbox.put(frames.pong(payload))
            case Pong():
                pass
            case Subscribe(id, payload):
                await self._subscribe(id, payload)
            case Complete(id):
                if operation := self.operations.pop(id, None):
                    operation.stop()

    async def _init(self, payload: dict[str, Any]) -> None:
        if self.viewer is not None:
            raise Closing(4429, "Too many initialisation requests")
        authorization = payload.get("authorization", payload.get("Authorization"))
        try:
            self.viewer = self.server.verifier.verify(authorization if isinstance(authorization, str) else None)
        except Refused as refused:
            raise Closing(4403, f"{refused.code}: {refused.message}") from None
        expiry = max(self.viewer.expires_at - time.time(), 0)
        handle = asyncio.get_running_loop().call_later(expiry, self.close, 4403, "TOKEN_EXPIRED: Get a new token.")
        self.ending.add_done_callback(lambda _: handle.cancel())
        await self.outbox.put(frames.ACK)

    async def _subscribe(self, operation_id: str, asked: Asked) -> None:
        if self.viewer is None:
            raise Closing(4401, "Unauthorized")
        if operation_id in self.operations:
            raise Closing(4409, f"Subscriber for {operation_id} already exists")
        most = self.server.bounds.operations
        if len(self.operations) >= most:
            too_many = error("TOO_MANY_OPERATIONS", f"A connection may have {most} operations at once.")
            await self.outbox.put(frames.error(operation_id, [too_many]))
            return
        operation = Operation(self, operation_id, self.viewer)
        self.operations[operation_id] = operation
        operation.start(operation.run(asked))


class Operation(Generic[V, E, P]):
    """One `subscribe`, from its message to `complete` or `error`."""

    def __init__(self, connection: Connection[V, E, P], operation_id: str, viewer: V) -> None:
        self.connection = connection
        self.server = connection.server
        self.id = operation_id
        self.viewer = viewer
        self.lane = Lane(connection.outbox, operation_id)
        self.line = Line("WS", role=getattr(viewer, "role", None))
        self.task: asyncio.Task[None]

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        self.task = asyncio.create_task(work)
        # The loop keeps only a weak reference to a task, and a mutation may outlive its connection.
        self.server.running.add(self.task)
        self.task.add_done_callback(self.server.running.discard)

    def stop(self) -> None:
        """Write nothing more. A mutation that has begun runs to its end all the same."""
        self.lane.shut()
        if self.line.kind != "mutation":
            self.task.cancel()

    async def run(self, asked: Asked) -> None:
        began, last = time.perf_counter(), frames.complete(self.id)
        try:
            await self._execute(asked)
        except asyncio.CancelledError:
            self.line.status = "stopped"
            raise
        except Exception as problem:
            self.line.status = "error"
            last = frames.error(self.id, self._errors(problem))
        finally:
            self.line.ms = round((time.perf_counter() - began) * 1000, 2)
            log.info(frames.json(self.line))
        if self.connection.operations.get(self.id) is self:
            del self.connection.operations[self.id]
        await self.lane.finish(last)

    async def _execute(self, asked: Asked) -> None:
        engine = self.server.engine
        prepared = engine.prepare(asked.query, asked.operationName)
        self.line.kind, self.line.operation = prepared.kind.value, prepared.name and prepared.name[:80]
        if self.line.kind == "subscription":
            await self.server.feed.follow(self.viewer, engine.standing(prepared, asked.variables), self.lane)
            return
        answer = await engine.execute(prepared, asked.variables, self.server.context(self.viewer))
        if not answer.began:
            raise Rejected(*answer.errors)
        await self.lane.write(answer.encoded().decode())

    def _errors(self, problem: Exception) -> list[GraphQLFormattedError]:
        if isinstance(problem, Rejected):
            return problem.errors
        return [outside_error(problem, "websocket")]
