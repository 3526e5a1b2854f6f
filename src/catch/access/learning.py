"""What one viewer learns of a fact, and which values of a case are there for them at all."""

from datetime import datetime
from enum import Enum
from typing import Literal, assert_never

from catch.access.seeing import RedactionReason, Sight
from catch.access.telling import Telling, To, telling
from catch.domain.case import actions, correcting, disclosure, notes, referral
from catch.domain.case.state import Case, CaseState, Entry
from catch.domain.facts import Category, Tag
from catch.domain.meeting import deciding
from catch.domain.restricted import RestrictedNoteAdded, SafeguardingConcernRaised, SafeguardingOutcomeRecorded


class Told(Enum):
    """What a viewer learns of a fact: all of it, that something happened, or nothing."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    UNTOLD = "untold"


def told(seen: Sight | None, case: Case | None, event: object, at: datetime) -> Told:
    """What the viewer learns of what happened in a case at `at`. What is closed to them is not even counted: neither
    when nor how often something happens there is theirs to know.
    """
    if seen is None or case is None:
        return Told.UNTOLD
    rule = telling(event)
    # Without any category they have referred, or are recused: milestones at most.
    shown = _shows(seen, case, event, rule) if seen.categories else _refers(seen, case, event, rule, at)
    return Told.SHOWN if shown else Told.UNTOLD


def _refers(seen: Sight, case: Case, event: object, rule: Telling, at: datetime) -> bool:
    """Whoever referred hears what became of it: of no other door, and of nothing before their own."""
    if not rule.milestone or seen.hidden is RedactionReason.RECUSED:
        return False
    since = case.referred_by(seen.agency)
    if since is None or at < since:
        return False
    if isinstance(event, referral.ReferralReceived | referral.ReferralAttached):
        return event.referral.referrer_agency == seen.agency
    return True


def _shows(seen: Sight, case: Case, event: object, rule: Telling) -> bool:
    """`seen` has categories: something of the case is told. Asked for every fact and viewer: by identity, which is
    several times as fast as a `match` of words.
    """
    to = rule.to
    if to is To.SEEING:
        return rule.category is None or rule.category in seen.categories
    if to is To.OWNER:
        return Category.ACTIONS in seen.categories or (seen.takes_part and seen.agency in owners(case, event))
    if to is To.ADDRESSEES:
        return isinstance(event, notes.NoteAdded) and note_shown(seen, event.by.agency, event.category, event.audience)
    if to is To.ENTRY:
        return isinstance(event, correcting.OF_AN_ENTRY) and entry_shown(seen, event.entry)
    if to is To.COORDINATING:
        return seen.everything
    if to is To.TAGGED:
        return tag_of(event) in seen.tags
    if to is To.OTHERS:
        return sees_others(seen)
    if to is To.AGENCY:
        return sees_others(seen) or seen.agency == concerned(case, event)
    # Names what is left of `To`, so that the type checker lists a new one here as `assert_never` would.
    _: Literal[To.MEETING, To.PREPARERS, To.ITEM, To.TABLE, To.RECUSED, To.NOBODY] = to
    return False


def told_at_meeting(seen: Sight | None, case: Case | None, event: object, at: datetime, *, prepares: bool) -> Told:
    """What somebody learns of a meeting's fact who may follow it and sees the item it names, if it names one.

    `case` is that item's, `seen` what they see of it; both None where no item or a general matter is named.
    """
    rule = telling(event)
    match rule.to:
        case To.MEETING | To.ITEM | To.TABLE:
            shown = True
        case To.PREPARERS | To.RECUSED:
            shown = prepares
        # A general matter is about nobody's case: whoever may follow the meeting hears it.
        case To.SEEING | To.OWNER if case is None:
            shown = True
        case To.SEEING | To.OWNER | To.ADDRESSEES | To.ENTRY | To.OTHERS | To.AGENCY | To.COORDINATING | To.TAGGED:
            return told(seen, case, event, at)
        case To.NOBODY:
            shown = False
        case _:
            assert_never(rule.to)
    return Told.SHOWN if shown else Told.UNTOLD


def told_withheld(event: object) -> Told:
    """What somebody learns of a meeting's fact about an item that is withheld from them: they see that it is there."""
    return Told.HIDDEN if telling(event).to is To.ITEM else Told.UNTOLD


def note_shown(seen: Sight, by: str, category: Category, audience: frozenset[str]) -> bool:
    """Whether a note is there for the viewer: one addressed to others is theirs alone, its existence too."""
    own = by == seen.agency and seen.takes_part
    addressed = seen.everything or not audience or seen.agency in audience
    return own or (addressed and category in seen.categories)


def entry_shown(seen: Sight, entry: Entry) -> bool:
    """Whether an entry of a case is there for the viewer, and with it what became of it. Nobody signs but a note."""
    return note_shown(seen, entry.by or "", entry.category, entry.audience)


def was_there(seen: Sight, case: Case) -> bool:
    """Whether a case, as it was, was there for them yet: who sees no more than their own referral has none before."""
    return bool(seen.categories) or any(held.referrer_agency == seen.agency for held in case.referrals)


def state_told(seen: Sight, state: CaseState) -> CaseState:
    """A case's state as the viewer is told it."""
    return state if seen.categories else SIMPLER.get(state, state)


SIMPLER = {
    CaseState.CONVERSATION_HELD: CaseState.ACCEPTED,
    CaseState.AWAITING_MEETING: CaseState.ACCEPTED,
    CaseState.IN_REVIEW: CaseState.IN_SUPPORT,
    CaseState.CLOSING: CaseState.IN_SUPPORT,
    CaseState.VOIDED: CaseState.CLOSED,
}
"""What a referrer is told: received, accepted or declined, in support, closed."""


def sees_others(seen: Sight) -> bool:
    """Whether what others may be told is anything to this viewer."""
    # A partner's sight hides for want of a disclosure: what others may be told is not theirs to know.
    return seen.hidden is RedactionReason.ROLE and bool(seen.categories)


def tag_of(event: object) -> Tag | None:
    """What kind of restricted information a fact beside a case is."""
    match event:
        case RestrictedNoteAdded(tag=tag):
            return tag
        case SafeguardingConcernRaised() | SafeguardingOutcomeRecorded():
            return Tag.SAFEGUARDING
        case _:
            return None


def owners(case: Case, event: object) -> tuple[str, ...]:
    """Whose action a fact is about: a reassigned one leaves one agency and reaches another."""
    match event:
        case actions.ActionOffered(owner=owner) | deciding.ItemActionLinked(owner=owner):
            return (owner,)
        case actions.ActionReassigned(owner=owner, before=before):
            return (owner, before)
        case _ if isinstance(event, actions.ActionEvent):
            held = case.action(event.action)
            return (held.owner,) if held else ()
        case _:
            return ()


def concerned(case: Case, event: object) -> str | None:
    """The agency that a disclosure is to."""
    match event:
        case disclosure.DisclosureAuthorised(agency=agency):
            return agency
        case disclosure.DisclosureEnded(disclosure=ended):
            return next((held.agency for held in case.disclosures if held.disclosure == ended), None)
        case _:
            return None
