"""Pairs of worlds that differ in one thing, and who may not see it."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain, islice
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.domain import restricted
from catch.domain.case import actions, agreement, disclosure, eligibility, notes, recusal, referral
from catch.domain.facts import Category, Tag
from catch.domain.meeting import deciding, editing, floor, session, speaking
from catch.domain.meeting.attendance import AcceptConfidentiality
from catch.domain.meeting.drafting import PublishAgenda
from catch.domain.meeting.invitations import InviteMember
from catch.domain.partner import GiveTag
from catch.domain.person import LookForMatches
from catch.domain.processing import RequestRestriction
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
from tests.canaries.world import Filling

NOBODY_BY_NAME: dict[str, Any] = {"owner_user": None, "decision": None, "service": None}


DRAFTED = ("AgendaPreparation", "everything of agendaPreview")
"""Channels by which a draft made now is told, with the places of those on it (`permitted`: a withheld item's place)."""


class Pair(Struct, frozen=True):
    """`only` is said in one of the two worlds, after `before`; then `after` is said in both. Answers to the viewers'
    own commands in `after` are compared as well; by the channels `but` something permitted is told.
    """

    viewers: tuple[str, ...]
    only: tuple[Said, ...]
    before: Callable[[], Iterator[Said]] = lambda: usual("two")
    after: tuple[Said, ...] = ()
    but: tuple[str, ...] = ()


ITEM: dict[str, Any] = {"meeting": meeting(0), "item": place_of(0)}


def opened(case: int = 1) -> Iterator[Said]:
    yield "carl", session.StartMeeting, case, {"meeting": meeting(0)}
    yield "cora", floor.OpenItem, case, {**ITEM, "known_by": None, "override_reason": why}


def without_elsewhere() -> Iterator[Said]:
    return (each for each in usual("two") if each[2] != 3)


def elsewhere() -> tuple[Said, ...]:
    return tuple(each for each in usual("two") if each[2] == 3)


KEPT_OUT = ("carl", "pru")
"""Who chairs and who prepares a meeting, both kept out of one of its cases."""


def kept_out() -> Iterator[Said]:
    for name in KEPT_OUT:
        yield "cora", recusal.DeclareRecusal, 0, {"user": name, "agency": "lead", "reason": written("reason")}


def first_place(filling: Filling) -> tuple[UUID, ...]:
    return (place_of(0)(filling),)


def today(filling: Filling) -> date:
    return filling.stage.now.date()


def to_publish() -> Iterator[Said]:
    """Everything up to the draft of an agenda with two cases."""
    unpublished = (each for each in met(0, 1) if each[1] not in (PublishAgenda, AcceptConfidentiality))
    return chain(doors(), work(0, "cora"), work(1, "cody"), kept_out(), unpublished)


FIRST: dict[str, Any] = {"meeting": meeting(0)}
CHAIRED: tuple[Said, ...] = (
    # First what is refused, then what is done: what the chair is told of an item that they are kept out of.
    ("carl", floor.OpenItem, 0, {**FIRST, "item": place_of(0), "known_by": None, "override_reason": why}),
    ("carl", InviteMember, 0, {**FIRST, "agency": "homes", "user": None, "items": first_place}),
    ("pru", InviteMember, 0, {**FIRST, "agency": "homes", "user": None, "items": first_place}),
    ("carl", editing.MoveItem, 0, {**FIRST, "item": place_of(0), "order": 1, "reason": None}),
    ("carl", PublishAgenda, 0, FIRST),
    ("carl", PublishAgenda, 0, FIRST),
    ("carl", session.StartMeeting, 0, FIRST),
    ("carl", floor.OpenItem, 0, {**FIRST, "item": place_of(0), "known_by": None, "override_reason": why}),
    ("carl", floor.OpenItem, 1, {**FIRST, "item": place_of(0), "known_by": None, "override_reason": why}),
    ("carl", floor.CloseItem, 1, {**FIRST, "item": place_of(0)}),
    ("carl", session.AdjournMeeting, 0, FIRST),
    ("carl", session.EndMeeting, 0, FIRST),
)


def handed_over() -> Iterator[Said]:
    """Who prepares the meeting is kept out of the item that is open."""
    return chain(doors(), work(0, "cora"), work(1, "cody"), list(kept_out())[1:], met(0, 1), opened(0))


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
    "that a case may not be heard": Pair(
        KEPT_OUT,
        (("cora", agreement.WithdrawAgreement, 0, {}), ("cora", disclosure.EndInvolvement, 0, {"agency": "homes"})),
        before=to_publish,
        after=CHAIRED,
        but=DRAFTED,
    ),
    "that somebody has asked for their processing to be restricted": Pair(
        KEPT_OUT,
        (("cora", RequestRestriction, 0, {"received_on": today}),),
        before=to_publish,
        after=CHAIRED,
        but=DRAFTED,
    ),
    "what is said of an item that a preparer is kept out of": Pair(
        ("pru",),
        (("cora", deciding.RecordUpdate, 0, ITEM),),
        before=handed_over,
        after=(("pru", editing.MoveItem, 1, {**ITEM, "order": 1}),),
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
