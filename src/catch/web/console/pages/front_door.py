"""The open front door: anybody refers somebody, or themselves, without signing in.

What is taken, and what is not, is for `catch.web.door` to say, as for whoever sends the same as JSON.
"""

from http import HTTPStatus

import msgspec

from catch.domain.case.state import Agrees, Urgency
from catch.domain.programme.configuration import Programme
from catch.web.console.fields import Choice
from catch.web.console.forms import Form
from catch.web.console.sent import Sent
from catch.web.console.site import Address
from catch.web.console.visit import Reply, Visit, nothing_here
from catch.web.console.wording import words
from catch.web.door import LARGEST, Door
from catch.web.door import Form as Referral
from catch.web.requests import Turned

AGREES = {Agrees.YES: "Yes", Agrees.NO: "No", Agrees.UNABLE: "They cannot decide at present"}
SOON = {
    Urgency.ROUTINE: "In the usual time",
    Urgency.SOON: "Soon: it gets worse",
    Urgency.URGENT: "Urgent: within days",
}
ONLINE = "online"
BOTH = "Say both whether the person knows that you refer them and whether they agree to it, or neither."


async def empty(visit: Visit) -> Reply:
    programme, others = await chosen(visit, visit.query.get("programme", ""))
    return shown(visit, form_of(programme, {}), programme, others)


async def refer(visit: Visit) -> Reply:
    """Nothing that was typed is lost: what is wrong, too often or not to be kept just now is said on the form."""
    door = door_of(visit)
    programme, others = await chosen(visit, visit.sent("programme"))
    form = form_of(programme, visit.form)
    body = msgspec.json.encode(form.filled())
    if len(body) > LARGEST:
        form.refused("FORM_TOO_LARGE", "This is too long to be sent at once. Say the most important; we will ask.", [])
    if form.problems:
        return shown(visit, form, programme, others, HTTPStatus.BAD_REQUEST)
    try:
        door.admit(visit.peer)
        return visit.page("receipt.html", receipt=await door.taken(body))
    except Turned as turned:
        for each in turned.errors:
            held = each.get("extensions", {})
            field = held.get("field")
            named = [{"path": f"input.{field}", "name": "field"}] if field else []
            form.refused(held.get("code", ""), said(turned.status, each.get("message", ""), field), named)
        return shown(visit, form, programme, others, turned.status)


def said(status: int, message: str, field: str | None = None) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "Too many referrals came from where you are within a minute. Wait a moment, and send it again as it is."
    return BOTH if field in ("knows", "agrees") else message


def door_of(visit: Visit) -> Door:
    """Raises `NotShown` where this place has no open door."""
    door = visit.console.web.door
    if door is None:
        raise nothing_here()
    return door


async def chosen(visit: Visit, key: str) -> tuple[Programme | None, list[Programme]]:
    """To which programme it goes, and all there are. The only one need not be chosen."""
    found = await door_of(visit).programmes()
    named = [each for each in found if key == each.key or len(found) == 1]
    return (named[0] if named else None), found


def form_of(programme: Programme | None, sent: Sent) -> Form:
    """Without a programme there is nothing to fill in yet."""
    if programme is None:
        return Form(Referral, sent, only=[])
    sources = [each.code for each in programme.sources if each.active] if programme else []
    domains = programme.framework.domains if programme and programme.framework else ()
    channel = (
        ONLINE
        if programme and ONLINE in programme.channels
        else next(iter(programme.channels if programme else ()), "")
    )
    return Form(
        Referral,
        sent,
        fixed={"programme": programme.key, "channel": channel},
        choices={
            "source": [Choice(each, SOURCES.get(each) or words(each)) for each in sources],
            "needs": [Choice(each, words(each)) for each in domains],
            "agrees": [Choice(each.value, text) for each, text in AGREES.items()],
            "urgency": [Choice(each.value, text) for each, text in SOON.items()],
        },
        defaults={"urgency": Urgency.ROUTINE.value},
        title="Refer somebody, or yourself",
    )


SOURCES = {"self": "I refer myself", "carer": "I care for them, unpaid"}


def shown(
    visit: Visit, form: Form, programme: Programme | None, others: list[Programme], status: int = HTTPStatus.OK
) -> Reply:
    return visit.page(
        "front_door.html",
        status,
        form=form,
        fields={each.path: each for each in form.fields},
        programme=programme,
        others=others,
    )


ADDRESSES = (Address("/front-door", empty, refer, closed=False),)
