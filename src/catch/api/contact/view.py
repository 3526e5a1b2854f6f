"""Contacts as one keeper of a front door sees them: all of each, or none of it."""

from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from catch.access import RedactionReason, cases_behind, contact_address_shown, contact_seen, names_person
from catch.api.case import door_types
from catch.api.case.reading import Reading, shows
from catch.api.common import types as common_types
from catch.api.common.redaction import Texts, why_unopened
from catch.api.common.scalars import Position
from catch.api.contact import types
from catch.domain.case.referral import case_number
from catch.domain.case.state import Described, Worker
from catch.domain.contact import Contact
from catch.domain.facts import Sealed
from catch.domain.person import Person
from catch.domain.streams import PERSON
from catch.personal import Unopened, looks
from projections import case_summary
from projections import contacts as rows


class Opening:
    """Reads the texts of one contact; notes those that cannot be read."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.withheld: dict[str, RedactionReason] = {}

    def text(self, path: str, sealed: Sealed | None) -> str | None:
        plain = self._texts.get(sealed) if sealed is not None else None
        if isinstance(plain, Unopened):
            self.withheld[path] = why_unopened(plain)
            return None
        return plain

    def redactions(self) -> list[common_types.Redaction]:
        return [common_types.Redaction(path=path, reason=reason) for path, reason in self.withheld.items()]


class Shown:
    """The contacts of a page that are there for the viewer. People and cases are read for all of them at once."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._people: dict[UUID, Person] = {}
        self._unread: dict[UUID, list[UUID]] = {}
        """Whom nobody can read, and their cases as far as is known: somebody may be kept out of one of these, too."""

    async def seen(self, found: Sequence[rows.Row]) -> list[rows.Row]:
        facts = self._reading.facts
        own = [row for row in found if contact_seen(self._reading.viewer, row.contact, recused=False)]
        people = {person for row in own for person in row.people}
        await facts.catch.present.states.gather(PERSON, people)
        for each in people:
            if (held := await facts.readable_person(each)) is not None:
                self._people[each] = held
            else:
                found_of = await case_summary.of_person(facts.catch.log.pool, each)
                self._unread[each] = [case for case, _ in found_of]
        behind = {row.contact_id: self._cases(row.contact) for row in own}
        every = [*dict.fromkeys(case for cases in behind.values() for case in cases)]
        await facts.seats(every)
        facts.expect(every)
        await facts.gathered()
        kept_out = {case for case in every if await self._reading.recused(case)}
        return [
            row
            for row in own
            if contact_seen(self._reading.viewer, row.contact, recused=not kept_out.isdisjoint(behind[row.contact_id]))
        ]

    def _cases(self, contact: Contact) -> list[UUID]:
        known = [held for each in contact.people if (held := self._people.get(each))]
        unread = [case for each in contact.people for case in self._unread.get(each, ())]
        return [*cases_behind(contact, known), *unread]

    async def contacts(self, shown: Sequence[rows.Row]) -> list[types.Contact]:
        """These, which are there for the viewer."""
        subjects = {subject for row in shown for subject in (row.contact.subject, *row.people)}
        texts = await self._reading.facts.texts(*subjects)
        return [await self._contact(row, texts) for row in shown]

    async def _contact(self, row: rows.Row, texts: Texts) -> types.Contact:
        held, opening = row.contact, Opening(texts)
        looks.told_of(held.subject)
        said = held.received
        return types.Contact(
            id=held.contact,
            version=row.version,
            position=Position(row.position),
            programme=held.programme,
            programme_version=said.programme_version,
            state=held.state,
            received_at=held.received_at,
            source=said.source,
            channel=said.channel,
            text=opening.text("text", said.text),
            needs=[*said.needs],
            caller=opening.text("caller", said.caller),
            on_behalf_of=said.on_behalf_of,
            taken_by=worker(said.by),
            person_id=said.person,
            person_name=await self._name(said.person, opening),
            described=self._described(held, opening),
            triage=triage(held, opening),
            resolution=resolution(held, opening),
            referrals=[await self._referral(held, at) for at in range(len(held.referrals))],
            repeats=held.repeats,
            redactions=opening.redactions(),
        )

    async def _name(self, id_: UUID | None, opening: Opening) -> str | None:
        person = self._people.get(id_) if id_ else None
        if person is None:
            if id_ in self._unread:
                opening.withheld["personName"] = RedactionReason.UNREADABLE
            return None
        if names_person([await self._reading.sees(case) for case, _ in person.cases]):
            return opening.text("personName", person.registered.name)
        opening.withheld["personName"] = RedactionReason.NOT_INVOLVED
        return None

    def _described(self, held: Contact, opening: Opening) -> door_types.Described | None:
        said = held.received.described
        if said is None:
            return None
        if not contact_address_shown(self._reading.viewer, held):
            opening.withheld["described.address"] = RedactionReason.RESTRICTED
            said = replace(said, address=None)
        return described(said, opening)

    async def _referral(self, contact: Contact, at: int) -> types.ContactReferral:
        """Where it led to: the programme is known to whoever led it on, the case to those who see it there."""
        led = contact.referrals[at]
        seen = shows(await self._reading.sees(led.case))
        return types.ContactReferral(
            at=led.at,
            programme=led.programme,
            case_id=led.case if seen else None,
            number=case_number(led.case) if seen else None,
        )


def worker(held: Worker) -> common_types.Worker:
    return common_types.Worker(user=held.user, agency=held.agency)


def described(said: Described, opening: Opening) -> door_types.Described:
    return door_types.Described(
        name=opening.text("described.name", said.name),
        date_of_birth=opening.text("described.dateOfBirth", said.date_of_birth),
        nhs_number=opening.text("described.nhsNumber", said.nhs_number),
        phone=opening.text("described.phone", said.phone),
        address=opening.text("described.address", said.address),
    )


def triage(contact: Contact, opening: Opening) -> types.ContactTriage | None:
    if contact.triage is None:
        return None
    said = contact.triage.said
    return types.ContactTriage(
        at=contact.triage.at,
        priority=said.priority,
        note=opening.text("triage.note", said.note),
        by=worker(said.by),
    )


def resolution(contact: Contact, opening: Opening) -> types.ContactResolution | None:
    if contact.resolution is None:
        return None
    said = contact.resolution.said
    return types.ContactResolution(
        at=contact.resolution.at,
        outcome=said.outcome,
        means=said.means,
        first_contact=said.first_contact,
        text=opening.text("resolution.text", said.text),
        by=worker(said.by),
    )
