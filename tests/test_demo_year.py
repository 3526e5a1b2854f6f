"""The demonstration year is invented, deterministic, and made by the same commands as everything else."""

import re
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest

from catch.app import Catch, opened
from catch.database.server import Server
from catch.demo.cases import coordinator
from catch.demo.client import Client
from catch.demo.meeting import play
from catch.demo.people import AT_THE_SCREEN, STANDING, agencies, people
from catch.demo.screen import Screen
from catch.demo.year import Year, load_year
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.facts import Role
from catch.domain.meeting.drafting import DraftAgenda
from catch.domain.meeting.listing import Section
from catch.domain.meeting.state import Meeting, MeetingState
from catch.domain.nhs_number import nhs_number
from catch.domain.streams import MEETING
from catch.identity.tokens import DevelopmentIssuer
from catch.settings import Settings
from catch.web.serving import serving
from projections import case_summary
from tests.conftest import Database

TODAY = date(2026, 11, 18)
WEEKS, REFERRALS = 5, 45


@pytest.fixture
async def catch(database: Database, tmp_path: Path) -> AsyncIterator[Catch]:
    place = Server(database.admin, database.dsn)
    async with opened(place, Settings(data_dir=tmp_path / "data")) as running:
        yield running


async def loaded(catch: Catch, today: date = TODAY) -> Year:
    return await load_year(catch, today, weeks=WEEKS, referrals=REFERRALS)


async def cases(catch: Catch) -> list[Case]:
    await catch.readside.reached(await catch.log.head())
    return await case_summary.live_in(catch.log.pool, "snn-catch")


def test_people_are_invented_and_their_numbers_reserved_for_tests():
    crowd = people(Random(1), TODAY)
    some = [next(crowd) for _ in range(600)]
    assert all(nhs_number(one.nhs_number) and one.nhs_number.startswith("999") for one in some)
    assert len({one.nhs_number for one in some}) == 600
    assert all(one.last.endswith("-Example") and TODAY.year - one.born.year >= 18 for one in some)


def test_some_ninety_partners_stand_for_the_kinds_of_the_programme():
    found = agencies()
    assert 85 <= len(found) <= 95
    assert set(STANDING) | set(AT_THE_SCREEN) <= {agency.key for agency in found}
    assert len({agency.key for agency in found}) == len(found)


async def test_the_same_day_gives_the_same_year(catch: Catch):
    year = await loaded(catch)
    head = await catch.log.head()
    again = await loaded(catch)
    assert await catch.log.head() == head
    assert (again.meeting, again.referrals, again.caseloads) == (year.meeting, year.referrals, year.caseloads)


async def test_meetings_were_held_and_the_next_one_is_planned(catch: Catch):
    year = await loaded(catch)
    rows = await catch.log.pool.fetch("select distinct originator_id from stored_events where topic = 'MeetingPlanned'")
    meetings: list[Meeting] = [(await catch.present.states.get(MEETING, row["originator_id"])).state for row in rows]
    by_id: dict[UUID, Meeting] = {meeting.meeting: meeting for meeting in meetings}
    planned = by_id.pop(year.meeting)
    assert planned.state is MeetingState.PLANNED
    assert planned.starts_at == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert len(by_id) == WEEKS
    assert {meeting.state for meeting in by_id.values()} == {MeetingState.MINUTES_CONFIRMED}
    assert any(item.decisions and item.actions for meeting in by_id.values() for item in meeting.items)


async def test_nothing_happens_after_today_and_everything_in_order_within_a_case(catch: Catch):
    await loaded(catch)
    for case in await cases(catch):
        assert case.last_activity_at is not None
        assert case.last_activity_at.date() <= TODAY
        assert case.milestones.received_at <= (case.milestones.accepted_at or case.last_activity_at)


async def test_work_is_shared_evenly(catch: Catch):
    loads = (await loaded(catch)).caseloads
    assert len(loads) == 6
    assert max(loads.values()) - min(loads.values()) <= 1


async def test_the_next_meeting_has_new_cases_and_leaves_quiet_ones_for_an_urgent_call(catch: Catch):
    year = await loaded(catch)
    await catch.commands.take(DraftAgenda(year.meeting), by=coordinator(year.coordinator), command_id=uuid4())
    meeting: Meeting = (await catch.present.states.get(MEETING, year.meeting)).state
    assert {Section.NEW} <= {item.section for item in meeting.items}
    assert set(year.late) - {item.case for item in meeting.items}


async def test_the_next_meeting_is_played_to_its_end_on_real_sockets(catch: Catch):
    # Rights run out by the real clock, so the meeting that is played is this week's.
    year = await loaded(catch, london_day(datetime.now(UTC)))
    issuer = DevelopmentIssuer(catch.settings.data_dir, clock=time.time)
    seen: dict[str, Screen] = {}

    def watch(clients: Sequence[Client], what: str) -> None:
        seen.update({client.screen.title: client.screen for client in clients})

    def token(role: Role, agency: str, user: str) -> str:
        return issuer.issue(role=role, agency=agency, user=user)

    async with serving(catch, 0, development=True) as port:
        outcome = await play(f"ws://127.0.0.1:{port}/graphql", year, token, watch)
    assert re.fullmatch(r"meeting ended: \d+ items, \d+ decisions, \d+ actions, 1 deferred", outcome.last_line)
    assert outcome.decisions > 0
    assert outcome.actions > 0
    assert "RECUSED" in outcome.recused
    assert len(seen) == 8
    meeting: Meeting = (await catch.present.states.get(MEETING, year.meeting)).state
    assert meeting.state is MeetingState.MINUTES_CONFIRMED
    # Nobody but the organisers knows a name of a case that is none of theirs.
    for title, screen in seen.items():
        for item in screen.items:
            held = meeting.item(UUID(item.id))
            agency = title.partition("@")[2]
            if item.name and agency != "snn":
                assert held is not None
                assert agency in held.visible_to
