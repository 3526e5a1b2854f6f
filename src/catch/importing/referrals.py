"""`catch import referrals`: a team's list becomes referrals, each row on its own, and never twice.

Every id is made from the programme and the row's reference with the place's secret, so a second run finds what the
first one recorded, and nobody else works them out. People are known by the keyed hash of their NHS number, or else of
their name and date of birth: the same person in two rows, or in two files, is one person here. A further referral of
somebody whose case is open is attached to that case.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Struct

from catch.app import Catch
from catch.commands.newcomers import welcomed
from catch.domain.calendar import age_on, london_day
from catch.domain.case.referral import (
    AttachReferral,
    ChannelNotAllowed,
    DuplicateOpenCase,
    SourceNotAllowed,
    SubmitReferral,
)
from catch.domain.case.state import Case, ReferralAgreement, SafeContact
from catch.domain.facts import Actor, Command, Purpose, Role, Sealed
from catch.domain.ids import id_of_digest
from catch.domain.person import Person, RegisterPerson
from catch.domain.refusals import Refused, UnknownProgramme
from catch.domain.streams import CASE, PERSON, PROGRAMME, programme_stream
from catch.importing.referral_file import ReferralFile, ReferralRow, Wrong, read, row_of, slug
from catch.importing.rejected import Rejected
from catch.log.entries import Answer, Busy, CommandIdReused, Unavailable
from projections import agencies

IMPORTER = Actor(user="referral-import", agency="referral-import", role=Role.SYSTEM)
ANOTHERS = "stands for another referral that was imported before: give this row a reference of its own"
Progress = Callable[[int, int], None]
"""Told how many rows are done, and how many there are."""

_NAMES = uuid5(NAMESPACE_URL, "https://catch.invalid/referral-import")
_AT_ONCE = 48
_PATIENCE = 8
_TOLD = ("allowed", "earliest", "latest", "least", "most", "longest", "programme", "state")
"""What a refusal may tell of its details: nothing that a cell says, which may stand in the wrong column."""
_COLUMN_OF = {
    "receivedAt": "received",
    "received_at": "received",
    "nhsNumber": "nhs number",
    "dateOfBirth": "date of birth",
    "nhs_number": "nhs number",
    "needs": "needs",
    "unverified_organisation": "referrer organisation",
    "reason": "reason for referral",
    "source": "source",
    "channel": "channel",
}


class Kept(Struct, frozen=True):
    """What became of a good row: `opened` a case, `attached` to an open one, or `there` already."""

    line: int
    how: str
    case: UUID
    reference: str


class Report(Struct):
    """What an import did. `strangers` are the lines on which an organisation stands that is no registered partner;
    these rows were kept.
    """

    encoding: str
    delimiter: str
    kept: list[Kept]
    wrong: list[Wrong]
    rejected_file: Path | None
    strangers: tuple[int, ...]

    def count(self, how: str) -> int:
        return sum(kept.how == how for kept in self.kept)

    @property
    def rejected(self) -> int:
        return len({wrong.line for wrong in self.wrong})


async def import_referrals(
    catch: Catch,
    path: Path,
    *,
    programme: str = "snn-catch",
    month_first: bool = False,
    rejected_to: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """`rejected_to`: the folder for rejected rows, if not the list's own. Raises FileUnusable, UnknownProgramme, or
    `Unavailable` when the database goes away: run it again then.
    """
    file = await asyncio.to_thread(read, path, month_first=month_first)
    if (await catch.present.states.get(PROGRAMME, programme_stream(programme))).state is None:
        raise UnknownProgramme(programme=programme)
    importing = Importing(catch, programme, await partner_keys(catch))
    rows, wrong = sorted_out(file, datetime.now(UTC))
    rejected = await asyncio.to_thread(Rejected.begun, file, path, rejected_to, wrong)
    done = len(file.rows) - len(rows)

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(file.rows))

    kept, refused = await importing.all(rows, tick)
    wrong = sorted([*wrong, *refused], key=lambda one: one.line)
    written = await asyncio.to_thread(rejected.ended, wrong)
    return Report(file.encoding, file.delimiter, kept, wrong, written, tuple(sorted(importing.strangers)))


def sorted_out(file: ReferralFile, now: datetime) -> tuple[list[ReferralRow], list[Wrong]]:
    rows: list[ReferralRow] = []
    wrong: list[Wrong] = []
    seen: dict[str, int] = {}
    for record in file.rows:
        row = row_of(file, record, now)
        if isinstance(row, list):
            wrong += row
        elif row.reference in seen:
            wrong.append(Wrong(record.line, "reference", f"is the same as on line {seen[row.reference]}"))
        else:
            seen[row.reference] = record.line
            rows.append(row)
    return rows, wrong


async def partner_keys(catch: Catch) -> dict[str, str]:
    """Every registered partner's key, by its key and by its name as a code."""
    await catch.records.up_to_date()
    named = await agencies.named(catch.log.pool)
    # Reversed, so that of two with one name the first to be registered is meant.
    by_name = {slug(name): key for key, name in reversed(named)}
    # A key goes before somebody's name that reads like it.
    return by_name | {key: key for key, _ in named}


