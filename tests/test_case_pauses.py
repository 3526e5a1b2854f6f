"""A case on hold: for a reason of the programme's, with a day on which it is to go on, and clocks that wait."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from catch.domain.case import decide
from catch.domain.case.clocks import clocks_of
from catch.domain.case.closing import CaseClosed, CaseReopened, Measured
from catch.domain.case.pauses import (
    AlreadyOnHold,
    CasePaused,
    CaseResumed,
    PauseCase,
    PauseOver,
    ResumeCase,
    UnknownPause,
    UnknownPauseReason,
)
from catch.domain.case.rules import CaseNotLive, NotAccepted
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule, ClosureClass, PauseReason, Pauses, Span, Unit
from catch.domain.refusals import OutOfRange
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    NOW,
    TEXT,
    case_given,
    fold_recorded,
    folded,
    history,
    received,
    recorded,
    uid,
)

assert GIVEN.programme is not None
RESTS = replace(
    GIVEN.programme, pauses=Pauses((PauseReason("in-hospital", "In hospital"), PauseReason("away", "Away")), 60)
)
ON = replace(GIVEN, programme=RESTS)
PAUSE, BACK = uid(90), date(2026, 4, 1)
pause = PauseCase(CASE, PAUSE, "in-hospital", BACK, TEXT)
paused = CasePaused(PAUSE, "in-hospital", BACK, TEXT)
resume = ResumeCase(CASE, PAUSE)
closed = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, date(2026, 3, 10), TEXT, Measured(8))


def test_a_case_is_put_on_hold_once_and_goes_on_once():
    outcome = case_given(*ACCEPTED).when(pause, ON).then(paused)
    assert outcome.state is not None
    assert outcome.state.on_hold is not None
    case_given(*ACCEPTED, paused).when(pause, ON).then()
    after = case_given(*ACCEPTED, paused).when(resume, ON).then(CaseResumed(PAUSE))
    assert after.state is not None
    assert after.state.on_hold is None
    assert after.state.pauses[0].resumed_at == NOW
    case_given(*ACCEPTED, paused, CaseResumed(PAUSE)).when(resume, ON).then()
    case_given(*ACCEPTED, paused, CaseResumed(PAUSE)).when(replace(pause, pause=uid(91)), ON).recorded(CasePaused)


def test_what_is_refused_says_what_to_do():
    case_given(*ACCEPTED, paused).when(replace(pause, pause=uid(91)), ON).refused(AlreadyOnHold, pause=PAUSE)
    case_given(*ACCEPTED).when(resume, ON).refused(UnknownPause, pause=PAUSE)
    wrong = replace(pause, reason="holiday")
    case_given(*ACCEPTED).when(wrong, ON).refused(UnknownPauseReason, known="in-hospital, away")
    case_given(*ACCEPTED).when(pause, GIVEN).refused(UnknownPauseReason, known="")
    case_given(received).when(pause, ON).refused(NotAccepted)
    case_given(*ACCEPTED, closed).when(pause, ON).refused(CaseNotLive)


@pytest.mark.parametrize("day", [date(2026, 3, 10), date(2026, 5, 10)])
def test_it_is_to_go_on_from_tomorrow_to_the_programmes_longest(day: date):
    case_given(*ACCEPTED).when(replace(pause, expected_resume=day), ON).refused(
        OutOfRange, earliest=date(2026, 3, 11), latest=date(2026, 5, 9)
    )


def test_the_end_of_an_episode_ends_its_pauses():
    over = folded(*ACCEPTED, paused, closed)
    assert over.on_hold is None
    opened = fold_recorded(history(*ACCEPTED, paused, closed, CaseReopened(2, TEXT)))
    assert (opened.live, opened.on_hold) == (True, None)
    later = replace(ON, at=NOW + timedelta(days=9))
    case_given(*ACCEPTED, paused, closed).when(resume, ON).refused(CaseNotLive)
    with pytest.raises(PauseOver):
        decide(opened, resume, later)


RULE = ClockRule("review", "ReferralAccepted", "ReviewHeld", Span(30, Unit.DAY), waits_for=("in-hospital",))


@pytest.mark.parametrize(("reason", "state"), [("in-hospital", ClockState.PAUSED), ("away", ClockState.BREACHED)])
def test_a_clock_waits_for_the_reasons_that_the_programme_names(reason: str, state: ClockState):
    case = fold_recorded(
        [
            *(recorded(event, NOW, version=place) for place, event in enumerate(ACCEPTED, start=1)),
            recorded(replace(paused, reason=reason), NOW + timedelta(days=1), version=len(ACCEPTED) + 1),
        ]
    )
    (shown,) = clocks_of(case, [RULE], NOW + timedelta(days=50))
    assert shown.state is state
