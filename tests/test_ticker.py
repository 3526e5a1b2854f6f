"""What falls due is recorded by the program itself: once, whichever servers look, and at its true time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from catch.access import NotAllowed, NotEnrolled
from catch.api.inbox.subscription import InboxSource
from catch.app import Catch, opened
from catch.commands.ticker import TICKER, Ticker
from catch.database.server import Server
from catch.domain.calendar import london_day
from catch.domain.case.closing import CloseCase
from catch.domain.case.coordination import AllocateCoordinator, RecordConversation
from catch.domain.case.deadlines import NothingFellDue, RecordClockBreach
from catch.domain.case.eligibility import AcceptReferral, DeclineReferral
from catch.domain.case.pauses import PauseCase, ResumeCase
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.state import ConversationFormat
from catch.domain.facts import Actor, Recorded, Role, Sealed
from catch.domain.person import DeathSource, RecordDeath, WithdrawDeath
from catch.domain.programme.configuration import ClockRule, Span, Unit
from catch.history.past import histories
from catch.live.source import Ended, Seen
from catch.personal.looks import noting
from tests.browser import signed_in
from tests.canaries.channels import OPERATIONS
from tests.classes import viewer_of
from tests.conftest import Database, Furnished
from tests.place import CHAIR, COORDINATOR, HOUSING, REFERRER, Case, Place, ago, placed

pytestmark = pytest.mark.asyncio(loop_scope="module")

DUE = ("ClockWarned", "ClockBreached")
HOURS = ClockRule("called-back", "ReferralReceived", "ConversationHeld", Span(2, Unit.HOUR), waits_for=("in-hospital",))
CLOCKS = """query($c: UUID!) { case(id: $c) { lastEventAt: state
    clocks { code state dueAt warnedAt breachedAt } redactions { path } } }"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        # Other clocks would only be in the way.
        await made.further(clocks=(HOURS,))
        yield made


SECOND = Actor("second@snn", "snn", Role.COORDINATOR)


def ticker_of(catch: Catch) -> Ticker:
    """One that follows the log, as in a server."""
    ticker = Ticker(catch.commands, catch.records, catch.present.follower)
    catch.present.follower.listeners.append(ticker.heard)
    return ticker


@pytest_asyncio.fixture(loop_scope="module")
async def ticker(place: Place) -> AsyncIterator[Ticker]:
    await place.settled()
    made = ticker_of(place.catch)
    await made.tick()
    yield made
    place.catch.present.follower.listeners.remove(made.heard)


async def due(catch: Catch, case: UUID) -> list[Recorded[Any]]:
    found = (await histories(catch.log, [case]))[case]
    return [held for held in found if held.topic in DUE]


async def topics(place: Place, case: Case) -> list[str]:
    return [held.topic for held in await due(place.catch, case.case)]


async def referred(place: Place, **since: float) -> Case:
    return await place.referred("Ada Quillbrook", at=ago(**since))


async def test_it_is_recorded_once_with_the_true_time_of_what_fell_due(place: Place, ticker: Ticker):
    case = await referred(place, hours=5)
    received = (await histories(place.catch.log, [case.case]))[case.case][0].event.referral.received_at
    await place.settled()
    assert await ticker.tick() == 2
    warned, breached = await due(place.catch, case.case)
    assert (warned.topic, warned.envelope.occurred_at) == ("ClockWarned", received + timedelta(hours=1.5))
    instant = timedelta(microseconds=1)
    assert (breached.topic, breached.envelope.occurred_at) == ("ClockBreached", received + timedelta(hours=2) + instant)
    assert breached.recorded_at - breached.envelope.occurred_at > timedelta(hours=2)
    assert breached.envelope.actor == TICKER
    await place.settled()
    assert await ticker.tick() == 0
    # Another that has just begun, as after a restart, finds nothing left to record.
    assert await ticker_of(place.catch).tick() == 0


async def test_what_is_not_due_yet_waits_until_it_is(place: Place, ticker: Ticker):
    case = await referred(place, minutes=100)
    await place.settled()
    assert await ticker.tick() == 1
    assert await topics(place, case) == ["ClockWarned"]


