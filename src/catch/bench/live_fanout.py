"""Fan-out: one meeting and many clients, of ours and of each peer in turn."""

import asyncio
from collections.abc import Sequence
from statistics import median

from catch.bench import live_peers
from catch.bench.crowd import Expected, Heard, Plan, Seat, followers, subscribing
from catch.bench.live_peers import Fanned
from catch.bench.live_run import Bench, Burst, spoken
from catch.bench.live_shape import Fanout
from catch.bench.node import Node, cpu_seconds, node, resident
from catch.bench.room import FOLLOW, SEATS, Room


async def fanning(bench: Bench, first: Room) -> tuple[dict[str, Fanout], list[Fanned]]:
    found: dict[str, Fanout] = {}
    middle: list[Fanned] = []
    for burst in bench.size.bursts:
        rounds = [await one_round(bench, first, burst) for _ in range(bench.size.rounds)]
        ours = [each[0] for each in rounds]
        # One whole round, the middle one: its figures belong together, as medians of each would not.
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
        # A small one first, which does not count: ours is warmed up as the peers are.
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
