"""Money from a fund of the programme: one asks, another answers, no more than a case may have, and only then paid."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.disclosure import AuthoriseDisclosure
from catch.domain.case.funds import (
    ApproveFundAward,
    DeclineFundAward,
    FundAwardAnswered,
    FundAwardApproved,
    FundAwardDeclined,
    FundAwardNotApproved,
    FundAwardPaid,
    FundAwardRequested,
    FundExhausted,
    RecordFundPayment,
    RequestFundAward,
    UnknownFund,
    UnknownFundAward,
    asked_of,
)
from catch.domain.case.rules import AskedByYourself, CaseNotLive, NotAccepted
from catch.domain.case.state import Worker
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.refusals import OutOfRange, Refused
from catch.web.console.forms import Form
from catch.web.console.rendering import pounds
from tests.cases import ACCEPTED, CASE, GIVEN, LEAD, NOW, TEXT, TODAY, case_given, folded, received, uid
from tests.conftest import Furnished
from tests.place import AUDITOR, BASIS, CHAIR, COORDINATOR, HOUSING, Case, Place
from tests.test_case_versions import closed

request = RequestFundAward(CASE, uid(75), "hardship-fund", 4000, TEXT, TEXT)
asked = FundAwardRequested(uid(75), "hardship-fund", 4000, TEXT, TEXT, LEAD)
approve, decline = ApproveFundAward(CASE, uid(75)), DeclineFundAward(CASE, uid(75), TEXT)
pay = RecordFundPayment(CASE, uid(75), TODAY)
OTHER = replace(GIVEN, by=Actor("carla", "snn", Role.COORDINATOR))
CARLA = Worker("carla", "snn")
approved, declined = FundAwardApproved(uid(75), CARLA), FundAwardDeclined(uid(75), TEXT, CARLA)


def test_one_asks_another_answers_and_then_it_is_paid_once():
    case_given(*ACCEPTED).when(request, GIVEN).then(asked)
    case_given(*ACCEPTED, asked).when(request, GIVEN).then()
    for answer, fact in ((approve, approved), (decline, declined)):
        case_given(*ACCEPTED, asked).when(answer, GIVEN).refused(AskedByYourself)
        case_given(*ACCEPTED, asked).when(answer, OTHER).then(fact)
        case_given(*ACCEPTED, asked, fact).when(answer, OTHER).then()
        case_given(*ACCEPTED).when(answer, OTHER).refused(UnknownFundAward, award=uid(75))
    case_given(*ACCEPTED, asked, declined).when(approve, OTHER).refused(FundAwardAnswered)
    case_given(*ACCEPTED, asked, approved).when(decline, OTHER).refused(FundAwardAnswered)
    case_given(*ACCEPTED, asked, approved).when(pay, GIVEN).then(FundAwardPaid(uid(75), TODAY))
    case_given(*ACCEPTED, asked, approved, FundAwardPaid(uid(75), TODAY)).when(pay, GIVEN).then()


def test_nothing_is_paid_that_nobody_approved_nor_on_a_day_on_which_it_cannot_have_been():
    case_given(*ACCEPTED).when(pay, GIVEN).refused(UnknownFundAward)
    case_given(*ACCEPTED, asked).when(pay, GIVEN).refused(FundAwardNotApproved)
    case_given(*ACCEPTED, asked, declined).when(pay, GIVEN).refused(FundAwardNotApproved)
    case = folded(*ACCEPTED, asked, approved)
    assert case is not None
    (held,) = case.fund_awards
    assert held.approved_at is not None
    for day in (held.approved_at.date() - timedelta(days=1), NOW.date() + timedelta(days=1)):
        case_given(*ACCEPTED, asked, approved).when(replace(pay, paid_on=day), GIVEN).refused(OutOfRange)
    before = replace(GIVEN, at=held.approved_at - timedelta(minutes=1))
    case_given(*ACCEPTED, asked, approved).when(pay, before).refused(OutOfRange, field="occurredAt")


def test_of_a_fund_that_the_programme_has_for_a_case_that_is_worked_on():
    case_given(received).when(request, GIVEN).refused(NotAccepted)
    case_given(*ACCEPTED, closed).when(request, GIVEN).refused(CaseNotLive, state="closed")
    unknown = replace(request, fund="crisis-fund")
    case_given(*ACCEPTED).when(unknown, GIVEN).refused(UnknownFund, fund="crisis-fund", known="hardship-fund, trips")
    # What was asked for before the case closed is still answered and paid.
    case_given(*ACCEPTED, asked, closed).when(approve, OTHER).then(approved)
    case_given(*ACCEPTED, asked, approved, closed).when(pay, GIVEN).then(FundAwardPaid(uid(75), TODAY))


def test_no_more_than_one_case_may_have_of_it_but_for_what_was_declined():
    more = RequestFundAward(CASE, uid(76), "hardship-fund", 1001, TEXT, TEXT)
    for held in ((asked,), (asked, approved), (asked, approved, FundAwardPaid(uid(75), TODAY))):
        case_given(*ACCEPTED, *held).when(more, GIVEN).refused(FundExhausted, fund="hardship-fund", left=1000)
        case_given(*ACCEPTED, *held).when(replace(more, pence=1000), GIVEN).recorded(FundAwardRequested)
    case_given(*ACCEPTED, asked, declined).when(more, GIVEN).recorded(FundAwardRequested)
    case_given(*ACCEPTED).when(replace(request, pence=5001), GIVEN).refused(FundExhausted, left=5000)
    # Without a limit as much as one award may be.
    case_given(*ACCEPTED, asked).when(replace(more, fund="trips", pence=10_000_000), GIVEN).recorded(FundAwardRequested)


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(st.sampled_from(["request", "approve", "decline", "pay"]), st.integers(0, 4), st.integers(1, 6000)),
    max_size=20,
)


@given(steps)
def test_whatever_is_done_a_case_never_has_more_than_it_may_and_nothing_is_paid_unapproved(done: list[Step]):
    stream = case_given(*ACCEPTED)
    for what, award, pence in done:
        command = {
            "request": RequestFundAward(CASE, uid(80 + award), "hardship-fund", pence, TEXT, TEXT),
            "approve": ApproveFundAward(CASE, uid(80 + award)),
            "decline": DeclineFundAward(CASE, uid(80 + award), TEXT),
            "pay": RecordFundPayment(CASE, uid(80 + award), TODAY),
        }[what]
        with suppress(Refused):
            stream = stream.after(OTHER if what in ("approve", "decline") else GIVEN, command)
        case = stream.state
        assert case is not None
        assert asked_of(case, "hardship-fund") <= 5000
        for held in case.fund_awards:
            assert not (held.approved_at and held.declined_at)
            assert held.paid_on is None or held.approved_at
            assert held.answered_by is None or held.answered_by.user != held.by.user


@pytest.mark.parametrize(
    ("typed", "pence"),
    [("25", 2500), ("25.50", 2550), ("£1,250", 125_000), ("£ 0.01", 1), ("1,234,567.89", 123_456_789), (" 7 ", 700)],
)
def test_an_amount_is_typed_in_pounds(typed: str, pence: int):
    form = Form(RequestFundAward, {"pence": [typed]})
    assert form.filled()["pence"] == pence
    assert form.problem("pence") is None


@pytest.mark.parametrize("typed", ["25,50", "25.5", "twenty", "-5", "1.000", "1,23", "25 pounds", "9" * 9, "٢٥", "1e3"])
def test_what_is_no_amount_is_said_to_be_none_and_stays(typed: str):
    form = Form(RequestFundAward, {"pence": [typed]})
    assert "pence" not in form.filled()
    assert form.problem("pence") == "Enter an amount in pounds, such as 25 or 25.50."
    assert form.value("pence") == typed


def test_an_amount_is_shown_in_pounds():
    assert [pounds(pence) for pence in (1, 2500, 2550, 125_000, 10_000_000)] == [
        "£0.01", "£25", "£25.50", "£1,250", "£100,000",
    ]  # fmt: skip


# In a place

live = pytest.mark.asyncio(loop_scope="module")
SECOND = Actor("second@snn", "snn", Role.COORDINATOR)
ASK = """query($id: UUID!) { case(id: $id) {
    fundAwards { id fund pence purpose payee by { user } approvedAt declinedReason paidOn }
    redactions { path reason } } }"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        await made.enrol(SECOND)
        yield made


