"""A server of ours in a process of its own: `opened` and `serving` as `catch serve` has them, with one more handler.

`GET /start?rate=R&count=C` is what the load tool asks for once its clients are connected. The server only passes it on:
what happens then is recorded by somebody else, and reaches this server through the log.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvloop
from litestar import get

from catch.app import opened
from catch.database.server import Server
from catch.settings import Settings
from catch.web.serving import serving, settle

Core = int | None
SERVING, ASKING = 0, 1
"""The cores of the server that is measured, and of everything else."""


def pin(core: Core) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})


def cores() -> tuple[Core, Core]:
    """Of the server and of the rest; None for both on a machine with a single core."""
    return (SERVING, ASKING) if len(os.sched_getaffinity(0)) > 1 else (None, None)


def cpu_seconds(pid: int) -> float:
    """That a process and its threads have run."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


def resident(pid: int) -> int:
    """Bytes of memory."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Node:
    """`asked` are the rates and counts that /start was asked for, as they come."""

    def __init__(self, process: Process, port: int) -> None:
        self.pid = process.pid
        self.port = port
        self.asked: asyncio.Queue[tuple[float, int]] = asyncio.Queue()


@asynccontextmanager
async def node(server: Server, folder: Path, core: Core, port: int = 0) -> AsyncGenerator[Node]:
    """At this port, or at a free one. Whoever has killed it leaves as if it had ended by itself."""
    own = (str(folder), "" if core is None else str(core), str(port))
    command = (sys.executable, "-m", __name__, server.admin, server.app, *own)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        running = Node(process, int(await process.stdout.readline()))
        listening = asyncio.create_task(heard(process.stdout, running))
        yield running
        listening.cancel()
    finally:
        process.stdin.close()
        try:
            # It drains first, as any server does.
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()


async def heard(lines: asyncio.StreamReader, running: Node) -> None:
    async for line in lines:
        rate, count = line.split()
        running.asked.put_nowait((float(rate), int(count)))


async def here(server: Server, folder: Path, at: int, told_to_stop: asyncio.Event, say: Callable[[str], None]) -> None:
    @get("/start")
    async def start(rate: float, count: int) -> str:
        say(f"{rate} {count}")
        return "ok"

    settings = Settings(data_dir=folder)
    async with opened(server, settings) as catch, serving(catch, at, development=True, also=[start]) as port:
        settle()
        say(str(port))
        await told_to_stop.wait()


def main(admin: str, app: str, folder: str, core: str, at: str) -> None:
    pin(int(core) if core else None)

    async def run() -> None:
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        # Ctrl-C reaches the whole group of processes: whoever started this ends it when they are done.
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        # Whoever started it holds its standard input: that ends with them.
        ends, transport = asyncio.StreamReader(), None
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(ends), sys.stdin)
        ending = loop.create_task(ends.read())
        ending.add_done_callback(lambda _: told.set())
        await here(Server(admin, app), Path(folder), int(at), told, lambda line: print(line, flush=True))
        transport.close()

    with suppress(KeyboardInterrupt):
        uvloop.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
