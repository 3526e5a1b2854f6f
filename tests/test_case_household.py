"""Who is around the person, and whether the case may be talked about with them: told to those alone whom it is for."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from catch.domain.case.disclosure import AuthoriseDisclosure
from catch.domain.case.household import (
    EndRelation,
    LinkRelation,
    RelationEnded,
    RelationLinked,
    UnknownRelation,
)
from catch.domain.case.rules import CaseNotLive, NotAccepted
from catch.domain.case.state import RelationRole
from catch.domain.facts import Actor, Category, Sealed
from catch.domain.refusals import OutOfRange
from tests.cases import ACCEPTED, CASE, GIVEN, NOW, TEXT, case_given, fold_recorded, received, recorded, uid
from tests.conftest import Furnished
from tests.place import AUDITOR, BASIS, COORDINATOR, HOUSING, Case, Place
from tests.test_case_versions import closed

link = LinkRelation(CASE, uid(67), RelationRole.CARER, TEXT, safe_to_discuss=False)
linked = RelationLinked(uid(67), RelationRole.CARER, TEXT, safe_to_discuss=False)
end, ended = EndRelation(CASE, uid(67), TEXT), RelationEnded(uid(67), TEXT)


def test_somebody_is_recorded_once_and_ended_once():
    case_given(*ACCEPTED).when(link, GIVEN).then(linked)
    case_given(*ACCEPTED, linked).when(link, GIVEN).then()
    outcome = case_given(*ACCEPTED, linked).when(end, GIVEN).then(ended)
    assert outcome.state is not None
    (held,) = outcome.state.relations
    assert (held.safe_to_discuss, held.ended_at, held.reason) == (False, NOW, TEXT)
    case_given(*ACCEPTED, linked, ended).when(end, GIVEN).then()
    case_given(*ACCEPTED).when(end, GIVEN).refused(UnknownRelation, relation=uid(67))


def test_nobody_is_recorded_around_somebody_who_is_not_worked_with_but_may_be_ended():
    case_given(received).when(link, GIVEN).refused(NotAccepted)
    case_given(*ACCEPTED, closed).when(link, GIVEN).refused(CaseNotLive, state="closed")
    case_given(*ACCEPTED, linked, closed).when(end, GIVEN).then(ended)


def test_it_does_not_end_before_it_began():
    facts = [*map(recorded, ACCEPTED), recorded(linked, NOW)]
    case = fold_recorded(facts)
    assert case is not None
    early = replace(GIVEN, at=NOW - timedelta(hours=1))
    case_given(*ACCEPTED, linked).when(end, early).refused(OutOfRange, earliest=case.relations[0].since.isoformat())


READ = """query($c: UUID!) { case(id: $c) {
    relations { id role whom safeToDiscuss endedAt reason } redactions { path reason } } }"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        yield made


async def told(place: Place, case: Case, by: Actor) -> tuple[list[Any], list[str]]:
    found = (await place.ask(READ, by, c=str(case.case)))["case"]
    return found["relations"], [each["path"] for each in found["redactions"] if each["path"].startswith("relations")]


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_told_to_those_to_whom_third_parties_are_disclosed_and_to_nobody_else(place: Place):
    case, relation = await place.worked_on("Ada Example", "housing-1"), uuid4()
    await place.take(LinkRelation(case.case, relation, RelationRole.CHILD, Sealed("Her son"), safe_to_discuss=False))
    await place.settled()
    (seen,), withheld = await told(place, case, COORDINATOR)
    assert (seen["whom"], seen["safeToDiscuss"], seen["role"], withheld) == ("Her son", False, "CHILD", [])
    for other in (HOUSING, AUDITOR):
        assert await told(place, case, other) == ([], ["relations"])
    third = frozenset({Category.THIRD_PARTY})
    await place.take(AuthoriseDisclosure(case.case, uuid4(), "housing-1", third, BASIS, Sealed("They visit")))
    await place.take(EndRelation(case.case, relation, Sealed("He moved out")))
    await place.settled()
    (seen,), withheld = await told(place, case, HOUSING)
    assert (seen["whom"], seen["reason"], withheld) == ("Her son", "He moved out", [])
