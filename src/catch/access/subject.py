"""What of a fact is given to the person whom it is about, when they ask for all that is kept of them.

They are given everything (article 15 of the UK GDPR), but for what tells of somebody else (schedule 2, part 3, of the
Data Protection Act 2018) and for what may do serious harm to them or to others (schedule 3). Which that is a person
decides, text by text: here stands what they need not look at, and what is left out until they have.

`GIVEN` names the texts of every fact that are given. A fact or a text that nobody has thought about is left out.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cache
from typing import Annotated, Any, NamedTuple, cast, get_args, get_origin, get_type_hints

from msgspec import Struct

from catch.access.telling import telling
from catch.domain import access_grant, contact, erasing, merging, person, processing, restricted, subject_access
from catch.domain.case import (
    actions,
    agreement,
    closing,
    coordination,
    correcting,
    deadlines,
    disclosure,
    eligibility,
    funds,
    goals,
    household,
    information,
    interventions,
    measures,
    milestones,
    notes,
    pauses,
    plan,
    proposals,
    recusal,
    referral,
    reviews,
    risks,
    transfers,
    versions,
    voiding,
)
from catch.domain.case import telling as told
from catch.domain.case.state import CommonLawBasis, LegalBasis, SpecialCategoryBasis
from catch.domain.facts import Category, Fact, Sealed
from catch.domain.meeting import adding, amending, attendance, deciding, drafting, editing, floor, instant, speaking
from catch.domain.meeting.listing import AppearanceBasis, ReasonCode
from catch.domain.plain import Form


class Withheld(StrEnum):
    """Why something is left out of what a person is given."""

    ABOUT_OTHERS = "about-others"
    """It tells, or may tell, of somebody else."""
    MAY_HARM = "may-harm"
    """It may do serious harm: what is restricted, a risk, what is kept for a court."""
    UNDECIDED = "undecided"
    """Nobody has said yet whether it may be given."""
    DECIDED = "decided"
    """Somebody has looked, and said that it is not."""


_DESCRIBED = tuple(f"described.{name}" for name in ("name", "date_of_birth", "nhs_number", "phone", "address"))
_REFERRAL = (
    "referral.reason",
    "referral.agreement.evidence",
    "referral.safe_contact.how",
    "referral.safe_contact.not_when",
    "referral.reference",
    *(f"referral.{path}" for path in _DESCRIBED),
)
_PLAN = ("what_matters", "strengths", "contingency", "how_agreed", "no_goals_reason")
_UPDATE = ("situation", "action_to_date", "update", "next_steps")
_REASON = ("reason",)
_NOTHING: tuple[str, ...] = ()

GIVEN: Mapping[type[Fact], tuple[str, ...]] = {
    referral.ReferralReceived: _REFERRAL,
    referral.ReferralAttached: _REFERRAL,
    eligibility.ReferralAccepted: ("criteria.fact", "override_reason"),
    eligibility.ReferralDeclined: ("criteria.fact", "explanation"),
    eligibility.ReferralRedirected: ("criteria.fact",),
    coordination.CoordinatorAllocated: ("reason", "handover_note"),
    coordination.CoordinatorChanged: ("reason", "handover_note"),
    coordination.ConversationHeld: ("what_matters", "strengths", "communication_needs"),
    coordination.ConversationAttempted: _NOTHING,
    agreement.SafeContactConfirmed: ("safe_contact.how", "safe_contact.not_when"),
    agreement.SupportAgreed: ("evidence",),
    agreement.SupportDeclinedByPerson: _REASON,
    agreement.AgreementWithdrawn: _REASON,
    agreement.ObjectionRecorded: ("ground",),
    disclosure.DisclosureAuthorised: ("necessity",),
    disclosure.DisclosureEnded: _REASON,
    disclosure.PartnerInvolved: _NOTHING,
    disclosure.PartnerInvolvementEnded: _REASON,
    proposals.MeetingProposed: ("question",),
    proposals.ProposalWithdrawn: _REASON,
    proposals.CaseDiscussed: tuple(f"discussion.{name}" for name in _UPDATE),
    proposals.MeetingDecisionRecorded: ("decision.text", "decision.dissent.text"),
    proposals.DiscussionAmended: ("amendment.text",),
    plan.PlanAgreed: _PLAN,
    plan.PlanRevised: _PLAN,
    goals.GoalSet: ("goal.text",),
    goals.GoalScored: _NOTHING,
    goals.GoalAchieved: _NOTHING,
    goals.GoalAbandoned: _REASON,
    measures.MeasureRecorded: ("reference",),
    measures.MeasureDeclined: _REASON,
    measures.MeasureMissed: _REASON,
    milestones.MilestoneReached: _NOTHING,
    deadlines.ClockWarned: _NOTHING,
    deadlines.ClockBreached: _NOTHING,
    versions.ProgrammeVersionChanged: _REASON,
    funds.FundAwardRequested: ("purpose",),
    funds.FundAwardApproved: _NOTHING,
    funds.FundAwardDeclined: _REASON,
    funds.FundAwardPaid: _NOTHING,
    transfers.TransferOffered: _REASON,
    transfers.TransferWithdrawn: _REASON,
    transfers.CaseTransferredOut: _NOTHING,
    interventions.InterventionStarted: _NOTHING,
    interventions.InterventionEnded: _REASON,
    information.InformationRequested: ("what",),
    information.InformationReceived: ("text",),
    told.MessageBackSent: _NOTHING,
    told.MessageBackFailed: _REASON,
    told.MessageBackAcknowledged: _NOTHING,
    told.FeedbackReceived: ("text",),
    reviews.ReviewScheduled: _NOTHING,
    reviews.ReviewHeld: ("summary",),
    actions.ActionOffered: ("title",),
    actions.ActionAccepted: _REASON,
    actions.ActionDeclined: _REASON,
    actions.ActionReassigned: _REASON,
    actions.ActionProgressed: ("note",),
    actions.ActionCompleted: ("result",),
    actions.ActionNotPossible: _REASON,
    actions.ActionNotUndertaken: _REASON,
    actions.ActionCancelled: _REASON,
    actions.ActionDueChanged: _REASON,
    notes.NoteAdded: ("text",),
    notes.UnmetNeedRecorded: _NOTHING,
    notes.UnmetNeedMet: _NOTHING,
    pauses.CasePaused: ("explanation",),
    pauses.CaseResumed: _NOTHING,
    closing.ClosureProposed: ("summary",),
    closing.CaseClosed: ("summary", "ongoing_plan"),
    closing.CaseReopened: _REASON,
    closing.CaseErased: _NOTHING,
    correcting.EntryCorrected: ("text", "reason"),
    correcting.MeasureCorrected: _REASON,
    correcting.EntryWithdrawn: _NOTHING,
    voiding.VoidingRequested: _NOTHING,
    voiding.VoidingRefused: _NOTHING,
    voiding.CaseVoided: _NOTHING,
    # At meetings, of an item about a case of theirs.
    adding.AgendaItemAdded: _REASON,
    adding.LateItemAdded: ("urgency",),
    editing.AgendaItemRemoved: _REASON,
    editing.AgendaItemMoved: _REASON,
    editing.AgendaItemTimeboxChanged: _REASON,
    editing.ItemPulledForDiscussion: _REASON,
    drafting.AgendaDrafted: _NOTHING,
    drafting.AgendaPublished: _NOTHING,
    floor.ItemOpened: ("override_reason",),
    floor.ItemClosed: _NOTHING,
    floor.ItemDeferred: ("note",),
    floor.ItemNoted: _NOTHING,
    deciding.ItemUpdateRecorded: _UPDATE,
    deciding.DecisionRecorded: ("text", "dissent.text"),
    deciding.ItemActionLinked: _NOTHING,
    deciding.GuestRecorded: _NOTHING,
    amending.MinutesAmended: ("text",),
    instant.InstantDiscussionHeld: _UPDATE,
    speaking.HandRaised: _NOTHING,
    speaking.HandLowered: _NOTHING,
    speaking.FloorGiven: _NOTHING,
    # Of themselves.
    person.PersonRegistered: ("name", "date_of_birth", "address", "phone", "nhs_number", "communication_needs"),
    person.ContactPreferenceSet: ("safe_times", "never"),
    person.ProtectedAddressSet: _NOTHING,
    person.IdentityCorrected: ("reason", "name", "date_of_birth", "nhs_number", "communication_needs"),
    person.ContactCorrected: ("reason", "phone", "address"),
    person.PersonDeceased: _NOTHING,
    person.DeathWithdrawn: _REASON,
    person.PersonReferred: _NOTHING,
    person.MatchesLookedFor: _NOTHING,
    erasing.ErasureRequested: _NOTHING,
    erasing.ErasureApproved: _NOTHING,
    erasing.ErasureStopped: _NOTHING,
    erasing.PersonErased: _NOTHING,
    subject_access.SubjectAccessRequested: _NOTHING,
    subject_access.SubjectAccessExtended: _NOTHING,
    subject_access.SubjectAccessGiven: _NOTHING,
    subject_access.SubjectAccessRefused: _NOTHING,
    processing.RestrictionRequested: _NOTHING,
    processing.ProcessingRestricted: _NOTHING,
    processing.RestrictionRefused: _NOTHING,
    processing.RestrictionLifted: _NOTHING,
    processing.GroundNamed: _NOTHING,
    processing.GroundWithdrawn: _NOTHING,
    processing.RecipientTold: _NOTHING,
    # At front doors.
    contact.ContactReceived: ("text", *_DESCRIBED),
    contact.ContactTriaged: ("note",),
    contact.ContactResolved: ("text",),
    contact.ContactConvertedToReferral: _NOTHING,
    contact.ContactRepeatLinked: _NOTHING,
    contact.ContactErased: _NOTHING,
}
"""The texts of each fact that a person is given without anybody having to look at them first."""

OTHERS = (
    # What keeps a worker out of a case is about the worker, and often about a relation of theirs.
    recusal.RecusalDeclared,
    recusal.RecusalResolved,
    attendance.InterestDeclared,
    attendance.InterestResolved,
    household.RelationLinked,
    household.RelationEnded,
    # What is withdrawn may have been said of another person.
    correcting.EntryWithdrawalRequested,
    correcting.EntryWithdrawalRefused,
    # Whoever they are, or are not, the same as.
    merging.MergeRequested,
    merging.MergeRefused,
    merging.MergeReversed,
    merging.PersonsMerged,
)
"""Facts that are left out whole: they tell of somebody else."""

HARM = (
    restricted.RestrictedNoteAdded,
    restricted.SafeguardingConcernRaised,
    restricted.SafeguardingOutcomeRecorded,
    risks.RiskRecorded,
    risks.RiskReviewed,
    told.CaseEscalated,
    # Who read their case in an emergency, which may have been about what they do to others.
    access_grant.BreakGlassOpened,
    access_grant.BreakGlassEnded,
    access_grant.BreakGlassReviewed,
    # That a court or a review waits for it.
    erasing.LegalHoldPlaced,
    erasing.LegalHoldLifted,
)
"""Facts that are left out whole until somebody has decided that they do no harm."""

TEXTS_OF_OTHERS: Mapping[type[Fact], tuple[str, ...]] = {
    referral.ReferralReceived: ("referral.unverified_organisation",),
    referral.ReferralAttached: ("referral.unverified_organisation",),
    disclosure.PartnerInvolved: ("contact",),
    information.InformationRequested: ("whom",),
    funds.FundAwardRequested: ("payee",),
    voiding.VoidingRequested: ("explanation",),
    voiding.VoidingRefused: ("reason",),
    deciding.GuestRecorded: ("name",),
    contact.ContactReceived: ("caller",),
}
"""Texts that name somebody else, or are there to speak of them."""

TEXTS_OF_HARM: Mapping[type[Fact], tuple[str, ...]] = {
    # Why they were not told has its reasons.
    proposals.MeetingProposed: ("not_informed_reason",),
    proposals.MeetingDecisionRecorded: ("decision.not_told_reason",),
    deciding.DecisionRecorded: ("not_told_reason",),
}
"""Texts that are left out until somebody has decided that they do no harm."""

DANGER = frozenset(
    {
        Category.RESTRICTED,
        AppearanceBasis.SAFEGUARDING,
        AppearanceBasis.VITAL_INTEREST,
        ReasonCode.SAFEGUARDING_FOLLOW_UP,
        LegalBasis.VITAL_INTERESTS,
        SpecialCategoryBasis.VITAL_INTERESTS,
        SpecialCategoryBasis.SUBSTANTIAL_PUBLIC_INTEREST,
        CommonLawBasis.OVERRIDING_PUBLIC_INTEREST,
    }
)
"""Codes that tell of a danger wherever they stand."""

UNGIVEN = frozenset({Form.USER, Form.FORMER})
"""Plain strings that are left out: who of an agency's people it was, and what nothing shows any more."""
NUMBERS = frozenset({"number", "programme"})
"""What the program has made and a person can use; hashes by which they are found are not among them."""


