"""A case's clocks: by the rules of its programme, from the facts of its present episode."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from catch.domain.case.state import Case, Milestones
from catch.domain.programme.clocks import NEVER, Clock, ClockState, Rest, clock, lasted, matches
from catch.domain.programme.configuration import ClockRule


def clocks_of(case: Case, rules: Iterable[ClockRule], at: datetime) -> Iterator[Clock]:
    """Those that have started by `at`, as they stand then."""
    return (held for held, _ in ruled(case, rules, at))


def ruled(case: Case, rules: Iterable[ClockRule], at: datetime) -> Iterator[tuple[Clock, ClockRule]]:
    """The same, each with its rule."""
    for rule in rules:
        started = moment(rule.start, case)
        if started is not None and started <= at:
            stopped, over = moment(rule.stop, case), case.milestones.over_at
            held = clock(rule, started, stopped, at, over, rested(case, rule))
            yield (lapsed(held) if voided_before(case.milestones, stopped, at) else held), rule


class Fallen(NamedTuple):
    """A clock came near its deadline at that time, or passed it (`breach`), having stood still for so long."""

    clock: str
    breach: bool
    at: datetime
    due_at: datetime
    paused: timedelta


_INSTANT = timedelta(microseconds=1)


def fallen(case: Case, rules: Iterable[ClockRule], at: datetime) -> Iterator[Fallen]:
    """What fell due by `at` of the clocks of a live case, in this episode; of one that stands still, nothing."""
    for held, rule in ruled(case, rules, at):
        if held.state is ClockState.PAUSED or not case.live:
            continue
        until, breached = held.stopped_at or at, held.due_at + _INSTANT
        paused = lasted(rested(case, rule), held.started_at, until)
        missed = breached <= until
        # A warning that is noticed when all came in time warns nobody.
        if held.warn_at < breached and held.warn_at <= until and (missed or held.stopped_at is None):
            yield Fallen(held.code, False, held.warn_at, held.due_at, paused)
        if missed:
            yield Fallen(held.code, True, breached, held.due_at, paused)


def falls_due(case: Case, rules: Iterable[ClockRule], at: datetime) -> datetime | None:
    """When the next clock of a live case comes near its deadline, or passes it, if nothing else happens to the case."""
    if not case.live:
        return None
    running = [held for held in clocks_of(case, rules, at) if held.stopped_at is None]
    waiting = [held for held in running if held.state is not ClockState.PAUSED]
    moments = [moment for held in waiting for moment in (held.warn_at, held.due_at + _INSTANT)]
    return min((moment for moment in moments if moment > at), default=None)


def voided_before(milestones: Milestones, stopped: datetime | None, at: datetime) -> bool:
    """Whether by `at` the case was voided, and the clock had not come to its end before."""
    voided = milestones.voided_at
    return voided is not None and voided <= at and (stopped is None or stopped > voided)


def lapsed(held: Clock) -> Clock:
    """Nothing was ever to be waited for: what had not come by then was not missed."""
    return replace(held, state=ClockState.LAPSED)


def rests_of(case: Case, rule: ClockRule) -> list[Rest]:
    """When this clock stood still in the present episode: the case was on hold for a reason for which it waits, or
    something was asked of whoever referred and not answered yet.
    """
    began = case.milestones.received_at
    rests = [Rest(held.since, held.resumed_at) for held in case.pauses if held.reason in rule.waits_for]
    if rule.waits_for_referrer:
        rests += [Rest(held.asked_at, held.received_at) for held in case.requests if held.of_referrer]
    return joined(rest for rest in rests if rest.since >= began)


def joined(rests: Iterable[Rest]) -> list[Rest]:
    """In order, what overlaps made one."""
    held: list[Rest] = []
    for rest in sorted(rests, key=lambda each: each.since):
        if not held or (held[-1].until is not None and held[-1].until < rest.since):
            held.append(rest)
            continue
        ends = (held[-1].until, rest.until)
        held[-1] = Rest(held[-1].since, None if ends[0] is None or ends[1] is None else max(ends[0], ends[1]))
    return held


def rested(case: Case, rule: ClockRule) -> Sequence[Rest]:
    """The same, quickly where there was nothing."""
    return rests_of(case, rule) if case.pauses or case.requests else NEVER


def steps(case: Case) -> Iterator[tuple[str, str | None, datetime | None]]:
    """Each fact a clock may start or stop at, what narrows it, and the moment it first came in this episode."""
    milestones = case.milestones
    yield "ReferralReceived", None, milestones.received_at
    yield "ReferralAccepted", None, milestones.accepted_at
    yield "ConversationHeld", None, milestones.conversation_at
    yield "CaseDiscussed", None, milestones.discussed_at
    yield "PlanAgreed", None, milestones.plan_agreed_at
    yield "ReviewHeld", None, milestones.review_held_at
    yield "ReviewHeld", "decision=close", milestones.review_decided_close_at
    yield "CaseClosed", None, milestones.closed_at
    for held in case.reached_now if case.reached else ():
        yield "MilestoneReached", f"milestone={held.milestone}", held.at


def moment(spec: str, case: Case) -> datetime | None:
    moments = [at for event, narrowing, at in steps(case) if at and matches(spec, event, narrowing)]
    return min(moments, default=None)