async def awarded(place: Place, name: str) -> tuple[Case, RequestFundAward]:
    case = await place.worked_on(name, HOUSING.agency)
    sent = RequestFundAward(case.case, uuid4(), "hardship-fund", 4550, Sealed("A bed"), Sealed("Example Beds"))
    await place.mutate(sent)
    return case, sent


@live
async def test_an_award_from_the_asking_to_the_day_it_was_paid(place: Place):
    case, sent = await awarded(place, "Alba Fundly")
    assert await place.refused(ApproveFundAward(case.case, sent.award)) == "ASKED_BY_YOURSELF"
    assert (await place.mutate(ApproveFundAward(case.case, sent.award), SECOND))["events"] == ["FundAwardApproved"]
    day = london_day(place.catch.log.clock.now())
    await place.mutate(RecordFundPayment(case.case, sent.award, day))
    await place.settled()
    (shown,) = (await place.ask(ASK, COORDINATOR, id=str(case.case)))["case"]["fundAwards"]
    assert (shown["pence"], shown["purpose"], shown["payee"]) == (4550, "A bed", "Example Beds")
    assert (shown["by"], shown["paidOn"]) == ({"user": COORDINATOR.user}, day.isoformat())


@live
async def test_money_is_told_to_those_alone_to_whom_it_is_disclosed(place: Place):
    case, sent = await awarded(place, "Bruno Fundly")
    await place.settled()

    async def seen(by: Actor) -> tuple[list[Any], list[str]]:
        held = (await place.ask(ASK, by, id=str(case.case)))["case"]
        return held["fundAwards"], [each["path"] for each in held["redactions"]]

    awards, withheld = await seen(HOUSING)
    assert awards == []
    assert "fundAwards" in withheld
    # As of a case without any.
    other = await place.worked_on("Clara Fundly", HOUSING.agency)
    await place.settled()
    assert (await place.ask(ASK, HOUSING, id=str(other.case)))["case"]["fundAwards"] == []
    assert [each["id"] for each in (await seen(AUDITOR))[0]] == [str(sent.award)]
    told = AuthoriseDisclosure(
        case.case, uuid4(), HOUSING.agency, frozenset({Category.FUNDS}), BASIS, Sealed("They pay")
    )
    await place.take(told)
    await place.settled()
    assert [each["payee"] for each in (await seen(HOUSING))[0]] == ["Example Beds"]
    for command in (ApproveFundAward(case.case, sent.award), DeclineFundAward(case.case, sent.award, Sealed("No"))):
        assert await place.refused(command, HOUSING) == "NOT_ALLOWED"
        assert await place.refused(command, CHAIR) in ("NOT_ALLOWED", "UNKNOWN_CASE")
