"""Break-glass: somebody reads, in an emergency, a case in which they have no part; somebody else looks into it after.

Each agency has a stream of what its people opened so, apart from the cases: of one it says nothing that its version or
its order would betray. Who may is said in `catch.access` (`seeing.glass_shows`); here is what happened, by whom, until
when, and what somebody else found of it.

Read downwards: what happened, where that leaves us, what may be asked, what can be refused, what we answer.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple, assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import add_working_days, london_day
from catch.domain.case.rules import author
from catch.domain.case.state import Worker
from catch.domain.facts import Command, Fact, Leaves, Part, Sealed
from catch.domain.given import Given, happening_now, not_before
from catch.domain.parts import otherwise
from catch.domain.plain import CaseNumber, EmergencyMinutes, Key, Least, UserId
from catch.domain.refusals import Refused

REVIEWED_WITHIN = 2
"""Working days, from the day on which it was opened."""
WhyText = Annotated[Sealed, Least(20)]
"""Long enough to say why in a sentence."""


class BreakGlassReason(StrEnum):
    """Why somebody cannot wait for a part in the case."""

    RISK_TO_LIFE = "risk-to-life"
    SAFEGUARDING = "safeguarding"
    LEAD_ABSENT = "lead-absent"
    COMPLAINT = "complaint"


class BreakGlassFinding(StrEnum):
    """What somebody else found of it."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not-justified"
    TAKEN_FURTHER = "taken-further"


# What happened


class BreakGlassOpened(Fact, frozen=True, omit_defaults=True):
    """Somebody reads the case until then. `lead`: who coordinates it, and is told."""

    opening: UUID
    case: UUID
    number: CaseNumber
    programme: Key
    user: UserId
    agency: Key
    reason: BreakGlassReason
    text: Sealed
    minutes: EmergencyMinutes
    until: datetime
    review_due: date
    lead: Worker | None = None


class BreakGlassEnded(Fact, frozen=True, omit_defaults=True):
    """It was ended before its time. That its time is over is no fact."""

    opening: UUID
    case: UUID
    programme: Key


class BreakGlassReviewed(Fact, frozen=True, omit_defaults=True):
    opening: UUID
    case: UUID
    programme: Key
    by: Worker
    finding: BreakGlassFinding
    text: Sealed | None = None


AccessGrantEvent = BreakGlassOpened | BreakGlassEnded | BreakGlassReviewed


# Where that leaves us


