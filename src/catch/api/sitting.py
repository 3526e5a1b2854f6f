"""One meeting as one viewer sees it: its agenda, what is said and decided over each item, its minutes."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from catch.access import RedactionReason, item_closed, item_hidden, prepares
from catch.api import types, views
from catch.api.lens import Lens
from catch.api.reading import Opened, Reading
from catch.api.scalars import Position
from catch.domain.case.state import Case
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.listing import Agenda, AgendaWarning, DraftedItem, Overflow, Reason
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner
from catch.works import each
from projections import minutes as written_minutes

NOTHING_SAID = types.Said(None, [], [], [])


class Sitting:
    """`shown` is the meeting whose contents are shown, `present` the one that rights are read from.

    Make it with `Sitting.of`. What is hidden is looked up when an item is shown, and then once.
    """

    def __init__(self, reading: Reading, shown: Meeting, present: Meeting) -> None:
        self.reading = reading
        self.shown = shown
        self.present = present
        self.recused: frozenset[UUID] = frozenset()
        self._hidden: dict[UUID, RedactionReason | None] = {}
        self._looked: set[UUID] = set()
        self._partner: Partner | None = None
        self._knows_partner = False

    @classmethod
    async def of(cls, reading: Reading, shown: Meeting, present: Meeting | None = None) -> "Sitting":
        if reading.past:
            await reading.past.gather([item.case for item in shown.items if item.case])
        return cls.now(reading, shown, present)

    @classmethod
    def now(cls, reading: Reading, shown: Meeting, present: Meeting | None = None) -> "Sitting":
        """Where nothing has to be read from history."""
        reading.facts.expect(item.case for item in shown.items if item.case)
        return cls(reading, shown, present or shown)

    async def look(self, cases: Iterable[UUID]) -> None:
        """Find out which of these cases the viewer is kept out of, at this meeting or at another."""
        cases = {case for case in cases if case not in self._looked}
        if not cases:
            return
        facts, user = self.reading.facts, self.reading.viewer.user
        facts.expect(cases)
        seats = await facts.seats(cases)
        kept_out = {case for case in cases if any(user in seat.recused for seat in seats[case])}
        here = {item.case for item in self.present.items if item.case and self.present.recused(item.item, user)}
        self.recused |= kept_out | here
        # Not before: whoever shares this sitting must not pass over a case that is still being looked up.
        self._looked |= cases

    async def hidden(self, item: Item) -> RedactionReason | None:
        """Why the viewer does not see the item; None where they do."""
        try:
            return self._hidden[item.item]
        except KeyError:
            if item.case and item.case not in self._looked:
                await self.look([item.case])
            found = self._hidden[item.item] = await self.hides(item)
            return found

    async def hides(self, item: Item) -> RedactionReason | None:
        """Why the viewer does not see the item. What has been closed since is closed in its history too."""
        viewer, facts = self.reading.viewer, self.reading.facts
        if item.case in self.recused:
            return RedactionReason.RECUSED
        past = self.shown is not self.present
        now = (self.present.item(item.item) or item) if past else item
        case: Case | None = (await facts.case(item.case)).state if item.case else None
        if case is not None:
            closed = item_closed(viewer, self.present, now, case, await self.partner(), facts.at)
        else:
            closed = item_hidden(viewer, self.present, now)
        return closed or (item_hidden(viewer, self.shown, item) if past else None)

    async def partner(self) -> Partner | None:
        """The viewer's own agency."""
        if not self._knows_partner:
            self._partner = await self.reading.facts.partner(self.reading.viewer.agency)
            self._knows_partner = True
        return self._partner

    def view(self, version: int, position: int, written: written_minutes.Row | None = None) -> types.Meeting:
        """`written` are the minutes as they stood, where the meeting is shown as it was."""
        return SeatedMeeting(self, version, position, written)

    async def agenda(self) -> types.Agenda:
        """The agenda as people left it; what did not fit, and what is wrong, for those who prepare it."""
        held = self.shown
        draft = held.draft if prepares(self.reading.viewer, self.present) else None
        await self.look(named(held, draft))
        return types.Agenda(
            items=[await self.item(each) for each in held.items],
            overflow=[self.overflow(each) for each in draft.overflow] if draft else [],
            warnings=self.warnings(draft.warnings) if draft else [],
            gaps=[types.Gap(code=each.code, count=each.count) for each in draft.gaps] if draft else [],
            policy_version=held.draft.policy_version if held.draft else "",
            as_of=Position(held.draft.as_of if held.draft else 0),
        )

    async def item(self, item: Item) -> types.AgendaItem:
        hidden = await self.hidden(item)
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
            defer_count=0 if hidden else item.defer_count,
            opened_at=item.opened_at,
            closed_at=item.closed_at,
            deferred=item.deferral.reason if item.deferral and not hidden else None,
            why_not_placed=None,
            predicted_on=None,
            inside=Withheld(hidden) if hidden else Inside(self.reading, self.shown, item),
        )

    def overflow(self, left: Overflow) -> types.AgendaItem:
        return self.listed(left, order=0, must=any(each.must for each in left.reasons), presenter=None)

    def listed(
        self, listed: DraftedItem | Overflow, *, order: int, must: bool, presenter: str | None
    ) -> types.AgendaItem:
        left = listed if isinstance(listed, Overflow) else None
        hidden = RedactionReason.RECUSED if listed.case in self.recused else None
        return types.AgendaItem(
            id=listed.item,
            section=listed.section,
            order=order,
            minutes=listed.minutes,
            state=ItemState.PENDING,
            must=must and hidden is None,
            reasons=[] if hidden else [reason(each) for each in listed.reasons],
            explanation="" if hidden else listed.explanation,
            number=None if hidden else listed.number,
            matter=None,
            presenter=None if hidden else presenter,
            defer_count=0 if hidden else listed.defer_count,
            opened_at=None,
            closed_at=None,
            deferred=None,
            why_not_placed=left.why if left else None,
            predicted_on=left.predicted_on if left else None,
            inside=Withheld(hidden) if hidden else OnlyCase(self.reading, listed.case),
        )

    def warnings(self, held: Iterable[AgendaWarning]) -> list[types.AgendaWarning]:
        return [
            types.AgendaWarning(
                code=each.code,
                explanation=each.explanation,
                case_id=each.case,
                number=each.number,
                missing=list(each.missing),
                minutes_over=each.minutes_over,
            )
            for each in held
            if each.case is None or each.case not in self.recused
        ]

    async def draft(self, drafted: Agenda) -> types.Agenda:
        """An agenda that nobody has recorded yet. Much may not fit on it: others have their turn in between."""
        return types.Agenda(
            items=await each(self.drafted, drafted.items),
            overflow=await each(self.overflow, drafted.overflow),
            warnings=self.warnings(drafted.warnings),
            gaps=[types.Gap(code=gap.code, count=gap.count) for gap in drafted.gaps],
            policy_version=drafted.policy_version,
            as_of=Position(drafted.as_of),
        )

    def drafted(self, item: DraftedItem) -> types.AgendaItem:
        return self.listed(item, order=item.order, must=item.must, presenter=item.presenter)

    async def minutes(self, written: written_minutes.Row | None) -> types.Minutes | None:
        self.reading.facts.rests.rows = True
        row = written or await written_minutes.one(self.reading.facts.catch.log.pool, self.shown.meeting)
        if row is None or row.started_at is None:
            return None
        self.reading.facts.catch.states.read_at(row.position)
        withheld: list[types.Redaction] = []
        entries = [await self.entry(place, entry, withheld) for place, entry in enumerate(row.entries)]
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

    async def entry(
        self, place: int, entry: written_minutes.Entry, withheld: list[types.Redaction]
    ) -> types.MinutesEntry:
        item = self.shown.item(entry.item)
        hidden = await self.hidden(item) if item else RedactionReason.NOT_INVOLVED
        said = await Inside(self.reading, self.shown, item).said() if item and not hidden else NOTHING_SAID
        if hidden:
            withheld.append(types.Redaction(path=f"entries.{place}", reason=hidden))
        inside = [types.Redaction(path=f"entries.{place}.{each.path}", reason=each.reason) for each in said.redactions]
        withheld.extend(inside)
        return types.MinutesEntry(
            item_id=entry.item,
            number=item.number if item and not hidden else None,
            outcome=entry.outcome,
            minutes=entry.minutes,
            present=[] if hidden else list(entry.present),
            recused=list(entry.recused),
            discussion=said.discussion,
            decisions=said.decisions,
            actions_offered=0 if hidden else len(entry.actions),
            deferred=None if hidden else entry.deferred,
        )


