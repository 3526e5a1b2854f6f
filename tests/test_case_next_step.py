"""Every live case has a next day, or is named as one that has none."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case import Case, CaseEvent, decide
from catch.domain.case.clocks import clocks_of
from catch.domain.case.closing import CaseClosed, Measured
from catch.domain.case.coordination import ConversationHeld
from catch.domain.case.next_step import Adrift, NextStep, StepFrom, next_step
from catch.domain.case.pauses import CasePaused
from catch.domain.case.state import CaseState, ConversationFormat
from catch.domain.programme.configuration import ClosureClass, Programme
from catch.domain.refusals import Refused
from catch.programmes import shipped
from tests.cases import ACCEPTED, GIVEN, NOW, OFFERED, PLANNED, SHARED, TEXT, TODAY, evolve, folded, received, uid
from tests.test_case_properties import commands

PROGRAMMES = {each.key: each for each in shipped()}
SNN = PROGRAMMES["snn-catch"]
talked = ConversationHeld(uid(70), ConversationFormat.HOME, TEXT)
closed = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, TODAY, TEXT, Measured(8))
paused = CasePaused(uid(90), "in-hospital", date(2026, 4, 1), TEXT)


def step(case: Case, at: datetime = NOW, programme: Programme = SNN, **more: Any) -> NextStep | None:
    return next_step(case, programme.clocks, at, **more)


def test_the_next_day_is_the_first_from_today_on_and_says_what_it_comes_from():
    assert step(folded(*OFFERED)) == NextStep(date(2026, 3, 17), StepFrom.CLOCK)
    assert step(folded(*OFFERED), datetime.fromisoformat("2026-03-18T10:00Z")) == NextStep(
        date(2026, 3, 20), StepFrom.ACTION
    )
    assert step(folded(*ACCEPTED, paused), datetime.fromisoformat("2026-03-25T10:00Z")) == NextStep(
        date(2026, 4, 1), StepFrom.PAUSE
    )


@pytest.mark.parametrize(
    ("facts", "at", "found"),
    [
        ((received, talked), NOW, NextStep(adrift=Adrift.NOTHING_DATED)),
        (ACCEPTED, NOW + timedelta(days=60), NextStep(date(2026, 3, 17), StepFrom.CLOCK, Adrift.ALL_OVERDUE)),
        ((*ACCEPTED, closed), NOW, None),
    ],
)
def test_a_live_case_without_one_is_named_with_the_reason(
    facts: tuple[CaseEvent, ...], at: datetime, found: NextStep | None
):
    assert step(folded(*facts), at) == found


def test_the_case_of_somebody_who_has_died_is_to_be_closed():
    assert step(folded(*OFFERED), died=True) == NextStep(adrift=Adrift.PERSON_DIED)
    assert step(folded(*ACCEPTED, closed), died=True) is None


def days_in(case: Case, programme: Programme, at: datetime) -> Iterator[date]:
    """Every day that stands open in the case, found by hand in another way."""
    running = ("running", "warned", "breached")
    yield from (london_day(held.due_at) for held in clocks_of(case, programme.clocks, at) if held.state in running)
    open_ones = (
        *(held.due for held in case.actions if held.state in ("offered", "accepted", "declined")),
        *(held.due for held in case.reviews if held.decision is None),
        *(held.due for held in case.requests if held.text is None),
        *(held.review_on for held in case.risks),
        *((case.plan.planned_end, None if case.plan.reviewed else case.plan.review_due) if case.plan else ()),
        *(held.expected_resume for held in [case.on_hold] if held),
    )
    yield from filter(None, open_ones)


def histories(programme: Programme, stage: tuple[CaseEvent, ...], asked: list[Any]) -> Case:
    """The case after whatever of this was accepted."""
    case = folded(*stage)
    for command in asked:
        try:
            case = reduce(evolve, decide(case, command, replace(GIVEN, programme=programme)), case)
        except Refused:
            continue
    return case


stages = st.sampled_from([(received,), ACCEPTED, SHARED, PLANNED, OFFERED])


@given(stages, st.lists(commands, max_size=15), st.integers(0, 400), st.sampled_from(sorted(PROGRAMMES)))
@settings(max_examples=60)
def test_a_live_case_has_a_next_day_or_is_named(stage: Any, asked: list[Any], later: int, key: str):
    programme, at = PROGRAMMES[key], NOW + timedelta(days=later)
    case = histories(programme, stage, asked)
    found, days = step(case, at, programme), [*days_in(case, programme, at)]
    if not case.live:
        assert found is None
        return
    assert found is not None
    coming = [day for day in days if day >= london_day(at)]
    if coming:
        assert (found.on, found.adrift) == (min(coming), None)
    else:
        assert found.adrift is (Adrift.ALL_OVERDUE if days else Adrift.NOTHING_DATED)
        assert found.on == max(days, default=None)


@given(st.sampled_from([ACCEPTED, SHARED, PLANNED, OFFERED]), st.lists(commands, max_size=15), st.integers(0, 400))
@settings(max_examples=40)
def test_no_accepted_case_of_the_first_programme_is_ever_without_a_day(stage: Any, asked: list[Any], later: int):
    """Some clock of it runs from one step to the next, or it rests until a day."""
    case = histories(SNN, stage, asked)
    if case.live and case.state is not CaseState.RECEIVED:
        found = step(case, NOW + timedelta(days=later))
        assert found is not None
        assert found.adrift is not Adrift.NOTHING_DATED
