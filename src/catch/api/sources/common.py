"""What the three sources have in common."""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from catch.access import NotEnrolled, RedactionReason, Sight, Who, bounds
from catch.api import types
from catch.api.facts import Facts
from catch.api.identity import Viewer
from catch.api.lens import own_only, reads
from catch.api.rights import Rights
from catch.app import Catch
from catch.database import Statements
from catch.domain.calendar import london_day
from catch.domain.case import (
    actions,
    agreement,
    coordination,
    disclosure,
    eligibility,
    goals,
    notes,
    plan,
    proposals,
    referral,
    reviews,
)
from catch.domain.case.closing import CaseClosed, CaseReopened
from catch.domain.case.state import Case
from catch.domain.facts import Category, Recorded
from catch.domain.meeting import adding, attendance, drafting, editing, instant, invitations, planning, session
from catch.domain.meeting.state import Meeting
from catch.domain.partner import PartnerEvent
from catch.live.source import NotYet, Seen
from catch.readside import NotCaughtUp

Fact = Recorded[Any]
Timeline = Callable[[Statements, UUID, int, int, int], Awaitable[list[Fact]]]
"""`timeline.of_stream` or `timeline.of_meeting`."""

NOBODY = ""
"""The user of a viewer class that stands for everybody of an agency and a role."""
PRESENT = "Present"
"""The event of a first message: the state as it is, before anything new."""
PAGE = 500
"""How many facts are read at once for a subscriber that catches up."""
FRESH = timedelta(seconds=1)
"""How long rights that were read stay good while nothing new is heard: some end by the clock."""
PARTNER_RIGHTS = PartnerEvent
"""Facts of a partner, after any of which its people may follow, or see, something else."""
CASE_RIGHTS = (
    referral.ReferralEvent
    | coordination.CoordinatorAllocated
    | coordination.CoordinatorChanged
    | disclosure.DisclosureEvent
    | agreement.ObjectionRecorded
)
"""The same of a case: who referred it, who coordinates it, what is told to whom, who has a part in it."""
SEAT_RIGHTS = (
    attendance.InterestDeclared
    | attendance.ConfidentialityAccepted
    | attendance.InterestResolved
    | invitations.MemberInvited
    | invitations.InvitationWithdrawn
    | drafting.DraftingEvent
    | adding.AddingEvent
    | editing.AgendaItemRemoved
    | session.MeetingStarted
    | session.MeetingEnded
    | planning.MeetingRescheduled
    | instant.InstantDiscussionHeld
)
"""Facts of a meeting after which somebody may see something else of the cases on its agenda."""


def utc() -> datetime:
    return datetime.now(UTC)


def worker(event: Fact) -> types.Worker:
    actor = event.envelope.actor
    return types.Worker(user=actor.user, agency=actor.agency)


class Shared:
    """`facts` are one for all who hear of the same event: rights, seats and texts are read once."""

    def __init__(self, catch: Catch, rights: Rights | None = None, clock: Callable[[], datetime] = utc) -> None:
        self.catch = catch
        self.clock = clock
        self._rights = rights or Rights(catch)
        self._facts = Facts(catch, clock(), self._rights)
        self._heard = -1

    async def head(self) -> int:
        return self.catch.hearing.position

    def context(self, topic: Hashable, viewer_class: Hashable) -> object:
        return None

    def facts(self) -> Facts:
        now = self.clock()
        if self._heard != self.catch.hearing.position or not timedelta(0) <= now - self._facts.at <= FRESH:
            self._facts, self._heard = Facts(self.catch, now, self._rights), self.catch.hearing.position
        return self._facts

    async def who(self, viewer: Viewer) -> Who | None:
        """Who asks, now; None where they are not, or no longer, enrolled."""
        try:
            return await self.facts().who(viewer.asker)
        except NotEnrolled:
            return None

    async def published(self) -> None:
        """What was read may be newer than what was heard: a right may have ended before it was written."""
        await self.catch.hearing.reached(self.catch.states.furthest)

    def ran_out(self, meetings: Iterable[UUID], since: datetime, now: datetime) -> bool:
        """Whether an agreement or a disclosure may have ended, which last whole days, or the window of a meeting."""
        moments = [each for meeting in meetings for each in self._bounds(meeting)]
        ended = london_day(since) != london_day(now) or any(each is None or since < each <= now for each in moments)
        if ended:
            # What was read just before is good for a while only because something is heard when it changes.
            self._heard = -1
        return ended

    def _bounds(self, meeting: UUID) -> Iterable[datetime | None]:
        """The moments at which the meeting's seats begin and end; None where it is not at hand."""
        held = self.catch.states.at_hand(meeting)
        state: Meeting | None = held.state if held else None
        return bounds(state) if state else (None,)

    async def reached(self, position: int) -> None:
        try:
            await self.catch.reached(position)
        except NotCaughtUp as late:
            raise NotYet from late

    async def between(self, chosen: Timeline, key: UUID, after: int, upto: int) -> AsyncIterator[Fact]:
        """Facts of a stream or a meeting, in order, a page at a time."""
        if after >= upto:
            return
        await self.reached(upto)
        while facts := await chosen(self.catch.log.pool, key, after, upto, PAGE):
            for fact in facts:
                yield fact
            if len(facts) < PAGE:
                return
            after = facts[-1].position


