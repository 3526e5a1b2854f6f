"""What is found by index holds all that the policy allows, and nothing stands under a word that tells too much."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.test_access import ITEM, MEETING, meeting

from catch.access import RedactionReason, may_attend, seats_of, sight
from catch.access.finding import NOWHERE, Shown, Words, places, shown_state, shows_whole, viewers, words
from catch.domain.case.state import Case, CaseState, Disclosure, Involvement, Objection, Referral, Worker
from catch.domain.facts import Actor, Category, Role
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.state import Attendee, Interest, InterestAction, Invitation, Meeting, Stay
from catch.domain.partner import Member, Partner
from tests.cases import NOW, OFFERED, PARTNERS, TEXT, folded
from tests.made import struct

AGENCIES = ("snn", "housing-1", "strict-1", "gp-1")
USERS = ("cora", "carl", "hana", "otto")
agencies, users = st.sampled_from(AGENCIES), st.sampled_from(USERS)
days = st.integers(-40, 40).map(lambda day: NOW + timedelta(days=day))
actors = st.builds(Actor, users, agencies, st.sampled_from(Role))
workers = st.none() | st.builds(Worker, users, agencies)


def some(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Up to three of a kind, these fields from these pools."""
    told = st.fixed_dictionaries(fields)
    one = st.tuples(struct(kind), told).map(lambda pair: replace(pair[0], **pair[1]))
    return st.lists(one, max_size=3).map(tuple)


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
    )


@st.composite
def some_meeting(draw: st.DrawFn) -> Meeting:
    visible = tuple(draw(st.lists(agencies, max_size=2, unique=True)))
    first = replace(meeting.items[0], state=draw(st.sampled_from(ItemState)), visible_to=visible)
    recused = draw(st.lists(users, max_size=1))
    came = draw(st.lists(st.tuples(users, agencies), max_size=1))
    return replace(
        meeting,
        items=(first, meeting.items[1]),
        interests=tuple(Interest(ITEM, user, "snn", InterestAction.LEAVES) for user in recused),
        chair=draw(users),
        starts_at=draw(days),
        ended_at=draw(st.none() | days),
        invitations=tuple(draw(st.lists(st.builds(Invitation, agencies, st.none() | users), max_size=2))),
        attendance=tuple(Attendee(user, agency, stays=(Stay(NOW),)) for user, agency in came),
    )


@st.composite
def some_partner(draw: st.DrawFn) -> Partner | None:
    member = Member("hana", TEXT, suspended=draw(st.booleans()))
    return draw(st.sampled_from([None, replace(PARTNERS["housing-1"], members=(member,))]))


cases, meetings, partners = some_case(), some_meeting(), some_partner()


def found(case: Case, held: Sequence[Meeting], under: Words, at: datetime) -> list[Shown]:
    """What SQL finds: the case's rows under the viewer's words, and its whole row where a seat is under one."""
    rows = viewers(case)
    shown = [row for row in rows if row.token in under.cases]
    seats = [each for one in held for each in places(one) if each.token in under.seats and each.case_id == case.case]
    if any(each.until is not None and each.until >= at for each in seats):
        shown += [row for row in rows if row.token.startswith("in/")]
    return [row for row in shown if row.until is None or row.until >= at]


def all_that_is_allowed_is_found(
    viewer: Actor, case: Case, held: Meeting, partner: Partner | None, at: datetime, under: Words | None = None
) -> None:
    seen = sight(viewer, case, partner, seats_of(held, case.case), at)
    if seen is None or seen.hidden is RedactionReason.RECUSED:
        return
    under = words(viewer, partner, [case.programme]) if under is None else under
    fitting = [row for row in found(case, [held], under, at) if row.whole == shows_whole(seen)]
    assert fitting, (viewer, seen)
    # Under whatever word it is found, it stands in the same place and is filtered in the same way.
    assert len({replace(row, token="", until=None) for row in fitting}) == 1
    assert fitting[0].state == shown_state(case, whole=shows_whole(seen))