class Importing:
    """One run of an import."""

    def __init__(self, catch: Catch, programme: str, partners: dict[str, str]) -> None:
        self._catch = catch
        self._programme = programme
        self._partners = partners
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.strangers: set[int] = set()

    async def all(self, rows: Iterable[ReferralRow], tick: Callable[[], None]) -> tuple[list[Kept], list[Wrong]]:
        """People at the same time, one person's rows in the order in which they came in."""
        people: dict[UUID, list[ReferralRow]] = defaultdict(list)
        for row in rows:
            people[self._person(row)].append(row)
        kept: list[Kept] = []
        wrong: list[Wrong] = []

        async def one(person: UUID, theirs: Sequence[ReferralRow]) -> None:
            async with self._turns:
                for row in sorted(theirs, key=lambda row: (row.received_at, row.line)):
                    try:
                        kept.append(await self._keep(person, row))
                    except (Busy, Unavailable):
                        raise
                    except CommandIdReused:
                        wrong.append(Wrong(row.line, "reference", ANOTHERS))
                    except Refused as refused:
                        wrong.append(_refusal(row, refused))
                    tick()

        try:
            async with asyncio.TaskGroup() as group:
                for person, theirs in people.items():
                    group.create_task(one(person, theirs))
        # Nothing is lost by ending here: a second run finds what this one recorded.
        except* (Busy, Unavailable) as lost:
            raise lost.exceptions[0] from None
        return sorted(kept, key=lambda one: one.line), wrong

    def _id(self, row: ReferralRow, what: str) -> UUID:
        """As every id was made before ids were keyed: what was imported then is found by it."""
        return uuid5(_NAMES, f"{self._programme}/{row.reference}/{what}")

    def _keyed(self, row: ReferralRow, what: str) -> UUID:
        return self._digested(f"{self._programme}/{row.reference}/{what}")

    def _digested(self, text: str) -> UUID:
        return id_of_digest(self._catch.keyring.digest(f"referral import {text}"))

    def _person(self, row: ReferralRow) -> UUID:
        known_by = identifying(row)
        return self._digested(known_by) if known_by else self._keyed(row, "person")

    def _former_person(self, row: ReferralRow) -> UUID:
        known_by = identifying(row)
        if known_by is None:
            return self._id(row, "person")
        return uuid5(_NAMES, self._catch.keyring.digest(f"referral import {known_by}"))

    async def _cases(self, known: Person | None) -> list[Case]:
        theirs = known.cases_in(self._programme) if known else ()
        return [(await self._catch.present.states.get(CASE, case)).state for case in theirs]

    async def _known(self, person: UUID, row: ReferralRow) -> tuple[UUID, Person | None, list[Case]]:
        """The person under whichever id they were imported, with their cases in the programme."""
        known: Person | None = (await self._catch.present.states.get(PERSON, person)).state
        if known is not None:
            return person, known, await self._cases(known)
        before = self._former_person(row)
        former: Person | None = (await self._catch.present.states.get(PERSON, before)).state
        cases = await self._cases(former)
        # An id that is not made of who somebody is could be worked out, and taken by somebody else.
        ours = identifying(row) is not None or any(imported(case, self._id(row, "referral")) for case in cases)
        return (before, former, cases) if former is not None and ours else (person, None, [])

    async def _keep(self, person: UUID, row: ReferralRow) -> Kept:
        person, known, cases = await self._known(person, row)
        referral = self._keyed(row, "referral")
        for case in cases:
            if any(imported(case, each) for each in (referral, self._id(row, "referral"))):
                return Kept(row.line, "there", case.case, row.reference)
        submission = self._submission(person, referral, row)
        if known is None:
            registration = self._registration(person, row)
            await welcomed(self._catch.records, registration, submission, by=IMPORTER, at=row.received_at)
            await self._take(row, "register", registration)
        try:
            await self._take(row, "submit", submission)
        except DuplicateOpenCase:
            live = next(case for case in cases if case.live)
            await self._take(row, "attach", self._attachment(live.case, person, referral, row))
            return Kept(row.line, "attached", live.case, row.reference)
        return Kept(row.line, "opened", self._keyed(row, "case"), row.reference)

    async def _take(self, row: ReferralRow, what: str, command: Command) -> Answer:
        named = f"referral import {self._programme}/{row.reference}/{what}"
        command_id = self._catch.keyring.derived_id(named)
        for attempt in range(_PATIENCE):
            try:
                return await self._catch.commands.take(
                    command,
                    by=IMPORTER,
                    command_id=command_id,
                    occurred_at=row.received_at,
                    purpose=Purpose.IMPORT,
                )
            except Busy:
                # Some thirteen seconds in all: an import waits for a busy place rather than reject a good row.
                await asyncio.sleep(0.05 * 2**attempt)
        raise Busy

    def _registration(self, person: UUID, row: ReferralRow) -> RegisterPerson:
        def text(value: str | None) -> Sealed | None:
            return Sealed(value) if value else None

        return RegisterPerson(
            person=person,
            provisional=row.nhs_number is None and row.born is None,
            name=text(row.name),
            date_of_birth=text(row.born.isoformat() if row.born else None),
            address=text(row.address),
            phone=text(row.phone),
            nhs_number=text(row.nhs_number),
        )

    def _submission(self, person: UUID, referral: UUID, row: ReferralRow) -> SubmitReferral:
        return SubmitReferral(
            case=self._keyed(row, "case"),
            programme=self._programme,
            **self._said(person, referral, row),
            age=age_on(london_day(row.received_at), row.born) if row.born else None,
        )

    def _attachment(self, case: UUID, person: UUID, referral: UUID, row: ReferralRow) -> AttachReferral:
        return AttachReferral(case=case, **self._said(person, referral, row))

    def _said(self, person: UUID, referral: UUID, row: ReferralRow) -> dict[str, Any]:
        """What a row says, whether it opens a case or joins one."""
        referrer, stranger = self._referrer(row)
        return {
            "person": person,
            "referral": referral,
            "source": row.source,
            "channel": row.channel,
            "received_at": row.received_at,
            "reason": Sealed(row.reason),
            "needs": row.needs,
            "urgency": row.urgency,
            "on_behalf_of": referrer,
            "unverified_organisation": stranger,
            "agreement": agreement(row),
            "safe_contact": safe_contact(row),
        }

    def _referrer(self, row: ReferralRow) -> tuple[str | None, Sealed | None]:
        """The partner's key, or else the name of an organisation that nobody has checked: it may say anything."""
        if not row.organisation:
            return None, None
        key = self._partners.get(slug(row.organisation))
        if key is None:
            self.strangers.add(row.line)
            return None, Sealed(row.organisation)
        return key, None


