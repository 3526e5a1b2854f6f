"""A case as a lens shows it, part by part, each when it is asked for."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from catch.access.finding import shown_state, shows_whole
from catch.api import types, views
from catch.api.lens import Lens
from catch.api.person_view import OF_PERSON, UnfoldingPerson
from catch.api.scalars import Position
from catch.domain.case import state as domain
from catch.domain.configuration import Programme
from catch.domain.facts import Category
from catch.domain.person import Person


class Whole(Struct, frozen=True):
    """All that a case is shown from. `at` is the moment its clocks are read at; `protected`: the person's address is
    protected now, whatever it was then.
    """

    held: domain.Case
    pinned: Programme
    person: Person | None
    lens: Lens
    version: int
    position: int
    at: datetime
    protected: bool


class Unfolding(types.Case):
    """A case whose parts are worked out, and their texts unsealed, when asked for: few answers hold them all."""

    def __init__(self, whole: Whole) -> None:
        self.__dict__["_whole"] = whole

    def __getattr__(self, name: str) -> Any:
        whole: Whole = self.__dict__["_whole"]
        if name == "redactions":
            # What is withheld is known once every part has been looked at.
            for part in PARTS:
                getattr(self, part)
            if self.person is not None:
                for part in OF_PERSON:
                    getattr(self.person, part)
            return whole.lens.redactions()
        part = PARTS.get(name)
        if part is None:
            raise AttributeError(name)
        value = self.__dict__[name] = part(whole)
        return value


def _decisions(whole: Whole) -> list[types.Decision]:
    lens = whole.lens
    held = lens.all("decisions", Category.DISCUSSION, whole.held.decisions)
    return [views.decision(each.decision, f"decisions.{place}", lens) for place, each in enumerate(held)]


def _involvements(whole: Whole) -> list[types.Involvement]:
    return [
        types.Involvement(agency=each.agency, role=each.role, since=each.since, ended_at=each.ended_at)
        for each in whole.lens.for_those_involved("involvements", whole.held.involvements)
    ]


def _unmet_needs(whole: Whole) -> list[types.UnmetNeed]:
    return [
        types.UnmetNeed(id=each.need, code=each.code, reason=each.reason, locality=each.locality, met_at=each.met_at)
        for each in whole.lens.all("unmetNeeds", Category.NEEDS, whole.held.unmet_needs)
    ]


PARTS: Mapping[str, Callable[[Whole], object]] = {
    "id": lambda whole: whole.held.case,
    "number": lambda whole: whole.held.number,
    "state": lambda whole: shown_state(whole.held, whole=shows_whole(whole.lens.sight)),
    "episode": lambda whole: whole.held.episode,
    "version": lambda whole: whole.version,
    "position": lambda whole: Position(whole.position),
    "programme": lambda whole: views.programme(whole.pinned),
    "person": lambda whole: (
        UnfoldingPerson(whole.person, whole.lens, protected=whole.protected) if whole.person else None
    ),
    "lead": lambda whole: views.worker(whole.held.lead),
    "referral": lambda whole: views.referral(whole.held.referrals[0], "referral", whole.lens),
    "referrals": lambda whole: [
        views.referral(each, f"referrals.{place}", whole.lens) for place, each in enumerate(whole.held.referrals)
    ],
    "conversations": lambda whole: whole.lens.each(
        "conversations", Category.PLAN, whole.held.conversations, views.conversation
    ),
    "plan": lambda whole: views.plan(whole.held.plan, whole.lens),
    "goals": lambda whole: whole.lens.each("goals", Category.PLAN, whole.held.goals, views.goal),
    "actions": lambda whole: views.actions(whole.held.actions, "actions", whole.lens),
    "involvements": _involvements,
    "disclosures": lambda whole: views.disclosures(whole.held.disclosures, whole.lens),
    "measures": lambda _: [],
    "reviews": lambda whole: whole.lens.each("reviews", Category.PLAN, whole.held.reviews, views.review),
    "clocks": lambda whole: [
        *whole.lens.for_those_involved("clocks", [*views.clocks(whole.held, whole.pinned, whole.at)])
    ],
    "notes": lambda whole: views.notes(whole.held.notes, whole.lens),
    "proposals": lambda whole: whole.lens.each("proposals", Category.DISCUSSION, whole.held.proposals, views.proposal),
    "discussions": lambda whole: whole.lens.each(
        "discussions", Category.DISCUSSION, whole.held.discussions, views.discussion
    ),
    "decisions": _decisions,
    "unmet_needs": _unmet_needs,
    "endings": lambda whole: [
        views.ending(each, f"endings.{place}", whole.lens) for place, each in enumerate(whole.held.endings)
    ],
}
"""What a case is made of, in the order in which it is looked at for what is withheld."""
