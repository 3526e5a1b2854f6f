"""The open front door: anybody may refer, themselves or another, without a token, by a form over HTTP.

The answer tells nothing of what is known: whoever is referred is registered anew, under random ids, as somebody whose
identity is not settled. No question is asked of the people and cases there are; whether the person is known already is
for those who keep the front door to find out.

What somebody says of themselves is sealed like all the rest, and nobody has checked it. The case comes in as the
program's own, so nobody becomes its referrer and sees what became of it.
"""

import re
import time
from datetime import date, datetime
from hashlib import sha256
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
from graphql import GraphQLFormattedError
from litestar import MediaType, Request, Response, route
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from catch.api.engine.limits import encode
from catch.api.mutations import camel
from catch.app import Catch
from catch.commands.newcomers import welcomed
from catch.database import lost
from catch.domain.calendar import age_on, london_day
from catch.domain.case import referral
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import Agrees, ReferralAgreement, SafeContact, Urgency
from catch.domain.facts import Actor, Command, Role, Sealed
from catch.domain.matching import PLACEHOLDERS
from catch.domain.nhs_number import NhsNumberInvalid, nhs_number
from catch.domain.person import RegisterPerson
from catch.domain.plain import Code, Few, Key
from catch.domain.programme import ProgrammeHistory
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import MissingText, OutOfRange, Refused
from catch.domain.streams import CASE, PROGRAMME, programme_stream
from catch.faults import RecordsAway, error, refusal_error
from catch.live.origins import ORIGIN_NOT_ALLOWED, Origins, preflight, shared_with
from catch.log.entries import Busy, CommandIdReused, Conflict, Unavailable
from catch.present.states import Broken
from catch.rates import Rates, neighbourhood, too_often, whole_seconds
from catch.web.http import Line, Reply
from catch.web.requests import JSON, Heading, Receive, Scope, Turned, json_of, read

PATH = "/refer"
LARGEST = 65_536
"""Bytes of a form."""
FRONT_DOOR = Actor(user="front-door", agency="front-door", role=Role.SYSTEM)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read aloud without mistakes
_FIELDS = {"unverified_organisation": "organisation", "safe_contact.how": "howToContact", "age": "dateOfBirth"}
"""What a field of the form is called in the commands, where that is not the same word."""
_AWAY = (Busy, Conflict, RecordsAway, Unavailable)


class Form(Struct, rename="camel", forbid_unknown_fields=True):
    """What anybody may say. Everything but keys and codes is sealed.

    `send_id`: chosen by whoever sends, and the same when the same form is sent again: that is one referral then.
    """

    programme: Key
    source: Code
    reason: Sealed
    name: Sealed
    channel: Code = "online"
    date_of_birth: date | None = None
    nhs_number: Sealed | None = None
    phone: Sealed | None = None
    address: Sealed | None = None
    needs: Few[Code] = ()
    urgency: Urgency = Urgency.ROUTINE
    organisation: Sealed | None = None
    who_refers: Sealed | None = None
    knows: bool | None = None
    agrees: Agrees | None = None
    safe_to_contact: bool | None = None
    how_to_contact: Sealed | None = None
    send_id: UUID | None = None


