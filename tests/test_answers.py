"""A kept answer is the one that would be made now: over random facts between requests, for every role and document.

The controls keep answers that no longer stand, and are caught by the same comparison.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.access import NotEnrolled
from catch.api.common.context import Context
from catch.api.documents import shipped
from catch.api.engine.engine import Engine
from catch.api.engine.registered import Registered
from catch.api.schema import schema
from catch.app import Catch
from catch.domain.case.actions import OfferAction
from catch.domain.case.disclosure import EndDisclosure
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Command, Sealed
from catch.domain.meeting.adding import AddItem
from catch.domain.meeting.attendance import DeclareInterest, JoinMeeting
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.partner import EnrolMember, ReinstateMember, SuspendMember
from catch.domain.refusals import Refused
from catch.identity.tokens import Viewer
from catch.present import answers
from catch.present.answers import Answers, Kept, Rests
from catch.present.rights import Rights
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    REFERRER,
    SERIES,
    Case,
    Place,
    answers_of,
    rights_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYBODY = (CHAIR, COORDINATOR, HOUSING, POLICE, AUDITOR, REFERRER)
ENGINE = Engine(schema(), registered=Registered(shipped()))


class Still(Rights):
    """A moment that stands, so that a kept answer and a new one show the same clocks."""

    def moment(self) -> datetime:
        return self.now

    now = datetime.max.replace(tzinfo=UTC)


class World:
    place: Place
    cases: list[Case]
    meeting: UUID
    other: UUID
    disclosures: list[tuple[UUID, UUID]]
    rights: Still


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    async with furnished() as place:
        made = World()
        made.place, made.rights = place, rights_of(place.catch, Still)
        names = ("Ada Quillbrook", "Basil Thistlewane", "Cora Ombersnook")
        made.cases = [await place.worked_on(each, "housing-1") for each in names]
        made.disclosures = [(made.cases[1].case, await place.share(made.cases[1].case, "police-1"))]
        made.meeting = (await place.published("housing-1", "police-1")).meeting
        made.other = uuid4()
        later = datetime.now(UTC) + timedelta(days=7)
        await place.take(PlanMeeting(made.other, PROGRAMME, SERIES, later, CHAIR.user))
        await place.settled()
        made.rights.now = datetime.now(UTC) + timedelta(hours=1)
        yield made


def questions(world: World) -> list[tuple[str, dict[str, Any]]]:
    meeting = {"id": str(world.meeting)}
    found: list[tuple[str, dict[str, Any]]] = [(name, meeting) for name in ("agenda", "agenda_list", "minutes")]
    found += [("case", {"id": str(case.case)}) for case in world.cases]
    return [*found, ("inbox", {}), ("cases", {"first": 10}), ("viewer", {}), ("meetings", {})]


async def answer(world: World, kept: Answers | None, by: Actor, name: str, variables: dict[str, Any]) -> bytes:
    viewer = Viewer(by.user, by.agency, by.role, 0)
    try:
        context = await Context.of(world.place.catch, viewer, world.rights if kept else None, kept)
    except NotEnrolled as refused:
        return refused.code.encode()
    context.reading.facts.at = world.rights.now
    return (await ENGINE.execute(ENGINE.prepare(shipped()[name]), variables, context)).encoded()


def somehow(world: World, draw: Random) -> tuple[Command, Actor]:
    """Any fact: about the agenda's cases, about rights, or about nothing that is asked for."""
    case, meeting = draw.choice(world.cases).case, world.meeting
    due = datetime.now(UTC).date() + timedelta(days=9)
    item = draw.choice(list(world.place.catch.present.states.at_hand(meeting).state.items)).item  # pyright: ignore
    housing = ("housing-1", HOUSING.user)
    return draw.choice(
        [
            (AddNote(case, uuid4(), Category.DISCUSSION, Sealed("A note")), COORDINATOR),
            (OfferAction(case, uuid4(), Sealed("Mend it"), "housing-1", due), COORDINATOR),
            (DeclareInterest(meeting, item, HOUSING.user, HOUSING.agency), HOUSING),
            (JoinMeeting(meeting, POLICE.user, POLICE.agency), POLICE),
            (InviteMember(meeting, "police-1"), COORDINATOR),
            (EndDisclosure(*world.disclosures[0], Sealed("Not needed")), COORDINATOR),
            (SuspendMember("police-1", POLICE.user), ADMINISTRATOR),
            (ReinstateMember("police-1", POLICE.user), ADMINISTRATOR),
            (EnrolMember(housing[0], f"user-{draw.random()}", Sealed("Somebody")), ADMINISTRATOR),
            (AddItem(world.other, uuid4(), Section.REVIEW, case), CHAIR),
        ]
    )


