"""The pages of meetings: run by a chair, followed by partners, prepared, printed, put in a calendar."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from markupsafe import escape
from msgspec import Struct

from catch.access import RedactionReason
from catch.domain.calendar import LONDON, london_day
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, DeclareInterest, JoinMeeting
from catch.domain.meeting.floor import CloseItem, OpenItem
from catch.domain.meeting.instant import RecordInstantDiscussion
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import ConfirmMinutes, EndMeeting, HandOverChair, StartMeeting
from catch.domain.meeting.speaking import RaiseHand
from catch.domain.meeting.state import Meeting, MeetingState
from catch.domain.partner import SignAgreement
from catch.domain.streams import CASE, KEY_OF_COMMAND, MEETING
from catch.log.codec import readable
from catch.web.console.wording import CLOSED
from tests.browser import signed_in
from tests.conftest import Database
from tests.place import CHAIR, COORDINATOR, HOUSING, POLICE, PROGRAMME, SERIES, SYSTEM, Case, Place, ago, placed

RIGHT_TO_LEFT = "دالیا Example"
EMOJI = "🧑‍🦽 Zoë Example"
SCRIPT = "<script>alert(1)</script>"
DEPUTY = Actor("deputy@snn", "snn", Role.DEPUTY)


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
    """Of a list, what stands there before anybody picks."""
    tags = re.findall(r"(<option[^>]*>)([^<]*)", options)
    values = [(attribute(tag, "value") if "value=" in tag else unescape(text), "selected" in tag) for tag, text in tags]
    return next((value for value, picked in values if picked), values[0][0] if values else "")


def form_of(page: str, command: str, **known: str) -> Form:
    """The first form of the command whose hidden fields are these."""
    named = [each for each in forms(page) if each.action == f"/do/{command}"]
    found = [each for each in named if all(each.fields.get(name) == [value] for name, value in known.items())]
    assert found, (command, known, said_on(page))
    return found[0]


def said_on(page: str) -> str:
    """What is wrong, as a page says it."""
    return " ".join(re.sub(r"<[^>]+>", " ", " ".join(re.findall(r"error-summary.*?</ul>", page, re.DOTALL))).split())


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


async def opened(place: Place, room: Room, case: Case) -> None:
    item = room.item(case)
    await place.take(OpenItem(room.meeting.meeting, item, override_reason=Sealed("Nobody else is here.")), CHAIR)


async def test_the_chair_sees_the_agenda_by_section_with_reasons_and_what_comes_next(place: Place) -> None:
    room = await under_way(place)
    text = await page(place, CHAIR, room.address)
    assert {"Ada Example", "Bob Example"} <= {each for each in ("Ada Example", "Bob Example") if each in text}
    assert '<h3 class="catch-section">New</h3>' in text
    assert "conversation held" in text
    assert "Open item 1" in text
    assert "Projected finish" in text
    assert "In the room: 3" in text
    await opened(place, room, room.shared)
    text = await page(place, CHAIR, room.address)
    order = next(each.order for each in room.meeting.items if each.case == room.shared.case)
    assert f"Close item {order}" in text
    assert 'data-since="' in text
    assert {"record-update", "record-decision", "offer-action-in-meeting", "close-item", "defer-item"} <= commands(text)


async def test_a_partner_sees_hidden_as_hidden_and_no_name_that_is_not_theirs(place: Place) -> None:
    room = await under_way(place)
    for case in (room.other, room.shared):
        await opened(place, room, case)
        for address in ("", "/screen", "/pack", "/minutes", f"?item={room.item(room.other)}"):
            text = await page(place, HOUSING, room.address + address)
            for secret in (*room.other.secrets, str(room.other.case)):
                assert secret not in text, address
            assert address == "/minutes" or "losed" in text
        await place.take(CloseItem(room.meeting.meeting, room.item(case)), CHAIR)
    text = await page(place, HOUSING, room.address)
    assert "Ada Example" in text
    assert "Closed to you: your agency has no part in it" in text
    assert commands(text) == {"leave-meeting", "set-availability"}


async def test_whoever_is_kept_out_sees_that_they_are(place: Place) -> None:
    room = await under_way(place)
    async with signed_in(place, HOUSING) as client:
        await place.settled()
        text = (await client.get(f"{room.address}?item={room.item(room.shared)}")).text
        answer = await send(client, form_of(text, "declare-interest"), action="RECUSED")
        assert "Ada Example" not in answer.text
        assert "you are kept out of it" in answer.text


async def test_before_they_accept_confidentiality_a_partner_reads_no_item(place: Place) -> None:
    room = await under_way(place)
    await place.take(JoinMeeting(room.meeting.meeting, POLICE.user, POLICE.agency), POLICE)
    for _ in range(2):
        text = await page(place, POLICE, room.address)
        assert "Bob Example" in text  # accepted when it was published
    other = Actor("another@housing-1", "housing-1", Role.PARTNER)
    await place.enrol(other)
    async with signed_in(place, other) as client:
        await place.settled()
        text = (await client.get(room.address)).text
        assert "Ada Example" not in text
        joined = await send(client, form_of(text, "join-meeting"))
        assert "Ada Example" not in joined.text
        accepted = await send(client, form_of(joined.text, "accept-confidentiality"))
        assert "Ada Example" in accepted.text


async def test_whoever_is_at_the_item_asks_to_speak_and_is_given_the_floor_in_the_order_of_asking(place: Place) -> None:
    room = await under_way(place)
    await opened(place, room, room.shared)
    await place.take(JoinMeeting(room.meeting.meeting, POLICE.user, POLICE.agency), POLICE)
    async with signed_in(place, HOUSING) as housing, signed_in(place, CHAIR) as chair:
        await place.settled()
        asked = await send(housing, form_of((await housing.get(room.address)).text, "raise-hand"))
        assert "Asking to speak: 1" in asked.text
        assert {"raise-hand", "give-floor"}.isdisjoint(commands(asked.text))
        text = (await chair.get(room.address)).text
        text = (await send(chair, form_of(text, "raise-hand"), user=COORDINATOR.user)).text
        section = text[text.index('id="speaking"') :]
        assert section.index(HOUSING.user) < section.index(COORDINATOR.user)
        wall = (await chair.get(f"{room.address}/screen")).text
        # By their initials, in their order.
        assert "Asking to speak <strong>MH, CS</strong>" in wall
        assert HOUSING.user not in wall
        text = (await send(chair, form_of(text, "give-floor", user=HOUSING.user))).text
        assert "Asking to speak: 1" in text
        assert "Speaks <strong>MH</strong>" in (await chair.get(f"{room.address}/screen")).text
        # Who is told nothing of the item is told nothing of who speaks on it, nor how many ask to.
        closed = await page(place, POLICE, room.address)
        assert "Asking to speak" not in closed
        assert "Asking to speak" not in await page(place, POLICE, f"{room.address}/screen")
        finished = await send(housing, form_of((await housing.get(room.address)).text, "lower-hand"))
        assert form_of(finished.text, "raise-hand").fields["user"] == [HOUSING.user]
        assert "Lower the hand of" in (await chair.get(room.address)).text
    minutes = await page(place, CHAIR, f"{room.address}/minutes")
    assert "speak" not in minutes


async def test_a_chair_who_is_kept_out_of_the_open_item_puts_it_off_and_reads_not_who_speaks(place: Place) -> None:
    room = await under_way(place)
    await opened(place, room, room.shared)
    item = room.item(room.shared)
    await place.take(RaiseHand(room.meeting.meeting, item, HOUSING.user), HOUSING)
    await place.take(DeclareInterest(room.meeting.meeting, item, CHAIR.user, CHAIR.agency), CHAIR)
    async with signed_in(place, CHAIR) as chair:
        await place.settled()
        text = (await chair.get(room.address)).text
        assert "Asking to speak" not in text
        answer = await send(chair, form_of(text, "defer-item"))
        assert answer.status_code == 200
    held = (await place.meeting(room.meeting.meeting)).item(item)
    assert held is not None
    assert held.state is ItemState.DEFERRED


async def test_whoever_confirms_the_minutes_reads_no_further_and_is_told_why(place: Place) -> None:
    room = await under_way(place)
    for case in (room.shared, room.other):
        await opened(place, room, case)
        await place.take(CloseItem(room.meeting.meeting, room.item(case)), CHAIR)
    await place.take(EndMeeting(room.meeting.meeting), CHAIR)
    await place.take(ConfirmMinutes(room.meeting.meeting), CHAIR)
    for address in ("", "/minutes"):
        text = await page(place, CHAIR, room.address + address)
        assert "Ada Example" not in text
        assert CLOSED["OVER"].lower() in text.lower()


def test_every_reason_for_which_something_is_closed_is_said_in_words() -> None:
    assert {*CLOSED} == {each.name for each in RedactionReason}


async def test_the_screen_on_the_wall_has_numbers_and_initials_and_nothing_to_press(place: Place) -> None:
    room = await under_way(place)
    await opened(place, room, room.shared)
    text = await page(place, CHAIR, f"{room.address}/screen")
    assert "Example" not in text.replace("Example snn", "")
    assert ">AE " in text.replace("\n", "") or "AE " in text
    assert commands(text) == set()


@pytest.mark.parametrize("name", [RIGHT_TO_LEFT, EMOJI, SCRIPT])
async def test_whatever_somebody_is_called_is_shown_as_text(place: Place, name: str) -> None:
    room = await under_way(place, name)
    await opened(place, room, room.shared)
    for address in ("", "/pack", "/screen"):
        text = await page(place, CHAIR, room.address + address)
        assert SCRIPT not in text
        if address != "/screen":
            assert f"<bdi>{escape(name)}</bdi>" in text


async def test_script_in_every_text_field_of_the_room_is_text(place: Place) -> None:
    room = await under_way(place)
    await opened(place, room, room.shared)
    async with signed_in(place, CHAIR) as client:
        text = (await client.get(room.address)).text
        said = dict.fromkeys(("situation", "actionToDate", "update", "nextSteps"), SCRIPT)
        text = (await send(client, form_of(text, "record-update"), **said)).text
        decision = form_of(text, "record-decision")
        text = (
            await send(client, decision, code="CONTINUE", text=SCRIPT, notToldReason=SCRIPT, dissent__0__text=SCRIPT)
        ).text
        again = form_of(text, "record-decision")
        assert again.fields["dissent.0.text"] == [SCRIPT]
        text = (await send(client, again, code="CLOSE", dissent__0__text="")).text
        offered = {"due-day": "1", "due-month": "12", "due-year": "2031", "title": SCRIPT, "owner": HOUSING.agency}
        text = (await send(client, form_of(text, "offer-action-in-meeting"), **offered)).text
        for address in ("", f"?item={room.item(room.shared)}", "/minutes", "/pack"):
            shown = (await client.get(room.address + address)).text
            assert SCRIPT not in shown
        assert escape(SCRIPT) in shown or escape(SCRIPT) in text


async def test_a_note_of_ten_thousand_characters_is_kept_and_one_more_is_refused_with_it(place: Place) -> None:
    room = await under_way(place)
    await opened(place, room, room.shared)
    longest = "é" * 10_000
    async with signed_in(place, CHAIR) as client:
        text = (await client.get(room.address)).text
        text = (await send(client, form_of(text, "record-update"), situation=longest)).text
        assert form_of(text, "record-update").fields["situation"] == [longest]
        refused = await send(client, form_of(text, "record-update"), situation=longest + "é")
        assert refused.status_code == 400
        assert form_of(refused.text, "record-update").fields["situation"] == [longest + "é"]


async def test_a_double_click_and_the_back_button_record_once(place: Place) -> None:
    room = await under_way(place)
    await opened(place, room, room.shared)
    async with signed_in(place, CHAIR) as client:
        text = (await client.get(room.address)).text
        decision = form_of(text, "record-decision")
        filled = {**decision.fields, "code": ["CONTINUE"], "notToldReason": ["They are away."]}
        answers = [await client.post(decision.action, data=filled) for _ in range(3)]
        assert [each.status_code for each in answers] == [303] * 3
        update = form_of(text, "record-update")
        versions: set[int] = set()
        for _ in range(3):
            assert (await client.post(update.action, data={**update.fields, "update": ["Well."]})).status_code == 303
            versions.add((await place.catch.present.states.get(MEETING, room.meeting.meeting)).version)
        assert len(versions) == 1
    meeting = await place.meeting(room.meeting.meeting)
    item = meeting.item(room.item(room.shared))
    assert item is not None
    assert len(item.decisions) == 1


class Writing(Struct):
    """A browser with the room's page in it, as it was when its owner began to write."""

    client: httpx.AsyncClient
    form: Form

    async def sends(self, **texts: str) -> httpx.Response:
        return await send(self.client, self.form, **texts)


