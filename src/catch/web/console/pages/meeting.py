"""The room in which a meeting is held, for its chair, whoever prepares it and whoever comes; the screen on its wall."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from msgspec import Struct

from catch.domain.calendar import LONDON
from catch.domain.case.state import Priority
from catch.domain.meeting.items import DecisionCode, DeferReason, GuestKind
from catch.web.console import room
from catch.web.console.fields import choices_of
from catch.web.console.pages.naming import agencies, programme
from catch.web.console.rendering import initials
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, nothing_here
from catch.web.console.wording import words

FOLLOWED = "follow_meeting_position"
MOVE_REASONS = (
    "Changed by the chair in the room",
    "Somebody who is needed comes later",
    "Somebody who is needed has to leave",
    "More urgent than it seemed",
    "Goes with another item",
)
SAID = (
    ("situation", "Situation"),
    ("actionToDate", "Action to date"),
    ("update", "Update"),
    ("nextSteps", "Next steps"),
)


class On(Struct):
    """What the forms of a page share."""

    form_key: str
    next: str

    def new_id(self) -> str:
        return str(uuid4())


def on(visit: Visit, address: str) -> On:
    assert visit.session is not None
    return On(visit.console.cookies.form_key(visit.session), address)


async def held(visit: Visit) -> Reply:
    """The room. Without an item in the address it follows the open one."""
    id_, wanted = visit.path["meeting"], visit.given_id("item")
    found = await visit.ask("meeting_room", id=id_, item=wanted, atLeast=visit.at_least)
    meeting, item = found["meeting"], found["agendaItem"]
    if meeting is None:
        raise nothing_here()
    upcoming = room.next_item(meeting["agenda"]["items"]) if meeting["state"] in room.LIVE else None
    # Whoever leads looks at what comes next while nothing is open.
    if item is None and wanted is None and upcoming and "draftAgenda" in found["offered"]:
        more = await visit.ask("meeting_item", id=id_, item=upcoming["id"], atLeast=visit.at_least)
        item = more["agendaItem"]
    values = told(visit, meeting, item, found["offered"], upcoming)
    return visit.page("meeting.html", **values, **await named(visit, meeting, item, values))


def told(visit: Visit, meeting: Json, item: Json | None, offered: Sequence[str], upcoming: Json | None) -> Json:
    """What the page says of the meeting, beside whom one may name."""
    assert visit.session is not None
    viewer = visit.session.viewer
    now = visit.console.now()
    state, items = meeting["state"], meeting["agenda"]["items"]
    paced = room.pace(meeting, now)
    away = wanted_elsewhere(meeting, item, visit.given_id("item"))
    step = room.step(meeting, offered, viewer.user, viewer.agency)
    about: list[str] = item["offered"] if item else []
    present = [each for each in meeting["attendance"] if each["present"]]
    seated = [each for each in present if each["acceptedConfidentiality"]]
    organises = "draftAgenda" in offered
    speaking = speaking_at(meeting)
    return {
        "meeting": meeting,
        "series": visit.console.called(meeting["series"]),
        "stage": room.STAGES[state],
        "stage_colour": {"IN_PROGRESS": "green", "ADJOURNED": "orange", "CANCELLED": "red"}.get(state, "grey"),
        "pace": paced,
        "left": room.lasting(paced.left),
        "open_for": room.minutes(now - paced.opened) if paced.opened else 0,
        "under_way": state in ("IN_PROGRESS", "ADJOURNED"),
        "shows_pace": bool(items) and state not in room.OVER,
        "before": state in room.BEFORE,
        "live": state in room.LIVE,
        "over": state in room.OVER,
        "published": state not in ("PLANNED", "AGENDA_DRAFTED"),
        "step": step,
        "next": upcoming,
        "next_id": upcoming["id"] if upcoming else None,
        "item": item,
        "about": about,
        "offered": offered,
        "organises": organises,
        "elsewhere": away,
        "ending": "endMeeting" in offered and state in ("IN_PROGRESS", "ADJOURNED") and ends(visit, step),
        "unresolved": [each for each in items if each["state"] in ("PENDING", "OPEN")],
        "parts_of_agenda": room.sections(items),
        "closed_count": sum(room.withheld(each) is not None for each in items),
        "moves": organises and any(each["state"] == "PENDING" for each in items) and state not in room.OVER,
        "ordering": organises and visit.query.get("order") == "1",
        "version": meeting["version"],
        "last_order": max((each["order"] for each in items), default=0),
        "move_reasons": MOVE_REASONS,
        "present": present,
        "seated": [(each["user"], f"{each['user']} ({each['agency']})") for each in seated],
        "others_seated": [
            (each["user"], f"{each['user']} ({each['agency']})")
            for each in seated
            if each["user"] != meeting["chair"]["user"]
        ],
        "speaking": speaking,
        "waiting": [each for each in speaking if not each["speaks"]],
        "silent": silent(seated, speaking, viewer.user),
        "tellers": [(each, each) for each in tellers(meeting, item)],
        "expected": expected(meeting),
        "me": room.presence(meeting, viewer.user),
        "window": next((each for each in meeting["availability"] if each["agency"] == viewer.agency), None),
        "guests": guests(meeting, item) if item else [],
        "table_agencies": [(each, each) for each in sorted({one["agency"] for one in seated})],
        "table_keys": {one["agency"] for one in seated},
        "said": said_of(item),
        "mine": mine(meeting, viewer.user) if not organises else [],
        "links": links(meeting, offered, organises=organises),
        "links_action": "linkAction" in about,
        "starts_local": local(meeting["startsAt"]),
        "ends_local": paced.ends.astimezone(LONDON).isoformat(),
        "on": on(visit, here(meeting, item, visit)),
        "follows": [{"document": FOLLOWED, "variables": {"id": meeting["id"]}}],
    }


def said_of(held: Json | None) -> list[tuple[str, str, str]]:
    """What was said of an item, under the names of its four parts."""
    spoken: Json = (held and held["discussion"]) or {}
    return [(name, label, spoken.get(name) or "") for name, label in SAID] if held else []


def here(meeting: Json, item: Json | None, visit: Visit) -> str:
    """Where a form of this page leads back to: what was looked at, unless what comes next follows by itself."""
    address = f"/meetings/{meeting['id']}"
    if visit.query.get("order") == "1":
        return f"{address}?order=1"
    if visit.query.get("end") == "1":
        return f"{address}?end=1"
    wanted = visit.given_id("item")
    return f"{address}?item={item['id']}" if item and wanted and item["id"] != meeting["currentItem"] else address


def ends(visit: Visit, step: room.Step | None) -> bool:
    return visit.query.get("end") == "1" or (step is not None and step.command == "end-meeting")


def wanted_elsewhere(meeting: Json, item: Json | None, wanted: UUID | None) -> Json | None:
    """The open item, where somebody looks at another."""
    if wanted is None or meeting["currentItem"] in (None, item and item["id"]):
        return None
    return next((each for each in meeting["agenda"]["items"] if each["id"] == meeting["currentItem"]), None)


def expected(meeting: Json) -> list[Json]:
    """Who was invited, and when they can be there."""
    windows = {each["agency"]: each for each in meeting["availability"]}
    found: list[Json] = []
    for each in meeting["invitations"]:
        window = windows.get(each["agency"])
        text = f"{clock(window['availableFrom'])} to {clock(window['availableUntil'])}" if window else ""
        found.append({**each, "window": text})
    return found


def speaking_at(meeting: Json) -> list[Json]:
    """Who speaks on the open item, and who asks to, in their order."""
    current = next((each for each in meeting["agenda"]["items"] if each["id"] == meeting["currentItem"]), None)
    return current["speaking"] if current else []


def silent(seated: Sequence[Json], speaking: Sequence[Json], user: str) -> list[tuple[str, str]]:
    """For whom one may raise a hand: whoever else is at the table and has not asked."""
    asked = {user, *(each["user"] for each in speaking)}
    return [(each["user"], f"{each['user']} ({each['agency']})") for each in seated if each["user"] not in asked]


def tellers(meeting: Json, item: Json | None) -> list[str]:
    """Who may be named to tell the person: who presents the item first, then who is in the room."""
    presenter = [item["presenter"]] if item and item["presenter"] else []
    return list(dict.fromkeys([*presenter, *(each["user"] for each in meeting["attendance"] if each["present"])]))


def clock(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(LONDON):%H:%M}"


def local(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(LONDON).isoformat()


def guests(meeting: Json, item: Json) -> list[Json]:
    """Who was invited to this item and not to the whole meeting, and whether they are in the room."""
    present = {each["user"] for each in meeting["attendance"] if each["present"]}
    return [
        {**each, "present": each["user"] in present} for each in meeting["invitations"] if item["id"] in each["items"]
    ]


def mine(meeting: Json, user: str) -> list[Json]:
    """Items that somebody who does not run the meeting presents."""
    return [
        {**each, "why": "you present it"}
        for each in meeting["agenda"]["items"]
        if each["presenter"] == user and each["state"] in ("PENDING", "OPEN")
    ]


def links(meeting: Json, offered: Sequence[str], *, organises: bool) -> list[tuple[str, str]]:
    page = f"/meetings/{meeting['id']}"
    over = meeting["state"] in ("ENDED", "MINUTES_CONFIRMED")
    found: list[tuple[str, str]] = []
    if organises and meeting["state"] not in room.OVER:
        late = meeting["state"] in room.LIVE
        found.append(("Add a late item, or prepare" if late else "Prepare", f"{page}/prepare"))
    if meeting["state"] not in ("PLANNED", "AGENDA_DRAFTED"):
        found += [("Agenda on paper", f"{page}/pack"), ("Shared screen", f"{page}/screen")]
    if over or meeting["state"] == "IN_PROGRESS":
        found.append(("Minutes", f"{page}/minutes"))
    if organises and meeting["state"] in room.LIVE:
        found.append(("It was held on paper", f"{page}/paper"))
    return found


async def named(visit: Visit, meeting: Json, item: Json | None, values: Mapping[str, Any]) -> Json:
    """What may be chosen in forms, where there are any; and what may be done about the item's case."""
    offered, about = values["offered"], values["about"]
    asked = item and item["case"] and any(owned(each, visit) for each in item["actions"])
    about_case: list[str] = []
    if asked and item:
        about_case = (await visit.maybe("offered", caseId=item["case"]["id"])).get("offered", [])
    organises = values["organises"] and not values["over"]
    configured: Json = await programme(visit, meeting["programme"]) if organises and item else {}
    interventions: list[str] = configured.get("interventions") or []
    return {
        "about_case": about_case,
        # For everybody, once: whoever is given the chair later has the page as it was loaded.
        "agencies": [] if visit.fragments else await agencies(visit, meeting["programme"], known(meeting)),
        "interventions": [(each, words(each)) for each in interventions],
        "decision_codes": choices_of(DecisionCode),
        "defer_reasons": choices_of(DeferReason),
        "guest_kinds": choices_of(GuestKind),
        "priorities": choices_of(Priority),
        "decisions_made": [(each["id"], words(each["code"])) for each in item["decisions"]] if item else [],
        "later": await later(visit, meeting) if "deferItem" in about and "inviteMember" in offered else [],
    }


