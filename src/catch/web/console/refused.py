"""How a refusal is said where there is a form before somebody: in which words, and beside which field."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from catch.web.console.wording import title_of, words

HERE = {
    "COMMAND_ID_REUSED": "You have sent this form before, and what it said then is recorded. Send it again only if this"
    " is something else that is to be recorded too.",
    "RECORDED_OTHERWISE": "This was recorded before, and otherwise. Send it again only if it is something else.",
    "STEP_UP_NEEDED": "For this you have to show once more who you are. Nothing of what you typed was recorded yet.",
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
