"""Whoever asks what is kept of somebody is answered within a month: written down, extended, given and refused, as
values; then by those who may, on the page of those who answer for it.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.calendar import is_working_day, london_day
from catch.domain.case.closing import CloseCase
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.referral import case_number
from catch.domain.erasing import ErasureReason, RequestErasure
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.given import Given
from catch.domain.refusals import OutOfRange, Refused
from catch.domain.subject_access import (
    AccessRequestOver,
    AskedBy,
    ExtendSubjectAccess,
    ExtensionReason,
    GiveSubjectAccess,
    RefusalReason,
    RefuseSubjectAccess,
    Requests,
    RequestSubjectAccess,
    SubjectAccessCommand,
    SubjectAccessEvent,
    SubjectAccessExtended,
    SubjectAccessGiven,
    SubjectAccessRefused,
    SubjectAccessRequested,
    UnknownAccessRequest,
    decide,
    due_after,
    evolve,
)
from catch.subject_access.content import Decided
from catch.subject_access.gathering import NoSuchRequest, gathered
from catch.subject_access.making import Days, made
from catch.subject_access.page import html
from projections import data_requests
from tests.browser import signed_in
from tests.canaries.channels import OPERATIONS
from tests.cases import recorded
from tests.conftest import Furnished
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, REFERRER, Place, ago

ONE, FIRST, SECOND = (UUID(int=number) for number in range(1, 4))
RECEIVED = date(2026, 4, 30)
DUE, LATER = date(2026, 6, 1), date(2026, 7, 30)  # 30 May is a Saturday
NOW = datetime(2026, 5, 20, 10, tzinfo=UTC)
BY = Given(NOW, Actor("cora", "snn", Role.COORDINATOR), now=NOW)
ASKED = SubjectAccessRequested(FIRST, AskedBy.PERSON, RECEIVED, DUE, "cora", "snn")
TOLD, TODAY = date(2026, 5, 19), date(2026, 5, 20)
EXTENDED = SubjectAccessExtended(FIRST, ExtensionReason.COMPLEX, TOLD, LATER)
GIVEN = SubjectAccessGiven(FIRST, TODAY)
REFUSED = SubjectAccessRefused(FIRST, RefusalReason.EXCESSIVE, TODAY)
ASK = RequestSubjectAccess(ONE, FIRST, AskedBy.PERSON, RECEIVED)
EXTEND = ExtendSubjectAccess(ONE, FIRST, ExtensionReason.COMPLEX, TOLD)
GIVE = GiveSubjectAccess(ONE, FIRST, TODAY)
REFUSE = RefuseSubjectAccess(ONE, FIRST, RefusalReason.EXCESSIVE, TODAY)
AFTER = replace(BY, at=NOW + timedelta(days=30), now=NOW + timedelta(days=30))


def held(*history: SubjectAccessEvent) -> Requests:
    return reduce(lambda state, event: evolve(state, event, NOW), history, ())


# The month


@pytest.mark.parametrize(
    ("received", "months", "due"),
    [
        (date(2026, 3, 3), 1, date(2026, 4, 7)),  # 3 to 6 April: Good Friday to Easter Monday
        (date(2026, 1, 31), 1, date(2026, 3, 2)),  # 28 February is a Saturday
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 1, date(2024, 3, 29) + timedelta(days=4)),  # Good Friday, then the weekend and Monday
        (date(2023, 1, 29), 1, date(2023, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 3, 1)),  # 28 February is a Sunday
        (date(2026, 11, 25), 1, date(2026, 12, 29)),  # Christmas, Boxing Day's substitute
        (date(2026, 12, 31), 1, date(2027, 2, 1)),  # 31 January is a Sunday
    ],
)
def test_a_month_is_a_calendar_month_that_ends_on_a_working_day(received: date, months: int, due: date):
    assert due_after(received, months) == due


@given(st.dates(date(2000, 1, 1), date(2099, 1, 1)), st.sampled_from([1, 3]))
def test_it_never_ends_before_the_day_itself_nor_on_a_day_that_nobody_works(received: date, months: int):
    due = due_after(received, months)
    assert is_working_day(due)
    # At the least February's days, at the most a month and the longest run of days that nobody works.
    assert 28 * months <= (due - received).days <= 31 * months + 6


# As values


@pytest.mark.parametrize(
    ("history", "command", "event"),
    [
        ((), ASK, ASKED),
        ((ASKED,), replace(ASK, request=SECOND), replace(ASKED, request=SECOND)),
        ((ASKED,), EXTEND, EXTENDED),
        ((ASKED,), GIVE, GIVEN),
        ((ASKED, EXTENDED), GIVE, GIVEN),
        ((ASKED,), REFUSE, REFUSED),
    ],
)
def test_what_is_asked_for_is_recorded_and_again_nothing(
    history: Sequence[SubjectAccessEvent], command: SubjectAccessCommand, event: SubjectAccessEvent
):
    assert decide(held(*history), command, BY) == [event]
    assert decide(held(*history, event), command, BY) == []


@pytest.mark.parametrize(
    ("history", "command", "by", "refusal"),
    [
        ((), GIVE, BY, UnknownAccessRequest),
        ((), replace(ASK, received_on=date(2026, 5, 21)), BY, OutOfRange),
        ((), replace(ASK, received_on=date(1926, 4, 30)), BY, OutOfRange),
        # Told after the month, it is not extended: it is late.
        ((ASKED,), replace(EXTEND, told_on=date(2026, 6, 2)), AFTER, OutOfRange),
        ((ASKED,), replace(EXTEND, told_on=date(2026, 5, 21)), BY, OutOfRange),
        ((ASKED,), replace(EXTEND, told_on=date(2026, 4, 29)), BY, OutOfRange),
        ((ASKED,), replace(GIVE, given_on=date(2026, 5, 21)), BY, OutOfRange),
        ((ASKED,), replace(GIVE, given_on=date(2026, 4, 29)), BY, OutOfRange),
        ((ASKED,), replace(REFUSE, told_on=date(2026, 5, 21)), BY, OutOfRange),
        ((ASKED, GIVEN), REFUSE, BY, AccessRequestOver),
        ((ASKED, GIVEN), EXTEND, BY, AccessRequestOver),
        ((ASKED, REFUSED), GIVE, BY, AccessRequestOver),
        # Nothing is answered before it was asked.
        ((ASKED,), GIVE, replace(BY, at=NOW - timedelta(hours=1)), OutOfRange),
    ],
)
def test_what_is_refused(
    history: Sequence[SubjectAccessEvent], command: SubjectAccessCommand, by: Given, refusal: type[Refused]
):
    with pytest.raises(refusal):
        decide(held(*history), command, by)


def test_told_in_time_and_written_down_late_it_is_extended_all_the_same():
    assert decide(held(ASKED), EXTEND, AFTER) == [EXTENDED]


def test_late_is_what_was_not_answered_by_the_day():
    (waiting,), (answered,) = held(ASKED), held(ASKED, GIVEN)
    assert [waiting.late(day) for day in (DUE, DUE + timedelta(days=1))] == [False, True]
    assert not answered.late(date(2030, 1, 1))
    (late,) = held(ASKED, replace(GIVEN, given_on=DUE + timedelta(days=1)))
    assert late.late(date(2030, 1, 1))
    (longer,) = held(ASKED, EXTENDED)
    assert [longer.late(day) for day in (LATER, LATER + timedelta(days=1))] == [False, True]


def test_the_list_names_the_day_on_which_the_next_is_due():
    row, seen = None, list[date]()
    for fact in (ASKED, EXTENDED, replace(ASKED, request=SECOND), replace(GIVEN, request=SECOND), GIVEN):
        row = data_requests.fold(row, recorded(fact, stream=ONE), ONE)
        seen.append(row.due)
    assert seen == [DUE, LATER, DUE, LATER, data_requests.NOTHING_DUE]


# By those who may

live = pytest.mark.asyncio(loop_scope="module")
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as opened:
        await opened.enrol(CALDICOTT)
        yield opened


async def asked(place: Place, name: str, days: int) -> tuple[UUID, UUID, UUID]:
    """Somebody's case, who they are, and what they asked so long ago."""
    case, request = await place.worked_on(name), uuid4()
    await place.mutate(RequestSubjectAccess(case.person, request, AskedBy.PERSON, london_day(ago(days=days))))
    await place.settled()
    return case.case, case.person, request