def owned(action: Json, visit: Visit) -> bool:
    assert visit.session is not None
    return bool(action["state"] == "OFFERED" and action["owner"] == visit.session.viewer.agency)


def known(meeting: Json) -> set[str]:
    return {each["agency"] for each in (*meeting["attendance"], *meeting["invitations"])}


async def later(visit: Visit, meeting: Json) -> list[tuple[str, str]]:
    """Meetings of the series that something may still be put off to."""
    day = datetime.fromisoformat(meeting["startsAt"]).astimezone(LONDON).date() + timedelta(days=1)
    found = await visit.maybe("meetings", **{"series": meeting["series"], "from": day, "first": 10})
    coming = [each["node"] for each in found.get("meetings", {}).get("edges", [])]
    return [
        (each["id"], f"{datetime.fromisoformat(each['startsAt']).astimezone(LONDON):%A %-d %B %Y}")
        for each in coming
        if each["state"] in ("PLANNED", "AGENDA_DRAFTED") and each["programme"] == meeting["programme"]
    ]


def on_the_wall(meeting: Json) -> list[tuple[str, list[str]]]:
    """Who speaks and who asks to, by initials, as whoever is in the room is told."""
    held = [(each["speaks"], called(each["user"], meeting)) for each in speaking_at(meeting)]
    both = [("Speaks", True), ("Asking to speak", False)]
    return [(told, who) for told, speaks in both if (who := [name for does, name in held if does is speaks])]


