"""A year of Support North Northants, from the figures in its own papers, with nobody real in it.

500 referrals a year from the sources the programme names, some 90 partners, six coordinators with 20 to 22 cases each,
a conversation within two working days, 85 of a hundred cases to the weekly meeting, plans of three to six months,
reviews, closures of every class. The referrals go in through the import of a team's list, day by day; everything
else goes through the same commands as the API's mutations. The same `today` gives the same year. In an
invented place every fact of it is recorded on the day on which it happened.

Reading order: `people`, `cases` (one case), `holding` (one meeting), here (the weeks).
"""

import csv
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from uuid import UUID, uuid5

from msgspec import Struct

from catch.app import Catch
from catch.demo.acting import Acting, made_up, together, working_time
from catch.demo.cases import SERIES, TABLE, Life
from catch.demo.enrolment import enrolment
from catch.demo.holding import HeldMeeting
from catch.demo.people import (
    AT_THE_SCREEN,
    CHAIR,
    LEAD_AGENCY,
    NEEDS_OF,
    REASONS,
    REFERRING,
    STANDING,
    WORKERS,
    Agency,
    Someone,
    agencies,
    people,
)
from catch.domain.calendar import LONDON, end_of_day, is_working_day, london_day
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.facts import Sealed
from catch.domain.programme.recurrence import occurrences
from catch.importing.referrals import import_referrals
from catch.programmes import starting

PROGRAMME = "snn-catch"
SEED = 2024
CASELOAD = 124  # between 20 and 21 each
FULL = 130  # nobody much above 22
_HEADER = (
    "reference", "received", "source", "channel", "referrer organisation", "first name", "last name", "date of birth",
    "nhs number", "phone", "address", "needs", "reason for referral", "urgency", "person knows", "person agrees",
    "safe to contact", "how to contact",
)  # fmt: skip

Progress = Callable[[int, int, str], None]
"""Told how many weeks are done, how many there are, and what goes on."""


class Year(Struct):
    """What the demonstration needs of the loaded year. `late`: cases that are not due and may become urgent, and
    who coordinates each.
    """

    meeting: UUID
    starts_at: datetime
    chair: str
    coordinator: str
    lead_agency: str
    agencies: dict[str, str]
    late: dict[UUID, str]
    cases: int
    open_cases: int
    meetings: int
    partners: int
    referrals: int
    commands: int
    caseloads: dict[str, int]


class Row(Struct):
    """One referral of the list."""

    received: datetime
    reference: str
    someone: Someone
    source: str
    organisation: str | None
    needs: tuple[str, ...]
    team: list[Agency]


async def load_year(
    catch: Catch, today: date, progress: Progress | None = None, *, weeks: int = 52, referrals: int = 500
) -> Year:
    """Raises a `Refused` where the log already holds something that does not fit."""
    return await Loading(catch, today, progress or silent, weeks, referrals).load()


def silent(done: int, of: int, what: str) -> None:
    """Tells nobody."""


