"""The scalars that GraphQL lacks: a place in the log, an instant with its offset, a day."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from catch.api.engine.insides import ScalarDefinition

Position = NewType("Position", int)
"""A place in the log. On the wire a decimal string, since clients' numbers lose precision above 2**53."""

LAST_POSITION = 2**63 - 1
YEARS = range(1900, 2200)
"""Nothing here happened before or is planned after: a year outside is a slip of the keyboard."""


def _position(value: object) -> Position:
    # Only ASCII digits, and no more than a bigint has: `int` takes far more than that.
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value) and int(value) <= LAST_POSITION:
        return Position(int(value))
    raise GraphQLError('A position is a whole number written as a string, such as "1042".')


def _instant(value: object) -> datetime:
    problem = 'An instant is written with its offset, such as "2026-03-02T09:30:00+00:00" or "2026-03-02T09:30:00Z".'
    # Without a "T" Python reads a day, and takes midnight for granted.
    if not isinstance(value, str) or len(value) > 40 or "T" not in value:
        raise GraphQLError(problem)
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise GraphQLError(f"The offset is missing. {problem}")
        if instant.year not in YEARS:
            raise GraphQLError(f"The year must be {YEARS.start} to {YEARS.stop - 1}. {problem}")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError(f"There is no such instant. {problem}") from None


def _instant_out(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("an instant without its offset must not leave the system")
    return value.isoformat()


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise GraphQLError("There is no such day in the calendar.") from None
        if day.year not in YEARS:
            raise GraphQLError(f"The year must be {YEARS.start} to {YEARS.stop - 1}.")
        return day
    raise GraphQLError('A day is written as year, month and day, such as "2026-03-02".')


SCALARS: Mapping[object, ScalarDefinition] = {
    Position: strawberry.scalar(
        name="Position",
        description="A place in the log: a 64-bit integer as a decimal string. "
        "Ordered; nothing else may be read from it.",
        serialize=str,
        parse_value=_position,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in ISO 8601 with its offset, such as 2026-03-02T09:30:00+00:00.",
        serialize=_instant_out,
        parse_value=_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day in Europe/London in ISO 8601, such as 2026-03-02.",
        serialize=date.isoformat,
        parse_value=_day,
    ),
}


def schema_config() -> StrawberryConfig:
    """What every schema of ours is made with."""
    return StrawberryConfig(scalar_map=dict(SCALARS))
