"""A wire to the database that a test can cut: then connections break, and new ones are refused."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

SOCKET = ".s.PGSQL.5432"


class Wire:
    """`dsn` leads through the wire to the server of the given address."""

    def __init__(self, dsn: str, folder: Path) -> None:
        address = urlsplit(dsn)
        host = parse_qs(address.query).get("host", [address.hostname or "localhost"])[0]
        self._unix = f"{host}/{SOCKET}" if host.startswith("/") else None
        self._tcp = (host, address.port or 5432)
        self._folder = folder
        login = address.netloc.rpartition("@")[0]
        through = address._replace(netloc=f"{login}@", query=f"host={quote(str(folder), safe='')}")
        self.dsn = urlunsplit(through)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        self._server = await asyncio.start_unix_server(self._carry, str(self._folder / SOCKET))

    async def cut(self) -> None:
        """At once, in the middle of whatever is being said."""
        if self._server is not None:
            self._server.close()
            self._server = None
        (self._folder / SOCKET).unlink(missing_ok=True)
        while self._open or self._tasks:
            for writer in list(self._open):
                writer.transport.abort()
                self._open.discard(writer)
            await asyncio.sleep(0)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        if self._unix:
            there, back = await asyncio.open_unix_connection(self._unix)
        else:
            there, back = await asyncio.open_connection(*self._tcp)
        self._open.add(back)
        if self._server is None:
            back.transport.abort()
        for source, target in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._copy(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
        self._open.discard(target)
        target.transport.abort()


@asynccontextmanager
async def wire(dsn: str) -> AsyncGenerator[Wire]:
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="wire-", dir="/tmp") as folder:
        made = Wire(dsn, Path(folder))
        await made.mend()
        try:
            yield made
        finally:
            await made.cut()
