"""What is found by index holds all that the policy allows, and nothing stands under a word that tells too much."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.access import Asker, RedactionReason, Who, may_attend, seats_of, sight, state_told, who
from catch.access.finding import Shown, Words, places, shows_whole, viewers, words
from catch.access.standing import NotEnrolled
from catch.domain.case.state import Case, CaseState, Disclosure, Involvement, Objection, Referral, Worker
from catch.domain.facts import Category, Role
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.state import (
    Attendee,
    Interest,
    InterestAction,
    Invitation,
    Meeting,
    MeetingState,
    Stay,
)
from catch.domain.partner import Agreement, HeldRole, Member, Partner, Running, RunningPart
from projections import agenda
from tests.cases import CASE, EVERYTHING, NOW, OFFERED, TEXT, folded, uid
from tests.made import struct
from tests.standing import (
    ITEM,
    MEETING,
    OTHER_PROGRAMME,
    OTHER_SERIES,
    SERIES,
    SINCE,
    P,
    held,
    meeting,
    shared,
    world,
)

AGENCIES = ("snn", "housing-1", "strict-1", "gp-1")
USERS = ("cora", "carl", "hana", "otto")
PROGRAMMES = (P, OTHER_PROGRAMME)
agencies, users = st.sampled_from(AGENCIES), st.sampled_from(USERS)
programmes, series = st.sampled_from(PROGRAMMES), st.sampled_from((SERIES, OTHER_SERIES))
days = st.integers(-40, 40).map(lambda day: NOW + timedelta(days=day))
roles = st.sampled_from([role for role in Role if role is not Role.SYSTEM])
workers = st.none() | st.builds(Worker, users, agencies)


def some(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Up to three of a kind, these fields from these pools."""
    told = st.fixed_dictionaries(fields)
    one = st.tuples(struct(kind), told).map(lambda pair: replace(pair[0], **pair[1]))
    return st.lists(one, max_size=3).map(tuple)


@st.composite
def some_role(draw: st.DrawFn) -> HeldRole:
    role = draw(roles)
    cases = draw(st.sampled_from([(), (CASE,), (uid(99),)])) if role is Role.AUDITOR else ()
    return held(role, draw(programmes), draw(series), cases=cases)


@st.composite
def some_partner(draw: st.DrawFn) -> Partner:
    """An agency with one member: several roles, some of them elsewhere, whatever part it has in the programmes."""
    key = draw(agencies)
    signed = (Agreement("isa", PROGRAMMES, EVERYTHING, SINCE),) if draw(st.integers(0, 4)) else ()
    running = tuple(
        Running(programme, draw(st.sampled_from(RunningPart)), SINCE)
        for programme in draw(st.lists(programmes, max_size=2, unique=True))
    )
    member = Member(draw(users), TEXT, roles=tuple(draw(st.lists(some_role(), min_size=1, max_size=4))))
    return Partner(key, key, "housing", signed, (member,), running=running)


@st.composite
def somebody(draw: st.DrawFn) -> Who:
    """Who asks with whatever role in the token, or none; their standing follows from what the agency's stream says."""
    partner = draw(some_partner())
    (member,) = partner.members
    claimed = draw(st.sampled_from([None, *{each.role for each in member.roles}]))
    try:
        found = who(Asker(member.user, partner.partner, claimed), partner, NOW)
    except NotEnrolled:
        found = None
    assume(found is not None)
    assert found is not None
    return found


@st.composite
def some_case(draw: st.DrawFn) -> Case:
    base = folded(*OFFERED)
    return replace(
        base,
        state=draw(st.sampled_from(CaseState)),
        lead=draw(workers),
        clinical=draw(workers),
        involvements=draw(some(Involvement, agency=agencies)),
        disclosures=draw(some(Disclosure, agency=agencies)),
        objections=draw(some(Objection, partners=st.frozensets(agencies, max_size=1))),
        referrals=draw(some(Referral, referrer_agency=agencies)) or base.referrals,
        milestones=replace(base.milestones, turned_away_at=draw(st.none() | days), closed_at=draw(st.none() | days)),
    )


