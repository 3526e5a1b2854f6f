"""What a fact tells, and to whom: one exhaustive function over every event of every stream.

`telling` says it of a fact as such: its category of information or its rule, and whose rights it changes. `learning`
beside it asks it for one viewer. Queries, subscriptions, trails and inboxes ask that and decide nothing.

To add an event, name it in the `match` of its stream below. Until then it does not type-check; if it runs all the
same, it is told to nobody. A new stream gets a function of its own, named in `_OF`: until then nothing starts.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, assert_never, get_type_hints

from catch.domain.access_grant import AccessGrantEvent, BreakGlassEnded, BreakGlassOpened, BreakGlassReviewed
from catch.domain.case import (
    CaseEvent,
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
from catch.domain.contact import (
    ContactConvertedToReferral,
    ContactErased,
    ContactEvent,
    ContactReceived,
    ContactRepeatLinked,
    ContactResolved,
    ContactTriaged,
)
from catch.domain.erasing import (
    ErasureApproved,
    ErasureRequested,
    ErasureStopped,
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonErased,
)
from catch.domain.facts import Category, Part
from catch.domain.meeting import (
    MeetingEvent,
    adding,
    amending,
    attendance,
    deciding,
    drafting,
    editing,
    floor,
    instant,
    invitations,
    planning,
    session,
    speaking,
)
from catch.domain.merging import MergeRefused, MergeRequested, MergeReversed, PersonsMerged
from catch.domain.partner import (
    AgencyLeftProgramme,
    AgencyRunsProgramme,
    AgreementSigned,
    AgreementTerminated,
    CalendarRenewed,
    MemberEnrolled,
    MemberReinstated,
    MemberSuspended,
    PartnerEvent,
    PartnerRegistered,
    RoleEnded,
    RoleGiven,
    ServiceAllowed,
    SubjectBound,
    SubjectUnbound,
    TagEnded,
    TagGiven,
)
from catch.domain.person import (
    ContactCorrected,
    ContactPreferenceSet,
    DeathWithdrawn,
    IdentityCorrected,
    MatchesLookedFor,
    PersonDeceased,
    PersonEvent,
    PersonReferred,
    PersonRegistered,
    ProtectedAddressSet,
)
from catch.domain.processing import (
    GroundNamed,
    GroundWithdrawn,
    ProcessingRestricted,
    RecipientTold,
    RestrictionLifted,
    RestrictionRefused,
    RestrictionRequested,
)
from catch.domain.programme import ProgrammeActivated, ProgrammeEvent, ProgrammeResumed, ProgrammeSuspended
from catch.domain.registers import CaseTakenOn, ContactTaken, DayTaken, NumberReferred, RegisterEvent
from catch.domain.restricted import (
    RestrictedEvent,
    RestrictedNoteAdded,
    SafeguardingConcernRaised,
    SafeguardingOutcomeRecorded,
)
from catch.domain.streams import EVENTS
from catch.domain.subject import kinds
from catch.domain.subject_access import (
    SubjectAccessExtended,
    SubjectAccessGiven,
    SubjectAccessRefused,
    SubjectAccessRequested,
)


class To(StrEnum):
    """To whom a fact is told."""

    SEEING = "seeing"
    """Those who see its category; without one, those to whom anything of the case is told."""
    OWNER = "owner"
    """The same, and the agency that owns the action."""
    ADDRESSEES = "addressees"
    """Those who see the note's own category and to whom it is addressed, and its author's agency."""
    ENTRY = "entry"
    """Those who may know of the entry that it is about."""
    COORDINATING = "coordinating"
    """Those who coordinate the case."""
    TAGGED = "tagged"
    """Those who were given the tag of this kind of restricted information."""
    OTHERS = "others"
    """Those who see what is told to others."""
    AGENCY = "agency"
    """The same, and the agency it is about."""
    MEETING = "meeting"
    """Whoever may follow the meeting."""
    PREPARERS = "preparers"
    """Those who prepare the meeting."""
    ITEM = "item"
    """Those who see the item; of a withheld one it changes what all see of it: its place, its minutes, its state."""
    TABLE = "table"
    """Those who see the item, and nobody else: of a withheld one not even that there was something."""
    RECUSED = "recused"
    """Those who prepare the meeting and see the item, and whoever has the interest."""
    NOBODY = "nobody"
    """No channel of a case or a meeting tells it."""


class Changes(StrEnum):
    """Whose rights a fact changes: it lets somebody follow or see something else."""

    CASE = "case"
    """Those in a case: who referred it, who coordinates it, what is told to whom, who has a part in it."""
    SEATS = "seats"
    """Those in the cases on the agenda of the meeting."""
    MEETING = "meeting"
    """Those at the meeting alone: who may follow it."""
    PARTNER = "partner"
    """Those of everybody at an agency."""
    PERSON = "person"
    """What is told of a person in all their cases."""
    GLASS = "glass"
    """What one user reads of one case, and what waits for those who look into it."""


class Telling(Part, frozen=True):
    """What a fact tells. `milestone`: whoever referred the person hears of it."""

    to: To
    category: Category | None = None
    changes: Changes | None = None
    milestone: bool = False


UNKNOWN = Telling(To.NOBODY)


def _of_register(event: RegisterEvent) -> Telling:
    match event:
        case DayTaken() | NumberReferred() | CaseTakenOn() | ContactTaken():
            # Who else was referred under a number, or given a case, is told by the cases to those who see them.
            return Telling(To.NOBODY)
        case _:
            assert_never(event)


def _of_restricted(event: RestrictedEvent) -> Telling:
    match event:
        case RestrictedNoteAdded() | SafeguardingConcernRaised() | SafeguardingOutcomeRecorded():
            return Telling(To.TAGGED, Category.RESTRICTED)
        case _:
            assert_never(event)


def _of_case(event: CaseEvent) -> Telling:  # noqa: C901
    match event:
        case referral.ReferralReceived() | referral.ReferralAttached():
            return Telling(To.SEEING, changes=Changes.CASE, milestone=True)
        case eligibility.ReferralAccepted() | eligibility.ReferralDeclined() | eligibility.ReferralRedirected():
            return Telling(To.SEEING, changes=Changes.CASE, milestone=True)
        case closing.CaseClosed() | closing.CaseReopened() | voiding.CaseVoided():
            return Telling(To.SEEING, changes=Changes.CASE, milestone=True)
        case closing.CaseErased():
            # Whoever looks at the case sees that its texts are gone; it says nothing else.
            return Telling(To.SEEING)
        case recusal.RecusalDeclared() | recusal.RecusalResolved():
            return Telling(To.COORDINATING, changes=Changes.CASE)
        case coordination.CoordinatorAllocated() | coordination.CoordinatorChanged():
            return Telling(To.SEEING, changes=Changes.CASE)
        case disclosure.PartnerInvolved() | disclosure.PartnerInvolvementEnded():
            return Telling(To.SEEING, changes=Changes.CASE)
        case disclosure.DisclosureAuthorised() | disclosure.DisclosureEnded():
            return Telling(To.AGENCY, changes=Changes.CASE)
        # The agency that is objected to does not hear of it.
        case agreement.ObjectionRecorded():
            return Telling(To.OTHERS, changes=Changes.CASE)
        case agreement.SupportAgreed() | agreement.SupportDeclinedByPerson() | agreement.AgreementWithdrawn():
            return Telling(To.SEEING, Category.PLAN)
        case agreement.SafeContactConfirmed():
            return Telling(To.SEEING, Category.CONTACT)
        case coordination.ConversationHeld() | coordination.ConversationAttempted():
            return Telling(To.SEEING, Category.PLAN)
        case plan.PlanAgreed() | reviews.ReviewScheduled() | reviews.ReviewHeld():
            return Telling(To.SEEING, Category.PLAN)
        case goals.GoalSet() | goals.GoalScored() | goals.GoalAchieved() | goals.GoalAbandoned():
            return Telling(To.SEEING, Category.PLAN)
        case proposals.MeetingProposed() | proposals.ProposalWithdrawn():
            return Telling(To.SEEING, Category.DISCUSSION)
        case proposals.CaseDiscussed() | proposals.MeetingDecisionRecorded() | proposals.DiscussionAmended():
            return Telling(To.SEEING, Category.DISCUSSION)
        case closing.ClosureProposed():
            return Telling(To.SEEING, Category.DISCUSSION)
        case notes.UnmetNeedRecorded() | notes.UnmetNeedMet():
            return Telling(To.SEEING, Category.NEEDS)
        case interventions.InterventionStarted() | interventions.InterventionEnded():
            return Telling(To.SEEING, Category.PLAN)
        case information.InformationRequested() | information.InformationReceived():
            return Telling(To.SEEING, Category.NEEDS)
        case told.CaseEscalated():
            return Telling(To.SEEING, Category.RISK)
        # Who referred is itself something that not everybody is told.
        case told.MessageBackSent() | told.MessageBackFailed() | told.MessageBackAcknowledged():
            return Telling(To.COORDINATING)
        case told.FeedbackReceived():
            return Telling(To.SEEING, Category.PLAN)
        # As many as know of the entry, whatever was said wrongly in it; who asked, and why, those who answer.
        case correcting.EntryCorrected() | correcting.MeasureCorrected() | correcting.EntryWithdrawn():
            return Telling(To.ENTRY)
        case correcting.EntryWithdrawalRequested() | correcting.EntryWithdrawalRefused():
            return Telling(To.COORDINATING)
        # Why it should never have been may be another case of theirs, or somebody else's.
        case voiding.VoidingRequested() | voiding.VoidingRefused():
            return Telling(To.COORDINATING)
        case risks.RiskRecorded() | risks.RiskReviewed():
            return Telling(To.SEEING, Category.RISK)
        case household.RelationLinked() | household.RelationEnded():
            return Telling(To.SEEING, Category.THIRD_PARTY)
        case measures.MeasureRecorded() | measures.MeasureDeclined() | measures.MeasureMissed():
            return Telling(To.SEEING, Category.HEALTH)
        case funds.FundAwardRequested() | funds.FundAwardApproved() | funds.FundAwardDeclined() | funds.FundAwardPaid():
            return Telling(To.SEEING, Category.FUNDS)
        # That it rests is operational, like a clock that stands still; why is of the plan (its view).
        case pauses.CasePaused() | pauses.CaseResumed():
            return Telling(To.SEEING)
        # As its clocks tell it too.
        case milestones.MilestoneReached() | deadlines.ClockWarned() | deadlines.ClockBreached():
            return Telling(To.SEEING)
        # That it is handed over, like its end; why is of the plan (its view), to which case is told nowhere here.
        case transfers.TransferOffered() | transfers.TransferWithdrawn() | transfers.CaseTransferredOut():
            return Telling(To.SEEING)
        # By which rules they run; why is of the plan (its view).
        case versions.ProgrammeVersionChanged():
            return Telling(To.SEEING)
        case notes.NoteAdded():
            return Telling(To.ADDRESSEES)
        case actions.ActionOffered() | actions.ActionAccepted() | actions.ActionDeclined():
            return Telling(To.OWNER, Category.ACTIONS)
        case actions.ActionReassigned() | actions.ActionProgressed() | actions.ActionCompleted():
            return Telling(To.OWNER, Category.ACTIONS)
        case actions.ActionNotPossible() | actions.ActionNotUndertaken() | actions.ActionCancelled():
            return Telling(To.OWNER, Category.ACTIONS)
        case actions.ActionDueChanged():
            return Telling(To.OWNER, Category.ACTIONS)
        case _:
            assert_never(event)


def _of_meeting(event: MeetingEvent) -> Telling:  # noqa: C901
    match event:
        case planning.MeetingPlanned():
            return Telling(To.MEETING, changes=Changes.MEETING)
        # Who has come in hears what is said live; who has left no longer.
        case attendance.AttendeeJoined() | attendance.AttendeeLeft():
            return Telling(To.MEETING, changes=Changes.SEATS)
        case planning.MeetingCancelled() | planning.MeetingRescheduled():
            return Telling(To.MEETING, changes=Changes.SEATS)
        # While it lasts what is said is for those in the room; afterwards for all whom the item is shown.
        case session.MeetingStarted() | session.MeetingEnded():
            return Telling(To.MEETING, changes=Changes.SEATS)
        case session.ChairHandedOver() | session.MinutesConfirmed():
            return Telling(To.MEETING, changes=Changes.SEATS)
        case session.MeetingAdjourned() | session.MeetingResumed():
            return Telling(To.MEETING)
        # Nobody reads an item before.
        case attendance.ConfidentialityAccepted():
            return Telling(To.MEETING, changes=Changes.SEATS)
        case attendance.ApologyReceived():
            return Telling(To.MEETING)
        case invitations.MemberInvited() | invitations.InvitationWithdrawn():
            return Telling(To.MEETING, changes=Changes.SEATS)
        case invitations.AvailabilityDeclared():
            return Telling(To.MEETING)
        # Told to few, but from the draft on its cases are open to whoever prepares the meeting.
        case drafting.AgendaDrafted():
            return Telling(To.PREPARERS, changes=Changes.SEATS)
        case drafting.AgendaPublished():
            return Telling(To.MEETING, changes=Changes.SEATS)
        case adding.AgendaItemAdded() | adding.LateItemAdded() | editing.AgendaItemRemoved():
            return Telling(To.ITEM, changes=Changes.SEATS)
        case editing.AgendaItemMoved() | editing.AgendaItemTimeboxChanged() | editing.ItemPulledForDiscussion():
            return Telling(To.ITEM)
        case floor.ItemOpened() | floor.ItemClosed() | floor.ItemDeferred() | floor.ItemNoted():
            return Telling(To.ITEM)
        # Who is in the room is told to all who follow the meeting; on what they speak, as far as they see the item.
        case speaking.HandRaised() | speaking.HandLowered() | speaking.FloorGiven():
            return Telling(To.TABLE)
        case deciding.ItemUpdateRecorded() | deciding.DecisionRecorded() | amending.MinutesAmended():
            return Telling(To.SEEING, Category.DISCUSSION)
        # Who came with the person says something of them.
        case deciding.GuestRecorded():
            return Telling(To.SEEING, Category.DISCUSSION)
        case deciding.ItemActionLinked():
            return Telling(To.OWNER, Category.ACTIONS)
        case attendance.InterestDeclared() | attendance.InterestResolved():
            return Telling(To.RECUSED, changes=Changes.SEATS)
        case instant.InstantDiscussionHeld():
            return Telling(To.SEEING, Category.DISCUSSION, Changes.SEATS)
        case _:
            assert_never(event)


def _of_person(event: PersonEvent) -> Telling:  # noqa: C901
    match event:
        case PersonRegistered():
            return Telling(To.SEEING, Category.IDENTITY)
        # Of no case alone: whoever has one of theirs open is shown it as it is now.
        case IdentityCorrected():
            return Telling(To.SEEING, Category.IDENTITY, Changes.PERSON)
        case ContactPreferenceSet() | ContactCorrected():
            return Telling(To.SEEING, Category.CONTACT, Changes.PERSON)
        # That an address is protected is restricted by itself.
        case ProtectedAddressSet():
            return Telling(To.SEEING, Category.RESTRICTED, Changes.PERSON)
        # To all who may come near them: a letter to somebody who has died hurts.
        case PersonDeceased() | DeathWithdrawn():
            return Telling(To.SEEING, changes=Changes.PERSON)
        case PersonReferred():
            # In which other programmes a person is known is nothing to those of this one.
            return Telling(To.NOBODY)
        case MatchesLookedFor():
            # Auditors read it in the person's trail; whoever looked asks `matches` for what was found.
            return Telling(To.NOBODY)
        case MergeRequested() | PersonsMerged() | MergeRefused() | MergeReversed():
            # Only to whoever coordinates a case of each of the two, whom their cases tell.
            return Telling(To.NOBODY, changes=Changes.PERSON)
        case ErasureRequested() | ErasureApproved() | ErasureStopped() | LegalHoldPlaced() | LegalHoldLifted():
            # Who coordinates a case of theirs reads it with the person, a Caldicott contact in a list of their own.
            return Telling(To.NOBODY, changes=Changes.PERSON)
        case SubjectAccessRequested() | SubjectAccessExtended() | SubjectAccessGiven() | SubjectAccessRefused():
            # The same.
            return Telling(To.NOBODY, changes=Changes.PERSON)
        # To all who see anything of theirs: nobody goes on without knowing it. Why is told to fewer (its view).
        case RestrictionRequested() | ProcessingRestricted() | RestrictionRefused() | RestrictionLifted():
            return Telling(To.SEEING, changes=Changes.PERSON)
        case GroundNamed() | GroundWithdrawn():
            return Telling(To.SEEING, changes=Changes.PERSON)
        case RecipientTold():
            # Of which other agencies they are known: the list of those who answer for the data tells it.
            return Telling(To.NOBODY)
        case PersonErased():
            # Each of their cases says so.
            return Telling(To.NOBODY, changes=Changes.PERSON)
        case _:
            assert_never(event)


def _of_partner(event: PartnerEvent) -> Telling:
    match event:
        # The lists of standing tell these (`listing`); here they only change what an agency's people may see.
        case AgreementSigned() | AgreementTerminated() | AgencyRunsProgramme() | AgencyLeftProgramme():
            return Telling(To.NOBODY, changes=Changes.PARTNER)
        case MemberEnrolled() | MemberSuspended() | MemberReinstated() | ServiceAllowed():
            return Telling(To.NOBODY, changes=Changes.PARTNER)
        case SubjectBound() | SubjectUnbound():
            return Telling(To.NOBODY, changes=Changes.PARTNER)
        case RoleGiven() | RoleEnded() | TagGiven() | TagEnded():
            return Telling(To.NOBODY, changes=Changes.PARTNER)
        case PartnerRegistered() | CalendarRenewed():
            return Telling(To.NOBODY)
        case _:
            assert_never(event)


def _of_programme(event: ProgrammeEvent) -> Telling:
    match event:
        case ProgrammeActivated() | ProgrammeSuspended() | ProgrammeResumed():
            return Telling(To.NOBODY)
        case _:
            assert_never(event)


def _of_contact(event: ContactEvent) -> Telling:
    match event:
        case ContactReceived() | ContactTriaged() | ContactResolved() | ContactRepeatLinked():
            # No case has anything of it, until it leads to one. Whoever keeps the front door reads its list.
            return Telling(To.NOBODY)
        case ContactErased():
            return Telling(To.NOBODY)
        case ContactConvertedToReferral():
            # The case tells its own referral, and whose rights that changes.
            return Telling(To.NOBODY)
        case _:
            assert_never(event)


def _of_access_grant(event: AccessGrantEvent) -> Telling:
    match event:
        case BreakGlassOpened() | BreakGlassEnded() | BreakGlassReviewed():
            # Their own list tells it: to whoever opened it, to those who look into it, and to auditors.
            return Telling(To.NOBODY, changes=Changes.GLASS)
        case _:
            assert_never(event)


_OF: tuple[Callable[[Any], Telling], ...] = (
    _of_case,
    _of_meeting,
    _of_person,
    _of_partner,
    _of_programme,
    _of_restricted,
    _of_contact,
    _of_access_grant,
    _of_register,
)
_RULES: Mapping[type, Callable[[Any], Telling]] = {
    kind: rule for rule in _OF for kind in kinds(get_type_hints(rule)["event"])
}
"""By the kind of a fact: a subclass of one is another."""
if untold := sorted(kind.__name__ for kind in EVENTS.values() if kind not in _RULES):
    raise TypeError(f"nobody has said what these tell, and to whom: {', '.join(untold)}")
# By class, since nothing that a fact holds changes whom it is told to; asked for every fact and viewer.
_KNOWN: dict[type, Telling] = {}


def telling(event: object) -> Telling:
    """What the fact tells, whoever asks. A fact that nobody has thought about tells nothing to anybody."""
    kind = type(event)
    known = _KNOWN.get(kind)
    if known is None:
        rule = _RULES.get(kind)
        known = _KNOWN[kind] = rule(event) if rule else UNKNOWN
    return known