async def waiting(place: Place) -> list[dict[str, Any]]:
    found = await place.ask(OPERATIONS["data_requests"], CALDICOTT)
    return [edge["node"] for edge in found["dataRequests"]["edges"]]


async def of_case(place: Place, case: UUID, by: Actor = COORDINATOR) -> Any:
    shown = (await place.ask(OPERATIONS["case"], by, id=str(case)))["case"]
    return shown["person"]["accessRequests"] if shown and shown["person"] else []


@live
async def test_a_coordinator_writes_it_down_and_who_answers_for_it_answers(place: Place):
    case, person, request = await asked(place, "Ada Greenquill", 40)
    _, other, _ = await asked(place, "Bo Greenquill", 2)
    # What is due first stands first, and that it is overdue is said.
    first, second = [each for each in await waiting(place) if each["person"] in (str(person), str(other))]
    assert (first["person"], second["person"]) == (str(person), str(other))
    assert [each["accessRequests"][0]["overdue"] for each in (first, second)] == [True, False]
    assert first["cases"][0]["number"] == case_number(case)
    assert first["accessRequests"][0]["by"]["user"] == COORDINATOR.user
    (told,) = await of_case(place, case)
    assert (told["state"], told["overdue"]) == ("WAITING", True)
    for by in (COORDINATOR, CHAIR, HOUSING, REFERRER, AUDITOR):
        given = GiveSubjectAccess(person, request, london_day(ago()))
        assert await place.refused(given, by) == "NOT_ALLOWED"
        if by is not COORDINATOR:
            assert await place.code(OPERATIONS["data_requests"], by) == "NOT_FOR_YOUR_ROLE"
            assert await of_case(place, case, by) == []
    await place.mutate(GiveSubjectAccess(person, request, london_day(ago())), CALDICOTT)
    await place.settled()
    (told,) = await of_case(place, case)
    assert (told["state"], told["overdue"], told["endedOn"]) == ("GIVEN", True, london_day(ago()).isoformat())


