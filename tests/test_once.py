"""What may be there once is there once, however many ask at the same moment of however many servers: one meeting of a
series a day, one open case of an NHS number, no more cases than a caseload holds, none with an agency that has left.

Kept by registers in the log. The control writes none, and fails.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from catch.app import Catch, opened
from catch.commands.book import Book
from catch.commands.meetings import MeetingAlreadyPlanned
from catch.commands.others import StillCoordinates
from catch.commands.questions import Asking, Coordinates, Officers
from catch.database.server import Server
from catch.domain.case.closing import CloseCase, ReopenCase
from catch.domain.case.coordination import AllocateCoordinator, CaseloadFull, WorkerNotActive
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.referral import NumberHasOpenCase, ReferralReceived, SubmitReferral
from catch.domain.case.state import Case, CaseState, Referral, Urgency
from catch.domain.facts import Actor, Category, Command, Envelope, Fact, Purpose, Role, Sealed
from catch.domain.meeting.planning import CancelMeeting, MeetingPlanned, NotAppointed, PlanMeeting, RescheduleMeeting
from catch.domain.meeting.state import Mode
from catch.domain.partner import LeaveProgramme, RunningPart, SignAgreement, SuspendMember
from catch.domain.person import CorrectIdentity, PersonReferred, RegisterPerson
from catch.domain.programme import LoadProgramme
from catch.domain.programme.configuration import Caseload
from catch.domain.refusals import Refused
from catch.domain.registers import RegisterEvent
from catch.domain.streams import CASE
from catch.log import Answer, Append, NewEvent
from catch.log.codec import encode
from catch.programmes import shipped
from tests.conftest import Furnished, at
from tests.place import (
    ADMINISTRATOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    SERIES,
    SYSTEM,
    Place,
    ago,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = Sealed("Why.")


class Servers:
    """`place` works through the first; the second is asked of the same log."""

    def __init__(self, place: Place, second: Catch) -> None:
        self.place = place
        self.both = (place.catch, second)

    async def ask(self, server: int, command: Command, by: Actor = COORDINATOR) -> Answer | Refused:
        try:
            return await self.both[server % 2].commands.take(command, by=by, command_id=uuid4())
        except Refused as refused:
            return refused

    async def at_once(self, *commands: Command, by: Actor = COORDINATOR) -> list[Answer | Refused]:
        """Each asked of one server or the other, all in the same moment."""
        return await asyncio.gather(*(self.ask(server, command, by) for server, command in enumerate(commands)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(furnished: Furnished, server: Server) -> AsyncIterator[Servers]:
    async with furnished() as place:
        dsn = place.catch.log.dsn
        admin = at(server.admin, urlsplit(dsn).path[1:])
        async with opened(Server(admin, dsn), place.catch.settings) as second:
            yield Servers(place, second)


def numbers() -> Iterator[str]:
    """NHS numbers that are nobody's, with their check digits."""
    for n in count(123456):
        digits = f"999{n:06}"
        check = -sum(int(digit) * place for digit, place in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            yield f"{digits}{check}"


NUMBERS = numbers()


def taken(answers: Sequence[Answer | Refused]) -> list[Answer]:
    return [each for each in answers if isinstance(each, Answer)]


def refusals(answers: Sequence[Answer | Refused]) -> set[type[Refused]]:
    return {type(each) for each in answers if isinstance(each, Refused)}


def a_day(n: int) -> datetime:
    """Nine in the morning, so many days from now."""
    return (datetime.now(UTC) + timedelta(days=n)).replace(hour=9, minute=0)


def plan(starts_at: datetime) -> PlanMeeting:
    return PlanMeeting(uuid4(), PROGRAMME, SERIES, starts_at, CHAIR.user)


async def recorded(place: Place, stream: UUID, version: int, *events: Fact) -> None:
    """Facts as a release wrote them that kept no registers."""
    facts = tuple(
        NewEvent(
            stream,
            version + place_,
            type(event).__name__,
            encode(Envelope(ago(hours=1), COORDINATOR, Purpose.DIRECT_CARE, uuid4(), uuid4(), event)),
        )
        for place_, event in enumerate(events)
    )
    await place.catch.log.append(Append(uuid4(), stream, facts))
    await place.settled()


# One meeting of a series a day


async def test_of_four_meetings_of_a_series_on_one_day_at_once_one_is_planned(servers: Servers):
    for n in range(5):
        day = a_day(30 + n)
        answers = await servers.at_once(*(plan(day + timedelta(hours=hour)) for hour in range(4)))
        assert len(taken(answers)) == 1
        assert refusals(answers) == {MeetingAlreadyPlanned}
        # What was entered in the calendar is nobody's to hear.
        assert taken(answers)[0].events == ("MeetingPlanned",)


async def test_without_a_register_the_same_lets_several_through(servers: Servers, monkeypatch: pytest.MonkeyPatch):
    def forget(book: Book, register: UUID, entry: RegisterEvent) -> None:
        """As if what was looked up beside the log were enough."""

    monkeypatch.setattr(Book, "enter", forget)
    planned = 0
    for n in range(10):
        planned = max(planned, len(taken(await servers.at_once(*(plan(a_day(60 + n)) for _ in range(4))))))
    assert planned > 1


async def test_of_meetings_planned_for_and_moved_to_one_day_at_once_one_is_there(servers: Servers):
    for n in range(3):
        day = a_day(100 + 10 * n)
        first, second = plan(day + timedelta(days=1)), plan(day + timedelta(days=2))
        assert len(taken([await servers.ask(0, first), await servers.ask(1, second)])) == 2
        answers = await servers.at_once(
            RescheduleMeeting(first.meeting, day, TEXT), RescheduleMeeting(second.meeting, day, TEXT), plan(day)
        )
        assert len(taken(answers)) == 1
        assert refusals(answers) == {MeetingAlreadyPlanned}


async def test_a_day_is_free_at_once_for_everybody_when_its_meeting_is_called_off_or_moved(servers: Servers):
    day = a_day(40)
    for n in range(6):
        held = plan(day)
        assert taken([await servers.ask(n, held)])
        off = (
            CancelMeeting(held.meeting, TEXT)
            if n % 2
            else RescheduleMeeting(held.meeting, day + timedelta(days=n + 1), TEXT)
        )
        assert taken([await servers.ask(n, off)])
        again = plan(day)
        assert taken([await servers.ask(n + 1, again)])
        assert taken([await servers.ask(n, CancelMeeting(again.meeting, TEXT))])


async def test_days_are_london_days(servers: Servers):
    """Half past eleven in the evening of 30 June is 22:30 in UTC; an hour later it is July."""
    year = (datetime.now(UTC) + timedelta(days=35)).year + (datetime.now(UTC).month > 5)
    evening = datetime(year, 6, 30, 22, 30, tzinfo=UTC)
    if evening - datetime.now(UTC) > timedelta(days=399):
        evening = evening.replace(year=year - 1)
    july, morning = evening + timedelta(hours=1), evening - timedelta(hours=14)
    for starts_at, there in ((evening, True), (morning, False), (july, True)):
        assert bool(taken([await servers.ask(0, plan(starts_at))])) is there


async def test_meetings_planned_before_there_were_calendars_count_as_well(servers: Servers):
    old, day = uuid4(), a_day(50)
    before = MeetingPlanned(old, PROGRAMME, SERIES, day, 120, Mode.HYBRID, CHAIR.user)
    await recorded(servers.place, old, 1, before)
    assert refusals([await servers.ask(0, plan(day)), await servers.ask(1, plan(day))]) == {MeetingAlreadyPlanned}
    assert len(taken([await servers.ask(0, CancelMeeting(old, TEXT)), await servers.ask(1, plan(day))])) == 2


# One open case of a number


async def somebody(servers: Servers, number: str, by: Actor = COORDINATOR, **more: object) -> UUID:
    person = uuid4()
    command = replace(RegisterPerson(person, name=Sealed("Ada Quillbrook-Example"), nhs_number=Sealed(number)), **more)
    assert taken([await servers.ask(0, command, by)])
    return person


def refer(person: UUID, **more: object) -> SubmitReferral:
    made = SubmitReferral(uuid4(), person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), TEXT)
    return replace(made, **more)


