"""Policies with a hole, put into the program in process: each lets somebody hold more than they may."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from catch.access import learning, seats, seeing
from catch.access.seeing import EVERYTHING, RedactionReason, Sight
from catch.access.standing import Who
from catch.access.telling import Telling, To
from catch.api.audit import view as trail
from catch.api.case import door, matches, parts, reading, types
from catch.api.case import person as person_view
from catch.api.case import subscription as followed_case
from catch.api.case import view as case_view
from catch.api.common import facts as read_facts
from catch.api.common.scalars import Position
from catch.api.common.unfolding import Part
from catch.api.inbox import subscription as followed_inbox
from catch.api.inbox import view as inbox
from catch.api.meeting import view as sitting
from catch.domain.case import state as cases
from catch.domain.case.state import Case
from catch.domain.facts import Category, Tag
from catch.domain.person import Look, Person
from tests.place import ago

Patch = tuple[Any, str, Any]


def true(*_: object, **__: object) -> bool:
    return True


def false(*_: object, **__: object) -> bool:
    return False


def nothing(*_: object, **__: object) -> None:
    return None


real_coordinating: Any = vars(seeing)["_coordinating"]
real_shows: Any = vars(learning)["_shows"]
real_sight, real_told_to = seeing.sight, seeing.told_to
real_may_see = read_facts.Facts.sight


def with_every_tag(who: Who, programme: str) -> Sight:
    return replace(real_coordinating(who, programme), categories=EVERYTHING, tags=frozenset(Tag))


def as_disclosed_to_anybody(who: Who, case: Case, at: datetime) -> Any:
    return frozenset(category for held in case.disclosures for category in held.categories)


def whatever_was_objected(who: Who, case: Case, at: datetime) -> Any:
    return real_told_to(who, replace(case, objections=()), at)


def facts_of_any_category(seen: Sight, case: Case, event: object, rule: Telling) -> bool:
    return True if rule.to in (To.SEEING, To.OWNER, To.ADDRESSEES) else real_shows(seen, case, event, rule)


async def all_is_seen(self: read_facts.Facts, viewer: Who, case: Case) -> Sight | None:
    """The sight of who referred is that of who coordinates."""
    seen = await real_may_see(self, viewer, case)
    return seen and (seen if seen.categories else replace(seen, categories=EVERYTHING))


async def anybody_sees(self: read_facts.Facts, viewer: Who, case: Case) -> Sight | None:
    seen = await real_may_see(self, viewer, case)
    return seen or Sight(seeing.IN_MEETING, RedactionReason.NO_DISCLOSURE, viewer.agency)


def everything_follows(known: Sight, now: Sight | None) -> Sight:
    return replace(known, categories=EVERYTHING)


def shown(*_: object, **__: object) -> learning.Told:
    return learning.Told.SHOWN


def all_doors(held: Case, redactor: object) -> list[cases.Referral]:
    return [*held.referrals]


def own_words(held: object, redactor: object) -> bool:
    return True


def for_ever(_: object) -> tuple[datetime, datetime, datetime]:
    return ago(days=9_999), ago(days=-9_999), ago(days=-9_999)


async def still_open(*_: object) -> bool:
    """Nothing is closed."""
    return True


def kept_by_nobody(who: Who, case: Case, at: datetime) -> bool:
    return who.keeps_the_door(case.programme)


def anybodys_look(who: Who, case: Case, seen: Sight, person: Person, at: datetime) -> Look | None:
    return next((each for each in person.looks if each.case == case.case), None)


def where_they_live(told: person_view.Told) -> str | None:
    return told.text("address", Category.CONTACT, told.held.registered.address)


def every_recusal(held: Iterable[cases.Recusal], _: object) -> list[types.Recusal]:
    return [
        types.Recusal(
            user=each.user,
            agency=each.agency,
            since=each.since,
            by_other=each.by_other,
            reason=None,
            meeting_id=None,
            item_id=None,
            resolved_at=None,
            resolved_reason=None,
        )
        for each in held
    ]


def position_told(whole: case_view.Whole) -> Position:
    return Position(whole.position)


POSITION_TOLD: Patch = (case_view.Unfolding, "position", Part("position", position_told))
HOLES: dict[str, tuple[Patch, ...]] = {
    "recusal is forgotten": ((seeing, "recused", false), (reading, "recused", false), (sitting, "recused", false)),
    "a program is not behind its colleagues": ((seeing, "_behind", false),),
    "a seat lasts whatever has become of the meeting": ((seats, "lasting", true),),
    "a seat is had at any time": ((seats, "bounds", for_ever), (seeing, "bounds", for_ever)),
    "confidentiality need not be accepted": ((seeing, "bound", true), (seats.Seat, "shows", true)),
    "every coordinator has every tag": ((seeing, "_coordinating", with_every_tag),),
    "what is disclosed to one is told to all": ((seeing, "told_to", as_disclosed_to_anybody),),
    "objections are not heeded": ((seeing, "told_to", whatever_was_objected),),
    "who referred sees the other doors": ((door, "doors", all_doors),),
    "every referral is one's own": ((door, "own_door", own_words),),
    "who referred sees the case": ((read_facts.Facts, "sight", all_is_seen),),
    "anybody knows of every case": ((read_facts.Facts, "sight", anybody_sees),),
    "a part never ends": ((cases.Case, "involved", true),),
    "an inbox is for whoever was asked": ((inbox, "shown_in", still_open), (followed_inbox, "shown_in", still_open)),
    "the trail is told whole": ((trail, "told", shown), (trail, "told_at_meeting", shown)),
    "who audits reads every note": ((learning, "note_shown", true), (parts, "note_shown", true)),
    "a socket is told everything": ((followed_case, "narrower", everything_follows),),
    "an address is never protected": ((person_view.UnfoldingPerson, "address", Part("address", where_they_live)),),
    "the door stays open": ((seeing, "at_the_door", kept_by_nobody),),
    "an item is open to whoever attends": ((sitting, "item_closed", nothing), (sitting, "item_hidden", nothing)),
    "a look is everybody's": ((matches, "look_shown", anybodys_look),),
    "facts are told whatever their category": ((learning, "_shows", facts_of_any_category),),
}
