"""Asked again: whether a command that finds nothing left to do is the one that was taken before, or another.

The same again records nothing and is accepted. Another one about the same thing, or under an id that is taken, would be
lost without a word: it is told what differs. So of every command that can find nothing left to do it is said here which
fact it leaves, and which of its fields say what that is about; all the others are what it says of it.

A command that is not here has nothing to lose: all that it says is what it is about, or whatever is said otherwise is
recorded. A new command that names something new without being here fails `tests/test_again.py`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from msgspec import Struct

from catch.domain import partner, person, restricted
from catch.domain.case import (
    actions,
    agreement,
    closing,
    coordination,
    disclosure,
    eligibility,
    goals,
    notes,
    plan,
    proposals,
    recusal,
    referral,
    reviews,
)
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Command, Fact
from catch.domain.meeting import (
    adding,
    amending,
    attendance,
    deciding,
    editing,
    floor,
    instant,
    invitations,
    planning,
    session,
)
from catch.domain.nhs_number import nhs_number
from catch.domain.refusals import Refused


class RecordedOtherwise(Refused):
    """This was recorded before, and otherwise: the details name what differs. Nothing was recorded now."""


class Leaves(Struct, frozen=True):
    """The fact that a command, or a part of it, leaves. Fields are named as the command has them.

    `new`: the id that the client chooses for what it begins; `about`: whatever else tells it from others of its kind.
    `inside`: the part of the fact that holds the command's fields. `kept_as`: fields that the fact calls otherwise.
    `filled`: what the program completes where the command leaves it out. `unkept`: what the fact does not hold.
    """

    facts: tuple[type[Fact], ...]
    new: str | None = None
    about: tuple[str, ...] = ()
    inside: str | None = None
    kept_as: tuple[tuple[str, str], ...] = ()
    filled: tuple[str, ...] = ()
    unkept: tuple[str, ...] = ()

    def found(self, asked: Struct, facts: Sequence[Fact]) -> Fact | None:
        """The fact that began what the id names; of what has no id, the last one about the same."""
        same = (each for each in facts if type(each) in self.facts and self._about_the_same(asked, each))
        return next(same, None) if self.new else next(iter([*same][-1:]), None)

    def differing(self, asked: Struct, recorded: Fact) -> list[str]:
        """The fields, by path, in which the two say different things. Of both, texts are plain."""
        return [path for name in asked.__struct_fields__ if name not in self.unkept
                for path in self._differing(name, getattr(asked, name), recorded)]  # fmt: skip

    def _about_the_same(self, asked: Struct, fact: Fact) -> bool:
        names = (*self.about, *((self.new,) if self.new else ()))
        held = [(getattr(asked, name), self._kept(fact, name)) for name in names]
        return all(kept is _NOT_KEPT or said == kept for said, kept in held)

    def _differing(self, name: str, said: Any, recorded: Fact) -> Iterator[str]:
        kept = self._kept(recorded, name)
        if kept is _NOT_KEPT or (name in self.filled and _within(said, kept)):
            return
        yield from differences(name, said, kept)

    def _kept(self, fact: Fact, name: str) -> Any:
        name = dict(self.kept_as).get(name, name)
        part = getattr(fact, self.inside) if self.inside else fact
        return getattr(part, name, getattr(fact, name, _NOT_KEPT))


_NOT_KEPT = object()
_READ: Mapping[str, Callable[[str], str | None]] = {"nhs_number": nhs_number}
"""What is kept in one way, however it was written."""


def differences(path: str, said: Any, kept: Any) -> Iterator[str]:
    """Where two values differ, as deep as they are of one kind."""
    read = _READ.get(path.rsplit(".", 1)[-1])
    if read and said and kept:
        said = read(said)
    if isinstance(said, Struct) and type(said) is type(kept):
        for name in said.__struct_fields__:
            yield from differences(f"{path}.{name}", getattr(said, name), getattr(kept, name))
    elif said != kept:
        yield path


def _within(said: Any, kept: Any) -> bool:
    """Whether what was kept is what was said, completed."""
    if not said:
        return True
    if isinstance(said, Collection) and not isinstance(said, str):
        return set(cast("Collection[Any]", said)) <= set(kept)
    return said == kept


A_GOAL = Leaves((goals.GoalSet,), "goal", inside="goal")
REFUSED_SUPPORT = Leaves((agreement.SupportDeclinedByPerson, agreement.AgreementWithdrawn))
ENDED_UNDONE = (actions.ActionNotPossible, actions.ActionNotUndertaken, actions.ActionCancelled)
ANSWERED = (actions.ActionAccepted, actions.ActionDeclined, actions.ActionReassigned)
THE_LINK = Leaves((deciding.ItemActionLinked,), "action")

LEAVES: Mapping[type[Command], Leaves] = {
    # A case
    referral.SubmitReferral: Leaves(
        (referral.ReferralReceived,),
        "case",
        inside="referral",
        kept_as=(("on_behalf_of", "referrer_agency"),),
        filled=("on_behalf_of",),
        unkept=("age",),
    ),
    referral.AttachReferral: Leaves(
        (referral.ReferralAttached, referral.ReferralReceived),
        "referral",
        inside="referral",
        kept_as=(("on_behalf_of", "referrer_agency"),),
        filled=("on_behalf_of",),
    ),
    eligibility.AcceptReferral: Leaves((eligibility.ReferralAccepted,)),
    eligibility.DeclineReferral: Leaves((eligibility.ReferralDeclined,)),
    eligibility.RedirectReferral: Leaves((eligibility.ReferralRedirected,)),
    coordination.AllocateCoordinator: Leaves(
        (coordination.CoordinatorAllocated, coordination.CoordinatorChanged),
        about=("lead", "user", "agency"),
        inside="worker",
    ),
    coordination.RecordConversation: Leaves((coordination.ConversationHeld,), "conversation"),
    coordination.RecordConversationAttempt: Leaves((coordination.ConversationAttempted,), "conversation"),
    agreement.RecordAgreement: Leaves((agreement.SupportAgreed,)),
    agreement.RecordRefusalOfSupport: REFUSED_SUPPORT,
    agreement.WithdrawAgreement: REFUSED_SUPPORT,
    agreement.RecordObjection: Leaves((agreement.ObjectionRecorded,), "objection", inside="objection"),
    disclosure.AuthoriseDisclosure: Leaves((disclosure.DisclosureAuthorised,), "disclosure"),
    disclosure.EndDisclosure: Leaves((disclosure.DisclosureEnded,), about=("disclosure",)),
    disclosure.InvolvePartner: Leaves(
        (disclosure.PartnerInvolved,), about=("agency",), kept_as=(("named_contact", "contact"),)
    ),
    disclosure.EndInvolvement: Leaves((disclosure.PartnerInvolvementEnded,), about=("agency",)),
    proposals.ProposeForMeeting: Leaves((proposals.MeetingProposed,), "proposal"),
    proposals.WithdrawProposal: Leaves((proposals.ProposalWithdrawn,), about=("proposal",)),
    plan.AgreePlan: Leaves((plan.PlanAgreed,), "plan", filled=("planned_end",)),
    plan.RevisePlan: Leaves((plan.PlanRevised,), about=("plan", "version"), filled=("planned_end",)),
    goals.AbandonGoal: Leaves((goals.GoalAbandoned,), about=("goal",)),
    reviews.ScheduleReview: Leaves((reviews.ReviewScheduled,), "review", about=("due",)),
    reviews.HoldReview: Leaves((reviews.ReviewHeld,), "review", filled=("next_due", "planned_end")),
    actions.OfferAction: Leaves((actions.ActionOffered,), "action", filled=("mandatory",)),
    actions.RespondToAction: Leaves(
        ANSWERED, about=("action",), kept_as=(("to", "owner"), ("to_user", "owner_user")), unkept=("answer",)
    ),
    actions.ProgressAction: Leaves((actions.ActionProgressed,), "progress"),
    actions.CompleteAction: Leaves((actions.ActionCompleted,), about=("action",)),
    actions.CloseActionIncomplete: Leaves(ENDED_UNDONE, about=("action",)),
    actions.ChangeActionDue: Leaves((actions.ActionDueChanged,), about=("action", "due")),
    notes.AddNote: Leaves((notes.NoteAdded,), "note"),
    notes.RecordUnmetNeed: Leaves((notes.UnmetNeedRecorded,), "need"),
    recusal.DeclareRecusal: Leaves((recusal.RecusalDeclared,), about=("user",)),
    recusal.ResolveRecusal: Leaves((recusal.RecusalResolved,), about=("user",)),
    closing.ProposeClosure: Leaves((closing.ClosureProposed,)),
    closing.CloseCase: Leaves((closing.CaseClosed,), filled=("message_back_to",)),
    closing.ReopenCase: Leaves((closing.CaseReopened,)),
    # Beside a case
    restricted.AddRestrictedNote: Leaves((restricted.RestrictedNoteAdded,), "note"),
    restricted.RecordSafeguardingOutcome: Leaves(
        (restricted.SafeguardingOutcomeRecorded,), about=("concern", "outcome")
    ),
    # A meeting
    planning.PlanMeeting: Leaves((planning.MeetingPlanned,), "meeting", filled=("duration_minutes",)),
    planning.RescheduleMeeting: Leaves(
        (planning.MeetingRescheduled,), about=("starts_at",), filled=("duration_minutes",)
    ),
    planning.CancelMeeting: Leaves((planning.MeetingCancelled,)),
    invitations.WithdrawInvitation: Leaves((invitations.InvitationWithdrawn,), about=("agency", "user")),
    adding.AddItem: Leaves((adding.AgendaItemAdded,), "item", filled=("minutes", "presenter", "basis")),
    adding.AddLateItem: Leaves((adding.LateItemAdded,), "item", filled=("minutes",)),
    editing.RemoveItem: Leaves((editing.AgendaItemRemoved,), about=("item",)),
    editing.MoveItem: Leaves((editing.AgendaItemMoved,), about=("item", "order")),
    editing.ChangeTimebox: Leaves((editing.AgendaItemTimeboxChanged,), about=("item", "minutes")),
    editing.PullFromNoting: Leaves((editing.ItemPulledForDiscussion,), about=("item",), filled=("minutes",)),
    session.AdjournMeeting: Leaves((session.MeetingAdjourned,)),
    session.ConfirmMinutes: Leaves((session.MinutesConfirmed,)),
    attendance.JoinMeeting: Leaves((attendance.AttendeeJoined,), about=("user",)),
    attendance.SendApology: Leaves((attendance.ApologyReceived,), about=("user",)),
    attendance.DeclareInterest: Leaves((attendance.InterestDeclared,), about=("item", "user", "action")),
    attendance.ResolveInterest: Leaves((attendance.InterestResolved,), about=("item", "user")),
    floor.OpenItem: Leaves((floor.ItemOpened,), about=("item",), filled=("known_by",)),
    floor.DeferItem: Leaves((floor.ItemDeferred,), about=("item",)),
    deciding.RecordGuest: Leaves((deciding.GuestRecorded,), "guest"),
    deciding.RecordDecision: Leaves((deciding.DecisionRecorded,), "decision"),
    deciding.LinkAction: THE_LINK,
    amending.AmendMinutes: Leaves((amending.MinutesAmended,), "amendment"),
    OfferActionInMeeting: THE_LINK,
    instant.RecordInstantDiscussion: Leaves((instant.InstantDiscussionHeld,), "meeting", filled=("basis",)),
    # A person, a partner
    person.RegisterPerson: Leaves((person.PersonRegistered,), "person"),
    partner.RegisterPartner: Leaves((partner.PartnerRegistered,), "partner"),
    partner.SignAgreement: Leaves((partner.AgreementSigned,), "agreement"),
    partner.TerminateAgreement: Leaves((partner.AgreementTerminated,), about=("agreement",)),
    partner.EnrolMember: Leaves((partner.MemberEnrolled,), "user"),
    partner.UnbindSubject: Leaves((partner.SubjectUnbound,), about=("user", "issuer")),
    # What a program may ask for is said anew; its name is not.
    partner.EnrolService: Leaves((partner.MemberEnrolled,), "user", unkept=("commands", "documents")),
}
"""What each command leaves in its own stream."""

IN_THE_CASE: Mapping[type[Command], Leaves] = {
    deciding.RecordDecision: Leaves(
        (proposals.MeetingDecisionRecorded,), "decision", inside="decision", filled=("planned_end",)
    ),
    OfferActionInMeeting: Leaves((actions.ActionOffered,), "action", filled=("mandatory",), unkept=("accepted",)),
}
"""What a command about an item of an agenda begins in its case besides."""

PARTS: Mapping[type[Command], tuple[str, Leaves]] = {
    goals.SetGoal: ("goal", A_GOAL),
    plan.AgreePlan: ("goals", A_GOAL),
    plan.RevisePlan: ("goals", A_GOAL),
}
"""Where a command holds parts that begin something under an id of their own."""


class Named(NamedTuple):
    """Something that a command begins or settles: where it stands in the command, and what it leaves."""

    path: str
    asked: Struct
    leaves: Leaves

    @property
    def id(self) -> UUID | str | None:
        return getattr(self.asked, self.leaves.new) if self.leaves.new else None

    @property
    def field(self) -> str:
        return f"{self.path}{self.leaves.new}"


def named(command: Command) -> Iterator[Named]:
    """Whatever the command begins or settles in its own stream."""
    kind = type(command)
    if kind in LEAVES:
        yield Named("", command, LEAVES[kind])
    if kind in PARTS:
        name, leaves = PARTS[kind]
        held = getattr(command, name)
        if isinstance(held, Struct):
            yield Named(f"{name}.", held, leaves)
        else:
            parts = enumerate(cast("Sequence[Struct]", held))
            yield from (Named(f"{name}[{place}].", part, leaves) for place, part in parts)
