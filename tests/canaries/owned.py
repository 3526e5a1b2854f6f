"""What each sealed text, id and date of a command belongs to: the kind of its owner, by command and field.

What is not named here may be seen by nobody: a new text is asked about as soon as it is shown anywhere.
"""

from uuid import UUID

from msgspec import Struct


class Owner(Struct, frozen=True):
    """`kind` is a rule of `holding.cedar`; `thing` is what it is part of; `by` is whose agency sent it."""

    kind: str = "nobody"
    category: str = ""
    case: UUID | None = None
    person: UUID | None = None
    thing: UUID | None = None
    meeting: UUID | None = None
    tag: str = ""
    by: str = ""
    agency: str = ""
    what: str = ""
    """The command and field, for whoever reads a failure."""


NOBODY = ("nobody", "")
REFERRED, ANSWERED = ("referred", "needs"), ("answered", "needs")
IDENTITY, CONTACT, PLAN = ("of-category", "identity"), ("of-category", "contact"), ("of-category", "plan")
NEEDS, SPOKEN, ACTION, NOTE = (
    ("of-category", "needs"),
    ("of-category", "discussion"),
    ("action", "actions"),
    ("note", ""),
)
HEALTH, RISK, FUNDS = ("of-category", "health"), ("of-category", "risk"), ("of-category", "funds")
THIRD_PARTY = ("of-category", "third-party")
SAFE, ADDRESS = ("safe-contact", "contact"), ("address", "contact")
RESTRICTED, DISCLOSURE, DOOR = ("restricted", "restricted"), ("disclosure", ""), ("door", "")
OTHERS, COORDINATING, INVOLVED = ("others", ""), ("coordinating", ""), ("involved", "")
CONTACT_SAID, CONTACT_ADDRESS = ("contact", ""), ("contact-address", "")
AT_MEETING, PREPARED = ("meeting", ""), ("prepared", "")

