"""What every fact tells, written out by hand and compared with the function that the program asks; and that no value is
told by one way and withheld by another.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.access import (
    CANDIDACY,
    EVERYTHING,
    UNKNOWN,
    Changes,
    RedactionReason,
    Sight,
    Telling,
    To,
    Told,
    agreed,
    explained,
    meeting_told,
    must_told,
    rests_on,
    telling,
    told,
    told_at_meeting,
    told_withheld,
    warned_of,
    warning_told,
)
from catch.contracts.files import sample
from catch.domain import streams
from catch.domain.case.actions import ActionCompleted, ActionReassigned
from catch.domain.case.agreement import ObjectionRecorded
from catch.domain.case.disclosure import DisclosureAuthorised, DisclosureEnded
from catch.domain.case.notes import NoteAdded
from catch.domain.case.plan import PlanAgreed
from catch.domain.case.proposals import MeetingDecisionRecorded
from catch.domain.case.referral import ReferralAttached
from catch.domain.case.state import Case, Objection, Worker
from catch.domain.facts import Category, Fact
from catch.domain.meeting import evolve as evolve_meeting
from catch.domain.meeting.attendance import InterestDeclared
from catch.domain.meeting.deciding import DecisionRecorded, ItemActionLinked
from catch.domain.meeting.drafting import AgendaDrafted
from catch.domain.meeting.floor import ItemOpened
from catch.domain.meeting.items import Item, Origin
from catch.domain.meeting.listing import (
    AgendaWarning,
    AppearanceBasis,
    DraftedItem,
    Missing,
    Reason,
    ReasonCode,
    Section,
    WarningCode,
)
from catch.domain.meeting.state import Hand, Interest, InterestAction, Meeting, Mode
from tests.cases import CASE, CONSENT, NOW, OFFERED, TEXT, evolve, received, uid

PLAN, DISCUSSION, ACTIONS = Category.PLAN, Category.DISCUSSION, Category.ACTIONS
MILESTONE = Telling(To.SEEING, changes=Changes.CASE, milestone=True)
OF_PLAN, SPOKEN, DONE = Telling(To.SEEING, PLAN), Telling(To.SEEING, DISCUSSION), Telling(To.OWNER, ACTIONS)
AT_MEETING, OF_ITEM, OF_PLACE = Telling(To.MEETING), Telling(To.ITEM), Telling(To.NOBODY)
AT_TABLE = Telling(To.TABLE)
SEATING = Telling(To.MEETING, changes=Changes.SEATS)
PLANNED = Telling(To.MEETING, changes=Changes.MEETING)
AGENCY_RIGHTS = Telling(To.NOBODY, changes=Changes.PARTNER)
INTEREST = Telling(To.RECUSED, changes=Changes.SEATS)
RECUSAL = Telling(To.COORDINATING, changes=Changes.CASE)
BESIDE = Telling(To.TAGGED, Category.RESTRICTED)

TABLE: dict[str, Telling] = {
    # A case
    "ReferralReceived": MILESTONE,
    "ReferralAttached": MILESTONE,
    "ReferralAccepted": MILESTONE,
    "ReferralDeclined": MILESTONE,
    "ReferralRedirected": MILESTONE,
    "CoordinatorAllocated": Telling(To.SEEING, changes=Changes.CASE),
    "CoordinatorChanged": Telling(To.SEEING, changes=Changes.CASE),
    "RecusalDeclared": RECUSAL,
    "RecusalResolved": RECUSAL,
    "SafeContactConfirmed": Telling(To.SEEING, Category.CONTACT),
    "ConversationHeld": OF_PLAN,
    "ConversationAttempted": OF_PLAN,
    "SupportAgreed": OF_PLAN,
    "SupportDeclinedByPerson": OF_PLAN,
    "AgreementWithdrawn": OF_PLAN,
    "ObjectionRecorded": Telling(To.OTHERS, changes=Changes.CASE),
    "DisclosureAuthorised": Telling(To.AGENCY, changes=Changes.CASE),
    "DisclosureEnded": Telling(To.AGENCY, changes=Changes.CASE),
    "PartnerInvolved": Telling(To.SEEING, changes=Changes.CASE),
    "PartnerInvolvementEnded": Telling(To.SEEING, changes=Changes.CASE),
    "MeetingProposed": SPOKEN,
    "ProposalWithdrawn": SPOKEN,
    "CaseDiscussed": SPOKEN,
    "MeetingDecisionRecorded": SPOKEN,
    "DiscussionAmended": SPOKEN,
    "InterventionStarted": OF_PLAN,
    "InterventionEnded": OF_PLAN,
    "InformationRequested": Telling(To.SEEING, Category.NEEDS),
    "InformationReceived": Telling(To.SEEING, Category.NEEDS),
    "CaseEscalated": Telling(To.SEEING, Category.RISK),
    "MessageBackSent": Telling(To.COORDINATING),
    "MessageBackFailed": Telling(To.COORDINATING),
    "MessageBackAcknowledged": Telling(To.COORDINATING),
    "FeedbackReceived": OF_PLAN,
    "PersonDeceased": Telling(To.SEEING, changes=Changes.PERSON),
    "DeathWithdrawn": Telling(To.SEEING, changes=Changes.PERSON),
    "RelationLinked": Telling(To.SEEING, Category.THIRD_PARTY),
    "RelationEnded": Telling(To.SEEING, Category.THIRD_PARTY),
    "RiskRecorded": Telling(To.SEEING, Category.RISK),
    "RiskReviewed": Telling(To.SEEING, Category.RISK),
    "MeasureRecorded": Telling(To.SEEING, Category.HEALTH),
    "MeasureDeclined": Telling(To.SEEING, Category.HEALTH),
    "MeasureMissed": Telling(To.SEEING, Category.HEALTH),
    "CasePaused": Telling(To.SEEING),
    "MilestoneReached": Telling(To.SEEING),
    "ProgrammeVersionChanged": Telling(To.SEEING),
    **dict.fromkeys(
        ("FundAwardRequested", "FundAwardApproved", "FundAwardDeclined", "FundAwardPaid"),
        Telling(To.SEEING, Category.FUNDS),
    ),
    "TransferOffered": Telling(To.SEEING),
    "TransferWithdrawn": Telling(To.SEEING),
    "CaseTransferredOut": Telling(To.SEEING),
    "ClockWarned": Telling(To.SEEING),
    "ClockBreached": Telling(To.SEEING),
    "CaseResumed": Telling(To.SEEING),
    "PlanAgreed": OF_PLAN,
    "PlanRevised": OF_PLAN,
    "GoalSet": OF_PLAN,
    "GoalScored": OF_PLAN,
    "GoalAchieved": OF_PLAN,
    "GoalAbandoned": OF_PLAN,
    "ReviewScheduled": OF_PLAN,
    "ReviewHeld": OF_PLAN,
    "ActionOffered": DONE,
    "ActionAccepted": DONE,
    "ActionDeclined": DONE,
    "ActionReassigned": DONE,
    "ActionProgressed": DONE,
    "ActionCompleted": DONE,
    "ActionNotPossible": DONE,
    "ActionNotUndertaken": DONE,
    "ActionCancelled": DONE,
    "ActionDueChanged": DONE,
    "NoteAdded": Telling(To.ADDRESSEES),
    "UnmetNeedRecorded": Telling(To.SEEING, Category.NEEDS),
    "UnmetNeedMet": Telling(To.SEEING, Category.NEEDS),
    "ClosureProposed": SPOKEN,
    "CaseClosed": MILESTONE,
    "CaseReopened": MILESTONE,
    "CaseVoided": MILESTONE,
    "EntryCorrected": Telling(To.ENTRY),
    "MeasureCorrected": Telling(To.ENTRY),
    "EntryWithdrawn": Telling(To.ENTRY),
    "EntryWithdrawalRequested": Telling(To.COORDINATING),
    "EntryWithdrawalRefused": Telling(To.COORDINATING),
    "VoidingRequested": Telling(To.COORDINATING),
    "VoidingRefused": Telling(To.COORDINATING),
    # Beside a case
    "RestrictedNoteAdded": BESIDE,
    "SafeguardingConcernRaised": BESIDE,
    "SafeguardingOutcomeRecorded": BESIDE,
    # A meeting
    "MeetingPlanned": PLANNED,
    "MeetingRescheduled": SEATING,
    "MeetingCancelled": SEATING,
    "MemberInvited": SEATING,
    "InvitationWithdrawn": SEATING,
    "AvailabilityDeclared": AT_MEETING,
    "AgendaDrafted": Telling(To.PREPARERS, changes=Changes.SEATS),
    "AgendaPublished": SEATING,
    "AgendaItemAdded": Telling(To.ITEM, changes=Changes.SEATS),
    "LateItemAdded": Telling(To.ITEM, changes=Changes.SEATS),
    "AgendaItemRemoved": Telling(To.ITEM, changes=Changes.SEATS),
    "AgendaItemMoved": OF_ITEM,
    "AgendaItemTimeboxChanged": OF_ITEM,
    "ItemPulledForDiscussion": OF_ITEM,
    "MeetingStarted": SEATING,
    "MeetingAdjourned": AT_MEETING,
    "MeetingResumed": AT_MEETING,
    "MeetingEnded": SEATING,
    "MinutesConfirmed": SEATING,
    "ChairHandedOver": SEATING,
    "AttendeeJoined": SEATING,
    "AttendeeLeft": SEATING,
    "ApologyReceived": AT_MEETING,
    "ConfidentialityAccepted": SEATING,
    "InterestDeclared": INTEREST,
    "InterestResolved": INTEREST,
    "ItemOpened": OF_ITEM,
    "ItemClosed": OF_ITEM,
    "ItemDeferred": OF_ITEM,
    "ItemNoted": OF_ITEM,
    "HandRaised": AT_TABLE,
    "HandLowered": AT_TABLE,
    "FloorGiven": AT_TABLE,
    "ItemUpdateRecorded": SPOKEN,
    "DecisionRecorded": SPOKEN,
    "GuestRecorded": SPOKEN,
    "ItemActionLinked": DONE,
    "MinutesAmended": SPOKEN,
    "InstantDiscussionHeld": Telling(To.SEEING, DISCUSSION, Changes.SEATS),
    # A person, a partner, a programme
    "PersonRegistered": Telling(To.SEEING, Category.IDENTITY),
    "IdentityCorrected": Telling(To.SEEING, Category.IDENTITY, Changes.PERSON),
    "ContactCorrected": Telling(To.SEEING, Category.CONTACT, Changes.PERSON),
    "ContactPreferenceSet": Telling(To.SEEING, Category.CONTACT, Changes.PERSON),
    "ProtectedAddressSet": Telling(To.SEEING, Category.RESTRICTED, Changes.PERSON),
    "PersonReferred": OF_PLACE,
    "MatchesLookedFor": OF_PLACE,
    "MergeRequested": Telling(To.NOBODY, changes=Changes.PERSON),
    "PersonsMerged": Telling(To.NOBODY, changes=Changes.PERSON),
    "MergeRefused": Telling(To.NOBODY, changes=Changes.PERSON),
    "MergeReversed": Telling(To.NOBODY, changes=Changes.PERSON),
    "ErasureRequested": Telling(To.NOBODY, changes=Changes.PERSON),
    "ErasureApproved": Telling(To.NOBODY, changes=Changes.PERSON),
    "ErasureStopped": Telling(To.NOBODY, changes=Changes.PERSON),
    "LegalHoldPlaced": Telling(To.NOBODY, changes=Changes.PERSON),
    "LegalHoldLifted": Telling(To.NOBODY, changes=Changes.PERSON),
    "SubjectAccessRequested": Telling(To.NOBODY, changes=Changes.PERSON),
    "SubjectAccessExtended": Telling(To.NOBODY, changes=Changes.PERSON),
    "SubjectAccessGiven": Telling(To.NOBODY, changes=Changes.PERSON),
    "SubjectAccessRefused": Telling(To.NOBODY, changes=Changes.PERSON),
    "RestrictionRequested": Telling(To.SEEING, changes=Changes.PERSON),
    "ProcessingRestricted": Telling(To.SEEING, changes=Changes.PERSON),
    "RestrictionRefused": Telling(To.SEEING, changes=Changes.PERSON),
    "RestrictionLifted": Telling(To.SEEING, changes=Changes.PERSON),
    "GroundNamed": Telling(To.SEEING, changes=Changes.PERSON),
    "GroundWithdrawn": Telling(To.SEEING, changes=Changes.PERSON),
    "RecipientTold": Telling(To.NOBODY),
    "PersonErased": Telling(To.NOBODY, changes=Changes.PERSON),
    "CaseErased": Telling(To.SEEING),
    "ContactErased": Telling(To.NOBODY),
    "PartnerRegistered": OF_PLACE,
    "AgreementSigned": AGENCY_RIGHTS,
    "AgreementTerminated": AGENCY_RIGHTS,
    "AgencyRunsProgramme": AGENCY_RIGHTS,
    "AgencyLeftProgramme": AGENCY_RIGHTS,
    "MemberEnrolled": AGENCY_RIGHTS,
    "MemberSuspended": AGENCY_RIGHTS,
    "MemberReinstated": AGENCY_RIGHTS,
    "ServiceAllowed": AGENCY_RIGHTS,
    "SubjectBound": AGENCY_RIGHTS,
    "SubjectUnbound": AGENCY_RIGHTS,
    "CalendarRenewed": OF_PLACE,
    "RoleGiven": AGENCY_RIGHTS,
    "RoleEnded": AGENCY_RIGHTS,
    "TagGiven": AGENCY_RIGHTS,
    "TagEnded": AGENCY_RIGHTS,
    "ProgrammeActivated": OF_PLACE,
    "ProgrammeSuspended": OF_PLACE,
    "ProgrammeResumed": OF_PLACE,
    # A contact: nothing of it is a case's, until it leads to one
    "ContactReceived": OF_PLACE,
    "ContactTriaged": OF_PLACE,
    "ContactResolved": OF_PLACE,
    "ContactConvertedToReferral": OF_PLACE,
    "ContactRepeatLinked": OF_PLACE,
    # What was opened in an emergency: a list of its own tells it
    "BreakGlassOpened": Telling(To.NOBODY, changes=Changes.GLASS),
    "BreakGlassEnded": Telling(To.NOBODY, changes=Changes.GLASS),
    "BreakGlassReviewed": Telling(To.NOBODY, changes=Changes.GLASS),
    # Registers
    "DayTaken": OF_PLACE,
    "NumberReferred": OF_PLACE,
    "CaseTakenOn": OF_PLACE,
    "ContactTaken": OF_PLACE,
}


@cache
def event_of(name: str) -> Fact:
    return sample(streams.EVENTS[name]).event


def test_every_event_of_every_stream_tells_what_the_table_says():
    assert {name: telling(event_of(name)) for name in streams.EVENTS} == TABLE


class SafeguardingReviewHeld(Fact, frozen=True):
    """Made up: nobody has said what it tells."""

    item: UUID = uid(50)
    category: Category = Category.PLAN


FULL = Sight(EVERYTHING, RedactionReason.ROLE, "snn", everything=True)
ORGANISER = Sight(CANDIDACY | {Category.IDENTITY}, RedactionReason.ROLE, "snn")
REFERRER = Sight(frozenset(), RedactionReason.NOT_INVOLVED, "gp-1")
RECUSED = Sight(frozenset(), RedactionReason.RECUSED, "snn")


def partner(*categories: Category, agency: str = "housing-1") -> Sight:
    """Of an agency that has a part in the case."""
    return Sight(frozenset(categories), RedactionReason.NO_DISCLOSURE, agency, part=True)


def case_of(*events: Any) -> Case:
    state: Case | None = None
    for event in events:
        state = evolve(state, event)
    assert state is not None
    return state


OF_CASE = case_of(*OFFERED)
LATER = datetime(2100, 1, 1, tzinfo=UTC)
EVERYBODY = (FULL, ORGANISER, REFERRER, RECUSED, partner(PLAN), partner(*EVERYTHING))


@pytest.mark.parametrize("seen", EVERYBODY)
def test_a_fact_that_nobody_has_thought_about_is_told_to_nobody(seen: Sight):
    made_up = SafeguardingReviewHeld()
    assert telling(made_up) == UNKNOWN
    assert told(seen, OF_CASE, made_up, LATER) is Told.UNTOLD
    for prepares in (True, False):
        assert told_at_meeting(seen, OF_CASE, made_up, LATER, prepares=prepares) is Told.UNTOLD
        assert told_at_meeting(None, None, made_up, LATER, prepares=prepares) is Told.UNTOLD
    assert told_withheld(made_up) is Told.UNTOLD


class SafeguardingPlanAgreed(PlanAgreed, frozen=True):
    """Made up: what it derives from is told to whoever sees the plan."""


def test_what_an_event_tells_goes_for_no_other_that_derives_from_it():
    agreed_on = event_of("PlanAgreed")
    assert isinstance(agreed_on, PlanAgreed)
    derived = SafeguardingPlanAgreed(**{name: getattr(agreed_on, name) for name in agreed_on.__struct_fields__})
    assert told(partner(PLAN), OF_CASE, agreed_on, LATER) is Told.SHOWN
    assert told(partner(PLAN), OF_CASE, derived, LATER) is Told.UNTOLD


def shown(seen: Sight | None, event: Fact, case: Case = OF_CASE) -> bool:
    answer = told(seen, case, event, LATER)
    assert answer is not Told.HIDDEN, "of a case not even the number of hidden facts is told"
    return answer is Told.SHOWN


def test_who_may_not_know_of_a_fact_is_not_told_that_there_was_one():
    police = partner(Category.IDENTITY, agency="police-1")
    for name in ("ActionOffered", "MeetingDecisionRecorded", "CaseDiscussed", "MeetingProposed", "PlanAgreed"):
        assert told(police, OF_CASE, event_of(name), LATER) is Told.UNTOLD
    assert shown(police, event_of("CaseClosed"))
    assert not any(shown(None, event_of(name)) for name in streams.EVENTS)
    assert not any(shown(RECUSED, event_of(name)) for name in streams.EVENTS)


def test_an_agency_hears_of_the_actions_it_owns_and_of_those_it_owned():
    housing, police = partner(PLAN), partner(PLAN, agency="police-1")
    done = ActionCompleted(uid(30), "done", date(2026, 3, 12))
    moved = ActionReassigned(uid(30), "fire-1", "housing-1")
    for event in (OFFERED[-1], done, moved):
        assert shown(housing, event)
        assert not shown(police, event)
        assert shown(replace(police, categories=frozenset({ACTIONS})), event)
    # One whose part has ended, and who referred the person, is told of none.
    assert not shown(Sight(frozenset(), RedactionReason.NOT_INVOLVED, "housing-1"), done)


def test_a_disclosure_is_told_to_its_agency_and_to_those_who_see_what_others_are_told():
    made = DisclosureAuthorised(uid(11), "police-1", frozenset({PLAN}), CONSENT, TEXT)
    ended = DisclosureEnded(uid(10))
    assert [shown(seen, made) for seen in (FULL, ORGANISER, partner(PLAN), partner(PLAN, agency="police-1"))] == [
        *(True, True, False, True)
    ]
    assert [shown(seen, ended) for seen in (ORGANISER, partner(PLAN), partner(PLAN, agency="police-1"))] == [
        *(True, True, False)
    ]
    objection = ObjectionRecorded(Objection(uid(12), frozenset({PLAN})))
    assert [shown(seen, objection) for seen in (FULL, ORGANISER, partner(PLAN))] == [True, True, False]


def note(category: Category, *audience: str, by: str = "snn") -> NoteAdded:
    return NoteAdded(uid(60), category, TEXT, Worker("u", by), frozenset(audience))


def test_a_note_is_told_to_those_who_see_its_category_and_are_addressed():
    housing = partner(PLAN)
    assert shown(housing, note(PLAN))
    assert shown(housing, note(PLAN, "housing-1"))
    assert not shown(housing, note(PLAN, "police-1"))
    assert not shown(housing, note(DISCUSSION))
    assert shown(housing, note(DISCUSSION, by="housing-1"))
    assert shown(FULL, note(Category.RESTRICTED, "police-1"))
    for seen in (ORGANISER, housing, REFERRER):
        assert not shown(seen, note(Category.RESTRICTED))


def test_who_referred_hears_what_became_of_it_and_of_no_other_door():
    other = ReferralAttached(replace(received.referral, referrer_agency="surgery-9"))
    own = ReferralAttached(replace(received.referral, referrer_agency="gp-1"))
    heard = {name for name in streams.EVENTS if shown(REFERRER, event_of(name))}
    ends = {"CaseClosed", "CaseReopened", "CaseVoided"}
    assert heard == {"ReferralAccepted", "ReferralDeclined", "ReferralRedirected"} | ends
    assert shown(REFERRER, own)
    assert not shown(REFERRER, other)
    assert shown(partner(PLAN), other)
    since = OF_CASE.referred_by("gp-1")
    assert since is not None
    accepted = event_of("ReferralAccepted")
    assert told(REFERRER, OF_CASE, accepted, since) is Told.SHOWN
    assert told(REFERRER, OF_CASE, accepted, since - timedelta(seconds=1)) is Told.UNTOLD


def test_at_a_meeting_each_hears_what_the_case_tells_them():
    police = partner(Category.IDENTITY, agency="police-1")
    decided, linked = event_of("DecisionRecorded"), ItemActionLinked(uid(50), uid(30), "police-1", CASE)
    assert isinstance(decided, DecisionRecorded)
    for prepares in (True, False):
        assert told_at_meeting(police, OF_CASE, decided, LATER, prepares=prepares) is Told.UNTOLD
        assert told_at_meeting(police, OF_CASE, linked, LATER, prepares=prepares) is Told.SHOWN
        assert told_at_meeting(partner(PLAN), OF_CASE, linked, LATER, prepares=prepares) is Told.UNTOLD
        assert told_at_meeting(ORGANISER, OF_CASE, decided, LATER, prepares=prepares) is Told.SHOWN
        # A general matter has nothing to hide.
        assert told_at_meeting(None, None, decided, LATER, prepares=prepares) is Told.SHOWN
    for kind in (AgendaDrafted, InterestDeclared):
        event = event_of(kind.__name__)
        assert told_at_meeting(partner(*EVERYTHING), OF_CASE, event, LATER, prepares=False) is Told.UNTOLD
        assert told_at_meeting(ORGANISER, OF_CASE, event, LATER, prepares=True) is Told.SHOWN


def test_who_asks_to_speak_is_told_to_whoever_sees_the_item_whatever_else_of_the_case():
    for name in ("HandRaised", "HandLowered", "FloorGiven"):
        event = event_of(name)
        assert told_at_meeting(partner(PLAN), OF_CASE, event, LATER, prepares=False) is Told.SHOWN
        assert told(partner(*EVERYTHING), OF_CASE, event, LATER) is Told.UNTOLD
        assert told_withheld(event) is Told.UNTOLD


def test_of_a_withheld_item_only_what_all_see_of_it_is_heard():
    heard = {name for name in streams.EVENTS if told_withheld(event_of(name)) is Told.HIDDEN}
    assert heard == {name for name, rule in TABLE.items() if rule.to is To.ITEM}
    assert not any(told_withheld(event_of(name)) is Told.SHOWN for name in streams.EVENTS)
    assert isinstance(event_of("ItemOpened"), ItemOpened)


# What an agenda tells

CODES: dict[ReasonCode, set[Category]] = {
    ReasonCode.URGENT: {DISCUSSION},
    ReasonCode.SAFEGUARDING_FOLLOW_UP: {Category.RESTRICTED},
    ReasonCode.CARRIED: {DISCUSSION},
    ReasonCode.ACTION_OVERDUE: {ACTIONS},
    ReasonCode.ACTION_DECLINED: {ACTIONS},
    ReasonCode.NEW: {PLAN, DISCUSSION},
    ReasonCode.REVIEW_DUE: {PLAN},
    ReasonCode.CLOCK_WARNED: set(),
    ReasonCode.CLOCK_BREACHED: set(),
    ReasonCode.NO_ACTIVITY: {Category.NEEDS, PLAN, DISCUSSION, ACTIONS},
    ReasonCode.MAX_SUPPORT: {PLAN},
    ReasonCode.CLOSURE_PROPOSED: {DISCUSSION},
    ReasonCode.PARTNER_QUESTION: {DISCUSSION},
    ReasonCode.UNMET_NEED: {Category.NEEDS},
}


BY_AGREEMENT = AppearanceBasis.AGREEMENT


def because(code: ReasonCode, fact: str | None = None, *, must: bool = False) -> Reason:
    return Reason(code, Section.NEW, f"Because of {code} {fact or ''}.", must, fact=fact)


def test_every_reason_and_warning_stands_under_what_it_was_worked_out_from():
    assert {code: set(rests_on(because(code))) for code in ReasonCode} == CODES
    for code in (ReasonCode.NEW, ReasonCode.REVIEW_DUE, ReasonCode.NO_ACTIVITY, ReasonCode.MAX_SUPPORT):
        assert rests_on(because(code, "the id of a proposal")) == {DISCUSSION}
    assert {code: set(warned_of(code)) for code in WarningCode if warned_of(code)} == {
        WarningCode.PARTNER_WINDOW: {DISCUSSION, ACTIONS},
        WarningCode.AFTER_CUT_OFF: {DISCUSSION},
        WarningCode.LEFT_OUT: {DISCUSSION},
        WarningCode.SAFEGUARDING_CONCERN: {Category.RESTRICTED},
    }


def item(*reasons: Reason, case: UUID = CASE, number: int = 50) -> Item:
    sentence = f"{' '.join(reason.text for reason in reasons)} Placed first."
    return Item(uid(number), Section.NEW, 1, 5, Origin.DRAFTED, case, reasons=reasons, explanation=sentence)


def test_an_agency_is_told_that_its_own_action_is_overdue_and_not_that_anothers_is():
    mine, others = because(ReasonCode.ACTION_OVERDUE, str(uid(30))), because(ReasonCode.ACTION_OVERDUE, str(uid(31)))
    seen = agreed(partner(PLAN), OF_CASE, prepares=False)
    assert seen.reasons((mine, others)) == (mine,)
    sentence = explained(seen, item(mine, others), lambda: 2)
    assert mine.text in sentence
    assert others.text not in sentence
    assert sentence.endswith("Placed 2nd in New.")


def test_whoever_prepares_is_told_of_every_case_put_forward_save_what_is_restricted():
    every = tuple(because(code) for code in ReasonCode)
    for seen in (None, ORGANISER, Sight(frozenset(), RedactionReason.ROLE, "snn")):
        heard = {reason.code for reason in agreed(seen, None, prepares=True).reasons(every)}
        assert heard == set(ReasonCode) - {ReasonCode.SAFEGUARDING_FOLLOW_UP}
    assert agreed(FULL, OF_CASE, prepares=True).reasons(every) == every
    clocks = {ReasonCode.CLOCK_WARNED, ReasonCode.CLOCK_BREACHED}
    assert {r.code for r in agreed(partner(Category.IDENTITY), OF_CASE, prepares=False).reasons(every)} == clocks


def test_a_must_is_told_where_its_reason_is():
    review, safe = because(ReasonCode.REVIEW_DUE, must=True), because(ReasonCode.SAFEGUARDING_FOLLOW_UP, must=True)
    few, plan = agreed(partner(Category.IDENTITY), None, prepares=False), agreed(partner(PLAN), None, prepares=False)
    assert must_told(plan, True, [review]) is True
    assert must_told(few, True, [review]) is None
    assert must_told(few, False, []) is None
    organiser = agreed(ORGANISER, None, prepares=True)
    # What may not be spoken of makes no must either: otherwise that would speak of it.
    assert must_told(organiser, True, [safe]) is must_told(organiser, False, []) is False
    assert must_told(agreed(FULL, None, prepares=True), True, [safe]) is True


def test_a_warning_is_worked_out_from_the_reasons_that_are_told():
    review, safe = because(ReasonCode.REVIEW_DUE), because(ReasonCode.SAFEGUARDING_FOLLOW_UP)
    warning = AgendaWarning(
        WarningCode.NOT_READY, "Both.", CASE, "0000", missing=(Missing.BASIS,), reasons=(review, safe)
    )
    organiser = agreed(ORGANISER, None, prepares=True)
    shown_to = warning_told(organiser, warning)
    assert shown_to is not None
    assert (shown_to.reasons, review.text in shown_to.explanation) == ((review,), True)
    assert safe.text not in shown_to.explanation
    assert warning_told(organiser, replace(warning, reasons=(safe,))) is None
    assert warning_told(agreed(FULL, None, prepares=True), warning) is warning


def test_the_history_of_a_meeting_has_nothing_of_the_cases_that_are_withheld():
    kept, other = item(because(ReasonCode.NEW)), item(because(ReasonCode.NEW), case=uid(7), number=57)
    drafted = [
        DraftedItem(
            each.item, each.case or CASE, str(each.case), Section.NEW, 1, 5, False, each.reasons, "x", "p", BY_AGREEMENT
        )
        for each in (kept, other)
    ]
    event = AgendaDrafted(1, "v1", tuple(drafted), (), (AgendaWarning(WarningCode.NOT_READY, "x", uid(7), "0007"),))
    meeting = Meeting(uid(9), "snn-catch", "weekly", NOW, 60, Mode.HYBRID, "carl")
    drafted_then = evolve_meeting(meeting, event, NOW) or meeting
    meeting = replace(drafted_then, interests=(Interest(other.item, "aunt", "snn", InterestAction.RECUSED),))
    meeting = replace(meeting, hands=(Hand(other.item, "hana", "housing-1", NOW),))
    read = meeting_told(meeting, frozenset({uid(7)}), lambda _: agreed(FULL, None, prepares=True))
    assert str(uid(7)) not in str(read)
    assert str(CASE) in str(read)
    assert (read.interests, read.hands) == ((), ())
    assert meeting_told(meeting, frozenset(), lambda _: agreed(FULL, None, prepares=True)) == meeting


# Whatever comes: no fact of a category that is closed is told, by the case or by the meeting

SIGHTS = st.builds(
    Sight,
    st.frozensets(st.sampled_from(sorted(Category))),
    st.sampled_from([RedactionReason.ROLE, RedactionReason.NO_DISCLOSURE]),
    st.sampled_from(["housing-1", "police-1", "gp-1"]),
)
CATEGORISED = sorted(name for name, rule in TABLE.items() if rule.to is To.SEEING and rule.category)
Asked = Callable[[Sight, Fact], Told]


def leaks(asked: Asked, seen: Sight) -> Iterable[str]:
    for name in CATEGORISED:
        category = TABLE[name].category
        if asked(seen, event_of(name)) is not Told.UNTOLD and category not in seen.categories:
            yield name


def of_case(seen: Sight, event: Fact) -> Told:
    return told(seen, OF_CASE, event, LATER)


def of_meeting(seen: Sight, event: Fact) -> Told:
    return told_at_meeting(seen, OF_CASE, event, LATER, prepares=False)


@pytest.mark.parametrize("asked", [of_case, of_meeting])
@settings(max_examples=200, deadline=None)
@given(seen=SIGHTS)
def test_no_fact_is_told_whose_category_is_closed(asked: Asked, seen: Sight):
    assert [*leaks(asked, seen)] == []


def as_it_was(seen: Sight, event: Fact) -> Told:
    """What had no entry in the list of categories was shown to everybody who saw anything, and counted for the rest."""
    under = DISCUSSION if isinstance(event, MeetingDecisionRecorded) else None
    return Told.SHOWN if seen.categories and (under is None or under in seen.categories) else Told.HIDDEN


def test_control_the_former_rule_is_caught():
    assert {*leaks(as_it_was, partner(Category.HEALTH))} >= {"ClosureProposed", "SupportAgreed", "DecisionRecorded"}
    assert {*leaks(as_it_was, REFERRER)} == set(CATEGORISED)
