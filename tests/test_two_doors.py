"""Whatever comes through two doors at once, a person has one open case in a programme."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from catch.domain.calendar import london_day
from catch.domain.case.closing import CloseCase, ReopenCase
from catch.domain.case.referral import DuplicateOpenCase, SubmitReferral
from catch.domain.facts import Command, Sealed
from catch.domain.programme import ProgrammeHistory
from catch.domain.refusals import Refused
from catch.domain.streams import CASE, PERSON, programme_stream
from catch.domain.streams import PROGRAMME as KIND
from catch.log import Answer
from tests.conftest import Database
from tests.place import PROGRAMME, Case, Place, ago, placed


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as found:
        yield found


def referral(person: UUID, case: UUID) -> SubmitReferral:
    return SubmitReferral(case, person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), Sealed("Again."))


async def tried(place: Place, command: Command) -> Answer | Refused:
    try:
        return await place.take(command)
    except Refused as refused:
        return refused


async def closed(place: Place) -> Case:
    made = await place.worked_on("Ada Quillbrook-Example")
    history: ProgrammeHistory = (await place.catch.present.states.get(KIND, programme_stream(PROGRAMME))).state
    reason = history.current.closure.reasons[0].code
    await place.take(CloseCase(made.case, reason, london_day(ago()), Sealed("Over.")))
    return made


async def open_cases(place: Place, person: UUID) -> int:
    held = (await place.catch.present.states.get(PERSON, person)).state
    cases = await place.catch.present.states.get_many(CASE, held.cases_in(PROGRAMME))
    return sum(each.state.live for each in cases)


async def test_of_many_referrals_at_once_one_opens_a_case(place: Place):
    made = await closed(place)
    answers = await asyncio.gather(*(tried(place, referral(made.person, uuid4())) for _ in range(8)))
    refused = [each for each in answers if isinstance(each, Refused)]
    assert len(refused) == 7
    assert {type(each) for each in refused} == {DuplicateOpenCase}
    assert await open_cases(place, made.person) == 1


async def test_a_case_is_not_reopened_beside_a_newer_one(place: Place):
    made = await closed(place)
    await place.take(referral(made.person, uuid4()))
    with pytest.raises(DuplicateOpenCase):
        await place.take(ReopenCase(made.case, Sealed("Needs us again.")))


async def test_reopening_and_a_new_referral_at_once_leave_one_open_case(place: Place):
    for _ in range(5):
        made = await closed(place)
        reopen, refer = ReopenCase(made.case, Sealed("Needs us again.")), referral(made.person, uuid4())
        answers = await asyncio.gather(tried(place, reopen), tried(place, refer))
        assert sum(isinstance(each, Answer) for each in answers) == 1, answers
        assert await open_cases(place, made.person) == 1
