"""A case on its page, the inbox, the front door and search, as people use them: twice, late, from two tabs, signed out
in the middle of a sentence, and with whatever can be typed.
"""

import html
import re
from collections.abc import AsyncGenerator
from datetime import date, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.disclosure import EndDisclosure, EndInvolvement
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.person import ContactChannel, SetContactPreference
from tests.browser import at_the_console, browser, signed_in
from tests.conftest import Furnished
from tests.pages import Fields, PageForm, PageRead
from tests.place import ADMINISTRATOR, AUDITOR, CHAIR, COORDINATOR, HOUSING, POLICE, REFERRER, Case, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = Actor("colleague@snn", "snn", Role.COORDINATOR)
NASTY = "x\"'><script>alert(1)</script>\u202eABC مرحبا 👩🏽‍🚀"
NUMBER = "999 000 0018"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncGenerator[Place]:
    async with furnished() as found:
        await found.enrol(OTHER)
        await found.settled()
        yield found


async def page(client: httpx.AsyncClient, address: str, status: int = 200) -> PageRead:
    answer = await client.get(address)
    assert answer.status_code == status, (address, answer.status_code, answer.text[-600:])
    return PageRead(answer.text).sound()


async def case_page(client: httpx.AsyncClient, case: Case) -> PageRead:
    return await page(client, f"/cases/{case.case}")


async def notes(place: Place, case: Case) -> list[str]:
    found = await place.ask("query($c: UUID!) { notes(caseId: $c) { edges { node { text } } } }", c=str(case.case))
    return [each["node"]["text"] for each in found["notes"]["edges"]]


async def send(client: httpx.AsyncClient, form: PageForm, data: Fields) -> httpx.Response:
    answer = await client.post(form.action, data=data)
    assert answer.status_code < 500, answer.text[-600:]
    return answer


def taken(answer: httpx.Response) -> str:
    """Where one goes on after a form that was taken."""
    assert answer.status_code == 303, PageRead(answer.text).summary
    return answer.headers["location"]


def typed(path: str, day: date) -> dict[str, str]:
    return {f"{path}-day": str(day.day), f"{path}-month": str(day.month), f"{path}-year": str(day.year)}


# The page


async def test_what_keeps_the_person_safe_comes_before_everything_else(place: Place) -> None:
    case = await place.worked_on("Ada Safe-Example", "housing-1", phone=Sealed("01632 960001"))
    never = SetContactPreference(case.person, (ContactChannel.TEXT,), None, Sealed("Never ring: partner answers"))
    await place.take(never)
    async with signed_in(place, COORDINATOR) as client:
        found = await case_page(client, case)
    told = found.html.index("Never ring: partner answers")
    assert told < found.html.index("01632 960001")
    assert told < found.html.index("Plan and goals")
    assert "Ada Safe-Example" not in found.html[: found.html.index("</title>")]


