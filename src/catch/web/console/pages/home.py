"""The start page: what waits for whoever looks, and where they may go."""

from datetime import timedelta

from catch.domain.calendar import london_day
from catch.web.console.site import Address
from catch.web.console.visit import Reply, Visit


async def home(visit: Visit) -> Reply:
    facts_at = visit.console.now()
    today = london_day(facts_at)
    standing = (await visit.ask("viewer_standing"))["viewer"]
    coming = await visit.maybe("meetings", **{"from": today - timedelta(days=1), "first": 10})
    inbox = await visit.maybe("inbox", first=50)
    return visit.page(
        "home.html",
        standing=standing,
        meetings=[each["node"] for each in coming.get("meetings", {}).get("edges", [])],
        inbox=[each["node"] for each in inbox.get("agencyInbox", {}).get("edges", [])],
    )


ADDRESSES = (Address("/", home),)