@live
async def test_nobody_is_erased_who_waits_for_an_answer(place: Place):
    case = await place.referred("Cora Greenquill", at=ago(days=90))
    await place.take(AcceptReferral(case.case), at=ago(days=89))
    await place.take(AllocateCoordinator(case.case, COORDINATOR.user, COORDINATOR.agency), at=ago(days=89))
    closed = CloseCase(case.case, "disengaged", london_day(ago(days=60)), Sealed("Not wanted"))
    await place.take(closed, at=ago(days=60))
    request, erasure = uuid4(), RequestErasure(case.person, uuid4(), ErasureReason.PERSON_ASKED)
    await place.mutate(RequestSubjectAccess(case.person, request, AskedBy.ATTORNEY, london_day(ago(days=3))), CALDICOTT)
    for by in (COORDINATOR, CALDICOTT):
        assert await place.refused(erasure, by) == "ACCESS_ASKED_FOR"
    refused = RefuseSubjectAccess(case.person, request, RefusalReason.NO_LONGER_WANTED, london_day(ago()))
    await place.mutate(refused, CALDICOTT)
    await place.mutate(erasure)


@live
async def test_the_page_leads_who_answers_to_all_of_it(place: Place):
    case, person, request = await asked(place, "Dora Greenquill", 2)
    async with signed_in(place, CALDICOTT) as client:
        page = (await client.get("/data-requests")).text
        assert case_number(case) in page
        assert "Greenquill" not in page
        for command in ("give-subject-access", "refuse-subject-access", "extend-subject-access"):
            address = f"/do/{command}?person={person}&request={request}&next=/data-requests"
            assert address.replace("&", "&amp;") in page
            assert (await client.get(address)).status_code == 200
    async with signed_in(place, COORDINATOR) as client:
        assert (await client.get("/data-requests")).status_code in (403, 404)
        assert "Asked what is kept of them" in (await client.get(f"/cases/{case}")).text


@live
async def test_what_is_given_names_what_it_answers(place: Place, tmp_path: Path):
    case, _, request = await asked(place, "Ed Greenquill", 2)
    found = await gathered(place.catch, case)

    async def nobody(_: object) -> None:
        """Nobody looks but the test."""

    pack = await made(place.catch, found, Days(), Decided(), nobody, request)
    assert pack.asked
    assert pack.asked.due == due_after(london_day(ago(days=2)), 1)
    assert "In answer to" in html(pack)
    assert "In answer to" not in html(await made(place.catch, found, Days(), Decided(), nobody))
    with pytest.raises(NoSuchRequest):
        await made(place.catch, found, Days(), Decided(), nobody, uuid4())
