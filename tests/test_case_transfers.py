"""A case is handed over to another programme, and closed here once it was taken on there: nobody falls between."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.closing import CaseClosed, CloseCase
from catch.domain.case.eligibility import AcceptReferral, Redirection, RedirectReferral
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.rules import CaseNotLive, NotAccepted
from catch.domain.case.state import EvaluatedCriterion
from catch.domain.case.transfers import (
    CaseTransferredOut,
    NoCaseToTransferTo,
    OfferTransfer,
    TransferAlreadyOpen,
    TransferNotTakenOn,
    TransferOffered,
    TransferOver,
    TransferWithdrawn,
    UnknownTransfer,
    WithdrawTransfer,
    takes_on,
)
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.processing import RequestRestriction, RestrictionReason
from catch.domain.refusals import OutOfRange
from tests.cases import ACCEPTED, CASE, GIVEN, NOW, START, TEXT, case_given, folded, received, uid
from tests.conftest import Furnished
from tests.place import AUDITOR, COORDINATOR, HOUSING, SYSTEM, Case, Place, ago
from tests.test_case_versions import closed

ELSEWHERE = "bexley-icm"
offer, offered = OfferTransfer(CASE, uid(75), uid(76), TEXT), TransferOffered(uid(75), TEXT, uid(76))
withdraw, withdrawn = WithdrawTransfer(CASE, uid(75), TEXT), TransferWithdrawn(uid(75), TEXT)


def test_a_case_is_offered_once_and_may_be_kept_and_offered_again():
    case_given(*ACCEPTED).when(offer, GIVEN).then(offered)
    case_given(*ACCEPTED, offered).when(offer, GIVEN).then()
    other = replace(offer, transfer=uid(78))
    case_given(*ACCEPTED, offered).when(other, GIVEN).refused(TransferAlreadyOpen, transfer=uid(75))
    case_given(*ACCEPTED, offered).when(withdraw, GIVEN).then(withdrawn)
    case_given(*ACCEPTED, offered, withdrawn).when(withdraw, GIVEN).then()
    case_given(*ACCEPTED, offered, withdrawn).when(other, GIVEN).then(TransferOffered(uid(78), TEXT, uid(76)))


def test_what_is_not_worked_on_is_not_handed_over_and_what_is_over_not_kept():
    case_given(received).when(offer, GIVEN).refused(NotAccepted)
    case_given(*ACCEPTED, closed).when(offer, GIVEN).refused(CaseNotLive, state="closed")
    case_given(*ACCEPTED).when(withdraw, GIVEN).refused(UnknownTransfer, transfer=uid(75))
    over = (*ACCEPTED, offered, CaseTransferredOut(uid(75)))
    case_given(*over).when(withdraw, GIVEN).refused(TransferOver, transfer=uid(75))
    early = replace(GIVEN, at=START - timedelta(days=1))
    case_given(*ACCEPTED).when(offer, early).refused(OutOfRange)


def test_closing_says_that_it_was_handed_over():
    close = CloseCase(CASE, "moved-away", NOW.date(), TEXT)
    case = folded(*ACCEPTED, offered)
    assert case is not None
    assert case.open_transfer is not None
    case_given(*ACCEPTED, offered).when(close, GIVEN).recorded(CaseTransferredOut, CaseClosed)
    case_given(*ACCEPTED, offered, withdrawn).when(close, GIVEN).recorded(CaseClosed)


def test_it_is_not_handed_over_before_it_was_offered():
    late = TransferOffered(uid(75), TEXT, uid(76))
    close = CloseCase(CASE, "moved-away", START.date(), TEXT)
    case_given(*ACCEPTED, late).when(close, replace(GIVEN, at=START + timedelta(minutes=1))).refused(OutOfRange)
    # Nor by the day that is said of its end.
    case_given(*ACCEPTED, late).when(close, GIVEN).refused(OutOfRange, field="closedOn", earliest=NOW.date())


# In a place


class Handed(NamedTuple):
    case: Case
    there: UUID
    transfer: UUID


ASK = """query($id: UUID!) { case(id: $id) { state
    transfers { id at reason withdrawnAt withdrawnReason doneAt } redactions { path reason } } }"""
COLLEAGUE = Actor("lena@snn", "snn", Role.COORDINATOR)
"""Who has no part in the other programme."""
live = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        # The same people work at another programme's front door as well, but for a colleague.
        await made.enrol(COORDINATOR, ELSEWHERE)
        await made.enrol(COLLEAGUE)
        yield made


async def referred_on(place: Place, name: str) -> Handed:
    case, there = await place.worked_on(name, HOUSING.agency), uuid4()
    reason = Sealed(f"{name} needs more")
    await place.take(SubmitReferral(there, case.person, ELSEWHERE, uuid4(), "gp", "phone", ago(hours=2), reason))
    return Handed(case, there, uuid4())


def offer_of(made: Handed) -> OfferTransfer:
    return OfferTransfer(made.case.case, made.transfer, made.there, Sealed("They live there now"))


def close_of(made: Handed) -> CloseCase:
    return CloseCase(made.case.case, "moved-away", london_day(ago(days=0)), Sealed("They have moved"))


async def accepted_there(place: Place, case: UUID) -> None:
    met = (EvaluatedCriterion("at-risk-of-crisis-if-no-action", met=True),)
    await place.take(AcceptReferral(case, met))


@live
async def test_it_is_closed_here_once_it_was_taken_on_there(place: Place):
    made = await referred_on(place, "Alba Wanderly")
    await place.mutate(offer_of(made))
    assert await place.refused(close_of(made)) == "TRANSFER_NOT_TAKEN_ON"
    await accepted_there(place, made.there)
    assert (await place.mutate(close_of(made)))["events"] == ["CaseTransferredOut", "CaseClosed"]
    await place.settled()
    (shown,) = (await place.ask(ASK, COORDINATOR, id=str(made.case.case)))["case"]["transfers"]
    assert shown["doneAt"]
    assert shown["reason"] == "They live there now"


@live
async def test_nobody_falls_between_the_two_by_times_that_are_said(place: Place):
    made = await referred_on(place, "Hera Wanderly")
    offering = offer_of(made)
    with pytest.raises(NoCaseToTransferTo):
        await place.take(offering, at=ago(days=1))
    await place.take(offering, at=ago(hours=1))
    await accepted_there(place, made.there)
    half_an_hour = ago(minutes=30)
    early = replace(close_of(made), closed_on=london_day(half_an_hour))
    with pytest.raises(TransferNotTakenOn):
        await place.take(early, at=half_an_hour)
    assert (await place.take(close_of(made))).events


def test_it_is_taken_on_by_the_day_on_which_it_closes_here():
    there = folded(*ACCEPTED)
    assert there.milestones.accepted_at == NOW
    closing = replace(GIVEN, at=NOW + timedelta(days=2))
    assert takes_on(there, NOW.date(), closing)
    assert not takes_on(there, NOW.date() - timedelta(days=1), closing)
    assert not takes_on(there, NOW.date(), replace(GIVEN, at=NOW - timedelta(minutes=1)))


@live
async def test_declined_there_it_stays_here_until_it_is_withdrawn(place: Place):
    made = await referred_on(place, "Bruno Wanderly")
    await place.mutate(offer_of(made))
    judged = (EvaluatedCriterion("at-risk-of-crisis-if-no-action", met=False, fact=Sealed("not so")),)
    led = Redirection(agency="housing-1", warm_handover=True)
    await place.take(RedirectReferral(made.there, "better-door", led, judged))
    assert await place.refused(close_of(made)) == "TRANSFER_NOT_TAKEN_ON"
    await place.mutate(WithdrawTransfer(made.case.case, made.transfer, Sealed("They were turned away")))
    assert (await place.mutate(close_of(made)))["events"] == ["CaseClosed"]


@live
async def test_to_a_case_of_the_same_person_in_another_programme_alone(place: Place):
    made, other = await referred_on(place, "Clara Wanderly"), await referred_on(place, "Dario Wanderly")
    for there in (other.there, other.case.case, made.case.case):
        assert await place.refused(offer_of(made._replace(there=there))) == "NO_CASE_TO_TRANSFER_TO"
    # One that is not there, and one that is not theirs to see, are answered alike.
    for there in (made.there, uuid4()):
        assert await place.refused(offer_of(made._replace(there=there)), COLLEAGUE) == "UNKNOWN_CASE"
    assert await place.refused(offer_of(made._replace(there=uuid4()))) == "UNKNOWN_CASE"


@live
async def test_whoever_only_referred_is_not_told_what_is_in_the_way_there(place: Place):
    """By what is answered of a case that is there they are told no more than of one that is not."""
    made, other = await referred_on(place, "Ciro Wanderly"), await referred_on(place, "Dina Wanderly")
    here = Actor("only-here@snn", COORDINATOR.agency, Role.COORDINATOR)
    await place.enrol(here)
    await place.enrol(replace(here, role=Role.REFERRER), ELSEWHERE)
    # As all that they are.
    referrer = replace(here, role=cast("Any", None))
    query = "query($id: UUID!) { case(id: $id) { number version } }"
    shown = await place.ask(query, referrer, id=str(other.there))
    assert shown["case"]["version"] is None
    absent = (await place.sent(offer_of(made._replace(there=uuid4())), referrer))["code"]
    assert (await place.sent(offer_of(made._replace(there=other.there)), referrer))["code"] == absent == "UNKNOWN_CASE"
    # To what they did refer they may still hand over, until it is handed over to here.
    await accepted_there(place, made.there)
    back = OfferTransfer(made.there, uuid4(), made.case.case, Sealed("They come from here"))
    await place.mutate(back)
    assert (await place.sent(offer_of(made), referrer))["code"] == "UNKNOWN_CASE"
    await place.mutate(WithdrawTransfer(made.there, back.transfer, Sealed("They do not")))
    await place.mutate(offer_of(made), referrer)


@live
async def test_that_both_are_of_one_person_is_not_told_by_handing_over_to_who_cannot_know_it(place: Place):
    """What somebody else wrote down as theirs may be about whom that one took them for."""
    made, there = await place.worked_on("Ida Wanderly"), uuid4()
    here = Actor("not-named@snn", COORDINATOR.agency, Role.COORDINATOR)
    await place.enrol(here)
    await place.enrol(replace(here, role=Role.REFERRER), ELSEWHERE)
    typed = SubmitReferral(there, made.person, ELSEWHERE, uuid4(), "gp", "phone", ago(hours=2), Sealed("They rang"))
    await place.take(replace(typed, on_behalf_of=here.agency), by=SYSTEM)
    both = replace(here, role=cast("Any", None))
    handed = Handed(made, there, uuid4())
    shown = await place.ask("query($id: UUID!) { case(id: $id) { number } }", both, id=str(there))
    assert shown["case"]
    absent = await place.sent(offer_of(handed._replace(there=uuid4())), both)
    told = await place.sent(offer_of(handed), both)
    assert told["code"] == absent["code"] == "UNKNOWN_CASE"
    # Nor, where it was handed over by somebody who knows, by what keeps this one from being closed.
    await place.take(offer_of(handed))
    before = await place.sent(close_of(handed), both)
    await accepted_there(place, there)
    assert await place.sent(close_of(handed), both) == before
    assert before["code"] == "TRANSFER_NOT_TAKEN_ON"


@live
async def test_that_somebodys_case_elsewhere_is_restricted_is_told_to_nobody_who_does_not_see_it(place: Place):
    made, other = await referred_on(place, "Jan Wanderly"), await referred_on(place, "Kim Wanderly")
    await place.mutate(RequestRestriction(other.case.person, uuid4(), RestrictionReason.OBJECTED, london_day(ago())))
    for there in (other.there, uuid4()):
        assert await place.refused(offer_of(made._replace(there=there)), COLLEAGUE) == "UNKNOWN_CASE"


@live
async def test_whoever_does_not_see_the_other_case_learns_nothing_of_it_by_closing_this(place: Place):
    made = await referred_on(place, "Fabia Wanderly")
    await place.mutate(offer_of(made))
    before = await place.sent(close_of(made), COLLEAGUE)
    await accepted_there(place, made.there)
    assert await place.sent(close_of(made), COLLEAGUE) == before
    assert before["code"] == "TRANSFER_NOT_TAKEN_ON"


@live
async def test_neither_is_closed_because_the_other_has_them_where_none_has(place: Place):
    made = await referred_on(place, "Gino Wanderly")
    await place.mutate(offer_of(made))
    await accepted_there(place, made.there)
    back = OfferTransfer(made.there, uuid4(), made.case.case, Sealed("They come from here"))
    assert await place.refused(back) == "NO_CASE_TO_TRANSFER_TO"
    ended = CloseCase(made.there, "disengaged", london_day(ago(days=0)), Sealed("They did not come"))
    await place.take(ended)
    assert await place.refused(close_of(made)) == "TRANSFER_NOT_TAKEN_ON"


@live
async def test_to_which_case_is_told_to_nobody_here(place: Place):
    made = await referred_on(place, "Elio Wanderly")
    await place.mutate(offer_of(made))
    await place.settled()
    trail = "query($id: UUID!) { auditTrail(streamId: $id, first: 50) { edges { node { event fact } } } }"
    for by in (COORDINATOR, HOUSING, AUDITOR):
        told: Any = await place.answer(ASK, by, id=str(made.case.case))
        assert made.transfer.hex in str(told).replace("-", "")
        told = [told, await place.answer(trail, by, id=str(made.case.case))]
        assert str(made.there) not in str(told)
    # Why is of the plan.
    (shown,) = (await place.ask(ASK, AUDITOR, id=str(made.case.case)))["case"]["transfers"]
    assert shown["reason"] == "They live there now"
