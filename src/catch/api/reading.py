"""Reads for one viewer: what the policy lets them see, gathered with few queries and unsealed in batches."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from catch.access import RedactionReason, Seat, Sight, item_hidden, seats_of, sight
from catch.api import types, views
from catch.api.scalars import Position
from catch.api.views import Lens, Texts
from catch.app import Catch
from catch.domain.calendar import london_day
from catch.domain.case.referral import case_number
from catch.domain.case.state import Case
from catch.domain.configuration import Programme
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.listing import Agenda, AgendaWarning, DraftedItem, Overflow, Reason
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner
from catch.domain.person import Person
from catch.domain.programme import ProgrammeHistory
from catch.domain.refusals import UnknownProgramme
from catch.domain.streams import CASE, MEETING, PARTNER, PERSON, PROGRAMME, partner_stream, programme_stream
from catch.log.states import Held
from catch.personal import Erased, sealed_in
from projections import agency_inbox, agenda, minutes


class Facts:
    """What may be shared between viewers: folded streams and plain texts. One a request, or one a live event."""

    def __init__(self, catch: Catch, at: datetime) -> None:
        self.catch = catch
        self.at = at
        self._texts: dict[Sealed, str | Erased] = {}

    async def texts(self, *values: Struct) -> Texts:
        """The plain texts of these values, with at most one query for keys."""
        missing = [token for token in sealed_in(*values) if token not in self._texts]
        if missing:
            self._texts.update(zip(missing, await self.catch.keyring.unseal(missing), strict=True))
        return self._texts

    async def case(self, case: UUID) -> Held:
        return await self.catch.states.get(CASE, case)

    async def person(self, person: UUID) -> Person | None:
        return (await self.catch.states.get(PERSON, person)).state

    async def partner(self, agency: str) -> Partner | None:
        return (await self.catch.states.get(PARTNER, partner_stream(agency))).state

    async def programme(self, key: str, version: int | None = None) -> Programme:
        """Raises `UnknownProgramme`. No version: the present one."""
        history: ProgrammeHistory | None = (await self.catch.states.get(PROGRAMME, programme_stream(key))).state
        held = history and (history.current if version is None else history.version(version))
        if held is None:
            raise UnknownProgramme(programme=key)
        return held

    async def prefetch(self, cases: Iterable[UUID]) -> None:
        """Cases, their persons and the persons' keys: one query each, however many there are."""
        held = await self.catch.states.get_many(CASE, cases)
        people = await self.catch.states.get_many(PERSON, {each.state.person for each in held if each.state})
        await self.texts(*(each.state for each in people if each.state))

    async def seats(self, cases: Sequence[UUID]) -> Mapping[UUID, tuple[Seat, ...]]:
        """What meetings have to do with each of these cases."""
        found: dict[UUID, tuple[Seat, ...]] = dict.fromkeys(cases, ())
        meetings = await agenda.holding(self.catch.log.pool, cases)
        # The read side finds the meetings; what they say now, a recusal above all, is taken from the log.
        for held in await self.catch.states.get_many(MEETING, meetings):
            meeting: Meeting = held.state
            for case in {item.case for item in meeting.items if item.case} & found.keys():
                found[case] = (*found[case], *seats_of(meeting, case))
        return found


