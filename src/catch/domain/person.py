"""The person at the centre: who they are, how they may safely be reached, and which cases are theirs.

Read downwards: what happened, where that leaves us, what may be asked, what we answer. Everything that tells who
the person is stays sealed here; only keyed hashes can be matched (`catch.domain.matching`).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain import erasing, processing, subject_access
from catch.domain.calendar import london_day
from catch.domain.erasing import (
    Erasing,
    ErasingEvent,
    ErasureApproved,
    ErasureRequested,
    ErasureStopped,
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonErased,
    PersonIsErased,
)
from catch.domain.facts import Command, Fact, Leaves, Part, Sealed
from catch.domain.given import Given, not_before
from catch.domain.merging import (
    Merge,
    MergeEvent,
    MergeRefused,
    MergeRequested,
    MergeReversed,
    PersonsMerged,
    Side,
    together,
)
from catch.domain.merging import evolve as merged
from catch.domain.plain import Few, FewOf, Key, Made, UserId
from catch.domain.processing import (
    GroundNamed,
    GroundWithdrawn,
    Processing,
    ProcessingCommand,
    ProcessingEvent,
    ProcessingRestricted,
    RecipientTold,
    RestrictionLifted,
    RestrictionRefused,
    RestrictionRequested,
)
from catch.domain.refusals import MissingText, OutOfRange, Refused, UnknownCase, UnknownPerson
from catch.domain.subject_access import (
    AccessRequest,
    SubjectAccessCommand,
    SubjectAccessEvent,
    SubjectAccessExtended,
    SubjectAccessGiven,
    SubjectAccessRefused,
    SubjectAccessRequested,
)


class ContactChannel(StrEnum):
    """A way to reach somebody."""

    PHONE = "phone"
    TEXT = "text"
    EMAIL = "email"
    LETTER = "letter"
    IN_PERSON = "in-person"
    THROUGH_SOMEBODY = "through-somebody"


class ProtectionReason(StrEnum):
    """Why an address is hidden, or no longer is."""

    DOMESTIC_ABUSE = "domestic-abuse"
    STALKING = "stalking"
    WITNESS_PROTECTION = "witness-protection"
    COURT_ORDER = "court-order"
    PERSON_ASKED = "person-asked"
    NO_LONGER_NEEDED = "no-longer-needed"


class PersonRegistered(Fact, frozen=True, omit_defaults=True):
    """Somebody became known. `provisional`: who they are is not settled yet. `marks`: keyed hashes that they share
    with whom they match on two identifiers.
    """

    person: UUID
    provisional: bool = False
    name: Sealed | None = None
    date_of_birth: Sealed | None = None
    address: Sealed | None = None
    phone: Sealed | None = None
    nhs_number: Sealed | None = None
    communication_needs: Sealed | None = None
    nhs_digest: Made | None = None
    marks: tuple[Made, ...] = ()


class ContactPreferenceSet(Fact, frozen=True, omit_defaults=True):
    """How the person may safely be reached: by which channels, when, and what never to do."""

    channels: tuple[ContactChannel, ...]
    safe_times: Sealed | None = None
    never: Sealed | None = None


class ProtectedAddressSet(Fact, frozen=True, omit_defaults=True):
    """The address was hidden from all but those who must know it, or shown again."""

    protected: bool
    reason: ProtectionReason


class PersonDetail(StrEnum):
    """What is known of who somebody is and how they are reached."""

    NAME = "name"
    DATE_OF_BIRTH = "date-of-birth"
    NHS_NUMBER = "nhs-number"
    COMMUNICATION_NEEDS = "communication-needs"
    PHONE = "phone"
    ADDRESS = "address"


class IdentityCorrected(Fact, frozen=True, omit_defaults=True):
    """Who the person is was put right: what is given holds instead of what was known, what is `removed` was wrong and
    is not known. `nhs_digest` and `marks` are those of everything that holds from now on.
    """

    reason: Sealed
    name: Sealed | None = None
    date_of_birth: Sealed | None = None
    nhs_number: Sealed | None = None
    communication_needs: Sealed | None = None
    removed: frozenset[PersonDetail] = frozenset()
    nhs_digest: Made | None = None
    marks: tuple[Made, ...] = ()


class ContactCorrected(Fact, frozen=True, omit_defaults=True):
    """The same of where the person lives and how they are called."""

    reason: Sealed
    phone: Sealed | None = None
    address: Sealed | None = None
    removed: frozenset[PersonDetail] = frozenset()
    marks: tuple[Made, ...] = ()


class DeathSource(StrEnum):
    """Who told us. A rumour is none of these: it is written as a note."""

    FAMILY = "family"
    HEALTH_SERVICE = "health-service"
    PARTNER = "partner"
    REGISTER = "register"


class PersonDeceased(Fact, frozen=True):
    """The person has died. Whoever works with any of their cases knows it at once, so that nobody writes to them."""

    on: date
    source: DeathSource


class DeathWithdrawn(Fact, frozen=True):
    """That they had died was recorded wrongly."""

    reason: Sealed


class PersonReferred(Fact, frozen=True, omit_defaults=True):
    """A case was opened. Appended with the case's `ReferralReceived`, so that two doors at once open one case."""

    case: UUID
    programme: Key