async def test_a_page_offers_what_its_reader_may_do_and_no_more(place: Place) -> None:
    case = await place.worked_on("Ben Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client:
        theirs = await case_page(client, case)
    async with signed_in(place, HOUSING) as client:
        partners = await case_page(client, case)
    async with signed_in(place, POLICE) as client:
        await page(client, f"/cases/{case.case}", 404)
    async with signed_in(place, AUDITOR) as client:
        read = await case_page(client, case)
    assert theirs.has("/do/propose-for-meeting")
    assert theirs.has("/do/allocate-coordinator")
    assert "/do/close-case?" in theirs.html
    assert partners.has("/do/add-note")
    assert not partners.has("/do/allocate-coordinator")
    assert "/do/close-case?" not in partners.html
    assert not any(form.action.startswith("/do/") for form in read.forms)


async def test_what_else_may_be_done_is_listed_and_every_link_leads_to_a_form(place: Place) -> None:
    case = await place.worked_on("Cleo Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client:
        found = await case_page(client, case)
        links = {html.unescape(each) for each in found.links if each.startswith("/do/")}
        assert {urlsplit(each).path for each in links} >= {
            "/do/correct-identity", "/do/raise-safeguarding-concern", "/do/agree-plan", "/do/authorise-disclosure",
        }  # fmt: skip
        for link in links:
            form = (await page(client, link)).form(urlsplit(link).path)
            assert form.fields.get("case", [str(case.case)]) == [str(case.case)]


async def test_a_case_is_brought_back_on_a_date(place: Place) -> None:
    case = await place.worked_on("Dan Example", "housing-1")
    back = london_day(ago(days=-40))
    async with signed_in(place, COORDINATOR) as client:
        form = (await case_page(client, case)).form("/do/propose-for-meeting")
        answer = await send(
            client, form, form.sent(**typed("earliest", back), purpose="STUCK", question="Is the heating on?")
        )
        found = (await client.get(taken(answer))).text
    assert f"Not before {back:%A} {back.day} {back:%B %Y}" in found
    assert "Is the heating on?" in found


async def test_history_is_for_those_who_may_read_the_trail(place: Place) -> None:
    case = await place.worked_on("Eva Example", "housing-1")
    async with signed_in(place, AUDITOR) as client:
        found = await page(client, f"/cases/{case.case}/history")
        assert "Referral received" in found.html
        assert case.name not in found.html
    async with signed_in(place, HOUSING) as client:
        answer = await client.get(f"/cases/{case.case}/history")
        assert answer.status_code in (403, 404)


# Twice, late, from two tabs


async def test_a_double_click_is_one_note(place: Place) -> None:
    case = await place.worked_on("Fay Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client:
        form = (await case_page(client, case)).form("/do/add-note")
        sent = form.sent(text="Said once")
        first, second = await send(client, form, sent), await send(client, form, sent)
    assert (first.status_code, second.status_code) == (303, 303)
    assert await notes(place, case) == ["Said once"]


async def test_going_back_and_writing_something_else_loses_neither(place: Place) -> None:
    case = await place.worked_on("Gus Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client:
        form = (await case_page(client, case)).form("/do/add-note")
        await send(client, form, form.sent(text="The first"))
        answer = await send(client, form, form.sent(text="The second"))
        assert answer.status_code == 400
        again = PageRead(answer.text).sound()
        assert "You have sent this form before" in again.summary[0]
        kept = again.form("/do/add-note")
        assert kept.fields["text"] == ["The second"]
        assert (await send(client, kept, kept.sent())).status_code == 303
    assert sorted(await notes(place, case)) == ["The first", "The second"]


async def test_two_tabs_write_two_notes(place: Place) -> None:
    case = await place.worked_on("Hal Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client:
        tabs = [(await case_page(client, case)).form("/do/add-note") for _ in range(2)]
        for number, form in enumerate(tabs):
            assert (await send(client, form, form.sent(text=f"Tab {number}"))).status_code == 303
    assert sorted(await notes(place, case)) == ["Tab 0", "Tab 1"]


async def test_a_stale_page_says_what_changed_and_keeps_what_was_typed(place: Place) -> None:
    case = await place.worked_on("Ida Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client:
        form = (await case_page(client, case)).form("/do/allocate-coordinator")
        await place.take(AllocateCoordinator(case.case, OTHER.user, OTHER.agency), OTHER)
        await place.settled()
        answer = await send(client, form, form.sent(handoverNote="Read the notes first"))
        assert answer.status_code == 409
        again = PageRead(answer.text).sound()
        assert "This was changed since you looked" in answer.text
        assert "Coordinator changed" in answer.text
        assert OTHER.user in answer.text
        kept = again.form("/do/allocate-coordinator")
        assert kept.fields["handoverNote"] == ["Read the notes first"]
        # Whoever has been told sends it knowing that.
        assert (await send(client, kept, kept.sent())).status_code == 303


async def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing(place: Place) -> None:
    """With no script at all: kept on a page, signed in again elsewhere, looked at once more, sent."""
    case = await place.worked_on("Jan Example", "housing-1")
    text = "Written before the session ended.\r\nA second line with “quotes” & <b>signs</b>."
    async with signed_in(place, COORDINATOR) as client:
        form = (await case_page(client, case)).form("/do/add-note")
        cookies = dict(client.cookies)
        client.cookies.clear()
        # However short it is, it stands there to be read.
        brief = await client.post(form.action, data=form.sent(text="Rang twice"))
        assert re.search(r"<textarea[^>]*>\nRang twice</textarea>", brief.text)
        answer = await client.post(form.action, data=form.sent(text=text))
        assert answer.status_code == 401
        kept = PageRead(answer.text).sound().form("/resend")
        # Still signed out: it stays.
        answer = await client.post("/resend", data=kept.sent())
        assert answer.status_code == 401
        kept = PageRead(answer.text).sound().form("/resend")
        client.cookies.update(cookies)
        answer = await client.post("/resend", data=kept.sent())
        assert answer.status_code == 200
        last = PageRead(answer.text).sound().form(form.action)
        answer = await send(client, last, last.sent())
        assert answer.status_code == 303, answer.text[-800:]
    assert await notes(place, case) == [text.replace("\r\n", "\n")]


async def test_a_right_that_is_lost_in_the_middle_loses_no_word(place: Place) -> None:
    case = await place.referred("Kim Example")
    case = await place.worked_on("Kim Example")
    disclosure = await place.share(case.case, "housing-1")
    await place.settled()
    async with signed_in(place, HOUSING) as client:
        form = (await case_page(client, case)).form("/do/add-note")
        await place.take(EndInvolvement(case.case, "housing-1"))
        await place.take(EndDisclosure(case.case, disclosure))
        await place.settled()
        answer = await send(client, form, form.sent(text="Seen there twice"))
        assert answer.status_code in (400, 403, 404)
        assert "Seen there twice" in answer.text
        assert case.name not in answer.text
        await page(client, f"/cases/{case.case}", 404)
    assert await notes(place, case) == []


# Whatever can be typed


async def test_a_note_may_be_as_long_as_it_may_be_and_what_is_longer_stays(place: Place) -> None:
    case = await place.worked_on("Lea Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client:
        form = (await case_page(client, case)).form("/do/add-note")
        answer = await send(client, form, form.sent(text="é" * 10_001))
        assert answer.status_code == 400
        again = PageRead(answer.text).sound()
        assert "10,001" in again.errors["text"]
        form = again.form("/do/add-note")
        assert form.fields["text"] == ["é" * 10_001]
        assert (await send(client, form, form.sent(text="é" * 10_000))).status_code == 303
        assert "é" * 10_000 in (await case_page(client, case)).html
    assert await notes(place, case) == ["é" * 10_000]


async def test_nothing_that_is_typed_is_run_and_every_script_of_the_world_is_kept(place: Place) -> None:
    case = await place.worked_on(NASTY, "housing-1", phone=Sealed(NASTY), address=Sealed(NASTY))
    await place.take(SetContactPreference(case.person, (ContactChannel.TEXT,), Sealed(NASTY), Sealed(NASTY)))
    due = london_day(ago(days=-9))
    await place.take(OfferAction(case.case, uuid4(), Sealed(NASTY), "housing-1", due))
    async with signed_in(place, COORDINATOR) as client:
        form = (await case_page(client, case)).form("/do/add-note")
        assert (await send(client, form, form.sent(text=NASTY))).status_code == 303
        found = await case_page(client, case)
        assert NASTY not in found.html
        assert found.html.count(html.escape(NASTY, quote=False)[:12]) + found.html.count("&lt;script&gt;") >= 6
        assert "مرحبا 👩🏽‍🚀" in found.html
        await page(client, "/cases")
    async with signed_in(place, HOUSING) as client:
        inbox = await page(client, "/inbox")
        assert NASTY not in inbox.html
        assert "&lt;script&gt;" in inbox.html
    assert await notes(place, case) == [NASTY]


async def test_a_form_from_another_sites_page_or_of_somebody_else_is_not_sent(place: Place) -> None:
    case = await place.worked_on("Mia Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client, signed_in(place, HOUSING) as other:
        form = (await case_page(client, case)).form("/do/add-note")
        sent = form.sent(text="Not from here, and long enough to be kept")
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
            answer = await client.post(form.action, data=sent, headers=headers)
            assert answer.status_code == 403
        answer = await other.post(form.action, data=sent)
        assert answer.status_code == 403
        assert "Not from here, and long enough to be kept" in answer.text
    assert await notes(place, case) == []


async def test_a_cookie_is_good_for_nothing_after_signing_out(place: Place) -> None:
    case = await place.worked_on("Nia Example", "housing-1")
    async with signed_in(place, COORDINATOR) as client:
        found = await case_page(client, case)
        form = found.form("/do/add-note")
        cookies = dict(client.cookies)
        leaving = found.form("/sign-out")
        await send(client, leaving, leaving.sent())
        client.cookies.clear()
        client.cookies.update(cookies)
        answer = await client.post(form.action, data=form.sent(text="By whoever found the cookie"))
        assert answer.status_code == 401
        assert (await client.get(f"/cases/{case.case}")).status_code == 303
    assert await notes(place, case) == []


# While one looks


async def test_a_page_shows_what_others_do_around_what_one_writes_and_goes_when_the_right_does(place: Place) -> None:
    case = await place.worked_on("Ola Live-Example")
    disclosure = await place.share(case.case, "housing-1")
    await place.settled()
    async with browser() as running, at_the_console(running, place, HOUSING) as window:
        await window.goto(f"/cases/{case.case}")
        await window.get_by_text("Add a note", exact=True).click()
        await window.locator("#notes textarea").fill("Half a sent")
        await place.take(AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("Seen on the stairs")))
        await window.get_by_text("Seen on the stairs").wait_for(timeout=10_000)
        assert await window.locator("#notes textarea").input_value() == "Half a sent"
        await place.take(EndInvolvement(case.case, "housing-1"))
        await place.take(EndDisclosure(case.case, disclosure))
        await window.get_by_text("This page is not one for you any more").wait_for(timeout=10_000)
        assert await window.get_by_text("Seen on the stairs").count() == 0


# The inbox


async def test_what_is_offered_is_answered_in_the_inbox(place: Place) -> None:
    case = await place.worked_on("Oli Example", "housing-1")
    due = london_day(ago(days=-20))
    yes, no = uuid4(), uuid4()
    for action, title in ((yes, "Mend the boiler"), (no, "Paint the hall")):
        await place.take(OfferAction(case.case, action, Sealed(title), "housing-1", due))
    await place.settled()
    async with signed_in(place, HOUSING) as client:
        found = await page(client, "/inbox")
        accept = found.form("/do/respond-to-action", action=str(yes), answer="ACCEPT")
        assert (await send(client, accept, accept.sent())).status_code == 303
        decline = found.form("/do/respond-to-action", action=str(no), answer="DECLINE")
        answer = await send(client, decline, decline.sent())
        assert answer.status_code == 400
        again = PageRead(answer.text).sound()
        assert "Say why" in again.errors["reason"]
        form = again.form("/do/respond-to-action")
        later = due + timedelta(days=9)
        day = {
            "counterDue-day": str(later.day),
            "counterDue-month": str(later.month),
            "counterDue-year": str(later.year),
        }
        answer = await send(client, form, form.sent(reason="No painter before then", **day))
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/inbox")
        after = await client.get(answer.headers["location"])
        assert "Paint the hall" not in after.text
        progress = PageRead(after.text).form("/do/progress-action", action=str(yes))
        assert (
            await send(client, progress, progress.sent(note="A part is on its way", percent="50"))
        ).status_code == 303
    async with signed_in(place, COORDINATOR) as client:
        told = (await case_page(client, case)).html
    assert "No painter before then" in told
    assert "50 % done" in told


async def test_an_inbox_is_for_those_who_have_one(place: Place) -> None:
    async with signed_in(place, AUDITOR) as client:
        await page(client, "/inbox", 403)


# Lists and search


async def test_a_caseload_is_filtered_ordered_and_paged(place: Place) -> None:
    async with signed_in(place, COORDINATOR) as client:
        for query in (
            "",
            "?live=all&state=RECEIVED",
            "?lead=me&agency=mine&order=NEWEST_FIRST",
            "?order=DUE_FIRST",
            "?order=nonsense&state=nonsense&live=x&programme=y",
        ):
            found = await page(client, f"/cases{query}")
            assert "<h1" in found.html
        assert (await client.get("/cases?after=nonsense")).status_code in (400, 404)


async def test_search_finds_by_number_and_reference_and_tells_nothing_else(place: Place) -> None:
    case = await place.worked_on("Pia Searched-Example", nhs_number=Sealed(NUMBER))
    number = (await place.ask("query($c: UUID!) { case(id: $c) { number } }", c=str(case.case)))["case"]["number"]
    await place.settled()
    for actor, seen in ((COORDINATOR, True), (HOUSING, False)):
        async with signed_in(place, actor) as client:
            form = (await page(client, "/search")).form("/search")
            for text in (number, number.lower(), NUMBER, NUMBER.replace(" ", "")):
                answer = await send(client, form, form.sent(text=text))
                assert (f"/cases/{case.case}" in answer.text) == seen, (actor.user, text)
                assert answer.status_code == 200
                assert "location" not in answer.headers
            for nothing in ("", NASTY, "no such thing", "a" * 5000):
                answer = await send(client, form, form.sent(text=nothing))
                assert f"/cases/{case.case}" not in answer.text
                assert NASTY not in answer.text


# The start page


@pytest.mark.parametrize(
    ("actor", "there"),
    [
        (CHAIR, "/meetings"),
        (COORDINATOR, "/cases"),
        (HOUSING, "/inbox"),
        (REFERRER, "/refer-somebody"),
        (AUDITOR, "/cases"),
        (ADMINISTRATOR, "/do/register-partner"),
    ],
    ids=["chair", "coordinator", "partner", "referrer", "auditor", "administrator"],
)
async def test_the_start_page_leads_each_to_their_work(place: Place, actor: Actor, there: str) -> None:
    async with signed_in(place, actor) as client:
        found = await page(client, "/")
        assert f'href="{there}' in found.main


# Referring


async def test_whoever_is_signed_in_refers_somebody_and_sees_what_became_of_it(place: Place) -> None:
    async with signed_in(place, REFERRER) as client:
        form = (await page(client, "/refer-somebody?programme=snn-catch")).form("/refer-somebody")
        answer = await send(client, form, form.sent())
        assert answer.status_code == 400
        wrong = PageRead(answer.text).sound()
        assert {"source", "channel", "reason"} <= wrong.errors.keys()
        form = wrong.form("/refer-somebody")
        told = {"name": "Quin Referred-Example", "source": "police", "channel": "phone", "reason": "Alone since June"}
        answer = await send(client, form, form.sent(**told, nhsNumber="12"))
        assert answer.status_code == 400
        wrong = PageRead(answer.text).sound()
        assert wrong.errors.keys() == {"nhsNumber"}
        form = wrong.form("/refer-somebody")
        assert form.fields["reason"] == ["Alone since June"]
        sent = form.sent(nhsNumber="")
        first, second = await send(client, form, sent), await send(client, form, sent)
        assert (first.status_code, second.status_code) == (303, 303)
        one, two = (urlsplit(each.headers["location"]).path for each in (first, second))
        assert one == two
        listed = await client.get(f"/referrals?{urlsplit(first.headers['location']).query}")
        assert listed.text.count(one) == 1
        assert "Quin Referred-Example" in (await client.get(first.headers["location"])).text


async def test_anybody_refers_at_the_front_door_once_however_often_it_is_sent(place: Place) -> None:
    address = f"http://127.0.0.1:{place.port}"
    async with httpx.AsyncClient(base_url=address, headers={"accept": "text/html"}, timeout=20) as client:
        form = (await page(client, "/front-door?programme=snn-catch")).form("/front-door")
        answer = await send(client, form, form.sent(howToContact="By text"))
        assert answer.status_code == 400
        wrong = PageRead(answer.text).sound()
        assert {"name", "reason", "source"} <= wrong.errors.keys()
        form = wrong.form("/front-door")
        assert form.fields["howToContact"] == ["By text"]
        told = form.sent(name=NASTY, reason="I cannot manage alone.", source="self")
        answer = await send(client, form, told)
        assert answer.status_code == 400
        assert PageRead(answer.text).sound().errors.keys() == {"safeToContact"}
        form = PageRead(answer.text).form("/front-door")
        answer = await send(client, form, form.sent(safeToContact="true"))
        assert answer.status_code == 200, answer.text[-900:]
        again = await send(client, form, form.sent(safeToContact="true"))
        receipts = [PageRead(each.text).sound().receipt for each in (answer, again)]
        assert receipts[0] == receipts[1]
        assert NASTY not in answer.text
        # The third try within a minute from here is too often: said in a sentence, and nothing typed is lost.
        other = form.sent(safeToContact="true", name="Somebody else")
        late = [await send(client, form, other) for _ in range(4)][-1]
        assert late.status_code == 429
        assert "Wait a moment" in PageRead(late.text).sound().summary[0]
        assert PageRead(late.text).form("/front-door").fields["name"] == ["Somebody else"]
        blocked = await client.post("/front-door", data=form.sent(), headers={"sec-fetch-site": "cross-site"})
        assert blocked.status_code == 403
    await place.settled()
    waiting = await place.ask("{ cases(filter: {states: [RECEIVED]}) { edges { node { person { name } } } } }")
    assert [each["node"]["person"]["name"] for each in waiting["cases"]["edges"]].count(NASTY) == 1