class Reading:
    """One viewer's view of the facts."""

    def __init__(self, facts: Facts, viewer: Actor) -> None:
        self.facts = facts
        self.viewer = viewer

    async def sight(self, case: Case, seats: Sequence[Seat]) -> Sight | None:
        own = await self.facts.partner(self.viewer.agency)
        return sight(self.viewer, case, own, seats, self.facts.at)

    async def case(
        self, held: Case, seen: Sight, version: int, position: int, at: datetime | None = None
    ) -> types.Case:
        person = await self.facts.person(held.person)
        texts = await self.facts.texts(*(each for each in (held, person) if each is not None))
        pinned = await self.facts.programme(held.programme, held.programme_version)
        return views.case(held, pinned, person, Lens(seen, texts), version, position, at or self.facts.at)

    async def cases(self, rows: Sequence[tuple[Case, int, int]]) -> list[types.Case | None]:
        """Each case with its version and position, as the viewer sees it; None where they do not."""
        ids = [held.case for held, _, _ in rows]
        seats = await self.facts.seats(ids)
        await self.facts.prefetch(ids)
        shown: list[types.Case | None] = []
        for held, version, position in rows:
            seen = await self.sight(held, seats[held.case])
            shown.append(await self.case(held, seen, version, position) if seen else None)
        return shown

    async def meeting(self, held: Meeting, version: int, position: int) -> types.Meeting:
        chair = held.attendee(held.chair)
        return types.Meeting(
            id=held.meeting,
            state=held.state,
            starts_at=held.starts_at,
            duration_minutes=held.duration_minutes,
            version=version,
            position=Position(position),
            series=held.series,
            programme=held.programme,
            chair=types.Worker(user=held.chair, agency=chair.agency if chair else None),
            attendance=[
                types.Attendance(
                    user=each.user,
                    agency=each.agency,
                    present=each.present,
                    accepted_confidentiality=each.accepted is not None,
                    apology=each.apology,
                    joined_at=each.stays[0].joined_at if each.stays else None,
                    left_at=each.stays[-1].left_at if each.stays else None,
                )
                for each in held.attendance
            ],
            invitations=[
                types.Invitation(agency=each.agency, user=each.user, items=list(each.items))
                for each in held.invitations
            ],
            agenda=self.agenda(held),
            current_item=held.open_item.item if held.open_item else None,
            content_hash=held.content_hash,
            taken=lambda: self.minutes(held),
        )

    def agenda(self, held: Meeting) -> types.Agenda:
        """The agenda as people left it; what did not fit, and what is wrong, for those who prepare it."""
        organises = self.viewer.role in ORGANISERS
        draft = held.draft if organises else None
        return types.Agenda(
            items=[self.item(held, each) for each in held.items],
            overflow=[self.overflow(held, each) for each in draft.overflow] if draft else [],
            warnings=[warning(each) for each in draft.warnings] if draft else [],
            gaps=[types.Gap(code=each.code, count=each.count) for each in draft.gaps] if draft else [],
            policy_version=held.draft.policy_version if held.draft else "",
            as_of=Position(held.draft.as_of if held.draft else 0),
        )

    def item(self, meeting: Meeting, item: Item) -> types.AgendaItem:
        hidden = item_hidden(self.viewer, meeting, item)
        return types.AgendaItem(
            id=item.item,
            section=item.section,
            order=item.order,
            minutes=item.minutes,
            state=item.state,
            must=item.must and hidden is None,
            reasons=[] if hidden else [reason(each) for each in item.reasons],
            explanation="" if hidden else item.explanation,
            number=None if hidden else item.number,
            matter=item.matter,
            presenter=None if hidden else item.presenter,
            defer_count=item.defer_count,
            opened_at=item.opened_at,
            closed_at=item.closed_at,
            deferred=item.deferral.reason if item.deferral else None,
            why_not_placed=None,
            predicted_on=None,
            inside=Withheld(hidden) if hidden else Inside(self, meeting, item),
        )

    def overflow(self, meeting: Meeting, left: Overflow) -> types.AgendaItem:
        return self._listed(meeting, left, order=0, must=any(each.must for each in left.reasons), presenter=None)

    def _listed(
        self, meeting: Meeting, listed: DraftedItem | Overflow, *, order: int, must: bool, presenter: str | None
    ) -> types.AgendaItem:
        left = listed if isinstance(listed, Overflow) else None
        return types.AgendaItem(
            id=listed.item,
            section=listed.section,
            order=order,
            minutes=listed.minutes,
            state=ItemState.PENDING,
            must=must,
            reasons=[reason(each) for each in listed.reasons],
            explanation=listed.explanation,
            number=listed.number,
            matter=None,
            presenter=presenter,
            defer_count=listed.defer_count,
            opened_at=None,
            closed_at=None,
            deferred=None,
            why_not_placed=left.why if left else None,
            predicted_on=left.predicted_on if left else None,
            inside=OnlyCase(self, meeting, listed.case),
        )

    def draft(self, meeting: Meeting, drafted: Agenda) -> types.Agenda:
        """An agenda that nobody has recorded yet."""
        return types.Agenda(
            items=[
                self._listed(meeting, each, order=each.order, must=each.must, presenter=each.presenter)
                for each in drafted.items
            ],
            overflow=[self.overflow(meeting, each) for each in drafted.overflow],
            warnings=[warning(each) for each in drafted.warnings],
            gaps=[types.Gap(code=each.code, count=each.count) for each in drafted.gaps],
            policy_version=drafted.policy_version,
            as_of=Position(drafted.as_of),
        )

    async def minutes(self, held: Meeting) -> types.Minutes | None:
        row = await minutes.one(self.facts.catch.log.pool, held.meeting)
        if row is None or row.started_at is None:
            return None
        withheld: list[types.Redaction] = []
        entries: list[types.MinutesEntry] = []
        for place, entry in enumerate(row.entries):
            item = held.item(entry.item)
            hidden = item_hidden(self.viewer, held, item) if item else RedactionReason.NOT_INVOLVED
            said = await Inside(self, held, item).said() if item and not hidden else None
            if hidden:
                withheld.append(types.Redaction(path=f"entries.{place}", reason=hidden))
            entries.append(
                types.MinutesEntry(
                    item_id=entry.item,
                    number=item.number if item and not hidden else None,
                    outcome=entry.outcome,
                    minutes=entry.minutes,
                    present=list(entry.present),
                    recused=list(entry.recused),
                    discussion=said.discussion if said else None,
                    decisions=said.decisions if said else [],
                    actions_offered=len(entry.actions),
                    deferred=entry.deferred,
                )
            )
        people = [(types.Worker(user=each.user, agency=each.agency), each.apology) for each in row.people]
        return types.Minutes(
            started_at=row.started_at,
            ended_at=row.ended_at,
            confirmed_at=row.confirmed_at,
            confirmed_by=row.confirmed_by,
            present=[who for who, apology in people if not apology],
            apologies=[who for who, apology in people if apology],
            entries=entries,
            redactions=withheld,
        )