class Door:
    """`rates` are those of an address, `origins` the sites whose pages may send the form besides our own."""

    def __init__(self, catch: Catch, rates: Rates) -> None:
        self._catch = catch
        self._rates = rates
        self._origins = Origins(catch.settings.origins)

    def handler(self) -> HTTPRouteHandler:
        @route(PATH, http_method=cast("Any", METHODS), media_type=MediaType.JSON, request_max_body_size=None)
        async def refer(request: Request[Any, Any, Any]) -> Response[bytes]:
            scope = cast("Scope", request.scope)
            reply = await self.respond(Heading.of(scope), request.receive)
            return Response(reply.body, status_code=reply.status, media_type=JSON, headers=reply.headers)

        return refer

    async def respond(self, heading: Heading, receive: Receive) -> Reply:
        """Whatever is sent. One line is logged, without anything of what it says."""
        began, line = time.perf_counter(), Line(heading.method, kind="refer")
        headers = {"cache-control": "no-store", "vary": "origin"}
        try:
            if not self._origins.welcome(heading.origin, heading.host):
                raise Turned(403, ORIGIN_NOT_ALLOWED)
            headers |= shared_with(heading.origin)
            if heading.method == "OPTIONS":
                line.status, body = 204, b""
                headers |= preflight("POST", "content-type")
            else:
                line.status, body = 200, await self._answer(heading, receive)
        except Turned as turned:
            body = line.turned(turned)
            headers |= turned.headers
        except Exception as unexpected:
            body = line.failed(unexpected, "refer")
        line.written(began)
        return Reply(line.status, headers, body)

    async def _answer(self, heading: Heading, receive: Receive) -> bytes:
        if heading.method != "POST":
            raise Turned(405, error("POST_ONLY", "Send the form with POST."), allow="POST, OPTIONS")
        self.admit(heading.peer)
        return encode({"receipt": await self.taken(await json_of(heading, receive, LARGEST))})

    def admit(self, peer: str) -> None:
        """Counts a try from this address. Raises `Turned` where there were too many."""
        if wait := self._rates.wait(neighbourhood(peer)):
            raise Turned(429, too_often(wait), retry_after=str(whole_seconds(wait)))

    async def taken(self, body: bytes) -> str:
        """The receipt for a form. Raises `Turned`."""
        form = read_form(body)
        try:
            return await self._take(form)
        except Refused as refused:
            raise turned(refused) from None
        except Exception as problem:
            if lost(problem):
                raise turned(RecordsAway()) from None
            raise

    async def programmes(self) -> list[Programme]:
        """Those that take referrals at present: what they are called, and from whom they take them, is for anybody."""
        today = london_day(self._catch.log.clock.now())
        keys = await self._catch.programme_keys()
        # One that cannot be read shuts its own door, and no other.
        read = await self._catch.present.states.gather(PROGRAMME, map(programme_stream, keys))
        found: list[ProgrammeHistory | None] = [each.state for each in read if not isinstance(each, Broken)]
        return [each.current for each in found if each and each.active and each.current.runs_on(today)]

    async def _take(self, form: Form) -> str:
        """Everything that can be wrong is looked for before anything is recorded."""
        now = self._catch.log.clock.now()
        case, person, referred, *command_ids = self._ids(form)
        # Before the form is looked at: what was taken then is not judged by what the programme asks for now.
        if form.send_id is not None and (await self._catch.present.states.get(CASE, case)).state is not None:
            return receipt(self._catch, case)
        # The person first: a referral names somebody who is there.
        commands = registration(form, person), submission(form, case, person, referred, now)
        await welcomed(self._catch.records, *commands, by=FRONT_DOOR, at=now)
        if form.nhs_number is not None and nhs_number(form.nhs_number) is None:
            raise NhsNumberInvalid(field="nhsNumber")
        try:
            for command, command_id in zip(commands, command_ids, strict=True):
                await self._catch.commands.take(cast("Command", command), by=FRONT_DOOR, command_id=command_id)
        except CommandIdReused:
            # Sent again, and taken the first time: it came in then, not now, which is all that differs.
            pass
        return receipt(self._catch, case)

    def _ids(self, form: Form) -> list[UUID]:
        """Of the case, the person, the referral and the two commands. Who sends another form under the same id has
        changed their mind about something, and none of it is to be lost: those are other ids.
        """
        if form.send_id is None:
            return [uuid4() for _ in range(5)]
        # Keyed below: whoever guesses a form cannot work out the ids that it was given.
        said = sha256(msgspec.json.encode(form)).hexdigest()
        return [self._catch.keyring.derived_id(f"front door {form.send_id} {said} {number}") for number in range(5)]


def receipt(catch: Catch, case: UUID) -> str:
    """Twelve signs made of the case's id and of the place's secret: they tell nothing of case or number, and the place
    can work them out again (`catch receipt`). A random one would have to be kept somewhere to be of any use.
    """
    bits = catch.keyring.derived_id(f"front door receipt {case}").int & ((1 << 60) - 1)
    signs = "".join(_SIGNS[(bits >> (5 * place)) & 31] for place in range(12))
    return "-".join((signs[:4], signs[4:8], signs[8:]))


async def referred_with(catch: Catch, text: str) -> UUID | None:
    """The case that came in with this receipt, however it is written."""
    signs = "".join(text.upper().split()).replace("-", "")
    topic = referral.ReferralReceived.__name__
    rows = await catch.log.pool.fetch("select originator_id as case from stored_events where topic = $1", topic)
    return next((row["case"] for row in rows if receipt(catch, row["case"]).replace("-", "") == signs), None)


_DECODER = msgspec.json.Decoder(Form)
_PLACE = re.compile(r"`\$\.(\w+)|field `(\w+)`$")
"""Where in a form something is wrong, as msgspec has it. What stands there is not repeated."""


