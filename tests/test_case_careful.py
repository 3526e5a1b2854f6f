"""The careful answer stands: between two doors, and until whoever spoke with the person records otherwise."""

from datetime import timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain import case as case_stream
from catch.domain.agenda.case_facts import appearance_basis
from catch.domain.case import Case
from catch.domain.case.agreement import (
    AgreedBy,
    AgreementWithdrawn,
    ConfirmSafeContact,
    RecordAgreement,
    RefusedSince,
    SafeContactConfirmed,
    SpeakWithThePersonFirst,
    SupportAgreed,
    SupportDeclinedByPerson,
)
from catch.domain.case.coordination import ConversationHeld
from catch.domain.case.referral import AttachReferral, ReferralAttached
from catch.domain.case.state import Agrees, ConversationFormat, Referral, ReferralAgreement, SafeContact, Urgency, safer
from catch.domain.facts import Sealed
from catch.domain.meeting.listing import AppearanceBasis
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    NOW,
    PERSON,
    SHARED,
    START,
    TEXT,
    case_given,
    evolve,
    folded,
    received,
    recorded,
    uid,
)

AGREED = SupportAgreed(AgreedBy.PERSON, "support-and-meeting")
DECLINED = SupportDeclinedByPerson(AgreedBy.PERSON)
WITHDRAWN = AgreementWithdrawn(AgreedBy.PERSON)
SPOKEN = ConversationHeld(uid(70), ConversationFormat.HOME, TEXT)
RECORD = RecordAgreement(CASE)
NEVER, ALWAYS, SOMETIMES = SafeContact(False), SafeContact(True, Sealed("cGhvbmU")), SafeContact(True, None, TEXT)
contacts = st.sampled_from([None, NEVER, ALWAYS, SOMETIMES, SafeContact(False, TEXT)])
answers = st.sampled_from([None, *Agrees])


def door(agrees: Agrees | None = None, contact: SafeContact | None = None, number: int = 4) -> Referral:
    told = ReferralAgreement(knows=True, agrees=agrees) if agrees else None
    return Referral(
        uid(number), "self", "phone", START, TEXT, (), Urgency.ROUTINE, "x", "y", agreement=told, safe_contact=contact
    )


def at_the_doors(*doors: Referral) -> Case:
    first, *others = doors
    return folded(replace(received, referral=first), *map(ReferralAttached, others))


def test_another_door_says_what_the_person_wants_and_how_they_are_reached():
    told, contact = ReferralAgreement(knows=True, agrees=Agrees.NO), SafeContact(False, TEXT)
    attach = AttachReferral(CASE, PERSON, uid(4), "self", "phone", START, TEXT, agreement=told, safe_contact=contact)
    outcome = case_given(*ACCEPTED).when(attach, GIVEN).recorded(ReferralAttached)
    assert outcome.state is not None
    assert (outcome.state.agreement, outcome.state.safe_contact) == (Agrees.NO, contact)


@for_any(st.lists(st.tuples(answers, contacts), min_size=1, max_size=4))
def test_of_several_doors_the_most_careful_holds_in_whatever_order_they_come(
    said: list[tuple[Agrees | None, SafeContact | None]],
):
    doors = [door(*each, number=place + 4) for place, each in enumerate(said)]
    refused = any(agrees is Agrees.NO for agrees, _ in said)
    told = [contact for _, contact in said if contact]
    for order in permutations(doors):
        case = at_the_doors(*order)
        assert case.agreement is (Agrees.NO if refused else None)  # no door makes anybody agree
        assert (case.safe_contact is None) == (not told)
        if case.safe_contact is not None:
            assert case.safe_contact.ok == all(contact.ok for contact in told)


@for_any(contacts, contacts)
def test_nobody_makes_contact_less_careful_by_another_door(known: SafeContact | None, said: SafeContact | None):
    after = safer(known, said)
    if known is not None and not known.ok:
        assert after == known
    if known is not None and known.not_when is not None and (said is None or said.ok):
        assert after == known


def test_an_agreement_against_what_a_door_said_needs_a_conversation():
    doubted = (replace(received, referral=door(Agrees.NO)), *SHARED[1:])
    case_given(*doubted).when(RECORD, GIVEN).refused(SpeakWithThePersonFirst)
    outcome = case_given(*doubted, SPOKEN).when(RECORD, GIVEN).then(AGREED)
    assert outcome.state is not None
    assert outcome.state.agreement is Agrees.YES
    case_given(*SHARED).when(RECORD, GIVEN).then(AGREED)


def test_a_door_that_says_no_after_all_is_heard():
    later = ReferralAttached(replace(door(Agrees.NO), received_at=NOW + timedelta(days=1)))
    case = folded(*SHARED, SPOKEN, AGREED, later)
    assert (case.agrees, case.agreement) == (Agrees.YES, Agrees.NO)
    assert appearance_basis(case, NOW) is None
    case_given(*SHARED, SPOKEN, AGREED, later).when(RECORD, GIVEN).refused(SpeakWithThePersonFirst)
    assert appearance_basis(folded(*SHARED, SPOKEN, AGREED), NOW) is AppearanceBasis.AGREEMENT


@pytest.mark.parametrize("no", [DECLINED, WITHDRAWN])
def test_after_a_refusal_only_a_later_agreement_counts(no: SupportDeclinedByPerson | AgreementWithdrawn):
    case = folded(*SHARED, AGREED, no, ReferralAttached(door(Agrees.YES)))
    assert case.agreement is Agrees.NO
    # An agreement from before, recorded late, changes nothing: neither asked for now nor found in an older log.
    earlier = replace(GIVEN, at=NOW - timedelta(days=1))
    case_given(*SHARED, AGREED, no).when(RECORD, earlier).refused(RefusedSince)
    late = case_stream.evolve(case, recorded(AGREED, NOW - timedelta(days=1)))
    assert late is not None
    assert late.agreement is Agrees.NO
    case_given(*SHARED, AGREED, no).when(RECORD, GIVEN).then(AGREED)
    assert folded(*SHARED, AGREED, no, AGREED).agreement is Agrees.YES


def test_whoever_spoke_with_the_person_says_how_they_are_reached():
    doubted = (replace(received, referral=door(None, NEVER)), *SHARED[1:])
    confirm = ConfirmSafeContact(CASE, ALWAYS)
    case_given(*doubted).when(confirm, GIVEN).refused(SpeakWithThePersonFirst)
    outcome = case_given(*doubted, SPOKEN).when(confirm, GIVEN).then(SafeContactConfirmed(ALWAYS))
    assert outcome.state is not None
    assert outcome.state.safe_contact == ALWAYS
    case_given(*doubted, SPOKEN, SafeContactConfirmed(ALWAYS)).when(confirm, GIVEN).then()
    # To be more careful needs no conversation.
    case_given(*SHARED).when(ConfirmSafeContact(CASE, NEVER), GIVEN).then(SafeContactConfirmed(NEVER))


facts = st.sampled_from([AGREED, DECLINED, WITHDRAWN, SPOKEN, ReferralAttached(door(Agrees.NO))])


@for_any(
    st.lists(facts, max_size=8), st.lists(st.sampled_from([door(Agrees.YES), door(None, ALWAYS), door()]), max_size=4)
)
def test_no_further_door_ever_makes_a_case_less_careful(before: list[object], doors: list[Referral]):
    case: Case = reduce(evolve, before, folded(*SHARED))  # type: ignore[arg-type]
    after: Case = reduce(evolve, map(ReferralAttached, doors), case)
    assert after.agreement is case.agreement
    assert after.objections == case.objections