async def inbox_entries(reading: Reading, rows: Sequence[agency_inbox.Row]) -> list[types.InboxEntry]:
    """Entries with their titles: an agency reads what it is asked to do, and no more of the case here."""
    texts = await reading.facts.texts(*rows)
    today = london_day(reading.facts.at)
    return [inbox_entry(row, texts, today) for row in rows]


def inbox_entry(row: agency_inbox.Row, texts: Texts, today: date) -> types.InboxEntry:
    title = texts.get(row.title) if row.title else None
    erased = isinstance(title, Erased)
    waiting = row.kind is agency_inbox.EntryKind.ACTION and row.due is not None
    return types.InboxEntry(
        id=row.entry,
        kind=row.kind,
        position=Position(row.position),
        since=row.since,
        case_id=row.case_id,
        case_number=case_number(row.case_id) if row.case_id else None,
        meeting_id=row.meeting_id,
        title=None if erased else title,
        state=row.state,
        due=row.due,
        overdue_days=max(0, (today - row.due).days) if waiting and row.due else None,
        mandatory=row.mandatory,
        redactions=[types.Redaction(path="title", reason=RedactionReason.ERASED)] if erased else [],
    )


class Inside:
    """What is personal about an item that the viewer may see."""

    def __init__(self, reading: Reading, meeting: Meeting, item: Item) -> None:
        self._reading = reading
        self._meeting = meeting
        self._item = item
        self._said: types.Said | None = None

    async def case(self) -> types.Case | None:
        if self._item.case is None:
            return None
        return await OnlyCase(self._reading, self._meeting, self._item.case).case()

    async def said(self) -> types.Said:
        if self._said is None:
            self._said = await self._read()
        return self._said

    async def _read(self) -> types.Said:
        item, facts = self._item, self._reading.facts
        held: Case | None = (await facts.case(item.case)).state if item.case else None
        if held is None:
            return NOTHING_SAID
        seen = await self._reading.sight(held, seats_of(self._meeting, held.case))
        if seen is None:
            reason = RedactionReason.NOT_INVOLVED
            return types.Said(None, [], [], [types.Redaction(path="case", reason=reason)])
        linked = [each for each in (held.action(link.action) for link in item.actions) if each]
        texts = await facts.texts(item, *linked)
        lens = Lens(seen, texts)
        said = item.update and views.spoken(
            item.update, self._meeting.meeting, (item.opened_at, item.closed_at), item.present, "discussion", lens
        )
        decisions = [views.decision(each, f"decisions.{place}", lens) for place, each in enumerate(item.decisions)]
        return types.Said(said, decisions, views.actions(linked, "actions", lens), lens.redactions())


class OnlyCase:
    """The case of an item that nothing was said about yet."""

    def __init__(self, reading: Reading, meeting: Meeting, case: UUID) -> None:
        self._reading = reading
        self._meeting = meeting
        self._case = case

    async def case(self) -> types.Case | None:
        held = await self._reading.facts.case(self._case)
        if held.state is None:
            return None
        seen = await self._reading.sight(held.state, seats_of(self._meeting, self._case))
        return await self._reading.case(held.state, seen, held.version, held.position) if seen else None

    async def said(self) -> types.Said:
        return NOTHING_SAID


class Withheld:
    """An item of which the viewer sees that it is there, and no more."""

    def __init__(self, reason: RedactionReason) -> None:
        withheld = ("case", "number", "reasons", "explanation", "presenter", "discussion", "decisions", "actions")
        self._said = types.Said(None, [], [], [types.Redaction(path=path, reason=reason) for path in withheld])

    async def case(self) -> None:
        return None

    async def said(self) -> types.Said:
        return self._said


ORGANISERS = frozenset({Role.CHAIR, Role.COORDINATOR, Role.AUDITOR})
NOTHING_SAID = types.Said(None, [], [], [])


def reason(held: Reason) -> types.InclusionReason:
    return types.InclusionReason(code=held.code, text=held.text, must=held.must, since=held.since)


def warning(held: AgendaWarning) -> types.AgendaWarning:
    return types.AgendaWarning(
        code=held.code,
        explanation=held.explanation,
        case_id=held.case,
        number=held.number,
        missing=list(held.missing),
        minutes_over=held.minutes_over,
    )