OWNED: dict[str, tuple[str, str]] = {
    "ReceiveContact.text": CONTACT_SAID,
    "ReceiveContact.caller": CONTACT_SAID,
    **{f"ReceiveContact.described.{part}": CONTACT_SAID for part in ("name", "date_of_birth", "nhs_number", "phone")},
    "ReceiveContact.described.address": CONTACT_ADDRESS,
    "TriageContact.note": CONTACT_SAID,
    "ResolveContact.text": CONTACT_SAID,
    "RegisterPerson.name": IDENTITY,
    "RegisterPerson.date_of_birth": IDENTITY,
    "RegisterPerson.communication_needs": IDENTITY,
    "RegisterPerson.phone": CONTACT,
    "RegisterPerson.address": ADDRESS,
    **{f"CorrectIdentity.{field}": IDENTITY for field in ("name", "date_of_birth", "communication_needs", "reason")},
    "CorrectContact.phone": CONTACT,
    "CorrectContact.address": ADDRESS,
    "CorrectContact.reason": ADDRESS,
    "SetContactPreference.safe_times": CONTACT,
    "SetContactPreference.never": CONTACT,
    **{
        f"{kind}.{field}": owner
        for kind in ("SubmitReferral", "AttachReferral", "ConvertContact")
        for field, owner in {
            "referral": DOOR,
            "reason": REFERRED,
            "unverified_organisation": REFERRED,
            "reference": REFERRED,
            "described.name": ("referred", "identity"),
            "described.phone": CONTACT,
            "described.address": ("address", "contact"),
            "safe_contact.how": SAFE,
            "safe_contact.not_when": SAFE,
            "agreement.evidence": ("referred", "plan"),
        }.items()
    },
    "ConfirmSafeContact.safe_contact.how": SAFE,
    "ConfirmSafeContact.safe_contact.not_when": SAFE,
    "AcceptReferral.override_reason": NEEDS,
    "DeclineReferral.explanation": ANSWERED,
    **{f"{kind}.message_back_due": ANSWERED for kind in ("DeclineReferral", "RedirectReferral")},
    **{
        f"{kind}.criteria.{field}": NEEDS
        for kind in ("AcceptReferral", "DeclineReferral", "RedirectReferral")
        for field in ("fact", "as_of")
    },
    "AllocateCoordinator.reason": COORDINATING,
    "AllocateCoordinator.handover_note": COORDINATING,
    "DeclareRecusal.reason": COORDINATING,
    "ResolveRecusal.reason": COORDINATING,
    "RecordAgreement.evidence": PLAN,
    "RecordRefusalOfSupport.reason": PLAN,
    "WithdrawAgreement.reason": PLAN,
    "RecordConversation.conversation": PLAN,
    "RecordConversation.what_matters": PLAN,
    "RecordConversation.strengths": PLAN,
    "RecordConversation.communication_needs": PLAN,
    "RecordConversationAttempt.conversation": PLAN,
    **{
        f"{kind}.{field}": PLAN
        for kind in ("AgreePlan", "RevisePlan")
        for field in (
            "plan",
            "what_matters",
            "strengths",
            "contingency",
            "goals.goal",
            "goals.text",
            "how_agreed",
            "no_goals_reason",
        )
    },
    "SetGoal.goal.goal": PLAN,
    "SetGoal.goal.text": PLAN,
    "AbandonGoal.reason": PLAN,
    "ScheduleReview.review": PLAN,
    "HoldReview.review": PLAN,
    "HoldReview.summary": PLAN,
    "StartIntervention.support": PLAN,
    "EndIntervention.reason": PLAN,
    **{f"RequestInformation.{field}": NEEDS for field in ("request", "whom", "what", "due", "of_referrer")},
    "ReceiveInformation.text": NEEDS,
    "EscalateCase.escalation": RISK,
    "EscalateCase.reason": RISK,
    **{f"RecordMessageBack.{field}": COORDINATING for field in ("message", "sent_on")},
    "RecordMessageFailed.reason": COORDINATING,
    # In these histories it is notes that are put right: an entry of another kind is one that nobody finds.
    "CorrectEntry.correction": NOTE,
    "CorrectEntry.text": NOTE,
    "CorrectEntry.reason": NOTE,
    "CorrectMeasure.correction": HEALTH,
    "CorrectMeasure.reason": HEALTH,
    **{f"RequestEntryWithdrawal.{field}": COORDINATING for field in ("withdrawal", "explanation")},
    "RefuseEntryWithdrawal.reason": COORDINATING,
    **{f"RequestVoiding.{field}": COORDINATING for field in ("voiding", "explanation")},
    "RefuseVoiding.reason": COORDINATING,
    "RecordFeedback.feedback": PLAN,
    "RecordFeedback.text": PLAN,
    "RecordDeath.on": INVOLVED,
    "WithdrawDeath.reason": IDENTITY,
    **{f"RecordRisk.{field}": RISK for field in ("risk", "mitigation", "review_on")},
    **{f"ReviewRisk.{field}": RISK for field in ("mitigation", "review_on")},
    "LinkRelation.relation": THIRD_PARTY,
    "LinkRelation.whom": THIRD_PARTY,
    "EndRelation.reason": THIRD_PARTY,
    "RecordMeasure.measure": HEALTH,
    "RecordMeasure.administered_on": HEALTH,
    "RecordMeasure.reference": HEALTH,
    "RecordNoMeasure.reason": HEALTH,
    "PauseCase.pause": INVOLVED,
    "PauseCase.expected_resume": INVOLVED,
    "PauseCase.explanation": PLAN,
    "MoveToVersion.reason": PLAN,
    **{f"RequestFundAward.{field}": FUNDS for field in ("award", "purpose", "payee")},
    "DeclineFundAward.reason": FUNDS,
    "OfferTransfer.transfer": INVOLVED,
    "OfferTransfer.reason": PLAN,
    "WithdrawTransfer.reason": PLAN,
    **{
        f"{kind}.{field}": ACTION
        for kind in ("OfferAction", "OfferActionInMeeting")
        for field in ("action", "title", "due", "decision")
    },
    "ChangeActionDue.due": ACTION,
    "ChangeActionDue.reason": ACTION,
    "ProgressAction.progress": ACTION,
    "ProgressAction.note": ACTION,
    "RespondToAction.reason": ACTION,
    "RespondToAction.counter_due": ACTION,
    "CompleteAction.result": ACTION,
    "CloseActionIncomplete.reason": ACTION,
    "AddNote.note": NOTE,
    "AddNote.text": NOTE,
    **{
        f"{kind}.{field}": RESTRICTED
        for kind in ("AddRestrictedNote", "RaiseSafeguardingConcern", "RecordSafeguardingOutcome")
        for field in ("note", "concern", "text", "raised_to", "reference", "persons_wish")
    },
    "AuthoriseDisclosure.disclosure": DISCLOSURE,
    "AuthoriseDisclosure.until": DISCLOSURE,
    "AuthoriseDisclosure.necessity": OTHERS,
    "EndDisclosure.reason": OTHERS,
    "InvolvePartner.named_contact": INVOLVED,
    "EndInvolvement.reason": OTHERS,
    "RecordObjection.objection": OTHERS,
    "RecordObjection.ground": OTHERS,
    "ProposeForMeeting.proposal": ("reason", "discussion"),
    "ProposeForMeeting.question": SPOKEN,
    "ProposeForMeeting.earliest": SPOKEN,
    "ProposeForMeeting.not_informed_reason": SPOKEN,
    "WithdrawProposal.reason": SPOKEN,
    "RecordUnmetNeed.need": NEEDS,
    "ProposeClosure.summary": SPOKEN,
    "CloseCase.summary": SPOKEN,
    "CloseCase.ongoing_plan": SPOKEN,
    "ReopenCase.reason": SPOKEN,
    **{
        f"{kind}.reason": SPOKEN
        for kind in ("AddItem", "RemoveItem", "MoveItem", "ChangeTimebox", "PullFromNoting", "ResolveInterest")
    },
    "AddLateItem.urgency": SPOKEN,
    "OpenItem.override_reason": SPOKEN,
    "DeferItem.note": SPOKEN,
    "DeclareInterest.note": SPOKEN,
    "AmendMinutes.amendment": SPOKEN,
    "AmendMinutes.text": SPOKEN,
    **{f"{kind}.reason": AT_MEETING for kind in ("RescheduleMeeting", "CancelMeeting", "AdjournMeeting")},
    "WithdrawInvitation.reason": PREPARED,
    "SendApology.note": PREPARED,
    **{
        f"{kind}.{field}": SPOKEN
        for kind in ("RecordUpdate", "RecordInstantDiscussion")
        for field in ("situation", "action_to_date", "update", "next_steps")
    },
    "RecordDecision.decision": SPOKEN,
    "RecordGuest.guest": SPOKEN,
    "RecordGuest.name": SPOKEN,
    "RecordDecision.text": SPOKEN,
    "RecordDecision.dissent.text": SPOKEN,
    "RecordDecision.to_tell_person.by": SPOKEN,
    "RecordDecision.not_told_reason": SPOKEN,
}

