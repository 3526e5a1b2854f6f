"""A fact in the trail tells no more than the state that it left: what of it is closed to the reader is not there."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from catch.access import (
    Agreed,
    RedactionReason,
    Sight,
    case_fact_told,
    case_told,
    meeting_fact_told,
    place_fact_told,
    telling,
)
from catch.access.telling import To
from catch.contracts.files import ID, sample
from catch.domain import streams
from catch.domain.case.disclosure import DisclosureAuthorised
from catch.domain.case.referral import ReferralReceived
from catch.domain.case.state import Agrees, Confirmed, Described, ReferralAgreement, SafeContact
from catch.domain.facts import Category, Fact, Tag
from catch.history.changes import SEALED, said
from tests.cases import ACCEPTED, CONSENT, START, TEXT, folded, received, uid

NOTHING = Agreed(frozenset())


def sight(*categories: Category) -> Sight:
    return Sight(frozenset(categories), RedactionReason.ROLE, "audit")


def test_a_referral_tells_each_of_its_kinds_to_those_who_see_it():
    door = replace(
        received.referral,
        needs=("debt",),
        safe_contact=SafeContact(False, TEXT),
        agreement=ReferralAgreement(knows=True, agrees=Agrees.NO),
    )
    fact = replace(received, referral=door)
    for seen, there in (
        (sight(Category.DISCUSSION), (False, False, False)),
        (sight(Category.CONTACT), (False, True, False)),
        (sight(Category.NEEDS), (True, False, False)),
        (sight(Category.PLAN), (False, False, True)),
        (sight(*Category), (True, True, True)),
    ):
        told = case_fact_told(seen, fact)
        assert isinstance(told, ReferralReceived)
        shown = told.referral
        assert (bool(shown.needs), shown.safe_contact is not None, shown.agreement is not None) == there


@pytest.mark.parametrize(
    ("seen", "there"),
    [
        (sight(Category.NEEDS), None),
        (sight(Category.IDENTITY), {"name", "date_of_birth", "nhs_number"}),
        (sight(Category.CONTACT), {"phone"}),
        (sight(*Category), {"name", "date_of_birth", "nhs_number", "phone"}),
        (replace(sight(*Category), tags=frozenset(Tag)), {*Described.__struct_fields__}),
    ],
)
def test_a_description_tells_each_of_its_kinds_and_no_referral_its_keyed_hash(seen: Sight, there: set[str] | None):
    described = Described(*(TEXT,) * len(Described.__struct_fields__))
    door = replace(received.referral, described=described, reference=TEXT, reference_digest="hash")
    told = case_fact_told(seen, replace(received, referral=door))
    assert isinstance(told, ReferralReceived)
    shown = told.referral.described
    assert (shown and {name for name in shown.__struct_fields__ if getattr(shown, name)}) == there
    assert told.referral.reference_digest is None


@pytest.mark.parametrize(("category", "there"), [(Category.PLAN, False), (Category.CONTACT, True)])
def test_whether_a_way_to_reach_the_person_is_confirmed_is_told_with_it(category: Category, there: bool):
    contact = SafeContact(True)
    case = replace(
        folded(*ACCEPTED),
        safe_contact=contact,
        safe_contact_confirmed=True,
        contact_confirmed=Confirmed(contact, START),
    )
    told = case_told(sight(category), case)
    assert (told.safe_contact_confirmed, told.contact_confirmed is not None) == (there, there)


def test_what_is_restricted_is_not_mentioned():
    both = frozenset({Category.PLAN, Category.RESTRICTED})
    fact = DisclosureAuthorised(uid(1), "police-1", both, CONSENT, TEXT)
    assert "restricted" not in said(case_fact_told(sight(Category.PLAN), fact))
    assert "restricted" in said(case_fact_told(sight(*Category), fact))


@pytest.mark.parametrize("name", [event.__name__ for event in streams.MEETING.events])
def test_no_fact_of_a_meeting_names_an_item_or_a_case_that_is_withheld(name: str):
    """Of facts that are about the withheld item alone, the trail has nothing: the others are told without it."""
    fact: Any = sample(streams.EVENTS[name]).event
    about_it = telling(fact).to not in (To.MEETING, To.PREPARERS)
    told = meeting_fact_told(fact, frozenset({ID}), {ID}, lambda _: NOTHING)
    # The meeting itself may be named.
    held = {field: getattr(told, field) for field in told.__struct_fields__ if field not in ("meeting", "at_meeting")}
    assert about_it or str(ID) not in msgspec.json.encode(held).decode()


@pytest.mark.parametrize("name", [event.__name__ for event in (*streams.PERSON.events, *streams.PARTNER.events)])
def test_no_fact_of_a_person_or_an_agency_tells_a_keyed_hash_or_an_assigned_case(name: str):
    fact: Fact = sample(streams.EVENTS[name]).event
    told: Any = msgspec.to_builtins(place_fact_told(fact))
    held: dict[str, Any] = told.get("held") or {}
    binding: dict[str, Any] = told.get("binding") or {}
    assert not {"marks", "nhs_digest", "found", "subject"} & told.keys()
    assert not held.get("cases")
    assert not binding.get("subject")


def test_a_fact_is_told_whole_and_its_texts_sealed():
    fact: Any = sample(streams.EVENTS["CaseClosed"]).event
    told = msgspec.json.decode(said(fact))
    assert told.keys() == {*fact.__struct_fields__}
    assert told["summary"] == SEALED
    assert UUID(told["outcomes"][0]["goal"]) == ID
