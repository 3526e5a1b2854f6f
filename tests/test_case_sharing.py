"""Who may know what: agreement, objections, disclosures, and partners' parts in the case."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from catch.domain.case.agreement import (
    AgreedBy,
    AgreementWithdrawn,
    NothingAgreedYet,
    ObjectionRecorded,
    RecordAgreement,
    RecordObjection,
    RecordRefusalOfSupport,
    SupportAgreed,
    SupportDeclinedByPerson,
    WithdrawAgreement,
)
from catch.domain.case.disclosure import (
    AuthoriseDisclosure,
    DisclosureAuthorised,
    DisclosureEnded,
    EndDisclosure,
    EndInvolvement,
    InvolvePartner,
    NoAgreementInForce,
    NoOpenDisclosure,
    NotInvolved,
    PartnerInvolved,
    PartnerInvolvementEnded,
    PersonObjects,
    UnknownDisclosure,
)
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.rules import CaseNotLive
from catch.domain.case.state import (
    Agrees,
    Basis,
    CommonLawBasis,
    LegalBasis,
    Objection,
    SpecialCategoryBasis,
)
from catch.domain.facts import Category
from catch.domain.keys import KeyMalformed
from catch.domain.refusals import MissingText, OutOfRange, UnknownPartner
from tests.cases import (
    ACCEPTED,
    CASE,
    CONSENT,
    GIVEN,
    NOW,
    SHARED,
    TEXT,
    TODAY,
    VITAL,
    case_given,
    disclosed,
    folded,
    involved,
    received,
    uid,
)

agreed = SupportAgreed(AgreedBy.PERSON, "support-and-meeting")
withdrawn = AgreementWithdrawn(AgreedBy.PERSON)
objection = Objection(uid(11), frozenset({Category.PLAN}), frozenset({"housing-1"}))
authorise = AuthoriseDisclosure(CASE, uid(10), "housing-1", disclosed.categories, CONSENT, TEXT)
involve = InvolvePartner(CASE, "housing-1", "housing-support")
gone = ReferralDeclined("out-of-area")


def test_the_person_agrees_refuses_and_takes_it_back():
    case_given(*ACCEPTED).when(RecordAgreement(CASE), GIVEN).then(agreed)
    case_given(*ACCEPTED, agreed).when(RecordAgreement(CASE), GIVEN).then()
    refused = SupportDeclinedByPerson(AgreedBy.PERSON)
    case_given(*ACCEPTED).when(RecordRefusalOfSupport(CASE), GIVEN).then(refused)
    case_given(*ACCEPTED, refused).when(RecordRefusalOfSupport(CASE), GIVEN).then()
    case_given(*ACCEPTED).when(WithdrawAgreement(CASE), GIVEN).refused(NothingAgreedYet)
    case_given(*ACCEPTED, agreed).when(WithdrawAgreement(CASE), GIVEN).then(withdrawn)
    case_given(*ACCEPTED, agreed, withdrawn).when(WithdrawAgreement(CASE), GIVEN).then()
    assert folded(*ACCEPTED, agreed, withdrawn).agrees is Agrees.NO


def test_a_withdrawal_puts_every_open_disclosure_up_for_review_until_the_person_agrees_again():
    assert not folded(*ACCEPTED, agreed, withdrawn).disclosures_to_review
    case = case_given(*SHARED, agreed, withdrawn)
    assert case.state is not None
    assert case.state.disclosures_to_review
    outcome = case.when(RecordAgreement(CASE), GIVEN).then(agreed)
    assert outcome.state is not None
    assert not outcome.state.disclosures_to_review


def test_an_objection_is_in_force_at_once():
    record = RecordObjection(CASE, uid(11), objection.categories, objection.partners)
    outcome = case_given(*SHARED).when(record, GIVEN).then(ObjectionRecorded(objection))
    assert outcome.state is not None
    assert outcome.state.disclosed("housing-1", NOW) == {Category.ACTIONS}
    case_given(*SHARED, *outcome.events).when(record, GIVEN).then()
    case_given(*SHARED).when(replace(record, categories=frozenset()), GIVEN).refused(MissingText)


def test_an_objection_that_names_nobody_concerns_everybody():
    everybody = ObjectionRecorded(replace(objection, partners=frozenset()))
    assert folded(*SHARED, everybody).disclosed("housing-1", NOW) == {Category.ACTIONS}
    elsewhere = ObjectionRecorded(replace(objection, partners=frozenset({"police-1"})))
    assert folded(*SHARED, elsewhere).disclosed("housing-1", NOW) == disclosed.categories


def test_a_disclosure_needs_an_agreement_that_covers_it():
    case_given(*ACCEPTED).when(authorise, GIVEN).then(disclosed)
    case_given(*ACCEPTED, disclosed).when(authorise, GIVEN).then()
    new = case_given(*ACCEPTED)
    new.when(replace(authorise, agency="nobody-1"), GIVEN).refused(UnknownPartner)
    new.when(replace(authorise, agency="police-1"), GIVEN).refused(NoAgreementInForce, categories="actions, plan")
    new.when(replace(authorise, agency="left-1"), GIVEN).refused(NoAgreementInForce)
    new.when(replace(authorise, categories=frozenset()), GIVEN).refused(MissingText)
    new.when(replace(authorise, until=TODAY - timedelta(days=1)), GIVEN).refused(OutOfRange)
    case_given(received, gone).when(authorise, GIVEN).refused(CaseNotLive)


@pytest.mark.parametrize(
    "basis",
    [
        VITAL,
        Basis(LegalBasis.VITAL_INTERESTS, CommonLawBasis.IMPLIED_CONSENT),
        Basis(LegalBasis.PUBLIC_TASK, CommonLawBasis.OVERRIDING_PUBLIC_INTEREST),
        Basis(
            LegalBasis.PUBLIC_TASK, CommonLawBasis.STATUTORY, article9=SpecialCategoryBasis.SUBSTANTIAL_PUBLIC_INTEREST
        ),
    ],
)
def test_what_the_person_objects_to_is_shared_only_on_a_basis_that_goes_before(basis: Basis):
    case = case_given(*ACCEPTED, ObjectionRecorded(objection))
    case.when(authorise, GIVEN).refused(PersonObjects, partner="housing-1")
    case.when(replace(authorise, categories=frozenset({Category.ACTIONS})), GIVEN).recorded(DisclosureAuthorised)
    outcome = case.when(replace(authorise, basis=basis), GIVEN).recorded(DisclosureAuthorised)
    assert outcome.state is not None
    assert outcome.state.disclosed("housing-1", NOW) == disclosed.categories


def test_a_disclosure_ends_by_hand_or_with_its_last_day_in_london():
    end = EndDisclosure(CASE, uid(10))
    outcome = case_given(*SHARED).when(end, GIVEN).then(DisclosureEnded(uid(10)))
    assert outcome.state is not None
    assert outcome.state.disclosed("housing-1", NOW) == frozenset()
    case_given(*SHARED, DisclosureEnded(uid(10))).when(end, GIVEN).then()
    case_given(*SHARED).when(EndDisclosure(CASE, uid(99)), GIVEN).refused(UnknownDisclosure)
    summer = NOW.replace(month=6, hour=22, minute=59)
    lasting = folded(*ACCEPTED, replace(disclosed, until=summer.date()))
    assert lasting.disclosed("housing-1", summer) == disclosed.categories
    assert lasting.disclosed("housing-1", summer + timedelta(minutes=1)) == frozenset()


def test_a_partner_takes_part_once_something_may_be_told_to_it():
    case_given(*ACCEPTED, disclosed).when(involve, GIVEN).then(involved)
    case_given(*ACCEPTED, disclosed, involved).when(involve, GIVEN).then()
    new = case_given(*ACCEPTED)
    new.when(involve, GIVEN).refused(NoOpenDisclosure)
    new.when(replace(involve, agency="nobody-1"), GIVEN).refused(UnknownPartner)
    new.when(replace(involve, role=" "), GIVEN).refused(MissingText)
    new.when(replace(involve, role="Ask her sister Ada"), GIVEN).refused(KeyMalformed)
    case_given(*ACCEPTED, disclosed, DisclosureEnded(uid(10))).when(involve, GIVEN).refused(NoOpenDisclosure)
    left = replace(disclosed, agency="left-1")
    case_given(*ACCEPTED, left).when(replace(involve, agency="left-1"), GIVEN).refused(NoAgreementInForce)
    case_given(received, gone).when(involve, GIVEN).refused(CaseNotLive)


def test_a_part_in_the_case_ends_and_may_begin_again():
    end = EndInvolvement(CASE, "housing-1")
    ended = PartnerInvolvementEnded("housing-1")
    case_given(*SHARED).when(end, GIVEN).then(ended)
    case_given(*SHARED, ended).when(end, GIVEN).then()
    case_given(*ACCEPTED).when(end, GIVEN).refused(NotInvolved)
    outcome = case_given(*SHARED, ended).when(involve, GIVEN).recorded(PartnerInvolved)
    assert outcome.state is not None
    assert [held.ended_at for held in outcome.state.involvements] == [NOW, None]
