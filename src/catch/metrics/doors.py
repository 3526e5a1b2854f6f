"""At the door: who is referred, who is taken on, who comes back, and what no service meets."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from catch.domain.calendar import london_day
from catch.domain.case.state import StepKind
from catch.domain.facts import Category
from catch.domain.programme.configuration import Disposition
from catch.metrics.definition import (
    CaseFacts,
    ContactFacts,
    Cut,
    FromCases,
    FromContacts,
    Metric,
    MetricAudience,
    MetricBasis,
    MetricMeasure,
    OfCase,
)
from catch.metrics.episodes import Episode
from catch.metrics.estimates import Counts, Estimator, Shares, among
from catch.metrics.lines import ASIDE, Line
from catch.metrics.times import begun, lead_at, line_of, over, put_aside, voided
from catch.statistics.small_numbers import SMALLEST

NEEDS = frozenset({Category.NEEDS})
ENGAGED_BY = timedelta(days=30)
RETURNS_BY = timedelta(days=180)
REPEATS = (7, 28)
"""Days within which whoever comes again was not helped at first contact."""


def referrals(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    lead = lead_at(facts, cut)
    for each in facts.case.referrals if not voided(facts) else ():
        if each.received_at <= cut.at:
            yield Line(london_day(each.received_at), each.source, group=lead, part=each.channel, entry=each.referral)


def decided(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """What the door answered to the first episode of a case. Accepted after all is accepted."""
    yield from (each for each in put_aside(facts, cut) if facts.episodes[0].started_at <= cut.at)
    for episode in begun(facts, cut):
        if episode.number == 1:
            yield line_of(facts, episode, cut, answer_of(facts, episode, cut))


def answer_of(facts: CaseFacts, episode: Episode, cut: Cut) -> str:
    if episode.accepted_at is not None and episode.accepted_at <= cut.at:
        return "accepted"
    away = [each.kind for each in facts.case.course if each.kind in _AWAY and each.at <= cut.at]
    if not away:
        return "undecided"
    if away[-1] is StepKind.DECLINED:
        return "declined"
    answered = facts.case.answered
    return "handed-over" if answered is not None and answered.warm_handover else "redirected"


_AWAY = frozenset({StepKind.DECLINED, StepKind.REDIRECTED})


def talked_to(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    yield from put_aside(facts, cut)
    for episode in begun(facts, cut):
        due = episode.started_at + ENGAGED_BY
        at = episode.conversation_at
        in_time = at is not None and at <= min(due, cut.at)
        young = cut.at < due
        yield line_of(facts, episode, cut, "too-young" if young else "engaged" if in_time else "not-engaged")


def came_back(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """By the day of closure: whether the case was reopened, or the person referred anew, within half a year."""
    for episode in begun(facts, cut):
        end = over(episode, cut)
        if end is None:
            continue
        starts = [each.started_at for case in (facts, *facts.others) for each in case.episodes if not each.voided]
        again = any(end < at <= min(end + RETURNS_BY, cut.at) for at in starts)
        answer = "returned" if again else "stayed-away"
        if cut.at < end + RETURNS_BY:
            answer = "returned-early" if again else "too-early"
        yield Line(london_day(end), answer, group=lead_at(facts, cut))


def heard(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    yield from put_aside(facts, cut)
    for episode in begun(facts, cut):
        at, end = episode.discussed_at, over(episode, cut)
        if at is not None and at <= cut.at:
            yield line_of(facts, episode, cut, "discussed")
        else:
            yield line_of(facts, episode, cut, "waiting" if end is None else "ended-undiscussed")


def unmet(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    for each in facts.case.unmet_needs if not voided(facts) else ():
        if each.since <= cut.at:
            yield Line(
                london_day(each.since),
                f"{each.code}, {each.reason}",
                # The only facts that say where: everything else has an address, which is sealed.
                group=each.locality or "",
                entry=each.need,
            )


def first_contact(facts: ContactFacts, cut: Cut) -> Iterator[Line]:
    """Whether nobody else was needed and no referral followed, and whether whoever it was about stayed away."""
    contact = facts.contact
    if contact.received_at > cut.at:
        return
    day, resolution = london_day(contact.received_at), contact.resolution
    if resolution is not None and resolution.said.means is Disposition.ADMINISTRATIVE and not contact.referrals:
        yield Line(day, ASIDE, entry=contact.contact)
        return
    said = resolution is not None and resolution.said.first_contact and resolution.at <= cut.at
    at_once = said and all(held.at > cut.at for held in contact.referrals)
    yield Line(day, lasting(at_once, contact.received_at, facts, cut), entry=contact.contact)


def lasting(at_once: bool, received: datetime, facts: ContactFacts, cut: Cut) -> str:
    followed = [days for days in REPEATS if received + timedelta(days=days) <= cut.at]
    stayed = [days for days in followed if not facts.returned[days]]
    return f"{'resolved' if at_once else 'other'}-{len(followed)}-{len(stayed)}"


_AT_ONCE = "resolved-0-0 resolved-1-0 resolved-1-1 resolved-2-0 resolved-2-1 resolved-2-2"
_EVERY = f"{_AT_ONCE} {_AT_ONCE.replace('resolved', 'other')}"
_A_WEEK = " ".join(each for each in _EVERY.split() if each[-3] != "0")
_A_MONTH = " ".join(each for each in _EVERY.split() if each[-3] == "2")


def of_cases(
    code: str,
    name: str,
    question: str,
    lines: OfCase,
    estimate: Estimator,
    source: str,
    denominator: str,
    open_cases: str,
    *,
    basis: MetricBasis = MetricBasis.COHORT,
    shows: frozenset[Category] | None = NEEDS,
    measure: MetricMeasure = MetricMeasure.SHARE,
    audience: MetricAudience = MetricAudience.FIGURES,
    grouped: str = "agency",
) -> Metric:
    return Metric(
        code=code,
        name=name,
        question=question,
        measure=measure,
        denominator=denominator,
        open_cases=open_cases,
        source=source,
        basis=basis,
        audience=audience,
        smallest=SMALLEST,
        version=2,
        computed=FromCases(lines, estimate, shows),
        grouped=grouped,
    )


DECIDED = "accepted declined redirected handed-over"
DOORS = (
    of_cases(
        "M01",
        "Referrals received",
        "How many referrals come, and from where?",
        referrals,
        Counts("Referrals"),
        "ReferralReceived, ReferralAttached",
        "None: it is a count. A further referral of somebody who is known counts, and the people are counted beside",
        "Whether a case is open does not matter.",
        basis=MetricBasis.PERIOD,
        measure=MetricMeasure.COUNT,
    ),
    of_cases(
        "M02",
        "Acceptance",
        "How many of those who are referred are taken on?",
        decided,
        Shares((among("accepted", "Accepted", "accepted", DECIDED),), (("undecided", "Not decided yet"),)),
        "ReferralReceived, ReferralAccepted, ReferralDeclined, ReferralRedirected",
        "Referrals received in the days asked for that were decided",
        "Those not decided yet stand beside, and are in no share.",
    ),
    of_cases(
        "M03",
        "No wrong door",
        "How many are taken on, or led to a better door by somebody who goes with them?",
        decided,
        Shares(
            (
                among("no-wrong-door", "Accepted, or handed over warmly", "accepted handed-over", DECIDED),
                among("handed-over", "Handed over warmly", "handed-over", DECIDED),
            ),
            (("undecided", "Not decided yet"),),
        ),
        "ReferralReceived, ReferralAccepted, ReferralDeclined, ReferralRedirected",
        "Referrals received in the days asked for that were decided",
        "Those not decided yet stand beside. Whether the other door took the person is not recorded: a warm handover"
        " counts once it is made.",
    ),
    Metric(
        code="M29",
        name="First-contact resolution",
        question="How many contacts need nobody else, and do not come back with the same?",
        measure=MetricMeasure.SHARE,
        denominator="Contacts received in the days asked for; within 7 and 28 days: those that are old enough",
        open_cases="A contact that is not resolved is none that was resolved at once.",
        source="ContactReceived, ContactResolved, ContactConvertedToReferral, ContactRepeatLinked",
        basis=MetricBasis.PERIOD,
        audience=MetricAudience.FIGURES,
        smallest=SMALLEST,
        version=1,
        computed=FromContacts(
            first_contact,
            Shares(
                (
                    among("resolved", "Resolved at first contact", _AT_ONCE, _EVERY),
                    among("lasting-7", "And not back within 7 days", "resolved-1-1 resolved-2-1 resolved-2-2", _A_WEEK),
                    among("lasting-28", "And not back within 28 days", "resolved-2-2", _A_MONTH),
                )
            ),
        ),
        grouped=None,
        lacking=lambda programme: None if programme.contacts else "The programme takes no contacts, only referrals.",
    ),
    of_cases(
        "M30",
        "Engagement",
        "How many of those who are referred has somebody talked with within 30 days?",
        talked_to,
        Shares(
            (among("engaged", "Talked with within 30 days", "engaged", "engaged not-engaged"),),
            (("too-young", "Referred less than 30 days ago"),),
        ),
        "ReferralReceived, ConversationHeld",
        "Episodes that started in the days asked for, at least 30 days ago",
        "Those that are younger stand beside. Who was turned away without a conversation counts as not engaged.",
    ),
    of_cases(
        "M32",
        "Return",
        "How many come back within half a year of their closure?",
        came_back,
        Shares(
            (among("returned", "Reopened, or referred anew, within 180 days", "returned", "returned stayed-away"),),
            (
                ("returned-early", "Closed less than 180 days ago, and back already"),
                ("too-early", "Closed less than 180 days ago, and not back"),
            ),
        ),
        "CaseClosed, CaseReopened, ReferralReceived",
        "Episodes closed in the days asked for, at least 180 days ago; declined and redirected ones among them",
        "Open episodes are in no share; those closed less than 180 days ago stand beside.",
        basis=MetricBasis.PERIOD,
        # It rests on another case of the same person.
        shows=None,
    ),
    of_cases(
        "M33",
        "Unmet need",
        "What do people need that no service meets, and why?",
        unmet,
        Counts("Needs that no service meets"),
        "UnmetNeedRecorded",
        "None: it is a count of occurrences; the people are counted beside",
        "A need that was met since counts all the same: it had not been.",
        basis=MetricBasis.PERIOD,
        measure=MetricMeasure.COUNT,
        grouped="locality",
    ),
    of_cases(
        "M34",
        "Discussed per referral",
        "How many of those who are referred are talked about at a meeting?",
        heard,
        Shares(
            (among("discussed", "Discussed", "discussed", "discussed ended-undiscussed"),),
            (("waiting", "Open, and not discussed yet"),),
        ),
        "ReferralReceived, CaseDiscussed",
        "Episodes that started in the days asked for and were discussed or have ended. That a review was an extended"
        " one is not recorded",
        "Open ones that were not discussed yet stand beside, and are in no share.",
    ),
)
