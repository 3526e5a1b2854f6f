"""Cases that people put on an agenda, and what has become of those that stand on it: held to the rules of the draft."""

from datetime import datetime

from catch.domain.agenda.case_facts import appearance_basis, kept_back, may_be_told, presenter, visible_to
from catch.domain.agenda.facts import lacks
from catch.domain.case.state import Agrees, Case
from catch.domain.given import Listed
from catch.domain.meeting.items import Item, Origin
from catch.domain.meeting.listing import AppearanceBasis
from catch.domain.meeting.state import Meeting


def listed(
    case: Case,
    meeting: Meeting,
    at: datetime,
    presented_by: str | None = None,
    basis: AppearanceBasis | None = None,
    *,
    stopped: bool = False,
) -> Listed:
    """The case as an item of this agenda. `presented_by` and `basis`: as somebody named them; `stopped`: what is kept
    of the person is kept and nothing else.
    """
    # As things stand when it is heard: a disclosure that has run out by then gives no basis.
    shown_by = presented_by or presenter(case, meeting.series)
    held = basis_for(case, basis, max(at, meeting.starts_at))
    lacking = lacks(kept_back(case, stopped=stopped), shown_by, held, visible_to(case, meeting))
    return Listed(case.number, shown_by, held, may_be_told(case, at), lacking)


def as_it_is(case: Case, meeting: Meeting, item: Item, at: datetime, *, stopped: bool = False) -> Listed:
    """An item's case as it stands now. What was said with a reason holds on; the person's agreement is asked again."""
    said = item.origin is not Origin.DRAFTED and item.added_reason is not None
    basis = item.basis if said and item.basis is not AppearanceBasis.AGREEMENT else None
    return listed(case, meeting, at, item.presenter, basis, stopped=stopped)


def at_once(case: Case, at: datetime, led_by: str, basis: AppearanceBasis | None) -> Listed:
    """The case of a discussion there and then, which needs no agency beside those that hold it."""
    held, told = basis_for(case, basis, at), may_be_told(case, at)
    return Listed(case.number, led_by, held, told, lacks(case.kept_back, led_by, held, (led_by,)))


def basis_for(case: Case, said: AppearanceBasis | None, at: datetime) -> AppearanceBasis | None:
    """On what a meeting may consider the case: what somebody said, as far as it holds, else what the case says itself.

    Nobody says for the person that they agree, and that they were told does not go before their no.
    """
    own = appearance_basis(case, at)
    match said:
        case None:
            return own
        case AppearanceBasis.AGREEMENT:
            return said if own is said else None
        case AppearanceBasis.PUBLIC_TASK_WITH_NOTICE:
            return said if case.agreement is not Agrees.NO else None
        case AppearanceBasis.SAFEGUARDING | AppearanceBasis.VITAL_INTEREST:
            return said
