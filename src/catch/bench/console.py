"""What the console's pages cost over the demonstration's year, and how soon an event stands on all of 16 screens.

The server runs in a process of its own, as `catch serve` does; everybody who asks it is in this one. Pages are asked
over HTTP by people who are signed in. A screen does what a page's script does: it follows the meeting, and when it is
told of something asks for the page's content anew; what it then costs a browser to put it in place is not in the
figures. First load: the start page, the style sheets and the scripts, packed by gzip.
"""

import asyncio
import gzip
import re
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from catch.app import opened
from catch.bench.appends import percentile
from catch.bench.node import Node, cpu_seconds, node
from catch.bench.shape import table
from catch.database.server import SAFE, ephemeral
from catch.demo.people import AUDITOR, AUDITORS, CHAIR, LEAD_AGENCY, STANDING, WORKERS
from catch.demo.year import PROGRAMME, Year, load_year
from catch.domain.calendar import london_day
from catch.settings import Settings
from catch.web.console.assets import Asset, assets

SCREENS = 16


class Size(Struct, frozen=True):
    times: int = 40
    events: int = 60


QUICK = Size(times=2, events=2)


class Cost(Struct):
    """A page, as somebody asks for it: milliseconds over HTTP, and its bytes."""

    median_ms: float
    p95_ms: float
    bytes: int
    packed_bytes: int


class FirstLoad(Struct):
    """Bytes, packed."""

    page: int
    styles: int
    scripts: int

    @property
    def all(self) -> int:
        return self.page + self.styles + self.scripts


class Drawn(Struct):
    """From sending a command until every screen has what it changed."""

    screens: int
    events: int
    p50_ms: float
    p99_ms: float
    server_ms: float
    """That the server's process ran for an event: what else the machine does bears least on this."""


class Figures(Struct):
    pages: dict[str, Cost]
    first_load: FirstLoad
    session_us: float
    """To open a session's cookie and ask whether it has ended: what being signed in adds to a request."""
    drawn: Drawn


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, http: httpx.AsyncClient, port: int) -> None:
        self.http = http
        self.port = port

    async def page(self, address: str, **headers: str) -> bytes:
        answer = await self.http.get(address, headers=headers)
        assert answer.status_code == 200, (address, answer.status_code)
        return answer.content

    async def act(self, command: str, **fields: str) -> int:
        """Sends a form; the position of what was recorded."""
        key = re.search(rb'name="form-key" value="(\w+)"', await self.page("/"))
        assert key is not None
        form = {"form-key": key[1].decode(), "command-id": str(uuid4()), "next": "/", **fields}
        return await self.post(f"/do/{command}", form)

    async def post(self, address: str, form: dict[str, str]) -> int:
        answer = await self.http.post(address, data=form)
        assert answer.status_code == 303, (address, answer.status_code, answer.text[:2000])
        found = re.search(r"[?&]at=(\d+)", answer.headers["location"])
        return int(found[1]) if found else 0