@asynccontextmanager
async def two_writers(place: Place, room: Room) -> AsyncGenerator[tuple[Writing, Writing]]:
    """The chair and the coordinator have the same item before them."""
    await opened(place, room, room.shared)
    async with signed_in(place, CHAIR) as chair, signed_in(place, COORDINATOR) as coordinator:
        await place.settled()
        pages = [(await client.get(room.address)).text for client in (chair, coordinator)]
        first, second = (form_of(text, "record-update") for text in pages)
        yield Writing(chair, first), Writing(coordinator, second)


async def said(place: Place, room: Room) -> dict[str, str]:
    text = await page(place, CHAIR, room.address)
    fields = form_of(text, "record-update").fields
    return {name: fields[name][0] for name in ("situation", "actionToDate", "update", "nextSteps")}


async def test_two_who_write_in_different_parts_of_an_item_are_both_kept(place: Place) -> None:
    room = await under_way(place)
    async with two_writers(place, room) as (one, other):
        assert (await one.sends(situation="By the chair.")).status_code == 200
        assert (await other.sends(nextSteps="By the coordinator.")).status_code == 200
    assert await said(place, room) == {
        "situation": "By the chair.",
        "actionToDate": "",
        "update": "",
        "nextSteps": "By the coordinator.",
    }


