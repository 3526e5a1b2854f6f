"""Commands become mutations with nothing written twice."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest
import strawberry
from msgspec import Struct

from catch.api.common.scalars import schema_config
from catch.api.mutations import mutation_type
from catch.domain.facts import Command, Part, Sealed
from catch.domain.refusals import MissingText, Refused


class Urgency(StrEnum):
    """How soon."""

    ROUTINE = "routine"
    VERY_URGENT = "very-urgent"


class Need(Part, frozen=True):
    """A need as the referrer sees it."""

    code: str
    detail: Sealed | None = None


class AskForHelp(Command, frozen=True):
    """Ask a programme to accept
    a person."""

    case: UUID
    reason: Sealed
    urgency: Urgency = Urgency.ROUTINE
    needs: tuple[Need, ...] = ()
    partners: frozenset[str] = frozenset({"a"})
    received_on: date | None = None
    seen_at: datetime | None = None
    minutes: int = 5
    main: Need | None = None
    safe: bool = False


class CloseIt(Command, frozen=True):
    """End an episode."""

    case: UUID


class CaseIsShut(Refused):
    """The case is closed already."""


class Done(Struct, frozen=True):
    position: int
    stream: UUID
    version: int
    events: tuple[str, ...]


class Desk:
    def __init__(self) -> None:
        self.taken: list[tuple[Command, UUID, int | None, datetime | None]] = []

    async def take(
        self, command: Command, *, command_id: UUID, expected_version: int | None, occurred_at: datetime | None
    ) -> Done:
        if isinstance(command, CloseIt):
            raise CaseIsShut(case=command.case, since="2026-01-01")
        self.taken.append((command, command_id, expected_version, occurred_at))
        return Done(2**60, UUID(int=1), 3, ("HelpAsked",))


@strawberry.type
class Query:
    ok: bool = True


SCHEMA = strawberry.Schema(
    Query, mutation_type((AskForHelp, CloseIt), (CaseIsShut, MissingText)), config=schema_config()
)
ASK = """mutation($i: AskForHelpInput!, $c: UUID!, $v: Int, $at: DateTime) {
  askForHelp(input: $i, commandId: $c, expectedVersion: $v, occurredAt: $at) {
    __typename ... on Accepted { position stream version events }
    ... on Refused { code message details { path name value } } } }"""


async def ask(desk: Desk, given: dict[str, Any], **more: Any) -> Any:
    variables = {"c": str(UUID(int=9)), "i": given} | more
    answer = await SCHEMA.execute(ASK, variable_values=variables, context_value=desk)
    return answer.errors[0].message if answer.errors else (answer.data or {})["askForHelp"]


async def test_every_kind_of_field_arrives_in_the_command_as_it_was_sent():
    desk, case = Desk(), uuid4()
    given = {
        "case": str(case),
        "reason": "lonely",
        "urgency": "VERY_URGENT",
        "needs": [{"code": "n1", "detail": "d"}, {"code": "n2"}],
        "partners": ["housing", "housing"],
        "receivedOn": "2026-03-02",
        "seenAt": "2026-03-02T09:30:00+00:00",
        "minutes": 7,
        "main": {"code": "m"},
        "safe": True,
    }
    answer = await ask(desk, given, v=4, at="2026-03-02T10:30:00+01:00")
    assert answer == {
        "__typename": "Accepted",
        "position": str(2**60),
        "stream": str(UUID(int=1)),
        "version": 3,
        "events": ["HelpAsked"],
    }
    seen = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    [(command, command_id, version, at)] = desk.taken
    assert command == AskForHelp(
        case=case,
        reason=Sealed("lonely"),
        urgency=Urgency.VERY_URGENT,
        needs=(Need("n1", Sealed("d")), Need("n2")),
        partners=frozenset({"housing"}),
        received_on=date(2026, 3, 2),
        seen_at=seen,
        minutes=7,
        main=Need("m"),
        safe=True,
    )
    assert (command_id, version, at) == (UUID(int=9), 4, seen)


async def test_what_is_left_out_has_the_structs_default():
    desk, case = Desk(), uuid4()
    await ask(desk, {"case": str(case), "reason": "lonely"})
    assert desk.taken == [(AskForHelp(case, Sealed("lonely")), UUID(int=9), None, None)]


async def test_a_refusal_is_an_answer_with_its_code_sentence_and_details():
    answer = await SCHEMA.execute(
        "mutation($i: CloseItInput!, $c: UUID!) { closeIt(input: $i, commandId: $c) { ... on Refused "
        "{ code message details { path name value } } } }",
        variable_values={"i": {"case": str(UUID(int=2))}, "c": str(uuid4())},
        context_value=Desk(),
    )
    assert answer.errors is None
    assert answer.data == {
        "closeIt": {
            "code": "CASE_IS_SHUT",
            "message": "The case is closed already.",
            "details": [
                {"path": "input.case", "name": "case", "value": str(UUID(int=2))},
                {"path": None, "name": "since", "value": "2026-01-01"},
            ],
        }
    }


async def test_text_that_no_database_can_hold_is_refused():
    desk = Desk()
    answer = await ask(desk, {"case": str(uuid4()), "reason": "x", "needs": [{"code": "a\0b"}]})
    assert answer["code"] == "INVALID_INPUT"
    assert answer["details"][0]["path"] == "input.needs.0.code"
    assert desk.taken == []


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("receivedOn", "2026-02-30", "no such day"),
        ("receivedOn", "yesterday", "year, month and day"),
        ("seenAt", "2026-03-02T09:30:00", "offset is missing"),
        ("seenAt", "2026-03-02T25:30:00Z", "no such instant"),
        ("seenAt", "2026-03-02", "with its offset"),
        ("seenAt", "0001-01-01T00:00:00+14:00", "year must be"),
        ("seenAt", 5, "with its offset"),
        ("case", "not-an-id", "UUID"),
        ("urgency", "routine", "Urgency"),
        ("minutes", 2**31, "Int"),
        ("unknown", 1, "unknown"),
    ],
)
async def test_a_wrong_value_is_named_and_nothing_is_taken(field: str, value: object, says: str):
    desk = Desk()
    answer = await ask(desk, {"case": str(uuid4()), "reason": "x"} | {field: value})
    assert says in answer
    assert desk.taken == []


def test_the_schema_carries_the_docstrings_and_the_defaults():
    sdl = SCHEMA.as_str()
    assert '"""Ask a programme to accept a person."""' in sdl
    assert "urgency: Urgency! = ROUTINE" in sdl
    assert "needs: [NeedInput!]! = []" in sdl
    assert 'partners: [String!]! = ["a"]' in sdl
    assert "union Result = Accepted | Refused" in sdl
    assert "closeIt(input: CloseItInput!, commandId: UUID!, expectedVersion: Int = null" in " ".join(sdl.split())
    assert '"""The case is closed already."""' in sdl


def test_a_type_that_graphql_cannot_hold_is_named_when_the_schema_is_made():
    class Odd(Command, frozen=True):
        case: UUID
        pair: tuple[int, str]

    with pytest.raises(TypeError, match=r"Odd\.pair"):
        mutation_type((Odd,), ())


def test_two_parts_of_one_name_are_reported():
    def another() -> type[Part]:
        class Need(Part, frozen=True):
            code: str

        return Need

    class One(Command, frozen=True):
        a: Need

    two = type("Two", (Command,), {"__annotations__": {"a": another()}, "__module__": __name__}, frozen=True)
    with pytest.raises(TypeError, match="both define Need"):
        mutation_type((One, two), ())