class MatchesLookedFor(Fact, frozen=True, omit_defaults=True):
    """Somebody looked who else the person may be, of whom this case waits at their front door.

    `found` are the live cases of those others, and of the person, that they are shown; `more`: there are others.
    """

    user: UserId
    agency: Key
    case: UUID
    programme: Key
    found: Few[UUID] = ()
    more: bool = False


PersonEvent = (
    PersonRegistered
    | ContactPreferenceSet
    | ProtectedAddressSet
    | IdentityCorrected
    | ContactCorrected
    | PersonDeceased
    | DeathWithdrawn
    | PersonReferred
    | MatchesLookedFor
    | MergeEvent
    | ErasingEvent
    | SubjectAccessEvent
    | ProcessingEvent
)


LOOK = timedelta(hours=1)
"""How long a look shows what it found: whoever comes back later looks again, and that is recorded again."""


class Look(Part, frozen=True):
    """The last look of one user."""

    user: str
    agency: str
    case: UUID
    programme: str
    at: datetime
    found: tuple[UUID, ...]
    more: bool


class Correction(Part, frozen=True):
    """Details of the person were put right, and why."""

    at: datetime
    details: frozenset[PersonDetail]
    reason: Sealed


class Person(Part, frozen=True, omit_defaults=True):
    """Where the person's history leaves them. `registered` is what holds now, as it was registered or put right since;
    `cases` are pairs of case and programme key, oldest first; `looks` is the last look of each who looked for matches.
    """

    person: UUID
    registered: PersonRegistered
    identity_corrections: tuple[Correction, ...] = ()
    contact_corrections: tuple[Correction, ...] = ()
    preference: ContactPreferenceSet | None = None
    protection: ProtectedAddressSet | None = None
    cases: tuple[tuple[UUID, str], ...] = ()
    looks: tuple[Look, ...] = ()
    preference_at: datetime | None = None
    protection_at: datetime | None = None
    deceased: PersonDeceased | None = None
    deceased_at: datetime | None = None
    death_withdrawn: Sealed | None = None
    merges: tuple[Merge, ...] = ()
    erasing: Erasing = Erasing()
    access_requests: tuple[AccessRequest, ...] = ()
    processing: Processing = Processing()

    @property
    def erased(self) -> bool:
        return self.erasing.erased_at is not None

    @property
    def address_protected(self) -> bool:
        return self.protection is not None and self.protection.protected

    @property
    def settled_number(self) -> str | None:
        """The keyed hash of their NHS number, where it is settled who they are."""
        return None if self.registered.provisional else self.registered.nhs_digest

    @property
    def side(self) -> Side:
        """As far as a merge asks."""
        return Side(self.person, self.merges, self.registered.marks, self.settled_number)

    @property
    def survivor(self) -> UUID:
        """Under whom they go on: themselves, unless they were merged into somebody else."""
        return self.side.into or self.person

    @property
    def merged_in(self) -> tuple[UUID, ...]:
        """Who goes on under them."""
        return tuple(held.retired for held in together(self.merges) if held.survivor == self.person)

    def cases_in(self, programme: str) -> tuple[UUID, ...]:
        return tuple(case for case, key in self.cases if key == programme)

    def look_of(self, user: str, agency: str, at: datetime) -> Look | None:
        """The user's own look, as long as it shows what it found."""
        looks = (held for held in self.looks if (held.user, held.agency) == (user, agency))
        return next((held for held in looks if held.at <= at < held.at + LOOK), None)


