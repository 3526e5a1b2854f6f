"""Compiled subscriptions answer what graphql-core answers, byte for byte, for everybody who may ask."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from catch.api.engine.compiled import NullWhereRequired
from catch.api.engine.engine import Engine, Subscription
from catch.api.meeting.types import MeetingUpdate
from catch.api.schema import schema
from catch.domain.facts import Actor, Sealed
from catch.domain.meeting.attendance import DeclareInterest
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.session import StartMeeting
from catch.identity.tokens import Viewer
from catch.live.source import Ended
from catch.log.codec import decode
from catch.personal.looks import noting
from catch.web.serving import Web
from tests.conftest import Database
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, POLICE, Place, placed

EVERYTHING_OF_A_CASE = """
    id number state episode version position programme { key version series { key name } effectiveFrom }
    person { id name dateOfBirth nhsNumber phone addressProtected safeChannels }
    lead { user agency } referral { reason receivedAt urgency needs referrer { user } }
    conversations { at held whatMatters } plan { whatMatters } goals { text state score }
    actions { id title state due owner } involvements { agency since } disclosures { categories until }
    measures { instrument } reviews { decision } clocks { code state dueAt ratio } notes { text }
    proposals { purpose question } discussions { situation agencies } decisions { code agreedBy }
    redactions { path reason }
"""
MEETINGS = (
    "subscription { meeting(id: $$) { __typename ... on MeetingUpdate { position event at } } }",
    """subscription { now: meeting(id: $$) {
        kind: __typename ...Seen ... on Hidden { position } ... on ResyncRequired { reason } } }
    fragment Seen on MeetingUpdate {
        position event by { user agency } again: position
        meeting { ...Whole } meeting { state version } item { ...Item }
    }
    fragment Whole on Meeting {
        id state startsAt series chair { user agency } currentItem attendance { user present joinedAt }
        agenda { asOf policyVersion items { ...Item } overflow { id predictedOn }
            warnings { code missing } gaps { code } }
    }
    fragment Item on AgendaItem {
        id section order minutes state must number matter explanation reasons { code text must since }
        ... on Redactable { redactions { path reason } } discussion { situation nextSteps }
        decisions { code text } actions { title owner } case { CASE }
    }""".replace("CASE", EVERYTHING_OF_A_CASE),
)
CASES = (
    "subscription { caseUpdates(caseId: $$) { ... on CaseUpdate { position event case { CASE } } } }".replace(
        "CASE", EVERYTHING_OF_A_CASE
    ),
)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> Any:
    async with placed(database.admin, database.dsn, tmp_path) as found:
        yield found


def standing(engine: Engine, text: str, topic: object) -> Subscription:
    return engine.subscription(engine.prepare(text.replace("$$", f'"{topic}"')), {})


def viewer(actor: Actor) -> Viewer:
    return Viewer(actor.user, actor.agency, actor.role, 0)


async def test_the_same_bytes_as_graphql_core_for_every_role_and_document(place: Place):
    case = await place.worked_on("Ada Quillbrook-Example", "housing-1")
    await place.worked_on("Basil Larkspindle-Example", "police-1")
    meeting = await place.published("housing-1", "police-1")
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    item = meeting.items[0].item
    await place.take(OpenItem(meeting.meeting, item, override_reason=Sealed("nobody else")), CHAIR)
    await place.take(RecordUpdate(meeting.meeting, item, Sealed("the situation")), CHAIR)
    theirs = next(each.item for each in meeting.items if POLICE.agency in each.visible_to)
    await place.take(DeclareInterest(meeting.meeting, theirs, POLICE.user, POLICE.agency), POLICE)
    await place.settled()
    web = Web(place.catch, Engine(schema(), development=True), development=True)
    engine = Engine(schema(), development=True)
    compared = 0
    for field, topic, documents in (("meeting", meeting.meeting, MEETINGS), ("caseUpdates", case.case, CASES)):
        source = cast("Any", web.feed.sources[field])
        events = [decode(stored) for stored in await place.catch.log.stream(topic)]
        for actor in (CHAIR, COORDINATOR, HOUSING, POLICE, AUDITOR):
            viewer_class = await source.classify(viewer(actor), topic)
            if isinstance(viewer_class, Ended):
                continue  # this role has no part in it
            for document in documents:
                stands = standing(engine, document, topic)
                assert stands.compiled
                for event in events:
                    with noting():
                        message = await source.message(topic, viewer_class, event)
                        written = await stands.payload(message, None)
                        assert written == await stands.executed(message, None)
                    assert b'"errors"' not in written
                    compared += 1
    assert compared > 50


@pytest.mark.parametrize(
    "text",
    [
        "subscription { meeting(id: $$) { ... on MeetingUpdate { position @skip(if: false) } } }",
        "subscription { meeting(id: $$) { ... on MeetingUpdate @include(if: true) { position } } }",
    ],
)
def test_skipped_and_included_fields_are_compiled(text: str):
    assert standing(Engine(schema(), development=True), text, uuid4()).compiled


async def test_a_message_that_cannot_be_written_is_answered_as_graphql_core_answers_it():
    """The control: a value that must be there is missing, and both say so in the same way."""
    stands = standing(Engine(schema(), development=True), MEETINGS[0], uuid4())
    broken = broken_update()
    with pytest.raises(NullWhereRequired):
        await cast("Callable[[object], Any]", stands.compiled)(broken)
    assert b'"errors"' in await stands.payload(broken, None)


def broken_update() -> object:
    missing: Any = None
    return MeetingUpdate(position=missing, event="x", at=missing, by=None, meeting=missing, item=None)
