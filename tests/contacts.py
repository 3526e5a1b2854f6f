"""Contacts to start from: a programme that takes them, one that came, and one that came before it."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from catch.domain.case.state import Worker
from catch.domain.contact import Contact, ContactReceived
from catch.domain.programme.configuration import ContactOutcome, ContactPriority, Contacts, Disposition
from tests.cases import NOW, PERSON, PROGRAMME, TEXT, uid

CONTACT, EARLIER = uid(80), uid(81)
BY = Worker("cora", "snn")
TAKES = Contacts(
    outcomes=(
        ContactOutcome("advice-given", "Advice given", Disposition.RESOLVED),
        ContactOutcome("told-where", "Told where to go", Disposition.INFORMATION),
        ContactOutcome("ambulance", "Ambulance called", Disposition.EMERGENCY),
        ContactOutcome("wrong-number", "Wrong number", Disposition.ADMINISTRATIVE),
    ),
    priorities=(ContactPriority("now", "Now"), ContactPriority("today", "Today"), ContactPriority("week", "This week")),
    anonymous=True,
)
DOOR = replace(PROGRAMME, contacts=TAKES)
"""The programme of the cases, as it takes contacts."""


def came(contact: Any = CONTACT, **more: Any) -> ContactReceived:
    said: dict[str, Any] = {"text": TEXT, "by": BY, **more}
    return ContactReceived(contact, DOOR.key, DOOR.version, "gp", "phone", **said)


contact = Contact(came(person=PERSON), NOW, NOW)
earlier = Contact(came(EARLIER, person=PERSON), NOW - timedelta(days=3), NOW - timedelta(days=3))
