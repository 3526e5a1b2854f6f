"""`caseUpdates(caseId)`: everything recorded on the case and beside it, each as far as the viewer may see it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Hashable, Iterable, Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

import strawberry
from msgspec.structs import replace

from catch.access import Changes, RedactionReason, Sight, Who, told
from catch.api.case import types
from catch.api.case.merges import linked
from catch.api.case.reading import Reading
from catch.api.common.scalars import Position
from catch.api.common.subscription import NOBODY, PRESENT, SEEN, Fact, FollowedLive, Shared, changes, worker
from catch.api.engine.costs import weighs
from catch.app import Catch
from catch.domain.case.recusal import RecusalEvent
from catch.domain.case.state import Case
from catch.domain.refusals import UnknownCase
from catch.domain.streams import CASE, RESTRICTED, stream_of_event
from catch.identity.tokens import Viewer
from catch.live.source import Ended, Opening, Seen
from catch.present.rights import Rights
from projections import timeline

ENDED = Ended("You may no longer follow this case.")


@strawberry.type
class CaseSubscription:
    """Only declares: the live side delivers, from the source below."""

    @strawberry.subscription(
        description="Everything that happens in a case, as far as the viewer may see it.", metadata=weighs(20)
    )
    async def case_updates(self, case_id: UUID, after: Position | None = None) -> AsyncGenerator[types.CaseMessage]:
        raise FollowedLive
        yield


class CaseSource(Shared):
    """A viewer class is who asks (named only where a meeting's rule names them) and what they see of the case."""

    def __init__(self, catch: Catch, rights: Rights | None = None, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(catch, rights, clock)
        self._opened: dict[UUID, set[datetime]] = {}
        """When what somebody here opened in an emergency closes again, by case."""

    async def open(self, viewer: Viewer, arguments: Mapping[str, object]) -> Opening:
        topic = cast("UUID", arguments["caseId"])
        found = await self.classify(viewer, topic)
        if isinstance(found, Ended):
            raise UnknownCase(case=topic)
        return Opening(topic, found)

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        known, case = await self.who(viewer), cast("UUID", topic)
        who = await self.facts().looking(known) if known else None
        if who is not None and who.glass:
            # Of this case alone: what else they have opened is nothing to what they follow here.
            who = replace(who, glass=frozenset(each for each in who.glass if each[0] == case))
            self._opened.setdefault(case, set()).update(until for _, until in who.glass)
        found = await self._sight(who, topic) if who else None
        if who is None or found is None:
            return ENDED
        seats = (await self.facts().seats([case]))[case]
        named = any(seat.names(viewer.user) for seat in seats) or await linked(self.facts(), [case])
        bound = frozenset(seat.meeting for seat in seats if seat.binds(who.user))
        here = frozenset(seat.meeting for seat in seats if seat.hosts(who.user))
        # Nobody in particular, where no rule names them: colleagues with equal rights are then written to once.
        return (who if named else replace(who, user=NOBODY, bound=bound, here=here), found)

    def topics(self, event: Fact, followed: Collection[Hashable]) -> Iterable[Hashable]:
        stream = stream_of_event(event.event)
        if stream is RESTRICTED:
            return (event.event.case,)
        return (event.stream,) if stream is CASE else ()

    def rights(self, event: Fact, followed: Collection[Hashable]) -> Collection[Hashable]:
        match changes(event):
            case Changes.CASE:
                # Whoever is kept out of one case of a person has no other of theirs open: which follow, is looked up.
                open_ = self._opened if isinstance(event.event, RecusalEvent) else ()
                return [case for case in {event.stream, *open_} if case in followed]
            case Changes.SEATS:
                return [case for case in self.catch.present.appearances.cases(event.stream) if case in followed]
            case Changes.PARTNER | Changes.PERSON:
                return followed
            case Changes.GLASS:
                return [event.event.case] if event.event.case in followed else []
            case Changes.MEETING | None:
                return []

    async def view(self, topic: Hashable, viewer_class: Hashable) -> Hashable:
        who, seen = cast("tuple[Who, Sight]", viewer_class)
        return self.standing(who), seen, await Reading(self.facts(), who).told_of_person(cast("UUID", topic), seen)

    def runs_out(self, topic: Hashable, since: datetime, now: datetime) -> bool:
        case = cast("UUID", topic)
        return self.ran_out(self.catch.present.appearances.meetings([case]), since, now, self._closing(case, since))

    def _closing(self, case: UUID, since: datetime) -> Collection[datetime]:
        """What closes after this moment; what did before is forgotten."""
        left = {until for until in self._opened.pop(case, ()) if until > since}
        if left:
            self._opened[case] = left
        return left

    def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[Fact]:
        return self.between(timeline.of_case, cast("UUID", topic), after, upto)

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> Seen | Ended:
        who, known = cast("tuple[Who, Sight]", viewer_class)
        now = await self._sight(who, topic)
        if now is None:
            return ENDED
        # By the less of both: rights may have grown since, and those who have more have another class by then.
        return SEEN[told(narrower(known, now), await self._case(topic), event.event, event.envelope.occurred_at)]

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> types.CaseUpdate:
        return await self._update(topic, viewer_class, event.position, event)

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        position = self.catch.present.follower.position
        return position, await self._update(topic, viewer_class, position, None)

    async def _update(
        self, topic: Hashable, viewer_class: Hashable, position: int, event: Fact | None
    ) -> types.CaseUpdate:
        who, known = cast("tuple[Who, Sight]", viewer_class)
        held = await self.catch.present.states.get(CASE, cast("UUID", topic))
        facts = self.facts()
        seen = narrower(known, await self._sight(who, topic))
        return types.CaseUpdate(
            position=Position(position),
            event=event.topic if event else PRESENT,
            at=event.envelope.occurred_at if event else facts.at,
            by=worker(event) if event and seen.categories else None,
            case=await Reading(facts, who).case(held.state, seen, held.version, held.position),
        )

    async def _case(self, topic: Hashable) -> Case | None:
        return (await self.catch.present.states.get(CASE, cast("UUID", topic))).state

    async def _sight(self, who: Who, topic: Hashable) -> Sight | None:
        case = await self._case(topic)
        return await self.facts().sight(who, case) if case else None


def narrower(known: Sight, now: Sight | None) -> Sight:
    """No more than what the class stands for, and no more than what is still seen."""
    if now is None:
        return Sight(frozenset(), RedactionReason.NOT_INVOLVED, known.agency)
    both = known.everything and now.everything
    return replace(now, categories=known.categories & now.categories, everything=both)
