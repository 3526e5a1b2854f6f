"""Erasing a person: who asks, who else has to agree, what stands in its way, and when it can be taken back no more.

What is erased is the key under which everything personal was sealed. The facts stay, so that what happened can still be
proved; nobody can read any more what they said of whom. Hence every reason here is a code: why somebody was erased, or
kept, has to be readable afterwards, and a text about them would go with them.

Read downwards: what happened, where that leaves us, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Part
from catch.domain.given import Given, not_before
from catch.domain.parts import otherwise
from catch.domain.plain import Key, UserId
from catch.domain.refusals import Refused

COOLING_OFF = timedelta(days=7)
"""How long it can be taken back, from when somebody agreed: what is destroyed by mistake is lost for good."""


class ErasureReason(StrEnum):
    """Why what is kept of somebody goes."""

    RETENTION_ENDED = "retention-ended"
    PERSON_ASKED = "person-asked"
    RECORDED_UNLAWFULLY = "recorded-unlawfully"
    COURT_ORDER = "court-order"


class StopReason(StrEnum):
    """Why it does not go after all."""

    NOT_DUE = "not-due"
    PERSON_CHANGED_MIND = "person-changed-mind"
    WRONG_PERSON = "wrong-person"
    STILL_NEEDED = "still-needed"


class HoldReason(StrEnum):
    """Why all that is kept of somebody must stay."""

    LITIGATION = "litigation"
    PUBLIC_INQUIRY = "public-inquiry"
    COMPLAINT = "complaint"
    SAFEGUARDING_REVIEW = "safeguarding-review"


# What happened


class ErasureRequested(Fact, frozen=True):
    """Somebody asked that the person be erased."""

    erasure: UUID
    reason: ErasureReason
    user: UserId
    agency: Key


class ErasureApproved(Fact, frozen=True):
    """Somebody else agreed. `due`: from then on it is carried out, unless something stands in its way."""

    erasure: UUID
    user: UserId
    agency: Key
    due: datetime


class ErasureStopped(Fact, frozen=True):
    """It was refused, or taken back in time."""

    erasure: UUID
    reason: StopReason


class LegalHoldPlaced(Fact, frozen=True):
    """Nothing that is kept of the person may go, until this is lifted."""

    hold: UUID
    reason: HoldReason
    user: UserId
    agency: Key


class LegalHoldLifted(Fact, frozen=True):
    """What was held for this reason is so no longer."""

    hold: UUID


class PersonErased(Fact, frozen=True, omit_defaults=True):
    """The person was erased: their key is destroyed with this, and those of `contacts` that were about nobody else."""

    erasure: UUID
    contacts: tuple[UUID, ...] = ()

    def subjects(self, person: UUID) -> tuple[UUID, ...]:
        """Whose keys go."""
        return (person, *self.contacts)


ErasingEvent = ErasureRequested | ErasureApproved | ErasureStopped | LegalHoldPlaced | LegalHoldLifted | PersonErased


# Where that leaves us


class ErasureState(StrEnum):
    """What became of it that somebody asked for the person to be erased."""

    REQUESTED = "requested"
    APPROVED = "approved"
    STOPPED = "stopped"
    DONE = "done"


class Erasure(Part, frozen=True, omit_defaults=True):
    """What was asked, and what became of it. `due` is when it is carried out, once somebody has agreed."""

    erasure: UUID
    reason: ErasureReason
    user: str
    agency: str
    at: datetime
    state: ErasureState = ErasureState.REQUESTED
    approved_by: str | None = None
    approved_for: str | None = None
    approved_at: datetime | None = None
    due: datetime | None = None
    stopped: StopReason | None = None
    ended_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state in (ErasureState.REQUESTED, ErasureState.APPROVED)

    def is_due(self, now: datetime) -> bool:
        return self.state is ErasureState.APPROVED and self.due is not None and self.due <= now


class Hold(Part, frozen=True, omit_defaults=True):
    """Something that is waited for, before anything of the person may go."""

    hold: UUID
    reason: HoldReason
    user: str
    agency: str
    at: datetime
    lifted_at: datetime | None = None


class Erasing(Part, frozen=True, omit_defaults=True):
    """All of it, the oldest first."""

    asked: tuple[Erasure, ...] = ()
    holds: tuple[Hold, ...] = ()
    erased_at: datetime | None = None

    def held(self, erasure: UUID) -> Erasure | None:
        return next((each for each in self.asked if each.erasure == erasure), None)

    def hold(self, hold: UUID) -> Hold | None:
        return next((each for each in self.holds if each.hold == hold), None)

    @property
    def waiting(self) -> Erasure | None:
        """What is asked for and not over."""
        return next((each for each in self.asked if each.open), None)

    @property
    def on_hold(self) -> bool:
        return any(each.lifted_at is None for each in self.holds)


def evolve(held: Erasing, event: ErasingEvent, at: datetime) -> Erasing:
    match event:
        case ErasureRequested(erasure, reason, user, agency):
            return replace(held, asked=(*held.asked, Erasure(erasure, reason, user, agency, at)))
        case ErasureApproved(erasure, user, agency, due):
            said = {"approved_by": user, "approved_for": agency, "approved_at": at, "due": due}
            return _with(held, erasure, state=ErasureState.APPROVED, **said)
        case ErasureStopped(erasure, reason):
            return _with(held, erasure, state=ErasureState.STOPPED, stopped=reason, ended_at=at)
        case LegalHoldPlaced(hold, reason, user, agency):
            return replace(held, holds=(*held.holds, Hold(hold, reason, user, agency, at)))
        case LegalHoldLifted(hold):
            holds = (replace(each, lifted_at=at) if each.hold == hold else each for each in held.holds)
            return replace(held, holds=tuple(holds))
        case PersonErased(erasure):
            return replace(_with(held, erasure, state=ErasureState.DONE, ended_at=at), erased_at=at)
        case _:
            assert_never(event)


def _with(held: Erasing, erasure: UUID, **changes: object) -> Erasing:
    return replace(held, asked=otherwise(held.asked, lambda each: each.erasure == erasure, **changes))


# What may be asked


class RequestErasure(Command, frozen=True):
    """Ask that the person be erased: nothing that was ever written about them can be read again then. Their cases must
    be over. Somebody else agrees, a Caldicott contact, and for seven days after that it can be taken back.
    """

    person: UUID
    erasure: UUID
    reason: ErasureReason
    LEAVES = Leaves((ErasureRequested,), "erasure")


class ApproveErasure(Command, frozen=True):
    """Agree that the person be erased. It is carried out after seven days, and cannot be undone then; until then it is
    taken back by `stopErasure`.
    """

    person: UUID
    erasure: UUID


class StopErasure(Command, frozen=True):
    """Refuse that the person be erased, or take it back as long as it was not carried out."""

    person: UUID
    erasure: UUID
    reason: StopReason
    LEAVES = Leaves((ErasureStopped,), about=("erasure",))


class PlaceLegalHold(Command, frozen=True):
    """Say that all that is kept of the person must stay, and why. As long as one holds, nobody is erased."""

    person: UUID
    hold: UUID
    reason: HoldReason
    LEAVES = Leaves((LegalHoldPlaced,), "hold")


class LiftLegalHold(Command, frozen=True):
    """Say that what is kept of the person need not stay for this any longer. What was to be erased then is."""

    person: UUID
    hold: UUID


class ErasePerson(Command, frozen=True):
    """The program's own: what was agreed is due. `again`: it was done before the database was put back."""

    person: UUID
    erasure: UUID
    again: bool = False


