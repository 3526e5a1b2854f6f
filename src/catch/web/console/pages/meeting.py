"""The room in which a meeting is held, for its chair, whoever prepares it and whoever comes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from catch.domain.calendar import LONDON
from catch.domain.case.state import Priority
from catch.domain.meeting.items import DecisionCode, DeferReason, GuestKind
from catch.identity.tokens import Viewer
from catch.web.console import following, room
from catch.web.console.by_hand import On
from catch.web.console.fields import choices_of
from catch.web.console.pages.naming import agencies, interventions
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, many, nothing_here, one
from catch.web.console.wording import words

UNDER_WAY = ("IN_PROGRESS", "ADJOURNED")
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
    """What the page says of the meeting, panel by panel, beside whom one may name."""
    assert visit.session is not None
    viewer = visit.session.viewer
    step = room.step(meeting, offered, viewer.user, viewer.agency)
    organises = "draftAgenda" in offered
    return {
        "meeting": meeting,
        "series": visit.console.called(meeting["series"]),
        "version": meeting["version"],
        "offered": offered,
        "organises": organises,
        "links": links(meeting, offered, organises=organises),
        "on": on(visit, here(meeting, item, visit)),
        "follows": following.of_meeting(meeting["id"]),
        **of_its_stage(meeting),
        **of_its_time(meeting, visit.console.now()),
        **of_what_comes_next(visit, meeting, offered, step, upcoming),
        **of_its_agenda(visit, meeting, organises=organises),
        **of_the_item(visit, meeting, item),
        **of_the_people(meeting, viewer.user),
        **of_the_viewer(meeting, viewer, organises=organises),
    }


def of_its_stage(meeting: Json) -> Json:
    state = meeting["state"]
    return {
        "stage": room.STAGES[state],
        "stage_colour": {"IN_PROGRESS": "green", "ADJOURNED": "orange", "CANCELLED": "red"}.get(state, "grey"),
        "under_way": state in UNDER_WAY,
        "before": state in room.BEFORE,
        "live": state in room.LIVE,
        "over": state in room.OVER,
        "published": state not in ("PLANNED", "AGENDA_DRAFTED"),
    }


def of_its_time(meeting: Json, now: datetime) -> Json:
    paced = room.pace(meeting, now)
    return {
        "pace": paced,
        "left": room.lasting(paced.left),
        "open_for": room.minutes(now - paced.opened) if paced.opened else 0,
        "shows_pace": bool(meeting["agenda"]["items"]) and meeting["state"] not in room.OVER,
        "starts_local": local(meeting["startsAt"]),
        "ends_local": paced.ends.astimezone(LONDON).isoformat(),
    }


def of_what_comes_next(
    visit: Visit, meeting: Json, offered: Sequence[str], step: room.Step | None, upcoming: Json | None
) -> Json:
    return {
        "step": step,
        "next": upcoming,
        "next_id": upcoming["id"] if upcoming else None,
        "ending": "endMeeting" in offered and meeting["state"] in UNDER_WAY and ends(visit, step),
        "unresolved": [each for each in meeting["agenda"]["items"] if each["state"] in ("PENDING", "OPEN")],
    }


def of_its_agenda(visit: Visit, meeting: Json, *, organises: bool) -> Json:
    items = meeting["agenda"]["items"]
    waits = any(each["state"] == "PENDING" for each in items)
    return {
        "parts_of_agenda": room.sections(items),
        "closed_count": sum(room.withheld(each) is not None for each in items),
        "moves": organises and waits and meeting["state"] not in room.OVER,
        "ordering": organises and visit.query.get("order") == "1",
        "last_order": max((each["order"] for each in items), default=0),
        "move_reasons": MOVE_REASONS,
    }


def of_the_item(visit: Visit, meeting: Json, item: Json | None) -> Json:
    """Of the one that the page shows whole."""
    about: list[str] = item["offered"] if item else []
    return {
        "item": item,
        "about": about,
        "links_action": "linkAction" in about,
        "elsewhere": wanted_elsewhere(meeting, item, visit.given_id("item")),
        "said": said_of(item),
        "tellers": [(each, each) for each in tellers(meeting, item)],
        "guests": guests(meeting, item) if item else [],
        "same_person": registered_twice(meeting, item) if item else [],
    }


def of_the_people(meeting: Json, user: str) -> Json:
    """Who is there, who sits at the table, who speaks and who was asked to come."""
    present = [each for each in meeting["attendance"] if each["present"]]
    seated = [each for each in present if each["acceptedConfidentiality"]]
    speaking, at_the_table = speaking_at(meeting), {one["agency"] for one in seated}
    return {
        "present": present,
        "seated": by_name(seated),
        "others_seated": by_name(each for each in seated if each["user"] != meeting["chair"]["user"]),
        "speaking": speaking,
        "waiting": [each for each in speaking if not each["speaks"]],
        "silent": silent(seated, speaking, user),
        "expected": expected(meeting),
        "table_agencies": [(each, each) for each in sorted(at_the_table)],
        "table_keys": at_the_table,
    }


def of_the_viewer(meeting: Json, viewer: Viewer, *, organises: bool) -> Json:
    return {
        "me": room.presence(meeting, viewer.user),
        "window": next((each for each in meeting["availability"] if each["agency"] == viewer.agency), None),
        "mine": [] if organises else mine(meeting, viewer.user),
    }


def by_name(people: Iterable[Json]) -> list[tuple[str, str]]:
    """To choose from."""
    return [(each["user"], f"{each['user']} ({each['agency']})") for each in people]


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
        text = f"{room.clock(window['availableFrom'])} to {room.clock(window['availableUntil'])}" if window else ""
        found.append({**each, "window": text})
    return found


def speaking_at(meeting: Json) -> list[Json]:
    """Who speaks on the open item, and who asks to, in their order."""
    current = next((each for each in meeting["agenda"]["items"] if each["id"] == meeting["currentItem"]), None)
    return current["speaking"] if current else []


def silent(seated: Sequence[Json], speaking: Sequence[Json], user: str) -> list[tuple[str, str]]:
    """For whom one may raise a hand: whoever else is at the table and has not asked."""
    asked = {user, *(each["user"] for each in speaking)}
    return by_name(each for each in seated if each["user"] not in asked)


def tellers(meeting: Json, item: Json | None) -> list[str]:
    """Who may be named to tell the person: who presents the item first, then who is in the room."""
    presenter = [item["presenter"]] if item and item["presenter"] else []
    return list(dict.fromkeys([*presenter, *(each["user"] for each in meeting["attendance"] if each["present"])]))


def local(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(LONDON).isoformat()


def guests(meeting: Json, item: Json) -> list[Json]:
    """Who was invited to this item and not to the whole meeting, and whether they are in the room."""
    present = {each["user"] for each in meeting["attendance"] if each["present"]}
    return [
        {**each, "present": each["user"] in present} for each in meeting["invitations"] if item["id"] in each["items"]
    ]


def registered_twice(meeting: Json, item: Json) -> list[Json]:
    """With whom the item's person is one, or may be, as far as whoever looks is told, and where that one's cases stand
    on this agenda. A merge moves nothing: each case stays the item that it was.
    """
    places = {each["case"]["id"]: each for each in meeting["agenda"]["items"] if each["case"]}
    return [
        {**each, "on_agenda": [places[case["id"]] for case in each["cases"] if case["id"] in places]}
        for each in many(one(item["case"], "person"), "merges")
        if each["state"] in ("REQUESTED", "MERGED")
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
    # The form for which they are asked stands at the open item alone.
    acts = values["organises"] and item and item["state"] == "OPEN"
    return {
        "about_case": about_case,
        # For everybody, once: whoever is given the chair later has the page as it was loaded.
        "agencies": [] if visit.fragments else await agencies(visit, meeting["programme"], known(meeting)),
        "interventions": await interventions(visit, meeting["programme"]) if acts else [],
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
    found = await visit.maybe("meetings_to_come", **{"series": meeting["series"], "from": day})
    coming = [each["node"] for each in found.get("meetings", {}).get("edges", [])]
    return [
        (each["id"], f"{datetime.fromisoformat(each['startsAt']).astimezone(LONDON):%A %-d %B %Y}")
        for each in coming
        if each["state"] in ("PLANNED", "AGENDA_DRAFTED") and each["programme"] == meeting["programme"]
    ]


ADDRESSES = (Address("/meetings/{meeting:uuid}", held),)
