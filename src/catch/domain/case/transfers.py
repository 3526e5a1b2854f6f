"""A case handed over to another programme: offered once the person was referred there, tracked until it is taken on.

Nobody falls between two programmes: as long as a transfer is open, the case is not closed before the other has been
accepted. Which case that is, is told here to nobody: whoever sees that case sees it there.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Transfer
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.parts import in_order, otherwise
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class TransferOffered(Fact, frozen=True, omit_defaults=True):
    """`to_case` is the person's case in another programme; left out where that is told to nobody."""

    transfer: UUID
    reason: Sealed
    to_case: UUID | None = None


class TransferWithdrawn(Fact, frozen=True):
    """The case stays here after all."""

    transfer: UUID
    reason: Sealed


class CaseTransferredOut(Fact, frozen=True):
    """The other programme has taken the person on, and the case closes here."""

    transfer: UUID


TransferEvent = TransferOffered | TransferWithdrawn | CaseTransferredOut


# What may be asked


class OfferTransfer(Command, frozen=True):
    """Hand the case over to another programme, to which the person has been referred (`submitReferral`).

    It goes on here until that case is accepted, and cannot be closed before, unless the transfer is withdrawn.
    """

    case: UUID
    transfer: UUID
    to_case: UUID
    reason: Sealed
    LEAVES = Leaves((TransferOffered,), "transfer")


class WithdrawTransfer(Command, frozen=True):
    """Keep the case here after all, and say why: the other programme has declined, or the person wants to stay."""

    case: UUID
    transfer: UUID
    reason: Sealed
    LEAVES = Leaves((TransferWithdrawn,), about=("transfer",))


TransferCommand = OfferTransfer | WithdrawTransfer


# What can be refused


class UnknownTransfer(Refused):
    """The case has no such transfer. Look at the case again."""

    not_there = True


class TransferAlreadyOpen(Refused):
    """The case is being handed over already. Withdraw that first: `withdrawTransfer`."""


class TransferOver(Refused):
    """This transfer was withdrawn, or the case has been handed over. Look at the case again."""


class NoCaseToTransferTo(Refused):
    """A case is handed over to one of the same person that is open in another programme. Refer them there first:
    `submitReferral`.
    """


class TransferNotTakenOn(Refused):
    """The case is being handed over, and the other programme does not work with the person: not yet on the day on which
    you say that it closed, not any more, or as far as you are shown. Close it when they do; or withdraw the transfer
    (`withdrawTransfer`), and close it here.
    """


# What we answer


def offer(case: Case, command: OfferTransfer, given: Given) -> list[TransferEvent]:
    if case.transfer(command.transfer) is not None:
        return []
    require_live(case, given, *(held.over_at for held in case.transfers))
    if case.open_transfer is not None:
        raise TransferAlreadyOpen(transfer=case.open_transfer.transfer)
    return [TransferOffered(command.transfer, command.reason, command.to_case)]


def withdraw(case: Case, command: WithdrawTransfer, given: Given) -> list[TransferEvent]:
    held = case.transfer(command.transfer)
    if held is None:
        raise UnknownTransfer(transfer=command.transfer)
    if held.withdrawn_at is not None:
        return []
    if not held.open:
        raise TransferOver(transfer=command.transfer)
    not_before(given, held.at)
    return [TransferWithdrawn(command.transfer, command.reason)]


def handed_over(case: Case) -> Iterator[CaseTransferredOut]:
    """What closing the case says of it. Whether the other has been accepted is for those to ask who read both."""
    if case.open_transfer is not None:
        yield CaseTransferredOut(case.open_transfer.transfer)


def takes_over(other: Case | None, case: Case, at: datetime) -> bool:
    """Whether a case may be handed over to the other then. `case` is that of the same person."""
    if other is None or other.person != case.person or other.programme == case.programme or not other.live:
        return False
    # Nobody was handed over to where they had not been referred yet.
    if at < other.milestones.received_at:
        return False
    # Each closed because the other has them, nobody would have them.
    return other.open_transfer is None or other.open_transfer.to_case != case.case


def takes_on(other: Case, closed_on: date, given: Given) -> bool:
    """Whether the other programme works with the person: it had accepted them when this case closed, whatever time and
    day is said of that, and has not let go of them since.
    """
    accepted = other.milestones.accepted_at
    return other.live and accepted is not None and accepted <= given.at and london_day(accepted) <= closed_on


def decide(case: Case, command: TransferCommand, given: Given) -> list[TransferEvent]:
    match command:
        case OfferTransfer():
            return offer(case, command, given)
        case WithdrawTransfer():
            return withdraw(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: TransferEvent, at: datetime) -> Case:
    match event:
        case TransferOffered(transfer, reason, to_case):
            made = Transfer(transfer, reason, at, to_case)
            return replace(case, transfers=in_order(case.transfers, made, lambda held: held.at))
        case TransferWithdrawn(transfer, reason):
            return _with(case, transfer, withdrawn_at=at, withdrawn_reason=reason)
        case CaseTransferredOut(transfer):
            return _with(case, transfer, done_at=at)
        case _:
            assert_never(event)


def _with(case: Case, transfer: UUID, **changes: object) -> Case:
    return replace(case, transfers=otherwise(case.transfers, lambda held: held.transfer == transfer, **changes))


SUBJECT = Subject(TransferEvent, TransferCommand, decide=decide, evolve=evolve)
