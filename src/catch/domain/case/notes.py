"""What partners write down between meetings: notes, and needs that no service meets."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.rules import author, require_live
from catch.domain.case.state import Case, Note, UnmetNeed, Worker
from catch.domain.facts import Category, Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.keys import check_key
from catch.domain.parts import in_order, otherwise
from catch.domain.plain import Code, FewOf, Key
from catch.domain.refusals import Refused
from catch.domain.subject import Subject


class UnmetReason(StrEnum):
    NO_SERVICE = "no-service"
    WAITING = "waiting"
    INELIGIBLE = "ineligible"
    COST = "cost"
    TRANSPORT = "transport"
    LANGUAGE = "language"


# What happened


class NoteAdded(Fact, frozen=True, omit_defaults=True):
    note: UUID
    category: Category
    text: Sealed
    by: Worker
    audience: frozenset[Key] = frozenset()


class UnmetNeedRecorded(Fact, frozen=True, omit_defaults=True):
    need: UUID
    code: Code
    reason: UnmetReason
    locality: Code | None = None


class UnmetNeedMet(Fact, frozen=True, omit_defaults=True):
    need: UUID


NoteEvent = NoteAdded | UnmetNeedRecorded | UnmetNeedMet


# What may be asked


class AddNote(Command, frozen=True):
    """Add a note; what is restricted goes into a restricted note instead.

    `audience` names the involved partners who may read it; none named: all who may see its category.
    """

    case: UUID
    note: UUID
    category: Category
    text: Sealed
    audience: FewOf[Key] = frozenset()
    LEAVES = Leaves((NoteAdded,), "note")


class RecordUnmetNeed(Command, frozen=True):
    """Record a need that no available service meets, so that gaps are counted."""

    case: UUID
    need: UUID
    code: Code
    reason: UnmetReason
    locality: Code | None = None
    LEAVES = Leaves((UnmetNeedRecorded,), "need")


class MeetUnmetNeed(Command, frozen=True):
    """A need recorded as unmet has been met."""

    case: UUID
    need: UUID


NoteCommand = AddNote | RecordUnmetNeed | MeetUnmetNeed


# What can be refused


class AudienceNotInvolved(Refused):
    """A note can only be addressed to partners involved in the case. Involve them first, or leave them out."""


class RestrictedIsKeptBeside(Refused):
    """What is restricted is kept beside the case, not in it. Add it as a restricted note."""


class UnknownNeed(Refused):
    """The case has no such unmet need. Look at the case again."""


# What we answer


def add_note(case: Case, command: AddNote, given: Given) -> list[NoteEvent]:
    if command.category is Category.RESTRICTED:
        raise RestrictedIsKeptBeside(field="category")
    if any(held.note == command.note for held in case.notes):
        return []
    outside = [agency for agency in command.audience if agency not in case.holders and not case.involved(agency)]
    if outside:
        raise AudienceNotInvolved(partners=", ".join(sorted(outside)))
    by = author(given)
    return [NoteAdded(command.note, command.category, command.text, by, command.audience)]


def decide(case: Case, command: NoteCommand, given: Given) -> list[NoteEvent]:
    match command:
        case AddNote():
            return add_note(case, command, given)
        case RecordUnmetNeed():
            if any(held.need == command.need for held in case.unmet_needs):
                return []
            require_live(case, given)
            check_key("code", command.code)
            if command.locality is not None:
                check_key("locality", command.locality)
            return [UnmetNeedRecorded(command.need, command.code, command.reason, command.locality)]
        case MeetUnmetNeed():
            held = next((held for held in case.unmet_needs if held.need == command.need), None)
            if held is None:
                raise UnknownNeed(need=command.need)
            if held.met_at is None:
                not_before(given, held.since)
            return [] if held.met_at else [UnmetNeedMet(command.need)]
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: NoteEvent, at: datetime) -> Case:
    match event:
        case NoteAdded():
            note = Note(event.note, event.category, event.text, at, event.by, event.audience)
            return replace(case, notes=in_order(case.notes, note, lambda held: held.at))
        case UnmetNeedRecorded():
            need = UnmetNeed(event.need, event.code, event.reason, at, event.locality)
            return replace(case, unmet_needs=in_order(case.unmet_needs, need, lambda held: held.since))
        case UnmetNeedMet():
            needs = otherwise(case.unmet_needs, lambda held: held.need == event.need, met_at=at)
            return replace(case, unmet_needs=needs)
        case _:
            assert_never(event)


SUBJECT = Subject(NoteEvent, NoteCommand, decide=decide, evolve=evolve)
