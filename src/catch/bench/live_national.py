"""Every meeting in England at once."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack

from catch.bench import room
from catch.bench.crowd import Arrived, Expected, Followers, Plan, Seat, followers, subscribing
from catch.bench.live_run import Bench, spoken
from catch.bench.live_shape import National
from catch.bench.node import Node, cpu_seconds, node, resident
from catch.bench.room import FOLLOW, SEATS, Room


async def convened(bench: Bench, first: Room) -> list[Room]:
    bench.say(f"{bench.size.meetings} meetings are called")
    rooms = await room.repeated(bench.catch, bench.server.admin, first, bench.size.meetings)
    head = await bench.catch.log.head()
    await bench.catch.readside.reached(head, timeout=300)
    await bench.catch.present.follower.reached(head)
    # Once through every meeting: its first fact finds nothing at hand, and would be measured instead of the rest.
    await spoken(bench.catch, rooms, 400, len(rooms))
    return rooms


async def nationwide(bench: Bench, rooms: Sequence[Room]) -> National:
    size = bench.size
    async with AsyncExitStack() as stack:
        opening = [node(bench.server, bench.folder, bench.serving) for _ in range(size.servers)]
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
        # The worse of the servers' crowds: their single times do not leave their processes.
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
