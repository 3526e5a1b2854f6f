"""Who asked something of what is kept of them, and by when it is answered: for Caldicott contacts, by case numbers."""

from uuid import uuid4

from catch.web.console.site import Address
from catch.web.console.visit import Reply, Visit


async def data_requests(visit: Visit) -> Reply:
    asked = await visit.ask("data_requests", first=50, after=visit.query.get("after"), atLeast=visit.at_least)
    found = asked["dataRequests"]
    return visit.page(
        "data_requests.html",
        asked=[each["node"] for each in found["edges"]],
        more=found["pageInfo"],
        new_id=lambda: str(uuid4()),
    )


ADDRESSES = (Address("/data-requests", data_requests, text="What people ask for", reads="dataRequests"),)