class Loading:
    """The year while it is being loaded."""

    def __init__(self, catch: Catch, today: date, progress: Progress, weeks: int, referrals: int) -> None:
        self.catch, self.today, self.progress, self.weeks = catch, today, progress, weeks
        self.names = uuid5(UUID(int=SEED), f"year to {today}")
        self.random = Random(SEED)  # noqa: S311
        self.acting = Acting(catch)
        self.imported = 0
        self.lives: dict[UUID, Life] = {}
        self.partners = agencies()
        self.by_intervention: dict[str, list[Agency]] = defaultdict(list)
        for agency in self.partners:
            for intervention in agency.interventions:
                self.by_intervention[intervention].append(agency)
        series = next(one for one in starting() if one.key == PROGRAMME).series(SERIES)
        assert series is not None
        # Never later than now: the program takes nothing that lies in the future.
        self.now = min(datetime.combine(today, time(8), LONDON).astimezone(UTC), catch.log.clock.now())
        next_one = occurrences(series, today, today + timedelta(days=7))[0]
        back = [next_one.astimezone(LONDON) - timedelta(weeks=n) for n in range(weeks, -1, -1)]
        self.meetings = [
            HeldMeeting(self.acting, made_up(self.names, f"meeting {at.date()}"), at.astimezone(UTC), TABLE)
            for at in back
        ]
        self.rows = self.list_of(referrals)
        # Up to where it has been told.
        self.lived = end_of_day(london_day(self.meetings[0].starts_at) - timedelta(days=31))

    def list_of(self, referrals: int) -> list[Row]:
        """Arrivals of a Poisson process, given how many there are; one in twenty-five is somebody's second."""
        first = london_day(self.meetings[0].starts_at) - timedelta(days=10)
        last = min(
            london_day(self.now) - timedelta(days=1), london_day(self.meetings[-1].starts_at) - timedelta(days=4)
        )
        days = [day for day in _days(first, last) if is_working_day(day)]
        moments = sorted(working_time(self.random, self.random.choice(days)) for _ in range(referrals))
        fresh, known = people(self.random, self.today), list[Someone]()
        rows: list[Row] = []
        for number, received in enumerate(moments, start=1):
            again = bool(known) and self.random.random() < 0.04
            known.append(self.random.choice(known) if again else next(fresh))
            source = self.random.choices(list(REFERRING), [share for _, share in REFERRING.values()])[0]
            needs = tuple(self.random.sample(list(NEEDS_OF), self.random.randint(2, 3)))
            team = self.team(needs)
            rows.append(Row(received, f"SNN-{number:04}", known[-1], source, self.sender(source), needs, team))
        return rows

    def sender(self, source: str) -> str | None:
        kind, _ = REFERRING[source]
        return self.random.choice([a.key for a in self.partners if a.kind == kind]) if kind else None

    def team(self, needs: Sequence[str]) -> list[Agency]:
        """Who will help: for each need the agency at the table more often than not, and benefits advice for all."""
        found: dict[str, Agency] = {}
        for intervention in ("benefits-check", *needs):
            offering = self.by_intervention[intervention]
            standing = [agency for agency in offering if agency.key in STANDING]
            chosen = standing[0] if standing and self.random.random() < 0.55 else self.random.choice(offering)
            found[chosen.key] = chosen
        if self.random.random() < 0.5:
            extra = self.random.choice([agency for agency in self.partners if agency.key in AT_THE_SCREEN])
            found[extra.key] = extra
        return list(found.values())

    async def load(self) -> Year:
        await self.acting.begin()
        try:
            await self.set_up()
            await self.weekly()
            await self.balance()
        finally:
            self.acting.end()
        self.progress(len(self.meetings), len(self.meetings), "done")
        return self.year()

    async def weekly(self) -> None:
        """In the order in which it happens: a meeting is called on the day before the one that it follows is held."""
        first = self.meetings[0]
        await self.live(first.called_at)
        await first.call()
        for week, (meeting, following) in enumerate(zip(self.meetings, [*self.meetings[1:], None], strict=True)):
            self.progress(week, len(self.meetings), f"week of {meeting.starts_at:%d %B %Y}")
            await self.live(min(meeting.starts_at - timedelta(days=1), self.now))
            if following is not None:
                await following.call()
                await meeting.publish()
                await self.days(meeting.starts_at)
                await meeting.hold(self.lives)

    async def set_up(self) -> None:
        at = self.meetings[0].starts_at - timedelta(days=30)
        acts = enrolment(starting(), PROGRAMME, self.partners, london_day(at))
        for number, (command, by) in enumerate(acts):
            await self.acting.take(command, by, at, uuid5(self.names, f"enrolment {number}"))

    async def live(self, end: datetime) -> None:
        """Everything up to `end`, day by day: about a week."""
        count = sum(life.open for life in self.lives.values())
        count += sum(row.received < end for row in self.rows)
        # Less time each where everybody is full, more where there is room: caseloads stay near their target.
        stretch = 1.0 + max(-0.4, min(0.3, 3 * (CASELOAD - count) / CASELOAD))
        for life in self.lives.values():
            life.stretch = stretch
        for life in self.ready()[: max(0, count - FULL)]:
            life.soon(end - timedelta(days=4), 1, 3, life.end_well)
        await self.days(end)

    async def days(self, end: datetime) -> None:
        while self.lived < end:
            # One second on from the last instant of a day is the next day.
            self.lived = min(end_of_day(london_day(self.lived + timedelta(seconds=1))), end)
            await self.day(self.lived)

    async def day(self, end: datetime) -> None:
        """The day's list comes in, then every case goes its own way, all at once; it is written up as the day ends."""
        self.acting.reach(end)
        arrived = [row for row in self.rows if row.received < end]
        self.rows = self.rows[len(arrived) :]
        if arrived:
            await self.receive(arrived)
        await together(life.until(end) for life in self.lives.values())

    def ready(self) -> list[Life]:
        """Those longest in support whose closure nobody has proposed yet."""
        held = [life for life in self.lives.values() if life.open and life.planned_at and not life.closure_proposed]
        return sorted(held, key=lambda life: life.planned_at or self.now)

    async def receive(self, rows: Sequence[Row]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "referrals.csv"
            write_list(path, rows)
            report = await import_referrals(self.catch, path, programme=PROGRAMME)
        self.imported += len(report.kept)
        by_reference = {row.reference: row for row in rows}
        for kept in report.kept:
            row = by_reference[kept.reference]
            if kept.case not in self.lives:
                worker = min(WORKERS, key=lambda worker: (self.caseloads()[worker], worker))
                self.lives[kept.case] = Life(self.acting, kept.case, row.received, worker, row.needs, row.team)

    def caseloads(self) -> Counter[str]:
        held = Counter(dict.fromkeys(WORKERS, 0))
        held.update(life.worker for life in self.lives.values() if life.open)
        return held

    async def balance(self) -> None:
        """Cases change hands until nobody has two more than anybody else."""
        for _ in self.lives:
            loads = self.caseloads().most_common()
            (most, high), (least, low) = loads[0], loads[-1]
            # Otherwise two of them would hand the same case to and fro.
            if high - low < 2:
                return
            life = next(life for life in self.lives.values() if life.open and life.worker == most)
            life.worker = least
            if life.allocated:
                handed = AllocateCoordinator(life.case, least, LEAD_AGENCY, handover_note=Sealed("Spoken through."))
                await life.take(handed, self.now)

    def year(self) -> Year:
        planned = self.meetings[-1]
        return Year(
            meeting=planned.meeting,
            starts_at=planned.starts_at,
            chair=CHAIR,
            coordinator=WORKERS[0],
            lead_agency=LEAD_AGENCY,
            agencies={key: f"{key}-member" for key in AT_THE_SCREEN},
            late=dict(self.quiet(planned.starts_at)),
            cases=len(self.lives),
            open_cases=sum(life.open for life in self.lives.values()),
            meetings=len(self.meetings) - 1,
            partners=len(self.partners),
            referrals=self.imported,
            commands=self.acting.commands,
            caseloads=dict(self.caseloads()),
        )

    def quiet(self, meeting: datetime) -> Iterator[tuple[UUID, str]]:
        """Cases in support that nothing brings to the next meeting, known to two agencies that will be there."""
        day = london_day(meeting)
        for life in self.lives.values():
            recent = life.planned_at is not None and meeting - life.planned_at < timedelta(days=50)
            calm = all(task.settled or (task.due > day and not task.declined) for task in life.tasks)
            known = len({agency.key for agency in life.team} & set(AT_THE_SCREEN)) >= 2
            if life.open and recent and calm and known and not life.closure_proposed:
                yield life.case, life.worker


def write_list(path: Path, rows: Sequence[Row]) -> None:
    """The week's referrals as a team keeps them."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(_HEADER)
        for row in rows:
            writer.writerow(cells(row))


def cells(row: Row) -> list[str]:
    # Of the row alone: a list of other rows writes this one the same.
    dice = Random(row.reference)  # noqa: S311
    someone, received = row.someone, row.received.astimezone(LONDON)
    return [
        row.reference,
        f"{received:%d/%m/%Y %H:%M}",
        row.source,
        dice.choices(("phone", "online", "email"), (50, 35, 15))[0],
        row.organisation or "",
        someone.first,
        someone.last,
        f"{someone.born:%d/%m/%Y}",
        someone.nhs_number,
        someone.phone,
        someone.address,
        "; ".join(row.needs),
        dice.choice(REASONS),
        dice.choices(("routine", "soon", "urgent"), (80, 16, 4))[0],
        "yes",
        "yes",
        "yes",
        dice.choice(("phone, mornings", "text first", "letter, then phone")),
    ]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
