"""Who sees which category of a case by which relationship, as the union of all their roles."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from catch.access import (
    EVERYTHING,
    RedactionReason,
    Sight,
)
from catch.domain.case.agreement import ObjectionRecorded
from catch.domain.case.coordination import CoordinatorAllocated
from catch.domain.case.disclosure import (
    DisclosureAuthorised,
)
from catch.domain.case.state import Objection, Worker
from catch.domain.facts import Category, Role, Tag
from catch.domain.meeting.items import ItemState
from catch.domain.partner import HeldTag
from tests.cases import CONSENT, NOW, OFFERED, SHARED, TEXT, folded, received, uid
from tests.relationships import DECLINED, ENDS_A_PART, sat
from tests.standing import (
    OTHER_PROGRAMME,
    SINCE,
    P,
    World,
    after,
    asking,
    at_meeting,
    cleared,
    held,
    of_case,
    own,
    recused,
    recused_of_the_case,
    shared,
    terminated,
    with_member,
    with_partner,
    world,
)

SECOND = timedelta(seconds=1)
OPEN = EVERYTHING - {Category.RESTRICTED}
MASKED = OPEN - {Category.IDENTITY, Category.CONTACT, Category.THIRD_PARTY}
IN_MEETING = frozenset(map(Category, ("identity", "contact", "needs", "plan", "discussion", "actions", "risk")))
TOLD = frozenset({Category.ACTIONS, Category.PLAN})


def tagged(w: World, tag: Tag = Tag.SAFEGUARDING, programme: str = P) -> World:
    return with_member(w, replace(asking(w), tags=(HeldTag(tag, programme, SINCE),)))


# By which relationship which categories, and the reason why the rest is hidden.
SIGHTS: dict[str, tuple[World, frozenset[Category], RedactionReason]] = {
    "coordinator of the case": (world(Role.COORDINATOR, shared), OPEN, RedactionReason.ROLE),
    "the same with a tag": (tagged(world(Role.COORDINATOR, shared)), EVERYTHING, RedactionReason.ROLE),
    "at the front door": (world(Role.COORDINATOR, folded(received)), OPEN, RedactionReason.ROLE),
    "there with a tag": (tagged(world(Role.COORDINATOR, folded(received))), OPEN, RedactionReason.ROLE),
    "who turned them away": (world(Role.COORDINATOR, DECLINED), OPEN, RedactionReason.ROLE),
    "chair": (sat(Role.CHAIR), IN_MEETING, RedactionReason.ROLE),
    "deputy in the chair": (sat(Role.DEPUTY), IN_MEETING, RedactionReason.ROLE),
    "preparer": (sat(Role.PREPARER), IN_MEETING, RedactionReason.ROLE),
    "coordinator who prepares": (sat(Role.COORDINATOR), IN_MEETING, RedactionReason.ROLE),
    "involved partner": (world(Role.PARTNER, shared), TOLD, RedactionReason.NO_DISCLOSURE),
    "invited partner": (sat(Role.PARTNER), TOLD, RedactionReason.NO_DISCLOSURE),
    "auditor": (world(Role.AUDITOR, shared), MASKED, RedactionReason.ROLE),
    "referrer": (world(Role.REFERRER, shared), frozenset(), RedactionReason.NOT_INVOLVED),
}


@pytest.mark.parametrize("how", SIGHTS)
def test_who_sees_what(how: str):
    w, readable, reason = SIGHTS[how]
    seen = w.sight()
    assert seen is not None
    assert (seen.categories, seen.hidden) == (readable, reason)
    for category in Category:
        assert (seen.hides(category) is None) == (category in readable)
        assert seen.mentions(category) or category is Category.RESTRICTED
    assert seen.mentions(Category.RESTRICTED) == (how == "the same with a tag")


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.SYSTEM, Role.COORDINATOR, Role.AUDITOR)])
def test_without_a_relationship_there_is_no_such_case(role: Role):
    strangers = replace(shared, referrals=(), involvements=(), lead=Worker("otto", "other-1"))
    assert world(role, strangers).sight() is None


def test_several_roles_see_the_union():
    both = with_member(
        sat(Role.PARTNER), replace(asking(sat(Role.PARTNER)), roles=(held(Role.PARTNER), held(Role.CHAIR)))
    )
    both = replace(at_meeting(chair="hana")(both), claims=None)
    health = DisclosureAuthorised(uid(13), "housing-1", frozenset({Category.HEALTH}), CONSENT, TEXT)
    seen = of_case(folded(*OFFERED, health))(both).sight()
    assert seen is not None
    assert seen.categories == IN_MEETING | TOLD | {Category.HEALTH}
    narrowed = replace(both, claims=Role.PARTNER).sight()
    assert narrowed is not None
    assert narrowed.categories == TOLD


def test_auditing_is_never_added_to_case_work():
    w = with_member(world(Role.COORDINATOR), replace(asking(world(Role.COORDINATOR)), roles=(held(Role.AUDITOR),)))
    theirs = of_case(replace(shared, lead=Worker("otto", "other-1")))(w)
    assert replace(theirs, claims=Role.AUDITOR).sight() is not None
    both = with_member(theirs, replace(asking(theirs), roles=(held(Role.AUDITOR), held(Role.COORDINATOR))))
    assert replace(both, claims=None).sight() is None


def test_a_tag_counts_in_its_programme_and_days():
    w = world(Role.COORDINATOR, shared)
    for other in (
        tagged(w, programme=OTHER_PROGRAMME),
        with_member(w, replace(asking(w), tags=(HeldTag(Tag.WARNING, P, SINCE, NOW.date() - timedelta(days=1)),))),
        with_member(w, replace(asking(w), tags=(HeldTag(Tag.WARNING, P, NOW.date() + timedelta(days=1)),))),
    ):
        seen = other.sight()
        assert seen is not None
        assert (Category.RESTRICTED in seen.categories, seen.tags) == (False, frozenset())
    seen = tagged(w).sight()
    assert seen is not None
    assert seen.tags == {Tag.SAFEGUARDING}


def test_restricted_is_never_a_partners_even_where_it_was_disclosed():
    everything = DisclosureAuthorised(uid(13), "housing-1", EVERYTHING, CONSENT, TEXT)
    seen = tagged(world(Role.PARTNER, folded(*SHARED, everything))).sight()
    assert seen is not None
    assert seen.categories == OPEN


def test_nothing_is_seen_that_the_agreement_does_not_cover():
    w = world(Role.PARTNER, shared)
    thin = with_partner(
        w, replace(own(w), agreements=(replace(own(w).agreements[0], categories=frozenset({Category.PLAN})),))
    )
    seen = thin.sight()
    assert seen is not None
    assert seen.categories == {Category.PLAN}


@pytest.mark.parametrize("how", ENDS_A_PART)
def test_a_partners_part_ends_with_whatever_ends_first(how: str):
    assert world(Role.PARTNER, folded(*OFFERED, ENDS_A_PART[how])).sight() is None


def test_an_objection_hides_what_it_names_and_no_more():
    objected = ObjectionRecorded(Objection(uid(11), frozenset({Category.PLAN})))
    seen = world(Role.PARTNER, folded(*OFFERED, objected)).sight()
    assert seen is not None
    assert seen.categories == {Category.ACTIONS}


def test_with_the_agreement_a_partners_sight_ends_to_the_second():
    w = terminated(world(Role.PARTNER, shared))
    assert w.sight() is None
    assert after(-SECOND)(w).sight() is not None


def test_the_front_door_sees_whom_it_turned_away_for_four_weeks():
    assert world(Role.COORDINATOR, DECLINED).sight() is not None
    assert after(SECOND)(world(Role.COORDINATOR, DECLINED)).sight() is None
    taken = folded(received, CoordinatorAllocated(Worker("otto", "other-1")))
    assert world(Role.COORDINATOR, taken).sight() is None


@pytest.mark.parametrize("how", SIGHTS)
def test_a_recusal_stands_between_meetings_until_somebody_resolves_it(how: str):
    w = SIGHTS[how][0]
    assert recused_of_the_case(w).sight() == Sight(frozenset(), RedactionReason.RECUSED, w.agency)
    assert cleared(w).sight() == w.sight()


@pytest.mark.parametrize("how", SIGHTS)
def test_whoever_is_recused_anywhere_sees_nothing_of_the_case(how: str):
    w = recused(SIGHTS[how][0])
    assert w.sight() == Sight(frozenset(), RedactionReason.RECUSED, w.agency)
    off = replace(w.meetings[-1], items=tuple(replace(i, state=ItemState.REMOVED) for i in w.meetings[-1].items))
    gone = replace(w, meetings=(*w.meetings[:-1], off)).sight()
    assert gone is not None
    assert gone.hidden is RedactionReason.RECUSED
