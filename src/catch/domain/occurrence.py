"""When what a fact tells was true: the day or time that it says itself goes before when it is said to have occurred.

An episode that closed on 20 June was closed from then on, whenever that was recorded.
"""

from datetime import datetime

from catch.domain.calendar import end_of_day
from catch.domain.case.actions import ActionCompleted
from catch.domain.case.closing import CaseClosed
from catch.domain.case.correcting import EntryCorrected, EntryWithdrawn, MeasureCorrected
from catch.domain.case.proposals import CaseDiscussed
from catch.domain.case.referral import ReferralReceived
from catch.domain.facts import Fact
from catch.domain.meeting.instant import InstantDiscussionHeld


def true_from(event: Fact, occurred_at: datetime) -> datetime:
    """From when on it is true, never later than it is said to have occurred."""
    match event:
        case CaseClosed(closed_on=day) | ActionCompleted(completed_on=day):
            return min(occurred_at, end_of_day(day))
        case CaseDiscussed(discussion=discussion):
            return min(occurred_at, discussion.ended_at)
        case InstantDiscussionHeld(ended_at=ended_at):
            return min(occurred_at, ended_at)
        case ReferralReceived(referral=referral):
            return min(occurred_at, referral.received_at)
        # Whoever looks back is told what should have been recorded then.
        case EntryCorrected(entry=entry) | MeasureCorrected(entry=entry) | EntryWithdrawn(entry=entry):
            return min(occurred_at, entry.at)
        case _:
            return occurred_at
