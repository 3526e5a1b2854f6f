"""What a programme waits for beside what every programme does: somebody is ready for home, is home, was seen by a GP.

Which there are is in its configuration. Clocks start and stop at them, `MilestoneReached[milestone=home]`.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.rules import CaseNotLive
from catch.domain.case.state import Case, Reached
from catch.domain.facts import Command, Fact
from catch.domain.given import Given, not_before
from catch.domain.parts import in_order
from catch.domain.plain import Code
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class MilestoneReached(Fact, frozen=True):
    milestone: Code


MilestoneEvent = MilestoneReached


# What may be asked


class ReachMilestone(Command, frozen=True):
    """Record that what the programme waits for has come about: one of its milestones."""

    case: UUID
    milestone: Code


MilestoneCommand = ReachMilestone


# What can be refused


class UnknownMilestone(Refused):
    """The programme waits for nothing of this name. Choose one of those in the details."""


class MilestoneAlreadyReached(Refused):
    """This was reached already, at the time in the details, and the earliest counts. If it was earlier, say when. If it
    was not reached then, ask that this be withdrawn (`requestEntryWithdrawal`), then record it anew.
    """


# What we answer


def reach(case: Case, command: ReachMilestone, given: Given) -> list[MilestoneEvent]:
    """Once an episode; earlier than is known, it is recorded again, and the earlier counts. Of a later time that is
    said, and is not just that of asking, it is another request than the one that was answered.
    """
    known = [each.code for each in given.programme.milestones] if given.programme else []
    if command.milestone not in known:
        raise UnknownMilestone(milestone=command.milestone, known=", ".join(known) or "none")
    since = min((held.at for held in case.reached_now if held.milestone == command.milestone), default=None)
    if since is not None and since <= given.at:
        if given.at in (since, given.now):
            return []
        raise MilestoneAlreadyReached(milestone=command.milestone, at=since.isoformat())
    # Also while it waits at the front door: help may come before anybody has decided.
    if not case.live:
        raise CaseNotLive(state=case.state)
    not_before(given, case.milestones.received_at)
    return [MilestoneReached(command.milestone)]


def decide(case: Case, command: MilestoneCommand, given: Given) -> list[MilestoneEvent]:
    match command:
        case ReachMilestone():
            return reach(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: MilestoneEvent, at: datetime) -> Case:
    match event:
        case MilestoneReached():
            return replace(case, reached=in_order(case.reached, Reached(event.milestone, at), lambda held: held.at))
        case _:
            assert_never(event)


SUBJECT = Subject(MilestoneEvent, MilestoneCommand, decide=decide, evolve=evolve)
