"""A meeting on paper: the agenda pack before it, the minutes behind it."""

from catch.access.restriction import Way, goes_out
from catch.domain.calendar import LONDON
from catch.web.console import following, room, sealing
from catch.web.console.pages import sealed_pack
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
    return await pack_page(visit, *await asked(visit))


async def seal(visit: Visit) -> Reply:
    """The same, sealed under the passphrase that was sent."""
    meeting, offered = await asked(visit)
    if not sealed_pack.keeps(meeting, offered):
        raise nothing_here()
    passphrase = visit.sent("passphrase")
    if wrong := sealing.weakness(passphrase):
        return await pack_page(visit, meeting, offered, wrong)
    inside = visit.console.rendered("pack_article.html", visit, {**told(visit, meeting), "alone": True})
    return await sealed_pack.sealed(visit, meeting, inside, passphrase)


async def asked(visit: Visit) -> tuple[Json, list[str]]:
    found = await visit.ask("meeting_pack", id=visit.path["meeting"], atLeast=visit.at_least)
    if found["meeting"] is None:
        raise nothing_here()
    return found["meeting"], found["offered"]


async def pack_page(visit: Visit, meeting: Json, offered: list[str], wrong: str = "") -> Reply:
    return visit.page(
        "meeting_pack.html",
        400 if wrong else 200,
        keeps=sealed_pack.keeps(meeting, offered),
        kept=sealed_pack.kept(visit, meeting),
        suggested=sealing.suggested(),
        wrong=wrong,
        alone=False,
        on=on(visit, f"/meetings/{meeting['id']}/pack"),
        **told(visit, meeting),
    )


def told(visit: Visit, meeting: Json) -> Json:
    """What the pack says."""
    items = [kept_back(open_actions(each)) for each in meeting["agenda"]["items"] if each["state"] != "REMOVED"]
    return {
        "meeting": meeting,
        "series": visit.console.called(meeting["series"]),
        "pace": room.pace(meeting, visit.console.now()),
        "parts_of_agenda": room.sections(items),
        "items": items,
        "expected": expected({**meeting, "attendance": []}),
        "printed": visit.console.now().astimezone(LONDON).isoformat(),
    }


def open_actions(item: Json) -> Json:
    actions: list[Json] = item["case"]["actions"] if item["case"] else []
    return {**item, "open_actions": [each for each in actions if each["state"] in STILL_OPEN]}


def kept_back(item: Json) -> Json:
    """Nothing is taken out, on paper or in a file, of whom nothing is done but to keep it (`access.restriction`): the
    item keeps its place and its minutes. Who they are, and that they asked, stays on the screens of those who see it.
    """
    person = item["case"]["person"] if item["case"] else None
    stopped = bool(person and person["restriction"] and person["restriction"]["stopped"])
    if goes_out(Way.PAPER) or not stopped:
        return {**item, "kept_back": False}
    bare: Json = {
        "case": None,
        "number": None,
        "presenter": None,
        "explanation": "",
        "handling": None,
        "open_actions": [],
    }
    return {**item, **bare, "kept_back": True}


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
        follows=following.of_meeting(meeting["id"]),
    )


def entry(held: Json, item: Json | None) -> Json:
    """What the minutes say of an item, with what it is called and what was agreed to be done."""
    return {**held, "item": item, "said": said_of(held)}


ADDRESSES = (
    Address("/meetings/{meeting:uuid}/pack", pack, seal),
    Address("/meetings/{meeting:uuid}/minutes", minutes),
)