class SeatedMeeting(types.Meeting):
    """A meeting whose people are listed when they are asked for: what is said in it is told without them."""

    def __init__(self, sitting: Sitting, version: int, position: int, written: written_minutes.Row | None) -> None:
        held = sitting.shown
        chair, open_item = held.attendee(held.chair), held.open_item
        self._held = held
        self.id = held.meeting
        self.state = held.state
        self.starts_at = held.starts_at
        self.duration_minutes = held.duration_minutes
        self.version = version
        self.position = Position(position)
        self.series = held.series
        self.programme = held.programme
        self.chair = types.Worker(user=held.chair, agency=chair.agency if chair else None)
        self.current_item = open_item.item if open_item else None
        self.content_hash = held.content_hash
        self.prepared = sitting.agenda
        self.taken = lambda: sitting.minutes(written)

    def __getattr__(self, name: str) -> Any:
        part = OF_MEETING.get(name)
        if part is None:
            raise AttributeError(name)
        value = self.__dict__[name] = part(self._held)
        return value


def attendance(held: Meeting) -> list[types.Attendance]:
    return [
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
    ]


def invitations(held: Meeting) -> list[types.Invitation]:
    return [types.Invitation(agency=each.agency, user=each.user, items=list(each.items)) for each in held.invitations]


