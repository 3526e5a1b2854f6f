"""Who asked what is kept of them, and by when it has to be answered: for Caldicott contacts, by case numbers."""

from catch.web.console.site import Address
from catch.web.console.visit import Reply, Visit


async def data_requests(visit: Visit) -> Reply:
    asked = await visit.ask("data_requests", first=50, after=visit.query.get("after"), atLeast=visit.at_least)
    found = asked["dataRequests"]
    return visit.page("data_requests.html", asked=[each["node"] for each in found["edges"]], more=found["pageInfo"])


ADDRESSES = (Address("/data-requests", data_requests, text="What people ask for", reads="dataRequests"),)
