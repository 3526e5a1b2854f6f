"""What is kept beside a case: restricted notes, safeguarding concerns, what became of them."""

from datetime import timedelta
from functools import reduce
from typing import Any, get_args

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain import restricted
from catch.domain.case.notes import AddNote, NoteAdded, RestrictedIsKeptBeside
from catch.domain.case.state import Worker
from catch.domain.discussion import decide_beside
from catch.domain.facts import Category, Tag
from catch.domain.given import Given
from catch.domain.refusals import OutOfRange, Refused, UnknownCase
from catch.domain.restricted import (
    AddRestrictedNote,
    Beside,
    CriterionMet,
    RaiseSafeguardingConcern,
    RecordSafeguardingOutcome,
    RestrictedCommand,
    RestrictedEvent,
    RestrictedNoteAdded,
    SafeguardingConcernRaised,
    SafeguardingOutcome,
    SafeguardingOutcomeRecorded,
    UnknownConcern,
)
from tests.cases import BY_OWNER, CASE, GIVEN, NOW, SHARED, START, TEXT, case_given, folded, uid
from tests.given import Stream, given
from tests.made import struct

CORA, HANA = Worker("cora", "snn"), Worker("hana", "housing-1")
add = AddRestrictedNote(CASE, uid(60), Tag.DOMESTIC_ABUSE, TEXT)
added = RestrictedNoteAdded(CASE, uid(60), Tag.DOMESTIC_ABUSE, TEXT, CORA)
concern = RaiseSafeguardingConcern(CASE, uid(61), TEXT, CriterionMet.YES, CriterionMet.YES, immediate_danger=True)
raised = SafeguardingConcernRaised(CASE, uid(61), TEXT, HANA, CriterionMet.YES, CriterionMet.YES, immediate_danger=True)
settle = RecordSafeguardingOutcome(CASE, uid(61), SafeguardingOutcome.ENQUIRY, TEXT)
settled = SafeguardingOutcomeRecorded(CASE, uid(61), SafeguardingOutcome.ENQUIRY, CORA, TEXT)


def evolve(beside: Beside | None, event: RestrictedEvent) -> Beside:
    return restricted.evolve(beside, event, NOW)


def beside(*events: RestrictedEvent) -> Stream[Beside, RestrictedEvent, RestrictedCommand]:
    return given(restricted.decide, evolve, *events)


def test_a_restricted_note_is_added_beside_the_case_and_once():
    beside().when(add, GIVEN).then(added)
    beside(added).when(add, GIVEN).then()
    case_given(*SHARED).when(AddNote(CASE, uid(60), Category.RESTRICTED, TEXT), GIVEN).refused(RestrictedIsKeptBeside)


def test_what_was_written_into_a_case_before_is_still_read():
    old = NoteAdded(uid(60), Category.RESTRICTED, TEXT, CORA)
    assert [note.category for note in folded(*SHARED, old).notes] == [Category.RESTRICTED]


def test_no_concern_is_lost_because_its_id_was_used():
    beside().when(concern, BY_OWNER).then(raised)
    # (The same command, sent again, has the same command id.)
    beside(raised).when(concern, BY_OWNER).then(raised)
    beside(raised, settled).when(concern, BY_OWNER).then(raised)
    beside(raised).when(concern, GIVEN).then(replace(raised, by=CORA))


def test_what_became_of_a_concern_is_recorded_and_once():
    beside().when(settle, GIVEN).refused(UnknownConcern)
    outcome = beside(raised, replace(raised, by=CORA)).when(settle, GIVEN).then(settled)
    assert outcome.state is not None
    assert {held.outcome for held in outcome.state.concerns} == {SafeguardingOutcome.ENQUIRY}
    beside(raised, settled).when(settle, GIVEN).then()


def test_only_a_concern_needs_no_case():
    assert decide_beside(None, None, concern, BY_OWNER) == [raised]
    for command in (add, settle):
        with pytest.raises(UnknownCase) as refused:
            decide_beside(None, None, command, GIVEN)
        assert refused.value.details == {"case": str(CASE)}


def test_what_is_kept_beside_a_case_is_no_older_than_it():
    case, early = folded(*SHARED), replace(GIVEN, at=START - timedelta(minutes=1))
    for held, command in ((None, add), (Beside(CASE), add)):
        with pytest.raises(OutOfRange):
            decide_beside(held, case, command, early)
        assert decide_beside(held, case, command, GIVEN) == [added]
    # A concern is taken whatever time is said of it.
    assert decide_beside(None, case, concern, replace(BY_OWNER, at=early.at)) == [raised]


commands = st.sampled_from(get_args(RestrictedCommand)).flatmap(struct)


@for_any(st.lists(commands, max_size=15), st.sampled_from([GIVEN, BY_OWNER]))
def test_an_accepted_command_repeated_records_nothing(asked: list[Any], facts: Given):
    state: Beside | None = None
    for command in asked:
        try:
            answer = restricted.decide(state, command, facts)
        except Refused:
            continue
        state = reduce(evolve, answer, state)
        if isinstance(command, RaiseSafeguardingConcern):
            continue  # nothing that somebody wrote is lost
        assert restricted.decide(state, command, facts) == [], command