def identifying(row: ReferralRow) -> str | None:
    """Whatever of a row tells people apart."""
    if row.nhs_number:
        return f"nhs {row.nhs_number}"
    return f"name {' '.join(row.name.casefold().split())} born {row.born.isoformat()}" if row.born else None


def imported(case: Case, referral: UUID) -> bool:
    return any(held.referral == referral and held.referrer == IMPORTER.user for held in case.referrals)


def agreement(row: ReferralRow) -> ReferralAgreement | None:
    if row.knows is None or row.agrees is None:
        return None
    return ReferralAgreement(knows=row.knows, agrees=row.agrees)


def safe_contact(row: ReferralRow) -> SafeContact | None:
    return None if row.safe is None else SafeContact(row.safe, Sealed(row.how) if row.how else None)


def _refusal(row: ReferralRow, refused: Refused) -> Wrong:
    field = refused.details.get("field", "").partition("[")[0]
    if isinstance(refused, SourceNotAllowed):
        field = "source"
    elif isinstance(refused, ChannelNotAllowed):
        field = "channel"
    said = "; ".join(f"{name}: {value}" for name, value in refused.details.items() if name in _TOLD)
    return Wrong(row.line, _COLUMN_OF.get(field, ""), f"{refused.message} ({said})" if said else refused.message)