async def test_of_two_who_write_in_the_same_part_the_second_sees_both_texts(place: Place) -> None:
    room = await under_way(place)
    async with two_writers(place, room) as (one, other):
        await one.sends(situation="By the chair.", update="Also by the chair.")
        both = await other.sends(situation="By the coordinator.", nextSteps="Nobody else's.")
        assert both.status_code == 409
        kept = form_of(both.text, "record-update")
        assert kept.fields["situation"] == ["By the coordinator."]
        assert kept.fields["update"] == ["Also by the chair."]
        assert kept.fields["nextSteps"] == ["Nobody else's."]
        assert "By the chair." in both.text
        assert (await said(place, room))["situation"] == "By the chair."
        await send(other.client, kept, situation="By the chair. By the coordinator.")
    assert (await said(place, room)) == {
        "situation": "By the chair. By the coordinator.",
        "actionToDate": "",
        "update": "Also by the chair.",
        "nextSteps": "Nobody else's.",
    }


async def test_whoever_takes_out_what_another_has_changed_sees_both(place: Place) -> None:
    room = await under_way(place)
    async with two_writers(place, room) as (one, other):
        await one.sends(situation="First.")
        for writer in (one, other):
            writer.form = form_of((await writer.client.get(room.address)).text, "record-update")
        await one.sends(situation="First, and more.")
        assert (await other.sends(situation="")).status_code == 409
    assert (await said(place, room))["situation"] == "First, and more."


