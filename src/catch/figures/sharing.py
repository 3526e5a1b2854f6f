"""Cases of a large programme counted by processes beside this one, each some of its people: nobody else has to wait.

What they are told, the address of the database among it, comes through a pipe and is seen by nobody else.
"""

import asyncio
import gc
import os
import pickle
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import uvloop

from catch.beside import answer, beside
from catch.figures.counting import from_cases, sources
from catch.figures.gathering import Known, Part, Source
from catch.log import Log
from catch.metrics import BY_CODE
from catch.metrics.definition import Cut, FromCases
from catch.metrics.reckoning import Taken, Tally
from catch.present.merges import Merges

MOST = 3
"""Processes: each holds some hundred megabytes."""
WITHIN = 600.0
"""Seconds that they have."""
LENGTH = 8
"""Bytes before each answer, that say how long it is."""


class Order(NamedTuple):
    """What to count: of which metrics over which days, and of which part of the people."""

    dsn: str
    schema: str
    programme: str
    known: Known
    cut: Cut
    wanted: tuple[tuple[str, date, date], ...]
    part: Part


class SharedWorkFailed(Exception):
    """A process that counted cases ended before its work was done."""


async def shared(catch: Source, programme: str, known: Known, cut: Cut, tallies: Sequence[Tally]) -> None:
    """As `from_cases`. Raises `SharedWorkFailed` and `TimeoutError`."""
    of_cases = [tally for _, takers in sources(FromCases, tallies) for tally in takers]
    if not of_cases:
        return
    wanted = tuple((tally.metric.code, tally.first, tally.last) for tally in of_cases)
    parts = min(MOST, len(os.sched_getaffinity(0)))
    try:
        async with asyncio.timeout(WITHIN), asyncio.TaskGroup() as group:
            for number in range(parts):
                part = Part(number, parts)
                order = Order(catch.log.dsn, catch.log.schema, programme, known, cut, wanted, part)
                group.create_task(_have_counted(order, of_cases))
    except ExceptionGroup as failed:
        raise SharedWorkFailed(SharedWorkFailed.__doc__) from failed


async def _have_counted(order: Order, tallies: Sequence[Tally]) -> None:
    async with beside(__name__) as process:
        await _take(process, order, tallies)


async def _take(process: Process, order: Order, tallies: Sequence[Tally]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(pickle.dumps(order))
    process.stdin.close()
    for tally in tallies:
        # One figure at a time: each takes a moment to read, in which nobody else is served.
        length = int.from_bytes(await process.stdout.readexactly(LENGTH), "big")
        taken: Taken = pickle.loads(await process.stdout.readexactly(length))  # noqa: S301  (of a process of our own)
        tally.add(taken)
    if await process.wait():
        raise ChildProcessError(f"exit status {process.returncode}")


class _Linked(NamedTuple):
    merges: Merges


class _Opened(NamedTuple):
    """As much of a place as counting needs."""

    log: Log
    present: _Linked


async def _count(order: Order) -> list[Tally]:
    tallies = [Tally(BY_CODE[code], first, last) for code, first, last in order.wanted]
    log = await Log.open(order.dsn, schema=order.schema, pool=2)
    try:
        opened = _Opened(log, _Linked(Merges(log)))
        await from_cases(opened, order.programme, order.known, order.cut, tallies, order.part)
    finally:
        await log.close()
    return tallies


def main() -> None:
    """What each process does."""
    # Nothing that is read refers to itself: to look for such would take a tenth of the time.
    gc.disable()
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301  (from whoever started it, and from nobody else)
    for tally in uvloop.run(_count(order)):
        said = pickle.dumps(tally.taken)
        answer(len(said).to_bytes(LENGTH, "big") + said)
