"""The pack of a meeting: fetched sealed by whoever runs it, and fetched again when it says something else."""

import logging
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from catch.domain.facts import Sealed
from catch.domain.meeting.editing import ChangeTimebox
from catch.web.console.sealing import opened
from tests.browser import signed_in
from tests.conftest import Database
from tests.place import CHAIR, COORDINATOR, HOUSING, Place, placed

FETCHED = "You fetched it with this browser"
CHANGED = "What it says has changed"


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


def fields(page: str) -> dict[str, str]:
    """Of the form that fetches it."""
    form = re.search(r'<form method="post" action="/meetings/[^"]+/pack".*?</form>', page, re.DOTALL)
    assert form is not None
    return {
        name: value
        for tag in re.findall(r"<input[^>]*>", form[0])
        for name in re.findall(r'name="([^"]*)"', tag)
        for value in re.findall(r'value="([^"]*)"', tag)
    }


async def fetched(client: httpx.AsyncClient, address: str, **more: str) -> tuple[httpx.Response, str]:
    """The file, and the passphrase that it was asked for with."""
    sent = fields((await client.get(address)).text) | more
    return await client.post(address, data=sent), sent["passphrase"]


async def test_whoever_runs_a_meeting_fetches_its_pack_sealed(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    case = await place.worked_on("Ada Example", HOUSING.agency)
    meeting = await place.published(HOUSING.agency)
    address = f"/meetings/{meeting.meeting}/pack"
    await place.settled()
    caplog.set_level(logging.DEBUG)
    for by in (CHAIR, COORDINATOR):
        async with signed_in(place, by) as client:
            file, passphrase = await fetched(client, address)
        assert file.status_code == 200
        assert file.headers["content-type"] == "text/html; charset=utf-8"
        day = f"{meeting.starts_at:%Y-%m-%d}"
        assert file.headers["content-disposition"] == f'attachment; filename="meeting-pack-{day}-sealed.html"'
        for secret in (*case.secrets, passphrase, CHAIR.user, COORDINATOR.user, "snn", str(meeting.meeting)):
            assert secret not in file.text, secret
        inside = opened(file.text, passphrase).inside
        assert "Ada Example" in inside
        assert "Who does what by when" in inside
        assert "<form" not in inside
        assert "<a " not in inside
        assert passphrase not in caplog.text
        assert passphrase not in str(file.headers)


async def test_nobody_else_fetches_it(place: Place) -> None:
    await place.worked_on("Ada Example", HOUSING.agency)
    meeting = await place.published(HOUSING.agency)
    address = f"/meetings/{meeting.meeting}/pack"
    await place.settled()
    async with signed_in(place, CHAIR) as client:
        passphrase = fields((await client.get(address)).text)["passphrase"]
    async with signed_in(place, HOUSING) as client:
        page = (await client.get(address)).text
        assert 'id="sealed"' not in page
        form_key = re.search(r'name="form-key" value="([^"]+)"', (await client.get("/")).text)
        assert form_key is not None
        answer = await client.post(address, data={"form-key": form_key[1], "passphrase": passphrase})
        assert answer.status_code == 404
        assert passphrase not in answer.text


async def test_a_weak_passphrase_is_refused_in_a_sentence_and_shown_nowhere(place: Place) -> None:
    meeting = await place.published(HOUSING.agency)
    await place.settled()
    async with signed_in(place, CHAIR) as client:
        answer, _ = await fetched(client, f"/meetings/{meeting.meeting}/pack", passphrase="letmeinletmein")
    assert answer.status_code == 400
    assert "could be guessed" in answer.text
    assert "letmein" not in answer.text
    assert "content-disposition" not in answer.headers


async def test_the_page_says_when_to_fetch_it_again(place: Place) -> None:
    await place.worked_on("Ada Example", HOUSING.agency)
    meeting = await place.published(HOUSING.agency, starts_at=datetime.now(UTC) + timedelta(minutes=5))
    address = f"/meetings/{meeting.meeting}/pack"
    await place.settled()
    async with signed_in(place, CHAIR) as client:
        assert "Fetch it when the agenda is published" in (await client.get(address)).text
        await fetched(client, address)
        assert FETCHED in (await client.get(address)).text
        item = meeting.items[0].item
        await place.take(ChangeTimebox(meeting.meeting, item, 25, Sealed("It needs longer.")), CHAIR)
        await place.settled()
        page = (await client.get(address)).text
        assert CHANGED in page
        assert FETCHED not in page
        await fetched(client, address)
        assert FETCHED in (await client.get(address)).text
    async with signed_in(place, COORDINATOR) as other:
        assert "Fetch it when the agenda is published" in (await other.get(address)).text


async def test_what_was_typed_is_not_kept_when_the_session_is_over(place: Place) -> None:
    meeting = await place.published(HOUSING.agency)
    await place.settled()
    async with signed_in(place, CHAIR) as client:
        sent = fields((await client.get(f"/meetings/{meeting.meeting}/pack")).text)
        client.cookies.clear()
        answer = await client.post(f"/meetings/{meeting.meeting}/pack", data=sent)
    assert answer.status_code == 401
    assert sent["passphrase"] not in answer.text
