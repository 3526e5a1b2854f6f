"""What decisions ask that no stream says by itself, and who answers: the read side, the log's head, the keyring."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.access.restriction import Way, goes_out
from catch.commands.book import Question
from catch.domain.agenda.case_facts import case_facts
from catch.domain.agenda.draft import AGENDA_ITEMS, draft_agenda
from catch.domain.agenda.facts import CaseFacts
from catch.domain.calendar import LONDON
from catch.domain.case.state import Case
from catch.domain.facts import Recorded, Sealed
from catch.domain.matching import Identifiers, born_on, marks, one_reference
from catch.domain.meeting.instant import InstantDiscussionHeld
from catch.domain.meeting.listing import Agenda
from catch.domain.meeting.planning import MeetingCancelled
from catch.domain.meeting.session import MeetingStarted
from catch.domain.meeting.state import Meeting
from catch.domain.nhs_number import nhs_number
from catch.domain.person import Person
from catch.domain.programme import ProgrammeHistory
from catch.domain.programme.configuration import Series
from catch.domain.refusals import UnknownMeeting
from catch.domain.streams import CASE, PERSON, PROGRAMME, Stream, fold, programme_stream, stream_of_event
from catch.history.past import Moment, histories
from catch.log import Log
from catch.log.codec import decode
from catch.personal import Keyring, Sealing, Unopened
from catch.present.present import Present
from catch.present.states import Held
from catch.readside import ReadSide
from catch.slices import each, emptied
from projections import agenda, case_summary, contacts, data_requests, matches, members


class AgendaFacts(NamedTuple):
    """What a draft rests on: the series, the meeting and the cases, all as the log stood at position `as_of`."""

    series: Series
    meeting: Meeting
    cases: Sequence[CaseFacts]
    as_of: int

    def drafted(self, salt: str) -> Agenda:
        return draft_agenda(self.series, self.meeting, self.cases, self.as_of, salt)


class Records:
    """What a process can look things up in."""

    def __init__(self, log: Log, readside: ReadSide, keyring: Keyring, present: Present) -> None:
        self.log = log
        self.readside = readside
        self.keyring = keyring
        self.states = present.states
        self.appearances = present.appearances

    async def up_to_date(self) -> int:
        """Returns once the read side has come to the present end of the log; where that is. Raises `NotCaughtUp`."""
        head = await self.log.head()
        await self.readside.reached(head)
        return head

    async def agenda_facts(self, meeting: UUID, also: UUID | None = None) -> AgendaFacts:
        """What a draft made now rests on: the facts up to one position at the present end of the log, and no other.

        `also` names a case that is asked about, live or not. Raises `UnknownMeeting`.
        """
        await self.up_to_date()
        # Others write on while this reads: all of it comes from one snapshot, so that `as_of` names what it was.
        needed = (case_summary.CASE_SUMMARY, agenda.AGENDA, data_requests.DATA_REQUESTS)
        async with self.readside.still(*needed) as (db, as_of):
            row = await agenda.one(db, meeting)
            if row is None:
                raise UnknownMeeting(meeting=meeting)
            held = row.meeting
            cases = await case_summary.live_in(db, held.programme)
            if also is not None and all(case.case != also for case in cases):
                asked = await case_summary.one(db, also)
                cases += [asked.case] if asked else []
            recorded = await self.log.stream(programme_stream(held.programme), upto_position=as_of, on=db)
            history, series = series_held(fold(PROGRAMME, [*map(decode, recorded)]), held)
            carried = await agenda.before(db, held, history.current.series_keys)
            restricted = await data_requests.stopped(db, held.starts_at)
        stopped = await self._all_of(restricted)
        # In slices, so that a draft over ten thousand cases holds nobody up.
        facts = await each(
            lambda case: case_facts(case, history, held, carried.get(case.case), stopped=case.person in stopped),
            emptied(cases),
        )
        return AgendaFacts(series, held, facts, as_of)

    async def withheld(self, way: Way, at: datetime) -> frozenset[UUID]:
        """Everybody of whom nothing leaves by this way, under every registration; as far as the read side has come."""
        return frozenset() if goes_out(way) else await self.stopped(at)

    async def stopped(self, at: datetime) -> frozenset[UUID]:
        """Everybody of whom nothing is done with what is kept of them but to keep it, under every registration; as far
        as the read side has come.
        """
        return await self._all_of(await data_requests.stopped(self.log.pool, at))

    async def _all_of(self, people: Collection[UUID]) -> frozenset[UUID]:
        """They, and whoever is one with them. Of one who cannot be read, they alone: nobody else waits for that."""
        survivors = {each.survivor for each in await self._readable(people)}
        first = await self._readable(survivors)
        return frozenset((*people, *survivors, *(retired for each in first for retired in each.merged_in)))

    async def _readable(self, people: Collection[UUID]) -> list[Person]:
        held = await self.states.gather(PERSON, people)
        return [each.state for each in held if isinstance(each, Held) and each.state is not None]

    async def facts_then(self, meeting: Meeting, case: UUID) -> AgendaFacts:
        """What was known of one case, and of the programme, when a meeting that is over began, or was called off."""
        known = await histories(self.log, [meeting.meeting])
        over = next(each for each in known[meeting.meeting] if isinstance(each.event, BEGINS))
        moment, of_programme = Moment(position=over.position), programme_stream(meeting.programme)
        then = await histories(self.log, [of_programme, case], moment)
        history, series = series_held(fold(PROGRAMME, then[of_programme]), meeting)
        held: Case | None = fold(CASE, then[case]) if of_kind(CASE, then[case]) else None
        carried = await agenda.before(self.log.pool, meeting, history.current.series_keys)
        facts = [case_facts(held, history, meeting, carried.get(case))] if held is not None else []
        return AgendaFacts(series, meeting, facts, over.position)


BEGINS = (MeetingStarted, MeetingCancelled, InstantDiscussionHeld)
"""The facts with one of which every meeting that is over began, or did not."""


def series_held(history: ProgrammeHistory | None, meeting: Meeting) -> tuple[ProgrammeHistory, Series]:
    series = history.current.series(meeting.series) if history else None
    if history is None or series is None:
        raise UnknownMeeting(meeting=meeting.meeting)
    return history, series


def of_kind(stream: Stream, recorded: Sequence[Recorded[Any]]) -> bool:
    """Whether these are facts of such a stream: an id may name anything."""
    return bool(recorded) and stream_of_event(recorded[0].event) is stream


class Asking(Struct, frozen=True):
    """Where a command's questions are answered: the records, and its texts as they were before they were sealed.

    `anew`: the read side has come to the log's end just now, and is to be asked again about what is known.
    """

    records: Records
    sealing: Sealing[Any] | None
    anew: bool


class Caseload(Question[int], frozen=True):
    """How many live cases this coordinator leads."""

    user: str

    async def answer(self, source: Asking) -> int:
        # Whoever was given a case a moment ago has it: the caseload's register was read before this.
        await source.records.up_to_date()
        return await case_summary.caseload(source.records.log.pool, self.user)


class Coordinates(Question[bool], frozen=True):
    """Whether the agency coordinates any live case of the programme."""

    agency: str
    programme: str

    async def answer(self, source: Asking) -> bool:
        await source.records.up_to_date()
        return await case_summary.coordinates(source.records.log.pool, self.agency, self.programme)


class MeetingsHolding(Question[tuple[UUID, ...]], frozen=True):
    """The meetings whose agendas hold the case."""

    case: UUID

    async def answer(self, source: Asking) -> tuple[UUID, ...]:
        await source.records.appearances.look([self.case], anew=source.anew)
        return tuple(sorted(source.records.appearances.meetings([self.case])))


class MeetingsOn(Question[tuple[UUID, ...]], frozen=True):
    """The meetings of a series, whichever programme's, on a day in London."""

    series: str
    day: date

    async def answer(self, source: Asking) -> tuple[UUID, ...]:
        # A meeting that was planned a moment ago counts, too; few are planned, so that the wait costs nobody anything.
        await source.records.up_to_date()
        start, end = day_start(self.day), day_start(self.day + timedelta(days=1))
        rows = await agenda.page(source.records.log.pool, self.series, start, end)
        return tuple(row.meeting.meeting for row in rows)


