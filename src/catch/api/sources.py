"""Behind the subscriptions: which facts concern a meeting, a case or an inbox, who may see them, what each says.

State and rights are those of now, for live and for replayed messages alike: what somebody has lost the right to is not
delivered late. A viewer class names a person only where a rule names them.
"""

from collections.abc import AsyncIterator, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from msgspec.structs import replace

from catch.access import RedactionReason, Sight, item_closed, item_hidden, may_attend, sight
from catch.api import types
from catch.api.identity import Viewer
from catch.api.reading import Facts, Reading, inbox_entries
from catch.api.scalars import Position
from catch.app import Catch
from catch.domain.case import actions, plan
from catch.domain.case.notes import NoteAdded
from catch.domain.case.proposals import CaseDiscussed, MeetingDecisionRecorded, MeetingProposed
from catch.domain.case.state import Case
from catch.domain.facts import Actor, Category, Recorded, Role
from catch.domain.meeting import attendance, drafting, invitations, session
from catch.domain.meeting.state import UNPUBLISHED, Meeting
from catch.domain.partner import PartnerEvent
from catch.domain.refusals import Refused, UnknownCase, UnknownMeeting
from catch.domain.streams import CASE, MEETING, stream_of_event
from catch.live.source import Ended, Opening, Seen
from catch.log.codec import decode
from catch.log.entries import Stored
from projections import agency_inbox, timeline

Fact = Recorded[Any]

NOBODY = ""
"""The user of a viewer class that stands for everybody of an agency and a role."""
PRESENT = "Present"
"""The event of a first message: the state as it is, before anything new."""
RIGHTS_CHANGE = (
    attendance.InterestDeclared
    | attendance.InterestResolved
    | invitations.MemberInvited
    | invitations.InvitationWithdrawn
    | drafting.AgendaPublished
    | session.MeetingEnded
)


class NoInbox(Refused):
    """An inbox belongs to an agency that takes on actions."""


def worker(event: Fact) -> types.Worker:
    actor = event.envelope.actor
    return types.Worker(user=actor.user, agency=actor.agency)


async def at_positions(catch: Catch, where: str, key: UUID, after: int, upto: int) -> AsyncIterator[Fact]:
    """Facts of the log chosen through the timeline, in order."""
    await catch.reached(upto)
    rows = await catch.log.pool.fetch(
        "select notification_id, originator_id, originator_version, topic, state, e.recorded_at"  # noqa: S608
        f" from {timeline.TABLE} t join stored_events e on e.notification_id = t.position"
        f" where t.{where} = $1 and t.position > $2 and t.position <= $3 order by t.position",
        key,
        after,
        upto,
    )
    for row in rows:
        yield decode(Stored(*row))


class Shared:
    """What the three sources have in common."""

    def __init__(self, catch: Catch) -> None:
        self.catch = catch
        self._latest: tuple[int, Facts] | None = None

    async def head(self) -> int:
        return self.catch.heard

    def context(self, topic: Hashable, viewer_class: Hashable) -> object:
        return None

    def facts(self, position: int = 0) -> Facts:
        """Texts are unsealed once for all groups that hear of the same event."""
        if self._latest is None or not position or self._latest[0] != position:
            self._latest = (position, Facts(self.catch, datetime.now(UTC)))
        return self._latest[1]

    def changes_rights(self, event: Fact) -> bool:
        return isinstance(event.event, PartnerEvent | RIGHTS_CHANGE)


