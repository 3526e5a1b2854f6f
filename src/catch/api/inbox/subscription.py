"""`agencyInbox`: actions offered to the viewer's agency and what becomes of them, and invitations."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import strawberry

from catch.access import Changes, Who, has_inbox
from catch.access.listing import inboxes
from catch.api.case.reading import Reading
from catch.api.common.scalars import Position
from catch.api.common.subscription import PAGE, PRESENT, Fact, FollowedLive, Shared, changes
from catch.api.engine.costs import weighs
from catch.api.inbox import types
from catch.api.inbox.openings import Openings, passed
from catch.api.inbox.view import inbox_entries, opened, shown_in
from catch.app import Catch
from catch.domain.access_grant import BreakGlassOpened, BreakGlassReviewed
from catch.domain.case import actions
from catch.domain.case.deadlines import ClockBreached
from catch.domain.case.state import Case
from catch.domain.meeting import invitations
from catch.domain.partner import PartnerEvent
from catch.domain.refusals import NotAnswered
from catch.domain.streams import ACCESS_GRANT, CASE, MEETING, PARTNER, stream_of_event
from catch.identity.tokens import Viewer
from catch.live.source import Ended, Opening, Seen, TooFar
from catch.log.codec import readable
from catch.log.entries import STORED, Stored, Unreadable
from catch.present.rights import Rights
from projections import agency_inbox

FARTHEST = 50_000
"""How many positions of the log are looked through for a subscriber that catches up with an inbox. Positions, and not
facts of inboxes: how many of those are others' would show in when it is too far."""
DOUBTS = 100
"""How many facts are remembered whose agencies were not certain when they were heard."""


class NoInbox(NotAnswered):
    """An inbox belongs to an agency that takes on actions, and to those who may act for it. Ask for your own
    agency's.
    """


@strawberry.type
class InboxSubscription:
    """Only declares: the live side delivers, from the source below."""

    @strawberry.subscription(
        description="What reaches or leaves the inbox of the viewer's agency.", metadata=weighs(20)
    )
    async def agency_inbox(self, after: Position | None = None) -> AsyncGenerator[types.InboxMessage]:
        raise FollowedLive
        yield


