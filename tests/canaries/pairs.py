"""Pairs of worlds that differ in one thing, and who may not see it."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from catch.domain import restricted
from catch.domain.case import actions, agreement, disclosure, eligibility, notes, recusal, referral
from catch.domain.facts import Category, Tag
from catch.domain.partner import GiveTag
from tests.canaries.actors import HERE
from tests.canaries.history import BASIS, MOST, Said, another_case, doors, usual

NOBODY_BY_NAME: dict[str, Any] = {"owner_user": None, "decision": None, "service": None}
DOOR: dict[str, Any] = {"on_behalf_of": None, "agreement": None, "needs": ()}


class Pair(Struct, frozen=True):
    """`only` is said in one of the two worlds, after `before`; then `after` is said in both. Answers to the viewers'
    own commands in `after` are compared as well.
    """

    viewers: tuple[str, ...]
    only: tuple[Said, ...]
    before: Callable[[], Iterator[Said]] = lambda: usual("two")
    after: tuple[Said, ...] = ()


def at_the_door() -> Iterator[Said]:
    """Up to where people have been referred and some cases allocated."""
    return doors()


def without_elsewhere() -> Iterator[Said]:
    return (each for each in usual("two") if each[2] != 3)


def elsewhere() -> tuple[Said, ...]:
    return tuple(each for each in usual("two") if each[2] == 3)


PAIRS: dict[str, Pair] = {
    "a restricted note": Pair(
        ("cole", "carl", "pru", "hana", "pol", "gita", "alma"),
        (("cora", restricted.AddRestrictedNote, 0, {"tag": Tag.DOMESTIC_ABUSE}),),
    ),
    "a safeguarding concern": Pair(
        ("cole", "carl", "hana", "gita", "alma"),
        (("gita", restricted.RaiseSafeguardingConcern, 0, {}),),
    ),
    "a concern about a case that is not there": Pair(
        ("cora", "pol", "gita"),
        (("hugo", restricted.RaiseSafeguardingConcern, 0, {"case": another_case}),),
    ),
    "another agency's action": Pair(
        ("pol", "gita"),
        (("cody", actions.OfferAction, 1, {"owner": "homes", **NOBODY_BY_NAME}),),
    ),
    "another door's referral": Pair(
        ("gita", "xena"),
        (("cora", referral.AttachReferral, 0, {**DOOR, "source": "police"}),),
    ),
    "a case that was declined elsewhere": Pair(
        ("cora", "hana", "gita", "alma"),
        (("xena", eligibility.DeclineReferral, 3, {"criteria": ()}),),
        before=lambda: (each for each in doors() if each[0] != "xena" or each[1] is referral.SubmitReferral),
    ),
    "a case that was declined here": Pair(
        ("cody", "hana", "gita", "xena"),
        (("cora", eligibility.DeclineReferral, 2, {"criteria": ()}),),
    ),
    "a recusal of somebody else": Pair(
        ("hana", "pol", "gita", "carl", "alma"),
        (("cora", recusal.DeclareRecusal, 0, {"user": "hugo", "agency": "homes"}),),
    ),
    "another programme's case": Pair(("cora", "carl", "hana", "gita", "alma"), elsewhere(), before=without_elsewhere),
    "an objection against telling another": Pair(
        ("hana", "gita"),
        (
            (
                "cora",
                agreement.RecordObjection,
                0,
                {"categories": frozenset({Category.PLAN}), "partners": lambda filling: {filling.names.key("police")}},
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
        ("hana", "gita"),
        (("cora", notes.AddNote, 0, {"audience": lambda filling: {filling.names.key("police")}}),),
    ),
    "a tag of somebody else": Pair(
        ("cole", "hana", "carl"),
        (("cal", GiveTag, 0, {"partner": "lead", "user": "cole", "tag": Tag.WARNING, "programme": HERE}),),
    ),
    "somebody who is known": Pair(
        ("gita",),
        (("pol", referral.SubmitReferral, 2, DOOR),),
        before=lambda: (each for each in doors() if not (each[2] == 2 and each[1] is referral.SubmitReferral)),
        after=(("gita", referral.SubmitReferral, 2, {**DOOR, "case": another_case}),),
    ),
}