async def test_whoever_comes_meanwhile_is_in_nobodys_way(place: Place) -> None:
    room = await under_way(place)
    async with two_writers(place, room) as (one, _):
        await place.take(JoinMeeting(room.meeting.meeting, POLICE.user, POLICE.agency), POLICE)
        assert (await one.sends(situation="By the chair.")).status_code == 200
    assert (await said(place, room))["situation"] == "By the chair."


async def test_what_is_typed_for_an_item_that_was_closed_meanwhile_is_not_lost(place: Place) -> None:
    room = await under_way(place)
    async with two_writers(place, room) as (_, other):
        await place.take(CloseItem(room.meeting.meeting, room.item(room.shared)), CHAIR)
        answer = await other.sends(situation="Typed too late.")
        assert answer.status_code == 400
        assert "Typed too late." in answer.text
        assert "is not being discussed" in answer.text


@pytest.mark.parametrize("by", [CHAIR, COORDINATOR])
async def test_of_two_who_close_an_item_at_once_one_does_and_neither_loses_anything(place: Place, by: Actor) -> None:
    """The chair, who has it open on another machine as well, or beside whoever prepares the meeting."""
    room = await under_way(place)
    await opened(place, room, room.shared)
    await place.settled()
    async with signed_in(place, CHAIR) as chair, signed_in(place, by) as other:
        forms = [form_of((await each.get(room.address)).text, "close-item") for each in (chair, other)]
        answers = await asyncio.gather(
            *(each.post(form.action, data=form.fields) for each, form in zip((chair, other), forms, strict=True))
        )
    assert [each.status_code for each in answers] == [303, 303]
    assert await closed_times(place, room) == 1


