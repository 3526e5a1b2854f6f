"""The queries: each asks the policy first, reads with few statements, and answers what the viewer may see."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, cast
from uuid import UUID

import strawberry
from msgspec.structs import replace

from catch.access import Agreed, has_inbox, prepares, was_there
from catch.api import types
from catch.api.context import Context, Info, NotForYourRole
from catch.api.costs import weighs
from catch.api.cursors import MOST, cursor, day_in, instant_in, page_size
from catch.api.facts import Past, folded
from catch.api.figures import Asked, time_to_outcome
from catch.api.finding import Between, attends, found_cases, found_meetings
from catch.api.inbox import inbox_entries, opened
from catch.api.matches import matches as found_matches
from catch.api.reading import Reading, shows
from catch.api.scalars import Position
from catch.api.sitting import Sitting, reason
from catch.api.standing import Standing as StandingQueries
from catch.api.trail import no_trail
from catch.api.trail import read as read_trail
from catch.api.views import programme as programme_view
from catch.app import Catch
from catch.domain.agenda import AGENDA_ITEMS, draft_agenda
from catch.domain.agenda_absence import Explanation, Standing, why_not
from catch.domain.agenda_facts import CaseFacts
from catch.domain.calendar import LONDON
from catch.domain.facts import Role
from catch.domain.meeting.listing import Agenda
from catch.domain.meeting.state import Meeting
from catch.domain.refusals import UnknownCase, UnknownMeeting, UnknownProgramme
from catch.domain.streams import CASE, MEETING
from catch.log.states import NOTHING, Held
from catch.readside import as_at as history
from projections import agency_inbox, agenda, case_summary, minutes

ORGANISERS = frozenset({Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.COORDINATOR, Role.AUDITOR})


def organises(context: Context) -> None:
    if context.who.roles_held().isdisjoint(ORGANISERS):
        raise NotForYourRole


async def seen_meeting(context: Context, meeting: UUID) -> Held | None:
    """The meeting as it stands, or None where, for the viewer, there is none."""
    states = context.catch.states
    await context.reading.facts.rights.proven()
    if states.at_hand(meeting) is None and await agenda.one(context.catch.log.pool, meeting) is None:
        # Ids that name nothing must not push out what is at hand.
        context.reading.facts.rests.rows = True
        return None
    held = await states.get(MEETING, meeting)
    return held if held.state is not None and attends(context, held.state) else None


async def present_case(context: Context, case: UUID) -> Held:
    """The case as it stands, or nothing."""
    states = context.catch.states
    await context.reading.facts.rights.proven()
    if states.at_hand(case) is None and await case_summary.one(context.catch.log.pool, case) is None:
        context.reading.facts.rests.rows = True
        return NOTHING
    return await states.get(CASE, case)


async def prepared_meeting(context: Context, meeting: UUID) -> Meeting:
    """The meeting, for those who prepare it. Another meeting's chair is a guest like any other."""
    organises(context)
    row = await seen_meeting(context, meeting)
    if row is None or not prepares(context.who, row.state, context.reading.facts.at):
        raise UnknownMeeting(meeting=meeting)
    return row.state


async def drafted_now(catch: Catch, meeting: Meeting) -> Agenda:
    """The same for all who prepare the meeting, made once for those who ask while nothing new is recorded."""

    async def make() -> Agenda:
        series, as_of, facts = await catch.records.agenda_facts(meeting)
        salt = catch.keyring.digest(AGENDA_ITEMS)
        return await asyncio.to_thread(draft_agenda, series, meeting, facts, as_of, salt)

    return await catch.works.get(("draft", meeting.meeting, await catch.log.head()), make)


async def standing_now(catch: Catch, meeting: Meeting, case: UUID, told: Agreed) -> Explanation:
    """Likewise, where one case stands towards it, for those who are told as much."""

    async def make() -> Explanation:
        series, _, facts = await catch.records.agenda_facts(meeting, case)
        return await asyncio.to_thread(why_not, series, meeting, told_of(told, facts, case), case)

    key = ("why not", meeting.meeting, case, told.restricted, await catch.log.head())
    return await catch.works.get(key, make)


