"""The agenda: which cases a meeting hears, in what order, for how long, and why. A pure function of facts.

`draft_agenda` answers with items, overflow and warnings; every case with a reason to appear is in one of them.
`agenda_facts` says what it rests on, `agenda_reasons` why a case appears, `agenda_order` in what order and what fits,
`agenda_words` how that is explained, `agenda_absence` why any other case is not there, `agenda_carry` what goes on to
the next meeting. The meeting's start is the only time it knows.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from uuid import UUID

from msgspec.json import Encoder

from catch.domain.agenda.facts import CaseFacts, lacks
from catch.domain.agenda.order import Candidate, Filled, candidate, fill, in_windows, inside, key, windows
from catch.domain.agenda.reasons import reasons_for, written
from catch.domain.agenda.words import not_ready, why_here, why_later
from catch.domain.calendar import london_day
from catch.domain.ids import keyed_id
from catch.domain.meeting.listing import (
    Agenda,
    AgendaWarning,
    DraftedItem,
    Gap,
    Missing,
    Overflow,
    Placement,
    Section,
    WarningCode,
)
from catch.domain.meeting.state import Meeting
from catch.domain.programme.configuration import AgendaPolicy, Series
from catch.domain.programme.recurrence import meets_after

AGENDA_ITEMS = "agenda items"
"""What the salt of drafts is the place's digest of."""


def item_id(meeting: Meeting, case: UUID, salt: str) -> UUID:
    """The same case at the same meeting always has the same item. Whoever knows a case's id cannot tell its item's."""
    drafted = (*meeting.draft.items, *meeting.draft.overflow) if meeting.draft else ()
    # A draft from before items were salted keeps the ids that interests and notes were given under.
    return next((held.item for held in drafted if held.case == case), None) or keyed_id(salt, meeting.meeting, case)


def agenda_json(agenda: Agenda) -> bytes:
    """The agenda in its one canonical form."""
    return Encoder(order="sorted").encode(agenda)


def draft_agenda(series: Series, meeting: Meeting, facts: Sequence[CaseFacts], as_of: int, salt: str) -> Agenda:
    """The draft from the facts as they stood at position `as_of`, whatever order they come in.

    `salt` is a secret of the place: without it nobody works out an item's id."""
    # By number first, so that the draft is the same to the byte in whatever order the facts came.
    ours = sorted((held for held in facts if candidate_here(held, meeting)), key=lambda held: held.number)
    found = [(held, reasons_for(held, series, meeting.starts_at)) for held in ours]
    put_forward = [candidate(held, why, series.policy, meeting.starts_at) for held, why in found if why]
    ready = sorted((held for held in put_forward if not lacking(held.facts)), key=key)
    filled = fill(ready, series.policy, meeting.duration_minutes)
    # The opening has its minutes before the first item; partners' windows are by the clock.
    opening = meeting.starts_at + timedelta(minutes=series.policy.minutes.opening)
    # After what fits was chosen: a partner's window may move an item within its section, never off the agenda.
    arranged = in_windows(filled.placed, meeting, opening)
    return Agenda(
        as_of,
        series.policy.version,
        tuple(items(arranged, meeting, salt)),
        tuple(overflow(filled, series, meeting, salt)),
        (
            *(unready(held) for held in sorted(put_forward, key=key) if lacking(held.facts)),
            *capacity_warnings(filled, series.policy),
            *partner_warnings(arranged, series.policy, meeting),
            *late_proposals(arranged, series.policy, meeting),
        ),
        gaps(ours),
    )


def candidate_here(facts: CaseFacts, meeting: Meeting) -> bool:
    """A case of another team is that team's to hear."""
    return facts.live and facts.programme == meeting.programme and facts.elsewhere is None


def lacking(facts: CaseFacts) -> tuple[Missing, ...]:
    """What a case needs before it may appear."""
    return lacks(facts.kept_back, facts.presenter, facts.basis, facts.visible_to)


def items(arranged: Sequence[Candidate], meeting: Meeting, salt: str) -> Iterator[DraftedItem]:
    minutes_before = 0
    within: Counter[Section] = Counter()
    for order, held in enumerate(arranged, start=1):
        within[held.section] += 1
        explanation = why_here(held, within[held.section], meeting)
        placement = Placement(spelt(held), minutes_before, held.moved_for)
        yield drafted(held, order, explanation, placement, item_id(meeting, held.case, salt))
        minutes_before += held.minutes


def drafted(held: Candidate, order: int, explanation: str, placement: Placement, item: UUID) -> DraftedItem:
    facts = held.facts
    if facts.presenter is None or facts.basis is None:
        # For the type checker, too: `lacking` has kept such cases out.
        raise ValueError("a case without presenter or basis is never placed")
    return DraftedItem(
        item,
        held.case,
        facts.number,
        held.section,
        order,
        held.minutes,
        held.must,
        held.reasons,
        explanation,
        facts.presenter,
        facts.basis,
        held.requires,
        held.defer_count,
        held.displacements,
        placement,
    )