async def test_who_reads_the_case_is_told_and_whoever_only_referred_is_not(place: Place, ticker: Ticker):
    case = await place.worked_on("Ada Quillbrook", "housing-1", at=ago(hours=5))
    other = await referred(place, hours=5)
    await place.settled()
    await ticker.tick()
    await place.settled()
    (met,) = (await place.ask(CLOCKS, HOUSING, c=str(case.case)))["case"]["clocks"]
    assert (met["state"], met["breachedAt"]) == ("MET", None)
    (late,) = (await place.ask(CLOCKS, COORDINATOR, c=str(other.case)))["case"]["clocks"]
    assert late["state"] == "BREACHED"
    assert late["breachedAt"] > late["dueAt"] > late["warnedAt"]
    assert (await place.ask(CLOCKS, REFERRER, c=str(other.case)))["case"] is None


async def test_whoever_follows_the_case_hears_of_it(place: Place, ticker: Ticker):
    case = await place.worked_on("Ada Quillbrook", "housing-1", at=ago(hours=5))
    early = await place.referred("Bo Quillbrook", at=ago(hours=5))
    await place.settled()
    query = "subscription($c: UUID!) { caseUpdates(caseId: $c) { ... on CaseUpdate { position event } } }"
    async with place.live(COORDINATOR) as client, place.live(HOUSING) as partner:
        for listening, held in ((client, early), (partner, case)):
            await listening.subscribe("a", query, c=str(held.case))
            await listening.next("a")
        assert await ticker.tick() == 2
        assert [(await client.next("a"))["event"] for _ in range(2)] == [*DUE]
        await partner.silent()


async def test_a_late_fact_that_shows_it_was_met_is_told_as_met_beside_the_breach(place: Place, ticker: Ticker):
    case = await referred(place, hours=5)
    await place.settled()
    await ticker.tick()
    await place.take(AcceptReferral(case.case), at=ago(hours=4.9))
    talked = RecordConversation(case.case, uuid4(), ConversationFormat.PHONE, Sealed("Home"))
    await place.take(talked, at=ago(hours=4.5))
    await place.settled()
    (clock,) = (await place.ask(CLOCKS, COORDINATOR, c=str(case.case)))["case"]["clocks"]
    assert clock["state"] == "MET"
    assert clock["breachedAt"] is not None


async def test_nothing_is_recorded_of_what_is_over_at_rest_or_of_somebody_who_has_died(place: Place, ticker: Ticker):
    declined = await referred(place, hours=5)
    await place.take(DeclineReferral(declined.case, "not-eligible"))
    dead = await referred(place, hours=5)
    on = london_day(datetime.now(UTC))
    await place.take(RecordDeath(dead.person, on, DeathSource.FAMILY))
    await place.settled()
    assert await ticker.tick() == 0
    refused = RecordClockBreach(dead.case, "called-back", 1)
    due_at = datetime.now(UTC) - timedelta(hours=3)
    with pytest.raises(NothingFellDue):
        await place.catch.commands.take(refused, by=TICKER, command_id=uuid4(), occurred_at=due_at)
    # Recorded wrongly: then it is due as it was.
    await place.take(WithdrawDeath(dead.person, Sealed("Another of that name")))
    await place.settled()
    assert await ticker.tick() == 2


async def test_a_clock_that_stands_still_is_not_due_before_it_has_gone_on(place: Place, ticker: Ticker):
    case, pause = await referred(place, hours=5), uuid4()
    await place.take(AcceptReferral(case.case), at=ago(hours=5))
    expected = london_day(datetime.now(UTC)) + timedelta(days=3)
    await place.take(PauseCase(case.case, pause, "in-hospital", expected), at=ago(hours=4.5))
    await place.settled()
    assert await ticker.tick() == 0
    await place.take(ResumeCase(case.case, pause), at=ago(minutes=1))
    await place.settled()
    assert await ticker.tick() == 0
    assert await topics(place, case) == []


async def test_nobody_else_may_say_so(place: Place):
    case = await referred(place, hours=5)
    stranger = replace(COORDINATOR, user=TICKER.user, agency=TICKER.agency)
    for by in (COORDINATOR, HOUSING, stranger):
        with pytest.raises(NotAllowed if by is not stranger else NotEnrolled):
            await place.take(RecordClockBreach(case.case, "called-back", 1), by)
    schema = (await place.ask("{ __schema { mutationType { fields { name } } } }"))["__schema"]["mutationType"]
    names = {field["name"] for field in schema["fields"]}
    assert "reachMilestone" in names
    assert not {"recordClockBreach", "recordClockWarning"} & names


