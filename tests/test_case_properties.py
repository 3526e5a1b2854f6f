"""What holds for every case, whatever is asked of it and in whatever order."""

from functools import reduce
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain import case as case_stream
from catch.domain.case import Case, CaseCommand, CaseEvent, decide
from catch.domain.facts import Actor, Role
from catch.domain.refusals import Refused
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    NOW,
    OFFERED,
    PLANNED,
    SHARED,
    evolve,
    folded,
    history,
    received,
    recorded,
)
from tests.made import struct

COMMANDS = get_args(CaseCommand)
EVENTS = get_args(CaseEvent)
commands = st.sampled_from(COMMANDS).flatmap(struct).map(lambda command: replace(command, case=CASE))
events = st.sampled_from(EVENTS).flatmap(struct)
stages = st.sampled_from([(), (received,), ACCEPTED, SHARED, PLANNED, OFFERED])
givens = st.sampled_from([GIVEN, replace(GIVEN, by=Actor("hana", "housing-1", Role.PARTNER))])


@given(stages, st.lists(commands, max_size=15), givens)
def test_an_accepted_command_repeated_records_nothing(stage: tuple[CaseEvent, ...], asked: list[Any], facts: Any):
    case: Case | None = folded(*stage) if stage else None
    for command in asked:
        try:
            answer = decide(case, command, facts)
        except Refused:
            continue
        case = reduce(evolve, answer, case)
        assert decide(case, command, facts) == [], command


@given(stages, st.lists(events, max_size=15))
def test_any_history_can_be_folded(stage: tuple[CaseEvent, ...], more: list[Any]):
    state: Case | None = None
    for fact in history(*stage, *more):
        state = case_stream.evolve(state, fact)
    begun = any(isinstance(event, type(received)) for event in (*stage, *more))
    assert (state is None) == (not begun)


@given(st.lists(commands, max_size=15))
def test_whatever_is_accepted_leaves_a_case_whose_parts_have_ids_of_their_own(asked: list[Any]):
    case: Case = folded(*OFFERED)
    for command in asked:
        try:
            case = reduce(evolve, decide(case, command, GIVEN), case)
        except Refused:
            continue
    for ids in (
        [held.action for held in case.actions],
        [held.goal for held in case.goals],
        [held.review for held in case.reviews],
        [held.note for held in case.notes],
        [held.disclosure for held in case.disclosures],
        [held.proposal for held in case.proposals] + list(case.settled_proposals),
        [held.agency for held in case.involvements if held.ended_at is None],
    ):
        assert len(ids) == len(set(ids))
    assert case.live or not any(action.unsettled for action in case.actions)


@given(st.lists(events, max_size=10))
def test_the_last_activity_never_goes_back(more: list[Any]):
    facts = [*history(*ACCEPTED), *(recorded(event, NOW) for event in more)]
    state: Case | None = None
    seen = None
    for fact in facts:
        state = case_stream.evolve(state, fact)
        assert state is not None
        assert seen is None or (state.last_activity_at is not None and state.last_activity_at >= seen)
        seen = state.last_activity_at