MADE: dict[str, str] = {
    "SubmitReferral": "referral",
    "ConvertContact": "referral",
    "AttachReferral": "referral",
    "RecordConversation": "conversation",
    "RecordConversationAttempt": "conversation",
    "RecordObjection": "objection",
    "AuthoriseDisclosure": "disclosure",
    "ProposeForMeeting": "proposal",
    "AgreePlan": "plan",
    "ScheduleReview": "review",
    "StartIntervention": "support",
    "RequestInformation": "request",
    "EscalateCase": "escalation",
    "RecordMessageBack": "message",
    "RecordFeedback": "feedback",
    "CorrectEntry": "correction",
    "CorrectMeasure": "correction",
    "RequestEntryWithdrawal": "withdrawal",
    "RequestVoiding": "voiding",
    "RequestFundAward": "award",
    "OfferTransfer": "transfer",
    "RecordRisk": "risk",
    "LinkRelation": "relation",
    "RecordMeasure": "measure",
    "PauseCase": "pause",
    "OfferAction": "action",
    "OfferActionInMeeting": "action",
    "ProgressAction": "progress",
    "AddNote": "note",
    "AddRestrictedNote": "note",
    "RaiseSafeguardingConcern": "concern",
    "RecordUnmetNeed": "need",
    "RecordDecision": "decision",
    "RecordGuest": "guest",
    "AddItem": "item",
    "AddLateItem": "item",
    "RecordInstantDiscussion": "item",
    "AmendMinutes": "amendment",
}
"""Which id of a command is new; others name what is there."""