OF_MEETING: Mapping[str, Callable[[Meeting], object]] = {"attendance": attendance, "invitations": invitations}


def named(meeting: Meeting, draft: Agenda | None) -> Iterable[UUID]:
    """Every case that the agenda, or what did not fit on it, speaks of."""
    drafted = (*draft.overflow, *draft.warnings) if draft else ()
    return {each.case for each in (*meeting.items, *drafted) if each.case is not None}


class OnlyCase:
    """The case of an item that nothing was said about yet."""

    def __init__(self, reading: Reading, case: UUID) -> None:
        self._reading = reading
        self._case = case

    async def case(self) -> types.Case | None:
        return await self._reading.case_by_id(self._case)

    async def said(self) -> types.Said:
        return NOTHING_SAID if await self._reading.sight(self._case) else NO_CASE


NO_CASE = types.Said(None, [], [], [types.Redaction(path="case", reason=RedactionReason.NOT_INVOLVED)])


class Inside:
    """What is personal about an item that the viewer may see."""

    def __init__(self, reading: Reading, meeting: Meeting, item: Item) -> None:
        self._reading = reading
        self._meeting = meeting
        self._item = item
        self._said: types.Said | None = None
        self._opened: Opened | None = None

    async def _open(self, case: UUID) -> Opened:
        if self._opened is None:
            self._opened = await self._reading.opened(case)
        return self._opened

    async def case(self) -> types.Case | None:
        if not self._item.case:
            return None
        held, seen = await self._open(self._item.case)
        return await self._reading.case(held.state, seen, held.version, held.position) if seen and held.state else None

    async def said(self) -> types.Said:
        if self._said is None:
            self._said = await self._read(self._item.case) if self._item.case else NOTHING_SAID
        return self._said

    async def _read(self, case: UUID) -> types.Said:
        item, facts = self._item, self._reading.facts
        opened, seen = await self._open(case)
        held: Case | None = opened.state
        if seen is None or held is None:
            return NO_CASE
        linked = [each for each in (held.action(link.action) for link in item.actions) if each]
        texts = await facts.texts(held.person)
        lens = Lens(seen, texts)
        times: tuple[datetime | None, datetime | None] = (item.opened_at, item.closed_at)
        said = item.update and views.spoken(item.update, self._meeting.meeting, times, item.present, "discussion", lens)
        decisions = [views.decision(each, f"decisions.{place}", lens) for place, each in enumerate(item.decisions)]
        return types.Said(said, decisions, views.actions(linked, "actions", lens), lens.redactions())


class Withheld:
    """An item of which the viewer sees that it is there, and no more."""

    def __init__(self, reason: RedactionReason) -> None:
        withheld = ("case", "number", "reasons", "explanation", "presenter", "discussion", "decisions", "actions")
        self._said = types.Said(None, [], [], [types.Redaction(path=path, reason=reason) for path in withheld])

    async def case(self) -> None:
        return None

    async def said(self) -> types.Said:
        return self._said


def reason(held: Reason) -> types.InclusionReason:
    return types.InclusionReason(code=held.code, text=held.text, must=held.must, since=held.since)
