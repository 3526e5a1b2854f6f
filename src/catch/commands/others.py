"""How commands about a person, a partner and a programme are decided, and those that look at more than that."""

from collections.abc import Sequence
from typing import cast

from msgspec.structs import replace

from catch.access import ASKED_BY_KEY
from catch.commands.book import Book
from catch.commands.cases import renumber
from catch.commands.handler import Handler, alone, handles, own_stream
from catch.commands.merging import the_same
from catch.commands.naming import nhs_numbered, partners_exist, programmes_exist, was_born
from catch.commands.questions import Coordinates, Marks, Sharing, SubjectDigest
from catch.domain import partner, person, processing, programme, subject_access
from catch.domain.calendar import london_day
from catch.domain.facts import Command
from catch.domain.given import Alike, Given
from catch.domain.matching import PLACEHOLDERS
from catch.domain.meeting.rules import UnknownSeries
from catch.domain.partner import Binding, NotForYourself, Partner, PartnerEvent
from catch.domain.person import DateOfBirthInvalid
from catch.domain.refusals import Refused
from catch.domain.streams import caseload_stream
from catch.domain.subject import folded
from projections.matches import MOST


class StillCoordinates(Refused):
    """The agency still coordinates live cases in this programme. Have others allocated to them first."""


class UnknownCommand(Refused):
    """There is no such command. Name it in small letters with hyphens: submit-referral for submitReferral."""


def register(command: person.RegisterPerson, book: Book, given: Given) -> None:
    """The number is kept written in one way. Identifiers can be matched two by two, by their keyed hashes alone. A day
    that is typed where none is known is none, as in an import and at the open door.
    """
    born = command.date_of_birth
    if born is not None and was_born(book, born, given, "dateOfBirth") in PLACEHOLDERS:
        command = replace(command, date_of_birth=None)
    marks = book.ask(Marks(command.name, command.date_of_birth, command.phone, command.nhs_number))
    given = replace(given, marks=marks)
    if command.nhs_number is not None:
        number = nhs_numbered(book, command.nhs_number, "nhsNumber")
        command = replace(command, nhs_number=number.sealed)
        given = replace(given, digest=number.digest)
    alone(command, book, given)


def correct(command: person.Correct, book: Book, given: Given) -> None:
    """What is known is matched anew, as it holds from now on."""
    held = book.person(command.person)
    if held is not None:
        known, said = held.registered, person.details_of(command)
        born = said.get("date_of_birth")
        # What was wrong and is not known is removed, and not put right by another day that nobody was born on.
        if born is not None and was_born(book, born, given, "dateOfBirth") in PLACEHOLDERS:
            raise DateOfBirthInvalid(field="dateOfBirth")
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
    alone(command, book, given)


def look(command: person.LookForMatches, book: Book, given: Given) -> None:
    """At what is there now: a case that is opened later is shown by a later look. One that cannot be read is one more
    than is shown, and in nobody's way.
    """
    held, case = book.person(command.person), book.case(command.case)
    if held is not None and case is not None:
        sharing, more = book.ask(Sharing(held.registered.marks))
        people = book.readable_people(sharing)
        alike = [held, *(each for each in people if each)]
        known = {each.person: each for one in alike for each in the_same(book, one)}.values()
        cases = book.readable_cases([other for each in known for other, _ in each.cases if other != command.case])
        found = [each.case for each in cases if each and each.live]
        others = more or len(found) > MOST or None in people or None in cases
        given = replace(given, alike=Alike(case.programme, tuple(found[:MOST]), others))
    alone(command, book, given)


def serve(command: partner.EnrolService | partner.AllowService, book: Book, given: Given) -> None:
    if unknown := sorted({*command.commands} - ASKED_BY_KEY.keys()):
        raise UnknownCommand(field="commands", first=unknown[0])
    alone(command, book, given)


def bind(command: partner.BindSubject, book: Book, given: Given) -> None:
    """What the issuer calls them is kept as a keyed hash alone. Nobody's own account is bound to somebody else."""
    digest = book.ask(SubjectDigest(command.issuer, command.subject))
    sender = book.partner(given.by.agency)
    member = sender.member(given.by.user) if sender else None
    if member is not None and member.known_by(Binding(command.issuer, digest)):
        raise NotForYourself
    alone(command, book, replace(given, digest=digest))


def sign(command: partner.SignAgreement, book: Book, given: Given) -> None:
    alone(command, book, given)
    if book.written[-1].facts:
        programmes_exist(book, command.programmes)


def in_programme(
    command: partner.RunProgramme | partner.LeaveProgramme | partner.GiveTag | partner.EndTag, book: Book, given: Given
) -> None:
    alone(command, book, given)
    if book.written[-1].facts:
        programmes_exist(book, (command.programme,))


def tell(command: processing.TellRecipient, book: Book, given: Given) -> None:
    alone(command, book, given)
    if book.written[-1].facts:
        partners_exist(book, (command.recipient,))


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
    alone(command, book, given)
    if not book.written[-1].facts or command.programme is None:
        return
    programmes_exist(book, (command.programme,))
    history = book.programmes(command.programme)
    if command.series is not None and (history is None or history.current.series(command.series) is None):
        raise UnknownSeries(series=command.series)


BY_ITS_STREAM: tuple[type[Command], ...] = (
    person.SetContactPreference,
    person.SetProtectedAddress,
    person.RecordDeath,
    person.WithdrawDeath,
    subject_access.RequestSubjectAccess,
    subject_access.ExtendSubjectAccess,
    subject_access.GiveSubjectAccess,
    subject_access.RefuseSubjectAccess,
    processing.RequestRestriction,
    processing.RestrictProcessing,
    processing.RefuseRestriction,
    processing.LiftRestriction,
    processing.NameGround,
    processing.WithdrawGround,
    partner.RegisterPartner,
    partner.TerminateAgreement,
    partner.EnrolMember,
    partner.UnbindSubject,
    partner.RenewCalendar,
    partner.SuspendMember,
    partner.ReinstateMember,
    partner.EndRole,
    programme.LoadProgramme,
    programme.SuspendProgramme,
    programme.ResumeProgramme,
)
"""Decided by what their own stream says, and nothing besides."""
OTHER_HANDLERS: tuple[Handler, ...] = (
    *(handles(kind, subject=own_stream, decide=alone) for kind in BY_ITS_STREAM),
    handles(person.RegisterPerson, subject=own_stream, decide=register),
    handles(person.CorrectIdentity, subject=own_stream, decide=correct),
    handles(person.CorrectContact, subject=own_stream, decide=correct),
    handles(person.LookForMatches, subject=own_stream, decide=look),
    handles(processing.TellRecipient, subject=own_stream, decide=tell),
    handles(partner.SignAgreement, subject=own_stream, decide=sign),
    handles(partner.RunProgramme, subject=own_stream, decide=run),
    handles(partner.LeaveProgramme, subject=own_stream, decide=run),
    handles(partner.EnrolService, subject=own_stream, decide=serve),
    handles(partner.AllowService, subject=own_stream, decide=serve),
    handles(partner.BindSubject, subject=own_stream, decide=bind),
    handles(partner.GiveRole, subject=own_stream, decide=give),
    handles(partner.GiveTag, subject=own_stream, decide=in_programme),
    handles(partner.EndTag, subject=own_stream, decide=in_programme),
)
