"""Refer somebody while signed in, and what became of one's referrals.

A referral is two commands: a person is registered, and their referral is submitted. Nobody is registered for a referral
that is not taken: it is sent first, and that there is no such person yet is the last thing that can be wrong with it.
Ids are made of what is said and of the form's own id: the same form sent again, after an answer that never came, finds
both there already; what is put right after a refusal is something else. A contact is led on in the same way, by
a command of its own.
"""

from http import HTTPStatus
from uuid import UUID, uuid4, uuid5

import msgspec

from catch.domain.calendar import LONDON, london_day
from catch.domain.case.referral import SubmitReferral
from catch.domain.contact import ConvertContact
from catch.domain.person import RegisterPerson
from catch.web.console.asking import form_of
from catch.web.console.fields import mutation_of
from catch.web.console.forms import Form, is_id
from catch.web.console.known import Known, nodes
from catch.web.console.sent import Sent
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Taken, Turned, Visit, nothing_here
from catch.web.door import age_from

PERSON = ["provisional", "name", "dateOfBirth", "nhsNumber", "phone", "address", "communicationNeeds"]
DESCRIBED = ("name", "dateOfBirth", "nhsNumber", "phone", "address")
REFERRAL = [
    "programme", "source", "channel", "receivedAt", "reason", "needs", "urgency", "onBehalfOf",
    "unverifiedOrganisation", "agreement", "basis", "safeContact", "reference",
]  # fmt: skip
NOT_REGISTERED, DESCRIPTION = "UNKNOWN_PERSON", ".described."
PAGE = 50


class Both:
    """The two commands' forms, which are one on the page. `send_id` is made when it is drawn, and travels in it.
    `registered`: the person is there, and waits for the referral.
    """

    def __init__(self, known: Known, sent: Sent, send_id: UUID) -> None:
        self.send_id = send_id
        self.registered = bool(sent.get("registered"))
        self.today = london_day(known.now)
        case, person, referral = (self.id(each) for each in ("case", "person", "referral"))
        self.person = form_of(known, RegisterPerson, sent, {"person": person}, only=PERSON)
        self.contact = known.about.get("contact", "")
        kind = ConvertContact if self.contact else SubmitReferral
        self.mutation = mutation_of(kind)
        about = {"case": case, "person": person, "referral": referral}
        if known.programme:
            about["programme"] = known.programme["key"]
        self.referral = form_of(known, kind, sent, about, only=REFERRAL)

    def id(self, *about: str) -> str:
        """As random as the form's own id, and the same whenever it is asked for."""
        return str(UUID(bytes=uuid5(self.send_id, " ".join(about)).bytes, version=4))

    def filled(self) -> tuple[Json, Json]:
        person, referral = self.person.filled(), self.referral.filled()
        # Who is put right after a refusal is somebody else than who was registered before it.
        named = self.id("person", msgspec.json.encode(person, order="deterministic").decode())
        born = age_from(person.get("dateOfBirth"), self.today)
        more: Json = {} if born is None else {"age": born}
        # What they wrote stays theirs to read, whatever turns out to be known of the person.
        told = {name: person[name] for name in DESCRIBED if name in person}
        if told and not self.contact:
            more["described"] = told
        return person | {"person": named}, referral | {"person": named} | more

    @property
    def problems(self) -> list[tuple[Form, str, str]]:
        return [(form, each.path, each.text) for form in (self.person, self.referral) for each in form.problems]


async def known_for(visit: Visit, programme: str, contact: str) -> Known:
    may = (await visit.ask("viewer"))["viewer"]["may"]
    if not {"registerPerson", "convertContact" if contact else "submitReferral"}.issubset(may):
        raise nothing_here()
    about = {"programme": programme, "contact": contact if is_id(contact) else ""}
    known = await Known(visit, {name: value for name, value in about.items() if value}).with_subject()
    if contact and known.contact is None:
        raise nothing_here()
    if not programme and contact:
        # Where it leads to is to be chosen: the contact's own programme or another.
        known.programme = None
    return known


async def empty(visit: Visit) -> Reply:
    known = await known_for(visit, visit.query.get("programme", ""), visit.query.get("contact", ""))
    return shown(visit, known, Both(known, {}, uuid4()))


async def send(visit: Visit) -> Reply:
    known = await known_for(visit, visit.sent("programme"), visit.sent("contact"))
    given = visit.sent("send-id")
    both = Both(known, visit.form, UUID(given) if is_id(given) else uuid4())
    person, referral = both.filled()
    if both.problems:
        return shown(visit, known, both, HTTPStatus.BAD_REQUEST)
    answer, form = await sent(visit, both, both.mutation, referral), both.referral
    if isinstance(answer, Turned) and answer.code == NOT_REGISTERED:
        answer, form = await sent(visit, both, "registerPerson", person), both.person
        if isinstance(answer, Taken):
            both.registered = True
            answer, form = await sent(visit, both, both.mutation, referral), both.referral
    if isinstance(answer, Turned):
        # What is wrong with the person as the referral describes them stands where they are asked for.
        if any(DESCRIPTION in (each.get("path") or "") for each in answer.details):
            form = both.person
        details = [{**each, "path": (each.get("path") or "").replace(DESCRIPTION, ".")} for each in answer.details]
        form.refused(answer.code, answer.message, details)
        return shown(visit, known, both, answer.status)
    return visit.to(f"/contacts/{both.contact}" if both.contact else f"/cases/{referral['case']}", answer)


async def sent(visit: Visit, both: Both, mutation: str, filled: Json) -> Taken | Turned:
    said = msgspec.json.encode(filled, order="deterministic").decode()
    return await visit.send(mutation, filled, UUID(both.id(mutation, said)))


def shown(visit: Visit, known: Known, both: Both, status: int = HTTPStatus.OK) -> Reply:
    return visit.page(
        "refer.html",
        status,
        both=both,
        person={each.path: each for each in both.person.fields},
        referral={each.path: each for each in both.referral.fields},
        programme=known.programme,
        programmes=known.programmes,
        received=known.now.astimezone(LONDON).isoformat(),
    )


async def became(visit: Visit) -> Reply:
    """The referrals of the viewer's agency, and what became of each as far as they are told."""
    found = (await visit.ask("my_referrals", first=PAGE, after=visit.query.get("after"), atLeast=visit.at_least))[
        "cases"
    ]
    agency = visit.session.viewer.agency if visit.session else ""
    rows = [
        (case, [each for each in case["referrals"] if each["referrer"] and each["referrer"]["agency"] == agency])
        for case in nodes(found)
    ]
    return visit.page("referrals.html", rows=[row for row in rows if row[1]], page=found["pageInfo"])


ADDRESSES = (Address("/refer-somebody", empty, send), Address("/referrals", became))
