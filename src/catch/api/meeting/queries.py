"""One meeting, lists of meetings, its draft, and why a case is not on its agenda."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, cast
from uuid import UUID

import strawberry
from msgspec.structs import replace

from catch.access import Agreed, prepares
from catch.access.listing import oversees
from catch.api.case.reading import Reading
from catch.api.common import types as common_types
from catch.api.common.context import Context, Info, NotForYourRole
from catch.api.common.cursors import instant_in, page_size
from catch.api.common.facts import Past, folded
from catch.api.common.scalars import Position
from catch.api.engine.costs import weighs
from catch.api.meeting import agenda_types
from catch.api.meeting import types as meeting_types
from catch.api.meeting.listing import Between, attended_as_last_known, attends, found_meetings
from catch.api.meeting.view import Sitting, reason
from catch.app import Catch
from catch.domain.agenda.absence import Explanation, Standing, why_not
from catch.domain.agenda.draft import AGENDA_ITEMS
from catch.domain.agenda.facts import CaseFacts
from catch.domain.calendar import LONDON
from catch.domain.meeting.listing import Agenda
from catch.domain.meeting.state import OVER, Meeting
from catch.domain.refusals import UnknownCase, UnknownMeeting
from catch.domain.streams import MEETING
from catch.log.entries import Unreadable
from catch.present.states import Held
from catch.readside import as_at as history
from projections import agenda, minutes


async def seen_meeting(context: Context, meeting: UUID) -> Held | None:
    """The meeting as it stands, or None where, for the viewer, there is none. Raises an `Unreadable` to who attends."""
    states = context.catch.present.states
    await context.reading.facts.rights.proven()
    if states.at_hand(meeting) is None and await agenda.one(context.catch.log.pool, meeting) is None:
        # Ids that name nothing must not push out what is at hand.
        context.reading.facts.rests.rows = True
        return None
    try:
        held = await states.get(MEETING, meeting)
    except Unreadable:
        if await attended_as_last_known(context, meeting):
            raise
        return None
    return held if held.state is not None and attends(context, held.state) else None


async def prepared_meeting(context: Context, meeting: UUID) -> Meeting:
    """The meeting, for those who prepare it. Another meeting's chair is a guest like any other."""
    if not oversees(context.who):
        raise NotForYourRole
    row = await seen_meeting(context, meeting)
    if row is None or not prepares(context.who, row.state, context.reading.facts.at):
        raise UnknownMeeting(meeting=meeting)
    return row.state


async def drafted_now(catch: Catch, meeting: Meeting) -> Agenda:
    """The same for all who prepare the meeting, made once for those who ask while nothing new is recorded."""

    async def make() -> Agenda:
        facts = await catch.records.agenda_facts(meeting.meeting)
        # In a thread: it is pure, and over a whole programme takes longer than the loop may be held up.
        return await asyncio.to_thread(facts.drafted, catch.keyring.digest(AGENDA_ITEMS))

    return await catch.present.works.get(("draft", meeting.meeting, await catch.log.head()), make)


async def standing_of(catch: Catch, meeting: Meeting, case: UUID, told: Agreed) -> Explanation:
    """Likewise, where one case stands towards it, or stood when it is over, for those who are told as much."""

    async def make() -> Explanation:
        records = catch.records
        over = meeting.state in OVER
        facts = await (records.facts_then(meeting, case) if over else records.agenda_facts(meeting.meeting, case))
        return await asyncio.to_thread(why_not, facts.series, facts.meeting, told_of(told, facts.cases, case), case)

    # By what the viewer may be told, not by who they are: whoever is told as much gets the same answer.
    key = ("why not", meeting.meeting, case, told.restricted, await catch.log.head())
    return await catch.present.works.get(key, make)


def start_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), LONDON) if day else None


NOT_PUT_FORWARD = frozenset(
    {Standing.UNKNOWN, Standing.OTHER_PROGRAMME, Standing.OTHER_SERIES, Standing.NOT_LIVE, Standing.NO_REASON}
)


