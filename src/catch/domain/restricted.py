"""The stream beside a case: what is restricted, so that the case itself says nothing of it.

Restricted notes, safeguarding concerns and what became of them. The case's version, order and last activity stay as
they are, no agenda moves, and whoever may not know finds nothing missing. Its id follows from the case's (`streams`),
and each fact names the case: a concern may be raised about one that is not there, or not for whoever raises it.

Read downwards: what happened, where that leaves us, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.rules import author
from catch.domain.case.state import Worker
from catch.domain.facts import Command, Fact, Leaves, Part, Sealed, Tag
from catch.domain.given import Given, not_before
from catch.domain.refusals import Refused


class CriterionMet(StrEnum):
    """What whoever raises a concern knows of a criterion."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class SafeguardingOutcome(StrEnum):
    """What became of a concern."""

    ENQUIRY = "enquiry"
    NO_ENQUIRY = "no-enquiry"
    ANOTHER_ROUTE = "another-route"


# What happened


class RestrictedNoteAdded(Fact, frozen=True, omit_defaults=True):
    case: UUID
    note: UUID
    tag: Tag
    text: Sealed
    by: Worker


class SafeguardingConcernRaised(Fact, frozen=True, omit_defaults=True):
    """The criteria are those of section 42 of the Care Act 2014: the adult has needs for care and support (a), is
    experiencing or at risk of abuse or neglect (b), and cannot protect themselves because of those needs (c).
    """

    case: UUID
    concern: UUID
    text: Sealed
    by: Worker
    needs_care: CriterionMet = CriterionMet.UNSURE
    at_risk: CriterionMet = CriterionMet.UNSURE
    cannot_protect_themselves: CriterionMet = CriterionMet.UNSURE
    immediate_danger: bool = False
    raised_to: Sealed | None = None
    reference: Sealed | None = None
    persons_wish: Sealed | None = None


class SafeguardingOutcomeRecorded(Fact, frozen=True, omit_defaults=True):
    case: UUID
    concern: UUID
    outcome: SafeguardingOutcome
    by: Worker
    text: Sealed | None = None


RestrictedEvent = RestrictedNoteAdded | SafeguardingConcernRaised | SafeguardingOutcomeRecorded


# Where that leaves us


class RestrictedNote(Part, frozen=True, omit_defaults=True):
    """A note for those who may see what is restricted."""

    note: UUID
    tag: Tag
    text: Sealed
    at: datetime
    by: Worker


class Concern(Part, frozen=True, omit_defaults=True):
    """Somebody may be abused or neglected, as it was raised; and what became of it."""

    raised: SafeguardingConcernRaised
    at: datetime
    outcome: SafeguardingOutcome | None = None
    outcome_at: datetime | None = None
    outcome_text: Sealed | None = None

    @property
    def concern(self) -> UUID:
        return self.raised.concern


class Beside(Part, frozen=True, omit_defaults=True):
    """Everything restricted that is kept beside one case."""

    case: UUID
    notes: tuple[RestrictedNote, ...] = ()
    concerns: tuple[Concern, ...] = ()


def evolve(beside: Beside | None, event: RestrictedEvent, at: datetime) -> Beside:
    held = beside or Beside(event.case)
    match event:
        case RestrictedNoteAdded():
            note = RestrictedNote(event.note, event.tag, event.text, at, event.by)
            return replace(held, notes=(*held.notes, note))
        case SafeguardingConcernRaised():
            return replace(held, concerns=(*held.concerns, Concern(event, at)))
        case SafeguardingOutcomeRecorded():
            return replace(held, concerns=tuple(settled(each, event, at) for each in held.concerns))
        case _:
            assert_never(event)


def settled(concern: Concern, event: SafeguardingOutcomeRecorded, at: datetime) -> Concern:
    if concern.concern != event.concern:
        return concern
    return replace(concern, outcome=event.outcome, outcome_at=at, outcome_text=event.text)


# What may be asked


class AddRestrictedNote(Command, frozen=True):
    """Add a note for those only who may see what is restricted. To everybody else the case stays as it was."""

    case: UUID
    note: UUID
    tag: Tag
    text: Sealed
    LEAVES = Leaves((RestrictedNoteAdded,), "note")


class RaiseSafeguardingConcern(Command, frozen=True):
    """Say that an adult may be abused or neglected. Everybody may, about any case, and is always answered the same.

    In immediate danger call 999 first: this reaches nobody at once. The criteria are those of section 42 of the Care
    Act: needs for care and support, at risk of abuse or neglect, unable to protect themselves because of those needs.
    """

    case: UUID
    concern: UUID
    text: Sealed
    needs_care: CriterionMet = CriterionMet.UNSURE
    at_risk: CriterionMet = CriterionMet.UNSURE
    cannot_protect_themselves: CriterionMet = CriterionMet.UNSURE
    immediate_danger: bool = False
    raised_to: Sealed | None = None
    reference: Sealed | None = None
    persons_wish: Sealed | None = None


class RecordSafeguardingOutcome(Command, frozen=True):
    """Record what became of a safeguarding concern."""

    case: UUID
    concern: UUID
    outcome: SafeguardingOutcome
    text: Sealed | None = None
    LEAVES = Leaves((SafeguardingOutcomeRecorded,), about=("concern", "outcome"))


RestrictedCommand = AddRestrictedNote | RaiseSafeguardingConcern | RecordSafeguardingOutcome


# What can be refused


class UnknownConcern(Refused):
    """No such concern was raised about this case. Look at the case again."""


# What we answer


def decide(beside: Beside | None, command: RestrictedCommand, given: Given) -> list[RestrictedEvent]:
    held, by = beside or Beside(command.case), author(given)
    match command:
        case AddRestrictedNote(case, note, tag, text):
            known = any(each.note == note for each in held.notes)
            return [] if known else [RestrictedNoteAdded(case, note, tag, text, by)]
        case RaiseSafeguardingConcern():
            return raise_concern(command, by)
        case RecordSafeguardingOutcome():
            return record_outcome(held, command, by, given)
        case _:
            assert_never(command)


def raise_concern(command: RaiseSafeguardingConcern, by: Worker) -> list[RestrictedEvent]:
    """Whatever the id was used for: nothing that somebody wrote is lost. (The same command again has its own id.)"""
    return [
        SafeguardingConcernRaised(
            case=command.case,
            concern=command.concern,
            text=command.text,
            by=by,
            needs_care=command.needs_care,
            at_risk=command.at_risk,
            cannot_protect_themselves=command.cannot_protect_themselves,
            immediate_danger=command.immediate_danger,
            raised_to=command.raised_to,
            reference=command.reference,
            persons_wish=command.persons_wish,
        )
    ]


def record_outcome(held: Beside, command: RecordSafeguardingOutcome, by: Worker, given: Given) -> list[RestrictedEvent]:
    # There may be several: a concern is never refused because of its id.
    of_it = [each for each in held.concerns if each.concern == command.concern]
    if not of_it:
        raise UnknownConcern(concern=command.concern)
    if all(each.outcome is command.outcome for each in of_it):
        return []
    not_before(given, *(at for each in of_it for at in (each.at, each.outcome_at)))
    return [SafeguardingOutcomeRecorded(command.case, command.concern, command.outcome, by, command.text)]
