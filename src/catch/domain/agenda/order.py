"""In what order, and how much fits: lexicographic order, musts, mix, minutes, and partners' windows. No scores."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import floor
from uuid import UUID

from msgspec.structs import replace

from catch.domain.agenda.facts import CaseFacts
from catch.domain.agenda.mix import mixed, room, share
from catch.domain.facts import Part
from catch.domain.meeting.listing import Reason, ReasonCode, Section, WhyNotPlaced
from catch.domain.meeting.places import box_of
from catch.domain.meeting.state import Availability, Meeting
from catch.domain.programme.configuration import AgendaPolicy


class Candidate(Part, frozen=True):
    """A case with reasons to appear."""

    facts: CaseFacts
    reasons: tuple[Reason, ...]
    section: Section
    minutes: int
    must: bool
    waiting_since: date
    clock_ratio: float
    requires: tuple[str, ...]
    moved_for: str | None = None

    @property
    def case(self) -> UUID:
        return self.facts.case

    @property
    def new(self) -> bool:
        """Never discussed before, for the mix of new and existing."""
        return self.facts.discussed_at is None

    @property
    def defer_count(self) -> int:
        return self.facts.carried.defer_count if self.facts.carried else 0

    @property
    def displacements(self) -> int:
        return self.facts.carried.displacements if self.facts.carried else 0


def candidate(facts: CaseFacts, reasons: tuple[Reason, ...], policy: AgendaPolicy, starts_at: datetime) -> Candidate:
    """Reasons merge into one item, in the highest section among them; a carried one keeps its section or rises."""
    section = min(reason.section for reason in reasons)
    return Candidate(
        facts,
        reasons,
        section,
        box_of(policy.minutes, section),
        any(reason.must for reason in reasons),
        min((reason.since for reason in reasons if reason.since), default=date.max),
        max((ratio(held.started_at, held.due_at, starts_at) for held in facts.clocks), default=0.0),
        required(facts, reasons),
    )


def ratio(started_at: datetime, due_at: datetime, at: datetime) -> float:
    """Elapsed over target time, cut to one decimal."""
    target = due_at - started_at
    # Cut, so that two cases which waited equally long but for minutes are told apart by what follows in the key.
    return floor(10 * ((at - started_at) / target)) / 10 if target > timedelta(0) else 0.0


def required(facts: CaseFacts, reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """Whoever a proposal asks for, and whoever owes an overdue action."""
    behind = {reason.fact for reason in reasons}
    asked = {name for held in facts.proposals if str(held.proposal) in behind for name in held.requested_partners}
    owing = {
        held.owner
        for held in facts.actions
        if any(reason.code is ReasonCode.ACTION_OVERDUE and reason.fact == str(held.action) for reason in reasons)
    }
    return tuple(sorted(asked | owing))


# Lexicographic and not weighted: whoever asks why an item stands where it does can be told the one thing that decided.
# The presenter stands near the end, so that a partner can leave early only where nothing else tells two items apart.
def key(held: Candidate) -> tuple[int, bool, int, date, float, str, str]:
    return (
        held.section,
        not held.must,
        -held.defer_count,
        held.waiting_since,
        -held.clock_ratio,
        held.facts.presenter or "",
        held.facts.number,
    )


class Filled(Part, frozen=True):
    """What fits, what does not and why."""

    placed: tuple[Candidate, ...]
    left: tuple[tuple[Candidate, WhyNotPlaced], ...]
    budget: int

    @property
    def minutes(self) -> int:
        return sum(held.minutes for held in self.placed)

    @property
    def discussed(self) -> tuple[Candidate, ...]:
        return tuple(held for held in self.placed if held.section is not Section.NOTING)


def fill(candidates: Sequence[Candidate], policy: AgendaPolicy, duration_minutes: int) -> Filled:
    """Musts always, even over budget; then by order, keeping the mix, while minutes and places last. Where that loses
    the mix and another choice would not, that one (`mix`).
    """
    budget = max(0, duration_minutes - policy.minutes.opening - policy.minutes.gaps)
    noting = [held for held in candidates if held.section is Section.NOTING]
    talk = [held for held in candidates if held.section is not Section.NOTING]
    chosen = [held for held in talk if held.must]
    waiting = [held for held in talk if not held.must]
    left_for = room(chosen, waiting, policy, budget)
    picked = one_by_one(chosen, waiting, policy, budget)
    new = sum(held.new for held in picked)
    if not left_for.kept(new, len(picked) - new, policy):
        picked = mixed(waiting, left_for, policy) or picked
    chosen += picked
    heard = {held.case for held in picked}
    waiting = [held for held in waiting if held.case not in heard]
    listed, unlisted = note(noting, policy)
    left = [(held, why_left(held, chosen, policy, budget)) for held in waiting]
    left += [(held, WhyNotPlaced.NOTING_FULL) for held in unlisted]
    placed = sorted((*chosen, *listed), key=key)
    return Filled(tuple(placed), tuple(sorted(left, key=lambda pair: key(pair[0]))), budget)


def note(noting: list[Candidate], policy: AgendaPolicy) -> tuple[list[Candidate], list[Candidate]]:
    """The noting list: musts always, then others up to its length."""
    musts = [held for held in noting if held.must]
    others = [held for held in noting if not held.must]
    room = max(0, policy.max_noting - len(musts))
    return musts + others[:room], others[room:]


def one_by_one(
    musts: Sequence[Candidate], candidates: Sequence[Candidate], policy: AgendaPolicy, budget: int
) -> list[Candidate]:
    """Whether the mix is short of new or of existing cases changes with each that is chosen."""
    chosen, waiting = list(musts), list(candidates)
    while (picked := pick(chosen, waiting, policy, budget)) is not None:
        chosen.append(picked)
        waiting.remove(picked)
    return chosen[len(musts) :]


def pick(chosen: list[Candidate], waiting: list[Candidate], policy: AgendaPolicy, budget: int) -> Candidate | None:
    """The next to place: the first that keeps the mix of existing and new; else the first that fits."""
    if policy.max_items is not None and len(chosen) >= policy.max_items:
        return None
    left = budget - sum(held.minutes for held in chosen)
    fitting = [held for held in waiting if held.minutes <= left and not too_new(held, chosen, policy)]
    n = len(chosen) + 1
    short_of_new = sum(held.new for held in chosen) < share(policy.min_new_share, n)
    short_of_existing = sum(not held.new for held in chosen) < share(policy.min_existing_share, n)
    mixed = [held for held in fitting if (held.new and short_of_new) or (not held.new and short_of_existing)]
    return next(iter(mixed or fitting), None)


def too_new(held: Candidate, chosen: list[Candidate], policy: AgendaPolicy) -> bool:
    return policy.max_new is not None and held.new and sum(other.new for other in chosen) >= policy.max_new


def why_left(held: Candidate, chosen: list[Candidate], policy: AgendaPolicy, budget: int) -> WhyNotPlaced:
    if policy.max_items is not None and len(chosen) >= policy.max_items:
        return WhyNotPlaced.MAX_ITEMS
    if too_new(held, chosen, policy):
        return WhyNotPlaced.MAX_NEW
    fits = held.minutes <= budget - sum(other.minutes for other in chosen)
    return WhyNotPlaced.MIX if fits else WhyNotPlaced.NO_MINUTES_LEFT


def windows(held: Candidate, meeting: Meeting) -> tuple[Availability, ...]:
    """When the required partners can be there, for those that said so."""
    return tuple(window for window in meeting.availability if window.agency in held.requires)


def inside(held: Candidate, meeting: Meeting, start: datetime) -> bool:
    end = start + timedelta(minutes=held.minutes)
    return all(w.available_from <= start and end <= w.available_until for w in windows(held, meeting))


def in_windows(placed: Sequence[Candidate], meeting: Meeting, start: datetime) -> tuple[Candidate, ...]:
    """The same items, each moved at most within its section so as to fall in its required partners' windows."""
    arranged: list[Candidate] = []
    for section in Section:
        group = [held for held in placed if held.section is section]
        moved = rearranged(group, meeting, start)
        start += timedelta(minutes=sum(held.minutes for held in group))
        arranged += marked(group, moved, meeting)
    return tuple(arranged)


