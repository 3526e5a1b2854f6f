"""Two servers, one client, one command strictly after the other: answered as by one server, whatever each remembers.

The second server is told nothing by the log: what it folded once stays as it was until it looks again. So every answer
that it gives from memory alone is wrong here, as it would be now and then where the feed is a moment behind.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from catch.app import Catch
from catch.commands.book import Book
from catch.commands.taking import Taking
from catch.domain.case.actions import ActionAnswer, OfferAction, RespondToAction
from catch.domain.case.agreement import RecordAgreement, WithdrawAgreement
from catch.domain.facts import Actor, Command, Role, Sealed
from catch.domain.partner import EnrolMember, ReinstateMember, SuspendMember
from catch.domain.person import ContactChannel, SetContactPreference
from catch.domain.refusals import Refused
from catch.log import Log
from catch.personal import KeyFile, Keyring
from catch.settings import Settings
from tests.conftest import Database
from tests.place import COORDINATOR, HOUSING, POLICE, Case, Place

TIMES = int(os.environ.get("CATCH_OPPOSITES", "1000"))
"""How often each pair of opposites is tried."""
LANES = 20
"""Clients of each pair at the same time, each with a stream of its own and one command after the other."""
BOTH = {HOUSING.agency: HOUSING, POLICE.agency: POLICE}


class Servers:
    """`place` works through the first; either may be asked."""

    def __init__(self, first: Catch, second: Catch) -> None:
        self.both = (first, second)
        self.place = Place(first, 0, httpx.AsyncClient())

    async def ask(self, server: int, command: Command, by: Actor) -> str:
        """What came of it: the facts recorded, `nothing`, or the code of the refusal."""
        try:
            answer = await self.both[server].commands.take(command, by=by, command_id=uuid4())
        except Refused as refused:
            return refused.code
        return " ".join(answer.events) or "nothing"


@pytest.fixture
async def servers(database: Database, tmp_path: Path) -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        running: list[Catch] = []
        for _ in range(2):
            log = await Log.open(database.dsn)
            stack.push_async_callback(log.close)
            keyring = Keyring(log.pool, KeyFile.read_or_create(tmp_path / "kek"))
            running.append(Catch(log, keyring, Settings(data_dir=tmp_path)))
        await running[0].readside.prepare()
        found = Servers(*running)
        stack.push_async_callback(found.place.http.aclose)
        await found.place.set_up()
        yield found


Lane = Callable[[Servers, Random, int], Awaitable[list[str]]]
"""Tries its opposites so many times; what was not answered as one server would have."""


async def toggled(
    servers: Servers, dice: Random, times: int, by: Actor, on: Command, off: Command, said: tuple[str, str]
) -> list[str]:
    """Begins switched on. Every step asks either server for one or the other."""
    wrong: list[str] = []
    state = True
    for step in range(times):
        wanted = dice.random() < 0.5
        expected = "nothing" if wanted == state else said[0] if wanted else said[1]
        answered = await servers.ask(dice.randrange(2), on if wanted else off, by)
        if answered != expected:
            wrong.append(f"step {step}: {answered} instead of {expected}")
            wanted = state if answered == "nothing" else wanted
        state = wanted
    return wrong


async def referred(servers: Servers, dice: Random) -> Case:
    """A case, which both servers have looked at."""
    made = await servers.place.referred(f"Somebody {dice.random()}")
    await servers.ask(1, RecordAgreement(made.case), COORDINATOR)
    return made


async def agreement(servers: Servers, dice: Random, times: int) -> list[str]:
    made = await referred(servers, dice)
    on, off = RecordAgreement(made.case), WithdrawAgreement(made.case)
    return await toggled(servers, dice, times, COORDINATOR, on, off, ("SupportAgreed", "AgreementWithdrawn"))


async def preference(servers: Servers, dice: Random, times: int) -> list[str]:
    made = await referred(servers, dice)
    on, off = (SetContactPreference(made.person, (way,)) for way in (ContactChannel.PHONE, ContactChannel.TEXT))
    for server in (0, 1):
        await servers.ask(server, on, COORDINATOR)
    said = ("ContactPreferenceSet", "ContactPreferenceSet")
    return await toggled(servers, dice, times, COORDINATOR, on, off, said)


async def membership(servers: Servers, dice: Random, times: int) -> list[str]:
    agency, user = f"housing-{dice.randrange(10**9)}", "somebody"
    their_administrator = Actor("administrator", agency, Role.MEMBER_ADMINISTRATOR)
    await servers.place.enrol(their_administrator)
    await servers.ask(0, EnrolMember(agency, user, Sealed("Some Body")), their_administrator)
    on, off = ReinstateMember(agency, user), SuspendMember(agency, user)
    await servers.ask(1, on, their_administrator)
    return await toggled(servers, dice, times, their_administrator, on, off, ("MemberReinstated", "MemberSuspended"))


async def handshake(servers: Servers, dice: Random, times: int) -> list[str]:
    """The coordinator hands the action to one of two partners, who declines it, at another server or the same."""
    made = await servers.place.worked_on(f"Somebody {dice.random()}", *BOTH)
    action, wrong = uuid4(), list[str]()
    offer = OfferAction(made.case, action, Sealed("Visit"), HOUSING.agency, datetime.now(UTC).date())
    await servers.ask(0, offer, COORDINATOR)
    decline = RespondToAction(made.case, action, ActionAnswer.DECLINE, Sealed("No"))
    await servers.ask(1, decline, HOUSING)
    for step in range(times // 2):
        to = dice.choice([*BOTH])
        hand_on = RespondToAction(made.case, action, ActionAnswer.REASSIGN, to=to)
        answered = [
            await servers.ask(dice.randrange(2), hand_on, COORDINATOR),
            await servers.ask(dice.randrange(2), decline, BOTH[to]),
        ]
        if answered != ["ActionReassigned", "ActionDeclined"]:
            wrong.append(f"step {step}: {answered}")
    return wrong


PAIRS = (agreement, preference, membership, handshake)


async def all_wrong(servers: Servers, lane: Lane, times: int) -> list[str]:
    lanes = [lane(servers, Random(number), max(times // LANES, 2)) for number in range(LANES)]
    return [problem for found in await asyncio.gather(*lanes) for problem in found]


@pytest.mark.parametrize("lane", PAIRS)
async def test_of_two_servers_asked_one_after_the_other_neither_answers_from_what_it_remembers(
    servers: Servers, lane: Lane
):
    assert await all_wrong(servers, lane, TIMES) == []


@pytest.mark.parametrize("lane", PAIRS)
async def test_control_without_the_confirmation_answers_are_lost(
    servers: Servers, lane: Lane, monkeypatch: pytest.MonkeyPatch
):
    async def believed(_: Any, refused: Refused) -> None:
        raise refused

    def nothing(_: Book) -> tuple[tuple[UUID, int], ...]:
        return ()

    monkeypatch.setattr(Book, "expects", nothing)
    monkeypatch.setattr(Taking, "confirmed", believed)
    assert await all_wrong(servers, lane, 200) != []
