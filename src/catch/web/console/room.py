"""What a meeting's page works out of the meeting as the API tells it: its pace, and what comes next.

Pure: values in, values out. Times are instants, lengths are in minutes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from msgspec import Struct

from catch.domain.calendar import LONDON
from catch.web.console.wording import closed_because

Json = dict[str, Any]

BEFORE = ("PLANNED", "AGENDA_DRAFTED", "AGENDA_PUBLISHED")
LIVE = ("AGENDA_PUBLISHED", "IN_PROGRESS", "ADJOURNED")
OVER = ("ENDED", "MINUTES_CONFIRMED", "CANCELLED")
NOTING = 8
SECTIONS = {
    0: "General",
    1: "Urgent",
    2: "Matters arising",
    3: "New",
    4: "Reviews",
    5: "At risk or stuck",
    6: "Close or extend",
    7: "Questions from partners",
    8: "For noting",
    9: "Gaps in services",
}
MATTERS = {
    "MINUTES": "Minutes of the last meeting",
    "GAPS": "Gaps in services",
    "ANY_OTHER_BUSINESS": "Any other business",
}
STATES = {
    "PENDING": "Waiting",
    "OPEN": "Open now",
    "DISCUSSED": "Discussed",
    "NOTED": "Noted",
    "DEFERRED": "Put off",
    "REMOVED": "Taken off",
}
STAGES = {
    "PLANNED": "Planned",
    "AGENDA_DRAFTED": "Agenda drafted",
    "AGENDA_PUBLISHED": "Agenda published",
    "IN_PROGRESS": "In progress",
    "ADJOURNED": "Adjourned",
    "ENDED": "Ended",
    "MINUTES_CONFIRMED": "Minutes confirmed",
    "CANCELLED": "Cancelled",
}


class Pace(Struct, frozen=True):
    """`left`: until it should end, negative behind that. `finish`: when it will, if what waits takes as long as it may.
    `waiting`: minutes of the items that wait; `opened` and `box`: of the open one.
    """

    ends: datetime
    left: int
    waiting: int
    finish: datetime
    over: int
    done: int
    all: int
    opened: datetime | None = None
    box: int = 0


def clock(at: str | None) -> str:
    """10:05."""
    return f"{datetime.fromisoformat(at).astimezone(LONDON):%H:%M}" if at else ""


def lasting(length: int) -> str:
    """So many minutes, in words."""
    hours, rest = divmod(abs(length), 60)
    text = f"{hours} h {rest} min" if hours else f"{rest} min"
    return text if length >= 0 else f"{text} over"


def minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)


def pace(meeting: Json, now: datetime) -> Pace:
    items = [each for each in meeting["agenda"]["items"] if each["state"] != "REMOVED"]
    starts = datetime.fromisoformat(meeting["startsAt"])
    ends = starts + timedelta(minutes=meeting["durationMinutes"])
    waiting = sum(each["minutes"] for each in items if each["state"] == "PENDING")
    current = next((each for each in items if each["state"] == "OPEN"), None)
    opened = datetime.fromisoformat(current["openedAt"]) if current and current["openedAt"] else None
    box = current["minutes"] if current else 0
    rest = max(timedelta(0), opened + timedelta(minutes=box) - now) if opened else timedelta(0)
    begins = max(now, starts) if meeting["state"] in BEFORE else now
    finish = begins + rest + timedelta(minutes=waiting)
    return Pace(
        ends,
        minutes(ends - now),
        waiting,
        finish,
        max(0, minutes(finish - ends)),
        sum(each["state"] not in ("PENDING", "OPEN") for each in items),
        len(items),
        opened,
        box,
    )


def spent(item: Json) -> int | None:
    """How long it took."""
    if not (item["openedAt"] and item["closedAt"]):
        return None
    return minutes(datetime.fromisoformat(item["closedAt"]) - datetime.fromisoformat(item["openedAt"]))


class Part(Struct, frozen=True):
    """A section of the agenda. `over`: by how much its items took longer than they might."""

    name: str
    items: list[Json]
    minutes: int
    over: int


def sections(items: Sequence[Json]) -> list[Part]:
    """In the order in which the meeting goes through them; what was taken off stands last."""
    found: list[Part] = []
    for number, name in SECTIONS.items():
        within = [each for each in items if each["section"] == number and each["state"] != "REMOVED"]
        if within:
            found.append(part(name, within))
    gone = [each for each in items if each["state"] == "REMOVED"]
    return [*found, *([Part("Taken off", gone, 0, 0)] if gone else [])]


def part(name: str, items: list[Json]) -> Part:
    over = sum(taken - each["minutes"] for each in items if (taken := spent(each)) is not None)
    return Part(name, items, sum(each["minutes"] for each in items), max(0, over))


def title(item: Json) -> str:
    """What an item is called where its person is not named."""
    if item["matter"]:
        return MATTERS[item["matter"]]
    return item["number"] or f"Item {item['order']}"


def person(item: Json) -> str | None:
    """Whom it is about, where the viewer is told."""
    case = item["case"]
    return case["person"]["name"] if case and case["person"] else None


def name(item: Json) -> str:
    return person(item) or title(item)


class Step(Struct, frozen=True):
    """What comes next for whoever looks: one button, or a page to go to. `fields` are the command's input; `ask`: what
    somebody has to say first.
    """

    text: str
    command: str = ""
    fields: Mapping[str, str] = {}
    to: str = ""
    ask: str = ""
    about: str = ""


def next_item(items: Iterable[Json]) -> Json | None:
    return next((each for each in items if each["state"] == "PENDING"), None)


def presence(meeting: Json, user: str) -> Json | None:
    return next((each for each in meeting["attendance"] if each["user"] == user), None)


def step(meeting: Json, offered: Sequence[str], user: str, agency: str) -> Step | None:
    """None where there is nothing for them to do but to follow."""
    here = {"meeting": meeting["id"]}
    page = f"/meetings/{meeting['id']}"
    match meeting["state"]:
        case "PLANNED" | "AGENDA_DRAFTED":
            return preparing(meeting, offered, page)
        case "AGENDA_PUBLISHED" if "startMeeting" in offered:
            return Step("Start the meeting", "start-meeting", here, about="Whoever starts it takes the chair.")
        case "ADJOURNED" if "resumeMeeting" in offered:
            return Step("Go on with the meeting", "resume-meeting", here)
        case "ENDED" | "MINUTES_CONFIRMED":
            confirms = meeting["state"] == "ENDED" and "confirmMinutes" in offered
            return Step("Read and confirm the minutes" if confirms else "Read the minutes", to=f"{page}/minutes")
        case "AGENDA_PUBLISHED" | "IN_PROGRESS":
            return coming_in(meeting, offered, user, agency) or leading(meeting, offered)
        case _:
            return None


def preparing(meeting: Json, offered: Sequence[str], page: str) -> Step | None:
    here = {"meeting": meeting["id"]}
    if meeting["state"] == "AGENDA_DRAFTED" and "publishAgenda" in offered:
        return Step("Publish the agenda", "publish-agenda", here, about="From then on partners see what is theirs.")
    return Step("Prepare the agenda", to=f"{page}/prepare") if "draftAgenda" in offered else None


def coming_in(meeting: Json, offered: Sequence[str], user: str, agency: str) -> Step | None:
    """Nobody reads an item who has not accepted confidentiality."""
    here = {"meeting": meeting["id"], "user": user}
    held = presence(meeting, user)
    if "joinMeeting" in offered and not (held and held["present"]):
        return Step("Join the meeting", "join-meeting", here | {"agency": agency})
    if "acceptConfidentiality" in offered and not (held and held["acceptedConfidentiality"]):
        return Step(
            "Accept confidentiality",
            "accept-confidentiality",
            here,
            about="What is said here stays between those who need it to help, and you accept the meeting's statement.",
        )
    return None


def leading(meeting: Json, offered: Sequence[str]) -> Step | None:
    """Of a meeting in progress, for whoever is in its chair."""
    if meeting["state"] != "IN_PROGRESS" or "endMeeting" not in offered:
        return None
    here = {"meeting": meeting["id"]}
    items = meeting["agenda"]["items"]
    current = next((each for each in items if each["id"] == meeting["currentItem"]), None)
    if current is not None:
        return Step(f"Close item {current['order']}", "close-item", here | {"item": current["id"]})
    waiting = next_item(items)
    if waiting is None:
        return Step("End the meeting", "end-meeting", here, about="Every item has been dealt with.")
    return beginning(meeting, waiting, here)


def beginning(meeting: Json, item: Json, here: Mapping[str, str]) -> Step:
    fields = {**here, "item": item["id"]}
    if withheld(item) == "RECUSED":
        return Step(
            "Hand over the chair",
            to="#chair",
            about=f"You are kept out of item {item['order']}: let somebody else take the chair for it, or put it off.",
        )
    if item["section"] == NOTING:
        return Step(f"Note item {item['order']}", "note-item", fields, about=name(item))
    known = item["matter"] or presenter_is_here(meeting, item)
    return Step(
        f"Open item {item['order']}",
        "open-item",
        fields,
        ask="" if known else "knower",
        about=name(item),
    )


def withheld(item: Json) -> str | None:
    """Why an item is closed as a whole to whoever looks."""
    return item["withheld"]


def closed(held: Json, path: str) -> str | None:
    """In words why this field, or what it stands in, is closed to whoever looks."""
    for each in held["redactions"]:
        if each["path"] == path or path.startswith(f"{each['path']}."):
            return closed_because(each["reason"])
    return None


def withheld_in_words(item: Json) -> str:
    """Of an item that is closed as a whole."""
    text = closed_because(withheld(item))
    return text[:1].upper() + text[1:]


def order_in(item: str, meeting: Json) -> int:
    """Which item of the agenda it is; 0 for one that is not on it."""
    return next((each["order"] for each in meeting["agenda"]["items"] if each["id"] == item), 0)


def section(item: Json) -> str:
    return SECTIONS[item["section"]]


def state(item: Json) -> str:
    return STATES[item["state"]]


def seen(text: str) -> str:
    """Stands in a form for the text that it was made from: whoever sends it says what they saw."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return sha256(plain.encode()).hexdigest()[:32] if plain else ""


FILTERS: Mapping[str, Callable[..., object]] = {
    "order_in": order_in,
    "redacted": closed,
    "section_of": section,
    "seen": seen,
    "spent": spent,
    "state_of": state,
    "title_of": title,
    "withheld": withheld,
    "withheld_in_words": withheld_in_words,
}
"""For templates."""


def presenter_is_here(meeting: Json, item: Json) -> bool:
    held = presence(meeting, item["presenter"] or "")
    return bool(held and held["present"] and held["acceptedConfidentiality"])
