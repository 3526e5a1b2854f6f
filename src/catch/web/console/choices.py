"""What a field of a form may be: from the programme's configuration, the case, the meeting, the partners.

Only what the API tells whoever fills the form in. Where there is nothing to choose from, a field is a line to type in.
"""

from collections.abc import Callable, Mapping

from catch.access import ASKED_BY_KEY
from catch.domain.facts import Command
from catch.web.console import lists
from catch.web.console.fields import Choice, fields_of, walked
from catch.web.console.known import Known
from catch.web.console.wording import words

Found = dict[str, list[Choice]]


def choices(known: Known, kind: type[Command]) -> Found:
    """By the paths of the command's fields. A command's own choices go before those that its fields have anywhere."""
    found: Found = {}
    for field in walked(fields_of(kind)):
        by = OF_COMMANDS.get((kind.__name__, field.path)) or OF_FIELDS.get(field.path)
        values = known.once(by) if by else []
        if values:
            found[field.path] = values
    return found


def suggestions(known: Known, kind: type[Command]) -> Found:
    """What may be picked or typed over."""
    found = {
        field.path: known.once(SUGGESTED[field.name]) for field in walked(fields_of(kind)) if field.name in SUGGESTED
    }
    return {path: values for path, values in found.items() if values}


By = Callable[[Known], list[Choice]]
OF_FIELDS: Mapping[str, By] = {
    "action": lists.actions,
    "goal": lists.goals,
    "disclosure": lists.disclosures,
    "proposal": lists.proposals,
    "need": lists.unmet,
    "concern": lists.concerns,
    "decision": lists.decisions,
    "plan": lists.plans,
    "person": lists.person,
    "outcomes.*.goal": lists.goals,
    "owner": lists.involved,
    "to": lists.involved,
    "audience": lists.involved,
    "sharedWith": lists.involved,
    "requestedPartners": lists.involved,
    "presenter.agency": lists.presenting,
    "messageBackTo": lists.referring,
    "partners": lists.all_partners,
    "partner": lists.all_partners,
    "redirection.agency": lists.all_partners,
    "redirection.programme": lists.programmes,
    "seats.*.agency": lists.at_the_table,
    "dissent.*.agency": lists.at_the_table,
    "agreedBy": lists.at_the_table,
    "requires": lists.at_the_table,
    "source": lists.sources,
    "channel": lambda known: lists.codes(lists.setting(known, "channels")),
    "intervention": lambda known: lists.codes(lists.setting(known, "interventions")),
    "goal.domain": lists.domains,
    "goals.*.domain": lists.domains,
    "goal.baseline": lists.scale,
    "goal.target": lists.scale,
    "goals.*.baseline": lists.scale,
    "goals.*.target": lists.scale,
    "needs": lists.needs,
    "series": lists.all_series,
    "programme": lists.programmes,
    "programmes": lists.programmes,
    "item": lists.items,
    "items": lists.items,
    "meeting": lists.meetings,
    "toMeeting": lists.meetings,
    "atMeeting": lists.meetings,
    "commands": lambda known: [Choice(key, words(key)) for key in ASKED_BY_KEY],
}
"""By path, whichever command asks."""
OF_COMMANDS: Mapping[tuple[str, str], By] = {
    ("AddNote", "category"): lists.categories,
    ("AuthoriseDisclosure", "agency"): lists.under_agreement,
    ("InvolvePartner", "agency"): lists.told,
    ("EndInvolvement", "agency"): lists.involved,
    ("AllocateCoordinator", "agency"): lists.running,
    ("DeclareRecusal", "agency"): lists.presenting,
    ("ResolveRecusal", "user"): lists.recused,
    ("ScoreGoal", "score"): lists.scale,
    ("CloseCase", "reason"): lists.closing,
    ("ProposeClosure", "reason"): lists.closing,
    ("EndIntervention", "support"): lists.supports,
    ("StartIntervention", "provider"): lists.all_partners,
    ("ReceiveInformation", "request"): lists.requests,
    ("ReviewRisk", "risk"): lists.risks,
    ("EndRelation", "relation"): lists.relations,
    ("RecordMessageBack", "agency"): lists.referring,
    **{(kind, "message"): lists.messages for kind in ("RecordMessageFailed", "AcknowledgeMessageBack")},
    ("PauseCase", "reason"): lists.pausing,
    ("ReachMilestone", "milestone"): lists.waited_for,
    **{(kind, "instrument"): lists.instruments for kind in ("RecordMeasure", "RecordNoMeasure")},
    **{(kind, "stage"): lists.stages for kind in ("RecordMeasure", "RecordNoMeasure")},
    ("RecordMeasure", "readings.*.score"): lists.ticks,
    ("ResumeCase", "pause"): lists.resting,
    ("CorrectEntry", "which"): lists.entry_texts,
    ("CorrectMeasure", "readings.*.score"): lists.ticks,
    **{(kind, "withdrawal"): lists.withdrawals for kind in ("ApproveEntryWithdrawal", "RefuseEntryWithdrawal")},
    **{(kind, "voiding"): lists.voidings for kind in ("ApproveVoiding", "RefuseVoiding")},
    ("RequestMerge", "retired"): lists.alike,
    ("OfferTransfer", "toCase"): lists.elsewhere,
    ("WithdrawTransfer", "transfer"): lists.transfers,
    ("RequestFundAward", "fund"): lists.funds,
    **{(kind, "award"): lists.awards for kind in ("ApproveFundAward", "DeclineFundAward", "RecordFundPayment")},
    ("StopErasure", "erasure"): lists.erasures,
    **{
        (kind, "restriction"): lists.restrictions
        for kind in ("RestrictProcessing", "RefuseRestriction", "LiftRestriction")
    },
    ("WithdrawGround", "use"): lists.grounds,
    **{
        (kind, "request"): lists.access_requests
        for kind in ("ExtendSubjectAccess", "GiveSubjectAccess", "RefuseSubjectAccess")
    },
    **{(kind, "merge"): lists.merges for kind in ("ApproveMerge", "RefuseMerge", "ReverseMerge")},
    ("TriageContact", "priority"): lists.contact_priorities,
    ("ResolveContact", "outcome"): lists.contact_outcomes,
    ("LinkRepeat", "earlier"): lists.earlier_contacts,
    ("ReceiveContact", "programme"): lists.programmes_with_contacts,
    ("RecordUnmetNeed", "code"): lists.needs,
    ("InviteMember", "agency"): lists.all_partners,
    ("WithdrawInvitation", "agency"): lists.at_the_table,
    ("OfferActionInMeeting", "owner"): lists.at_the_table,
    ("LinkAction", "owner"): lists.at_the_table,
}
SUGGESTED: Mapping[str, By] = {
    "user": lists.people,
    "toUser": lists.taking_over,
    "ownerUser": lists.people,
    "chair": lists.chairs,
    "knownBy": lists.people,
    "who": lists.people,
    "outcome": lambda _: lists.codes(("helped", "partly-helped", "not-helped", "no-answer", "declined-to-talk")),
    "role": lambda _: lists.codes(("support", "lead-professional", "advice", "to-be-informed")),
    "stage": lambda _: lists.codes(("plan", "review", "closure")),
    "onBehalfOf": lists.all_partners,
    "presenter": lists.people,
}
"""By a field's name."""
