"""Who is shown which list of agencies, members, appointments and lapses: each role written out, all else refused."""

from datetime import timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from catch.access import Asker, RedactionReason, Who, who
from catch.access.listing import (
    Reach,
    agencies,
    appointments,
    carers_of_agency,
    carers_of_role,
    carers_of_tag,
    cares_as,
    lists_members,
    members,
    told_of_assigned,
    told_of_right,
)
from catch.access.standing import EVERYWHERE
from catch.api.standing import view as views
from catch.domain.facts import Category, Role, Sealed
from catch.domain.partner import Partner, RunningPart, evolve
from catch.domain.streams import partner_stream
from catch.personal import Erased
from catch.personal.tokens import ERASED
from catch.readside import as_at
from projections import agencies as agency_rows
from projections import givings
from projections import members as member_rows
from tests.enrolments import AT, BEXLEY, CASES, CATCH, HOUSING, SNN, WEEKLY, facts
from tests.given import at_once

ELSEWHERE = {Role.ADMINISTRATOR, Role.MEMBER_ADMINISTRATOR}
AT_SERIES = {Role.CHAIR, Role.DEPUTY, Role.PREPARER}


def somebody(role: Role, agency: str = "snn", programme: str = CATCH, *, leads: bool = True) -> Who:
    """Somebody in one role, of an agency that leads the programme or has a smaller part in it."""
    return Who(
        user="somebody",
        agency=agency,
        roles=frozenset({(role, EVERYWHERE if role in ELSEWHERE else programme)}),
        offices=frozenset({(role, programme, WEEKLY)}) if role in AT_SERIES else frozenset(),
        runs=frozenset({(RunningPart.LEAD if leads else RunningPart.DELIVERY, programme)}),
        shares=frozenset({(programme, frozenset(Category))}),
    )


ROLES = [role for role in Role if role is not Role.SYSTEM]


@pytest.mark.parametrize("role", Role)
def test_everybody_reaches_their_own_agency_and_only_overseers_others(role: Role):
    overseers = {Role.APPOINTING_OFFICER, Role.CALDICOTT}
    programmes = frozenset({CATCH}) if role in overseers else frozenset[str]()
    assert agencies(somebody(role)) == Reach("snn", role is Role.ADMINISTRATOR, programmes)
    # Whose agency does not lead the programme oversees nobody else's agreements.
    assert agencies(somebody(role, leads=False)) == Reach("snn", role is Role.ADMINISTRATOR)


@pytest.mark.parametrize("role", Role)
def test_members_are_listed_for_those_who_look_after_them(role: Role):
    own = members(somebody(role), "snn", [CATCH])
    others = members(somebody(role), "housing-1", [CATCH])
    unconcerned = members(somebody(role), "housing-1", [BEXLEY])
    expected = {
        Role.ADMINISTRATOR: (True, True, True),
        Role.MEMBER_ADMINISTRATOR: (True, False, False),
        Role.APPOINTING_OFFICER: (True, True, False),
        Role.CALDICOTT: (True, True, False),
    }.get(role, (False, False, False))
    assert (own, others, unconcerned) == expected
    assert lists_members(somebody(role)) is any(expected)


@pytest.mark.parametrize("role", Role)
def test_appointments_are_listed_for_overseers_and_for_those_who_hold_one_at_the_series(role: Role):
    viewer = somebody(role)
    asked = (
        appointments(viewer, CATCH, None),
        appointments(viewer, CATCH, WEEKLY),
        appointments(viewer, CATCH, "another"),
        appointments(viewer, BEXLEY, WEEKLY),
    )
    expected = {
        Role.ADMINISTRATOR: (True, True, True, True),
        Role.APPOINTING_OFFICER: (True, True, True, False),
        Role.CALDICOTT: (True, True, True, False),
        Role.CHAIR: (False, True, False, False),
        Role.DEPUTY: (False, True, False, False),
        Role.PREPARER: (False, True, False, False),
    }
    assert asked == expected.get(role, (False, False, False, False))


@pytest.mark.parametrize("role", Role)
def test_what_lapses_is_listed_for_those_who_look_after_it(role: Role):
    expected = {
        Role.ADMINISTRATOR: ("administrator",),
        Role.MEMBER_ADMINISTRATOR: ("member-administrator/snn",),
        Role.APPOINTING_OFFICER: (f"appointing-officer/{CATCH}",),
        Role.CALDICOTT: (f"caldicott/{CATCH}",),
    }
    assert cares_as(somebody(role)) == expected.get(role, ())


def test_every_giving_has_somebody_who_looks_after_it():
    for role in ROLES:
        assert carers_of_role(role, "snn", None if role in ELSEWHERE else CATCH), role
    assert carers_of_role(Role.SYSTEM, "snn", None) == ()
    assert carers_of_tag("snn", CATCH) == ("member-administrator/snn", f"caldicott/{CATCH}")
    assert "administrator" in carers_of_agency("snn", ())
    assert f"caldicott/{BEXLEY}" in carers_of_agency("snn", (CATCH, BEXLEY))
    assert "administrator" not in carers_of_role(Role.COORDINATOR, "snn", CATCH)


