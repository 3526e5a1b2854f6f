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
        started = moment(rule.start, case.milestones)
        if started is not None and started <= at:
            stopped, over = moment(rule.stop, case.milestones), case.milestones.over_at
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


def steps(milestones: Milestones) -> tuple[tuple[str, str | None, datetime | None], ...]:
    """Each fact a clock may start or stop at, with the moment it first came in this episode."""
    return (
        ("ReferralReceived", None, milestones.received_at),
        ("ReferralAccepted", None, milestones.accepted_at),
        ("ConversationHeld", None, milestones.conversation_at),
        ("CaseDiscussed", None, milestones.discussed_at),
        ("PlanAgreed", None, milestones.plan_agreed_at),
        ("ReviewHeld", None, milestones.review_held_at),
        ("ReviewHeld", "close", milestones.review_decided_close_at),
        ("CaseClosed", None, milestones.closed_at),
    )


def moment(spec: str, milestones: Milestones) -> datetime | None:
    moments = [at for event, decision, at in steps(milestones) if at and matches(spec, event, decision)]
    return min(moments, default=None)
