"""A programme, its partners, the people who act, and a case at each stage: what the tests about cases start from."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from catch.domain import case as case_stream
from catch.domain.case import Case, CaseCommand, CaseEvent
from catch.domain.case.actions import ActionOffered
from catch.domain.case.coordination import CoordinatorAllocated
from catch.domain.case.disclosure import DisclosureAuthorised, PartnerInvolved
from catch.domain.case.eligibility import ReferralAccepted
from catch.domain.case.goals import GoalSet, NewGoal
from catch.domain.case.plan import PlanAgreed
from catch.domain.case.referral import ReferralReceived
from catch.domain.case.state import Basis, CommonLawBasis, LegalBasis, Referral, Urgency, Worker
from catch.domain.facts import Actor, Category, Envelope, Fact, Purpose, Recorded, Role, Sealed
from catch.domain.given import Given
from catch.domain.partner import Agreement, HeldRole, Member, Partner, Running, RunningPart
from catch.domain.programme.configuration import (
    Caseload,
    Closure,
    ClosureClass,
    ClosureReason,
    Criterion,
    Eligibility,
    Framework,
    Fund,
    Milestone,
    PlanRules,
    Programme,
    Series,
    Source,
)
from tests.given import Stream, given

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 10, 10, tzinfo=UTC)
TODAY = NOW.date()
BEFORE = date(2022, 4, 1)
CASE, PERSON, REFERRAL = UUID(int=1), UUID(int=2), UUID(int=3)
EVERYTHING = frozenset(Category)
TEXT = Sealed("c2VhbGVk")

PROGRAMME = Programme(
    key="snn-catch",
    version=3,
    name="Support North Northants",
    effective_from=date(2022, 4, 1),
    sources=(Source(code="self", self_referral=True), Source(code="gp"), Source(code="police", active=False)),
    channels=("phone", "online"),
    meetings=(Series(key="weekly", name="Weekly", rrule=None, duration_minutes=120),),
    instant_discussions=True,
    plan=PlanRules(max_months=6, review_outer_months=4),
    caseload=Caseload(hard_max=2),
    funds=(Fund("hardship-fund", "Hardship fund", most_pence=5000), Fund("trips", "Trips")),
    framework=Framework(code="f", scale_min=1, scale_max=5, domains=("home", "money")),
    closure=Closure(
        reasons=(
            ClosureReason("goals-achieved", "Achieved", ClosureClass.OUTCOME_ACHIEVED),
            ClosureReason("moved-away", "Moved", ClosureClass.COMPETING_NEUTRAL),
            ClosureReason("duplicate", "Duplicate", ClosureClass.ADMINISTRATIVE),
        ),
        reopen_within_days=180,
    ),
    milestones=(Milestone("home", "Home"), Milestone("seen", "Seen by a GP")),
)
CRITERIA = replace(
    PROGRAMME,
    eligibility=Eligibility(mode="criteria", criteria=(Criterion("lives-here", "Lives here"),), override_allowed=True),
)


async def nobody(_: object) -> None:
    """In the place of what records who is shown something: nobody but the test looks."""


def partner(key: str, categories: frozenset[Category] = EVERYTHING, **agreement: Any) -> Partner:
    signed = Agreement("isa", (PROGRAMME.key,), categories, BEFORE, **agreement)
    return Partner(key, key.title(), key.rstrip("-1"), (signed,))


def member(user: str, *roles: Role, ends_on: date | None = None, suspended: bool = False) -> Member:
    held = tuple(HeldRole(role, BEFORE, ends_on, PROGRAMME.key) for role in roles)
    return Member(user, TEXT, suspended, roles=held)


def staffed(held: Partner, *members: Member, runs: RunningPart | None = None) -> Partner:
    """The partner with these members, and with a part in the programme."""
    running = (Running(PROGRAMME.key, runs, BEFORE),) if runs else ()
    return replace(held, members=members, running=running)


PARTNERS = {
    "snn": staffed(
        partner("snn"),
        member("cora", Role.COORDINATOR),
        member("carl", Role.PARTNER),
        member("lou", Role.COORDINATOR, ends_on=date(2026, 3, 9)),
        member("pia", Role.PREPARER, Role.PARTNER),
        runs=RunningPart.LEAD,
    ),
    "housing-1": staffed(
        partner("housing-1"),
        member("hana", Role.PARTNER),
        member("hal", Role.COORDINATOR),
        runs=RunningPart.COORDINATING,
    ),
    "police-1": partner("police-1", frozenset({Category.IDENTITY})),
    "left-1": staffed(
        partner("left-1", terminated_at=START), member("lee", Role.COORDINATOR), runs=RunningPart.COORDINATING
    ),
    "strict-1": staffed(
        partner("strict-1"),
        member("sue", Role.COORDINATOR, suspended=True),
        member("sam", Role.COORDINATOR),
        runs=RunningPart.COORDINATING,
    ),
    "idle-1": staffed(partner("idle-1"), member("ida", Role.COORDINATOR)),
}
CORA = Actor("cora", "snn", Role.COORDINATOR)
HANA = Actor("hana", "housing-1", Role.PARTNER)
CHAIR = Actor("carl", "snn", Role.CHAIR)
AUDITOR = Actor("alma", "auditors", Role.AUDITOR)
REFERRER = Actor("gita", "gp-1", Role.REFERRER)
GIVEN = Given(NOW, CORA, PROGRAMME, PARTNERS)
BY_OWNER = replace(GIVEN, by=HANA)

CONSENT = Basis(LegalBasis.CONSENT, CommonLawBasis.EXPLICIT_CONSENT)
VITAL = Basis(LegalBasis.VITAL_INTERESTS, CommonLawBasis.OVERRIDING_PUBLIC_INTEREST)
LEAD = Worker("cora", "snn")


def uid(number: int) -> UUID:
    return UUID(int=number)


received = ReferralReceived(
    number="0000-0000",
    person=PERSON,
    programme=PROGRAMME.key,
    programme_version=PROGRAMME.version,
    referral=Referral(REFERRAL, "gp", "phone", START, TEXT, ("loneliness",), Urgency.ROUTINE, "gita", "gp-1"),
)
accepted = ReferralAccepted()
allocated = CoordinatorAllocated(LEAD)
disclosed = DisclosureAuthorised(uid(10), "housing-1", frozenset({Category.ACTIONS, Category.PLAN}), CONSENT, TEXT)
involved = PartnerInvolved("housing-1", "housing-support")
goal = NewGoal(uid(20), TEXT, "home", 2, 4)
planned = PlanAgreed(uid(21), 1, TEXT, date(2026, 6, 1), date(2026, 9, 10))
offered = ActionOffered(uid(30), TEXT, "housing-1", date(2026, 3, 20))

ACCEPTED: tuple[CaseEvent, ...] = (received, accepted)
SHARED: tuple[CaseEvent, ...] = (*ACCEPTED, allocated, disclosed, involved)
PLANNED: tuple[CaseEvent, ...] = (*SHARED, planned, GoalSet(goal))
OFFERED: tuple[CaseEvent, ...] = (*PLANNED, offered)


def recorded(
    event: Fact,
    at: datetime = NOW,
    *,
    stream: UUID = CASE,
    version: int = 1,
    position: int | None = None,
    known: datetime | None = None,
    by: Actor = CORA,
    meeting: UUID | None = None,
) -> Recorded[Any]:
    """The event as if read back. `at`: when it occurred; `known`: when it was recorded, by default then."""
    envelope = Envelope(at, by, Purpose.DIRECT_CARE, uid(90), uid(90), event, meeting=meeting)
    return Recorded(position or version, stream, version, type(event).__name__, known or at, envelope)


def history(*events: Fact, stream: UUID = CASE, at: datetime = START) -> list[Recorded[Any]]:
    """Events of one stream, an hour apart."""
    return [
        recorded(event, at + timedelta(hours=place), stream=stream, version=place + 1)
        for place, event in enumerate(events)
    ]


def evolve(case: Case | None, event: CaseEvent) -> Case:
    """The fold of bare events, all of which occurred now."""
    after = case_stream.evolve(case, recorded(event))
    assert after is not None
    return after


def case_given(*events: CaseEvent) -> Stream[Case, CaseEvent, CaseCommand]:
    return given(case_stream.decide, evolve, *events)


def folded(*events: CaseEvent) -> Case:
    state = case_given(*events).state
    assert state is not None
    return state


def fold_recorded(facts: Iterable[Recorded[Any]]) -> Case:
    state: Case | None = None
    for fact in facts:
        state = case_stream.evolve(state, fact)
    assert state is not None
    return state