def start_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), LONDON) if day else None


NOT_PUT_FORWARD = frozenset({Standing.UNKNOWN, Standing.OTHER_PROGRAMME, Standing.NOT_LIVE, Standing.NO_REASON})


def told_of(told: Agreed, facts: Sequence[CaseFacts], case: UUID) -> list[CaseFacts]:
    """The facts as if what is restricted about the case were not there, for who may not know of it."""
    if told.restricted:
        return list(facts)
    return [replace(held, safeguarding_since=None) if held.case == case else held for held in facts]


async def trail_of(context: Context, stream: UUID) -> list[types.AuditEntry]:
    """What the viewer may read of the stream's history. Raises `UnknownCase`, or `TrailNotYours` where they see it."""
    if context.who.roles_held().isdisjoint(ORGANISERS):
        raise await no_trail(context.reading, stream, None)
    row = await seen_meeting(context, stream)
    return await read_trail(context.reading, stream, row.state if row else None)


@strawberry.type(description="What can be asked.")
class Query(StandingQueries):
    @strawberry.field(description="The programmes that run here, each in its present version.", metadata=weighs(5))
    async def programmes(self, info: Info) -> list[types.Programme]:
        keys = await info.context.catch.programme_keys()
        return [programme_view(await info.context.reading.facts.programme(key)) for key in keys]

    @strawberry.field(description="A programme; without a version, the present one.", metadata=weighs(2))
    async def programme(self, info: Info, key: str, version: int | None = None) -> types.Programme | None:
        try:
            return programme_view(await info.context.reading.facts.programme(key, version))
        except UnknownProgramme:
            return None

    @strawberry.field(
        description="A case, now or as it was; null where, for the viewer, there is none.", metadata=weighs(5, past=100)
    )
    async def case(
        self,
        info: Info,
        id: UUID,  # noqa: A002
        as_at: types.AsAt | None = None,
        at_least: Position | None = None,
    ) -> types.Case | None:
        context = info.context
        await context.reached(at_least)
        if as_at is None:
            context.reading.facts.rests.name(id)
            now = await present_case(context, id)
            context.reading.facts.expect([id])
            return await context.reading.case_by_id(id) if now.state is not None else None
        # What the viewer may see of the past is decided by the rights they have now.
        seen = await context.reading.sight(id)
        past = Past(context.catch, as_at)
        recorded = await past.history(id) if shows(seen) else []
        held = folded(CASE, recorded)
        if not shows(seen) or held.state is None or not was_there(seen, held.state):
            return None
        reading = Reading(context.reading.facts, context.who, past)
        return await reading.case(
            held.state, seen, held.version, held.position, past.moment or recorded[-1].recorded_at
        )

    @strawberry.field(description="Cases that the viewer may see, oldest referral first.", metadata=weighs(10, each=2))
    async def cases(
        self,
        info: Info,
        filter: types.CaseFilter | None = None,  # noqa: A002
        first: int = 50,
        after: str | None = None,
    ) -> types.CaseConnection:
        return await found_cases(info.context, filter or types.CaseFilter(), page_size(first), instant_in(after))

    @strawberry.field(
        description="Who else the person of a case may be: what `lookForMatches` found for the viewer within the last"
        " hour. Null where they have not looked, and where, for them, there is no such case.",
        metadata=weighs(50),
    )
    async def matches(self, info: Info, case_id: UUID, at_least: Position | None = None) -> types.Matches | None:
        context = info.context
        await context.reached(at_least)
        context.reading.facts.rests.name(case_id)
        held = (await present_case(context, case_id)).state
        return await found_matches(context.reading, held) if held else None

    @strawberry.field(
        description="A meeting, now or as it was; null where, for the viewer, there is none.",
        metadata=weighs(20, past=100),
    )
    async def meeting(
        self,
        info: Info,
        id: UUID,  # noqa: A002
        as_at: types.AsAt | None = None,
        at_least: Position | None = None,
    ) -> types.Meeting | None:
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

    @strawberry.field(description="Meetings that the viewer may see, by their start.", metadata=weighs(10, each=10))
    async def meetings(
        self,
        info: Info,
        series: str | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        to: date | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> types.MeetingConnection:
        asked = Between(series, start_of(from_), start_of(to))
        return await found_meetings(info.context, asked, page_size(first), instant_in(after))

    @strawberry.field(
        description="The draft as it would be now, for those who prepare the meeting.", metadata=weighs(500)
    )
    async def agenda_preview(self, info: Info, meeting_id: UUID) -> types.Agenda:
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
    async def why_not_on_agenda(self, info: Info, case_id: UUID, meeting_id: UUID) -> types.Explanation:
        context = info.context
        meeting = await prepared_meeting(context, meeting_id)
        sitting = Sitting(context.reading, meeting, meeting)
        await sitting.look([case_id])
        told = await sitting.agreed(case_id)
        answer = await standing_now(context.catch, meeting, case_id, told)
        stranger = await context.reading.sight(case_id) is None
        # A case that is put forward is told of to those who prepare the meeting; of any other, strangers know nothing.
        if case_id in sitting.recused or (stranger and answer.standing in NOT_PUT_FORWARD):
            raise UnknownCase(case=case_id)
        return types.Explanation(
            case_id=answer.case,
            standing=answer.standing,
            text=answer.text,
            reasons=[reason(each) for each in told.reasons(answer.reasons)],
            missing=list(answer.missing),
            expected_on=answer.expected_on,
            next_reason=answer.next_reason,
            next_reason_on=answer.next_reason_on,
        )

    @strawberry.field(
        description="What waits for the viewer's agency: actions, and meetings it is invited to.",
        metadata=weighs(10, each=2),
    )
    async def agency_inbox(self, info: Info, first: int = 50, after: str | None = None) -> types.InboxConnection:
        wanted = page_size(first)
        agency = info.context.who.agency
        if not has_inbox(info.context.who):
            raise NotForYourRole
        user, pool, reading = info.context.who.user, info.context.catch.log.pool, info.context.reading
        place, found, more = day_in(after), list[agency_inbox.Row](), True
        while more and len(found) <= wanted:
            # So many whatever is asked for: how often one has to look again would tell how much is closed.
            rows = await agency_inbox.of_agency(pool, agency, place, MOST + 1, user)
            found += await opened(reading, rows)
            more = len(rows) > MOST
            place = agency_inbox.cursor(rows[-1]) if rows else None
        edges = [
            types.InboxEdge(cursor=cursor(*agency_inbox.cursor(row)), node=node)
            for row, node in zip(found[:wanted], await inbox_entries(reading, found[:wanted]), strict=True)
        ]
        page = types.PageInfo.of(len(found), wanted, edges)
        return types.InboxConnection(edges=edges, page_info=page)

    @strawberry.field(
        description="Every fact of a case or a meeting in order, with what each changed.", metadata=weighs(50, each=2)
    )
    async def audit_trail(
        self, info: Info, stream: UUID, first: int = 50, after: Position | None = None
    ) -> types.AuditEntryConnection:
        context, wanted = info.context, page_size(first)
        facts = [each for each in await trail_of(context, stream) if each.position > (after or 0)]
        edges = [types.AuditEntryEdge(cursor=str(each.position), node=each) for each in facts[:wanted]]
        page = types.PageInfo.of(len(facts), wanted, edges)
        return types.AuditEntryConnection(edges=edges, page_info=page)

    @strawberry.field(
        description="How long from referral to outcome, for episodes that started from the one day to the other, both"
        " included. Auditors choose any days, and any moment to look back from. For everybody else `from` and `to` are"
        " the first and the last day of one calendar quarter or of one financial year (1 April to 31 March) that is"
        " over, the answer is that of now, and is withheld where fewer than 5 episodes started in it: see `withheld`.",
        metadata=weighs(100, past=400),
    )
    async def time_to_outcome(
        self,
        info: Info,
        programme: str,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        to: date | None = None,
        as_at: types.AsAt | None = None,
    ) -> types.TimeToOutcome:
        context = info.context
        if not any(context.who.acts_as(role, programme) for role in ORGANISERS):
            raise NotForYourRole
        await context.reading.facts.programme(programme)
        return await time_to_outcome(context, Asked(programme, from_, to, as_at))
