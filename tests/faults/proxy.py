"""Stands between a program and its PostgreSQL, on a unix socket, and spoils what the program hears.

It reads the frontend and backend protocol far enough to know which requests are appends and which messages are
notifications.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from random import Random
from urllib.parse import quote, urlsplit, urlunsplit

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """`cut_one_in`: of so many appends one is committed and its answer dropped with the connection (0: none).

    Every other cut comes at once after the request went out: whether that append was committed nobody knows. A `hole`
    takes whatever is sent and gives nothing back, to either side.
    """

    def __init__(self, upstream: Path, *, cut_one_in: int = 0, deaf: bool = False, seed: int = 1) -> None:
        self.upstream = upstream
        self.cut_one_in = cut_one_in
        self.deaf = deaf
        self.chance = Random(seed)
        self.cuts = 0
        self.through = asyncio.Event()
        self.through.set()
        self.notifications = 0
        self.connections: set[asyncio.Task[None]] = set()

    @contextmanager
    def hole(self) -> Generator[None]:
        self.through.clear()
        try:
            yield
        finally:
            self.through.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections.add(task)
        server: asyncio.StreamWriter | None = None
        try:
            await self.through.wait()
            answers, server = await asyncio.open_unix_connection(self.upstream)
            await Wire(self, reader, writer, answers, server).run()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.connections.discard(task)
            for end in (writer, server):
                if end is not None:
                    end.transport.abort()


class Wire:
    """One connection."""

    def __init__(
        self,
        proxy: Proxy,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self.proxy = proxy
        self.client = client
        self.to_client = to_client
        self.server = server
        self.to_server = to_server
        self.appends: set[bytes] = set()
        self.armed = False
        self.doomed = False

    async def run(self) -> None:
        length = await self.client.readexactly(4)  # the startup message alone has no type
        self.to_server.write(length + await self.client.readexactly(int.from_bytes(length) - 4))
        halves = [asyncio.create_task(self.requests()), asyncio.create_task(self.answers())]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
            await self.proxy.through.wait()  # not even that one end has gone is heard at the other
        finally:
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)

    async def requests(self) -> None:
        async for kind, body in messages(self.client):
            await self.proxy.through.wait()
            if kind == b"P" and b".append" in body:
                self.appends.add(body.split(b"\0", 1)[0])
            elif kind == b"B" and body.split(b"\0", 2)[1] in self.appends:
                self.armed = True
            send(self.to_server, kind, body)
            if kind == b"S" and self.armed:
                self.armed = False
                one_in = self.proxy.cut_one_in
                if one_in and not self.proxy.chance.randrange(one_in):
                    await self.to_server.drain()
                    self.proxy.cuts += 1
                    if self.proxy.cuts % 2:
                        return
                    self.doomed = True

    async def answers(self) -> None:
        async for kind, body in messages(self.server):
            await self.proxy.through.wait()
            if self.doomed:  # the first word of the answer comes before the commit, the last after it
                if kind == b"Z":
                    return
                continue
            if kind == b"A":
                self.proxy.notifications += 1
                if self.proxy.deaf:
                    continue
            send(self.to_client, kind, body)


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, bytes]]:
    with suppress(asyncio.IncompleteReadError, OSError):
        while True:
            head = await reader.readexactly(5)
            yield head[:1], await reader.readexactly(int.from_bytes(head[1:]) - 4)


def send(writer: asyncio.StreamWriter, kind: bytes, body: bytes) -> None:
    writer.write(kind + (len(body) + 4).to_bytes(4) + body)


@asynccontextmanager
async def between(dsn: str, proxy: Proxy) -> AsyncGenerator[str]:
    """The address at which the proxy stands in for `dsn`."""
    with tempfile.TemporaryDirectory(prefix="proxy-", dir="/tmp") as folder:
        server = await asyncio.start_unix_server(proxy.serve, Path(folder) / SOCKET)
        try:
            yield urlunsplit(urlsplit(dsn)._replace(query=f"host={quote(folder, safe='')}"))
        finally:
            server.close()
            for task in list(proxy.connections):
                task.cancel()
            await asyncio.gather(*proxy.connections, return_exceptions=True)
