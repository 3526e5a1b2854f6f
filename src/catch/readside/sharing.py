"""A rebuild shared out among processes, each with some of the streams: where every row comes from one stream.

The processes write to the same new tables. What they are told, the address of the database among it, comes through a
pipe and is seen by nobody else.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Sequence
from contextlib import aclosing
from importlib import import_module
from types import ModuleType
from typing import cast

import msgspec
import uvloop
from msgspec import Struct

from catch.log import Log
from catch.readside.building import GENERATION, UNHURRIED, Building, Progress, pages, take, uncollected
from catch.readside.folding import Decode, Parked
from catch.readside.projection import Projection, one_stream, table

PAGE = 1000


class Order(Struct):
    """Which part of how many to fold, up to which position."""

    dsn: str
    schema: str
    decode: tuple[str, str]
    projections: list[str]
    part: int
    of: int
    upto: int


class Word(Struct):
    """What a process says: how far it has come; at the end, which keys it had to park."""

    position: int
    done: bool = False
    parked: list[Parked] = []


class SharedWorkFailed(Exception):
    """A process that took part in the rebuild ended before its work was done."""


def possible(decode: Decode, projections: Sequence[Projection]) -> bool:
    """Others can import what is to be done, and no row needs facts that another process has."""
    named = getattr(import_module(decode.__module__), getattr(decode, "__name__", ""), None) is decode
    return named and all(isinstance(one, ModuleType) and one_stream(one) for one in projections)


async def shared(
    log: Log, decode: Decode, buildings: Sequence[Building], head: int, processes: int, progress: Progress | None
) -> int:
    """Returns the position up to which all is folded. Raises SharedWorkFailed."""
    reached = [0] * processes

    def come(part: int, position: int) -> None:
        reached[part] = position
        if progress:
            progress(min(reached), head)

    names = [cast("ModuleType", building.projection).__name__ for building in buildings]
    place = (decode.__module__, decode.__name__)
    parked: list[Parked] = []
    try:
        async with asyncio.TaskGroup() as group:
            for part in range(processes):
                order = Order(log.dsn, log.schema, place, names, part, processes, head)
                group.create_task(_have_done(order, come, parked))
    except ExceptionGroup as failed:
        raise SharedWorkFailed(SharedWorkFailed.__doc__) from failed
    for building in buildings:
        building.others_wrote(each for each in parked if each.projection == table(building.projection))
    return head


async def _have_done(order: Order, come: Callable[[int, int], None], parked: list[Parked]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"from {__name__} import main; main()", stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(order))
        process.stdin.close()
        word = Word(0)
        async for line in process.stdout:
            word = msgspec.json.decode(line, type=Word)
            come(order.part, word.position)
        if await process.wait() or not word.done:
            raise ChildProcessError(f"exit status {process.returncode}")
        parked += word.parked
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _do(order: Order) -> None:
    """What each process does."""
    decode: Decode = getattr(import_module(order.decode[0]), order.decode[1])
    projections = [cast("Projection", import_module(name)) for name in order.projections]
    generation = GENERATION // order.of
    buildings = [Building(projection, generation) for projection in projections]
    log = await Log.open(order.dsn, schema=order.schema, pool=2)
    try:
        async with log.pool.acquire() as connection:
            await connection.execute(UNHURRIED)
            mine = pages(lambda after: log.share(after, PAGE, order.upto, order.part, order.of))
            with uncollected():
                async with aclosing(mine) as all_pages:
                    async for page in all_pages:
                        say(Word(await take(connection, page, decode, buildings)))
            for building in buildings:
                await building.finish(connection)
    finally:
        await log.close()
    parked = [each for building in buildings for each in building.newly_parked]
    say(Word(order.upto, done=True, parked=parked))


def say(word: Word) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    uvloop.run(_do(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
