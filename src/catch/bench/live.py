"""One run of the live benchmark: a real place with its own PostgreSQL, servers of ours, and each peer in turn.

What is said in the meetings is said by commands, taken by a desk in this process: sealed, decided, appended. The server
that is measured hears of it through the log, asks what each class of viewers may see, and tells its clients.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from statistics import median
from uuid import UUID

from msgspec import Struct

from catch.api.identity import DevelopmentIssuer
from catch.api.registered import shipped
from catch.app import Catch, opened
from catch.bench import callers, live_peers, room
from catch.bench.crowd import Arrived, Expected, Followers, Heard, Plan, Seat, followers, subscribing
from catch.bench.live_peers import Fanned, Tools
from catch.bench.live_shape import Fanout, LiveFigures, National, Query, Stalled
from catch.bench.node import Core, Node, cpu_seconds, node, pin, resident
from catch.bench.room import FOLLOW, SEATS, Room
from catch.domain.facts import Actor
from catch.postgres import SAFE, Server, ephemeral
from catch.settings import Settings

Say = Callable[[str], None]
AGENDA = "agenda"


class Burst(Struct, frozen=True):
    """So many clients of one meeting, and so many events at this many a second."""

    clients: int
    rate: float
    count: int


class Size(Struct, frozen=True):
    rounds: int = 3
    bursts: tuple[Burst, ...] = (Burst(200, 20, 60), Burst(1000, 10, 30), Burst(5000, 2, 15))
    meetings: int = 1250
    servers: int = 2
    rate: float = 125
    seconds: float = 30
    healthy: int = 300
    stalled: int = 500
    stalling: Burst = Burst(800, 40, 800)
    cases: int = 12
    asking: int = 16
    asking_seconds: float = 5
    cores: tuple[Core, Core] = (None, None)


QUICK = Size(
    rounds=1,
    bursts=(Burst(20, 20, 10),),
    meetings=5,
    servers=1,
    rate=20,
    seconds=1,
    healthy=5,
    stalled=3,
    stalling=Burst(8, 20, 10),
    cases=2,
    asking=2,
    asking_seconds=0.2,
)


class Bench:
    """What every part of a run needs."""

    def __init__(self, catch: Catch, server: Server, folder: Path, tools: Tools, size: Size, say: Say) -> None:
        self.catch = catch
        self.server = server
        self.folder = folder
        self.tools = tools
        self.size = size
        self.say = say
        self.serving, self.asking = size.cores
        self.issuer = DevelopmentIssuer(folder)

    def token(self, who: Actor) -> str:
        return token(self.issuer, who)


def token(issuer: DevelopmentIssuer, who: Actor) -> str:
    return "Bearer " + issuer.issue(role=who.role, agency=who.agency, user=who.user)


async def measured(size: Size, peers: Path | None, say: Say) -> LiveFigures:
    with pinned(size.cores[1]), tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "place"
        with ephemeral(options=SAFE) as server:
            tools = await live_peers.made_ready(
                peers, Path(made) / "peers", token(DevelopmentIssuer(folder), room.COORDINATOR), say
            )
            async with opened(server, Settings(data_dir=folder)) as catch:
                say("a meeting is called")
                first = await room.prepared(catch)
                bench = Bench(catch, server, folder, tools, size, say)
                return await everything(bench, first)


@contextmanager
def pinned(core: Core) -> Generator[None]:
    before = os.sched_getaffinity(0)
    pin(core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


async def everything(bench: Bench, first: Room) -> LiveFigures:
    fanout, fanned = await fanning(bench, first)
    query = await querying(bench)
    stalled = await stalling(bench, first)
    return LiveFigures(
        fanout=fanout,
        national=await nationwide(bench, first),
        stalled=stalled,
        query=query,
        subscribe_ms=fanned[-1].sub_srv_ms_per_conn,
        message_bytes=fanned[-1].msg_bytes,
        client="wsload" if bench.tools.there("wsload") else "our own, in Python",
        missing=bench.tools.why,
    )


# Fan-out: one meeting, many clients


async def fanning(bench: Bench, first: Room) -> tuple[dict[str, Fanout], list[Fanned]]:
    found: dict[str, Fanout] = {}
    middle: list[Fanned] = []
    for burst in bench.size.bursts:
        rounds = [await one_round(bench, first, burst) for _ in range(bench.size.rounds)]
        ours = [each[0] for each in rounds]
        middle.append(sorted(ours, key=lambda each: each.srv_us_per_msg)[len(ours) // 2])
        found[str(burst.clients)] = Fanout(
            p50_ms=median(each.p50_ms for each in ours),
            p99_ms=median(each.p99_ms for each in ours),
            last_ms=median(each.last_med_ms for each in ours),
            server_us_per_message=median(each.srv_us_per_msg for each in ours),
            ratio_to_bare_c=ratio([(each[0], each[1]) for each in rounds]),
            ratio_to_graphql_ws=ratio([(each[0], each[2]) for each in rounds]),
            kb_per_connection=median(each.rss_kb_per_conn for each in ours),
            kb_per_connection_after=median(each.rss_kb_per_conn_after for each in ours),
            lost=sum(each.want - each.msgs for each in ours),
        )
    return found, middle


def ratio(pairs: Sequence[tuple[Fanned, Fanned | None]]) -> float | None:
    """Of the server's CPU per message, both of one round; the median of the rounds."""
    found = [ours.srv_us_per_msg / theirs.srv_us_per_msg for ours, theirs in pairs if theirs]
    return median(found) if found else None


