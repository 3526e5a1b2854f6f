"""Who is kept out of the case: somebody with an interest in it, at every meeting and between meetings.

Declared for oneself, or for somebody else with a reason; resolved by somebody else. An interest declared in an item of
an agenda (`catch.domain.discussion`) is recorded here as well, so that it stands when the item is gone.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.state import Case, Recusal
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.naming import check_member
from catch.domain.plain import Key, UserId
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class RecusalDeclared(Fact, frozen=True, omit_defaults=True):
    """`meeting` and `item`: where the interest was declared, if over an item. `by_other`: not by the user themself."""

    user: UserId
    agency: Key
    by_other: bool = False
    reason: Sealed | None = None
    meeting: UUID | None = None
    item: UUID | None = None


class RecusalResolved(Fact, frozen=True, omit_defaults=True):
    user: UserId
    reason: Sealed


RecusalEvent = RecusalDeclared | RecusalResolved


# What may be asked


class DeclareRecusal(Command, frozen=True):
    """Keep somebody out of the case: yourself, or, with a reason, somebody who has an interest in it.

    From this moment they see and do nothing of it, at any meeting and between meetings.
    """

    case: UUID
    user: UserId
    agency: Key
    reason: Sealed | None = None
    LEAVES = Leaves((RecusalDeclared,), about=("user",))


class ResolveRecusal(Command, frozen=True):
    """Say why somebody need not be kept out of the case any more. Nobody says so of themself."""

    case: UUID
    user: UserId
    reason: Sealed
    LEAVES = Leaves((RecusalResolved,), about=("user",))


RecusalCommand = DeclareRecusal | ResolveRecusal


# What can be refused


class RecusalNeedsReason(Refused):
    """Say why, where you keep out somebody else."""


class OwnRecusal(Refused):
    """You cannot resolve this for yourself. Somebody else with a part in the case can."""


class NobodyRecused(Refused):
    """This user is not kept out of this case. Look at the case again."""


# What we answer


def declare(
    case: Case, user: str, agency: str, reason: Sealed | None, given: Given, over: tuple[UUID, UUID] | None = None
) -> list[RecusalEvent]:
    """`over`: the meeting and the item in which the interest was declared, where it was found out who that is."""
    if case.recused(user):
        return []
    not_before(given, *(held.resolved_at for held in case.recusals if held.user == user))
    if over is None:
        check_member(agency, user, given)
    by_other = for_another(user, reason, given)
    meeting, item = over or (None, None)
    return [RecusalDeclared(user, agency, by_other, reason, meeting, item)]


def for_another(user: str, reason: Sealed | None, given: Given) -> bool:
    other = given.by.user != user
    if other and not reason:
        raise RecusalNeedsReason(field="reason")
    return other


def not_own(user: str, given: Given) -> None:
    if given.by.user == user:
        raise OwnRecusal(user=user)


def resolve(case: Case, user: str, reason: Sealed, given: Given) -> list[RecusalEvent]:
    not_own(user, given)
    if case.recused(user):
        not_before(given, *(held.since for held in case.recusals if held.user == user))
        return [RecusalResolved(user, reason)]
    if case.cleared(user):
        return []
    raise NobodyRecused(user=user)


def decide(case: Case, command: RecusalCommand, given: Given) -> list[RecusalEvent]:
    match command:
        case DeclareRecusal(user=user, agency=agency, reason=reason):
            return declare(case, user, agency, reason, given)
        case ResolveRecusal(user=user, reason=reason):
            return resolve(case, user, reason, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: RecusalEvent, at: datetime) -> Case:
    others = tuple(held for held in case.recusals if held.user != event.user)
    match event:
        case RecusalDeclared():
            held = Recusal(
                event.user,
                event.agency,
                at,
                by_other=event.by_other,
                reason=event.reason,
                meeting=event.meeting,
                item=event.item,
            )
            return replace(case, recusals=(*others, held))
        case RecusalResolved():
            past = [held for held in case.recusals if held.user == event.user]
            resolved = [replace(held, resolved_at=at, resolved_reason=event.reason) for held in past]
            return replace(case, recusals=(*others, *resolved))
        case _:
            assert_never(event)


SUBJECT = Subject(RecusalEvent, RecusalCommand, decide=decide, evolve=evolve)
