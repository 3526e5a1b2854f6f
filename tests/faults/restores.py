"""A place with an archive, restored to moments of its past: it answers as the first one answers of that moment.

As deploy/README.md has it: base backup, WAL archive, `recovery_target_time`. The first place runs on, and is asked
`asAt` the position to which the restored one came; that this is the right position, its commit times say.
"""

import asyncio
import random
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from msgspec import Struct

from catch.app import opened
from catch.database import connect
from catch.database.server import SAFE, Server
from catch.database.unprivileged import run
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.log import Log, Stored
from catch.settings import Settings
from catch.web.serving import serving
from tests.faults.cluster import Cluster, cluster
from tests.faults.nodes import whole_log
from tests.faults.place import database
from tests.faults.scenarios import Progress, silent
from tests.place import CHAIR, COORDINATOR, HOUSING, Place

ARCHIVING = (
    *SAFE,
    "archive_mode=on",
    "archive_command=mkdir -p ../archive && test ! -f ../archive/%f && cp %p ../archive/%f",
    "track_commit_timestamp=on",
)
CASE = """query($id: UUID!, $at: AsAt) { case(id: $id, asAt: $at) {
    number state person { name address } referral { reason needs } notes { text category }
    disclosures { agency categories } involvements { agency } actions { title owner } redactions { path reason } } }"""
MEETING = """query($id: UUID!, $at: AsAt) { meeting(id: $id, asAt: $at) {
    state chair { user } agenda { items { id number explanation redactions { path reason } } } } }"""
ASKED = {"case": (CASE, (COORDINATOR,)), "meeting": (MEETING, (COORDINATOR, CHAIR))}
"""By those whose rights are the same from the beginning: of the past everybody is shown what they may see now."""
UPTO = "select coalesce(max(notification_id), 0) from catch.stored_events where pg_xact_commit_timestamp(xmin) <= $1"
PROMOTED = "select not pg_is_in_recovery()"


class Restores(Struct, frozen=True):
    restores: int
    answers: int
    problems: list[str]

    def __str__(self) -> str:
        return f"{self.restores} restores: {self.answers} answers compared, {len(self.problems)} problems"


class Past(Struct):
    """What there is to be asked for: ids by the name of their query, and moments of the database's clock."""

    ids: list[tuple[str, UUID]]
    moments: list[datetime]


async def lived(place: Place, admin: str, moments: int, chance: random.Random) -> Past:
    """Cases are referred, worked on and met about while moments pass, in the middle of whatever is being recorded."""
    past = Past([], [])
    stopping, numbers = asyncio.Event(), count()

    async def work() -> None:
        while not stopping.is_set():
            number = next(numbers)
            case = await place.worked_on(f"Ivo Example {number}", HOUSING.agency)
            past.ids.append(("case", case.case))
            await place.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed(f"Note {number}.")))
            if number % 4 == 0:
                # A series meets once a day.
                starts = datetime.now(UTC) + timedelta(days=number + 1)
                past.ids.append(("meeting", (await place.published(HOUSING.agency, starts_at=starts)).meeting))

    connection = await connect(admin)
    async with asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(work()) for _ in range(2)]
        while len(past.moments) < moments:
            await asyncio.sleep(chance.uniform(0.2, 0.8))
            past.moments.append(await connection.fetchval("select clock_timestamp()"))
        stopping.set()
        await asyncio.wait(working)
    # A moment is reached when something later is found in the archive.
    await place.worked_on("Later Example")
    name = await connection.fetchval("select pg_walfile_name(pg_switch_wal())")
    async with asyncio.timeout(30):
        while (await connection.fetchval("select last_archived_wal from pg_stat_archiver") or "") < name:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await connection.close()
    return past


def backed_up(primary: Cluster) -> None:
    into = primary.home / "base"
    run([primary.bin / "pg_basebackup", "-h", primary.home, "-U", "postgres", "-D", into, "-c", "fast"], primary.owner)


