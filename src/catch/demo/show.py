"""`catch demo`: a place of its own, a year in it, a real server on it, and the next meeting played."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median

import uvloop
from msgspec.structs import replace
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from catch.app import opened
from catch.database import connect
from catch.database.server import SAFE, Server, ephemeral, server
from catch.demo.client import Client
from catch.demo.meeting import Outcome, play
from catch.demo.people import AUDITOR, AUDITORS, CHAIR, LEAD_AGENCY
from catch.demo.screen import HEAD
from catch.demo.year import Year, load_year
from catch.domain.calendar import london_day
from catch.domain.facts import Role
from catch.identity.tokens import DevelopmentIssuer
from catch.log import migrate
from catch.log.clock import Clock
from catch.log.invented import NOTICE, mark_invented
from catch.settings import BadSetting, Settings
from catch.web.serving import until_told_to_stop

SCHEMA = "catch_demo"
console = Console(highlight=False, soft_wrap=True)


def demonstrate(*, once: bool, keep: Path | None = None, anew: bool = False) -> None:
    """`keep`: a folder for the place, which stays; raises `BadSetting` where there is something in it. `anew`: where
    that is an earlier demonstration, it goes.
    """
    settings = Settings.read()
    if keep is not None:
        there = empty(keep, anew=anew)
        settings = replace(settings, data_dir=there, database_url=None, owner_url=None, kek_file=None)
    with place_folder(keep) as folder, own_place(settings, kept=keep is not None) as running:
        schema = settings.schema if settings.database_url is None else SCHEMA
        own = replace(settings, data_dir=folder, schema=schema, database_url=running.app, owner_url=running.admin)
        uvloop.run(shown(running, own, once=once, fresh=settings.database_url is not None, kept=keep))


def empty(folder: Path, *, anew: bool = False) -> Path:
    """The folder as a place may be made in it. A year is loaded once: on top of another one it would not be a year.

    With `anew` an earlier demonstration in it is removed: one that says so in its own file, and on which nothing runs.
    """
    there = folder.expanduser().resolve()
    if anew and (there / MARK).is_file():
        if (there / "postgres" / "data" / "postmaster.pid").exists():
            raise BadSetting(f"--keep: a server runs on {there}: stop it first, or name another folder")
        shutil.rmtree(there)
    if there.exists() and any(there.iterdir()):
        raise BadSetting(
            f"--keep: there is something in {there}: name another folder. {COME_BACK.format(folder=there)}"
        )
    return there


COME_BACK = "To come back to a place that was kept: CATCH_DATA_DIR={folder} catch serve --development"
MARK = "demonstration"
"""A file of a folder that holds an invented place of ours, and nothing else."""


@contextmanager
def place_folder(keep: Path | None) -> Generator[Path]:
    if keep is not None:
        # The folder itself is the server's to make: it runs as another user where this is root.
        yield keep.expanduser().resolve()
        return
    with tempfile.TemporaryDirectory(prefix="catch-demo-") as folder:
        yield Path(folder)


def afterwards(kept: Path | None, *, fresh: bool) -> str:
    """What becomes of the place when the demonstration ends."""
    if kept is not None:
        return f"Ctrl-C ends the server; the place stays in {kept.resolve()}. {COME_BACK.format(folder=kept.resolve())}"
    what = (
        f"the schema {SCHEMA} stays, but no name in it can be read any more: its key goes"
        if fresh
        else "all of it goes"
    )
    return f"Ctrl-C ends it, and {what}. To keep a place and come back to it: catch demo --keep FOLDER"


@contextmanager
def own_place(settings: Settings, *, kept: bool) -> Generator[Server]:
    """A server that is gone afterwards, or the operator's, on which the demonstration has a schema of its own."""
    if settings.database_url is None and not kept:
        # As a real one would run: what is measured includes waiting for the disk.
        with ephemeral(options=SAFE) as running:
            yield running
    else:
        with server(settings) as running:
            yield running


async def shown(running: Server, settings: Settings, *, once: bool, fresh: bool, kept: Path | None) -> None:
    if fresh:
        await make_room(running)
    year, clock = await loaded(running, settings)
    if kept is not None:
        (settings.data_dir / MARK).touch()
    async with serving(settings) as (url, process):
        if not once:
            await shown_in_a_browser(url, year)
        outcome = await played(settings, url, year, clock)
        console.print(f"server memory {memory(process.pid):.0f} MB")
        if not once:
            print(outcome.last_line)
            invite(settings, url, year, clock)
            print(afterwards(kept, fresh=fresh), flush=True)
            await stopped(process)
    if once:
        print(outcome.last_line)


