"""Taking commands: from what somebody asks to facts in the log.

Read `handler` (all that is said of a command), `book` (what a decision reads and writes), `cases`, `meetings` and
`others` (every command's decision), `rules` (who may), `questions` (what no stream says), then `taking` (the order) and
`commands` (the face).

To add a command: its struct in a decider of `catch.domain`; where it looks at more than its own stream, or is about a
meeting, its `handles(...)` in one of the three tuples here.
"""

from catch.commands.commands import Commands
from catch.commands.questions import Records
from catch.commands.taking import InTheFuture, Stale

__all__ = ["Commands", "InTheFuture", "Records", "Stale"]
