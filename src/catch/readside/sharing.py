"""A rebuild shared out among processes, each with some of the streams: where every row comes from one stream.

The processes write to the same new tables. What they are told, the address of the database among it, comes through a
pipe and is seen by nobody else.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from importlib import import_module
from typing import Any

import msgspec
import uvloop
from msgspec import Struct

from catch.beside import answer
from catch.database import Connection
from catch.log import Log, Stored
from catch.readside import checkpoints
from catch.readside.building import GENERATION, UNHURRIED, Building, Progress, pages, take, uncollected
from catch.readside.folding import Decode
from projections.read_model import MadeOf, ReadModel

PAGE = 1000
# What a killed rebuild left running writes no more once this lock is had.
PART = "select pg_advisory_lock_shared(hashtextextended(current_schema() || ' rebuild part', 0))"
NO_PART = """
    select pg_advisory_lock(hashtextextended(current_schema() || ' rebuild part', 0)),
        pg_advisory_unlock(hashtextextended(current_schema() || ' rebuild part', 0))
"""


Name = tuple[str, str]
"""A module, and what is there under this name."""


class Order(Struct):
    """Which part of how many to fold, up to which position."""

    dsn: str
    schema: str
    decode: Name
    projections: list[Name]
    part: int
    of: int
    upto: int
    every: float
    page: int


class Word(Struct):
    """What a process says: how far it has come."""

    position: int
    done: bool = False


class SharedWorkFailed(Exception):
    """A process that took part in the rebuild ended before its work was done."""


def possible(decode: Decode, projections: Sequence[ReadModel]) -> bool:
    """Others can import what is to be done, and no row needs facts that another process has."""
    places = [name_of(decode, decode.__module__), *(name_of(one, one.fold.__module__) for one in projections)]
    return all(places) and all(one.made_of is not MadeOf.ANY_STREAMS for one in projections)


def name_of(value: object, module: str) -> Name | None:
    """Under which name another process finds it; None where it has none."""
    known = vars(import_module(module)).items()
    return next(((module, name) for name, held in known if held is value), None)


def named(name: Name) -> Any:
    return getattr(import_module(name[0]), name[1])


async def shared(
    connection: Connection,
    log: Log,
    decode: Decode,
    buildings: Sequence[Building],
    head: int,
    processes: int,
    progress: Progress | None,
) -> int:
    """Returns the position up to which all is folded. Raises SharedWorkFailed."""
    reached = [0] * processes

    def come(part: int, position: int) -> None:
        reached[part] = position
        if progress:
            progress(min(reached), head)

    names = [found for one in buildings if (found := name_of(one.projection, one.projection.fold.__module__))]
    place = (decode.__module__, decode.__name__)
    try:
        async with asyncio.TaskGroup() as group:
            for part in range(processes):
                order = Order(log.dsn, log.schema, place, names, part, processes, head, checkpoints.EVERY, PAGE)
                group.create_task(_have_done(order, come))
    except ExceptionGroup as failed:
        raise SharedWorkFailed(SharedWorkFailed.__doc__) from failed
    for building in buildings:
        left = await checkpoints.read(connection, building)
        building.others_wrote(each for checkpoint in left for each in checkpoint.parked)
    return head


async def _have_done(order: Order, come: Callable[[int, int], None]) -> None:
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
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _do(order: Order) -> None:
    """What each process does."""
    decode: Decode = named(order.decode)
    projections: list[ReadModel] = [named(name) for name in order.projections]
    # All processes together hold what one alone would.
    generation = GENERATION // order.of
    buildings = [Building(projection, generation) for projection in projections]
    log = await Log.open(order.dsn, schema=order.schema, pool=2)
    connection = await log.database.connect()
    try:
        await connection.execute(UNHURRIED)
        await connection.execute(PART)
        position = await fold_part(
            connection,
            lambda after: log.share(after, order.page, order.upto, order.part, order.of),
            decode,
            buildings,
            (order.part, order.of),
            order.every,
            lambda reached: say(Word(reached)),
            order.upto,
        )
    finally:
        connection.terminate()
        await log.close()
    say(Word(position, done=True))


async def fold_part(
    connection: Connection,
    read: Callable[[int], Awaitable[list[Stored]]],
    decode: Decode,
    buildings: Sequence[Building],
    part: tuple[int, int],
    every: float,
    come: Callable[[int], object],
    upto: int = 0,
) -> int:
    """Folds one in so many parts of the log, from its checkpoints on; the position reached: `upto` at least."""
    for building in buildings:
        checkpoint = (await checkpoints.read(connection, building))[part[0]]
        await building.resume(connection, checkpoint.position, checkpoint.rows, checkpoint.parked)
    position = min(building.after for building in buildings)
    come(position)
    async with checkpoints.Marking(connection, buildings, *part, every) as marking:
        with uncollected():
            async with aclosing(pages(read, position)) as all_pages:
                async for page in all_pages:
                    position = await take(connection, page, decode, buildings)
                    come(position)
                    await marking.reached(position)
        position = max(position, upto)
        await marking.ended(position)
    for building in buildings:
        await building.finish(connection)
    return position


def say(word: Word) -> None:
    answer(msgspec.json.encode(word) + b"\n")


def main() -> None:
    """Ends without a word when whoever asked for it has gone: its checkpoints stand."""
    with suppress(BrokenPipeError):
        uvloop.run(_do(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