def read_form(body: bytes) -> Form:
    try:
        return read(body, _DECODER)
    except msgspec.ValidationError as problem:
        found = _PLACE.search(str(problem))
        field = next((each for each in found.groups() if each), None) if found else None
        # A name that the form does not have was written by whoever sent it: it is not repeated.
        known = field in {camel(name) for name in Form.__struct_fields__}
        raise Turned(400, of_field(_wrong(field), field) if field and known else NOT_A_FORM) from None


NEEDED = ("programme", "source", "reason", "name")
NOT_A_FORM = error(
    "NOT_A_REFERRAL", "Send an object with programme, source, reason and name, and nothing that the form does not have."
)


def _wrong(field: str) -> GraphQLFormattedError:
    """What a field would have to be that is there and is not, or is missing."""
    if field == "dateOfBirth":
        return error("NOT_A_REFERRAL", "dateOfBirth is no day of the calendar: write it YYYY-MM-DD, or leave it out.")
    needed = "must be there, and " if field in NEEDED else ""
    return error("NOT_A_REFERRAL", f"{field} {needed}must be what the form has it as. The README describes each field.")


def of_field(held: GraphQLFormattedError, field: str) -> GraphQLFormattedError:
    return {"message": held.get("message", ""), "extensions": {**held.get("extensions", {}), "field": field}}


def turned(refused: Refused) -> Turned:
    if isinstance(refused, _AWAY):
        away = error(refused.code, "The referral could not be kept just now. Send it again.")
        return Turned(503, away, retry_after="5")
    named = refused.details.pop("field", None)
    # These refusals name no field of their own: a command says elsewhere what they are about.
    field = _FIELDS.get(named, camel(named)) if named else _BY_CODE.get(refused.code)
    said = refusal_error(refused)
    return Turned(400, of_field(said, field) if field else said)


_BY_CODE = {
    "UNKNOWN_PROGRAMME": "programme",
    "PROGRAMME_NOT_RUNNING": "programme",
    "SOURCE_NOT_ALLOWED": "source",
    "CHANNEL_NOT_ALLOWED": "channel",
}


def registration(form: Form, person: UUID) -> RegisterPerson:
    born = born_on(form)
    return RegisterPerson(
        person=person,
        provisional=True,
        name=form.name,
        date_of_birth=Sealed(born.isoformat()) if born else None,
        address=form.address,
        phone=form.phone,
        nhs_number=form.nhs_number,
    )


def born_on(form: Form) -> date | None:
    """None where it is what programs and people put in for a day that nobody knows: no age is made of it."""
    return None if form.date_of_birth in PLACEHOLDERS else form.date_of_birth


def submission(form: Form, case: UUID, person: UUID, referred: UUID, now: datetime) -> SubmitReferral:
    return SubmitReferral(
        case=case,
        person=person,
        programme=form.programme,
        referral=referred,
        source=form.source,
        channel=form.channel,
        received_at=now,
        reason=form.reason,
        needs=form.needs,
        urgency=form.urgency,
        unverified_organisation=stranger(form),
        agreement=agreement(form),
        safe_contact=safe_contact(form),
        age=age(born, london_day(now)) if (born := born_on(form)) else None,
    )


def stranger(form: Form) -> Sealed | None:
    """Who says that they refer, and from where."""
    said = [text for text in (form.who_refers, form.organisation) if text is not None]
    # Here and not in the command, where both are one text and neither could be named.
    for name, text in (("whoRefers", form.who_refers), ("organisation", form.organisation)):
        if text is not None and not text.strip():
            raise MissingText(field=name)
    return Sealed(", ".join(said)) if said else None


def agreement(form: Form) -> ReferralAgreement | None:
    """Who does not know of it has not agreed to it."""
    if form.knows is None and form.agrees is None:
        return None
    if form.knows is None or form.agrees is None:
        raise MissingText(field="knows" if form.knows is None else "agrees")
    return ReferralAgreement(knows=form.knows, agrees=form.agrees)


def safe_contact(form: Form) -> SafeContact | None:
    if form.safe_to_contact is None:
        if form.how_to_contact is not None:
            raise MissingText(field="safeToContact")
        return None
    return SafeContact(form.safe_to_contact, form.how_to_contact)


def age_from(born: str | None, today: date) -> int | None:
    """Of whoever was born on that day; None of what is no such day, which is refused elsewhere, or stands for none."""
    try:
        day = date.fromisoformat(born or "")
    except ValueError:
        return None
    return age_on(today, day) if day <= today and day not in PLACEHOLDERS else None


def age(born: date, on: date) -> int:
    if born > on:
        raise OutOfRange(field="dateOfBirth", latest=on)
    return age_on(on, born)
