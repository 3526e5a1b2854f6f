"""A rebuild of all projections, in a process of its own so that its memory can be told."""

import asyncio
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import msgspec
import uvloop

from catch.bench.reads import ALL
from catch.bench.shape import Rebuild
from catch.log import Log
from catch.log.codec import decode
from catch.readside import rebuild

PROCESSES = os.cpu_count() or 1


async def rebuilt(dsn: str) -> Rebuild:
    return await asyncio.to_thread(_rebuilt, dsn)


def _rebuilt(dsn: str) -> Rebuild:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", __name__, dsn], stdout=subprocess.PIPE, check=True
    )
    return msgspec.json.decode(done.stdout, type=Rebuild)


async def here(dsn: str) -> Rebuild:
    log = await Log.open(dsn)
    try:
        events: int = await log.pool.fetchval("select count(*) from stored_events")
        began = perf_counter()
        await rebuild(log, decode, ALL, processes=PROCESSES)
        seconds = perf_counter() - began
    finally:
        await log.close()
    # The others' largest is that of the largest among them; together they take at most so much for each.
    others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Rebuild(events, events / seconds, seconds, largest_memory() + others * PROCESSES)


def largest_memory() -> float:
    """Megabytes, since this program began: what `getrusage` says may be its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    print(msgspec.json.encode(uvloop.run(here(sys.argv[1]))).decode())
