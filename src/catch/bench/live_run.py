"""What every part of a run of the live benchmark needs: its size, its place, and things that are said."""

import asyncio
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from catch.app import Catch
from catch.bench import room
from catch.bench.live_peers import Tools
from catch.bench.node import Core, pin
from catch.bench.room import Room
from catch.database.server import Server
from catch.domain.facts import Actor
from catch.identity.tokens import DevelopmentIssuer

Say = Callable[[str], None]


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
    back: float = 60
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
        self.issuer = DevelopmentIssuer(folder, clock=time.time)

    def token(self, who: Actor) -> str:
        return token(self.issuer, who)


def token(issuer: DevelopmentIssuer, who: Actor) -> str:
    return "Bearer " + issuer.issue(role=who.role, agency=who.agency, user=who.user)


@contextmanager
def pinned(core: Core) -> Generator[None]:
    before = os.sched_getaffinity(0)
    pin(core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


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
        # Not waited for: what is slow must not slow down how often things are said, or it would hide itself.
        saying.append(asyncio.create_task(one(next(turn))))
    await asyncio.gather(*saying)
    return positions
