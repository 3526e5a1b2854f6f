"""Mutations made from command structs: one struct, one docstring, one place.

Read downwards: what a mutation answers, how a command's types become GraphQL's, how an input becomes a command again,
and the Mutation type. Strawberry builds types at run time; everything here that no type checker can follow stays in
`InputTypes` and `mutation_type`.
"""

import dataclasses
import re
import types
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, NewType, Protocol, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

import msgspec
import strawberry
from msgspec import NODEFAULT, Struct

from catch.api.common.enums import graphql_enum, sentence
from catch.api.common.scalars import Position
from catch.api.engine.costs import weighs
from catch.api.engine.insides import EnumValueDefinition
from catch.api.engine.unusable import UNUSABLE_TEXT, unusable
from catch.domain import bounds
from catch.domain.facts import Command, Sealed
from catch.domain.plain import FIRST_YEAR, LAST_DAY
from catch.domain.refusals import NotAnswered, OutOfRange
from catch.domain.refusals import Refused as Refusal

C = TypeVar("C", bound=Command)

PLAIN = (UUID, date, datetime, int, bool, float, str)


class InvalidInput(Refusal):
    """Something in the input is not what it has to be. The details say where."""


class Outcome(Protocol):
    """What taking a command led to: the position of its last event, its stream, the stream's version, the events."""

    @property
    def position(self) -> int: ...
    @property
    def stream(self) -> UUID: ...
    @property
    def version(self) -> int: ...
    @property
    def events(self) -> Sequence[str]: ...


class Taker(Protocol):
    """What a mutation needs of `info.context`. Refusals are raised as `catch.domain.refusals.Refused`."""

    async def take(
        self, command: Command, *, command_id: UUID, expected_version: int | None, occurred_at: datetime | None
    ) -> Outcome: ...


@strawberry.type(description="The command was taken. Where nothing was left to do, `events` is empty.")
class Accepted:
    position: Position
    stream: UUID
    version: int
    events: list[str]


@strawberry.type(description="One thing that a refusal rests on.")
class Detail:
    path: str | None = strawberry.field(description="Where in the arguments, if it is one of them.")
    name: str
    value: str