async def test_of_two_doors_at_once_one_opens_a_case_for_a_number(servers: Servers):
    for number in islice(NUMBERS, 3):
        people = [await somebody(servers, number) for _ in range(3)]
        answers = await servers.at_once(*(refer(person) for person in people))
        assert refusals(answers) == {NumberHasOpenCase}
        assert [each.events for each in taken(answers)] == [("ReferralReceived", "PersonReferred")]


async def test_whoever_does_not_see_the_other_case_is_answered_as_if_theirs_were_new(servers: Servers):
    number = next(NUMBERS)
    first, second = [await somebody(servers, number, by) for by in (HOUSING, POLICE)]
    theirs, ours = refer(first), refer(second)
    answers = [await servers.ask(0, theirs, HOUSING), await servers.ask(1, ours, POLICE)]
    assert [each.events for each in taken(answers)] == [("ReferralReceived", "PersonReferred")] * 2
    # At the front door both are seen: one of them is accepted, whoever is the faster.
    accepted = await servers.at_once(AcceptReferral(theirs.case), AcceptReferral(ours.case))
    assert len(taken(accepted)) == 1
    assert refusals(accepted) == {NumberHasOpenCase}
    held = await servers.place.catch.present.states.get_many(CASE, [theirs.case, ours.case])
    states: list[Case] = [each.state for each in held]
    assert sorted(each.state for each in states) == [CaseState.ACCEPTED, CaseState.RECEIVED]


