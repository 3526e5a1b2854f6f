"""The audit trail: every fact of a stream that the viewer may know of, and what it changed of what they may see."""

from collections.abc import Callable, Iterator
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
    case_told,
    coordinates,
    meeting_told,
    partner_told,
    person_told,
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
    stream_of_event,
)
from catch.history.changes import Step, steps
from catch.history.past import histories
from catch.present.states import folded

Fact = Recorded[Any]


class Trail(Struct, frozen=True):
    """How one viewer reads one stream. `told`: a fact, and the state it left; `counted`: nothing of it is closed.

    `beside`: how they read what is restricted, where they may.
    """

    stream: Stream
    told: Callable[[Fact, Any], Told]
    shown: Callable[[Any], Any]
    counted: bool
    beside: "Trail | None" = None


async def read(reading: Reading, stream: UUID, meeting: Meeting | None) -> list[audit_types.AuditEntry]:
    """Auditors read every trail; coordinators those of their agency's cases; chairs those of their meetings.

    `meeting` is the stream's, where the viewer may attend it. Raises `UnknownCase`.
    """
    log = reading.facts.catch.log
    recorded = (await histories(log, [stream]))[stream]
    trail = await opened(reading, recorded, meeting)
    if trail is None:
        raise await no_trail(reading, stream, meeting)
    found = [*entries(trail, recorded)]
    if trail.stream is CASE and trail.beside is not None:
        # What is kept beside the case is read with it, as one.
        kept = (await histories(log, [beside := restricted_stream(stream)]))[beside]
        # By position: two streams have no versions in common.
        found = sorted([*found, *entries(trail.beside, kept)], key=lambda entry: entry.position)
    return found


class TrailNotYours(NotAnswered):
    """The trail is for auditors, for those who coordinate the case, and for those who prepare the meeting."""


async def no_trail(reading: Reading, stream: UUID, meeting: Meeting | None) -> Refused:
    """Whoever sees what it is the trail of is told why they do not read it; for others there is no such thing."""
    case: Case | None = (await reading.facts.case(stream)).state
    seen = await reading.facts.sight(reading.viewer, case) if case else None
    known = meeting is not None or (seen is not None and seen.hidden is not RedactionReason.RECUSED)
    return TrailNotYours() if known else UnknownCase(stream=stream)


async def opened(reading: Reading, recorded: list[Fact], meeting: Meeting | None) -> Trail | None:
    """How the viewer reads it; None where it is not theirs to read."""
    if not recorded:
        return None
    kind = stream_of_event(recorded[0].event)
    if kind is CASE:
        return await of_case(reading, recorded[0].stream)
    if kind is MEETING:
        return await of_meeting(reading, meeting) if meeting else None
    return of_place(kind, reading.viewer) if audits(reading.viewer, kind, folded(kind, recorded).state) else None


def audits(who: Who, kind: Stream, state: Any) -> bool:
    """Agencies and programmes are for every auditor to read; a person is for those who audit a case of theirs."""
    if kind is PERSON:
        return state is not None and any(who.audits(programme, case) for case, programme in state.cases)
    return Role.AUDITOR in who.roles_held() and kind in (PARTNER, PROGRAMME)


async def of_case(reading: Reading, stream: UUID) -> Trail | None:
    case: Case | None = (await reading.facts.case(stream)).state
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
        seen.everything,
        beside_case(seen, case) if seen.tags else None,
    )


def beside_case(seen: Sight, case: Case) -> Trail:
    def shown(state: Beside | None) -> Beside | None:
        return state and beside_told(seen, state)

    # Never counted: somebody may have been given one tag and not another.
    return Trail(RESTRICTED, facts_told(seen, case), shown, counted=False)


def facts_told(seen: Sight, case: Case) -> Callable[[Fact, object], Told]:
    return lambda fact, _: told(seen, case, fact.event, fact.envelope.occurred_at)


async def of_meeting(reading: Reading, meeting: Meeting) -> Trail | None:
    if not prepares(reading.viewer, meeting, reading.facts.at):
        return None
    sitting = await Sitting.of(reading, meeting)
    # Every case that the meeting has ever spoken of, whatever has become of its item.
    appearances = reading.facts.catch.present.appearances
    cases = appearances.cases(meeting.meeting) | {item.case for item in meeting.items if item.case}
    await sitting.look(cases)
    closed = [item.case for item in meeting.items if item.case and await sitting.hidden(item)]
    withheld = sitting.recused | frozenset(closed)
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

    return Trail(MEETING, fact_told, lambda state: meeting_told(state, withheld, of), not withheld)


def of_place(kind: Stream, who: Who) -> Trail:
    """Persons, partners and programmes, as auditors read them: without what is restricted, or of cases not theirs."""

    def fact_told(fact: Fact, _: object) -> Told:
        rule, event = telling(fact.event), fact.event
        closed = rule is UNKNOWN or rule.category is Category.RESTRICTED
        if isinstance(event, PersonReferred | MatchesLookedFor):
            closed = not who.audits(event.programme, event.case)
        return Told.UNTOLD if closed else Told.SHOWN

    def shown(state: Any) -> Any:
        match state:
            case Person():
                return person_told(who, state)
            case Partner():
                return partner_told(state)
            case _:
                return state

    return Trail(kind, fact_told, shown, kind is not PERSON)


def entries(trail: Trail, recorded: list[Fact]) -> Iterator[audit_types.AuditEntry]:
    """Facts that are closed are not there: neither that they are nor how many there are is told."""
    state: Any = None
    for fact, step in zip(recorded, steps(trail.stream, recorded, shown=trail.shown), strict=True):
        state = trail.stream.evolve(state, fact)
        if trail.told(fact, state) is Told.SHOWN:
            yield entry(step, counted=trail.counted)


def entry(step: Step, *, counted: bool) -> audit_types.AuditEntry:
    fact, envelope = step.recorded, step.recorded.envelope
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
        changes=[audit_types.Change(path=each.path, before=each.before, after=each.after) for each in step.changes],
    )
