"""What an agenda tells of a case: each reason, warning and sentence under what it was worked out from.

An item's place, minutes and state are told to everybody at the meeting: an order cannot be shown without them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from msgspec.structs import replace

from catch.access.seeing import Sight
from catch.domain.agenda.words import not_ready, place_in_part
from catch.domain.case.state import Case
from catch.domain.facts import Category, Part
from catch.domain.meeting.items import Item
from catch.domain.meeting.listing import AgendaWarning, DraftedItem, Overflow, Reason, ReasonCode, WarningCode

CANDIDACY = frozenset({Category.NEEDS, Category.PLAN, Category.DISCUSSION, Category.ACTIONS})
"""What reasons rest on. Whoever prepares a meeting is told them of every case put forward, whatever else they see."""
_NONE: frozenset[Category] = frozenset()


def rests_on(reason: Reason) -> frozenset[Category]:
    """The categories that a reason was worked out from: all of them must be seen. None: operational facts."""
    return rests_on_proposal(reason) or by_code(reason.code)


def rests_on_proposal(reason: Reason) -> frozenset[Category]:
    """A proposal gives the reason of its purpose; like the proposal's own, it names the proposal."""
    match reason.code:
        case ReasonCode.NEW | ReasonCode.REVIEW_DUE | ReasonCode.NO_ACTIVITY | ReasonCode.MAX_SUPPORT:
            return frozenset({Category.DISCUSSION}) if reason.fact is not None else _NONE
        case _:
            return _NONE


def by_code(code: ReasonCode) -> frozenset[Category]:
    match code:
        case ReasonCode.URGENT | ReasonCode.PARTNER_QUESTION | ReasonCode.CLOSURE_PROPOSED | ReasonCode.CARRIED:
            return frozenset({Category.DISCUSSION})
        case ReasonCode.SAFEGUARDING_FOLLOW_UP:
            return frozenset({Category.RESTRICTED})
        case ReasonCode.ACTION_OVERDUE | ReasonCode.ACTION_DECLINED:
            return frozenset({Category.ACTIONS})
        case ReasonCode.NEW:
            # That the conversation was held, and that no meeting has discussed it.
            return frozenset({Category.PLAN, Category.DISCUSSION})
        case ReasonCode.REVIEW_DUE | ReasonCode.MAX_SUPPORT:
            return frozenset({Category.PLAN})
        case ReasonCode.CLOCK_WARNED | ReasonCode.CLOCK_BREACHED:
            return _NONE
        case ReasonCode.NO_ACTIVITY:
            # That nothing was recorded is said of everything that may have been.
            return CANDIDACY
        case ReasonCode.UNMET_NEED:
            return frozenset({Category.NEEDS})
        case _:
            assert_never(code)


def warned_of(code: WarningCode) -> frozenset[Category]:
    """What a warning was worked out from, beside the reasons that it names."""
    match code:
        case WarningCode.NOT_READY | WarningCode.PARTNER_WITHOUT_BASIS | WarningCode.CHANGED_SINCE:
            return _NONE
        case WarningCode.MUST_OVER_BUDGET | WarningCode.MUST_OVER_MAX_ITEMS | WarningCode.BELOW_MIN_ITEMS:
            return _NONE
        case WarningCode.PARTNER_WINDOW:
            return frozenset({Category.DISCUSSION, Category.ACTIONS})
        case WarningCode.AFTER_CUT_OFF | WarningCode.LEFT_OUT:
            return frozenset({Category.DISCUSSION})
        case WarningCode.SAFEGUARDING_CONCERN:
            return frozenset({Category.RESTRICTED})
        case _:
            assert_never(code)


GAPS = frozenset({Category.NEEDS})
"""What the counts of unmet needs were worked out from."""


class Agreed(Part, frozen=True):
    """What one viewer is told of why a case is on an agenda: the categories they see, and whose actions are theirs."""

    categories: frozenset[Category]
    own: frozenset[str] = frozenset()

    def sees(self, reason: Reason) -> bool:
        return reason.fact in self.own or rests_on(reason) <= self.categories

    @property
    def whole(self) -> bool:
        """Whether every reason that may be mentioned to them at all is."""
        return self.categories >= CANDIDACY

    @property
    def restricted(self) -> bool:
        return Category.RESTRICTED in self.categories

    def reasons(self, held: Iterable[Reason]) -> tuple[Reason, ...]:
        return tuple(reason for reason in held if self.sees(reason))


def agreed(seen: Sight | None, case: Case | None, *, prepares: bool) -> Agreed:
    """What a viewer with this sight of the case is told of its reasons."""
    candidacy = CANDIDACY if prepares else _NONE
    if seen is None:
        return Agreed(candidacy)
    actions = case.actions if case and seen.takes_part else ()
    return Agreed(
        seen.categories | candidacy, frozenset(str(held.action) for held in actions if held.owner == seen.agency)
    )


def must_told(told: Agreed, must: bool, held: Sequence[Reason]) -> bool | None:
    """Whether it must be heard; None where only a reason that is not told could say so."""
    if told.whole and told.restricted:
        return must
    seen = told.reasons(held)
    # A must without any reason was placed by hand: it has none that could be hidden.
    if any(reason.must for reason in seen) or (must and not held):
        return True
    # A must by a reason of which nobody may speak looks like none at all to those who see the rest.
    return False if told.whole else None


def explained(told: Agreed, held: Item | DraftedItem | Overflow, place: Callable[[], int]) -> str:
    """The sentence for an item; one made of the reasons that are told where the whole says more. `place`: its place in
    its section, counted from 1; 0: it has none.
    """
    seen = told.reasons(held.reasons)
    if told.whole and len(seen) == len(held.reasons):
        return held.explanation
    return place_in_part(seen, held.section, place()) if held.explanation else ""


def warning_told(told: Agreed, held: AgendaWarning) -> AgendaWarning | None:
    """The warning as it is told; None where it is not."""
    if held.case is None:
        return held
    if not warned_of(held.code) <= told.categories:
        return None
    seen = told.reasons(held.reasons)
    if len(seen) == len(held.reasons):
        return held
    if not seen:
        # Put forward by nothing that may be spoken of: it is not put forward.
        return None
    return replace(held, reasons=seen, explanation=not_ready(seen, held.missing))
