"""Many clients in one process of their own, which do nothing but read: when each message came, and whether all came.

It is told what to do, and answers, in lines of JSON: a `Plan`, then what is expected of each room once all was said.
"""

import asyncio
import os
import random
import socket
import sys
from array import array
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic_ns, perf_counter
from typing import cast

import msgspec
import uvloop
from msgspec import Struct

from catch.bench.listening import listening
from catch.bench.node import Core, pin
from catch.web.serving import as_many_clients_as_may_be

AT_ONCE = 64
UPGRADE = (
    "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
AGAIN = 3.0
"""Seconds over which clients come again whose connections were lost: by chance, as those do that are made for it."""
SMALL = 4096
"""The receive buffer of a client that will not read."""


class Seat(Struct):
    """One client: where it connects, whose token it brings, what it sends, and which room that follows."""

    port: int
    token: int
    room: int
    reads: bool = True


class Plan(Struct):
    """`returning`: whose connection is lost connects again, and goes on from the last position it has."""

    core: Core
    tokens: list[str]
    rooms: list[str]
    """The `subscribe` message of each."""
    seats: list[Seat]
    returning: bool = False


class Arrived(Struct):
    ready: int
    seconds: float


class Expected(Struct):
    """The positions that were recorded, by room. What has not come in so many seconds is lost."""

    positions: dict[int, list[int]]
    within: float = 20


class Heard(Struct):
    """Times in milliseconds from when something was said until a client had it; `last_ms` is the median over the
    events of when the last client had it. `closed` are clients that the server let go; `lately`: when the last message
    came, in seconds of the machine's clock that only goes forward; `tries`: how often anybody connected again."""

    messages: int
    lost: int
    disordered: int
    closed: int
    p50_ms: float
    p99_ms: float
    last_ms: float
    lately: float
    tries: int


def frame(text: bytes) -> bytes:
    """Masked with zeros, which leaves the text as it is."""
    length = len(text)
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


class Client(asyncio.Protocol):
    # Thousands of them in one process, which must not be what is measured.
    __slots__ = ("_crowd", "_rest", "_step", "_transport", "arrived", "closed", "positions", "seat", "stood")

    def __init__(self, crowd: "Crowd", seat: Seat) -> None:
        self.seat = seat
        self.positions = array("q")
        self.arrived = asyncio.get_running_loop().create_future()
        self.closed = False
        self.stood = 0
        """The position of the first message: of the present state."""
        self._crowd = crowd
        self._rest: bytes = b""
        self._step = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._rest, self._step, self.closed = b"", 0, False
        self._transport.write(UPGRADE.format(port=self.seat.port).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self.arrived.done():
            self.arrived.set_exception(ConnectionError(f"step {self._step}: {self._rest[:200]!r}"))
        elif self._crowd.plan.returning:
            self._crowd.again(self)

    def data_received(self, data: bytes) -> None:
        now = monotonic_ns()
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        if self._step == 0:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._rest = data
                return
            self._answer(b"")
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if end < start + length or (start == at + 4 and end < start):
                break
            if data[at] == 0x81:
                self._message(data[start : start + length], now)
            elif data[at] == 0x89:
                # A pong, masked with zeros: whoever does not answer pings is let go.
                self._transport.write(b"\x8a\x80" + bytes(4))
            elif data[at] == 0x88:
                self._transport.close()
            at = start + length
        self._rest = data[at:]

    def _message(self, text: bytes, now: int) -> None:
        if self._step < 3:
            self._answer(text)
            return
        self._crowd.lately = now
        if (position := position_in(text)) == 0:
            return
        self.positions.append(position)
        found = text.find(b'"sentNs":"')
        if found > 0:
            self._crowd.took(position, now - int(text[found + 10 : text.index(b'"', found + 10)]))

    def wake(self) -> None:
        self._transport.resume_reading()

    def _answer(self, text: bytes) -> None:
        """The handshake, the acknowledgement, the first message: each is answered with the next step."""
        self._step += 1
        if self._step == 1:
            init = {"type": "connection_init", "payload": {"authorization": self._crowd.plan.tokens[self.seat.token]}}
            self._transport.write(frame(msgspec.json.encode(init)))
        elif self._step == 2:
            self._transport.write(frame(self._asking()))
            if self.arrived.done():
                # Nothing comes at once where nothing has happened.
                self._step += 1
        elif b'"next"' in text:
            self.stood = position_in(text)
            self.arrived.set_result(None)
            if not self.seat.reads:
                self._transport.pause_reading()
        else:
            self.arrived.set_exception(ConnectionError(text.decode()))

    def _asking(self) -> bytes:
        message = self._crowd.plan.rooms[self.seat.room]
        last = self.positions[-1] if self.positions else self.stood
        # Into what is written already: whoever follows for the first time has no position.
        return (message.replace('"variables":{', f'"variables":{{"after":"{last}",') if last else message).encode()


def position_in(text: bytes) -> int:
    """Looked for and not decoded: to read JSON would take longer here than to write it does there. 0: in none."""
    found = text.find(b'"position":"') + 12
    return int(text[found : text.index(b'"', found)]) if found >= 12 else 0


class Crowd:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lately = self.tries = 0
        self.coming: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None
        self.times = array("q")
        self.last: dict[int, int] = {}
        self.clients: list[Client] = []

    def again(self, client: Client) -> None:
        task = asyncio.create_task(self._again(client))
        self.coming.add(task)
        task.add_done_callback(self.coming.discard)

    async def _again(self, client: Client) -> None:
        loop, port = asyncio.get_running_loop(), client.seat.port
        while True:
            # Before anybody knocks: what has just been killed may still take connections for a moment.
            await asyncio.sleep(random.uniform(0, AGAIN))  # noqa: S311
            if self._listening is None or self._listening.done():
                self._listening = asyncio.create_task(listening(port))
            # One knocks for all, as a balancer does: as many knocks would be what is measured.
            await self._listening
            await asyncio.sleep(random.uniform(0, AGAIN))  # noqa: S311
            self.tries += 1
            with suppress(OSError):
                await loop.create_connection(lambda: client, "127.0.0.1", port)
                return

    def took(self, position: int, nanoseconds: int) -> None:
        self.times.append(nanoseconds)
        if nanoseconds > self.last.get(position, 0):
            self.last[position] = nanoseconds

    async def arrive(self) -> Arrived:
        began, waiting = perf_counter(), iter(self.plan.seats)

        async def usher() -> None:
            for seat in waiting:
                self.clients.append(await self._sit(seat))

        await asyncio.gather(*(usher() for _ in range(AT_ONCE)))
        return Arrived(len(self.clients), perf_counter() - began)

    async def _sit(self, seat: Seat) -> Client:
        made = socket.socket()
        made.setblocking(False)
        # Before it connects: afterwards the kernel has agreed on a larger window already.
        if not seat.reads:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(made, ("127.0.0.1", seat.port))
        _, client = await loop.create_connection(lambda: Client(self, seat), sock=made)
        await client.arrived
        return client

    async def heard(self, expected: Expected) -> Heard:
        reading = [client for client in self.clients if client.seat.reads]
        # What has not come by then is counted as lost.
        deadline = perf_counter() + expected.within
        wanted = {room: set(positions) for room, positions in expected.positions.items()}
        while any(len(each.positions) < len(wanted[each.seat.room]) for each in reading):
            if perf_counter() > deadline:
                break
            await asyncio.sleep(0.1)
        times, last = sorted(self.times), sorted(self.last.values())
        # Only now: the figures of those who read must not hold the rest's catching up.
        await self._wake()
        return Heard(
            messages=sum(len(client.positions) for client in reading),
            lost=sum(len(wanted[client.seat.room].difference(client.positions)) for client in reading),
            disordered=sum(list(client.positions) != sorted(set(client.positions)) for client in reading),
            closed=sum(client.closed for client in self.clients),
            p50_ms=times[len(times) // 2] / 1e6 if times else 0,
            p99_ms=times[int(len(times) * 0.99)] / 1e6 if times else 0,
            last_ms=last[len(last) // 2] / 1e6 if last else 0,
            lately=self.lately / 1e9,
            tries=self.tries,
        )

    async def _wake(self) -> None:
        """Who did not read reads now, and finds out whether the connection is still there."""
        sleepers = [client for client in self.clients if not client.seat.reads]
        for client in sleepers:
            client.wake()
        if sleepers:
            await asyncio.sleep(1)


class Followers:
    """The crowd's other end: tell it who is to come, then what they should have heard."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout

    async def _tell(self, what: Struct) -> bytes:
        self._to.write(msgspec.json.encode(what) + b"\n")
        await self._to.drain()
        return await self._from.readline()

    async def arrive(self, plan: Plan) -> Arrived:
        return msgspec.json.decode(await self._tell(plan), type=Arrived)

    async def heard(self, expected: Expected) -> Heard:
        return msgspec.json.decode(await self._tell(expected), type=Heard)


@asynccontextmanager
async def followers() -> AsyncGenerator[Followers]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=PIPE, stdout=PIPE, limit=1 << 26
    )
    try:
        yield Followers(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def subscribing(query: str, variables: dict[str, str]) -> str:
    """All clients choose the same operation id, as those of a kind do."""
    message = {"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}}
    return msgspec.json.encode(message).decode()


async def main() -> None:
    lines = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    plan = msgspec.json.decode(await lines.readline(), type=Plan)
    pin(plan.core)
    as_many_clients_as_may_be()
    crowd = Crowd(plan)
    answer(await crowd.arrive())
    if line := await lines.readline():
        answer(await crowd.heard(msgspec.json.decode(line, type=Expected)))
    # Thousands of sockets are closed quickest by leaving.
    os._exit(0)


def answer(what: Struct | Sequence[Struct]) -> None:
    print(msgspec.json.encode(what).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