class MeetingSource(Shared):
    """`meeting(id)`: everything recorded on the meeting, and on cases in the course of it."""

    async def open(self, viewer: Viewer, arguments: Mapping[str, object]) -> Opening:
        topic = cast("UUID", arguments["id"])
        found = await self.classify(viewer, topic)
        if isinstance(found, Ended):
            raise UnknownMeeting(meeting=topic)
        return Opening(topic, found)

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        meeting = await self._meeting(topic)
        facts = self.facts()
        partner = await facts.partner(viewer.agency)
        if meeting is None or not may_attend(viewer.actor, meeting, partner, facts.at):
            return Ended("You may no longer follow this meeting.")
        named = (
            viewer.user == meeting.chair
            or any(held.user == viewer.user for held in meeting.interests)
            or any(held.user == viewer.user for held in meeting.invitations)
        )
        return viewer.actor if named else replace(viewer.actor, user=NOBODY)

    def topics(self, event: Fact) -> Iterable[Hashable]:
        return () if event.envelope.meeting is None else (event.envelope.meeting,)

    def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[Fact]:
        return at_positions(self.catch, "meeting", cast("UUID", topic), after, upto)

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> Seen | Ended:
        meeting, viewer = await self._meeting(topic), cast("Actor", viewer_class)
        facts = self.facts(event.position)
        partner = await facts.partner(viewer.agency)
        if meeting is None or not may_attend(viewer, meeting, partner, facts.at):
            return Ended("You may no longer follow this meeting.")
        item = meeting.item(item) if (item := item_named(meeting, event)) else None
        if item is None:
            # Nobody but the organisers follows how the agenda is made.
            return Seen.HIDDEN if viewer.role is Role.PARTNER and meeting.state in UNPUBLISHED else Seen.SHOWN
        hidden = item_hidden(viewer, meeting, item)
        case: Case | None = (await facts.case(item.case)).state if item.case and not hidden else None
        if case is not None:
            hidden = item_closed(viewer, meeting, item, case, partner, facts.at)
        recusal = isinstance(event.event, attendance.InterestDeclared | attendance.InterestResolved)
        if hidden is None or (hidden is RedactionReason.RECUSED and recusal):
            return Seen.SHOWN
        return Seen.HIDDEN

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> types.MeetingUpdate:
        held = await self.catch.states.get(MEETING, cast("UUID", topic))
        meeting: Meeting = held.state
        reading = Reading(self.facts(event.position), cast("Actor", viewer_class))
        item = meeting.item(item) if (item := item_named(meeting, event)) else None
        return types.MeetingUpdate(
            position=Position(event.position),
            event=event.topic,
            at=event.envelope.occurred_at,
            by=worker(event),
            meeting=await reading.meeting(meeting, held.version, held.position),
            item=reading.item(meeting, item) if item else None,
        )

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        position = self.catch.heard
        held = await self.catch.states.get(MEETING, cast("UUID", topic))
        meeting: Meeting = held.state
        facts = self.facts()
        await facts.prefetch([item.case for item in meeting.items if item.case])
        shown = await Reading(facts, cast("Actor", viewer_class)).meeting(meeting, held.version, held.position)
        update = types.MeetingUpdate(
            position=Position(position), event=PRESENT, at=facts.at, by=None, meeting=shown, item=None
        )
        return position, update

    async def _meeting(self, topic: Hashable) -> Meeting | None:
        return (await self.catch.states.get(MEETING, cast("UUID", topic))).state


def item_named(meeting: Meeting, event: Fact) -> UUID | None:
    """The item an event is about: the one it names, or that of the case on whose stream it stands."""
    named = getattr(event.event, "item", None)
    if isinstance(named, UUID):
        return named
    return next((item.item for item in meeting.items if item.case == event.stream), None)


class CaseSource(Shared):
    """`caseUpdates(caseId)`: everything recorded on the case, each as far as the viewer may see it."""

    async def open(self, viewer: Viewer, arguments: Mapping[str, object]) -> Opening:
        topic = cast("UUID", arguments["caseId"])
        found = await self.classify(viewer, topic)
        if isinstance(found, Ended):
            raise UnknownCase(case=topic)
        return Opening(topic, found)

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        found = await self._sight(viewer.actor, cast("UUID", topic))
        if found is None or (not found.categories and found.hidden is RedactionReason.RECUSED):
            return Ended("You may no longer follow this case.")
        # Rights of the same kind are answered with the same bytes, whoever of the agency asks.
        named = await self._named(viewer.user, cast("UUID", topic))
        return (viewer.actor if named else replace(viewer.actor, user=NOBODY), found)

    def topics(self, event: Fact) -> Iterable[Hashable]:
        return (event.stream,) if stream_of_event(event.event) is CASE else ()

    def changes_rights(self, event: Fact) -> bool:
        return super().changes_rights(event) or stream_of_event(event.event) is CASE

    def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[Fact]:
        return at_positions(self.catch, "stream", cast("UUID", topic), after, upto)

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> Seen | Ended:
        actor, known = cast("tuple[Actor, Sight]", viewer_class)
        now = await self._sight(actor, cast("UUID", topic))
        if now is None:
            return Ended("You may no longer follow this case.")
        hidden = hides(now, await self._case(topic), event) or hides(known, await self._case(topic), event)
        return Seen.HIDDEN if hidden else Seen.SHOWN

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> types.CaseUpdate:
        return await self._update(topic, viewer_class, event.position, event)

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        position = self.catch.heard
        return position, await self._update(topic, viewer_class, position, None)

    async def _update(
        self, topic: Hashable, viewer_class: Hashable, position: int, event: Fact | None
    ) -> types.CaseUpdate:
        actor, known = cast("tuple[Actor, Sight]", viewer_class)
        held = await self.catch.states.get(CASE, cast("UUID", topic))
        facts = self.facts(position)
        now = await self._sight(actor, cast("UUID", topic))
        seen = replace(known, categories=known.categories & now.categories) if now else nothing(known)
        return types.CaseUpdate(
            position=Position(position),
            event=event.topic if event else PRESENT,
            at=event.envelope.occurred_at if event else facts.at,
            by=worker(event) if event else None,
            case=await Reading(facts, actor).case(held.state, seen, held.version, held.position),
        )

    async def _case(self, topic: Hashable) -> Case | None:
        return (await self.catch.states.get(CASE, cast("UUID", topic))).state

    async def _sight(self, actor: Actor, topic: UUID) -> Sight | None:
        case, facts = await self._case(topic), self.facts()
        if case is None:
            return None
        seats = (await facts.seats([topic]))[topic]
        return sight(actor, case, await facts.partner(actor.agency), seats, facts.at)

    async def _named(self, user: str, topic: UUID) -> bool:
        seats = (await self.facts().seats([topic]))[topic]
        return any(seat.names(user) for seat in seats)