def evolve(person: Person | None, event: PersonEvent, at: datetime) -> Person | None:  # noqa: C901
    if isinstance(event, PersonRegistered):
        return person or Person(event.person, event)
    if person is None:
        return None
    match event:
        case ContactPreferenceSet():
            return replace(person, preference=event, preference_at=at)
        case ProtectedAddressSet():
            # Said later of an earlier time, it changes nothing of what holds now.
            late = person.protection_at is not None and at < person.protection_at
            return person if late else replace(person, protection=event, protection_at=at)
        case IdentityCorrected():
            held = Correction(at, changed(event), event.reason)
            known = replace(corrected(person.registered, event), nhs_digest=event.nhs_digest)
            return replace(person, registered=known, identity_corrections=(*person.identity_corrections, held))
        case ContactCorrected():
            held = Correction(at, changed(event), event.reason)
            known = corrected(person.registered, event)
            return replace(person, registered=known, contact_corrections=(*person.contact_corrections, held))
        case PersonDeceased() | DeathWithdrawn():
            return died(person, event, at)
        case PersonReferred(case, programme):
            held = (case, programme)
            return person if held in person.cases else replace(person, cases=(*person.cases, held))
        case MatchesLookedFor(user, agency, case, programme, found, more):
            # Only the last of each: an earlier look shows nothing any more, and stays in the log.
            others = (held for held in person.looks if (held.user, held.agency) != (user, agency))
            return replace(person, looks=(*others, Look(user, agency, case, programme, at, found, more)))
        case MergeRequested() | PersonsMerged() | MergeRefused() | MergeReversed():
            return replace(person, merges=merged(person.merges, event, at))
        case PersonErased():
            # Nobody is found again by what identified them, nor taken for them.
            known = replace(person.registered, nhs_digest=None, marks=())
            return replace(person, registered=known, erasing=erasing.evolve(person.erasing, event, at))
        case ErasureRequested() | ErasureApproved() | ErasureStopped() | LegalHoldPlaced() | LegalHoldLifted():
            return replace(person, erasing=erasing.evolve(person.erasing, event, at))
        case SubjectAccessRequested() | SubjectAccessExtended() | SubjectAccessGiven() | SubjectAccessRefused():
            return replace(person, access_requests=subject_access.evolve(person.access_requests, event, at))
        case RestrictionRequested() | ProcessingRestricted() | RestrictionRefused() | RestrictionLifted():
            return replace(person, processing=processing.evolve(person.processing, event, at))
        case GroundNamed() | GroundWithdrawn() | RecipientTold():
            return replace(person, processing=processing.evolve(person.processing, event, at))
        case _:
            assert_never(event)


def died(person: Person, event: PersonDeceased | DeathWithdrawn, at: datetime) -> Person:
    """Said later of an earlier time, it changes nothing of what holds now."""
    if person.deceased_at is not None and at < person.deceased_at:
        return person
    if isinstance(event, PersonDeceased):
        return replace(person, deceased=event, deceased_at=at, death_withdrawn=None)
    return replace(person, deceased=None, deceased_at=at, death_withdrawn=event.reason)


def details_of(said: "IdentityCorrected | ContactCorrected | CorrectIdentity | CorrectContact") -> dict[str, Sealed]:
    """What is given, by the name of its field."""
    fields = (each.name.lower() for each in PersonDetail)
    return {name: text for name in fields if (text := getattr(said, name, None)) is not None}


def changed(said: "IdentityCorrected | ContactCorrected") -> frozenset[PersonDetail]:
    return said.removed | {PersonDetail[name.upper()] for name in details_of(said)}


def corrected(known: PersonRegistered, said: "IdentityCorrected | ContactCorrected") -> PersonRegistered:
    """What holds from now on, with the marks that were made of it."""
    removed = {each.name.lower(): None for each in said.removed}
    return replace(known, **removed, **details_of(said), marks=said.marks)


