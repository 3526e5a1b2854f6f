"""A meeting on paper: the agenda pack before it, the minutes behind it."""

from catch.domain.calendar import LONDON
from catch.web.console import room
from catch.web.console.pages.meeting import expected, on, said_of
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, nothing_here

STILL_OPEN = ("OFFERED", "ACCEPTED", "IN_PROGRESS")
DEFERRED = {
    "RAN_OUT_OF_TIME": "time ran out",
    "REQUIRED_PARTNER_ABSENT": "a partner who is needed was not there",
    "PERSON_UNAVAILABLE": "the person was not available",
    "INFORMATION_MISSING": "information was missing",
    "CHAIR": "the chair decided so",
}


async def pack(visit: Visit) -> Reply:
    meeting = (await visit.ask("meeting_pack", id=visit.path["meeting"], atLeast=visit.at_least))["meeting"]
    if meeting is None:
        raise nothing_here()
    items = [each for each in meeting["agenda"]["items"] if each["state"] != "REMOVED"]
    for each in items:
        actions: list[Json] = each["case"]["actions"] if each["case"] else []
        each["open_actions"] = [one for one in actions if one["state"] in STILL_OPEN]
    return visit.page(
        "meeting_pack.html",
        meeting=meeting,
        series=visit.console.called(meeting["series"]),
        pace=room.pace(meeting, visit.console.now()),
        parts_of_agenda=room.sections(items),
        items=items,
        expected=expected({**meeting, "attendance": []}),
        printed=visit.console.now().astimezone(LONDON).isoformat(),
    )


async def minutes(visit: Visit) -> Reply:
    found = await visit.ask("meeting_minutes", id=visit.path["meeting"], atLeast=visit.at_least)
    meeting = found["meeting"]
    if meeting is None:
        raise nothing_here()
    items = {each["id"]: each for each in meeting["agenda"]["items"]}
    held = meeting["minutes"]
    return visit.page(
        "meeting_minutes.html",
        meeting=meeting,
        series=visit.console.called(meeting["series"]),
        stage=room.STAGES[meeting["state"]],
        held=held,
        entries=[entry(each, items.get(each["itemId"])) for each in held["entries"]] if held else [],
        offered=found["offered"],
        deferred=DEFERRED,
        over=meeting["state"] in ("ENDED", "MINUTES_CONFIRMED"),
        on=on(visit, f"/meetings/{meeting['id']}/minutes"),
    )


def entry(held: Json, item: Json | None) -> Json:
    """What the minutes say of an item, with what it is called and what was agreed to be done."""
    return {**held, "item": item, "said": said_of(held)}


ADDRESSES = (
    Address("/meetings/{meeting:uuid}/pack", pack),
    Address("/meetings/{meeting:uuid}/minutes", minutes),
)
