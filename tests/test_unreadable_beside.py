"""What cannot be read takes no list of the front door, of erasures or of matches with it, whoever works on these."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.domain.erasing import ErasureReason, RequestErasure
from catch.domain.facts import Sealed
from catch.domain.person import LookForMatches
from catch.domain.streams import programme_stream
from catch.log.entries import Append, NewEvent
from catch.rates import Rates
from catch.web.door import Door
from tests.canaries.channels import OPERATIONS
from tests.conftest import Furnished
from tests.place import COORDINATOR, REFERRER, Place
from tests.test_contact_door import came, known, leads
from tests.test_erasing_live import CALDICOTT, over, waiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

BORN = Sealed("1951-05-21")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        await made.enrol(CALDICOTT)
        await made.take_contacts()
        yield made


async def torn(place: Place, stream: UUID) -> None:
    """A server of a newer release records a kind of fact that this one does not know."""
    catch = place.catch
    version = len(await catch.log.stream(stream)) + 1
    answer = await catch.log.append(Append(uuid4(), stream, (NewEvent(stream, version, "NoteRead", b"{}"),)))
    await catch.present.follower.reached(answer.position)
    await place.settled()


async def contacts(place: Place) -> dict[str, Any]:
    await place.settled()
    found = (await place.ask(OPERATIONS["contacts"]))["contacts"]["edges"]
    return {edge["node"]["id"]: edge["node"] for edge in found}


async def test_a_person_or_a_case_that_cannot_be_read_costs_nobody_the_contacts(place: Place):
    whole, hurt = [await known(place, f"{name} Quillbrook") for name in ("Ada", "Bo")]
    first, second = [await came(place, f"About {n}", person=person) for n, person in enumerate((whole, hurt))]
    led = await came(place, "Fell again")
    leading = leads(led, await known(place, "Cy Quillbrook"))
    await place.take(leading)
    await torn(place, hurt)
    await torn(place, leading.case)
    found = await contacts(place)
    assert {str(first), str(second), str(led)} <= found.keys()
    assert (found[str(first)]["personName"], found[str(first)]["redactions"]) == ("Ada Quillbrook", [])
    assert (found[str(second)]["text"], found[str(second)]["personName"]) == ("About 1", None)
    assert found[str(second)]["redactions"] == [{"path": "personName", "reason": "UNREADABLE"}]
    shown = (await place.ask(OPERATIONS["contact"], id=str(led)))["contact"]
    assert [each["caseId"] for each in shown["referrals"]] == [str(leading.case)]


async def test_nor_the_list_of_who_is_to_be_erased_and_it_is_said_what_keeps_them(place: Place):
    people = [await over(place, f"{name} Thistlewane") for name in ("Di", "Ed", "Flo")]
    for each in people:
        await place.take(RequestErasure(each.person, uuid4(), ErasureReason.PERSON_ASKED))
    await torn(place, people[0].person)
    await torn(place, people[1].case)
    await place.settled()
    found = await waiting(place)
    told = [found[str(each.person)] for each in people]
    assert [each["obstacles"] for each in told] == [["UNREADABLE"], ["UNREADABLE"], []]
    assert [len(each["cases"]) for each in told] == [1, 1, 1]
    assert {each["erasures"][0]["state"] for each in told} == {"REQUESTED"}


async def test_nor_what_a_look_for_matches_finds(place: Place):
    async def alike(name: str) -> Any:
        return await place.referred(name, by=REFERRER, date_of_birth=BORN)

    async def looked() -> Any:
        await place.mutate(LookForMatches(here.person, here.case))
        return await shown()

    async def shown() -> Any:
        await place.settled()
        return (await place.ask(OPERATIONS["matches"], caseId=str(here.case)))["matches"]

    here, other, hurt, later = [await alike("Gil Example") for _ in range(4)]
    assert len((await looked())["found"]) == 3
    await torn(place, hurt.case)
    # By the look that was taken before, and by one that is taken now.
    for found in (await shown(), await looked()):
        assert (len(found["found"]), found["more"]) == (2, True)
    await torn(place, later.person)
    found = await looked()
    assert (len(found["found"]), found["more"]) == (1, True)
    assert other.case


async def test_nor_does_a_programme_shut_another_ones_door(place: Place):
    """The last in this module: the programme stays as it is."""
    door = Door(place.catch, Rates())
    before = {each.key for each in await door.programmes()}
    await torn(place, programme_stream("bexley-icm"))
    assert {each.key for each in await door.programmes()} == before - {"bexley-icm"}
    assert (await place.ask(OPERATIONS["retention_due"], CALDICOTT))["retentionDue"]["edges"] == []
    assert await place.refused(LookForMatches(uuid4(), uuid4()), COORDINATOR)
