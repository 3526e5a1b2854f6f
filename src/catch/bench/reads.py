"""Reading a long log: following it, one stream, and a case as it was."""

import asyncio
import random
from collections.abc import Sequence
from time import perf_counter
from typing import Any
from uuid import UUID

import projections
from catch.bench.appends import percentile
from catch.log import Log
from catch.log.codec import decode
from catch.readside import ReadSide, as_at, known_at
from projections import case_summary

CASE = case_summary.CASE_SUMMARY
ALL = projections.ALL
STREAM = 50


async def followed(log: Log) -> float:
    """Facts a second, read in order and decoded."""
    head, count = await log.head(), 0
    began = perf_counter()
    async for page in log.follow(0, 5000):
        count += len([decode(stored) for stored in page])
        if page[-1].position >= head:
            break
    return count / (perf_counter() - began)


async def caught_up(log: Log) -> float:
    """Facts a second, folded into all projections behind their checkpoints by the program's own read side."""
    names = [one.table for one in ALL]
    reached = await log.pool.fetchval("select min(position) from checkpoints where projection = any($1)", names)
    behind = await log.pool.fetchval("select count(*) from stored_events where notification_id > $1", reached)
    side = ReadSide(log, decode, ALL)
    head = await log.head()
    began = perf_counter()
    task = asyncio.create_task(side.run())
    try:
        await side.reached(head, timeout=600)
        return behind / (perf_counter() - began)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def streams_read(log: Log, streams: Sequence[UUID], seconds: float) -> float:
    """Streams of fifty facts a second, one after another, read and decoded."""
    dice = random.Random(1)  # noqa: S311
    count, began = 0, perf_counter()
    while perf_counter() - began < seconds:
        found = await log.stream(dice.choice(streams))
        assert len([decode(stored) for stored in found]) == STREAM
        count += 1
    return count / (perf_counter() - began)


async def seen_as_at(log: Log, case: UUID, times: int) -> float:
    """Milliseconds in which 95 of 100 questions were answered: read, decoded, cut at a time, folded."""
    dice = random.Random(2)  # noqa: S311
    moments = [each.recorded_at for each in await log.stream(case)]
    taken: list[float] = []
    for _ in range(times):
        moment = dice.choice(moments[len(moments) // 2 :])
        began = perf_counter()
        history: list[Any] = [decode(stored) for stored in await log.stream(case)]
        row = as_at(CASE, case, known_at(history, moment))
        taken.append(perf_counter() - began)
        assert row is not None
    return percentile(taken, 0.95)