def every_refusal(root: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Every refusal defined so far, by code. Import the modules that define them first."""
    found = {sub for child in root.__subclasses__() for sub in (child, *every_refusal(child))}
    return sorted(found, key=lambda refusal: refusal.code)


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def spelled(path: str) -> str:
    """A path as the schema has it: `safeContact.how` for `safe_contact.how`."""
    return ".".join(map(camel, path.split(".")))


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class InputTypes:
    """Strawberry input types for structs, each made once."""

    def __init__(self) -> None:
        self.made: dict[type[Struct], type] = {}

    def of(self, struct: type[Struct]) -> type:
        if struct not in self.made:
            self.made[struct] = self._make(struct)
        return self.made[struct]

    def _make(self, struct: type[Struct]) -> type:
        name = f"{struct.__name__}Input"
        # GraphQL has one space of names for all inputs, whichever module they come from.
        namesake = next((other for other in self.made if f"{other.__name__}Input" == name), None)
        if namesake:
            raise TypeError(f"{struct.__module__} and {namesake.__module__} both define {struct.__name__}")
        fields = msgspec.structs.fields(struct)
        body: dict[str, Any] = {"__annotations__": {field.name: self._annotation(struct, field) for field in fields}}
        body |= {field.name: strawberry.field(description=_bounds(field), **_default(field)) for field in fields}
        return strawberry.input(type(name, (), body), description=sentence(struct))

    def _annotation(self, struct: type[Struct], field: msgspec.structs.FieldInfo) -> Any:
        try:
            return self._type(field.type)
        except TypeError as problem:
            raise TypeError(f"{struct.__name__}.{field.name}: {problem}") from problem

    def _type(self, annotation: Any) -> Any:
        if annotation is Sealed:
            return str
        if isinstance(annotation, NewType):
            return self._type(annotation.__supertype__)
        if isinstance(annotation, type) and issubclass(annotation, Struct):
            return self.of(annotation)
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            return graphql_enum(annotation)
        if annotation in PLAIN:
            return annotation
        return self._composed(get_origin(annotation), get_args(annotation), annotation)

    def _composed(self, origin: Any, inner: tuple[Any, ...], annotation: Any) -> Any:
        if origin is Annotated:
            return self._type(inner[0])
        if origin in (list, frozenset) or (origin is tuple and len(inner) == 2 and inner[1] is Ellipsis):
            return list[self._type(inner[0])]
        present = [one for one in inner if one is not type(None)]
        if origin in (Union, types.UnionType) and len(present) == 1:
            return self._type(present[0]) | None
        raise TypeError(f"a GraphQL input cannot hold {annotation}")


def _bounds(field: msgspec.structs.FieldInfo) -> str | None:
    """What the field's type says of its values."""
    return " ".join(dict.fromkeys(bounds.described(field.type))) or None


def _default(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    default = field.default if field.default_factory is NODEFAULT else field.default_factory()
    if default is NODEFAULT:
        return {}
    if isinstance(default, Struct):
        if default != type(default)():
            raise TypeError(f"{field.name}: a default must be what {type(default).__name__} is without being told")
        # As GraphQL writes it: an object of which nothing is said.
        return {"default_factory": dict}
    if isinstance(default, tuple | frozenset | list):
        values = sorted(cast("Iterable[Any]", default))
        return {"default_factory": lambda: list(values)}
    return {"default": default}


def command_from(kind: type[C], given: object) -> C:
    """The command that the input describes. Raises `InvalidInput`, or what `bounds.check` does."""
    try:
        command = msgspec.convert(given, kind, from_attributes=True)
    except msgspec.ValidationError as problem:
        what, _, where = str(problem).partition(" - at `$")
        raise InvalidInput(**{spelled(where.rstrip("`").lstrip(".")) or "input": what}) from None
    # Here already, so that the details name the input's own path.
    bounds.check(command)
    for path in unusable(msgspec.to_builtins(command), "input"):
        raise InvalidInput(**{path.removeprefix("input."): UNUSABLE_TEXT})
    return command


def check_time(field: str, at: datetime | None) -> None:
    if at is not None and not FIRST_YEAR <= at.year <= LAST_DAY.year:
        raise OutOfRange(field=field, earliest=f"{FIRST_YEAR}-01-01", latest=LAST_DAY)


def refusal_codes(refusals: Iterable[type[Refusal]]) -> type[Enum]:
    """The enum of all codes, each described by its refusal's sentence. Raises `TypeError` where two refusals have one
    code: which of their sentences the schema told would change from start to start.
    """
    by_code: dict[str, type[Refusal]] = {}
    for kind in refusals:
        if (other := by_code.setdefault(kind.code, kind)) is not kind:
            places = " and ".join(sorted(f"{each.__module__}.{each.__qualname__}" for each in (other, kind)))
            raise TypeError(f"two refusals have the code {kind.code}: {places}. Give one of them another name.")
    messages = {code: kind().message for code, kind in by_code.items()}
    members = {code: EnumValueDefinition(code, description=message) for code, message in sorted(messages.items())}
    return strawberry.enum(Enum("RefusalCode", members), description="Why something was refused.")


def details_of(refusal: Refusal, arguments: Iterable[str]) -> list[Detail]:
    """A refusal's details as the schema spells them; one that names a field says where it stands in the arguments."""
    known = {camel(name) for name in arguments}
    rests_on = [_detail(spelled(name), value, known) for name, value in refusal.details.items()]
    paths = map(spelled, refusal.otherwise)
    return [*rests_on, *(Detail(path=_argument(path, known), name=path, value="differs") for path in paths)]


def _detail(name: str, value: str, known: set[str]) -> Detail:
    # What the domain calls `field` is named by the value; elsewhere the detail's own name is the field.
    value = spelled(value) if name == "field" else value
    named = value if name == "field" else name
    return Detail(path=_argument(named, known), name=name, value=value)


def _argument(named: str, known: set[str]) -> str | None:
    """Where in a mutation's arguments this is: `input.goals.0.title`; None where it is none of them."""
    path = re.sub(r"\[(\d+)\]", r".\1", named)
    if path.partition(".")[0] in known:
        return f"input.{path}"
    return path if path in BESIDE else None


BESIDE = ("commandId", "expectedVersion", "occurredAt")
"""A mutation's other arguments than its input."""


WEIGHT = weighs(50)
"""A command is loaded, decided and recorded."""


def mutation_type(
    commands: Sequence[type[Command]],
    refusals: Iterable[type[Refusal]] | None = None,
) -> type:
    """The Mutation type with one field per command, named after it.

    `refusals` are all that a command may meet, for the enum of codes; by default every one defined so far.
    """
    kinds = {InvalidInput, *(every_refusal() if refusals is None else refusals)}
    codes = refusal_codes(sorted(kinds, key=lambda kind: kind.code))
    refused: Any = strawberry.type(
        dataclasses.make_dataclass("Refused", [("code", codes), ("message", str), ("details", list[Detail])]),
        description="The command was refused, and nothing was recorded.",
    )
    result = Annotated[Union[Accepted, refused], strawberry.union("Result")]  # noqa: UP007
    inputs = InputTypes()

    def field(kind: type[Command]) -> Any:
        names = [one.name for one in msgspec.structs.fields(kind)]

        async def resolve(
            info: strawberry.Info[Taker, None],
            input: Any,  # noqa: A002
            command_id: UUID,
            expected_version: int | None = None,
            occurred_at: datetime | None = None,
        ) -> Any:
            try:
                check_time("occurredAt", occurred_at)
                taken = await info.context.take(
                    command_from(kind, input),
                    command_id=command_id,
                    expected_version=expected_version,
                    occurred_at=occurred_at,
                )
            # Such codes are none of a mutation's: they are answered as an error of the request.
            except NotAnswered:
                raise
            except Refusal as refusal:
                return refused(code=codes[refusal.code], message=refusal.message, details=details_of(refusal, names))
            return Accepted(
                position=Position(taken.position),
                stream=taken.stream,
                version=taken.version,
                events=list(taken.events),
            )

        # Strawberry reads types from annotations, and these are known at run time only.
        resolve.__annotations__ |= {"input": inputs.of(kind), "return": result}
        return strawberry.mutation(resolve, description=sentence(kind), metadata=WEIGHT)

    fields = {snake(kind.__name__): field(kind) for kind in commands}
    return strawberry.type(type("Mutation", (), fields), description="One mutation per command, named after it.")