async def test_an_item_is_closed_by_whoever_is_in_the_chair_by_then(place: Place) -> None:
    """The chair has a page before them, and hands the chair over on another machine."""
    await place.enrol(DEPUTY)
    room = await under_way(place)
    id_ = room.meeting.meeting
    await opened(place, room, room.shared)
    await place.take(JoinMeeting(id_, DEPUTY.user, DEPUTY.agency), DEPUTY)
    await place.take(AcceptConfidentiality(id_, DEPUTY.user), DEPUTY)
    await place.settled()
    async with signed_in(place, CHAIR) as chair, signed_in(place, DEPUTY) as deputy:
        before = form_of((await chair.get(room.address)).text, "close-item")
        assert "close-item" not in commands((await deputy.get(room.address)).text)
        await place.take(HandOverChair(id_, DEPUTY.user), CHAIR)
        await place.settled()
        late = await chair.post(before.action, data=before.fields)
        assert (late.status_code, "Only those who run or prepare this meeting" in late.text) == (400, True)
        assert await closed_times(place, room) == 0
        assert "close-item" not in commands((await chair.get(room.address)).text)
        assert (await send(deputy, form_of((await deputy.get(room.address)).text, "close-item"))).status_code == 200
    assert await closed_times(place, room) == 1


async def closed_times(place: Place, room: Room) -> int:
    facts = readable(await place.catch.log.rows([room.meeting.meeting]))
    return [each.topic for each in facts].count("ItemClosed")


EVERY = {
    key
    for kind, key in KEY_OF_COMMAND.items()
    if "meeting" in kind.__struct_fields__ and kind is not RecordInstantDiscussion
}
"""Every command of a meeting. An instant discussion is recorded at its case."""