async def one_round(bench: Bench, first: Room, burst: Burst) -> tuple[Fanned, Fanned | None, Fanned | None]:
    bench.say(f"fan-out to {burst.clients} clients")
    ours = await (with_wsload if bench.tools.there("wsload") else with_followers)(bench, first, burst)
    return ours, await theirs(bench, "bare C", burst), await theirs(bench, "graphql-ws", burst)


async def theirs(bench: Bench, name: str, burst: Burst) -> Fanned | None:
    if not (bench.tools.there(name) and bench.tools.there("wsload")):
        return None
    bench.say(f"fan-out to {burst.clients} clients: {name}")
    bare = name == "bare C"
    subscribe = live_peers.subscribe_message(live_peers.THEIRS)
    async with live_peers.peer(bench.tools, name) as (pid, port):
        if not bare:
            # Once through, so that the compiler of the peer has seen everything; ours had the same.
            await live_peers.fanned(bench.tools, pid, port, subscribe, clients=50, rate=20, count=20)
        return await live_peers.fanned(
            bench.tools, pid, port, subscribe, clients=burst.clients, rate=burst.rate, count=burst.count, bare=bare
        )


async def with_wsload(bench: Bench, first: Room, burst: Burst) -> Fanned:
    subscribe = subscribing(FOLLOW, {"id": str(first.meeting)})
    async with node(bench.server, bench.folder, bench.serving) as server:
        speaker = asyncio.create_task(on_demand(bench, server, first))
        for sized in (Burst(20, 20, 20), burst):
            fanned = await live_peers.fanned(
                bench.tools,
                server.pid,
                server.port,
                subscribe,
                clients=sized.clients,
                rate=sized.rate,
                count=sized.count,
            )
        speaker.cancel()
        return fanned


async def on_demand(bench: Bench, server: Node, first: Room) -> None:
    """Say as much as the load tool asks for, each time it does."""
    while True:
        rate, count = await server.asked.get()
        await asyncio.sleep(0.3)
        await spoken(bench.catch, [first], rate, count)


async def spoken(catch: Catch, rooms: Sequence[Room], rate: float, count: int) -> dict[UUID, list[int]]:
    """So many things are said, evenly over time, in one room after the other; their positions by meeting."""
    positions: dict[UUID, list[int]] = {held.meeting: [] for held in rooms}
    # Whoever takes the minutes says one thing after the other.
    turns = {held.meeting: asyncio.Lock() for held in rooms}
    loop, turn = asyncio.get_running_loop(), room.in_turn(rooms)
    began = loop.time()

    async def one(held: Room) -> None:
        async with turns[held.meeting]:
            positions[held.meeting].append(await room.said(catch, held))

    saying: list[asyncio.Task[None]] = []
    for number in range(count):
        await asyncio.sleep(max(0, began + number / rate - loop.time()))
        saying.append(asyncio.create_task(one(next(turn))))
    await asyncio.gather(*saying)
    return positions


