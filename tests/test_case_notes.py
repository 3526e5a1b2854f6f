"""Notes, and needs that no service meets."""

from msgspec.structs import replace

from catch.domain.case.notes import (
    AddNote,
    AudienceNotInvolved,
    MeetUnmetNeed,
    NoteAdded,
    RecordUnmetNeed,
    UnknownNeed,
    UnmetNeedMet,
    UnmetNeedRecorded,
    UnmetReason,
)
from catch.domain.case.rules import NotAccepted
from catch.domain.case.state import Worker
from catch.domain.facts import Category
from tests.cases import ACCEPTED, BY_OWNER, CASE, GIVEN, NOW, SHARED, TEXT, case_given, received, uid

add = AddNote(CASE, uid(60), Category.PLAN, TEXT, frozenset({"housing-1"}))
added = NoteAdded(uid(60), Category.PLAN, TEXT, Worker("hana", "housing-1"), frozenset({"housing-1"}))
record = RecordUnmetNeed(CASE, uid(61), "transport", UnmetReason.NO_SERVICE, "corby")
needed = UnmetNeedRecorded(uid(61), "transport", UnmetReason.NO_SERVICE, "corby")


def test_a_note_says_whose_it_is_and_is_added_once():
    case_given(*SHARED).when(add, BY_OWNER).then(added)
    case_given(*SHARED, added).when(add, BY_OWNER).then()


def test_a_note_is_addressed_to_those_with_a_part_in_the_case_or_its_coordinators():
    case_given(*SHARED).when(replace(add, audience=frozenset({"snn", "housing-1"})), GIVEN).recorded(NoteAdded)
    case_given(*SHARED).when(replace(add, audience=frozenset()), GIVEN).recorded(NoteAdded)
    outside = replace(add, audience=frozenset({"police-1", "housing-1", "fire-1"}))
    case_given(*SHARED).when(outside, GIVEN).refused(AudienceNotInvolved, partners="fire-1, police-1")
    case_given(*ACCEPTED).when(add, GIVEN).refused(AudienceNotInvolved)


def test_an_unmet_need_is_recorded_and_met_once():
    case_given(*ACCEPTED).when(record, GIVEN).then(needed)
    case_given(*ACCEPTED, needed).when(record, GIVEN).then()
    case_given(received).when(record, GIVEN).refused(NotAccepted)
    meet = MeetUnmetNeed(CASE, uid(61))
    outcome = case_given(*ACCEPTED, needed).when(meet, GIVEN).then(UnmetNeedMet(uid(61)))
    assert outcome.state is not None
    assert outcome.state.unmet_needs[0].met_at == NOW
    case_given(*ACCEPTED, needed, UnmetNeedMet(uid(61))).when(meet, GIVEN).then()
    case_given(*ACCEPTED).when(meet, GIVEN).refused(UnknownNeed)