class RegisterPerson(Command, frozen=True):
    """Register a person, or, where who they are is not settled yet, a provisional one."""

    person: UUID
    provisional: bool = False
    name: Sealed | None = None
    date_of_birth: Sealed | None = None
    address: Sealed | None = None
    phone: Sealed | None = None
    nhs_number: Sealed | None = None
    communication_needs: Sealed | None = None
    LEAVES = Leaves((PersonRegistered,), "person")


class SetContactPreference(Command, frozen=True):
    """Say how the person may safely be reached."""

    person: UUID
    channels: Few[ContactChannel]
    safe_times: Sealed | None = None
    never: Sealed | None = None


class SetProtectedAddress(Command, frozen=True):
    """Hide the person's address from all but those who must know it, or show it again."""

    person: UUID
    protected: bool
    reason: ProtectionReason


class CorrectIdentity(Command, frozen=True):
    """Put right who the person is: what is given replaces what is known, what is `removed` was wrong and is not known.

    What was recorded before stays in the history, and in the trail.
    """

    person: UUID
    reason: Sealed
    name: Sealed | None = None
    date_of_birth: Sealed | None = None
    nhs_number: Sealed | None = None
    communication_needs: Sealed | None = None
    removed: FewOf[PersonDetail] = frozenset()


class CorrectContact(Command, frozen=True):
    """Put right where the person lives or how they are called: what is given replaces what is known, what is `removed`
    was wrong and is not known. Whether it is safe to use is `confirmSafeContact`.
    """

    person: UUID
    reason: Sealed
    phone: Sealed | None = None
    address: Sealed | None = None
    removed: FewOf[PersonDetail] = frozenset()


class RecordDeath(Command, frozen=True):
    """Record that the person has died, on which day, and who told you. All who work with them see it first."""

    person: UUID
    on: date
    source: DeathSource


class WithdrawDeath(Command, frozen=True):
    """That they had died was recorded wrongly: say why."""

    person: UUID
    reason: Sealed
    LEAVES = Leaves((DeathWithdrawn,))


class LookForMatches(Command, frozen=True):
    """Look who else the person may be, of whom this case waits at your front door: somebody with two identifiers in
    common, or the same person elsewhere.

    That you looked is recorded. For an hour the query `matches` then tells you number, lead and safe contact of the
    live cases that were found.
    """

    person: UUID
    case: UUID


Correct = CorrectIdentity | CorrectContact
PersonCommand = (
    RegisterPerson
    | SetContactPreference
    | SetProtectedAddress
    | Correct
    | RecordDeath
    | WithdrawDeath
    | LookForMatches
    | SubjectAccessCommand
    | ProcessingCommand
)


class NoSafeWayToReach(Refused):
    """Name at least one way to reach the person that is safe."""


class DateOfBirthInvalid(Refused):
    """This is not a date of birth. Write it YYYY-MM-DD, not in the future; leave it out where it is not known, and have
    one that was wrong removed.
    """


class NothingToCorrect(Refused):
    """Say what is put right: give a detail, or name one that was wrong and is not known."""


class NotOfThisKind(Refused):
    """Put this detail right by the other of the two commands: `correctIdentity`, `correctContact`."""


class NoDeathRecorded(Refused):
    """Nobody has recorded that they died, so there is nothing to take back. Look at the person again."""


class GivenAndRemoved(Refused):
    """A detail is given or it is removed, not both. Leave out one of them."""


class NameNeeded(Refused):
    """Only who is provisional may be without a name. Give the right one."""


def decide(person: Person | None, command: PersonCommand, given: Given) -> list[PersonEvent]:
    if isinstance(command, RegisterPerson):
        return _register(person, command, given)
    person = _there(person, command.person)
    match command:
        case SetContactPreference(_, channels, safe_times, never):
            if not channels:
                raise NoSafeWayToReach(field="channels")
            # Sorted: the same channels in another order are the same answer.
            preference = ContactPreferenceSet(tuple(sorted(set(channels))), safe_times, never)
            return _unless(person.preference, preference, given, person.preference_at)
        case SetProtectedAddress(_, protected, reason):
            # Whatever holds: to record nothing, or to name the earliest time, would confirm to who may not know why an
            # address is protected, and since when.
            return [ProtectedAddressSet(protected, reason)]
        case CorrectIdentity() | CorrectContact():
            return _correct(person, command, given)
        case RecordDeath() | WithdrawDeath():
            return _died(person, command, given)
        case LookForMatches():
            # Each look is a fact of its own, whatever was found before.
            if given.alike is None:
                raise UnknownCase(case=command.case)
            return [MatchesLookedFor(given.by.user, given.by.agency, command.case, *given.alike)]
        case _:
            return [*_asked(person, command, given)]


