"""From a case, as its facts left it, to what the agenda needs to know of it. No personal text passes here."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from catch.domain.agenda.facts import ActionFact, Carried, CaseFacts, ClockFact, ProposalFact
from catch.domain.calendar import london_day
from catch.domain.case.clocks import clocks_of, moment
from catch.domain.case.state import ActionState, Agrees, Case, GoalState, Proposal, ProposalPurpose
from catch.domain.meeting.listing import AppearanceBasis, Missing
from catch.domain.meeting.state import Meeting
from catch.domain.programme import ProgrammeHistory
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule


def may_be_told(case: Case, at: datetime) -> tuple[str, ...]:
    """The agencies that something of this case is disclosed to, and whoever coordinates it."""
    told = {held.agency for held in case.disclosures if case.disclosed(held.agency, at)}
    return tuple(sorted(told | case.holders))


def case_facts(
    case: Case, history: ProgrammeHistory, meeting: Meeting, carried: Carried | None = None, *, stopped: bool = False
) -> CaseFacts:
    """What the meeting's agenda is drafted from: by the series of the programme's present version, and by the clocks,
    as on the case's page, of the version that it started under. `carried`: earlier meetings did not hear it;
    `stopped`: what is kept of the person is kept and nothing else.
    """
    at = meeting.starts_at
    milestones = case.milestones
    series = history.current.series(meeting.series)
    pinned = history.version(case.programme_version)
    # Since the last meeting would have been held: whether it was is nothing that the case knows.
    since = at - timedelta(days=series.cycle_days) if series else at
    return CaseFacts(
        case=case.case,
        number=case.number,
        programme=case.programme,
        state=case.state,
        live=case.live,
        kept_back=kept_back(case, stopped=stopped),
        presenter=presenter(case, meeting.series),
        basis=appearance_basis(case, at),
        visible_to=visible_to(case, meeting),
        accepted_at=milestones.accepted_at,
        conversation_at=milestones.conversation_at,
        discussed_at=milestones.discussed_at,
        last_activity_at=case.last_activity_at,
        on_hold_until=case.on_hold.expected_resume if case.on_hold else None,
        proposals=tuple(proposal_fact(held) for held in case.proposals if heard_here(held, case, history, meeting)),
        actions=tuple(
            ActionFact(
                action=held.action,
                owner=held.owner,
                due=held.due,
                mandatory=held.mandatory,
                declined_on=declined_on(held.state, held.answered_at),
                left_on=left_on(case, held.owner),
            )
            for held in case.actions
            if held.unsettled
        ),
        clocks=tuple(running_clocks(case, pinned.clocks if pinned else (), at)),
        plan_agreed_on=london_day(case.plan.agreed_at) if case.plan else None,
        review_due=case.plan.review_due if case.plan and not case.plan.reviewed else None,
        planned_end=case.plan.planned_end if case.plan else None,
        closure_proposed_on=london_day(milestones.closure_proposed_at) if milestones.closure_proposed_at else None,
        ready_to_close=ready_to_close(case),
        unmet_needs=tuple(held.code for held in case.unmet_needs if held.met_at is None and since <= held.since <= at),
        carried=carried if carried and not closed_since(case, carried) else None,
        elsewhere=None if carried else elsewhere(case, history, meeting),
    )


def kept_back(case: Case, *, stopped: bool) -> tuple[Missing, ...]:
    return (*case.kept_back, Missing.RESTRICTED) if stopped else case.kept_back


def elsewhere(case: Case, history: ProgrammeHistory, meeting: Meeting) -> str | None:
    """The other series that has the case: where it was last proposed or talked over, and nobody proposes it here.

    What no series has yet, or one that is no more, is put before all of them: nothing is lost between two.
    """
    series = {held.key for held in history.current.meetings}
    if len(series) < 2 or any(held.series == meeting.series for held in case.proposals):
        return None
    proposed = [
        (held.proposed_at, held.series) for held in (*case.proposals, *case.past_proposals) if not held.withdrawn
    ]
    talked = [(held.ended_at, held.series) for held in case.discussions if held.series]
    _, last = max((each for each in (*proposed, *talked) if each[1] in series), default=(None, None))
    return last if last != meeting.series else None


def heard_here(proposal: Proposal, case: Case, history: ProgrammeHistory, meeting: Meeting) -> bool:
    """What was proposed for a series that is no more is heard by any other, once: no discussion there settles it."""
    if history.current.series(proposal.series) is None:
        return not any(held.ended_at >= proposal.proposed_at for held in case.discussions)
    return proposal.series == meeting.series


def visible_to(case: Case, meeting: Meeting) -> frozenset[str]:
    """The agencies expected at the meeting that may be told of the case then."""
    # Who coordinates the case comes to present it, invited or not.
    expected = {held.agency for held in meeting.invitations} | {case.lead.agency if case.lead else ""}
    return frozenset(expected & set(may_be_told(case, meeting.starts_at)))


def closed_since(case: Case, carried: Carried) -> bool:
    """Closing the case settled what was put off before: a new episode begins with nothing carried."""
    began = case.episode_started_at
    return case.episode > 1 and began is not None and carried.since < london_day(began)


def presenter(case: Case, series: str) -> str | None:
    """Whoever the latest proposal for this series names, else the lead coordinator."""
    named = next((held.presenter.user for held in reversed(case.proposals) if held.series == series), None)
    return named or (case.lead.user if case.lead else None)


def appearance_basis(case: Case, at: datetime) -> AppearanceBasis | None:
    """Why the meeting may consider the case: the person agrees, or an open disclosure goes before their wish."""
    if case.agreement is Agrees.YES:
        return AppearanceBasis.AGREEMENT
    # Ended disclosures no longer speak for anything.
    open_ones = [held for held in case.disclosures if held.open_at(at)]
    if any(held.basis.overrides_objection for held in open_ones):
        return AppearanceBasis.VITAL_INTEREST
    informed = any(held.person_informed for held in case.proposals)
    return AppearanceBasis.PUBLIC_TASK_WITH_NOTICE if case.agreement is None and open_ones and informed else None


def proposal_fact(proposal: Proposal) -> ProposalFact:
    return ProposalFact(
        proposal=proposal.proposal,
        purpose=proposal.purpose,
        proposed_on=london_day(proposal.proposed_at),
        by_agency=proposal.by_agency,
        question=proposal.question is not None,
        urgent=proposal.purpose is ProposalPurpose.URGENT,
        requested_partners=proposal.requested_partners,
        earliest=proposal.earliest,
    )


def left_on(case: Case, agency: str) -> date | None:
    """The day on which the agency's part ended, where it has none any more: it can answer for nothing."""
    ended = [held.ended_at for held in case.involvements if held.agency == agency and held.ended_at]
    here = case.involved(agency) or agency in case.holders
    return london_day(max(ended)) if ended and not here else None


def declined_on(state: ActionState, answered_at: datetime | None) -> date | None:
    return london_day(answered_at) if state is ActionState.DECLINED and answered_at else None


def ready_to_close(case: Case) -> bool:
    scored = all(held.state is not GoalState.OPEN or held.scored_at is not None for held in case.goals)
    return scored and not any(held.unsettled for held in case.actions)


def running_clocks(case: Case, rules: Iterable[ClockRule], at: datetime) -> Iterable[ClockFact]:
    """The clocks that have started and not stopped, whenever that was, and do not stand still."""
    waiting = [rule for rule in rules if moment(rule.stop, case) is None]
    for held in clocks_of(case, waiting if case.milestones.over_at is None else (), at):
        if held.state is not ClockState.PAUSED:
            yield ClockFact(held.code, held.started_at, held.warn_at, held.due_at)
