"""A person as a redactor shows them, part by part, each when it is asked for."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from catch.api.case import parts, types
from catch.api.common.redaction import Redactor
from catch.domain.facts import Category, Sealed
from catch.domain.person import Person


class UnfoldingPerson(types.Person):
    """The same of a person."""

    def __init__(self, held: Person, redactor: Redactor, *, protected: bool) -> None:
        self.__dict__["_told"] = Told(held, redactor, protected or held.address_protected)

    def __getattr__(self, name: str) -> Any:
        part = OF_PERSON.get(name)
        if part is None:
            raise AttributeError(name)
        value = self.__dict__[name] = part(self.__dict__["_told"])
        return value


class Told(Struct, frozen=True):
    """What of a person is told through a redactor. `protected`: where they live is a secret, now or then."""

    held: Person
    redactor: Redactor
    protected: bool

    def text(self, name: str, category: Category, sealed: Sealed | None) -> str | None:
        return self.redactor.text(f"person.{name}", category, sealed)

    def address(self) -> str | None:
        return parts.address(self.held.registered.address, "person.address", self.redactor, protected=self.protected)

    def address_protected(self) -> bool | None:
        """Those to whom contact is told must know that it is not to be passed on."""
        closed = self.redactor.hides("person.addressProtected", Category.CONTACT)
        return None if closed else self.held.address_protected

    def preferred(self, name: str, sealed: Sealed | None) -> str | None:
        return self.text(name, Category.CONTACT, sealed)


OF_PERSON: Mapping[str, Callable[[Told], object]] = {
    "id": lambda told: told.held.person,
    "name": lambda told: told.text("name", Category.IDENTITY, told.held.registered.name),
    "date_of_birth": lambda told: told.text("dateOfBirth", Category.IDENTITY, told.held.registered.date_of_birth),
    "nhs_number": lambda told: told.text("nhsNumber", Category.IDENTITY, told.held.registered.nhs_number),
    "communication_needs": lambda told: told.text(
        "communicationNeeds", Category.IDENTITY, told.held.registered.communication_needs
    ),
    "phone": lambda told: told.text("phone", Category.CONTACT, told.held.registered.phone),
    "address": Told.address,
    "address_protected": Told.address_protected,
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
"""The same of a person."""
