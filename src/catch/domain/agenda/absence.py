"""Why a case is not on the agenda, or where it stands if it is: an answer for any case, by the agenda's own rules."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from catch.domain.agenda.draft import draft_agenda
from catch.domain.agenda.facts import CaseFacts
from catch.domain.agenda.reasons import written
from catch.domain.agenda.words import SECTIONS, place
from catch.domain.calendar import london_day
from catch.domain.facts import Part
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.listing import Agenda, Missing, Reason, ReasonCode
from catch.domain.meeting.state import OVER, UNPUBLISHED, Meeting, MeetingState
from catch.domain.programme.configuration import AgendaPolicy, Series
from catch.domain.programme.recurrence import meets_from


class Standing(StrEnum):
    """Where a case stands towards a meeting."""

    ON_AGENDA = "on-agenda"
    REMOVED = "removed"
    AFTER_PUBLICATION = "after-publication"
    OVERFLOW = "overflow"
    NOT_READY = "not-ready"
    NO_REASON = "no-reason"
    NOT_LIVE = "not-live"
    OTHER_PROGRAMME = "other-programme"
    OTHER_SERIES = "other-series"
    UNKNOWN = "unknown"


class Explanation(Part, frozen=True, omit_defaults=True):
    """The answer. `expected_on`: the meeting at which the case should be heard, where that can be said."""

    case: UUID
    standing: Standing
    text: str
    reasons: tuple[Reason, ...] = ()
    missing: tuple[Missing, ...] = ()
    expected_on: date | None = None
    next_reason: ReasonCode | None = None
    next_reason_on: date | None = None


def why_not(series: Series, meeting: Meeting, facts: Sequence[CaseFacts], case: UUID) -> Explanation:
    """Where the case stands: by the agenda as people left it, or else by the draft as it would be now.

    Of a meeting that is over, `facts` are as they were known when it began, and its own draft is what counts.
    """
    # People's own changes go before the rules: an item may stand on the agenda for no reason that a rule knows.
    on_it = next((item for item in meeting.items if item.case == case), None)
    if on_it is not None:
        return listed(on_it, meeting, case)
    known = next((held for held in facts if held.case == case), None)
    if known is None:
        return Explanation(case, Standing.UNKNOWN, "No such case, or nothing is known of it.")
    if known.programme != meeting.programme:
        text = f"The case runs under {known.programme}; this meeting is of {meeting.programme}."
        return Explanation(case, Standing.OTHER_PROGRAMME, text)
    if not known.live:
        return Explanation(case, Standing.NOT_LIVE, f"The case is {known.state}, so no meeting considers it.")
    if known.elsewhere is not None:
        text = f"It is heard by {known.elsewhere}. Proposed for {meeting.series}, it is heard here."
        return Explanation(case, Standing.OTHER_SERIES, text)
    made = by_rule(meeting.draft, meeting, known) if meeting.draft and meeting.state in OVER else None
    agenda = draft_agenda(series, meeting, facts, 0, "")  # its ids are not read
    return made or by_rule(agenda, meeting, known) or no_reason(known, series, meeting)


def listed(item: Item, meeting: Meeting, case: UUID) -> Explanation:
    if item.state is ItemState.REMOVED:
        again = " It is a must, so it goes on to the next meeting." if item.must else ""
        return Explanation(case, Standing.REMOVED, f"It was taken off the agenda by hand.{again}", item.reasons)
    was = "was" if meeting.state in OVER else "is"
    text = f"It {was} the {place(item.order)} item, in {SECTIONS[item.section]}. {item.explanation}".strip()
    return Explanation(case, Standing.ON_AGENDA, text, item.reasons)


def by_rule(agenda: Agenda, meeting: Meeting, facts: CaseFacts) -> Explanation | None:
    case = facts.case
    for item in agenda.items:
        if item.case == case:
            return drafted(item.explanation, item.reasons, meeting, case)
    for held in agenda.overflow:
        if held.case == case:
            return Explanation(case, Standing.OVERFLOW, held.explanation, held.reasons, (), held.predicted_on)
    for warning in agenda.warnings:
        if warning.case == case:
            return Explanation(case, Standing.NOT_READY, warning.explanation, warning.reasons, warning.missing)
    return None


_LATE = "The agenda was published without it; the chair may add it as a late item."
_WITHOUT = {
    MeetingState.ENDED: "The meeting was held without it.",
    MeetingState.MINUTES_CONFIRMED: "The meeting was held without it.",
    MeetingState.CANCELLED: "The meeting was called off.",
}


def drafted(explanation: str, reasons: tuple[Reason, ...], meeting: Meeting, case: UUID) -> Explanation:
    # The draft is made anew for every question, so that it may hold a case which the published agenda does not.
    if meeting.state in UNPUBLISHED:
        return Explanation(case, Standing.ON_AGENDA, explanation, reasons)
    text = f"{explanation} {_WITHOUT.get(meeting.state, _LATE)}"
    return Explanation(case, Standing.AFTER_PUBLICATION, text, reasons)


def no_reason(facts: CaseFacts, series: Series, meeting: Meeting) -> Explanation:
    """No reason holds at this meeting; says which comes next, and which meeting that leads to."""
    today = london_day(meeting.starts_at)
    waiting = " The first conversation has not been held." if facts.conversation_at is None else ""
    gap = " Its unmet needs are counted among the gaps, without a name." if facts.unmet_needs else ""
    rests = f" It is on hold until {written(facts.on_hold_until)}." if facts.on_hold_until else ""
    text = f"No reason to hear it on {written(today)}.{waiting}{rests}{gap}"
    # Days gone by are left out: a reason that had come by then would have put the case on the agenda.
    coming = min(((day, code) for day, code in next_reasons(facts, series.policy) if day >= today), default=None)
    if coming is None:
        return Explanation(facts.case, Standing.NO_REASON, f"{text} Nothing recorded will bring it back by itself.")
    day, code = coming
    expected = meets_from(series, today, day)
    text = f"{text} Next: {code} from {written(day)}, so at the meeting about {written(expected)}."
    return Explanation(facts.case, Standing.NO_REASON, text, (), (), expected, code, day)


def next_reasons(facts: CaseFacts, policy: AgendaPolicy) -> Iterator[tuple[date, ReasonCode]]:
    """The first day of each reason that time alone will bring."""
    if facts.review_due is not None:
        yield facts.review_due - timedelta(days=policy.review_lead_days), ReasonCode.REVIEW_DUE
    if facts.planned_end is not None and facts.closure_proposed_on is None:
        yield facts.planned_end - timedelta(days=policy.max_support_lead_days), ReasonCode.MAX_SUPPORT
    last = facts.last_activity_at or facts.accepted_at
    if facts.on_hold_until is not None:
        yield facts.on_hold_until, ReasonCode.NO_ACTIVITY
    elif last is not None:
        yield london_day(last) + timedelta(days=policy.no_activity_days), ReasonCode.NO_ACTIVITY
    for action in facts.actions:
        yield action.due + timedelta(days=1), ReasonCode.ACTION_OVERDUE
    for clock in facts.clocks:
        yield london_day(clock.warn_at), ReasonCode.CLOCK_WARNED
    for proposal in facts.proposals:
        if proposal.earliest is not None:
            yield proposal.earliest, ReasonCode.URGENT if proposal.urgent else ReasonCode.PARTNER_QUESTION