class Officers(Question["frozenset[tuple[str, str]]"], frozen=True):
    """Agency and user of those appointed to chair the series, or to stand in, on a day."""

    programme: str
    series: str
    day: date

    async def answer(self, source: Asking) -> frozenset[tuple[str, str]]:
        return frozenset(await members.officers(source.records.log.pool, self.programme, self.series, self.day))


class Draft(Question[Agenda], frozen=True):
    """The agenda as the rules make it now."""

    meeting: UUID

    async def answer(self, source: Asking) -> Agenda:
        facts = await source.records.agenda_facts(self.meeting)
        return facts.drafted(source.records.keyring.digest(AGENDA_ITEMS))


class Numbered(NamedTuple):
    """An NHS number as it is kept: written in one way and sealed, with its keyed hash."""

    sealed: Sealed
    digest: str


class NhsNumber(Question["Numbered | None"], frozen=True):
    """The number that this text of the command is; None where it is none."""

    RECORDED = False

    text: Sealed

    async def answer(self, source: Asking) -> Numbered | None:
        assert source.sealing is not None
        number = nhs_number(source.sealing.plain(self.text))
        return Numbered(source.sealing.seal(number), source.records.keyring.digest(number)) if number else None


class DayOfBirth(Question["date | None"], frozen=True):
    """The day that this text of the command is; None where it is none."""

    RECORDED = False

    text: Sealed

    async def answer(self, source: Asking) -> date | None:
        assert source.sealing is not None
        return born_on(source.sealing.plain(self.text))


