"""From folded states to answers: what the viewer may see, unsealed; the rest null and named in `redactions`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from catch.access import RedactionReason, Sight, entry_shown, note_shown
from catch.api.case import types as case_types
from catch.api.common import types as common_types
from catch.api.common.redaction import Redactor
from catch.domain.case import next_step as steps
from catch.domain.case import state as domain
from catch.domain.case.clocks import clocks_of
from catch.domain.facts import Category
from catch.domain.meeting.items import Amendment, Decision, Update
from catch.domain.programme.configuration import Programme
from catch.domain.restricted import Concern, RestrictedNote


def worker(held: domain.Worker | None) -> common_types.Worker | None:
    return common_types.Worker(user=held.user, agency=held.agency) if held else None


def conversation(held: domain.Conversation, path: str, redactor: Redactor) -> case_types.Conversation:
    return case_types.Conversation(
        id=held.conversation,
        at=held.at,
        held=held.held,
        format=held.format,
        what_matters=redactor.text(f"{path}.whatMatters", Category.PLAN, held.what_matters),
        strengths=redactor.text(f"{path}.strengths", Category.PLAN, held.strengths),
        needs=[*redactor.all(f"{path}.needs", Category.NEEDS, held.needs)],
        communication_needs=redactor.text(f"{path}.communicationNeeds", Category.PLAN, held.communication_needs),
        for_meeting=held.for_meeting,
        outcome=held.outcome,
    )


def plan(held: domain.Plan | None, redactor: Redactor) -> case_types.Plan | None:
    if redactor.hides("plan", Category.PLAN) or held is None:
        return None
    return case_types.Plan(
        id=held.plan,
        version=held.version,
        agreed_at=held.agreed_at,
        review_due=held.review_due,
        planned_end=held.planned_end,
        what_matters=redactor.text("plan.whatMatters", Category.PLAN, held.what_matters),
        strengths=redactor.text("plan.strengths", Category.PLAN, held.strengths),
        contingency=redactor.text("plan.contingency", Category.PLAN, held.contingency),
        agreed_by_person=held.agreed_by_person,
        how_agreed=redactor.text("plan.howAgreed", Category.PLAN, held.how_agreed),
        shared_with=list(held.shared_with),
        no_goals_reason=redactor.text("plan.noGoalsReason", Category.PLAN, held.no_goals_reason),
        extensions=held.extensions,
    )


def goal(held: domain.Goal, path: str, redactor: Redactor) -> case_types.Goal:
    return case_types.Goal(
        id=held.goal,
        text=redactor.text(f"{path}.text", Category.PLAN, held.text),
        domain=held.domain,
        baseline=held.baseline,
        target=held.target,
        score=held.score,
        stage=held.stage,
        scored_at=held.scored_at,
        state=held.state,
        ended_at=held.ended_at,
        person_states_so=held.person_states_so,
        reason=redactor.text(f"{path}.reason", Category.PLAN, held.reason),
    )


def actions(held: Iterable[domain.Action], path: str, redactor: Redactor) -> list[case_types.Action]:
    """An agency always sees the actions it owns; those of others where actions are disclosed to it."""
    closed = redactor.hides(path, Category.ACTIONS)
    own = redactor.sight.agency if redactor.sight.takes_part else None
    return [action(each, path, redactor, own=each.owner == own) for each in held if not closed or each.owner == own]


def action(held: domain.Action, path: str, redactor: Redactor, *, own: bool) -> case_types.Action:
    category = None if own else Category.ACTIONS
    turns, since = of_owner(held, redactor)
    return case_types.Action(
        id=held.action,
        title=redactor.text(f"{path}.title", category, held.title),
        owner=held.owner,
        owner_user=held.owner_user,
        state=held.state,
        due=held.due,
        original_due=held.original_due,
        mandatory=held.mandatory,
        priority=held.priority,
        intervention=held.intervention,
        service=held.service,
        offered_at=held.offered_at,
        answered_at=held.answered_at,
        ended_at=held.ended_at,
        percent=held.percent,
        counter_due=held.counter_due,
        reason=redactor.text(f"{path}.reason", category, held.reason),
        result=redactor.text(f"{path}.result", category, held.result),
        outcome=held.outcome,
        completed_on=held.completed_on,
        meeting_id=held.meeting,
        decision_id=held.decision,
        progress=[
            case_types.Progress(
                id=each.progress,
                at=each.at,
                note=redactor.text(f"{path}.progress.note", category, each.note),
                percent=each.percent,
            )
            for each in held.progress
            if since is None or each.at >= since
        ],
        turns=[
            case_types.ActionTurn(
                turn=each.turn,
                at=each.at,
                owner=each.owner,
                due=each.due,
                reason=redactor.text(f"{path}.turns.reason", category, each.reason),
                counter_due=each.counter_due,
            )
            for each in turns
        ],
    )


def of_owner(held: domain.Action, redactor: Redactor) -> tuple[Sequence[domain.ActionTurn], datetime | None]:
    """What is told of its course: to an agency that sees it only because it owns it, what came since then."""
    if redactor.sight.hides(Category.ACTIONS) is None:
        return held.turns, None
    handed = [place for place, each in enumerate(held.turns) if each.turn is domain.Turn.REASSIGNED]
    if not handed:
        return held.turns, None
    return held.turns[handed[-1] + 1 :], held.turns[handed[-1]].at


def review(held: domain.Review, path: str, redactor: Redactor) -> case_types.Review:
    return case_types.Review(
        id=held.review,
        number=held.number,
        due=held.due,
        held_at=held.held_at,
        decision=held.decision,
        agreement_confirmed=held.agreement_confirmed,
        summary=redactor.text(f"{path}.summary", Category.PLAN, held.summary),
        next_due=held.next_due,
    )


def clocks(held: domain.Case, pinned: Programme, at: datetime) -> Iterator[case_types.Clock]:
    for shown in clocks_of(held, pinned.clocks, at):
        yield case_types.Clock(
            code=shown.code,
            started_at=shown.started_at,
            due_at=shown.due_at,
            outer_due_at=shown.outer_due_at,
            stopped_at=shown.stopped_at,
            state=shown.state,
            ratio=shown.ratio,
            **fell_due(held, shown.code),
        )


def next_step(held: domain.Case, pinned: Programme, at: datetime, *, died: bool) -> case_types.NextStep | None:
    found = steps.next_step(held, pinned.clocks, at, died=died)
    return case_types.NextStep(on=found.on, step=found.step, adrift=found.adrift) if found else None


def fell_due(held: domain.Case, clock: str) -> dict[str, datetime | None]:
    """When it was recorded to have come near its deadline, and to have passed it, in this episode."""
    passed = [each for each in held.passed if (each.clock, each.episode) == (clock, held.episode)]
    here = {each.breach: each.at for each in passed if each.programme_version == held.programme_version}
    return {"warned_at": here.get(False), "breached_at": here.get(True)}


def notes(held: Sequence[domain.Note], beside: Sequence[RestrictedNote], redactor: Redactor) -> list[case_types.Note]:
    """A note for others, or of a category that is closed, is not there; what is restricted is not spoken of.

    `beside` are the restricted ones, read with the rest by time; there are none for whoever may not see them. The
    latest are told, so that a case of many years is still read at once: those before them are read a page at a time.
    """
    sight = redactor.sight
    some_closed(redactor)
    told = told_notes(held, beside, sight)
    if len(told) > LATEST_NOTES:
        redactor.withheld["notes.earlier"] = RedactionReason.EARLIER
    return [note(each, redactor) for each in told[-LATEST_NOTES:]]


def some_closed(redactor: Redactor) -> None:
    """Names the notes where there may be some of a category that is closed."""
    if any(redactor.sight.hides(category) for category in OF_NOTES):
        redactor.withheld["notes"] = redactor.sight.hidden


def told_notes(
    held: Sequence[domain.Note], beside: Sequence[RestrictedNote], sight: Sight
) -> Sequence[domain.Note | RestrictedNote]:
    """Those that the viewer may know of, by time."""
    open_to = [each for each in held if note_shown(sight, each.by.agency, each.category, each.audience)]
    tagged = [each for each in beside if each.tag in sight.tags]
    return sorted((*open_to, *tagged), key=lambda note: note.at)


def note(held: domain.Note | RestrictedNote, redactor: Redactor) -> case_types.Note:
    restricted = isinstance(held, RestrictedNote)
    category = Category.RESTRICTED if restricted else held.category
    redactor.told(category)
    return case_types.Note(
        id=held.note,
        category=category,
        tag=held.tag if restricted else None,
        at=held.at,
        by=common_types.Worker(user=held.by.user, agency=held.by.agency),
        audience=[] if restricted else sorted(held.audience),
        text=redactor.text("notes.text", None, held.text),
    )


LATEST_NOTES = 50
OF_NOTES = [category for category in Category if category is not Category.RESTRICTED]
"""The categories that notes may be known to have."""


def concern(held: Concern, path: str, redactor: Redactor) -> case_types.SafeguardingConcern:
    raised = held.raised
    redactor.told(Category.RESTRICTED)
    return case_types.SafeguardingConcern(
        id=raised.concern,
        at=held.at,
        by=common_types.Worker(user=raised.by.user, agency=raised.by.agency),
        text=redactor.text(f"{path}.text", None, raised.text),
        needs_care=raised.needs_care,
        at_risk=raised.at_risk,
        cannot_protect_themselves=raised.cannot_protect_themselves,
        immediate_danger=raised.immediate_danger,
        raised_to=redactor.text(f"{path}.raisedTo", None, raised.raised_to),
        reference=redactor.text(f"{path}.reference", None, raised.reference),
        persons_wish=redactor.text(f"{path}.personsWish", None, raised.persons_wish),
        outcome=held.outcome,
        outcome_at=held.outcome_at,
        outcome_text=redactor.text(f"{path}.outcomeText", None, held.outcome_text),
    )


def recusals(held: Iterable[domain.Recusal], redactor: Redactor) -> list[case_types.Recusal]:
    """For those who coordinate the case, who must know whom it cannot be talked about with."""
    if not redactor.sight.everything:
        return []
    return [
        case_types.Recusal(
            user=each.user,
            agency=each.agency,
            since=each.since,
            by_other=each.by_other,
            reason=redactor.text("recusals.reason", None, each.reason),
            meeting_id=each.meeting,
            item_id=each.item,
            resolved_at=each.resolved_at,
            resolved_reason=redactor.text("recusals.resolvedReason", None, each.resolved_reason),
        )
        for each in held
    ]


def corrections(held: Iterable[domain.Correction], redactor: Redactor) -> list[case_types.EntryCorrection]:
    """As many are told of as know of the entry."""
    return [
        case_types.EntryCorrection(
            id=each.correction,
            kind=each.entry.kind,
            entry_id=each.entry.entry,
            field=each.field,
            at=each.at,
            by=common_types.Worker(user=each.by.user, agency=each.by.agency),
            reason=redactor.text("corrections.reason", None, each.reason),
        )
        for each in held
        if entry_shown(redactor.sight, each.entry)
    ]


def withdrawals(held: domain.Case, redactor: Redactor) -> list[case_types.EntryWithdrawal]:
    """For those who coordinate the case, who ask for it and answer it."""
    if not redactor.sight.everything:
        return []
    return [
        case_types.EntryWithdrawal(
            id=each.withdrawal,
            kind=each.entry.kind,
            entry_id=each.entry.entry,
            reason=each.reason,
            explanation=redactor.text("withdrawals.explanation", None, each.explanation),
            by=common_types.Worker(user=each.by.user, agency=each.by.agency),
            at=each.at,
            answered_at=each.refused_at or held.withdrawn_at(each.withdrawal),
            refused_reason=redactor.text("withdrawals.refusedReason", None, each.refused_reason),
        )
        for each in held.withdrawals
        if entry_shown(redactor.sight, each.entry)
    ]


def voidings(held: Iterable[domain.Voiding], redactor: Redactor) -> list[case_types.Voiding]:
    """For those who coordinate the case, who ask for it and answer it."""
    if not redactor.sight.everything:
        return []
    return [
        case_types.Voiding(
            id=each.voiding,
            reason=each.reason,
            explanation=redactor.text("voidings.explanation", None, each.explanation),
            by=common_types.Worker(user=each.by.user, agency=each.by.agency),
            at=each.at,
            answered_at=each.answered_at,
            refused_reason=redactor.text("voidings.refusedReason", None, each.refused_reason),
        )
        for each in held
    ]


def measures(held: Sequence[domain.Measure], redactor: Redactor) -> list[case_types.Measure]:
    """Totals are of health; what was ticked is for those who coordinate the case."""
    told = redactor.all("measures", Category.HEALTH, held)
    items = redactor.for_those_who_see_all("measures.readings", True)
    return [
        case_types.Measure(
            id=each.measure,
            instrument=each.instrument,
            stage=each.stage,
            administered_on=each.administered_on,
            mode=each.mode,
            language=each.language,
            complete=each.complete,
            raw_total=each.raw_total,
            metric_total=each.metric_total,
            out_of_window=each.out_of_window,
            readings=[case_types.Reading(item=one.item, score=one.score) for one in each.readings if items],
            reference=redactor.text("measures.reference", Category.HEALTH, each.reference),
        )
        for each in told
    ]


def unmeasured(held: domain.Unmeasured, path: str, redactor: Redactor) -> case_types.Unmeasured:
    reason = redactor.text(f"{path}.reason", Category.HEALTH, held.reason)
    return case_types.Unmeasured(instrument=held.instrument, stage=held.stage, why=held.why, at=held.at, reason=reason)


def intervention(held: domain.Intervention, path: str, redactor: Redactor) -> case_types.Intervention:
    return case_types.Intervention(
        id=held.support,
        intervention=held.intervention,
        provider=held.provider,
        since=held.since,
        action_id=held.action if redactor.sight.hides(Category.ACTIONS) is None else None,
        ended_at=held.ended_at,
        outcome=held.outcome,
        reason=redactor.text(f"{path}.reason", Category.PLAN, held.reason),
    )


def request(held: domain.InformationRequest, path: str, redactor: Redactor) -> case_types.InformationRequest:
    return case_types.InformationRequest(
        id=held.request,
        whom=redactor.text(f"{path}.whom", Category.NEEDS, held.whom),
        what=redactor.text(f"{path}.what", Category.NEEDS, held.what),
        asked_at=held.asked_at,
        due=held.due,
        received_at=held.received_at,
        text=redactor.text(f"{path}.text", Category.NEEDS, held.text),
        of_referrer=held.of_referrer,
    )


def risk(held: domain.Risk, path: str, redactor: Redactor) -> case_types.Risk:
    return case_types.Risk(
        id=held.risk,
        kind=held.kind,
        level=held.level,
        mitigation=redactor.text(f"{path}.mitigation", Category.RISK, held.mitigation),
        since=held.since,
        looked_at=held.looked_at,
        review_on=held.review_on,
    )


def relation(held: domain.Relation, path: str, redactor: Redactor) -> case_types.Relation:
    return case_types.Relation(
        id=held.relation,
        role=held.role,
        whom=redactor.text(f"{path}.whom", Category.THIRD_PARTY, held.whom),
        safe_to_discuss=held.safe_to_discuss,
        since=held.since,
        ended_at=held.ended_at,
        reason=redactor.text(f"{path}.reason", Category.THIRD_PARTY, held.reason),
    )


def escalation(held: domain.Escalated, path: str, redactor: Redactor) -> case_types.Escalation:
    reason = redactor.text(f"{path}.reason", Category.RISK, held.reason)
    return case_types.Escalation(id=held.escalation, to=held.to, at=held.at, reason=reason)


def messages_back(held: Sequence[domain.MessageBack], redactor: Redactor) -> list[case_types.MessageBack]:
    return [
        case_types.MessageBack(
            id=each.message,
            agency=each.agency,
            channel=each.channel,
            sent_on=each.sent_on,
            failed_at=each.failed_at,
            reason=redactor.text("messagesBack.reason", None, each.reason),
            acknowledged_at=each.acknowledged_at,
        )
        for each in redactor.for_those_who_see_all("messagesBack", held) or ()
    ]


def feedback(held: domain.Feedback, path: str, redactor: Redactor) -> case_types.Feedback:
    return case_types.Feedback(
        id=held.feedback,
        experience=held.experience,
        at=held.at,
        text=redactor.text(f"{path}.text", Category.PLAN, held.text),
        may_publish=held.may_publish,
    )


def pauses(held: Sequence[domain.Pause], redactor: Redactor) -> list[case_types.Pause]:
    """When it rested is told with its clocks, which stood still; why is of the plan."""
    closed = redactor.hides("pauses.reason", Category.PLAN)
    return [
        case_types.Pause(
            id=each.pause,
            since=each.since,
            expected_resume=each.expected_resume,
            resumed_at=each.resumed_at,
            reason=None if closed else each.reason,
            explanation=redactor.text("pauses.explanation", Category.PLAN, each.explanation),
        )
        for each in redactor.for_those_involved("pauses", held) or ()
    ]


def reached(held: Sequence[domain.Reached], redactor: Redactor) -> list[case_types.Reached]:
    return [
        case_types.Reached(id=each.reached, milestone=each.milestone, at=each.at)
        for each in redactor.for_those_involved("reached", held) or ()
    ]


def moves(held: Sequence[domain.Moved], redactor: Redactor) -> list[case_types.MovedVersion]:
    """By which rules its clocks run is told with them; why is of the plan."""
    redactor.hides("moves.reason", Category.PLAN)
    return [
        case_types.MovedVersion(
            from_version=each.from_version,
            to_version=each.to_version,
            at=each.at,
            reason=redactor.text("moves.reason", Category.PLAN, each.reason),
        )
        for each in redactor.for_those_involved("moves", held) or ()
    ]


def transfers(held: Sequence[domain.Transfer], redactor: Redactor) -> list[case_types.Transfer]:
    """That it is handed over is told like its end; why is of the plan."""
    for path in ("transfers.reason", "transfers.withdrawnReason"):
        redactor.hides(path, Category.PLAN)
    return [
        case_types.Transfer(
            id=each.transfer,
            at=each.at,
            reason=redactor.text("transfers.reason", Category.PLAN, each.reason),
            withdrawn_at=each.withdrawn_at,
            withdrawn_reason=redactor.text("transfers.withdrawnReason", Category.PLAN, each.withdrawn_reason),
            done_at=each.done_at,
        )
        for each in redactor.for_those_involved("transfers", held) or ()
    ]


def fund_award(held: domain.FundAward, path: str, redactor: Redactor) -> case_types.FundAward:
    return case_types.FundAward(
        id=held.award,
        fund=held.fund,
        pence=held.pence,
        purpose=redactor.text(f"{path}.purpose", Category.FUNDS, held.purpose),
        payee=redactor.text(f"{path}.payee", Category.FUNDS, held.payee),
        at=held.at,
        by=common_types.Worker(user=held.by.user, agency=held.by.agency),
        approved_at=held.approved_at,
        declined_at=held.declined_at,
        declined_reason=redactor.text(f"{path}.declinedReason", Category.FUNDS, held.declined_reason),
        answered_by=worker(held.answered_by),
        paid_on=held.paid_on,
    )


def allocations(held: Sequence[domain.Allocation], redactor: Redactor) -> list[case_types.Allocation]:
    """What coordinators write for each other."""
    return [
        case_types.Allocation(
            at=each.since,
            worker=common_types.Worker(user=each.worker.user, agency=each.worker.agency),
            lead=each.lead,
            before=worker(each.before),
            reason=redactor.text("allocations.reason", None, each.reason),
            handover_note=redactor.text("allocations.handoverNote", None, each.handover_note),
        )
        for each in redactor.for_those_who_see_all("allocations", held) or ()
    ]


def proposal(held: domain.Proposal, path: str, redactor: Redactor) -> case_types.Proposal:
    return case_types.Proposal(
        id=held.proposal,
        series=held.series,
        purpose=held.purpose,
        by_agency=held.by_agency,
        presenter=common_types.Worker(user=held.presenter.user, agency=held.presenter.agency),
        proposed_at=held.proposed_at,
        question=redactor.text(f"{path}.question", Category.DISCUSSION, held.question),
        requested_partners=list(held.requested_partners),
        earliest=held.earliest,
        person_informed=held.person_informed,
        not_informed_reason=redactor.text(f"{path}.notInformedReason", Category.DISCUSSION, held.not_informed_reason),
        withdrawn=held.withdrawn,
        withdrawn_reason=redactor.text(f"{path}.withdrawnReason", Category.DISCUSSION, held.withdrawn_reason),
    )


def endings(held: Sequence[domain.Ending], redactor: Redactor) -> list[case_types.Ending]:
    """Why it ended is what was agreed about it; that it ended is told by its state. How goals stood is of the plan."""
    redactor.hides("endings.outcomes", Category.PLAN)
    return redactor.each("endings", Category.DISCUSSION, held, ending)


def discussions(held: domain.Case, redactor: Redactor) -> list[case_types.Discussion]:
    """Each with what its minutes should have said."""

    def shown(each: domain.Discussion, path: str, redactor: Redactor) -> case_types.Discussion:
        said = Update(each.situation, each.action_to_date, each.update, each.next_steps)
        later = [amended.amendment for amended in held.amendments if amended.item == each.item]
        at = Spoken(each.meeting, each.item, each.started_at, each.ended_at, each.agencies, later)
        return spoken(said, at, path, redactor)

    return redactor.each("discussions", Category.DISCUSSION, held.discussions, shown)


class Spoken(Struct, frozen=True):
    """Where something was said, between which times, with which agencies there, and what was put right since."""

    meeting: UUID
    item: UUID
    started_at: datetime | None
    ended_at: datetime | None
    agencies: Sequence[str]
    amendments: Sequence[Amendment]


def spoken(said: Update, at: Spoken, path: str, redactor: Redactor) -> case_types.Discussion:
    category = Category.DISCUSSION
    return case_types.Discussion(
        meeting_id=at.meeting,
        item_id=at.item,
        started_at=at.started_at,
        ended_at=at.ended_at,
        agencies=list(at.agencies),
        situation=redactor.text(f"{path}.situation", category, said.situation),
        action_to_date=redactor.text(f"{path}.actionToDate", category, said.action_to_date),
        update=redactor.text(f"{path}.update", category, said.update),
        next_steps=redactor.text(f"{path}.nextSteps", category, said.next_steps),
        amendments=[amendment(each, f"{path}.amendments", redactor) for each in at.amendments],
    )


def amendment(held: Amendment, path: str, redactor: Redactor) -> case_types.Amendment:
    return case_types.Amendment(
        id=held.amendment,
        at=held.at,
        by=held.by,
        text=redactor.text(f"{path}.text", Category.DISCUSSION, held.text),
        at_meeting_id=held.at_meeting,
    )


def decision(held: Decision, path: str, redactor: Redactor) -> case_types.Decision:
    category = Category.DISCUSSION
    tell = held.to_tell_person
    return case_types.Decision(
        id=held.decision,
        code=held.code,
        at=held.decided_at,
        text=redactor.text(f"{path}.text", category, held.text),
        agreed_by=list(held.agreed_by),
        dissent=[
            case_types.Dissent(agency=each.agency, text=redactor.text(f"{path}.dissent.text", category, each.text))
            for each in held.dissent
        ],
        tell_person=common_types.Worker(user=tell.who, agency=None) if tell else None,
        tell_person_by=tell.by if tell else None,
        not_told_reason=redactor.text(f"{path}.notToldReason", category, held.not_told_reason),
        inquorate=held.inquorate,
    )


def ending(held: domain.Ending, path: str, redactor: Redactor) -> case_types.Ending:
    days = held.measured
    return case_types.Ending(
        reason=held.reason,
        ending=held.ending,
        closed_on=held.closed_on,
        closed_at=held.closed_at,
        summary=redactor.text(f"{path}.summary", Category.DISCUSSION, held.summary),
        outcomes=outcomes(held.outcomes, redactor),
        message_back_to=list(held.message_back_to),
        ongoing_plan=redactor.text(f"{path}.ongoingPlan", Category.DISCUSSION, held.ongoing_plan),
        feedback_invited=held.feedback_invited,
        measured=case_types.Measured(
            closed=days.closed, conversation=days.conversation, discussed=days.discussed, plan=days.plan
        )
        if days
        else None,
    )


def outcomes(held: Sequence[domain.GoalOutcome], redactor: Redactor) -> list[case_types.GoalOutcome]:
    told = redactor.all("endings.outcomes", Category.PLAN, held)
    return [case_types.GoalOutcome(goal_id=each.goal, result=each.result) for each in told]


def closure_proposed(held: domain.ClosureProposal | None, redactor: Redactor) -> case_types.ClosureProposal | None:
    if redactor.hides("closureProposed", Category.DISCUSSION) or held is None:
        return None
    summary = redactor.text("closureProposed.summary", Category.DISCUSSION, held.summary)
    return case_types.ClosureProposal(at=held.at, reason=held.reason, summary=summary)


def reopening(held: domain.Reopening, path: str, redactor: Redactor) -> case_types.Reopening:
    reason = redactor.text(f"{path}.reason", Category.DISCUSSION, held.reason)
    return case_types.Reopening(episode=held.episode, at=held.at, reason=reason)
