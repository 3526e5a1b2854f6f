"""`meeting(id)`: everything recorded on the meeting, and on cases in the course of it."""

from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterable, Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

from msgspec.structs import replace

from catch.access import RedactionReason, Who, may_attend, prepares
from catch.api import types
from catch.api.facts import Facts
from catch.api.identity import Viewer
from catch.api.reading import Reading
from catch.api.rights import Rights
from catch.api.scalars import Position
from catch.api.sitting import Sitting
from catch.api.sources.common import (
    CASE_RIGHTS,
    NOBODY,
    PARTNER_RIGHTS,
    PRESENT,
    SEAT_RIGHTS,
    Fact,
    Shared,
    told,
    utc,
    worker,
)
from catch.app import Catch
from catch.domain.meeting import attendance, planning
from catch.domain.meeting.state import UNPUBLISHED, Meeting
from catch.domain.refusals import UnknownMeeting
from catch.domain.streams import CASE, MEETING, stream_of_event
from catch.live.source import Ended, Opening, Seen
from catch.seating import spoken_of
from projections import timeline

ENDED = Ended("You may no longer follow this meeting.")
ATTENDANCE_RIGHTS = attendance.AttendeeJoined | planning.MeetingCancelled | planning.MeetingPlanned
"""Facts after which somebody may follow the meeting itself, or see its agenda, who could not before."""


class MeetingSource(Shared):
    def __init__(self, catch: Catch, rights: Rights | None = None, clock: Callable[[], datetime] = utc) -> None:
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
        named = (
            who.user == meeting.chair
            or any(held.user == who.user for held in meeting.interests)
            or any(held.user == who.user for held in meeting.invitations)
            or await self._named_elsewhere(meeting, who.user)
        )
        if named:
            return who
        at = frozenset((meeting.meeting,)) if meeting.accepted_by(who.user) else frozenset[UUID]()
        return replace(who, user=NOBODY, bound=at)

    async def _named_elsewhere(self, meeting: Meeting, user: str) -> bool:
        """Another meeting may have something to say of this user and one of these cases."""
        cases = spoken_of(meeting)
        self.catch.seating.note(meeting)
        seats = await self.facts().seats(cases)
        return any(seat.names(user) for case in cases for seat in seats[case])

    def topics(self, event: Fact, followed: Collection[Hashable]) -> Iterable[Hashable]:
        return () if event.envelope.meeting is None else (event.envelope.meeting,)

    def rights(self, event: Fact, followed: Collection[Hashable]) -> Collection[Hashable]:
        """What ends for one meeting's cases is felt at every other meeting that speaks of them."""
        match event.event:
            case _ if isinstance(event.event, CASE_RIGHTS):
                return self._speaking_of([event.stream], followed)
            case _ if isinstance(event.event, SEAT_RIGHTS):
                return {*self._speaking_of(self.catch.seating.cases(event.stream), followed)} | (
                    {event.stream} & set(followed)
                )
            case _ if isinstance(event.event, ATTENDANCE_RIGHTS):
                return [event.stream] if event.stream in followed else []
            case _:
                return followed if isinstance(event.event, PARTNER_RIGHTS) else []

    def _speaking_of(self, cases: Iterable[UUID], followed: Collection[Hashable]) -> Collection[Hashable]:
        return [meeting for meeting in self.catch.seating.meetings(cases) if meeting in followed]

    def runs_out(self, topic: Hashable, since: datetime, now: datetime) -> bool:
        return self.ran_out([cast("UUID", topic)], since, now)

    def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[Fact]:
        return self.between(timeline.of_meeting, cast("UUID", topic), after, upto)

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> Seen | Ended:
        meeting, viewer = await self._meeting(topic), cast("Who", viewer_class)
        facts = self.facts()
        if meeting is None or not may_attend(viewer, meeting, facts.at):
            return ENDED
        item = meeting.item(item) if (item := item_named(meeting, event)) else None
        if item is None:
            # Nobody but the organisers follows how the agenda is made.
            unpublished = meeting.state in UNPUBLISHED and not prepares(viewer, meeting, facts.at)
            return Seen.HIDDEN if unpublished or stream_of_event(event.event) is CASE else Seen.SHOWN
        sitting = self._sitting(viewer, meeting)
        hidden = await sitting.hidden(item)
        if hidden is not None:
            recusal = isinstance(event.event, attendance.InterestDeclared | attendance.InterestResolved)
            own = recusal and hidden is RedactionReason.RECUSED and event.event.user == viewer.user
            return Seen.SHOWN if own else Seen.HIDDEN
        if stream_of_event(event.event) is CASE:
            held = (await facts.case(event.stream)).state
            return told(await facts.sight(viewer, held) if held else None, held, event)
        return Seen.SHOWN

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> types.MeetingUpdate:
        held = await self.catch.states.get(MEETING, cast("UUID", topic))
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
        position = self.catch.hearing.position
        held = await self.catch.states.get(MEETING, cast("UUID", topic))
        facts = self.facts()
        sitting = await Sitting.of(Reading(facts, cast("Who", viewer_class)), held.state)
        shown = sitting.view(held.version, held.position)
        update = types.MeetingUpdate(
            position=Position(position), event=PRESENT, at=facts.at, by=None, meeting=shown, item=None
        )
        return position, update

    def _sitting(self, viewer: Who, meeting: Meeting) -> Sitting:
        """One for all that a class is asked and told of an event: what it found is good until any state has moved."""
        facts, moves = self.facts(), self.catch.states.moves
        if self._sat[0] is not facts or self._sat[1] != moves:
            self._sat = (facts, moves)
            self._sittings = {}
        key = (meeting.meeting, viewer)
        known = self._sittings.get(key)
        if known is None or known.shown is not meeting:
            known = self._sittings[key] = Sitting.now(Reading(facts, viewer), meeting)
        return known

    async def _meeting(self, topic: Hashable) -> Meeting | None:
        return (await self.catch.states.get(MEETING, cast("UUID", topic))).state


def item_named(meeting: Meeting, event: Fact) -> UUID | None:
    """The item an event is about: the one it names, or that of the case on whose stream it stands."""
    named = getattr(event.event, "item", None)
    if isinstance(named, UUID):
        return named
    return next((item.item for item in meeting.items if item.case == event.stream), None)
