"""The screen on the wall of the room in which a meeting is held: numbers and initials alone."""

import re

from catch.web.console import following, room
from catch.web.console.pages.meeting import UNDER_WAY, speaking_at
from catch.web.console.rendering import initials
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, nothing_here


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
        under_way=meeting["state"] in UNDER_WAY,
        parts_of_agenda=room.sections([each for each in items if each["state"] != "REMOVED"]),
        follows=following.of_meeting(meeting["id"]),
    )


ADDRESSES = (Address("/meetings/{meeting:uuid}/screen", screen),)