async def shown_in_a_browser(url: str, year: Year) -> None:
    """Where to run the meeting oneself. At a terminal it is played here once Enter is pressed; elsewhere at once."""
    address = url.removesuffix("/graphql")
    console.print(f"\n[bold]{address}[/]  sign in as {CHAIR} at {LEAD_AGENCY}, and the meeting is about to begin:")
    console.print(f"  {address}/meetings/{year.meeting}\n")
    if sys.stdin.isatty() and console.is_terminal:
        console.print("Run it there, or press Enter to have it played here, by eight at once. Ctrl-C ends.")
        await asyncio.to_thread(sys.stdin.readline)


async def stopped(process: "subprocess.Popen[str]") -> None:
    """Returns on Ctrl-C, or when the server has ended by itself."""
    told = asyncio.create_task(until_told_to_stop())
    while process.poll() is None and not told.done():
        await asyncio.wait([told], timeout=0.5)
    told.cancel()
    await asyncio.wait([told])


async def make_room(running: Server, schema: str = SCHEMA) -> None:
    """What an earlier demonstration left in the schema goes; the program's role may use the new one."""
    console.print(f"using the schema {schema} on the database of CATCH_DATABASE_URL, made anew")
    connection = await connect(running.admin)
    try:
        await connection.execute(f"drop schema if exists {schema}, {schema}_read cascade")
        await migrate(running.admin, schema)
        user = (await connect_user(running)).replace('"', '""')
        await connection.execute(f'grant {schema}_app to "{user}"')
    finally:
        await connection.close()


async def connect_user(running: Server) -> str:
    connection = await connect(running.app)
    try:
        return await connection.fetchval("select current_user")
    finally:
        await connection.close()


