"""Who is to be erased, who was, whom something keeps from it, and of whom everything has been kept long enough.

For Caldicott contacts: by case numbers, since they read nothing of the cases themselves.
"""

from uuid import uuid4

from catch.web.console.site import Address
from catch.web.console.visit import Reply, Visit


async def erasures(visit: Visit) -> Reply:
    asked = (await visit.ask("erasures", first=50, after=visit.query.get("after"), atLeast=visit.at_least))["erasures"]
    due = (await visit.ask("retention_due", first=50, after=visit.query.get("due")))["retentionDue"]
    return visit.page(
        "erasures.html",
        asked=[each["node"] for each in asked["edges"]],
        more=asked["pageInfo"],
        due=[each["node"] for each in due["edges"]],
        more_due=due["pageInfo"],
        new_id=lambda: str(uuid4()),
    )


ADDRESSES = (Address("/erasures", erasures, text="Erasures", reads="erasures"),)
