"""One run of an import: each row becomes a referral of somebody, or says why not.

A reference stands for one referral with its content. The same again adds nothing; what says something else is told by
its columns.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from catch.app import Catch
from catch.commands.newcomers import welcomed
from catch.domain.case.referral import ChannelNotAllowed, DuplicateOpenCase, NumberHasOpenCase, SourceNotAllowed
from catch.domain.case.state import Case, CaseState
from catch.domain.discussion import only_open_number
from catch.domain.facts import Command, Purpose
from catch.domain.matching import one_reference
from catch.domain.person import Person
from catch.domain.programme import ProgrammeHistory
from catch.domain.refusals import Refused
from catch.domain.streams import CASE, PERSON, PROGRAMME, programme_stream
from catch.importing.asking import IMPORTER, Asks
from catch.importing.columns import DECISION
from catch.importing.contents import Differs, differs, stored
from catch.importing.outcomes import ANOTHER, Kept, NotKept, Outcome, Waiting
from catch.importing.people import Found, People, described, identifiers, together
from catch.importing.rows import ReferralRow, Wrong
from catch.log.entries import Answer, Busy, CommandIdReused, Unavailable
from catch.personal.looks import TEXTS, Looks
from projections import references

OWN = "give this row a reference of its own"
ANOTHERS = f"stands for another referral that was imported before: {OWN}"
VOIDED = "stands for a referral that was imported before, and whose case was voided. If somebody has to work on it,"
UNREAD = "stands for a referral that was imported before and can be read no more. Where this row is another,"
NOBODY = f"is neither `{ANOTHER}` nor the number of anybody who is alike, or of a live case of theirs"
IS_KNOWN = f"is `{ANOTHER}`, and the row is about somebody who is known: leave it empty, or correct what they share"

_AT_ONCE = 48
_PATIENCE = 8
_SHOWN = 5
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


class Importing:
    """One run of an import."""

    def __init__(self, catch: Catch, programme: str, partners: dict[str, str]) -> None:
        self._catch = catch
        self._programme = programme
        self._asks = Asks(catch.keyring, programme, partners)
        self._people = People(catch)
        self._cases: dict[UUID, UUID] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.shown = Looks()
        """Who is known already and is told of to whoever reads what became of the rows."""

    @property
    def strangers(self) -> set[int]:
        return self._asks.strangers

    async def all(self, rows: Sequence[ReferralRow], tick: Callable[[], None]) -> list[Outcome]:
        """People at the same time; rows that may be about one person in the order in which they came in."""
        outcomes: list[Outcome] = []
        ids = [each for row in rows for each in self._asks.referrals(row)]
        self._cases = await references.imported(self._catch.log.pool, ids)

        async def one(group: Sequence[ReferralRow]) -> None:
            async with self._turns:
                for row in group:
                    outcomes.append(await self._outcome(row))
                    tick()

        try:
            async with asyncio.TaskGroup() as tasks:
                for group in together(rows):
                    tasks.create_task(one(group))
        # Nothing is lost by ending here: a second run finds what this one recorded.
        except* (Busy, Unavailable) as lost:
            raise lost.exceptions[0] from None
        return outcomes

    async def _outcome(self, row: ReferralRow) -> Outcome:
        try:
            return await self._keep(row)
        except (Busy, Unavailable):
            raise
        except CommandIdReused:
            return NotKept((Wrong(row.line, "reference", ANOTHERS),), clashes=True)
        except Refused as refused:
            return NotKept((_refusal(row, refused),))

    async def _keep(self, row: ReferralRow) -> Outcome:
        for referral in self._asks.referrals(row):
            if referral in self._cases:
                return await self._held_to(row, self._cases[referral], referral)
        newcomer = self._asks.newcomer(row)
        known: Person | None = (await self._catch.present.states.get(PERSON, newcomer)).state
        if known is None:
            found = await self._people.alike(row, newcomer)
            whom = whom_meant(row, found, await self._live_numbers(found) if row.decision else {})
            if isinstance(whom, Wrong):
                return NotKept((whom,))
            if whom is None:
                # What else is wrong with it is said first: nobody decides about a row that is not taken anyway.
                await self._taken(row, newcomer)
                return Waiting(row.line, await self._shown(found))
            known = None if whom == ANOTHER else whom
        return await self._refer(row, newcomer, known)

    async def _held_to(self, row: ReferralRow, case_id: UUID, referral: UUID) -> Outcome:
        """The same again is there; what says something else is not taken for done."""
        case: Case = (await self._catch.present.states.get(CASE, case_id)).state
        held = next(each for each in case.referrals if each.referral == referral)
        person: Person | None = (await self._catch.present.states.get(PERSON, case.person)).state
        first = person is not None and held is case.referrals[0]
        registered = await self._people.said_of(person.registered) if person and first else None
        before = await stored(self._catch.keyring, held, registered)
        key, stranger = self._asks.referrer(row)
        if case.state is CaseState.VOIDED or before is None:
            # What nobody works on, or can read, is not taken for done: the row may be about somebody else by now.
            said = VOIDED if before else UNREAD
            return NotKept((Wrong(row.line, "reference", f"{said} {OWN}"),), clashes=True)
        changed = differs(before, row, key or stranger or IMPORTER.agency)
        if changed is None:
            return Kept(row.line, "there", case.case, row.reference)
        self.shown.told(case.case, None, case.person)
        return NotKept(_differing(row, changed, case), clashes=changed.another, amends=not changed.another)

    async def _live_numbers(self, found: Found) -> dict[str, Person]:
        """Who each live case is of that the row shows beside somebody."""
        return {
            case.number: each.person
            for each in found.known
            for case in await self._people.cases(each.person)
            if case.live
        }

    async def _shown(self, found: Found) -> str:
        """Those whom it may be about, and what to write for each of them."""
        sides = list[str]()
        for each in found.known[:_SHOWN]:
            cases = await self._people.cases(each.person)
            self.shown.of_person(each.person.person)
            for case in cases:
                self.shown.told(case.case, TEXTS, case.person)
            sides.append(described(each, cases))
        more = ["and there are more"] if found.more or len(found.known) > _SHOWN else []
        return "; ".join([*sides, *more])

    async def _refer(self, row: ReferralRow, newcomer: UUID, known: Person | None) -> Kept:
        person = known.person if known else newcomer
        if known is None:
            await self._taken(row, newcomer)
            await self._number_free(row)
            await self._take(row, f"register {person}", self._asks.registration(person, row))
            self._people.remember(person, identifiers(row))
        try:
            await self._take(row, "submit", self._asks.submission(person, row))
        except DuplicateOpenCase:
            live = await self._live_case(person)
            await self._take(row, "attach", self._asks.attachment(live.case, live.person, row))
            return Kept(row.line, "attached", live.case, row.reference)
        return Kept(row.line, "opened", self._asks.keyed(row, "case"), row.reference)

    async def _taken(self, row: ReferralRow, newcomer: UUID) -> None:
        """Raises what the row would be refused with: nobody is registered for a referral that is not taken."""
        asked = self._asks.registration(newcomer, row), self._asks.submission(newcomer, row)
        await welcomed(self._catch.records, *asked, by=IMPORTER, at=row.received_at)

    async def _number_free(self, row: ReferralRow) -> None:
        """Raises `NumberHasOpenCase`, as it will be decided."""
        history: ProgrammeHistory = (
            await self._catch.present.states.get(PROGRAMME, programme_stream(self._programme))
        ).state
        recent = row.received_at - timedelta(days=history.current.duplicate_window_days)
        for person in await self._people.with_number(row):
            cases = [each for each in await self._people.cases(person) if each.milestones.received_at >= recent]
            only_open_number(self._programme, cases, IMPORTER.agency)

    async def _live_case(self, person: UUID) -> Case:
        """Raises `DuplicateOpenCase` where it was closed in the same moment: the row is for another run."""
        held: Person = (await self._catch.present.states.get(PERSON, person)).state
        cases = [each for each in await self._people.cases(held) if each.live and each.programme == self._programme]
        if not cases:
            raise DuplicateOpenCase
        return max(cases, key=lambda case: case.milestones.received_at)

    async def _take(self, row: ReferralRow, what: str, command: Command) -> Answer:
        named = f"referral import {self._programme}/{one_reference(row.reference)}/{what}"
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


def whom_meant(row: ReferralRow, found: Found, cases: Mapping[str, Person]) -> Person | Literal["new"] | Wrong | None:
    """Somebody who is known, named by their number or that of one of their live `cases`, or nobody of them; None where
    somebody has to decide, who has not yet.
    """
    if row.decision.casefold() == ANOTHER:
        # One live person a number: what agrees as far as that is not decided away by a column that was filled down.
        return Wrong(row.line, DECISION, IS_KNOWN) if found.clear else ANOTHER
    if row.decision:
        named = {**cases, **{each.number: each.person for each in found.known}}.get(row.decision.upper())
        return named or Wrong(row.line, DECISION, NOBODY)
    if found.same is not None:
        return found.same.person
    return None if found.known or found.more else ANOTHER


def _differing(row: ReferralRow, changed: Differs, case: Case) -> tuple[Wrong, ...]:
    if changed.another:
        said = f"{ANOTHERS}. What differs: {', '.join(changed.columns)}"
        return (Wrong(row.line, "reference", said),)
    said = f"is not what was imported under this reference. Nothing was changed: put it right in case {case.number}"
    return tuple(Wrong(row.line, column, said) for column in changed.columns)


def _refusal(row: ReferralRow, refused: Refused) -> Wrong:
    field = refused.details.get("field", "").partition("[")[0]
    if isinstance(refused, SourceNotAllowed):
        field = "source"
    elif isinstance(refused, ChannelNotAllowed):
        field = "channel"
    elif isinstance(refused, NumberHasOpenCase):
        field = "nhsNumber"
    said = "; ".join(f"{name}: {value}" for name, value in refused.details.items() if name in _TOLD)
    # There are no details beside a cell: what may be told of them stands behind the sentence.
    message = refused.message.replace("in the details", "behind this")
    return Wrong(row.line, _COLUMN_OF.get(field, ""), f"{message} ({said})" if said else message)
