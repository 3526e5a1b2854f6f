"""Whoever is kept out of a case is kept out by every way: commands, queries, sockets; at this meeting and at others."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from catch.access import Who, seats_of
from catch.access import recused as kept_out
from catch.domain.calendar import london_day
from catch.domain.case.actions import ActionAnswer, OfferAction, RespondToAction
from catch.domain.case.disclosure import AuthoriseDisclosure
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal, ResolveRecusal
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.meeting.attendance import (
    AcceptConfidentiality,
    DeclareInterest,
    JoinMeeting,
    ResolveInterest,
)
from catch.domain.meeting.deciding import RecordDecision
from catch.domain.meeting.drafting import DraftAgenda
from catch.domain.meeting.editing import RemoveItem
from catch.domain.meeting.floor import CloseItem, DeferItem, OpenItem
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.items import DecisionCode, DeferReason
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import HandOverChair, StartMeeting
from catch.domain.meeting.state import Meeting
from catch.domain.restricted import RaiseSafeguardingConcern
from catch.domain.streams import CASE
from tests.conftest import Database
from tests.place import (
    AUDITOR,
    BASIS,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    SERIES,
    Case,
    Place,
    as_input,
    placed,
)

COLLEAGUE = Actor("second@snn", "snn", Role.COORDINATOR)
DEPUTY = Actor("deputy@snn", "snn", Role.DEPUTY)
ANOTHER_CHAIR = Actor("another@snn", "snn", Role.CHAIR)
WHY = Sealed("A neighbour of theirs.")


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        for somebody in (COLLEAGUE, DEPUTY, ANOTHER_CHAIR):
            await opened.enrol(somebody)
        yield opened


async def answered(place: Place, command: Command, by: Actor) -> Any:
    """What the API says to the command, all of it but the position."""
    kind = type(command).__name__
    name = kind[0].lower() + kind[1:]
    query = f"""mutation($i: {kind}Input!, $c: UUID!) {{ {name}(input: $i, commandId: $c) {{ __typename
        ... on Accepted {{ stream version events }}
        ... on Refused {{ code message details {{ path name value }} }} }} }}"""
    return (await place.ask(query, by, i=as_input(command), c=str(uuid4())))[name]


async def code(place: Place, command: Command, by: Actor) -> str | None:
    return (await answered(place, command, by)).get("code")


async def recused(place: Place, case: Case, who: Actor, by: Actor = COLLEAGUE) -> None:
    await place.take(DeclareRecusal(case.case, who.user, who.agency, WHY), by)
    await place.settled()


async def begun(place: Place, meeting: Meeting) -> UUID:
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    for who in (COORDINATOR, HOUSING):
        await place.take(JoinMeeting(meeting.meeting, who.user, who.agency), who)
        await place.take(AcceptConfidentiality(meeting.meeting, who.user), who)
    return meeting.items[0].item


async def test_what_the_recused_ask_of_a_case_is_answered_as_if_there_were_none(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    action, tomorrow = uuid4(), london_day(datetime.now(UTC)) + timedelta(days=1)
    await place.take(OfferAction(case.case, action, Sealed("Mend it"), "housing-1", tomorrow))
    note = AddNote(case.case, uuid4(), Category.PLAN, Sealed("Said by us"))
    respond = RespondToAction(case.case, action, ActionAnswer.ACCEPT)
    wide = frozenset({Category.PLAN})
    disclose = AuthoriseDisclosure(case.case, uuid4(), "police-1", wide, BASIS, Sealed("Needed."))
    for who in (HOUSING, COORDINATOR):
        await recused(place, case, who)
    nobodys = uuid4()
    for command, by in ((note, HOUSING), (respond, HOUSING), (disclose, COORDINATOR), (note, COORDINATOR)):
        told = await answered(place, command, by)
        assert told["code"] == "UNKNOWN_CASE"
        if by is COORDINATOR:
            nothing = await answered(place, replace(command, case=nobodys), by)
            assert str(told).replace(str(case.case), str(nobodys)) == str(nothing)
    for who in (HOUSING, COORDINATOR):
        assert await code(place, ResolveRecusal(case.case, who.user, WHY), who) is not None
        body = await place.ask(
            """query($c: UUID!) { case(id: $c) { number version lead { user } referrals { referrer { user } } }
               cases(first: 9) { edges { node { id } } } }""", who, c=str(case.case))  # fmt: skip
        assert body == {"case": None, "cases": {"edges": []}}
    state = (await place.catch.present.states.get(CASE, case.case)).state
    assert {held.state for held in state.actions} == {"offered"}
    assert [held.agency for held in state.disclosures] == ["housing-1"]
    # Their colleague goes on working.
    assert await code(place, note, COLLEAGUE) is None


async def test_a_recusal_outlives_the_item_in_which_it_was_declared(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    first = await place.published("housing-1")
    item = first.items[0].item
    await place.take(DeclareInterest(first.meeting, item, HOUSING.user, HOUSING.agency, note=WHY), HOUSING)
    await place.take(RemoveItem(first.meeting, item, Sealed("Not today.")), CHAIR)
    second = await place.published("housing-1", starts_at=datetime.now(UTC) + timedelta(days=7))
    await place.settled()
    query = "query($c: UUID!) { case(id: $c) { number } }"
    assert await place.ask(query, HOUSING, c=str(case.case)) == {"case": None}
    agenda = """query($m: UUID!) { meeting(id: $m) { agenda { items {
        number explanation presenter case { number } redactions { path reason } } } } }"""
    body = await place.ask(agenda, HOUSING, m=str(second.meeting))
    (shown,) = body["meeting"]["agenda"]["items"]
    assert (shown["number"], shown["explanation"], shown["presenter"], shown["case"]) == (None, "", None, None)
    assert {each["reason"] for each in shown["redactions"]} == {"RECUSED"}
    # They may not resolve it, there or elsewhere; somebody else may, and then they see the case again.
    resolve = ResolveRecusal(case.case, HOUSING.user, WHY)
    assert await code(place, resolve, HOUSING) == "NOT_ALLOWED"
    await recused(place, case, COORDINATOR)
    assert await code(place, ResolveRecusal(case.case, COORDINATOR.user, WHY), COORDINATOR) == "UNKNOWN_CASE"
    assert await code(place, resolve, COORDINATOR) == "UNKNOWN_CASE"
    await place.take(ResolveRecusal(case.case, COORDINATOR.user, WHY), COLLEAGUE)
    assert await code(place, resolve, COORDINATOR) is None
    await place.settled()
    assert (await place.ask(query, HOUSING, c=str(case.case)))["case"] is not None


async def test_nobody_resolves_their_own_interest(place: Place):
    await place.worked_on("Ada Quillbrook", "housing-1")
    meeting = await place.published("housing-1")
    item = meeting.items[0].item
    await place.take(DeclareInterest(meeting.meeting, item, COORDINATOR.user, COORDINATOR.agency), COORDINATOR)
    resolve = ResolveInterest(meeting.meeting, item, COORDINATOR.user, WHY)
    assert await code(place, resolve, COORDINATOR) == "ONLY_BY_ANOTHER"
    assert await code(place, resolve, COLLEAGUE) is None


async def test_a_recused_chair_hands_over_the_chair_or_puts_the_item_off(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    await place.worked_on("Basil Thistlewane", "housing-1")
    meeting = await place.published("housing-1")
    await begun(place, meeting)
    item = next(each.item for each in meeting.items if each.case == case.case)
    other = next(each.item for each in meeting.items if each.case != case.case)
    await place.take(DeclareInterest(meeting.meeting, item, CHAIR.user, CHAIR.agency), CHAIR)
    opening = OpenItem(meeting.meeting, item, known_by=COORDINATOR.user)
    for by in (CHAIR, COORDINATOR):
        assert await code(place, opening, by) == "CHAIR_IS_RECUSED"
    closed = RecordDecision(meeting.meeting, item, uuid4(), DecisionCode.CLOSE, not_told_reason=WHY)
    elsewhere = DeferItem(meeting.meeting, item, DeferReason.CHAIR, uuid4())
    for command in (closed, CloseItem(meeting.meeting, item), elsewhere):
        assert await code(place, command, CHAIR) == "RECUSED"
    assert await code(place, HandOverChair(meeting.meeting, DEPUTY.user), CHAIR) == "CANNOT_TAKE_THE_CHAIR"
    await place.take(JoinMeeting(meeting.meeting, DEPUTY.user, DEPUTY.agency), DEPUTY)
    await place.take(AcceptConfidentiality(meeting.meeting, DEPUTY.user), DEPUTY)
    assert await code(place, HandOverChair(meeting.meeting, DEPUTY.user), DEPUTY) == "NOT_YOUR_MEETING"
    await place.take(HandOverChair(meeting.meeting, DEPUTY.user), CHAIR)
    await place.take(opening, DEPUTY)
    await place.take(closed, DEPUTY)
    await place.take(CloseItem(meeting.meeting, item), DEPUTY)
    # The chair goes back, and the other item is nobody's interest.
    await place.take(HandOverChair(meeting.meeting, CHAIR.user), DEPUTY)
    await place.take(OpenItem(meeting.meeting, other, known_by=COORDINATOR.user), CHAIR)


async def test_a_recused_chair_with_nobody_to_take_the_chair_puts_the_item_off(place: Place):
    await place.worked_on("Ada Quillbrook", "housing-1")
    meeting = await place.published("housing-1")
    item = await begun(place, meeting)
    await place.take(DeclareInterest(meeting.meeting, item, CHAIR.user, CHAIR.agency), CHAIR)
    assert await code(place, DeferItem(meeting.meeting, item, DeferReason.CHAIR), CHAIR) is None


async def test_to_declare_an_interest_tells_nothing_of_what_is_on_a_draft(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    drafted = uuid4()
    await place.take(PlanMeeting(drafted, PROGRAMME, SERIES, datetime.now(UTC) + timedelta(days=9), CHAIR.user))
    await place.take(InviteMember(drafted, "housing-1"))
    await place.take(DraftAgenda(drafted))
    published, nothing = await place.published("housing-1", "police-1"), uuid4()
    draft = await place.meeting(drafted)
    # Housing has a part in the case; a draft is the organisers' all the same, recused or not.
    for meeting, who, refusal in (
        (draft, HOUSING, "NOT_ON_THE_AGENDA"),
        (draft, POLICE, "UNKNOWN_MEETING"),
        (published, POLICE, "NOT_ON_THE_AGENDA"),
        (published, ANOTHER_CHAIR, "NOT_ON_THE_AGENDA"),
    ):
        listed = meeting.items[0].item
        known = await answered(place, DeclareInterest(meeting.meeting, listed, who.user, who.agency), who)
        unknown = await answered(place, DeclareInterest(meeting.meeting, nothing, who.user, who.agency), who)
        assert known["code"] == refusal
        assert str(known).replace(str(listed), str(nothing)) == str(unknown)
    await recused(place, case, HOUSING)
    for named in (draft.items[0].item, nothing):
        interest = DeclareInterest(draft.meeting, named, HOUSING.user, HOUSING.agency)
        assert await code(place, interest, HOUSING) == "NOT_ON_THE_AGENDA"


async def test_the_recused_may_raise_a_concern_and_nothing_else(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    await recused(place, case, HOUSING)
    concern = RaiseSafeguardingConcern(case.case, uuid4(), Sealed("I saw bruises."))
    assert (await answered(place, concern, HOUSING))["__typename"] == "Accepted"


async def test_the_trail_tells_the_recused_nothing_of_the_case(place: Place):
    case = await place.worked_on("Ada Quillbrook")
    meeting = await place.published("housing-1")
    query = "query($s: UUID!) { auditTrail(stream: $s) { edges { node { event changes { path before after } } } } }"
    number = meeting.items[0].number
    assert str(number) in str(await place.ask(query, COORDINATOR, s=str(meeting.meeting)))
    await recused(place, case, COORDINATOR)
    await recused(place, case, AUDITOR, COLLEAGUE)
    for who in (COORDINATOR, AUDITOR):
        told = str(await place.ask(query, who, s=str(meeting.meeting)))
        assert "AgendaPublished" in told
        assert str(number) not in told
        assert str(case.case) not in told
        assert await place.code(query, who, s=str(case.case)) == "UNKNOWN_CASE"


async def test_a_recusal_is_told_to_those_who_coordinate_and_ends_what_the_recused_follow(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1", "police-1")
    follow = """subscription($c: UUID!) { caseUpdates(caseId: $c) { __typename
        ... on CaseUpdate { position event } ... on Hidden { position } ... on AccessEnded { position } } }"""
    await place.settled()
    async with place.live(HOUSING) as kept_out, place.live(POLICE) as other, place.live(COLLEAGUE) as lead:
        for client in (kept_out, other, lead):
            await client.subscribe("c", follow, c=str(case.case))
            assert (await client.next("c"))["event"] == "Present"
        await place.take(DeclareRecusal(case.case, HOUSING.user, HOUSING.agency), HOUSING)
        assert (await kept_out.next("c"))["__typename"] == "AccessEnded"
        assert (await lead.next("c"))["event"] == "RecusalDeclared"
        await other.silent()
    query = "query($c: UUID!) { case(id: $c) { recusals { user agency resolvedAt } } }"
    told = {"user": HOUSING.user, "agency": HOUSING.agency, "resolvedAt": None}
    assert (await place.ask(query, COLLEAGUE, c=str(case.case)))["case"] == {"recusals": [told]}
    assert (await place.ask(query, POLICE, c=str(case.case)))["case"] == {"recusals": []}


async def test_an_interest_from_before_counts_until_somebody_says_otherwise(place: Place):
    """Logs from before hold interests in meetings alone."""
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    meeting = await place.published("housing-1")
    await place.take(DeclareInterest(meeting.meeting, meeting.items[0].item, HOUSING.user, HOUSING.agency), HOUSING)
    now = (await place.catch.present.states.get(CASE, case.case)).state
    before = replace(now, recusals=())
    housing = Who(HOUSING.user, HOUSING.agency, frozenset())
    seats = seats_of(await place.meeting(meeting.meeting), case.case)
    assert kept_out(housing, before, seats)
    assert not kept_out(housing, before, ())