ErasingCommand = RequestErasure | ApproveErasure | StopErasure | PlaceLegalHold | LiftLegalHold | ErasePerson


# What can be refused


class UnknownErasure(Refused):
    """Nobody has asked for this of the person. Check the id."""

    not_there = True


class UnknownHold(Refused):
    """There is no such hold on the person. Check the id."""

    not_there = True


class PersonIsErased(Refused):
    """What was kept about this person has been erased, so that there is nothing left to ask for. Register them anew if
    they come back.
    """


class ErasureAlreadyRequested(Refused):
    """Somebody has asked for this already. Ask a Caldicott contact to answer it: `approveErasure`, `stopErasure`."""


class ErasureAskedByYourself(Refused):
    """You have asked for this yourself, so somebody else agrees to it: another Caldicott contact. You may take it back:
    `stopErasure`.
    """


class ErasureOver(Refused):
    """This was stopped, or has been carried out. Look at the person again; if it must be after all, ask anew."""


class OnLegalHold(Refused):
    """Nothing of this person may be erased as long as a legal hold is placed on them. Ask their Caldicott contact to
    lift it: `liftLegalHold`.
    """


class StillUnderWay(Refused):
    """Something of this person's is under way: a case that is not over, or a contact at a front door. Close the case or
    answer the contact first.
    """


class AccessAskedFor(Refused):
    """Somebody has asked what is kept of this person and has no answer yet: nothing goes before that. Give it or refuse
    it first (`giveSubjectAccess`, `refuseSubjectAccess`).
    """