def to_moment(primary: Cluster, moment: datetime) -> Callable[[Cluster], None]:
    def fill(made: Cluster) -> None:
        data = made.home / "data"
        run(["cp", "-a", primary.home / "base", data], made.owner)
        with (data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"restore_command = 'cp {primary.home}/archive/%f %p'\n")
            settings.write(f"recovery_target_time = '{moment.isoformat()}'\n")
            settings.write("recovery_target_action = 'promote'\n")
        run(["touch", data / "recovery.signal"], made.owner)

    return fill


@asynccontextmanager
async def served(server: Server, folder: Path) -> AsyncGenerator[Place]:
    """As it is: nothing is set up."""
    async with (
        opened(server, Settings(data_dir=folder)) as catch,
        serving(catch, 0, development=True) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        yield Place(catch, port, http)


@asynccontextmanager
async def restored(primary: Cluster, like: Server, moment: datetime) -> AsyncGenerator[Server]:
    """A second PostgreSQL, as the first one was at the moment, with the same database in it."""
    with cluster((*SAFE, "track_commit_timestamp=on"), restored=to_moment(primary, moment)) as second:
        here = Server(beside(like.admin, primary, second), beside(like.app, primary, second))
        connection = await connect(here.admin)
        async with asyncio.timeout(60):
            while not await connection.fetchval(PROMOTED):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await connection.close()
        yield here


def beside(dsn: str, first: Cluster, second: Cluster) -> str:
    return dsn.replace(first.home.name, second.home.name)


async def restored_to_moments(folder: Path, times: int, told: Progress = silent, *, off: bool = False) -> Restores:
    """`off`, as a control: what is compared with is another moment."""
    chance, problems, answers = random.Random(times), list[str](), 0
    with cluster(ARCHIVING) as primary:
        async with database(primary.addresses) as server, served(server, folder / "first") as first:
            await first.set_up()
            await asyncio.to_thread(backed_up, primary)
            past = await lived(first, server.admin, times + off, chance)
            events = await whole_log(first.catch.log)
            for done, moment in enumerate(past.moments[:times], start=1):
                into = folder / f"restored-{done}"
                shutil.copytree(folder / "first", into)  # the key, without which nothing can be read
                expected = await upto(server.admin, past.moments[done] if off else moment)
                async with restored(primary, server, moment) as second:
                    problems += await differing(second, events, expected)
                    async with served(second, into) as there:
                        found, wrong = await answered(first, there, past, expected, chance)
                        answers, problems = answers + found, problems + wrong
                told(done)
    return Restores(times, answers, problems)


async def upto(admin: str, moment: datetime) -> int:
    """The position of the last fact that was committed by then."""
    connection = await connect(admin)
    position: int = await connection.fetchval(UPTO, moment)
    await connection.close()
    return position


async def differing(second: Server, events: Sequence[Stored], expected: int) -> list[str]:
    """The log is that of the first one up to the moment, byte for byte, and nothing else."""
    log = await Log.open(second.app)
    found = await whole_log(log)
    await log.close()
    ours = [event for event in events if event.position <= expected]
    if found == ours:
        return []
    return [f"restored to {found[-1].position if found else 0} with {len(found)} facts, not to {expected}, {len(ours)}"]


async def answered(
    first: Place, second: Place, past: Past, position: int, chance: random.Random, most: int = 30
) -> tuple[int, list[str]]:
    """How many answers with something in them were compared; and which are not those of the first, of that position."""
    problems: list[str] = []
    compared = 0
    for name, id_ in chance.sample(past.ids, min(most, len(past.ids))):
        query, askers = ASKED[name]
        for by in askers:
            then: Any = await first.answer(query, by, id=str(id_), at={"position": str(position)})
            now: Any = await second.answer(query, by, id=str(id_))
            compared += then["data"][name] is not None
            if then != now:
                problems.append(f"{name} {id_} for {by.user}: {now} there, {then} of position {position} here")
    return compared, problems
