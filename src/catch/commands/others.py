"""How commands about a person, a partner and a programme are decided."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from msgspec.structs import replace

from catch.commands.book import Book
from catch.commands.cases import renumber
from catch.commands.handler import Handler, handles
from catch.commands.naming import nhs_numbered, programmes_exist, was_born
from catch.commands.questions import Coordinates, Marks, Sharing, SubjectDigest
from catch.domain import partner, person, programme
from catch.domain.calendar import london_day
from catch.domain.given import Alike, Given
from catch.domain.meeting.rules import UnknownSeries
from catch.domain.partner import Binding, NotForYourself, Partner, PartnerCommand, PartnerEvent
from catch.domain.person import PersonCommand
from catch.domain.programme import ProgrammeCommand
from catch.domain.refusals import Refused
from catch.domain.streams import (
    COMMANDS_BY_KEY,
    PARTNER,
    PERSON,
    PROGRAMME,
    caseload_stream,
    partner_stream,
    programme_stream,
)
from catch.domain.subject import folded
from projections.matches import MOST


class StillCoordinates(Refused):
    """The agency still coordinates live cases in this programme. Have others allocated to them first."""


class UnknownCommand(Refused):
    """There is no such command. Name it in small letters with hyphens: submit-referral for submitReferral."""


def the_person(command: PersonCommand, book: Book) -> UUID:
    return command.person


def the_partner(command: PartnerCommand, book: Book) -> UUID:
    return partner_stream(command.partner)


def the_programme(command: ProgrammeCommand, book: Book) -> UUID:
    return programme_stream(command.programme)


def register(command: person.RegisterPerson, book: Book, given: Given) -> None:
    """The number is kept written in one way. Identifiers can be matched two by two, by their keyed hashes alone."""
    if command.date_of_birth is not None:
        was_born(book, command.date_of_birth, given, "dateOfBirth")
    marks = book.ask(Marks(command.name, command.date_of_birth, command.phone, command.nhs_number))
    given = replace(given, marks=marks)
    if command.nhs_number is not None:
        number = nhs_numbered(book, command.nhs_number, "nhsNumber")
        command = replace(command, nhs_number=number.sealed)
        given = replace(given, digest=number.digest)
    of_person(command, book, given)


def correct(command: person.Correct, book: Book, given: Given) -> None:
    """What is known is matched anew, as it holds from now on."""
    held = book.person(command.person)
    if held is not None:
        known, said = held.registered, person.details_of(command)
        if "date_of_birth" in said:
            was_born(book, said["date_of_birth"], given, "dateOfBirth")
        digest = known.nhs_digest
        if isinstance(command, person.CorrectIdentity) and command.nhs_number is not None:
            number = nhs_numbered(book, command.nhs_number, "nhsNumber")
            command, digest = replace(command, nhs_number=number.sealed), number.digest
        wrong = {each.name.lower() for each in command.removed}
        identifiers = ("name", "date_of_birth", "phone", "nhs_number")
        of_all = [None if each in wrong else said.get(each) or getattr(known, each) for each in identifiers]
        digest = None if "nhs_number" in wrong else digest
        given = replace(given, marks=book.ask(Marks(*of_all)), digest=digest)
        if isinstance(command, person.CorrectIdentity) and digest is not None:
            renumber(book, command.person, digest, given.by)
    of_person(command, book, given)


def look(command: person.LookForMatches, book: Book, given: Given) -> None:
    """At what is there now: a case that is opened later is shown by a later look."""
    held, case = book.person(command.person), book.case(command.case)
    if held is not None and case is not None:
        people, more = book.ask(Sharing(held.registered.marks))
        known = [held, *(each for each in book.people(people) if each and each.person != held.person)]
        cases = book.cases([other for each in known for other, _ in each.cases if other != command.case])
        found = [each.case for each in cases if each and each.live]
        given = replace(given, alike=Alike(case.programme, tuple(found[:MOST]), more or len(found) > MOST))
    of_person(command, book, given)


def of_person(command: PersonCommand, book: Book, given: Given) -> None:
    state = book.person(command.person)
    book.write(PERSON, command.person, person.decide(state, command, given))


def of_partner(command: PartnerCommand, book: Book, given: Given) -> None:
    state = book.partner(command.partner)
    book.write(PARTNER, partner_stream(command.partner), partner.decide(state, command, given))


def serve(command: partner.EnrolService | partner.AllowService, book: Book, given: Given) -> None:
    if unknown := sorted({*command.commands} - COMMANDS_BY_KEY.keys()):
        raise UnknownCommand(field="commands", first=unknown[0])
    of_partner(command, book, given)


def bind(command: partner.BindSubject, book: Book, given: Given) -> None:
    """What the issuer calls them is kept as a keyed hash alone. Nobody's own account is bound to somebody else."""
    digest = book.ask(SubjectDigest(command.issuer, command.subject))
    sender = book.partner(given.by.agency)
    member = sender.member(given.by.user) if sender else None
    if member is not None and member.known_by(Binding(command.issuer, digest)):
        raise NotForYourself
    of_partner(command, book, replace(given, digest=digest))


