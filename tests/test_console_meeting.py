"""The pages of meetings: run by a chair, followed by partners, prepared, printed, put in a calendar."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from msgspec import Struct

from catch.domain.facts import Actor
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.session import StartMeeting
from catch.domain.meeting.state import Meeting
from tests.browser import signed_in
from tests.conftest import Database
from tests.place import CHAIR, COORDINATOR, HOUSING, POLICE, Case, Place, placed

RIGHT_TO_LEFT = "دالیا Example"
EMOJI = "🧑‍🦽 Zoë Example"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


class Form(Struct):
    """One form of a page, as a browser has it before anybody types."""

    action: str
    fields: dict[str, list[str]]


def forms(page: str) -> list[Form]:
    found: list[Form] = []
    for action, body in re.findall(r'<form[^>]*action="(/do/[^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL):
        fields: dict[str, list[str]] = {}
        for tag in re.findall(r"<input[^>]*>", body):
            name, value = attribute(tag, "name"), attribute(tag, "value")
            if name and ('type="checkbox"' not in tag or " checked" in tag):
                fields.setdefault(name, []).append(value)
        for name, text in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n?(.*?)</textarea>', body, re.DOTALL):
            fields[name] = [unescape(text)]
        for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', body, re.DOTALL):
            fields[name] = [chosen(options)]
        found.append(Form(action, fields))
    return found


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def chosen(options: str) -> str:
    values = re.findall(r'<option(?: value="([^"]*)")?([^>]*)>([^<]*)', options)
    picked = next((each for each in values if "selected" in each[1]), values[0] if values else ("", "", ""))
    return unescape(picked[0] or picked[2]) if not picked[0] and "value" not in options[:15] else unescape(picked[0])


def form_of(page: str, command: str, **known: str) -> Form:
    """The first form of the command whose hidden fields are these."""
    return next(
        each
        for each in forms(page)
        if each.action == f"/do/{command}" and all(each.fields.get(name) == [value] for name, value in known.items())
    )


def commands(page: str) -> set[str]:
    return {each.action.removeprefix("/do/") for each in forms(page)}


async def send(client: httpx.AsyncClient, form: Form, **filled: str | list[str]) -> httpx.Response:
    """As a browser does, and on to the page that it leads to."""
    data = {**form.fields, **{name.replace("__", "."): value for name, value in filled.items()}}
    answer = await client.post(form.action, data=data)
    if answer.status_code == 303:
        return await client.get(answer.headers["location"])
    return answer


class Room(Struct):
    """A meeting under way, with two cases on its agenda: housing is told of the first only."""

    meeting: Meeting
    shared: Case
    other: Case

    @property
    def address(self) -> str:
        return f"/meetings/{self.meeting.meeting}"

    def item(self, case: Case) -> UUID:
        return next(each.item for each in self.meeting.items if each.case == case.case)


async def under_way(place: Place, name: str = "Ada Example") -> Room:
    shared = await place.worked_on(name, HOUSING.agency)
    other = await place.worked_on("Bob Example", POLICE.agency)
    meeting = await place.published(HOUSING.agency, POLICE.agency, starts_at=datetime.now(UTC) + timedelta(minutes=1))
    id_ = meeting.meeting
    await place.take(StartMeeting(id_), CHAIR)
    for somebody in (COORDINATOR, HOUSING):
        await place.take(JoinMeeting(id_, somebody.user, somebody.agency), somebody)
        await place.take(AcceptConfidentiality(id_, somebody.user), somebody)
    return Room(await place.meeting(id_), shared, other)


async def page(place: Place, by: Actor, address: str) -> str:
    await place.settled()
    async with signed_in(place, by) as client:
        answer = await client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text


async def test_the_chair_sees_the_agenda_by_section_with_reasons_and_what_comes_next(place: Place) -> None:
    room = await under_way(place)
    text = await page(place, CHAIR, room.address)
    assert "Ada Example" in text
    assert "Bob Example" in text
    assert ">New<" in text.replace("</h3>", "<").replace('<h3 class="catch-section">', ">")
    assert "Open item 1" in text
    assert "Projected finish" in text
    assert "In the room: 3" in text


async def test_a_partner_sees_hidden_as_hidden_and_no_name_that_is_not_theirs(place: Place) -> None:
    room = await under_way(place)
    text = await page(place, HOUSING, room.address)
    assert "Ada Example" in text
    for secret in (*room.other.secrets, str(room.other.case), *room.shared.secrets[1:]):
        assert secret not in text
    assert "closed to you" in text
    assert commands(text).isdisjoint({"open-item", "close-item", "end-meeting", "move-item", "record-update"})