def rearranged(group: list[Candidate], meeting: Meeting, start: datetime) -> list[Candidate]:
    if not any(windows(held, meeting) for held in group):
        return group
    waiting, moved = list(group), list[Candidate]()
    while waiting:
        after = start + timedelta(minutes=waiting[0].minutes)
        pressed = [h for h in waiting[1:] if inside(h, meeting, start) and not inside(h, meeting, after)]
        fitting = [h for h in waiting if inside(h, meeting, start)]
        # An item that fits now and has a window of its own is not pushed out of it for the sake of another.
        first_fits_only_now = inside(waiting[0], meeting, start) and windows(waiting[0], meeting)
        chosen = next(iter(pressed if pressed and not first_fits_only_now else fitting), waiting[0])
        waiting.remove(chosen)
        moved.append(chosen)
        start += timedelta(minutes=chosen.minutes)
    return moved


def marked(group: list[Candidate], moved: list[Candidate], meeting: Meeting) -> list[Candidate]:
    """Each moved item says for whose sake: its own partner's, or the partner's of the item that took its place."""
    agencies = [window.agency for held in moved for window in windows(held, meeting)]
    sake = agencies[0] if agencies else None
    return [
        held
        if group[place] is held
        else replace(held, moved_for=next((w.agency for w in windows(held, meeting)), sake))
        for place, held in enumerate(moved)
    ]
