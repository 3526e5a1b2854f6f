"""Programmes while they run: people arrive, cases go their own way, meetings are called and held in their order."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Any
from uuid import UUID

from catch.demo.acting import Unfolding, together, working_time
from catch.demo.holding import HeldMeeting
from catch.domain.calendar import LONDON, end_of_day, is_holiday, is_working_day, london_day
from catch.domain.facts import Actor
from catch.domain.programme.configuration import Series
from catch.domain.programme.recurrence import occurrences
from catch.scenarios.life import Life, Ways
from catch.scenarios.place import Crew, Place

Progress = Callable[[int, int, str], None]


def arrivals(random: Random, a_week: float, first: date, last: date, *, always: bool = False) -> list[datetime]:
    """Moments of a Poisson process from one day to the other, in working time; `always`: at any hour of any day."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    open_days = days if always else [day for day in days if is_working_day(day)]
    expected = a_week * len(days) / 7
    found: list[datetime] = []
    at = random.expovariate(1)
    while at < expected:
        day = open_days[int(at / expected * len(open_days))]
        found.append(any_time(random, day) if always else working_time(random, day))
        at += random.expovariate(1)
    return sorted(found)


def just(random: Random, how_many: int, first: date, last: date) -> list[datetime]:
    """The same process, given how many there are."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return sorted(working_time(random, random.choice([*filter(is_working_day, days)])) for _ in range(how_many))


def any_time(random: Random, day: date) -> datetime:
    """Of the day as it is in London: one of them has an hour less, another one more."""
    begins, ends = (datetime.combine(each, time(), LONDON).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    return begins + (ends - begins) * random.random()


class Running:
    """One programme of the place, with its cases and meetings."""

    def __init__(self, place: Place, crew: Crew, ways: Ways, name: str, moments: Sequence[datetime]) -> None:
        self.place, self.crew, self.ways, self.name = place, crew, ways, name
        self.programme = crew.programme
        self.coming = list(moments)
        self.lives: dict[UUID, Life] = {}
        self.meetings: list[HeldMeeting] = []
        self._loads: Counter[str] = Counter()
        self._living: list[Life] = []

    def meet(self, first: date, last: date, **more: float) -> None:
        """Every series meets by its own rule, holidays excepted."""
        for series in self.programme.meetings:
            table = self.crew.table(series.key, **more)
            for at in occurrences(series, first, last):
                if not is_holiday(london_day(at)):
                    id_ = self.place.named(f"{self.name} {series.key} {at}")
                    self.meetings.append(HeldMeeting(self.place.acting, id_, at, table))

    def arrive(self, end: datetime) -> None:
        while self.coming and self.coming[0] < end:
            received = self.coming.pop(0)
            number = len(self.lives) + 1
            case = self.place.named(f"{self.name} case {number}")
            dice = Random(case.int)  # noqa: S311
            series = dice.choice(self.programme.meetings) if self.programme.meetings else None
            worker = self.least_busy(series)
            life = Life(self.place.acting, self.crew, self.ways, case, self.place.somebody(), received, worker, series)
            self.lives[case] = life
            self._living.append(life)
            self._loads[worker.user] += 1

    def least_busy(self, series: Series | None) -> Actor:
        team = self.crew.workers[series.key if series else self.programme.key]
        return min(team, key=lambda worker: (self._loads[worker.user], worker.user))

    def due(self, end: datetime) -> Iterator[Unfolding]:
        """Those of whom something is to come before the end."""
        for life in self._living:
            if not life.open:
                self._loads[life.worker.user] -= 1
        self._living = [life for life in self._living if life.open]
        return (life for life in self._living if life.next_at is not None and life.next_at < end)


class Clockwork:
    """What happens in the place, in its order, from a day on until another."""

    def __init__(self, programmes: Sequence[Running], begins: datetime) -> None:
        self.programmes, self.lived = programmes, begins
        self.acting = programmes[0].place.acting

    async def play(self, until: datetime, progress: Progress) -> None:
        steps = sorted(self.steps(until), key=itemgetter(0, 1))
        whole = (until - self.lived).days
        begun = self.lived
        for (at, _), group in groupby(steps, key=itemgetter(0, 1)):
            progress((at - begun).days, whole, f"{at:%d %B %Y}")
            await self.days(at)
            await together(job() for _, _, job in group)
        await self.days(until)
        progress(whole, whole, f"{until:%d %B %Y}")

    def steps(self, until: datetime) -> Iterator[tuple[datetime, int, Callable[[], Coroutine[Any, Any, None]]]]:
        """What is done for each meeting, and when: of one moment the later step first, so that none meets itself."""
        for programme in self.programmes:
            for meeting in programme.meetings:
                if meeting.starts_at < until:
                    yield meeting.called_at, 2, meeting.call
                    yield meeting.starts_at - timedelta(hours=23), 1, meeting.publish
                    yield meeting.starts_at, 0, self.held(meeting, programme)

    def held(self, meeting: HeldMeeting, programme: Running) -> Callable[[], Coroutine[Any, Any, None]]:
        return lambda: meeting.hold(programme.lives)

    async def days(self, end: datetime) -> None:
        """Day by day, each written up as it ends."""
        while self.lived < end:
            self.lived = min(end_of_day(london_day(self.lived + timedelta(seconds=1))), end)
            self.acting.reach(self.lived)
            for programme in self.programmes:
                programme.arrive(self.lived)
            await together(
                life.until(self.lived) for programme in self.programmes for life in programme.due(self.lived)
            )
