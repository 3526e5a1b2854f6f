"""One meeting as one viewer sees it: its agenda, what is said and decided over each item, its minutes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from uuid import UUID

from catch.access import (
    CANDIDACY,
    EVERYTHING,
    Agreed,
    RedactionReason,
    Sight,
    agreed,
    explained,
    item_closed,
    item_hidden,
    kept_from,
    must_told,
    prepares,
    recused,
    warned_of_concerns,
    warning_told,
)
from catch.api.case.reading import Reading
from catch.api.common import types as common_types
from catch.api.common.redaction import Redactor
from catch.api.common.scalars import Position
from catch.api.common.unfolding import unfolds
from catch.api.meeting import agenda_types
from catch.api.meeting import types as meeting_types
from catch.api.meeting.course import amendments, course
from catch.api.meeting.inside import WORKED_OUT, Inside, OnlyCase, Withheld
from catch.api.standing.view import mutation
from catch.commands.offered import offered
from catch.domain.agenda.by_hand import as_it_is
from catch.domain.agenda.words import changed_since, concern_raised, left_out, more_concerns
from catch.domain.case.state import Case
from catch.domain.facts import Category
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.listing import Agenda, AgendaWarning, DraftedItem, Overflow, Reason, WarningCode
from catch.domain.meeting.state import NOT_OVER, UNPUBLISHED, Meeting
from catch.personal import looks
from catch.slices import each_in_turn, in_groups
from projections import agenda, concerns
from projections import minutes as written_minutes

TOGETHER = 200
"""Cases that are looked at before others have their turn."""


class Sitting:
    """`shown` is the meeting whose contents are shown, `present` the one that rights are read from.

    Make it with `Sitting.of`. What is hidden is looked up when an item is shown, and then once.
    """

    def __init__(self, reading: Reading, shown: Meeting, present: Meeting) -> None:
        self.reading = reading
        self.shown = shown
        self.present = present
        self.recused: frozenset[UUID] = frozenset()
        self.unreadable: frozenset[UUID] = frozenset()
        """Cases of which a fact cannot be read, among those that were looked at."""
        self._prepares: bool | None = None
        self._hidden: dict[UUID, RedactionReason | None] = {}
        self._looked: set[UUID] = set()

    @classmethod
    async def of(cls, reading: Reading, shown: Meeting, present: Meeting | None = None) -> "Sitting":
        # At once for all: item by item, each would read its case's history by itself.
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
        facts, viewer = self.reading.facts, self.reading.viewer
        kept_out = {item.case for item in self.present.items if item.case and kept_from(viewer, self.present, item)}
        async for group in in_groups(cases, TOGETHER):
            facts.expect(group)
            seats = await facts.seats(group)
            await facts.gathered()
            unreadable = {case for case in group if await facts.problem(case) is not None}
            held = {case: await self.last_known(case, unreadable) for case in group}
            kept_out |= {case for case, state in held.items() if state and recused(viewer, state, seats[case])}
            self.unreadable |= unreadable
        self.recused |= kept_out
        # Not before: whoever shares this sitting must not pass over a case that is still being looked up.
        self._looked |= cases

    async def last_known(self, case: UUID, unreadable: Collection[UUID]) -> Case | None:
        facts = self.reading.facts
        return await facts.last_known(case) if case in unreadable else (await facts.case(case)).state

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
        case = await self.last_known(item.case, self.unreadable) if item.case else None
        if case is not None:
            seats = (await facts.seats([case.case]))[case.case]
            closed = item_closed(viewer, self.present, now, case, seats, facts.at)
        else:
            closed = item_hidden(viewer, self.present, now, facts.at)
        closed = closed or (item_hidden(viewer, self.shown, item, facts.at) if past else None)
        return closed or (RedactionReason.UNREADABLE if item.case in self.unreadable else None)

    def view(self, version: int, position: int, written: written_minutes.Row | None = None) -> meeting_types.Meeting:
        """`written` are the minutes as they stood, where the meeting is shown as it was."""
        return SeatedMeeting(self, version, position, written)

    @property
    def prepares(self) -> bool:
        # Once: it is asked for every item, and who, which meeting and when stay the same.
        if self._prepares is None:
            self._prepares = prepares(self.reading.viewer, self.present, self.reading.facts.at)
        return self._prepares

    async def counted(self) -> bool:
        """Whether the viewer is shown how often, and how far on, something was recorded: it says how much there is that
        they may not know of, to who does not prepare the meeting, or is kept out of a case of it.
        """
        if not self.prepares:
            return False
        await self.look(item.case for item in self.present.items if item.case)
        return not any(
            item.case in self.recused or kept_from(self.reading.viewer, self.present, item)
            for item in self.present.items
        )

    async def agreed(self, case: UUID | None) -> Agreed:
        """What the viewer is told of why the case is on the agenda. A general matter has nothing to hide."""
        if case is None:
            return Agreed(EVERYTHING)
        if case in self.unreadable:
            return NOT_TOLD
        await self.reading.facts.gathered()
        held: Case | None = (await self.reading.facts.case(case)).state
        seen = await self.reading.facts.sight(self.reading.viewer, held) if held else None
        if held is not None:
            # Its number is told to whoever prepares the meeting, whatever they see of it.
            looks.told(held.case, None, held.person)
        return agreed(seen, held, prepares=self.prepares)

    async def agenda(self) -> agenda_types.Agenda:
        """The agenda as people left it; what did not fit, and what is wrong, for those who prepare it."""
        held = self.shown
        draft = held.draft if self.prepares else None
        await self.look(each.case for each in held.items if each.case is not None)
        return agenda_types.Agenda(
            items=[await self.item(each) for each in held.items],
            left_out=lambda: self.left_out(draft.overflow if draft else ()),
            warned=lambda: self.warned(draft.warnings if draft else ()),
            gaps=[agenda_types.Gap(code=each.code, count=each.count) for each in draft.gaps] if draft else [],
            policy_version=held.draft.policy_version if held.draft else "",
            as_of=Position(held.draft.as_of if held.draft else 0),
        )

    async def item(self, item: Item) -> agenda_types.AgendaItem:
        hidden = await self.hidden(item)
        told = NOT_TOLD if hidden else await self.agreed(item.case)
        spoken = Category.DISCUSSION in told.categories
        return agenda_types.AgendaItem(
            id=item.item,
            section=item.section,
            order=item.order,
            minutes=item.minutes,
            state=item.state,
            must=None if hidden else must_told(told, item.must, item.reasons),
            reasons=[reason(each) for each in told.reasons(item.reasons)] if not hidden else [],
            explanation="" if hidden else explained(told, item, lambda: self.place(item)),
            number=item.number if hidden in NAMED else None,
            matter=item.matter,
            presenter=None if hidden else item.presenter,
            defer_count=item.defer_count if spoken else None,
            opened_at=item.opened_at,
            closed_at=item.closed_at,
            deferred=item.deferral.reason if item.deferral and spoken else None,
            speaking=[] if hidden else await self.speaking(item),
            why_not_placed=None,
            predicted_on=None,
            inside=Withheld(hidden) if hidden else Inside(self.reading, self.shown, item, prepares=self.prepares),
            asked=lambda: self.offered(item),
            closed=[] if hidden else await self.closed(told, item.case),
        )

    async def speaking(self, item: Item) -> list[agenda_types.Hand]:
        """Without whoever has been kept out of the case since they asked, wherever that was said."""
        hands = [held for held in self.shown.hands if held.item == item.item]
        case = await self.last_known(item.case, self.unreadable) if hands and item.case else None
        return [
            agenda_types.Hand(user=held.user, agency=held.agency, since=held.since, speaks=held.speaks)
            for held in hands
            if case is None or not case.recused(held.user)
        ]

    async def offered(self, item: Item) -> list[str]:
        """What the viewer may ask about it; of a meeting as it was, nothing."""
        if self.shown is not self.present:
            return []
        facts = self.reading.facts
        # What is offered follows from seats and rights, which every fact may change.
        facts.rests.rows = True
        about = {"meeting": self.present.meeting, "item": item.item}
        return [mutation(kind) for kind in await offered(self.reading.viewer, about, facts.catch.records, facts.at)]

    def place(self, item: Item) -> int:
        """The item's place within its section, counted from 1; a removed one has none."""
        within = [held for held in self.shown.items if held.section == item.section and held.order]
        return sum(held.order <= item.order for held in within) if item.order else 0

    async def closed(self, told: Agreed, case: UUID | None) -> list[common_types.Redaction]:
        """What is worked out from facts of which some kind is closed, named whatever there is."""
        seen = await self.reading.sight(case) if case and not told.categories >= CANDIDACY else None
        if seen is None:
            return []
        spoken = Category.DISCUSSION in told.categories
        paths = WORKED_OUT if spoken else (*WORKED_OUT, "deferCount", "deferred")
        return [common_types.Redaction(path=path, reason=seen.hidden) for path in paths]

    async def left_out(self, overflow: Sequence[Overflow]) -> list[agenda_types.AgendaItem]:
        """What did not fit on the draft."""
        await self.look(each.case for each in overflow)
        return await each_in_turn(self.overflow, overflow)

    async def overflow(self, left: Overflow) -> agenda_types.AgendaItem:
        return await self.listed(left, order=0, must=any(each.must for each in left.reasons), presenter=None)

    async def listed(
        self, listed: DraftedItem | Overflow, *, order: int, must: bool, presenter: str | None
    ) -> agenda_types.AgendaItem:
        """As it is told to those who prepare the meeting."""
        left = listed if isinstance(listed, Overflow) else None
        hidden = self.closes(listed.case)
        told = NOT_TOLD if hidden else await self.agreed(listed.case)
        return agenda_types.AgendaItem(
            id=listed.item,
            section=listed.section,
            order=order,
            minutes=listed.minutes,
            state=ItemState.PENDING,
            must=None if hidden else must_told(told, must, listed.reasons),
            reasons=[] if hidden else [reason(each) for each in told.reasons(listed.reasons)],
            explanation="" if hidden else explained(told, listed, lambda: 0),
            number=listed.number if hidden in NAMED else None,
            matter=None,
            presenter=None if hidden else presenter,
            defer_count=None if hidden else listed.defer_count,
            opened_at=None,
            closed_at=None,
            deferred=None,
            speaking=[],
            why_not_placed=left.why if left else None,
            predicted_on=left.predicted_on if left and not hidden else None,
            inside=Withheld(hidden) if hidden else OnlyCase(self.reading, listed.case),
            asked=nothing_yet,
            closed=[],
        )

    def closes(self, case: UUID) -> RedactionReason | None:
        """Why nothing is told of a case to those who prepare the meeting."""
        if case in self.recused:
            return RedactionReason.RECUSED
        return RedactionReason.UNREADABLE if case in self.unreadable else None

    async def warned(self, drafted: Sequence[AgendaWarning]) -> list[agenda_types.AgendaWarning]:
        """What the draft warned of, and what there is to be said since."""
        await self.look(each.case for each in drafted if each.case is not None)
        return [*await self.warnings(drafted), *await self.since()]

    async def warnings(self, held: Iterable[AgendaWarning]) -> list[agenda_types.AgendaWarning]:
        open_to = [each for each in held if each.case is None or each.case not in self.recused]
        told = [warning_told(await self.agreed(each.case), each) for each in open_to]
        return [warning(each) for each in told if each]

    async def since(self) -> list[agenda_types.AgendaWarning]:
        """What no draft says: what has become since of its cases, what was put off to it, concerns."""
        if self.shown is not self.present or not self.prepares or self.shown.state not in NOT_OVER:
            return await self.concerns()
        return [*await self.changed(), *await self.overlooked(), *await self.concerns()]

    async def changed(self) -> list[agenda_types.AgendaWarning]:
        """Cases that could not be heard now, or on another basis, as is asked when they are opened."""
        facts = self.reading.facts
        waiting = [item for item in self.shown.items if item.unresolved and item.case not in self.unreadable]
        facts.rests.rows = True
        stopped = await facts.catch.records.stopped(max(facts.at, self.shown.starts_at))
        found = [
            (item, as_it_is(case, self.shown, item, facts.at, stopped=case.person in stopped))
            for item in waiting
            if item.case and (case := (await facts.case(item.case)).state)
        ]
        return await self.warnings(
            AgendaWarning(
                WarningCode.CHANGED_SINCE,
                changed_since(now.lacks, item.basis, now.basis),
                item.case,
                item.number,
                item.section,
                now.lacks,
            )
            for item, now in found
            if now.lacks or now.basis is not item.basis
        )

    async def overlooked(self) -> list[agenda_types.AgendaWarning]:
        """Cases that were put off after the agenda was drafted, and are not on it."""
        shown, facts = self.shown, self.reading.facts
        if not shown.items and shown.draft is None:
            return []
        facts.rests.rows = True
        standing = (await facts.programme(shown.programme)).series_keys
        left = await agenda.overlooked(facts.catch.log.pool, shown, standing)
        await self.look(held.case for held in left)
        readable = [held for held in left if held.case not in self.unreadable]
        cases = [(held, (await facts.case(held.case)).state) for held in readable]
        published = shown.state not in UNPUBLISHED
        return await self.warnings(
            AgendaWarning(
                WarningCode.LEFT_OUT,
                left_out(held.since, published=published),
                held.case,
                case.number,
                held.section,
                defer_count=held.defer_count,
                displacements=held.displacements,
            )
            for held, case in cases
            if case is not None and case.live
        )

    async def concerns(self) -> list[agenda_types.AgendaWarning]:
        """Cases of the programme with an unsettled safeguarding concern that are not on the agenda."""
        reading = self.reading
        # A warning is about now: there is none in a meeting as it was.
        if self.shown is not self.present or not warned_of_concerns(reading.viewer, self.shown, reading.facts.at):
            return []
        reading.facts.rests.rows = True
        on = [item.case for item in self.shown.items if item.case and item.state is not ItemState.REMOVED]
        pool, user = reading.facts.catch.log.pool, reading.viewer.user
        raised = await concerns.of_programme(pool, self.shown.programme, user, on)
        for each in raised:
            # It may stand at facts that this process has not heard of: a right could have ended with one.
            reading.facts.catch.present.states.read_at(each.position)
        await self.look(each.case for each in raised)
        told = [each for each in raised if each.case not in self.recused]
        more = raised[0].all - len(raised) if raised else 0
        of_each = [AgendaWarning(CONCERN, concern_raised(each.number), each.case, each.number) for each in told]
        return [warning(each) for each in (*of_each, *([AgendaWarning(CONCERN, more_concerns(more))] if more else ()))]

    async def draft(self, drafted: Agenda) -> agenda_types.Agenda:
        """An agenda that nobody has recorded yet. Much may not fit on it: others have their turn in between."""
        return agenda_types.Agenda(
            items=await each_in_turn(self.drafted, drafted.items),
            left_out=lambda: each_in_turn(self.overflow, drafted.overflow),
            warned=lambda: self.warned_of(drafted),
            gaps=[agenda_types.Gap(code=gap.code, count=gap.count) for gap in drafted.gaps],
            policy_version=drafted.policy_version,
            as_of=Position(drafted.as_of),
        )

    async def warned_of(self, drafted: Agenda) -> list[agenda_types.AgendaWarning]:
        """The same of an agenda that nobody has recorded yet."""
        return [*await self.warnings(drafted.warnings), *await self.concerns()]

    async def drafted(self, item: DraftedItem) -> agenda_types.AgendaItem:
        return await self.listed(item, order=item.order, must=item.must, presenter=item.presenter)

    async def minutes(self, written: written_minutes.Row | None) -> meeting_types.Minutes | None:
        self.reading.facts.rests.rows = True
        row = written or await written_minutes.one(self.reading.facts.catch.log.pool, self.shown.meeting)
        if row is None or row.started_at is None:
            return None
        self.reading.facts.catch.present.states.read_at(row.position)
        entries, redactor = [await self.entry(entry) for entry in row.entries], await self.redactor()
        people = [(common_types.Worker(user=each.user, agency=each.agency), each.apology) for each in row.people]
        return meeting_types.Minutes(
            started_at=row.started_at,
            ended_at=row.ended_at,
            confirmed_at=row.confirmed_at,
            confirmed_by=row.confirmed_by,
            confirmed_at_meeting_id=self.shown.confirmed_at_meeting,
            amendments=amendments(self.shown.amendments, redactor),
            present=[who for who, apology in people if not apology],
            apologies=[who for who, apology in people if apology],
            entries=entries,
            redactions=redactor.redactions()
            + [
                common_types.Redaction(path=path, reason=why)
                for path, why in dict.fromkeys(
                    (f"entries.{each.path}", each.reason) for entry in entries for each in entry.redactions
                )
            ],
        )

    async def redactor(self) -> Redactor:
        """What was said of the meeting itself is told to all who follow it."""
        sight = Sight(EVERYTHING, RedactionReason.ROLE, self.reading.viewer.agency)
        return Redactor(sight, await self.reading.facts.texts(self.shown.meeting), None)

    async def course(self) -> meeting_types.Course:
        return course(self.shown, await self.redactor(), prepares=self.prepares)

    async def entry(self, entry: written_minutes.Entry) -> meeting_types.MinutesEntry:
        # An entry outlasts its item: what is gone from the agenda may be one that was kept from the viewer.
        item = self.shown.item(entry.item)
        hidden = await self.hidden(item) if item else RedactionReason.NOT_INVOLVED
        if item is None or hidden:
            number = item.number if item and hidden in NAMED else None
            return withheld_entry(entry, hidden or RedactionReason.NOT_INVOLVED, number)
        told = await self.agreed(item.case)
        said = await Inside(self.reading, self.shown, item, prepares=self.prepares).said()
        seen = await self.reading.sight(item.case) if item.case else None
        closed = seen.hidden if seen else RedactionReason.ROLE
        spoken, acts = Category.DISCUSSION in told.categories, Category.ACTIONS in told.categories
        paths = [
            *(() if spoken else ("present", "deferred", "guests")),
            *(() if acts else ("actionsOffered",)),
            *(() if self.prepares else ("recused",)),
        ]
        return meeting_types.MinutesEntry(
            item_id=entry.item,
            number=item.number,
            outcome=entry.outcome,
            minutes=entry.minutes,
            present=list(entry.present) if spoken else [],
            recused=list(entry.recused) if self.prepares else [],
            discussion=said.discussion,
            decisions=said.decisions,
            actions_offered=len(entry.actions) if acts else None,
            deferred=entry.deferred if spoken else None,
            amendments=list(said.amendments),
            guests=said.handling.guests if said.handling and spoken else [],
            redactions=[
                *(common_types.Redaction(path=path, reason=closed) for path in paths),
                *(each for each in said.redactions if each.path.partition(".")[0] in OF_ENTRY),
            ],
        )