@asynccontextmanager
async def signed_in(port: int, user: str, agency: str, role: str = "") -> AsyncGenerator[Person]:
    headers = {"accept": "text/html"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as http:
        answer = await http.post("/sign-in", data={"who": f"{user} {agency} {role}"})
        assert answer.status_code == 303, (user, agency, answer.status_code)
        yield Person(http, port)


class Screen:
    """Follows a meeting as its page's script does. `holds` is the position that it shows."""

    def __init__(self, person: Person, address: str) -> None:
        self.person = person
        self.address = address
        self.holds = 0
        self.told = 0
        self.renewed = asyncio.Event()
        self.drawn = asyncio.Condition()

    async def follow(self, socket: ClientConnection) -> None:
        """Until cancelled."""
        renewing = asyncio.create_task(self._renew())
        try:
            async for text in socket:
                message = msgspec.json.decode(text)
                if message["type"] == "ping":
                    await socket.send('{"type":"pong"}')
                elif message["type"] == "next":
                    held = next(iter(message["payload"]["data"].values()))
                    self.told = max(self.told, int(held["position"]))
                    self.renewed.set()
        finally:
            renewing.cancel()

    async def _renew(self) -> None:
        while True:
            await self.renewed.wait()
            self.renewed.clear()
            wanted = self.told
            await self.person.page(f"{self.address}?at={wanted}", **{"x-fragments": "1"})
            async with self.drawn:
                self.holds = wanted
                self.drawn.notify_all()

    async def reached(self, position: int) -> None:
        async with self.drawn:
            await self.drawn.wait_for(lambda: self.holds >= position)


async def costs(person: Person, address: str, times: int) -> Cost:
    taken: list[float] = []
    body = await person.page(address)
    for _ in range(times):
        began = perf_counter()
        body = await person.page(address)
        taken.append(perf_counter() - began)
    return Cost(median(taken) * 1000, percentile(taken, 0.95), len(body), len(gzip.compress(body, 9)))


def first_load(page: Cost, held: dict[str, Asset]) -> FirstLoad:
    def packed(suffix: str) -> int:
        return sum(len(each.packed) for name, each in held.items() if name.endswith(suffix))

    return FirstLoad(page.packed_bytes, packed(".css"), packed(".js"))


def addresses(year: Year, case: UUID) -> Iterable[tuple[str, str, str, str]]:
    """Pages as those who use them ask for them: the address, the user, the agency, the role where one is chosen."""
    meeting = f"/meetings/{year.meeting}"
    partner = next(iter(year.agencies))
    yield from ((path, CHAIR, LEAD_AGENCY, "") for path in ("/", "/meetings", meeting))
    yield meeting, year.agencies[partner], partner, ""
    yield from (
        (path, year.coordinator, LEAD_AGENCY, "")
        for path in (f"{meeting}/prepare", "/cases", f"/cases/{case}", "/figures")
    )
    yield "/inbox", year.agencies[partner], partner, ""
    yield f"/audit/{case}", AUDITOR, AUDITORS, "auditor"
    yield "/people", "manager-1", LEAD_AGENCY, ""


async def drawn(server: Node, year: Year, size: Size) -> Drawn:
    """The chair moves an item up and down; everybody's screen shows it."""
    users = [(CHAIR, LEAD_AGENCY), *((user, LEAD_AGENCY) for user in WORKERS[:2])]
    users += [(f"{agency}-member", agency) for agency in STANDING]
    address, port = f"/meetings/{year.meeting}", server.port
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(signed_in(port, *each)) for each in users]
        # The rest are second screens of the chair's: in the room, at home, on the wall.
        more = [await stack.enter_async_context(signed_in(port, *users[0])) for _ in range(SCREENS - len(people))]
        await people[1].act("draft-agenda", meeting=str(year.meeting))
        await people[0].act("publish-agenda", meeting=str(year.meeting))
        for person, (user, _) in zip(people, users, strict=True):
            await person.act("accept-confidentiality", meeting=str(year.meeting), user=user)
        screens = [Screen(person, address) for person in (*people, *more)]
        for screen in screens:
            socket = await stack.enter_async_context(following(screen, port, year.meeting))
            task = asyncio.create_task(screen.follow(socket))
            stack.push_async_callback(cancelled, task)
        ran = cpu_seconds(server.pid)
        taken = await timed(people[0], screens, year, size)
        each = (cpu_seconds(server.pid) - ran) / size.events
        return Drawn(len(screens), size.events, median(taken) * 1000, percentile(taken, 0.99), each * 1000)


async def timed(chair: Person, screens: list[Screen], year: Year, size: Size) -> list[float]:
    """Seconds of each event on each screen."""
    item = await an_item(chair, year)
    key = re.search(rb'name="form-key" value="(\w+)"', await chair.page("/"))
    assert key is not None
    taken: list[float] = []
    for number in range(size.events):
        form = {
            "form-key": key[1].decode(),
            "command-id": str(uuid4()),
            "next": "/",
            "meeting": str(year.meeting),
            "item": item,
            "minutes": str(5 + number % 2),
            "reason": "To see it on every screen.",
        }
        began = perf_counter()
        position = await chair.post("/do/change-timebox", form)

        async def shown(screen: Screen, since: float = began, position: int = position) -> float:
            await screen.reached(position)
            return perf_counter() - since

        async with asyncio.timeout(20):
            taken += await asyncio.gather(*map(shown, screens))
        await asyncio.sleep(0.05)
    return taken


