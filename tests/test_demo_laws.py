"""What holds of every place, shown on a demonstration that was loaded and played: sealed, foldable, reproducible."""

import re
import subprocess
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from msgspec.structs import replace

import projections
from catch.app import Catch, opened
from catch.database.server import Server, binaries
from catch.demo import people
from catch.demo.meeting import play
from catch.demo.year import Year, load_year
from catch.domain.agenda.carry import left_to, words
from catch.domain.agenda.case_facts import case_facts
from catch.domain.agenda.draft import AGENDA_ITEMS, draft_agenda
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.facts import Recorded
from catch.domain.meeting.drafting import AgendaDrafted
from catch.domain.meeting.state import Meeting
from catch.domain.programme import ProgrammeHistory
from catch.domain.streams import CASE, MEETING, PROGRAMME, fold, programme_stream, stream_of_event
from catch.identity.tokens import DevelopmentIssuer
from catch.log.codec import decode
from catch.readside import checksum, rebuild, up_to
from catch.settings import Settings
from catch.web.serving import serving
from tests.conftest import Database

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
    issuer = DevelopmentIssuer(catch.settings.data_dir)
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
        redrafted = drafted_again(facts, fact, salt)
        event: AgendaDrafted = fact.event
        assert (redrafted.items, redrafted.overflow, redrafted.warnings) == (
            event.items,
            event.overflow,
            event.warnings,
        )
    # The control: facts that came later give another draft.
    latest = facts[-1].position
    moved = [replace(fact, envelope=replace(fact.envelope, event=replace(fact.event, as_of=latest))) for fact in drafts]
    assert any(drafted_again(facts, fact, salt).items != fact.event.items for fact in moved)


def drafted_again(facts: list[Recorded[Any]], fact: Recorded[Any], salt: str) -> Any:
    """The draft from the facts up to the position that the recorded draft names."""
    known = [*up_to(facts, fact.event.as_of)]
    before_it = [each for each in facts if each.stream == fact.stream and each.version < fact.version]
    meeting: Meeting = fold(MEETING, before_it)
    history: ProgrammeHistory = fold(
        PROGRAMME, [each for each in known if each.stream == programme_stream(meeting.programme)]
    )
    series = history.current.series(meeting.series)
    assert series is not None
    said = [word for each in earlier(known, meeting) for word in words(each)]
    carried = {held.case: held for held in left_to(meeting, said, {})}
    cases = [case for case in folded(known, CASE).values() if isinstance(case, Case) and case.live]
    held = [case_facts(case, history.current, meeting, carried.get(case.case)) for case in cases]
    return draft_agenda(series, meeting, held, fact.event.as_of, salt)


def earlier(known: list[Recorded[Any]], meeting: Meeting) -> list[Meeting]:
    """The series' meetings that were over by then, the latest last."""
    others = [each for each in folded(known, MEETING).values() if isinstance(each, Meeting) and each.ended_at]
    return sorted(others, key=lambda m: m.starts_at)


def folded(known: list[Recorded[Any]], stream: Any) -> dict[UUID, Any]:
    states: dict[UUID, Any] = {}
    for fact in known:
        if stream_of_event(fact.event) is stream:
            states[fact.stream] = stream.evolve(states.get(fact.stream), fact)
    return states
