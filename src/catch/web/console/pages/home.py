"""The start page: what waits for whoever looks, and where they may go. Each kind of user finds their own work first."""

from functools import partial

from catch.domain.calendar import london_day
from catch.web.console import clocks
from catch.web.console.known import Known, nodes
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit

LISTED = 8
"""Of each kind; the rest is on its own page."""
OVER = ("CANCELLED", "ENDED", "MINUTES_CONFIRMED")


async def home(visit: Visit) -> Reply:
    today = london_day(visit.console.now())
    standing = (await visit.ask("viewer_standing"))["viewer"]
    roles = {each["role"] for each in (*standing["holds"], *standing["offices"])}
    may = {each["mutation"] for each in standing["because"]}
    coming = await visit.maybe("meetings", **{"from": today, "first": 10})
    inbox = nodes((await visit.maybe("inbox", first=50)).get("agencyInbox"))
    door, pressing = await of_cases(visit, Known(visit, {})) if "COORDINATOR" in roles else ([], [])
    return visit.page(
        "home.html",
        standing=standing,
        held=[*{tuple(each.values()): each for each in held_roles(standing)}.values()],
        is_any=partial(is_any, roles),
        may=may,
        meetings=[
            each
            for each in nodes(coming.get("meetings"))
            if each["state"] not in ("CANCELLED", "ENDED", "MINUTES_CONFIRMED")
        ],
        inbox=inbox,
        to_answer=[each for each in inbox if each["state"] == "OFFERED"],
        overdue=[each for each in inbox if each["actionId"] and each["overdueDays"] and each["state"] != "OFFERED"],
        late=[each for each in inbox if each["kind"] == "CLOCK_BREACHED"],
        door=door,
        pressing=pressing,
    )


def held_roles(standing: Json) -> list[Json]:
    """Each once, however it is held."""
    shown = ("role", "programme", "series", "endsOn")
    return [{name: each[name] for name in shown} for each in (*standing["holds"], *standing["offices"])]


def is_any(roles: set[str], *names: str) -> bool:
    return not roles.isdisjoint(names)


Pressing = tuple[Json, list[clocks.Standing]]


async def of_cases(visit: Visit, known: Known) -> tuple[list[Json], list[Pressing]]:
    """Those whom nobody has answered yet, and those that one coordinates and that press."""
    door = await visit.maybe("caseload", filter={"states": ["RECEIVED"]}, first=LISTED)
    mine = nodes((await visit.maybe("caseload", filter={"lead": known.user, "live": True}, first=100)).get("cases"))
    found = [(each, clocks.pressing(each["clocks"], known.now)) for each in mine]
    late = [(each, held) for each, held in found if held and held[0].colour in ("red", "yellow")]
    return nodes(door.get("cases")), sorted(late, key=due)[:LISTED]


def due(found: Pressing) -> str:
    return found[1][0].due or "~"


ADDRESSES = (Address("/", home),)
