"""Clients that do not read beside others that do."""

import asyncio

from catch.bench.crowd import Expected, Heard, followers
from catch.bench.live_fanout import one_meeting
from catch.bench.live_run import Bench, spoken
from catch.bench.live_shape import Stalled
from catch.bench.node import Node, node, resident
from catch.bench.room import Room


async def stalling(bench: Bench, first: Room) -> Stalled:
    healthy, stalled = bench.size.healthy, bench.size.stalled
    bench.say(f"{stalled} clients that do not read beside {healthy} that do")
    async with node(bench.server, bench.folder, bench.serving) as server:
        # With all of them reading first: the same number of clients, so that only their not reading differs.
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