@st.composite
def some_meeting(draw: st.DrawFn) -> Meeting:
    visible = tuple(draw(st.lists(agencies, max_size=2, unique=True)))
    first = replace(meeting.items[0], state=draw(st.sampled_from(ItemState)), visible_to=visible)
    recused = draw(st.lists(users, max_size=1))
    came = draw(st.lists(st.tuples(users, agencies), max_size=1))
    return replace(
        meeting,
        series=draw(series),
        items=(first, meeting.items[1]),
        state=draw(st.sampled_from(MeetingState)),
        published_at=draw(st.none() | days),
        interests=tuple(Interest(ITEM, user, "snn", InterestAction.LEAVES) for user in recused),
        chair=draw(users),
        starts_at=draw(days),
        ended_at=draw(st.none() | days),
        confirmed_at=draw(st.none() | days),
        invitations=tuple(draw(st.lists(st.builds(Invitation, agencies, st.none() | users), max_size=2))),
        attendance=(
            *(Attendee(user, agency, accepted="statement") for user in USERS for agency in AGENCIES),
            *(Attendee(user, agency, stays=(Stay(NOW),)) for user, agency in came),
        ),
    )


def found(case: Case, meetings: Sequence[Meeting], under: Words, at: datetime) -> list[Shown]:
    """What SQL finds: the case's rows under the viewer's words, and its whole row where a seat is under one."""
    rows = viewers(case)
    shown = [row for row in rows if row.token in under.cases]
    seats = [each for one in meetings for each in places(one) if each.token in under.seats]
    if any(each.case_id == case.case and each.until is not None and each.until >= at for each in seats):
        shown += [row for row in rows if row.token.startswith("in/")]
    return [row for row in shown if row.until is None or row.until >= at]


def all_that_is_allowed_is_found(
    viewer: Who, case: Case, one: Meeting, at: datetime, under: Words | None = None
) -> bool:
    """Whether the policy allowed anything; if so, it was found."""
    seen = sight(viewer, case, seats_of(one, case.case), at)
    if seen is None or seen.hidden is RedactionReason.RECUSED:
        return False
    under = words(viewer, PROGRAMMES) if under is None else under
    fitting = [row for row in found(case, [one], under, at) if row.whole == shows_whole(seen)]
    assert fitting, (viewer, seen)
    # Under whatever word it is found, it stands in the same place and is filtered in the same way.
    assert len({replace(row, token="", until=None) for row in fitting}) == 1
    assert fitting[0].state == state_told(seen, case.state)
    return True


def every_meeting_is_found(viewer: Who, one: Meeting, at: datetime, under: Words | None = None) -> bool:
    if not may_attend(viewer, one, at):
        return False
    under = words(viewer, PROGRAMMES) if under is None else under
    rows = [each for each in places(one) if each.token in under.meetings and each.case_id is None]
    assert any(each.until is None or each.until >= at for each in rows), viewer
    return True


@settings(max_examples=300)
@given(somebody(), some_case(), some_meeting(), days)
def test_every_case_that_the_policy_allows_is_found(viewer: Who, case: Case, one: Meeting, at: datetime):
    all_that_is_allowed_is_found(viewer, case, one, at)


@settings(max_examples=300)
@given(somebody(), some_meeting(), days)
def test_every_meeting_that_the_policy_allows_is_found(viewer: Who, one: Meeting, at: datetime):
    every_meeting_is_found(viewer, one, at)


nowhere = replace(meeting, items=(), invitations=(), attendance=())
at_the_door = replace(shared, lead=None)
guest = replace(shared, involvements=())


@pytest.mark.parametrize(
    ("role", "word", "case", "one"),
    [
        (Role.COORDINATOR, "coordinates/snn", shared, nowhere),
        (Role.COORDINATOR, f"front-door/{P}", at_the_door, nowhere),
        (Role.PARTNER, "involved/housing-1", shared, nowhere),
        (Role.REFERRER, "referred/gp-1", shared, nowhere),
        (Role.AUDITOR, f"in/{P}", shared, nowhere),
        (Role.CHAIR, "chair/carl", shared, meeting),
        (Role.PREPARER, f"prepares/{P}/{SERIES}", shared, meeting),
        (Role.PARTNER, "told/housing-1", guest, meeting),
    ],
)
def test_a_word_left_out_is_noticed(role: Role, word: str, case: Case, one: Meeting):
    """The control of the law: each word is looked under by somebody who finds nothing without it."""
    viewer = world(role).who()
    under = words(viewer, PROGRAMMES)
    assert word in (*under.cases, *under.seats)
    assert all_that_is_allowed_is_found(viewer, case, one, NOW)
    less = replace(
        under,
        cases=tuple(each for each in under.cases if each != word),
        seats=tuple(each for each in under.seats if each != word),
    )
    with pytest.raises(AssertionError):
        all_that_is_allowed_is_found(viewer, case, one, NOW, less)


