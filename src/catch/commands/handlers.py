"""Every command there is, with all that is said of it. A command that is missing here is refused, and fails a test."""

from collections.abc import Mapping

from catch.commands.cases import CASE_HANDLERS
from catch.commands.handler import Handler
from catch.commands.meetings import MEETING_HANDLERS
from catch.commands.others import OTHER_HANDLERS
from catch.domain.facts import Command

HANDLERS: tuple[Handler, ...] = (*CASE_HANDLERS, *MEETING_HANDLERS, *OTHER_HANDLERS)
HANDLER_OF: Mapping[type[Command], Handler] = {handler.kind: handler for handler in HANDLERS}
