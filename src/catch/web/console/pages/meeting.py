"""Meetings: which there are, and the room in which one is held."""

from datetime import timedelta
from uuid import uuid4

from catch.domain.calendar import london_day
from catch.web.console.site import Address
from catch.web.console.visit import Reply, Visit, many, nothing_here

FOLLOWED = "follow_meeting_position"


async def listed(visit: Visit) -> Reply:
    today = london_day(visit.console.now())
    found = await visit.ask("meetings", **{"from": today - timedelta(days=90), "first": 100})
    return visit.page("meetings.html", meetings=[each["node"] for each in found["meetings"]["edges"]])


async def room(visit: Visit) -> Reply:
    meeting = (await visit.ask("meeting_room", id=visit.path["meeting"], atLeast=visit.at_least))["meeting"]
    if meeting is None:
        raise nothing_here()
    offered = await offered_of(visit, meetingId=meeting["id"])
    items = many(meeting["agenda"], "items")
    current = next((each for each in items if each["id"] == meeting["currentItem"]), None)
    about = await offered_of(visit, meetingId=meeting["id"], itemId=current["id"]) if current else []
    return visit.page(
        "meeting.html",
        meeting=meeting,
        offered=offered,
        current=current,
        about=about,
        new_id=lambda: str(uuid4()),
        follows=[{"document": FOLLOWED, "variables": {"id": meeting["id"]}}],
    )


async def offered_of(visit: Visit, **about: str) -> list[str]:
    """The mutations that a page may offer about this."""
    return (await visit.ask("offered", **about, atLeast=visit.at_least))["offered"]


ADDRESSES = (
    Address("/meetings", listed, text="Meetings"),
    Address("/meetings/{meeting:uuid}", room),
)