@pytest.mark.parametrize("role", ROLES)
def test_which_cases_an_auditor_was_assigned_only_the_caldicott_contact_is_told(role: Role):
    assert told_of_assigned(somebody(role), CATCH) is (role is Role.CALDICOTT)
    assert not told_of_assigned(somebody(role), BEXLEY)
    assert not told_of_assigned(somebody(role), None)


def test_an_overseer_is_not_told_of_rights_in_other_programmes():
    officer = somebody(Role.APPOINTING_OFFICER)
    assert told_of_right(officer, "snn", CATCH)
    assert told_of_right(officer, "snn", None)
    assert not told_of_right(officer, "snn", BEXLEY)
    assert told_of_right(somebody(Role.MEMBER_ADMINISTRATOR), "snn", BEXLEY)
    assert not told_of_right(somebody(Role.MEMBER_ADMINISTRATOR, "housing-1"), "snn", BEXLEY)


# What of a row is shown


class Plain:
    def get(self, sealed: Sealed, /) -> str | Erased:
        return f"plain {sealed}"


class Gone:
    def get(self, sealed: Sealed, /) -> str | Erased:
        return ERASED


def row(user: str) -> member_rows.Row:
    found = as_at(member_rows.MEMBERS, givings.member(partner_stream("snn"), user), facts(SNN))
    assert isinstance(found, member_rows.Row)
    return found


def agency(key: str, told: Any) -> agency_rows.Row:
    found = as_at(agency_rows.AGENCIES, key, facts(told, key))
    assert isinstance(found, agency_rows.Row)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_names_are_for_the_own_member_administrator_alone(role: Role):
    shown = views.member(somebody(role), row("carl"), Plain())
    named = role is Role.MEMBER_ADMINISTRATOR
    assert shown.name == ("plain sealed name" if named else None)
    assert [(each.path, each.reason) for each in shown.redactions] == (
        [] if named else [("name", RedactionReason.ROLE)]
    )
    other = views.member(somebody(role, "housing-1"), row("carl"), Plain())
    assert other.name is None


def test_a_name_that_was_erased_is_said_to_be():
    shown = views.member(somebody(Role.MEMBER_ADMINISTRATOR), row("carl"), Gone())
    assert (shown.name, [each.reason for each in shown.redactions]) == (None, [RedactionReason.ERASED])


def test_an_administrator_is_told_how_many_cases_an_auditor_has_and_not_which():
    listed = views.member(somebody(Role.ADMINISTRATOR), row("dee"), None).roles
    audited = [each for each in listed if each.assigned_cases]
    assert [(each.role, each.assigned_cases, each.case_ids) for each in audited] == [(Role.AUDITOR, 2, None)]
    told = views.member(somebody(Role.CALDICOTT), row("dee"), None).roles
    assert next(each.case_ids for each in told if each.role is Role.AUDITOR) == list(CASES)


def test_of_an_agency_overseers_are_shown_what_concerns_their_programme():
    snn = agency("snn", SNN)
    officer = views.agency(somebody(Role.APPOINTING_OFFICER, "lead-1", BEXLEY), snn)
    assert [(each.id, each.programmes) for each in officer.agreements] == [("isa-1", [BEXLEY])]
    assert (officer.runs, officer.members, officer.suspended) == ([], 2, 0)
    everything = views.agency(somebody(Role.ADMINISTRATOR, "place"), snn)
    assert [each.programmes for each in everything.agreements] == [[CATCH, BEXLEY]]
    assert [each.part for each in everything.runs] == [RunningPart.LEAD]
    nothing = views.agency(somebody(Role.CALDICOTT, "lead-1", CATCH), agency("housing-1", HOUSING))
    assert (nothing.agreements, nothing.members) == ([], None)


def test_a_member_is_shown_their_own_agency_without_numbers_of_people():
    shown = views.agency(somebody(Role.PARTNER), agency("snn", SNN))
    assert ([each.id for each in shown.agreements], shown.members, shown.suspended) == (["isa-1"], None, None)


def test_who_asks_is_told_what_they_may_do_and_why():
    state: Partner | None = reduce(at_once(evolve, AT), (fact.event for fact in facts(SNN)), None)
    carl = who(Asker("carl", "snn"), state, AT)
    shown = views.viewer(carl, state, AT)
    assert [(each.role, each.programme, each.series, str(each.ends_on)) for each in shown.offices] == [
        (Role.CHAIR, CATCH, WEEKLY, "2026-06-30")
    ]
    assert shown.holds == shown.offices
    assert [(each.tag, str(each.ends_on)) for each in shown.tags] == [("safeguarding", "2026-06-10")]
    assert [(each.part, each.programme) for each in shown.runs] == [(RunningPart.LEAD, CATCH)]
    assert [each.id for each in shown.agreements] == ["isa-1"]
    assert [each.mutation for each in shown.because] == shown.may
    assert ("planMeeting", [Role.CHAIR]) in [(each.mutation, each.roles) for each in shown.because]
    later = views.viewer(carl, state, AT + timedelta(days=90))
    assert (later.holds, later.offices, later.tags, later.agreements) == ([], [], [], [])


def test_a_lapse_names_no_case():
    lapses = [
        views.lapse(held, held.ends_on)
        for fact in facts(SNN)
        for key in givings.keys(fact)
        if (held := givings.fold(None, fact, key)) and held.ends_on
    ]
    assert len(lapses) == 5
    assert not [value for each in lapses for value in vars(each).values() if isinstance(value, UUID)]
