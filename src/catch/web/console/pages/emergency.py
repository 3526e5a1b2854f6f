"""Cases that were opened in an emergency: to open one, to end it, to look into it, and what became of each.

It is reached from the search, whatever that has found: the page says the same of a case that is there and of none.
"""

from urllib.parse import urlencode
from uuid import uuid4

from catch.web.console.site import Address
from catch.web.console.stepping_up import shown_until, step_up
from catch.web.console.visit import Reply, Visit

PAGE = 50
HERE = "/break-glass"


async def listed(visit: Visit) -> Reply:
    found = await visit.ask("break_glass", first=PAGE, after=visit.query.get("after"), atLeast=visit.at_least)
    may = (await visit.ask("viewer"))["viewer"]["may"]
    number = visit.query.get("number", "").strip().upper()
    return visit.page(
        "break_glass.html",
        glasses=[each["node"] for each in found["breakGlass"]["edges"]],
        more=found["breakGlass"]["pageInfo"],
        may=may,
        number=number,
        to_open=address(visit, number),
        step_up=step_up(visit, address(visit, number)),
        shown_until=shown_until(visit),
        new_id=lambda: str(uuid4()),
    )


def address(visit: Visit, number: str) -> str:
    """The form that opens a case."""
    assert visit.session is not None
    said = {"agency": visit.session.viewer.agency, "next": HERE} | ({"number": number} if number else {})
    return f"/do/open-break-glass?{urlencode(said)}"


ADDRESSES = (Address(HERE, listed, text="Break-glass", reads="breakGlass"),)