class Piece(NamedTuple):
    """One value of a fact, and why it is left out, if so. A text is still sealed."""

    path: str
    value: object
    text: bool
    withheld: Withheld | None


def withheld(event: Fact) -> Withheld | None:
    """Why nothing of the fact is given, if so."""
    category = telling(event).category
    if isinstance(event, notes.NoteAdded):
        category = event.category
    elif isinstance(event, correcting.OF_AN_ENTRY):
        category = event.entry.category
    if isinstance(event, HARM) or category in (Category.RESTRICTED, Category.RISK):
        return Withheld.MAY_HARM
    if isinstance(event, disclosure.DisclosureAuthorised) and event.basis.overrides_objection:
        # To whom somebody was named because of a danger.
        return Withheld.MAY_HARM
    if isinstance(event, OTHERS) or category is Category.THIRD_PARTY:
        return Withheld.ABOUT_OTHERS
    return None if type(event) in GIVEN else Withheld.UNDECIDED


def pieces(event: Fact, part: Struct | None = None, *, shared: bool = False, mistaken: bool = False) -> Iterator[Piece]:
    """Everything that a fact says, but for ids and workers' names; or of one `part` of it, where the rest is about
    others. `shared`: it was said of several people, so that each of its texts has to be looked at; `mistaken`: of
    somebody else.
    """
    whole = Withheld.ABOUT_OTHERS if mistaken else withheld(event)
    given = () if shared else GIVEN.get(type(event), ())
    others = TEXTS_OF_OTHERS.get(type(event), ())
    for path, value, text in _values(event if part is None else part, ""):
        why = whole
        if why is None and text and path not in given:
            why = Withheld.ABOUT_OTHERS if path in others else Withheld.UNDECIDED
            why = Withheld.MAY_HARM if path in TEXTS_OF_HARM.get(type(event), ()) else why
        if isinstance(value, Enum) and value in DANGER:
            why = Withheld.MAY_HARM
        yield Piece(path, value, text, why)


