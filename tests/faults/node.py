"""One server process of the harness: `python -m tests.faults.node JOB`, where JOB is a `Job` as JSON.

Its clients record commands and write down what they were told. It ends when its standard input does, once every
command it sent has its answer; started again on the same diary it goes on where it was.
"""

import asyncio
import os
import random
import sys
import threading
import time
from contextlib import aclosing
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import msgspec
import uvloop
from msgspec import Struct

from catch.database import connecting, lost
from catch.log import Answer, Append, Busy, Conflict, Log, Unavailable
from catch.readside import ReadSide, lease
from tests.faults.history import Declined, Diary, History, Led, StoodBack, Tried, Troubled, read, seen
from tests.faults.ledger import LEDGERS, decode, written

PLACE = UUID("4f3c1f3e-6f5e-4f0e-9d3a-2f4f0d6a9b11")


class Job(Struct, frozen=True):
    """`commands`: how many each client sends before it stops by itself (0: until told). `pause`: seconds between them.

    `same` makes every node send the very same commands. `impatient` clients leave at random while they wait, and ask
    again. `forgetful` ones, as a control, know nothing of command ids: they repeat under a new one. `trusting`, as a
    control: it takes nobody to have fallen silent. `stock`: not a server at all, but the library's follower (stock.py).
    `hasty`, as a control: it asks the database to answer before it has written.
    """

    dsn: str
    diary: str
    seed: int = 1
    clients: int = 4
    shared: int = 6
    commands: int = 0
    pause: float = 0.0
    same: bool = False
    impatient: bool = False
    follow: bool = False
    readside: bool = False
    forgetful: bool = False
    trusting: bool = False
    stock: bool = False
    hasty: bool = False
    deadline: float = 5.0
    patience: float = 5.0
    queue: int = 4096


class Clients:
    def __init__(self, job: Job, log: Log, stopping: asyncio.Event) -> None:
        self.job = job
        self.log = log
        self.stopping = stopping
        self.chance = random.Random(f"{job.seed} {os.getpid()}")
        self.diary = Diary(Path(job.diary))
        self.versions: dict[UUID, int] = {}
        self.shared = [uuid5(PLACE, f"shared {n}") for n in range(job.shared)]

    async def run(self, unanswered: list[Tried]) -> None:
        await asyncio.gather(*(self.insist(tried.command, tried.stream, tried.places) for tried in unanswered))
        await asyncio.gather(*(self.client(n) for n in range(self.job.clients)))

    async def client(self, number: int) -> None:
        own = uuid4()
        sent = 0
        while not self.stopping.is_set() and (sent < self.job.commands or not self.job.commands):
            sent += 1
            if self.job.same:
                command = uuid5(PLACE, f"same {number} {sent}")
                stream = uuid5(command, "stream")
                places = [(stream, 1), (stream, 2)]
            else:
                command = uuid4()
                stream, places = await self.choose(own)
            self.diary.tried(command, stream, places)
            await self.insist(command, stream, places)
            if self.chance.random() < 0.1:
                await self.insist(command, stream, places)  # a client that is not sure asks again
            await asyncio.sleep(self.job.pause)

    async def choose(self, own: UUID) -> tuple[UUID, list[tuple[UUID, int]]]:
        """One or two streams, one to three events in each; their versions as this process knows them."""
        kind = self.chance.random()
        streams = [own] if kind < 0.4 else [self.chance.choice(self.shared)]
        if kind > 0.7:
            streams.append(own)
        places: list[tuple[UUID, int]] = []
        for stream in streams:
            if stream not in self.versions:
                self.versions[stream] = await self.version(stream)
            places += [(stream, self.versions[stream] + n) for n in range(1, self.chance.choice([2, 2, 3, 4]))]
        return streams[0], places

    async def version(self, stream: UUID) -> int:
        while True:
            try:
                events = await self.log.stream(stream, self.versions.get(stream, 0))
                return events[-1].version if events else self.versions.get(stream, 0)
            except Exception as error:
                if not lost(error):
                    raise
                await asyncio.sleep(0.05)

    async def insist(self, command: UUID, stream: UUID, places: list[tuple[UUID, int]]) -> None:
        """Until the command has an answer: what a client does that was told Busy or Unavailable."""
        append = Append(command, stream, written(command, places))
        while True:
            if self.job.forgetful:
                append = await self.anew(append)
            try:
                answer = await self.asked(append)
            except Conflict as refused:
                self.diary.note(Declined(command, refused.code))
                for each, _ in places:
                    self.versions[each] = await self.version(each)
                return
            except TimeoutError:
                self.diary.note(Troubled(command, "LEFT"))
            except (Busy, Unavailable) as refused:
                self.diary.note(Troubled(command, refused.code))
                await asyncio.sleep(self.chance.uniform(0.005, 0.05))
            else:
                self.diary.answered(command, answer)
                for each, version in places:
                    self.versions[each] = max(version, self.versions.get(each, 0))
                return

    async def asked(self, append: Append) -> Answer:
        async with asyncio.timeout(self.chance.uniform(0, 0.02) if self.job.impatient else None):
            return await self.log.append(append)

    async def anew(self, append: Append) -> Append:
        """The same events at the end of their streams as they are now, under another command id."""
        places: list[tuple[UUID, int]] = []
        for stream in {event.stream: None for event in append.events}:
            reached = self.versions[stream] = await self.version(stream)
            count = sum(event.stream == stream for event in append.events)
            places += [(stream, reached + n) for n in range(1, count + 1)]
        events = zip(append.events, places, strict=True)
        return append._replace(
            command=uuid4(), events=tuple(event._replace(version=version) for event, (_, version) in events)
        )


