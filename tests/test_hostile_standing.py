"""Detours to what nobody gave: each was tried over the API as somebody would who wants to know more than they may."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.disclosure import EndInvolvement
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import AttachReferral, SubmitReferral
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting
from catch.domain.partner import GiveRole
from catch.domain.person import ProtectionReason, SetProtectedAddress
from catch.domain.streams import partner_stream
from tests.conftest import Database
from tests.place import (
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    PROGRAMME,
    REFERRER,
    SERIES,
    SYSTEM,
    Place,
    as_input,
    placed,
)

OTHER = Actor("coordinator@bexley", "bexley", Role.COORDINATOR)
ELSEWHERE = Actor("coordinator@care-2", "care-2", Role.COORDINATOR)
BEXLEY = "bexley-icm"


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as there:
        yield there


TRAIL = """query($s: UUID!) { auditTrail(stream: $s, first: 200) {
    edges { node { event changes { path before after } } } } }"""


async def trail(place: Place, stream: UUID, by: Actor) -> list[Any]:
    await place.settled()
    return [edge["node"] for edge in (await place.ask(TRAIL, by, s=str(stream)))["auditTrail"]["edges"]]


def referring(person: UUID, programme: str = PROGRAMME, source: str = "police") -> SubmitReferral:
    now = datetime.now(UTC)
    return SubmitReferral(uuid4(), person, programme, uuid4(), source, "phone", now, Sealed("Again."))


async def test_the_auditor_of_one_programme_does_not_read_in_which_others_a_person_is_known(place: Place):
    made = await place.referred("Ada Two Programmes")
    await place.enrol(OTHER, BEXLEY)
    there = referring(made.person, BEXLEY, "gp")
    await place.take(there, SYSTEM)
    await place.take(SetProtectedAddress(made.person, True, ProtectionReason.PERSON_ASKED), SYSTEM)
    read = await trail(place, made.person, AUDITOR)
    assert [each["event"] for each in read if each["event"] == "PersonReferred"]
    assert BEXLEY not in str(read)
    assert str(there.case) not in str(read)


async def test_an_auditor_does_not_read_which_cases_another_was_assigned(place: Place):
    made = await place.referred("Ada Assigned")
    second = Actor("second@audit", "audit", Role.AUDITOR)
    await place.enrol(second)
    given = GiveRole(
        "audit", second.user, Role.AUDITOR, london_day(datetime.now(UTC)), None, BEXLEY, None, (made.case,)
    )
    await place.take(given, SYSTEM)
    read = await trail(place, partner_stream("audit"), AUDITOR)
    assert "RoleGiven" in str(read)
    assert str(made.case) not in str(read)


PERSON = "query($c: UUID!) { case(id: $c) { person { name } } }"


async def test_whoever_is_recused_does_not_come_back_by_referring_the_person_again(place: Place):
    made = await place.worked_on("Ada Recused Again")
    await place.take(DeclareRecusal(made.case, COORDINATOR.user, "snn"), COORDINATOR)
    again = referring(made.person)
    assert await place.refused(again, COORDINATOR) == "UNKNOWN_PERSON"
    assert await place.refused(referring(uuid4()), COORDINATOR) == "UNKNOWN_PERSON"
    await place.settled()
    assert (await place.ask(PERSON, COORDINATOR, c=str(again.case)))["case"] is None


async def test_another_front_door_does_not_read_a_person_by_referring_them(place: Place):
    made = await place.worked_on("Ada Known There")
    await place.enrol_elsewhere(ELSEWHERE)
    assert (await place.ask(PERSON, ELSEWHERE, c=str(made.case)))["case"] is None
    again = referring(made.person)
    assert await place.refused(again, ELSEWHERE) == "UNKNOWN_PERSON"
    await place.settled()
    assert (await place.ask(PERSON, ELSEWHERE, c=str(again.case)))["case"] is None
    protecting = SetProtectedAddress(made.person, False, ProtectionReason.NO_LONGER_NEEDED)
    assert await place.refused(protecting, ELSEWHERE) == "UNKNOWN_PERSON"


async def test_whoever_referred_second_does_not_read_what_was_before_in_the_history(place: Place):
    made = await place.referred("Ada Second Door")
    await place.take(AcceptReferral(made.case))
    before = datetime.now(UTC)
    attached = AttachReferral(
        made.case, made.person, uuid4(), "primary-care", "phone", before, Sealed("Falls."), on_behalf_of="surgery-1"
    )
    await place.take(attached)
    await place.settled()
    asked = """query($c: UUID!, $t: DateTime!) { now: case(id: $c) { state }
        then: case(id: $c, asAt: {recordedAt: $t}) { state referral { id } } }"""
    shown = await place.ask(asked, REFERRER, c=str(made.case), t=before.isoformat())
    assert shown == {"now": {"state": "ACCEPTED"}, "then": None}


async def test_who_is_shown_no_version_neither_finds_it_nor_is_answered_with_it(place: Place):
    made = await place.worked_on("Ada Counted", "housing-1", "police-1")
    await place.take(AddNote(made.case, uuid4(), Category.DISCUSSION, Sealed("For police."), frozenset({"police-1"})))
    query = """mutation($i: AddNoteInput!, $c: UUID!, $e: Int) {
        addNote(input: $i, commandId: $c, expectedVersion: $e) {
        __typename ... on Accepted { version } ... on Refused { code } } }"""

    async def added(by: Actor, expected: int | None, command_id: UUID) -> Any:
        note = as_input(AddNote(made.case, uuid4(), Category.DISCUSSION, Sealed("We were there.")))
        answer = await place.ask(query, by, i=note | {"note": str(made.case)}, c=str(command_id), e=expected)
        return answer["addNote"]

    once = uuid4()
    for expected in (None, *range(16)):
        assert await added(HOUSING, expected, uuid4()) == {"__typename": "Accepted", "version": 0}
    for _ in range(2):
        assert await added(HOUSING, None, once) == {"__typename": "Accepted", "version": 0}
    assert (await added(COORDINATOR, 1, uuid4())) == {"__typename": "Refused", "code": "STALE"}
    assert (await added(COORDINATOR, None, uuid4()))["version"] > 10


async def test_what_somebody_is_invited_to_in_person_is_not_in_their_colleagues_inbox(place: Place):
    colleague = Actor("second@housing-1", "housing-1", Role.PARTNER)
    await place.enrol(colleague)
    meeting, starts = uuid4(), datetime.now(UTC) + timedelta(days=2)
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, starts, CHAIR.user))
    inbox = "{ agencyInbox { edges { node { kind meetingId } } } }"
    async with place.live(colleague) as client:
        await client.subscribe("i", "subscription { agencyInbox { ... on InboxUpdate { event } } }")
        assert (await client.next("i"))["event"] == "Present"
        await place.take(InviteMember(meeting, "housing-1", HOUSING.user))
        await place.settled()
        await client.silent()
    asked = "query($m: UUID!) { meeting(id: $m) { id } }"
    assert (await place.ask(asked, colleague, m=str(meeting)))["meeting"] is None
    assert (await place.ask(inbox, colleague))["agencyInbox"]["edges"] == []
    [edge] = (await place.ask(inbox, HOUSING))["agencyInbox"]["edges"]
    assert edge["node"] == {"kind": "INVITATION", "meetingId": str(meeting)}


ON_AGENDA = "query($m: UUID!) { meeting(id: $m) { agenda { items { number } } } }"


async def numbers(place: Place, meeting: UUID, by: Actor) -> list[str | None]:
    await place.settled()
    return [each["number"] for each in (await place.ask(ON_AGENDA, by, m=str(meeting)))["meeting"]["agenda"]["items"]]


async def test_a_part_that_has_ended_since_publication_shows_nothing_on_the_agenda(place: Place):
    made = await place.worked_on("Ada Once On It", "housing-1")
    meeting = (await place.published("snn", "housing-1")).meeting
    assert None not in await numbers(place, meeting, HOUSING)
    await place.take(EndInvolvement(made.case, "housing-1"))
    assert await numbers(place, meeting, HOUSING) == [None]


async def test_a_meeting_that_was_called_off_shows_its_members_no_case(place: Place):
    await place.worked_on("Ada Called Off", "housing-1")
    meeting = (await place.published("snn", "housing-1")).meeting
    await place.take(CancelMeeting(meeting, Sealed("Snow.")))
    assert await numbers(place, meeting, HOUSING) == [None]


async def test_a_page_of_an_inbox_says_nothing_of_what_is_closed(place: Place):
    made = await place.worked_on("Ada Cursor", "housing-1")
    due = london_day(datetime.now(UTC) + timedelta(days=11))
    await place.take(OfferAction(made.case, uuid4(), Sealed("Mend the stairs"), "housing-1", due))
    await place.take(EndInvolvement(made.case, "housing-1"))
    await place.settled()
    query = "{ agencyInbox(first: 1) { edges { cursor } pageInfo { hasNextPage endCursor } } }"
    page = (await place.ask(query, HOUSING))["agencyInbox"]
    assert page == {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


async def test_whoever_referred_second_does_not_hear_what_was_before(place: Place):
    made = await place.referred("Ada Heard Before")
    await place.take(AcceptReferral(made.case))
    before = datetime.now(UTC)
    attached = AttachReferral(
        made.case, made.person, uuid4(), "primary-care", "phone", before, Sealed("Falls."), on_behalf_of="surgery-1"
    )
    await place.take(attached)
    await place.settled()
    query = 'subscription($c: UUID!) { caseUpdates(caseId: $c, after: "0") { ... on CaseUpdate { event } } }'
    async with place.live(REFERRER) as client:
        await client.subscribe("c", query, c=str(made.case))
        assert await client.next("c") == {"event": "ReferralAttached"}
