"""What nobody expected: logged under an id that the person can quote, without texts that may hold personal data."""

import logging
import traceback
from uuid import uuid4

import msgspec

log = logging.getLogger("catch.faults")


def fault(error: BaseException, where: str) -> str:
    """Log where `error` arose, by its type and stack and never by its text, and return the id it is logged under."""
    fault_id = uuid4().hex[:12]
    stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    line = {"fault": fault_id, "where": where, "type": type(error).__qualname__, "stack": stack[-12:]}
    log.error(msgspec.json.encode(line).decode())
    return fault_id