async def test_every_command_of_a_meeting_is_a_form_of_its_pages(place: Place) -> None:
    """Walked through as a meeting goes, from its planning to the confirmation of its minutes."""
    found: set[str] = set()
    await place.worked_on("Ada Example", HOUSING.agency)
    async with signed_in(place, CHAIR) as chair, signed_in(place, HOUSING) as housing:

        async def look(client: httpx.AsyncClient, address: str) -> str:
            await place.settled()
            text = (await client.get(address)).text
            found.update(commands(text), re.findall(r'href="/do/([\w-]+)', text))
            return text

        async def do(client: httpx.AsyncClient, address: str, command: str, **filled: str | list[str]) -> None:
            form = form_of(await look(client, address), command)
            answer = await send(client, form, **filled)
            assert answer.status_code == 200, (command, said_on(answer.text))
            head = await place.catch.log.head()
            again = await send(client, form, **filled)
            assert (again.status_code, await place.catch.log.head()) == (200, head), (command, said_on(again.text))

        at = datetime.now(LONDON) + timedelta(minutes=2)
        start = {"startsAt-time": f"{at:%H:%M}"}
        start |= {"startsAt-day": f"{at.day}", "startsAt-month": f"{at.month}", "startsAt-year": f"{at.year}"}
        plan = form_of(await look(chair, f"/meetings?series={SERIES}"), "plan-meeting")
        (id_,) = plan.fields["meeting"]
        assert (await send(chair, plan, chair=CHAIR.user, **start)).status_code == 200
        room, desk = f"/meetings/{id_}", f"/meetings/{id_}/prepare"
        await do(chair, desk, "invite-member", agency=HOUSING.agency)
        await do(chair, desk, "add-item", matter="MINUTES")
        await do(chair, desk, "draft-agenda")
        number = (await place.meeting(UUID(id_))).items[-1].number
        await look(chair, f"{desk}?case={number}")
        await look(chair, f"{room}?order=1")
        await do(chair, desk, "publish-agenda")
        await look(chair, f"{desk}?case={number}")
        await look(housing, room)
        await do(housing, room, "join-meeting")
        await do(housing, room, "accept-confidentiality")
        await do(chair, room, "start-meeting")
        first, second = (str(each.item) for each in (await place.meeting(UUID(id_))).items)
        await do(chair, room, "open-item")
        await do(housing, room, "raise-hand")
        await look(chair, room)
        await do(chair, room, "close-item")
        await look(chair, f"{room}?item={second}")
        await do(chair, room, "open-item", overrideReason="Nobody else is here.")
        await do(chair, room, "declare-interest", user=HOUSING.user, agency=HOUSING.agency, note="Kin.")
        await look(chair, room)
        await do(chair, room, "close-item")
        await do(chair, room, "adjourn-meeting")
        await do(chair, room, "resume-meeting")
        await do(chair, room, "end-meeting")
        await do(chair, f"{room}/minutes", "amend-minutes", text="They should have said more.")
        await do(chair, f"{room}/minutes", "confirm-minutes")
        assert first != second
    # Only of an item that is listed for noting.
    assert EVERY - found == {"pull-from-noting", "note-item"} - found


async def test_minutes_are_put_right_beside_what_they_say_and_confirmed(place: Place) -> None:
    room = await under_way(place)
    async with two_writers(place, room) as (one, _):
        await one.sends(situation="What was said.")
        for case in (room.shared, room.other):
            if case is room.other:
                await opened(place, room, case)
            await place.take(CloseItem(room.meeting.meeting, room.item(case)), CHAIR)
        await place.take(EndMeeting(room.meeting.meeting), CHAIR)
        text = await page(place, CHAIR, f"{room.address}/minutes")
        assert "Not confirmed yet" in text
        assert "What was said." in text
        amended = await send(
            one.client, form_of(text, "amend-minutes", item=str(room.item(room.shared))), text="And what was not."
        )
        assert "What was said." in amended.text
        assert "And what was not." in amended.text
        confirmed = await send(one.client, form_of(amended.text, "confirm-minutes"))
        assert "Confirmed" in confirmed.text
    theirs = await page(place, HOUSING, f"{room.address}/minutes")
    assert "What was said." in theirs
    assert "Bob Example" not in theirs


async def test_a_meeting_ends_with_what_is_unresolved_listed_first(place: Place) -> None:
    room = await under_way(place)
    async with signed_in(place, CHAIR) as client:
        await place.settled()
        text = (await client.get(f"{room.address}?end=1")).text
        assert "Not resolved yet: 2" in text
        assert text.index("Not resolved yet") < text.index("agenda-title")
        assert "end-meeting" not in commands(text)
        for _ in range(2):
            text = (await send(client, form_of(text, "defer-item"))).text
        assert "Everything is resolved" in text
        ended = await send(client, form_of(text, "end-meeting"))
        assert ended.status_code == 200
    assert (await place.meeting(room.meeting.meeting)).state is MeetingState.ENDED