async def nothing_yet() -> list[str]:
    """Nobody can ask anything of an item that no agenda has."""
    return []


OF_ENTRY = frozenset({"case", "discussion", "decisions", "amendments"})
NOT_TOLD = Agreed(frozenset())
NAMED = (None, RedactionReason.UNREADABLE)
"""What an item may be withheld for and its number told all the same: whoever runs the system is asked about it."""
CONCERN = WarningCode.SAFEGUARDING_CONCERN


def withheld_entry(
    entry: written_minutes.Entry, reason: RedactionReason, number: str | None
) -> meeting_types.MinutesEntry:
    """What became of an item is told; nothing of what it was about, but for the name of what cannot be read."""
    withheld = ("present", "recused", "discussion", "decisions", "actionsOffered", "deferred", "amendments", "guests")
    paths = withheld if number else ("number", *withheld)
    return meeting_types.MinutesEntry(
        item_id=entry.item,
        number=number,
        outcome=entry.outcome,
        minutes=entry.minutes,
        present=[],
        recused=[],
        discussion=None,
        decisions=[],
        actions_offered=None,
        deferred=None,
        amendments=[],
        guests=[],
        redactions=[common_types.Redaction(path=path, reason=reason) for path in paths],
    )


def warning(held: AgendaWarning) -> agenda_types.AgendaWarning:
    return agenda_types.AgendaWarning(
        code=held.code,
        explanation=held.explanation,
        case_id=held.case,
        number=held.number,
        missing=list(held.missing),
        minutes_over=held.minutes_over,
    )


