"""How commands about contacts are decided: under the programme that took them, and, led on, with the case they open."""

from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from catch.commands.book import Book
from catch.commands.cases import person_referred, running, submit
from catch.commands.handler import Handler, handles
from catch.commands.naming import nhs_numbered, partners_exist, was_born
from catch.commands.questions import Marks
from catch.domain import contact as contact_stream
from catch.domain.case.state import Described
from catch.domain.contact import ContactCommand, ConvertContact, LinkRepeat, ReceiveContact
from catch.domain.facts import Fact
from catch.domain.given import Given
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import IdAlreadyUsed, UnknownPerson
from catch.domain.registers import ContactTaken
from catch.domain.streams import CONTACT, contacts_stream


def person_or_itself(command: ReceiveContact, book: Book) -> UUID:
    """Whose key seals what a contact says: the person's where they are known, else one of its own."""
    held = book.contact(command.contact)
    return held.subject if held else command.person or command.contact


def of_contact(command: ContactCommand, book: Book) -> UUID:
    held = book.contact(command.contact)
    return held.subject if held else command.contact


def taken_by(book: Book, contact: UUID) -> Programme | None:
    """The version that the contact came under."""
    held = book.contact(contact)
    history = book.programmes(held.programme) if held else None
    return history.version(held.received.programme_version) if held and history else None


def decided(command: ContactCommand, book: Book, given: Given) -> Sequence[Fact]:
    book.programme = taken_by(book, command.contact)
    given = replace(given, programme=book.programme)
    facts = contact_stream.decide(book.contact(command.contact), command, given)
    book.write(CONTACT, command.contact, facts)
    return facts


def receive(command: ReceiveContact, book: Book, given: Given) -> None:
    if book.contact(command.contact) is not None:
        decided(command, book, given)
        return
    book.programme = running(book, command.programme)
    given = replace(identified(command, book, given), programme=book.programme)
    book.write(CONTACT, command.contact, contact_stream.decide(None, command, given))
    if command.person is not None:
        book.enter(contacts_stream(command.person), ContactTaken(command.contact))
    partners_exist(book, (command.on_behalf_of,))


def identified(command: ReceiveContact, book: Book, given: Given) -> Given:
    """With the keyed hashes by which a further contact about the same is found. The person's own, where they are known:
    a description of them is then what the caller said, and finds nobody.
    """
    said = command.described or Described()
    if said.date_of_birth is not None:
        was_born(book, said.date_of_birth, given, "described.dateOfBirth")
    number = nhs_numbered(book, said.nhs_number, "described.nhsNumber") if said.nhs_number is not None else None
    if command.person is not None:
        known = book.person(command.person)
        if known is None:
            raise UnknownPerson(person=command.person)
        book.register(contacts_stream(command.person))
        return replace(given, marks=known.registered.marks, digest=known.registered.nhs_digest)
    if said == Described():
        return given
    marks = book.ask(Marks(said.name, said.date_of_birth, said.phone, said.nhs_number))
    return replace(given, marks=marks, digest=number.digest if number else None)


def work(command: ContactCommand, book: Book, given: Given) -> None:
    decided(command, book, given)


def link(command: LinkRepeat, book: Book, given: Given) -> None:
    held, earlier = book.contact(command.contact), book.contact(command.earlier)
    if decided(command, book, given) and held is not None:
        if earlier is None:
            raise contact_stream.UnknownContact(contact=command.earlier)
        contact_stream.repeat_fits(held, earlier, replace(given, programme=book.programme))


def lead_on(command: ConvertContact, book: Book, given: Given) -> None:
    """The case, the person and the contact hear of it in one append, or none of them does."""
    known = book.case(command.case)
    facts, of_contact = decided(command, book, given), book.programme
    if facts and known is not None:
        raise IdAlreadyUsed(field="case", value=command.case)
    submit(command.submits(given.at), book, given, led_on=True)
    book.programme = of_contact


CONTACT_HANDLERS: tuple[Handler, ...] = (
    handles(ReceiveContact, subject=person_or_itself, decide=receive),
    handles(contact_stream.TriageContact, subject=of_contact, decide=work),
    handles(contact_stream.ResolveContact, subject=of_contact, decide=work),
    handles(LinkRepeat, subject=of_contact, decide=link),
    handles(ConvertContact, subject=person_referred, decide=lead_on),
)