def sign(command: partner.SignAgreement, book: Book, given: Given) -> None:
    of_partner(command, book, given)
    if book.written[-1].facts:
        programmes_exist(book, command.programmes)


def in_programme(
    command: partner.RunProgramme | partner.LeaveProgramme | partner.GiveTag | partner.EndTag, book: Book, given: Given
) -> None:
    of_partner(command, book, given)
    if book.written[-1].facts:
        programmes_exist(book, (command.programme,))


def run(command: partner.RunProgramme | partner.LeaveProgramme, book: Book, given: Given) -> None:
    """The cases of an agency that runs nothing here any more would be seen by nobody: it first hands them over."""
    in_programme(command, book, given)
    day, before = london_day(given.at), book.partner(command.partner)
    facts = cast("Sequence[PartnerEvent]", book.written[-1].facts)
    # Judged by what would hold afterwards: an end on a later day, or a second part that stays, leaves nobody alone.
    after: Partner | None = folded(partner.evolve, before, facts, given.at)
    if before is None or after is None or not before.runs(command.programme, day) or after.runs(command.programme, day):
        return
    # Whoever is given a case at this moment enters it in their caseload: then it is looked again.
    book.registers(caseload_stream(member.user) for member in after.members)
    if book.ask(Coordinates(command.partner, command.programme)):
        raise StillCoordinates(programme=command.programme)


def give(command: partner.GiveRole, book: Book, given: Given) -> None:
    """Where a role is held must exist; the cases of an auditor's assignment need not be told to whoever assigns."""
    of_partner(command, book, given)
    if not book.written[-1].facts or command.programme is None:
        return
    programmes_exist(book, (command.programme,))
    history = book.programmes(command.programme)
    if command.series is not None and (history is None or history.current.series(command.series) is None):
        raise UnknownSeries(series=command.series)


def of_programme(command: ProgrammeCommand, book: Book, given: Given) -> None:
    state = book.programmes(command.programme)
    book.write(PROGRAMME, programme_stream(command.programme), programme.decide(state, command, given))


OTHER_HANDLERS: tuple[Handler, ...] = (
    handles(person.RegisterPerson, subject=the_person, decide=register),
    handles(person.SetContactPreference, subject=the_person, decide=of_person),
    handles(person.SetProtectedAddress, subject=the_person, decide=of_person),
    handles(person.CorrectIdentity, subject=the_person, decide=correct),
    handles(person.CorrectContact, subject=the_person, decide=correct),
    handles(person.LookForMatches, subject=the_person, decide=look),
    handles(partner.RegisterPartner, subject=the_partner, decide=of_partner),
    handles(partner.SignAgreement, subject=the_partner, decide=sign),
    handles(partner.TerminateAgreement, subject=the_partner, decide=of_partner),
    handles(partner.RunProgramme, subject=the_partner, decide=run),
    handles(partner.LeaveProgramme, subject=the_partner, decide=run),
    handles(partner.EnrolMember, subject=the_partner, decide=of_partner),
    handles(partner.EnrolService, subject=the_partner, decide=serve),
    handles(partner.AllowService, subject=the_partner, decide=serve),
    handles(partner.BindSubject, subject=the_partner, decide=bind),
    handles(partner.UnbindSubject, subject=the_partner, decide=of_partner),
    handles(partner.RenewCalendar, subject=the_partner, decide=of_partner),
    handles(partner.SuspendMember, subject=the_partner, decide=of_partner),
    handles(partner.ReinstateMember, subject=the_partner, decide=of_partner),
    handles(partner.GiveRole, subject=the_partner, decide=give),
    handles(partner.EndRole, subject=the_partner, decide=of_partner),
    handles(partner.GiveTag, subject=the_partner, decide=in_programme),
    handles(partner.EndTag, subject=the_partner, decide=in_programme),
    handles(programme.LoadProgramme, subject=the_programme, decide=of_programme),
    handles(programme.SuspendProgramme, subject=the_programme, decide=of_programme),
    handles(programme.ResumeProgramme, subject=the_programme, decide=of_programme),
)
