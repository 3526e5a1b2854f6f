"""The form of every command, and where every form of the console is sent.

A page that has laid a form out by hand sends it here as well: taken, one goes back to the page (`next`); refused, one
sees the whole form with what was typed and what is wrong with it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from uuid import UUID, uuid4

from catch.domain.facts import Command
from catch.web.console.choices import choices
from catch.web.console.forms import Form, kind_named, mutation_of
from catch.web.console.people_choices import begun, of_people
from catch.web.console.site import Address, own_path
from catch.web.console.visit import Reply, Taken, Turned, Visit, nothing_here

ABOUT = ("case", "meeting", "item", "person", "partner")
"""What a form is about, where the page knows it: it travels hidden."""
BESIDE = frozenset({"form-key", "command-id", "expected-version", "next", "at"})


async def ask(visit: Visit) -> Reply:
    """The form, empty but for what the address says."""
    kind = await asked_for(visit)
    sent = {name: [value] for name, value in visit.query.items() if name not in BESIDE}
    return await shown(visit, await form_of(visit, kind, await begun(visit, kind, sent)), str(uuid4()))


async def asked_for(visit: Visit) -> type[Command]:
    """Raises `NotShown`: a command that this person may not ask for at all is not there."""
    kind = kind_named(visit.path["command"])
    viewer = (await visit.ask("viewer"))["viewer"]
    if kind is None or mutation_of(kind) not in viewer["may"]:
        raise nothing_here()
    return kind


async def form_of(visit: Visit, kind: type[Command], sent: Mapping[str, list[str]]) -> Form:
    fixed = {name: sent[name][0] for name in ABOUT if name in kind.__struct_fields__ and sent.get(name, [""])[0]}
    found = await choices(visit, kind, fixed) | await of_people(visit, kind, sent)
    return Form(kind, sent, fixed=fixed, choices=found)


async def do(visit: Visit) -> Reply:
    """Send it. What was typed stays until it is taken."""
    kind = await asked_for(visit)
    form = await form_of(visit, kind, {name: [*values] for name, values in visit.form.items() if name not in BESIDE})
    command_id = given_id(visit.sent("command-id"))
    if any(name.startswith("more.") for name in visit.form):
        return await shown(visit, form, str(command_id))
    filled = form.filled()
    occurred = form.moment("occurred-at", "When it happened")
    if form.problems:
        return await shown(visit, form, str(command_id), status=HTTPStatus.BAD_REQUEST)
    version = visit.sent("expected-version")
    answer = await visit.send(
        mutation_of(kind),
        filled,
        command_id,
        expected_version=int(version) if version.isdecimal() and len(version) < 10 else None,
        occurred_at=occurred,
    )
    if isinstance(answer, Taken):
        return visit.to(own_path(visit.sent("next") or "/"), answer)
    return await refused(visit, form, answer)


async def refused(visit: Visit, form: Form, answer: Turned) -> Reply:
    form.refused(answer.message, answer.details)
    stale = answer.code == "STALE"
    # Another id: this one may stand for something that was taken, and what is sent now is something else.
    return await shown(
        visit, form, str(uuid4()), status=HTTPStatus.CONFLICT if stale else HTTPStatus.BAD_REQUEST, stale=stale
    )


async def shown(visit: Visit, form: Form, command_id: str, *, status: int = 200, stale: bool = False) -> Reply:
    back = own_path(visit.sent("next") or visit.query.get("next", "/"))
    return visit.page(
        "do.html",
        status,
        form=form,
        command_id=command_id,
        back=back,
        # Whoever has been told that it was changed sends it knowing that.
        version=None if stale else visit.sent("expected-version") or visit.query.get("expected-version"),
        stale=stale,
        stale_text=None,
        subject=None,
    )


def given_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


ADDRESSES = (Address("/do/{command:str}", ask, do),)