async def an_item(chair: Person, year: Year) -> str:
    page = (await chair.page(f"/meetings/{year.meeting}")).decode()
    found = re.findall(r"[?&;]item=([0-9a-f-]{36})", page)
    assert found
    return found[-1]


@asynccontextmanager
async def following(screen: Screen, port: int, meeting: UUID) -> AsyncGenerator[ClientConnection]:
    ticket = (await screen.person.http.post("/ticket", headers={"x-fragments": "1"})).text
    address = f"ws://127.0.0.1:{port}/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None) as socket:
        first: dict[str, Any] = {"type": "connection_init", "payload": {"authorization": f"Session {ticket}"}}
        await socket.send(msgspec.json.encode(first).decode())
        await socket.recv()
        payload = {"documentId": "follow_meeting_position", "variables": {"id": str(meeting)}}
        asked = {"type": "subscribe", "id": "1", "payload": payload}
        await socket.send(msgspec.json.encode(asked).decode())
        yield socket


async def cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def measured(size: Size, say: Callable[[str], None]) -> Figures:
    with tempfile.TemporaryDirectory(prefix="catch-bench-") as folder, ephemeral(options=SAFE) as running:
        settings = Settings(data_dir=Path(folder), database_url=running.app, owner_url=running.admin)
        async with opened(running, settings) as catch:
            say("a year of the demonstration")
            year = await load_year(catch, london_day(datetime.now(UTC)), lambda _done, _of, _what: None)
        async with node(running, Path(folder), None) as server:
            return await asked(server, year, size, say)


async def asked(server: Node, year: Year, size: Size, say: Callable[[str], None]) -> Figures:
    port = server.port
    pages: dict[str, Cost] = {}
    for address, user, agency, role in addresses(year, next(iter(year.late))):
        name = re.sub(r"[0-9a-f-]{36}", "ID", address)
        say(f"{name} as {user}")
        async with signed_in(port, user, agency, role) as person:
            pages[f"{name} ({user})"] = await costs(person, address, size.times)
    say(f"an event on {SCREENS} screens")
    seen = await drawn(server, year, size)
    start = next(iter(pages.values()))
    return Figures(pages, first_load(start, assets()), await session_us(port), seen)


async def session_us(port: int) -> float:
    """By the difference of what is answered at once to somebody who is signed in, and to nobody."""
    async with signed_in(port, CHAIR, LEAD_AGENCY) as person:
        signed = (await costs(person, "/signed-in", 200)).median_ms
        person.http.cookies.clear()
        nobody = (await costs(person, "/signed-in", 200)).median_ms
    return (signed - nobody) * 1000


def as_json(figures: Figures) -> str:
    return msgspec.json.format(msgspec.json.encode(figures)).decode()


def as_markdown(figures: Figures) -> str:
    pages = [(name, each.median_ms, each.p95_ms, each.bytes, each.packed_bytes) for name, each in figures.pages.items()]
    load, seen = figures.first_load, figures.drawn
    lines = (
        *table(("page", "median ms", "p95 ms", "bytes", "packed"), pages),
        "",
        *table(("first load", "bytes"), [("page", load.page), ("styles", load.styles), ("scripts", load.scripts)]),
        "",
        *table(
            (f"on {seen.screens} screens", "ms"),
            [("median", seen.p50_ms), ("p99", seen.p99_ms), ("the server ran", seen.server_ms)],
        ),
        "",
        f"being signed in adds {figures.session_us:.0f} us a request ({PROGRAMME})",
    )
    return "\n".join(lines)
