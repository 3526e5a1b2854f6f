"""Every command there is, with all that is said of it. With one that is missing here the program does not start."""

from collections.abc import Mapping
from typing import get_args

from catch.commands.cases import CASE_HANDLERS, of_case, person_of
from catch.commands.handler import Handler, alone, handles, own_stream
from catch.commands.meetings import MEETING_HANDLERS
from catch.commands.others import OTHER_HANDLERS
from catch.domain.case import CaseCommand
from catch.domain.facts import Command
from catch.domain.streams import COMMANDS, STREAMS

LISTED: tuple[Handler, ...] = (*CASE_HANDLERS, *MEETING_HANDLERS, *OTHER_HANDLERS)
_OF_CASES: tuple[type[CaseCommand], ...] = get_args(CaseCommand)
_ALONE = [kind for stream in STREAMS if stream.decide for kind in stream.commands]
HANDLER_OF: Mapping[type[Command], Handler] = {
    **{kind: handles(kind, subject=own_stream, decide=alone) for kind in _ALONE},
    **{kind: handles(kind, subject=person_of, decide=of_case) for kind in _OF_CASES},
    **{handler.kind: handler for handler in LISTED},
}
"""What is listed goes before what its stream says of all its commands."""
# At import: found when a server starts, not when somebody first sends such a command.
if unhandled := [kind.__name__ for kind in COMMANDS if kind not in HANDLER_OF]:
    raise TypeError(f"nobody has said how these are decided, and whose key seals them: {', '.join(unhandled)}")
