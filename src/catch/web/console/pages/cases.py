"""The caseload, by its filters; and looking for a case."""

from catch.web.console.clocks import pressing
from catch.web.console.known import Known, nodes
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, many
from catch.web.console.wording import words

PAGE = 50
STATES = (
    "RECEIVED", "ACCEPTED", "CONVERSATION_HELD", "AWAITING_MEETING", "IN_SUPPORT", "IN_REVIEW", "CLOSING", "CLOSED",
    "DECLINED", "REDIRECTED",
)  # fmt: skip
ORDERS = {
    "OLDEST_FIRST": "Longest waiting first",
    "NEWEST_FIRST": "Newest first",
    "DUE_FIRST": "Review or end due first",
    "LATEST_CHANGE_FIRST": "Changed last, first",
    "NUMBER": "By number",
}


async def caseload(visit: Visit) -> Reply:
    known = await Known(visit, {}).with_subject()
    chosen = chosen_in(visit)
    found = await visit.ask(
        "caseload",
        filter=filter_of(chosen, known),
        order=chosen["order"],
        first=PAGE,
        after=visit.query.get("after"),
        atLeast=visit.at_least,
    )
    connection = found["cases"]
    return visit.page(
        "cases.html",
        cases=[(each, pressing(each["clocks"], known.now)) for each in nodes(connection)],
        unreadable=connection["unreadable"],
        page=connection["pageInfo"],
        chosen=chosen,
        states=STATES,
        orders=ORDERS,
        programmes=known.programmes,
    )


def chosen_in(visit: Visit) -> dict[str, str]:
    """The filters as the address has them; what is none is as if it were not there."""
    asked = visit.query
    live = asked.get("live", "yes")
    return {
        "live": live if live in ("yes", "no", "all") else "yes",
        "state": asked.get("state", "") if asked.get("state") in STATES else "",
        "lead": "me" if asked.get("lead") == "me" else "",
        "agency": "mine" if asked.get("agency") == "mine" else "",
        "programme": asked.get("programme", ""),
        "order": asked.get("order", "") if asked.get("order") in ORDERS else "OLDEST_FIRST",
    }


def filter_of(chosen: dict[str, str], known: Known) -> Json:
    held: Json = {"live": {"yes": True, "no": False}.get(chosen["live"])}
    if chosen["state"]:
        # One state says more than whether it is live.
        held = {"states": [chosen["state"]]}
    if chosen["lead"]:
        held["lead"] = known.user
    if chosen["agency"]:
        held["agency"] = known.agency
    if chosen["programme"] in {each["key"] for each in known.programmes}:
        held["programme"] = chosen["programme"]
    return {name: value for name, value in held.items() if value is not None}


async def look(visit: Visit) -> Reply:
    """What is looked for is sent, and stands in no address."""
    return visit.page("search.html", text="", name="", born="", found=None, by=None)


async def found(visit: Visit) -> Reply:
    text, name, born = (visit.sent(each).strip() for each in ("text", "name", "born"))
    by = await (by_text(visit, text) if text else by_name(visit, name, born))
    return visit.page("search.html", text=text, name=name, born=born, found=by, by=words)


async def by_text(visit: Visit, text: str) -> list[Json]:
    """By the case's number, the sender's reference, or an NHS number: whichever it is."""
    number = nodes((await visit.maybe("cases_in_order", filter={"number": text.upper()}, first=5)).get("cases"))
    reference = many(await visit.maybe("cases_by_reference", reference=text), "casesByReference")
    person = many(await visit.maybe("cases_by_number", nhsNumber=text), "casesByNumber")
    return once([*number, *reference, *person])


async def by_name(visit: Visit, name: str, born: str) -> list[Json]:
    if not name or not born:
        return []
    return many(await visit.maybe("cases_by_name", name=name, dateOfBirth=born), "casesByName")


def once(cases: list[Json]) -> list[Json]:
    return [*{each["id"]: each for each in cases}.values()]


ADDRESSES = (Address("/cases", caseload, text="Cases"), Address("/search", look, found, text="Search"))