async def follow(log: Log, diary: Diary, after: int) -> None:
    async with aclosing(log.follow(after)) as pages:
        async for page in pages:
            diary.saw(page)


async def lead(log: Log, diary: Diary) -> None:
    side = ReadSide(log, decode, LEDGERS)
    running = asyncio.create_task(side.run())
    led = False
    while not running.done():
        if side.leading != led:
            diary.note((Led if side.leading else StoodBack)(time.monotonic()))
        led = side.leading
        await asyncio.sleep(0.02)
    await running


async def opened(job: Job) -> Log:
    while True:
        try:
            log = await Log.open(job.dsn, pool=3, queue=job.queue, deadline=job.deadline, patience=job.patience)
            break
        except Exception as error:
            if not lost(error):
                raise
            await asyncio.sleep(0.05)
    return log


async def work(job: Job) -> None:
    if job.trusting:
        lease.SILENT = 3600.0
    if job.hasty:
        connecting.SESSION["synchronous_commit"] = "off"
    before = read(Path(job.diary))
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=told_to_stop, args=(loop, stopping), daemon=True).start()
    log = await opened(job)
    diary = Diary(Path(job.diary))
    tasks: list[asyncio.Task[None]] = []
    if job.follow:
        saw = seen(before)
        tasks.append(asyncio.create_task(follow(log, diary, saw[-1][0] if saw else 0)))
    if job.readside:
        tasks.append(asyncio.create_task(lead(log, diary)))
    print("ready", flush=True)
    await Clients(job, log, stopping).run(History.of(before).open)
    print("done", flush=True)
    waiting = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if waiting not in done:
        raise AssertionError(f"a follower or the read side ended by itself: {[task.exception() for task in done]}")
    # The process ends here and now: whoever reads the diary waits for what it wants to see in it.
    os._exit(0)


def told_to_stop(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(stopping.set)
    time.sleep(60)
    os._exit(1)  # nobody is left to wait for answers that do not come


if __name__ == "__main__":
    uvloop.run(work(msgspec.json.decode(sys.argv[1], type=Job)))
