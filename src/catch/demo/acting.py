"""Whatever goes its own way in an invented place: what is to come of it, in order of time, its dice, and the commands
that it takes.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from catch.app import Catch
from catch.commands import Commands
from catch.domain.calendar import LONDON, add_working_days, london_day
from catch.domain.facts import Actor, Command
from catch.log.entries import Conflict, Unavailable
from catch.readside import NotCaughtUp

Step = Callable[[datetime], Awaitable[None]]
AT_ONCE = 40
AGAIN = (NotCaughtUp, Conflict, Unavailable)
"""Answers of a place that has much to do: it will be had in a moment."""
PAUSES = (0.2, 1.0, 3.0, 10.0, 20.0)
"""Seconds until it is tried again."""


def made_up(names: UUID, name: str) -> UUID:
    """An id that looks like any client's random one, and is the same whenever the demonstration is loaded."""
    return UUID(bytes=uuid5(names, name).bytes, version=4)


class Acting:
    """Takes commands, as the API's mutations do, and counts them. Each is taken when it happens, so that rights are
    asked as they stand on that day of the year, not as they stand today.
    """

    def __init__(self, catch: Catch) -> None:
        self.catch = catch
        self.commands = 0
        # One face for all, as in a server: those who want the same thing take turns there. Each task has its own time.
        self._at = ContextVar[datetime]("what time it is")
        self._taking = Commands(catch.records, self._at.get)
        self._upto: datetime | None = None
        self._reached: datetime | None = None

    async def begin(self) -> None:
        """In an invented place what happens is recorded on its day; elsewhere all of it is recorded today."""
        if await self.catch.log.mark.invented():
            self._upto = await self.catch.log.pool.fetchval("select clock_timestamp()")

    def reach(self, at: datetime) -> None:
        """It is as late as this now, or later: time does not go back."""
        if self._upto is not None and (self._reached is None or at > self._reached):
            self._reached = min(at, self._upto)
            self.catch.log.record_at(self._reached)

    def end(self) -> None:
        self.catch.log.record_at(None)

    async def take(self, command: Command, by: Actor, at: datetime, command_id: UUID) -> None:
        self.commands += 1
        self.reach(at)
        self._at.set(at)
        # As any client may: by its id, a command that is sent again is taken once.
        for pause in (*PAUSES, None):
            try:
                await self._taking.take(command, by=by, command_id=command_id)
            except AGAIN:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return


def working_time(random: Random, day: date) -> datetime:
    """A moment of the working day, in UTC."""
    return datetime.combine(day, time(9 + random.randrange(8), random.randrange(60)), LONDON).astimezone(UTC)


class Unfolding:
    """Steps, each taken when its time comes. The same id unfolds in the same way, whatever else lives beside it."""

    def __init__(self, acting: Acting, id_: UUID) -> None:
        self.acting, self.id_ = acting, id_
        # Dice of its own: what lives at the same time does not change the other's year, whichever comes first.
        self.random = Random(id_.int)  # noqa: S311  (a demonstration's dice)
        self._steps: list[tuple[datetime, int, Step]] = []
        self._made = self._taken = 0

    def plan_step(self, at: datetime, step: Step) -> None:
        self._made += 1
        # The number decides between steps of the same moment: functions cannot be compared.
        heapq.heappush(self._steps, (at, self._made, step))

    def soon(self, at: datetime, least: int, most: int, step: Step) -> None:
        """So many working days later, at some time of the day and never before `at`."""
        day = add_working_days(london_day(at), self.random.randint(least, most))
        when = working_time(self.random, day)
        self.plan_step(when if when > at else at + timedelta(minutes=20), step)

    @property
    def next_at(self) -> datetime | None:
        return self._steps[0][0] if self._steps else None

    async def until(self, end: datetime) -> None:
        while self._steps and self._steps[0][0] < end:
            at, _, step = heapq.heappop(self._steps)
            await step(at)

    def id(self, what: str) -> UUID:
        self._made += 1
        return uuid5(self.id_, f"{what} {self._made}")

    async def act(self, command: Command, by: Actor, at: datetime) -> None:
        self._taken += 1
        await self.acting.take(command, by, at, uuid5(self.id_, f"command {self._taken}"))


async def together(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of them, so many at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(job: Coroutine[Any, Any, None]) -> None:
        async with turns:
            await job

    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(one(job))
