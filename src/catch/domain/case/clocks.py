"""A case's clocks: by the rules of its programme, from the facts of its present episode."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec.structs import replace

from catch.domain.case.state import Case, Milestones
from catch.domain.programme.clocks import NEVER, Clock, ClockState, Rest, clock, matches
from catch.domain.programme.configuration import ClockRule


def clocks_of(case: Case, rules: Iterable[ClockRule], at: datetime) -> Iterator[Clock]:
    """Those that have started by `at`, as they stand then."""
    for rule in rules:
        started = moment(rule.start, case)
        if started is not None and started <= at:
            stopped, over = moment(rule.stop, case), case.milestones.over_at
            held = clock(rule, started, stopped, at, over, rests_of(case, rule) if case.pauses else NEVER)
            yield lapsed(held) if voided_before(case.milestones, stopped, at) else held


def voided_before(milestones: Milestones, stopped: datetime | None, at: datetime) -> bool:
    """Whether by `at` the case was voided, and the clock had not come to its end before."""
    voided = milestones.voided_at
    return voided is not None and voided <= at and (stopped is None or stopped > voided)


def lapsed(held: Clock) -> Clock:
    """Nothing was ever to be waited for: what had not come by then was not missed."""
    return replace(held, state=ClockState.LAPSED)


def rests_of(case: Case, rule: ClockRule) -> list[Rest]:
    """When the case was on hold, in the present episode, for a reason for which this clock waits."""
    began = case.milestones.received_at
    waits = [held for held in case.pauses if held.reason in rule.waits_for and held.since >= began]
    return [Rest(held.since, held.resumed_at) for held in waits]


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
