"""What fields, codes and refusals are called for people: plain words for what the commands call by one.

A name that is not here is said as it is written, in words. What a command asks for besides stands in its types: this
module adds no rule.
"""

import re


def words(name: str) -> str:
    """A field's, a code's or a command's name as somebody would say it."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ").strip().lower()
    return SAID.get(plain) or plain[:1].upper() + plain[1:]


SAID = {
    "6 1 a": "Consent",
    "6 1 c": "Legal obligation",
    "6 1 d": "Vital interests",
    "6 1 e": "Public task",
    "6 1 f": "Legitimate interests",
    "9 2 a": "Explicit consent",
    "9 2 c": "Vital interests",
    "9 2 g": "Substantial public interest",
    "9 2 h": "Health or social care",
    "caldicott": "Caldicott contact",
    "max support": "End of support",
    "nhs number": "NHS number",
    "ons4": "ONS4, four questions on wellbeing",
    "swemwbs": "SWEMWBS, short wellbeing scale",
    "wemwbs": "WEMWBS, wellbeing scale",
    "partly": "Partly achieved",
    "ae frequent attender": "A&E, often attended",
    "pcn link worker": "Link worker of a primary care network",
    "vcse": "Voluntary, community or social enterprise",
}
"""Codes whose words say little by themselves."""

TITLES = {
    "RespondToAction": "Answer the action",
    "ProgressAction": "Say how it is going",
    "CompleteAction": "It is done",
    "CloseActionIncomplete": "End it undone",
    "ChangeActionDue": "Move the day it is due",
    "ProposeForMeeting": "Propose for a meeting",
    "AllocateCoordinator": "Name the coordinator",
    "RecordConversation": "Record a conversation",
    "RecordConversationAttempt": "Record an attempt to reach them",
    "ConfirmSafeContact": "Confirm how to contact them safely",
    "RecordRefusalOfSupport": "Record that they do not want support",
    "WithdrawAgreement": "Record that they take their agreement back",
    "RecordAgreement": "Record that they agree",
    "RecordObjection": "Record what they do not want told",
    "AuthoriseDisclosure": "Allow a partner to be told",
    "EndDisclosure": "Stop telling a partner",
    "InvolvePartner": "Give a partner a part in the case",
    "EndInvolvement": "End a partner's part",
    "LookForMatches": "Look whether they are known already",
    "RaiseSafeguardingConcern": "Raise a safeguarding concern",
    "StartIntervention": "Record that help began",
    "EndIntervention": "It has ended",
    "RequestInformation": "Ask for information",
    "ReceiveInformation": "Record the answer",
    "RecordDeath": "Record that they have died",
    "WithdrawDeath": "They have not died: it was recorded wrongly",
    "EscalateCase": "Record that it was taken further",
    "RecordMessageBack": "Record that a referrer was told",
    "RecordMessageFailed": "It did not arrive",
    "AcknowledgeMessageBack": "They have it",
    "RecordFeedback": "Record how they found it",
    "RecordRisk": "Record a risk",
    "ReviewRisk": "Say how it stands now",
    "RecordMeasure": "Record what they ticked",
    "RecordNoMeasure": "It was not filled in",
    "PauseCase": "Put the case on hold",
    "ReachMilestone": "Record a milestone",
    "MoveToVersion": "Move it to another version of its programme",
    "ResumeCase": "The case goes on",
    "CorrectEntry": "Put it right",
    "CorrectMeasure": "Put right what they ticked",
    "RequestEntryWithdrawal": "Ask that it be withdrawn",
    "ApproveEntryWithdrawal": "Withdraw it",
    "RefuseEntryWithdrawal": "Leave it, and say why",
    "RequestVoiding": "Ask that the case be voided",
    "ApproveVoiding": "Void the case",
    "RefuseVoiding": "Do not void it, and say why",
    "RequestMerge": "Say that they are the same person as somebody else",
    "ApproveMerge": "They are one person",
    "RefuseMerge": "They are not one person",
    "ReverseMerge": "They are two people after all",
    "RequestErasure": "Ask that what is kept of them be erased",
    "ApproveErasure": "Agree that it be erased",
    "StopErasure": "Do not erase it, and say why",
    "PlaceLegalHold": "Keep all that is there of them",
    "LiftLegalHold": "It need not be kept for this any longer",
    "ReceiveContact": "Record a contact",
    "TriageContact": "Say how pressing it is",
    "ResolveContact": "Say how it ended",
    "ConvertContact": "Lead it on into a referral",
    "LinkRepeat": "They have come again",
    "SetGoal": "Add a goal",
    "ScoreGoal": "Score it",
    "AchieveGoal": "They say it is reached",
    "AbandonGoal": "Give it up",
    "RecordUnmetNeed": "Record a need that nothing meets",
    "MeetUnmetNeed": "This need is met now",
    "DeclareRecusal": "Keep somebody out of the case",
    "ResolveRecusal": "Let somebody back into the case",
    "CorrectIdentity": "Put right who they are",
    "CorrectContact": "Put right where they live or how to ring them",
    "SetContactPreference": "Say which ways to reach them are safe",
    "SetProtectedAddress": "Protect their address, or show it again",
    "RecordInstantDiscussion": "Record a discussion held there and then",
    "RaiseHand": "Ask to speak",
    "LowerHand": "Lower a hand",
    "GiveFloor": "Give the floor",
    "BindSubject": "Bind them to an account with which they sign in",
    "UnbindSubject": "Take an account away from them",
    "RegisterPartner": "Register an agency",
    "EnrolMember": "Enrol somebody",
    "EnrolService": "Enrol a program",
    "AllowService": "Change what it may ask for",
    "SignAgreement": "Record an agreement",
    "TerminateAgreement": "End an agreement",
    "RunProgramme": "Let it run a programme",
    "GiveRole": "Give a role",
    "GiveTag": "Let them read what is restricted",
    "PlanMeeting": "Plan a meeting",
    "OfferAction": "Offer an action",
    "AgreePlan": "Agree the plan",
    "RevisePlan": "Revise the plan",
    "AddNote": "Add a note",
    "AddRestrictedNote": "Add a restricted note",
    "ScheduleReview": "Schedule a review",
    "HoldReview": "Record a review",
    "CloseCase": "Close the case",
    "ReopenCase": "Open the case again",
    "ProposeClosure": "Propose to close the case",
    "WithdrawProposal": "Take the proposal back",
    "AcceptReferral": "Take them on",
    "DeclineReferral": "Decline the referral",
    "RedirectReferral": "Lead them to a better door",
}
"""What a form does, where the command's own name says it less well."""

BUTTONS = {
    "RespondToAction": "Send the answer",
    "ProgressAction": "Save",
    "CompleteAction": "Record that it is done",
    "AddNote": "Save the note",
    "CloseCase": "Close the case",
}
"""What the button of a form says, where the form's title does not say it."""

CLOSED = {
    "CONFIDENTIALITY": "closed to you until you accept confidentiality",
    "EARLIER": "on another page",
    "ERASED": "erased",
    "NOT_INVOLVED": "closed to you: your agency has no part in it",
    "NO_DISCLOSURE": "closed to you: your agency may not be told of it",
    "OVER": "closed to you: the meeting is over and its minutes are confirmed",
    "RECUSED": "closed to you: you are kept out of it because of an interest",
    "RESTRICTED": "closed to you: it is restricted",
    "ROLE": "closed to you: not for your role",
    "UNREADABLE": "not readable at present: tell whoever runs the system",
}
"""Why something is withheld."""


def closed_because(reason: str | None) -> str:
    """Why something is not shown, in words."""
    return CLOSED.get(reason or "", "closed to you")


def title_of(mutation: str) -> str:
    """A command's form, by its mutation's name."""
    name = mutation[:1].upper() + mutation[1:]
    return TITLES.get(name) or words(name)