async def with_followers(bench: Bench, first: Room, burst: Burst) -> Fanned:
    async with node(bench.server, bench.folder, bench.serving) as server:
        before, spent = resident(server.pid), cpu_seconds(server.pid)
        async with followers() as crowd:
            await crowd.arrive(one_meeting(bench, first, server, burst.clients))
            subscribed = cpu_seconds(server.pid)
            seated = resident(server.pid)
            positions = await spoken(bench.catch, [first], burst.rate, burst.count)
            heard = await crowd.heard(Expected({0: positions[first.meeting]}))
            return as_fanned(heard, burst, before, seated, resident(server.pid), subscribed - spent,
                             cpu_seconds(server.pid) - subscribed)  # fmt: skip


def as_fanned(
    heard: Heard, burst: Burst, before: int, seated: int, after: int, subscribing: float, delivering: float
) -> Fanned:
    return Fanned(
        p50_ms=heard.p50_ms,
        p99_ms=heard.p99_ms,
        last_med_ms=heard.last_ms,
        srv_us_per_msg=delivering * 1e6 / max(heard.messages, 1),
        srv_util=0,
        rss_kb_per_conn=(seated - before) / 1024 / burst.clients,
        rss_kb_per_conn_after=(after - before) / 1024 / burst.clients,
        sub_srv_ms_per_conn=subscribing * 1e3 / burst.clients,
        msg_bytes=0,
        msgs=heard.messages,
        want=heard.messages + heard.lost,
        bad_conns=heard.disordered,
    )


def one_meeting(bench: Bench, first: Room, server: Node, clients: int, stalled: int = 0) -> Plan:
    return Plan(
        bench.asking,
        [bench.token(who) for who in SEATS],
        [subscribing(FOLLOW, {"id": str(first.meeting)})],
        [Seat(server.port, number % len(SEATS), 0, number >= stalled) for number in range(clients)],
    )


# Clients that do not read


async def stalling(bench: Bench, first: Room) -> Stalled:
    healthy, stalled = bench.size.healthy, bench.size.stalled
    bench.say(f"{stalled} clients that do not read beside {healthy} that do")
    async with node(bench.server, bench.folder, bench.serving) as server:
        reading, reading_mb = await beside(bench, first, server, 0)
        heard, mb = await beside(bench, first, server, stalled)
    return Stalled(
        healthy=healthy,
        stalled=stalled,
        lost=heard.lost,
        let_go=heard.closed,
        p99_ms=heard.p99_ms,
        p99_ms_reading=reading.p99_ms,
        ratio=heard.p99_ms / reading.p99_ms,
        server_mb=mb,
        server_mb_reading=reading_mb,
    )


async def beside(bench: Bench, first: Room, server: Node, stalled: int) -> tuple[Heard, float]:
    """What those who read heard, and the most memory that the server had meanwhile, in megabytes."""
    burst, clients = bench.size.stalling, bench.size.healthy + bench.size.stalled
    async with followers() as crowd:
        await crowd.arrive(one_meeting(bench, first, server, clients, stalled))
        watching = asyncio.create_task(most_memory(server.pid))
        positions = await spoken(bench.catch, [first], burst.rate, burst.count)
        heard = await crowd.heard(Expected({0: positions[first.meeting]}))
        watching.cancel()
        return heard, await watching / 1e6


async def most_memory(pid: int) -> int:
    most = resident(pid)
    try:
        while True:
            await asyncio.sleep(0.25)
            most = max(most, resident(pid))
    except asyncio.CancelledError:
        return most


# Every meeting in England at once


