"""Two servers and one log: what may be there once is there once, and whoever was suspended does nothing more, whichever
of the two is asked. Strictly one after the other, at one and then at the other; or both at once.

The second server is told nothing by the log: what it folded once stays as it was until it looks again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from msgspec import Struct
from msgspec.structs import replace

from catch.app import Catch, opened
from catch.commands.book import Book
from catch.commands.meetings import MeetingAlreadyPlanned
from catch.database.server import Server
from catch.domain.case.coordination import AllocateCoordinator, CaseloadFull
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import NumberHasOpenCase, SubmitReferral
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.meeting.invitations import InviteMember, WithdrawInvitation
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting
from catch.domain.partner import (
    BindSubject,
    EnrolMember,
    EnrolService,
    ReinstateMember,
    SuspendMember,
)
from catch.domain.partner.members import SubjectTaken
from catch.domain.person import RegisterPerson
from catch.domain.programme import LoadProgramme
from catch.domain.programme.configuration import Caseload
from catch.domain.refusals import Refused
from catch.log import Answer, Append, Conflict, Log
from catch.personal import KeyFile, Keyring
from catch.programmes import shipped
from catch.settings import Settings
from catch.supervised import living_on
from tests.faults.cluster import Cluster
from tests.faults.place import database
from tests.place import CHAIR, COORDINATOR, HOUSING, PROGRAMME, SERIES, SYSTEM, Place, ago

TEXT = Sealed("Why.")
DAYS = 300
"""Days on which meetings are planned: each is free again after a round."""
Result = Answer | Refused
Ask = tuple[Command, Actor]
Both = Callable[[Ask, Ask], Awaitable[tuple[Result, Result]]]
"""Has two things asked for, of one server each; what came of them, as they were given."""
Round = Callable[[int, Both], Awaitable[list[str]]]
"""One round of a race, by its number; what came of it that may not be."""
Progress = Callable[[int], None]
RIVALS: ContextVar[asyncio.Barrier | None] = ContextVar("RIVALS", default=None)
"""Where the two of a round that are asked at once can wait for each other."""
PATIENCE = 1.0
"""Seconds that one of them waits: the other may have been refused, or have nothing to record."""


class Servers:
    """`place` works through the first; the second hears of nothing that it does not look for."""

    def __init__(self, place: Place, second: Catch) -> None:
        self.place = place
        self.both = (place.catch, second)

    async def ask(self, server: int, ask: Ask) -> Result:
        command, by = ask
        try:
            return await self.both[server % 2].commands.take(command, by=by, command_id=uuid4())
        except Refused as refused:
            return refused

    async def done(self, server: int, command: Command, by: Actor = COORDINATOR) -> None:
        answer = await self.ask(server, (command, by))
        assert isinstance(answer, Answer), (command, answer)

    async def in_turn(self, number: int, one: Ask, other: Ask) -> tuple[Result, Result]:
        return await self.ask(number, one), await self.ask(number + 1, other)

    async def at_once(self, number: int, one: Ask, other: Ask) -> tuple[Result, Result]:
        waiting = RIVALS.set(asyncio.Barrier(2))
        try:
            first, second = await asyncio.gather(self.ask(number, one), self.ask(number + 1, other))
        finally:
            RIVALS.reset(waiting)
        return first, second


@asynccontextmanager
async def servers(server: Server, folder: Path) -> AsyncGenerator[Servers]:
    """On a database of their own, set up."""
    async with opened(server, Settings(data_dir=folder)) as first, httpx.AsyncClient() as http:
        log = await Log.open(server.app)
        try:
            keys = KeyFile.read_or_create(folder / "keys" / "kek")
            second = Catch(log, Keyring(log.pool, keys), Settings(data_dir=folder))
            async with living_on("read side", second.readside.run()):
                found = Servers(Place(first, 0, http), second)
                await found.place.set_up()
                yield found
        finally:
            await log.close()


def once(answers: Sequence[Result], refused: type[Refused] | None) -> list[str]:
    """One was recorded, and the other refused for it; with None, it recorded nothing more."""
    recorded = [each for each in answers if isinstance(each, Answer) and each.events]
    others = [each for each in answers if each not in recorded]
    right = all(isinstance(each, refused) if refused else isinstance(each, Answer) for each in others)
    return [] if len(recorded) == 1 and right else [", ".join(map(told, answers))]


def told(result: Result) -> str:
    return " ".join(result.events) or "nothing" if isinstance(result, Answer) else result.code


def a_day(number: int) -> datetime:
    """Nine in the morning, so many days from now."""
    return (datetime.now(UTC) + timedelta(days=number)).replace(hour=9, minute=0)


def numbers() -> Iterator[str]:
    """NHS numbers that are nobody's, with their check digits."""
    for number in count(123456):
        digits = f"999{number:06}"
        check = -sum(int(digit) * place for digit, place in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            yield f"{digits}{check}"


NUMBERS, OTHER_DAYS = numbers(), count(DAYS + 40)


def somebody(role: Role, agency: str) -> Actor:
    """Nobody who was there before."""
    return Actor(f"{role.value}-{uuid4().hex[:12]}", agency, role)


# The races


async def meetings(of: Servers) -> Round:
    """Two meetings of a series on one day."""

    async def round_(number: int, both: Both) -> list[str]:
        day = a_day(30 + number % DAYS)
        plans = [PlanMeeting(uuid4(), PROGRAMME, SERIES, day + timedelta(hours=n), CHAIR.user) for n in range(2)]
        answers = await both((plans[0], COORDINATOR), (plans[1], COORDINATOR))
        for plan, answer in zip(plans, answers, strict=True):
            if isinstance(answer, Answer):
                await of.done(number, CancelMeeting(plan.meeting, TEXT))
        return once(answers, MeetingAlreadyPlanned)

    return round_


async def caseloads(of: Servers) -> Round:
    """Two cases for a worker with room for one."""
    programme = next(each for each in shipped() if each.key == PROGRAMME)
    small = replace(programme, version=programme.version + 1, caseload=Caseload(hard_max=1))
    await of.done(0, LoadProgramme(PROGRAMME, small), SYSTEM)
    worker, *others = [somebody(Role.COORDINATOR, "snn") for _ in range(3)]
    cases = [(await of.place.referred(f"Ada {n} Quillbrook-Example")).case for n in range(2)]
    for each in (worker, *others):
        await of.place.enrol(each)
    for case in cases:
        await of.done(0, AcceptReferral(case))

    def give(case: UUID, to: Actor) -> Ask:
        return AllocateCoordinator(case, to.user, to.agency), COORDINATOR

    async def round_(number: int, both: Both) -> list[str]:
        for case, other in zip(cases, others, strict=True):
            await of.done(number, *give(case, other))
        return once(await both(give(cases[0], worker), give(cases[1], worker)), CaseloadFull)

    return round_


async def nhs_numbers(of: Servers) -> Round:
    """Two people registered with one number, referred to one programme."""

    async def round_(number: int, both: Both) -> list[str]:
        known, asks = Sealed(next(NUMBERS)), list[Ask]()
        for server in range(2):
            person = uuid4()
            await of.done(number + server, RegisterPerson(person, name=Sealed("Ada Example"), nhs_number=known))
            referral = SubmitReferral(uuid4(), person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), TEXT)
            asks.append((referral, COORDINATOR))
        return once(await both(*asks), NumberHasOpenCase)

    return round_