async def loaded(running: Server, settings: Settings) -> tuple[Year, Clock]:
    """And what the place calls the time."""
    columns = (TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    began = time.monotonic()
    async with opened(running, settings) as catch:
        # Before its first fact: nothing that is told here may ever be taken for real.
        await mark_invented(running.admin, settings.schema)
        console.print(f"[bold yellow]{NOTICE}[/]")
        with Progress(*columns, console=console) as progress:
            weeks = progress.add_task("a year of the programme", total=None)
            year = await load_year(
                catch,
                london_day(catch.log.clock.now()),
                lambda done, of, what: progress.update(weeks, completed=done, total=of, description=what),
            )
        events = await catch.log.pool.fetchval("select count(*) from stored_events")
    console.print(
        f"{events:,} events in {time.monotonic() - began:.1f} s: {year.referrals} referrals through the import, "
        f"{year.cases} cases ({year.open_cases} open), {year.meetings} meetings, {year.partners} partners"
    )
    return year, catch.log.clock


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[tuple[str, "subprocess.Popen[str]"]]:
    """`catch serve` as a process of its own, which ends when we do, in whatever way we do."""
    # None of the operator's settings but those: the demonstration must not touch what they name.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CATCH_")}
    environment |= {
        "CATCH_DATA_DIR": str(settings.data_dir),
        "CATCH_DATABASE_URL": settings.database_url or "",
        "CATCH_OWNER_URL": settings.owner_url or "",
        "CATCH_SCHEMA": settings.schema,
    }
    environment |= {"CATCH_KEK_FILE": str(settings.kek_file)} if settings.kek_file else {}
    port = os.environ.get("CATCH_PORT", "0")
    # A real server with a leash: however this program ends, its server ends with it.
    command = [sys.executable, "-m", "catch", "serve", "--development", "--leash", "--port", port]
    with (settings.data_dir / "server.log").open("w") as log:
        process = subprocess.Popen(  # noqa: ASYNC220, S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        said = await asyncio.to_thread(process.stdout.readline)
        if not said.startswith("listening on "):
            tail = (settings.data_dir / "server.log").read_text().splitlines()[-5:]
            raise OSError("the server did not start:\n" + "\n".join(tail))
        yield said.removeprefix("listening on ").split()[0], process
    finally:
        process.stdin.close()
        process.terminate()
        await asyncio.to_thread(process.wait)
        process.stdout.close()


def memory(pid: int) -> float:
    """The process's memory, in MB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return float("nan")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


async def played(settings: Settings, url: str, year: Year, clock: Clock) -> Outcome:
    issuer = DevelopmentIssuer(settings.data_dir, clock=clock.time)

    def token(role: Role, agency: str, user: str) -> str:
        return issuer.issue(role=role, agency=agency, user=user)

    socket = url.replace("http://", "ws://")
    console.print(f"the meeting of {year.starts_at:%A %d %B}, eight participants on {socket}")
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
            outcome = await play(socket, year, token, Terminal(live).show, pause=0.15)
    else:
        outcome = await play(socket, year, token, plainly, pause=0.0)
    times = outcome.times
    console.print(f"the recused member's screen: {outcome.recused}")
    console.print(
        f"{len(times)} commands, each until drawn on the screens that are told: median {median(times) * 1000:.1f} ms, "
        f"99th percentile {times[min(len(times) - 1, int(len(times) * 0.99))] * 1000:.1f} ms, "
        f"max {times[-1] * 1000:.1f} ms ({outcome.slowest})"
    )
    return outcome


class Terminal:
    """The chair's screen, drawn where it stands, with the last events and how long each screen took."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def show(self, clients: Sequence[Client], what: str) -> None:
        screen = clients[0].screen
        room = max(8, console.size.height - 9)
        lines = screen.lines
        current = next((n for n, line in enumerate(lines) if line.startswith(" >")), 0)
        # Who is there, and what the signs mean, stay at the top.
        head, lines = lines[:HEAD], lines[HEAD:]
        current, room = max(0, current - HEAD), room - HEAD
        # The open item stays in the middle, where the terminal is smaller than the agenda.
        first = max(0, min(current - room // 2, len(lines) - room))
        body = Text("\n".join(head + lines[first : first + room]), no_wrap=True, overflow="ellipsis")
        took = "  ".join(f"{client.agency} {took_ms(client):.0f}" for client in clients)
        events = "\n".join(screen.events[-3:])
        foot = Text(f"\n{what}\n{events}\nms to each screen: {took}", style="dim", no_wrap=True, overflow="ellipsis")
        self.live.update(Group(Text(NOTICE, style="bold yellow"), body, foot), refresh=True)


def took_ms(client: Client) -> float:
    return client.screen.latencies[-1] * 1000 if client.screen.latencies else 0.0


def plainly(clients: Sequence[Client], what: str) -> None:
    current = next((line for line in clients[0].screen.lines if line.startswith(" >")), "").strip()
    console.print(f"  {what:<48} {max(map(took_ms, clients)):6.1f} ms  {current}".rstrip(), soft_wrap=True)


def invite(settings: Settings, url: str, year: Year, clock: Clock) -> None:
    """How to connect: a token for each role, a query, and where the subscriptions are."""
    issuer = DevelopmentIssuer(settings.data_dir, clock=clock.time)
    agency, user = next(iter(year.agencies.items()))
    query = (
        f'{{ meeting(id: \\"{year.meeting}\\") {{ state agenda {{ items {{ order number state explanation }} }} }} }}'
    )
    console.print(f"\n[bold yellow]{NOTICE}[/]")
    console.print(f"The server is up until Ctrl-C: {url}  (websocket: {url.replace('http', 'ws', 1)})\n")
    for role, key, name in (
        (Role.CHAIR, LEAD_AGENCY, CHAIR),
        (Role.COORDINATOR, LEAD_AGENCY, year.coordinator),
        (Role.PARTNER, agency, user),
        (Role.AUDITOR, AUDITORS, AUDITOR),
    ):
        print(f"{role.name}={issuer.issue(role=role, agency=key, user=name)}")
    print(f"""
curl {url} -H "Authorization: Bearer $COORDINATOR" -H "Content-Type: application/json" \\
  -d '{{"query": "{query}"}}'

Subscriptions: any graphql-transport-ws client, with connection_init {{"authorization": "Bearer TOKEN"}} and
  subscription {{ meeting(id: "{year.meeting}") {{ ... on MeetingUpdate {{ position event }} }} }}
More tokens: CATCH_DATA_DIR={settings.data_dir} catch token --role partner --agency housing-02
""")
