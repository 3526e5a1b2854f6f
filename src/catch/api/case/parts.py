"""From folded states to answers: what the viewer may see, unsealed; the rest null and named in `redactions`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from catch.access import RedactionReason, Sight, note_shown, sees_others
from catch.api.case import types as case_types
from catch.api.common import types as common_types
from catch.api.common.redaction import Redactor
from catch.domain.agenda.case_facts import moment
from catch.domain.case import state as domain
from catch.domain.facts import Category, Sealed, Tag
from catch.domain.meeting.items import Decision, Update
from catch.domain.programme.clocks import clock
from catch.domain.programme.configuration import Programme
from catch.domain.restricted import Concern, RestrictedNote


def worker(held: domain.Worker | None) -> common_types.Worker | None:
    return common_types.Worker(user=held.user, agency=held.agency) if held else None


def referral(held: domain.Referral, path: str, redactor: Redactor, *, address_protected: bool) -> case_types.Referral:
    """Whoever wrote it reads what they wrote; but for how the person is reached, which may have become a secret."""
    category = None if own_door(held, redactor) else Category.NEEDS
    hidden = category is not None and redactor.hides(f"{path}.needs", category)
    if hidden:
        redactor.hides(f"{path}.urgency", Category.NEEDS)
    return case_types.Referral(
        id=held.referral,
        source=held.source,
        channel=held.channel,
        received_at=held.received_at,
        urgency=None if hidden else held.urgency,
        needs=None if hidden else list(held.needs),
        reason=redactor.text(f"{path}.reason", category, held.reason),
        referrer=common_types.Worker(user=held.referrer, agency=held.referrer_agency),
        unverified_organisation=redactor.text(f"{path}.unverifiedOrganisation", category, held.unverified_organisation),
        reference=redactor.text(f"{path}.reference", category, held.reference),
        described=described(held, f"{path}.described", redactor, address_protected=address_protected),
    )


def described(
    held: domain.Referral, path: str, redactor: Redactor, *, address_protected: bool
) -> case_types.Described | None:
    """That there is such a description is told to those who see something of it."""
    said, own = held.described or domain.Described(), own_door(held, redactor)
    identity = None if own else Category.IDENTITY
    shown = case_types.Described(
        name=redactor.text(f"{path}.name", identity, said.name),
        date_of_birth=redactor.text(f"{path}.dateOfBirth", identity, said.date_of_birth),
        nhs_number=redactor.text(f"{path}.nhsNumber", identity, said.nhs_number),
        phone=redactor.text(f"{path}.phone", Category.CONTACT, said.phone),
        address=address(said.address, f"{path}.address", redactor, protected=address_protected),
    )
    closed = redactor.sight.hides(Category.CONTACT) and not own and redactor.sight.hides(Category.IDENTITY)
    return None if closed or held.described is None else shown


def address(held: Sealed | None, path: str, redactor: Redactor, *, protected: bool) -> str | None:
    """Where somebody lives; once that is protected, for those only who were given the tag."""
    if redactor.hides(path, Category.CONTACT):
        return None
    if protected and Tag.PROTECTED_ADDRESS not in redactor.sight.tags:
        # Whether or not there is an address: a closed one and none look the same.
        redactor.withheld[path] = RedactionReason.RESTRICTED
        return None
    return redactor.text(path, Category.CONTACT, held)


def refers_by(held: domain.Case, digest: str, seen: Sight) -> bool:
    """Whether the case has a referral under this reference whose reference is shown."""
    open_to_all = seen.hides(Category.NEEDS) is None
    return any(
        each.reference_digest == digest and (open_to_all or each.referrer_agency == seen.agency)
        for each in held.referrals
    )


def own_door(held: domain.Referral, redactor: Redactor) -> bool:
    return held.referrer_agency == redactor.sight.agency


def doors(held: domain.Case, redactor: Redactor) -> list[domain.Referral]:
    """The referrals that the viewer may know of: for who sees no more than their own, the others are not there."""
    return [each for each in held.referrals if not redactor.refers or own_door(each, redactor)]


def safe_contact(held: domain.SafeContact | None, redactor: Redactor) -> case_types.SafeContact | None:
    if held is None or redactor.hides("safeContact", Category.CONTACT):
        return None
    return case_types.SafeContact(
        ok=held.ok,
        how=redactor.text("safeContact.how", Category.CONTACT, held.how),
        not_when=redactor.text("safeContact.notWhen", Category.CONTACT, held.not_when),
    )


def answered(held: domain.Answered | None, redactor: Redactor) -> case_types.Answered | None:
    """Whoever referred is told why, and where the person was led."""
    category = None if redactor.refers else Category.NEEDS
    explanation = redactor.text("answered.explanation", category, held.explanation if held else None)
    if held is None:
        return None
    return case_types.Answered(
        reason=held.reason,
        explanation=explanation,
        agency=held.agency,
        programme=held.programme,
    )


def conversation(held: domain.Conversation, path: str, redactor: Redactor) -> case_types.Conversation:
    return case_types.Conversation(
        id=held.conversation,
        at=held.at,
        held=held.held,
        what_matters=redactor.text(f"{path}.whatMatters", Category.PLAN, held.what_matters),
        strengths=redactor.text(f"{path}.strengths", Category.PLAN, held.strengths),
    )


def plan(held: domain.Plan | None, redactor: Redactor) -> case_types.Plan | None:
    if held is None or redactor.hides("plan", Category.PLAN):
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
        shared_with=list(held.shared_with),
    )


def goal(held: domain.Goal, path: str, redactor: Redactor) -> case_types.Goal:
    return case_types.Goal(
        id=held.goal,
        text=redactor.text(f"{path}.text", Category.PLAN, held.text),
        domain=held.domain,
        baseline=held.baseline,
        target=held.target,
        score=held.score,
        state=held.state,
    )


def actions(held: Iterable[domain.Action], path: str, redactor: Redactor) -> list[case_types.Action]:
    """An agency always sees the actions it owns; those of others where actions are disclosed to it."""
    closed = redactor.hides(path, Category.ACTIONS)
    own = redactor.sight.agency if redactor.sight.takes_part else None
    return [action(each, path, redactor, own=each.owner == own) for each in held if not closed or each.owner == own]


def action(held: domain.Action, path: str, redactor: Redactor, *, own: bool) -> case_types.Action:
    category = None if own else Category.ACTIONS
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
        reason=redactor.text(f"{path}.reason", category, held.reason),
        result=redactor.text(f"{path}.result", category, held.result),
        meeting_id=held.meeting,
    )


def disclosures(held: Iterable[domain.Disclosure], redactor: Redactor) -> list[case_types.Disclosure]:
    """A partner sees what may be told to itself; whoever sees the discussion for other reasons sees all."""
    others = sees_others(redactor.sight)
    if not others:
        redactor.withheld["disclosures"] = redactor.sight.hidden
    own = None if redactor.refers else redactor.sight.agency
    return [disclosure(each, redactor) for each in held if others or each.agency == own]


def disclosure(held: domain.Disclosure, redactor: Redactor) -> case_types.Disclosure:
    return case_types.Disclosure(
        id=held.disclosure,
        agency=held.agency,
        categories=sorted(each for each in held.categories if redactor.sight.mentions(each)),
        authorised_at=held.authorised_at,
        until=held.until,
        ended_at=held.ended_at,
    )


def review(held: domain.Review, path: str, redactor: Redactor) -> case_types.Review:
    return case_types.Review(
        id=held.review,
        number=held.number,
        due=held.due,
        held_at=held.held_at,
        decision=held.decision,
        summary=redactor.text(f"{path}.summary", Category.PLAN, held.summary),
    )


def clocks(held: domain.Case, pinned: Programme, at: datetime) -> Iterator[case_types.Clock]:
    for rule in pinned.clocks:
        started = moment(rule.start, held.milestones)
        if started is not None and started <= at:
            shown = clock(rule, started, moment(rule.stop, held.milestones), at, held.milestones.over_at)
            yield case_types.Clock(
                code=shown.code,
                started_at=shown.started_at,
                due_at=shown.due_at,
                outer_due_at=shown.outer_due_at,
                stopped_at=shown.stopped_at,
                state=shown.state,
                ratio=shown.ratio,
            )


def notes(held: Sequence[domain.Note], beside: Sequence[RestrictedNote], redactor: Redactor) -> list[case_types.Note]:
    """A note for others, or of a category that is closed, is not there; what is restricted is not spoken of.

    `beside` are the restricted ones, read with the rest by time; there are none for whoever may not see them. The
    latest are told, so that a case of many years is still read at once: those before them are read a page at a time.
    """
    sight = redactor.sight
    if any(sight.hides(category) for category in OF_NOTES):
        redactor.withheld["notes"] = sight.hidden
    told = told_notes(held, beside, sight)
    if len(told) > LATEST_NOTES:
        redactor.withheld["notes.earlier"] = RedactionReason.EARLIER
    return [note(each, redactor) for each in told[-LATEST_NOTES:]]


def told_notes(
    held: Sequence[domain.Note], beside: Sequence[RestrictedNote], sight: Sight
) -> Sequence[domain.Note | RestrictedNote]:
    """Those that the viewer may know of, by time."""
    open_to = [each for each in held if note_shown(sight, each.by.agency, each.category, each.audience)]
    tagged = [each for each in beside if each.tag in sight.tags]
    return sorted((*open_to, *tagged), key=lambda note: note.at)


def note(held: domain.Note | RestrictedNote, redactor: Redactor) -> case_types.Note:
    restricted = isinstance(held, RestrictedNote)
    return case_types.Note(
        id=held.note,
        category=Category.RESTRICTED if restricted else held.category,
        tag=held.tag if restricted else None,
        at=held.at,
        by=common_types.Worker(user=held.by.user, agency=held.by.agency),
        text=redactor.text("notes.text", None, held.text),
    )


LATEST_NOTES = 50
OF_NOTES = [category for category in Category if category is not Category.RESTRICTED]
"""The categories that notes may be known to have."""


def concern(held: Concern, path: str, redactor: Redactor) -> case_types.SafeguardingConcern:
    raised = held.raised
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
        case_types.Recusal(user=each.user, agency=each.agency, since=each.since, resolved_at=each.resolved_at)
        for each in held
    ]


def proposal(held: domain.Proposal, path: str, redactor: Redactor) -> case_types.Proposal:
    return case_types.Proposal(
        id=held.proposal,
        series=held.series,
        purpose=held.purpose,
        by_agency=held.by_agency,
        question=redactor.text(f"{path}.question", Category.DISCUSSION, held.question),
    )


def endings(held: Sequence[domain.Ending], redactor: Redactor) -> list[case_types.Ending]:
    """Why it ended is what was agreed about it; that it ended is told by its state."""
    return redactor.each("endings", Category.DISCUSSION, held, ending)


def discussion(held: domain.Discussion, path: str, redactor: Redactor) -> case_types.Discussion:
    said = Update(held.situation, held.action_to_date, held.update, held.next_steps)
    return spoken(said, held.meeting, (held.started_at, held.ended_at), held.agencies, path, redactor)


def spoken(
    said: Update,
    meeting: UUID,
    times: tuple[datetime | None, datetime | None],
    agencies: Iterable[str],
    path: str,
    redactor: Redactor,
) -> case_types.Discussion:
    """What was said at a meeting, between which times and with which agencies there."""
    category = Category.DISCUSSION
    return case_types.Discussion(
        meeting_id=meeting,
        started_at=times[0],
        ended_at=times[1],
        agencies=list(agencies),
        situation=redactor.text(f"{path}.situation", category, said.situation),
        action_to_date=redactor.text(f"{path}.actionToDate", category, said.action_to_date),
        update=redactor.text(f"{path}.update", category, said.update),
        next_steps=redactor.text(f"{path}.nextSteps", category, said.next_steps),
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
        inquorate=held.inquorate,
    )


def ending(held: domain.Ending, path: str, redactor: Redactor) -> case_types.Ending:
    return case_types.Ending(
        reason=held.reason,
        ending=held.ending,
        closed_on=held.closed_on,
        summary=redactor.text(f"{path}.summary", Category.DISCUSSION, held.summary),
    )
