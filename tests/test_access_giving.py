"""Who gives what: every right has a giver, never for oneself; the first ones of an agency, and the later ones."""

from typing import Any

import pytest
from msgspec.structs import replace

from catch.access import NotAllowed, NotEnrolled, NotYourAgency, OnlyByAnother
from catch.access.giving import GIVERS as GIVERS_OF
from catch.access.giving import AgencyDoesNotRunIt
from catch.domain.facts import Command, Role, Tag
from catch.domain.partner import (
    BindSubject,
    EndRole,
    EndTag,
    EnrolMember,
    GiveRole,
    GiveTag,
    ReinstateMember,
    Running,
    RunningPart,
    SuspendMember,
)
from catch.domain.refusals import Refused, UnknownPartner
from tests.cases import NOW, TEXT
from tests.standing import (
    AGENCIES,
    AT_A_SERIES,
    OTHER_PROGRAMME,
    PEOPLE,
    SERIES,
    SINCE,
    P,
    World,
    agency,
    asking,
    elsewhere,
    held,
    left_programme,
    member,
    suspended,
    with_member,
    with_partner,
    world,
)

GIVERS = (Role.MEMBER_ADMINISTRATOR, Role.APPOINTING_OFFICER, Role.CALDICOTT, Role.ADMINISTRATOR)
EVERY_ROLE = tuple(Role)
NEW = "fire-1"
"""An agency with nobody in it."""


def giver(role: Role) -> World:
    """Somebody of the lead agency who holds this role alone; there is also an agency with nobody in it yet."""
    return with_partner(world(role), agency(NEW))


def give(role: Role, to: str, user: str = "newcomer", programme: str | None = P) -> GiveRole:
    series = SERIES if role in AT_A_SERIES else None
    return GiveRole(to, user, role, NOW.date(), None, programme, series)


def end(role: Role, of: str, user: str = "newcomer") -> EndRole:
    return EndRole(of, user, role, P, SERIES if role in AT_A_SERIES else None)


# Who gives which role: in the own agency (which leads the programme, and has all of these), in another one that has
# people, and in one that has nobody yet. Written out by hand; whatever is not here is refused.
GIVES: dict[Role, dict[str, set[Role]]] = {
    Role.MEMBER_ADMINISTRATOR: {
        "snn": {Role.PARTNER, Role.REFERRER, Role.COORDINATOR, Role.MEMBER_ADMINISTRATOR},
        "housing-1": set(),
        NEW: set(),
    },
    Role.APPOINTING_OFFICER: {
        "snn": {Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.APPOINTING_OFFICER},
        "housing-1": {Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.MEMBER_ADMINISTRATOR},
        NEW: {Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.MEMBER_ADMINISTRATOR},
    },
    Role.CALDICOTT: {
        "snn": {Role.AUDITOR, Role.ANALYST, Role.CALDICOTT},
        "housing-1": {Role.AUDITOR, Role.ANALYST},
        NEW: {Role.AUDITOR, Role.ANALYST},
    },
    Role.ADMINISTRATOR: {
        "snn": {Role.ADMINISTRATOR},
        "housing-1": {Role.ADMINISTRATOR, Role.APPOINTING_OFFICER, Role.CALDICOTT, Role.MEMBER_ADMINISTRATOR},
        NEW: {Role.ADMINISTRATOR, Role.APPOINTING_OFFICER, Role.CALDICOTT, Role.MEMBER_ADMINISTRATOR},
    },
}


OF_THE_LEAD = (Role.APPOINTING_OFFICER, Role.CALDICOTT)
"""Given to people of an agency that leads the programme; ended anywhere."""


def leading(w: World) -> World:
    """The new agency leads two programmes."""
    running = tuple(Running(programme, RunningPart.LEAD, SINCE) for programme in (P, OTHER_PROGRAMME))
    return with_partner(w, replace(w.partners[NEW], running=running))


def refused(w: World, command: Command, why: type[Refused]) -> None:
    with pytest.raises(Refused) as refusal:
        w.may(command)
    assert type(refusal.value) is why, refusal.value.code


