"""Partners share while an agreement is in force, on London days, and act through people who are enrolled."""

from datetime import UTC, date, datetime
from functools import reduce

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.given import Given
from catch.domain.keys import KeyMalformed
from catch.domain.partner import (
    AgreementCoversNothing,
    AgreementEndsBeforeItStarts,
    AgreementSigned,
    AgreementTerminated,
    EnrolMember,
    MemberEnrolled,
    MemberNotEnrolled,
    MemberReinstated,
    MemberSuspended,
    Partner,
    PartnerCommand,
    PartnerEvent,
    PartnerRegistered,
    RegisterPartner,
    ReinstateMember,
    SignAgreement,
    SuspendMember,
    TerminateAgreement,
    UnknownAgreement,
    decide,
    evolve,
)
from catch.domain.refusals import IdAlreadyUsed, MissingText, Refused, UnknownPartner

KEY, PROGRAMME = "housing-1", "snn-catch"
AT = datetime(2026, 6, 2, 10, tzinfo=UTC)
GIVEN = Given(AT, Actor("ada", "snn", Role.ADMINISTRATOR))
NAME, WHO, WHY = Sealed("sealed name"), Sealed("sealed signatory"), Sealed("sealed reason")
SHARED = frozenset({Category.NEEDS, Category.PLAN})
REGISTERED = PartnerRegistered(KEY, "Housing One", "housing")
SIGNED = AgreementSigned(KEY, "isa-1", (PROGRAMME,), SHARED, date(2026, 4, 1), date(2026, 6, 30), WHO)
SIGN = SignAgreement(KEY, "isa-1", (PROGRAMME,), SHARED, date(2026, 4, 1), date(2026, 6, 30), WHO)

ids, users = st.sampled_from(["isa-1", "isa-2", ""]), st.sampled_from(["ann", "bob"])
days = st.dates(date(2026, 1, 1), date(2026, 1, 9))
categories = st.frozensets(st.sampled_from(Category), max_size=3)
programmes = st.sampled_from([(), (PROGRAMME,), (PROGRAMME, "bexley-icm")])
commands: st.SearchStrategy[PartnerCommand] = st.one_of(
    st.builds(RegisterPartner, st.just(KEY), st.sampled_from(["One", "Two", " "]), st.sampled_from(["housing", "X"])),
    st.builds(SignAgreement, st.just(KEY), ids, programmes, categories, days, st.none() | days, st.just(WHO)),
    st.builds(TerminateAgreement, st.just(KEY), ids, st.sampled_from([WHY, Sealed("")])),
    st.builds(EnrolMember, st.just(KEY), users, st.just(NAME)),
    st.builds(SuspendMember, st.just(KEY), users),
    st.builds(ReinstateMember, st.just(KEY), users),
)
events: st.SearchStrategy[PartnerEvent] = st.one_of(
    st.just(REGISTERED),
    st.builds(AgreementSigned, st.just(KEY), ids, programmes, categories, days, st.none() | days, st.just(WHO)),
    st.builds(AgreementTerminated, st.just(KEY), ids, st.just(AT), st.just(WHY)),
    st.builds(MemberEnrolled, st.just(KEY), users, st.just(NAME)),
    st.builds(MemberSuspended, st.just(KEY), users),
    st.builds(MemberReinstated, st.just(KEY), users),
)


def fold(*history: PartnerEvent) -> Partner:
    partner = reduce(evolve, history, None)
    assert partner is not None
    return partner


def refused(why: type[Refused], partner: Partner | None, command: PartnerCommand) -> None:
    with pytest.raises(why):
        decide(partner, command, GIVEN)


def test_a_partner_is_registered_under_a_key_of_its_own():
    command = RegisterPartner(KEY, "Housing One", "housing", ods="X1")
    assert decide(None, command, GIVEN) == [PartnerRegistered(KEY, "Housing One", "housing", "X1")]
    refused(IdAlreadyUsed, fold(REGISTERED), RegisterPartner(KEY, "Another", "housing"))


@pytest.mark.parametrize("key", ["", "Housing", "housing 1", "-housing", "housing--1", "housing-1\n", "a" * 65])
def test_a_key_is_lower_case_and_hyphens(key: str):
    refused(KeyMalformed, None, RegisterPartner(key, "Housing One", "housing"))


def test_a_partner_needs_a_name():
    refused(MissingText, None, RegisterPartner(KEY, "  ", "housing"))


