"""While people are supported: reviews, goals, kinds of help, partners, caseloads, and how it ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from catch.domain.calendar import add_working_days, end_of_day, london_day
from catch.domain.case.state import ActionState, Experience, Pause
from catch.domain.facts import Category
from catch.domain.programme.configuration import ClosureClass, Programme
from catch.metrics.definition import CaseFacts, Cut, MetricAudience, MetricBasis, MetricMeasure
from catch.metrics.doors import of_cases
from catch.metrics.episodes import Episode, days_between
from catch.metrics.estimates import Amounts, Changed, Counts, PerPart, Shares, among
from catch.metrics.lines import Line
from catch.metrics.times import ACTIONS, PLAN, begun, inside, lead_at, line_of, over, voided

HEALTH = frozenset({Category.HEALTH})
FUNDS = frozenset({Category.FUNDS})
LONG_ENOUGH = 90
"""Days after acceptance from when on it is fair to count what somebody was given."""


def reviews(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """By the day on which a review was due: those arranged, and what the plan names while nothing is arranged."""
    case, lead = facts.case, lead_at(facts, cut)
    if voided(facts):
        return
    known = [each for each in case.reviews if each.arranged_at is not None or each.held_at is not None]
    for each in known:
        held = each.held_at if each.held_at is not None and each.held_at <= cut.at else None
        if each.due <= cut.day and (held is not None or still_open(facts, cut)):
            answer = "overdue" if held is None else "on-time" if london_day(held) <= each.due else "late"
            yield Line(each.due, answer, group=lead, entry=each.review)
    plan = case.plan
    waits = plan is not None and not plan.reviewed and plan.review_due < cut.day
    if plan is not None and waits and still_open(facts, cut) and all(each.due != plan.review_due for each in known):
        yield Line(plan.review_due, "overdue", group=lead, entry=plan.plan)


def still_open(facts: CaseFacts, cut: Cut) -> bool:
    return over(facts.episodes[-1], cut) is None


def endings(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """How episodes that were taken on were closed, by the day of closure."""
    closed = {each.closed_at: each for each in facts.case.endings}
    for episode in begun(facts, cut):
        end = over(episode, cut)
        if end is not None and episode.ending is not None and end in closed:
            yield Line(london_day(end), episode.ending, group=lead_at(facts, cut))


ENDINGS = (
    (ClosureClass.OUTCOME_ACHIEVED, "What mattered to the person is achieved"),
    (ClosureClass.PARTIAL_OUTCOME, "Part of what mattered is achieved"),
    (ClosureClass.COMPETING_NEUTRAL, "Ended otherwise: moved, died, led elsewhere"),
    (ClosureClass.COMPETING_ADVERSE, "Ended badly: contact lost, escalated, not wanted any more"),
)
_CLASSES = " ".join(each for each, _ in ENDINGS)


def goals(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """By the day on which a goal was set: from its baseline to its last score."""
    lead = lead_at(facts, cut)
    for goal in facts.case.goals if not voided(facts) else ():
        if goal.set_at > cut.at:
            continue
        scores = [each for each in goal.scores if each.at <= cut.at]
        change = scores[-1].score - goal.baseline if scores else 0
        answer = "unscored" if not scores else "better" if change > 0 else "worse" if change < 0 else "same"
        yield Line(london_day(goal.set_at), answer, change, lead, goal.domain, entry=goal.goal)


def kinds_of_help(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """How many kinds of help an accepted episode had: begun, or by an action that was done."""
    for episode in begun(facts, cut):
        if episode.accepted_at is None or episode.accepted_at > cut.at:
            continue
        known = {each.intervention for each in facts.case.interventions if known_in(episode, each.since, cut)}
        for each in facts.case.actions:
            done = each.ended_at if each.state is ActionState.COMPLETED else None
            if each.intervention and done is not None and known_in(episode, done, cut):
                known.add(each.intervention)
        if over(episode, cut) is not None:
            answer = "closed"
        else:
            answer = "open-long" if days_between(episode.accepted_at, cut.at) >= LONG_ENOUGH else "open-young"
        yield line_of(facts, episode, cut, answer, len(known))


def known_in(episode: Episode, at: datetime, cut: Cut) -> bool:
    return inside(episode, at) and at <= cut.at


def partners(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """How many organisations took part in an accepted episode: with an action they accepted, or at a discussion."""
    for episode in begun(facts, cut):
        if episode.accepted_at is None or episode.accepted_at > cut.at:
            continue
        took = {
            each.owner
            for each in facts.case.actions
            if each.answered_at is not None
            and each.state is not ActionState.DECLINED
            and known_in(episode, each.answered_at, cut)
        }
        heard = [each for each in facts.case.discussions if known_in(episode, each.ended_at, cut)]
        took.update(agency for each in heard for agency in each.agencies)
        yield line_of(facts, episode, cut, "closed" if over(episode, cut) else "open", len(took))


def caseload(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """Open episodes at the cut-off, by who coordinates them."""
    for episode in begun(facts, cut):
        if over(episode, cut) is None and episode.accepted_at is not None and episode.accepted_at <= cut.at:
            resting = any(rests(each, episode, cut) for each in facts.case.pauses)
            led = [each.worker.user for each in facts.case.allocations if each.lead and each.since <= cut.at]
            yield line_of(facts, episode, cut, "on-hold" if resting else "active", part=led[-1] if led else "")


def rests(pause: Pause, episode: Episode, cut: Cut) -> bool:
    resumed = pause.resumed_at is not None and pause.resumed_at <= cut.at
    return inside(episode, pause.since) and pause.since <= cut.at and not resumed


def throughput(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    lead = lead_at(facts, cut)
    for episode in begun(facts, cut):
        if episode.number == 1 and episode.accepted_at is not None and episode.accepted_at <= cut.at:
            yield Line(london_day(episode.accepted_at), "accepted", group=lead)
    for line in endings(facts, cut):
        yield Line(line.day, "closed", group=lead)


def messages_back(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """By the day of closure: whether those who referred were told within ten working days."""
    case = facts.case
    programme = cut.programme(case.programme_version)
    own = {each.code for each in programme.sources if each.self_referral} if programme else set[str]()
    agencies = {each.referrer_agency for each in case.referrals if each.source not in own}
    for end in case.endings if agencies and not voided(facts) else ():
        if end.closed_at > cut.at or end.ending is ClosureClass.ADMINISTRATIVE:
            continue
        due = end_of_day(add_working_days(end.closed_on, 10))
        sent = [
            each
            for each in case.messages_back
            if each.sent_on >= end.closed_on and each.recorded_at <= cut.at and each.failed_at is None
        ]
        if any(each.sent_on <= london_day(due) for each in sent):
            answer = "in-time"
        else:
            answer = "late" if sent else "waiting" if cut.at <= due else "not-sent"
        yield Line(end.closed_on, answer, group=lead_at(facts, cut))


def money(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """What was asked of each fund, in pounds, by the day on which it was, and what has become of it."""
    lead = lead_at(facts, cut)
    for each in facts.case.fund_awards if not voided(facts) else ():
        if each.at > cut.at:
            continue
        if each.paid_on is not None and each.paid_on <= cut.day:
            answer = "paid"
        elif each.declined_at is not None and each.declined_at <= cut.at:
            answer = "declined"
        else:
            answer = "approved" if each.approved_at is not None and each.approved_at <= cut.at else "waiting"
        yield Line(london_day(each.at), answer, each.pence / 100, lead, each.fund, entry=each.award)


def without_funds(programme: Programme) -> str | None:
    return None if programme.funds else "The programme has no fund."


_AWARDS = "paid declined approved waiting"


def feedback(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    lead = lead_at(facts, cut)
    for each in facts.case.feedback if not voided(facts) else ():
        if each.at <= cut.at:
            yield Line(london_day(each.at), each.experience, group=lead, entry=each.feedback)
    for end in facts.case.endings if not voided(facts) else ():
        if end.closed_at <= cut.at and end.feedback_invited:
            answered = any(end.closed_at - timedelta(days=30) <= each.at <= cut.at for each in facts.case.feedback)
            yield Line(end.closed_on, "invited-answered" if answered else "invited", group=lead)


_ANSWERS = " ".join(Experience)


def disclosures(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    lead = lead_at(facts, cut)
    for each in facts.case.disclosures if not voided(facts) else ():
        if each.authorised_at <= cut.at:
            basis = f"{each.basis.article6}, {each.basis.common_law}"
            yield Line(london_day(each.authorised_at), basis, group=lead, entry=each.disclosure)
    for each in facts.case.objections if not voided(facts) else ():
        if each.at is not None and each.at <= cut.at:
            yield Line(london_day(each.at), "objection", group=lead, entry=each.objection)
    # Of a case that should never have been, too: somebody has read it.
    for each in facts.glasses:
        if each.at <= cut.at:
            reviewed = each.reviewed_at is not None and each.reviewed_at <= cut.at
            answer = "break-glass, reviewed" if reviewed else "break-glass, not reviewed"
            yield Line(london_day(each.at), answer, group=lead, entry=each.opening)


SUPPORT = (
    of_cases(
        "M10",
        "Reviews on time",
        "How many reviews are held by the day on which they are due?",
        reviews,
        Shares(
            (
                among("on-time", "Held by the day", "on-time", "on-time late overdue"),
                among("late", "Held later", "late", "on-time late overdue"),
                among("overdue", "Due, and not held", "overdue", "on-time late overdue"),
            )
        ),
        "ReviewScheduled, ReviewHeld, PlanAgreed",
        "Reviews that were due in the days asked for, and by the cut-off",
        "One that is due and was not held counts as not on time; one that is not due yet is left out.",
        basis=MetricBasis.PERIOD,
        shows=PLAN,
    ),
    of_cases(
        "M11",
        "Outcome at closure",
        "How many of the episodes that are closed are closed with what mattered to the person achieved?",
        endings,
        Shares(tuple(among(each, label, each, _CLASSES) for each, label in ENDINGS)),
        "CaseClosed",
        "Episodes closed in the days asked for, those closed as opened in error or the like left out",
        "Of closed episodes only: read it with the time to outcome, which counts the open ones.",
        basis=MetricBasis.PERIOD,
        shows=PLAN,
    ),
    of_cases(
        "M12",
        "Change of goals",
        "How far did people come with what they wanted?",
        goals,
        Changed(
            "Points on the programme's scale",
            frozenset({"better", "same", "worse"}),
            (("unscored", "Set, and not scored since"),),
            (("better", "Better"), ("same", "The same"), ("worse", "Worse")),
        ),
        "GoalSet, GoalScored",
        "Goals set in the days asked for that were scored since",
        "Goals that nobody has scored since count in how many were taken both times.",
        shows=PLAN,
        measure=MetricMeasure.POINTS,
    ),
    of_cases(
        "M16",
        "Kinds of help per person",
        "How many kinds of help do people get?",
        kinds_of_help,
        Amounts("Kinds of help, closed episodes", frozenset({"closed"})),
        "InterventionStarted, ActionCompleted",
        "Closed episodes that started in the days asked for and were accepted",
        "Open episodes are left out: what they have so far is the least they will have.",
        shows=PLAN | ACTIONS,
        measure=MetricMeasure.COUNT,
    ),
    of_cases(
        "M16b",
        "Kinds of help per person after 90 days",
        "How many kinds of help have people had, 90 days and more after they were taken on?",
        kinds_of_help,
        Amounts("Kinds of help, closed or open for 90 days", frozenset({"closed", "open-long"})),
        "InterventionStarted, ActionCompleted",
        "Episodes that started in the days asked for and are closed, or were accepted 90 days ago or earlier",
        "Open ones count with what they have so far, which is the least they will have.",
        shows=PLAN | ACTIONS,
        measure=MetricMeasure.COUNT,
    ),
    of_cases(
        "M17",
        "Partners involved",
        "How many organisations take part in helping somebody?",
        partners,
        Amounts("Organisations", frozenset({"closed", "open"})),
        "ActionAccepted, CaseDiscussed",
        "Accepted episodes that started in the days asked for",
        "Open episodes count with those that took part so far.",
        shows=PLAN | ACTIONS,
        measure=MetricMeasure.COUNT,
    ),
    of_cases(
        "M18",
        "Caseload",
        "How many episodes are open, and how many has each coordinator?",
        caseload,
        PerPart("Open episodes", "Lead coordinators"),
        "ReferralAccepted, CaseClosed, CasePaused, CaseResumed",
        "None: it is a count at the cut-off",
        "It counts the open ones; those on hold stand beside.",
        basis=MetricBasis.NOW,
        shows=PLAN,
        measure=MetricMeasure.COUNT,
    ),
    of_cases(
        "M19",
        "Throughput",
        "How many episodes are accepted, and how many closed?",
        throughput,
        Counts("Accepted and closed", people=False),
        "ReferralAccepted, CaseClosed",
        "None: it is a count by the day of acceptance and of closure",
        "An episode counts when it is accepted, and again when it is closed.",
        basis=MetricBasis.PERIOD,
        shows=PLAN,
        measure=MetricMeasure.COUNT,
    ),
    of_cases(
        "M28",
        "Message back",
        "How many of those who referred somebody are told within ten working days of the closure?",
        messages_back,
        Shares(
            (among("in-time", "Told within ten working days", "in-time", "in-time late not-sent"),),
            (("waiting", "Closed less than ten working days ago, and not told yet"),),
        ),
        "CaseClosed, MessageBackSent, MessageBackFailed",
        "Closures in the days asked for of cases that somebody else referred, ten working days ago or earlier, or told",
        "Younger closures that were not told yet stand beside. A message that did not arrive was none.",
        basis=MetricBasis.PERIOD,
        shows=PLAN,
    ),
    replace(
        of_cases(
            "M39b",
            "Money from funds",
            "How much is paid to people, or for them, from funds, and how often is it declined?",
            money,
            Amounts(
                "Pounds of an award that was paid",
                frozenset({"paid"}),
                (
                    among("paid", "Of awards asked for, paid", "paid", _AWARDS),
                    among("declined", "Declined", "declined", _AWARDS),
                    among("approved", "Approved, and not paid yet", "approved", _AWARDS),
                    among("waiting", "Not answered yet", "waiting", _AWARDS),
                ),
                parts=True,
                total=True,
            ),
            "FundAwardRequested, FundAwardApproved, FundAwardDeclined, FundAwardPaid",
            "Awards that were asked for in the days asked for; of the pounds, those paid by the cut-off",
            "An award that waits for an answer, or for its payment, is in no sum; how many they are stands beside.",
            basis=MetricBasis.PERIOD,
            shows=FUNDS,
            measure=MetricMeasure.COUNT,
            audience=MetricAudience.EVERY_CASE,
        ),
        version=1,
        lacking=without_funds,
    ),
    of_cases(
        "M40",
        "Feedback",
        "How do people find it?",
        feedback,
        Shares(
            (
                among("positive", "Very good or good", "very-good good", _ANSWERS),
                *(among(each, each.replace("-", " ").capitalize(), each, _ANSWERS) for each in Experience),
                among("response", "Of those invited, answered", "invited-answered", "invited invited-answered"),
            )
        ),
        "FeedbackReceived, CaseClosed",
        "Answers given in the days asked for; of the response: closures at which the person was invited to answer",
        "Whoever was not asked, or did not answer, is in no share but that of the response.",
        basis=MetricBasis.PERIOD,
        shows=PLAN,
    ),
    of_cases(
        "M41",
        "What is disclosed",
        "On what basis is information shared with partners, how often do people object, and how often is a case"
        " opened in an emergency?",
        disclosures,
        Counts("Disclosures, objections and cases opened in an emergency"),
        "DisclosureAuthorised, ObjectionRecorded, BreakGlassOpened, BreakGlassReviewed",
        "None: it is a count. Of what was opened in an emergency, by whether anybody had looked into it by the cut-off",
        "Whether a case is open does not matter.",
        basis=MetricBasis.PERIOD,
        shows=None,
        measure=MetricMeasure.COUNT,
        audience=MetricAudience.EVERY_CASE,
    ),
)
