"""The audit trail: every fact of a stream that the viewer may know of, and what it changed of what they may see."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.access import (
    UNKNOWN,
    Agreed,
    RedactionReason,
    Sight,
    Told,
    Who,
    agreed,
    beside_told,
    case_fact_told,
    case_told,
    coordinates,
    meeting_fact_told,
    meeting_told,
    partner_told,
    person_told,
    place_fact_told,
    prepares,
    telling,
    told,
    told_at_meeting,
    told_withheld,
)
from catch.api.audit import types as audit_types
from catch.api.case.reading import Reading
from catch.api.common import types as common_types
from catch.api.common.scalars import Position
from catch.api.meeting.view import Sitting
from catch.domain.case.state import Case
from catch.domain.facts import Category, Recorded, Role
from catch.domain.meeting.state import Meeting
from catch.domain.merging import MergeEvent
from catch.domain.partner import Partner
from catch.domain.person import MatchesLookedFor, Person, PersonReferred
from catch.domain.refusals import NotAnswered, Refused, UnknownCase
from catch.domain.restricted import Beside
from catch.domain.streams import (
    CASE,
    MEETING,
    PARTNER,
    PERSON,
    PROGRAMME,
    RESTRICTED,
    Stream,
    restricted_stream,
)
from catch.history.changes import Change, changed, said
from catch.log.entries import Unreadable
from catch.personal import looks
from catch.present.trails import Place, Trails
from projections import case_summary

Fact = Recorded[Any]


class Trail(Struct, frozen=True):
    """How one viewer reads one stream. `told`: a fact, and the state it left; `fact`: what is shown of one that is
    told; `counted`: nothing of it is closed.

    `beside`: how they read what is restricted, where they may.
    """

    stream: Stream
    told: Callable[[Fact, Any], Told]
    shown: Callable[[Any], Any]
    fact: Callable[[Any], Any]
    counted: bool
    beside: "Trail | None" = None


async def page(
    reading: Reading, stream: UUID, meeting: Meeting | None, after: int, wanted: int
) -> list[audit_types.AuditEntry]:
    """So many entries behind a position, and one more where there are more. It costs what is on the page.

    Auditors read every trail; coordinators those of their agency's cases; chairs those of their meetings. `meeting` is
    the stream's, where the viewer may attend it. Raises `UnknownCase`, and an `Unreadable` to whom it would be shown.
    """
    trails = reading.facts.catch.present.trails
    kind = await trails.kind(stream)
    trail = await opened(reading, kind, stream, meeting) if kind else None
    if trail is None:
        raise await no_trail(reading, stream, meeting)
    sources = [Source(trails, trail, stream, after, wanted + 1)]
    if trail.beside is not None:
        # What is kept beside the case is read with it, as one.
        sources.append(Source(trails, trail.beside, restricted_stream(stream), after, wanted + 1))
    found = await merged(sources, wanted + 1)
    if found:
        end = found[:wanted][-1].position
        for source in sources:
            source.keep(end)
    return found


class Source:
    """The entries of one stream behind a position, as a viewer reads it."""

    def __init__(self, trails: Trails, trail: Trail, stream: UUID, after: int, at_once: int) -> None:
        self._trails = trails
        self._trail = trail
        self._stream = stream
        self._turns = trails.turns(trail.stream, stream, after, at_once)
        self._shown: tuple[Any, Any] = (None, None)
        # Where each entry left the stream, and the facts that are closed behind it.
        self._passed: list[tuple[Place, bool]] = []

    async def next(self) -> audit_types.AuditEntry | None:
        """Facts that are closed are not there: neither that they are nor how many there are is told."""
        async for turn in self._turns:
            told = self._trail.told(turn.recorded, turn.place.state) is Told.SHOWN
            if self._passed and not self._passed[-1][1]:
                self._passed.pop()
            self._passed.append((turn.place, told))
            if told:
                changes = changed(self._state(turn.before), self._state(turn.place.state))
                return entry(
                    turn.recorded, said(self._trail.fact(turn.recorded.event)), changes, counted=self._trail.counted
                )
        return None

    def _state(self, state: Any) -> Any:
        """As the reader may see it; that after one fact is that before the next."""
        if self._shown[0] is not state:
            self._shown = (state, None if state is None else self._trail.shown(state))
        return self._shown[1]

    def keep(self, end: int) -> None:
        """The next page begins behind this position."""
        place = next((place for place, _ in reversed(self._passed) if place.position <= end), None)
        if place is not None:
            self._trails.keep(self._stream, place)

    async def close(self) -> None:
        await self._turns.aclose()


async def merged(sources: Sequence[Source], most: int) -> list[audit_types.AuditEntry]:
    """The entries of all of them in one order, so many at most."""
    found: list[audit_types.AuditEntry] = []
    try:
        heads = [(source, head) for source in sources if (head := await source.next())]
        while heads and len(found) < most:
            source, head = min(heads, key=lambda each: each[1].position)
            found.append(head)
            heads.remove((source, head))
            if len(found) < most and (following := await source.next()):
                heads.append((source, following))
    finally:
        for source in sources:
            await source.close()
    return found


class TrailNotYours(NotAnswered):
    """The trail is for auditors, for those who coordinate the case, and for those who prepare the meeting. Ask one
    of them.
    """


async def no_trail(reading: Reading, stream: UUID, meeting: Meeting | None) -> Refused:
    """Whoever sees what it is the trail of is told why they do not read it; for others there is no such thing."""
    case = await reading.known(stream)
    seen = await reading.facts.sight(reading.viewer, case) if case else None
    known = meeting is not None or (seen is not None and seen.hidden is not RedactionReason.RECUSED)
    return TrailNotYours() if known else UnknownCase(stream=stream)


async def opened(reading: Reading, kind: Stream, stream: UUID, meeting: Meeting | None) -> Trail | None:
    """How the viewer reads it; None where it is not theirs to read."""
    if kind is CASE:
        return await of_case(reading, stream)
    if kind is MEETING:
        return await of_meeting(reading, meeting) if meeting else None
    if Role.AUDITOR not in reading.viewer.roles_held():
        return None
    theirs = await of_their_cases(reading, stream) if kind is PERSON else kind in (PARTNER, PROGRAMME)
    if theirs and kind is PERSON:
        looks.told_of(stream)
    return of_place(kind, reading.viewer, await merges_told(reading, kind, stream)) if theirs else None


async def merges_told(reading: Reading, kind: Stream, stream: UUID) -> frozenset[UUID]:
    """The merges with people of whom the viewer audits a case, too."""
    held = await reading.facts.person(stream) if kind is PERSON else None
    merges = held.merges if held else ()
    others = {each.other(stream) for each in merges}
    theirs = {other for other in others if await of_their_cases(reading, other)}
    return frozenset(each.merge for each in merges if each.other(stream) in theirs)


async def of_their_cases(reading: Reading, stream: UUID) -> bool:
    """A person is for those who audit a case of theirs and are kept out of none. Raises an `Unreadable` to whom, as far
    as can be told, it is.
    """
    problem: Unreadable | None = None
    try:
        person = await reading.facts.person(stream)
        cases = person.cases if person else ()
    except Unreadable as found:
        problem, cases = found, await case_summary.of_person(reading.facts.catch.log.pool, stream)
    if not any(reading.viewer.audits(programme, case) for case, programme in cases):
        return False
    if await reading.kept_from(stream):
        return False
    if problem is not None:
        raise problem
    return True


async def of_case(reading: Reading, stream: UUID) -> Trail | None:
    case = await reading.known(stream)
    who = reading.viewer
    if case is None or not (who.audits(case.programme, stream) or coordinates(who, case, reading.facts.at)):
        return None
    seen = await reading.facts.sight(reading.viewer, case)
    if seen is None or seen.hidden is RedactionReason.RECUSED:
        return None
    return Trail(
        CASE,
        facts_told(seen, case),
        lambda state: case_told(seen, state),
        lambda fact: case_fact_told(seen, fact),
        seen.everything,
        beside_case(seen, case) if seen.tags else None,
    )


def beside_case(seen: Sight, case: Case) -> Trail:
    def shown(state: Beside | None) -> Beside | None:
        return state and beside_told(seen, state)

    # Never counted: somebody may have been given one tag and not another.
    return Trail(RESTRICTED, facts_told(seen, case), shown, lambda fact: fact, counted=False)


def facts_told(seen: Sight, case: Case) -> Callable[[Fact, object], Told]:
    def fact_told(fact: Fact, _: object) -> Told:
        found = told(seen, case, fact.event, fact.envelope.occurred_at)
        if found is Told.SHOWN:
            looks.told(case.case, telling(fact.event).category, case.person)
        return found

    return fact_told


async def of_meeting(reading: Reading, meeting: Meeting) -> Trail | None:
    if not prepares(reading.viewer, meeting, reading.facts.at):
        return None
    sitting = await Sitting.of(reading, meeting)
    # Every case that the meeting has ever spoken of, whatever has become of its item.
    appearances = reading.facts.catch.present.appearances
    cases = appearances.cases(meeting.meeting) | {item.case for item in meeting.items if item.case}
    await sitting.look(cases)
    closed = [item.case for item in meeting.items if item.case and await sitting.hidden(item)]
    withheld = sitting.recused | sitting.unreadable | frozenset(closed)
    await reading.facts.gathered()
    held = {case: (await reading.facts.case(case)).state for case in cases - withheld}
    seen = {case: await reading.facts.sight(reading.viewer, state) for case, state in held.items() if state}

    def of(case: UUID) -> Agreed:
        return agreed(seen.get(case), held.get(case), prepares=True)

    def fact_told(fact: Fact, after: Meeting | None) -> Told:
        item = after.item(fact.event.item) if after and isinstance(getattr(fact.event, "item", None), UUID) else None
        case = item.case if item else None
        if case in withheld:
            return told_withheld(fact.event)
        # Whoever prepares a meeting reads what was recorded at it, as long as the item is theirs to see.
        about = (seen.get(case), held.get(case)) if case and seen.get(case) else (None, None)
        return told_at_meeting(*about, fact.event, fact.envelope.occurred_at, prepares=True)

    closed_items = {item.item for item in meeting.items if item.case in withheld}
    return Trail(
        MEETING,
        fact_told,
        lambda state: meeting_told(state, withheld, of),
        lambda fact: meeting_fact_told(fact, withheld, closed_items, of),
        not withheld,
    )


def of_place(kind: Stream, who: Who, merges: frozenset[UUID]) -> Trail:
    """Persons, partners and programmes, as auditors read them: without what is restricted, or of cases not theirs.
    `merges` are those of a person of which they may know.
    """

    def fact_told(fact: Fact, _: object) -> Told:
        rule, event = telling(fact.event), fact.event
        closed = rule is UNKNOWN or rule.category is Category.RESTRICTED
        if isinstance(event, PersonReferred | MatchesLookedFor):
            closed = not who.audits(event.programme, event.case)
        if isinstance(event, MergeEvent):
            closed = event.merge not in merges
        return Told.UNTOLD if closed else Told.SHOWN

    def shown(state: Any) -> Any:
        match state:
            case Person():
                return person_told(who, state, merges)
            case Partner():
                return partner_told(state)
            case _:
                return state

    return Trail(kind, fact_told, shown, place_fact_told, kind is not PERSON)


def entry(fact: Fact, fact_said: str, changes: Iterable[Change], *, counted: bool) -> audit_types.AuditEntry:
    envelope = fact.envelope
    return audit_types.AuditEntry(
        position=Position(fact.position),
        stream=fact.stream,
        version=fact.version if counted else None,
        event=fact.topic,
        occurred_at=envelope.occurred_at,
        recorded_at=fact.recorded_at,
        by=common_types.Worker(user=envelope.actor.user, agency=envelope.actor.agency),
        role=envelope.actor.role,
        on_behalf_of=envelope.actor.on_behalf_of,
        purpose=envelope.purpose,
        programme=envelope.programme,
        meeting_id=envelope.meeting,
        command_id=envelope.command,
        fact=fact_said,
        changes=[audit_types.Change(path=each.path, before=each.before, after=each.after) for each in changes],
    )
