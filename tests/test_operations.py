"""Registered documents: compiled, they are answered byte for byte as graphql-core answers them.

Over every document, role and kind of variables, and over selections that Hypothesis makes up from the schema; compilers
that are wrong on purpose are caught by the same comparison.
"""

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLScalarType, get_named_type, is_abstract_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catch.api.common.context import Context
from catch.api.documents import shipped
from catch.api.engine import compiled
from catch.api.engine.engine import Answer, Engine
from catch.api.engine.limits import Limits
from catch.api.engine.registered import Registered
from catch.api.schema import schema
from catch.domain.access_grant import (
    BreakGlassFinding,
    BreakGlassReason,
    EndBreakGlass,
    OpenBreakGlass,
    ReviewBreakGlass,
)
from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.closing import CloseCase
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import case_number
from catch.domain.case.state import Described
from catch.domain.contact import LinkRepeat, ReceiveContact, ResolveContact, TriageContact
from catch.domain.erasing import ErasureReason, HoldReason, PlaceLegalHold, RequestErasure
from catch.domain.facts import Actor, Category, Role, Sealed, Tag
from catch.domain.meeting.attendance import DeclareInterest, JoinMeeting
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.session import StartMeeting
from catch.domain.person import ProtectionReason, SetProtectedAddress
from catch.domain.restricted import AddRestrictedNote
from catch.domain.subject_access import AskedBy, RequestSubjectAccess
from catch.identity.tokens import Viewer
from catch.personal.looks import noting
from catch.present.rights import Rights
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    REFERRER,
    SERIES,
    Case,
    Place,
    ago,
    rights_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = Actor("coordinator@housing-1", "housing-1", Role.COORDINATOR)
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
EVERYBODY = (CHAIR, COORDINATOR, ELSEWHERE, HOUSING, POLICE, AUDITOR, REFERRER, ADMINISTRATOR, CALDICOTT)
SCHEMA = schema()
CORE = SCHEMA._schema  # pyright: ignore[reportPrivateUsage]
AT = datetime.now(UTC)


class Still(Rights):
    """The same moment for both answers, so that clocks stand alike."""

    def moment(self) -> datetime:
        return AT