def _asked(
    person: Person, command: SubjectAccessCommand | ProcessingCommand, given: Given
) -> Sequence[SubjectAccessEvent | ProcessingEvent]:
    """What they ask of what is kept of them."""
    if isinstance(command, SubjectAccessCommand):
        return subject_access.decide(person.access_requests, command, given)
    return processing.decide(person.processing, command, given, died=person.deceased is not None)


def _there(person: Person | None, id_: UUID) -> Person:
    if person is None:
        raise UnknownPerson(person=id_)
    # Also of what needs no text: a day of death is as personal as a name.
    if person.erased:
        raise PersonIsErased
    return person


def _died(person: Person, command: RecordDeath | WithdrawDeath, given: Given) -> list[PersonEvent]:
    if isinstance(command, WithdrawDeath):
        if person.deceased:
            return _unless(None, DeathWithdrawn(command.reason), given, person.deceased_at)
        if person.death_withdrawn is None:
            raise NoDeathRecorded
        return []
    today = london_day(given.at)
    if command.on > today:
        raise OutOfRange(field="on", latest=today)
    return _unless(person.deceased, PersonDeceased(command.on, command.source), given, person.deceased_at)


def refer(person: Person | None, case: UUID, programme: str) -> Sequence[PersonEvent]:
    """The person's side of a referral: what goes into the append that opens the case."""
    if person is None:
        raise UnknownPerson
    if person.erased:
        raise PersonIsErased
    return [] if (case, programme) in person.cases else [PersonReferred(case, programme)]


def _register(person: Person | None, command: RegisterPerson, given: Given) -> list[PersonEvent]:
    if person is not None:
        # Whatever is said of a person who is known: an answer that depended on it would confirm their NHS number.
        return []
    if not command.provisional and not command.name:
        raise MissingText(field="name")
    return [
        PersonRegistered(
            command.person,
            command.provisional,
            command.name,
            command.date_of_birth,
            command.address,
            command.phone,
            command.nhs_number,
            command.communication_needs,
            given.digest,
            given.marks,
        )
    ]


def _correct(person: Person, command: Correct, given: Given) -> list[PersonEvent]:
    said, own = details_of(command), {field.upper() for field in command.__struct_fields__}
    if not said and not command.removed:
        raise NothingToCorrect
    for each in sorted(command.removed):
        if each.name not in own:
            raise NotOfThisKind(field="removed", detail=each)
        if each.name.lower() in said:
            raise GivenAndRemoved(field="removed", detail=each)
    # What is not known cannot be removed: the same asked again changes nothing.
    removed = frozenset(each for each in command.removed if getattr(person.registered, each.name.lower()) is not None)
    if PersonDetail.NAME in removed and not person.registered.provisional:
        raise NameNeeded(field="removed")
    if not said and not removed:
        return []
    of_contact = isinstance(command, CorrectContact)
    before = person.contact_corrections if of_contact else person.identity_corrections
    # What was known earlier does not replace what was put right since, however late it is typed in.
    not_before(given, *(each.at for each in before))
    if isinstance(command, CorrectContact):
        return [ContactCorrected(command.reason, command.phone, command.address, removed, given.marks)]
    return [
        IdentityCorrected(
            command.reason,
            command.name,
            command.date_of_birth,
            command.nhs_number,
            command.communication_needs,
            removed,
            given.digest,
            given.marks,
        )
    ]


def _unless(current: PersonEvent | None, event: PersonEvent, given: Given, since: datetime | None) -> list[PersonEvent]:
    """What holds already is not said again; what was said before it is not said to hold after it."""
    if event == current:
        return []
    not_before(given, since)
    return [event]