REFERRERS_HEAR = (
    referral.ReferralReceived
    | referral.ReferralAttached
    | eligibility.ReferralAccepted
    | eligibility.ReferralDeclined
    | eligibility.ReferralRedirected
    | CaseClosed
    | CaseReopened
)
"""All that somebody is told to whom nothing of the case may be disclosed."""
_UNDER: dict[type, Category] = {
    coordination.ConversationHeld: Category.PLAN,
    coordination.ConversationAttempted: Category.PLAN,
    proposals.MeetingProposed: Category.DISCUSSION,
    proposals.ProposalWithdrawn: Category.DISCUSSION,
    proposals.CaseDiscussed: Category.DISCUSSION,
    proposals.MeetingDecisionRecorded: Category.DISCUSSION,
    notes.UnmetNeedRecorded: Category.NEEDS,
    notes.UnmetNeedMet: Category.NEEDS,
}


def told(seen: Sight | None, case: Case | None, event: Fact) -> Seen:
    """What the viewer may know of a case's fact: what it was, that there was one, or nothing."""
    fact = event.event
    if seen is None or case is None:
        return Seen.HIDDEN
    if not seen.categories:
        return Seen.SHOWN if isinstance(fact, REFERRERS_HEAR) and not _recused(seen) else Seen.HIDDEN
    if isinstance(fact, notes.NoteAdded):
        return note_told(seen, fact)
    shown = _shows(seen, case, fact)
    return Seen.SHOWN if shown else Seen.HIDDEN


def note_told(seen: Sight, fact: notes.NoteAdded) -> Seen:
    own = fact.by.agency == seen.agency and seen.takes_part
    if not (own or seen.mentions(fact.category)):
        return Seen.UNTOLD
    readable = own or seen.hides(fact.category) is None
    return Seen.SHOWN if readable and reads(seen, fact.by.agency, fact.audience) else Seen.HIDDEN


def _recused(seen: Sight) -> bool:
    return seen.hidden is RedactionReason.RECUSED


def _shows(seen: Sight, case: Case, fact: object) -> bool:
    match fact:
        case actions.ActionOffered(owner=owner):
            return _actions(seen, owner)
        case actions.ActionReassigned(owner=owner, before=before):
            return _actions(seen, owner) or _actions(seen, before)
        case _ if isinstance(fact, actions.ActionEvent):
            held = case.action(fact.action)
            return _actions(seen, held.owner if held else None)
        case _ if isinstance(fact, plan.PlanEvent | goals.GoalEvent | reviews.ReviewEvent):
            return seen.hides(Category.PLAN) is None
        case agreement.ObjectionRecorded():
            return not own_only(seen)
        case disclosure.DisclosureAuthorised(agency=agency):
            return not own_only(seen) or agency == seen.agency
        case disclosure.DisclosureEnded(disclosure=ended):
            ours = any(held.disclosure == ended and held.agency == seen.agency for held in case.disclosures)
            return not own_only(seen) or ours
        case _:
            category = _UNDER.get(type(fact))
            return category is None or seen.hides(category) is None


def _actions(seen: Sight, owner: str | None) -> bool:
    return seen.hides(Category.ACTIONS) is None or (seen.takes_part and owner == seen.agency)
