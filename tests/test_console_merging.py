"""That two registrations are one person is said, agreed to and taken back by forms, from a page of either's case."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.api.documents import shipped
from catch.domain.calendar import london_day
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality
from catch.domain.merging import ApproveMerge, RequestMerge, ReverseMerge
from catch.domain.person import DeathSource, RecordDeath
from tests.browser import signed_in
from tests.conftest import Furnished
from tests.pages import PageRead
from tests.place import CHAIR, COORDINATOR, HOUSING, Place, ago
from tests.test_console_life import Hand

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECOND = Actor("second@snn", "snn", Role.COORDINATOR)
NAME, BORN = "Ada Quillbrook", Sealed("1951-05-21")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncGenerator[Place]:
    async with furnished() as made:
        await made.enrol(SECOND)
        yield made


async def test_two_are_one_and_two_again_by_forms_alone(place: Place) -> None:
    one, other = [await place.worked_on(NAME, date_of_birth=BORN) for _ in range(2)]
    await place.settled()
    async with signed_in(place, COORDINATOR) as client, signed_in(place, SECOND) as second:
        at, elsewhere = Hand(place, client, f"/cases/{one.case}"), Hand(place, second, f"/cases/{other.case}")
        form = await at.form("request-merge")
        # Whoever has the name and day of birth is there to be chosen, themselves not.
        assert {*form.options["retired"]} - {""} == {str(other.person)}
        said: dict[str, str | list[str]] = {"retired": str(other.person), "reason": "Her sister says so"}
        await at.do("request-merge", said, {"reason": ""})
        assert "Somebody else who coordinates a case of each answers this" in (await at.page()).main
        assert "Her sister says so" in (await elsewhere.page()).main
        await elsewhere.do("approve-merge", {})
        for hand, told in ((at, "who go on here"), (Hand(place, second, f"/cases/{other.case}"), "and go on there")):
            assert told in (await hand.page()).main
        await at.do("reverse-merge", {"reason": "Two cousins"}, {"reason": ""})
        page = (await at.page()).main
        assert "Two people after all" in page
        assert "Two cousins" in page


MADE = re.compile(r'name="command-id" value="[^"]*"|data-at="\d+"')


async def shown(place: Place, by: Actor, meeting: UUID, items: dict[UUID, UUID]) -> dict[UUID, str]:
    """What the room's page says to somebody of the item of each case."""
    await place.settled()
    async with signed_in(place, by) as client:
        pages = {case: await client.get(f"/meetings/{meeting}?item={item}") for case, item in items.items()}
    # Without the ids of commands and where a page stands, which are others each time.
    return {case: MADE.sub("", PageRead(page.text).sound().main) for case, page in pages.items()}


async def test_an_item_of_somebody_registered_twice_stays_what_it_was_and_says_so_to_who_knows_both(place: Place):
    one, other = [
        await place.worked_on("Bea Quillbrook", "housing-1", date_of_birth=Sealed("1951-05-22")) for _ in range(2)
    ]
    held = await place.published("housing-1")
    items = {each.case: each.item for each in held.items if each.case and each.case in (one.case, other.case)}
    orders = {each.case: each.order for each in held.items}
    assert len(items) == 2
    for by in (COORDINATOR, SECOND):
        await place.take(AcceptConfidentiality(held.meeting, by.user), by)
    others = (CHAIR, HOUSING)
    before = {by: await shown(place, by, held.meeting, items) for by in others}
    merge = RequestMerge(one.person, other.person, uuid4(), Sealed("Her sister says so"))
    await place.mutate(merge)
    told = await shown(place, COORDINATOR, held.meeting, items)
    assert "nobody has answered yet" in told[one.case]
    await place.mutate(ApproveMerge(one.person, merge.merge), SECOND)
    for by in (COORDINATOR, SECOND):
        told = await shown(place, by, held.meeting, items)
        for case, beside in ((one.case, other.case), (other.case, one.case)):
            assert "They are registered twice" in told[case], by
            assert f"That case is item {orders[beside]} here." in told[case], by
    # Whoever knows of each case alone, though both stand on the agenda before them, learns nothing by it.
    assert {by: await shown(place, by, held.meeting, items) for by in others} == before
    # A death goes for the person, whichever registration it was said of; and with the link it goes again.
    await place.mutate(RecordDeath(other.person, london_day(ago()), DeathSource.FAMILY))
    for by in (COORDINATOR, HOUSING):
        told = await shown(place, by, held.meeting, items)
        assert all("They have died" in each for each in told.values()), by
    await place.mutate(ReverseMerge(one.person, merge.merge, Sealed("Two cousins")))
    for by in (COORDINATOR, HOUSING):
        told = await shown(place, by, held.meeting, items)
        assert ("They have died" in told[one.case], "They have died" in told[other.case]) == (False, True), by
        assert not any("registered twice" in each for each in told.values()), by
    # Nothing of the agenda has moved.
    after = await place.meeting(held.meeting)
    assert [(each.item, each.case, each.order, each.state) for each in after.items] == [
        (each.item, each.case, each.order, each.state) for each in held.items
    ]


async def test_open_screens_are_drawn_anew_when_the_person_of_an_item_is_shown_otherwise(place: Place):
    one, other = [
        await place.worked_on("Cal Quillbrook", "housing-1", date_of_birth=Sealed("1951-05-23")) for _ in range(2)
    ]
    # A series meets once a day.
    held = await place.published("housing-1", starts_at=datetime.now(UTC) + timedelta(days=2))
    for by in (COORDINATOR, SECOND):
        await place.take(AcceptConfidentiality(held.meeting, by.user), by)
    await place.settled()
    merge = RequestMerge(one.person, other.person, uuid4(), Sealed("Her sister says so"))
    asked = (
        (shipped()["follow_meeting_position"], {"id": str(held.meeting)}),
        (shipped()["follow_case_position"], {"id": str(one.case)}),
    )
    async with AsyncExitStack() as stack:
        # Each on a socket of its own: in which order two are told is nobody's to say.
        screens = {
            by: [await stack.enter_async_context(place.live(by)) for _ in asked] for by in (COORDINATOR, HOUSING)
        }
        for clients in screens.values():
            for client, (text, about) in zip(clients, asked, strict=True):
                await client.subscribe("s", text, **about)
                assert await client.next("s")
        for command, by in (
            (merge, COORDINATOR),
            (ApproveMerge(one.person, merge.merge), SECOND),
            (ReverseMerge(one.person, merge.merge, Sealed("Two cousins")), COORDINATOR),
        ):
            before = await place.settled()
            await place.mutate(command, by)
            for client in screens[COORDINATOR]:
                assert await client.until("s", before + 1), command
        # Whoever is not told of it has heard of nothing since, until there is something that they are told.
        await place.mutate(RecordDeath(one.person, london_day(ago()), DeathSource.FAMILY))
        head = await place.settled()
        for clients in screens.values():
            for client in clients:
                assert await client.until("s", head)
        # That they are let in, how it stands, and the death.
        assert [len(client.received) for client in screens[HOUSING]] == [3, 3]
