"""What only the edge can add to a command before it is decided: what a client must not make up, and seals."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from msgspec.structs import replace

from catch.access import Seat, seats_of
from catch.desk import Loaded
from catch.domain.agenda import draft_agenda
from catch.domain.agenda_facts import CaseFacts
from catch.domain.calendar import LONDON, london_day
from catch.domain.case.state import Case
from catch.domain.case_facts import appearance_basis, case_facts, may_be_told
from catch.domain.configuration import Series
from catch.domain.facts import Command
from catch.domain.meeting.adding import AddItem, AddLateItem
from catch.domain.meeting.drafting import DraftAgenda, ItemDisclosure, PublishAgenda
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.state import Meeting, MeetingState
from catch.domain.nhs_number import NhsNumberInvalid, nhs_number
from catch.domain.person import RegisterPerson
from catch.domain.programme import ProgrammeHistory
from catch.domain.refusals import Refused, UnknownMeeting
from catch.domain.streams import CASE, MEETING, PROGRAMME, programme_stream
from catch.log import Log
from catch.log.states import States
from catch.personal import Keyring
from catch.readside import ReadSide
from catch.works import each
from projections import agenda, case_summary

FILLED: dict[type[Command], frozenset[str]] = {
    DraftAgenda: frozenset({"as_of", "policy_version", "items", "overflow", "warnings", "gaps"}),
    PublishAgenda: frozenset({"disclosures"}),
    AddItem: frozenset({"number"}),
    AddLateItem: frozenset({"number", "agencies"}),
    RegisterPerson: frozenset({"nhs_digest"}),
}
"""The fields that the edge fills in: they are not asked for in the API, and what a client sends is replaced."""


class MeetingAlreadyPlanned(Refused):
    """The series already meets on that day. Reschedule or cancel that meeting first."""


def day_start(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)


def listed(command: AddItem, case: Case | None) -> AddItem:
    """A case comes with its number, and, where nobody said otherwise, with its own presenter and basis."""
    if case is None:
        return replace(command, number=None)
    return replace(
        command,
        number=case.number,
        presenter=command.presenter or (case.lead.user if case.lead else None),
        basis=command.basis or appearance_basis(case),
    )


class Edge:
    """Fills in and seals, from this process's log, read side and keyring."""

    def __init__(self, log: Log, states: States, readside: ReadSide, keyring: Keyring) -> None:
        self._log = log
        self._states = states
        self._readside = readside
        self._keyring = keyring

    async def fill(self, command: Command, loaded: Loaded, at: datetime) -> Command:
        match command:
            case DraftAgenda():
                return await self._draft(command, loaded)
            case PublishAgenda():
                return replace(command, disclosures=await self._disclosures(loaded.meeting_state, at))
            case PlanMeeting():
                await self._first_that_day(command)
                return command
            case AddItem():
                return listed(command, loaded.case_state)
            case AddLateItem() if loaded.case_state:
                case = loaded.case_state
                return replace(command, number=case.number, agencies=may_be_told(case, at))
            case RegisterPerson(nhs_number=str() as text):
                number = nhs_number(text)
                if number is None:
                    raise NhsNumberInvalid(field="nhsNumber")
                return replace(command, nhs_number=number, nhs_digest=self._keyring.digest(number))
            case RegisterPerson():
                return replace(command, nhs_digest=None)
            case _:
                return command

    async def seal(self, command: Command, subject: UUID) -> Command:
        return await self._keyring.seal_command(command, subject)

    async def caseload(self, user: str) -> int:
        return await case_summary.caseload(self._log.pool, user)

    async def seats(self, case: UUID) -> tuple[Seat, ...]:
        """What meetings have to do with the case: found by the read side, as they stand in the log."""
        meetings = await agenda.holding(self._log.pool, [case])
        held = await self._states.get_many(MEETING, meetings)
        return tuple(seat for each in held for seat in seats_of(each.state, case))

    async def agenda_facts(self, meeting: Meeting, also: UUID | None = None) -> tuple[Series, int, list[CaseFacts]]:
        """What a draft made now rests on: the facts up to the present end of the log, whoever recorded them.

        `also` names a case that is asked about, live or not.
        """
        history: ProgrammeHistory | None = (
            await self._states.get(PROGRAMME, programme_stream(meeting.programme))
        ).state
        programme = history.current if history else None
        series = programme.series(meeting.series) if programme else None
        if programme is None or series is None:
            raise UnknownMeeting(meeting=meeting.meeting)
        as_of = await self._log.head()
        await self._readside.reached(as_of)
        cases = await case_summary.live_in(self._log.pool, programme.key)
        if also is not None and all(case.case != also for case in cases):
            row = await case_summary.one(self._log.pool, also)
            cases += [row.case] if row else []
        carried = await agenda.before(self._log.pool, meeting)
        return series, as_of, await each(lambda case: case_facts(case, programme, meeting, carried), cases)

    async def _draft(self, command: DraftAgenda, loaded: Loaded) -> DraftAgenda:
        meeting = loaded.meeting_state
        if meeting is None:
            raise UnknownMeeting(meeting=command.meeting)
        series, as_of, facts = await self.agenda_facts(meeting)
        drafted = draft_agenda(series, meeting, facts, as_of)
        return DraftAgenda(
            meeting=command.meeting,
            as_of=drafted.as_of,
            policy_version=drafted.policy_version,
            items=drafted.items,
            overflow=drafted.overflow,
            warnings=drafted.warnings,
            gaps=drafted.gaps,
        )

    async def _first_that_day(self, command: PlanMeeting) -> None:
        """A series meets once a day. Instant discussions are meetings of another kind."""
        day = london_day(command.starts_at)
        start, end = day_start(day), day_start(day + timedelta(days=1))
        for row in await agenda.page(self._log.pool, command.series, start, end):
            held = row.meeting
            if (
                held.meeting != command.meeting
                and held.programme == command.programme
                and not held.instant
                and held.state is not MeetingState.CANCELLED
            ):
                raise MeetingAlreadyPlanned(meeting=held.meeting, day=day)

    async def _disclosures(self, meeting: Meeting | None, at: datetime) -> tuple[ItemDisclosure, ...]:
        """For every item, the agencies that may be told about its case now."""
        found: list[ItemDisclosure] = []
        for item in meeting.items if meeting else ():
            if item.case is not None:
                case: Case | None = (await self._states.get(CASE, item.case)).state
                found.append(ItemDisclosure(item.item, may_be_told(case, at) if case else ()))
        return tuple(found)