class Glass(Part, frozen=True, omit_defaults=True):
    """One case that one of the agency's people opened."""

    opened: BreakGlassOpened
    at: datetime
    ended_at: datetime | None = None
    reviewed: BreakGlassReviewed | None = None
    reviewed_at: datetime | None = None

    @property
    def opening(self) -> UUID:
        return self.opened.opening

    def open_at(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.opened.until


class Grants(Part, frozen=True, omit_defaults=True):
    """What an agency's people opened, the oldest first."""

    glasses: tuple[Glass, ...] = ()

    def glass(self, opening: UUID) -> Glass | None:
        return next((each for each in self.glasses if each.opening == opening), None)

    def open_to(self, user: str, at: datetime) -> Iterator[Glass]:
        """What somebody has open."""
        return (each for each in self.glasses if each.opened.user == user and each.open_at(at))


NOTHING = Grants()


def evolve(grants: Grants | None, event: AccessGrantEvent, at: datetime) -> Grants:
    held = grants or NOTHING
    match event:
        case BreakGlassOpened():
            return replace(held, glasses=(*held.glasses, Glass(event, at)))
        case BreakGlassEnded(opening=opening):
            return _with(held, opening, ended_at=at)
        case BreakGlassReviewed(opening=opening):
            return _with(held, opening, reviewed=event, reviewed_at=at)
        case _:
            assert_never(event)


def _with(held: Grants, opening: UUID, **changes: object) -> Grants:
    return replace(held, glasses=otherwise(held.glasses, lambda each: each.opening == opening, **changes))


# What may be asked


class OpenBreakGlass(Command, frozen=True):
    """Read a case in which you have no part, in an emergency, by its number: everything ordinary, nothing restricted,
    for some hours. Its coordinator and the Caldicott contact are told at once, every look is recorded, and somebody
    else looks into it within two working days. Never your own case, or that of somebody close to you.
    """

    agency: Key
    opening: UUID
    number: CaseNumber
    reason: BreakGlassReason
    text: WhyText
    minutes: EmergencyMinutes = 60
    LEAVES = Leaves((BreakGlassOpened,), "opening")


class EndBreakGlass(Command, frozen=True):
    """End it before its time: the case is closed to whoever opened it from now on."""

    agency: Key
    opening: UUID


class ReviewBreakGlass(Command, frozen=True):
    """Say what you found of a case that somebody else opened in an emergency, once it is closed to them again."""

    agency: Key
    opening: UUID
    finding: BreakGlassFinding
    text: Sealed | None = None
    LEAVES = Leaves((BreakGlassReviewed,), about=("opening",))


AccessGrantCommand = OpenBreakGlass | EndBreakGlass | ReviewBreakGlass


# What can be refused


class UnknownNumber(Refused):
    """There is no case under this number that you may open so. Check the number. Whoever has no role in a case's
    programme, or is kept out of the case, is answered the same.
    """


class UnknownOpening(Refused):
    """Nobody opened a case so, or it is not for you to answer. Check the id."""

    not_there = True


class ShownAlready(Refused):
    """You are shown this case already, as much as breaking the glass would show you. Open it as usual."""


class GlassIsBroken(Refused):
    """You have opened this case already. The details say until when; once that is over you may open it again."""


class StillOpen(Refused):
    """It is still open: there may be more to look into. End it first (`endBreakGlass`), or wait until it is over."""


class OpenedByYourself(Refused):
    """You have opened it yourself, so somebody else looks into it: another Caldicott contact of the programme."""


# What we answer


class Behind(NamedTuple):
    """The case behind the number, who coordinates it, and whether all of it is shown to whoever asks as it is."""

    case: UUID
    programme: str
    lead: Worker | None
    shown: bool


def opened(held: Grants, command: OpenBreakGlass, given: Given, behind: Behind | None) -> list[AccessGrantEvent]:
    """`behind`: None where there is no such case, or none that they may open."""
    # Before the number counts: whatever else is wrong tells nothing of whether there is such a case.
    if held.glass(command.opening) is not None:
        return []
    if behind is None:
        raise UnknownNumber(number=command.number)
    if behind.shown:
        raise ShownAlready
    # Nobody opens it for longer by naming a later time; nor did anybody open it before they did, or read what they then
    # say that they had closed.
    now = happening_now(given)
    for each in held.open_to(given.by.user, now):
        if each.opened.case == behind.case:
            raise GlassIsBroken(until=each.opened.until.isoformat())
    return [
        BreakGlassOpened(
            opening=command.opening,
            case=behind.case,
            number=command.number,
            programme=behind.programme,
            user=given.by.user,
            agency=command.agency,
            reason=command.reason,
            text=command.text,
            minutes=command.minutes,
            until=now + timedelta(minutes=command.minutes),
            review_due=add_working_days(london_day(now), REVIEWED_WITHIN),
            lead=behind.lead,
        )
    ]


def decide(held: Grants, command: EndBreakGlass | ReviewBreakGlass, given: Given) -> list[AccessGrantEvent]:
    glass = held.glass(command.opening)
    if glass is None:
        raise UnknownOpening(opening=command.opening)
    about, now = glass.opened, given.now or given.at
    match command:
        case EndBreakGlass(opening=opening):
            if not glass.open_at(now):
                return []
            happening_now(given)
            not_before(given, glass.at)
            return [BreakGlassEnded(opening, about.case, about.programme)]
        case ReviewBreakGlass(opening=opening, finding=finding, text=text):
            # Before anything else: nobody answers for themselves, whatever stands here already.
            if about.user == given.by.user:
                raise OpenedByYourself
            if glass.reviewed is not None:
                return []
            if glass.open_at(now):
                raise StillOpen
            not_before(given, glass.ended_at or about.until)
            return [BreakGlassReviewed(opening, about.case, about.programme, author(given), finding, text)]
        case _:
            assert_never(command)
