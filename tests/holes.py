"""A wire to the database that swallows what is said, without a word to either end: a machine that has fallen silent."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

SOCKET = ".s.PGSQL.5432"


class Way(Enum):
    THROUGH = "what is said arrives"
    NOWHERE = "nothing arrives before it is open again; connections are taken all the same"
    RESET = "connections are taken and dropped"


class Hole:
    """`dsn` leads through it, on a socket of its own; `port` on this machine does, too."""

    def __init__(self, dsn: str, folder: Path, at: str = "127.0.0.1") -> None:
        address = urlsplit(dsn)
        self.at = at
        self.there = Path(parse_qs(address.query)["host"][0]) / SOCKET
        self.folder = folder
        self.dsn = urlunsplit(address._replace(query=f"host={quote(str(folder), safe='')}"))
        self.login, self.database = address.netloc, address.path
        self.port = 0
        self._way = Way.THROUGH
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    @property
    def over_tcp(self) -> str:
        return f"postgresql://{self.login}{self.at}:{self.port}{self.database}"

    async def dig(self) -> None:
        self._servers = [
            await asyncio.start_unix_server(self._carry, str(self.folder / SOCKET)),
            await asyncio.start_server(self._carry, self.at, 0),
        ]
        self.port = self._servers[1].sockets[0].getsockname()[1]

    def leads(self, way: Way) -> None:
        self._way = way
        if way is Way.THROUGH:
            self._open.set()
        else:
            self._open.clear()

    async def fill(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        back: asyncio.StreamWriter | None = None
        try:
            if self._way is not Way.RESET:
                await self._open.wait()
                there, back = await asyncio.open_unix_connection(self.there)
                halves = [asyncio.create_task(self._copy(*way)) for way in ((reader, back), (there, writer))]
                try:
                    # Either end that hangs up ends both.
                    await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for half in halves:
                        half.cancel()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, back):
                if end is not None:
                    end.transport.abort()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await self._open.wait()
                target.write(data)
                await target.drain()
        await self._open.wait()


@asynccontextmanager
async def hole(dsn: str, at: str = "127.0.0.1") -> AsyncGenerator[Hole]:
    """`at`: the address of this machine that its port is at."""
    with tempfile.TemporaryDirectory(prefix="hole-", dir="/tmp") as folder:
        made = Hole(dsn, Path(folder), at)
        await made.dig()
        try:
            yield made
        finally:
            await made.fill()
