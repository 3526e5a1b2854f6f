"""That two registrations are one person is said, agreed to and taken back by forms, from a page of either's case."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from catch.domain.facts import Actor, Role, Sealed
from tests.browser import signed_in
from tests.conftest import Furnished
from tests.place import COORDINATOR, Place
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