async def test_a_number_binds_those_alone_whose_identity_is_settled_and_in_one_programme(servers: Servers):
    number = next(NUMBERS)
    settled = await somebody(servers, number)
    assert taken([await servers.ask(0, refer(settled))])
    provisional = await somebody(servers, number, provisional=True)
    assert taken([await servers.ask(1, refer(provisional))])
    other = await somebody(servers, next(NUMBERS))
    assert taken([await servers.ask(1, refer(other))])


async def test_a_case_is_not_opened_again_beside_a_newer_one_of_the_number(servers: Servers):
    first, second = [await somebody(servers, number) for number in [next(NUMBERS)] * 2]
    closed = refer(first)
    reason = next(each for each in shipped() if each.key == PROGRAMME).closure.reasons[0].code
    for command in (closed, AcceptReferral(closed.case), CloseCase(closed.case, reason, ago().date(), TEXT)):
        assert taken([await servers.ask(0, command)]), command
    answers = await servers.at_once(ReopenCase(closed.case, TEXT), refer(second))
    assert len(taken(answers)) == 1
    assert refusals(answers) == {NumberHasOpenCase}


async def test_who_turns_out_to_have_a_number_has_the_only_open_case_of_it(servers: Servers):
    number, mistaken = next(NUMBERS), next(NUMBERS)
    settled, other = await somebody(servers, number), await somebody(servers, mistaken)
    for person in (settled, other):
        case = refer(person)
        assert taken([await servers.ask(0, each) for each in (case, AcceptReferral(case.case))])
    correct = CorrectIdentity(other, TEXT, nhs_number=Sealed(number))
    assert refusals([await servers.ask(1, correct)]) == {NumberHasOpenCase}
    # A number that nobody has is taken, and is then theirs: a case of somebody else under it is refused.
    free = next(NUMBERS)
    assert taken([await servers.ask(1, replace(correct, nhs_number=Sealed(free)))])
    assert refusals([await servers.ask(0, refer(await somebody(servers, free)))]) == {NumberHasOpenCase}


