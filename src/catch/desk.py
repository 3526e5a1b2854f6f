"""The desk: where a command becomes facts.

Access, sealing, decision and append, in that order; a person who acted on what they saw says so with
`expected_version`, everybody else's command is decided again when somebody was faster.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.access import Seat, may
from catch.database import lost
from catch.domain import case as case_stream
from catch.domain import discussion, partner, person, programme, restricted
from catch.domain import meeting as meeting_stream
from catch.domain.case.closing import ReopenCase
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.referral import ProgrammeNotRunning, SubmitReferral
from catch.domain.case.state import Case
from catch.domain.configuration import Programme
from catch.domain.facts import Actor, Command, Envelope, Fact, Purpose, Recorded
from catch.domain.given import Given
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner
from catch.domain.programme import ProgrammeHistory
from catch.domain.refusals import IdAlreadyUsed, Refused
from catch.domain.streams import (
    CASE,
    MEETING,
    PARTNER,
    PERSON,
    PROGRAMME,
    RESTRICTED,
    Stream,
    partner_stream,
    programme_stream,
    stream_of_command,
)
from catch.log.codec import encode
from catch.log.entries import Answer, Append, Conflict, NewEvent, Unavailable
from catch.log.log import Log
from catch.log.states import Held, States

_ATTEMPTS = 12
_LONGEST_WAIT = 0.05  # seconds
_CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_requests = logging.getLogger("catch.commands")


class Stale(Refused):
    """This was changed since you looked at it. Look again, then repeat what you still want."""


class InTheFuture(Refused):
    """Something cannot have occurred later than now. Check the date and the time."""


class Edge(Protocol):
    """What only the edge can do: fill in what a client must not make up, and seal personal text."""

    async def fill(self, command: Command, loaded: "Loaded", at: datetime) -> Command: ...

    async def seal(self, command: Command, subject: UUID) -> Command: ...

    async def caseload(self, user: str) -> int: ...

    async def seats(self, case: UUID) -> Sequence[Seat]: ...


class Loaded(Struct):
    """The streams a command speaks of. `id` and `stream` are those the answer is about."""

    stream: Stream
    id: UUID
    held: Held
    case_id: UUID | None = None
    case: Held | None = None
    meeting: Held | None = None
    person_id: UUID | None = None
    person: Held | None = None
    others: dict[UUID, Held] = {}
    programme: Programme | None = None

    @property
    def other_cases(self) -> list[Case]:
        """The person's other cases in the programme."""
        return [held.state for held in self.others.values()]

    @property
    def case_state(self) -> Case | None:
        return self.case.state if self.case else None

    @property
    def meeting_state(self) -> Meeting | None:
        return self.meeting.state if self.meeting else None


Part = tuple[Stream, UUID, int, Sequence[Fact]]
"""What one stream gets: its kind, its id, the version decided on, the facts."""