class World:
    place: Place
    told: Case
    kept: Case
    meeting: UUID
    item: UUID
    before: int
    contacts: list[UUID]
    engine: Engine

    async def context(self, by: Actor) -> Context:
        return await Context.of(
            self.place.catch, Viewer(by.user, by.agency, by.role, 0), rights_of(self.place.catch, Still)
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    async with furnished() as place:
        yield await prepared(place)


async def prepared(place: Place) -> World:
    """A meeting under way, with something withheld from everybody, and one recusal."""
    made = World()
    made.place = place
    await place.enrol_elsewhere(ELSEWHERE)
    made.told = await place.worked_on("Ada Quillbrook", "housing-1", phone=Sealed("01632 960123"))
    made.kept = await place.worked_on("Basil Thistlewane", "police-1", address=Sealed("4 Sample Lane"))
    await place.referred("Cora Ombersnook", by=REFERRER)
    closed = await place.referred("Dora Larkspindle", at=ago(days=90))
    await place.take(AcceptReferral(closed.case), at=ago(days=89))
    await place.take(
        CloseCase(closed.case, "disengaged", london_day(ago(days=10)), Sealed("Not wanted")), at=ago(days=10)
    )
    await place.enrol(CALDICOTT)
    await place.take(RequestErasure(closed.person, uuid4(), ErasureReason.PERSON_ASKED), CALDICOTT)
    await place.take(PlaceLegalHold(closed.person, uuid4(), HoldReason.COMPLAINT), CALDICOTT)
    await place.take(RequestSubjectAccess(closed.person, uuid4(), AskedBy.PERSON, london_day(ago(days=3))), CALDICOTT)
    await place.take(SetProtectedAddress(made.kept.person, True, ProtectionReason.STALKING))
    await place.take(AddNote(made.told.case, uuid4(), Category.DISCUSSION, Sealed("A first note")))
    restricted = AddRestrictedNote(made.told.case, uuid4(), Tag.WARNING, Sealed("A restricted note"))
    await place.take(restricted)
    due = AT.date()
    await place.take(
        OfferAction(made.told.case, uuid4(), Sealed("Mend the \u201cstairs\u201d \U0001f600"), "housing-1", due)
    )
    made.contacts = await at_the_door(place, made.told.person)
    await opened_in_need(place, made)
    made.before = await place.settled()
    meeting = await place.published("housing-1", "police-1")
    made.meeting = meeting.meeting
    await place.take(StartMeeting(made.meeting), CHAIR)
    await place.take(JoinMeeting(made.meeting, HOUSING.user, HOUSING.agency), HOUSING)
    item = made.item = meeting.items[0].item
    await place.take(OpenItem(made.meeting, item, override_reason=Sealed("nobody else")), CHAIR)
    await place.take(RecordUpdate(made.meeting, item, Sealed("the situation")), CHAIR)
    theirs = next(each.item for each in meeting.items if POLICE.agency in each.visible_to)
    await place.take(DeclareInterest(made.meeting, theirs, POLICE.user, POLICE.agency), POLICE)
    await place.settled()
    made.engine = Engine(SCHEMA, registered=Registered(shipped()))
    return made


async def opened_in_need(place: Place, made: World) -> None:
    """One case is open to somebody with no part in it; another was, and somebody else has looked into it."""
    for case in (made.kept, made.told):
        opening, number = uuid4(), case_number(case.case)
        why = Sealed("The coordinator cannot be reached.")
        await place.take(OpenBreakGlass(CHAIR.agency, opening, number, BreakGlassReason.LEAD_ABSENT, why), CHAIR)
    found = BreakGlassFinding.JUSTIFIED
    await place.take(EndBreakGlass(CHAIR.agency, opening), CHAIR)
    await place.take(ReviewBreakGlass(CHAIR.agency, opening, found, Sealed("Nobody was there.")), CALDICOTT)


async def at_the_door(place: Place, person: UUID) -> list[UUID]:
    """A contact about somebody known, after one about somebody who was described; both with all that is said of one."""
    await place.take_contacts()
    first, second = uuid4(), uuid4()
    said = Described(Sealed("Eda Ottershaw"), Sealed("1950-01-02"), None, Sealed("01632 960777"), Sealed("1 Elm Road"))
    for command in (
        ReceiveContact(first, PROGRAMME, "police", "phone", Sealed("Fell"), ("falls",), None, said, Sealed("A son")),
        ReceiveContact(second, PROGRAMME, "police", "phone", Sealed("Fell again"), person=person),
        TriageContact(second, "now", Sealed("On the floor")),
        LinkRepeat(second, first),
        ResolveContact(second, "ambulance", Sealed("On its way")),
    ):
        await place.take(command)
    return [first, second]


def values(world: World) -> dict[str, tuple[list[Any], list[Any]]]:
    """By a variable's name: what clients send, and what is not there or wrong. A name more gets a line here."""
    ids: tuple[list[Any], list[Any]] = (
        [str(world.told.case), str(world.kept.case), str(world.meeting), *map(str, world.contacts)],
        [str(uuid4()), None, 5, "x"],
    )
    item = ([str(world.item)], [str(uuid4()), "x"])
    return {
        "id": ids,
        "case": ids,
        "caseId": ids,
        "meetingId": ids,
        "contactId": ([*map(str, world.contacts)], [str(uuid4())]),
        "personId": ([str(world.told.person)], [str(uuid4())]),
        "stream": ids,
        "item": item,
        "itemId": item,
        "atLeast": ([str(world.before)], ["-1"]),
        "asAt": ([{"position": str(world.before)}, {"recordedAt": AT.isoformat()}], [{}]),
        "first": ([1, 2, 20], [0, 2.5]),
        "after": ([], ["junk"]),
        "programme": ([PROGRAMME], ["none"]),
        "key": ([PROGRAMME], ["none"]),
        "version": ([1], [2, "x"]),
        "series": ([SERIES], ["none"]),
        "agency": (["snn", "housing-1"], ["none"]),
        "user": ([HOUSING.user, COORDINATOR.user, CHAIR.user], ["nobody"]),
        "filter": (
            [{"live": True}, {"states": ["CLOSED"]}, {"lead": "x", "live": True}],
            [{"number": "none"}, {"x": 1}],
        ),
        "which": ([{"states": ["RECEIVED"]}, {"programme": PROGRAMME}], [{"programme": "none"}, {"x": 1}]),
        "order": (["DUE_FIRST", "NUMBER", "LATEST_CHANGE_FIRST", "OLDEST_FIRST"], [None, "x"]),
        "from": (["2020-01-01"], ["2020-02-30"]),
        "to": (["2020-03-31"], ["2020-01-02", "x"]),
        "within": ([90], [0, 401]),
        "history": ([False], []),
        "code": (["M07"], ["none", 1]),
        "answer": (["target"], [1]),
        "groups": ([False], []),
        "group": (["snn"], [1]),
        "days": ([3], ["x", 2.5]),
        "name": (["Ada Example", "x"], [1]),
        "dateOfBirth": (["1960-02-29"], [""]),
        "nhsNumber": (["999 000 0018"], ["none", 1]),
        "reference": (["REF 1"], ["none", 1]),
        "year": ([2025], [0, "x"]),
        "quarter": ([1], [5]),
        "audience": (["INTERNAL"], ["x"]),
        "position": ([], ["-1"]),
    }


def variables(world: World, text: str) -> list[dict[str, Any]]:
    """What to ask a document with: all that it needs, as clients send it; with each other variable, and with all of
    them; with one thing wrong; with nothing.
    """
    known = values(world)
    declared = re.findall(r"\$(\w+): \w+(!?)( =)?", text.partition("query ")[2].partition("{")[0])
    needed = [name for name, mark, default in declared if mark and not default]
    free = [name for name, *_ in declared if name not in needed]
    bases = [dict(zip(needed, chosen, strict=True)) for chosen in product(*(known[name][0] for name in needed))]
    whole = {name: known[name][0][0] for name in free if known[name][0]}
    wrong = [{**bases[0], name: value} for name in needed for value in known[name][1]]
    one_more = [{name: value} for name in free for some in known[name] for value in some]
    return [{}, {"unknown": 1}, *wrong, *(base | more for base in bases for more in ({}, whole, *one_more))]


GROWS = "who_saw"
"""By being asked it has something more to answer."""


def queries() -> dict[str, str]:
    found = {path: text for path, text in shipped().items() if re.search("^query", text, re.MULTILINE)}
    return {path: text for path, text in found.items() if path != GROWS}


async def both(world: World, engine: Engine, text: str, given_: Any, by: Actor) -> tuple[bytes, bytes, bool]:
    """Compiled and by graphql-core; and whether the first was not left to graphql-core as well."""
    prepared = engine.prepare(text)
    with noting():
        quick = await engine.compiled[prepared.text, prepared.name].data(given_, await world.context(by))
        theirs = (await engine.executed(prepared, given_, await world.context(by))).encoded()
    ours = (await engine.execute(prepared, given_, await world.context(by))).encoded()
    return ours, theirs, quick is not None


def in_order(answer: bytes) -> tuple[list[str], bytes]:
    """Errors of fields that are read side by side come in any order; everything else to the byte."""
    body = msgspec.json.decode(answer)
    errors = sorted(str(each) for each in body.pop("errors", []))
    return errors, msgspec.json.encode(body)


async def test_every_registered_query_is_answered_as_graphql_core_answers_it(world: World):
    answered, refused = 0, 0
    for name, text in queries().items():
        for by in EVERYBODY:
            for one in variables(world, text):
                ours, theirs, quick = await both(world, world.engine, text, one, by)
                assert ours == theirs, (name, by, one)
                assert quick is (b'"errors"' not in theirs), (name, by, one)
                answered += quick
                refused += not quick
    assert answered > 300
    assert refused > 100


async def test_a_mutation_is_executed_once_and_answered_as_graphql_core_answers_it(world: World):
    """The second time, graphql-core's, is a repeated command: it must be told what the first was."""
    title = "An action that is offered once"
    offer = {"case": str(world.told.case), "title": title, "owner": "housing-1", "due": AT.date().isoformat()}
    engine, text = world.engine, shipped()["offerAction"]
    asked: list[dict[str, Any]] = [
        {"input": offer | {"action": str(uuid4())}, "commandId": str(uuid4())},
        {"input": offer | {"action": str(uuid4()), "owner": "nobody-1"}, "commandId": str(uuid4())},
        {"input": offer | {"action": str(uuid4())}, "commandId": str(uuid4()), "expectedVersion": 1},
        {"input": offer, "commandId": str(uuid4())},
        {"input": offer | {"action": str(uuid4()), "title": "\0"}, "commandId": str(uuid4())},
    ]
    for by in (COORDINATOR, AUDITOR):
        for one in asked:
            before = await world.place.catch.log.head()
            answer = await engine.execute(engine.prepare(text), one, await world.context(by))
            grown = await world.place.catch.log.head() - before
            again = await engine.executed(engine.prepare(text), one, await world.context(by))
            assert answer.encoded() == again.encoded(), one
            assert grown == (b'"Accepted"' in answer.encoded() and by == COORDINATOR and grown)
    assert await world.place.catch.log.head() > world.before


async def test_a_mutation_that_fails_is_answered_at_its_place_and_not_tried_again(world: World):
    engine, text = world.engine, shipped()["addNote"]
    tried: list[object] = []

    class Fails(Context):
        async def take(self, *command: Any, **_: Any) -> Any:
            tried.append(command)
            raise RuntimeError("inside")

    actor = Viewer(COORDINATOR.user, COORDINATOR.agency, COORDINATOR.role, 0)
    note = {"case": str(world.told.case), "note": str(uuid4()), "category": "PLAN", "text": "x"}
    given_ = {"input": note, "commandId": str(uuid4())}

    async def answered(how: Callable[..., Any]) -> Any:
        answer: Answer = await how(engine.prepare(text), given_, await Fails.of(world.place.catch, actor))
        found = msgspec.json.decode(answer.encoded())
        assert found["errors"][0]["extensions"].pop("id")
        found["errors"][0].pop("message")
        return found

    ours = await answered(engine.execute)
    assert len(tried) == 1
    assert ours == await answered(engine.executed)
    assert ours["data"] is None
    assert ours["errors"][0]["path"] == ["addNote"]


# Controls: compilers that are wrong on purpose


def as_it_is(kind: Any, *, required: bool) -> Callable[[Any], Any]:
    """Writes instants as the encoder would, with a Z."""
    write = compiled_leaf(kind, required=required)
    return (lambda value: value) if getattr(kind, "name", "") == "DateTime" else write


compiled_leaf = compiled.leaf


def deaf(_self: object, _node: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("what", "wrong", "name"),
    [("leaf", as_it_is, "case"), ("Compiler._included", deaf, "case"), ("listed", None, "agenda")],
)
async def test_a_wrong_compiler_is_caught(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str, wrong: Any, name: str
):
    if what == "listed":
        right = compiled.listed

        def backwards(inner: compiled.Reader) -> compiled.Reader:
            reader = right(inner)
            if reader.plain is None:
                return reader
            return compiled.Reader(plain=lambda values: list(reversed(cast("Any", reader.plain)(values))))

        wrong = backwards
    owner, _, attribute = what.rpartition(".")
    monkeypatch.setattr(getattr(compiled, owner) if owner else compiled, attribute, wrong)
    engine = Engine(SCHEMA, registered=Registered({name: shipped()[name]}))
    different = 0
    for one in variables(world, shipped()[name]):
        ours, theirs, _ = await both(world, engine, shipped()[name], one, COORDINATOR)
        different += ours != theirs
    assert different


# Selections that nobody wrote


@st.composite
def selections(draw: st.DrawFn, kind: Any, depth: int) -> str:
    """Fields of an object type, with aliases, fragments, @skip and @include."""
    fields = [name for name, field in kind.fields.items() if not field.args]
    chosen = draw(st.lists(st.sampled_from(fields), min_size=1, max_size=6))
    parts = [draw(selected(kind, name, depth, place)) for place, name in enumerate(chosen)]
    return "{ " + " ".join([*parts, draw(st.sampled_from(["", "__typename", "kind: __typename"]))]) + " }"


@st.composite
def selected(draw: st.DrawFn, kind: Any, name: str, depth: int, place: int) -> str:
    inner = cast("Any", get_named_type(kind.fields[name].type))
    if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
        below = ""
    elif depth == 0 or is_abstract_type(inner):
        return "__typename"
    else:
        below = draw(selections(inner, depth - 1))
    switch = draw(
        st.sampled_from(["", "", "", " @skip(if: $a)", " @include(if: $a)", " @include(if: $b) @skip(if: false)"])
    )
    field = f"a{place}: {name}{switch} {below}"
    shape = draw(
        st.sampled_from(["{}", "{}", "... {{ {} }}", "... on {kind} {{ {} }}", "... @include(if: $b) {{ {} }}"])
    )
    return shape.format(field, kind=kind.name)


ROOTS = ("case(id: $case)", "meeting(id: $meeting)")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_selections_that_nobody_wrote_are_answered_alike(world: World, data: st.DataObject):
    kinds = {"case": cast("GraphQLObjectType", CORE.type_map["Case"]), "meeting": CORE.type_map["Meeting"]}
    roots = data.draw(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=2))
    parts = [f"r{n}: {root} {data.draw(selections(kinds[root.partition('(')[0]], 4))}" for n, root in enumerate(roots)]
    body = " ".join([*parts, "viewer { user }"])
    declared = {"case": "UUID!", "meeting": "UUID!", "a": "Boolean!", "b": "Boolean = true"}
    used = [f"${name}: {kind}" for name, kind in declared.items() if re.search(rf"\${name}\b", body)]
    text = f"query Made({', '.join(used)}) {{ {body} }}"
    roomy = Limits(document=10**6, tokens=10**5, aliases=10**4, fields=10**4)
    engine = Engine(SCHEMA, roomy, registered=Registered({"made": text}))
    case = data.draw(st.sampled_from([world.told.case, world.kept.case, uuid4()]))
    by = data.draw(st.sampled_from(EVERYBODY))
    given_: dict[str, Any] = {"case": str(case), "meeting": str(world.meeting), "a": data.draw(st.booleans())}
    if data.draw(st.booleans()):
        given_["b"] = data.draw(st.sampled_from([True, False, None]))
    ours, theirs, _ = await both(world, engine, text, given_, by)
    assert in_order(ours) == in_order(theirs), text