def attendance(held: Meeting) -> list[meeting_types.Attendance]:
    return [
        meeting_types.Attendance(
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


def invitations(held: Meeting) -> list[meeting_types.Invitation]:
    return [
        meeting_types.Invitation(agency=each.agency, user=each.user, items=list(each.items))
        for each in held.invitations
    ]


def availability(held: Meeting) -> list[meeting_types.Availability]:
    return [
        meeting_types.Availability(
            agency=each.agency, available_from=each.available_from, available_until=each.available_until
        )
        for each in held.availability
    ]


OF_MEETING: Mapping[str, Callable[[Meeting], object]] = {
    "attendance": attendance,
    "invitations": invitations,
    "availability": availability,
}


@unfolds(OF_MEETING)
class SeatedMeeting(meeting_types.Meeting):
    """A meeting whose people are listed when they are asked for: what is said in it is told without them."""

    def __init__(self, sitting: Sitting, version: int, position: int, written: written_minutes.Row | None) -> None:
        held = sitting.shown
        chair, open_item = held.attendee(held.chair), held.open_item
        self.__dict__["_said"] = held
        self.id = held.meeting
        self.state = held.state
        self.starts_at = held.starts_at
        self.duration_minutes = held.duration_minutes
        self.mode = held.mode
        self.confidentiality_statement = held.confidentiality_statement
        self.charter = held.charter
        self.instant = held.instant
        self.at = (version, Position(position))
        self.counted = sitting.counted
        self.series = held.series
        self.programme = held.programme
        self.chair = common_types.Worker(user=held.chair, agency=chair.agency if chair else None)
        self.current_item = open_item.item if open_item else None
        self.content_hash = held.content_hash
        self.prepared = sitting.agenda
        self.taken = lambda: sitting.minutes(written)
        self.went = sitting.course


def reason(held: Reason) -> agenda_types.InclusionReason:
    return agenda_types.InclusionReason(code=held.code, text=held.text, must=held.must, since=held.since)