class Desk:
    """Takes commands. One a process; any number of processes may share one log."""

    def __init__(self, log: Log, states: States, edge: Edge, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._log = log
        self._states = states
        self._edge = edge
        self._now = now

    async def take(
        self,
        command: Command,
        *,
        by: Actor,
        command_id: UUID,
        occurred_at: datetime | None = None,
        expected_version: int | None = None,
        purpose: Purpose = Purpose.DIRECT_CARE,
    ) -> Answer:
        """Decide and record. Raises a `Refused`; a command id that was taken before gets its first answer."""
        started = asyncio.get_running_loop().time()
        if isinstance(command, restricted.RaiseSafeguardingConcern):
            expected_version = None  # to be told that one is stale tells that there is something
        try:
            answer = await self._answer(command, by, command_id, occurred_at, expected_version, purpose)
        except Refused as refused:
            self._note(command, by, started, refused=refused.code)
            raise
        self._note(command, by, started, position=answer.position, repeated=answer.repeated)
        return alike(command, answer)

    async def _answer(
        self,
        command: Command,
        by: Actor,
        command_id: UUID,
        occurred_at: datetime | None,
        expected_version: int | None,
        purpose: Purpose,
    ) -> Answer:
        try:
            try:
                return await self._take(command, by, command_id, occurred_at, expected_version, purpose)
            except Unavailable:
                raise
            except Refused:
                # Only a repeat can be refused for what its first run already did.
                first = await self._log.answer(command_id)
                if first is None:
                    raise
                return first
        except Exception as error:
            if lost(error):
                raise Unavailable from None
            raise

    async def _take(
        self,
        command: Command,
        by: Actor,
        command_id: UUID,
        occurred_at: datetime | None,
        expected_version: int | None,
        purpose: Purpose,
    ) -> Answer:
        now = self._now()
        at = (occurred_at or now).astimezone(UTC)
        if at > now + _CLOCKS_MAY_DIFFER:
            raise InTheFuture(field="occurredAt", latest=now.isoformat())
        sealed: Command | None = None
        for attempt in range(_ATTEMPTS):
            loaded = await self._load(command)
            if expected_version is not None and loaded.held.version < expected_version:
                # What this process has at hand may lie behind what another one showed.
                self._states.forget([loaded.id])
                loaded = await self._load(command)
            if expected_version is not None and loaded.held.version != expected_version:
                raise Stale(expected=expected_version, present=loaded.held.version)
            own = (await self._states.get(PARTNER, partner_stream(by.agency))).state
            case = None if isinstance(command, restricted.RaiseSafeguardingConcern) else loaded.case_state
            seats = await self._edge.seats(case.case) if case else ()
            may(by, command, loaded.case_state, loaded.meeting_state, own, at=now, seats=seats)
            filled = await self._edge.fill(command, loaded, at)
            # Sealing costs a key; one sealing serves all attempts, unless the edge fills something new in.
            if sealed is None or filled is not command:
                sealed = await self._edge.seal(filled, self._subject(command, loaded))
            given = await self._given(sealed, by, at, loaded)
            parts = decide(sealed, loaded, given)
            append, facts = self._append(parts, command, command_id, loaded, by, at, purpose)
            try:
                answer = await self._log.append(append)
            except Conflict:
                self._states.forget([loaded.id, *(id_ for _, id_, _, _ in parts), *(id_ for id_, _ in append.expects)])
                if expected_version is not None:
                    raise Stale(expected=expected_version) from None
                await asyncio.sleep(random.uniform(0, min(0.002 * 2**attempt, _LONGEST_WAIT)))  # noqa: S311  (jitter, not a secret)
                continue
            if not answer.repeated:
                self._keep(facts, answer)
            return answer
        raise Conflict(attempts=_ATTEMPTS)

    async def _load(self, command: Command) -> Loaded:
        stream = stream_of_command(command)
        id_ = stream.stream_of(command)
        loaded = Loaded(stream, id_, await self._states.get(stream, id_))
        if self._states.another(stream, id_):
            raise IdAlreadyUsed(field=stream.name, value=id_)
        if stream is CASE:
            loaded.case_id, loaded.case = id_, loaded.held
        elif isinstance(command, restricted.RestrictedCommand):
            loaded.case_id, loaded.case = command.case, await self._states.get(CASE, command.case)
        elif stream is MEETING:
            loaded.meeting = loaded.held
            loaded.case_id = case_named(loaded.meeting_state, command)
            if loaded.case_id is not None:
                loaded.case = await self._states.get(CASE, loaded.case_id)
        if isinstance(command, SubmitReferral):
            await self._load_person(loaded, command.person, command.programme)
        elif isinstance(command, ReopenCase) and loaded.case_state is not None:
            await self._load_person(loaded, loaded.case_state.person, loaded.case_state.programme)
        loaded.programme = await self._programme(command, loaded)
        return loaded

    async def _load_person(self, loaded: Loaded, person: UUID, programme: str) -> None:
        loaded.person_id, loaded.person = person, await self._states.get(PERSON, person)
        known = loaded.person.state
        cases = [case for case in (known.cases_in(programme) if known else ()) if case != loaded.id]
        loaded.others = dict(zip(cases, await self._states.get_many(CASE, cases), strict=True))

    async def _programme(self, command: Command, loaded: Loaded) -> Programme | None:
        """The version a case is pinned to; for new cases and for meetings, the present one."""
        case, meeting = loaded.case_state, loaded.meeting_state
        key = case.programme if case else meeting.programme if meeting else getattr(command, "programme", None)
        if key is None or loaded.stream in (PROGRAMME, PARTNER, PERSON):
            return None
        history: ProgrammeHistory | None = (await self._states.get(PROGRAMME, programme_stream(key))).state
        if history is None:
            return None
        if case is not None and loaded.stream in (CASE, RESTRICTED):
            return history.version(case.programme_version)
        if not history.active and isinstance(command, SubmitReferral):
            raise ProgrammeNotRunning(programme=key)
        return history.current

    async def _given(self, command: Command, by: Actor, at: datetime, loaded: Loaded) -> Given:
        partners: dict[str, Partner] = {}
        for key in partners_named(command):
            state = (await self._states.get(PARTNER, partner_stream(key))).state
            if state is not None:
                partners[key] = state
        caseload = 0
        limit = loaded.programme.caseload.hard_max if loaded.programme else None
        if limit is not None and isinstance(command, AllocateCoordinator):
            caseload = await self._edge.caseload(command.user)
        return Given(at=at, by=by, programme=loaded.programme, partners=partners, caseload=caseload)

    def _subject(self, command: Command, loaded: Loaded) -> UUID:
        """Under whose key personal text is sealed: the person it is about, else whatever the stream is about."""
        if loaded.case_state is not None:
            return loaded.case_state.person
        named = getattr(command, "person", None)
        return named if isinstance(named, UUID) else loaded.id

    def _append(
        self,
        parts: Sequence[Part],
        command: Command,
        command_id: UUID,
        loaded: Loaded,
        by: Actor,
        at: datetime,
        purpose: Purpose,
    ) -> tuple[Append, list[tuple[Stream, UUID, int, Envelope[Fact]]]]:
        case, pinned = loaded.case_state, loaded.programme
        facts = [
            (
                stream,
                id_,
                version + place,
                Envelope(
                    occurred_at=at,
                    actor=by,
                    purpose=purpose,
                    command=command_id,
                    correlation=command_id,
                    event=fact,
                    programme=pinned.pin if pinned else None,
                    meeting=meeting_of(command, case),
                ),
            )
            for stream, id_, version, events in parts
            for place, fact in enumerate(events, start=1)
        ]
        events = tuple(NewEvent(id_, version, type(env.event).__name__, encode(env)) for _, id_, version, env in facts)
        return Append(command_id, loaded.id, events, expectations(loaded, {id_ for _, id_, _, _ in facts})), facts

    def _keep(self, facts: Sequence[tuple[Stream, UUID, int, Envelope[Fact]]], answer: Answer) -> None:
        for place, (stream, id_, version, envelope) in enumerate(facts, start=1):
            # No fold reads `recorded_at`; the database's own time comes with the feed.
            position = answer.position - len(facts) + place
            topic = type(envelope.event).__name__
            recorded: Recorded[Any] = Recorded(position, id_, version, topic, envelope.occurred_at, envelope)
            self._states.advance(recorded, stream)

    def _note(self, command: Command, by: Actor, started: float, **outcome: object) -> None:
        """One line a command: what, in which role, how long, and the position or refusal it led to. No contents."""
        if _requests.isEnabledFor(logging.INFO):
            taken = round((asyncio.get_running_loop().time() - started) * 1000, 1)
            line = {"command": type(command).__name__, "role": by.role, "agency": by.agency, "ms": taken, **outcome}
            _requests.info(msgspec.json.encode(line).decode())


def alike(command: Command, answer: Answer) -> Answer:
    """Whoever raises a concern hears that it was taken, and nothing of what else is known."""
    if not isinstance(command, restricted.RaiseSafeguardingConcern):
        return answer
    return answer._replace(stream=command.case, version=0, events=(restricted.SafeguardingConcernRaised.__name__,))


def expectations(loaded: Loaded, written: Collection[UUID]) -> tuple[tuple[UUID, int], ...]:
    """Streams that the decision looked at and does not write: they must still be where they were."""
    looked = {id_: held.version for id_, held in loaded.others.items()}
    if loaded.person_id is not None and loaded.person is not None:
        looked[loaded.person_id] = loaded.person.version
    return tuple((id_, version) for id_, version in looked.items() if written and id_ not in written)


def decide(command: Any, loaded: Loaded, given: Given) -> list[Part]:
    """Each stream's part of the answer, in the order in which they are written."""
    state, version = loaded.held.state, loaded.held.version
    if isinstance(command, SubmitReferral):
        assert loaded.person is not None
        opened, referred = discussion.decide_referral(state, loaded.person.state, loaded.other_cases, command, given)
        return [(CASE, loaded.id, version, opened), (PERSON, command.person, loaded.person.version, referred)]
    if isinstance(command, ReopenCase):
        return [(CASE, loaded.id, version, discussion.decide_reopening(state, loaded.other_cases, command, given))]
    if isinstance(command, restricted.RestrictedCommand):
        return [(RESTRICTED, loaded.id, version, discussion.decide_beside(state, loaded.case_state, command, given))]
    if isinstance(command, discussion.MeetingAndCase):
        heard, told = discussion.decide_in_meeting(state, loaded.case_state, command, given)
        parts: list[Part] = [(MEETING, loaded.id, version, heard)]
        if loaded.case is not None and loaded.case_id is not None:
            # Whoever may take part again is told so by the meeting: by then the case must be open to them.
            parts.insert(
                0 if isinstance(command, discussion.Interest) else 1, (CASE, loaded.case_id, loaded.case.version, told)
            )
        return parts
    return [(loaded.stream, loaded.id, version, DECIDERS[loaded.stream.name](state, command, given))]


DECIDERS: dict[str, Callable[[Any, Any, Given], Sequence[Fact]]] = {
    "case": case_stream.decide,
    "meeting": meeting_stream.decide,
    "person": person.decide,
    "partner": partner.decide,
    "programme": programme.decide,
}


def case_named(meeting: Meeting | None, command: Any) -> UUID | None:
    """The case a meeting's command is about: the one it names, or its item's."""
    named = getattr(command, "case", None)
    if isinstance(named, UUID):
        return named
    item = getattr(command, "item", None)
    held = meeting.item(item) if meeting and isinstance(item, UUID) else None
    return held.case if held else None


def meeting_of(command: Any, case: Case | None) -> UUID | None:
    """The meeting a fact belongs to: the command's own, or the one where the answered action was offered."""
    named = getattr(command, "meeting", None)
    if isinstance(named, UUID):
        return named
    action = getattr(command, "action", None)
    held = case.action(action) if case and isinstance(action, UUID) else None
    return held.meeting if held else None


_NAMES_A_PARTNER = ("agency", "owner", "to")


def partners_named(command: Any) -> list[str]:
    """The keys of the partners that the command speaks of."""
    named = [getattr(command, field, None) for field in _NAMES_A_PARTNER]
    seated = [seat.agency for seat in getattr(command, "seats", ())]
    return [key for key in (*named, *seated) if isinstance(key, str)]
