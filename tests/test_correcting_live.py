"""What was put right or withdrawn, as everybody meets it: those who could not know of the entry are told nothing."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from catch.domain.case.correcting import ApproveEntryWithdrawal, CorrectEntry, RequestEntryWithdrawal
from catch.domain.case.notes import AddNote
from catch.domain.case.state import EntryField, KindOfEntry, WithdrawReason
from catch.domain.facts import Actor, Category, Role, Sealed
from tests.conftest import Furnished
from tests.place import COORDINATOR, HOUSING, POLICE, Case, Place
from tests.test_recorded_and_read import OPERATIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

COLLEAGUE = Actor("second@snn", "snn", Role.COORDINATOR)
WRONG, RIGHT = "Lives with her brother Quillmarsh", "Lives with her nephew Quillholt"
WHY, ASKED = "Misheard at the Quillgate", "About Mr Quillstone"
WHEN = "query($s: UUID!) { auditTrail(stream: $s, first: 200) { edges { node { position event } } } }"
EVERY = (WRONG, RIGHT, WHY, ASKED)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        await made.enrol(COLLEAGUE)
        yield made


async def noted(place: Place) -> tuple[Case, AddNote]:
    """A note for housing alone; the police have a part in the case too."""
    case = await place.worked_on("Ada Quillbrook", "housing-1", "police-1")
    note = AddNote(case.case, uuid4(), Category.PLAN, Sealed(WRONG), frozenset({"housing-1"}))
    await place.take(note)
    return case, note


async def corrected(place: Place) -> tuple[Case, AddNote]:
    case, note = await noted(place)
    made = CorrectEntry(case.case, uuid4(), KindOfEntry.NOTE, note.note, EntryField.TEXT, Sealed(RIGHT), Sealed(WHY))
    await place.take(made)
    return case, note


async def withdrawn(place: Place) -> tuple[Case, AddNote]:
    case, note = await corrected(place)
    asked = RequestEntryWithdrawal(
        case.case, uuid4(), KindOfEntry.NOTE, note.note, WithdrawReason.WRONG_PERSON, Sealed(ASKED)
    )
    await place.take(asked)
    assert await place.refused(ApproveEntryWithdrawal(case.case, asked.withdrawal)) == "ASKED_BY_YOURSELF"
    await place.take(ApproveEntryWithdrawal(case.case, asked.withdrawal), COLLEAGUE)
    return case, note


def said(answer: Any) -> list[str]:
    return [text for text in EVERY if text in str(answer)]


async def case_as(place: Place, by: Actor, case: Case, **as_at: Any) -> Any:
    return await place.ask(OPERATIONS["case"], by, id=str(case.case), **({"asAt": as_at} if as_at else {}))


async def test_those_who_read_the_note_read_it_as_it_should_be_and_why(place: Place):
    case, _ = await corrected(place)
    for by in (COORDINATOR, HOUSING):
        assert said(await case_as(place, by, case)) == [RIGHT, WHY]


async def test_whoever_could_not_know_of_it_is_told_nothing_at_all(place: Place):
    case, note = await noted(place)
    before = await case_as(place, POLICE, case)
    async with place.live(POLICE) as police, place.live(HOUSING) as housing:
        query = """subscription($c: UUID!) { caseUpdates(caseId: $c) { __typename
            ... on CaseUpdate { event } ... on Hidden { position } } }"""
        for client in (police, housing):
            await client.subscribe("case", query, c=str(case.case))
            assert (await client.next("case"))["event"] == "Present"
        made = CorrectEntry(
            case.case, uuid4(), KindOfEntry.NOTE, note.note, EntryField.TEXT, Sealed(RIGHT), Sealed(WHY)
        )
        await place.take(made)
        assert (await housing.next("case"))["event"] == "EntryCorrected"
        await police.silent()
    assert await case_as(place, POLICE, case) == before


async def test_a_withdrawn_note_is_shown_no_more_but_stands_in_the_trail_and_in_what_was_known(place: Place):
    case, note = await withdrawn(place)
    for by in (COORDINATOR, HOUSING, POLICE):
        shown = await case_as(place, by, case)
        assert WRONG not in str(shown)
        assert RIGHT not in str(shown)
        assert (ASKED in str(shown)) == (by is COORDINATOR)
    trail = str(await place.ask(OPERATIONS["audit_trail"], COORDINATOR, stream=str(case.case), first=200))
    positions = [
        at["node"]["position"] for at in (await place.ask(WHEN, COORDINATOR, s=str(case.case)))["auditTrail"]["edges"]
    ]
    for event in ("NoteAdded", "EntryCorrected", "EntryWithdrawalRequested", "EntryWithdrawn"):
        assert event in trail
    assert said(await case_as(place, HOUSING, case, position=positions[-4])) == [WRONG]
    assert said(await case_as(place, HOUSING, case, position=positions[-3])) == [RIGHT, WHY]
    assert said(await case_as(place, HOUSING, case, position=positions[-1])) == []
    assert said(await case_as(place, POLICE, case, position=positions[-4])) == []
    assert (await place.take(AddNote(note.case, note.note, note.category, note.text, note.audience))).events == ()