async def enrolments(of: Servers) -> Round:
    """One person enrolled by two."""
    administrator = Actor("administrator@races-1", "races-1", Role.MEMBER_ADMINISTRATOR)
    await of.place.enrol(administrator)

    async def round_(number: int, both: Both) -> list[str]:
        user = f"somebody-{uuid4().hex[:12]}"
        enrol = (EnrolMember(administrator.agency, user, Sealed("Some Body")), administrator)
        return once(await both(enrol, enrol), None)

    return round_


async def accounts(of: Servers) -> Round:
    """Two service accounts of an agency bound to one client of an issuer."""
    administrator = Actor("administrator@races-2", "races-2", Role.MEMBER_ADMINISTRATOR)
    await of.place.enrol(administrator)
    for name in ("feed-1", "feed-2"):
        await of.done(0, EnrolService(administrator.agency, name, Sealed(name)), administrator)

    async def round_(number: int, both: Both) -> list[str]:
        client = Sealed(f"client-{uuid4().hex[:12]}")
        bind = [
            (BindSubject(administrator.agency, name, "county", client), administrator) for name in ("feed-1", "feed-2")
        ]
        return once(await both(*bind), SubjectTaken)

    return round_


async def invitations(of: Servers) -> Round:
    """One agency invited to a meeting by two."""
    meeting = uuid4()
    await of.done(0, PlanMeeting(meeting, PROGRAMME, SERIES, a_day(next(OTHER_DAYS)), CHAIR.user))

    async def round_(number: int, both: Both) -> list[str]:
        invite = (InviteMember(meeting, HOUSING.agency), COORDINATOR)
        found = once(await both(invite, invite), None)
        await of.done(number, WithdrawInvitation(meeting, HOUSING.agency))
        return found

    return round_


