"""Which meetings there are, by series, coming and past; planning the next one; a calendar to subscribe to."""

from datetime import datetime, timedelta

from catch.domain.calendar import LONDON, london_day
from catch.domain.meeting.state import Mode
from catch.web.console import room
from catch.web.console.fields import choices_of
from catch.web.console.pages.calendar import feed_of
from catch.web.console.pages.meeting import local, on
from catch.web.console.pages.naming import settings
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit
from catch.web.console.wording import words

BACK = timedelta(days=120)


async def listed(visit: Visit) -> Reply:
    """All that somebody may see, or those of one series."""
    assert visit.session is not None
    today = london_day(visit.console.now())
    wanted = visit.query.get("series") or None
    found = await visit.ask("meetings", **{"series": wanted, "from": today - BACK, "first": 200})
    viewer = (await visit.ask("viewer"))["viewer"]
    every = series_of((await visit.maybe("programme_definitions")).get("programmes", []))
    meetings = [each["node"] for each in found["meetings"]["edges"]]
    kept = [each for each in every if any(each["key"] == one["series"] for one in meetings)]
    one = next((each for each in every if each["key"] == wanted), None)
    plans = "planMeeting" in viewer["may"]
    return visit.page(
        "meetings.html",
        coming=[each for each in meetings if each["state"] not in room.OVER],
        past=[each for each in reversed(meetings) if each["state"] in room.OVER],
        stages=room.STAGES,
        kept=kept,
        names={each["key"]: each["name"] for each in every},
        one=one,
        plans=plans,
        planned=planned(one, meetings, visit.console.now()) if one and plans else None,
        modes=choices_of(Mode),
        feed=await feed_of(visit, one["key"]) if one else "",
        agency=viewer["agency"],
        renews="renewCalendar" in viewer["may"],
        on=on(visit, f"/meetings?series={wanted}" if one else "/meetings"),
    )


def series_of(programmes: list[Json]) -> list[Json]:
    """Every series of the programmes that run here."""
    held: list[tuple[Json, Json]] = []
    for programme in programmes:
        series: list[Json] = settings(programme).get("meetings") or []
        held += [(programme, each) for each in series]
    return [
        {
            "key": each["key"],
            "name": each.get("name") or words(each["key"]),
            "programme": programme["key"],
            "days": each.get("cycle_days") or 7,
            "minutes": each.get("duration_minutes") or 60,
            "starts": each.get("starts_at") or "10:00",
        }
        for programme, each in held
    ]


def planned(series: Json, meetings: list[Json], now: datetime) -> Json:
    """What the next meeting would be by the rhythm of the series: one cycle after the last one, at the same time."""
    last = max(
        (each for each in meetings if each["state"] != "CANCELLED"), key=lambda each: each["startsAt"], default=None
    )
    if last is None:
        hour, minute = (int(part) for part in series["starts"].split(":")[:2])
        tomorrow = now.astimezone(LONDON) + timedelta(days=1)
        return {"starts": tomorrow.replace(hour=hour, minute=minute).isoformat(), "chair": ""}
    # By the clock on the wall: the meeting is at ten in summer and in winter.
    at = datetime.fromisoformat(local(last["startsAt"])).replace(tzinfo=None)
    while at.replace(tzinfo=LONDON) < now:
        at += timedelta(days=series["days"])
    if at.replace(tzinfo=LONDON) <= datetime.fromisoformat(last["startsAt"]):
        at += timedelta(days=series["days"])
    return {"starts": at.replace(tzinfo=LONDON).isoformat(), "chair": last["chair"]["user"]}


ADDRESSES = (Address("/meetings", listed, text="Meetings"),)