async def test_two_servers_at_once_record_each_once_and_what_is_late_is_caught_up_with(
    database: Database, tmp_path: Path
):
    async with (
        placed(database.admin, database.dsn, tmp_path) as place,
        opened(Server(database.admin, database.dsn), place.catch.settings) as second,
    ):
        await place.further(clocks=(HOURS,))
        cases = [await referred(place, hours=5 + number / 10) for number in range(8)]
        await place.settled()
        await second.reached(await second.log.head())
        tickers = [ticker_of(place.catch), ticker_of(second)]
        both = await asyncio.gather(*(each.tick() for each in tickers))
        found = {case.case: await due(place.catch, case.case) for case in cases}
        assert all([held.topic for held in facts] == [*DUE] for facts in found.values())
        assert sum(both) == 16
        # Of servers that run, the one that keeps the read side looks, by itself.
        assert sum(each.readside.leading for each in (place.catch, second)) == 1
        late = await referred(place, hours=9)
        running = (ticker_of(each).run(0.05) for each in (place.catch, second))
        jobs = [asyncio.create_task(each) for each in running]
        try:
            async with asyncio.timeout(30):
                while len(await due(place.catch, late.case)) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
        assert [held.topic for held in await due(place.catch, late.case)] == [*DUE]


# It is told once to whom it concerns


async def told(place: Place, by: Actor = COORDINATOR) -> dict[str, Any]:
    """What waits in their inbox of clocks that have passed, by case."""
    found = (await place.ask(OPERATIONS["inbox"], by))["agencyInbox"]["edges"]
    return {each["node"]["caseId"]: each["node"] for each in found if each["node"]["kind"] == "CLOCK_BREACHED"}


async def test_that_a_clock_has_passed_is_told_in_the_inbox_of_who_answers_for_the_case(place: Place, ticker: Ticker):
    await place.enrol(SECOND)
    case = await referred(place, hours=5)
    await place.take(AcceptReferral(case.case))
    await place.settled()
    await ticker.tick()
    await place.settled()
    # Nobody coordinates it yet: who keeps the door is told, and nobody else.
    entry = (await told(place))[str(case.case)]
    assert (entry["clock"], entry["title"], entry["due"]) == ("called-back", None, london_day(ago(hours=3)).isoformat())
    assert str(case.case) in await told(place, SECOND)
    for by in (HOUSING, CHAIR):
        assert str(case.case) not in await told(place, by)
    async with signed_in(place, COORDINATOR) as client:
        page = (await client.get("/inbox")).text
        assert "Past their deadline" in page
        assert f"/cases/{case.case}#clocks" in page
    # Whoever is kept out of the case is not told that there is one.
    await place.take(DeclareRecusal(case.case, SECOND.user, SECOND.agency, Sealed("A cousin")))
    await place.settled()
    assert str(case.case) not in await told(place, SECOND)
    await place.take(AllocateCoordinator(case.case, COORDINATOR.user, COORDINATOR.agency))
    await place.settled()
    assert str(case.case) in await told(place)
    closed = CloseCase(case.case, "disengaged", london_day(ago()), Sealed("Not wanted"))
    await place.take(closed)
    await place.settled()
    assert str(case.case) not in await told(place)


async def test_its_reader_is_told_live(place: Place, ticker: Ticker):
    source = InboxSource(place.catch)
    who = await source.classify(viewer_of(COORDINATOR), COORDINATOR.agency)
    assert not isinstance(who, Ended)
    late = await place.referred("Cora Quillbrook", at=ago(hours=5))
    await place.settled()
    await ticker.tick()
    await place.settled()
    (_, breached) = await due(place.catch, late.case)
    assert COORDINATOR.agency in source.topics(breached, [COORDINATOR.agency])
    assert await source.sees(COORDINATOR.agency, who, breached) is Seen.SHOWN
    with noting():
        message = await source.message(COORDINATOR.agency, who, breached)
    assert message.entry is not None
    assert (message.event, message.entry.case_id) == ("ClockBreached", late.case)
    other = await source.classify(viewer_of(HOUSING), HOUSING.agency)
    assert not isinstance(other, Ended)
    assert await source.sees(HOUSING.agency, other, breached) is Seen.UNTOLD
