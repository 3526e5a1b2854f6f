"""A series in somebody's calendar: when its meetings are, nothing else, and only while it is theirs."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.domain.calendar import london_day
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting, RescheduleMeeting
from catch.domain.partner import GiveRole, RenewCalendar, SuspendMember
from catch.rates import Rates
from catch.web.console.pages import calendar as pages
from catch.web.console.pages.calendar import LONGEST_LINE, calendar, escaped, folded, named
from catch.web.console.site import Console
from catch.web.console.visit import Visit
from tests.browser import signed_in
from tests.conftest import Database
from tests.place import CHAIR, COORDINATOR, HOUSING, PROGRAMME, SERIES, SYSTEM, Place, ago, placed
from tests.test_console_meeting import form_of, send

STARTS = datetime(2031, 7, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


async def planned(place: Place, days: float = 3) -> UUID:
    meeting = uuid4()
    starts = (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, starts, CHAIR.user))
    return meeting


async def address(place: Place, by: Actor) -> str:
    """As their page of the series has it."""
    await place.settled()
    async with signed_in(place, by) as client:
        page = (await client.get(f"/meetings?series={SERIES}")).text
    found = re.search(r'href="(http[^"]+\.ics)"', page)
    assert found is not None
    return found[1]


async def fetched(place: Place, url: str) -> httpx.Response:
    """By a calendar program, which is nobody in particular."""
    await place.settled()
    async with httpx.AsyncClient() as program:
        return await program.get(url)


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


async def test_a_calendar_says_when_meetings_are_and_nothing_of_what_they_are_about(place: Place) -> None:
    case = await place.worked_on("Ada Example", HOUSING.agency)
    meeting = await place.published(HOUSING.agency)
    answer = await fetched(place, await address(place, HOUSING))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "set-cookie" not in answer.headers
    lines = unfolded(answer.text)
    assert f"UID:{meeting.meeting}@catch" in lines
    assert f"DTSTART:{meeting.starts_at:%Y%m%dT%H%M%SZ}" in lines
    assert "SUMMARY:Meeting" in lines
    for secret in (*case.secrets, CHAIR.user, HOUSING.user, "snn"):
        assert secret not in answer.text


async def test_what_was_moved_or_called_off_is_said_under_the_same_name(place: Place) -> None:
    meeting = await planned(place)
    url = await address(place, CHAIR)
    assert "SEQUENCE:0" in (await fetched(place, url)).text
    moved = (datetime.now(UTC) + timedelta(days=4)).replace(microsecond=0)
    await place.take(RescheduleMeeting(meeting, moved, Sealed("The room is taken.")))
    lines = unfolded((await fetched(place, url)).text)
    assert {f"UID:{meeting}@catch", f"DTSTART:{moved:%Y%m%dT%H%M%SZ}", "SEQUENCE:1", "STATUS:CONFIRMED"} <= {*lines}
    await place.take(CancelMeeting(meeting, Sealed("The boiler has burst.")))
    lines = unfolded((await fetched(place, url)).text)
    assert {f"UID:{meeting}@catch", "SEQUENCE:2", "STATUS:CANCELLED"} <= {*lines}
    assert "boiler" not in "".join(lines)


async def test_a_partner_who_is_not_invited_has_an_empty_calendar(place: Place) -> None:
    await planned(place)
    await place.published(HOUSING.agency)
    url = await address(place, HOUSING)
    assert (await fetched(place, url)).text.count("BEGIN:VEVENT") == 1


async def test_an_address_ends_with_the_enrolment_and_looks_like_one_that_never_was(place: Place) -> None:
    await place.published(HOUSING.agency)
    url = await address(place, HOUSING)
    assert (await fetched(place, url)).status_code == 200
    await place.take(SuspendMember(HOUSING.agency, HOUSING.user), SYSTEM)
    ended = await fetched(place, url)
    made_up = await fetched(place, url.replace("/calendar/", "/calendar/x"))
    assert (ended.status_code, made_up.status_code) == (404, 404)
    assert ended.text == made_up.text


async def test_whoever_makes_a_new_address_ends_their_old_one_alone(place: Place) -> None:
    await place.published(HOUSING.agency)
    old, anothers = await address(place, HOUSING), await address(place, CHAIR)
    async with signed_in(place, HOUSING) as client:
        page = (await client.get(f"/meetings?series={SERIES}")).text
        form = form_of(page, "renew-calendar")
        answer = await send(client, form)
        assert answer.status_code == 200
        new = re.search(r'href="(http[^"]+\.ics)"', answer.text)
        assert new is not None
        # Sent twice, it is one renewal.
        assert (await client.post(form.action, data=form.fields)).status_code == 303
    ended, made_up = await fetched(place, old), await fetched(place, old.replace("/calendar/", "/calendar/x"))
    assert (ended.status_code, ended.text) == (404, made_up.text)
    assert {**ended.headers, "date": ""} == {**made_up.headers, "date": ""}
    assert await address(place, HOUSING) == new[1] != old
    for url in (new[1], anothers):
        assert (await fetched(place, url)).text.count("BEGIN:VEVENT") == 1
    # Ended once, it stays so.
    async with signed_in(place, HOUSING) as client:
        await send(client, form_of((await client.get(f"/meetings?series={SERIES}")).text, "renew-calendar"))
    newest = await address(place, HOUSING)
    assert len({old, new[1], newest}) == 3
    assert [(await fetched(place, url)).status_code for url in (old, new[1], newest)] == [404, 404, 200]


async def test_nobody_ends_the_addresses_of_another_agency(place: Place) -> None:
    assert await place.refused(RenewCalendar("snn"), HOUSING) == "ONLY_FOR_YOURSELF"


@pytest.mark.parametrize("text", ["", ".ics", "a.ics", "%00.ics", "é.ics", "A" * 3000 + ".ics", "../../etc/passwd"])
async def test_what_is_no_address_is_not_there(place: Place, text: str) -> None:
    assert (await fetched(place, f"http://127.0.0.1:{place.port}/calendar/{text}")).status_code in (404, 405)


async def test_nobody_reads_from_an_address_whose_it_is(place: Place) -> None:
    one, other = await address(place, CHAIR), await address(place, COORDINATOR)
    assert one != other
    assert await address(place, CHAIR) == one
    for url in (one, other):
        assert "chair" not in url
        assert "coordinator" not in url


async def test_whoever_has_somebodys_address_does_not_keep_them_from_their_pages(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await address(place, CHAIR)
    consoles: list[Console] = []

    def seen(visit: Visit) -> Any:
        consoles.append(visit.console)
        return named(visit)

    monkeypatch.setattr(pages, "named", seen)
    await fetched(place, url)
    monkeypatch.setattr(consoles[0].web, "rates", Rates(0.001, 40))
    monkeypatch.setattr(pages, "ASKED", Rates(0.001, 5))
    answers = [(await fetched(place, url)).status_code for _ in range(50)]
    assert answers == [200] * 5 + [429] * 45
    async with signed_in(place, CHAIR) as client:
        assert (await client.get("/meetings")).status_code == 200


async def test_every_bit_of_an_address_counts(place: Place) -> None:
    url = await address(place, CHAIR)
    head, _, token = url.removesuffix(".ics").rpartition("/")
    for at in range(0, len(token) - 1, 7):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert (await fetched(place, f"{head}/{changed}.ics")).status_code == 404


# The format


def meeting(**more: object) -> dict[str, object]:
    held: dict[str, object] = {
        "id": "2c8f4e0a-0000-4000-8000-000000000001",
        "state": "PLANNED",
        "startsAt": STARTS.isoformat(),
        "durationMinutes": 90,
        "mode": "HYBRID",
        "course": {"moves": [], "cancellation": None},
    }
    return held | more


def test_a_calendar_is_one_as_rfc_5545_has_it() -> None:
    now = datetime(2031, 6, 1, 12, 0, tzinfo=UTC)
    assert unfolded(calendar([meeting()], now)) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//CATCH//Meetings//EN",
        "CALSCALE:GREGORIAN",
        "BEGIN:VEVENT",
        "UID:2c8f4e0a-0000-4000-8000-000000000001@catch",
        "DTSTAMP:20310601T120000Z",
        "DTSTART:20310701T090000Z",
        "DTEND:20310701T103000Z",
        "SEQUENCE:0",
        "SUMMARY:Meeting",
        "LOCATION:In person and remote",
        "STATUS:CONFIRMED",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_times_are_told_in_utc_whatever_zone_they_come_in() -> None:
    (line,) = [
        each
        for each in unfolded(calendar([meeting(startsAt="2031-07-01T10:00:00+01:00")], STARTS))
        if each.startswith("DTSTART")
    ]
    assert line == "DTSTART:20310701T090000Z"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")))
def test_a_line_is_folded_by_octets_and_comes_back_whole(line: str) -> None:
    parts = [*folded(line)]
    assert all(len(part.encode()) <= LONGEST_LINE for part in parts)
    assert all(part.startswith(" ") for part in parts[1:])
    assert parts[0] + "".join(part[1:] for part in parts[1:]) == line


def test_text_is_escaped() -> None:
    assert escaped("a,b;c\\d\r\ne\nf") == "a\\,b\\;c\\\\d\\ne\\nf"


# Who may chair


async def test_a_form_names_those_who_may_chair_the_series_and_nobody_else(place: Place) -> None:
    deputy = Actor("deputy@snn", "snn", Role.DEPUTY)
    await place.enrol(deputy)
    await place.enrol(Actor("later@snn", "snn", Role.COORDINATOR))
    in_a_week = london_day(ago(days=-7))
    await place.take(GiveRole("snn", "later@snn", Role.CHAIR, in_a_week, None, PROGRAMME, SERIES), SYSTEM)
    meeting = await place.published()

    async def suggested(address: str, field: str) -> list[str]:
        async with signed_in(place, CHAIR) as client:
            page = (await client.get(address)).text
        (found,) = re.findall(rf'<datalist id="[^"]*{field}-list">(.*?)</datalist>', page, re.DOTALL)
        return re.findall(r'value="([^"]*)"', found)

    both = sorted([CHAIR.user, deputy.user])
    assert await suggested(f"/do/plan-meeting?programme={PROGRAMME}&series={SERIES}", "chair") == both
    assert await suggested(f"/do/hand-over-chair?meeting={meeting.meeting}", "toUser") == both
