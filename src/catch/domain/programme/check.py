"""What makes a programme's configuration usable, beyond having the right shape.

Each problem is a sentence that begins with the path of the setting, e.g. `clocks[2].start`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain

from catch.domain.instruments import KNOWN
from catch.domain.keys import is_key
from catch.domain.programme.clocks import NARROWED, day_after
from catch.domain.programme.configuration import (
    AgendaPolicy,
    ClosureClass,
    Contacts,
    Counted,
    Criterion,
    Disposition,
    Instrument,
    PlanRules,
    Programme,
    Series,
    Span,
)
from catch.domain.programme.recurrence import parse

A_DAY = date(2026, 1, 1)
"""From which spans in unlike units are compared."""
CLOCK_EVENTS = frozenset(
    {
        "ReferralReceived",
        "ReferralAccepted",
        "ConversationHeld",
        "CaseDiscussed",
        "PlanAgreed",
        "ReviewHeld",
        "CaseClosed",
        "MilestoneReached",
    }
)
"""The facts of a case that a clock may start or stop at: those whose first moment a case keeps in its milestones."""


def problems(configuration: Programme, events: frozenset[str] = CLOCK_EVENTS) -> list[str]:
    """What is wrong with the configuration, a sentence each; empty when it can be used."""
    return list(
        chain(
            _identity(configuration),
            _repeated(configuration),
            _clocks(configuration, events),
            _meetings(configuration.meetings),
            _criteria(configuration.eligibility.criteria),
            _case_finding(configuration),
            _ranges(configuration),
            _weeks(configuration.plan),
            _closure(configuration),
            _pauses(configuration),
            _contacts(configuration.contacts) if configuration.contacts else (),
            _instruments(configuration.instruments, events - {"MilestoneReached"}),
        )
    )


def _identity(configuration: Programme) -> Iterator[str]:
    if not is_key(configuration.key):
        yield f"key: {configuration.key!r} is not lower-case letters, digits and single hyphens."
    if configuration.version < 1:
        yield "version: versions count from 1."
    if not configuration.name.strip():
        yield "name: a programme needs a name."
    if configuration.effective_to and configuration.effective_to < configuration.effective_from:
        yield "effective_to: the last day is before the first."
    if not any(source.active for source in configuration.sources):
        yield "sources: no source is active, so nobody can refer."
    if not configuration.channels:
        yield "channels: at least one way to refer is needed."
    if configuration.eligibility.mode not in ("open", "criteria"):
        yield f"eligibility.mode: {configuration.eligibility.mode!r} is neither open nor criteria."


def _case_finding(configuration: Programme) -> Iterator[str]:
    finding = configuration.case_finding
    if finding is None:
        return
    known = {criterion.code for criterion in configuration.eligibility.criteria}
    for path, code in (
        ("criterion", finding.criterion),
        *((f"flags[{at}].criterion", flag.criterion) for at, flag in enumerate(finding.flags)),
    ):
        if code not in known:
            yield f"case_finding.{path}: no criterion of eligibility is called {code!r}."
    if not 1 <= finding.top_percent <= 100:
        yield f"case_finding.top_percent: {finding.top_percent} is not between 1 and 100."
    if not finding.flags or not all(flag.any_of for flag in finding.flags):
        yield "case_finding.flags: without a flag, and a sign for each, nobody is found."
    numbers = {sign.column for flag in finding.flags for sign in flag.any_of if sign.at_least is not None}
    answers = {sign.column for flag in finding.flags for sign in flag.any_of if sign.at_least is None}
    for column in sorted(answers & (numbers | {finding.ranked_by})):
        yield f"case_finding: the column {column!r} cannot hold a number and a yes or no."


def _repeated(configuration: Programme) -> Iterator[str]:
    contacts = configuration.contacts
    lists: dict[str, Iterable[str]] = {
        "sources": (source.code for source in configuration.sources),
        "channels": configuration.channels,
        "eligibility.criteria": (criterion.code for criterion in configuration.eligibility.criteria),
        "clocks": (rule.code for rule in configuration.clocks),
        "meetings": (series.key for series in configuration.meetings),
        "interventions": configuration.interventions,
        "funds": (fund.code for fund in configuration.funds),
        "instruments": (instrument.code for instrument in configuration.instruments),
        "milestones": (milestone.code for milestone in configuration.milestones),
        "pauses.reasons": (reason.code for reason in configuration.pauses.reasons),
        "closure.reasons": (reason.code for reason in configuration.closure.reasons),
        "framework.domains": configuration.framework.domains if configuration.framework else (),
        "contacts.outcomes": (outcome.code for outcome in contacts.outcomes) if contacts else (),
        "contacts.priorities": (priority.code for priority in contacts.priorities) if contacts else (),
    }
    for path, codes in lists.items():
        for code, times in Counter(codes).items():
            if times > 1:
                yield f"{path}: {code!r} is there {times} times."
            if not is_key(code):
                yield f"{path}: {code!r} is not lower-case letters, digits and single hyphens."


def _clocks(configuration: Programme, events: frozenset[str]) -> Iterator[str]:
    reached = {f"MilestoneReached[milestone={milestone.code}]" for milestone in configuration.milestones}
    for at, rule in enumerate(configuration.clocks):
        path = f"clocks[{at}]"
        for field, spec in (("start", rule.start), ("stop", rule.stop)):
            narrowed = NARROWED.fullmatch(spec)
            if narrowed is None or narrowed[1] not in events:
                yield f"{path}.{field}: no case event is called {spec!r}."
            elif narrowed[1] == "MilestoneReached" and spec not in reached:
                yield f"{path}.{field}: say which of the milestones, as in MilestoneReached[milestone=home]."
        if not 0 < rule.warn_at_fraction <= 1:
            yield f"{path}.warn_at_fraction: {rule.warn_at_fraction} is not above 0 and at most 1."
        yield from _span(f"{path}.target", rule.target)
        if rule.outer:
            yield from _span(f"{path}.outer", rule.outer)
            if rule.outer.unit != rule.target.unit or rule.outer.n < rule.target.n:
                yield f"{path}.outer: give it in the target's unit, and not below the target."


def _span(path: str, span: Span) -> Iterator[str]:
    if not 1 <= span.n <= 10_000:
        yield f"{path}.n: {span.n} is not between 1 and 10000."


def _meetings(meetings: tuple[Series, ...]) -> Iterator[str]:
    for at, series in enumerate(meetings):
        path = f"meetings[{at}]"
        if series.rrule is not None and parse(series.rrule) is None:
            yield (
                f"{path}.rrule: {series.rrule!r} is none of FREQ=WEEKLY;BYDAY=TU, FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH "
                "or FREQ=MONTHLY;BYDAY=1TH."
            )
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", series.starts_at):
            yield f"{path}.starts_at: {series.starts_at!r} is not a time such as 10:00."
        if not 1 <= series.duration_minutes <= 24 * 60:
            yield f"{path}.duration_minutes: {series.duration_minutes} is not between 1 and 1440."
        if series.cycle_days < 1:
            yield f"{path}.cycle_days: {series.cycle_days} is below 1."
        if series.quorum < 1:
            yield f"{path}.quorum: {series.quorum} is below 1."
        for kind, times in Counter(member.kind for member in series.core_members).items():
            if times > 1:
                yield f"{path}.core_members: {kind!r} is there {times} times."
        yield from _policy(f"{path}.policy", series.policy)


def _policy(path: str, policy: AgendaPolicy) -> Iterator[str]:
    for field, share in (("min_existing_share", policy.min_existing_share), ("min_new_share", policy.min_new_share)):
        if not 0 <= share <= 1:
            yield f"{path}.{field}: {share} is not between 0 and 1."
    if policy.min_existing_share + policy.min_new_share > 1:
        yield f"{path}: min_existing_share and min_new_share together are above 1."
    if policy.max_items is not None and policy.max_items < max(policy.min_items, 1):
        yield f"{path}.max_items: {policy.max_items} is below min_items or 1."
    counts = {
        field: value for field in policy.__struct_fields__ if isinstance(value := getattr(policy, field), int | None)
    }
    for field, value in counts.items():
        if value is not None and value < 0:
            yield f"{path}.{field}: {value} is below 0."
    for field in policy.minutes.__struct_fields__:
        if getattr(policy.minutes, field) < 0:
            yield f"{path}.minutes.{field}: minutes are never below 0."


def _ranges(configuration: Programme) -> Iterator[str]:
    plan, caseload, eligibility = configuration.plan, configuration.caseload, configuration.eligibility
    open_target = caseload.target_max if caseload.counted is Counted.OPEN else None
    ordered = (
        ("plan", "min_months", plan.min_months, "max_months", plan.max_months),
        ("plan", "review_every_months", plan.review_every_months, "review_outer_months", plan.review_outer_months),
        ("plan", "review_every_weeks", plan.review_every_weeks, "review_outer_weeks", plan.review_outer_weeks),
        ("plan", "review_every_weeks", plan.review_every_weeks, "max_weeks", plan.max_weeks),
        ("caseload", "target_min", caseload.target_min, "target_max", caseload.target_max),
        ("caseload", "target_max", open_target, "hard_max", caseload.hard_max),
        ("eligibility", "min_age", eligibility.min_age, "max_age", eligibility.max_age),
    )
    for path, low_name, low, high_name, high in ordered:
        if low is not None and low < 0:
            yield f"{path}.{low_name}: {low} is below 0."
        if low is not None and high is not None and low > high:
            yield f"{path}.{high_name}: {high} is below {low_name} ({low})."
    if (framework := configuration.framework) and framework.scale_min >= framework.scale_max:
        yield f"framework.scale_max: {framework.scale_max} is not above scale_min ({framework.scale_min})."
    for code in configuration.mandatory_interventions:
        if code not in configuration.interventions:
            yield f"mandatory_interventions: {code!r} is not among the interventions."


def _weeks(plan: PlanRules) -> Iterator[str]:
    for name in ("max_weeks", "review_every_weeks", "review_outer_weeks"):
        if (weeks := getattr(plan, name)) is not None and weeks < 1:
            yield f"plan.{name}: {weeks} is below 1."
    if plan.max_weeks is not None and day_after(A_DAY, plan.least) > day_after(A_DAY, plan.most):
        yield f"plan.max_weeks: {plan.max_weeks} is below min_months ({plan.min_months})."
    if (plan.review_every_weeks is None) != (plan.review_outer_weeks is None):
        yield "plan.review_outer_weeks: say both when reviews are due in weeks and how late they may be, or neither."


def _criteria(criteria: tuple[Criterion, ...]) -> Iterator[str]:
    for at, criterion in enumerate(criteria):
        if criterion.one_of is not None and not is_key(criterion.one_of):
            yield f"eligibility.criteria[{at}].one_of: {criterion.one_of!r} is no code in small letters."
        if criterion.one_of is not None and criterion.exception:
            yield f"eligibility.criteria[{at}].exception: one that stands for all the others is not one of several."


def _closure(configuration: Programme) -> Iterator[str]:
    present = {reason.ending for reason in configuration.closure.reasons}
    for ending in ClosureClass:
        if ending not in present:
            yield f"closure.reasons: no reason has the class {ending.value}; time to outcome needs each class."
    if configuration.closure.reopen_within_days < 0:
        yield "closure.reopen_within_days: it is below 0."


def _pauses(configuration: Programme) -> Iterator[str]:
    known = {reason.code for reason in configuration.pauses.reasons}
    if known and not 1 <= configuration.pauses.max_days <= 1000:
        yield f"pauses.max_days: {configuration.pauses.max_days} is not between 1 and 1000."
    for at, rule in enumerate(configuration.clocks):
        for code in rule.waits_for:
            if code not in known:
                yield f"clocks[{at}].waits_for: {code!r} is not among the reasons for a pause."


def _instruments(instruments: tuple[Instrument, ...], events: frozenset[str]) -> Iterator[str]:
    for at, instrument in enumerate(instruments):
        path = f"instruments[{at}]"
        if instrument.code in KNOWN and instrument.scale:
            yield f"{path}.scale: how {instrument.code} is scored is known, and is not said again."
        if instrument.code not in KNOWN and not instrument.scale:
            yield f"{path}.code: {instrument.code!r} is none of {', '.join(sorted(KNOWN))}: say how it is scored."
        if (scale := instrument.scale) and scale.least >= scale.most:
            yield f"{path}.scale.most: {scale.most} is not above least ({scale.least})."
        if not instrument.stages:
            yield f"{path}.stages: say when it is used."
        for place, stage in enumerate(instrument.stages):
            if stage.anchor not in events:
                yield f"{path}.stages[{place}].anchor: no case event is called {stage.anchor!r}."
        for code, times in Counter(stage.code for stage in instrument.stages).items():
            if times > 1 or not is_key(code):
                yield f"{path}.stages: {code!r} is there {times} times, or is no code in small letters."


def _contacts(contacts: Contacts) -> Iterator[str]:
    if not contacts.priorities:
        yield "contacts.priorities: a contact is triaged, so at least one is needed."
    if all(outcome.means is not Disposition.RESOLVED for outcome in contacts.outcomes):
        yield "contacts.outcomes: none means resolved-at-first-contact; first-contact resolution needs one."
    if not 1 <= contacts.repeat_within_days <= 366:
        yield f"contacts.repeat_within_days: {contacts.repeat_within_days} is not between 1 and 366."
