"""Two registrations that are one person: who says so, who else has to agree, and how it is taken back.

Nothing of either is moved, copied or closed: both streams hold the link and go on as they are, so that to take it back
is to end the link, and all is as if it had never been. What follows from a link (one person for whoever looks for
matches, for a further referral, for an import) is worked out from it, each time.

Read downwards: what happened, where that leaves us, what may be asked, what can be refused, what we answer.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from catch.domain.facts import Command, Fact, Leaves, Part, Sealed
from catch.domain.given import Given, not_before
from catch.domain.parts import otherwise
from catch.domain.plain import Key, UserId
from catch.domain.refusals import Refused

# What happened, in both streams


class MergeRequested(Fact, frozen=True):
    """Somebody said that the two are one. `survivor` is under whom they go on."""

    merge: UUID
    survivor: UUID
    retired: UUID
    reason: Sealed
    user: UserId
    agency: Key


class PersonsMerged(Fact, frozen=True):
    """Somebody else agreed."""

    merge: UUID
    survivor: UUID
    retired: UUID


class MergeRefused(Fact, frozen=True):
    """Somebody else did not agree, or whoever asked was wrong."""

    merge: UUID
    reason: Sealed


class MergeReversed(Fact, frozen=True):
    """They are two after all."""

    merge: UUID
    reason: Sealed


MergeEvent = MergeRequested | PersonsMerged | MergeRefused | MergeReversed


# Where that leaves us


class MergeState(StrEnum):
    """What became of it that somebody said two were one."""

    REQUESTED = "requested"
    MERGED = "merged"
    REFUSED = "refused"
    REVERSED = "reversed"


class Merge(Part, frozen=True, omit_defaults=True):
    """What somebody said, and what became of it. `because`: why it was refused or taken back."""

    merge: UUID
    survivor: UUID
    retired: UUID
    reason: Sealed
    user: str
    agency: str
    at: datetime
    state: MergeState = MergeState.REQUESTED
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    because: Sealed | None = None

    @property
    def together(self) -> bool:
        return self.state is MergeState.MERGED

    @property
    def open(self) -> bool:
        """It holds, or was asked for and not answered."""
        return self.state in (MergeState.REQUESTED, MergeState.MERGED)

    def other(self, person: UUID) -> UUID:
        return self.retired if person == self.survivor else self.survivor


Merges = tuple[Merge, ...]


def evolve(merges: Merges, event: MergeEvent, at: datetime) -> Merges:
    match event:
        case MergeRequested(merge, survivor, retired, reason, user, agency):
            return (*merges, Merge(merge, survivor, retired, reason, user, agency, at))
        case PersonsMerged():
            return _with(merges, event.merge, state=MergeState.MERGED, answered_at=at)
        case MergeRefused():
            return _with(merges, event.merge, state=MergeState.REFUSED, answered_at=at, because=event.reason)
        case MergeReversed():
            return _with(merges, event.merge, state=MergeState.REVERSED, ended_at=at, because=event.reason)
        case _:
            assert_never(event)


def _with(merges: Merges, merge: UUID, **changes: object) -> Merges:
    return otherwise(merges, lambda held: held.merge == merge, **changes)


class Side(Part, frozen=True):
    """One of the two, as far as a decision asks. `number`: the keyed hash of their NHS number, where it is settled."""

    person: UUID
    merges: Merges
    marks: tuple[str, ...]
    number: str | None

    def held(self, merge: UUID) -> Merge | None:
        return next((held for held in self.merges if held.merge == merge), None)

    @property
    def into(self) -> UUID | None:
        """Under whom they go on, where that is somebody else."""
        return next((held.survivor for held in self.merges if held.together and held.retired == self.person), None)


# What may be asked


class RequestMerge(Command, frozen=True):
    """Say that two registrations are one person, who goes on under the first. Two identifiers of theirs must agree, and
    you must coordinate a case of each. Somebody else who does so too answers.
    """

    person: UUID
    retired: UUID
    merge: UUID
    reason: Sealed
    LEAVES = Leaves((MergeRequested,), "merge", kept_as=(("person", "survivor"),))


class ApproveMerge(Command, frozen=True):
    """Agree that they are one person. Both registrations and all cases stay as they are; whoever looks for either finds
    the one under whom they go on. It can be taken back: `reverseMerge`.
    """

    person: UUID
    merge: UUID


class RefuseMerge(Command, frozen=True):
    """Say why they are not one person, or take back what you have said yourself."""

    person: UUID
    merge: UUID
    reason: Sealed
    LEAVES = Leaves((MergeRefused,), about=("merge",))


class ReverseMerge(Command, frozen=True):
    """They are two after all: all is as if they had never been taken for one. Nobody else has to agree, since the wrong
    person's record does harm for as long as it is shown.
    """

    person: UUID
    merge: UUID
    reason: Sealed
    LEAVES = Leaves((MergeReversed,), about=("merge",))


MergeCommand = RequestMerge | ApproveMerge | RefuseMerge | ReverseMerge


# What can be refused


class UnknownMerge(Refused):
    """Nobody has said this of the person, or you have no part in a case of each of the two. Check the id."""

    not_there = True


class UnknownOther(Refused):
    """There is no such second person, or you have no part in a case of theirs. Check the id."""

    not_there = True


class SamePerson(Refused):
    """This is one registration already. Name two."""


class OneIdentifierIsNotEnough(Refused):
    """Two people are not taken for one unless two identifiers agree: NHS number, name, date of birth, phone. Put right
    first what was written wrongly: `correctIdentity`, `correctContact`.
    """


class TwoNhsNumbers(Refused):
    """Both have an NHS number, and not the same. Find out which is right and correct the other first:
    `correctIdentity`.
    """


class AlreadyMerged(Refused):
    """One of the two goes on under somebody else, or somebody else under the one that would be retired. Name the one
    under whom they go on, or take that merge back first: `reverseMerge`.
    """


class MergeAlreadyRequested(Refused):
    """Somebody has said this of the two already, and nobody has answered. Ask somebody else who coordinates a case of
    each to answer that: `approveMerge` or `refuseMerge`.
    """


class MergeAnswered(Refused):
    """This has been answered already. Look at the person again; if it must be said after all, say it anew."""


class NotMerged(Refused):
    """These two have not been merged, so there is nothing to take back. Look at the person again, or refuse what was
    only asked for: `refuseMerge`.
    """


class MergeAskedByYourself(Refused):
    """You have said this yourself, so somebody else who coordinates a case of each agrees to it. You may take it back:
    `refuseMerge`.
    """


# What we answer


def decide(own: Side, other: Side, command: MergeCommand, given: Given) -> list[MergeEvent]:
    """What both streams get. `own` is the person that the command names, `other` the other of the two."""
    if isinstance(command, RequestMerge):
        return _request(own, other, command, given)
    held = own.held(command.merge)
    if held is None:
        raise UnknownMerge(merge=command.merge)
    match command:
        case ApproveMerge():
            return _approve(held, own, other, given)
        case RefuseMerge():
            return _refuse(held, command, given)
        case ReverseMerge():
            return _reverse(held, command, given)
        case _:
            assert_never(command)


def _request(own: Side, other: Side, command: RequestMerge, given: Given) -> list[MergeEvent]:
    if own.held(command.merge) is not None:
        return []
    if own.person == other.person:
        raise SamePerson(field="retired")
    one_person(own, other)
    between = [held for held in own.merges if held.other(own.person) == other.person]
    if any(held.state is MergeState.REQUESTED for held in between):
        raise MergeAlreadyRequested
    not_before(given, *(held.ended_at or held.answered_at for held in between))
    said = (command.merge, own.person, other.person, command.reason)
    return [MergeRequested(*said, given.by.user, given.by.agency)]


def one_person(survivor: Side, retired: Side) -> None:
    """Raises where the two must not be taken for one; when somebody agrees, too: much may be put right in between."""
    if not {*survivor.marks} & {*retired.marks}:
        raise OneIdentifierIsNotEnough
    if survivor.number and retired.number and survivor.number != retired.number:
        raise TwoNhsNumbers
    # One step deep, so that who goes on under whom is never a chain or a ring.
    if survivor.into is not None or any(held.together for held in retired.merges):
        raise AlreadyMerged


def _approve(held: Merge, own: Side, other: Side, given: Given) -> list[MergeEvent]:
    if held.state is MergeState.MERGED:
        return []
    _unanswered(held)
    if held.user == given.by.user:
        raise MergeAskedByYourself(merge=held.merge)
    not_before(given, held.at)
    one_person(*((own, other) if own.person == held.survivor else (other, own)))
    return [PersonsMerged(held.merge, held.survivor, held.retired)]


def _refuse(held: Merge, command: RefuseMerge, given: Given) -> list[MergeEvent]:
    if held.state is MergeState.REFUSED:
        return []
    _unanswered(held)
    not_before(given, held.at)
    return [MergeRefused(held.merge, command.reason)]


def _reverse(held: Merge, command: ReverseMerge, given: Given) -> list[MergeEvent]:
    if held.state is MergeState.REVERSED:
        return []
    if held.state is not MergeState.MERGED:
        raise NotMerged(merge=held.merge)
    not_before(given, held.answered_at)
    return [MergeReversed(held.merge, command.reason)]


def _unanswered(held: Merge) -> None:
    if held.state is not MergeState.REQUESTED:
        raise MergeAnswered(merge=held.merge)


def together(merges: Sequence[Merge]) -> list[Merge]:
    """Those that hold."""
    return [held for held in merges if held.together]
