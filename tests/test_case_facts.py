"""What the agenda is told of a case: by the clocks of its own version of the programme, and of those that run."""

from datetime import date, timedelta

from msgspec.structs import replace

from catch.api.case.parts import clocks
from catch.domain.agenda.case_facts import case_facts
from catch.domain.agenda.facts import Carried
from catch.domain.case.closing import CloseCase
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.proposals import CaseDiscussed, MeetingProposed, ProposalWithdrawn
from catch.domain.case.state import Case, Discussion, ProposalPurpose, Worker
from catch.domain.meeting.listing import Section
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


# A programme of several teams

TEAMS = replace(PROGRAMME, meetings=tuple(replace(PROGRAMME.meetings[0], key=key) for key in ("north", "south")))
OF_TEAMS = ProgrammeHistory(PROGRAMME.key, (TEAMS,))
NORTH, SOUTH = (replace(MEETING, series=key) for key in ("north", "south"))


def proposed(series: str, number: int = 70) -> MeetingProposed:
    return MeetingProposed(uid(number), series, ProposalPurpose.NEW, Worker("hal", "snn"), "snn")


def teams_of(case: Case, history: ProgrammeHistory = OF_TEAMS) -> list[str]:
    """The teams whose agendas it may come to."""
    return [each.series for each in (NORTH, SOUTH) if case_facts(case, history, each).elsewhere is None]


def test_a_case_comes_to_the_team_that_it_was_proposed_for_and_to_no_other():
    assert teams_of(folded(*ACCEPTED, proposed("north"))) == ["north"]


def test_a_case_that_no_team_has_yet_comes_before_all_of_them():
    assert teams_of(folded(*ACCEPTED)) == ["north", "south"]
    assert teams_of(folded(*ACCEPTED, proposed("north"), ProposalWithdrawn(uid(70)))) == ["north", "south"]


def test_a_case_whose_team_is_no_more_comes_before_all_that_there_are():
    assert teams_of(folded(*ACCEPTED, proposed("dissolved"))) == ["north", "south"]


def test_what_was_proposed_for_a_team_that_is_no_more_is_heard_by_another_once():
    case = folded(*ACCEPTED, proposed("dissolved"))
    assert [len(case_facts(case, OF_TEAMS, each).proposals) for each in (NORTH, SOUTH)] == [1, 1]
    talked = CaseDiscussed(Discussion(uid(7), uid(8), NOW, NOW, ("snn",), series="north"))
    heard = folded(*ACCEPTED, proposed("dissolved"), talked)
    assert [case_facts(heard, OF_TEAMS, each).proposals for each in (NORTH, SOUTH)] == [(), ()]
    assert case_facts(folded(*ACCEPTED, proposed("south")), OF_TEAMS, NORTH).proposals == ()


def test_a_case_that_is_proposed_for_two_teams_comes_before_both():
    assert teams_of(folded(*ACCEPTED, proposed("north"), proposed("south", 71))) == ["north", "south"]


def test_a_case_stays_with_the_team_that_talked_it_over_last_until_it_is_proposed_for_another():
    talked = CaseDiscussed(Discussion(uid(7), uid(8), NOW, NOW, ("snn",), series="north"))
    heard = folded(*ACCEPTED, proposed("north"), talked)
    assert heard.proposals == ()
    assert teams_of(heard) == ["north"]
    assert teams_of(folded(*ACCEPTED, proposed("north"), talked, proposed("south", 71))) == ["south"]


def test_what_was_put_off_by_a_team_stays_on_its_list():
    put_off = Carried(CASE, Section.NEW, 1, date(2026, 3, 3))
    case = folded(*ACCEPTED, proposed("south"))
    assert case_facts(case, OF_TEAMS, NORTH, put_off).elsewhere is None


def test_where_there_is_one_team_every_case_is_its_own():
    assert case_facts(folded(*ACCEPTED, proposed("dissolved")), HISTORY, MEETING).elsewhere is None
