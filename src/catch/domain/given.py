"""What a decision rests on besides its own stream."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.domain.calendar import CLOCKS_MAY_DIFFER, london_day
from catch.domain.facts import Actor
from catch.domain.partner import Partner
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import OutOfRange

if TYPE_CHECKING:  # meetings are decided from what is given, so at run time they are read later
    from catch.domain.meeting.listing import Agenda, AppearanceBasis, Missing


class Listed(Struct, frozen=True):
    """What the case says, as it is now, of an item about it. `agencies` are those that may be told about it; `lacks` is
    what it needs before a meeting may hear it.
    """

    number: str
    presenter: str | None = None
    basis: "AppearanceBasis | None" = None
    agencies: tuple[str, ...] = ()
    lacks: "tuple[Missing, ...]" = ()


class Alike(NamedTuple):
    """Under which programme somebody looked, the live cases that they are shown, and whether there are others."""

    programme: str
    found: tuple[UUID, ...]
    more: bool


class Given(Struct, frozen=True):
    """What a client does not say, so that `decide` stays a function of values.

    `at` is when it occurred and `now` when it is recorded, where that is known; `partners` holds the registered
    partners, by key, those that the decision asks for;
    `programme` is None only where the command belongs to no programme; `caseload` counts the open cases of the
    coordinator that the command names, where the programme limits them; `licensed` are the instruments for which the
    place has a licence. `listed` is of the case that is put on an agenda, or heard; `draft` is the agenda as the rules
    make it, and `listings` are, by item, its cases as they are when it is published; `kept_out` are items that its
    sender is kept out of, and is told nothing about; `digest` is the keyed hash of what
    the command has and nobody may look up: an NHS number, what an issuer calls somebody, a sender's own number of a
    referral; `marks` likewise of each two identifiers of a person; `alike` is what a look for others found.
    """

    at: datetime
    by: Actor
    programme: Programme | None = None
    partners: Mapping[str, Partner] = {}
    caseload: int = 0
    listed: Listed | None = None
    draft: "Agenda | None" = None
    listings: Mapping[UUID, Listed] = {}
    kept_out: frozenset[UUID] = frozenset()
    digest: str | None = None
    marks: tuple[str, ...] = ()
    alike: Alike | None = None
    now: datetime | None = None
    licensed: frozenset[str] = frozenset()


def not_before(given: Given, *since: datetime | None) -> None:
    """Raises `OutOfRange` for what is said to have occurred before something that it must have followed."""
    earliest = max(filter(None, since), default=None)
    if earliest is not None and given.at < earliest:
        latest = {"latest": given.now.isoformat()} if given.now else {}
        raise OutOfRange(field="occurredAt", earliest=earliest.isoformat(), **latest)


def happening_now(given: Given) -> datetime:
    """When it is recorded. Raises `OutOfRange` for what opens or shuts something there and then, and is said to have
    done so before.
    """
    now = given.now or given.at
    if given.at < now - CLOCKS_MAY_DIFFER:
        raise OutOfRange(field="occurredAt", earliest=(now - CLOCKS_MAY_DIFFER).isoformat(), latest=now.isoformat())
    return now


def not_past(day: date, given: Given, *, field: str) -> None:
    """Raises `OutOfRange` for a day before the London day of what is said."""
    today = london_day(given.at)
    if day < today:
        raise OutOfRange(field=field, earliest=today)


def within(day: date, earliest: date, latest: date, *, field: str) -> None:
    """Raises `OutOfRange` for a day that is neither one of these two nor between them."""
    if not earliest <= day <= latest:
        raise OutOfRange(field=field, earliest=earliest, latest=latest)