async def nationwide(bench: Bench, first: Room) -> National:
    size = bench.size
    bench.say(f"{size.meetings} meetings are called")
    rooms = await room.repeated(bench.catch, bench.server.admin, first, size.meetings)
    head = await bench.catch.log.head()
    await bench.catch.readside.reached(head, timeout=300)
    await bench.catch.hearing.reached(head)
    await spoken(bench.catch, rooms, 400, len(rooms))
    async with AsyncExitStack() as stack:
        # One of the servers shares its core with everything else there is.
        places = (bench.serving, bench.asking) * size.servers
        opening = [node(bench.server, bench.folder, core) for core in places[: size.servers]]
        servers = [await stack.enter_async_context(each) for each in opening]
        crowds = [await stack.enter_async_context(followers()) for _ in servers]
        before = sum(resident(server.pid) for server in servers)
        bench.say(f"{size.meetings * len(SEATS)} people come to them")
        await arrived(bench, rooms, servers, crowds)
        seated = sum(resident(server.pid) for server in servers)
        spent = sum(cpu_seconds(server.pid) for server in servers)
        bench.say(f"{size.rate} things are said a second")
        positions = await spoken(bench.catch, rooms, size.rate, round(size.rate * size.seconds))
        expected = Expected({number: sorted(positions[held.meeting]) for number, held in enumerate(rooms)})
        heard = await asyncio.gather(*(crowd.heard(expected) for crowd in crowds))
        after = sum(resident(server.pid) for server in servers)
        spent = sum(cpu_seconds(server.pid) for server in servers) - spent
    people = size.meetings * len(SEATS)
    return National(
        meetings=size.meetings,
        subscribers=people,
        servers=size.servers,
        events_per_second=size.rate,
        messages=sum(each.messages for each in heard),
        lost=sum(each.lost for each in heard),
        disordered=sum(each.disordered for each in heard),
        p50_ms=max(each.p50_ms for each in heard),
        p99_ms=max(each.p99_ms for each in heard),
        server_cores=spent / size.seconds,
        kb_per_connection=(seated - before) / 1024 / people,
        kb_per_connection_after=(after - before) / 1024 / people,
    )


async def arrived(bench: Bench, rooms: Sequence[Room], servers: Sequence[Node], crowds: Sequence[Followers]) -> None:
    """Each server has the people of every other meeting, as a balancer that goes by the meeting would have it."""
    tokens = [bench.token(who) for who in SEATS]
    messages = [subscribing(FOLLOW, {"id": str(held.meeting)}) for held in rooms]
    coming: list[Coroutine[None, None, Arrived]] = []
    for number, (server, crowd) in enumerate(zip(servers, crowds, strict=True)):
        own = range(number, len(rooms), len(servers))
        seats = [Seat(server.port, seat, held) for held in own for seat in range(len(SEATS))]
        coming.append(crowd.arrive(Plan(bench.asking, tokens, messages, seats)))
    await asyncio.gather(*coming)


# Queries


async def querying(bench: Bench) -> Query:
    """The agenda's own document over a long agenda, as the chair reads it; and yoga's like it."""
    bench.say("the agenda, asked for over HTTP")
    meeting = await room.called(bench.catch, bench.size.cases, days=7)
    await bench.catch.reached(await bench.catch.log.head())
    async with node(bench.server, bench.folder, bench.serving) as server:
        asks = callers.question(server.port, shipped()[AGENDA], {"id": str(meeting)}, bench.token(room.CHAIR))
        ours, body = await callers.asked(asks, bench.size.asking, bench.size.asking_seconds)
    assert b'"errors"' not in body, body[:500]
    theirs = await yoga(bench)
    return Query(
        requests_per_second=ours.per_second,
        p50_ms=ours.p50_ms,
        p99_ms=ours.p99_ms,
        ratio_to_yoga=ours.per_second / theirs if theirs else None,
        bytes=len(body),
    )


async def yoga(bench: Bench) -> float | None:
    """Its requests a second."""
    if not bench.tools.there("yoga"):
        return None
    async with live_peers.peer(bench.tools, "yoga") as (_, port):
        asks = callers.question(port, live_peers.WHOLE, {}, "")
        rate, _ = await callers.asked(asks, bench.size.asking, bench.size.asking_seconds)
    return rate.per_second