async def test_items_change_places_by_buttons(place: Place) -> None:
    room = await under_way(place)
    async with signed_in(place, CHAIR) as client:
        await place.settled()
        text = (await client.get(f"{room.address}?order=1")).text
        first, second = room.meeting.items
        answer = await send(client, form_of(text, "move-item", item=str(second.item)), order="1")
        assert answer.status_code == 200
        assert "order=1" in str(answer.url)
    assert [each.item for each in (await place.meeting(room.meeting.meeting)).items] == [second.item, first.item]


async def test_a_guest_comes_in_for_an_item_and_goes_with_it(place: Place) -> None:
    room = await under_way(place)
    guest = Actor("guest@charity-1", "charity-1", Role.PARTNER)
    await place.enrol(guest)
    await place.take(
        SignAgreement(
            "charity-1", "isa-charity", (PROGRAMME,), frozenset(Category), london_day(ago(days=9)), None, Sealed("S.")
        ),
        SYSTEM,
    )
    await opened(place, room, room.shared)
    async with signed_in(place, CHAIR) as client:
        await place.settled()
        item = {"items": str(room.item(room.shared))}
        text = (await client.get(room.address)).text
        text = (await send(client, form_of(text, "invite-member", **item), agency="charity-1", user=guest.user)).text
        text = (await send(client, form_of(text, "join-meeting", user=guest.user))).text
        assert f"Let out {guest.user}" in text
        await send(client, form_of(text, "leave-meeting", user=guest.user))
    held = (await place.meeting(room.meeting.meeting)).attendee(guest.user)
    assert held is not None
    assert not held.present


async def test_a_meeting_that_was_held_on_paper_is_entered_with_its_own_times(place: Place) -> None:
    await place.worked_on("Ada Example", HOUSING.agency, at=datetime.now(UTC) - timedelta(days=5))
    meeting = await place.published(HOUSING.agency)
    room, at = f"/meetings/{meeting.meeting}", datetime.now(LONDON) + timedelta(minutes=1)
    await place.settled()

    def then() -> dict[str, str]:
        day = {"day": f"{at.day}", "month": f"{at.month}", "year": f"{at.year}", "time": f"{at:%H:%M}"}
        return {f"occurred-at-{part}": value for part, value in day.items()}

    async with signed_in(place, CHAIR) as client:
        text = (await client.get(f"{room}/paper")).text
        for command, more in (
            ("start-meeting", {}),
            ("open-item", {"overrideReason": "It was so on paper."}),
            ("record-update", {"situation": "As it stands on paper."}),
            ("record-decision", {"code": "CONTINUE", "notToldReason": "They are away."}),
            ("close-item", {}),
            ("end-meeting", {}),
        ):
            answer = await send(client, form_of(text, command), **more, **then())
            assert answer.status_code == 200, (command, said_on(answer.text))
            text = answer.text
        assert "The meeting is entered" in text
    held = await place.meeting(meeting.meeting)
    assert held.state is MeetingState.ENDED
    assert held.ended_at is not None
    assert held.ended_at.astimezone(LONDON).replace(tzinfo=None) == at.replace(second=0, microsecond=0, tzinfo=None)


async def test_only_who_prepares_a_meeting_has_its_desk(place: Place) -> None:
    meeting = await place.published(HOUSING.agency)
    await place.settled()
    async with signed_in(place, HOUSING) as client:
        for part in ("prepare", "paper"):
            assert (await client.get(f"/meetings/{meeting.meeting}/{part}")).status_code == 404
    text = await page(place, COORDINATOR, f"/meetings/{meeting.meeting}/prepare")
    assert "publish-agenda" not in commands(text)


async def test_the_desk_says_why_a_case_is_not_on_the_agenda(place: Place) -> None:
    case = await place.referred("Carl Example")
    meeting = uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, datetime.now(UTC) + timedelta(days=1), CHAIR.user))
    held = (await place.catch.present.states.get(CASE, case.case)).state
    text = await page(place, COORDINATOR, f"/meetings/{meeting}/prepare?case={held.number}")
    assert held.number in text
    assert "Put it on the agenda" in text
    nothing = await page(place, COORDINATOR, f"/meetings/{meeting}/prepare?case=0000-0000")
    assert "There is no such case for you to ask about" in nothing