@pytest.mark.parametrize("to", ["snn", "housing-1", NEW])
@pytest.mark.parametrize("by", GIVERS)
def test_who_gives_and_ends_which_role(by: Role, to: str):
    for role in EVERY_ROLE:
        for command in (give(role, to), end(role, to)):
            if role in OF_THE_LEAD and by is Role.ADMINISTRATOR and to != "snn" and command == give(role, to):
                refused(giver(by), command, AgencyDoesNotRunIt)
            elif role in GIVES[by][to]:
                assert giver(by).may(command) is by
            else:
                refused(giver(by), command, NotYourAgency)


def test_who_may_not_is_told_the_roles_of_those_who_may():
    by_hand = {role: {by for by in GIVERS if any(role in given for given in GIVES[by].values())} for role in Role}
    assert {role: set(said) for role, said in GIVERS_OF.items()} == by_hand


@pytest.mark.parametrize("by", [role for role in PEOPLE if role not in GIVERS])
def test_nobody_else_gives_anything(by: Role):
    for role in EVERY_ROLE:
        refused(giver(by), give(role, "snn"), NotAllowed)


@pytest.mark.parametrize("by", GIVERS)
def test_never_to_oneself(by: Role):
    user, of = PEOPLE[by]
    for to in (of, "housing-1", NEW):
        for role in EVERY_ROLE:
            refused(giver(by), give(role, to, user), OnlyByAnother)
        if by is Role.CALDICOTT:
            refused(giver(by), GiveTag(to, user, Tag.SAFEGUARDING, P, NOW.date()), OnlyByAnother)
            refused(giver(by), EndTag(to, user, Tag.SAFEGUARDING, P), OnlyByAnother)
        else:
            # Nor by a second enrolment, in an agency where they would make a beginning.
            refused(giver(by), EnrolMember(to, user, TEXT), OnlyByAnother)
            refused(giver(by), BindSubject(to, user, "county", TEXT), OnlyByAnother)
        if by in (Role.MEMBER_ADMINISTRATOR, Role.ADMINISTRATOR):
            refused(giver(by), SuspendMember(to, user), OnlyByAnother)


def test_several_roles_do_not_add_up_to_a_right_that_none_of_them_gives():
    w = giver(Role.MEMBER_ADMINISTRATOR)
    both = replace(w, claims=None)
    both = with_member(both, replace(asking(both), roles=(held(Role.MEMBER_ADMINISTRATOR), held(Role.CALDICOTT))))
    assert both.may(give(Role.AUDITOR, "housing-1")) is Role.CALDICOTT
    assert both.may(give(Role.PARTNER, "snn")) is Role.MEMBER_ADMINISTRATOR
    refused(both, give(Role.PARTNER, "housing-1"), NotYourAgency)
    refused(both, give(Role.CHAIR, "snn"), NotYourAgency)


@pytest.mark.parametrize("role", [Role.CHAIR, Role.DEPUTY, Role.PREPARER])
def test_only_the_officer_of_the_agency_that_leads_appoints(role: Role):
    w = giver(Role.APPOINTING_OFFICER)
    refused(left_programme(w), give(role, "snn"), NotYourAgency)
    refused(elsewhere(w), give(role, "snn"), NotYourAgency)
    refused(w, give(role, "snn", programme=OTHER_PROGRAMME), NotYourAgency)
    for part in (RunningPart.DELIVERY, RunningPart.COORDINATING):
        delivering = tuple(replace(each, part=part) for each in w.partners["snn"].running)
        refused(with_partner(w, replace(w.partners["snn"], running=delivering)), give(role, "snn"), NotYourAgency)


@pytest.mark.parametrize("command", [EnrolMember(NEW, "newcomer", TEXT), give(Role.MEMBER_ADMINISTRATOR, NEW)])
def test_an_officer_of_an_agency_that_leads_nothing_makes_no_beginnings(command: Command):
    w = giver(Role.APPOINTING_OFFICER)
    assert w.may(command) is Role.APPOINTING_OFFICER
    refused(left_programme(w), command, NotYourAgency)
    refused(elsewhere(w), command, NotYourAgency)


