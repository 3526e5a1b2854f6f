"""Whoever refers somebody registers nobody for a referral that is not taken."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from catch.domain.person import PersonRegistered
from catch.domain.programme import SuspendProgramme
from tests.browser import signed_in
from tests.conftest import Furnished
from tests.pages import PageRead
from tests.place import COORDINATOR, PROGRAMME, SYSTEM, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOLD = {"name": "Quin Referred-Example", "source": "police", "channel": "phone", "reason": "Alone since June"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        await made.settled()
        yield made


async def registered(place: Place) -> int:
    topic = PersonRegistered.__name__
    return await place.catch.log.pool.fetchval("select count(*) from stored_events where topic = $1", topic)


async def page(client: httpx.AsyncClient) -> PageRead:
    answer = await client.get(f"/refer-somebody?programme={PROGRAMME}")
    assert answer.status_code == 200
    return PageRead(answer.text).sound()


async def test_nobody_is_registered_for_a_referral_that_is_refused_and_what_was_typed_stays(place: Place) -> None:
    before = await registered(place)
    async with signed_in(place, COORDINATOR) as client:
        form = (await page(client)).form("/refer-somebody")
        wrong = (
            {"onBehalfOf": "nobody-here"},
            {"dateOfBirth-day": "1", "dateOfBirth-month": "1", "dateOfBirth-year": "2999"},
            {"nhsNumber": "999 000 0019", "dateOfBirth-year": "1960"},
        )
        for each in wrong:
            answer = await client.post("/refer-somebody", data=form.sent(**TOLD, **each))
            assert answer.status_code == 400, each
            shown = PageRead(answer.text).sound()
            assert shown.summary, each
            assert shown.form("/refer-somebody").fields["reason"] == ["Alone since June"]
            assert await registered(place) == before, each
        assert (await client.post("/refer-somebody", data=form.sent(**TOLD))).status_code == 303
    assert await registered(place) == before + 1


async def test_a_programme_that_takes_nobody_registers_nobody(place: Place) -> None:
    before = await registered(place)
    async with signed_in(place, COORDINATOR) as client:
        form = (await page(client)).form("/refer-somebody")
        await place.take(SuspendProgramme(PROGRAMME), SYSTEM)
        answer = await client.post("/refer-somebody", data=form.sent(**TOLD))
        assert answer.status_code == 400
        assert PageRead(answer.text).sound().form("/refer-somebody").fields["name"] == [TOLD["name"]]
    assert await registered(place) == before
