"""Holes that were really there, each with the answer that is right now: rights that a command made for its sender.

Every one is asked of a real server, with a token of the kind that anybody enrolled could have.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from catch.domain.calendar import london_day
from catch.domain.case.closing import CloseCase
from catch.domain.case.disclosure import EndDisclosure, EndInvolvement
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.partner import LeaveProgramme, RunningPart, RunProgramme, SuspendMember, TerminateAgreement
from tests.conftest import Database
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    BASIS,
    CHAIR,
    COORDINATOR,
    HOUSING,
    PROGRAMME,
    SERIES,
    SYSTEM,
    Place,
    ago,
    placed,
)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as there:
        yield there


NOBODY = Actor("coordinator@nowhere", "nowhere", Role.COORDINATOR)
OTHER_CHAIR = Actor("chair@police-1", "police-1", Role.CHAIR)
FAR = datetime(2199, 1, 1, tzinfo=UTC)


async def status(place: Place, query: str, by: Actor) -> tuple[int, str]:
    """What somebody is answered with who is nobody here."""
    response = await place.post({"query": query}, by)
    return response.status_code, response.json()["errors"][0]["extensions"]["code"]


async def test_nobody_takes_the_chair_of_a_series_by_planning_its_meeting(place: Place):
    plan = PlanMeeting(uuid4(), PROGRAMME, SERIES, datetime.now(UTC) + timedelta(days=2), OTHER_CHAIR.user)
    await place.enrol(Actor(OTHER_CHAIR.user, OTHER_CHAIR.agency, Role.PARTNER))
    assert (await status(place, "{ viewer { user } }", OTHER_CHAIR)) == (403, "NOT_ENROLLED")
    assert await place.refused(plan, Actor(OTHER_CHAIR.user, OTHER_CHAIR.agency, Role.PARTNER)) == "NOT_ALLOWED"


async def test_a_meeting_does_not_lie_in_2199(place: Place):
    assert await place.refused(PlanMeeting(uuid4(), PROGRAMME, SERIES, FAR, CHAIR.user), CHAIR) == "OUT_OF_RANGE"


async def test_a_chair_draws_no_case_to_their_meeting_that_nobody_proposed(place: Place):
    from catch.domain.meeting.adding import AddItem
    from catch.domain.meeting.listing import Section

    made = await place.referred("Ada Drawn")
    meeting = await place.published()
    unknown = AddItem(meeting.meeting, uuid4(), Section.NEW, case=uuid4())
    hidden = AddItem(meeting.meeting, uuid4(), Section.NEW, case=made.case)
    assert await place.refused(unknown, CHAIR) == await place.refused(hidden, CHAIR) == "UNKNOWN_CASE"


async def test_whoever_is_not_enrolled_gets_nothing_whatever_their_token_says(place: Place):
    made = await place.worked_on("Ada Nobodys")
    for by in (NOBODY, Actor("stranger@snn", "snn", Role.COORDINATOR), Actor(HOUSING.user, "snn", Role.PARTNER)):
        assert await status(place, f'{{ case(id: "{made.case}") {{ number }} }}', by) == (403, "NOT_ENROLLED")


async def test_a_role_in_a_token_widens_nothing(place: Place):
    made = await place.worked_on("Ada Narrow", "housing-1")
    as_coordinator = Actor(HOUSING.user, HOUSING.agency, Role.COORDINATOR)
    assert await status(place, f'{{ case(id: "{made.case}") {{ number }} }}', as_coordinator) == (403, "NOT_ENROLLED")


async def test_the_program_itself_has_no_token(place: Place):
    response = await place.post({"query": "{ viewer { user } }"}, SYSTEM)
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "TOKEN_INCOMPLETE"


@pytest.mark.parametrize("by", [AUDITOR, COORDINATOR])
async def test_a_suspended_member_reads_neither_trails_nor_figures(place: Place, by: Actor):
    made = await place.worked_on("Ada Trail")
    await place.take(SuspendMember(by.agency, by.user), SYSTEM)
    await place.settled()
    for query in (
        f'{{ auditTrail(stream: "{made.case}") {{ edges {{ cursor }} }} }}',
        f'{{ timeToOutcome(programme: "{PROGRAMME}") {{ achieved }} }}',
    ):
        assert await status(place, query, by) == (403, "NOT_ENROLLED")


async def ended(place: Place, case: UUID, disclosure: UUID, how: str) -> None:
    match how:
        case "involvement":
            await place.take(EndInvolvement(case, "housing-1"))
        case "disclosure":
            await place.take(EndDisclosure(case, disclosure))
        case _:
            await place.take(TerminateAgreement("housing-1", "isa-housing-1", Sealed("Over.")), SYSTEM)


@pytest.mark.parametrize("how", ["involvement", "disclosure", "agreement"])
async def test_whose_part_has_ended_does_not_come_back_by_attaching_a_referral(place: Place, how: str):
    from catch.domain.case.referral import AttachReferral

    made = await place.worked_on("Ada Attached")
    disclosure = await place.share(made.case, "housing-1")
    await ended(place, made.case, disclosure, how)
    now = datetime.now(UTC)
    attach = AttachReferral(made.case, made.person, uuid4(), "police", "phone", now, Sealed("Again."))
    assert await place.refused(attach, HOUSING) == "UNKNOWN_CASE"


async def test_an_agency_that_left_the_programme_coordinates_nothing_of_it(place: Place):
    made = await place.referred("Ada Left")
    query = f'{{ case(id: "{made.case}") {{ number }} }}'
    assert (await place.ask(query, COORDINATOR))["case"] is not None
    await place.take(LeaveProgramme("snn", PROGRAMME, RunningPart.LEAD), SYSTEM)
    await place.settled()
    assert (await place.ask(query, COORDINATOR))["case"] is None


async def test_no_agency_leaves_cases_behind_that_nobody_would_see(place: Place):
    made = await place.worked_on("Ada Left Behind")
    leaves = LeaveProgramme("snn", PROGRAMME, RunningPart.LEAD)
    assert await place.refused(leaves, ADMINISTRATOR) == "STILL_COORDINATES"
    ended = RunProgramme("snn", PROGRAMME, RunningPart.LEAD, london_day(ago(days=9)), london_day(ago(days=2)))
    assert await place.refused(ended, ADMINISTRATOR) == "STILL_COORDINATES"
    await place.take(CloseCase(made.case, "duplicate", london_day(ago()), Sealed("Twice.")))
    await place.take(leaves, ADMINISTRATOR)


async def test_a_chair_lets_nobody_of_their_own_agency_be_told(place: Place):
    from catch.domain.case.disclosure import AuthoriseDisclosure

    made = await place.worked_on("Ada Handed", "housing-1")
    await place.published("housing-1")
    own = AuthoriseDisclosure(made.case, uuid4(), "snn", frozenset({Category.PLAN}), BASIS, Sealed("For us."))
    assert await place.refused(own, CHAIR) == "ONLY_BY_ANOTHER"


@pytest.mark.parametrize("version", [-1, 0, 3, 6, 99])
async def test_a_version_that_is_expected_tells_strangers_nothing(place: Place, version: int):
    from catch.domain.case.notes import RecordUnmetNeed, UnmetReason

    made = await place.worked_on("Ada Versions")
    for case in (made.case, uuid4()):
        asked = RecordUnmetNeed(case, uuid4(), "befriending", UnmetReason.NO_SERVICE)
        assert await place.refused(asked, HOUSING, version=version) == "UNKNOWN_CASE"
