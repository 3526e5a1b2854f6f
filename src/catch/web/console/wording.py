"""What fields, codes and refusals are called for people: plain words for what the commands call by one.

A name that is not here is said as it is written, in words. What a command asks for besides stands in its types: this
module adds no rule.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any


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
    "nhs number": "NHS number",
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
    "BindSubject": "Say which sign-in is theirs",
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

LABELS = {
    "nhs_number": "NHS number",
    "ods": "ODS code",
    "starts_on": "From",
    "ends_on": "Until",
    "user": "Who (user name)",
    "to_user": "Which of their people (user name)",
    "owner_user": "Which of their people (user name)",
    "override_reason": "Reason for an exception",
    "to": "Which partner takes it on",
    "source": "Who refers",
    "channel": "How the referral came",
    "received_at": "When the referral came",
    "reason": "Reason",
    "needs": "What they need help with",
    "on_behalf_of": "On behalf of which agency",
    "unverified_organisation": "Organisation, as they say",
    "knows": "Do they know of this referral?",
    "agrees": "Do they agree to it?",
    "evidence": "What they said",
    "article6": "Lawful basis (UK GDPR article 6)",
    "article9": "Condition for health and other sensitive information (article 9)",
    "common_law": "Basis under the duty of confidentiality",
    "ok": "Is it safe to contact them?",
    "how": "How to contact them safely",
    "not_when": "When not to contact them",
    "age": "Age",
    "reference": "Your own reference",
    "described": "The person, as this referral describes them",
    "criteria": "What the programme asks",
    "met": "Is it so?",
    "fact": "What this rests on",
    "as_of": "As of",
    "message_back_due": "Tell who referred them by",
    "lead": "Do they coordinate the case?",
    "handover_note": "Note for the handover",
    "what_matters": "What matters to them",
    "strengths": "What they are good at, and who is there for them",
    "communication_needs": "What they need to be understood",
    "for_meeting": "Shall a meeting talk about it?",
    "by": "Who spoke for them",
    "categories": "What kinds of information",
    "necessity": "Why it is necessary to tell them this",
    "until": "Until",
    "partners": "To which partners",
    "ground": "What they said",
    "role": "Role",
    "named_contact": "Whom to ask for there",
    "series": "At which meeting",
    "presenter": "Who presents it",
    "question": "What the meeting is asked",
    "requested_partners": "Who should be there",
    "earliest": "Not before",
    "person_informed": "Do they know that a meeting will talk about them?",
    "not_informed_reason": "If they do not know: why not",
    "review_due": "Review due",
    "contingency": "What if things go wrong",
    "agreed_by_person": "Did they agree to this plan themselves?",
    "how_agreed": "How it was agreed",
    "shared_with": "Share the plan with",
    "no_goals_reason": "If there are no goals: why not",
    "planned_end": "Support planned until",
    "text": "Text",
    "domain": "Area of life",
    "baseline": "Where they stand now",
    "target": "Where they want to be",
    "score": "Where they stand now",
    "stage": "At which point (such as review)",
    "agreement_confirmed": "Do they still agree to be supported?",
    "next_due": "Next review due",
    "decision": "Decision",
    "title": "What is to be done",
    "owner": "By which partner",
    "due": "By when",
    "intervention": "Kind of help",
    "mandatory": "Must it be done before the case closes?",
    "answer": "Answer",
    "counter_due": "Another day that you could do it by",
    "note": "Note",
    "percent": "How much of it is done, in percent",
    "completed_on": "Done on",
    "result": "What came of it",
    "outcome": "Outcome",
    "ending": "Why it ends",
    "audience": "Only for these partners",
    "category": "What it is about",
    "closed_on": "Closed on",
    "outcomes": "How each goal stands",
    "message_back_to": "Whom to tell that it is closed",
    "ongoing_plan": "What goes on without us",
    "feedback_invited": "Were they asked what they thought of the support?",
    "locality": "Place",
    "code": "Which",
    "warm_handover": "Do you hand them over yourself?",
    "redirection": "Where they are led",
    "needs_care": "Do they have needs for care and support?",
    "at_risk": "Are they at risk of abuse or neglect, or suffering it?",
    "cannot_protect_themselves": "Do these needs keep them from protecting themselves?",
    "immediate_danger": "Is anybody in danger right now?",
    "raised_to": "To whom it was raised",
    "persons_wish": "What they want to happen",
    "tag": "Kind of restricted information",
    "removed": "Known wrongly, and not known now",
    "safe_times": "Safe times",
    "never": "What must never be done",
    "channels": "Safe ways to reach them",
    "protected": "Protect the address?",
    "provisional": "Is it still unclear who they are?",
    "name": "Name",
    "date_of_birth": "Date of birth",
    "held_at": "Began",
    "ended_at": "Ended",
    "seats": "Who took part",
    "knows_them": "Who knows them",
    "NewGoal.text": "What they want to reach",
    "AddNote.text": "Note",
    "AddRestrictedNote.text": "Note",
    "RaiseSafeguardingConcern.text": "What you saw or heard",
    "GoalOutcome.result": "How does it stand?",
    "ScoreGoal.score": "Where they stand now",
    "Form.organisation": "Your organisation",
    "Form.who_refers": "Your name",
    "Form.source": "Who are you?",
    "Form.safe_to_contact": "Is it safe to contact the person?",
    "Form.how_to_contact": "How to contact them safely",
    "Form.knows": "Does the person know that you refer them?",
    "Form.agrees": "Do they agree to it?",
    "Form.reason": "What is going on, and what would help?",
    "Form.needs": "Where is help needed?",
    "Form.urgency": "How soon?",
    "Form.name": "Name of the person",
    "Form.phone": "Phone number",
    "Form.address": "Address, or where they can be found",
}
HINTS = {
    "Form.date_of_birth": "For example, 27 3 1960.",
    "Form.how_to_contact": "For example: text only, mornings, never when their partner is at home.",
    "Form.source": "Refer yourself as well, if it is you who needs help.",
    "Form.organisation": "If you refer somebody for an organisation. Nobody checks it before they ring you.",
    "Form.address": "Leave it empty if it must not be known.",
    "date_of_birth": "Year, month and day with hyphens, for example 1960-02-29. Leave it empty where it is not known.",
    "nhs_number": "Ten digits, for example 943 476 5919.",
    "user": "As they sign in, for example member@housing-1.",
    "to_user": "As they sign in. Leave it empty for the partner to decide.",
    "owner_user": "As they sign in. Leave it empty for the partner to decide.",
    "reference": "By which you find it again. No name in it.",
    "earliest": "To bring it back on a later day, say the day.",
    "audience": "Leave all empty for everybody who may read what it is about.",
    "partners": "Leave all empty: nobody is to be told.",
    "stage": "One word, for example plan, review or closure.",
    "outcome": "One word, for example helped or no-answer.",
    "role": "One word, for example support.",
    "how": "For example: text only, mornings.",
    "not_when": "For example: never when their partner is at home.",
    "locality": "One word, for example kettering.",
    "safe_times": "For example: weekdays before noon.",
}


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


HERE = {
    "COMMAND_ID_REUSED": "You have sent this form before, and what it said then is recorded. Send it again only if this"
    " is something else that is to be recorded too.",
    "RECORDED_OTHERWISE": "This was recorded before, and otherwise. Send it again only if it is something else.",
    "STALE": "This was changed since you looked at it. Nothing of what you typed was recorded yet.",
}
"""What is said of some refusals where there is a form before somebody."""


def said_of_refusal(message: str, details: Iterable[Mapping[str, Any]]) -> str:
    """A refusal's sentence, with commands by the names of their forms, and what it rests on where it says that the
    details have it.
    """
    said = re.sub(r"`([a-z]\w*)`", lambda found: f"“{title_of(found[1])}”", message)
    if "details" not in said:
        return said
    held = [each for each in details if each.get("value") and not _is_place(each)]
    told = "; ".join(f"{words(str(each['name']))}: {each['value']}" for each in held)
    plain = re.sub(r"\s*The details (say|name)[^.]*\.", "", said).replace(" in the details", " named here")
    return f"{plain} {told}." if told else plain


def _is_place(detail: Mapping[str, Any]) -> bool:
    return detail["name"] == "field"


def title_of(mutation: str) -> str:
    """A command's form, by its mutation's name."""
    name = mutation[:1].upper() + mutation[1:]
    return TITLES.get(name) or words(name)


FIELDS_OF = {
    "AUDIENCE_NOT_INVOLVED": ("audience",),
    "AGREEMENT_NOT_CONFIRMED": ("agreementConfirmed",),
    "CHANNEL_NOT_ALLOWED": ("channel",),
    "CRITERIA_NOT_MET": ("overrideReason",),
    "CASELOAD_FULL": ("reason",),
    "DECLINE_NEEDS_REASON": ("reason",),
    "ENDS_BEFORE_IT_BEGINS": ("endsOn",),
    "AGREEMENT_ENDS_BEFORE_IT_STARTS": ("endsOn",),
    "AGREEMENT_COVERS_NOTHING": ("programmes",),
    "GOAL_WITHOUT_OUTCOME": ("outcomes",),
    "MEMBER_NOT_ENROLLED": ("presenter.user", "ownerUser", "toUser", "user", "chair"),
    "NOT_APPOINTED": ("chair",),
    "NOT_A_PERSON": ("user",),
    "NOTHING_DISCLOSED_TO_OWNER": ("owner", "to"),
    "NOT_INVOLVED": ("agency", "to"),
    "NO_VOICE_IN_THE_ITEM": ("user",),
    "NO_AGREEMENT_IN_FORCE": ("categories", "agency"),
    "NO_OPEN_DISCLOSURE": ("agency",),
    "OWNER_NOT_INVOLVED": ("owner", "to"),
    "PARTNER_HAS_NO_AGREEMENT": ("agency", "owner"),
    "PERSON_NOT_INFORMED": ("notInformedReason",),
    "PERSON_OBJECTS": ("basis", "categories"),
    "PLAN_LENGTH_NOT_ALLOWED": ("plannedEnd",),
    "PLAN_NEEDS_GOAL": ("goals",),
    "PLAN_NOT_DISCLOSED": ("sharedWith",),
    "PRESENTER_DOES_NOT_KNOW_THE_PERSON": ("presenter.user", "presenter"),
    "PROGRAMME_NOT_RUNNING": ("programme",),
    "REASON_REQUIRED": ("reason",),
    "REASSIGN_NEEDS_OWNER": ("to",),
    "RECUSAL_NEEDS_REASON": ("reason",),
    "REDIRECT_NEEDS_TARGET": ("redirection",),
    "REDIRECT_NEEDS_WARM_HANDOVER": ("redirection.warmHandover",),
    "RESTRICTED_IS_KEPT_BESIDE": ("category",),
    "REVIEW_TOO_LATE": ("reviewDue", "due", "nextDue"),
    "ROLE_HELD_EVERYWHERE": ("programme",),
    "ROLE_NEEDS_PROGRAMME": ("programme",),
    "SOURCE_NOT_ALLOWED": ("source",),
    "TOO_FEW_AGENCIES": ("seats",),
    "UNKNOWN_CLOSURE_REASON": ("reason",),
    "UNKNOWN_CRITERION": ("criteria",),
    "UNKNOWN_GOAL_DOMAIN": ("goal.domain", "goals"),
    "UNKNOWN_INTERVENTION": ("intervention",),
    "UNKNOWN_PARTNER": ("agency", "owner", "to", "onBehalfOf", "partners", "partner"),
    "UNKNOWN_PROGRAMME": ("programme",),
    "UNKNOWN_SERIES": ("series",),
    "WHO_TELLS_THE_PERSON": ("toTellPerson",),
    "WORKER_NOT_ACTIVE": ("user",),
}
"""Beside which field a refusal is said that names none: the first of these that the form has."""
