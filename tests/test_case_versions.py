"""A case runs under the version of its programme that it was moved to last, clocks and all."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from msgspec.structs import replace

from catch.domain.case.closing import CaseClosed, Measured
from catch.domain.case.rules import CaseNotLive, NotAccepted
from catch.domain.case.versions import BegunUnderVersion, MoveToVersion, ProgrammeVersionChanged
from catch.domain.facts import Actor
from catch.domain.programme.configuration import ClosureClass
from catch.domain.refusals import OutOfRange
from projections import outcomes
from tests.cases import ACCEPTED, CASE, GIVEN, NOW, START, TEXT, case_given, fold_recorded, folded, received, recorded
from tests.conftest import Furnished
from tests.place import COORDINATOR, HOUSING, Place

to_two, moved = MoveToVersion(CASE, 4, TEXT), ProgrammeVersionChanged(3, 4, TEXT)
closed = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, NOW.date(), TEXT, Measured(8))


def test_a_case_is_moved_once_and_back_again():
    case_given(*ACCEPTED).when(to_two, GIVEN).then(moved)
    case_given(*ACCEPTED, moved).when(to_two, GIVEN).then()
    case_given(*ACCEPTED, moved).when(MoveToVersion(CASE, 3, TEXT), GIVEN).then(ProgrammeVersionChanged(4, 3, TEXT))


def test_where_it_began_it_is_not_moved_to_and_a_case_that_is_not_worked_on_is_not_moved():
    case_given(*ACCEPTED).when(MoveToVersion(CASE, 3, TEXT), GIVEN).refused(BegunUnderVersion, version=3)
    case_given(received).when(to_two, GIVEN).refused(NotAccepted)
    case_given(*ACCEPTED, closed).when(to_two, GIVEN).refused(CaseNotLive, state="closed")


def test_moves_are_in_the_order_in_which_they_occurred():
    early = replace(GIVEN, at=START - timedelta(days=1))
    case_given(*ACCEPTED).when(to_two, early).refused(OutOfRange)
    late, later = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    known = [*map(recorded, ACCEPTED), recorded(ProgrammeVersionChanged(3, 5, TEXT), later), recorded(moved, late)]
    case = fold_recorded(known)
    assert case is not None
    assert [held.to_version for held in case.moves] == [4, 5]
    assert case.programme_version == 5


def test_figures_say_under_which_version_an_episode_runs():
    case = folded(*ACCEPTED, moved)
    assert case is not None
    row = None
    for fact in map(recorded, (*ACCEPTED, moved)):
        row = outcomes.fold(row, fact, CASE)
    assert row is not None
    assert row.episodes[-1].programme is not None
    assert row.episodes[-1].programme.endswith("@4")


MOVE = """mutation($case: UUID!, $v: Int!, $c: UUID!) {
    moveToVersion(input: { case: $case, version: $v, reason: "Because of the clocks" }, commandId: $c) {
        ... on Accepted { events } ... on Refused { code details { name value } } } }"""
ASK = """query($case: UUID!) { case(id: $case) {
    programme { version } moves { fromVersion toVersion reason } redactions { path reason }
    nextStep { on } clocks { code dueAt } } }"""


async def asked(place: Place, case: UUID, by: Actor = COORDINATOR) -> Any:
    await place.settled()
    return (await place.ask(ASK, by, case=str(case)))["case"]


async def test_its_clocks_are_those_of_the_version_it_was_moved_to(furnished: Furnished):
    async def moved_to(version: int) -> Any:
        answer: Any = await place.answer(MOVE, COORDINATOR, case=str(case), v=version, c=str(uuid4()))
        return answer["data"]["moveToVersion"]

    async with furnished() as place:
        case = (await place.worked_on("Ada Quillbrook", HOUSING.agency)).case
        before = await asked(place, case)
        await place.further(clocks=())
        refused = await moved_to(9)
        assert (refused["code"], refused["details"][-1]) == ("UNKNOWN_VERSION", {"name": "known", "value": "3, 4"})
        assert await moved_to(4) == {"events": ["ProgrammeVersionChanged"]}
        after = await asked(place, case)
        assert (before["programme"]["version"], after["programme"]["version"]) == (3, 4)
        assert before["clocks"]
        assert after["clocks"] == []
        assert after["moves"] == [{"fromVersion": 3, "toVersion": 4, "reason": "Because of the clocks"}]
        # A partner who is told nothing of the plan is told by which rules the case runs, and not why.
        shown = await asked(place, case, HOUSING)
        hidden = "moves.reason" in {each["path"] for each in shown["redactions"]}
        assert hidden == (shown["moves"][0]["reason"] is None)
