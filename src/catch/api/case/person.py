"""A person as a redactor shows them, part by part, each when it is asked for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from catch.access import RedactionReason
from catch.api.case import access_requests, door, erasures, merges, restrictions, types
from catch.api.case.merges import Merged
from catch.api.common.redaction import Redactor
from catch.api.common.unfolding import unfolds
from catch.domain.case.state import Case
from catch.domain.facts import Category, Sealed, Tag
from catch.domain.person import Correction, Person, PersonDetail, ProtectionReason


class Told(Struct, frozen=True):
    """What of a person is told through a redactor. `protected`: where they live is a secret, now or then; `case` is the
    one in which they are shown. That they have died, or that their address is protected, goes for them whichever of
    their registrations it was said of: it tells nothing else of the other.
    """

    held: Person
    case: Case
    redactor: Redactor
    merged: Merged
    at: datetime
    protected: bool

    @property
    def everyone(self) -> tuple[Person, ...]:
        return (self.held, *self.merged.same)

    def text(self, name: str, category: Category, sealed: Sealed | None) -> str | None:
        return self.redactor.text(f"person.{name}", category, sealed)

    def address(self) -> str | None:
        return door.address(self.held.registered.address, "person.address", self.redactor, protected=self.protected)

    def address_protected(self) -> bool | None:
        """Those to whom contact is told must know that it is not to be passed on."""
        closed = self.redactor.hides("person.addressProtected", Category.CONTACT)
        return None if closed else any(each.address_protected for each in self.everyone)

    def protected_because(self) -> ProtectionReason | None:
        """Why is restricted: it says what somebody has done, or may do. Of what is over not even that is told."""
        path = "person.addressProtectedBecause"
        said = next((each.protection for each in self.everyone if each.address_protected), self.held.protection)
        if self.redactor.hides(path, Category.CONTACT) or said is None:
            return None
        if Tag.PROTECTED_ADDRESS in self.redactor.sight.tags:
            return said.reason
        if said.protected:
            self.redactor.withheld[path] = RedactionReason.RESTRICTED
        return None

    def provisional(self) -> bool | None:
        closed = self.redactor.hides("person.provisional", Category.IDENTITY)
        return None if closed else self.held.registered.provisional

    def erasures(self) -> list[types.PersonErasure]:
        """To whoever coordinates a case of theirs: for nobody else is there any, and who asked is not told."""
        everything = self.redactor.sight.everything
        return [erasures.erasure(each, names=False) for each in self.held.erasing.asked] if everything else []

    def access_requests(self) -> list[types.PersonAccessRequest]:
        """To whoever coordinates a case of theirs, like erasures."""
        everything = self.redactor.sight.everything
        return access_requests.shown(self.held, self.at, names=False) if everything else []

    def restriction(self) -> types.RestrictionBanner | None:
        """Whichever of their registrations it was said of."""
        return self.redactor.for_those_involved("person.restriction", restrictions.banner(self.everyone, self.at))

    def restrictions(self) -> list[types.PersonRestriction]:
        everything = self.redactor.sight.everything
        return restrictions.asked(self.held, self.at, names=False) if everything else []

    def grounds(self) -> list[types.PersonGround]:
        return restrictions.grounds(self.held, self.at, names=False) if self.redactor.sight.everything else []

    def death(self) -> types.Death | None:
        said = next((each.deceased for each in self.everyone if each.deceased), None)
        held = self.redactor.for_those_involved("person.death", said)
        return types.Death(on=held.on, source=held.source) if held else None

    def corrections(self, name: str, category: Category, held: Sequence[Correction]) -> list[types.Correction]:
        """Why an address was wrong may say where the right one is: it is as protected as that. So is when there came
        to be another.
        """
        told = self.redactor.all(f"person.{name}", category, held)
        untagged = Tag.PROTECTED_ADDRESS not in self.redactor.sight.tags
        kept = self.protected and untagged and category is Category.CONTACT
        if kept and self.redactor.sight.hides(category) is None:
            for path in (f"person.{name}", f"person.{name}.reason"):
                self.redactor.withheld[path] = RedactionReason.RESTRICTED
        closed = frozenset({PersonDetail.ADDRESS}) if kept else frozenset[PersonDetail]()
        return [
            types.Correction(
                at=each.at,
                details=sorted(each.details - closed),
                reason=None if kept else self.text(f"{name}.reason", category, each.reason),
            )
            for each in told
            if each.details - closed
        ]

    def preferred(self, name: str, sealed: Sealed | None) -> str | None:
        return self.text(name, Category.CONTACT, sealed)


OF_PERSON: Mapping[str, Callable[[Told], object]] = {
    "id": lambda told: told.held.person,
    "merges": lambda told: [merges.shown(each, told.redactor) for each in told.merged.others],
    "erasures": Told.erasures,
    "access_requests": Told.access_requests,
    "restriction": Told.restriction,
    "restrictions": Told.restrictions,
    "grounds": Told.grounds,
    "safe_contact": lambda told: door.of_case(told.case, "person.safeContact", told.redactor),
    "death": Told.death,
    "death_withdrawn": lambda told: told.text("deathWithdrawn", Category.IDENTITY, told.held.death_withdrawn),
    "provisional": Told.provisional,
    "name": lambda told: told.text("name", Category.IDENTITY, told.held.registered.name),
    "date_of_birth": lambda told: told.text("dateOfBirth", Category.IDENTITY, told.held.registered.date_of_birth),
    "nhs_number": lambda told: told.text("nhsNumber", Category.IDENTITY, told.held.registered.nhs_number),
    "communication_needs": lambda told: told.text(
        "communicationNeeds", Category.IDENTITY, told.held.registered.communication_needs
    ),
    "phone": lambda told: told.text("phone", Category.CONTACT, told.held.registered.phone),
    "address": Told.address,
    "address_protected": Told.address_protected,
    "address_protected_because": Told.protected_because,
    "identity_corrections": lambda told: told.corrections(
        "identityCorrections", Category.IDENTITY, told.held.identity_corrections
    ),
    "contact_corrections": lambda told: told.corrections(
        "contactCorrections", Category.CONTACT, told.held.contact_corrections
    ),
    "safe_channels": lambda told: [
        *told.redactor.all(
            "person.safeChannels",
            Category.CONTACT,
            told.held.preference.channels if told.held.preference else (),
        )
    ],
    "safe_times": lambda told: told.preferred(
        "safeTimes", told.held.preference.safe_times if told.held.preference else None
    ),
    "never": lambda told: told.preferred("never", told.held.preference.never if told.held.preference else None),
}


@unfolds(OF_PERSON)
class UnfoldingPerson(types.Person):
    """A person whose parts are worked out when they are asked for."""

    def __init__(
        self, held: Person, case: Case, redactor: Redactor, merged: Merged, at: datetime, *, protected: bool
    ) -> None:
        self.__dict__["_said"] = Told(held, case, redactor, merged, at, protected)
