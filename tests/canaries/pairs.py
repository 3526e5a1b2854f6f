"""Pairs of worlds that differ in one thing, and who may not see it."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from msgspec import Struct

from catch.domain import restricted
from catch.domain.case import actions, agreement, disclosure, eligibility, notes, recusal, referral
from catch.domain.facts import Category, Tag
from catch.domain.meeting import deciding, floor, session, speaking
from catch.domain.partner import GiveTag
from catch.domain.person import LookForMatches
from tests.canaries.actors import HERE
from tests.canaries.history import (
    BASIS,
    DOOR,
    MOST,
    Said,
    another_case,
    doors,
    meeting,
    met,
    only,
    place_of,
    usual,
    why,
    work,
    written,
)

NOBODY_BY_NAME: dict[str, Any] = {"owner_user": None, "decision": None, "service": None}


class Pair(Struct, frozen=True):
    """`only` is said in one of the two worlds, after `before`; then `after` is said in both. Answers to the viewers'
    own commands in `after` are compared as well.
    """

    viewers: tuple[str, ...]
    only: tuple[Said, ...]
    before: Callable[[], Iterator[Said]] = lambda: usual("two")
    after: tuple[Said, ...] = ()


ITEM: dict[str, Any] = {"meeting": meeting(0), "item": place_of(0)}


def opened() -> Iterator[Said]:
    yield "carl", session.StartMeeting, 1, {"meeting": meeting(0)}
    yield "cora", floor.OpenItem, 1, {**ITEM, "known_by": None, "override_reason": why}


def without_elsewhere() -> Iterator[Said]:
    return (each for each in usual("two") if each[2] != 3)


def elsewhere() -> tuple[Said, ...]:
    return tuple(each for each in usual("two") if each[2] == 3)


PAIRS: dict[str, Pair] = {
    "a restricted note": Pair(
        ("cole", "carl", "hana"),
        (("cora", restricted.AddRestrictedNote, 0, {"tag": Tag.DOMESTIC_ABUSE}),),
    ),
    "a safeguarding concern": Pair(
        ("cole", "alma", "gita"),
        (("gita", restricted.RaiseSafeguardingConcern, 0, {}),),
    ),
    "a concern about a case that is not there": Pair(
        ("cora", "pol", "gita"),
        (("hugo", restricted.RaiseSafeguardingConcern, 0, {"case": another_case}),),
    ),
    "another agency's action": Pair(
        ("gita", "cole"),
        (("cody", actions.OfferAction, 1, {"owner": "homes", **NOBODY_BY_NAME}),),
    ),
    "another door's referral": Pair(
        ("gita", "xena"),
        (("cora", referral.AttachReferral, 0, {**DOOR, "source": "spring"}),),
    ),
    "a case that was declined elsewhere": Pair(
        ("cora", "gita"),
        (("xena", eligibility.DeclineReferral, 3, {"criteria": ()}),),
        before=lambda: (each for each in doors() if each[0] != "xena" or each[1] is referral.SubmitReferral),
    ),
    "a case that was declined here": Pair(
        ("cody", "hana"),
        (("cora", eligibility.DeclineReferral, 2, {"criteria": ()}),),
    ),
    "a recusal of somebody else": Pair(
        ("hana", "carl", "gita"),
        (("cora", recusal.DeclareRecusal, 0, {"user": "hugo", "agency": "homes", "reason": written("reason")}),),
    ),
    "another programme's case": Pair(("cora", "hana"), elsewhere(), before=without_elsewhere),
    "an objection against telling another": Pair(
        ("hana", "gita"),
        (
            (
                "cora",
                agreement.RecordObjection,
                0,
                {"categories": frozenset({Category.PLAN}), "partners": only("police")},
            ),
        ),
    ),
    "what another is told": Pair(
        ("hana", "gita"),
        (
            (
                "cora",
                disclosure.AuthoriseDisclosure,
                0,
                {"agency": "police", "categories": MOST, "basis": BASIS, "until": None},
            ),
        ),
    ),
    "a note for another": Pair(
        ("hana", "alma"),
        (("cora", notes.AddNote, 0, {"audience": only("police")}),),
    ),
    "a look at who else somebody may be": Pair(
        ("cole", "carl", "hana", "alma", "xena"),
        (("cora", LookForMatches, 0, {}),),
    ),
    "a tag of somebody else": Pair(
        ("cole", "hana", "carl"),
        (("cal", GiveTag, 0, {"partner": "second", "user": "cody", "tag": Tag.WARNING, "programme": HERE}),),
    ),
    "what is said of an item that is withheld": Pair(
        ("pip",),
        (("cora", deciding.RecordUpdate, 1, ITEM),),
        before=lambda: chain(doors(), work(1, "cody"), met(0, 1), opened()),
    ),
    "who asks to speak on an item that is withheld": Pair(
        ("pip",),
        (("carl", speaking.RaiseHand, 1, {**ITEM, "user": "carl"}),),
        before=lambda: chain(doors(), work(1, "cody"), met(0, 1), opened()),
    ),
    "somebody who is known elsewhere": Pair(
        ("gita",),
        elsewhere()[:1],
        before=lambda: islice(doors(), 1),
        after=(("gita", referral.SubmitReferral, 0, DOOR),),
    ),
}
