"""Who somebody is here: from facts of their agency, on a day in London, narrowed by their token and never widened."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from catch.access import Asker, NotEnrolled, Who, who
from catch.domain.facts import Category, Role, Tag
from catch.domain.partner import Agreement, Binding, Bound, HeldRole, HeldTag, Member, Partner, Running, RunningPart
from tests.cases import TEXT, uid
from tests.standing import OTHER_PROGRAMME, OTHER_SERIES, SERIES, P

FIRST, LAST = date(2026, 4, 1), date(2026, 6, 30)
# Summer time: the first day begins, and the last one ends, at 23:00 UTC of the day before and of that day.
BEGINS, ENDS = datetime(2026, 3, 31, 23, tzinfo=UTC), datetime(2026, 6, 30, 22, 59, 59, tzinfo=UTC)
BEFORE, AFTERWARDS = datetime(2026, 3, 31, 22, 59, 59, tzinfo=UTC), datetime(2026, 6, 30, 23, tzinfo=UTC)
NOW = datetime(2026, 5, 5, 10, tzinfo=UTC)
KEY, USER = "snn", "ann"


def held(role: Role, programme: str | None = P, series: str | None = None, **more: Any) -> HeldRole:
    return HeldRole(role, FIRST, LAST, programme, series, **more)


def enrolled(*roles: HeldRole, **more: Any) -> Partner:
    return Partner(KEY, "SNN", "vcs", members=(Member(USER, TEXT, roles=roles, **more),))


def acting(partner: Partner | None, role: Role | None = None, at: datetime = NOW, user: str = USER) -> Who:
    return who(Asker(user, KEY, role), partner, at)


def nobody(partner: Partner | None, role: Role | None = None, at: datetime = NOW, user: str = USER) -> None:
    with pytest.raises(NotEnrolled) as refused:
        acting(partner, role, at, user)
    # The same for everybody whom the place does not know, whatever the reason.
    assert refused.value.details == {}


ACCOUNT = Binding("county", "a digest")


@pytest.mark.parametrize(
    ("bound", "asker", "known"),
    [
        # Whom nobody bound is known by what names them alone: development's own tokens.
        (None, Asker(USER, KEY), True),
        (None, Asker(USER, KEY, named=False), False),
        (None, Asker(USER, KEY, said_by=ACCOUNT, named=False), False),
        ((Bound(ACCOUNT, NOW),), Asker(USER, KEY, said_by=ACCOUNT, named=False), True),
        ((Bound(ACCOUNT, NOW),), Asker(USER, KEY, said_by=ACCOUNT), True),
        ((Bound(ACCOUNT, NOW),), Asker(USER, KEY), False),
        ((Bound(ACCOUNT, NOW),), Asker(USER, KEY, said_by=Binding("county", "another")), False),
        ((Bound(ACCOUNT, NOW),), Asker(USER, KEY, said_by=Binding("another", "a digest")), False),
        ((Bound(Binding("other", "x"), NOW), Bound(ACCOUNT, NOW)), Asker(USER, KEY, said_by=ACCOUNT), True),
        ((Bound(ACCOUNT, NOW),), Asker(USER, KEY, said_by=ACCOUNT, named=False, signed_in=NOW), True),
        ((Bound(ACCOUNT, NOW),), Asker(USER, KEY, said_by=ACCOUNT, named=False, signed_in=BEGINS), False),
        # Whom somebody unbound is known by nothing, whoever names them.
        ((), Asker(USER, KEY), False),
        ((), Asker(USER, KEY, said_by=ACCOUNT), False),
    ],
)
def test_whose_word_is_taken_for_who_somebody_is(bound: tuple[Bound, ...] | None, asker: Asker, known: bool):
    partner = enrolled(COORDINATOR, bound=bound)
    if known:
        assert who(asker, partner, NOW).user == USER
    else:
        with pytest.raises(NotEnrolled):
            who(asker, partner, NOW)


COORDINATOR, PARTNER = held(Role.COORDINATOR), held(Role.PARTNER)


def test_who_is_not_enrolled_is_nobody():
    nobody(None)
    nobody(Partner(KEY, "SNN", "vcs"))
    nobody(enrolled(COORDINATOR), user="bob")
    nobody(enrolled(COORDINATOR, suspended=True))
    for role in (None, *Role):
        nobody(enrolled(), role)


def test_enrolment_before_there_were_roles_gives_none():
    nobody(Partner(KEY, "SNN", "vcs", members=(Member(USER, TEXT),)))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
def test_a_role_lasts_from_its_first_day_in_london_to_its_last(role: Role):
    partner = enrolled(held(role))
    nobody(partner, role, BEFORE)
    nobody(partner, role, AFTERWARDS)
    for at in (BEGINS, ENDS):
        assert acting(partner, role, at).roles == {(role, P)}
    endless = enrolled(replace(held(role), ends_on=None))
    assert acting(endless, role, datetime(2099, 1, 1, tzinfo=UTC)).roles == {(role, P)}


def test_a_token_narrows_and_never_widens():
    partner = enrolled(COORDINATOR, PARTNER, held(Role.REFERRER, OTHER_PROGRAMME))
    assert acting(partner).roles == {
        (Role.COORDINATOR, P),
        (Role.PARTNER, P),
        (Role.REFERRER, OTHER_PROGRAMME),
    }
    assert acting(partner, Role.PARTNER).roles == {(Role.PARTNER, P)}
    for claimed in set(Role) - {Role.COORDINATOR, Role.PARTNER, Role.REFERRER}:
        nobody(partner, claimed)


@pytest.mark.parametrize("apart", [Role.AUDITOR, Role.ANALYST, Role.ADMINISTRATOR])
def test_some_are_chosen_at_sign_in_and_exercised_alone(apart: Role):
    partner = enrolled(COORDINATOR, held(apart))
    assert acting(partner).roles == {(Role.COORDINATOR, P)}
    assert acting(partner, apart).roles == {(apart, P)}
    nobody(enrolled(held(apart)))


def test_nobody_is_the_program_itself():
    nobody(enrolled(COORDINATOR), Role.SYSTEM)
    nobody(enrolled(held(Role.SYSTEM)), Role.SYSTEM)
    nobody(enrolled(held(Role.SYSTEM, None)))


def test_a_role_counts_in_its_programme():
    found = acting(enrolled(COORDINATOR))
    assert found.acts_as(Role.COORDINATOR, P)
    assert not found.acts_as(Role.COORDINATOR, OTHER_PROGRAMME)
    assert not found.acts_as(Role.PARTNER, P)
    everywhere = acting(enrolled(held(Role.MEMBER_ADMINISTRATOR, None)))
    assert everywhere.acts_as(Role.MEMBER_ADMINISTRATOR, OTHER_PROGRAMME)


@pytest.mark.parametrize("role", [Role.CHAIR, Role.DEPUTY])
def test_an_office_is_held_at_one_series_of_one_programme(role: Role):
    found = acting(enrolled(held(role, series=SERIES)))
    assert found.may_chair(P, SERIES)
    assert not found.may_chair(P, OTHER_SERIES)
    assert not found.may_chair(OTHER_PROGRAMME, SERIES)
    assert not found.prepares(P, SERIES)


def test_a_token_that_leaves_the_office_out_leaves_it_at_home():
    partner = enrolled(held(Role.CHAIR, series=SERIES), held(Role.DEPUTY, series=OTHER_SERIES), PARTNER)
    assert not acting(partner, Role.PARTNER).may_chair(P, SERIES)
    assert acting(partner, Role.DEPUTY).may_chair(P, OTHER_SERIES)
    assert not acting(partner, Role.DEPUTY).may_chair(P, SERIES)


def test_a_coordinator_prepares_only_where_appointed_to():
    assert not acting(enrolled(COORDINATOR)).prepares(P, SERIES)
    preparing = enrolled(COORDINATOR, held(Role.PREPARER, series=SERIES))
    assert acting(preparing, Role.COORDINATOR).prepares(P, SERIES)
    assert not acting(preparing, Role.COORDINATOR).prepares(P, OTHER_SERIES)
    assert not acting(enrolled(PARTNER, held(Role.PREPARER, series=SERIES)), Role.PARTNER).prepares(P, SERIES)


@pytest.mark.parametrize("part", RunningPart)
def test_a_coordinator_coordinates_where_their_agency_runs_the_programme(part: RunningPart):
    partner = replace(enrolled(COORDINATOR, PARTNER), running=(Running(P, part, FIRST, LAST),))
    found = acting(partner)
    assert found.coordinates_in(P)
    assert found.keeps_the_door(P) == (part is not RunningPart.COORDINATING)
    assert found.leads(P) == (part is RunningPart.LEAD)
    assert not found.coordinates_in(OTHER_PROGRAMME)
    assert not acting(partner, Role.PARTNER).coordinates_in(P)
    assert not acting(replace(partner, running=())).coordinates_in(P)
    assert acting(partner, at=ENDS).coordinates_in(P)
    later = replace(partner, members=enrolled(replace(COORDINATOR, ends_on=None)).members)
    assert not acting(later, at=AFTERWARDS).coordinates_in(P)


def test_what_an_agency_shares_is_what_its_agreements_in_force_say():
    plan = Agreement("isa-1", (P,), frozenset({Category.PLAN}), FIRST, LAST)
    risk = Agreement("isa-2", (P, OTHER_PROGRAMME), frozenset({Category.RISK}), FIRST, LAST, terminated_at=NOW)
    partner = replace(enrolled(PARTNER), agreements=(plan, risk))
    found = acting(partner)
    assert found.told(P) == {Category.PLAN}
    assert not found.in_agreement(OTHER_PROGRAMME)
    assert found.told(OTHER_PROGRAMME) == frozenset()


def test_a_tag_lasts_its_days():
    partner = enrolled(COORDINATOR, tags=(HeldTag(Tag.OFFENCES, P, FIRST, NOW.date()),))
    assert acting(partner).tagged(P) == {Tag.OFFENCES}
    assert acting(partner).tagged(OTHER_PROGRAMME) == frozenset()
    assert acting(partner, at=ENDS).tagged(P) == frozenset()


def test_an_auditor_audits_what_they_were_assigned():
    some = acting(enrolled(held(Role.AUDITOR, cases=(uid(1),))), Role.AUDITOR)
    assert (some.audits(P, uid(1)), some.audits(P, uid(2)), some.audits(P), some.audits_all(P)) == (
        True,
        False,
        True,
        False,
    )
    every = acting(enrolled(held(Role.AUDITOR)), Role.AUDITOR)
    assert (every.audits(P, uid(2)), every.audits_all(P), every.audits(OTHER_PROGRAMME)) == (True, True, False)


def test_colleagues_with_equal_rights_are_equal_but_for_their_name():
    partner = replace(
        enrolled(PARTNER), members=(Member("ann", TEXT, roles=(PARTNER,)), Member("bob", TEXT, roles=(PARTNER,)))
    )
    ann, bob = acting(partner), acting(partner, user="bob")
    assert replace(ann, user="") == replace(bob, user="")
    assert ann.acting_as(Role.PARTNER).user == "ann"