@pytest.mark.parametrize("by", [Role.ADMINISTRATOR, Role.APPOINTING_OFFICER])
def test_the_first_is_appointed_from_outside_and_later_ones_by_colleagues(by: Role):
    w, enrol, first = giver(by), EnrolMember(NEW, "newcomer", TEXT), give(Role.MEMBER_ADMINISTRATOR, NEW)
    bind = BindSubject(NEW, "newcomer", "county", TEXT)
    assert w.may(enrol) is w.may(bind) is w.may(first) is by
    has_one = replace(w.partners[NEW], members=(member("mo", held(Role.MEMBER_ADMINISTRATOR)),))
    for command in (enrol, bind, first):
        refused(with_partner(w, has_one), command, NotYourAgency)
    # One who was suspended, or whose time is over, looks after nobody: somebody has to begin again.
    gone = replace(has_one, members=(replace(has_one.members[0], suspended=True),))
    lapsed = replace(
        has_one, members=(member("mo", held(Role.MEMBER_ADMINISTRATOR, ends_on=NOW.date().replace(day=1))),)
    )
    for partner in (gone, lapsed):
        assert with_partner(w, partner).may(first) is by


@pytest.mark.parametrize("role", [Role.APPOINTING_OFFICER, Role.CALDICOTT])
def test_the_first_officers_are_counted_by_programme(role: Role):
    w = leading(giver(Role.ADMINISTRATOR))
    has_one = with_partner(w, replace(w.partners[NEW], members=(member("mo", held(role)),)))
    assert w.may(give(role, NEW)) is Role.ADMINISTRATOR
    refused(has_one, give(role, NEW), NotYourAgency)
    assert has_one.may(give(role, NEW, programme=OTHER_PROGRAMME)) is Role.ADMINISTRATOR


def test_coordinators_are_given_where_the_agency_runs_the_programme_and_ended_anywhere():
    w = giver(Role.MEMBER_ADMINISTRATOR)
    assert w.may(give(Role.COORDINATOR, "snn")) is Role.MEMBER_ADMINISTRATOR
    refused(w, give(Role.COORDINATOR, "snn", programme=OTHER_PROGRAMME), AgencyDoesNotRunIt)
    refused(left_programme(w), give(Role.COORDINATOR, "snn"), AgencyDoesNotRunIt)
    assert left_programme(w).may(end(Role.COORDINATOR, "snn")) is Role.MEMBER_ADMINISTRATOR


def test_tags_are_the_caldicott_contacts_of_that_programme():
    give_tag, end_tag = (
        GiveTag("housing-1", "hana", Tag.WARNING, P, NOW.date()),
        EndTag("housing-1", "hana", Tag.WARNING, P),
    )
    for command in (give_tag, end_tag):
        assert giver(Role.CALDICOTT).may(command) is Role.CALDICOTT
        refused(elsewhere(giver(Role.CALDICOTT)), command, NotYourAgency)
        # Neither is whoever is one at an agency that leads the programme no more.
        refused(left_programme(giver(Role.CALDICOTT)), command, NotYourAgency)
    refused(left_programme(giver(Role.CALDICOTT)), give(Role.AUDITOR, "housing-1"), NotYourAgency)
    refused(giver(Role.CALDICOTT), replace(give_tag, programme=OTHER_PROGRAMME), NotYourAgency)


def test_a_member_administrator_looks_after_their_own_agency_alone():
    w = giver(Role.MEMBER_ADMINISTRATOR)
    commands: tuple[type[Any], ...] = (SuspendMember, ReinstateMember)
    for kind in commands:
        assert w.may(kind("snn", "cora")) is Role.MEMBER_ADMINISTRATOR
        refused(w, kind("housing-1", "hana"), NotYourAgency)
    refused(w, EnrolMember("housing-1", "newcomer", TEXT), NotYourAgency)


def test_security_does_not_wait():
    assert giver(Role.ADMINISTRATOR).may(SuspendMember("housing-1", "hana")) is Role.ADMINISTRATOR
    refused(giver(Role.ADMINISTRATOR), ReinstateMember("housing-1", "hana"), NotAllowed)


def test_whose_standing_is_over_gives_nothing_any_more():
    for by in GIVERS:
        refused(suspended(giver(by)), give(Role.PARTNER, "snn"), NotEnrolled)


def test_an_agency_that_is_not_registered_is_named_as_such():
    for by in GIVERS:
        refused(replace(giver(by), partners=AGENCIES), give(Role.CHAIR, NEW), UnknownPartner)