def nothing(known: Sight) -> Sight:
    return replace(known, categories=frozenset(), everything=False)


def hides(seen: Sight, case: Case | None, event: Fact) -> bool:
    """Whether the viewer may not even know what happened. Actions an agency owns are its own to follow."""
    fact = event.event
    if isinstance(fact, actions.ActionEvent):
        held = case.action(fact.action) if case else None
        return seen.hides(Category.ACTIONS) is not None and (held is None or held.owner != seen.agency)
    if isinstance(fact, NoteAdded):
        addressed = not fact.audience or seen.agency in fact.audience
        if not seen.mentions(fact.category):
            return True
        return (
            not seen.everything
            and fact.by.agency != seen.agency
            and (not addressed or seen.hides(fact.category) is not None)
        )
    if isinstance(fact, plan.PlanEvent):
        return seen.hides(Category.PLAN) is not None
    if isinstance(fact, MeetingProposed | CaseDiscussed | MeetingDecisionRecorded):
        return seen.hides(Category.DISCUSSION) is not None
    return False


class InboxSource(Shared):
    """`agencyInbox`: actions offered to the viewer's agency and what becomes of them, and invitations."""

    async def open(self, viewer: Viewer, arguments: Mapping[str, object]) -> Opening:
        found = await self.classify(viewer, viewer.agency)
        if isinstance(found, Ended):
            raise NoInbox(role=viewer.role)
        return Opening(viewer.agency, found)

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        if viewer.role not in (Role.PARTNER, Role.COORDINATOR, Role.CHAIR):
            return Ended("This role has no inbox.")
        partner = await self.facts().partner(viewer.agency)
        if partner is not None and any(held.user == viewer.user and held.suspended for held in partner.members):
            return Ended("Your agency has suspended your access.")
        return replace(viewer.actor, user=NOBODY)

    def topics(self, event: Fact) -> Iterable[Hashable]:
        case = self.catch.states.at_hand(event.stream) if isinstance(event.event, actions.ActionEvent) else None
        return agencies_of(event, case.state if case else None)

    async def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[Fact]:
        rows = await self.catch.log.pool.fetch(
            "select notification_id, originator_id, originator_version, topic, state, recorded_at from stored_events"
            " where notification_id > $1 and notification_id <= $2 and topic = any($3) order by notification_id",
            after,
            upto,
            [kind.__name__ for kind in INBOX_EVENTS],
        )
        facts = [decode(Stored(*row)) for row in rows]
        owners = await self._owners({fact.stream for fact in facts if isinstance(fact.event, actions.ActionEvent)})
        for fact in facts:
            agencies = owners.get(fact.position) or agencies_of(fact, None)
            if topic in agencies:
                yield fact

    async def _owners(self, cases: Iterable[UUID]) -> Mapping[int, Sequence[str]]:
        """By position, the agencies that each fact about an action concerned when it was recorded."""
        found: dict[int, Sequence[str]] = {}
        owner: dict[UUID, str] = {}
        for stored in await self.catch.log.streams(list(cases)):
            fact = decode(stored)
            if not isinstance(fact.event, actions.ActionEvent):
                continue
            event = fact.event
            if isinstance(event, actions.ActionOffered | actions.ActionReassigned):
                found[fact.position] = agencies_of(fact, None)
                owner[event.action] = event.owner
            elif event.action in owner:
                found[fact.position] = (owner[event.action],)
        return found

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> Seen | Ended:
        return Seen.SHOWN

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Fact) -> types.InboxUpdate:
        await self.catch.reached(event.position)
        entry = next(iter(agency_inbox.keys(event)), None)
        rows = await agency_inbox.entries(self.catch.log.pool, cast("str", topic), [entry] if entry else [])
        shown = await inbox_entries(Reading(self.facts(event.position), cast("Actor", viewer_class)), rows)
        return types.InboxUpdate(
            position=Position(event.position),
            event=event.topic,
            at=event.envelope.occurred_at,
            entry_id=entry,
            entry=shown[0] if shown else None,
        )

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        position, now = self.catch.heard, datetime.now(UTC)
        return position, types.InboxUpdate(
            position=Position(position), event=PRESENT, at=now, entry_id=None, entry=None
        )


INBOX_EVENTS = (*agency_inbox.OF_ACTIONS, invitations.MemberInvited, invitations.InvitationWithdrawn)


def agencies_of(event: Fact, case: Case | None) -> Sequence[str]:
    """The agencies whose inbox the fact concerns. A reassigned action leaves one and reaches another."""
    match event.event:
        case actions.ActionOffered(owner=owner):
            return (owner,)
        case actions.ActionReassigned(owner=owner, before=before):
            return (owner, before)
        case invitations.MemberInvited(agency=agency) | invitations.InvitationWithdrawn(agency=agency):
            return (agency,)
        case _:
            held = case.action(event.event.action) if case and isinstance(event.event, actions.ActionEvent) else None
            return (held.owner,) if held else ()
