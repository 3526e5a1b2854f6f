"""The caseload, by its filters; and looking for a case."""

from datetime import date
from http import HTTPStatus

from msgspec import Struct
from msgspec.structs import replace

from catch.domain.keys import NUMBER
from catch.web.console.clocks import pressing
from catch.web.console.forms import Form, Problem
from catch.web.console.known import Known, nodes
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, many

PAGE = 50
STATES = (
    "RECEIVED", "ACCEPTED", "CONVERSATION_HELD", "AWAITING_MEETING", "IN_SUPPORT", "IN_REVIEW", "CLOSING", "CLOSED",
    "DECLINED", "REDIRECTED", "VOIDED",
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
        "live": live if live in ("yes", "no", "all", "adrift") else "yes",
        "state": asked.get("state", "") if asked.get("state") in STATES else "",
        "lead": "me" if asked.get("lead") == "me" else "",
        "agency": "mine" if asked.get("agency") == "mine" else "",
        "programme": asked.get("programme", ""),
        "order": asked.get("order", "") if asked.get("order") in ORDERS else "OLDEST_FIRST",
    }


def filter_of(chosen: dict[str, str], known: Known) -> Json:
    held: Json = {"live": {"yes": True, "no": False, "adrift": True}.get(chosen["live"])}
    if chosen["state"]:
        # One state says more than whether it is live.
        held = {"states": [chosen["state"]]}
    if chosen["live"] == "adrift":
        held["adrift"] = True
    if chosen["lead"]:
        held["lead"] = known.user
    if chosen["agency"]:
        held["agency"] = known.agency
    if chosen["programme"] in {each["key"] for each in known.programmes}:
        held["programme"] = chosen["programme"]
    return {name: value for name, value in held.items() if value is not None}


class Sought(Struct):
    """What a case is looked for by: its own number or one that was given with it; or whom it is about."""

    text: str | None = None
    name: str | None = None
    date_of_birth: date | None = None


async def look(visit: Visit) -> Reply:
    """What is looked for is sent, and stands in no address."""
    return shown(visit, Form(Sought, {}))


async def found(visit: Visit) -> Reply:
    form = Form(Sought, visit.form)
    wanted = form.filled()
    text, name, born = (str(wanted.get(each) or "") for each in ("text", "name", "dateOfBirth"))
    if not form.problems and not text and not (name and born):
        form.problems.append(Problem("text", "Enter a number or a reference, or a name and a date of birth."))
    if form.problems:
        return shown(visit, form, status=HTTPStatus.BAD_REQUEST)
    return shown(visit, form, await (by_text(visit, text) if text else by_name(visit, name, born)))


def shown(visit: Visit, form: Form, found: list[Json] | None = None, status: int = HTTPStatus.OK) -> Reply:
    # Something is needed, whichever it is: nothing is called optional.
    form.fields = [replace(each, required=True) for each in form.fields]
    sought = str(form.value("text") or "").strip().upper()
    return visit.page(
        "search.html", status, form=form, found=found, numbered=sought if NUMBER.fullmatch(sought) else ""
    )


async def by_text(visit: Visit, text: str) -> list[Json]:
    """By the case's number, the sender's reference, or an NHS number: whichever it is."""
    number = nodes((await visit.maybe("cases_in_order", filter={"number": text.upper()}, first=5)).get("cases"))
    reference = many(await visit.maybe("cases_by_reference", reference=text), "casesByReference")
    person = many(await visit.maybe("cases_by_number", nhsNumber=text), "casesByNumber")
    return once([*number, *reference, *person])


async def by_name(visit: Visit, name: str, born: str) -> list[Json]:
    return many(await visit.maybe("cases_by_name", name=name, dateOfBirth=born), "casesByName")


def once(cases: list[Json]) -> list[Json]:
    return [*{each["id"]: each for each in cases}.values()]


ADDRESSES = (Address("/cases", caseload, text="Cases"), Address("/search", look, found, text="Search"))