def _values(value: Struct, path: str) -> Iterator[tuple[str, object, bool]]:
    for name, hint in _hints(type(value)).items():
        yield from _of_hint(getattr(value, name), hint, f"{path}.{name}" if path else name)


@cache
def _hints(cls: type[Struct]) -> Mapping[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {name: hints[name] for name in cls.__struct_fields__}


def _of_hint(value: object, hint: Any, path: str) -> Iterator[tuple[str, object, bool]]:
    """A value by what its type says it is: a sealed text and a code are both strings."""
    if value is None:
        return
    if isinstance(value, Struct):
        yield from _values(value, path)
    elif isinstance(value, tuple | frozenset):
        inner, held = _inner(hint), cast("tuple[object, ...] | frozenset[object]", value)
        for each in held if isinstance(held, tuple) else sorted(held, key=str):
            yield from _of_hint(each, inner, path)
    elif isinstance(value, str) and not isinstance(value, Enum):
        leaves = _leaves(hint)
        if Sealed in leaves:
            yield path, value, True
        elif not leaves & UNGIVEN and (Form.MADE not in leaves or path.rpartition(".")[2] in NUMBERS):
            yield path, value, False
    elif isinstance(value, bool | int | float | date | datetime | Enum):
        yield path, value, False


@cache
def _inner(hint: Any) -> Any:
    """What is said of the parts of a list, however it is wrapped."""
    if get_origin(hint) is Annotated:
        return _inner(get_args(hint)[0])
    args = [arg for arg in get_args(hint) if arg not in (type(None), Ellipsis)]
    return _inner(args[0]) if get_origin(hint) not in (tuple, frozenset) and args else (args[0] if args else hint)


@cache
def _leaves(hint: Any) -> frozenset[Any]:
    """The forms and the sealed text that a type may hold."""
    if hint is Sealed:
        return frozenset({Sealed})
    found = {extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Form)}
    return frozenset(found).union(*(_leaves(arg) for arg in get_args(hint) if not isinstance(arg, Form)))
