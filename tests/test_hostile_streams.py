"""What a subscriber could work out from messages that say nothing of it: their number, positions, and how they end."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from catch.api.inbox import subscription
from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.editing import ChangeTimebox
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.planning import PlanMeeting
from tests.conftest import Furnished
from tests.place import CHAIR, HOUSING, POLICE, PROGRAMME, SERIES, Place, ago
from tests.test_live_feed import CHAIR as OTHER
from tests.test_live_feed import HOUSING as FOLLOWER
from tests.test_live_feed import Following, settled, until
from tests.toy_feed import Toy

FOLLOW = """subscription($m: UUID!, $p: Position) { meeting(id: $m, after: $p) {
    __typename ... on MeetingUpdate { position event } ... on Hidden { position } } }"""


@pytest.fixture
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as opened:
        yield opened


@pytest.mark.parametrize("edits", [0, 4])
async def test_how_an_agenda_was_made_is_not_told_to_who_follows_from_before(place: Place, edits: int):
    """Live they hear nothing of a draft; resuming from before it, they counted what was moved, added and taken off."""
    shown = await place.worked_on("Ada Quillbrook", "housing-1")
    hidden = await place.worked_on("Bert Fennimore", "police-1")
    meeting = uuid4()
    before = (await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, ago(minutes=-5), CHAIR.user))).position
    for agency in ("housing-1", "police-1"):
        await place.take(InviteMember(meeting, agency))
    await place.take(DraftAgenda(meeting))
    items = {item.case: item.item for item in (await place.meeting(meeting)).items}
    for minutes in range(edits):
        await place.take(ChangeTimebox(meeting, items[hidden.case], 5 + minutes), CHAIR)
        await place.take(ChangeTimebox(meeting, items[shown.case], 5 + minutes), CHAIR)
    published = (await place.take(PublishAgenda(meeting), CHAIR)).position
    await place.take(AcceptConfidentiality(meeting, HOUSING.user), HOUSING)
    head = (await place.take(AcceptConfidentiality(meeting, POLICE.user), POLICE)).position
    await place.settled()
    async with place.live(HOUSING) as client:
        await client.subscribe("1", FOLLOW, m=str(meeting), p=str(before))
        heard = await client.until("1", head)
    told = [each.get("event", each["__typename"]) for each in heard if int(each["position"]) < published]
    assert not {"AgendaItemTimeboxChanged", "AgendaItemMoved", "Hidden", "AgendaDrafted"} & {*told}
    async with place.live(CHAIR) as client:
        await client.subscribe("1", FOLLOW, m=str(meeting), p=str(before))
        heard = await client.until("1", head)
    assert [each.get("event") for each in heard].count("AgendaItemTimeboxChanged") == 2 * edits


async def ended(toy: Toy, untold: bool) -> list[dict[str, Any]]:
    """What a follower is told whose right ends by the clock; something they are not told of happened before, or not."""
    async with Following(toy, FOLLOWER) as reader:
        toy.say("hello")
        await until(lambda: len(reader.waiting) == 1)
        reader.take()
        if untold:
            toy.say("untold", bars="somebody")
        else:
            toy.say("elsewhere", room="other")
        toy.say("elsewhere", room="other")
        await settled()
        toy.log.barred = toy.log.barred | {"housing"}
        toy.feed.reconsider()
        await until(lambda: bool(reader.waiting))
        return reader.take()


async def test_where_a_right_ends_by_the_clock_tells_nothing_of_what_happened_before():
    worlds = [await ended(Toy(), untold) for untold in (True, False)]
    assert worlds[0] == worlds[1]
    assert (worlds[0][0]["__typename"], worlds[0][0]["position"]) == ("AccessEnded", "3")


async def resynchronised(toy: Toy, untold: bool) -> list[dict[str, Any]]:
    """What somebody is told whose messages cannot be made, in a room where something they are not told of happened."""
    async with Following(toy, OTHER):
        toy.say("hello")
        if untold:
            toy.say("untold")
        else:
            toy.say("elsewhere", room="other")
        toy.say("elsewhere", room="other")
        await settled()
        toy.log.broken = ValueError("as when a message is too large")
        async with Following(toy, FOLLOWER) as reader:
            await until(lambda: bool(reader.waiting))
            return reader.take()


async def test_where_to_begin_again_tells_nothing_of_what_happened_before():
    """A coordinator without the tag asked for more than fits a message, again and again: the position that they were
    given moved whenever something restricted was recorded on the case.
    """
    worlds = [await resynchronised(Toy(), untold) for untold in (True, False)]
    for world in worlds:
        assert [(each["__typename"], each["position"]) for each in world] == [("ResyncRequired", "3")]


INBOX = """subscription($p: Position) { agencyInbox(after: $p) {
    __typename ... on InboxUpdate { position } ... on ResyncRequired { position } } }"""


@pytest.mark.parametrize("others", [True, False])
async def test_how_much_is_asked_of_others_does_not_show_in_what_is_too_far(
    place: Place, monkeypatch: pytest.MonkeyPatch, others: bool
):
    """Whoever subscribed from further and further back could count what waits in the inboxes of all others."""
    case = await place.worked_on("Ada Quillbrook", "police-1")
    before, due = await place.settled(), london_day(ago(days=-9))
    monkeypatch.setattr(subscription, "FARTHEST", 3)
    for count in range(3):
        offer = OfferAction(case.case, uuid4(), Sealed("Call"), "police-1", due)
        await place.take(offer if others else AddNote(case.case, uuid4(), Category.NEEDS, Sealed("Read")))
        await place.settled()
        async with place.live(HOUSING) as client:
            await client.subscribe("1", INBOX, p=str(before))
            await client.silent(0.2)
            assert count < 3
    head = (await place.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed("Read")))).position
    await place.settled()
    async with place.live(HOUSING) as client:
        await client.subscribe("1", INBOX, p=str(before))
        assert await client.next("1") == {"__typename": "ResyncRequired", "position": str(head)}
