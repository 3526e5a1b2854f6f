"""Why a case is not on the agenda, for any case; and what goes on to the next meeting."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from catch.domain.agenda.absence import Explanation, Standing, why_not
from catch.domain.agenda.carry import carry_over
from catch.domain.agenda.draft import draft_agenda
from catch.domain.agenda.facts import Carried, CaseFacts
from catch.domain.meeting.items import Deferral, DeferReason, Item, ItemState, Origin
from catch.domain.meeting.listing import Missing, ReasonCode, Section
from catch.domain.meeting.state import Meeting, MeetingState
from tests.agendas import MEETING, QUIET, SALT, SERIES, START, a_case, carried, day, new_case


def asked(facts: CaseFacts, *others: CaseFacts, meeting: Meeting = MEETING) -> Explanation:
    return why_not(SERIES, meeting, (*others, facts), facts.case)


NEW = new_case(1)


def test_a_case_on_the_draft_is_explained_by_its_item():
    answer = asked(NEW)
    assert (answer.standing, answer.reasons[0].code) == (Standing.ON_AGENDA, ReasonCode.NEW)


def test_a_case_that_did_not_fit_is_told_why_and_when():
    answer = asked(new_case(30), *(new_case(n) for n in range(14)))
    assert (answer.standing, answer.expected_on) == (Standing.OVERFLOW, day(7))
    assert "the items before it take the time there is" in answer.text


def test_a_case_that_is_not_ready_is_told_what_is_missing():
    answer = asked(replace(NEW, presenter=None))
    assert (answer.standing, answer.missing) == (Standing.NOT_READY, (Missing.PRESENTER,))
    assert answer.text.endswith("Cannot appear yet: no presenter.")


def test_a_case_of_another_team_is_that_teams_to_hear():
    theirs = replace(NEW, elsewhere="fridays", unmet_needs=("transport",))
    agenda = draft_agenda(SERIES, MEETING, [theirs], 0, SALT)
    assert (agenda.items, agenda.overflow, agenda.warnings, agenda.gaps) == ((), (), (), ())
    assert (asked(theirs).standing, "fridays" in asked(theirs).text) == (Standing.OTHER_SERIES, True)


COMING: list[tuple[CaseFacts, ReasonCode, int, int]] = [
    (replace(QUIET, review_due=day(30)), ReasonCode.REVIEW_DUE, 16, 21),
    (replace(QUIET, planned_end=day(30)), ReasonCode.MAX_SUPPORT, 2, 7),
    (replace(QUIET, last_activity_at=START - timedelta(days=20)), ReasonCode.NO_ACTIVITY, 8, 14),
    (replace(QUIET, last_activity_at=START - timedelta(days=90), on_hold_until=day(9)), ReasonCode.NO_ACTIVITY, 9, 14),
]


@pytest.mark.parametrize(("facts", "code", "from_day", "meeting_day"), COMING)
def test_a_case_without_a_reason_is_told_which_comes_next(
    facts: CaseFacts, code: ReasonCode, from_day: int, meeting_day: int
):
    answer = asked(facts)
    assert (answer.standing, answer.next_reason) == (Standing.NO_REASON, code)
    assert (answer.next_reason_on, answer.expected_on) == (day(from_day), day(meeting_day))
    then = replace(MEETING, starts_at=START + timedelta(days=meeting_day))
    assert code in {reason.code for reason in asked(facts, meeting=then).reasons}


def test_a_case_that_nothing_will_bring_back_says_so():
    still = replace(QUIET, accepted_at=None, last_activity_at=None, unmet_needs=("transport",), conversation_at=None)
    answer = asked(still)
    assert answer.next_reason is None
    assert "The first conversation has not been held." in answer.text
    assert "counted among the gaps" in answer.text
    assert "Nothing recorded will bring it back by itself." in answer.text


def test_other_cases_are_answered_too():
    assert asked(replace(NEW, live=False, state="closed")).standing is Standing.NOT_LIVE
    assert asked(replace(NEW, programme="other")).standing is Standing.OTHER_PROGRAMME
    assert why_not(SERIES, MEETING, (), NEW.case).standing is Standing.UNKNOWN


def item(facts: CaseFacts, state: ItemState, **more: object) -> Item:
    made = Item(facts.case, Section.REVIEW, 1, 5, Origin.DRAFTED, case=facts.case, state=state)
    return replace(made, **more)


def test_what_people_did_to_the_agenda_goes_before_the_rules():
    removed = replace(MEETING, items=(item(NEW, ItemState.REMOVED, must=True),))
    assert asked(NEW, meeting=removed).standing is Standing.REMOVED
    listed = replace(MEETING, items=(item(NEW, ItemState.PENDING),))
    assert asked(NEW, meeting=listed).text.startswith("It is the 1st item, in Reviews.")
    published = replace(MEETING, state=MeetingState.AGENDA_PUBLISHED)
    assert asked(NEW, meeting=published).standing is Standing.AFTER_PUBLICATION


FIRST_THURSDAY = replace(SERIES, rrule="FREQ=MONTHLY;BYDAY=1TH", cycle_days=30)
DECEMBER = replace(MEETING, starts_at=datetime(2026, 12, 3, 10, tzinfo=UTC))


def test_what_did_not_fit_is_expected_on_a_day_on_which_the_series_meets():
    crowd = [replace(new_case(n), conversation_at=DECEMBER.starts_at - timedelta(days=3)) for n in range(16)]
    agenda = draft_agenda(FIRST_THURSDAY, DECEMBER, crowd, 7, SALT)
    assert {held.predicted_on for held in agenda.overflow} == {date(2027, 1, 7)}
    assert all(held.explanation.endswith("expected on 7 Jan 2027.") for held in agenda.overflow)


def test_a_reason_to_come_leads_to_a_day_on_which_the_series_meets():
    quiet = replace(QUIET, review_due=date(2027, 1, 14), last_activity_at=DECEMBER.starts_at)
    answer = why_not(FIRST_THURSDAY, DECEMBER, [quiet], quiet.case)
    assert (answer.next_reason_on, answer.expected_on) == (date(2026, 12, 31), date(2027, 1, 7))
    fridays = replace(SERIES, rrule="FREQ=WEEKLY;BYDAY=FR")
    friday = replace(DECEMBER, starts_at=datetime(2026, 12, 18, 10, tzinfo=UTC))
    soon = replace(quiet, review_due=date(2027, 1, 7), last_activity_at=friday.starts_at)
    assert why_not(fridays, friday, [soon], soon.case).expected_on == date(2027, 1, 8)


def test_of_a_meeting_that_is_over_its_own_draft_is_what_counts():
    crowd = [new_case(n) for n in range(16)]
    agenda = draft_agenda(SERIES, MEETING, crowd, 7, SALT)
    left = agenda.overflow[0]
    over = replace(MEETING, draft=agenda, state=MeetingState.ENDED)
    alone = next(held for held in crowd if held.case == left.case)  # there would be room for it alone
    answer = asked(alone, meeting=over)
    assert (answer.standing, answer.text) == (Standing.OVERFLOW, left.explanation)
    late = asked(NEW, meeting=replace(MEETING, state=MeetingState.ENDED))
    assert late.text.endswith("The meeting was held without it.")
    off = asked(NEW, meeting=replace(MEETING, state=MeetingState.CANCELLED))
    assert off.text.endswith("The meeting was called off.")
    heard = replace(MEETING, items=(item(NEW, ItemState.DISCUSSED),), state=MeetingState.ENDED)
    assert asked(NEW, meeting=heard).text.startswith("It was the 1st item, in Reviews.")


ONE, TWO = a_case(1), a_case(2)
PUT_OFF = Deferral(DeferReason.CHAIR, START)
ENDED = replace(MEETING, state=MeetingState.ENDED)


def goes_on(facts: CaseFacts, count: int, displacements: int = 0) -> Carried:
    return Carried(facts.case, Section.REVIEW, count, day(0), displacements)


CARRIED: list[tuple[Item, tuple[Carried, ...]]] = [
    (item(ONE, ItemState.DISCUSSED), ()),
    (item(ONE, ItemState.NOTED), ()),
    (item(ONE, ItemState.DEFERRED, deferral=PUT_OFF, defer_count=1), (goes_on(ONE, 1),)),
    (item(ONE, ItemState.REMOVED, must=True), (goes_on(ONE, 1),)),
    (item(ONE, ItemState.REMOVED), ()),
]


@pytest.mark.parametrize(("held", "expected"), CARRIED)
def test_an_item_goes_on_to_the_next_meeting_by_what_became_of_it(held: Item, expected: tuple[Carried, ...]):
    assert carry_over(replace(ENDED, items=(held,))) == expected


def test_nothing_is_carried_before_the_end_and_everything_when_called_off():
    waiting = replace(MEETING, items=(item(ONE, ItemState.PENDING),))
    assert carry_over(waiting) == ()
    assert carry_over(replace(waiting, state=MeetingState.CANCELLED)) == (goes_on(ONE, 1),)


def test_a_case_put_off_and_then_heard_after_all_is_not_carried():
    both = (item(ONE, ItemState.DEFERRED, deferral=PUT_OFF), item(ONE, ItemState.DISCUSSED))
    assert carry_over(replace(ENDED, items=both)) == ()


def test_overflow_counts_as_a_deferral_and_a_case_held_back_keeps_its_counts():
    waiting = carried(replace(ONE, presenter=None), Section.REVIEW, 1)
    crowd = [new_case(n) for n in range(10, 24)]
    agenda = draft_agenda(SERIES, MEETING, [waiting, *crowd], 7, SALT)
    (left,) = agenda.overflow
    found = {held.case: held for held in carry_over(replace(ENDED, draft=agenda))}
    assert found == {
        waiting.case: goes_on(ONE, 1, 1),
        left.case: Carried(left.case, Section.NEW, 1, day(0), 1),
    }
