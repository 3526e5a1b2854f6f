"""Two checkouts of this program by turns, the other one twice: what a change has done to its speed.

A machine that others use too is twice as slow at one moment as at another. Whatever is measured within the same seconds
is as slow as its neighbour, so the checkouts do the same by turns, in each round in another order, and only the ratios
of a round count. The other checkout stands beside itself as a control: where its ratio to itself is not 1, nothing can
be said that is closer than that.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
from msgspec import Struct

from catch.bench import turn
from catch.bench.shape import table

HERE = Path(__file__).parents[3]
THIS, OTHER, AGAIN = "this", "other", "other again"


class Figure(NamedTuple):
    name: str
    callers: int


FIGURES = (
    *(Figure("append", callers) for callers in (1, 8, 32)),
    *(Figure(name, 1) for name in ("page of cases", "page of few", "audited page", "one case", "meetings")),
)


class Size(Struct, frozen=True):
    rounds: int = 9
    seconds: float = 1.0
    cases: int = 2_000


QUICK = Size(rounds=2, seconds=0.1, cases=60)


class Measured(NamedTuple):
    """Of one turn: how often a second, and microseconds of the process's own time each."""

    per_second: float
    own_us: float


class Ratio(Struct, frozen=True):
    """Of this checkout to the other: how much more often a second, and how much more time each takes of the process's
    own. `control`: of the other to itself. Medians over the rounds."""

    figure: str
    callers: int
    per_second: float
    control: float
    own_time: float
    own_control: float


class NotStarted(Exception):
    """The checkout did not come as far as its first turn."""


class Checkout:
    """A process of one checkout, waiting for its turn."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def line(self) -> object:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise NotStarted("the checkout ended; what it said stands above")
        return json.loads(line)

    async def does(self, figure: Figure, seconds: float) -> Measured:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps([*figure, seconds])}\n".encode())
        return msgspec.convert(await self.line(), Measured)


@asynccontextmanager
async def checkout(folder: Path, cases: int) -> AsyncGenerator[Checkout]:
    """This program's own account of a turn, with the code that lies there. Raises `NotStarted`."""
    paths = os.pathsep.join([str(folder / "src"), str(folder)])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        turn.__file__,
        str(cases),
        stdin=PIPE,
        stdout=PIPE,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
    )
    try:
        made = Checkout(process)
        await made.line()
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def measured(other: Path, size: Size, say: Callable[[str], None]) -> list[Ratio]:
    async with AsyncExitStack() as stack:
        there: dict[str, Checkout] = {}
        for name, folder in ((THIS, HERE), (OTHER, other), (AGAIN, other)):
            say(f"{name}: {folder}")
            there[name] = await stack.enter_async_context(checkout(folder.resolve(), size.cases))
        found: list[Ratio] = []
        for figure in FIGURES:
            say(f"{figure.name}, {figure.callers} at once")
            found.append(ratio(figure, [await one_round(there, figure, size, number) for number in range(size.rounds)]))
        return found


async def one_round(there: Mapping[str, Checkout], figure: Figure, size: Size, number: int) -> Mapping[str, Measured]:
    names = [*there]
    turned = [*names[number % 3 :], *names[: number % 3]]
    return {name: await there[name].does(figure, size.seconds) for name in turned}


def ratio(figure: Figure, rounds: Sequence[Mapping[str, Measured]]) -> Ratio:
    def of(name: str) -> Measured:
        each = [Measured(*(a / b for a, b in zip(held[name], held[OTHER], strict=True))) for held in rounds]
        return Measured(median(one.per_second for one in each), median(one.own_us for one in each))

    this, again = of(THIS), of(AGAIN)
    return Ratio(*figure, this.per_second, again.per_second, this.own_us, again.own_us)


def as_json(found: Iterable[Ratio]) -> str:
    return msgspec.json.format(msgspec.json.encode([*found])).decode()


def as_markdown(found: Iterable[Ratio]) -> str:
    heads = ("figure", "at once", "per second", "control", "own time", "control")
    return "\n".join(table(heads, map(msgspec.structs.astuple, found)))
