"""How commands about two people who are one are decided, and who is one with whom for all others."""

from catch.commands.book import Book
from catch.commands.handler import Handler, handles, own_stream
from catch.domain import merging
from catch.domain.given import Given
from catch.domain.merging import MergeCommand, RequestMerge, UnknownMerge, UnknownOther
from catch.domain.person import Person
from catch.domain.refusals import UnknownPerson
from catch.domain.streams import PERSON


def the_same(book: Book, person: Person) -> list[Person]:
    """Everybody who is one with the person, under whom they go on first; the person too. One that cannot be read is in
    nobody's way.
    """
    if not person.merges:
        return [person]
    (survivor,) = book.readable_people([person.survivor])
    if survivor is None:
        return [person]
    return [survivor, *(held for held in book.readable_people(survivor.merged_in) if held)]


def merge(command: MergeCommand, book: Book, given: Given) -> None:
    """Both streams get the same: each says by itself with whom it is one."""
    person = book.person(command.person)
    if person is None:
        raise UnknownPerson(person=command.person)
    if isinstance(command, RequestMerge):
        other_id = command.retired
    else:
        held = person.side.held(command.merge)
        if held is None:
            raise UnknownMerge(merge=command.merge)
        other_id = held.other(person.person)
    other = book.person(other_id)
    if other is None:
        raise UnknownOther(retired=other_id)
    facts = merging.decide(person.side, other.side, command, given)
    book.write(PERSON, command.person, facts)
    if other_id != command.person:
        book.write(PERSON, other_id, facts)


MERGING_HANDLERS: tuple[Handler, ...] = (
    handles(merging.RequestMerge, subject=own_stream, decide=merge),
    handles(merging.ApproveMerge, subject=own_stream, decide=merge),
    handles(merging.RefuseMerge, subject=own_stream, decide=merge),
    handles(merging.ReverseMerge, subject=own_stream, decide=merge),
)
