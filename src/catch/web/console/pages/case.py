"""A case: what keeps the person safe first, then everything that the viewer is shown of it, each with the forms of what
may be done about it at its place.
"""

from functools import partial
from uuid import uuid4

from catch.domain.streams import KEY_OF_COMMAND
from catch.web.console import clocks, following
from catch.web.console.asking import form_of
from catch.web.console.fields import chosen_ids, mutation_of
from catch.web.console.forms import Form
from catch.web.console.known import Known, nodes
from catch.web.console.lists import instruments, waited_for
from catch.web.console.rendering import commands_in
from catch.web.console.rows import path_in_words
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, many, nothing_here, one
from catch.web.console.wording import title_of

PAGE = 50
NOT_LIVE = ("DECLINED", "REDIRECTED", "CLOSED", "VOIDED")
OF_VOIDED = frozenset({"raise-safeguarding-concern", "record-safeguarding-outcome"})
"""What is still recorded of a voided case."""


class Forms:
    """The forms on a case's page: of what is offered, and nothing else."""

    def __init__(self, known: Known, offered: list[str], address: str) -> None:
        self._known = known
        self._offered = {KEY_OF_COMMAND[kind]: kind for kind in KEY_OF_COMMAND if mutation_of(kind) in offered}
        if known.case is not None and known.case["state"] == "VOIDED":
            # What is about the person, and not the case, is still theirs to say.
            self._offered = {
                key: kind
                for key, kind in self._offered.items()
                if key in OF_VOIDED or "case" not in kind.__struct_fields__
            }
        self._address = address

    def has(self, *keys: str) -> bool:
        return any(key in self._offered for key in keys)

    def of(
        self, key: str, about: Json | None = None, only: list[str] | None = None, title: str | None = None
    ) -> Form | None:
        """None where it is not offered. `about` is what the form is about besides the case: an action, a goal."""
        kind = self._offered.get(key)
        if kind is None or self._known.case is None:
            return None
        fixed = {name: str(value) for name, value in (about or {}).items()}
        sets_apart = "-".join([key, *(each[:13] for each in fixed.values())])
        form = form_of(self._known, kind, {}, fixed, only=only, title=title, prefix=f"{sets_apart}-")
        if position := self._known.case["position"]:
            form.beside["seen-at"] = str(position)
        return form

    def rest(self) -> list[tuple[str, str]]:
        """What else may be done here: the address of its form, and what it is called. What opens a case is none of
        this one's.
        """
        placed = commands_in("case.html", "case_parts.html")
        found = [(key, kind) for key, kind in self._offered.items() if key not in placed]
        return [(key, title_of(mutation_of(kind))) for key, kind in found if not {"case", "person"} & chosen_ids(kind)]


async def shown(visit: Visit) -> Reply:
    id_ = str(visit.path["case"])
    case = await case_of(visit, id_)
    person: str | None = one(case, "person").get("id")
    offered = (await visit.ask("offered", caseId=id_, personId=person, atLeast=visit.at_least))["offered"]
    about = {"case": id_}
    if person:
        about["person"] = person
    known = await Known(visit, about, case).with_subject()
    if offered:
        await known.with_people()
    series: dict[str, str] = {each["key"]: each["name"] for each in many(known.programme, "meetings")}
    return visit.page(
        "case.html",
        case=case,
        live=case["state"] not in NOT_LIVE,
        known=known,
        forms=Forms(known, offered, f"/cases/{id_}"),
        clocks=clocks.every(case["clocks"], known.now),
        until=partial(clocks.until_day, now=known.now),
        series=series,
        instruments=[each.value for each in instruments(known)],
        waited_for=waited_for(known),
        names={each["code"]: each["label"] for each in many(known.programme, "milestones")},
        funds={each["code"]: each["label"] for each in many(known.programme, "funds")},
        goals={each["id"]: each for each in case["goals"]},
        new_id=lambda: str(uuid4()),
        here=f"/cases/{id_}",
        opened=await opened_of(visit, id_),
        follows=following.of_case(id_),
    )


async def opened_of(visit: Visit, id_: str) -> Json | None:
    """By what the viewer opened it in an emergency, where they did."""
    held = many(one(await visit.maybe("open_cases", atLeast=visit.at_least), "viewer"), "opened")
    return next((each for each in held if each["caseId"] == id_), None)


async def case_of(visit: Visit, id_: str) -> Json:
    case = (await visit.ask("case", id=id_, atLeast=visit.at_least))["case"]
    if case is None:
        raise nothing_here()
    return case


async def history(visit: Visit) -> Reply:
    """Every fact of the case, and what each changed, for those who may read the trail."""
    case = await case_of(visit, str(visit.path["case"]))
    found = await visit.ask("audit_trail", stream=case["id"], first=PAGE, after=visit.query.get("after"))
    trail = found["auditTrail"]
    return visit.page(
        "history.html",
        case=case,
        facts=nodes(trail),
        page=trail["pageInfo"],
        path=path_in_words,
        follows=following.of_case(case["id"]),
    )


async def notes(visit: Visit) -> Reply:
    """All notes that the viewer may read, a page at a time: the case's own page has the latest."""
    case = await case_of(visit, str(visit.path["case"]))
    found = (await visit.ask("notes", case=case["id"], first=PAGE, after=visit.query.get("after")))["notes"]
    shown: Json = {"case": case, "notes": nodes(found), "page": found["pageInfo"]}
    return visit.page("notes.html", follows=following.of_case(case["id"]), **shown)


async def looks(visit: Visit) -> Reply:
    """Who looked at it, for those who may know. The case itself is not asked for: that would be one look more."""
    case = str(visit.path["case"])
    found = (await visit.ask("who_saw", of={"caseId": case}, first=PAGE, after=visit.query.get("after")))["whoSaw"]
    return visit.page(
        "looks.html", case=case, looks=nodes(found), page=found["pageInfo"], follows=following.of_case(case)
    )


async def matches(visit: Visit) -> Reply:
    """Who else the person may be, after somebody has looked."""
    case = await case_of(visit, str(visit.path["case"]))
    found = (await visit.ask("matches", caseId=case["id"], atLeast=visit.at_least))["matches"]
    return visit.page("matches.html", case=case, matches=found)


ADDRESSES = (
    Address("/cases/{case:uuid}", shown),
    Address("/cases/{case:uuid}/history", history),
    Address("/cases/{case:uuid}/notes", notes),
    Address("/cases/{case:uuid}/looks", looks),
    Address("/cases/{case:uuid}/matches", matches),
)
