"""Agencies and their people: who takes part, who acts for whom, who gave what to whom, and what ends soon.

For those who look after them; everybody reads their own agency. Nothing of any case stands here.
"""

from collections.abc import Iterator
from uuid import uuid4

from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, inside, nothing_here
from catch.web.console.wording import words

OF_AGENCY = ("enrolMember", "enrolService", "signAgreement", "runProgramme")
"""What is asked about an agency by a form of its own."""
OF_MEMBER = ("giveRole", "giveTag", "bindSubject", "unbindSubject", "allowService")
ENDS_SOON = 90
"""Days ahead that one looks for what ends."""


async def people(visit: Visit) -> Reply:
    listed = (await visit.ask("agencies", first=50, after=visit.query.get("after")))["agencies"]
    viewer = (await visit.ask("viewer"))["viewer"]
    programmes = (await visit.ask("programmes"))["programmes"]
    lapsing = await visit.maybe("lapsing", within=ENDS_SOON, first=100)
    return visit.page(
        "people.html",
        agencies=[each["node"] for each in listed["edges"]],
        more=listed["pageInfo"],
        may=viewer["may"],
        lapsing=[each["node"] for each in lapsing["lapsing"]["edges"]] if lapsing else None,
        within=ENDS_SOON,
        appointed=await appointed(visit, programmes, viewer["roles"]),
        programmes=programmes,
        suspended=(await visit.ask("suspended_programmes", atLeast=visit.at_least))["suspendedProgrammes"],
        new_id=new_id,
    )


async def appointed(visit: Visit, programmes: list[Json], roles: list[str]) -> list[tuple[str, list[Json]]]:
    """Who is appointed, by programme, for whoever is shown it there; in a series, for who is appointed to it."""
    found: list[tuple[str, list[Json]]] = []
    for name, asked in {**dict(whole(programmes)), **await own_series(visit, programmes)}.items():
        answer = await visit.maybe("appointments", first=200, **asked) if roles else {}
        if answer:
            found.append((name, [each["node"] for each in answer["appointments"]["edges"]]))
    return found


def whole(programmes: list[Json]) -> Iterator[tuple[str, Json]]:
    yield from ((each["name"], {"programme": each["key"]}) for each in programmes)


async def own_series(visit: Visit, programmes: list[Json]) -> dict[str, Json]:
    """The series at which the viewer is appointed themselves."""
    offices = (await visit.ask("viewer_standing"))["viewer"]["offices"]
    names = {each["key"]: each["name"] for each in programmes}
    return {
        f"{names.get(each['programme'], each['programme'])}: {words(each['series'])}": {
            "programme": each["programme"],
            "series": each["series"],
        }
        for each in offices
    }


async def agency(visit: Visit) -> Reply:
    key = visit.path["agency"]
    held = await looked_after(visit, key)
    after = visit.query.get("after")
    listed = await visit.maybe("members", agency=key, first=50, after=after)
    members = listed.get("members", {"edges": [], "pageInfo": {"hasNextPage": False}})
    return visit.page(
        "agency.html",
        agency=held["agency"],
        offered=held["offered"],
        forms=[name for name in OF_AGENCY if name in held["offered"]],
        members=[each["node"] for each in members["edges"]] if listed else None,
        more=members["pageInfo"],
        together=together,
        may=(await visit.ask("viewer"))["viewer"]["may"],
        new_id=new_id,
    )


def together(tags: list[Json]) -> list[list[Json]]:
    """Those that somebody was given in one go."""
    found: dict[tuple[str, ...], list[Json]] = {}
    for each in tags:
        given = inside(each, "given", "user"), inside(each, "given", "at")
        found.setdefault((each["programme"], each["startsOn"], str(each["endsOn"]), *map(str, given)), []).append(each)
    return [*found.values()]


async def member(visit: Visit) -> Reply:
    held = await looked_after(visit, visit.path["agency"], visit.path["user"])
    if held["member"] is None:
        raise nothing_here()
    service = held["member"]["service"] is not None
    return visit.page(
        "member.html",
        agency=held["agency"],
        member=held["member"],
        offered=held["offered"],
        forms=[name for name in OF_MEMBER if name in held["offered"] and opens(name, held, service=service)],
        ends={(each["role"], each["programme"]) for each in held["ends"]},
        tag_programmes=held["tagProgrammes"],
        may=(await visit.ask("viewer"))["viewer"]["may"],
        new_id=new_id,
    )


def opens(name: str, held: Json, *, service: bool) -> bool:
    """Whether there is anything to choose in this form."""
    match name:
        case "giveRole":
            return bool(held["gives"])
        case "giveTag":
            return bool(held["tagProgrammes"])
        case "allowService":
            return service
        case "unbindSubject":
            return bool(held["member"]["issuers"])
        case _:
            return True


async def looked_after(visit: Visit, key: str, user: str | None = None) -> Json:
    """Raises `NotShown` where, for who looks, there is no such agency."""
    held = (await visit.ask("looked_after", agency=key, user=user, atLeast=visit.at_least))["lookedAfter"]
    if held is None:
        raise nothing_here()
    return held


def new_id() -> str:
    return str(uuid4())


ADDRESSES = (
    Address("/people", people, text="People"),
    Address("/people/{agency:str}", agency),
    Address("/people/{agency:str}/{user:str}", member),
)
