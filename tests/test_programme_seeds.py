"""The programmes that are shipped, held to what their own papers say: numbers of the field, written out by hand."""

from collections.abc import Callable

import pytest

from catch.domain.programme.configuration import Counted, Disposition, Programme, Span, Unit
from catch.programmes import shipped, starting

PROGRAMMES = {each.key: each for each in shipped()}


def clock(programme: Programme, code: str) -> Span:
    return next(rule.target for rule in programme.clocks if rule.code == code)


def criteria(programme: Programme) -> dict[str, list[str]]:
    """The codes of those that must be met, of those of which one is enough, and of those that stand for all."""
    held = programme.eligibility.criteria
    return {
        "required": [each.code for each in held if each.required and not each.one_of and not each.exception],
        "one of": [each.code for each in held if each.one_of],
        "instead": [each.code for each in held if each.exception],
    }


SAID: dict[str, Callable[[Programme], bool]] = {
    "snn-catch": lambda held: (
        held.eligibility.mode == "open"
        and clock(held, "first-conversation") == Span(2, Unit.WORKING_DAY)
        and (held.plan.least, held.plan.most) == (Span(3, Unit.MONTH), Span(6, Unit.MONTH))
        and (held.caseload.target_min, held.caseload.target_max) == (20, 22)
    ),
    "spring": lambda held: (
        (held.eligibility.min_age, held.eligibility.max_age) == (18, 64)
        and criteria(held)["required"] == ["long-term-condition"]
        and criteria(held)["instead"] == ["intensive-user"]
        and (held.plan.least, held.plan.most) == (Span(6, Unit.MONTH), Span(12, Unit.MONTH))
        and held.caseload.hard_max == 85
        and not held.meetings
    ),
    "ageing-well": lambda held: (
        held.eligibility.min_age == 65
        and len(held.meetings) == 16
        and all(each.policy.discuss_all for each in held.meetings)
    ),
    "pcn-link-worker": lambda held: (
        held.plan.most == Span(12, Unit.WEEK)
        and (held.caseload.target_max, held.caseload.counted) == (60, Counted.A_MONTH)
    ),
    "first-contact-plus": lambda held: held.contacts is not None and held.channels == ("phone", "email"),
    "local-area-coordination": lambda held: held.eligibility.mode == "open" and held.closure.reopen_within_days > 365,
    "leics-care-coordination": lambda held: any(each.code == "risk-stratification" for each in held.sources),
    "bexley-icm": lambda held: [(each.policy.min_items, each.policy.max_items) for each in held.meetings] == [(8, 12)],
    "stoke-meir": lambda held: held.instant_discussions and [each.rrule for each in held.meetings] == [None],
    "leeds-neighbourhood-teams": lambda held: (
        len(held.meetings) == 13 and any(each.code == "team-member" for each in held.sources)
    ),
    "leeds-social-prescribing": lambda held: (
        clock(held, "follow-up") == Span(3, Unit.MONTH) and [each.code for each in held.instruments] == ["swemwbs"]
    ),
    "croydon-icn": lambda held: (
        len(held.meetings) == 6
        and {each.rrule for each in held.meetings} == {"FREQ=WEEKLY;BYDAY=TH"}
        and [each.scored.items for each in held.instruments] == [5]
    ),
    "croydon-life": lambda held: held.eligibility.min_age == 65,
    "nel-spa": lambda held: (
        held.contacts is not None
        and held.instant_discussions
        and [each.means for each in held.contacts.outcomes].count(Disposition.RESOLVED) == 3
        and held.contacts.repeat_within_days == 28
    ),
    "wokingham-mdt": lambda held: (
        len(criteria(held)["one of"]) == 5 and held.eligibility.unmet({"top-tenth", "falls"}) == []
    ),
    "bracknell-community-connectors": lambda held: held.eligibility.mode == "open",
    "glos-fire-telecare": lambda held: (
        "alarm" in held.channels
        and held.contacts is not None
        and all(held.contacts.outcome(code) for code in ("self-resolved", "ambulance", "rapid-domiciliary-care"))
    ),
    "wirral-teletriage": lambda held: (
        [each.code for each in held.sources] == ["care-home"]
        and held.contacts is not None
        and all(held.contacts.outcome(code) for code in ("advice", "prescription", "same-day-gp-visit", "monitoring"))
    ),
    "somerset-home-first": lambda held: clock(held, "ready-to-home").unit is Unit.HOUR,
    "lincs-trusted-assessor": lambda held: next(each.code for each in held.milestones) == "assessment-taken",
    "manchester-lllb": lambda held: (
        clock(held, "crisis-assessment") == Span(1, Unit.HOUR)
        and clock(held, "assessment") == Span(24, Unit.HOUR)
        and clock(held, "reablement-start") == Span(12, Unit.HOUR)
        and held.plan.most == Span(6, Unit.WEEK)
    ),
    "ican": lambda held: (
        clock(held, "rapid-response") == Span(2, Unit.HOUR)
        and clock(held, "frailty-annual-assessment") == Span(12, Unit.MONTH)
    ),
}
"""What is theirs, not ours. Connect Care is a record that is read, and no programme."""


@pytest.mark.parametrize("key", PROGRAMMES)
def test_a_programme_is_as_its_papers_say(key: str):
    assert SAID[key](PROGRAMMES[key])


def test_every_system_is_there_and_two_of_them_begin_a_place():
    assert PROGRAMMES.keys() == SAID.keys()
    assert [each.key for each in starting()] == ["bexley-icm", "snn-catch"]


def test_one_of_several_is_enough_and_an_exception_stands_for_all():
    spring, wokingham = PROGRAMMES["spring"].eligibility, PROGRAMMES["wokingham-mdt"].eligibility
    assert spring.unmet(set()) == ["long-term-condition"]
    assert spring.unmet({"social-isolation"}) == ["long-term-condition"]
    assert spring.unmet({"intensive-user"}) == spring.unmet({"long-term-condition"}) == []
    assert wokingham.unmet({"top-tenth"}) == [
        "unplanned-admissions or falls or unstable-conditions or medicines or frequent-attender"
    ]
    assert wokingham.unmet({"falls"}) == ["top-tenth"]


@pytest.mark.parametrize("key", PROGRAMMES)
def test_what_is_ours_is_said_to_be_ours(key: str):
    """A clock that is not the programme's own is among what is assumed, by itself or with all of them."""
    held = PROGRAMMES[key]
    assumed = {each.partition("  #")[0].strip() for each in held.assumed}
    for rule in held.clocks:
        ours = {"clocks", f"clocks.{rule.code}"} & assumed
        assert bool(ours) != (rule.source == "published") or "clocks" in assumed, rule.code