class InboxSource(Shared):
    """`agencyInbox`: actions offered to the viewer's agency and what becomes of them, and invitations."""

    def __init__(self, catch: Catch, rights: Rights | None = None, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(catch, rights, clock)
        self._doubtful: set[int] = set()
        self._openings = Openings(catch)

    async def open(self, viewer: Viewer, arguments: Mapping[str, object]) -> Opening:
        found = await self.classify(viewer, viewer.agency)
        if isinstance(found, Ended):
            raise NoInbox
        return Opening(viewer.agency, found)

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        who = await self.who(viewer)
        if who is None or not has_inbox(who):
            return Ended("This inbox is not yours to read.")
        # Whoever is kept out of a case reads nothing of it here either: the class names its user.
        return who

    def topics(self, event: Fact, followed: Collection[Hashable]) -> Iterable[Hashable]:
        if isinstance(event.event, BreakGlassOpened | BreakGlassReviewed) or self._passed(event):
            # Whoever answers for the programme, or keeps its door, may be of any agency, and it is seldom.
            return followed
        if type(event.event) not in OF_INBOXES:
            return {*self.rights(event, followed), *self._invited(event, followed)}
        case = self.catch.present.states.at_hand(event.stream) if isinstance(event.event, actions.ActionEvent) else None
        if case is not None and case.position != event.position and not agencies_of(event, None):
            # Read from the log, the case is ahead of this fact, and the action may be another agency's by now.
            self._doubtful = {*sorted(self._doubtful)[-DOUBTS:], event.position}
            return followed
        return agencies_of(event, case.state if case else None)

    def rights(self, event: Fact, followed: Collection[Hashable]) -> Collection[Hashable]:
        """What waits was made of what its reader saw of the case then: it concerns who owns an action in it."""
        match changes(event):
            case Changes.CASE:
                return self._owning([event.stream], followed)
            case Changes.SEATS:
                return self._owning(self.catch.present.appearances.cases(event.stream), followed)
            case Changes.PARTNER if isinstance(event.event, PartnerEvent):
                return [event.event.partner] if event.event.partner in followed else []
            case _:
                return []

    def _passed(self, event: Fact) -> bool:
        """Whether it may bring that a clock of the case has passed, or take it, to whom the case does not name now."""
        if isinstance(event.event, ClockBreached):
            return event.event.agency is None
        if not isinstance(event.event, agency_inbox.OF_CLOCKS):
            return False
        held = self.catch.present.states.at_hand(event.stream)
        return held is None or held.state is None or any(each.breach for each in held.state.passed)

    def _owning(self, cases: Iterable[UUID], followed: Collection[Hashable]) -> Collection[Hashable]:
        """The agencies with an action in these cases; all, where a case is not at hand."""
        held = [self.catch.present.states.at_hand(case) for case in cases]
        if any(each is None for each in held):
            return followed
        states: list[Case] = [each.state for each in held if each and each.state]
        waiting = {action.owner for case in states for action in case.actions}
        return (waiting | {case.lead.agency for case in states if case.lead and passed(case)}) & set(followed)

    def _invited(self, event: Fact, followed: Collection[Hashable]) -> Collection[Hashable]:
        """The agencies whose invitations a fact of the meeting moves or takes away; all, where it is not at hand."""
        if not isinstance(event.event, agency_inbox.OF_MEETINGS):
            return ()
        held = self.catch.present.states.at_hand(event.stream)
        return {each.agency for each in held.state.invitations} & set(followed) if held and held.state else followed

    async def view(self, topic: Hashable, viewer_class: Hashable) -> Hashable:
        """What a fact opens or closes is told where the fact stands (`Openings`)."""
        return None

    def runs_out(self, topic: Hashable, since: datetime, now: datetime) -> bool:
        return False

    async def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[Fact]:
        if upto - after > FARTHEST:
            raise TooFar
        while page := await self._page_after(after, upto):
            for fact in await self._reaching(topic, [*readable(page)]):
                yield fact
            if len(page) < PAGE:
                return
            after = page[-1].position

    async def _page_after(self, after: int, upto: int) -> Sequence[Stored]:
        rows = await self.catch.log.pool.fetch(
            f"select {STORED} from stored_events"  # noqa: S608
            " where notification_id > $1 and notification_id <= $2 and topic = any($3)"
            f" order by notification_id limit {PAGE}",
            after,
            upto,
            FOLLOWED,
        )
        return [Stored(*row) for row in rows]

    async def _reaching(self, topic: Hashable, facts: Sequence[Fact]) -> Iterable[Fact]:
        owners = await self._owners({fact.stream for fact in facts if isinstance(fact.event, actions.ActionEvent)})
        return [fact for fact in facts if await self._reaches(topic, fact, owners)]

    async def _reaches(self, topic: Hashable, fact: Fact, owners: Mapping[int, Sequence[str]]) -> bool:
        if type(fact.event) in OF_INBOXES:
            at_a_door = isinstance(fact.event, ClockBreached) and fact.event.agency is None
            return at_a_door or topic in (owners.get(fact.position) or agencies_of(fact, None))
        if changes(fact) is not None:
            # What it concerns is at hand when it is live.
            await self.catch.present.states.gather(stream_of_event(fact.event), [fact.stream])
        return topic in self.topics(fact, [topic])

    async def _owners(self, cases: Iterable[UUID]) -> Mapping[int, Sequence[str]]:
        """By position, the agencies that each fact about an action concerned when it was recorded."""
        found: dict[int, Sequence[str]] = {}
        owner: dict[tuple[UUID, UUID], str] = {}
        for fact in readable(await self.catch.log.rows(list(cases))):
            if not isinstance(fact.event, actions.ActionEvent):
                continue
            event = fact.event
            if isinstance(event, actions.ActionOffered | actions.ActionReassigned):
                found[fact.position] = agencies_of(fact, None)
                owner[fact.stream, event.action] = event.owner
            elif (fact.stream, event.action) in owner:
                found[fact.position] = (owner[fact.stream, event.action],)
        return found

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> Seen | Ended:
        who = cast("Who", viewer_class)
        if type(event.event) not in OF_INBOXES or not concerns(who, event):
            return Seen.SHOWN if await self._opens(who, event) else Seen.UNTOLD
        if not await self._there(Reading(self.facts(), who), event):
            return Seen.UNTOLD
        if event.position in self._doubtful:
            owners = await self._owners([event.stream])
            return Seen.SHOWN if topic in owners.get(event.position, ()) else Seen.UNTOLD
        return Seen.SHOWN

    async def _opens(self, who: Who, event: Fact) -> bool:
        openings = self._openings
        try:
            return bool(await openings.invited(who, event)) or await openings.otherwise(who, event, self.facts())
        except Unreadable:
            # Whoever asks for the inbox is told what cannot be read.
            return False

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> types.InboxUpdate:
        await self.reached(event.position)
        who = cast("Who", viewer_class)
        entry, named = await self._about(who, event)
        rows = await agency_inbox.entries(self.catch.log.pool, inboxes(who), [entry] if entry else [])
        # The entry may be newer than what was heard: the right to it may have ended in between.
        await self.catch.present.follower.reached(max((row.position for row in rows), default=0))
        reading = Reading(self.facts(), who)
        shown = await inbox_entries(reading, (await opened(reading, rows)).rows)
        return types.InboxUpdate(
            position=Position(event.position),
            event=event.topic if named and await self._there(reading, event) else None,
            # When what is not named happened is not told either; that something is recorded now, whoever listens knows.
            at=event.envelope.occurred_at if named else event.recorded_at,
            entry_id=entry,
            entry=shown[0] if shown else None,
        )

    async def _about(self, who: Who, event: Fact) -> tuple[UUID | None, bool]:
        """The one entry that the fact is about, where it is one, and whether they are told which fact it was."""
        if type(event.event) in OF_INBOXES and concerns(who, event):
            return next(iter(agency_inbox.keys(event)), None), True
        moved = [
            agency_inbox.invitation(event.stream, each.agency, each.user)
            for each in await self._openings.invited(who, event)
        ]
        return moved[0] if len(moved) == 1 else None, bool(moved)

    async def _there(self, reading: Reading, event: Fact) -> bool:
        of_a_case = isinstance(event.event, actions.ActionEvent | ClockBreached)
        return not of_a_case or await shown_in(reading, event.stream) is True

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        position, now = self.catch.present.follower.position, self.clock()
        return position, types.InboxUpdate(
            position=Position(position), event=PRESENT, at=now, entry_id=None, entry=None
        )


INBOX_EVENTS = (*agency_inbox.OF_ACTIONS, ClockBreached, invitations.MemberInvited, invitations.InvitationWithdrawn)
OF_INBOXES = frozenset[type](INBOX_EVENTS)
FOLLOWED = [kind.__name__ for stream in (CASE, MEETING, PARTNER, ACCESS_GRANT) for kind in stream.events]
"""What is looked through for whoever catches up: by its kind alone it cannot be told what opens an entry to them."""


def concerns(who: Who, event: Fact) -> bool:
    """Whom an invitation names, it is to: for colleagues there is no such meeting."""
    match event.event:
        case invitations.MemberInvited(user=user) | invitations.InvitationWithdrawn(user=user):
            return user in (None, who.user)
        case ClockBreached(agency=None):
            return bool(who.doors)
        case _:
            return True


def agencies_of(event: Fact, case: Case | None) -> Sequence[str]:
    """The agencies whose inbox the fact concerns. A reassigned action leaves one and reaches another."""
    match event.event:
        case actions.ActionOffered(owner=owner):
            return (owner,)
        case actions.ActionReassigned(owner=owner, before=before):
            return (owner, before)
        case invitations.MemberInvited(agency=agency) | invitations.InvitationWithdrawn(agency=agency):
            return (agency,)
        case ClockBreached(agency=agency):
            return (agency,) if agency else ()
        case _:
            held = case.action(event.event.action) if case and isinstance(event.event, actions.ActionEvent) else None
            return (held.owner,) if held else ()
