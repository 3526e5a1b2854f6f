"""The form of every command: drawn for whoever may ask, answered at its fields, and nothing that was typed is lost."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from catch.access import ASKED
from catch.domain.facts import Actor, Command, Role
from catch.domain.streams import KEY_OF_COMMAND
from catch.web.console.fields import Field, Kind, chosen_ids, fields_of, mutation_of, quoted, walked
from catch.web.console.pages.front_door import said
from tests.browser import signed_in
from tests.conftest import Furnished
from tests.pages import Fields, PageRead
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    REFERRER,
    Case,
    Place,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKS_AFTER = [
    Actor("members@snn", "snn", Role.MEMBER_ADMINISTRATOR),
    Actor("officer@snn", "snn", Role.APPOINTING_OFFICER),
    Actor("caldicott@snn", "snn", Role.CALDICOTT),
]
EVERYBODY = [COORDINATOR, CHAIR, HOUSING, ADMINISTRATOR, *LOOKS_AFTER, AUDITOR, REFERRER]
NOT_TYPED = {"load-programme"}
"""A whole configuration is a file, which `catch programmes load` reads, and nothing that anybody types into a form."""


class Desk:
    """A place with everybody signed in, and a case that is worked on."""

    def __init__(self, place: Place, clients: dict[Actor, httpx.AsyncClient], case: Case) -> None:
        self.place, self.clients, self.case = place, clients, case
        self.may: dict[str, Actor] = {}

    async def who_may(self, mutation: str) -> httpx.AsyncClient:
        if not self.may:
            for actor in reversed(EVERYBODY):
                viewer = (await self.place.ask("{ viewer { may } }", actor))["viewer"]
                self.may |= dict.fromkeys(viewer["may"], actor)
        return self.clients[self.may[mutation]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(furnished: Furnished) -> AsyncGenerator[Desk]:
    async with furnished() as place, AsyncExitStack() as stack:
        for somebody in LOOKS_AFTER:
            await place.enrol(somebody)
        clients = {actor: await stack.enter_async_context(signed_in(place, actor)) for actor in EVERYBODY}
        yield Desk(place, clients, await place.worked_on("A. Example", "housing-1"))


FORMS = [kind for kind in ASKED if KEY_OF_COMMAND[kind] not in NOT_TYPED]


def about(kind: type[Command], desk: Desk) -> dict[str, str]:
    known = {"case": str(desk.case.case), "person": str(desk.case.person)}
    return {name: id_ for name, id_ in known.items() if name in kind.__struct_fields__} if not new(kind) else {}


def new(kind: type[Command]) -> bool:
    return bool({"case", "person"} & chosen_ids(kind))


@pytest.mark.parametrize("kind", FORMS, ids=lambda kind: KEY_OF_COMMAND[kind])
async def test_every_command_has_a_form_that_says_what_is_missing_where_it_is(desk: Desk, kind: type[Command]) -> None:
    client = await desk.who_may(mutation_of(kind))
    address = f"/do/{KEY_OF_COMMAND[kind]}"
    page = PageRead((await client.get(address, params=about(kind, desk))).text).sound()
    form = page.form(address)
    for field in fields_of(kind):
        assert any(name == field.path or name.startswith((f"{field.path}.", f"{field.path}-")) for name in form.names)
    # As it is drawn, with nothing typed: whatever is needed is asked for where it stands.
    emptied: Fields = {name: [""] if name not in HELD else values for name, values in form.fields.items()}
    answer = await client.post(address, data=emptied)
    asked = {field.path for field in fields_of(kind) if needed(field, kind)}
    if not asked:
        assert answer.status_code in (303, 400)
        return
    assert answer.status_code == 400
    again = PageRead(answer.text).sound()
    assert asked <= again.errors.keys(), (asked, again.errors)
    assert len(again.summary) >= len(asked)


HELD = {"form-key", "command-id", "case", "person", "next"}


def needed(field: Field, kind: type[Command]) -> bool:
    """Whether it is typed, and must be: ids that travel hidden are not."""
    single = field.kind not in (Kind.GROUP, Kind.ROWS, Kind.SOME)
    return field.required and single and field.path not in {"case", "person", *chosen_ids(kind)}


@pytest.mark.parametrize("kind", FORMS, ids=lambda kind: KEY_OF_COMMAND[kind])
async def test_whatever_is_typed_wrongly_stays_and_is_answered_where_it_stands(desk: Desk, kind: type[Command]) -> None:
    client = await desk.who_may(mutation_of(kind))
    address = f"/do/{KEY_OF_COMMAND[kind]}"
    form = PageRead((await client.get(address, params=about(kind, desk))).text).form(address)
    typed: Fields = {name: [NASTY] for name in form.fields if name not in (*HELD, *chosen_ids(kind))}
    # What is chosen here from what the place holds is a line to type in on pages that do not know of it.
    free = {each.path for each in walked(fields_of(kind)) if each.kind in (Kind.TEXT, Kind.AREA) and not each.choices}
    typed = {
        name: values
        for name, values in typed.items()
        if name not in form.options or re.sub(r"\.\d+\.", ".*.", name) in free
    }
    sent = form.fields | typed
    answer = await client.post(address, data=sent)
    assert answer.status_code in (200, 303, 400, 403, 404, 409), (answer.status_code, answer.text[-500:])
    if answer.status_code != 400:
        return
    again = PageRead(answer.text).sound()
    assert again.summary
    kept = again.form(address).fields
    for name, values in typed.items():
        assert kept.get(name) == values, name
    assert NASTY not in answer.text


NASTY = """x"'><script>alert(1)</script><b onclick=x> \u202eABC مرحبا 👩🏽‍🚀"""


async def test_who_says_half_of_what_belongs_together_at_the_front_door_reads_what_is_lacking() -> None:
    for field in ("knows", "agrees"):
        assert "whether they agree to it, or neither" in said(400, "This field must not be empty.", field)
    assert said(400, "As it is.", "name") == said(400, "As it is.") == "As it is."


async def test_how_a_value_is_written_is_said_without_signs_of_code() -> None:
    assert quoted("joined by single `-` or `.`") == "joined by single “-” or “.”"
    assert quoted("`audience` and `reviewOn`") == "“Only for these partners” and “When to look again”"
    for kind in ASKED:
        for each in walked(fields_of(kind)):
            assert "`" not in (each.hint or ""), (kind, each.path)
