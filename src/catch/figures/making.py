"""Metrics worked out: one pass over the facts for however many are asked for."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from catch.app import Catch
from catch.domain.programme.configuration import Programme
from catch.figures.counting import from_cases, sources
from catch.figures.gathering import Known, first_contacts, meetings
from catch.figures.sharing import shared
from catch.metrics.definition import Cut, FromContacts, FromMeetings, Metric, NotComputable
from catch.metrics.reckoning import Figure, Tally, figure
from catch.slices import in_slices
from catch.statistics.small_numbers import Period
from projections import case_summary

MANY = 5_000
"""Cases of a programme from which on processes beside count: fewer are counted here before those have begun."""


class Wanted(NamedTuple):
    """A metric over some days, for the whole and for each of `parts`."""

    metric: Metric
    first: date
    last: date
    parts: tuple[Period, ...]
    grouped: bool


class Found(NamedTuple):
    """A metric worked out, and the versions of the programme under which its cases run or ran."""

    figure: Figure
    pins: tuple[str, ...]


def lacking(metric: Metric, programme: Programme) -> str | None:
    """Why it cannot be worked out."""
    return metric.computed.reason if isinstance(metric.computed, NotComputable) else metric.lacking(programme)


async def made(catch: Catch, programme: str, known: Known, cut: Cut, wanted: Sequence[Wanted]) -> list[Found]:
    """Each of them, from one pass over the facts."""
    tallies = [Tally(each.metric, each.first, each.last) for each in wanted]
    shared_out = await case_summary.count_in(catch.log.pool, programme) >= MANY
    of_cases = shared if shared_out else from_cases
    for gather in (of_cases, from_meetings, from_contacts):
        await gather(catch, programme, known, cut, tallies)
    found: list[Found] = []
    for each, tally in zip(wanted, tallies, strict=True):
        # A long curve is worked out beside the loop that serves others.
        done = await asyncio.to_thread(
            figure, each.metric, tally.counted(), each.parts, grouped=each.grouped, whole=tally.whole(cut)
        )
        found.append(Found(done, tuple(sorted(tally.pins))))
    return found


async def from_meetings(catch: Catch, programme: str, known: Known, cut: Cut, tallies: Sequence[Tally]) -> None:
    if not (wanted := sources(FromMeetings, tallies)):
        return
    numbers: dict[UUID | int, int] = {}
    async for facts in in_slices(await meetings(catch, programme, known)):
        cases = {item.item: item.case for item in facts.meeting.items}
        for source, takers in wanted:
            for line in source.lines(facts, cut):
                # Of one case an item each week is still one person's; what is no person's is counted one by one.
                behind = (line.entry and cases.get(line.entry)) or len(numbers)
                number = numbers.setdefault(behind, len(numbers))
                for tally in takers:
                    tally.take((line,), number)


async def from_contacts(catch: Catch, programme: str, known: Known, cut: Cut, tallies: Sequence[Tally]) -> None:
    if not (wanted := sources(FromContacts, tallies)):
        return
    number = 0
    async for facts in in_slices(await first_contacts(catch, programme, known, cut)):
        number += 1
        for source, takers in wanted:
            lines = [*source.lines(facts, cut)]
            for tally in takers:
                tally.take(lines, number)