def told_of(told: Agreed, facts: Sequence[CaseFacts], case: UUID) -> list[CaseFacts]:
    """The facts as if what is restricted about the case were not there, for who may not know of it."""
    if told.restricted:
        return list(facts)
    return [replace(held, safeguarding_since=None) if held.case == case else held for held in facts]


@strawberry.type
class MeetingQueries:
    @strawberry.field(
        description="A meeting, now or as it was; null where, for the viewer, there is none.",
        metadata=weighs(20, past=100),
    )
    async def meeting(
        self,
        info: Info,
        id: UUID,  # noqa: A002
        as_at: common_types.AsAt | None = None,
        at_least: Position | None = None,
    ) -> meeting_types.Meeting | None:
        context = info.context
        await context.reached(at_least)
        row = await seen_meeting(context, id)
        if as_at is None:
            context.reading.facts.rests.name(id)
        if row is None:
            return None
        if as_at is None:
            return (await Sitting.of(context.reading, row.state)).view(row.version, row.position)
        past = Past(context.catch, as_at)
        recorded = await past.history(id)
        held = folded(MEETING, recorded)
        if held.state is None:
            return None
        reading = Reading(context.reading.facts, context.who, past)
        written = cast("minutes.Row", history(minutes.MINUTES, id, recorded))
        return (await Sitting.of(reading, held.state, row.state)).view(held.version, held.position, written)

    @strawberry.field(
        description="One item of a meeting, the open one where none is named; null where, for the viewer, there is no"
        " such meeting or item.",
        metadata=weighs(20),
    )
    async def agenda_item(
        self, info: Info, meeting_id: UUID, item_id: UUID | None = None, at_least: Position | None = None
    ) -> agenda_types.AgendaItem | None:
        context = info.context
        await context.reached(at_least)
        row = await seen_meeting(context, meeting_id)
        context.reading.facts.rests.name(meeting_id)
        if row is None:
            return None
        held: Meeting = row.state
        item = held.item(item_id) if item_id else held.open_item
        return await Sitting(context.reading, held, held).item(item) if item else None

    @strawberry.field(description="Meetings that the viewer may see, by their start.", metadata=weighs(10, each=10))
    async def meetings(
        self,
        info: Info,
        series: str | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        to: date | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> meeting_types.MeetingConnection:
        asked = Between(series, start_of(from_), start_of(to))
        return await found_meetings(info.context, asked, page_size(first), instant_in(after))

    @strawberry.field(
        description="The draft as it would be now, for those who prepare the meeting.", metadata=weighs(500)
    )
    async def agenda_preview(self, info: Info, meeting_id: UUID) -> agenda_types.Agenda:
        context = info.context
        meeting = await prepared_meeting(context, meeting_id)
        drafted = await drafted_now(context.catch, meeting)
        sitting = Sitting(context.reading, meeting, meeting)
        warned = [each.case for each in drafted.warnings if each.case]
        await sitting.look({*warned, *(item.case for item in (*drafted.items, *drafted.overflow))})
        return await sitting.draft(drafted)

    @strawberry.field(
        description="Where a case stands towards a meeting, and why: an answer for any case.", metadata=weighs(500)
    )
    async def why_not_on_agenda(self, info: Info, case_id: UUID, meeting_id: UUID) -> meeting_types.Explanation:
        context = info.context
        meeting = await prepared_meeting(context, meeting_id)
        sitting = Sitting(context.reading, meeting, meeting)
        await sitting.look([case_id])
        told = await sitting.agreed(case_id)
        answer = await standing_of(context.catch, meeting, case_id, told)
        stranger = await context.reading.sight(case_id) is None
        # A case that is put forward is told of to those who prepare the meeting; of any other, strangers know nothing.
        if case_id in sitting.recused or (stranger and answer.standing in NOT_PUT_FORWARD):
            raise UnknownCase(case=case_id)
        return meeting_types.Explanation(
            case_id=answer.case,
            standing=answer.standing,
            text=answer.text,
            reasons=[reason(each) for each in told.reasons(answer.reasons)],
            missing=list(answer.missing),
            expected_on=answer.expected_on,
            next_reason=answer.next_reason,
            next_reason_on=answer.next_reason_on,
        )
