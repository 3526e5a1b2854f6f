"""Cases counted: each gives its lines to every figure that is asked for, in one pass."""

from collections.abc import Sequence
from typing import TypeVar

from catch.figures.gathering import WHOLE, Known, Part, Source, people
from catch.metrics.definition import Cut, FromCases, FromContacts, FromMeetings
from catch.metrics.reckoning import Tally
from catch.slices import in_slices

S = TypeVar("S", FromCases, FromMeetings, FromContacts)


def sources(kind: type[S], tallies: Sequence[Tally]) -> list[tuple[S, list[Tally]]]:
    """Each that is of the kind, with the tallies that its lines go to."""
    found: dict[str, tuple[S, list[Tally]]] = {}
    for tally in tallies:
        if isinstance(tally.metric.computed, kind):
            found.setdefault(tally.metric.code, (tally.metric.computed, []))[1].append(tally)
    return [*found.values()]


async def from_cases(
    catch: Source, programme: str, known: Known, cut: Cut, tallies: Sequence[Tally], part: Part = WHOLE
) -> None:
    if not (wanted := sources(FromCases, tallies)):
        return
    # Nobody of one part has the number of anybody of another.
    person = part.number
    async for several in people(catch, programme, known, part):
        async for own in in_slices(several):
            person += part.of
            for facts in own:
                pin = f"{facts.case.programme}@{facts.case.programme_version}"
                for source, takers in wanted:
                    lines = [*source.lines(facts, cut)]
                    for tally in takers:
                        tally.take(lines, person, pin)
