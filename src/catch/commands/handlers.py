"""Every command there is, with all that is said of it. With one that is missing here the program does not start."""

from collections.abc import Iterable, Mapping

from catch.commands.cases import CASE_HANDLERS
from catch.commands.contacts import CONTACT_HANDLERS
from catch.commands.emergencies import EMERGENCY_HANDLERS
from catch.commands.erasing import ERASING_HANDLERS
from catch.commands.handler import Handler
from catch.commands.meetings import MEETING_HANDLERS
from catch.commands.merging import MERGING_HANDLERS
from catch.commands.others import OTHER_HANDLERS
from catch.domain.facts import Command
from catch.domain.streams import COMMANDS

LISTED: tuple[Handler, ...] = (
    *CASE_HANDLERS,
    *MEETING_HANDLERS,
    *CONTACT_HANDLERS,
    *MERGING_HANDLERS,
    *ERASING_HANDLERS,
    *EMERGENCY_HANDLERS,
    *OTHER_HANDLERS,
)


def each_once(listed: Iterable[Handler]) -> Mapping[type[Command], Handler]:
    """Raises `TypeError` where nobody has said how a command is decided and whose key seals it, or two have."""
    found: dict[type[Command], Handler] = {}
    for handler in listed:
        if found.setdefault(handler.kind, handler) is not handler:
            raise TypeError(f"how it is decided, and whose key seals it, is said twice: {handler.kind.__name__}")
    if unhandled := [kind.__name__ for kind in COMMANDS if kind not in found]:
        raise TypeError(f"nobody has said how these are decided, and whose key seals them: {', '.join(unhandled)}")
    return found


# At import: found when a server starts, not when somebody first sends such a command.
HANDLER_OF = each_once(LISTED)
