"""Restriction of processing (article 18 of the UK GDPR): what is kept of somebody stays, and nothing else is done with
it, from when they ask until it is refused or lifted.

From when they ask, since what is done in the meantime cannot be undone. Where it must go on all the same, somebody
names the ground, for so many days. It is lifted only after the person was told. What it stops: `access.restriction`.

Read downwards: what happened, where that leaves us, what may be asked, what can be refused, what we answer.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.facts import Command, Fact, Leaves, Part
from catch.domain.given import Given, not_before, within
from catch.domain.parts import otherwise
from catch.domain.plain import Key, UserId
from catch.domain.refusals import Refused
from catch.domain.subject_access import MONTHS, OLDEST, due_after

LONGEST = timedelta(days=28)
"""How long a ground holds at most: whoever still needs it then looks again, and names it again."""


class RestrictionReason(StrEnum):
    """Why the person may ask for it: article 18(1), (a) to (d)."""

    ACCURACY_CONTESTED = "accuracy-contested"
    UNLAWFUL = "unlawful"
    NEEDED_FOR_A_CLAIM = "needed-for-a-claim"
    OBJECTED = "objected"


class RestrictionRefusal(StrEnum):
    """Why it is not restricted."""

    GROUND_NOT_MET = "ground-not-met"
    IDENTITY_NOT_SHOWN = "identity-not-shown"
    MANIFESTLY_UNFOUNDED = "manifestly-unfounded"
    NO_LONGER_WANTED = "no-longer-wanted"


class LiftReason(StrEnum):
    """Why it is restricted no longer."""

    PUT_RIGHT = "put-right"
    FOUND_ACCURATE = "found-accurate"
    OUR_GROUNDS_PREVAIL = "our-grounds-prevail"
    CLAIM_OVER = "claim-over"
    PERSON_ASKED = "person-asked"
    PERSON_DIED = "person-died"


class UseGround(StrEnum):
    """On what something is done all the same: article 18(2)."""

    CONSENT = "consent"
    LEGAL_CLAIM = "legal-claim"
    RIGHTS_OF_ANOTHER = "rights-of-another"
    IMPORTANT_PUBLIC_INTEREST = "important-public-interest"


class ToldHow(StrEnum):
    """By which way another agency was told."""

    IN_PERSON = "in-person"
    PHONE = "phone"
    LETTER = "letter"
    SECURE_EMAIL = "secure-email"


# What happened


class RestrictionRequested(Fact, frozen=True):
    """The person asked that nothing more be done with what is kept of them. `due`: by then they have an answer."""

    restriction: UUID
    reason: RestrictionReason
    received_on: date
    due: date
    user: UserId
    agency: Key


class ProcessingRestricted(Fact, frozen=True):
    """It was decided that they are right, and they were told so on `told_on`."""

    restriction: UUID
    told_on: date


class RestrictionRefused(Fact, frozen=True):
    """It was decided that they are not, and they were told why, and where to complain, on `told_on`."""

    restriction: UUID
    reason: RestrictionRefusal
    told_on: date


class RestrictionLifted(Fact, frozen=True, omit_defaults=True):
    """It holds no longer. The person was told before, on `told_on`, unless they had died."""

    restriction: UUID
    reason: LiftReason
    told_on: date | None = None


class GroundNamed(Fact, frozen=True):
    """What is restricted is used all the same, on this ground, up to and on the day `until`."""

    use: UUID
    ground: UseGround
    until: date
    user: UserId
    agency: Key


class GroundWithdrawn(Fact, frozen=True):
    """That ground holds no longer: the person took back their consent, say."""

    use: UUID


class RecipientTold(Fact, frozen=True, omit_defaults=True):
    """An agency that something was disclosed to was told that it is restricted, or (`ended`) is so no longer."""

    restriction: UUID
    recipient: Key
    how: ToldHow
    told_on: date
    user: UserId
    agency: Key
    ended: bool = False


ProcessingEvent = (
    RestrictionRequested
    | ProcessingRestricted
    | RestrictionRefused
    | RestrictionLifted
    | GroundNamed
    | GroundWithdrawn
    | RecipientTold
)


# Where that leaves us


class RestrictionState(StrEnum):
    """What became of it that the person asked."""

    REQUESTED = "requested"
    RESTRICTED = "restricted"
    REFUSED = "refused"
    LIFTED = "lifted"


class Restriction(Part, frozen=True, omit_defaults=True):
    """What was asked, and what became of it. `told_on`: when the person was last told of it."""

    restriction: UUID
    reason: RestrictionReason
    received_on: date
    due: date
    user: str
    agency: str
    at: datetime
    state: RestrictionState = RestrictionState.REQUESTED
    told_on: date | None = None
    refused: RestrictionRefusal | None = None
    lifted: LiftReason | None = None
    ended_at: datetime | None = None

    @property
    def holds(self) -> bool:
        return self.state in (RestrictionState.REQUESTED, RestrictionState.RESTRICTED)

    @property
    def waiting(self) -> bool:
        return self.state is RestrictionState.REQUESTED


class Use(Part, frozen=True, omit_defaults=True):
    """A ground that was named."""

    use: UUID
    ground: UseGround
    until: date
    user: str
    agency: str
    at: datetime
    withdrawn_at: datetime | None = None

    def holds(self, day: date) -> bool:
        return self.withdrawn_at is None and day <= self.until


class Told(Part, frozen=True, omit_defaults=True):
    """An agency was told of a restriction, or (`ended`) of its end; by whom."""

    restriction: UUID
    recipient: str
    how: ToldHow
    told_on: date
    user: str
    agency: str
    ended: bool = False


class Processing(Part, frozen=True, omit_defaults=True):
    """All of it, the oldest first."""

    asked: tuple[Restriction, ...] = ()
    uses: tuple[Use, ...] = ()
    told: tuple[Told, ...] = ()

    def held(self, restriction: UUID) -> Restriction | None:
        return next((each for each in self.asked if each.restriction == restriction), None)

    def use(self, use: UUID) -> Use | None:
        return next((each for each in self.uses if each.use == use), None)

    @property
    def restriction(self) -> Restriction | None:
        """The one that holds longest."""
        return next((each for each in self.asked if each.holds), None)

    def grounds(self, day: date) -> tuple[Use, ...]:
        return tuple(each for each in self.uses if each.holds(day))

    def stopped(self, at: datetime) -> bool:
        """Whether nothing but keeping is done with what is kept of them: the one question that everybody asks."""
        return self.restriction is not None and not self.grounds(london_day(at))


def evolve(held: Processing, event: ProcessingEvent, at: datetime) -> Processing:
    match event:
        case RestrictionRequested(restriction, reason, received_on, due, user, agency):
            asked = Restriction(restriction, reason, received_on, due, user, agency, at)
            return replace(held, asked=(*held.asked, asked))
        case ProcessingRestricted(restriction, told_on):
            return _with(held, restriction, state=RestrictionState.RESTRICTED, told_on=told_on)
        case RestrictionRefused(restriction, reason, told_on):
            refused = {"refused": reason, "told_on": told_on, "ended_at": at}
            return _with(held, restriction, state=RestrictionState.REFUSED, **refused)
        case RestrictionLifted(restriction, reason, told_on):
            lifted = {"lifted": reason, "told_on": told_on, "ended_at": at}
            return _with(held, restriction, state=RestrictionState.LIFTED, **lifted)
        case GroundNamed(use, ground, until, user, agency):
            return replace(held, uses=(*held.uses, Use(use, ground, until, user, agency, at)))
        case GroundWithdrawn(use):
            return replace(held, uses=otherwise(held.uses, lambda each: each.use == use, withdrawn_at=at))
        case RecipientTold(restriction, recipient, how, told_on, user, agency, ended):
            return replace(held, told=(*held.told, Told(restriction, recipient, how, told_on, user, agency, ended)))
        case _:
            assert_never(event)


def _with(held: Processing, restriction: UUID, **changes: object) -> Processing:
    return replace(held, asked=otherwise(held.asked, lambda each: each.restriction == restriction, **changes))


# What may be asked


class RequestRestriction(Command, frozen=True):
    """Record that the person asked that nothing more be done with what is kept of them, why, and on which day that was
    received. It holds from now on, until it is refused or lifted.
    """

    person: UUID
    restriction: UUID
    reason: RestrictionReason
    received_on: date
    LEAVES = Leaves((RestrictionRequested,), "restriction")


class RestrictProcessing(Command, frozen=True):
    """Decide that the person is right, and say on which day you told them so. It holds until it is lifted."""

    person: UUID
    restriction: UUID
    told_on: date
    LEAVES = Leaves((ProcessingRestricted,), about=("restriction",))


class RefuseRestriction(Command, frozen=True):
    """Decide that the person is not right, and say why, and on which day you told them, and where they can complain."""

    person: UUID
    restriction: UUID
    reason: RestrictionRefusal
    told_on: date
    LEAVES = Leaves((RestrictionRefused,), about=("restriction",))


class LiftRestriction(Command, frozen=True):
    """Say that processing is restricted no longer, and why. Tell the person first, and say on which day you did."""

    person: UUID
    restriction: UUID
    reason: LiftReason
    told_on: date | None = None
    LEAVES = Leaves((RestrictionLifted,), about=("restriction",))


class NameGround(Command, frozen=True):
    """Say on what ground something is done all the same with what is restricted, and for how long: at most four weeks,
    then look again. Whoever answers for the person's data sees it.
    """

    person: UUID
    use: UUID
    ground: UseGround
    until: date
    LEAVES = Leaves((GroundNamed,), "use")


class WithdrawGround(Command, frozen=True):
    """Say that a ground holds no longer: the person has taken back their consent, say."""

    person: UUID
    use: UUID


class TellRecipient(Command, frozen=True):
    """Record that an agency that something was disclosed to was told that processing is restricted, or, once that was
    lifted, that it is so no longer: how, and on which day.
    """

    person: UUID
    restriction: UUID
    recipient: Key
    how: ToldHow
    told_on: date
    LEAVES = Leaves((RecipientTold,), about=("restriction", "recipient"))


ProcessingCommand = (
    RequestRestriction
    | RestrictProcessing
    | RefuseRestriction
    | LiftRestriction
    | NameGround
    | WithdrawGround
    | TellRecipient
)


AFTERWARDS: Mapping[type[Command], RestrictionState] = {
    RestrictProcessing: RestrictionState.RESTRICTED,
    RefuseRestriction: RestrictionState.REFUSED,
    LiftRestriction: RestrictionState.LIFTED,
}


# What can be refused


class ProcessingIsRestricted(Refused):
    """The person has asked that nothing be done with what is kept of them but to keep it. Where this has to go on all
    the same, whoever coordinates their case names the ground first: `nameGround` (the person's consent, a legal claim,
    the rights of another person, an important public interest). A concern for somebody's safety is always taken.
    """


class UnknownRestriction(Refused):
    """The person has not asked for this. Check the id."""

    not_there = True


class UnknownUse(Refused):
    """No such ground was named. Check the id."""

    not_there = True


class RestrictionOver(Refused):
    """This was refused or lifted already. Where the person asks again, record that as a request of its own."""


class DecidedAlready(Refused):
    """It was decided that the person is right. Ask their Caldicott contact to lift it where it holds no longer."""


class NotDecidedYet(Refused):
    """It has not been decided yet whether the person is right. Decide that first: `restrictProcessing`,
    `refuseRestriction`.
    """


class NotRestricted(Refused):
    """Nothing is restricted of this person, so that no ground is needed. Send what you wanted to do again."""


class NotToldYet(Refused):
    """The person is told before it is lifted. Tell them, then say on which day you did."""


# What we answer


def decide(held: Processing, command: ProcessingCommand, given: Given, *, died: bool) -> list[ProcessingEvent]:
    """`died`: then nobody can be told any more."""
    today = london_day(given.at)
    match command:
        case RequestRestriction(_, restriction, reason, received_on):
            if held.held(restriction) is not None:
                return []
            within(received_on, today - OLDEST, today, field="received_on")
            due, by = due_after(received_on, MONTHS), given.by
            return [RestrictionRequested(restriction, reason, received_on, due, by.user, by.agency)]
        case NameGround() | WithdrawGround():
            return _ground(held, command, today, given)
        case TellRecipient():
            return _tell(held, command, today, given)
        case RestrictProcessing() | RefuseRestriction() | LiftRestriction():
            return _answer(held, command, today, given, died=died)
        case _:
            assert_never(command)


def _answer(
    held: Processing,
    command: RestrictProcessing | RefuseRestriction | LiftRestriction,
    today: date,
    given: Given,
    *,
    died: bool,
) -> list[ProcessingEvent]:
    asked = held.held(command.restriction)
    if asked is None:
        raise UnknownRestriction(restriction=command.restriction)
    # What is said otherwise of what holds already is told what differs (`LEAVES`).
    if asked.state is AFTERWARDS[type(command)]:
        return []
    if not asked.holds:
        raise RestrictionOver(restriction=asked.restriction)
    _told(asked, command.told_on, today, died=died)
    not_before(given, asked.at)
    match command:
        case RestrictProcessing(_, restriction, told_on):
            return [ProcessingRestricted(restriction, told_on)]
        case RefuseRestriction(_, restriction, reason, told_on):
            if not asked.waiting:
                raise DecidedAlready(restriction=restriction)
            return [RestrictionRefused(restriction, reason, told_on)]
        case LiftRestriction(_, restriction, reason, told_on):
            if asked.waiting:
                raise NotDecidedYet(restriction=restriction)
            return [RestrictionLifted(restriction, reason, told_on)]
        case _:
            assert_never(command)


def _told(asked: Restriction, told_on: date | None, today: date, *, died: bool) -> None:
    """Nobody can have been told what is decided before they asked, or that it ends before they heard that it holds."""
    if told_on is not None:
        within(told_on, asked.told_on or asked.received_on, today, field="told_on")
    elif not died:
        raise NotToldYet(field="told_on")


def _ground(held: Processing, command: NameGround | WithdrawGround, today: date, given: Given) -> list[ProcessingEvent]:
    named = held.use(command.use)
    if isinstance(command, WithdrawGround):
        if named is None:
            raise UnknownUse(use=command.use)
        not_before(given, named.at)
        return [] if named.withdrawn_at else [GroundWithdrawn(command.use)]
    if named is not None:
        return []
    if held.restriction is None:
        raise NotRestricted
    within(command.until, today, today + LONGEST, field="until")
    not_before(given, held.restriction.at)
    return [GroundNamed(command.use, command.ground, command.until, given.by.user, given.by.agency)]


def _tell(held: Processing, command: TellRecipient, today: date, given: Given) -> list[ProcessingEvent]:
    """Once of the restriction and once of its end: what is said otherwise of what was recorded is told what differs."""
    asked = held.held(command.restriction)
    if asked is None:
        raise UnknownRestriction(restriction=command.restriction)
    if asked.state is RestrictionState.REFUSED:
        raise RestrictionOver(restriction=asked.restriction)
    ended = asked.state is RestrictionState.LIFTED
    told = [each for each in held.told if (each.restriction, each.recipient) == (asked.restriction, command.recipient)]
    if any(each.ended is ended for each in told):
        return []
    since = london_day(asked.ended_at) if ended and asked.ended_at else asked.received_on
    within(command.told_on, since, today, field="told_on")
    not_before(given, asked.ended_at or asked.at)
    by, how, told_on = given.by, command.how, command.told_on
    return [RecipientTold(asked.restriction, command.recipient, how, told_on, by.user, by.agency, ended)]