@settings(max_examples=150)
@given(actors, cases, meetings, partners, days)
def test_every_case_that_the_policy_allows_is_found(
    viewer: Actor, case: Case, held: Meeting, partner: Partner | None, at: datetime
):
    own = partner if viewer.agency == "housing-1" else PARTNERS.get(viewer.agency)
    all_that_is_allowed_is_found(viewer, case, held, own, at)


@settings(max_examples=150)
@given(actors, meetings, partners, days)
def test_every_meeting_that_the_policy_allows_is_found(
    viewer: Actor, held: Meeting, partner: Partner | None, at: datetime
):
    own = partner if viewer.agency == "housing-1" else PARTNERS.get(viewer.agency)
    # The program itself lists nothing.
    if viewer.role is not Role.SYSTEM and may_attend(viewer, held, own, at):
        under = words(viewer, own, [held.programme])
        rows = [each for each in places(held) if each.token in under.meetings and each.case_id is None]
        assert any(each.until is None or each.until >= at for each in rows)


@pytest.mark.parametrize("word", ["coordinates/snn", "involved/housing-1", "referred/gp-1", "in/snn-catch"])
def test_a_word_left_out_is_noticed(word: str):
    """The control of the law: each word is looked under by somebody who finds nothing without it."""
    role = {"coordinates": Role.COORDINATOR, "involved": Role.PARTNER, "referred": Role.REFERRER, "in": Role.AUDITOR}
    kind, _, agency = word.partition("/")
    viewer, case = Actor("somebody", agency, role[kind]), folded(*OFFERED)
    nobody = replace(meeting, items=(), invitations=())
    own = PARTNERS.get(agency)
    all_that_is_allowed_is_found(viewer, case, nobody, own, NOW)
    under = words(viewer, own, [case.programme])
    less = replace(under, cases=tuple(each for each in under.cases if each != word))
    with pytest.raises(AssertionError):
        all_that_is_allowed_is_found(viewer, case, nobody, own, NOW, less)


def test_a_referrer_finds_by_what_is_shown_to_them_and_by_nothing_else():
    held = replace(folded(*OFFERED), state=CaseState.AWAITING_MEETING)
    (row,) = [row for row in viewers(held) if row.token == "referred/gp-1"]
    assert (row.state, row.whole, row.lead_user, row.agencies) == (CaseState.ACCEPTED, False, None, ("gp-1",))
    door = replace(held.referrals[0], referrer_agency="police-1", received_at=NOW - timedelta(days=99))
    (row,) = [row for row in viewers(replace(held, referrals=(door, *held.referrals))) if row.token == "referred/gp-1"]
    # The other door's day orders nothing that they are shown.
    assert row.received_at == held.referrals[0].received_at


def test_who_was_told_until_a_day_finds_the_case_until_its_end():
    held = folded(*OFFERED)
    ends = NOW.date() + timedelta(days=3)
    limited = tuple(replace(each, until=ends) for each in held.disclosures)
    (row,) = [row for row in viewers(replace(held, disclosures=limited)) if row.token == "involved/housing-1"]
    assert row.until is not None
    assert row.until.date() == ends
    objected = Objection(MEETING, frozenset(Category), frozenset({"housing-1"}))
    assert not [row for row in viewers(replace(held, objections=(objected,))) if row.token == "involved/housing-1"]


def test_administrators_and_the_suspended_look_nowhere():
    partner = replace(PARTNERS["housing-1"], members=(Member("hana", TEXT, suspended=True),))
    assert words(Actor("hana", "housing-1", Role.PARTNER), partner, ["snn-catch"]) == NOWHERE
    for role in (Role.ADMINISTRATOR, Role.SYSTEM):
        assert words(Actor("ada", "snn", role), None, ["snn-catch"]) == NOWHERE
