"""`meeting(id)`: everything recorded on the meeting, and on cases in the course of it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Hashable, Iterable, Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

import strawberry
from msgspec.structs import replace

from catch.access import (
    Changes,
    RedactionReason,
    Who,
    may_attend,
    prepares,
    told,
    told_at_meeting,
    told_withheld,
    warned_of_concerns,
)
from catch.api.case.merges import linked
from catch.api.case.reading import Reading
from catch.api.common.facts import Facts
from catch.api.common.scalars import Position
from catch.api.common.subscription import NOBODY, PRESENT, SEEN, Fact, FollowedLive, Shared, changes, worker
from catch.api.engine.costs import weighs
from catch.api.meeting import types
from catch.api.meeting.view import Sitting
from catch.app import Catch
from catch.domain.case.recusal import RecusalEvent
from catch.domain.case.state import Case
from catch.domain.meeting import attendance
from catch.domain.meeting.state import UNPUBLISHED, Meeting
from catch.domain.refusals import UnknownMeeting
from catch.domain.streams import CASE, MEETING, stream_of_event
from catch.identity.tokens import Viewer
from catch.live.source import Ended, Opening, Seen
from catch.present.appearances import spoken_of
from catch.present.rights import Rights
from catch.present.states import Broken
from projections import timeline

ENDED = Ended("You may no longer follow this meeting.")


@strawberry.type
class MeetingSubscription:
    """Only declares: the live side delivers, from the source below."""

    @strawberry.subscription(
        description="Everything that happens at a meeting, in order, each once.", metadata=weighs(20)
    )
    async def meeting(
        self,
        id: UUID,  # noqa: A002
        after: Position | None = None,
    ) -> AsyncGenerator[types.MeetingMessage]:
        raise FollowedLive
        yield


class MeetingSource(Shared):
    def __init__(self, catch: Catch, rights: Rights | None = None, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(catch, rights, clock)
        self._sittings: dict[tuple[UUID, Who], Sitting] = {}
        self._sat: tuple[Facts, int] = (self.facts(), -1)

    async def open(self, viewer: Viewer, arguments: Mapping[str, object]) -> Opening:
        topic = cast("UUID", arguments["id"])
        found = await self.classify(viewer, topic)
        if isinstance(found, Ended):
            raise UnknownMeeting(meeting=topic)
        return Opening(topic, found)

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        meeting = await self._meeting(topic)
        who = await self.who(viewer)
        if who is None or meeting is None or not may_attend(who, meeting, self.facts().at):
            return ENDED
        at, cases = self.facts().at, spoken_of(meeting)
        # Whoever changes one of its cases must find this meeting from now on.
        self.catch.present.appearances.note(meeting)
        held = await self.facts().seats(cases)
        seats = [seat for case in cases for seat in held[case]]
        named = (
            who.user == meeting.chair
            or any(held.user == who.user for held in (*meeting.interests, *meeting.resolved_interests))
            or any(held.user == who.user for held in meeting.invitations)
            or any(seat.names(who.user) for seat in seats)
            or await self._recused(cases, who.user)
            # Whoever is warned of cases that are not on the agenda may be kept out of some of them.
            or warned_of_concerns(who, meeting, self.facts().at)
            or await linked(self.facts(), cases)
        )
        if named:
            return who
        # Another meeting may show a case of this one's to those whom it binds, for as long as it shows anything.
        bound = {seat.meeting for seat in seats if at <= seat.over and seat.binds(who.user)}
        if meeting.accepted_by(who.user):
            bound.add(meeting.meeting)
        here = frozenset(seat.meeting for seat in seats if at <= seat.over and seat.hosts(who.user))
        return replace(who, user=NOBODY, bound=frozenset(bound), here=here)

    async def _recused(self, cases: Iterable[UUID], user: str) -> bool:
        """Whether one of these cases keeps this user out, or cannot be read and may."""
        held = await self.catch.present.states.gather(CASE, cases)
        return any(isinstance(each, Broken) or (each.state and each.state.recused(user)) for each in held)

    def topics(self, event: Fact, followed: Collection[Hashable]) -> Iterable[Hashable]:
        return () if event.envelope.meeting is None else (event.envelope.meeting,)

    def rights(self, event: Fact, followed: Collection[Hashable]) -> Collection[Hashable]:
        """What ends for one meeting's cases is felt at every other meeting that speaks of them."""
        match changes(event):
            case Changes.CASE if isinstance(event.event, RecusalEvent):
                # Who is kept out of a case is not warned of it either, wherever it is not on the agenda.
                return followed
            case Changes.CASE:
                return self._speaking_of([event.stream], followed)
            case Changes.SEATS:
                return {*self._speaking_of(self.catch.present.appearances.cases(event.stream), followed)} | (
                    {event.stream} & set(followed)
                )
            case Changes.MEETING:
                return [event.stream] if event.stream in followed else []
            case Changes.PARTNER | Changes.PERSON:
                return followed
            # What is opened in an emergency is one case, and none of its places on agendas.
            case Changes.GLASS | None:
                return []

    def _speaking_of(self, cases: Iterable[UUID], followed: Collection[Hashable]) -> Collection[Hashable]:
        return [meeting for meeting in self.catch.present.appearances.meetings(cases) if meeting in followed]

    async def view(self, topic: Hashable, viewer_class: Hashable) -> Hashable:
        """Which items are closed to them and why, what they see of the others and of whom these are about, and of what
        else they are warned.
        """
        who, meeting, facts = cast("Who", viewer_class), await self._meeting(topic), self.facts()
        if meeting is None:
            return None
        sitting = self._sitting(who, meeting)
        # Nobody but the organisers follows how the agenda is made.
        if meeting.state in UNPUBLISHED and not sitting.prepares:
            return self.standing(who)
        found: set[Hashable] = set()
        for item in meeting.items:
            hidden = await sitting.hidden(item)
            case: Case | None = (await facts.case(item.case)).state if item.case and hidden is None else None
            seen = await facts.sight(who, case) if case else None
            found.add(
                (
                    item.item,
                    hidden,
                    seen,
                    await sitting.reading.told_of_person(case.case, seen) if case and seen else None,
                )
            )
        if sitting.prepares and meeting.draft:
            besides = [each.case for each in (*meeting.draft.overflow, *meeting.draft.warnings) if each.case]
            await sitting.look(besides)
            found |= sitting.recused & frozenset(besides)
        return self.standing(who), sitting.prepares, frozenset(found)

    def runs_out(self, topic: Hashable, since: datetime, now: datetime) -> bool:
        return self.ran_out([cast("UUID", topic)], since, now)

    def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[Fact]:
        return self.between(timeline.of_meeting, cast("UUID", topic), after, upto)

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> Seen | Ended:
        meeting, viewer = await self._meeting(topic), cast("Who", viewer_class)
        facts = self.facts()
        if meeting is None or not may_attend(viewer, meeting, facts.at):
            return ENDED
        # Nobody but the organisers follows how the agenda is made.
        if meeting.state in UNPUBLISHED and not prepares(viewer, meeting, facts.at):
            return Seen.UNTOLD
        named = item_named(meeting, event)
        item = meeting.item(named) if named else None
        sitting = self._sitting(viewer, meeting)
        if named and not sitting.prepares and on_the_draft(meeting, event):
            return Seen.UNTOLD
        hidden = await sitting.hidden(item) if item else None
        if hidden in (None, RedactionReason.RECUSED) and interested(event) == viewer.user:
            # Everybody hears of their own interest, also when it is what withholds the item.
            return Seen.SHOWN
        if hidden is not None:
            if isinstance(event.event, RecusalEvent):
                return Seen.UNTOLD
            return SEEN[told_withheld(event.event)]
        held: Case | None = (await facts.case(item.case)).state if item and item.case else None
        seen = await facts.sight(viewer, held) if held else None
        at = event.envelope.occurred_at
        if stream_of_event(event.event) is CASE:
            return SEEN[told(seen, held, event.event, at)]
        # An item that is gone may be one that was kept from the viewer: only who prepares the agenda hears of it.
        if named and item is None and not sitting.prepares:
            return Seen.UNTOLD
        return SEEN[told_at_meeting(seen, held, event.event, at, prepares=sitting.prepares)]

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> types.MeetingUpdate:
        held = await self.catch.present.states.get(MEETING, cast("UUID", topic))
        meeting: Meeting = held.state
        sitting = self._sitting(cast("Who", viewer_class), meeting)
        item = meeting.item(item) if (item := item_named(meeting, event)) else None
        return types.MeetingUpdate(
            position=Position(event.position),
            event=event.topic,
            at=event.envelope.occurred_at,
            by=worker(event),
            meeting=sitting.view(held.version, held.position),
            item=await sitting.item(item) if item else None,
        )

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        position = self.catch.present.follower.position
        held = await self.catch.present.states.get(MEETING, cast("UUID", topic))
        facts = self.facts()
        sitting = await Sitting.of(Reading(facts, cast("Who", viewer_class)), held.state)
        shown = sitting.view(held.version, held.position)
        update = types.MeetingUpdate(
            position=Position(position), event=PRESENT, at=facts.at, by=None, meeting=shown, item=None
        )
        return position, update

    def _sitting(self, viewer: Who, meeting: Meeting) -> Sitting:
        """One for all that a class is asked and told of an event: what it found is good until any state has moved."""
        facts, moves = self.facts(), self.catch.present.states.moves
        if self._sat[0] is not facts or self._sat[1] != moves:
            self._sat = (facts, moves)
            self._sittings = {}
        key = (meeting.meeting, viewer)
        known = self._sittings.get(key)
        if known is None or known.shown is not meeting:
            known = self._sittings[key] = Sitting.now(Reading(facts, viewer), meeting)
        return known

    async def _meeting(self, topic: Hashable) -> Meeting | None:
        return (await self.catch.present.states.get(MEETING, cast("UUID", topic))).state


def on_the_draft(meeting: Meeting, event: Fact) -> bool:
    """Whether the fact is older than the agenda that was published: how that was made is not told afterwards either."""
    return meeting.published_at is not None and event.envelope.occurred_at < meeting.published_at


def interested(event: Fact) -> str | None:
    """Whose interest in an item the fact is about."""
    match event.event:
        case attendance.InterestDeclared(user=user) | attendance.InterestResolved(user=user):
            return user
        case _:
            return None


def item_named(meeting: Meeting, event: Fact) -> UUID | None:
    """The item an event is about: the one it names, or that of the case on whose stream it stands."""
    named = getattr(event.event, "item", None)
    if isinstance(named, UUID):
        return named
    return next((item.item for item in meeting.items if item.case == event.stream), None)