def spelt(held: Candidate) -> tuple[str, ...]:
    """The key an item was ordered by, in words."""
    return (
        f"section {held.section.value}",
        "must" if held.must else "may",
        f"deferred {held.defer_count}",
        f"since {held.waiting_since.isoformat()}" if held.waiting_since < date.max else "since unknown",
        f"clock {held.clock_ratio}",
        f"presenter {held.facts.presenter or 'none'}",
        f"number {held.facts.number}",
    )


def overflow(filled: Filled, series: Series, meeting: Meeting, salt: str) -> Iterator[Overflow]:
    """What did not fit, counted as a deferral, with the day on which it is expected to."""
    minutes_before = 0
    for held, why in filled.left:
        displacements = held.displacements + 1
        # What waits in front of it fills whole meetings first. A budget of nothing must not divide.
        predicted = predicted_on(held, minutes_before // max(1, filled.budget) + 1, series, meeting)
        yield Overflow(
            item_id(meeting, held.case, salt),
            held.case,
            held.facts.number,
            held.section,
            held.minutes,
            held.reasons,
            why,
            why_later(held, why, displacements, predicted),
            predicted,
            held.defer_count + 1,
            displacements,
            Placement(spelt(held), filled.minutes),
        )
        minutes_before += held.minutes


def predicted_on(held: Candidate, meetings_ahead: int, series: Series, meeting: Meeting) -> date:
    """In the order it waits in, and never later than the meeting at which it becomes a must."""
    latest = max(1, series.policy.max_displacements - held.defer_count)
    return meets_after(series, london_day(meeting.starts_at), min(meetings_ahead, latest))


def unready(held: Candidate) -> AgendaWarning:
    missing = lacking(held.facts)
    return AgendaWarning(
        WarningCode.NOT_READY,
        not_ready(held.reasons, missing),
        held.case,
        held.facts.number,
        held.section,
        missing,
        held.reasons,
        defer_count=held.defer_count,
        displacements=held.displacements,
    )


def capacity_warnings(filled: Filled, policy: AgendaPolicy) -> Iterator[AgendaWarning]:
    musts = sum(held.must for held in filled.discussed)
    over = filled.minutes - filled.budget
    if over > 0:
        text = f"Items that must be heard take {over} minutes more than the meeting has. The chair decides."
        yield AgendaWarning(WarningCode.MUST_OVER_BUDGET, text, minutes_over=over)
    if policy.max_items is not None and musts > policy.max_items:
        text = f"{musts} items must be heard; the meeting takes {policy.max_items}. The chair decides."
        yield AgendaWarning(WarningCode.MUST_OVER_MAX_ITEMS, text)
    if len(filled.discussed) < policy.min_items:
        text = f"{len(filled.discussed)} items are up for discussion; the series expects at least {policy.min_items}."
        yield AgendaWarning(WarningCode.BELOW_MIN_ITEMS, text)


def partner_warnings(arranged: Sequence[Candidate], policy: AgendaPolicy, meeting: Meeting) -> Iterator[AgendaWarning]:
    """Items outside a required partner's window, and required partners that may not see the case."""
    start = meeting.starts_at + timedelta(minutes=policy.minutes.opening)
    for held in arranged:
        about = (held.case, held.facts.number, held.section)
        if not inside(held, meeting, start):
            names = ", ".join(window.agency for window in windows(held, meeting))
            yield AgendaWarning(WarningCode.PARTNER_WINDOW, f"Falls outside the time that {names} attends.", *about)
        blind = [agency for agency in held.requires if agency not in held.facts.visible_to]
        if blind:
            text = f"No basis for {', '.join(blind)} to hear this item."
            yield AgendaWarning(WarningCode.PARTNER_WITHOUT_BASIS, text, *about)
        start += timedelta(minutes=held.minutes)


def late_proposals(arranged: Sequence[Candidate], policy: AgendaPolicy, meeting: Meeting) -> Iterator[AgendaWarning]:
    """Items that nobody has had time to prepare for: proposed later than the day on which the papers close."""
    # By days: a proposal is known by its day, so one of the very day on which the papers close is in time.
    closed = london_day(meeting.starts_at - timedelta(hours=policy.cut_off_hours))
    for held in arranged:
        late = [each for each in held.facts.proposals if each.proposed_on > closed and not each.urgent]
        if late:
            who, day = late[-1].by_agency, written(late[-1].proposed_on)
            text = f"Proposed by {who} on {day}, after the papers closed on {written(closed)}."
            about = (held.case, held.facts.number, held.section)
            yield AgendaWarning(WarningCode.AFTER_CUT_OFF, text, *about)


def gaps(facts: Sequence[CaseFacts]) -> tuple[Gap, ...]:
    counts = Counter(code for held in facts for code in held.unmet_needs)
    return tuple(Gap(code, counts[code]) for code in sorted(counts))
