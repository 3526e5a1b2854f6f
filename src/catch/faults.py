"""What goes wrong, as the world outside reads it.

A `Rejected` request was wrong in a way that its errors explain. A fault is what nobody expected: it is logged under an
id that the person can quote, without texts that may hold personal data.
"""

import logging
import traceback
from uuid import uuid4

import msgspec
from graphql import GraphQLFormattedError

from catch import telemetry
from catch.database import lost
from catch.domain.refusals import NotAnswered, Refused

log = logging.getLogger("catch.faults")


class Rejected(Exception):
    """The request was not executed. `errors` are what the client reads."""

    def __init__(self, *errors: GraphQLFormattedError) -> None:
        super().__init__(*(one.get("message") for one in errors))
        self.errors = list(errors)


def error(code: str, message: str) -> GraphQLFormattedError:
    return {"message": message, "extensions": {"code": code}}


def refusal_error(refused: Refused) -> GraphQLFormattedError:
    if telemetry.on is not None:
        telemetry.on.refused(refused.code)
    return {"message": refused.message, "extensions": {"code": refused.code, "details": refused.details}}


class RecordsAway(NotAnswered):
    """The records cannot be reached just now. Ask again in a moment."""

    STATUS = 503


# The same as of a command: a client does the same about either.
RecordsAway.code = "UNAVAILABLE"


def outside_error(problem: BaseException, where: str) -> GraphQLFormattedError:
    """What a client reads of anything that went wrong while its request was executed."""
    if isinstance(problem, Refused):
        return refusal_error(problem)
    if lost(problem):
        log.warning(msgspec.json.encode({"away": type(problem).__qualname__, "where": where}).decode())
        return refusal_error(RecordsAway())
    return fault_error(problem, where)


def fault_error(unexpected: BaseException, where: str) -> GraphQLFormattedError:
    """Log the fault; what the client reads is its id."""
    fault_id = fault(unexpected, where)
    message = f"Something went wrong on our side. Quote {fault_id} when you report it."
    return {"message": message, "extensions": {"code": "INTERNAL", "id": fault_id}}


def fault(error: BaseException, where: str) -> str:
    """Log where `error` arose, by its type and stack and never by its text, and return the id it is logged under."""
    fault_id = uuid4().hex[:12]
    stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    line = {"fault": fault_id, "where": where, "type": type(error).__qualname__, "stack": stack[-12:]}
    log.error(msgspec.json.encode(line).decode())
    if telemetry.on is not None:
        telemetry.on.failed()
    return fault_id
