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
SAFE = ("safe-contact", "contact")
RESTRICTED, DISCLOSURE, DOOR = ("restricted", "restricted"), ("disclosure", ""), ("door", "")

OWNED: dict[str, tuple[str, str]] = {
    "RegisterPerson.name": IDENTITY,
    "RegisterPerson.date_of_birth": IDENTITY,
    "RegisterPerson.communication_needs": IDENTITY,
    "RegisterPerson.phone": CONTACT,
    "RegisterPerson.address": ("address", "contact"),
    "SetContactPreference.safe_times": CONTACT,
    "SetContactPreference.never": CONTACT,
    **{
        f"{kind}.{field}": owner
        for kind in ("SubmitReferral", "AttachReferral")
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
        }.items()
    },
    "ConfirmSafeContact.safe_contact.how": SAFE,
    "ConfirmSafeContact.safe_contact.not_when": SAFE,
    "DeclineReferral.explanation": ANSWERED,
    "RecordConversation.conversation": PLAN,
    "RecordConversation.what_matters": PLAN,
    "RecordConversation.strengths": PLAN,
    "RecordConversationAttempt.conversation": PLAN,
    **{
        f"{kind}.{field}": PLAN
        for kind in ("AgreePlan", "RevisePlan")
        for field in ("plan", "what_matters", "strengths", "contingency", "goals.goal", "goals.text")
    },
    "SetGoal.goal.goal": PLAN,
    "SetGoal.goal.text": PLAN,
    "ScheduleReview.review": PLAN,
    "HoldReview.review": PLAN,
    "HoldReview.summary": PLAN,
    **{
        f"{kind}.{field}": ACTION
        for kind in ("OfferAction", "OfferActionInMeeting")
        for field in ("action", "title", "due", "decision")
    },
    "ChangeActionDue.due": ACTION,
    "RespondToAction.reason": ACTION,
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
    "RecordObjection.objection": DISCLOSURE,
    "ProposeForMeeting.proposal": ("reason", "discussion"),
    "ProposeForMeeting.question": SPOKEN,
    "ProposeForMeeting.earliest": SPOKEN,
    "RecordUnmetNeed.need": NEEDS,
    "CloseCase.summary": SPOKEN,
    **{
        f"{kind}.{field}": SPOKEN
        for kind in ("RecordUpdate", "RecordInstantDiscussion")
        for field in ("situation", "action_to_date", "update", "next_steps")
    },
    "RecordDecision.decision": SPOKEN,
    "RecordDecision.text": SPOKEN,
    "RecordDecision.dissent.text": SPOKEN,
    "RecordDecision.to_tell_person.by": SPOKEN,
}

MADE: dict[str, str] = {
    "SubmitReferral": "referral",
    "AttachReferral": "referral",
    "RecordConversation": "conversation",
    "RecordConversationAttempt": "conversation",
    "RecordObjection": "objection",
    "AuthoriseDisclosure": "disclosure",
    "ProposeForMeeting": "proposal",
    "AgreePlan": "plan",
    "ScheduleReview": "review",
    "OfferAction": "action",
    "OfferActionInMeeting": "action",
    "ProgressAction": "progress",
    "AddNote": "note",
    "AddRestrictedNote": "note",
    "RaiseSafeguardingConcern": "concern",
    "RecordUnmetNeed": "need",
    "RecordDecision": "decision",
    "AddItem": "item",
    "AddLateItem": "item",
    "RecordInstantDiscussion": "item",
}
"""Which id of a command is new; others name what is there."""
