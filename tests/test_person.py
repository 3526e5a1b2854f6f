"""The person at the centre: registered once, reached safely, and opened only one case at a time by two doors."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.facts import Actor, Role, Sealed
from catch.domain.given import Given
from catch.domain.nhs_number import nhs_number
from catch.domain.person import (
    ContactChannel,
    ContactCorrected,
    ContactPreferenceSet,
    CorrectContact,
    CorrectIdentity,
    GivenAndRemoved,
    IdentityCorrected,
    NameNeeded,
    NoSafeWayToReach,
    NothingToCorrect,
    NotOfThisKind,
    Person,
    PersonCommand,
    PersonDetail,
    PersonEvent,
    PersonReferred,
    PersonRegistered,
    ProtectedAddressSet,
    ProtectionReason,
    RegisterPerson,
    SetContactPreference,
    SetProtectedAddress,
    decide,
    evolve,
    refer,
)
from catch.domain.refusals import MissingText, OutOfRange, Refused, UnknownPerson
from tests.given import at_once

PERSON, CASE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
GIVEN = Given(datetime(2026, 6, 2, 10, tzinfo=UTC), Actor("cora", "snn", Role.COORDINATOR))
REGISTERED = PersonRegistered(PERSON, name=Sealed("sealed name"), nhs_digest="d1")

texts = st.none() | st.sampled_from([Sealed("sealed a"), Sealed("sealed b")])
commands: st.SearchStrategy[PersonCommand] = st.one_of(
    st.builds(RegisterPerson, st.just(PERSON), st.booleans(), texts),
    st.builds(
        SetContactPreference, st.just(PERSON), st.lists(st.sampled_from(ContactChannel), max_size=3).map(tuple), texts
    ),
)
events: st.SearchStrategy[PersonEvent] = st.one_of(
    st.builds(PersonRegistered, st.just(PERSON), st.booleans(), texts),
    st.builds(ContactPreferenceSet, st.lists(st.sampled_from(ContactChannel), min_size=1).map(tuple), texts),
    st.builds(ProtectedAddressSet, st.booleans(), st.sampled_from(ProtectionReason)),
    st.builds(PersonReferred, st.sampled_from([CASE, OTHER]), st.sampled_from(["snn-catch", "bexley-icm"])),
)


def fold(*history: PersonEvent) -> Person | None:
    return reduce(at_once(evolve, GIVEN.at), history, None)


def test_a_person_is_registered_with_everything_they_told():
    told: dict[str, Any] = {"address": Sealed("s1"), "phone": Sealed("s2"), "communication_needs": Sealed("s3")}
    command, numbered = RegisterPerson(PERSON, False, Sealed("s0"), **told), replace(GIVEN, digest="d1")
    assert decide(None, command, numbered) == [PersonRegistered(PERSON, False, Sealed("s0"), nhs_digest="d1", **told)]


def test_somebody_whose_name_is_not_known_yet_is_registered_as_provisional():
    assert decide(None, RegisterPerson(PERSON, provisional=True), GIVEN) == [PersonRegistered(PERSON, True)]
    with pytest.raises(MissingText):
        decide(None, RegisterPerson(PERSON), GIVEN)


def test_registering_again_records_nothing_although_sealing_gave_other_ciphertext():
    again = RegisterPerson(PERSON, False, Sealed("the same name sealed again"))
    assert decide(fold(REGISTERED), again, GIVEN) == []


@pytest.mark.parametrize("digest", [None, "d1", "d2"])
def test_the_answer_for_a_known_id_says_nothing_of_the_number(digest: str | None):
    again = RegisterPerson(PERSON, False, Sealed("other"), nhs_number=Sealed("sealed"))
    assert decide(fold(REGISTERED), again, replace(GIVEN, digest=digest)) == []


def test_a_preference_names_at_least_one_safe_way():
    with pytest.raises(NoSafeWayToReach):
        decide(fold(REGISTERED), SetContactPreference(PERSON, ()), GIVEN)


def test_the_same_channels_in_another_order_are_the_same_preference():
    phone, text = ContactChannel.PHONE, ContactChannel.TEXT
    (event,) = decide(fold(REGISTERED), SetContactPreference(PERSON, (text, phone, text)), GIVEN)
    assert event == ContactPreferenceSet((phone, text))
    assert decide(fold(REGISTERED, event), SetContactPreference(PERSON, (phone, text)), GIVEN) == []


def test_an_address_is_hidden_and_shown_again_with_a_reason_each():
    hidden = ProtectedAddressSet(True, ProtectionReason.STALKING)
    shown = ProtectedAddressSet(False, ProtectionReason.NO_LONGER_NEEDED)
    command = SetProtectedAddress(PERSON, True, ProtectionReason.STALKING)
    assert decide(fold(REGISTERED), command, GIVEN) == [hidden]
    protected, open_again = fold(REGISTERED, hidden), fold(REGISTERED, hidden, shown)
    assert protected
    assert protected.address_protected
    assert open_again
    assert not open_again.address_protected


def test_whether_a_guess_of_why_an_address_is_protected_was_right_is_not_told():
    since = fold(REGISTERED, ProtectedAddressSet(True, ProtectionReason.STALKING))
    for at in (GIVEN.at, GIVEN.at - timedelta(days=1)):
        for reason in ProtectionReason:
            guess = decide(since, SetProtectedAddress(PERSON, True, reason), replace(GIVEN, at=at))
            assert guess == [ProtectedAddressSet(True, reason)]
    # Said of a time before, it does not replace what was said since.
    assert since
    before = evolve(since, ProtectedAddressSet(False, ProtectionReason.NO_LONGER_NEEDED), GIVEN.at - timedelta(days=1))
    assert before == since


def test_a_referral_is_noted_once_on_the_persons_own_stream():
    person = fold(REGISTERED)
    assert refer(person, CASE, "snn-catch") == [PersonReferred(CASE, "snn-catch")]
    referred = fold(REGISTERED, PersonReferred(CASE, "snn-catch"))
    assert referred
    assert refer(referred, CASE, "snn-catch") == []
    assert (referred.cases_in("snn-catch"), referred.cases_in("bexley-icm")) == ((CASE,), ())


def test_nothing_is_set_for_a_person_nobody_registered():
    for command in (
        SetContactPreference(PERSON, (ContactChannel.PHONE,)),
        SetProtectedAddress(PERSON, True, ProtectionReason.STALKING),
    ):
        with pytest.raises(UnknownPerson):
            decide(None, command, GIVEN)
    with pytest.raises(UnknownPerson):
        refer(None, CASE, "snn-catch")


@given(st.lists(commands, max_size=12))
def test_an_accepted_command_repeated_records_nothing(asked: list[PersonCommand]):
    person: Person | None = None
    for command in asked:
        try:
            person = reduce(at_once(evolve, GIVEN.at), decide(person, command, GIVEN), person)
        except Refused:
            continue
        assert decide(person, command, GIVEN) == []


@given(st.lists(events, max_size=12))
def test_any_history_can_be_folded(history: list[PersonEvent]):
    person = fold(*history)
    assert (person is None) == (not any(isinstance(event, PersonRegistered) for event in history))
    if person is not None:
        assert len(person.cases) == len(set(person.cases))


@pytest.mark.parametrize("text", ["9434765919", "943 476 5919", "943-476-5919", " 9434765919 "])
def test_an_nhs_number_may_be_written_with_spaces_or_hyphens(text: str):
    assert nhs_number(text) == "9434765919"


@pytest.mark.parametrize(
    "text",
    ["9434765918", "", "943476591", "94347659190", "94347659I9", "９４３４７６５９１９", "943.476.5919"],
)
def test_what_is_not_an_nhs_number_is_not_taken_for_one(text: str):
    assert nhs_number(text) is None


@given(st.integers(0, 10**9 - 1))
def test_nine_digits_have_one_check_digit_unless_it_would_be_ten(nine: int):
    valid = [digit for digit in range(10) if nhs_number(f"{nine:09}{digit}")]
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), f"{nine:09}", strict=True))
    check = -total % 11
    # Ten times the same digit is what people type where they know none.
    assert valid == ([] if check == 10 or f"{nine:09}{check}" == str(check) * 10 else [check])


# Putting right

WHY = Sealed("sealed why")
KNOWN = replace(REGISTERED, phone=Sealed("sealed phone"), address=Sealed("sealed address"), marks=("m1",))


def test_what_is_given_replaces_what_is_known_and_the_rest_stays():
    known = replace(GIVEN, digest="d1", marks=("m2",))
    command = CorrectIdentity(PERSON, WHY, name=Sealed("sealed other"))
    (fact,) = decide(fold(KNOWN), command, known)
    assert fact == IdentityCorrected(WHY, name=Sealed("sealed other"), nhs_digest="d1", marks=("m2",))
    person = fold(KNOWN, fact)
    assert person is not None
    assert (person.registered.name, person.registered.phone) == ("sealed other", "sealed phone")
    assert (person.registered.nhs_digest, person.registered.marks) == ("d1", ("m2",))
    (correction,) = person.identity_corrections
    assert (correction.details, correction.reason) == ({PersonDetail.NAME}, WHY)


def test_what_was_wrong_is_known_no_more():
    command = CorrectContact(PERSON, WHY, phone=Sealed("sealed new"), removed=frozenset({PersonDetail.ADDRESS}))
    (fact,) = decide(fold(KNOWN), command, GIVEN)
    person = fold(KNOWN, fact)
    assert isinstance(fact, ContactCorrected)
    assert person is not None
    assert (person.registered.phone, person.registered.address) == ("sealed new", None)
    # Nothing is removed that is not known.
    gone = CorrectContact(PERSON, WHY, removed=frozenset({PersonDetail.ADDRESS}))
    assert decide(person, gone, GIVEN) == []


def test_what_was_known_earlier_does_not_replace_what_was_put_right_since():
    later = evolve(fold(KNOWN), IdentityCorrected(WHY, name=Sealed("sealed right")), GIVEN.at + timedelta(days=9))
    with pytest.raises(OutOfRange) as early:
        decide(later, CorrectIdentity(PERSON, WHY, name=Sealed("sealed wrong")), GIVEN)
    assert early.value.details["earliest"] == (GIVEN.at + timedelta(days=9)).isoformat()
    # How they are reached is another matter.
    assert decide(later, CorrectContact(PERSON, WHY, phone=Sealed("sealed new")), GIVEN)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (CorrectIdentity(PERSON, WHY), NothingToCorrect),
        (CorrectIdentity(PERSON, WHY, removed=frozenset({PersonDetail.PHONE})), NotOfThisKind),
        (CorrectContact(PERSON, WHY, removed=frozenset({PersonDetail.NAME})), NotOfThisKind),
        (CorrectIdentity(PERSON, WHY, removed=frozenset({PersonDetail.NAME})), NameNeeded),
        (CorrectContact(PERSON, WHY, phone=WHY, removed=frozenset({PersonDetail.PHONE})), GivenAndRemoved),
    ],
)
def test_a_correction_says_what_is_put_right(command: PersonCommand, why: type[Refused]):
    with pytest.raises(why):
        decide(fold(KNOWN), command, GIVEN)


def test_nobody_is_put_right_who_is_not_known():
    with pytest.raises(UnknownPerson):
        decide(None, CorrectContact(PERSON, WHY, phone=WHY), GIVEN)