async def test_cases_opened_before_numbers_had_registers_count_as_well(servers: Servers):
    first, second = [await somebody(servers, number) for number in [next(NUMBERS)] * 2]
    case, referral = uuid4(), Referral(uuid4(), "police", "phone", ago(hours=1), TEXT, (), Urgency.ROUTINE, "x", "snn")
    await recorded(servers.place, case, 1, ReferralReceived("0000-0000", first, PROGRAMME, 1, referral))
    await recorded(servers.place, first, 2, PersonReferred(case, PROGRAMME))
    assert refusals([await servers.ask(1, refer(second))]) == {NumberHasOpenCase}


# What a worker has, and what an agency has


async def test_of_two_cases_given_at_once_to_a_worker_with_room_for_one_the_later_is_refused(servers: Servers):
    shipped_ = next(each for each in shipped() if each.key == PROGRAMME)
    small = replace(shipped_, version=shipped_.version + 1, caseload=Caseload(hard_max=1))
    assert taken([await servers.ask(0, LoadProgramme(PROGRAMME, small), SYSTEM)])
    cases = [(await servers.place.referred(f"Ada {n} Quillbrook-Example")).case for n in range(4)]
    for case in cases:
        assert taken([await servers.ask(0, AcceptReferral(case))])
    given = await servers.at_once(*(AllocateCoordinator(case, COORDINATOR.user, COORDINATOR.agency) for case in cases))
    assert len(taken(given)) == 1
    assert refusals(given) == {CaseloadFull}


async def test_no_case_stays_with_an_agency_that_leaves_at_that_moment(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
):
    worker = Actor("worker@elsewhere-1", "elsewhere-1", Role.COORDINATOR)
    await servers.place.enrol_elsewhere(worker)
    signed = SignAgreement(
        worker.agency, "isa-1", (PROGRAMME,), frozenset(Category), ago(days=400).date(), None, Sealed("S. Igner")
    )
    assert taken([await servers.ask(0, signed, ADMINISTRATOR)])
    case = (await servers.place.referred("Ada Quillbrook-Example")).case
    assert taken([await servers.ask(0, AcceptReferral(case))])
    give = AllocateCoordinator(case, worker.user, worker.agency)
    leave = LeaveProgramme(worker.agency, PROGRAMME, RunningPart.DELIVERY)
    look, given = Coordinates.answer, list[Answer | Refused]()

    async def overtaken(question: Coordinates, source: Asking) -> bool:
        """Between the look and what is recorded, the case is given to the agency."""
        found = await look(question, source)
        if not given:
            given.append(await servers.ask(0, give))
        return found

    monkeypatch.setattr(Coordinates, "answer", overtaken)
    assert refusals([await servers.ask(1, leave, ADMINISTRATOR)]) == {StillCoordinates}
    assert len(taken(given)) == 1
    # The other way round, whoever is to be given a case is no longer there.
    back = AllocateCoordinator(case, COORDINATOR.user, COORDINATOR.agency, reason=TEXT)
    answers = [
        await servers.ask(0, back, worker),
        await servers.ask(1, leave, ADMINISTRATOR),
        await servers.ask(0, give),
    ]
    assert len(taken(answers)) == 2
    assert refusals(answers) == {WorkerNotActive}


async def test_nobody_is_in_the_chair_whose_appointment_ended_a_moment_before(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
):
    """What the read side said is a moment old: the agency's own stream is asked."""
    deputy = Actor("deputy@snn", "snn", Role.DEPUTY)
    await servers.place.enrol(deputy)
    look = Officers.answer

    async def overtaken(question: Officers, source: Asking) -> frozenset[tuple[str, str]]:
        found = await look(question, source)
        await servers.ask(0, SuspendMember(deputy.agency, deputy.user), ADMINISTRATOR)
        return found

    await servers.place.settled()
    monkeypatch.setattr(Officers, "answer", overtaken)
    planned = replace(plan(a_day(200)), chair=deputy.user)
    assert refusals([await servers.ask(1, planned)]) == {NotAppointed}