@pytest.mark.parametrize(
    ("role", "word"),
    [
        (Role.COORDINATOR, f"in/{P}"),
        (Role.AUDITOR, f"in/{P}"),
        (Role.CHAIR, f"prepares/{P}/{SERIES}"),
        (Role.PREPARER, f"prepares/{P}/{SERIES}"),
        (Role.PARTNER, "guest/housing-1"),
    ],
)
def test_a_word_for_meetings_left_out_is_noticed(role: Role, word: str):
    viewer = world(role).who()
    assert every_meeting_is_found(viewer, meeting, NOW)
    under = words(viewer, PROGRAMMES)
    less = replace(under, meetings=tuple(each for each in under.meetings if each != word))
    with pytest.raises(AssertionError):
        every_meeting_is_found(viewer, meeting, NOW, less)


def test_agencies_are_told_of_nothing_before_publication():
    told = [each for each in places(meeting) if each.token.startswith("told/")]
    assert {(each.token, each.case_id) for each in told} == {("told/housing-1", CASE), ("told/snn", CASE)}
    drafted = replace(meeting, state=MeetingState.AGENDA_DRAFTED, published_at=None)
    assert not [each for each in places(drafted) if each.token.startswith("told/")]
    assert [each.token for each in places(drafted) if each.case_id == CASE] == [
        "chair/carl",
        f"prepares/{P}/{SERIES}",
    ]


def test_a_referrer_finds_by_what_is_shown_to_them_and_by_nothing_else():
    case = replace(folded(*OFFERED), state=CaseState.AWAITING_MEETING)
    (row,) = [row for row in viewers(case) if row.token == "referred/gp-1"]
    assert (row.state, row.whole, row.lead_user, row.agencies) == (CaseState.ACCEPTED, False, None, ("gp-1",))
    door = replace(case.referrals[0], referrer_agency="police-1", received_at=NOW - timedelta(days=99))
    (row,) = [row for row in viewers(replace(case, referrals=(door, *case.referrals))) if row.token == "referred/gp-1"]
    # The other door's day orders nothing that they are shown.
    assert row.received_at == case.referrals[0].received_at


def test_who_was_told_until_a_day_finds_the_case_until_its_end():
    case = folded(*OFFERED)
    ends = NOW.date() + timedelta(days=3)
    limited = tuple(replace(each, until=ends) for each in case.disclosures)
    (row,) = [row for row in viewers(replace(case, disclosures=limited)) if row.token == "involved/housing-1"]
    assert row.until is not None
    assert row.until.date() == ends
    objected = Objection(MEETING, frozenset(Category), frozenset({"housing-1"}))
    assert not [row for row in viewers(replace(case, objections=(objected,))) if row.token == "involved/housing-1"]


@pytest.mark.parametrize(
    "role",
    [Role.ADMINISTRATOR, Role.MEMBER_ADMINISTRATOR, Role.APPOINTING_OFFICER, Role.CALDICOTT, Role.ANALYST],
)
def test_who_has_nothing_to_do_with_cases_looks_nowhere(role: Role):
    assert words(world(role).who(), PROGRAMMES) == Words()


def test_a_right_in_one_programme_finds_nothing_of_another():
    for role in (Role.COORDINATOR, Role.AUDITOR, Role.CHAIR, Role.PREPARER):
        looked = words(world(role).who(), PROGRAMMES)
        assert not [each for each in (*looked.cases, *looked.seats, *looked.meetings) if OTHER_PROGRAMME in each]


@given(some_meeting(), some_meeting(), st.sampled_from((60, 120)), st.booleans(), st.sampled_from((CASE, uid(99))))
@settings(max_examples=300)
def test_words_of_a_meeting_are_kept_only_where_they_are_the_same(
    one: Meeting, other: Meeting, minutes: int, far: bool, case: UUID
):
    items = (replace(other.items[0], case=case), *other.items[1:])
    other = replace(other, items=items, duration_minutes=minutes, moved_far=far)
    # What a meeting is planned with and keeps is left out: no later fact changes it.
    for field in sorted(set(Meeting.__struct_fields__) - {"meeting", "programme", "series", "instant"}):
        after = replace(one, **{field: getattr(other, field)})
        if agenda.same_seats(one.items, after.items) and agenda.unmoved(one, after):
            assert places(after) == places(one), field
