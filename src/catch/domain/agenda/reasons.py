"""Why a case is on the agenda: every reason of the agenda rules, judged at the start of the meeting."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from catch.domain.agenda.facts import ActionFact, CaseFacts, ProposalFact
from catch.domain.calendar import london_day
from catch.domain.meeting.listing import Reason, ReasonCode, Section
from catch.domain.programme.configuration import AgendaPolicy, Series

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def written(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def days(n: int) -> str:
    return "1 day" if n == 1 else f"{n} days"


def reasons_for(facts: CaseFacts, series: Series, starts_at: datetime) -> tuple[Reason, ...]:
    """Every reason that holds when the meeting starts, the highest section first. Unmet needs name no case."""
    day, policy = london_day(starts_at), series.policy
    found = (
        *urgent(facts, day),
        *carried(facts, policy),
        *actions(facts, day, policy),
        *new(facts, day, series),
        *review(facts, day, policy),
        *clocks(facts, starts_at),
        *no_activity(facts, day, policy),
        *ending(facts, day, policy),
        *proposed(facts, day),
    )
    return tuple(sorted(found, key=lambda reason: (reason.section, reason.code, reason.since or date.max, reason.text)))


def due(facts: CaseFacts, day: date) -> tuple[ProposalFact, ...]:
    """The proposals that may be heard on this day."""
    return tuple(held for held in facts.proposals if held.earliest is None or held.earliest <= day)


def urgent(facts: CaseFacts, day: date) -> Iterator[Reason]:
    for held in due(facts, day):
        if held.urgent or held.purpose == "urgent":
            text = f"Marked urgent by {held.by_agency} on {written(held.proposed_on)}."
            yield Reason(ReasonCode.URGENT, Section.URGENT, text, True, held.proposed_on, str(held.proposal))
    if facts.safeguarding_since is not None:
        since = facts.safeguarding_since
        # Says no more: whoever reads an agenda must not learn from a reason what is restricted.
        yield Reason(ReasonCode.SAFEGUARDING_FOLLOW_UP, Section.URGENT, "Follow-up.", True, since)


def carried(facts: CaseFacts, policy: AgendaPolicy) -> Iterator[Reason]:
    if (held := facts.carried) is not None:
        times = "once" if held.defer_count == 1 else f"{held.defer_count} times"
        # So that no case is put off more often than the policy allows: then it is heard, even over the minutes.
        must = held.defer_count >= policy.max_displacements
        text = f"Carried from an earlier meeting, put off {times} (last on {written(held.since)})."
        yield Reason(ReasonCode.CARRIED, held.section, text, must, held.since)


def actions(facts: CaseFacts, day: date, policy: AgendaPolicy) -> Iterator[Reason]:
    for held in facts.actions:
        if held.declined_on is not None:
            text = f"Action declined by {held.owner} on {written(held.declined_on)}, with no new owner."
            yield action_reason(ReasonCode.ACTION_DECLINED, held, text, True, held.declined_on)
        elif held.left_on is not None:
            text = f"Action of {held.owner}, whose part ended on {written(held.left_on)}, with no new owner."
            yield action_reason(ReasonCode.ACTION_DECLINED, held, text, True, held.left_on)
        elif held.due < day:
            over = (day - held.due).days
            text = f"Action of {held.owner} overdue {days(over)} (due {written(held.due)})."
            must = held.mandatory or over > policy.action_must_after_days
            yield action_reason(ReasonCode.ACTION_OVERDUE, held, text, must, held.due)


def action_reason(code: ReasonCode, held: ActionFact, text: str, must: bool, since: date) -> Reason:
    return Reason(code, Section.MATTERS_ARISING, text, must, since, str(held.action))


def new(facts: CaseFacts, day: date, series: Series) -> Iterator[Reason]:
    if facts.accepted_at is None or facts.conversation_at is None or facts.discussed_at is not None:
        return
    since = london_day(facts.conversation_at)
    if since > day:
        return
    # From the conversation, not the referral: a case whose person nobody has spoken with is not ready to be heard.
    waiting = (day - since).days
    must = series.policy.discuss_all or waiting > series.policy.max_wait_cycles * series.cycle_days
    text = f"New: conversation held {written(since)}, never discussed, waiting {days(waiting)}."
    yield Reason(ReasonCode.NEW, Section.NEW, text, must, since)


def review(facts: CaseFacts, day: date, policy: AgendaPolicy) -> Iterator[Reason]:
    if facts.review_due is None or facts.review_due > day + timedelta(days=policy.review_lead_days):
        return
    over = (day - facts.review_due).days
    plan = f" (plan agreed {written(facts.plan_agreed_on)})" if facts.plan_agreed_on else ""
    late = f", {days(over)} overdue" if over > 0 else ""
    text = f"Review due {written(facts.review_due)}{plan}{late}."
    yield Reason(ReasonCode.REVIEW_DUE, Section.REVIEW, text, over > policy.review_must_after_days, facts.review_due)


def clocks(facts: CaseFacts, starts_at: datetime) -> Iterator[Reason]:
    for held in facts.clocks:
        by = london_day(held.due_at)
        if starts_at > held.due_at:
            text = f"Clock {held.code} passed its target on {written(by)}."
            yield Reason(ReasonCode.CLOCK_BREACHED, Section.AT_RISK, text, True, by, held.code)
        elif starts_at >= held.warn_at:
            text = f"Clock {held.code} is close to its target of {written(by)}."
            yield Reason(ReasonCode.CLOCK_WARNED, Section.AT_RISK, text, False, by, held.code)


def no_activity(facts: CaseFacts, day: date, policy: AgendaPolicy) -> Iterator[Reason]:
    if (until := facts.on_hold_until) is not None:
        # Nothing is expected to happen while it rests; a pause that everybody has forgotten is no rest any more.
        if day >= until:
            text = f"On hold until {written(until)}, and nobody has said that it goes on."
            yield Reason(ReasonCode.NO_ACTIVITY, Section.AT_RISK, text, False, until)
        return
    # Before anything else was recorded the time counts from acceptance.
    last = facts.last_activity_at or facts.accepted_at
    if last is None:
        return
    still = (day - london_day(last)).days
    if still >= policy.no_activity_days:
        text = f"Nothing recorded by any partner for {days(still)} (since {written(london_day(last))})."
        yield Reason(ReasonCode.NO_ACTIVITY, Section.AT_RISK, text, False, london_day(last))


def ending(facts: CaseFacts, day: date, policy: AgendaPolicy) -> Iterator[Reason]:
    if facts.closure_proposed_on is not None:
        # What nothing stands against is noted without discussion.
        section = Section.NOTING if facts.ready_to_close else Section.CLOSE_OR_EXTEND
        text = f"Closure proposed {written(facts.closure_proposed_on)}."
        yield Reason(ReasonCode.CLOSURE_PROPOSED, section, text, False, facts.closure_proposed_on)
    elif facts.planned_end and facts.planned_end <= day + timedelta(days=policy.max_support_lead_days):
        passed = facts.planned_end < day
        text = f"Support {'was' if passed else 'is'} planned to end {written(facts.planned_end)}: close or extend."
        yield Reason(ReasonCode.MAX_SUPPORT, Section.CLOSE_OR_EXTEND, text, passed, facts.planned_end)


_PURPOSES = {
    "new": (ReasonCode.NEW, Section.NEW),
    "review": (ReasonCode.REVIEW_DUE, Section.REVIEW),
    "stuck": (ReasonCode.NO_ACTIVITY, Section.AT_RISK),
    "closure": (ReasonCode.CLOSURE_PROPOSED, Section.CLOSE_OR_EXTEND),
    "extension": (ReasonCode.MAX_SUPPORT, Section.CLOSE_OR_EXTEND),
}


def proposed(facts: CaseFacts, day: date) -> Iterator[Reason]:
    """A proposal always puts its case forward: under the reason of its purpose, and as a question if it asks one."""
    for held in due(facts, day):
        if held.question:
            text = f"{held.by_agency} put a question on {written(held.proposed_on)}."
            question = ReasonCode.PARTNER_QUESTION
            yield Reason(question, Section.QUESTION, text, False, held.proposed_on, str(held.proposal))
        if held.purpose in _PURPOSES:
            code, section = _PURPOSES[held.purpose]
            text = f"Proposed as {held.purpose} by {held.by_agency} on {written(held.proposed_on)}."
            yield Reason(code, section, text, False, held.proposed_on, str(held.proposal))
