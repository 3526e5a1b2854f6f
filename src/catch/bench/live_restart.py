"""A server that restarts, and everybody who was connected to it: how soon they all know what happened meanwhile."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from catch.bench.crowd import Expected, Plan, Seat, followers, subscribing
from catch.bench.listening import free_port
from catch.bench.live_run import Bench, spoken
from catch.bench.live_shape import Restart
from catch.bench.node import cpu_seconds, node
from catch.bench.room import FOLLOW, SEATS, Room

CROWDS = 4
"""Processes that the clients are in, so that these are not what is measured."""
OTHER_FILES = 200
"""That a server has open besides, at the most."""
SAID = 400
"""Things said a second while the server is away, one in each meeting."""


async def restarting(bench: Bench, rooms: Sequence[Room]) -> dict[str, Restart]:
    """By how it ended; with as many of their people as a process may have files open here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    rooms = rooms[: (most - OTHER_FILES) // len(SEATS)]
    return {how: await one(bench, rooms, how) for how in ("told to stop", "killed")}


async def one(bench: Bench, rooms: Sequence[Room], how: str) -> Restart:
    people = len(rooms) * len(SEATS)
    bench.say(f"{people} people come to a server that is {how}")
    port = free_port()
    async with AsyncExitStack() as stack:
        crowds = [await stack.enter_async_context(followers()) for _ in range(min(CROWDS, len(rooms)))]
        first = AsyncExitStack()
        server = await first.enter_async_context(node(bench.server, bench.folder, bench.serving, port))
        spent = cpu_seconds(server.pid)
        coming = zip(crowds, plans(bench, rooms, port, len(crowds)), strict=True)
        await asyncio.gather(*(crowd.arrive(plan) for crowd, plan in coming))
        arriving = cpu_seconds(server.pid) - spent
        bench.say(f"it is {how}, and started again")
        began = time.monotonic()
        saying = asyncio.create_task(spoken(bench.catch, rooms, SAID, len(rooms)))
        if how == "killed":
            os.kill(server.pid, signal.SIGKILL)
        await first.aclose()
        ended = time.monotonic()
        again = await stack.enter_async_context(node(bench.server, bench.folder, bench.serving, port))
        there, spent = time.monotonic(), cpu_seconds(again.pid)
        positions = await saying
        expected = Expected(
            {number: sorted(positions[held.meeting]) for number, held in enumerate(rooms)}, bench.size.back
        )
        heard = await asyncio.gather(*(crowd.heard(expected) for crowd in crowds))
        returning = cpu_seconds(again.pid) - spent
    lately = max(each.lately for each in heard)
    return Restart(
        clients=people,
        lost=sum(each.lost for each in heard),
        disordered=sum(each.disordered for each in heard),
        tries=sum(each.tries for each in heard),
        ended_s=ended - began,
        away_s=there - began,
        current_s=lately - began,
        server_ms_per_client=returning * 1e3 / people,
        ratio_to_arriving=returning / arriving,
    )


def plans(bench: Bench, rooms: Sequence[Room], port: int, crowds: int) -> list[Plan]:
    tokens = [bench.token(who) for who in SEATS]
    messages = [subscribing(FOLLOW, {"id": str(held.meeting)}) for held in rooms]
    return [
        Plan(
            bench.asking,
            tokens,
            messages,
            [Seat(port, seat, held) for held in range(number, len(rooms), crowds) for seat in range(len(SEATS))],
            returning=True,
        )
        for number in range(crowds)
    ]
