"""A scenario played in an invented place of its own, from its first fact to the table that is read off it."""

import time

from msgspec import Struct

from catch.app import Catch, opened
from catch.database.server import Server
from catch.log.invented import mark_invented
from catch.scenarios.place import Place
from catch.scenarios.running import Progress
from catch.scenarios.scenario import Played, Scenario, Stage
from catch.settings import Settings


class Told(Struct, frozen=True):
    """One line as it came out. `held`: whether what has to be so was; None where nothing has to."""

    what: str
    papers: str
    ran: str
    held: bool | None


class Outcome(Struct, frozen=True):
    """What was played, how long it took, and what is told of it."""

    lines: tuple[Told, ...]
    seconds: float
    commands: int
    events: int

    @property
    def holds(self) -> bool:
        return all(line.held is not False for line in self.lines)


async def outcome(
    running: Server, settings: Settings, scenario: Scenario, seed: int, scale: float, progress: Progress
) -> Outcome:
    """In the database and schema that are named, which are empty. Raises a `Refused` where the program refuses what a
    careful coordinator would do.
    """
    async with opened(running, settings) as catch:
        # Before its first fact: nothing that is told here may ever be taken for real.
        await mark_invented(running.admin, settings.schema)
        return await played_in(catch, scenario, seed, scale, progress)


async def played_in(catch: Catch, scenario: Scenario, seed: int, scale: float, progress: Progress) -> Outcome:
    began = time.monotonic()
    place = Place(catch, seed, scenario.code)
    try:
        played = await scenario.play(Stage(place, scale, progress))
    finally:
        place.acting.end()
    return Outcome(told(scenario, played), time.monotonic() - began, place.acting.commands, await catch.log.head())


def told(scenario: Scenario, played: Played) -> tuple[Told, ...]:
    return tuple(
        Told(line.what, line.papers, str(line.ran(played)), line.holds(played) if line.holds else None)
        for line in scenario.lines
    )
