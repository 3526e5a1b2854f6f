"""Money from a fund of the programme, to or for the person: one asks, another answers, and then it is paid.

What the programme's configuration says a case may have of a fund at the most is held over all its awards, those that
wait for an answer included.
"""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.rules import author, by_another, require_live
from catch.domain.case.state import Case, FundAward, Worker
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before, within
from catch.domain.parts import in_order, otherwise
from catch.domain.plain import Code, Pence
from catch.domain.programme.configuration import Fund
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class FundAwardRequested(Fact, frozen=True):
    award: UUID
    fund: Code
    pence: Pence
    purpose: Sealed
    payee: Sealed
    by: Worker


class FundAwardApproved(Fact, frozen=True):
    award: UUID
    by: Worker


class FundAwardDeclined(Fact, frozen=True):
    award: UUID
    reason: Sealed
    by: Worker


class FundAwardPaid(Fact, frozen=True):
    award: UUID
    paid_on: date


FundEvent = FundAwardRequested | FundAwardApproved | FundAwardDeclined | FundAwardPaid


# What may be asked


class RequestFundAward(Command, frozen=True):
    """Ask for money from a fund of the programme for the person. Somebody else who coordinates the case answers."""

    case: UUID
    award: UUID
    fund: Code
    pence: Pence
    purpose: Sealed
    payee: Sealed
    LEAVES = Leaves((FundAwardRequested,), "award")


class ApproveFundAward(Command, frozen=True):
    """Say yes to what somebody else has asked for."""

    case: UUID
    award: UUID


class DeclineFundAward(Command, frozen=True):
    """Say no, and why. Something else may be asked for instead."""

    case: UUID
    award: UUID
    reason: Sealed
    LEAVES = Leaves((FundAwardDeclined,), about=("award",))


class RecordFundPayment(Command, frozen=True):
    """Record the day on which an award that was approved was paid."""

    case: UUID
    award: UUID
    paid_on: date
    LEAVES = Leaves((FundAwardPaid,), about=("award",))


FundCommand = RequestFundAward | ApproveFundAward | DeclineFundAward | RecordFundPayment


# What can be refused


class UnknownFund(Refused):
    """The programme has no such fund. Choose one of those that it has; `known` lists them."""


class FundExhausted(Refused):
    """That is more than one case may have of this fund. Ask for less, or of another: `left` says how many pence it may
    still have.
    """


class UnknownFundAward(Refused):
    """Nobody has asked for this award. Look at the case again."""


class FundAwardAnswered(Refused):
    """This has been answered already. Look at the case again; if it has to be otherwise, ask for another award."""


class FundAwardNotApproved(Refused):
    """Nobody has approved this award, so nothing of it can have been paid: `approveFundAward` first, by somebody else
    than asked for it.
    """


# What we answer


def request(case: Case, command: RequestFundAward, given: Given) -> list[FundEvent]:
    if case.fund_award(command.award) is not None:
        return []
    require_live(case, given)
    most = fund_of(command.fund, given).most_pence
    if most is not None and command.pence > (left := most - asked_of(case, command.fund)):
        raise FundExhausted(fund=command.fund, left=max(left, 0))
    purpose, payee = command.purpose, command.payee
    return [FundAwardRequested(command.award, command.fund, command.pence, purpose, payee, author(given))]


def fund_of(code: str, given: Given) -> Fund:
    found = given.programme.fund(code) if given.programme else None
    if found is None:
        known = given.programme.funds if given.programme else ()
        raise UnknownFund(fund=code, known=", ".join(fund.code for fund in known))
    return found


def asked_of(case: Case, fund: str) -> int:
    """In pence, whatever has become of it, but for what was declined."""
    return sum(held.pence for held in case.fund_awards if held.fund == fund and held.declined_at is None)


def asked(case: Case, award: UUID) -> FundAward:
    held = case.fund_award(award)
    if held is None:
        raise UnknownFundAward(award=award)
    return held


def approve(held: FundAward, given: Given) -> list[FundEvent]:
    by_another(held.by, held.at, given, award=held.award)
    if held.declined_at is not None:
        raise FundAwardAnswered(award=held.award)
    return [] if held.approved_at else [FundAwardApproved(held.award, author(given))]


def decline(held: FundAward, command: DeclineFundAward, given: Given) -> list[FundEvent]:
    by_another(held.by, held.at, given, award=held.award)
    if held.approved_at is not None:
        raise FundAwardAnswered(award=held.award)
    return [] if held.declined_at else [FundAwardDeclined(held.award, command.reason, author(given))]


def pay(held: FundAward, command: RecordFundPayment, given: Given) -> list[FundEvent]:
    if held.approved_at is None:
        raise FundAwardNotApproved(award=held.award)
    if held.paid_on is not None:
        return []
    not_before(given, held.approved_at)
    within(command.paid_on, london_day(held.approved_at), london_day(given.at), field="paidOn")
    return [FundAwardPaid(held.award, command.paid_on)]


def decide(case: Case, command: FundCommand, given: Given) -> list[FundEvent]:
    match command:
        case RequestFundAward():
            return request(case, command, given)
        case ApproveFundAward():
            return approve(asked(case, command.award), given)
        case DeclineFundAward():
            return decline(asked(case, command.award), command, given)
        case RecordFundPayment():
            return pay(asked(case, command.award), command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: FundEvent, at: datetime) -> Case:
    match event:
        case FundAwardRequested(award, fund, pence, purpose, payee, by):
            made = FundAward(award, fund, pence, purpose, payee, by, at)
            return replace(case, fund_awards=in_order(case.fund_awards, made, lambda held: held.at))
        case FundAwardApproved(award, by):
            return _with(case, award, approved_at=at, answered_by=by)
        case FundAwardDeclined(award, reason, by):
            return _with(case, award, declined_at=at, declined_reason=reason, answered_by=by)
        case FundAwardPaid(award, paid_on):
            return _with(case, award, paid_on=paid_on)
        case _:
            assert_never(event)


def _with(case: Case, award: UUID, **changes: object) -> Case:
    return replace(case, fund_awards=otherwise(case.fund_awards, lambda held: held.award == award, **changes))


SUBJECT = Subject(FundEvent, FundCommand, decide=decide, evolve=evolve)
