"""What holds of every place, shown on a demonstration that was loaded and played: sealed, foldable, reproducible."""

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import msgspec
import pytest

import projections
from catch.app import Catch, opened
from catch.database.server import Server, binaries
from catch.demo import people
from catch.demo.meeting import play
from catch.demo.year import Year, load_year
from catch.domain.agenda.draft import AGENDA_ITEMS
from catch.domain.calendar import london_day
from catch.domain.facts import Recorded
from catch.domain.meeting.drafting import AgendaDrafted, DraftAgenda
from catch.domain.meeting.listing import Agenda
from catch.domain.meeting.planning import PlanMeeting
from catch.identity.tokens import DevelopmentIssuer
from catch.log.codec import decode
from catch.readside import checksum, rebuild
from catch.settings import Settings
from catch.web.serving import serving
from tests.conftest import Database, Furnished
from tests.drafted import drafted_again
from tests.place import CHAIR, PROGRAMME, SERIES, Place

TODAY = date(2026, 11, 18)


@pytest.fixture
async def catch(database: Database, tmp_path: Path) -> AsyncIterator[Catch]:
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path / "data")) as running:
        yield running


async def loaded(catch: Catch, today: date = TODAY) -> Year:
    return await load_year(catch, today, weeks=4, referrals=30)


async def history(catch: Catch) -> list[Recorded[Any]]:
    return [decode(stored) for stored in await catch.log.page(0, 100_000)]


def dump(database: Database) -> str:
    command = [binaries() / "pg_dump", "--dbname", database.admin]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.casefold()


def told(texts: Iterable[str], where: str) -> list[str]:
    """Which of these texts stand in the dump, as text or as the bytes they are stored as."""
    return [text for text in texts if text.casefold() in where or text.casefold().encode().hex() in where]


async def test_no_invented_name_note_or_nhs_number_is_in_a_dump_after_the_demonstration(
    catch: Catch, database: Database
):
    # Rights run out by the real clock, so the meeting that is played is this week's.
    year = await loaded(catch, london_day(datetime.now(UTC)))
    issuer = DevelopmentIssuer(catch.settings.data_dir, clock=time.time)
    async with serving(catch, 0, development=True) as port:
        await play(
            f"ws://127.0.0.1:{port}/graphql",
            year,
            lambda role, agency, user: issuer.issue(role=role, agency=agency, user=user),
            lambda clients, what: None,
        )
    numbers = list(islice(people.nhs_numbers(), 60))
    phrases = (*people.REASONS, *people.MATTERS, *people.STRENGTHS, *people.NOTES, *people.SITUATIONS, *people.STREETS)
    secrets = [*people.LAST, *numbers, *phrases, *people.NEXT_STEPS]
    everything = dump(database)
    assert told(secrets, everything) == []
    assert re.search(r"\b999\d{7}\b", everything) is None
    # The control: the same search finds what does stand there in plain.
    await catch.log.pool.execute("create table scratch as select $1::text as said", people.NOTES[0])
    assert told(secrets, dump(database)) == [people.NOTES[0]]


async def test_every_rebuilt_read_model_equals_the_live_one(catch: Catch):
    await loaded(catch)
    await catch.readside.reached(await catch.log.head())
    everything = [cast("Any", each) for each in projections.ALL]
    live = [await checksum(catch.log.pool, each) for each in everything]
    await rebuild(catch.log, decode, everything)
    assert [await checksum(catch.log.pool, each) for each in everything] == live


async def test_every_agenda_ever_drafted_follows_again_from_the_facts_it_names(catch: Catch):
    await loaded(catch)
    facts, salt = await history(catch), catch.keyring.digest(AGENDA_ITEMS)
    drafts = [fact for fact in facts if isinstance(fact.event, AgendaDrafted)]
    assert len(drafts) == 4
    for fact in drafts:
        event: AgendaDrafted = fact.event
        assert same(event, drafted_again(facts, fact.stream, event.as_of, salt))
    # The control: facts that came later give another draft.
    latest = facts[-1].position
    assert not all(same(fact.event, drafted_again(facts, fact.stream, latest, salt)) for fact in drafts)


def same(event: AgendaDrafted, draft: Agenda) -> bool:
    """Byte for byte, but for where the log stood."""
    again = AgendaDrafted(event.as_of, draft.policy_version, draft.items, draft.overflow, draft.warnings, draft.gaps)
    return msgspec.json.encode(event) == msgspec.json.encode(again)


async def test_every_agenda_drafted_while_others_write_follows_from_the_facts_it_names(furnished: Furnished):
    async with furnished() as place:
        await drafted_under_load(place)


async def drafted_under_load(place: Place):
    meeting = uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, datetime.now(UTC) + timedelta(days=1), CHAIR.user))
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as writing:
        for number in range(3):
            writing.create_task(cases_until(enough, place, f"Ada Example {number}"))
        for _ in range(20):
            await place.take(DraftAgenda(meeting))
        enough.set()
    facts, salt = await history(place.catch), place.catch.keyring.digest(AGENDA_ITEMS)
    drafts = [fact for fact in facts if isinstance(fact.event, AgendaDrafted)]
    assert len(drafts) > 10
    assert [fact.event.as_of for fact in drafts if not same(fact.event, again(facts, fact, 0, salt))] == []
    # The control: a position further on is not what most of them were made from.
    assert any(not same(fact.event, again(facts, fact, 40, salt)) for fact in drafts)


def again(facts: list[Recorded[Any]], fact: Recorded[Any], further: int, salt: str) -> Agenda:
    return drafted_again(facts, fact.stream, min(fact.event.as_of + further, fact.position - 1), salt)


async def cases_until(enough: asyncio.Event, place: Place, name: str) -> None:
    for number in count():
        await place.worked_on(f"{name} {number}", "housing-1")
        if enough.is_set():
            return