async def stale(world: World, kept: Answers, seed: int, steps: int) -> int:
    """How many kept answers were not those that would have been made."""
    draw, wrong = Random(seed), 0
    for _ in range(steps):
        if draw.random() < 0.6:
            command, by = somehow(world, draw)
            try:
                await world.place.take(command, by)
            except Refused:
                continue
            await world.place.settled()
        for name, variables in draw.sample(questions(world), 4):
            for by in draw.sample(EVERYBODY, 3):
                held = await answer(world, kept, by, name, variables)
                wrong += held != await answer(world, None, by, name, variables)
    return wrong


class Lasting(Answers):
    """Time stands still, so that only what happens ends an answer."""

    def stands(self, held: Kept) -> bool:
        held.at = datetime.now(UTC)
        return super().stands(held)


async def test_a_kept_answer_is_always_the_one_that_would_be_made(world: World):
    kept = answers_of(world.place.catch, Lasting)
    assert await stale(world, kept, seed=1, steps=60) == 0
    assert kept.kept > 50
    assert kept.made > 50


@pytest.mark.parametrize("forgets", ["streams", "rows"])
async def test_answers_that_do_not_heed_what_happens_are_caught(
    world: World, monkeypatch: pytest.MonkeyPatch, forgets: str
):
    class Heedless(Lasting):
        def _touched(self, streams: set[UUID], moves: int) -> bool:
            return False

    kept = answers_of(world.place.catch, Heedless) if forgets == "streams" else answers_of(world.place.catch, Lasting)
    if forgets == "rows":
        monkeypatch.setattr(Rests, "named", 99)
    assert await stale(world, kept, seed=2, steps=40) > 0


async def kept_alone(world: World, catch: Catch, make: Callable[[], Awaitable[bytes | None]]) -> Answers:
    kept = answers_of(catch, Answers)
    await kept.get("key", 1, datetime.now(UTC), Rests(named=1), make)
    return kept


async def test_nothing_plain_is_kept_for_longer_than_a_second(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answers, "FRESH", timedelta(milliseconds=20))

    async def make() -> bytes:
        return b"plain"

    kept = await kept_alone(world, world.place.catch, make)
    held = kept._held["key"]  # pyright: ignore[reportPrivateUsage]
    assert kept.stands(held)
    held.at -= timedelta(milliseconds=20)
    assert not kept.stands(held)
    kept._sweep()  # pyright: ignore[reportPrivateUsage]
    assert not kept._held  # pyright: ignore[reportPrivateUsage]


async def test_a_destroyed_key_ends_every_answer(world: World):
    keyring = world.place.catch.keyring
    subject = uuid4()
    await keyring.seal(subject, ["text"])

    async def make() -> bytes:
        return b"plain"

    kept = await kept_alone(world, world.place.catch, make)
    held = kept._held["key"]  # pyright: ignore[reportPrivateUsage]
    await keyring.erase(subject)
    assert not kept.stands(held)


async def test_those_who_ask_at_once_are_answered_by_one_execution(world: World):
    kept, made = answers_of(world.place.catch, Answers), list[int]()

    async def make() -> bytes:
        made.append(1)
        await asyncio.sleep(0.01)
        return b"answer"

    now = datetime.now(UTC)
    asked = [kept.get("key", 1, now, Rests(named=1), make) for _ in range(16)]
    assert set(await asyncio.gather(*asked)) == {b"answer"}
    assert (len(made), kept.made, kept.kept) == (1, 1, 15)


async def test_whoever_waits_for_an_answer_that_fails_makes_their_own(world: World):
    kept = answers_of(world.place.catch, Answers)

    async def fails() -> bytes:
        await asyncio.sleep(0.01)
        raise RuntimeError("inside")

    async def makes() -> bytes:
        return b"answer"

    now = datetime.now(UTC)
    asked = [kept.get("key", 1, now, Rests(named=1), make) for make in (fails, makes)]
    first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert (str(first), second) == ("inside", b"answer")
