"""Contacts at the front door: what waits there first, and one contact with what may be done about it."""

from catch.domain.streams import KEY_OF_COMMAND
from catch.web.console.asking import form_of
from catch.web.console.fields import mutation_of
from catch.web.console.forms import Form
from catch.web.console.known import Known, nodes
from catch.web.console.lists import programmes_with_contacts
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, many, nothing_here, one

PAGE = 50
STATES = {
    "waiting": ("Waiting", ["RECEIVED", "TRIAGED"]),
    "resolved": ("Resolved", ["RESOLVED"]),
    "converted": ("Led on", ["CONVERTED"]),
    "all": ("All", None),
}
"""What of them is shown: what it is called, and the states that it has."""
AT_THE_DOOR = ("triage-contact", "resolve-contact", "link-repeat")


async def contacts(visit: Visit) -> Reply:
    known = await Known(visit, {}).with_subject()
    asked, kept = visit.query.get("state", ""), programmes_with_contacts(known)
    chosen = {"state": asked if asked in STATES else "waiting"}
    if (key := visit.query.get("programme", "")) in {each.value for each in kept}:
        chosen["programme"] = key
    states = STATES[chosen["state"]][1]
    which = {"programme": chosen.get("programme"), "states": states}
    found = await visit.ask(
        "contacts",
        which={name: value for name, value in which.items() if value is not None},
        first=PAGE,
        after=visit.query.get("after"),
        atLeast=visit.at_least,
    )
    may = (await visit.ask("viewer"))["viewer"]["may"]
    return visit.page(
        "contacts.html",
        contacts=nodes(found["contacts"]),
        page=found["contacts"]["pageInfo"],
        chosen=chosen,
        states={name: text for name, (text, _) in STATES.items()},
        programmes=kept,
        takes=kept and "receiveContact" in may,
        said=Said(known),
    )


class Said:
    """What the programme of a contact calls its priorities and outcomes."""

    def __init__(self, known: Known) -> None:
        self._labels = {
            (programme["key"], kind, each["code"]): each["label"]
            for programme in known.programmes
            for kind in ("priorities", "outcomes")
            for each in many(one(programme, "contacts"), kind)
        }

    def priority(self, contact: Json) -> str:
        return self._said(contact, "priorities", one(contact, "triage").get("priority"))

    def outcome(self, contact: Json) -> str:
        return self._said(contact, "outcomes", one(contact, "resolution").get("outcome"))

    def _said(self, contact: Json, kind: str, code: str | None) -> str:
        return self._labels.get((contact["programme"], kind, code or ""), code or "")


async def contact(visit: Visit) -> Reply:
    id_ = str(visit.path["contact"])
    known = await Known(visit, {"contact": id_}).with_subject()
    if known.contact is None:
        raise nothing_here()
    offered = (await visit.ask("offered", contactId=id_, atLeast=visit.at_least))["offered"]
    kinds = {KEY_OF_COMMAND[kind]: kind for kind in KEY_OF_COMMAND if mutation_of(kind) in offered}
    wanted = [key for key in AT_THE_DOOR if key in kinds and fits(key, known)]
    forms: list[Form] = [form_of(known, kinds[key], {}, prefix=f"{key}-") for key in wanted]
    return visit.page(
        "contact.html",
        contact=known.contact,
        earlier=known.earlier,
        forms=forms,
        leads="convert-contact" in kinds,
        said=Said(known),
    )


def fits(key: str, known: Known) -> bool:
    """What is settled is not settled again; and there is nothing to link where nobody alike has come before."""
    assert known.contact is not None
    return bool(known.earlier) if key == "link-repeat" else known.contact["state"] in ("RECEIVED", "TRIAGED")


ADDRESSES = (
    Address("/contacts", contacts, text="Contacts", reads="contacts"),
    Address("/contacts/{contact:uuid}", contact),
)
