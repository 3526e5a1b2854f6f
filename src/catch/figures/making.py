"""Metrics worked out: one pass over the facts for however many are asked for."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, TypeVar
from uuid import UUID

from catch.app import Catch
from catch.domain.programme.configuration import Programme
from catch.figures.gathering import Known, first_contacts, meetings, people
from catch.metrics.definition import Cut, FromCases, FromContacts, FromMeetings, Metric, NotComputable
from catch.metrics.reckoning import Figure, Tally, figure
from catch.slices import in_slices
from catch.statistics.small_numbers import Period


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
    for gather in (from_cases, from_meetings, from_contacts):
        await gather(catch, programme, known, cut, tallies)
    found: list[Found] = []
    for each, tally in zip(wanted, tallies, strict=True):
        # A long curve is worked out beside the loop that serves others.
        done = await asyncio.to_thread(figure, each.metric, tally.counted(), each.parts, grouped=each.grouped)
        found.append(Found(done, tuple(sorted(tally.pins))))
    return found


S = TypeVar("S", FromCases, FromMeetings, FromContacts)


def sources(kind: type[S], tallies: Sequence[Tally]) -> list[tuple[S, list[Tally]]]:
    """Each that is of the kind, with the tallies that its lines go to."""
    found: dict[str, tuple[S, list[Tally]]] = {}
    for tally in tallies:
        if isinstance(tally.metric.computed, kind):
            found.setdefault(tally.metric.code, (tally.metric.computed, []))[1].append(tally)
    return [*found.values()]


async def from_cases(catch: Catch, programme: str, known: Known, cut: Cut, tallies: Sequence[Tally]) -> None:
    if not (wanted := sources(FromCases, tallies)):
        return
    person = 0
    async for several in people(catch, programme, known):
        async for own in in_slices(several):
            person += 1
            for facts in own:
                pin = f"{facts.case.programme}@{facts.case.programme_version}"
                for source, takers in wanted:
                    lines = [*source.lines(facts, cut)]
                    for tally in takers:
                        tally.take(lines, person, pin)


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
