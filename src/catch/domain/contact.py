"""A contact: somebody approaches a programme's front door, and it may or may not become a referral.

It is received, triaged, resolved at once or later, or led on into a referral of this or another programme, or several;
and it may be the same matter again. Its outcomes and priorities are those of the version of the programme that took it.

Read downwards: what happened, where that leaves us, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.referral import ProgrammeNotRunning, SubmitReferral, check_door
from catch.domain.case.rules import author
from catch.domain.case.state import Basis, Described, ReferralAgreement, SafeContact, Urgency, Worker
from catch.domain.facts import Command, Fact, Leaves, Part, Sealed
from catch.domain.given import Given, not_before
from catch.domain.plain import Age, Code, Few, Key, Made, Place
from catch.domain.programme.configuration import Contacts, Disposition
from catch.domain.refusals import Refused, UnknownProgramme


class ContactState(StrEnum):
    """Where a contact stands. Received and triaged ones wait for somebody."""

    RECEIVED = "received"
    TRIAGED = "triaged"
    RESOLVED = "resolved"
    CONVERTED = "converted"


# What happened


class ContactReceived(Fact, frozen=True, omit_defaults=True):
    """`person` is somebody registered, `described` how the caller described them; neither: it is about nobody in
    particular. By `marks` and `nhs_digest`, keyed hashes, a further contact about the same is found.
    """

    contact: UUID
    programme: Key
    programme_version: int
    source: Code
    channel: Code
    text: Sealed
    by: Worker
    needs: tuple[Code, ...] = ()
    person: UUID | None = None
    described: Described | None = None
    caller: Sealed | None = None
    on_behalf_of: Key | None = None
    marks: tuple[Made, ...] = ()
    nhs_digest: Made | None = None


class ContactTriaged(Fact, frozen=True, omit_defaults=True):
    """`place`: of the priority among those of the programme, the most pressing is the first."""

    priority: Code
    place: Place
    by: Worker
    note: Sealed | None = None


class ContactResolved(Fact, frozen=True, omit_defaults=True):
    """`means`: what the programme said that its outcome means. `first_contact`: whoever called needed nobody else."""

    outcome: Code
    means: Disposition
    first_contact: bool
    by: Worker
    text: Sealed | None = None


class ContactConvertedToReferral(Fact, frozen=True, omit_defaults=True):
    """The referral is received by its case, in the same append."""

    case: UUID
    referral: UUID
    person: UUID
    programme: Key
    by: Worker


class ContactRepeatLinked(Fact, frozen=True, omit_defaults=True):
    earlier: UUID
    by: Worker


class ContactErased(Fact, frozen=True):
    """Whom it was about was erased, so that no further contact is found by it."""

    erasure: UUID


ContactEvent = (
    ContactReceived
    | ContactTriaged
    | ContactResolved
    | ContactConvertedToReferral
    | ContactRepeatLinked
    | ContactErased
)


# Where that leaves us


class Triage(Part, frozen=True):
    """How pressing it was found to be."""

    said: ContactTriaged
    at: datetime


class Resolution(Part, frozen=True):
    """How it ended."""

    said: ContactResolved
    at: datetime


class LedTo(Part, frozen=True):
    """A referral that it led to."""

    case: UUID
    person: UUID
    programme: Key
    at: datetime


class Contact(Part, frozen=True, omit_defaults=True):
    """One approach to the front door, as it stands. `repeats` is the earlier contact about the same."""

    received: ContactReceived
    received_at: datetime
    latest_at: datetime
    triage: Triage | None = None
    resolution: Resolution | None = None
    referrals: tuple[LedTo, ...] = ()
    repeats: UUID | None = None

    @property
    def contact(self) -> UUID:
        return self.received.contact

    @property
    def programme(self) -> str:
        return self.received.programme

    @property
    def state(self) -> ContactState:
        if self.referrals:
            return ContactState.CONVERTED
        if self.resolution:
            return ContactState.RESOLVED
        return ContactState.TRIAGED if self.triage else ContactState.RECEIVED

    @property
    def open(self) -> bool:
        return self.state in WAITING

    @property
    def subject(self) -> UUID:
        """Under whose key its texts are sealed: the person's, or its own where it came about nobody who is known. It
        stays so when it turns out who they are.
        """
        return self.received.person or self.contact

    @property
    def people(self) -> frozenset[UUID]:
        """Whom it is about, as far as they are registered."""
        return frozenset(filter(None, (self.received.person, *(held.person for held in self.referrals))))


WAITING = frozenset({ContactState.RECEIVED, ContactState.TRIAGED})


def evolve(contact: Contact | None, event: ContactEvent, at: datetime) -> Contact | None:
    if contact is None:
        return Contact(event, at, at) if isinstance(event, ContactReceived) else None
    held = replace(contact, latest_at=max(contact.latest_at, at))
    match event:
        case ContactReceived():
            return contact
        case ContactTriaged():
            return replace(held, triage=Triage(event, at))
        case ContactResolved():
            return replace(held, resolution=Resolution(event, at))
        case ContactConvertedToReferral(case, _, person, programme):
            return replace(held, referrals=(*held.referrals, LedTo(case, person, programme, at)))
        case ContactRepeatLinked(earlier):
            return replace(held, repeats=earlier)
        case ContactErased():
            return replace(held, received=replace(held.received, marks=(), nhs_digest=None))
        case _:
            assert_never(event)


# What may be asked


class ReceiveContact(Command, frozen=True):
    """Record that somebody has approached the front door: through which channel, from where, and what it is about.

    Name the person where they are registered, or describe them; where the programme allows it, neither.
    """

    contact: UUID
    programme: Key
    source: Code
    channel: Code
    text: Sealed
    needs: Few[Code] = ()
    person: UUID | None = None
    described: Described | None = None
    caller: Sealed | None = None  # who called, where it is not the person themselves
    on_behalf_of: Key | None = None  # the agency that called
    LEAVES = Leaves((ContactReceived,), "contact")


class TriageContact(Command, frozen=True):
    """Say how pressing the contact is, by the priorities of the programme. Said again, it replaces what was said."""

    contact: UUID
    priority: Code
    note: Sealed | None = None
    LEAVES = Leaves((ContactTriaged,), about=("priority",))


class ResolveContact(Command, frozen=True):
    """Say how the contact ended, by the outcomes of the programme: with advice, with a response, with nothing to do."""

    contact: UUID
    outcome: Code
    text: Sealed | None = None
    LEAVES = Leaves((ContactResolved,), about=("outcome",))


class ConvertContact(Command, frozen=True):
    """Lead the contact on into a referral, to this programme or another: it opens a case, as `submitReferral` does.

    The person has to be registered. One contact may lead to several referrals.
    """

    contact: UUID
    case: UUID
    person: UUID
    programme: Key
    referral: UUID
    source: Code
    channel: Code
    reason: Sealed
    needs: Few[Code] = ()
    urgency: Urgency = Urgency.ROUTINE
    on_behalf_of: Key | None = None
    agreement: ReferralAgreement | None = None
    basis: Basis | None = None
    safe_contact: SafeContact | None = None
    age: Age | None = None
    LEAVES = Leaves((ContactConvertedToReferral,), "case")

    def submits(self, at: datetime) -> SubmitReferral:
        """The referral that it asks for, received when the contact is led on."""
        return SubmitReferral(
            case=self.case,
            person=self.person,
            programme=self.programme,
            referral=self.referral,
            source=self.source,
            channel=self.channel,
            received_at=at,
            reason=self.reason,
            needs=self.needs,
            urgency=self.urgency,
            on_behalf_of=self.on_behalf_of,
            agreement=self.agreement,
            basis=self.basis,
            safe_contact=self.safe_contact,
            age=self.age,
        )


class LinkRepeat(Command, frozen=True):
    """Say that this contact is about the same as an earlier one: they have come again."""

    contact: UUID
    earlier: UUID


ContactCommand = ReceiveContact | TriageContact | ResolveContact | ConvertContact | LinkRepeat


# What can be refused


class UnknownContact(Refused):
    """There is no such contact, or it came to a front door that you do not keep. Check the id."""

    not_there = True


class NoContactsTaken(Refused):
    """This programme takes no contacts. Refer the person instead: `submitReferral`."""


class AboutNobody(Refused):
    """This programme takes no contact about nobody in particular. Say whom it is about: name or describe them."""


class UnknownPriority(Refused):
    """The programme has no such priority. Choose one of those in the details."""


class UnknownContactOutcome(Refused):
    """By this programme, no contact ends so. Choose one of the outcomes in the details."""


class ContactSettled(Refused):
    """This contact has been resolved, or has led to a referral. Where they come again, record another contact and link
    the two: `linkRepeat`.
    """


class ContactAboutAnother(Refused):
    """This contact is about somebody else who is registered. Refer that person, or record a contact of its own."""


class NotARepeat(Refused):
    """A repeat comes to the same programme as the contact it is linked to, after it, within as many days as the
    programme says, and about nobody else. The details say what does not fit.
    """


# What we answer


def decide(contact: Contact | None, command: ContactCommand, given: Given) -> list[ContactEvent]:
    """`given.programme` is the version that the contact came under, or the present one for a new contact. Whatever two
    contacts say of one another is asked by `repeat_fits`.
    """
    by = author(given)
    if isinstance(command, ReceiveContact):
        return [] if contact else [receive(command, by, given)]
    if contact is None:
        raise UnknownContact(contact=command.contact)
    match command:
        case TriageContact():
            return triage(contact, command, by, given)
        case ResolveContact():
            return resolve(contact, command, by, given)
        case ConvertContact():
            return convert(contact, command, by, given)
        case LinkRepeat():
            if contact.repeats == command.earlier:
                return []
            not_before(given, contact.received_at)
            return [ContactRepeatLinked(command.earlier, by)]
        case _:
            assert_never(command)


def receive(command: ReceiveContact, by: Worker, given: Given) -> ContactReceived:
    programme = given.programme
    if programme is None or programme.key != command.programme:
        raise UnknownProgramme(programme=command.programme)
    rules, day = rules_of(given), london_day(given.at)
    if not programme.runs_on(day):
        raise ProgrammeNotRunning(programme=programme.pin, day=day)
    check_door(programme, command.source, command.channel)
    described = command.described if command.described != Described() else None
    if command.person is None and described is None and not rules.anonymous:
        raise AboutNobody(programme=programme.key)
    return ContactReceived(
        contact=command.contact,
        programme=programme.key,
        programme_version=programme.version,
        source=command.source,
        channel=command.channel,
        text=command.text,
        by=by,
        needs=command.needs,
        person=command.person,
        described=described,
        caller=command.caller,
        on_behalf_of=command.on_behalf_of,
        marks=given.marks,
        nhs_digest=given.digest,
    )


def triage(contact: Contact, command: TriageContact, by: Worker, given: Given) -> list[ContactEvent]:
    known = [held.code for held in rules_of(given).priorities]
    if command.priority not in known:
        raise UnknownPriority(known=", ".join(known))
    if contact.triage and contact.triage.said.priority == command.priority:
        return []
    unsettled(contact, given)
    return [ContactTriaged(command.priority, known.index(command.priority) + 1, by, command.note)]


def resolve(contact: Contact, command: ResolveContact, by: Worker, given: Given) -> list[ContactEvent]:
    rules = rules_of(given)
    outcome = rules.outcome(command.outcome)
    if outcome is None:
        raise UnknownContactOutcome(known=", ".join(held.code for held in rules.outcomes))
    if contact.resolution and contact.resolution.said.outcome == outcome.code:
        return []
    unsettled(contact, given)
    first = outcome.means in AT_FIRST_CONTACT
    return [ContactResolved(outcome.code, outcome.means, first, by, command.text)]


AT_FIRST_CONTACT = frozenset({Disposition.RESOLVED, Disposition.INFORMATION})
"""Of these nobody else was needed."""


def convert(contact: Contact, command: ConvertContact, by: Worker, given: Given) -> list[ContactEvent]:
    """Also of a contact that was resolved: no wrong door, and no door that has shut."""
    if any(held.case == command.case for held in contact.referrals):
        return []
    if contact.received.person not in (None, command.person):
        raise ContactAboutAnother(contact=contact.contact)
    not_before(given, contact.received_at)
    return [ContactConvertedToReferral(command.case, command.referral, command.person, command.programme, by)]


def unsettled(contact: Contact, given: Given) -> None:
    if not contact.open:
        raise ContactSettled(state=contact.state)
    not_before(given, contact.received_at, contact.triage and contact.triage.at)


def rules_of(given: Given) -> Contacts:
    if given.programme is None or given.programme.contacts is None:
        raise NoContactsTaken(programme=given.programme.key if given.programme else "")
    return given.programme.contacts


def repeat_fits(contact: Contact, earlier: Contact, given: Given) -> None:
    """Raises `NotARepeat`."""
    rules = rules_of(given)
    if earlier.programme != contact.programme:
        raise NotARepeat(programme=earlier.programme)
    order = (earlier.received_at, earlier.contact), (contact.received_at, contact.contact)
    if order[0] >= order[1]:
        raise NotARepeat(received=earlier.received_at.isoformat())
    if contact.received_at - earlier.received_at > timedelta(days=rules.repeat_within_days):
        raise NotARepeat(days=rules.repeat_within_days)
    if contact.people and earlier.people and contact.people.isdisjoint(earlier.people):
        raise NotARepeat(person="differs")