class Marks(Question[tuple[str, ...]], frozen=True):
    """The keyed hashes of each two identifiers that these texts are: of the command, or known from before."""

    RECORDED = False

    name: Sealed | None
    date_of_birth: Sealed | None
    phone: Sealed | None
    nhs_number: Sealed | None

    async def answer(self, source: Asking) -> tuple[str, ...]:
        assert source.sealing is not None
        said = Identifiers(*[await self._plain(text, source) for text in self._texts])
        return mark_digests(source.records.keyring, said)

    @property
    def _texts(self) -> tuple[Sealed | None, ...]:
        return self.name, self.date_of_birth, self.phone, self.nhs_number

    @staticmethod
    async def _plain(text: Sealed | None, source: Asking) -> str | None:
        if text is None or source.sealing is None:
            return None
        if source.sealing.holds(text):
            return source.sealing.plain(text)
        (known,) = await source.records.keyring.unseal([text])
        return None if isinstance(known, Unopened) else known


class Sharing(Question[matches.Sharers], frozen=True):
    """The people who share a mark with somebody who has these; that somebody is one of them."""

    marks: tuple[str, ...]

    async def answer(self, source: Asking) -> matches.Sharers:
        # Two doors at once: whoever was registered a moment ago is found as well.
        await source.records.up_to_date()
        return await matches.sharing(source.records.log.pool, self.marks)


class ReferenceDigest(Question[str], frozen=True):
    """The keyed hash of a sender's own number of a referral."""

    RECORDED = False

    reference: Sealed

    async def answer(self, source: Asking) -> str:
        assert source.sealing is not None
        return reference_digest(source.records.keyring, source.sealing.plain(self.reference))


class RegisteredWith(Question[tuple[UUID, ...]], frozen=True):
    """The people who were registered with the NHS number of this digest, of those whom the read side knows: it is asked
    for who was referred before their number had a register.
    """

    digest: str

    async def answer(self, source: Asking) -> tuple[UUID, ...]:
        return await matches.registered_with(source.records.log.pool, self.digest)


class ContactsAbout(Question[tuple[UUID, ...]], frozen=True):
    """The contacts that are about the person, or led to a referral of theirs."""

    person: UUID

    async def answer(self, source: Asking) -> tuple[UUID, ...]:
        # One that came a moment ago counts, too; nobody waits for this answer but who erases somebody.
        await source.records.up_to_date()
        return await contacts.about(source.records.log.pool, self.person)


class CaseNumbered(Question["UUID | None"], frozen=True):
    """The case that people call by this number."""

    number: str

    async def answer(self, source: Asking) -> UUID | None:
        return await case_summary.by_number(source.records.log.pool, self.number)


class SubjectDigest(Question[str], frozen=True):
    """The keyed hash of what an issuer calls somebody."""

    RECORDED = False

    issuer: str
    subject: Sealed

    async def answer(self, source: Asking) -> str:
        assert source.sealing is not None
        return source.records.keyring.subject_digest(self.issuer, source.sealing.plain(self.subject))


def mark_digests(keyring: Keyring, said: Identifiers) -> tuple[str, ...]:
    """The keyed hashes under which whoever shares two identifiers is found."""
    return tuple(keyring.digest(f"mark {each}") for each in marks(said))


def reference_digest(keyring: Keyring, reference: str) -> str:
    """One for all that `one_reference` takes for the same."""
    return keyring.digest(f"reference {one_reference(reference)}")


def day_start(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)
