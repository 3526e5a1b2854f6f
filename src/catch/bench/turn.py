"""What one checkout does when it is its turn; see `turns`, which starts it by its path.

A line of standard input names a figure and for how many seconds it is to be measured; a line of standard output says
what it came to. It ends when nobody asks any more.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from time import process_time

import uvloop

from catch.bench import reading
from catch.bench.appends import driven, notes
from catch.bench.log import SERVER, place
from catch.bench.reading import AUDITOR, CASES, MEETINGS, ONE, SMALL, room
from catch.database.server import ephemeral
from catch.log import Log

WARM = 0.5
"""Seconds of appends before anything is measured."""
Work = Callable[[], Awaitable[object]]


async def main(cases: int) -> None:
    async with AsyncExitStack() as stack:
        work = {**await appends(stack), **await pages(stack, reading.Size(cases))}
        say(sorted(work))
        while line := await asyncio.to_thread(sys.stdin.readline):
            figure, callers, seconds = json.loads(line)
            ran = process_time()
            rate = await driven(work[figure], callers, seconds)
            say((rate.per_second, (process_time() - ran) / (rate.per_second * seconds) * 1e6))


async def appends(stack: AsyncExitStack) -> Mapping[str, Work]:
    server = stack.enter_context(ephemeral(options=SERVER))
    log = await Log.open((await place(server, "appends")).app)
    stack.push_async_callback(log.close)
    writing = await notes(log)
    await driven(writing.add, 8, WARM)
    return {"append": writing.add}


async def pages(stack: AsyncExitStack, size: reading.Size) -> Mapping[str, Work]:
    server = await stack.enter_async_context(reading.place(size))
    one = (await server.ask(CASES, room.COORDINATOR, n=1))["cases"]["edges"][0]["node"]["id"]
    return {
        "page of cases": partial(server.ask, CASES, room.COORDINATOR, n=50),
        "page of few": partial(server.ask, CASES, SMALL, n=50),
        "audited page": partial(server.ask, CASES, AUDITOR, n=50),
        "one case": partial(server.ask, ONE, room.COORDINATOR, id=one),
        "meetings": partial(server.ask, MEETINGS, room.COORDINATOR, n=50),
    }


def say(what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
