"""From folded states to answers: what the viewer may see, unsealed; the rest null and named in `redactions`."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from catch.access import RedactionReason
from catch.api import types
from catch.api.lens import Lens, own_only, reads
from catch.domain.case import state as domain
from catch.domain.case_facts import moment
from catch.domain.clocks import clock
from catch.domain.configuration import Programme
from catch.domain.facts import Category
from catch.domain.meeting.items import Decision, Update


def worker(held: domain.Worker | None) -> types.Worker | None:
    return types.Worker(user=held.user, agency=held.agency) if held else None


def programme(held: Programme) -> types.Programme:
    return types.Programme(
        key=held.key,
        version=held.version,
        name=held.name,
        effective_from=held.effective_from,
        sources=[source.code for source in held.sources if source.active],
        channels=list(held.channels),
        series=[
            types.Series(key=each.key, name=each.name, duration_minutes=each.duration_minutes, rrule=each.rrule)
            for each in held.meetings
        ],
        closure_reasons=[
            types.ClosureReason(code=each.code, label=each.label, ending=each.ending) for each in held.closure.reasons
        ],
        interventions=list(held.interventions),
        assumed=list(held.assumed),
    )


def referral(held: domain.Referral, path: str, lens: Lens) -> types.Referral:
    own = held.referrer_agency == lens.sight.agency and lens.sight.hidden is not RedactionReason.RECUSED
    category = None if own else Category.NEEDS
    hidden = category is not None and lens.hides(f"{path}.needs", category)
    return types.Referral(
        id=held.referral,
        source=held.source,
        channel=held.channel,
        received_at=held.received_at,
        urgency=held.urgency,
        needs=None if hidden else list(held.needs),
        reason=lens.text(f"{path}.reason", category, held.reason),
        referrer=types.Worker(user=held.referrer, agency=held.referrer_agency),
        unverified_organisation=lens.text(f"{path}.unverifiedOrganisation", category, held.unverified_organisation),
    )


def conversation(held: domain.Conversation, path: str, lens: Lens) -> types.Conversation:
    return types.Conversation(
        id=held.conversation,
        at=held.at,
        held=held.held,
        what_matters=lens.text(f"{path}.whatMatters", Category.PLAN, held.what_matters),
        strengths=lens.text(f"{path}.strengths", Category.PLAN, held.strengths),
    )


def plan(held: domain.Plan | None, lens: Lens) -> types.Plan | None:
    if held is None or lens.hides("plan", Category.PLAN):
        return None
    return types.Plan(
        id=held.plan,
        version=held.version,
        agreed_at=held.agreed_at,
        review_due=held.review_due,
        planned_end=held.planned_end,
        what_matters=lens.text("plan.whatMatters", Category.PLAN, held.what_matters),
        strengths=lens.text("plan.strengths", Category.PLAN, held.strengths),
        contingency=lens.text("plan.contingency", Category.PLAN, held.contingency),
        agreed_by_person=held.agreed_by_person,
        shared_with=list(held.shared_with),
    )


def goal(held: domain.Goal, path: str, lens: Lens) -> types.Goal:
    return types.Goal(
        id=held.goal,
        text=lens.text(f"{path}.text", Category.PLAN, held.text),
        domain=held.domain,
        baseline=held.baseline,
        target=held.target,
        score=held.score,
        state=held.state,
    )


def actions(held: Iterable[domain.Action], path: str, lens: Lens) -> list[types.Action]:
    """An agency always sees the actions it owns; those of others where actions are disclosed to it."""
    shown: list[types.Action] = []
    for each in held:
        own = each.owner == lens.sight.agency and lens.sight.takes_part
        if own or not lens.hides(path, Category.ACTIONS):
            shown.append(action(each, f"{path}.{len(shown)}", lens, own=own))
    return shown


def action(held: domain.Action, path: str, lens: Lens, *, own: bool) -> types.Action:
    category = None if own else Category.ACTIONS
    return types.Action(
        id=held.action,
        title=lens.text(f"{path}.title", category, held.title),
        owner=held.owner,
        owner_user=held.owner_user,
        state=held.state,
        due=held.due,
        original_due=held.original_due,
        mandatory=held.mandatory,
        priority=held.priority,
        intervention=held.intervention,
        reason=lens.text(f"{path}.reason", category, held.reason),
        result=lens.text(f"{path}.result", category, held.result),
        meeting_id=held.meeting,
    )


def disclosures(held: Iterable[domain.Disclosure], lens: Lens) -> list[types.Disclosure]:
    """A partner sees what may be told to itself; whoever sees the discussion for other reasons sees all."""
    shown: list[types.Disclosure] = []
    for each in held:
        if own_only(lens.sight) and each.agency != lens.sight.agency:
            lens.withheld["disclosures"] = lens.sight.hidden
            continue
        shown.append(
            types.Disclosure(
                id=each.disclosure,
                agency=each.agency,
                categories=sorted(each.categories),
                authorised_at=each.authorised_at,
                until=each.until,
                ended_at=each.ended_at,
            )
        )
    return shown


def review(held: domain.Review, path: str, lens: Lens) -> types.Review:
    return types.Review(
        id=held.review,
        number=held.number,
        due=held.due,
        held_at=held.held_at,
        decision=held.decision,
        summary=lens.text(f"{path}.summary", Category.PLAN, held.summary),
    )


def clocks(held: domain.Case, pinned: Programme, at: datetime) -> Iterator[types.Clock]:
    for rule in pinned.clocks:
        started = moment(rule.start, held.milestones)
        if started is not None and started <= at:
            shown = clock(rule, started, moment(rule.stop, held.milestones), at)
            yield types.Clock(
                code=shown.code,
                started_at=shown.started_at,
                due_at=shown.due_at,
                stopped_at=shown.stopped_at,
                state=shown.state,
                ratio=shown.ratio,
            )


def notes(held: Iterable[domain.Note], lens: Lens) -> list[types.Note]:
    """A note addressed to others is hidden whole; its existence is theirs too."""
    shown: list[types.Note] = []
    for each in held:
        if reads(lens.sight, each.by.agency, each.audience) and not _hidden_note(each, lens):
            shown.append(
                types.Note(
                    id=each.note,
                    category=each.category,
                    at=each.at,
                    by=types.Worker(user=each.by.user, agency=each.by.agency),
                    text=lens.text(f"notes.{len(shown)}.text", None, each.text),
                )
            )
    return shown


def _hidden_note(note: domain.Note, lens: Lens) -> bool:
    own = note.by.agency == lens.sight.agency and lens.sight.takes_part
    return not own and (not lens.sight.mentions(note.category) or lens.hides("notes", note.category))


def proposal(held: domain.Proposal, path: str, lens: Lens) -> types.Proposal:
    return types.Proposal(
        id=held.proposal,
        series=held.series,
        purpose=held.purpose,
        by_agency=held.by_agency,
        question=lens.text(f"{path}.question", Category.DISCUSSION, held.question),
    )


def discussion(held: domain.Discussion, path: str, lens: Lens) -> types.Discussion:
    said = Update(held.situation, held.action_to_date, held.update, held.next_steps)
    return spoken(said, held.meeting, (held.started_at, held.ended_at), held.agencies, path, lens)


def spoken(
    said: Update,
    meeting: UUID,
    times: tuple[datetime | None, datetime | None],
    agencies: Iterable[str],
    path: str,
    lens: Lens,
) -> types.Discussion:
    """What was said at a meeting, between which times and with which agencies there."""
    category = Category.DISCUSSION
    return types.Discussion(
        meeting_id=meeting,
        started_at=times[0],
        ended_at=times[1],
        agencies=list(agencies),
        situation=lens.text(f"{path}.situation", category, said.situation),
        action_to_date=lens.text(f"{path}.actionToDate", category, said.action_to_date),
        update=lens.text(f"{path}.update", category, said.update),
        next_steps=lens.text(f"{path}.nextSteps", category, said.next_steps),
    )


def decision(held: Decision, path: str, lens: Lens) -> types.Decision:
    category = Category.DISCUSSION
    tell = held.to_tell_person
    return types.Decision(
        id=held.decision,
        code=held.code,
        at=held.decided_at,
        text=lens.text(f"{path}.text", category, held.text),
        agreed_by=list(held.agreed_by),
        dissent=[
            types.Dissent(agency=each.agency, text=lens.text(f"{path}.dissent.{place}.text", category, each.text))
            for place, each in enumerate(held.dissent)
        ],
        tell_person=types.Worker(user=tell.who, agency=None) if tell else None,
        tell_person_by=tell.by if tell else None,
        inquorate=held.inquorate,
    )


def ending(held: domain.Ending, path: str, lens: Lens) -> types.Ending:
    return types.Ending(
        reason=held.reason,
        ending=held.ending,
        closed_on=held.closed_on,
        summary=lens.text(f"{path}.summary", Category.DISCUSSION, held.summary),
    )
