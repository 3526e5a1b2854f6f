"""What a scenario is: a value that says what is played, what the programmes' papers say, and what is read off."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from catch.domain.calendar import end_of_day
from catch.domain.case.state import Case
from catch.domain.meeting.state import Meeting
from catch.domain.programme.configuration import Programme, Series
from catch.domain.streams import CASE, MEETING
from catch.programmes import of_key
from catch.scenarios.life import Ways
from catch.scenarios.place import Crew, Place, crew, licensed
from catch.scenarios.running import Clockwork, Progress, Running, arrivals, just
from projections import outcomes

BEGINS = date(2024, 1, 8)
"""The Monday on which scenarios begin: the same year for ever, so that a seed gives the same figures for ever."""


R = TypeVar("R", bound=Running)
Change = Callable[[Programme], Programme]


class Played(Struct):
    """What was played, as the log tells it: by the name that the scenario gave each programme. `noted`: what a scenario
    saw while it was played, which no later reading shows.
    """

    until: datetime
    programmes: dict[str, Running]
    cases: dict[str, list[Case]]
    meetings: dict[str, list[Meeting]]
    episodes: dict[str, list[outcomes.Row]]
    noted: dict[str, Any]


class Line(Struct, frozen=True):
    """One line of the table. `holds`: what has to be so, or the scenario has failed."""

    what: str
    papers: str
    ran: Callable[[Played], object]
    holds: Callable[[Played], bool] | None = None


class Scenario(Struct, frozen=True):
    """`lacks`: what the papers ask for beyond what is played here, in a sentence."""

    code: str
    title: str
    programmes: tuple[str, ...]
    play: "Callable[[Stage], Awaitable[Played]]"
    lines: Sequence[Line]
    lacks: str = ""


class Stage:
    """Where a scenario is played, how large (1: as large as the papers say), and who is told how far it has come."""

    def __init__(self, place: Place, scale: float, progress: Progress) -> None:
        self.place, self.scale, self.progress = place, scale, progress
        self.begins = BEGINS
        self.programmes: dict[str, Running] = {}
        self.noted: dict[str, Any] = {}

    def scaled(self, many: float, least: int = 1) -> int:
        return max(least, round(many * self.scale))

    @property
    def rate(self) -> float:
        """How many arrive, of those that do at full size. Below a fifth the time is shortened instead: a meeting to
        which somebody comes once a month would show nothing.
        """
        return max(self.scale, 0.2)

    def weeks(self, full: int, least: int = 6) -> int:
        return max(least, round(full * self.scale / self.rate))

    def crew(self, key: str, workers: float, partners: float = 0, change: Change | None = None) -> Crew:
        """So many workers and partners at full size."""
        programme = licensed(of_key(key))
        changed = change(programme) if change else programme
        return crew(changed, max(1, round(workers * self.rate)), round(partners * self.rate))

    def shortened(self, programme: Programme) -> Programme:
        """Its meetings have as much less time as fewer people arrive."""

        def shorter(series: Series) -> Series:
            aside = series.policy.minutes.opening + series.policy.minutes.gaps
            return replace(series, duration_minutes=aside + round((series.duration_minutes - aside) * self.rate))

        return replace(programme, meetings=tuple(map(shorter, programme.meetings)))

    def run(self, crew: Crew, ways: Ways, moments: Sequence[datetime], name: str = "") -> Running:
        return self.play(Running(self.place, crew, ways, name or crew.programme.key, moments))

    def play(self, running: R) -> R:
        self.programmes[running.name] = running
        return running

    def poisson(self, a_week: float, weeks: float, *, always: bool = False) -> list[datetime]:
        """So many arrivals a week, at the scale."""
        return arrivals(self.place.random, a_week * self.rate, self.begins, self.day(weeks), always=always)

    def exactly(self, a_week: float, weeks: float) -> list[datetime]:
        """The same, of a scenario that is made smaller in another way."""
        return arrivals(self.place.random, a_week, self.begins, self.day(weeks))

    def contacts(self, a_week: float, days: int) -> list[datetime]:
        """At any hour of so many days, at the scale itself."""
        last = self.begins + timedelta(days=days - 1)
        return arrivals(self.place.random, a_week * self.scale, self.begins, last, always=True)

    def just(self, how_many: int, weeks: float) -> list[datetime]:
        return just(self.place.random, how_many, self.begins, self.day(weeks))

    def day(self, weeks: float) -> date:
        """The last day of so many weeks."""
        return self.begins + timedelta(days=int(weeks * 7) - 1)

    def meet(self, running: Running, weeks: float, **more: float) -> None:
        running.meet(self.begins, self.day(weeks), **more)

    async def begin(self) -> None:
        at = end_of_day(self.begins - timedelta(days=30))
        await self.place.begin([each.crew for each in self.programmes.values()], at)

    async def live(self, weeks: float) -> Played:
        """From the beginning, for so long."""
        await self.begin()
        until = end_of_day(self.day(weeks))
        clockwork = Clockwork([*self.programmes.values()], end_of_day(self.begins - timedelta(days=29)))
        await clockwork.play(until, self.progress)
        return await self.read(until)

    async def read(self, until: datetime) -> Played:
        catch, each = self.place.catch, self.programmes
        states = catch.present.states
        await catch.readside.reached(await catch.log.head(), timeout=60)
        return Played(
            until,
            each,
            {name: [held.state for held in await states.get_many(CASE, each[name].lives)] for name in each},
            {name: await self.sat(running, until) for name, running in each.items()},
            {name: await outcomes.of_programme(catch.log.pool, held.programme.key) for name, held in each.items()},
            self.noted,
        )

    async def sat(self, running: Running, until: datetime) -> list[Meeting]:
        """The meetings that were held, in the order in which they were."""
        held = [each.meeting for each in running.meetings if each.starts_at < until]
        return [each.state for each in await self.place.catch.present.states.get_many(MEETING, held)]


def teams(programme: Programme, how_many: int) -> Programme:
    """Its meeting held by so many teams: of those that it names the first, or one named as each."""
    named = programme.meetings[:how_many]
    if len(named) < how_many and len(programme.meetings) == 1:
        (one,) = programme.meetings
        named = tuple(replace(one, key=f"{one.key}-{n}", name=f"{one.name} {n}") for n in range(1, how_many + 1))
    return replace(programme, meetings=named)


def beside(programme: Programme, key: str, **policy: Any) -> Programme:
    """The same programme under another key, its meetings by another policy."""
    meetings = tuple(
        replace(each, key=f"{each.key}-2", policy=replace(each.policy, **policy)) for each in programme.meetings
    )
    return replace(programme, key=key, meetings=meetings)