def called(user: str, meeting: Json) -> str:
    """A user id stands for a name there: the parts of it are its words."""
    return "Chair" if user == meeting["chair"]["user"] else initials(re.sub(r"[\W_]+", " ", user))


async def screen(visit: Visit) -> Reply:
    """For the wall: initials and numbers alone."""
    meeting = (await visit.ask("meeting_screen", id=visit.path["meeting"], atLeast=visit.at_least))["meeting"]
    if meeting is None:
        raise nothing_here()
    now, items = visit.console.now(), meeting["agenda"]["items"]
    paced = room.pace(meeting, now)
    return visit.page(
        "meeting_screen.html",
        meeting=meeting,
        series=visit.console.called(meeting["series"]),
        stage=room.STAGES[meeting["state"]],
        pace=paced,
        left=room.lasting(paced.left),
        open_for=room.minutes(now - paced.opened) if paced.opened else 0,
        current=next((each for each in items if each["id"] == meeting["currentItem"]), None),
        wall=on_the_wall(meeting),
        under_way=meeting["state"] in ("IN_PROGRESS", "ADJOURNED"),
        parts_of_agenda=room.sections([each for each in items if each["state"] != "REMOVED"]),
        follows=[{"document": FOLLOWED, "variables": {"id": meeting["id"]}}],
    )


ADDRESSES = (
    Address("/meetings/{meeting:uuid}", held),
    Address("/meetings/{meeting:uuid}/screen", screen),
)
