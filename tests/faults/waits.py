"""What hangs and what is waited for: a database that falls silent, a full disk, an end and a start that are held up.

Each is measured against what is promised, less what this machine itself was held up by meanwhile.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import httpx
from msgspec import Struct, field

from catch.database import connect
from catch.database.server import SAFE, Server
from catch.log import wake
from tests.faults.cluster import cluster
from tests.faults.disk import FULL, administer
from tests.faults.place import database
from tests.faults.real import Serving, Told, client, serving
from tests.faults.scenarios import Progress, silent
from tests.holes import Hole, Way, hole
from tests.place import Place, placed
from tests.test_api_outage import READ, noted

ANSWERED, READY, BACK, STOPPED = 3.0, 2.0, 2.0, 30.0
"""Seconds that are promised."""
TOLD = 12.0
"""Seconds until a command is refused that cannot be recorded, or taken again."""
ASKED = 24
"""Queries of a round, at moments of chance from when the database fell silent."""


class Waits(Struct):
    """How long each kind of thing took, in seconds, and what was not as it should be."""

    rounds: int = 0
    took: dict[str, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = ", ".join(f"{what}: {len(each)}, at the most {max(each):.2f} s" for what, each in self.took.items())
        return f"{self.rounds} faults; {told}; {len(self.problems)} problems"

    def note(self, what: str, seconds: float, most: float) -> None:
        self.took.setdefault(what, []).append(seconds)
        if seconds > most:
            self.problems.append(f"{what}: {seconds:.2f} s, more than {most:.1f} s")

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.problems.append(otherwise)


class Lag:
    """What this process was held up by: the most that a sleep of a moment took too long, in a while."""

    LOOK = 0.02

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []

    async def watch(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(self.LOOK)
            self._late.append((began, time.monotonic() - began - self.LOOK))

    def since(self, moment: float) -> float:
        return sum(late for began, late in self._late if began >= moment - 1 and late > self.LOOK)


@asynccontextmanager
async def watched() -> AsyncGenerator[Lag]:
    lag = Lag()
    watching = asyncio.create_task(lag.watch())
    try:
        yield lag
    finally:
        watching.cancel()


@contextmanager
def deaf() -> Generator[None]:
    """For a control: a server that takes a long time to notice that the database is silent."""
    before, wake.UNANSWERED = wake.UNANSWERED, 60.0
    try:
        yield
    finally:
        wake.UNANSWERED = before


async def asked(place: Place, case: str) -> str:
    """What a query is answered with: OK, or a code."""
    answer = await again(lambda: place.post({"query": READ, "variables": {"case": case}}))
    body = answer.json()
    return body["errors"][0]["extensions"]["code"] if "errors" in body else "OK"


async def ready(place: Place) -> str:
    return "OK" if (await again(lambda: place.http.get("/health/ready"))).status_code == 200 else "NO"


async def again(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """A kept connection may be closed in the moment in which it is used again: any client then asks once more."""
    try:
        return await ask()
    except httpx.RemoteProtocolError:
        return await ask()


async def until(look: Callable[[], Awaitable[str]], said: str = "OK") -> None:
    while await look() != said:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def fallen_silent(folder: Path, rounds: int, told: Progress = silent) -> Waits:
    """Whenever a query comes after the database fell silent, and however few connections there are."""
    with cluster(SAFE) as postgres:
        async with database(postgres.addresses) as server, hole(server.app) as way:
            return await silences(folder, server.admin, way.dsn, Cutting(way), rounds, told)


class Cutting:
    """How the wire to the database is cut and mended."""

    def __init__(self, way: Hole) -> None:
        self._way = way

    def cut(self) -> None:
        self._way.leads(Way.NOWHERE)

    def mend(self) -> None:
        self._way.leads(Way.THROUGH)


async def silences(
    folder: Path, admin: str, app: str, wire: Cutting, rounds: int, told: Progress = silent, within: float = 45
) -> Waits:
    found, chance = Waits(rounds), Random(rounds)
    async with placed(admin, app, folder) as place, watched() as lag:
        case = str((await place.worked_on("Ada Quillbrook")).case)
        await place.settled()

        async def one(after: float) -> None:
            await asyncio.sleep(after)
            began = time.monotonic()
            look, what, most = (ready, "ready?", READY) if chance.random() < 0.2 else (None, "a query", ANSWERED)
            try:
                async with asyncio.timeout(within):
                    said = await (look(place) if look else asked(place, case))
            except TimeoutError:
                said = "NOTHING"
            found.note(what, time.monotonic() - began, most + lag.since(began))
            # What is at hand is good for a second.
            allowed = ("UNAVAILABLE", "NO", "OK") if after < 1.2 else ("UNAVAILABLE", "NO")
            found.expect(said in allowed, f"{what} {after:.1f} s after was answered with {said}")

        for done in range(1, rounds + 1):
            await asyncio.sleep(chance.random() / 2)
            if done % 2 == 0:
                # As after a quiet hour: whoever asks needs a connection that has still to be made.
                place.catch.log.database.hang_up()
            wire.cut()
            await asyncio.gather(*(one(chance.uniform(0, 3.5)) for _ in range(ASKED)))
            wire.mend()
            began = time.monotonic()
            async with asyncio.timeout(within):
                await until(lambda: asked(place, case))
                found.note("back", time.monotonic() - began, BACK + lag.since(began))
                await until(lambda: ready(place))
            told(done)
    return found


async def disk_full(folder: Path, rounds: int, told: Progress = silent, *, full: str = FULL) -> Waits:
    """Nothing can be recorded: what is known is read on, and readiness says so, before, meanwhile and afterwards."""
    found = Waits(rounds)
    with cluster(SAFE) as postgres:
        async with database(postgres.addresses) as server, placed(server.admin, server.app, folder) as place:
            case = str((await place.worked_on("Ada Quillbrook")).case)
            await place.settled()
            for done in range(1, rounds + 1):
                await writes(place, case, found, "yes")
                await administer(server, full)
                await writes(place, case, found, "no")
                await administer(server, "drop function if exists catch.full() cascade")
                told(done)
            await writes(place, case, found, "yes")
    return found


async def writes(place: Place, case: str, found: Waits, said: str) -> None:
    """A command is taken, or not, as `said`; and queries and readiness are answered in any case."""
    wanted = {"yes": None, "no": "UNAVAILABLE"}[said]

    async def command() -> str:
        answer = await noted(place, case=case, note=str(uuid4()), c=str(uuid4()))
        return str(answer.get("code"))

    began = time.monotonic()
    with suppress(TimeoutError):
        async with asyncio.timeout(TOLD):
            await until(command, str(wanted))
    found.note(f"told that it records: {said}", time.monotonic() - began, TOLD - 1)
    answer = await place.http.get("/health/ready")
    found.expect(
        (answer.status_code, answer.json().get("writing")) == (200, said),
        f"readiness, recording {said}: {answer.status_code} {answer.text}",
    )
    found.expect(await asked(place, case) == "OK", f"a query, recording {said}, is not answered")


async def stopped(folder: Path, rounds: int, told: Progress = silent, *, frozen: bool = False) -> Waits:
    """`catch serve` told to stop while its database is silent and somebody waits for an answer. For a control:
    `frozen`, so that it cannot end at all."""
    found = Waits(rounds)
    with cluster(SAFE) as postgres:
        async with database(postgres.addresses) as server, hole(server.app) as way:
            for done in range(1, rounds + 1):
                async with serving(Server(server.admin, way.dsn), folder) as served:
                    if done == 1:
                        await served.enrol()
                    asking, stopping = dict[UUID, Told](), asyncio.Event()
                    waiting = [asyncio.create_task(client(served, asking, stopping)) for _ in range(4)]
                    while not asking:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                    way.leads(Way.NOWHERE)
                    if frozen and served.process is not None:
                        served.process.send_signal(signal.SIGSTOP)
                    await ended(served, found, "with a silent database", 2 if frozen else STOPPED)
                    for each in waiting:
                        each.cancel()
                    await asyncio.gather(*waiting, return_exceptions=True)
                    way.leads(Way.THROUGH)
                told(done)
    return found


async def ended(served: Serving, found: Waits, how: str, within: float = STOPPED) -> None:
    assert served.process is not None
    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(within + 10):
            await served.process.wait()
    except TimeoutError:
        found.problems.append(f"told to stop {how}, it did not end")
        return
    found.note(f"told to stop {how}", time.monotonic() - began, within)


HOLD = "lock table catch.schema_migrations in access exclusive mode"


async def migrated_late(folder: Path, rounds: int, told: Progress = silent, *, held: bool = True) -> Waits:
    """`catch migrate` while somebody has what it needs: it waits as long as it takes, and says who it is."""
    found = Waits(rounds)
    with cluster(SAFE) as postgres:
        for done in range(1, rounds + 1):
            async with database(postgres.addresses) as server:
                holding = await connect(server.admin)
                async with holding.transaction():
                    if held:
                        await holding.execute(HOLD)
                    said = await migrating(server, folder, found)
                    pid = await holding.fetchval("select pg_backend_pid()")
                    # Longer than any statement of the program's may take otherwise would be too long here.
                    found.expect(await said.until(f"process {pid} of the database has"), "who holds it up is not told")
                began = time.monotonic()
                status = await said.ended()
                found.note("migrated once it could", time.monotonic() - began, 20)
                found.expect(status == 0, f"it ended with {status}")
                await holding.close()
            told(done)
    return found


class Said:
    """A program that runs, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._text = ""

    async def until(self, words: str, within: float = 60) -> bool:
        assert self._process.stderr is not None
        try:
            async with asyncio.timeout(within):
                while words not in self._text:
                    if not (line := await self._process.stderr.readline()):
                        return False
                    self._text += line.decode()
        except TimeoutError:
            return False
        return True

    async def ended(self, within: float = 30) -> int:
        async with asyncio.timeout(within):
            return await self._process.wait()


async def migrating(server: Server, folder: Path, found: Waits) -> Said:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "catch", "migrate",
        env=Serving(server, folder).environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    return Said(process)
