"""What the agenda is told of a case: by the clocks of its own version of the programme, and of those that run."""

from datetime import date, timedelta

from msgspec.structs import replace

from catch.api.case.parts import clocks
from catch.domain.agenda.case_facts import case_facts
from catch.domain.case.closing import CloseCase
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.meeting.state import Meeting, Mode
from catch.domain.programme import ProgrammeHistory
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule, Span, Unit
from tests.cases import ACCEPTED, CASE, GIVEN, NOW, PROGRAMME, START, TEXT, case_given, folded, received, uid

CONVERSATION = ClockRule("first-conversation", "ReferralReceived", "ConversationHeld", Span(2, Unit.DAY))
LONGER = replace(CONVERSATION, target=Span(3, Unit.WEEK))
PINNED = replace(PROGRAMME, clocks=(CONVERSATION,))
HISTORY = ProgrammeHistory(PROGRAMME.key, (PINNED, replace(PROGRAMME, version=4, clocks=(LONGER,))))
MEETING = Meeting(uid(7), PROGRAMME.key, "weekly", NOW, 120, Mode.HYBRID, "carl")


def test_the_agenda_reads_the_clocks_of_the_version_that_the_case_started_under_as_its_page_does():
    case = folded(*ACCEPTED)
    (on_agenda,) = case_facts(case, HISTORY, MEETING).clocks
    (on_page,) = clocks(case, PINNED, NOW)
    assert on_agenda.due_at == on_page.due_at
    assert on_page.state is ClockState.BREACHED
    newer = folded(replace(received, programme_version=4), *ACCEPTED[1:])
    (running,) = case_facts(newer, HISTORY, MEETING).clocks
    assert running.due_at > NOW


def test_no_clock_of_a_closed_case_runs_on():
    close = CloseCase(CASE, "moved-away", date(2026, 3, 3), TEXT)
    closed = case_given(*ACCEPTED).when(close, GIVEN).state
    assert closed is not None
    for later in (NOW, NOW + timedelta(days=400)):
        (clock,) = clocks(closed, PINNED, later)
        assert (clock.state, clock.stopped_at) == (ClockState.LAPSED, closed.milestones.closed_at)
    assert case_facts(closed, HISTORY, MEETING).clocks == ()


def test_no_clock_of_a_case_that_was_turned_away_runs_on():
    away = folded(received, ReferralDeclined("out-of-area"))
    (clock,) = clocks(away, PINNED, NOW + timedelta(days=400))
    assert (clock.state, clock.stopped_at) == (ClockState.MISSED, NOW)
    assert timedelta(days=2) < NOW - START