async def suspensions(of: Servers) -> Round:
    """Whoever is suspended does nothing more, from the fact on that says so."""
    worker, administrator = somebody(Role.COORDINATOR, "snn"), somebody(Role.MEMBER_ADMINISTRATOR, "snn")
    for each in (worker, administrator):
        await of.place.enrol(each)
    case = (await of.place.referred("Ada Quillbrook-Example")).case
    for command in (AcceptReferral(case), AllocateCoordinator(case, worker.user, worker.agency)):
        await of.done(0, command)

    async def round_(number: int, both: Both) -> list[str]:
        # So that each of them knows who it is, and that they may.
        before = [await of.ask(server, (note(case), worker)) for server in range(2)]
        ended, noted = await both((SuspendMember("snn", worker.user), administrator), (note(case), worker))
        await of.done(number, ReinstateMember("snn", worker.user), administrator)
        if not all(isinstance(each, Answer) for each in (*before, ended)):
            return [f"{', '.join(map(told, before))} before {told(ended)}"]
        refused = isinstance(noted, Refused) and noted.code == "NOT_ENROLLED"
        first = isinstance(noted, Answer) and isinstance(ended, Answer) and noted.position < ended.position
        return [] if refused or first else [f"{told(ended)}, then {told(noted)}"]

    return round_


def note(case: UUID) -> AddNote:
    return AddNote(case, uuid4(), Category.NEEDS, TEXT)


Race = Callable[[Servers], Awaitable[Round]]
RACES: tuple[Race, ...] = (meetings, caseloads, nhs_numbers, enrolments, accounts, invitations, suspensions)
MODES = ("in_turn", "at_once")
EVERY = len(RACES) * len(MODES)


class Races(Struct, frozen=True):
    """`rounds`: of each race in each mode, its name and how many."""

    rounds: dict[str, int]
    problems: list[str]

    def __str__(self) -> str:
        ran = ", ".join(f"{name} {times}" for name, times in self.rounds.items())
        return f"{sum(self.rounds.values())} rounds ({ran}), {len(self.problems)} problems"


async def run(of: Servers, race: Race, mode: str, times: int, progress: Progress = lambda _: None) -> list[str]:
    """What went wrong."""
    round_, found = await race(of), list[str]()
    ask = getattr(of, mode)
    for number in range(times):

        async def both(one: Ask, other: Ask, number: int = number) -> tuple[Result, Result]:
            return await ask(number, one, other)

        found += [f"{race.__name__} {mode} {number}: {each}" for each in await round_(number, both)]
        progress(number + 1)
    return found


async def raced(on: Cluster, folder: Path, times: int, progress: Progress = lambda _: None) -> Races:
    """Every race in both modes, so many rounds of each; `progress` is told as of one."""
    rounds, found, done = dict[str, int](), list[str](), 0
    async with database(on.addresses, empty=True) as server, servers(server, folder) as of:
        for race in RACES:
            for mode in MODES:
                found += await run(of, race, mode, times, lambda n, before=done: progress((before + n) // EVERY))
                done += times
                rounds[f"{race.__name__} {mode}"] = times
    return Races(rounds, found)


# Faults, for controls


def no_registers(_: Book, register: UUID, *entries: Any) -> None:
    """As if what was looked up beside the log were enough."""


def expects_nothing(_: Book) -> tuple[tuple[UUID, int], ...]:
    """As if what was looked at and not written could not have moved."""
    return ()


Appends = Callable[[Log, Append], Awaitable[Answer]]


def abreast(append: Appends) -> Appends:
    """Both have decided before either is recorded: what a quick machine shows now and then, always."""

    async def recorded(log: Log, asked: Append) -> Answer:
        if rivals := RIVALS.get():
            # Once each: what is decided anew finds the other gone.
            RIVALS.set(None)
            with suppress(TimeoutError):
                await asyncio.wait_for(rivals.wait(), PATIENCE)
        return await append(log, asked)

    return recorded


def insisting(append: Appends) -> Appends:
    """As if what was decided on an earlier state could be recorded behind whatever came since."""

    async def insisted(log: Log, asked: Append) -> Answer:
        while True:
            try:
                return await append(log, asked)
            except Conflict:
                streams = [*dict.fromkeys(event.stream for event in asked.events)]
                heads = dict(zip(streams, (await log.look(asked.command, streams)).versions, strict=True))
                behind = list[Any]()
                for event in asked.events:
                    heads[event.stream] += 1
                    behind.append(event._replace(version=heads[event.stream]))
                asked = asked._replace(events=tuple(behind), expects=())

    return insisted
