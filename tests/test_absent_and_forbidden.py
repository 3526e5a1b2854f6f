"""Absent and forbidden look the same to every command: an id of something that the sender may not read is answered just
as one that never was, whatever else the command says.

The commands are all that there are, with each id that each of them names; what the sender may not read is found by
asking for it, apart from the rules of commands.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec import Struct, json
from msgspec.structs import replace

from catch.access import ASKED, RULES, NotYourCase, relations
from catch.access.relations import Asked, seen_case
from catch.commands import cases, naming, rules
from catch.commands.book import Book
from catch.domain.calendar import london_day
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import SubmitReferral
from catch.domain.contact import ConvertContact
from catch.domain.facts import Command, Role
from catch.domain.meeting.floor import DeferItem
from catch.domain.meeting.items import DeferReason
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import ConfirmMinutes, EndMeeting
from catch.domain.partner import GiveRole
from catch.domain.person import Person
from catch.domain.refusals import UnknownCase, UnknownPerson
from tests.canaries import channels
from tests.canaries.actors import ELSEWHERE, NAMED
from tests.canaries.history import fixed, meeting, usual
from tests.canaries.twins import Twin
from tests.canaries.world import PEOPLE, Step
from tests.conftest import Furnished
from tests.place import SYSTEM, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENDERS = ("cora", "cody", "carl", "pru", "hana", "pip", "gita", "xena")
"""Whoever coordinates, chairs, prepares, takes part or refers: here, beside them, and elsewhere."""
NAMES: Mapping[str, str] = {
    "case": "case",
    "to_case": "case",
    "cases": "case",
    "person": "person",
    "retired": "person",
    "meeting": "meeting",
    "to_meeting": "meeting",
    "at_meeting": "meeting",
    "contact": "contact",
    "earlier": "contact",
    "item": "item",
}
"""Of each field that names something, what that is."""
READ: Mapping[str, str] = {
    "case": "query($id: UUID!) { found: case(id: $id) { number } }",
    "meeting": "query($id: UUID!) { found: meeting(id: $id) { id agenda { items { id number matter } } } }",
    "contact": "query($id: UUID!) { found: contact(id: $id) { id } }",
}
TAKEN = "ID_ALREADY_USED"
"""What one calls something new by may be taken: ids are random (`tests.canaries.permitted`)."""
REGISTERED = {("SubmitReferral", who) for who in ("cody", "hana", "pip", "gita")}
"""Whoever refers and keeps no door names somebody by the id that they registered them under, and is answered as if they
were new, whatever cases they have: that there is somebody under an id is told to who has it, and nothing else.
"""
DRAWS = 2


class World(Struct):
    """By sender and kind of thing, what they may not read. `stands`: the meeting of each item."""

    twin: Twin
    hidden: dict[tuple[str, str], list[UUID]] = {}
    stands: dict[UUID, UUID] = {}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    async with furnished() as place:
        twin = Twin(place, "absent")
        with closing(twin.wire):
            await twin.begin()
            await twin.take(usual("two"))
            assert all(b'"Accepted"' in each for each in await over(twin))
            await met_elsewhere(twin)
            await place.settled()
            made = World(twin)
            for who in SENDERS:
                await unread(made, who)
            yield made


async def over(twin: Twin) -> list[bytes]:
    """The first meeting ends: its minutes wait to be confirmed."""
    held = await twin.place.meeting(twin.stage.meetings[0])
    at: dict[str, Any] = {"meeting": meeting(0)}
    off = {"reason": DeferReason.CHAIR, "to_meeting": None}
    waiting = [{**at, **off, "item": put("item", item.item)} for item in held.items if item.unresolved]
    return await twin.take([*(("carl", DeferItem, 0, each) for each in waiting), ("carl", EndMeeting, 0, at)])


async def met_elsewhere(twin: Twin) -> None:
    """A meeting of another programme, of which those here know nothing."""
    stage, names = twin.stage, twin.stage.names
    there, user, since = names.key(ELSEWHERE), names.user("xena"), london_day(ago(days=9))
    await twin.place.take(GiveRole(names.key("other"), user, Role.CHAIR, since, None, there, there), SYSTEM)
    stage.meetings.append(uuid4())
    starts = stage.now + timedelta(days=3)
    await twin.place.take(PlanMeeting(stage.meetings[-1], there, there, starts, user), SYSTEM)


async def unread(world: World, who: str) -> None:
    stage, hidden = world.twin.stage, world.hidden
    for kind, ids in {"case": stage.cases, "meeting": stage.meetings, "contact": stage.contacts}.items():
        found = {each: await read(world.twin, who, kind, each) for each in ids}
        hidden[who, kind] = [each for each in ids if found[each] is None]
        for where, shown in found.items():
            items: list[Any] = shown["agenda"]["items"] if shown and kind == "meeting" else []
            closed = [UUID(each["id"]) for each in items if each["number"] is None and each["matter"] is None]
            hidden.setdefault((who, "item"), []).extend(closed)
            world.stands |= dict.fromkeys(closed, where)
    owned = [[case for case, whose in zip(stage.cases, PEOPLE, strict=False) if whose == each] for each in range(3)]
    of = dict(zip(stage.people, owned, strict=False))
    hidden[who, "person"] = [person for person, own in of.items() if {*own} <= {*hidden[who, "case"]}]


async def read(twin: Twin, who: str, kind: str, id_: UUID) -> Any:
    answer = await twin.wire.post(channels.asked(READ[kind], id=str(id_)), twin.tokens[who])
    data = json.decode(answer.partition(b"\r\n\r\n")[2])["data"]
    return data["found"] if data else None


def may_ask(who: str) -> Iterator[tuple[type[Command], str]]:
    """Every command that some role of theirs may ask for, with each thing that it names."""
    held = {each.role for each in NAMED[who].roles}
    kinds = [kind for kind in ASKED if held & RULES[kind].keys()]
    return ((kind, field) for kind in kinds for field in kind.__struct_fields__ if field in NAMES)


def makes(kind: type[Command], field: str) -> bool:
    """Whether what they name there is new."""
    return (kind.LEAVES is not None and kind.LEAVES.new == field) or (kind, field) == (ConvertContact, "case")


async def told_apart(world: World, who: str, only: type[Command] | None = None) -> list[str]:
    """Each command whose answer is another for something that they may not read than for an id that never was."""
    apart = list[str]()
    for kind, field in may_ask(who):
        if (NAMES[field] == "person" and (kind.__name__, who) in REGISTERED) or only not in (None, kind):
            continue
        for hidden, draw in product(world.hidden[who, NAMES[field]][:2], range(DRAWS)):
            said = await answers(world, who, kind, field, hidden, draw)
            if said and said[0] != said[1] and not (makes(kind, field) and f'"{TAKEN}"' in said[0]):
                apart.append(f"{who} {kind.__name__}.{field}: {said[0]} FOR {said[1]}")
    return apart


async def answers(
    world: World, who: str, kind: type[Command], field: str, hidden: UUID, draw: int
) -> Sequence[str] | None:
    """To a command that names it, and to the same that names what never was. Of what else it names much is there for
    them: behind that more is asked. None where it names the one thing twice.
    """
    random = Random(f"{who}/{kind.__name__}/{field}/{hidden}/{draw}")
    about: dict[str, Any] = fixed(random, kind, who) | {field: put(field, hidden)}
    if field == "item":
        about["meeting"] = put("meeting", world.stands[hidden])
    elif kind is ConfirmMinutes and field != "meeting":
        about["meeting"] = meeting(0)
    closed = world.hidden[who, "case"]
    seen = [number for number in range(len(PEOPLE)) if world.twin.stage.cases[number] not in closed]
    command = world.twin.stage.command(Step(random.randrange(1 << 20), who, kind, random.choice(seen or [0]), about))
    if str(command).count(str(hidden)) > 1:
        return None
    never = uuid4()
    other = replace(command, **{field: put(field, never)(None)})
    return [await told(world.twin, who, each, id_) for each, id_ in ((command, hidden), (other, never))]


def put(field: str, id_: UUID) -> Callable[[object], UUID | tuple[UUID]]:
    def value(_: object) -> UUID | tuple[UUID]:
        return (id_,) if field == "cases" else id_

    return value


async def told(twin: Twin, who: str, command: Command, named: UUID) -> str:
    """The answer, but for the id that they named, and the place in the log that it was given."""
    answer = await twin.wire.post(channels.mutation(command, uuid4()), twin.tokens[who])
    said = answer.partition(b"\r\n\r\n")[2].decode().replace(str(named), "<id>")
    return re.sub(r'"(position|stream)":"[^"]*"', "", said)


@pytest.mark.parametrize("who", SENDERS)
async def test_what_one_may_not_read_is_answered_as_if_it_never_was(world: World, who: str):
    assert await told_apart(world, who) == []


async def test_there_is_much_that_they_may_not_read(world: World):
    """Else nothing would have been compared."""
    found = {kind for (_, kind), ids in world.hidden.items() if ids}
    assert found == {*NAMES.values()}
    named = {field for who in SENDERS for _, field in may_ask(who)}
    assert named == {*NAMES} - {"cases"}


def whoever_there_is(book: Book, id_: UUID) -> bool:
    return book.meeting(id_) is not None


def before_all_else(book: Book, person: UUID, programme: str, *, led_on: bool = False) -> Person | None:
    """As a rule would, and did, before it is asked what else is wrong."""
    held = book.person(person)
    if held is not None and rules.referable(book, person, programme, led_on=led_on) is None:
        raise UnknownPerson(person=person)
    return held


def not_theirs(asked: Asked, case: UUID) -> Any:
    try:
        return seen_case(asked, case)
    except UnknownCase:
        raise UnknownCase(case=case) if asked.reads.case(case) is None else NotYourCase from None


CONTROLS: Mapping[str, tuple[str, type[Command], tuple[Any, str, Any]]] = {
    "a meeting elsewhere confirms minutes": ("carl", ConfirmMinutes, (naming, "_meets", whoever_there_is)),
    "whom they may not refer goes first": ("xena", SubmitReferral, (cases, "referable", before_all_else)),
    "a case is not theirs": ("cora", AddNote, (relations, "seen_case", not_theirs)),
}


@pytest.mark.parametrize("control", CONTROLS)
async def test_what_is_answered_otherwise_is_noticed(world: World, control: str, monkeypatch: pytest.MonkeyPatch):
    who, kind, patch = CONTROLS[control]
    assert await told_apart(world, who, kind) == []
    monkeypatch.setattr(*patch)
    assert await told_apart(world, who, kind)
