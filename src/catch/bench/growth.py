"""Does anything get slower as the log gets longer? Appends and the agenda query at two lengths."""

import random
from collections.abc import Callable
from time import perf_counter

from catch.bench.appends import driven, notes, percentile
from catch.bench.history import Year, copied, repeated
from catch.bench.rebuilds import rebuilt
from catch.bench.shape import Growth
from catch.log import Log
from catch.postgres import Server
from projections import agenda, case_summary

SHORT = 10_000


async def grown(place: Server, year: Year, length: int, seconds: float, say: Callable[[str], None]) -> Growth:
    """The same place at 10,000 facts and again at `length`."""
    say(f"growth: {SHORT:,} facts")
    await copied(place.admin, repeated(year, SHORT))
    short = await medians(place, seconds)
    say(f"growth: {length:,} facts")
    await copied(place.admin, repeated(year, length, skip=SHORT))
    long = await medians(place, seconds)
    return Growth(long[0] / short[0], long[1] / short[1])


async def medians(place: Server, seconds: float) -> tuple[float, float]:
    """Milliseconds of an append, one at a time, and of what a screen asks of a meeting: its agenda and its cases."""
    await rebuilt(place.app)
    log = await Log.open(place.app)
    try:
        writing = await notes(log)
        await driven(writing.add, 1, seconds / 4)
        appended = (await driven(writing.add, 1, seconds)).p50_ms
        return appended, await asked(log, seconds)
    finally:
        await log.close()


async def asked(log: Log, seconds: float) -> float:
    rows = await log.pool.fetch(f"select meeting_id from {agenda.TABLE} order by meeting_id limit 1000")  # noqa: S608
    dice = random.Random(3)  # noqa: S311
    taken: list[float] = []
    began = perf_counter()
    while perf_counter() - began < seconds:
        start = perf_counter()
        row = await agenda.one(log.pool, dice.choice(rows)[0])
        assert row is not None
        await case_summary.many(log.pool, row.cases)
        taken.append(perf_counter() - start)
    return percentile(taken, 0.5)
