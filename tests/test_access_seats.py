"""What a seat gives, from when and until when, to the second; who sees which item of an agenda, and why not."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from catch.access import (
    ATTENDEE_WINDOW,
    RedactionReason,
    item_closed,
    item_hidden,
    may_attend,
    prepares,
    seats_of,
    sight,
)
from catch.domain.case.disclosure import (
    PartnerInvolved,
    PartnerInvolvementEnded,
)
from catch.domain.facts import Category, Role
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.state import Interest, InterestAction, Invitation, Meeting, MeetingState, Stay
from tests.cases import ACCEPTED, CASE, NOW, OFFERED, folded, uid
from tests.relationships import ENDS_A_PART, at_the_meeting, of, sat
from tests.standing import (
    GENERAL,
    ITEM,
    World,
    asking,
    at_item,
    at_meeting,
    general,
    held,
    item,
    meeting,
    of_case,
    shared,
    terminated,
    with_member,
    world,
)

SECOND = timedelta(seconds=1)


# Seats, to the second

ORGANISERS = (Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.COORDINATOR)
MINUTED = meeting.ends_at + timedelta(days=45)


def seen_at(role: Role, moment: Any, **changes: Any) -> bool:
    return replace(at_meeting(**changes)(sat(role)), at=moment).sight() is not None


@pytest.mark.parametrize("role", ORGANISERS)
def test_an_organisers_seat_lasts_from_a_fortnight_before_to_the_minutes(role: Role):
    opens = meeting.starts_at - timedelta(days=14)
    assert not seen_at(role, opens - SECOND)
    assert seen_at(role, opens)
    assert seen_at(role, MINUTED)
    assert not seen_at(role, MINUTED + SECOND)
    assert seen_at(role, NOW, confirmed_at=NOW)
    assert not seen_at(role, NOW + SECOND, confirmed_at=NOW)
    assert not seen_at(role, MINUTED + SECOND, confirmed_at=MINUTED + timedelta(days=9))


@pytest.mark.parametrize("role", ORGANISERS)
def test_whoever_confirms_the_minutes_is_told_why_they_read_no_further(role: Role):
    """Neither their role nor their agency is what closes the item: the meeting is over for them."""
    at = meeting.ends_at
    confirmed = replace(of(role), state=MeetingState.MINUTES_CONFIRMED, confirmed_at=at)
    assert seen_at(role, at, confirmed_at=at)
    assert not seen_at(role, at + SECOND, confirmed_at=at)
    who = sat(role).who()
    assert item_hidden(who, confirmed, item, at) is None
    # A coordinator is asked to the meeting as well, and reads on as members do.
    assert item_hidden(who, confirmed, item, at + SECOND) is (
        None if role is Role.COORDINATOR else RedactionReason.OVER
    )
    assert item_hidden(who, confirmed, item, at + ATTENDEE_WINDOW + SECOND) is RedactionReason.OVER
    assert item_hidden(who, confirmed, general, at + SECOND) is None


def test_an_organisers_seat_needs_no_publication_and_a_members_does():
    assert seen_at(Role.PREPARER, NOW, published_at=None, state=MeetingState.AGENDA_DRAFTED)
    assert not seen_at(Role.PARTNER, NOW, published_at=None, state=MeetingState.AGENDA_DRAFTED)


def test_a_members_seat_lasts_until_a_week_after_the_planned_end():
    over = meeting.ends_at + ATTENDEE_WINDOW
    assert seen_at(Role.PARTNER, over)
    assert not seen_at(Role.PARTNER, over + SECOND)
    assert seen_at(Role.PARTNER, over, ended_at=NOW)
    assert not seen_at(Role.PARTNER, over + SECOND, ended_at=over)


@pytest.mark.parametrize("role", [*ORGANISERS, Role.PARTNER])
@pytest.mark.parametrize(
    "gone",
    [
        at_item(state=ItemState.REMOVED),
        at_meeting(moved_far=True),
        at_meeting(state=MeetingState.CANCELLED),
        at_meeting(instant=True),
    ],
)
def test_a_seat_ends_at_once(role: Role, gone: Any):
    assert sat(role).sight() is not None
    assert gone(sat(role)).sight() is None


@pytest.mark.parametrize(
    "change",
    [
        at_meeting(attendance=()),
        at_item(visible_to=("police-1",)),
        at_meeting(invitations=(Invitation("housing-1", items=(GENERAL,)),)),
        at_meeting(invitations=(), withdrawn=(Invitation("housing-1"),)),
    ],
)
def test_a_members_seat_needs_all_of_it(change: Any):
    assert change(sat(Role.PARTNER)).sight() is None


def categories(w: World) -> frozenset[Category]:
    seen = w.sight()
    assert seen is not None
    return seen.categories


def test_what_is_said_live_is_for_those_who_have_come_in():
    everything = tuple(replace(each, categories=frozenset(Category)) for each in shared.disclosures)
    involved = replace(shared, disclosures=everything)
    sits = of_case(replace(involved, involvements=()))(sat(Role.PARTNER))
    all_of_it, said = categories(sits), frozenset({Category.DISCUSSION, Category.ACTIONS})
    assert said <= all_of_it
    [bound] = [each for each in meeting.attendance if each.user == sits.user]
    outside = replace(bound, stays=())
    left, inside = replace(bound, stays=(Stay(NOW, NOW),)), replace(bound, stays=(Stay(NOW),))
    for state in (MeetingState.IN_PROGRESS, MeetingState.ADJOURNED):
        for attendance, heard in ((outside, False), (left, False), (inside, True)):
            w = at_meeting(state=state, attendance=(attendance,))(sits)
            assert categories(w) == (all_of_it if heard else all_of_it - said)
        # Who has a part in the case besides is told by that; so is who runs the meeting, wherever they sit.
        part = of_case(involved)(at_meeting(state=state, attendance=(outside,))(sits))
        assert said <= categories(part)
        assert said <= categories(at_meeting(state=state, attendance=())(sat(Role.CHAIR)))
        # Taken off the agenda, or called off far, it says nothing of the case.
        assert at_item(state=ItemState.REMOVED)(at_meeting(state=state)(sits)).sight() is None
    for state in (MeetingState.AGENDA_PUBLISHED, MeetingState.ENDED):
        assert categories(at_meeting(state=state, attendance=(outside,))(sits)) == all_of_it


def test_a_part_that_has_ended_is_not_had_again_by_an_old_agenda():
    ended = folded(*OFFERED, PartnerInvolvementEnded("housing-1"))
    w = of_case(ended)(sat(Role.PARTNER))
    assert at_meeting(published_at=NOW)(w).sight() is None
    assert at_meeting(published_at=NOW + SECOND)(w).sight() is not None
    back = of_case(folded(*OFFERED, PartnerInvolvementEnded("housing-1"), PartnerInvolved("housing-1", "again")))(w)
    assert back.sight() is not None


def test_an_auditor_of_single_cases_sees_those_and_no_agenda_being_made():
    w = world(Role.AUDITOR, shared)
    one = with_member(w, replace(asking(w), roles=(held(Role.AUDITOR, cases=(CASE,)),)))
    other = with_member(w, replace(asking(w), roles=(held(Role.AUDITOR, cases=(uid(7),)),)))
    assert one.sight() is not None
    assert other.sight() is None
    assert (prepares(w.who(), meeting, NOW), prepares(one.who(), meeting, NOW)) == (True, False)
    assert item_hidden(one.who(), meeting, item, NOW) is None
    assert item_hidden(other.who(), meeting, item, NOW) is RedactionReason.ROLE


# Items

HIDDEN: dict[str, tuple[World, Meeting, RedactionReason | None]] = {
    "chair": (sat(Role.CHAIR), meeting, None),
    "another chair": (sat(Role.CHAIR), replace(meeting, chair="olga"), RedactionReason.ROLE),
    "preparer": (sat(Role.PREPARER), meeting, None),
    "partner": (sat(Role.PARTNER), meeting, None),
    "unbound": (sat(Role.PARTNER), replace(meeting, attendance=()), RedactionReason.CONFIDENTIALITY),
    "unpublished": (
        sat(Role.PARTNER),
        replace(meeting, published_at=None, state=MeetingState.AGENDA_DRAFTED),
        RedactionReason.NOT_INVOLVED,
    ),
    "draft": (sat(Role.CHAIR), replace(meeting, published_at=None, state=MeetingState.AGENDA_DRAFTED), None),
    "moved far": (sat(Role.PARTNER), replace(meeting, moved_far=True), RedactionReason.NOT_INVOLVED),
    "referrer": (world(Role.REFERRER), meeting, RedactionReason.ROLE),
    "administrator": (world(Role.ADMINISTRATOR), meeting, RedactionReason.ROLE),
    "auditor": (world(Role.AUDITOR), meeting, None),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_who_sees_an_item(how: str):
    w, sits, reason = HIDDEN[how]
    assert item_hidden(w.who(), sits, item, NOW) is reason
    assert item_closed(w.who(), sits, item, shared, (), NOW) is reason
    kept_out = replace(sits, interests=(Interest(ITEM, w.user, w.agency, InterestAction.RECUSED),))
    assert item_hidden(w.who(), kept_out, item, NOW) is RedactionReason.RECUSED


@pytest.mark.parametrize("ends", ENDS_A_PART)
def test_an_item_closes_at_once_when_nothing_may_be_told_any_more(ends: str):
    hana, case = sat(Role.PARTNER).who(), folded(*OFFERED, ENDS_A_PART[ends])
    before, after = (replace(meeting, published_at=NOW + days * timedelta(days=9)) for days in (-1, 1))
    assert item_closed(hana, before, item, case, (), NOW) is RedactionReason.NO_DISCLOSURE
    # Whoever is invited anew sees the item while it may be told, also without a part in the case.
    anew = item_closed(hana, after, item, case, (), NOW)
    assert anew is (None if ends == "involvement" else RedactionReason.NO_DISCLOSURE)


def test_an_item_is_closed_to_whom_there_is_no_such_case_before_they_have_come_in():
    """Who is told of nothing but what is said in the room: of this agenda or of another, not even its number."""
    hana = sat(Role.PARTNER).who()
    (held,) = [each for each in shared.disclosures if each.agency == hana.agency][:1]
    case = replace(shared, involvements=(), disclosures=(replace(held, categories=frozenset({Category.ACTIONS})),))
    running = replace(meeting, state=MeetingState.IN_PROGRESS, started_at=NOW)
    before, meanwhile = seats_of(meeting, case.case), seats_of(running, case.case)
    for seats, closed in ((before, None), (meanwhile, RedactionReason.NO_DISCLOSURE)):
        assert item_closed(hana, meeting, item, case, seats, NOW) is closed
        assert (sight(hana, case, seats, NOW) is None) is (closed is not None)
    inside = replace(hana, here=frozenset({meeting.meeting}))
    assert item_closed(inside, meeting, item, case, meanwhile, NOW) is None
    assert sight(inside, case, meanwhile, NOW) is not None


def test_who_a_meeting_exists_for():
    for role in Role:
        if role is not Role.SYSTEM:
            exists = role in (*ORGANISERS, Role.PARTNER, Role.AUDITOR)
            assert may_attend(at_the_meeting(role).who(), meeting, NOW) is exists
    hana, over = sat(Role.PARTNER).who(), meeting.ends_at + ATTENDEE_WINDOW
    assert may_attend(hana, meeting, over)
    assert not may_attend(hana, meeting, over + SECOND)
    assert not may_attend(hana, replace(meeting, invitations=(Invitation("housing-1", "henry"),)), NOW)
    assert not may_attend(terminated(sat(Role.PARTNER)).who(), meeting, NOW)


def test_a_case_that_was_never_shared_is_nobodys_by_its_agenda():
    assert of_case(folded(*ACCEPTED))(sat(Role.PARTNER)).sight() is None
