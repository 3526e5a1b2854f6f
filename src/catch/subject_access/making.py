"""A pack, made: gathered, recorded as looked at, unsealed, put together."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.app import Catch
from catch.domain.calendar import london_day
from catch.domain.partner import RunningPart
from catch.domain.programme import ProgrammeHistory
from catch.domain.streams import PROGRAMME, programme_stream
from catch.log.invented import NOTICE
from catch.personal import sealed_in
from catch.subject_access.content import Decided, Pack, packed
from catch.subject_access.gathering import Entry, Gathered
from projections import agencies

NOBODYS = {"operator": "whoever runs the system"}
"""Agencies that are none."""
MOST = 1_000
"""Agencies of a programme among which those are looked for that lead it."""

Looked = Callable[[Sequence[Entry]], Awaitable[None]]
"""Records that these are shown, before they are."""


class Days(NamedTuple):
    """London days, both included."""

    since: date | None = None
    until: date | None = None


async def made(
    catch: Catch, found: Gathered, days: Days, decided: Decided, looked: Looked, request: UUID | None = None
) -> Pack:
    """`request`: what it answers.

    Raises `NoSuchRequest`, `NoSuchPlace`, and `RecordsAway` where it cannot be recorded that somebody looks.
    """
    asked = found.asked(request) if request is not None else None
    events: list[Struct] = [each.recorded.event for each in found.entries]
    await looked(found.entries)
    name = found.person.registered.name
    seals = list(dict.fromkeys([*sealed_in(*events), *filter(None, (name,))]))
    plain = dict(zip(seals, await catch.keyring.unseal(seals), strict=True))
    keys = list(dict.fromkeys(case.programme for case in found.cases))
    histories = await catch.present.states.get_many(PROGRAMME, map(programme_stream, keys))
    known: list[ProgrammeHistory] = [each.state for each in histories if each.state]
    return packed(
        found,
        plain,
        NOBODYS | dict(await agencies.named(catch.log.pool)),
        {each.programme: each.current.name for each in known},
        await leading(catch, keys),
        catch.log.clock.now(),
        decided,
        days,
        NOTICE if await catch.log.mark.invented() else None,
        asked,
    )


async def leading(catch: Catch, programmes: Sequence[str]) -> list[str]:
    """The names of the agencies that answer for these programmes today."""
    today, names = london_day(catch.log.clock.now()), list[str]()
    for programme in programmes:
        for row in await agencies.page_of(catch.log.pool, programme, first=MOST):
            runs = (each.held for each in row.runs)
            if any(held.programme == programme and held.part is RunningPart.LEAD and held.on(today) for held in runs):
                names.append(row.name)
    return list(dict.fromkeys(names))
