"""What is restricted stands beside the case: whoever may see it reads both as one, nobody else can tell it is there."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from catch.domain.calendar import london_day
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import SubmitReferral
from catch.domain.facts import Actor, Category, Role, Sealed, Tag
from catch.domain.meeting.adding import AddItem
from catch.domain.meeting.listing import AppearanceBasis, Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.partner import GiveTag
from catch.domain.person import RegisterPerson
from catch.domain.restricted import (
    AddRestrictedNote,
    CriterionMet,
    RaiseSafeguardingConcern,
    RecordSafeguardingOutcome,
    SafeguardingOutcome,
)
from catch.domain.streams import CASE, restricted_stream
from projections import timeline
from tests.conftest import Database
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    PROGRAMME,
    REFERRER,
    SERIES,
    SYSTEM,
    Case,
    Place,
    ago,
    as_input,
    placed,
)
from tests.test_recusal_live import answered, code

OTHER = Actor("coordinator@elsewhere", "elsewhere", Role.COORDINATOR)
OUTSIDE = (HOUSING, REFERRER, CHAIR, AUDITOR, OTHER)
"""A partner involved in the case, its referrer, its meeting's chair, an auditor, another agency's coordinator."""
WHOLE = """id number state version position notes { id text category tag } concerns { id text } safeContact { ok }
    referrals { reason } actions { title } clocks { code } redactions { path reason }"""
ITEMS = f"id order explanation reasons {{ code }} case {{ {WHOLE} }}"
CHANNELS = {
    "case": f"{{ case(id: CASE) {{ {WHOLE} }} }}",
    "cases": f"{{ cases(first: 9) {{ edges {{ cursor node {{ {WHOLE} }} }} }} }}",
    "meeting": f"""{{ meeting(id: MEETING) {{ version position minutes {{ entries {{ number }} }}
        agenda {{ items {{ {ITEMS} }} warnings {{ code }} }} }} }}""",
    "preview": """{ agendaPreview(meetingId: MEETING) {
        items { id order must reasons { code since } } overflow { id } warnings { code } gaps { code count } } }""",
    "why": "{ whyNotOnAgenda(caseId: CASE, meetingId: MEETING) { standing text missing } }",
    "trail": """{ auditTrail(stream: CASE) { edges { cursor node {
        version event by { user } changes { path after } } } pageInfo { hasNextPage } } }""",
    "meeting trail": "{ auditTrail(stream: MEETING) { edges { cursor node { event } } } }",
    "inbox": "{ agencyInbox(first: 9) { edges { cursor node { id title } } } }",
    "figures": """{ timeToOutcome(programme: "snn-catch") { achieved censored } }""",
}
FOLLOW = f"""subscription($c: UUID!) {{ caseUpdates(caseId: $c) {{ __typename
    ... on CaseUpdate {{ position event case {{ {WHOLE} }} }} ... on Hidden {{ position }} }} }}"""


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        await opened.enrol_elsewhere(OTHER)
        yield opened


async def world(place: Place) -> tuple[Case, UUID]:
    """A case that everybody outside has something to do with, and its meeting."""
    case = await place.worked_on("Ada Quillbrook", "housing-1", by=REFERRER)
    meeting = await place.published("housing-1")
    await place.settled()
    return case, meeting.meeting


async def told(place: Place, who: Actor, case: UUID, meeting: UUID) -> Mapping[str, Any]:
    """Everything that this viewer is answered by every channel, refusals and all."""
    await place.settled()
    named = {
        name: asked.replace("CASE", f'"{case}"').replace("MEETING", f'"{meeting}"') for name, asked in CHANNELS.items()
    }
    return {name: await place.answer(asked, who) for name, asked in named.items()}


async def everything_beside(place: Place, case: UUID) -> None:
    concern = uuid4()
    for command, by in (
        (AddRestrictedNote(case, uuid4(), Tag.DOMESTIC_ABUSE, Sealed("Told in confidence")), COORDINATOR),
        (RaiseSafeguardingConcern(case, concern, Sealed("Seen by a neighbour"), CriterionMet.YES), HOUSING),
        (RecordSafeguardingOutcome(case, concern, SafeguardingOutcome.ENQUIRY, Sealed("Enquired")), COORDINATOR),
    ):
        await place.take(command, by)


async def ordinary_note(place: Place, case: UUID) -> None:
    await place.take(AddNote(case, uuid4(), Category.ACTIONS, Sealed("An ordinary note")))


async def test_nobody_outside_can_tell_that_something_restricted_was_written(place: Place):
    case, meeting = await world(place)
    before = {who: await told(place, who, case.case, meeting) for who in OUTSIDE}
    await everything_beside(place, case.case)
    for who in OUTSIDE:
        assert await told(place, who, case.case, meeting) == before[who], who
        assert "INVALID_DOCUMENT" not in str(before[who])


async def test_control_an_ordinary_note_is_noticed(place: Place):
    case, meeting = await world(place)
    before = {who: await told(place, who, case.case, meeting) for who in OUTSIDE}
    await ordinary_note(place, case.case)
    for who in (HOUSING, AUDITOR):
        assert await told(place, who, case.case, meeting) != before[who], who
    # Whoever referred hears of their own referral, and of nothing that is written meanwhile.
    assert await told(place, REFERRER, case.case, meeting) == before[REFERRER]


async def test_nobody_outside_is_sent_a_message_live_or_later(place: Place):
    case, _ = await world(place)
    start = await place.settled()
    async with place.live(HOUSING) as partner, place.live(COORDINATOR) as lead:
        for client in (partner, lead):
            await client.subscribe("c", FOLLOW, c=str(case.case))
            assert (await client.next("c"))["event"] == "Present"
        await everything_beside(place, case.case)
        received = [await lead.next("c") for _ in range(3)]
        assert [each["event"] for each in received] == [
            "RestrictedNoteAdded", "SafeguardingConcernRaised", "SafeguardingOutcomeRecorded",
        ]  # fmt: skip
        assert received[-1]["case"]["concerns"][0]["text"] == "Seen by a neighbour"
        await partner.silent()
        last = (await place.take(AddNote(case.case, uuid4(), Category.ACTIONS, Sealed("To all")))).position
        assert [int(each["position"]) for each in await partner.until("c", last)] == [last]
    replay = FOLLOW.replace("($c: UUID!)", "($c: UUID!, $after: Position)").replace("Id: $c", "Id: $c, after: $after")
    async with place.live(HOUSING) as partner, place.live(COORDINATOR) as lead:
        for client in (partner, lead):
            await client.subscribe("c", replay, c=str(case.case), after=str(start))
        assert len(await lead.until("c", last)) == 4
        assert len(await partner.until("c", last)) == 1
        assert partner.knows("Told in confidence", "Seen by a neighbour", "Enquired") == []


async def test_those_who_may_see_it_read_both_as_one(place: Place):
    case, _ = await world(place)
    await place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed("First")))
    before = await place.settled()
    await everything_beside(place, case.case)
    await place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed("Last")))
    await place.settled()
    query = """query($c: UUID!, $t: AsAt) { case(id: $c, asAt: $t) { version notes { text category tag by { user } }
        concerns { text by { agency } needsCare atRisk immediateDanger outcome outcomeText } redactions { path } } }"""
    shown = (await place.ask(query, COORDINATOR, c=str(case.case)))["case"]
    assert [note["text"] for note in shown["notes"]] == ["First", "Told in confidence", "Last"]
    restricted = shown["notes"][1]
    assert (restricted["category"], restricted["tag"]) == ("RESTRICTED", "DOMESTIC_ABUSE")
    assert shown["concerns"] == [{
        "text": "Seen by a neighbour", "by": {"agency": "housing-1"}, "needsCare": "YES", "atRisk": "UNSURE",
        "immediateDanger": False, "outcome": "ENQUIRY", "outcomeText": "Enquired",
    }]  # fmt: skip
    then = (await place.ask(query, COORDINATOR, c=str(case.case), t={"position": str(before)}))["case"]
    assert [note["text"] for note in then["notes"]] == ["First"]
    assert then["concerns"] == []
    trail = """query($c: UUID!, $a: Position) { auditTrail(stream: $c, first: 3, after: $a) {
        edges { cursor node { event changes { path } } } pageInfo { hasNextPage endCursor } } }"""
    events: list[str] = []
    page: Any = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"]:
        found = (await place.ask(trail, COORDINATOR, c=str(case.case), a=page["endCursor"]))["auditTrail"]
        events += [each["node"]["event"] for each in found["edges"]]
        page = found["pageInfo"]
    assert events[-5:] == [
        "NoteAdded", "RestrictedNoteAdded", "SafeguardingConcernRaised", "SafeguardingOutcomeRecorded", "NoteAdded",
    ]  # fmt: skip


async def test_the_case_itself_does_not_move(place: Place):
    case, _ = await world(place)
    before = await place.catch.present.states.get(CASE, case.case)
    trail = await timeline.of_stream(place.catch.log.pool, case.case)
    await everything_beside(place, case.case)
    await place.settled()
    assert await place.catch.present.states.get(CASE, case.case) == before
    assert await timeline.of_stream(place.catch.log.pool, case.case) == trail
    # Nor can its stream be asked for by its own id.
    query = "query($s: UUID!) { auditTrail(stream: $s) { edges { node { event } } } }"
    beside = str(restricted_stream(case.case))
    for who in (AUDITOR, COORDINATOR, CHAIR, OTHER):
        assert await place.code(query, who, s=beside) == await place.code(query, who, s=str(uuid4()))


async def test_only_those_who_coordinate_the_case_write_beside_it(place: Place):
    case, _ = await world(place)
    note = AddRestrictedNote(case.case, uuid4(), Tag.WARNING, Sealed("Two people go"))
    for who in (HOUSING, REFERRER, CHAIR, AUDITOR):
        assert await code(place, note, who) == "NOT_ALLOWED"
    nothing = AddRestrictedNote(uuid4(), note.note, note.tag, note.text)
    known, unknown = await answered(place, note, OTHER), await answered(place, nothing, OTHER)
    assert known["code"] == "UNKNOWN_CASE"
    assert str(known).replace(str(case.case), str(nothing.case)) == str(unknown)
    assert await code(place, AddNote(case.case, uuid4(), Category.RESTRICTED, Sealed("x")), COORDINATOR) == (
        "RESTRICTED_IS_KEPT_BESIDE"
    )


EVERYBODY = (*OUTSIDE, COORDINATOR, ADMINISTRATOR)


@pytest.mark.parametrize("expected", [None, -1, 3])
async def test_everybody_may_raise_a_concern_and_is_answered_the_same(place: Place, expected: int | None):
    known, _ = await world(place)
    hidden = await place.referred("Basil Thistlewane")
    erased = await place.referred("Cora Ombersnook")
    await place.catch.keyring.erase(erased.person)
    await place.settled()
    query = """mutation($i: RaiseSafeguardingConcernInput!, $c: UUID!, $e: Int) {
        raiseSafeguardingConcern(input: $i, commandId: $c, expectedVersion: $e) { __typename
        ... on Accepted { stream version events } ... on Refused { code } } }"""
    for who in EVERYBODY:
        for case in (known.case, hidden.case, erased.case, uuid4()):
            concern = as_input(RaiseSafeguardingConcern(case, uuid4(), Sealed("He is afraid of her.")))
            for _ in range(2):
                answer = await place.ask(query, who, i=concern, c=str(uuid4()), e=expected)
                assert answer["raiseSafeguardingConcern"] == {
                    "__typename": "Accepted",
                    "stream": str(case),
                    "version": 0,
                    "events": ["SafeguardingConcernRaised"],
                }
    await place.settled()
    shown = await place.ask("query($c: UUID!) { case(id: $c) { concerns { by { user } text } } }", c=str(known.case))
    assert [each["by"]["user"] for each in shown["case"]["concerns"]] == [
        who.user for who in EVERYBODY for _ in range(2)
    ]
    assert {each["text"] for each in shown["case"]["concerns"]} == {"He is afraid of her."}


async def test_a_concern_about_somebody_nobody_knows_yet_is_read_when_they_are_known(place: Place):
    made = await place.worked_on("Ada Quillbrook")
    case, person = uuid4(), uuid4()
    await place.take(RaiseSafeguardingConcern(case, uuid4(), Sealed("Before anybody knew them")), HOUSING)
    await place.take(RegisterPerson(person, name=Sealed("Basil Thistlewane")))
    reason = Sealed("Referred later")
    await place.take(SubmitReferral(case, person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), reason))
    await place.settled()
    # At the front door nothing restricted is told, to whoever has the tag either.
    waiting = await place.ask("query($c: UUID!) { case(id: $c) { concerns { text } } }", c=str(case))
    assert waiting["case"]["concerns"] == []
    await place.take(AcceptReferral(case))
    await place.take(AllocateCoordinator(case, COORDINATOR.user, COORDINATOR.agency))
    await place.settled()
    shown = await place.ask("query($c: UUID!) { case(id: $c) { concerns { text } } }", c=str(case))
    assert shown["case"]["concerns"] == [{"text": "Before anybody knew them"}]
    shown = await place.ask("query($c: UUID!) { case(id: $c) { concerns { text } } }", c=str(made.case))
    assert shown["case"]["concerns"] == []


PREPARER = Actor("prepares@snn", "snn", Role.PREPARER)
WARNED = """query($m: UUID!) { agendaPreview(meetingId: $m) { warnings { code caseId number explanation } }
    meeting(id: $m) { agenda { warnings { code caseId number } } } }"""


async def warned(place: Place, meeting: UUID, by: Actor) -> list[str]:
    """The cases of which they are warned, alike in the preview and on the agenda."""
    await place.settled()
    answer = await place.ask(WARNED, by, m=str(meeting))
    both = [
        [each["caseId"] for each in agenda["warnings"] if each["code"] == "SAFEGUARDING_CONCERN"]
        for agenda in (answer["agendaPreview"], answer["meeting"]["agenda"])
    ]
    assert both[0] == both[1]
    return both[0]


async def test_a_concern_warns_tagged_preparers_who_place_the_case_by_hand(place: Place):
    await place.enrol(PREPARER)
    received = await place.referred("Ada Quillbrook", at=ago(days=3))
    await place.take(AcceptReferral(received.case))
    await place.take(AllocateCoordinator(received.case, COORDINATOR.user, COORDINATOR.agency))
    meeting = uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, datetime.now(UTC) + timedelta(minutes=5), CHAIR.user))
    basis, reason = AppearanceBasis.SAFEGUARDING, Sealed("A concern was raised")
    by_hand = AddItem(meeting, uuid4(), Section.URGENT, received.case, basis=basis, reason=reason)
    concern = uuid4()
    own = RaiseSafeguardingConcern(received.case, uuid4(), Sealed("I think so"))
    await place.take(RaiseSafeguardingConcern(received.case, concern, Sealed("Seen by a neighbour")), HOUSING)
    # Without the tag there is nothing to know, and no way to the case.
    assert await warned(place, meeting, PREPARER) == await warned(place, meeting, CHAIR) == []
    assert await code(place, by_hand, PREPARER) == "UNKNOWN_CASE"
    tag = GiveTag("snn", PREPARER.user, Tag.SAFEGUARDING, PROGRAMME, london_day(ago(days=1)))
    await place.take(tag, SYSTEM)
    assert await warned(place, meeting, PREPARER) == [str(received.case)]
    assert await warned(place, meeting, CHAIR) == []
    # Nobody comes by a case through a concern of their own, or learns of it.
    await place.take(RecordSafeguardingOutcome(received.case, concern, SafeguardingOutcome.NO_ENQUIRY), COORDINATOR)
    assert await warned(place, meeting, PREPARER) == []
    await place.take(own, PREPARER)
    assert await warned(place, meeting, PREPARER) == []
    assert await code(place, by_hand, PREPARER) == "UNKNOWN_CASE"
    await place.take(RaiseSafeguardingConcern(received.case, uuid4(), Sealed("Seen again")), HOUSING)
    await place.take(by_hand, PREPARER)
    # Once it is on the agenda, there is nothing left to warn of.
    assert await warned(place, meeting, PREPARER) == []
