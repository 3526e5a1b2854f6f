"""Does anything get slower as the log gets longer? Appends and the agenda query, by turns in a short and in a long log.

Both logs begin with the same facts, and asked for are meetings and cases about which the long one says nothing more:
the very same rows, so that what differs is how much there is beside them.
"""

import random
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

from catch.bench.appends import Notes, driven, notes, percentile
from catch.bench.history import Year, copied, repeated
from catch.bench.rebuilds import rebuilt
from catch.bench.shape import Growth
from catch.database.server import Server
from catch.log import Log
from projections import agenda, case_summary

SHORT = 10_000
TURNS = 4
SETTLED = f"""
    select meeting_id, array_agg(case_id)
    from {agenda.TABLE} a join {case_summary.TABLE} c on c.case_id = any(a.cases)
    where a.position <= $1 and c.position <= $1 group by meeting_id order by meeting_id
"""  # noqa: S608
Screens = Sequence[tuple[UUID, Sequence[UUID]]]
"""Meetings, each with cases on its agenda."""


class Place(NamedTuple):
    log: Log
    writing: Notes

    async def medians(self, screens: Screens, seconds: float) -> tuple[float, float]:
        """Milliseconds of an append, one at a time, and of what a screen asks of a meeting: agenda and cases."""
        # Not counted: plans are made and pages read by then.
        await driven(self.writing.add, 1, seconds / 4)
        return (await driven(self.writing.add, 1, seconds)).p50_ms, await asked(self.log, screens, seconds)


async def grown(
    short: Server, long: Server, year: Year, length: int, seconds: float, say: Callable[[str], None]
) -> Growth:
    """Two places on one server, empty as yet: one gets 10,000 facts, the other `length`."""
    for place, events in ((short, SHORT), (long, length)):
        say(f"growth: {events:,} facts")
        await copied(place.admin, repeated(year, events))
        await rebuilt(place.app)
    logs = [await Log.open(place.app) for place in (short, long)]
    try:
        screens: Screens = [(row[0], row[1]) for row in await logs[1].pool.fetch(SETTLED, SHORT)]
        assert screens, "every case goes on behind the first facts"
        places = [Place(log, await notes(log)) for log in logs]
        # By turns and not one after the other: the machine's own speed moves meanwhile.
        taken = [[await place.medians(screens, seconds / TURNS) for place in places] for _ in range(TURNS)]
    finally:
        for log in logs:
            await log.close()
    appends = [long[0] / short[0] for short, long in taken]
    queries = [long[1] / short[1] for short, long in taken]
    return Growth(median(appends), median(queries))


async def asked(log: Log, screens: Screens, seconds: float) -> float:
    dice = random.Random(3)  # noqa: S311
    taken: list[float] = []
    began = perf_counter()
    while perf_counter() - began < seconds:
        start = perf_counter()
        meeting, cases = dice.choice(screens)
        assert await agenda.one(log.pool, meeting) is not None
        assert len(await case_summary.many(log.pool, cases)) == len(cases)
        taken.append(perf_counter() - start)
    return percentile(taken, 0.5)
