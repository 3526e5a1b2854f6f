"""One participant: a graphql-transport-ws client on a socket of its own, with a screen and a way to act.

What it asks for are documents of schema/graphql/operations, by their names.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
from msgspec import Raw, Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from catch.demo.screen import Listed, Message, Screen

Json = dict[str, Any]
PATIENCE = 20.0
"""Seconds to wait for an answer before the demonstration gives up."""


class WentWrong(Exception):
    """The server answered what the script did not expect."""


class Frame(Struct):
    """A message of graphql-transport-ws."""

    type: str
    id: str = ""
    payload: Raw = Raw(b"null")


class Meeting(Struct):
    meeting: Message


class Shown(Struct):
    data: Meeting


_FRAME = msgspec.json.Decoder(Frame)
_SHOWN = msgspec.json.Decoder(Shown)


class Client:
    """`drew` is told whenever the screen has been drawn, with the position and the time on the monotonic clock."""

    def __init__(
        self, socket: ClientConnection, user: str, agency: str, drew: Callable[["Client", int, float], None]
    ) -> None:
        self.user, self.agency = user, agency
        self.screen = Screen(f"{user}@{agency}")
        self._socket = socket
        self._drew = drew
        self._answers: dict[str, asyncio.Future[Json]] = {}
        self._asked = 0
        # Drawn by another task: the one that reads must go on reading while the agenda is asked for.
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._meeting: UUID | None = None

    async def read(self) -> None:
        """Until the socket closes: keep the screen current and hand answers to whoever waits for them."""
        async for text in self._socket:
            frame = _FRAME.decode(text)
            if frame.type == "ping":
                await self._send({"type": "pong"})
            elif frame.type == "next" and frame.id == "screen":
                self._messages.put_nowait(_SHOWN.decode(frame.payload).data.meeting)
            elif frame.type == "error" and frame.id == "screen":
                raise WentWrong(f"{self.screen.title}: {bytes(frame.payload).decode()}")
            elif frame.type in ("next", "error") and frame.id in self._answers:
                self._answer(self._answers.pop(frame.id), frame)

    async def draw(self) -> None:
        """Until cancelled: take the messages in order, ask for the agenda where one says so, draw."""
        while True:
            message = await self._messages.get()
            position = int(message.position)
            if self.screen.take(message):
                answer = await self.ask("agenda_screen", id=str(self._meeting), atLeast=message.position)
                self.screen.listed(msgspec.convert(answer["meeting"]["agenda"]["items"], list[Listed]))
            self.screen.draw(position)
            self._drew(self, position, time.perf_counter())

    def _answer(self, waiting: "asyncio.Future[Json]", frame: "Frame") -> None:
        payload: Json = msgspec.json.decode(frame.payload)
        # Whoever asked has given up meanwhile.
        if waiting.done():
            return
        if frame.type == "error" or payload.get("errors"):
            waiting.set_exception(WentWrong(f"{self.screen.title}: {payload}"))
        else:
            waiting.set_result(payload["data"])

    async def follow(self, meeting: UUID) -> None:
        self._meeting = meeting
        payload: Json = {"documentId": "follow_meeting", "variables": {"id": str(meeting)}}
        await self._send({"type": "subscribe", "id": "screen", "payload": payload})

    async def ask(self, document: str, **variables: object) -> Json:
        """The data of a query or mutation registered under this name. Raises WentWrong."""
        self._asked += 1
        operation = f"ask-{self._asked}"
        waiting = self._answers[operation] = asyncio.get_running_loop().create_future()
        payload = {"documentId": document, "variables": variables}
        await self._send({"type": "subscribe", "id": operation, "payload": payload})
        async with asyncio.timeout(PATIENCE):
            return await waiting

    async def act(self, command: str, **fields: object) -> int:
        """Send a command as its mutation; its position. Raises WentWrong where it is refused."""
        plain = {name: value for name, value in fields.items() if value is not None}
        answer = (await self.ask(command, input=msgspec.to_builtins(plain), commandId=str(uuid4())))[command]
        if answer["__typename"] == "Refused":
            raise WentWrong(f"{self.screen.title}: {command} refused: {answer}")
        return int(answer["position"])

    async def _send(self, message: Json) -> None:
        await self._socket.send(msgspec.json.encode(message).decode())


@asynccontextmanager
async def connected(
    url: str, token: str, user: str, agency: str, drew: Callable[[Client, int, float], None]
) -> AsyncGenerator[Client]:
    """A client whose token the server has taken. Raises WentWrong, or OSError."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None) as socket:
        await socket.send(
            msgspec.json.encode({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}).decode()
        )
        first = cast("Json", msgspec.json.decode(await socket.recv()))
        if first["type"] != "connection_ack":
            raise WentWrong(f"{user}@{agency}: {first}")
        client = Client(socket, user, agency, drew)
        tasks = [asyncio.create_task(client.read()), asyncio.create_task(client.draw())]
        try:
            yield client
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
