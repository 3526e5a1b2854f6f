"""What a restriction of processing stops, by one rule that every command and every way in and out asks.

The law (UK GDPR, article 18(2)): with the exception of storage, what is restricted is processed only with the person's
consent, for legal claims, to protect the rights of another person, or for an important public interest.

What is kept stays kept, and may be put right; whatever protects somebody goes on, and so does whatever lessens what is
done. All else is stopped, a command that nobody has thought about, too: where it has to be done all the same, somebody
names the ground (`nameGround`). Whoever sees a case goes on seeing it, with a banner, and nobody comes to see it anew.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from catch.domain import access_grant, contact, erasing, merging, person, processing, restricted, subject_access
from catch.domain.case import (
    agreement,
    correcting,
    deadlines,
    disclosure,
    household,
    information,
    pauses,
    proposals,
    recusal,
    referral,
    risks,
    transfers,
    voiding,
)
from catch.domain.case import telling as told
from catch.domain.facts import Command
from catch.domain.meeting import amending, attendance, editing, floor, invitations, speaking
from catch.domain.person import Person

KEPT = (
    # What comes in: to be refused, or taken otherwise, would tell whoever sends it that there is somebody.
    person.RegisterPerson,
    referral.SubmitReferral,
    referral.AttachReferral,
    information.ReceiveInformation,
    told.AcknowledgeMessageBack,
    told.RecordMessageFailed,
    contact.ReceiveContact,
    contact.TriageContact,
    contact.ResolveContact,
    contact.ConvertContact,
    contact.LinkRepeat,
    person.LookForMatches,
    deadlines.RecordClockWarning,
    deadlines.RecordClockBreach,
)
PUT_RIGHT = (
    person.CorrectIdentity,
    person.CorrectContact,
    correcting.CorrectEntry,
    correcting.CorrectMeasure,
    correcting.RequestEntryWithdrawal,
    correcting.ApproveEntryWithdrawal,
    correcting.RefuseEntryWithdrawal,
    voiding.RequestVoiding,
    voiding.ApproveVoiding,
    voiding.RefuseVoiding,
    amending.AmendMinutes,
    merging.RefuseMerge,
    merging.ReverseMerge,
)
PROTECTS = (
    restricted.RaiseSafeguardingConcern,
    restricted.RecordSafeguardingOutcome,
    restricted.AddRestrictedNote,
    access_grant.OpenBreakGlass,
    access_grant.EndBreakGlass,
    access_grant.ReviewBreakGlass,
    person.SetContactPreference,
    person.SetProtectedAddress,
    agreement.ConfirmSafeContact,
    person.RecordDeath,
    person.WithdrawDeath,
    # With whom nobody talks about them.
    household.LinkRelation,
    household.EndRelation,
    # Of whoever comes to somebody's home.
    risks.RecordRisk,
    risks.ReviewRisk,
    recusal.DeclareRecusal,
    attendance.DeclareInterest,
)
LESSENS = (
    # What the person says of it themselves goes on as well: it is their word that everything waits for.
    agreement.RecordAgreement,
    agreement.RecordRefusalOfSupport,
    agreement.WithdrawAgreement,
    agreement.RecordObjection,
    disclosure.EndDisclosure,
    disclosure.EndInvolvement,
    proposals.WithdrawProposal,
    transfers.WithdrawTransfer,
    pauses.PauseCase,
    invitations.WithdrawInvitation,
    editing.RemoveItem,
    editing.MoveItem,
    editing.ChangeTimebox,
    floor.DeferItem,
    floor.CloseItem,
    speaking.LowerHand,
)
RIGHTS = (
    subject_access.RequestSubjectAccess,
    subject_access.ExtendSubjectAccess,
    subject_access.GiveSubjectAccess,
    subject_access.RefuseSubjectAccess,
    processing.RequestRestriction,
    processing.RestrictProcessing,
    processing.RefuseRestriction,
    processing.LiftRestriction,
    processing.NameGround,
    processing.WithdrawGround,
    processing.TellRecipient,
    # What an erasure waits for, a restriction among it, its own decision says.
    erasing.RequestErasure,
    erasing.ApproveErasure,
    erasing.StopErasure,
    erasing.PlaceLegalHold,
    erasing.LiftLegalHold,
    erasing.ErasePerson,
)
GOES_ON: frozenset[type[Command]] = frozenset((*KEPT, *PUT_RIGHT, *PROTECTS, *LESSENS, *RIGHTS))


def goes_on(kind: type[Command]) -> bool:
    """Whether this is done although processing is restricted."""
    return kind in GOES_ON


class Way(StrEnum):
    """By which something that is kept of somebody leaves, beside what a case tells those who see it."""

    PROOF = "proof"
    """Facts as they are stored, sealed, with what proves them."""
    OWN = "own"
    """What is given to the person themselves, at their request, and who looked at them."""
    FIGURES = "figures"
    """Counts and curves, and reports of them, which name nobody."""
    EVIDENCE = "evidence"
    """Which cases stand behind a figure."""
    TEXTS = "texts"
    """Personal texts in plain, to an operator, in a terminal or a file."""
    PAPER = "paper"
    """An agenda to print, or sealed into a file to keep."""
    COURSE = "course"
    """What happened and when, case by case, for whoever looks into how work goes."""


def goes_out(way: Way) -> bool:
    """Whether it leaves by this way although processing is restricted."""
    match way:
        case Way.PROOF:
            # Storage, and what a claim is proved by: whoever has it reads nothing that was said of anybody.
            return True
        case Way.OWN:
            # Their own rights (articles 12 and 15) wait for nothing.
            return True
        case Way.FIGURES:
            # Use, which the Data Protection Act 2018 exempts for statistics as far as leaving somebody out would
            # seriously impair them (schedule 2, paragraph 27). It would: whoever objects is not like the rest, and one
            # figure with them and one without would tell by their difference what is kept of that one person.
            return True
        case Way.EVIDENCE | Way.TEXTS | Way.PAPER | Way.COURSE:
            return False
        case _:
            assert_never(way)


def stopped(people: Iterable[Person | None], at: datetime) -> bool:
    """Whether nothing is done with what is kept of somebody but to keep it: `people` are all their registrations."""
    return any(held is not None and held.processing.stopped(at) for held in people)