class KeptByRestriction(Refused):
    """This person has asked that what is kept of them be kept and nothing else be done with it. Ask their Caldicott
    contact to lift that first: `liftRestriction`.
    """


class TakenForAnother(Refused):
    """This registration is taken for one person with another, or somebody has asked for that. Have the merge taken back
    or refused (`reverseMerge`, `refuseMerge`), then ask for each registration: one alone would leave half of them.
    """


class NotToBeErased(Refused):
    """This is not agreed, not due yet, or something stands in its way. Look at the person again: the query `erasures`
    says what it is.
    """


# What we answer


class InTheWay(NamedTuple):
    """What stands elsewhere, as far as whoever asks is told. `merged`: with somebody else, or it was asked for;
    `asked`: somebody waits to be told what is kept; `restricted`: the person asked that it be kept.
    """

    under_way: bool = False
    merged: bool = False
    asked: bool = False
    restricted: bool = False


def decide(held: Erasing, command: ErasingCommand, given: Given, way: InTheWay) -> list[ErasingEvent]:
    match command:
        case RequestErasure():
            return _request(held, command, given, way)
        case ApproveErasure():
            return _approve(held, command, given, way)
        case StopErasure():
            return _stop(held, command, given)
        case PlaceLegalHold() | LiftLegalHold():
            return _hold(held, command, given)
        case ErasePerson():
            return _erase(held, command, given, way)
        case _:
            assert_never(command)


def _request(held: Erasing, command: RequestErasure, given: Given, way: InTheWay) -> list[ErasingEvent]:
    if held.held(command.erasure) is not None:
        return []
    if held.erased_at is not None:
        raise PersonIsErased
    if held.waiting is not None:
        raise ErasureAlreadyRequested
    _free(held, way)
    not_before(given, *(each.ended_at for each in held.asked))
    return [ErasureRequested(command.erasure, command.reason, given.by.user, given.by.agency)]


def _approve(held: Erasing, command: ApproveErasure, given: Given, way: InTheWay) -> list[ErasingEvent]:
    asked = _known(held, command.erasure)
    if asked.state is ErasureState.APPROVED:
        return []
    if not asked.open:
        raise ErasureOver(erasure=asked.erasure)
    if asked.user == given.by.user:
        raise ErasureAskedByYourself(erasure=asked.erasure)
    _free(held, way)
    not_before(given, asked.at)
    # From now on, whatever time was said: nobody agrees a week ago.
    due = (given.now or given.at) + COOLING_OFF
    return [ErasureApproved(asked.erasure, given.by.user, given.by.agency, due)]


def _stop(held: Erasing, command: StopErasure, given: Given) -> list[ErasingEvent]:
    asked = _known(held, command.erasure)
    if asked.state is ErasureState.STOPPED:
        return []
    if not asked.open:
        raise ErasureOver(erasure=asked.erasure)
    not_before(given, asked.approved_at or asked.at)
    return [ErasureStopped(asked.erasure, command.reason)]


def _hold(held: Erasing, command: PlaceLegalHold | LiftLegalHold, given: Given) -> list[ErasingEvent]:
    placed = held.hold(command.hold)
    if isinstance(command, LiftLegalHold):
        if placed is None:
            raise UnknownHold(hold=command.hold)
        not_before(given, placed.at)
        return [] if placed.lifted_at else [LegalHoldLifted(command.hold)]
    if placed is not None:
        return []
    if held.erased_at is not None:
        raise PersonIsErased
    return [LegalHoldPlaced(command.hold, command.reason, given.by.user, given.by.agency)]


def _erase(held: Erasing, command: ErasePerson, given: Given, way: InTheWay) -> list[ErasingEvent]:
    """What was done once is done again whatever stands here: the key is gone, and the records have to say so."""
    if held.erased_at is not None:
        return []
    asked = held.held(command.erasure)
    due = asked is not None and asked.is_due(given.now or given.at)
    if not command.again and (not due or held.on_hold or way != InTheWay()):
        raise NotToBeErased(erasure=command.erasure)
    return [PersonErased(command.erasure)]


def _known(held: Erasing, erasure: UUID) -> Erasure:
    found = held.held(erasure)
    if found is None:
        raise UnknownErasure(erasure=erasure)
    return found


def _free(held: Erasing, way: InTheWay) -> None:
    if held.on_hold:
        raise OnLegalHold
    if way.asked:
        raise AccessAskedFor
    if way.restricted:
        raise KeptByRestriction
    if way.merged:
        raise TakenForAnother
    if way.under_way:
        raise StillUnderWay
