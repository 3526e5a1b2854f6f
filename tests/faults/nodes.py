"""Server processes for a test: started together, killed, started again; none outlives the test, however it ends."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec.structs import replace

from catch.log import Log, Stored
from tests.faults.checkers import missed, problems
from tests.faults.history import History, Led, Line, StoodBack, read, seen
from tests.faults.node import Job

STOCK: dict[str, object] = {"clients": 0, "follow": True, "stock": True}
ROOT = Path(__file__).parents[2]


class Node:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.process: asyncio.subprocess.Process | None = None

    @property
    def command(self) -> list[str]:
        if self.job.stock:
            return ["tests.faults.stock", self.job.dsn, self.job.diary]
        return ["tests.faults.node", msgspec.json.encode(self.job).decode()]

    async def start(self) -> None:
        """Its standard input is its leash; what it complains of stands beside its diary."""
        with self.complaints.open("ab") as complaints:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self.command,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=complaints, cwd=ROOT,
            )  # fmt: skip

    @property
    def complaints(self) -> Path:
        return Path(f"{self.job.diary}.err")

    async def said(self, word: bytes, within: float = 30) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(within):
            while (line := await self.process.stdout.readline()) != word + b"\n":
                assert line, f"the node ended before its time:\n{self.complaints.read_text()[-2000:]}"

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        close(self.process)

    async def stop(self, within: float = 30) -> None:
        """Told to stop, it waits until each of its commands has an answer."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(within):
            code = await self.process.wait()
        close(self.process)
        assert code == 0, f"the node ended with {code}:\n{self.complaints.read_text()[-2000:]}"

    @property
    def ended(self) -> bool:
        """By itself, as a server does whose log has gone back: what it followed is no longer what there is."""
        return self.process is not None and self.process.returncode is not None

    @property
    def lines(self) -> list[Line]:
        return read(Path(self.job.diary))

    @property
    def holds(self) -> bool:
        """Whether it says that it keeps the read side."""
        return isinstance([None, *(line for line in self.lines if isinstance(line, Led | StoodBack))][-1], Led)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    @property
    def leads(self) -> float:
        """When it last began to lead, on the monotonic clock; 0: never."""
        return max((line.at for line in self.lines if isinstance(line, Led)), default=0)


def close(process: asyncio.subprocess.Process) -> None:
    """asyncio leaves the pipes of an ended process to the garbage collector, which complains."""
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()


@asynccontextmanager
async def nodes(job: Job, *changes: dict[str, object]) -> AsyncGenerator[list[Node]]:
    """One node for each of `changes` to the job, each with a diary of its own in the folder `job.diary`."""
    started: list[Node] = []
    try:
        for number, change in enumerate(changes):
            own = {"diary": f"{job.diary}/node-{number}", "seed": number}
            node = Node(replace(job, **(own | change)))
            started.append(node)
            await node.start()
        for node in started:
            await node.said(b"ready")
        yield started
    finally:
        for node in started:
            if node.process is not None:
                await node.kill()


async def whole_log(log: Log) -> list[Stored]:
    found: list[Stored] = []
    while page := await log.page(found[-1].position if found else 0, 5000):
        found += page
    return found


async def caught_up(followers: Sequence[Node], head: int, within: float = 10) -> None:
    """Returns once each of these nodes has seen the log to its end."""
    async with asyncio.timeout(within):
        for node in followers:
            while not node.ended and ((saw := seen(node.lines)) == [] or saw[-1][0] < head):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def verdict(log: Log, over: Sequence[Node], followers: Sequence[Node] = ()) -> tuple[History, list[str]]:
    """What the clients were told, and everything wrong with the log or with what its followers saw of it."""
    events = await whole_log(log)
    history = History.of(line for node in over for line in node.lines)
    found = problems(history, events)
    for node in followers:
        found += missed(seen(node.lines), events)
    return history, found
