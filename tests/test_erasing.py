"""That somebody is erased: asked, agreed, taken back, held and carried out, as values."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain import erasing, person
from catch.domain.case.closing import CaseErased
from catch.domain.case.referral import ReferralReceived
from catch.domain.contact import Contact, ContactErased, ContactReceived
from catch.domain.contact import evolve as contact_evolve
from catch.domain.erasing import (
    COOLING_OFF,
    ApproveErasure,
    ErasePerson,
    Erasing,
    ErasingCommand,
    ErasingEvent,
    ErasureAlreadyRequested,
    ErasureApproved,
    ErasureAskedByYourself,
    ErasureOver,
    ErasureReason,
    ErasureRequested,
    ErasureStopped,
    HoldReason,
    InTheWay,
    LegalHoldLifted,
    LegalHoldPlaced,
    LiftLegalHold,
    NotToBeErased,
    OnLegalHold,
    PersonErased,
    PersonIsErased,
    PlaceLegalHold,
    RequestErasure,
    StillUnderWay,
    StopErasure,
    StopReason,
    TakenForAnother,
    UnknownErasure,
    UnknownHold,
)
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.given import Given
from catch.domain.person import DeathSource, PersonReferred, PersonRegistered, RecordDeath
from catch.domain.refusals import OutOfRange, Refused
from projections import erasures, matches, references
from tests.cases import LEAD, folded, received, recorded

ONE, FIRST, SECOND, HOLD, OTHER = (UUID(int=number) for number in range(1, 6))
NOW = datetime(2026, 6, 2, 10, tzinfo=UTC)
WHY, STOP = ErasureReason.PERSON_ASKED, StopReason.STILL_NEEDED
CORA, CAL = (
    Given(NOW, Actor(user, "snn", role), now=NOW)
    for user, role in (("cora", Role.COORDINATOR), ("cal", Role.CALDICOTT))
)
TICKER = Given(NOW + COOLING_OFF, Actor("ticker", "catch", Role.SYSTEM), now=NOW + COOLING_OFF)
ASKED = ErasureRequested(FIRST, WHY, "cora", "snn")
AGREED = ErasureApproved(FIRST, "cal", "snn", NOW + COOLING_OFF)
STOPPED, DONE = ErasureStopped(FIRST, STOP), PersonErased(FIRST)
HELD, LIFTED = LegalHoldPlaced(HOLD, HoldReason.COMPLAINT, "cal", "snn"), LegalHoldLifted(HOLD)
ASK, AGREE, CANCEL = RequestErasure(ONE, FIRST, WHY), ApproveErasure(ONE, FIRST), StopErasure(ONE, FIRST, STOP)
KEEP, LIFT = PlaceLegalHold(ONE, HOLD, HoldReason.COMPLAINT), LiftLegalHold(ONE, HOLD)
ERASE, AGAIN = ErasePerson(ONE, FIRST), ErasePerson(ONE, FIRST, again=True)
FREE, BUSY, TWO = InTheWay(), InTheWay(under_way=True), InTheWay(merged=True)


def held(*history: ErasingEvent) -> Erasing:
    return reduce(lambda state, event: erasing.evolve(state, event, NOW), history, Erasing())


@pytest.mark.parametrize(
    ("history", "command", "by", "event"),
    [
        ((), ASK, CORA, ASKED),
        ((ASKED,), AGREE, CAL, AGREED),
        ((ASKED,), CANCEL, CAL, STOPPED),
        # What one has said oneself may be taken back, also when somebody has agreed.
        ((ASKED,), CANCEL, CORA, STOPPED),
        ((ASKED, AGREED), CANCEL, CORA, STOPPED),
        ((ASKED, AGREED), CANCEL, CAL, STOPPED),
        ((ASKED, STOPPED), replace(ASK, erasure=SECOND), CORA, replace(ASKED, erasure=SECOND)),
        ((), KEEP, CAL, HELD),
        ((HELD,), LIFT, CAL, LIFTED),
        ((ASKED, AGREED), ERASE, TICKER, DONE),
        # A hold that was lifted in time stands in nobody's way.
        ((ASKED, AGREED, HELD, LIFTED), ERASE, TICKER, DONE),
        ((), AGAIN, TICKER, DONE),
        ((HELD,), AGAIN, TICKER, DONE),
    ],
)
def test_what_is_recorded_once(
    history: Sequence[ErasingEvent], command: ErasingCommand, by: Given, event: ErasingEvent
):
    before = held(*history)
    assert erasing.decide(before, command, by, FREE) == [event]
    assert erasing.decide(erasing.evolve(before, event, NOW), command, by, FREE) == []


@pytest.mark.parametrize(
    ("history", "command", "by", "way", "refusal"),
    [
        ((ASKED,), replace(ASK, erasure=SECOND), CAL, FREE, ErasureAlreadyRequested),
        ((ASKED,), AGREE, CORA, FREE, ErasureAskedByYourself),
        ((), AGREE, CAL, FREE, UnknownErasure),
        ((), CANCEL, CAL, FREE, UnknownErasure),
        ((), LIFT, CAL, FREE, UnknownHold),
        ((ASKED, STOPPED), AGREE, CAL, FREE, ErasureOver),
        ((ASKED, AGREED, DONE), CANCEL, CAL, FREE, ErasureOver),
        *[
            (history, command, by, way, refusal)
            for history, command, by in (((), ASK, CORA), ((ASKED,), AGREE, CAL))
            for way, refusal in ((BUSY, StillUnderWay), (TWO, TakenForAnother))
        ],
        ((HELD,), ASK, CORA, FREE, OnLegalHold),
        ((ASKED, HELD), AGREE, CAL, FREE, OnLegalHold),
        ((ASKED, AGREED, DONE), replace(ASK, erasure=SECOND), CORA, FREE, PersonIsErased),
        ((ASKED, AGREED, DONE), replace(KEEP, hold=OTHER), CAL, FREE, PersonIsErased),
        ((ASKED,), ERASE, TICKER, FREE, NotToBeErased),
        ((ASKED, AGREED, STOPPED), ERASE, TICKER, FREE, NotToBeErased),
        ((ASKED, AGREED), ERASE, replace(TICKER, now=NOW + COOLING_OFF - timedelta(seconds=1)), FREE, NotToBeErased),
        ((ASKED, AGREED, HELD), ERASE, TICKER, FREE, NotToBeErased),
        ((ASKED, AGREED), ERASE, TICKER, BUSY, NotToBeErased),
        ((ASKED, AGREED), ERASE, TICKER, TWO, NotToBeErased),
        ((ASKED,), AGREE, replace(CAL, at=NOW - timedelta(days=1)), FREE, OutOfRange),
    ],
)
def test_what_is_refused(
    history: Sequence[ErasingEvent], command: ErasingCommand, by: Given, way: InTheWay, refusal: type[Refused]
):
    with pytest.raises(refusal):
        erasing.decide(held(*history), command, by, way)


def test_nobody_agrees_a_week_ago():
    """The days begin when it is recorded, whenever it is said to have been."""
    late = replace(CAL, at=NOW + timedelta(hours=1), now=NOW + timedelta(days=30))
    (event,) = erasing.decide(held(ASKED), AGREE, late, FREE)
    assert isinstance(event, ErasureApproved)
    assert event.due == NOW + timedelta(days=30) + COOLING_OFF


COMMANDS = st.sampled_from([ASK, replace(ASK, erasure=SECOND), AGREE, CANCEL, KEEP, LIFT, ERASE])
WAYS = st.sampled_from([FREE, FREE, BUSY, TWO])


@given(st.lists(st.tuples(COMMANDS, st.sampled_from([CORA, CAL, TICKER]), WAYS), max_size=12))
def test_nobody_is_erased_but_by_two_after_a_week_and_with_nothing_in_the_way(
    sent: Sequence[tuple[ErasingCommand, Given, InTheWay]],
):
    state, facts = Erasing(), list[ErasingEvent]()
    for command, by, way in sent:
        try:
            new = erasing.decide(state, command, by, way)
        except Refused:
            continue
        if any(isinstance(each, PersonErased) for each in new):
            assert isinstance(command, ErasePerson)
            assert by is TICKER
            assert way == FREE
            said = (each for each in facts if isinstance(each, ErasureRequested | ErasureApproved))
            asked, agreed = (each for each in said if each.erasure == FIRST)
            assert asked.user != agreed.user
            assert ErasureStopped(FIRST, STOP) not in facts
            assert facts.count(HELD) == facts.count(LIFTED)
        facts += new
        state = reduce(lambda held, event: erasing.evolve(held, event, NOW), new, state)
    # Nothing else than what was recorded is known.
    assert state == held(*facts)


def test_who_was_erased_is_nobody_any_more():
    registered = PersonRegistered(ONE, name=Sealed("sealed"), nhs_digest="number", marks=("name and born",))
    known = person.evolve(None, registered, NOW)
    after = person.evolve(known, DONE, NOW)
    assert known
    assert after
    assert (known.settled_number, known.erased) == ("number", False)
    assert (after.settled_number, after.registered.marks, after.erased) == (None, (), True)
    for command in (RecordDeath(ONE, NOW.date(), DeathSource.FAMILY),):
        with pytest.raises(PersonIsErased):
            person.decide(after, command, CORA)
    with pytest.raises(PersonIsErased):
        person.refer(after, OTHER, "snn-catch")
    assert person.evolve(after, PersonReferred(OTHER, "snn-catch"), NOW) is not None


def test_nobody_is_found_by_what_identified_whom_was_erased():
    registered = PersonRegistered(ONE, nhs_digest="number", marks=("name and born",))
    row = None
    for fact in (registered, DONE):
        each = recorded(fact, stream=ONE)
        (key,) = matches.keys(each)
        row = matches.fold(row, each, key)
        assert (row is None) == (fact is DONE)
    with_reference = replace(received, referral=replace(received.referral, reference_digest="theirs"))
    case = folded(with_reference, CaseErased(FIRST))
    assert case.referrals[0].reference_digest is None
    assert folded(with_reference).last_activity_at == case.last_activity_at
    held_there = None
    for fact in (with_reference, CaseErased(FIRST)):
        (key,) = references.keys(recorded(fact))
        held_there = references.fold(held_there, recorded(fact), key)
        assert held_there.digests == (("theirs",) if isinstance(fact, ReferralReceived) else ())


def test_nor_by_a_contact_about_them():
    by = received.referral
    said = ContactReceived(
        OTHER, "snn-catch", 1, by.source, by.channel, Sealed("x"), LEAD,
        marks=("name and born",), nhs_digest="number",
    )  # fmt: skip
    contact = contact_evolve(None, said, NOW)
    assert isinstance(contact, Contact)
    after = contact_evolve(contact, ContactErased(FIRST), NOW)
    assert after
    assert (after.received.marks, after.received.nhs_digest) == ((), None)


def test_the_list_of_what_is_due_says_what_was_agreed_and_whose_keys_went():
    row, seen = None, list[tuple[datetime | None, UUID | None, tuple[UUID, ...]]]()
    for fact in (ASKED, AGREED, HELD, PersonErased(FIRST, (OTHER,))):
        row = erasures.fold(row, recorded(fact, stream=ONE), ONE)
        seen.append((row.due, row.erasure, row.subjects))
    due = NOW + COOLING_OFF
    assert seen == [(None, None, ()), (due, FIRST, ()), (due, FIRST, ()), (None, None, (ONE, OTHER))]
