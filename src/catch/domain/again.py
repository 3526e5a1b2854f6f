"""Asked again: whether a command that finds nothing left to do is the one that was taken before, or another.

The same again records nothing and is accepted. Another one about the same thing, or under an id that is taken, would be
lost without a word: it is told what differs. So every command that can find nothing left to do says which fact it
leaves (`LEAVES`), and which of its fields say what that is about; all the others are what it says of it.

A command that says none has nothing to lose: all that it says is what it is about, or whatever is said otherwise is
recorded. One that names something new without saying what it leaves fails `tests/test_again.py`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from msgspec import Struct

from catch.domain.case import (
    actions,
    goals,
    plan,
    proposals,
    referral,
)
from catch.domain.contact import ConvertContact
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Command, Fact, Leaves
from catch.domain.matching import PLACEHOLDERS, born_on
from catch.domain.meeting import (
    deciding,
)
from catch.domain.nhs_number import nhs_number
from catch.domain.refusals import Refused


class RecordedOtherwise(Refused):
    """This was recorded before, and otherwise: the details name what differs. Nothing was recorded now."""


_NOT_KEPT = object()
_READ: Mapping[str, Callable[[str], str | None]] = {
    "nhs_number": nhs_number,
    "date_of_birth": lambda text: None if born_on(text) in PLACEHOLDERS else text,
}
"""What is kept in one way, however it was written."""


def found(leaves: Leaves, asked: Struct, facts: Sequence[Fact]) -> Fact | None:
    """The fact that began what the id names; of what has no id, the last one about the same."""
    same = (each for each in facts if type(each) in leaves.facts and _about_the_same(leaves, asked, each))
    return next(same, None) if leaves.new else next(iter([*same][-1:]), None)


def differing(leaves: Leaves, asked: Struct, recorded: Fact) -> list[str]:
    """The fields, by path, in which the two say different things. Of both, texts are plain."""
    return [path for name in asked.__struct_fields__ if name not in leaves.unkept
            for path in _differing(leaves, name, getattr(asked, name), recorded)]  # fmt: skip


def _about_the_same(leaves: Leaves, asked: Struct, fact: Fact) -> bool:
    names = (*leaves.about, *((leaves.new,) if leaves.new else ()))
    held = [(getattr(asked, name), _kept(leaves, fact, name)) for name in names]
    return all(kept is _NOT_KEPT or said == kept for said, kept in held)


def _differing(leaves: Leaves, name: str, said: Any, recorded: Fact) -> Iterator[str]:
    kept = _kept(leaves, recorded, name)
    if kept is _NOT_KEPT or (name in leaves.filled and _within(said, kept)):
        return
    yield from differences(name, said, kept)


def _kept(leaves: Leaves, fact: Fact, name: str) -> Any:
    name = dict(leaves.kept_as).get(name, name)
    part = getattr(fact, leaves.inside) if leaves.inside else fact
    return getattr(part, name, getattr(fact, name, _NOT_KEPT))


def differences(path: str, said: Any, kept: Any) -> Iterator[str]:
    """Where two values differ, as deep as they are of one kind."""
    read = _READ.get(path.rsplit(".", 1)[-1])
    if read:
        said, kept = (read(each) if each else None for each in (said, kept))
    if isinstance(said, Struct) and type(said) is type(kept):
        for name in said.__struct_fields__:
            yield from differences(f"{path}.{name}", getattr(said, name), getattr(kept, name))
    elif said != kept:
        yield path


def _within(said: Any, kept: Any) -> bool:
    """Whether what was kept is what was said, completed."""
    if not said:
        return True
    if isinstance(said, Collection) and not isinstance(said, str):
        return set(cast("Collection[Any]", said)) <= set(kept)
    return said == kept


A_GOAL = Leaves((goals.GoalSet,), "goal", inside="goal")

IN_THE_CASE: Mapping[type[Command], Leaves] = {
    deciding.RecordDecision: Leaves(
        (proposals.MeetingDecisionRecorded,), "decision", inside="decision", filled=("planned_end",)
    ),
    OfferActionInMeeting: Leaves((actions.ActionOffered,), "action", filled=("mandatory",), unkept=("accepted",)),
    ConvertContact: Leaves(
        (referral.ReferralReceived,),
        "case",
        inside="referral",
        kept_as=(("on_behalf_of", "referrer_agency"),),
        filled=("on_behalf_of",),
        unkept=("contact", "age"),
    ),
}
"""What a command about an item of an agenda, or about a contact, begins in a case besides."""

PARTS: Mapping[type[Command], tuple[str, Leaves]] = {
    goals.SetGoal: ("goal", A_GOAL),
    plan.AgreePlan: ("goals", A_GOAL),
    plan.RevisePlan: ("goals", A_GOAL),
}
"""Where a command holds parts that begin something under an id of their own."""


class Named(NamedTuple):
    """Something that a command begins or settles: where it stands in the command, and what it leaves."""

    path: str
    asked: Struct
    leaves: Leaves

    @property
    def id(self) -> UUID | str | None:
        return getattr(self.asked, self.leaves.new) if self.leaves.new else None

    @property
    def field(self) -> str:
        return f"{self.path}{self.leaves.new}"


def named(command: Command) -> Iterator[Named]:
    """Whatever the command begins or settles in its own stream."""
    kind = type(command)
    if kind.LEAVES is not None:
        yield Named("", command, kind.LEAVES)
    if kind in PARTS:
        name, leaves = PARTS[kind]
        held = getattr(command, name)
        if isinstance(held, Struct):
            yield Named(f"{name}.", held, leaves)
        else:
            parts = enumerate(cast("Sequence[Struct]", held))
            yield from (Named(f"{name}[{place}].", part, leaves) for place, part in parts)