def test_an_agreement_is_in_force_from_its_first_london_day_to_its_last():
    partner = fold(REGISTERED, SIGNED)
    # Midnight of 1 April is 23:00 UTC on 31 March, because summer time has begun.
    assert not partner.in_force(PROGRAMME, datetime(2026, 3, 31, 22, 59, tzinfo=UTC))
    assert partner.in_force(PROGRAMME, datetime(2026, 3, 31, 23, 0, tzinfo=UTC))
    assert partner.in_force(PROGRAMME, datetime(2026, 6, 30, 22, 59, tzinfo=UTC))
    assert not partner.in_force(PROGRAMME, datetime(2026, 6, 30, 23, 0, tzinfo=UTC))
    assert not partner.in_force("bexley-icm", AT)


def test_agreements_cover_the_categories_they_name_together():
    health = AgreementSigned(KEY, "isa-2", (PROGRAMME,), frozenset({Category.HEALTH}), date(2026, 1, 1), None, WHO)
    partner = fold(REGISTERED, SIGNED, health)
    assert partner.covers(PROGRAMME, SHARED | {Category.HEALTH}, AT)
    assert not partner.covers(PROGRAMME, frozenset({Category.RISK}), AT)
    assert not partner.covers(PROGRAMME, SHARED, datetime(2026, 7, 1, tzinfo=UTC))


def test_a_terminated_agreement_shares_nothing_from_that_moment_on():
    (ended,) = decide(fold(REGISTERED, SIGNED), TerminateAgreement(KEY, "isa-1", WHY), GIVEN)
    partner = fold(REGISTERED, SIGNED, ended)
    assert ended == AgreementTerminated(KEY, "isa-1", AT, WHY)
    assert not partner.covers(PROGRAMME, SHARED, AT)
    assert partner.covers(PROGRAMME, SHARED, datetime(2026, 6, 2, 9, 59, tzinfo=UTC))


def test_signing_again_records_nothing_and_other_terms_need_another_id():
    partner = fold(REGISTERED, SIGNED)
    assert decide(fold(REGISTERED), SIGN, GIVEN) == [SIGNED]
    assert decide(partner, SIGN, GIVEN) == []
    refused(IdAlreadyUsed, partner, msgspec.structs.replace(SIGN, ends_on=None))


def test_an_agreement_makes_sense():
    partner = fold(REGISTERED)
    refused(AgreementCoversNothing, partner, msgspec.structs.replace(SIGN, programmes=()))
    refused(AgreementCoversNothing, partner, msgspec.structs.replace(SIGN, categories=frozenset()))
    refused(AgreementEndsBeforeItStarts, partner, msgspec.structs.replace(SIGN, ends_on=date(2026, 3, 31)))
    refused(MissingText, partner, msgspec.structs.replace(SIGN, agreement=""))
    refused(UnknownAgreement, partner, TerminateAgreement(KEY, "isa-9", WHY))
    refused(MissingText, fold(REGISTERED, SIGNED), TerminateAgreement(KEY, "isa-1", Sealed("")))


def test_a_member_is_enrolled_suspended_and_reinstated():
    enrolled, suspended = MemberEnrolled(KEY, "ann", NAME), MemberSuspended(KEY, "ann")
    assert decide(fold(REGISTERED), EnrolMember(KEY, "ann", NAME), GIVEN) == [enrolled]
    assert decide(fold(REGISTERED, enrolled), SuspendMember(KEY, "ann"), GIVEN) == [suspended]
    partner = fold(REGISTERED, enrolled, suspended)
    member = partner.member("ann")
    assert member
    assert member.suspended
    assert decide(partner, ReinstateMember(KEY, "ann"), GIVEN) == [MemberReinstated(KEY, "ann")]


def test_only_members_are_suspended_or_reinstated():
    refused(MemberNotEnrolled, fold(REGISTERED), SuspendMember(KEY, "ann"))
    refused(MemberNotEnrolled, fold(REGISTERED), ReinstateMember(KEY, "ann"))
    refused(MissingText, fold(REGISTERED), EnrolMember(KEY, "", NAME))


def test_nothing_is_asked_of_a_partner_nobody_registered():
    for command in (SIGN, TerminateAgreement(KEY, "isa-1", WHY), EnrolMember(KEY, "ann", NAME)):
        refused(UnknownPartner, None, command)


@given(st.lists(commands, max_size=15))
def test_an_accepted_command_repeated_records_nothing(asked: list[PartnerCommand]):
    partner: Partner | None = None
    for command in asked:
        try:
            partner = reduce(evolve, decide(partner, command, GIVEN), partner)
        except Refused:
            continue
        assert decide(partner, command, GIVEN) == []


@given(st.lists(events, max_size=15))
def test_any_history_can_be_folded_and_stored(history: list[PartnerEvent]):
    partner = reduce(evolve, history, None)
    assert (partner is None) == (REGISTERED not in history)
    for event in history:
        assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event
